//! The statistics of a race: how much purchases overlapped, and the confidence interval of a rate.

use serde::Serialize;

/// How much the purchases of a race overlapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The most purchases under way at one time.
    pub at_once: u64,
    /// How many pairs of purchases overlapped.
    pub pairs: u64,
}

impl Overlap {
    /// Takes the start and the end of each purchase. Purchases that only touch have not overlapped: what can't be
    /// shown is not claimed.
    #[must_use]
    pub fn of(purchases: &[(u64, u64)]) -> Self {
        let mut starts: Vec<u64> = purchases.iter().map(|(start, _)| *start).collect();
        let mut ends: Vec<u64> = purchases.iter().map(|(start, end)| *end.max(start)).collect();
        starts.sort_unstable();
        ends.sort_unstable();
        let (mut under_way, mut overlap, mut ended) = (0_u64, Self::default(), 0);
        for start in starts {
            while ends.get(ended).is_some_and(|end| *end <= start) && under_way > 0 {
                ended += 1;
                under_way -= 1;
            }
            // Each purchase that is still under way began before this one, and ends after this one has begun.
            overlap.pairs = overlap.pairs.saturating_add(under_way);
            under_way += 1;
            overlap.at_once = overlap.at_once.max(under_way);
        }
        overlap
    }
}

/// How often a race was caught, and the bounds of its rate, with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The trials in which it was caught.
    pub caught: u32,
    /// The trials that were judged.
    pub judged: u32,
    /// The lower bound, from 0 to 1.
    pub low: f64,
    /// The upper bound, from 0 to 1.
    pub high: f64,
}

impl Rate {
    /// The interval of Wilson (1927), which holds for rates near 0 and 1, and for few trials.
    #[must_use]
    pub fn new(caught: u32, judged: u32) -> Self {
        /// 97.5 % of a normal distribution lie below it.
        const Z: f64 = 1.959_963_984_540_054;
        if judged == 0 {
            return Self { caught, judged, low: 0.0, high: 1.0 };
        }
        let (k, n) = (f64::from(caught), f64::from(judged));
        let (share, z2) = (k / n, Z * Z);
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let low = if caught == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if caught == judged { 1.0 } else { (middle + half).min(1.0) };
        Self { caught, judged, low, high }
    }

    /// The bounds in whole percent, rounded outwards.
    #[must_use]
    pub fn percent(self) -> (u32, u32) {
        ((self.low * 100.0).floor() as u32, (self.high * 100.0).ceil() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn intervals_of_rates() {
        assert_eq!(Rate::new(0, 20).percent(), (0, 17));
        assert_eq!(Rate::new(20, 20).percent(), (83, 100));
        assert_eq!(Rate::new(5, 20).percent(), (11, 47));
        assert_eq!(Rate::new(0, 0).percent(), (0, 100));
        // 10 of 100: 5.52 % to 17.44 %.
        let rate = Rate::new(10, 100);
        assert!((rate.low - 0.0552).abs() < 1e-4 && (rate.high - 0.1744).abs() < 1e-4, "{rate:?}");
    }

    proptest! {
        #[test]
        fn overlap_is_what_counting_says(times in proptest::collection::vec((0_u64..30, 1_u64..10), 0..12)) {
            let purchases: Vec<(u64, u64)> = times.iter().map(|(start, length)| (*start, start + length)).collect();
            let overlap = Overlap::of(&purchases);
            let pairs = purchases.iter().enumerate().flat_map(|(place, one)| {
                purchases[place + 1..].iter().filter(move |other| one.0 < other.1 && other.0 < one.1)
            });
            prop_assert_eq!(overlap.pairs, pairs.count() as u64);
            let at = |time: u64| purchases.iter().filter(|(start, end)| *start <= time && time < *end).count();
            prop_assert_eq!(overlap.at_once, (0..50).map(at).max().unwrap_or(0) as u64);
        }

        #[test]
        fn a_rate_lies_in_its_interval(judged in 1_u32..500, share in 0.0..=1.0) {
            let caught = (f64::from(judged) * share) as u32;
            let rate = Rate::new(caught, judged);
            let seen = f64::from(caught) / f64::from(judged);
            prop_assert!(0.0 <= rate.low && rate.low <= seen && seen <= rate.high && rate.high <= 1.0);
        }
    }
}
