//! A host's clock compared with the lead's: the measurements, and what follows for the times in between.

/// One measurement of a host's clock: what to add to it to get the lead's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// What the host's clock said.
    pub host_ns: u64,
    /// What to add to it to get the lead's clock.
    pub offset_ns: i64,
    /// How far the offset may be off, in both directions.
    pub error_ns: u64,
}

impl ClockReading {
    /// This reading, or what another reading says about this moment if that is more exact.
    fn at_best(self, other: Self) -> Self {
        let error_ns = other.error_ns.saturating_add(most_drift(self.host_ns.abs_diff(other.host_ns)));
        if error_ns < self.error_ns { Self { offset_ns: other.offset_ns, error_ns, ..self } } else { self }
    }

    /// What the lead's clock said.
    fn lead_ns(self) -> i128 {
        i128::from(self.host_ns) + i128::from(self.offset_ns)
    }
}

/// A host's clock, as it was measured: before the sale, after it, and any number of times in between.
///
/// Between two readings it is assumed to drift evenly. It may not: a clock that is being corrected runs faster or
/// slower for a while. If the offset only rose or only fell between the two, it was never further from the straight
/// line than the whole change between them; that change is added to the error. Before the first and after the last
/// reading, the error grows with the distance, by the most that two clocks can drift apart (`MOST_DRIFT_PPM`).
///
/// The order of a host's times never changes, whatever was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostClock {
    /// In order of time on both clocks; never empty.
    readings: Vec<ClockReading>,
}

/// The most that two clocks may drift apart, in parts per million: the kernel corrects each by at most 500
/// (adjtimex(2), `MAXFREQ`).
const MOST_DRIFT_PPM: u64 = 1000;

/// The most that two clocks may drift apart in this time, rounded up, so that the error is never too small.
const fn most_drift(ns: u64) -> u64 {
    ns / 1_000_000 * MOST_DRIFT_PPM + (ns % 1_000_000 * MOST_DRIFT_PPM).div_ceil(1_000_000)
}

impl HostClock {
    /// A clock that was measured once.
    #[must_use]
    pub fn new(first: ClockReading) -> Self {
        Self { readings: vec![first] }
    }

    /// Adds a later measurement. A bad measurement, on a busy machine, may be less exact than the one before
    /// or after it plus the most that the clocks can have drifted since: then that is used instead.
    pub fn add(&mut self, reading: ClockReading) {
        let last = self.readings[self.readings.len() - 1];
        if reading.host_ns <= last.host_ns {
            return;
        }
        let mut later = reading.at_best(last);
        self.readings.push(later);
        for earlier in self.readings.iter_mut().rev().skip(1) {
            let mut better = earlier.at_best(later);
            if better.lead_ns() >= later.lead_ns() {
                // The two clocks disagree about which reading came first: the readings are closer than their errors.
                let apart = better.offset_ns.abs_diff(later.offset_ns);
                let error_ns = better.error_ns.saturating_add(apart);
                better = ClockReading { offset_ns: later.offset_ns, error_ns, ..better }.at_best(later);
            }
            if better == *earlier {
                break;
            }
            *earlier = better;
            later = better;
        }
    }

    /// The first measurement.
    #[must_use]
    pub fn first(&self) -> ClockReading {
        self.readings[0]
    }

