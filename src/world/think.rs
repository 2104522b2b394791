//! How long buyers think.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::plan::Pace;

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
