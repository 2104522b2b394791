//! The common part of lessons that make one order of steps happen, on real processes that are held before each step.

use std::path::Path;

use serde::Serialize;

use super::LessonError;
use super::stage::Stage;
use crate::explore::{Census, MAX_STATES, Setting, census};
use crate::history::Outcome;
use crate::plan::{FilePlan, Plan, StorePlan};
use crate::protocol::file::FileChoices;
use crate::replay::{Replayed, replay};
use crate::schedule::Schedule;
use crate::verdict::Ruling;

/// How many orders of two purchases of one ticket there are, and how many are unsound.
#[derive(Clone, Debug, Serialize)]
pub struct Orders {
    pub(super) all: u64,
    pub(super) unsound: u64,
}

impl Orders {
    /// Counts every order on a model.
    pub(super) fn of(setting: &Setting) -> (Self, Census) {
        let census = census(setting, MAX_STATES);
        let few = |number: &num_bigint::BigUint| u64::try_from(number).unwrap_or(u64::MAX);
        let unsound = &census.schedules - &census.sound;
        (Self { all: few(&census.schedules), unsound: few(&unsound) }, census)
    }
}

/// An order of steps that was made to happen.
#[derive(Clone, Debug, Serialize)]
pub struct Happened {
    pub(super) schedule: String,
    pub(super) receipts: u64,
    pub(super) refused: u64,
    /// Purchases that failed: the store aborted them.
    pub(super) failed: u64,
    /// Requests that had to wait.
    pub(super) waited: usize,
    pub(super) verdict: Ruling,
}

/// Makes it happen.
pub(super) fn make(
    stage: &Stage<'_>,
    plan: &Plan,
    schedule: &Schedule,
) -> Result<(Happened, Replayed), LessonError> {
    let replayed = replay(plan, schedule, stage.interrupted());
    stage.go_on()?;
    let replayed = replayed?;
    let count = |outcome| {
        replayed.sold.history.purchases.iter().filter(|purchase| purchase.outcome == outcome).count() as u64
    };
    let happened = Happened {
        schedule: schedule.to_string(),
        receipts: count(Outcome::Bought),
        refused: count(Outcome::Refused),
        failed: count(Outcome::Failed),
        waited: replayed.steps.iter().filter(|taken| taken.wait.is_some()).count(),
        verdict: replayed.sold.verdict.ruling,
    };
    Ok((happened, replayed))
}

/// One ticket for two processes, in a file in this folder.
pub(super) fn on_file(choices: FileChoices, folder: &Path) -> Plan {
    let file = folder.join("ticket.json");
    Plan {
        store: StorePlan::File(FilePlan::new(choices, &file)),
        ..Plan::on_file(choices, &file, 2, Some(1))
    }
}
