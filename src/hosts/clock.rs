//! Compares a host's monotonic clock with the lead's by exchanging messages.
//!
//! The lead notes when a ping leaves (t1) and when its pong is back (t4), the host when the ping came (t2) and when the
//! pong left (t3), each on its own clock (as NTP does it, RFC 5905, section 8). No message arrives before it is sent.
//! So the ping came at t1 or later on the lead's clock, and the pong left at t4 or earlier: the offset to add to the
//! host's clock is at least t1 − t2 and at most t4 − t3, *however* the delay is divided between the two directions. The
//! middle is taken as the offset, and its error is half the round trip. Queues, a busy machine and a slow network only
//! increase the error, so the fastest of several exchanges counts.

use crate::history::ClockReading;

use super::trouble::WireError;
use super::wire::{Fields, Kind, framed};

/// One exchange: lead, host, host, lead, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) sent_ns: u64,
    pub(super) came_ns: u64,
    pub(super) answered_ns: u64,
    pub(super) back_ns: u64,
}

/// The most that two clocks may drift apart during one exchange: each is corrected by at most 500 ppm (adjtimex(2)).
const MOST_DRIFT_PER_MILLION: i128 = 1000;

impl Exchange {
    /// How wide the bounds of the offset are.
    pub(super) fn width_ns(&self) -> i128 {
        let (low, high) = self.bounds();
        high - low
    }

    /// The least and the most that is to be added to the host's clock.
    fn bounds(&self) -> (i128, i128) {
        let [sent, came, answered, back] =
            [self.sent_ns, self.came_ns, self.answered_ns, self.back_ns].map(i128::from);
        let (one, other) = (sent - came, back - answered);
        let apart = (back - sent).max(0) * MOST_DRIFT_PER_MILLION / 1_000_000;
        // A host that claims to have answered before it was asked has told us nothing: then both bounds hold.
        (one.min(other) - apart, one.max(other) + apart)
    }

    /// What it says about a clock that counts from this epoch, in nanoseconds on the host's clock. `None` if it took
    /// place before that, or if the host says what can't be.
    pub(super) fn reading(&self, epoch_ns: u64) -> Option<ClockReading> {
        let host_ns = self.came_ns.checked_sub(epoch_ns)?;
        let (low, high) = self.bounds();
        let error = (high - low + 1) / 2 + 1;
        Some(ClockReading {
            host_ns,
            offset_ns: i64::try_from(low + error + i128::from(epoch_ns)).ok()?,
            error_ns: u64::try_from(error).ok()?,
        })
    }
}

/// The fastest of several.
pub(super) fn fastest(exchanges: impl IntoIterator<Item = Exchange>) -> Option<Exchange> {
    exchanges.into_iter().min_by_key(Exchange::width_ns)
}

/// A ping with this number.
pub(super) fn ping(number: u64) -> Vec<u8> {
    framed(Kind::Ping, &number.to_le_bytes())
}

/// The number of a ping.
pub(super) fn pinged(body: &[u8]) -> Result<u64, WireError> {
    Fields(body).u64()
}

/// The answer to a ping that came and is answered at these times.
pub(super) fn pong(number: u64, came_ns: u64, answered_ns: u64) -> Vec<u8> {
    framed(Kind::Pong, &[number, came_ns, answered_ns].map(u64::to_le_bytes).concat())
}

/// The number of a pong, and its times.
pub(super) fn ponged(body: &[u8]) -> Result<(u64, u64, u64), WireError> {
    let mut fields = Fields(body);
    Ok((fields.u64()?, fields.u64()?, fields.u64()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the delays are, the true offset lies within the error.
        #[test]
        fn the_true_offset_lies_within_the_error(
            sent_ns in 1_u64 << 50..1 << 51, offset in -(1_i64 << 49)..1 << 49,
            there in 0_u64..1 << 30, within in 0_u64..1 << 30, back in 0_u64..1 << 30, epoch in 0_u64..1 << 40,
        ) {
            let on_host = |lead_ns: u64| lead_ns.checked_add_signed(-offset).expect("a time");
            let (came, answered) = (sent_ns + there, sent_ns + there + within);
            let exchange = Exchange {
                sent_ns,
                came_ns: on_host(came),
                answered_ns: on_host(answered),
                back_ns: answered + back,
            };
            let reading = exchange.reading(epoch).expect("a reading");
            let apart = (reading.offset_ns - offset - epoch as i64).unsigned_abs();
            prop_assert!(apart <= reading.error_ns, "{apart} > {}", reading.error_ns);
            prop_assert!(reading.error_ns <= (there + back) / 2 + (there + within + back) / 1_000 + 3);
        }
    }

    /// The error must be half the round trip: a smaller one would exclude a possible offset.
    #[test]
    fn a_smaller_error_would_be_wrong() {
        let all_on_one_way = Exchange { sent_ns: 1000, came_ns: 2000, answered_ns: 2000, back_ns: 2000 };
        let reading = all_on_one_way.reading(0).expect("a reading");
        // The clocks agree, and the middle does not.
        assert_eq!(reading.offset_ns, -499);
        assert!((500..=504).contains(&reading.error_ns));
    }

    #[test]
    fn what_cant_be_is_no_reading() {
        let exchange = Exchange { sent_ns: 10, came_ns: 5, answered_ns: 6, back_ns: 12 };
        assert_eq!(exchange.reading(6), None, "before the epoch");
        let liar = Exchange { sent_ns: 0, came_ns: u64::MAX, answered_ns: 0, back_ns: 10 };
        assert!(liar.reading(0).is_none_or(|reading| reading.error_ns > 1 << 62), "it says nothing");
        let backwards = Exchange { sent_ns: 100, came_ns: 50, answered_ns: 20, back_ns: 110 };
        assert!(backwards.reading(0).is_some_and(|reading| reading.error_ns >= 20));
    }
}
