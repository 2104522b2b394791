//! The stock: how many tickets are left, as the store says.

/// A stock. It is signed: a decrement without a check can leave less than 0, and that is evidence.
pub type Stock = i64;

/// How many tickets are sold between a higher and a lower stock; 0 if `low` is not lower.
#[must_use]
pub const fn tickets_between(high: Stock, low: Stock) -> u64 {
    if high > low { high.abs_diff(low) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_counted_downwards_and_through_zero() {
        assert_eq!(
            [(3, 1), (1, 3), (1, -2), (-1, -1)].map(|(high, low)| tickets_between(high, low)),
            [2, 0, 3, 0]
        );
        assert_eq!(tickets_between(Stock::MAX, Stock::MIN), u64::MAX);
    }
}
