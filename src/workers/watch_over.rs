//! What the launcher does while its buyers race: show progress, time waiters out, end a wait for a dead holder, stop
//! all when interrupted. It is the same for every kind of worker, except how a buyer is woken.
//!
//! A buyer that waits for a lock sits in a system call. SIGUSR1, caught by a handler that does nothing
//! and installed without `SA_RESTART`, makes that call return `EINTR`; then the buyer checks whether it is to give up.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::Watch;
use crate::history::Recorder;
use crate::plan::Plan;

/// How often the launcher checks its buyers.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// How long stopped buyers may take to leave before processes are killed.
const PATIENCE: Duration = Duration::from_secs(2);

/// The signal that wakes a buyer.
pub(super) const WAKE_UP: Signal = Signal::SIGUSR1;

/// Buyers under way, for the launcher.
pub(super) trait UnderWay {
    /// Waits at most this long. Returns whether the last buyer has left.
    fn all_left(&mut self, within: Duration) -> io::Result<bool>;
    /// Wakes one buyer, if it waits for the lock.
    fn wake(&self, buyer: u32);
    /// The process that died while holding the lock for which all others wait, if there is one.
    fn dead_holder(&self) -> Option<u32> {
        None
    }
    /// Wakes all buyers that wait for the lock or think. `at_last` is set when they should have left long ago.
    fn wake_all(&self, at_last: bool);
}

/// Watches the sale until the last buyer has left. Returns whether it was interrupted.
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
            // If purchases still end, the lock still works.
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
            // At every tick, since a signal that comes just before a buyer begins to wait wakes nobody.
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
