//! A session's view of time: how long its buyer thinks, whether the run goes on, and whether the buyer has waited too
//! long.

use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::history::Recorder;
use crate::plan::Pace;
use crate::protocol::Reply;

/// Think times of one buyer: the same seed and buyer draw the same times, in any release
/// (ChaCha with 8 rounds, which rand promises to keep; each buyer is a stream of it).
#[derive(Debug)]
pub struct ThinkTimes {
    rng: ChaCha8Rng,
    pace: Pace,
}

impl ThinkTimes {
    /// The think times of this buyer.
    #[must_use]
    pub fn new(pace: Pace, buyer: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(pace.seed);
        rng.set_stream(u64::from(buyer));
        Self { rng, pace }
    }

    /// Draws the next one.
    #[inline]
    pub fn draw(&mut self) -> Duration {
        if self.pace.think_ns == 0 {
            return Duration::ZERO;
        }
        let factor = 1.0 + self.pace.jitter * self.rng.random_range(-1.0..=1.0);
        Duration::from_nanos((self.pace.think_ns as f64 * factor) as u64)
    }
}

/// The longest sleep before a check whether the run is stopped.
const SLICE: Duration = Duration::from_millis(20);

/// One session's view of time. It sleeps on the calling thread.
#[derive(Debug)]
pub struct Timekeeper {
    buyer: u32,
    recorder: Recorder,
    think_times: ThinkTimes,
    /// Whether its buyer's next action is the first of a purchase.
    is_fresh: bool,
}

impl Timekeeper {
    /// The timekeeper of this buyer, counted from 1, before its first purchase.
    #[must_use]
    pub fn new(recorder: &Recorder, pace: Pace, buyer: u32) -> Self {
        let think_times = ThinkTimes::new(pace, buyer);
        Self { buyer, recorder: recorder.clone(), think_times, is_fresh: true }
    }

    /// Whether the run is stopped.
    #[inline(always)]
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.recorder.stopped()
    }

    /// Notes that an action begins. Returns a reply if it must not: it is the first of a purchase, and the run is
    /// stopped.
    #[inline(always)]
    pub fn begin(&mut self) -> Option<Reply> {
        (std::mem::take(&mut self.is_fresh) && self.stopped()).then(Reply::stopped)
    }

    /// Tries an action. If it would have to wait, it has not begun.
    pub fn attempt(&mut self, attempt: impl FnOnce() -> Option<Reply>) -> Option<Reply> {
        let was_fresh = self.is_fresh;
        let tried = self.begin().or_else(attempt);
        self.is_fresh = was_fresh && tried.is_none();
        tried
    }

    /// Notes that a purchase has ended.
    #[inline(always)]
    pub fn ended(&mut self) {
        self.is_fresh = true;
    }

    /// Draws the next think time.
    #[inline(always)]
    pub fn draw(&mut self) -> Duration {
        self.think_times.draw()
    }

    /// Lets a think time pass.
    #[inline(always)]
    pub fn think(&mut self) -> Reply {
        let time = self.draw();
        if time.is_zero() { Reply::Done } else { self.sleep(time) }
    }

    /// Lets time pass, unless the run is stopped.
    #[must_use]
    pub fn sleep(&self, time: Duration) -> Reply {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Reply::Done;
            }
            if self.stopped() {
                return Reply::stopped();
            }
            std::thread::sleep(left.min(SLICE));
        }
    }

    /// Whether a waiting buyer is to give up: the run is stopped, or it has waited too long.
    #[must_use]
    pub fn gives_up(&self) -> bool {
        self.stopped() || self.recorder.gives_up(self.buyer).is_some()
    }

    /// The reply to an action that waited until it had to give up.
    #[must_use]
    pub fn given_up(&self) -> Reply {
        if self.stopped() {
            return Reply::stopped();
        }
        self.recorder.gives_up(self.buyer).map_or_else(Reply::stopped, Reply::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64, buyer: u32) -> Vec<Duration> {
        let pace = Pace { think_ns: 10_000_000, jitter: 0.5, seed };
        let mut times = ThinkTimes::new(pace, buyer);
        (0..100).map(|_| times.draw()).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_times_within_the_jitter() {
        assert_eq!(draws(1, 2), draws(1, 2));
        assert_ne!(draws(1, 2), draws(1, 3));
        assert_ne!(draws(1, 2), draws(2, 2));
        let range = Duration::from_millis(5)..=Duration::from_millis(15);
        assert!(draws(7, 1).iter().all(|time| range.contains(time)));
    }
}
