//! Whole numbers on the command line, as people write them: `1000`, `1,000`, `1_000`, `1e3`.

use std::ops::RangeInclusive;

use crate::lang::grouped_stock;
use crate::stock::Stock;

/// A whole number.
fn whole(text: &str) -> Option<Stock> {
    let (mantissa, zeros) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<u32>().ok()?),
        None => (text, 0),
    };
    let digits = if mantissa.contains(',') {
        // Commas set thousands apart, nothing else: 1,5 is no number here.
        let mut groups = mantissa.trim_start_matches('-').split(',');
        let first = groups.next()?;
        (1..=3).contains(&first.len()).then_some(())?;
        groups.all(|group| group.len() == 3).then(|| mantissa.replace(',', ""))?
    } else {
        mantissa.replace('_', "")
    };
    digits.parse::<Stock>().ok()?.checked_mul(10_i64.checked_pow(zeros)?)
}

/// A number in this range.
fn within(text: &str, range: RangeInclusive<Stock>) -> Result<Stock, String> {
    let number = whole(text).ok_or("a whole number, such as 10, 1,000 or 1e3")?;
    if range.contains(&number) {
        return Ok(number);
    }
    let (least, most) = (grouped_stock(*range.start()), grouped_stock(*range.end()));
    Err(if *range.end() == Stock::MAX {
        format!("{} is too few: a whole number from {least}", grouped_stock(number))
    } else {
        format!("{} is not within {least} to {most}", grouped_stock(number))
    })
}

/// How many buyers, or what else there are at most so many of as fit 32 bits: from 1.
pub(super) fn up_to<const MOST: u32>(text: &str) -> Result<u32, String> {
    let number = within(text, 1..=Stock::from(MOST))?;
    u32::try_from(number).map_err(|error| error.to_string())
}

/// A share of the whole: `0.05`, `5%`.
pub(super) fn share(text: &str) -> Option<f64> {
    let (number, of) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    number.trim().parse::<f64>().ok().map(|number| number / of).filter(|share| (0.0..=1.0).contains(share))
}

/// How many tickets: from 0.
pub(super) fn tickets(text: &str) -> Result<Stock, String> {
    within(text, 0..=Stock::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("0", 0),
            ("1000", 1_000),
            ("1,000", 1_000),
            ("12,345,678", 12_345_678),
            ("1_000", 1_000),
            ("1e3", 1_000),
            ("2E6", 2_000_000),
        ] {
            assert_eq!(tickets(text), Ok(number), "{text}");
        }
        for text in ["", "ten", "1,5", "1,00", ",000", "1.5", "1e", "1e40", "0x10", "99999999999999999999"] {
            assert!(tickets(text).is_err(), "{text}");
        }
        assert_eq!(tickets("-1").expect_err("too few"), "−1 is too few: a whole number from 0");
        assert_eq!(up_to::<30_000>("30,001").expect_err("too many"), "30,001 is not within 1 to 30,000");
        assert_eq!(up_to::<30_000>("0").expect_err("too few"), "0 is not within 1 to 30,000");
    }
}
