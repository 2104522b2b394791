//! A replay, as text and as JSON.

pub mod json;
pub mod text;

use crate::history::History;
use crate::schedule::Schedule;

/// The most steps that have a line each, unless more are asked for.
pub const MOST_STEPS: usize = 60;

/// The command that makes a history happen again: for a replay with the same steps, for a run with the same plan.
/// `None` if the steps are too many for a command, or the history does not say how it was made.
#[must_use]
pub fn command(history: &History) -> Option<String> {
    let plan = history.header.plan.as_ref()?;
    let Some(replay) = &history.header.replay else {
        return Some(plan.command());
    };
    let steps: Schedule = replay.parse().ok()?;
    (steps.0.len() <= MOST_STEPS).then(|| plan.replay_command(&steps.to_string(), steps.buyers()))
}
