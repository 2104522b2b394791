//! The same schedule again and again, and whether it comes to the same each time.

use std::sync::atomic::AtomicBool;

use super::{ReplayError, Replayed, replay};
use crate::history::{Header, Purchase};
use crate::plan::Plan;
use crate::schedule::Schedule;

/// A schedule that was replayed several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeated {
    /// What came of the first time.
    pub first: Replayed,
    /// How many times it was replayed.
    pub times: u32,
    /// The first that did not agree with the first of all, from 1, and what came of it.
    pub differs: Option<(u32, Box<Replayed>)>,
}

/// Replays a schedule so many times, at least once, each with new processes, and compares what comes of
/// it. Ends at the first that differs, or that can't be replayed: then why comes beside what was replayed.
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
    // Each begins with the stock that the first found.
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
    Header { timing: None, wall_ns: None, ..header.clone() }
}

/// A purchase without its times and its process.
pub(super) fn timeless(purchase: &Purchase) -> Purchase {
    let mut timeless = purchase.clone();
    timeless.pid = None;
    timeless.invoke_ns = 0;
    let times = &mut timeless.steps;
    let steps = [
        &mut times.locked_ns,
        &mut times.read_ns,
        &mut times.truncated_ns,
        &mut times.written_ns,
        &mut times.unlocked_ns,
        &mut timeless.return_ns,
    ];
    steps.into_iter().flatten().for_each(|ns| *ns = 0);
    timeless
}
