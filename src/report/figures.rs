//! The figures of a run: latencies as percentiles, and how evenly the tickets were spread.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::history::{BuyerCount, History, Purchase};

/// Percentiles of a latency in nanoseconds, within 0.1 % (HdrHistogram, three digits); all 0 if
/// there is nothing to measure, as there is no wait without a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Half of the purchases took no longer.
    pub p50: u64,
    /// Nine in ten took no longer.
    pub p90: u64,
    /// 99 in 100 took no longer.
    pub p99: u64,
    /// None took longer.
    pub max: u64,
}

impl Percentiles {
    /// The percentiles of these durations.
    #[must_use]
    pub fn of(durations_ns: impl Iterator<Item = u64>) -> Self {
        // Three significant digits is within what the crate allows, so this is a histogram.
        let Ok(mut histogram) = Histogram::<u64>::new(3) else { return Self::default() };
        let mut max = 0;
        histogram.auto(true);
        for duration_ns in durations_ns {
            // It resizes itself, so this can fail only if memory runs out: then the other values still count.
            let _ = histogram.record(duration_ns);
            max = max.max(duration_ns);
        }
        let at = |quantile| histogram.value_at_quantile(quantile).min(max);
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max }
    }
}

/// The latencies of a history's purchases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// From the call until the lock was granted, or the buyer gave up.
    pub wait: Percentiles,
    /// From the grant of the lock until it was let go.
    pub hold: Percentiles,
    /// From the call to the return.
    pub purchase: Percentiles,
}

impl Latency {
    /// Measures a history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let of = |measure: fn(&Purchase) -> Option<u64>| {
            Percentiles::of(history.purchases.iter().filter_map(measure))
        };
        Self { wait: of(wait_ns), hold: of(hold_ns), purchase: of(purchase_ns) }
    }
}

fn wait_ns(purchase: &Purchase) -> Option<u64> {
    let gave_up = purchase.fault.is_some_and(|fault| fault.kind.is_wait_in_vain());
    let until_ns = if gave_up { purchase.return_ns.get() } else { purchase.steps.get().locked_ns };
    until_ns?.checked_sub(purchase.invoke_ns)
}

fn hold_ns(purchase: &Purchase) -> Option<u64> {
    purchase.steps.get().unlocked_ns?.checked_sub(purchase.steps.get().locked_ns?)
}

fn purchase_ns(purchase: &Purchase) -> Option<u64> {
    purchase.return_ns.get()?.checked_sub(purchase.invoke_ns)
}

/// How many tries purchases took at a database that aborts some, and what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effort {
    /// How often a purchase was begun.
    pub tries: u64,
    /// How many of these tries the database aborted.
    pub aborts: u64,
    /// The last error of the database for a purchase, and for how many purchases it was that.
    pub codes: BTreeMap<String, u64>,
}

impl Effort {
    /// Measures a history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let mut effort = Self::default();
        for purchase in &history.purchases {
            effort.tries += u64::from(purchase.tries.get().count);
            effort.aborts += u64::from(purchase.tries.get().aborted);
            if let Some(code) = purchase.store_code() {
                *effort.codes.entry(code.to_string()).or_default() += 1;
            }
        }
        effort
    }
}

/// How evenly the tickets were spread over the buyers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// Jain's index (Jain, Chiu and Hawe 1984): (Σx)² / (n Σx²), from 1/n (one buyer has all) to 1
    /// (all have the same).
    pub jain: f64,
    /// The most tickets that one buyer got.
    pub most: u64,
    /// The fewest.
    pub least: u64,
}

impl Fairness {
    /// Measures the buyers of a run.
    #[must_use]
    pub fn of(buyers: &[BuyerCount]) -> Self {
        let bought = || buyers.iter().map(|buyer| buyer.tally.bought);
        let sum: f64 = bought().map(|x| x as f64).sum();
        let squares: f64 = bought().map(|x| (x as f64) * (x as f64)).sum();
        let jain = if squares > 0.0 { sum * sum / (buyers.len() as f64 * squares) } else { 1.0 };
        Self { jain, most: bought().max().unwrap_or(0), least: bought().min().unwrap_or(0) }
    }
}

/// A rate per second.
#[must_use]
pub fn rate_per_s(count: u64, elapsed_ns: u64) -> f64 {
    if elapsed_ns == 0 { 0.0 } else { count as f64 / (elapsed_ns as f64 / 1e9) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Tally;

    fn buyers(bought: &[u64]) -> Vec<BuyerCount> {
        let count = |(bought, buyer): (&u64, u32)| BuyerCount {
            buyer,
            pid: 0,
            tally: Tally { bought: *bought, refused: 0, failed: 0 },
            killed_by: None,
        };
        bought.iter().zip(1..).map(count).collect()
    }

    #[test]
    fn jains_index_is_one_when_even_and_one_nth_when_one_has_all() {
        assert_eq!(Fairness::of(&buyers(&[3, 3, 3])).jain, 1.0);
        let alone = Fairness::of(&buyers(&[4, 0, 0, 0]));
        assert_eq!((alone.jain, alone.most, alone.least), (0.25, 4, 0));
        assert_eq!(Fairness::of(&buyers(&[0, 0])).jain, 1.0);
    }

    #[test]
    fn percentiles_are_within_a_thousandth() {
        let found = Percentiles::of(1..=100_000);
        for (found, exact) in [(found.p50, 50_000), (found.p90, 90_000), (found.p99, 99_000)] {
            assert!(found.abs_diff(exact) <= exact / 500, "{found} for {exact}");
        }
        assert_eq!(found.max, 100_000);
        assert_eq!(Percentiles::of(std::iter::empty()), Percentiles::default());
    }
}
