//! The launcher's children: forks them safely, and leaves none behind.
//!
//! fork(2) copies only the calling thread; a lock that another thread holds at that moment (the allocator's, for
//! example) stays locked in the child for ever. So the launcher does not fork while it has more than one thread, and a
//! child may allocate and use the standard library freely.
//!
//! A child leaves by `_exit`, so nothing of the launcher's (buffers, temporary files, terminal state)
//! is flushed or dropped twice, and it dies when the launcher dies.

use std::ffi::CString;
use std::io;
use std::os::fd::AsFd;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid};

use super::limits::{Limits, limits_in_force};
use crate::store::file::lock::state_of;

/// Why not all buyers could be started.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// Forking now could leave a lock locked in the children for ever.
    #[error("the launcher has {0} threads, and processes are forked from one with exactly 1 only")]
    Threads(usize),
    /// More buyers than processes are allowed.
    #[error("{buyers} buyers are more than the limit of {limit} processes (ulimit -u)")]
    Limit {
        /// How many buyers were asked for.
        buyers: u32,
        /// How many processes are allowed.
        limit: u64,
    },
    /// fork(2) failed.
    #[error("only {started} of {buyers} buyers could be started: fork: {source}{limits}")]
    Fork {
        /// How many buyers were asked for.
        buyers: u32,
        /// How many were started, and ended again.
        started: u32,
        /// Why.
        source: io::Error,
        /// The limits in force.
        limits: Limits,
    },
}

/// How long a thread that was joined may take to vanish from /proc: the joiner is woken a little before
/// the kernel has taken the thread apart.
const VANISHING: Duration = Duration::from_millis(200);

/// Makes sure that this process has exactly one thread, where the system can tell (Linux).
///
/// # Errors
/// When it has more.
pub fn only_thread() -> Result<(), ForkError> {
    let until = Instant::now() + VANISHING;
    loop {
        match std::fs::read_dir("/proc/self/task").map(Iterator::count) {
            Ok(1) | Err(_) => return Ok(()),
            Ok(threads) if Instant::now() >= until => return Err(ForkError::Threads(threads)),
            Ok(_) => std::thread::sleep(Duration::from_micros(100)),
        }
    }
}

/// The live buyers of one launch, from 1. None outlives the launcher, whatever happens in it.
pub(super) struct Children {
    buyers: u32,
    pids: Vec<Pid>,
}

/// What has become of a buyer.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is alive.
    Lives,
    /// It left by itself.
    Left,
    /// It was killed, or panicked.
    Killed,
}

impl Children {
    /// For this many buyers. Makes sure that this process may fork.
    pub(super) fn new(buyers: u32) -> Result<Self, ForkError> {
        only_thread()?;
        Ok(Self { buyers, pids: Vec::with_capacity(buyers as usize) })
    }

    /// Waits until a buyer that is known to be dying is dead: only then are its files closed, and its locks
    /// let go. It stays to be reaped.
    pub(super) fn await_death(&self, buyer: u32) {
        let pid = self.pids[buyer as usize - 1];
        #[cfg(target_os = "linux")]
        {
            use nix::sys::wait::{Id, waitid};
            while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
        }
        #[cfg(not(target_os = "linux"))]
        let _ = pid;
    }

