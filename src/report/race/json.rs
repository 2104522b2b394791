//! The JSON document of a race.

use serde::Serialize;
use serde_json::{Value, json};

use super::rules;
use crate::history::{Doubt, Outcome};
use crate::plan::PerBuyer;
use crate::race::plan::RacePlan;
use crate::race::statistics::{Overlap, Rate};
use crate::race::{Raced, Shown, Trial};
use crate::report::json::{AnomalyRow, SCHEMA_VERSION, anomalies, to_line, unjudged};
use crate::stock::Stock;
use crate::verdict::{AnomalyKind, Ruling};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    verdict: Ruling,
    interrupted: bool,
    race: RaceRow,
    rules: Vec<RuleRow<'a>>,
    rate: Rate,
    /// The most in one trial.
    spread_ns: u64,
    /// The fewest in one trial.
    at_once: u64,
    restarts: u32,
    trials: Vec<TrialRow<'a>>,
    unmatched: Vec<Value>,
    worst: Option<WorstRow>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    output_failures: &'a [String],
}

#[derive(Serialize)]
struct RaceRow {
    target: String,
    buyers: u32,
    tickets: Option<Stock>,
    per_buyer: PerBuyer,
    trials: u32,
    purchases: Option<u64>,
    stock: Option<String>,
    reset: Option<String>,
}

#[derive(Serialize)]
struct RuleRow<'a> {
    outcome: Outcome,
    rule: &'a str,
}

#[derive(Serialize)]
struct TrialRow<'a> {
    trial: u32,
    verdict: Ruling,
    before: Option<Stock>,
    after: Option<Stock>,
    receipts: u64,
    refused: u64,
    failed: u64,
    unknown: u64,
    unmatched: u64,
    broken: &'a [(String, u64)],
    spread_ns: u64,
    overlap: Overlap,
    late: usize,
    early: usize,
    anomalies: Vec<Value>,
    doubts: &'a [Doubt],
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
}

#[derive(Serialize)]
struct WorstRow {
    trial: u32,
    anomalies: Vec<AnomalyRow>,
    unjudged: Vec<String>,
}

/// The document, in one line.
#[must_use]
pub fn of_race(plan: &RacePlan, raced: &Raced, output_failures: &[String]) -> String {
    let worst = |shown: &Shown| WorstRow {
        trial: shown.trial,
        anomalies: anomalies(&shown.verdict, &shown.history),
        unjudged: unjudged(&shown.verdict, &shown.history),
    };
    let strange = raced
        .strange
        .iter()
        .map(|strange| json!({ "answer": strange.answer, "count": strange.count, "outcome": strange.outcome, "rule": strange.rule }));
    let ran = || raced.trials.iter().filter(|trial| trial.buyers > 0);
    to_line(&Document {
        schema_version: SCHEMA_VERSION,
        verdict: raced.ruling(),
        interrupted: raced.interrupted,
        race: RaceRow {
            target: plan.target.shown(),
            buyers: plan.buyers,
            tickets: plan.tickets,
            per_buyer: plan.per_buyer,
            trials: plan.trials,
            purchases: plan.purchases(),
            stock: plan.stock.as_ref().map(crate::race::stock::StockSource::shown),
            reset: plan.reset.as_ref().map(crate::race::setup::Act::shown),
        },
        rules: rules(plan).map(|(outcome, rule)| RuleRow { outcome, rule }).collect(),
        rate: raced.rate(),
        spread_ns: ran().map(|trial| trial.spread_ns).max().unwrap_or(0),
        at_once: ran().map(|trial| trial.overlap.at_once).min().unwrap_or(0),
        restarts: raced.restarts,
        trials: raced.trials.iter().map(trial_row).collect(),
        unmatched: strange.collect(),
        worst: raced.worst.as_ref().map(worst),
        output_failures,
    })
}

fn trial_row(trial: &Trial) -> TrialRow<'_> {
    let anomaly = |(kind, count): &(AnomalyKind, u64)| json!({ "kind": kind, "count": count });
    TrialRow {
        trial: trial.number,
        verdict: trial.ruling,
        before: trial.before,
        after: trial.after,
        receipts: trial.receipts,
        refused: trial.refused,
        failed: trial.failed,
        unknown: trial.unknown,
        unmatched: trial.unmatched,
        broken: &trial.broken,
        spread_ns: trial.spread_ns,
        overlap: trial.overlap,
        late: trial.late,
        early: trial.early,
        anomalies: trial.anomalies.iter().map(anomaly).collect(),
        doubts: &trial.doubts,
        why: trial.why.as_ref().map(ToString::to_string),
        interrupted: trial.interrupted,
    }
}
