//! Probabilities and shares in digits.

use num_bigint::BigUint;
use num_rational::Ratio;
use num_traits::{One, ToPrimitive, Zero};

use crate::report::words::grouped_digits;

/// A number of up to this many digits is written out.
const MOST_DIGITS: usize = 60;

/// A number with its thousands set apart if it is short enough, else its order of magnitude. JSON has every digit.
pub(super) fn amount(number: &BigUint) -> String {
    let digits = number.to_string();
    if digits.len() <= MOST_DIGITS {
        return grouped_digits(&digits);
    }
    // Four digits, the last one rounded: 9999.5 and more becomes a power of ten.
    let mut exponent = digits.len() - 1;
    let leading = BigUint::from(10_u32).pow(exponent as u32 - 3);
    let mut four = ((number + &leading / 2_u32) / leading).to_string();
    if four.len() > 4 {
        exponent += 1;
        four.truncate(4);
    }
    format!("≈ {}.{}e{exponent}", &four[..1], &four[1..])
}

/// A fraction up to this length can be read at a glance.
pub(super) const SHORT_FRACTION: usize = 16;

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        _ if percent < 0.01 => format!("{percent:.1e} %"),
        _ if percent > 99.99 && percent < 100.0 => "> 99.99 %".to_owned(),
        _ => format!("{} %", trimmed(&format!("{percent:.2}"))),
    }
}

/// `1/2 = 0.5`, or `≈ 0.3333` if the fraction is too long to be read.
pub(super) fn exact_and_decimal(probability: &Ratio<BigUint>) -> String {
    let (fraction, decimal) = (probability.to_string(), decimal(probability));
    let sign = sign(probability);
    if fraction == decimal {
        decimal
    } else if fraction.len() <= SHORT_FRACTION {
        format!("{fraction} {sign} {decimal}")
    } else {
        format!("{sign} {decimal}")
    }
}

/// `=` if the decimal is exact, `≈` if not.
pub(super) fn sign(probability: &Ratio<BigUint>) -> &'static str {
    if is_exact(probability) { "=" } else { "≈" }
}

/// Whether six decimals are exact.
fn is_exact(probability: &Ratio<BigUint>) -> bool {
    (BigUint::from(1_000_000_u32) % probability.denom()).is_zero()
}

/// A probability as a decimal of six places; a tiny one, or one close to 1, with four digits.
pub(super) fn decimal(probability: &Ratio<BigUint>) -> String {
    let value = to_f64(probability);
    if is_exact(probability) || (0.001..0.999_999).contains(&value) {
        trimmed(&format!("{value:.6}")).to_owned()
    } else if value < 0.5 {
        format!("{value:.3e}")
    } else {
        format!("1 − {:.3e}", to_f64(&(Ratio::one() - probability)))
    }
}

fn trimmed(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

/// The nearest double, or one of its neighbours.
fn to_f64(ratio: &Ratio<BigUint>) -> f64 {
    // 64 bits of the quotient: more than a double has.
    let shift = (64 + ratio.denom().bits()).saturating_sub(ratio.numer().bits());
    let quotient = (ratio.numer() << shift) / ratio.denom();
    quotient.to_f64().unwrap_or(0.0) * (-(shift as f64)).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(numer: u64, denom: u64) -> Ratio<BigUint> {
        Ratio::new(numer.into(), denom.into())
    }

    #[test]
    fn probabilities_are_exact_where_they_can_be_and_say_so() {
        assert_eq!(exact_and_decimal(&ratio(1, 2)), "1/2 = 0.5");
        assert_eq!(exact_and_decimal(&ratio(2, 3)), "2/3 ≈ 0.666667");
        assert_eq!(exact_and_decimal(&ratio(1, 1)), "1");
        assert_eq!(exact_and_decimal(&ratio(0, 1)), "0");
        assert_eq!(exact_and_decimal(&ratio(1, 3_000_000)), "1/3000000 ≈ 3.333e-7");
        assert_eq!(decimal(&ratio(2_999_999, 3_000_000)), "1 − 3.333e-7");
        assert_eq!(decimal(&ratio(1, 1_000_000)), "0.000001");
    }

    #[test]
    fn a_number_that_nobody_can_read_is_shown_by_its_size() {
        let ten = BigUint::from(10_u32);
        assert_eq!(amount(&BigUint::from(1_234_567_u32)), "1,234,567");
        assert_eq!(amount(&ten.pow(59)).len(), 60 + 19);
        assert_eq!(amount(&(ten.pow(157) * 23_439_u32)), "≈ 2.344e161");
        assert_eq!(amount(&(ten.pow(160) - 1_u32)), "≈ 1.000e160");
    }

    #[test]
    fn doubles_are_near_however_long_the_numbers() {
        let power = |exponent: u32| BigUint::from(3_u32).pow(exponent);
        assert!((to_f64(&Ratio::new(power(1999), power(2000))) - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(to_f64(&Ratio::new(1_u32.into(), power(2000))), 0.0);
        assert!(to_f64(&ratio(1, 1 << 60)) > 0.0);
    }

    #[test]
    fn percentages_do_not_round_to_nothing_or_all() {
        assert_eq!([0.5, 0.123_456, 0.0003, 0.0].map(percent), ["50 %", "12.35 %", "0.03 %", "0 %"]);
        assert_eq!([1e-9, 0.999_999_9, 1.0].map(percent), ["1.0e-7 %", "> 99.99 %", "100 %"]);
    }
}
