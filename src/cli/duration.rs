//! Durations on the command line.

use std::time::Duration;

/// A duration such as `10ms`, `2s` or `0`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration =
        humantime::parse_duration(text).map_err(|error| format!("{error}: e.g. 250ms, 2s or 0"))?;
    if duration > Duration::from_secs(24 * 60 * 60) {
        return Err("at most a day".to_owned());
    }
    Ok(duration)
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    // A day at most, so it fits.
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
