//! The JSON document of a replay: that of a run, and a little more.

use serde::Serialize;

use crate::history::{BuyerCount, History};
use crate::report::json::to_line;
use crate::report::run::json::{self, document};
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
    /// Whether all of these came to the same.
    pub agree: bool,
    /// How many replays were asked for, where an interrupt or an error came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times_asked: Option<u32>,
    /// The command that replays it.
    #[serde(skip)]
    pub command: String,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    run: json::Document<'a>,
    #[serde(flatten)]
    replay: ReplayPart,
}

/// The document of a replay, in one line: that of a run, and a little more.
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
