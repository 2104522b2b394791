//! Buyers as processes: forked by a launcher that has exactly one thread.
//!
//! fork(2) copies the calling thread alone; a lock that another thread holds at that moment (the
//! allocator's, say) stays locked in the child for ever. So the launcher refuses to fork while it has
//! more than one thread, and then a child may allocate and use the standard library as it likes.
//!
//! The plan, the recorder's mapping and the start pipe are simply inherited. Each child opens the
//! ticket file and its lock itself, reports that it is ready by one byte, and waits at the barrier:
//! a read of the start pipe, which ends for all of them when the launcher closes its end. A child
//! leaves by `_exit`, so nothing of the launcher's (buffers, temporary files, terminal state) is
//! flushed or dropped twice, and it dies when the launcher dies.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid, pipe};

use super::attend::{TICK, UnderWay, WAKE_UP, attend, catch_wake_up};
use super::limits::{limits_in_force, limits_note};
use super::{Crew, Watch, WorkersError};
use crate::buyer::{Buyer, Rules};
use crate::history::Recorder;
use crate::lock::Meeting;
use crate::plan::Plan;
use crate::world::{RealWorld, Recorded, drive, remove_scratch};

/// Why not all buyers could be started.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// Forking now could leave a lock locked in the children for ever.
    #[error("the launcher has {0} threads, and processes are forked from one with exactly 1 only")]
    Threads(usize),
    /// More buyers than processes are allowed.
    #[error(
        "{buyers} buyers are more than the limit of {limit} processes ({whose}); take fewer, or raise it"
    )]
    Limit {
        /// How many were asked for.
        buyers: u32,
        /// How many processes are allowed.
        limit: u64,
        /// Whose limit that is.
        whose: &'static str,
    },
    /// fork(2) failed.
    #[error("only {started} of {buyers} buyers could be started: fork: {source}{}", limits_note(limits))]
    Fork {
        /// How many were asked for.
        buyers: u32,
        /// How many were started, and ended again.
        started: u32,
        /// Why.
        source: io::Error,
        /// The limits in force, in words.
        limits: String,
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

/// The children that are alive. Whatever happens to the launcher's code, none outlives it.
struct Brood {
    pids: Vec<Pid>,
}

impl Brood {
    fn signal(&self, signal: Signal) {
        for pid in &self.pids {
            // None is reaped before the end, so no pid can have gone to a stranger; ESRCH can't be.
            let _ = kill(*pid, signal);
        }
    }

    /// Finds a child that has ended, and reaps it.
    fn take_dead(&mut self) -> Option<WaitStatus> {
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
    fn reap(&mut self) -> Vec<(u32, i32)> {
        let mut killed = Vec::new();
        for (pid, buyer) in std::mem::take(&mut self.pids).into_iter().zip(1..) {
            match wait_for(pid) {
                Ok(WaitStatus::Signaled(_, signal, _)) => killed.push((buyer, signal as i32)),
                // 70 is EX_SOFTWARE of sysexits(3): the child's own panic.
                Ok(WaitStatus::Exited(_, code)) if code != 0 => killed.push((buyer, 0)),
                _ => {}
            }
        }
        killed
    }
}

impl Drop for Brood {
    fn drop(&mut self) {
        if !self.pids.is_empty() {
            self.signal(Signal::SIGKILL);
            self.reap();
        }
    }
}

/// The children, and the pipe of which each holds an end: it hangs up when the last has left.
struct Family<'a> {
    brood: &'a Brood,
    ready: &'a File,
}

impl UnderWay for Family<'_> {
    fn all_left(&mut self, within: Duration) -> io::Result<bool> {
        readable(self.ready, within)
    }

    fn wake(&self, buyer: u32) {
        let _ = kill(self.brood.pids[buyer as usize - 1], WAKE_UP);
    }

    fn wake_all(&self, at_last: bool) {
        self.brood.signal(if at_last { Signal::SIGKILL } else { WAKE_UP });
    }
}

