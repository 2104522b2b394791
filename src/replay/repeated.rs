//! Replays the same schedule several times, and compares the results.

use std::sync::atomic::AtomicBool;

use super::{ReplayError, Replayed, replay};
use crate::history::{Header, Purchase, Steps};
use crate::noted::Noted;
use crate::plan::Plan;
use crate::schedule::Schedule;
use crate::verdict::{Evidence, Verdict};

/// A schedule that was replayed several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeated {
    /// The result of the first replay.
    pub first: Replayed,
    /// How many times it was replayed.
    pub times: u32,
    /// The number, from 1, and the result of the earliest replay that did not agree with the first.
    pub differs: Option<(u32, Box<Replayed>)>,
}

/// Replays a schedule this many times, at least once, each time with new buyers, and compares the results. Ends at the
/// first replay that differs or fails; a failure is returned beside the results.
///
/// # Errors
/// As [`replay`], the first time.
pub fn repeat(
    plan: &Plan,
    schedule: &Schedule,
    times: u32,
    interrupted: &AtomicBool,
) -> Result<(Repeated, Option<ReplayError>), ReplayError> {
    let first = replay(plan, schedule, interrupted)?;
    // Each replay begins with the stock that the first one found.
    let plan = first.sold.history.header.plan.clone().unwrap_or_else(|| plan.clone());
    let mut repeated = Repeated { first, times: 1, differs: None };
    for time in 2..=times {
        let again = match replay(&plan, schedule, interrupted) {
            Ok(again) => again,
            Err(source) => {
                return Ok((repeated, Some(ReplayError::Again { time, source: Box::new(source) })));
            }
        };
        repeated.times = time;
        if !again.agrees_with(&repeated.first) {
            repeated.differs = Some((time, Box::new(again)));
            break;
        }
    }
    Ok((repeated, None))
}

/// A header without its times.
pub(super) fn timeless_header(header: &Header) -> Header {
    let mut timeless = Header { timing: None, wall_ns: None, ..header.clone() };
    for befallen in &mut timeless.mishaps {
        (befallen.at_ns, befallen.until_ns) = (0, befallen.until_ns.map(|_| 0));
    }
    timeless
}

/// A verdict without the times in its evidence.
pub(super) fn timeless_verdict(verdict: &Verdict) -> Verdict {
    let mut timeless = verdict.clone();
    for anomaly in &mut timeless.anomalies {
        if let Evidence::Stuck(waits) = &mut anomaly.evidence {
            waits.iter_mut().for_each(|wait| wait.waited_ns = 0);
        }
    }
    timeless
}

/// A purchase without its times and its process.
pub(super) fn timeless(purchase: &Purchase) -> Purchase {
    let mut timeless = purchase.clone();
    let no_time = |ns: Option<u64>| ns.map(|_| 0);
    let steps = timeless.steps.get();
    timeless.pid = Noted::NONE;
    timeless.invoke_ns = 0;
    timeless.return_ns = no_time(timeless.return_ns.get()).into();
    timeless.steps = Steps {
        locked_ns: no_time(steps.locked_ns),
        read_ns: no_time(steps.read_ns),
        truncated_ns: no_time(steps.truncated_ns),
        written_ns: no_time(steps.written_ns),
        unlocked_ns: no_time(steps.unlocked_ns),
    }
    .into();
    timeless
}
