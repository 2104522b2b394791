//! Times as other tools write them: numbers of some unit, or ISO 8601, read exactly to the nanosecond.

use crate::history::reading::Unit;

/// A time, and its resolution: the unit of its last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) ns: u64,
    pub(super) resolution_ns: u64,
}

/// Reads a time.
pub(super) fn time(text: &str, unit: Unit) -> Option<Time> {
    let text = text.trim();
    if text.len() > 10 && text.as_bytes()[4..].starts_with(b"-") { iso(text) } else { number(text, unit) }
}

/// A decimal number of a unit. Digits below a nanosecond are cut off.
fn number(text: &str, unit: Unit) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let (ns, resolution_ns) = part(fraction, unit.ns());
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit.ns())?;
    Some(Time { ns: whole.checked_add(ns)?, resolution_ns })
}

/// The digits after the point in nanoseconds, and the unit of the last digit.
fn part(fraction: &str, unit_ns: u64) -> (u64, u64) {
    let (mut ns, mut place_ns) = (0, unit_ns);
    for digit in fraction.bytes() {
        if place_ns == 1 {
            break;
        }
        place_ns /= 10;
        ns += u64::from(digit - b'0') * place_ns;
    }
    (ns, place_ns)
}

/// ISO 8601, or RFC 3339: a date, a time, and a zone; without one, it is UTC.
fn iso(text: &str) -> Option<Time> {
    let number = |from: usize, length: usize| -> Option<i64> {
        let digits = text.get(from..from + length)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let sign = |at: usize| text.as_bytes().get(at).copied();
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let marks = [sign(4), sign(7), sign(13), sign(16)] == [b'-', b'-', b':', b':'].map(Some);
    let apart = matches!(sign(10), Some(b'T' | b't' | b' '));
    let fits =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !marks || !apart || !fits {
        return None;
    }
    let rest = &text[19..];
    let fraction_end =
        rest.char_indices().skip(1).find(|(_, c)| !c.is_ascii_digit()).map_or(rest.len(), |(at, _)| at);
    let (fraction, zone) = match rest.strip_prefix(['.', ',']) {
        Some(_) => (&rest[1..fraction_end], &rest[fraction_end..]),
        None => ("", rest),
    };
    let (ns, resolution_ns) = part(fraction, 1_000_000_000);
    let offset_s = zone_s(zone.trim_start())?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_s;
    let ns = u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(ns)?;
    Some(Time { ns, resolution_ns })
}

/// By how many seconds a zone is ahead of UTC.
fn zone_s(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone {
        "" | "Z" | "z" => return Some(0),
        _ => match zone.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        },
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    let number: i64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    match digits.len() {
        2 => Some(sign * number * 3_600),
        4 => Some(sign * (number / 100 * 3_600 + number % 100 * 60)),
        _ => None,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_nanosecond_is_lost() {
        let of = |text, unit| time(text, unit).map(|time| (time.ns, time.resolution_ns)).expect(text);
        assert_eq!(of("1700000000123", Unit::Ms), (1_700_000_000_123_000_000, 1_000_000));
        assert_eq!(of("1700000000.123456789", Unit::S), (1_700_000_000_123_456_789, 1));
        assert_eq!(of("0.1234", Unit::S), (123_400_000, 100_000));
        assert_eq!(of("12.5", Unit::Ns), (12, 1));
        assert_eq!(of("1970-01-01T00:00:00Z", Unit::S), (0, 1_000_000_000));
        assert_eq!(of("2024-02-29T23:59:59.5+02:00", Unit::S), (1_709_243_999_500_000_000, 100_000_000));
        assert_eq!(of("2023-11-14 22:13:20.123456789-0530", Unit::S), (1_700_019_800_123_456_789, 1));
        for bad in ["", "-1", "1e3", "1,5", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00+2", "now", "1.2.3"] {
            assert_eq!(time(bad, Unit::Ms), None, "{bad}");
        }
    }
}