fn wait_for(pid: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(pid, None) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// What can be found out before anything is touched: that this process may fork, and that often.
pub(super) fn check(plan: &Plan) -> Result<(), ForkError> {
    only_thread()?;
    check_limit(plan.buyers)
}

pub(super) fn run(
    plan: &Plan,
    recorder: &Recorder,
    meeting: &Meeting,
    watch: &mut Watch<'_>,
) -> Result<Crew, WorkersError> {
    only_thread()?;
    catch_wake_up()?;
    let (start_read, start_write) = pipe().map_err(io::Error::from)?;
    let (ready_read, ready_write) = pipe().map_err(io::Error::from)?;
    let began = Instant::now();
    let mut brood = Brood { pids: Vec::with_capacity(plan.buyers as usize) };
    let mut ends = ChildEnds { start_read, start_write: Some(start_write), ready: ready_write.into() };
    for buyer in 1..=plan.buyers {
        let name = format!("buyer-{buyer}");
        match fork_buyer(&name, || be_buyer(plan, recorder, meeting, buyer, &mut ends)) {
            Ok(pid) => brood.pids.push(pid),
            Err(source) => {
                let limits = limits_in_force();
                return Err(
                    ForkError::Fork { buyers: plan.buyers, started: buyer - 1, source, limits }.into()
                );
            }
        }
        if watch.interrupted.load(Ordering::Relaxed) {
            return Err(WorkersError::Interrupted);
        }
    }
    let ChildEnds { start_read, start_write, ready } = ends;
    drop((start_read, ready));
    let mut ready_read = File::from(ready_read);
    await_ready(&mut ready_read, &mut brood, watch)?;
    let launch_ns = began.elapsed().as_nanos() as u64;
    let go_ns = recorder.now_ns();
    drop(start_write);
    let mut family = Family { brood: &brood, ready: &ready_read };
    let interrupted = attend(plan, recorder, watch, &mut family)?;
    let left_ns = recorder.now_ns();
    let killed = brood.reap();
    for (buyer, _) in &killed {
        remove_scratch(&plan.file, recorder, *buyer);
    }
    Ok(Crew { launch_ns, go_ns, left_ns, interrupted, killed })
}

/// The ends of the two pipes that a child inherits.
struct ChildEnds {
    start_read: OwnedFd,
    start_write: Option<OwnedFd>,
    ready: File,
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

/// The life of one buyer process. Returns its exit code.
fn be_buyer(plan: &Plan, recorder: &Recorder, meeting: &Meeting, buyer: u32, ends: &mut ChildEnds) -> u8 {
    ends.start_write = None;
    recorder.set_pid(buyer, std::process::id());
    let world = match RealWorld::open(plan, recorder, meeting, buyer) {
        Ok(world) => world,
        Err(error) => {
            // errno fits a byte on Linux and macOS; 0 would mean ready.
            let errno = error.raw_os_error().and_then(|errno| u8::try_from(errno).ok()).unwrap_or(255);
            let _ = ends.ready.write_all(&[errno.max(1)]);
            return 0;
        }
    };
    if ends.ready.write_all(&[0]).is_err() || !wait_at_barrier(&ends.start_read) {
        return 0;
    }
    let mut buyer_steps = Buyer::new(Rules::new(&plan.sale, plan.per_buyer));
    drive(&mut buyer_steps, &mut Recorded::new(world, recorder.pen(buyer)));
    0
}

/// Waits until the launcher closes its end of the start pipe.
fn wait_at_barrier(start: &OwnedFd) -> bool {
    loop {
        match nix::unistd::read(start, &mut [0]) {
            Ok(_) => return true,
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}

/// Waits until every child has reported.
fn await_ready(ready: &mut File, brood: &mut Brood, watch: &Watch<'_>) -> Result<(), WorkersError> {
    let mut reports = 0;
    let mut bytes = [0; 4096];
    while (reports as usize) < brood.pids.len() {
        if watch.interrupted.load(Ordering::Relaxed) {
            return Err(WorkersError::Interrupted);
        }
        if !readable(ready, TICK)? {
            // A child that was killed before it reported will never report.
            if let Some(status) = brood.take_dead() {
                return Err(io::Error::other(format!("a buyer died before the sale: {status:?}")).into());
            }
            continue;
        }
        let count = ready.read(&mut bytes)?;
        if count == 0 {
            return Err(io::Error::other("the buyers died before the sale").into());
        }
        for errno in &bytes[..count] {
            reports += 1;
            if *errno != 0 {
                let source = io::Error::from_raw_os_error(i32::from(*errno));
                return Err(WorkersError::Open { buyer: reports, source });
            }
        }
    }
    Ok(())
}

/// Whether there is something to read (or the other side hung up) within this time. A signal ends the
/// wait early.
fn readable(file: &File, within: Duration) -> io::Result<bool> {
    let millis = u16::try_from(within.as_millis()).unwrap_or(u16::MAX);
    let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, PollTimeout::from(millis)) {
        Ok(count) => Ok(count > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Refuses more buyers than `ulimit -u` allows, before any is started. (Root is exempt from it in the
/// kernel; who sets the limit means it all the same.)
fn check_limit(buyers: u32) -> Result<(), ForkError> {
    match getrlimit(Resource::RLIMIT_NPROC) {
        Ok((limit, _)) if u64::from(buyers) > limit => {
            Err(ForkError::Limit { buyers, limit, whose: "ulimit -u" })
        }
        _ => Ok(()),
    }
}
