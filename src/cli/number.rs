//! Whole numbers on the command line, as people write them: `1000`, `1,000`, `1_000`, `1e3`.

use std::ops::RangeInclusive;

use crate::lang::errors::options as say;
use crate::lang::{Bilingual, grouped, grouped_stock};
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

/// What is wrong with a number that can't be read: it may be one that is too large to count.
fn no_number(text: &str, least: &str, most: &str) -> Bilingual {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    Bilingual::of(
        |lang| {
            if is_number { say::not_within(lang, text, least, most) } else { say::no_number(lang) }
        },
    )
}

/// A number from 0 up to this one.
fn at_most(text: &str, most: u64) -> Result<u64, Bilingual> {
    let of_thousands = || whole(text).and_then(|number| u64::try_from(number).ok());
    let shown = grouped(most);
    match text.parse().ok().or_else(of_thousands) {
        Some(number) if number <= most => Ok(number),
        Some(number) => Err(Bilingual::of(|lang| say::not_within(lang, grouped(number), "0", &shown))),
        None => Err(no_number(text, "0", &shown)),
    }
}

/// A seed, or another number that may be as large as 64 bits allow.
pub(super) fn natural(text: &str) -> Result<u64, Bilingual> {
    at_most(text, u64::MAX)
}

/// A number that may be as large as 32 bits allow.
pub(super) fn natural_32(text: &str) -> Result<u32, Bilingual> {
    at_most(text, u64::from(u32::MAX)).and_then(|number| u32::try_from(number).map_err(Bilingual::same))
}

/// A port's number; 0 is any that is free.
pub(super) fn port(text: &str) -> Result<u16, Bilingual> {
    at_most(text, u64::from(u16::MAX)).and_then(|number| u16::try_from(number).map_err(Bilingual::same))
}

/// A number in this range.
fn within(text: &str, range: RangeInclusive<Stock>) -> Result<Stock, Bilingual> {
    let (least, most) = (grouped_stock(*range.start()), grouped_stock(*range.end()));
    let Some(number) = whole(text) else { return Err(no_number(text, &least, &most)) };
    if range.contains(&number) {
        return Ok(number);
    }
    let number = grouped_stock(number);
    Err(Bilingual::of(|lang| {
        if *range.end() == Stock::MAX {
            say::too_few(lang, &number, &least)
        } else {
            say::not_within(lang, &number, &least, &most)
        }
    }))
}

/// A number from 1 to `MOST`, of buyers for example.
pub(super) fn up_to<const MOST: u32>(text: &str) -> Result<u32, Bilingual> {
    let number = within(text, 1..=Stock::from(MOST))?;
    u32::try_from(number).map_err(Bilingual::same)
}

/// How many states: from 1, as many as fit 32 bits.
pub(super) fn states(text: &str) -> Result<u64, Bilingual> {
    up_to::<{ u32::MAX }>(text).map(u64::from)
}

/// How many schedules: from 1.
pub(super) fn from_one(text: &str) -> Result<u64, Bilingual> {
    let number = within(text, 1..=Stock::MAX)?;
    u64::try_from(number).map_err(Bilingual::same)
}

/// A share of the whole: `0.05`, `5%`.
pub(super) fn share(text: &str) -> Option<f64> {
    let (number, of) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    number.trim().parse::<f64>().ok().map(|number| number / of).filter(|share| (0.0..=1.0).contains(share))
}

/// How many tickets: from 0.
pub(super) fn tickets(text: &str) -> Result<Stock, Bilingual> {
    within(text, 0..=Stock::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_from_0_are_as_large_as_their_bits_allow() {
        assert_eq!(natural("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(natural("1e3"), Ok(1_000));
        assert_eq!(natural_32("4,294,967,295"), Ok(u32::MAX));
        assert_eq!(port("65535"), Ok(u16::MAX));
        let wrong = |number: Result<u64, Bilingual>| number.expect_err("an error").to_string();
        assert_eq!(wrong(port("65536").map(u64::from)), "65,536 is not within 0 to 65,535");
        assert_eq!(
            wrong(natural("18446744073709551616")),
            "18446744073709551616 is not within 0 to 18,446,744,073,709,551,615"
        );
        assert_eq!(wrong(natural_32("-1").map(u64::from)), "a whole number, such as 10, 1,000 or 1e3");
        assert_eq!(wrong(natural("x")), "a whole number, such as 10, 1,000 or 1e3");
    }

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
        assert_eq!(tickets("-1").expect_err("too few").to_string(), "−1 is too few: a whole number from 0");
        assert_eq!(
            up_to::<30_000>("30,001").expect_err("too many").to_string(),
            "30,001 is not within 1 to 30,000"
        );
        assert_eq!(
            tickets("99999999999999999999").expect_err("too many").to_string(),
            "99999999999999999999 is not within 0 to 9,223,372,036,854,775,807"
        );
        assert_eq!(up_to::<30_000>("0").expect_err("too few").to_string(), "0 is not within 1 to 30,000");
    }
}