    /// Kills a buyer, and waits until it is dead, and with it the helper that has inherited its files: only then are its
    /// locks let go.
    pub(super) fn kill(&self, buyer: u32) {
        let helpers = children_of(self.pids[buyer as usize - 1]);
        self.signal_one(buyer, Signal::SIGKILL);
        self.await_death(buyer);
        // Helpers die a little later than the buyer. Then they are no longer its children.
        let lives = |pid: &u32| state_of(*pid).is_some_and(|state| !matches!(state, 'Z' | 'X'));
        let until = Instant::now() + VANISHING;
        while helpers.iter().any(lives) && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Stops a buyer, and waits until it stands still.
    pub(super) fn stop(&self, buyer: u32) {
        let pid = self.pids[buyer as usize - 1];
        self.signal_one(buyer, Signal::SIGSTOP);
        // It may have died meanwhile: that shows at its gate.
        let flags = WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG;
        let until = Instant::now() + VANISHING;
        while waitpid(pid, Some(flags)) == Ok(WaitStatus::StillAlive) && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Forks the next buyer, which runs `body` and leaves with the code that it returns.
    pub(super) fn add(&mut self, body: impl FnOnce() -> u8) -> Result<(), ForkError> {
        let started = self.len();
        match fork_buyer(&format!("buyer-{}", started + 1), body) {
            Ok(pid) => {
                self.pids.push(pid);
                Ok(())
            }
            Err(source) => {
                Err(ForkError::Fork { buyers: self.buyers, started, source, limits: limits_in_force() })
            }
        }
    }

    /// How many have been started.
    pub(super) fn len(&self) -> u32 {
        self.pids.len() as u32
    }

    /// Sends a signal to one buyer.
    pub(super) fn signal_one(&self, buyer: u32, signal: Signal) {
        let _ = kill(self.pids[buyer as usize - 1], signal);
    }

    /// Sends a signal to all.
    pub(super) fn signal(&self, signal: Signal) {
        for pid in &self.pids {
            // None is reaped before the end, so no pid can have been reused, and ESRCH can't occur.
            let _ = kill(*pid, signal);
        }
    }

    /// What has become of a buyer. It stays to be reaped.
    #[cfg(target_os = "linux")]
    pub(super) fn fate(&self, buyer: u32) -> Fate {
        use nix::sys::wait::{Id, waitid};
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::Pid(self.pids[buyer as usize - 1]), flags) {
            Ok(WaitStatus::Signaled(..)) => Fate::Killed,
            Ok(WaitStatus::Exited(_, code)) if code != 0 => Fate::Killed,
            Ok(WaitStatus::Exited(..)) => Fate::Left,
            _ => Fate::Lives,
        }
    }

    /// The process id of a buyer.
    #[cfg(target_os = "linux")]
    pub(super) fn pid(&self, buyer: u32) -> u32 {
        self.pids[buyer as usize - 1].as_raw().unsigned_abs()
    }

    /// Reaps a buyer that has ended, if there is one: then the launch is given up.
    pub(super) fn take_dead(&mut self) -> Option<WaitStatus> {
        let ended = |pid: &Pid| match waitpid(*pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(_) => None,
            Ok(status) => Some(status),
        };
        let (place, status) =
            self.pids.iter().enumerate().find_map(|(place, pid)| Some((place, ended(pid)?)))?;
        self.pids.swap_remove(place);
        Some(status)
    }

    /// Waits for all, and says which were killed, by which signal.
    pub(super) fn reap(&mut self) -> Vec<(u32, i32)> {
        let mut killed = Vec::new();
        for (pid, buyer) in std::mem::take(&mut self.pids).into_iter().zip(1..) {
            match wait_for(pid) {
                Ok(WaitStatus::Signaled(_, signal, _)) => killed.push((buyer, signal as i32)),
                // 70 is EX_SOFTWARE of sysexits(3): the child panicked.
                Ok(WaitStatus::Exited(_, code)) if code != 0 => killed.push((buyer, 0)),
                _ => {}
            }
        }
        killed
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        if !self.pids.is_empty() {
            self.signal(Signal::SIGKILL);
            self.reap();
        }
    }
}

/// The children of a process of one thread, where the system tells (Linux).
fn children_of(pid: Pid) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    list.unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn wait_for(pid: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(pid, None) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// Forks a child that runs `body` under `name` and leaves by `_exit` with the code that it returns.
/// The child dies when its parent dies, and leaves interrupts to it. The caller has made sure that
/// this process has one thread ([`only_thread`]).
///
/// # Errors
/// When fork(2) fails.
pub fn fork_buyer(name: &str, body: impl FnOnce() -> u8) -> io::Result<Pid> {
    let parent = Pid::this();
    // A name for ps(1): at most 15 bytes, prctl(2).
    let name = CString::new(name).unwrap_or_default();
    // SAFETY: this process has exactly one thread, so no other can hold a lock (of the allocator, of
    // stdio) that the child would wait for; the child never returns from here.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            // A panic must not unwind into the launcher's frames, whose destructors are not ours.
            let code = std::panic::catch_unwind(AssertUnwindSafe(|| {
                settle_in(parent, &name);
                body()
            }));
            // SAFETY: _exit ends this process at once; it touches no memory of ours.
            unsafe { nix::libc::_exit(code.map_or(70, i32::from)) }
        }
    }
}

/// What a child does first: die with its parent, take its name, and leave interrupts to the launcher,
/// which stops the buyers in good order.
fn settle_in(parent: Pid, name: &CString) {
    #[cfg(target_os = "linux")]
    {
        // Neither can fail with a valid signal and a name.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
        let _ = nix::sys::prctl::set_name(name);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = name;
    if getppid() != parent {
        // It died before the line above took effect.
        // SAFETY: _exit ends this process at once; it touches no memory of ours.
        unsafe { nix::libc::_exit(0) }
    }
    for quiet in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: SIG_IGN runs no code of ours, so there is none that could be unsafe in a handler.
        let _ = unsafe { signal(quiet, SigHandler::SigIgn) };
    }
}

/// Whether there is something to read (or the other side hung up) within this time. A signal ends the
/// wait early.
///
/// # Errors
/// When the system reports an error.
pub fn readable(file: &impl AsFd, within: Duration) -> io::Result<bool> {
    let millis = u16::try_from(within.as_millis()).unwrap_or(u16::MAX);
    let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, PollTimeout::from(millis)) {
        Ok(count) => Ok(count > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Rejects more buyers than `ulimit -u` allows, before any is started. (Root is exempt from it in the
/// kernel; this limit is meant for it, too.)
pub(super) fn check_limit(buyers: u32) -> Result<(), ForkError> {
    match getrlimit(Resource::RLIMIT_NPROC) {
        Ok((limit, _)) if u64::from(buyers) > limit => Err(ForkError::Limit { buyers, limit }),
        _ => Ok(()),
    }
}
