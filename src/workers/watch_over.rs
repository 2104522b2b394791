//! What the launcher does while its buyers race: show progress, time waiters out, end a wait for the dead,
//! stop them all when interrupted. It is the same for every kind of worker; what differs is how one of
//! them is woken.
//!
//! A buyer that waits for a lock sits in a system call. SIGUSR1, caught by a handler that does nothing
//! and installed without `SA_RESTART`, makes that call return `EINTR`; then the buyer looks whether it
//! is to give up.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::Watch;
use crate::history::Recorder;
use crate::plan::Plan;

/// How long a tick of the launcher is when nothing presses.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// How long stopped buyers may take to leave before the launcher loses patience.
const PATIENCE: Duration = Duration::from_secs(2);

/// The signal that wakes a buyer.
pub(super) const WAKE_UP: Signal = Signal::SIGUSR1;

/// Buyers that are under way, as the launcher has them in its hands.
pub(super) trait UnderWay {
    /// Waits, no longer than this, and says whether the last has left.
    fn all_left(&mut self, within: Duration) -> io::Result<bool>;
    /// Wakes one buyer, if it waits for the lock.
    fn wake(&self, buyer: u32);
    /// The process that is dead and took the lock for which all others wait with it, if that is so.
    fn dead_holder(&self) -> Option<u32> {
        None
    }
    /// Wakes all who wait, for the lock or in thought. `at_last` is said when they should long have left.
    fn wake_all(&self, at_last: bool);
}

/// Attends to the sale until the last buyer has left. Returns whether it was interrupted.
pub(super) fn watch_over(
    plan: &Plan,
    recorder: &Recorder,
    watch: &mut Watch<'_>,
    buyers: &mut impl UnderWay,
) -> io::Result<bool> {
    let limit_ns = plan.lock_timeout_ns();
    let watchful = limit_ns.map_or(TICK, |limit_ns| {
        Duration::from_nanos(limit_ns / 10).clamp(Duration::from_millis(1), Duration::from_millis(20))
    });
    let mut stopping_since: Option<Instant> = None;
    let mut looked = (Instant::now(), recorder.tally());
    while !buyers.all_left(if stopping_since.is_some() { TICK / 10 } else { watchful })? {
        let tally = recorder.tally();
        (watch.progress)(tally);
        if looked.0.elapsed() >= TICK {
            // Where purchases come to an end, somebody has the lock.
            if looked.1 == tally
                && let Some(pid) = buyers.dead_holder()
            {
                recorder.holder_gone(pid);
                buyers.wake_all(false);
            }
            looked = (Instant::now(), tally);
        }
        if let Some(limit_ns) = limit_ns {
            for buyer in recorder.time_out(limit_ns) {
                buyers.wake(buyer);
            }
        }
        if watch.interrupted.load(Ordering::Relaxed) {
            let since = *stopping_since.get_or_insert_with(Instant::now);
            recorder.stop();
            // Again at every tick: a signal that came just before a buyer began to wait woke nobody.
            buyers.wake_all(since.elapsed() > PATIENCE);
        }
    }
    Ok(stopping_since.is_some())
}

/// Lets [`WAKE_UP`] interrupt a system call, without doing anything else. Child processes inherit it.
pub(super) fn catch_wake_up() -> io::Result<()> {
    extern "C" fn wake_up(_: i32) {}
    let action = SigAction::new(SigHandler::Handler(wake_up), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, which is safe at any moment.
    unsafe { sigaction(WAKE_UP, &action) }?;
    Ok(())
}
