//! A lesson's child process, with what Python's `multiprocessing.Process` offers: `join`, `is_alive`,
//! `terminate`, a name and a process id. None outlives the lesson, however that ends.

use std::io::{self, Write as _};

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::LessonError;
use super::stage::{LOOK, Stage};
use crate::workers::{fork_buyer, only_thread};

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, with this exit code.
    Left(i32),
    /// By this signal.
    Killed(i32),
}

pub(super) struct Child<'a> {
    stage: &'a Stage<'a>,
    name: String,
    pid: Pid,
    daemon: bool,
    ended: Option<Ended>,
}

impl<'a> Child<'a> {
    pub(super) fn new(stage: &'a Stage<'a>, name: &str, pid: Pid) -> Self {
        Self { stage, name: name.to_owned(), pid, daemon: false, ended: None }
    }

    /// Makes it one that the end of the program terminates instead of waiting for it.
    pub(super) fn daemon(mut self) -> Self {
        self.daemon = true;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.ended().is_none()
    }

    /// How it ended, if it has. Asking takes a dead child off the system's list (waitpid(2)).
    pub(super) fn ended(&mut self) -> Option<Ended> {
        if self.ended.is_none() {
            self.ended = match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, code)) => Some(Ended::Left(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some(Ended::Killed(signal as i32)),
                _ => None,
            };
        }
        self.ended
    }

    /// Waits until it has ended.
    pub(super) fn join(&mut self) -> Result<(), LessonError> {
        loop {
            match self.ended() {
                Some(Ended::Left(code)) if code != 0 => {
                    return Err(LessonError::Child { name: self.name.clone(), code });
                }
                Some(_) => return Ok(()),
                None => self.stage.go_on()?,
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Asks it to end, and does not wait until it has.
    pub(super) fn terminate(&self) {
        if self.ended.is_none() {
            // It is not reaped, so its process id can't have gone to a stranger.
            let _ = kill(self.pid, Signal::SIGTERM);
        }
    }

    /// What happens to it when the program's own code is done.
    pub(super) fn at_exit(&mut self) -> Result<(), LessonError> {
        // Again and again: a signal that comes before the child has settled in is lost.
        while self.daemon && self.is_alive() {
            self.terminate();
            std::thread::sleep(LOOK);
        }
        self.join()
    }
}

impl<'a> Stage<'a> {
    /// Starts a process that runs `body` under this name: what Python calls `Process(target=…).start()`.
    pub(super) fn start(
        &self,
        name: &str,
        body: impl FnOnce() -> io::Result<()>,
    ) -> Result<Child<'_>, LessonError> {
        self.go_on()?;
        only_thread()?;
        let pid = fork_buyer(name, || {
            self.become_child(name);
            take_terminate();
            match body() {
                Ok(()) => 0,
                Err(error) => {
                    // The last resort of a child: if stderr is closed, the exit code still tells.
                    let _ = writeln!(io::stderr(), "{name}: {error}");
                    1
                }
            }
        })
        .map_err(|why| LessonError::Start { name: name.to_owned(), why })?;
        Ok(Child::new(self, name, pid))
    }

    /// The end of a program, as Python's multiprocessing has it: the daemons are terminated, and the
    /// other children waited for.
    pub(super) fn leave<'c>(
        &self,
        children: impl IntoIterator<Item = &'c mut Child<'a>>,
    ) -> Result<(), LessonError>
    where
        'a: 'c,
    {
        for child in children {
            child.at_exit()?;
        }
        Ok(())
    }
}

/// The last resort: a lesson that fails or is interrupted leaves no process behind.
impl Drop for Child<'_> {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = waitpid(self.pid, None);
        }
    }
}

/// Lets SIGTERM end this process, as it does by default: buyers ignore it, since their launcher stops
/// them in good order.
fn take_terminate() {
    // SAFETY: SIG_DFL runs no code of ours, so there is none that could be unsafe in a handler.
    let _ = unsafe { signal(Signal::SIGTERM, SigHandler::SigDfl) };
}

/// Whether there is a process with this id, a dead one that nobody has reaped included (kill(2),
/// signal 0).
pub(super) fn exists(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None).is_ok())
}
