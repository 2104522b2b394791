//! One copy of a program: how it is started, held back and let go, how its output is kept, and how it ends without
//! leaving anything behind.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{CommandAnswer, Program};

/// The most that is kept of each of a copy's two outputs; the rest is read and dropped.
const MOST_OUTPUT: usize = 64 << 10;

/// What a copy waits for before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeldAt {
    /// Nothing.
    Nothing,
    /// ptrace(2) stops it right after its exec, until it is let go: the program is loaded, and has not run one
    /// instruction.
    #[cfg(target_os = "linux")]
    Traced,
    /// A shell waits at a barrier (the end of a pipe) right before it becomes the program.
    Barrier,
}

/// A running copy of a program.
#[derive(Debug)]
pub(super) struct Copy {
    pid: Pid,
    out: Capture,
    err: Capture,
    stopped: bool,
    /// The end of the pipe at which a shell waits.
    barrier: Option<OwnedFd>,
    ended: bool,
}

/// One of a copy's outputs.
#[derive(Debug, Default)]
struct Capture {
    pipe: Option<File>,
    kept: Vec<u8>,
    cut: bool,
}

impl HeldAt {
    fn is_traced(self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            HeldAt::Traced => true,
            HeldAt::Nothing | HeldAt::Barrier => false,
        }
    }
}

/// A pipe that programs do not inherit, except from the shell that holds them back: the end that the shell reads, and
/// the end that is closed to let it go.
fn barrier() -> io::Result<(OwnedFd, OwnedFd)> {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    let (read, write) = nix::unistd::pipe()?;
    for end in [&read, &write] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    Ok((read, write))
}

/// The shell waits until the pipe ends; then the program takes its place.
const WAIT_AT_BARRIER: &str = "read -r _ <&3; exec 3<&-; exec \"$@\"";

impl Copy {
    /// Starts a copy. If it is held back, it does not run before [`Copy::let_go`].
    pub(super) fn start(program: &Program, held_at: HeldAt) -> io::Result<Self> {
        let (first, rest) = program.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = if held_at == HeldAt::Barrier {
            let mut shell = Command::new("sh");
            shell.args(["-c", WAIT_AT_BARRIER, "sh", first]);
            shell
        } else {
            Command::new(first)
        };
        command.args(rest);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(program.env.iter().map(|(name, value)| (name, value))).process_group(0);
        if let Some(folder) = &program.chdir {
            command.current_dir(folder);
        }
        let barrier = if held_at == HeldAt::Barrier { Some(barrier()?) } else { None };
        let waits_at = barrier.as_ref().map(|(read, _)| read.as_raw_fd());
        let traced = held_at.is_traced();
        let parent = Pid::this();
        // SAFETY: between fork and exec it makes only system calls, none of which allocates.
        unsafe { command.pre_exec(move || settle_in(parent, waits_at, traced)) };
        let mut child = command.spawn()?;
        let pipe = |end: Option<OwnedFd>| -> io::Result<Capture> {
            let Some(end) = end else { return Ok(Capture::default()) };
            let flags = nix::fcntl::OFlag::O_NONBLOCK;
            nix::fcntl::fcntl(&end, nix::fcntl::FcntlArg::F_SETFL(flags))?;
            Ok(Capture { pipe: Some(File::from(end)), ..Capture::default() })
        };
        let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        // From here on, dropping it ends the process.
        let (out, err) = (Capture::default(), Capture::default());
        let barrier = barrier.map(|(_, write)| write);
        let mut copy = Self { pid, out, err, stopped: false, barrier, ended: false };
        copy.out = pipe(child.stdout.take().map(OwnedFd::from))?;
        copy.err = pipe(child.stderr.take().map(OwnedFd::from))?;
        if traced {
            copy.stopped = copy.await_stop();
        }
        Ok(copy)
    }

    /// Its process ID.
    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// Waits until it has stopped right after its exec.
    #[cfg(target_os = "linux")]
    fn await_stop(&self) -> bool {
        loop {
            match waitpid(self.pid, Some(WaitPidFlag::WUNTRACED)) {
                Ok(WaitStatus::Stopped(..)) => break,
                Err(Errno::EINTR) => {}
                _ => return false,
            }
        }
        let options = nix::sys::ptrace::Options::PTRACE_O_EXITKILL;
        nix::sys::ptrace::setoptions(self.pid, options).is_ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn await_stop(&self) -> bool {
        false
    }

    /// Lets it go.
    pub(super) fn let_go(&mut self) {
        self.barrier = None;
        #[cfg(target_os = "linux")]
        if std::mem::take(&mut self.stopped) {
            // This fails if it was killed meanwhile; that is noticed at its end.
            let _ = nix::sys::ptrace::detach(self.pid, None);
        }
    }

    /// Reads what it has written.
    pub(super) fn read(&mut self) {
        self.out.read();
        self.err.read();
    }

    /// Its answer, if it has ended. The processes that it started are ended then, too.
    pub(super) fn ended(&mut self) -> Option<CommandAnswer> {
        if self.ended || !has_ended(self.pid) {
            return None;
        }
        // It is still a zombie, so its ID can't belong to another process.
        let _ = killpg(self.pid, Signal::SIGKILL);
        let status = reap(self.pid);
        self.ended = true;
        self.read();
        let mut answer = CommandAnswer {
            stdout: std::mem::take(&mut self.out.kept),
            stderr: std::mem::take(&mut self.err.kept),
            cut: self.out.cut || self.err.cut,
            ..CommandAnswer::default()
        };
        match status {
            Some(WaitStatus::Exited(_, code)) => answer.exit = Some(code),
            Some(WaitStatus::Signaled(_, signal, _)) => answer.signal = Some(signal as i32),
            _ => {}
        }
        (self.out.pipe, self.err.pipe) = (None, None);
        Some(answer)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if !self.ended {
            let _ = killpg(self.pid, Signal::SIGKILL);
            // It may not have its own group yet.
            let _ = kill(self.pid, Signal::SIGKILL);
            reap(self.pid);
        }
    }
}

impl Capture {
    fn read(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let mut buffer = [0; 16 << 10];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    let room = MOST_OUTPUT.saturating_sub(self.kept.len());
                    self.kept.extend_from_slice(&buffer[..count.min(room)]);
                    self.cut |= count > room;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => break,
            }
        }
        self.pipe = None;
    }
}

