//! The JSON document of a replay: that of a run, with a few more members.

use serde::Serialize;

use crate::history::{BuyerCount, History};
use crate::replay::Difference;
use crate::report::json::to_line;
use crate::report::run::json::{self, document};
use crate::schedule::{Says, Taken, Wait};
use crate::verdict::Verdict;

/// What the document of a replay holds beside that of a run.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayPart {
    /// Every step that was taken.
    pub schedule: String,
    /// How many of them the schedule asked for.
    pub asked: usize,
    /// How many times it was replayed.
    pub times: u32,
    /// Whether all of them had the same result.
    pub agree: bool,
    /// The requests that had to wait in the store.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<WaitRow>,
    /// Where reality and the model of the store differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<DifferenceRow>,
    /// How many replays were asked for, if an interrupt or an error ended them early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times_asked: Option<u32>,
    /// The command that replays it.
    #[serde(skip)]
    pub command: String,
}

/// A request that had to wait.
#[derive(Clone, Debug, Serialize)]
pub struct WaitRow {
    /// The step that sent it, from 1.
    pub step: usize,
    /// The request.
    pub request: String,
    /// The buyer that it waits for; none if that is another program.
    pub holder: Option<u32>,
    /// Whether the engine says so, or the model.
    pub says: Says,
    /// The step that brought its answer; none if it never came.
    pub until: Option<usize>,
}

/// Where reality and the model of the store differ.
#[derive(Clone, Debug, Serialize)]
pub struct DifferenceRow {
    /// After which step, from 1.
    pub step: usize,
    /// `victim` if only the victim of a deadlock differs; else `answers`.
    pub kind: &'static str,
}

/// The requests that had to wait among these steps.
#[must_use]
pub fn waits(steps: &[Taken]) -> Vec<WaitRow> {
    let row = |(taken, step): (&Taken, usize)| {
        let Wait { holder, says, until } = taken.wait?;
        Some(WaitRow { step, request: taken.step.to_string(), holder, says, until })
    };
    steps.iter().zip(1..).filter_map(row).collect()
}

/// Where reality and the model differ.
#[must_use]
pub fn differs(differences: &[Difference]) -> Vec<DifferenceRow> {
    let kind = |difference: &Difference| if difference.model.is_none() { "victim" } else { "answers" };
    differences.iter().map(|one| DifferenceRow { step: one.place, kind: kind(one) }).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    run: json::Document<'a>,
    #[serde(flatten)]
    replay: ReplayPart,
}

/// The document of a replay, in one line: that of a run, with a few more members.
#[must_use]
pub fn of_replay(
    history: &History,
    verdict: &Verdict,
    buyers: &[BuyerCount],
    failures: &[String],
    replay: ReplayPart,
) -> String {
    let mut run = document(history, verdict, buyers, failures);
    run.command = Some(replay.command.clone());
    to_line(&Document { run, replay })
}