    /// How much faster than the lead's it ran from the first measurement to the last, in nanoseconds per
    /// second. If the offset falls, the clock is faster.
    #[must_use]
    pub fn drift_ppb(&self) -> i64 {
        let (first, last) = (self.first(), self.readings[self.readings.len() - 1]);
        let elapsed_ns = last.lead_ns() - first.lead_ns();
        let gained_ns = i128::from(first.offset_ns) - i128::from(last.offset_ns);
        let ppb = gained_ns.saturating_mul(1_000_000_000).checked_div(elapsed_ns).unwrap_or(0);
        ppb.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// A time of this clock on the lead's. Earlier times stay earlier or become equal.
    #[must_use]
    pub fn lead_ns(&self, host_ns: u64) -> i128 {
        let behind = self.readings.partition_point(|reading| reading.host_ns <= host_ns);
        let offset_ns = match (behind.checked_sub(1).map(|at| self.readings[at]), self.readings.get(behind)) {
            (Some(before), Some(after)) => {
                let gone = i128::from(host_ns - before.host_ns);
                let all = i128::from(after.host_ns - before.host_ns);
                let change = i128::from(after.offset_ns) - i128::from(before.offset_ns);
                i128::from(before.offset_ns) + (change * gone).div_euclid(all)
            }
            (Some(before), None) => before.offset_ns.into(),
            (None, _) => self.first().offset_ns.into(),
        };
        i128::from(host_ns) + offset_ns
    }

    /// How far times of this clock in this interval may be off on the lead's clock, in both directions.
    #[must_use]
    pub fn error_ns(&self, from_ns: u64, until_ns: u64) -> u64 {
        let (first, last) = (self.first(), self.readings[self.readings.len() - 1]);
        let before = first.error_ns.saturating_add(most_drift(first.host_ns.saturating_sub(from_ns)));
        let after = last.error_ns.saturating_add(most_drift(until_ns.saturating_sub(last.host_ns)));
        let between = self.readings.windows(2).filter_map(|pair| {
            let (one, other) = (pair[0], pair[1]);
            let moved = one.offset_ns.abs_diff(other.offset_ns);
            let moved = moved.saturating_add(u64::from(moved > 0));
            let meets = one.host_ns <= until_ns && from_ns <= other.host_ns;
            meets.then(|| one.error_ns.max(other.error_ns).saturating_add(moved))
        });
        let outside = [(from_ns < first.host_ns, before), (until_ns > last.host_ns, after)];
        let outside = outside.into_iter().filter_map(|(meets, error_ns)| meets.then_some(error_ns));
        between.chain(outside).max().unwrap_or(before.max(after))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reading(host_ns: u64, offset_ns: i64, error_ns: u64) -> ClockReading {
        ClockReading { host_ns, offset_ns, error_ns }
    }

    #[test]
    fn a_time_lies_on_the_line_between_two_readings() {
        let mut clock = HostClock::new(reading(1_000_000, 5_000, 10));
        assert_eq!((clock.lead_ns(400), clock.lead_ns(3_000)), (5_400, 8_000));
        clock.add(reading(2_000_000, 5_100, 30));
        clock.add(reading(4_000_000, 4_900, 20));
        assert_eq!(clock.lead_ns(1_500_000), 1_505_050);
        assert_eq!(clock.lead_ns(3_000_000), 3_005_000);
        assert_eq!(clock.lead_ns(9_000_000), 9_004_900);
        assert_eq!(clock.error_ns(1_200_000, 1_300_000), 131);
        assert_eq!(clock.error_ns(2_200_000, 4_000_000), 231);
        // A millisecond after the last reading, the clocks may be a microsecond further apart.
        assert_eq!(clock.error_ns(5_000_000, 5_000_000), 20 + 1_000);
        assert_eq!(clock.error_ns(0, 5_000_000), 20 + 1_000);
        // 100 ns gained in 3 ms.
        assert_eq!(clock.drift_ppb(), 100 * 1_000_000_000 / 2_999_900);
    }

    #[test]
    fn what_was_measured_badly_is_known_from_what_was_measured_well() {
        let mut clock = HostClock::new(reading(1_000, 0, 500));
        clock.add(reading(1_100, -200, 50));
        assert_eq!(clock.readings, [reading(1_000, -200, 51), reading(1_100, -200, 50)]);
        // The machine was busy; in a millisecond its clock can't have drifted more than a microsecond.
        clock.add(reading(1_001_100, -300, 75_000_000));
        assert_eq!(clock.readings[2], reading(1_001_100, -200, 1_050));
        clock.add(reading(1_001_100, 0, 1));
        assert_eq!(clock.readings.len(), 3, "it is no later one");
        // Two readings that contradict each other about which came first.
        let mut clock = HostClock::new(reading(1_000, 0, 100));
        clock.add(reading(1_010, -50, 100));
        assert_eq!(clock.readings, [reading(1_000, -50, 101), reading(1_010, -50, 100)]);
    }

    proptest! {
        /// Whatever a clock did between two measurements, if its offset only rose or only fell: the true time
        /// lies within the error, and the error is no larger than the measurements allow.
        #[test]
        fn the_true_time_lies_within_the_error(
            base_ns in -1_000_000_000_i64..1_000_000_000,
            steps in proptest::collection::vec((1_000_000_u64..1 << 32, -1.0..1.0_f64, 0_u64..40_000, -1.0..1.0_f64), 1..6),
            place in 0_usize..8, at in 0.0..1.0_f64, gone in 0.0..1.0_f64,
        ) {
            // When it was measured on the lead's clock, its true offset then, and the reading.
            let (mut lead_ns, mut offset_ns) = (1_u64 << 40, base_ns);
            let mut points: Vec<(u64, i64, ClockReading)> = Vec::new();
            for (later_ns, drift, error_ns, wrong) in steps {
                lead_ns += later_ns;
                // At most as fast as two clocks drift apart.
                offset_ns += (drift * later_ns as f64 / 1000.0) as i64;
                let measured_ns = offset_ns + (wrong * error_ns as f64) as i64;
                let host_ns = lead_ns.wrapping_sub(offset_ns as u64);
                points.push((lead_ns, offset_ns, reading(host_ns, measured_ns, error_ns)));
            }
            let mut clock = HostClock::new(points[0].2);
            points[1..].iter().for_each(|(.., reading)| clock.add(*reading));
            // A moment between two readings, or up to a second before the first or after the last.
            let last = points.len() - 1;
            let far = |from: u64, forth: f64| (from as f64 + forth * at * 1e9) as u64;
            let (true_ns, off_ns) = match place {
                0 => (far(points[0].0, -1.0), points[0].1 + (gone * at * 1e6) as i64),
                place if place > last => (far(points[last].0, 1.0), points[last].1 - (gone * at * 1e6) as i64),
                place => {
                    let ((from_ns, from_off, _), (until_ns, until_off, _)) = (points[place - 1], points[place]);
                    let between = |from: f64, until: f64, share: f64| from + (until - from) * share;
                    let off = between(from_off as f64, until_off as f64, gone);
                    (between(from_ns as f64, until_ns as f64, at) as u64, off as i64)
                }
            };
            let host_ns = true_ns.wrapping_sub(off_ns as u64);
            let wrong_ns = (clock.lead_ns(host_ns) - i128::from(true_ns)).unsigned_abs();
            let error_ns = clock.error_ns(host_ns, host_ns);
            prop_assert!(wrong_ns <= u128::from(error_ns), "{wrong_ns} > {error_ns}: {clock:?}");
        }
    }

    #[test]
    fn times_keep_their_order() {
        let mut clock = HostClock::new(reading(1_000, i64::MAX, 1));
        // The slowest clock: a thousand nanoseconds become one.
        clock.add(reading(2_000, i64::MAX - 999, 1));
        let times: Vec<i128> = (900..2_100).map(|ns| clock.lead_ns(ns)).collect();
        assert!(times.is_sorted());
    }
}