/// What a child does between fork and exec: it arranges to die with its parent, and to be held back.
fn settle_in(parent: Pid, barrier: Option<i32>, traced: bool) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        if nix::unistd::getppid() != parent {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if traced {
            nix::sys::ptrace::traceme()?;
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (parent, traced);
    if let Some(pipe) = barrier {
        // SAFETY: the pipe is open, and nothing uses 3 in this child, which is about to become another program.
        let moved = unsafe { nix::libc::dup2(pipe, 3) };
        // SAFETY: it only sets a flag of a descriptor: the shell has to inherit it, even if it was 3 already.
        if moved < 0 || unsafe { nix::libc::fcntl(3, nix::libc::F_SETFD, 0) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Whether a child has ended. It is not reaped.
#[cfg(target_os = "linux")]
fn has_ended(pid: Pid) -> bool {
    use nix::sys::wait::{Id, waitid};
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    !matches!(waitid(Id::Pid(pid), flags), Ok(WaitStatus::StillAlive) | Err(Errno::EINTR))
}

#[cfg(not(target_os = "linux"))]
fn has_ended(pid: Pid) -> bool {
    kill(pid, None).is_err()
}

fn reap(pid: Pid) -> Option<WaitStatus> {
    loop {
        match waitpid(pid, None) {
            Err(Errno::EINTR) => {}
            // A traced process may stop while it exits.
            Ok(WaitStatus::Stopped(..)) => {
                let _ = kill(pid, Signal::SIGKILL);
            }
            result => return result.ok(),
        }
    }
}

/// Waits until a copy has written something or ended, or `wake` is readable, for at most this long.
pub(super) fn wait_for<'a>(
    copies: impl Iterator<Item = &'a Copy>,
    wake: Option<BorrowedFd<'a>>,
    most: Duration,
) {
    let pipes = copies.flat_map(|copy| [&copy.out.pipe, &copy.err.pipe].into_iter().flatten());
    let fds = pipes.map(|pipe| pipe.as_fd()).chain(wake);
    let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    let millis = u16::try_from(most.as_millis()).unwrap_or(u16::MAX);
    // A signal may end the wait early, and a pipe that can't be polled is read anyway.
    let _ = poll(&mut fds, PollTimeout::from(millis));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::config::Config;
    use crate::race::plan::Users;
    use crate::race::template::{Template, Variables};

    /// A program that writes to a file, in this folder.
    fn program(folder: &std::path::Path) -> Program {
        let config = Config::parse("tickets = 1\ncommand = ['x']").expect("toml");
        let mut plan = config.plan(Users::default()).expect("a plan");
        plan.chdir = Some(folder.to_owned());
        let words =
            ["sh", "-c", "echo ran > \"$1\"; echo \"out $1\"; exit 3", "sh", "it ran"].map(Template::new);
        Program::new(&plan, &words, &Variables::new()).expect("a program")
    }

    fn end(copy: &mut Copy) -> CommandAnswer {
        for _ in 0..60_000 {
            copy.read();
            if let Some(answer) = copy.ended() {
                return answer;
            }
            wait_for([&*copy].into_iter(), None, Duration::from_millis(1));
        }
        panic!("it never ends");
    }

    #[test]
    fn what_is_held_back_runs_nothing_until_it_is_let_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let ran = || folder.path().join("it ran").exists();
        let mut copy = Copy::start(&program(folder.path()), HeldAt::Barrier).expect("started");
        std::thread::sleep(Duration::from_millis(200));
        assert!(copy.ended().is_none() && !ran());
        copy.let_go();
        let answer = end(&mut copy);
        assert_eq!(
            (answer.exit, answer.stdout.as_slice(), ran()),
            (Some(3), b"out it ran\n".as_slice(), true)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn after_its_exec_nothing_runs_until_it_is_let_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let ran = || folder.path().join("it ran").exists();
        let mut copy = Copy::start(&program(folder.path()), HeldAt::Traced).expect("started");
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", copy.pid())).expect("its state");
        std::thread::sleep(Duration::from_millis(100));
        assert!(state().contains("(sh) t ") && !ran(), "{}", state());
        copy.let_go();
        assert_eq!((end(&mut copy).exit, ran()), (Some(3), true));
        // A copy that is never let go is ended, too.
        let copy = Copy::start(&program(folder.path()), HeldAt::Traced).expect("started");
        let pid = copy.pid();
        drop(copy);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}
