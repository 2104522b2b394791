//! Durations on the command line.

use std::time::Duration;

use crate::lang::Bilingual;
use crate::lang::errors::options as say;

/// A duration such as `10ms`, `2s` or `0`.
pub(super) fn duration(text: &str) -> Result<Duration, Bilingual> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration =
        humantime::parse_duration(text).map_err(|_| Bilingual::of(|lang| say::no_duration(lang, text)))?;
    if duration > Duration::from_secs(24 * 60 * 60) {
        return Err(Bilingual::of(say::too_long));
    }
    Ok(duration)
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    // A day at most, so it fits.
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
