//! An exploration for programs.

use std::collections::BTreeMap;

use num_bigint::BigUint;
use serde::Serialize;

use super::kills::Kills;
use super::{census_summary, leaves_out, sample_summary};
use crate::explore::{Census, Drawn, End, Found, MAX_STATES, Sample, Sampling, Scheduler, Setting, Stopped};
use crate::lang::Lang;
use crate::plan::{PerBuyer, Workers};
use crate::protocol::file::{FileChoices, Lock, LockOn, Trouble, Write};
use crate::protocol::{Choices, Mishap, Protocol};
use crate::report::json::{SCHEMA_VERSION, to_line};
use crate::schedule::Schedule;
use crate::stock::Stock;
use crate::verdict::{AnomalyKind, Ruling};

#[derive(Serialize)]
struct CensusDocument {
    schema_version: u32,
    schedules: String,
    sound: String,
    states: u64,
    complete: bool,
    outcomes: Vec<FoundRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    covered: Option<CoveredRow>,
    /// The same without kills, and what goes wrong only with kills.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_kills: Option<Kills>,
    #[serde(flatten)]
    closing: Closing,
}

#[derive(Serialize)]
struct FoundRow {
    receipts: u64,
    failed: u64,
    remaining: Option<Stock>,
    /// The errors that ended purchases: how many of each code, over all of these schedules.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, String>,
    anomalies: Vec<AnomalyKind>,
    schedules: String,
    probability: String,
    witness: String,
}

/// What an incomplete census covers: every order of this many steps, and this share of what an
/// even scheduler does.
#[derive(Serialize)]
struct CoveredRow {
    steps: u64,
    probability: String,
    /// Whether there is no end to the schedules: an aborted purchase can be tried again for ever.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    endless: bool,
}

#[derive(Serialize)]
struct SampleDocument {
    schema_version: u32,
    draws: u64,
    /// How many were asked for, if an interrupt ended it early.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<u64>,
    unsound: u64,
    complete: bool,
    scheduler: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    /// A string, since 64 bits do not fit a JavaScript number.
    seed: String,
    confidence: Confidence,
    outcomes: Vec<DrawnRow>,
    #[serde(flatten)]
    closing: Closing,
}

/// The share of unsound schedules among those that this scheduler draws lies between the two.
#[derive(Serialize)]
struct Confidence {
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct DrawnRow {
    receipts: u64,
    failed: u64,
    remaining: Option<Stock>,
    anomalies: Vec<AnomalyKind>,
    draws: u64,
    witness: String,
}

/// What both documents end with.
#[derive(Serialize)]
struct Closing {
    verdict: Ruling,
    summary: String,
    /// What a schedule is an order of: requests, or granted steps.
    counting: &'static str,
    setting: SettingRow,
    command: String,
    /// The command that makes the worst way to end happen on real processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
    leaves_out: String,
}

#[derive(Serialize)]
struct SettingRow {
    buyers: u32,
    tickets: Stock,
    #[serde(flatten)]
    choices: ChoicesRow,
    per_buyer: PerBuyer,
    workers: Workers,
    /// How many mishaps of each kind may come in one schedule: a number, or `any`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    mishaps: BTreeMap<&'static str, String>,
}

/// What one purchase does.
#[derive(Serialize)]
#[serde(untagged)]
enum ChoicesRow {
    /// Its steps, whether they are the usual ones of the choices or not.
    File {
        lock: Lock,
        lock_on: LockOn,
        write: Write,
        steps: Protocol,
        #[serde(flatten)]
        trouble: Trouble,
    },
    Elsewhere(Choices),
}

impl ChoicesRow {
    fn of(choices: Choices) -> Self {
        match choices {
            Choices::File(choices) => {
                let FileChoices { lock, lock_on, write, .. } = choices;
                Self::File { lock, lock_on, write, steps: choices.protocol(), trouble: Trouble::of(&choices) }
            }
            elsewhere => Self::Elsewhere(elsewhere),
        }
    }
}

/// The errors that ended purchases, whichever step they ended.
fn errors(found: &Found) -> BTreeMap<String, String> {
    let mut sums: BTreeMap<String, BigUint> = BTreeMap::new();
    for ((code, _), count) in &found.errors {
        *sums.entry(code.to_string()).or_default() += count;
    }
    sums.into_iter().map(|(code, count)| (code, count.to_string())).collect()
}

impl Closing {
    fn new(
        setting: &Setting,
        command: String,
        ruling: Ruling,
        summary: String,
        worst: Option<(&End, &Schedule)>,
    ) -> Self {
        let Setting { buyers, tickets, per_buyer, choices, workers, mishaps } = *setting;
        let allowed = |mishap: &Mishap| (mishap.name(), mishaps.of(*mishap).to_string());
        let mishaps = Mishap::ALL.iter().filter(|mishap| mishaps.allow(**mishap)).map(allowed).collect();
        let worst = worst.filter(|(end, _)| !end.is_sound());
        Self {
            verdict: ruling,
            summary,
            counting: setting.counting().name(),
            setting: SettingRow {
                buyers,
                tickets,
                choices: ChoicesRow::of(choices),
                per_buyer,
                workers,
                mishaps,
            },
            command,
            replay: worst.map(|(_, witness)| setting.replay_command(witness)),
            leaves_out: leaves_out(setting, Lang::En),
        }
    }
}

/// A census over at most `max_states` states as one line of JSON. Numbers of schedules are strings, since they may be too
/// large for JSON.
#[must_use]
pub fn census_json(setting: &Setting, census: &Census, spared: Option<&Census>, max_states: u64) -> String {
    let bound = if max_states == MAX_STATES { String::new() } else { format!(" --max-states {max_states}") };
    let command = setting.command() + &bound;
    let row = |found: &Found| FoundRow {
        receipts: found.end.receipts,
        failed: found.end.failed,
        remaining: found.end.remaining,
        errors: errors(found),
        anomalies: found.end.anomalies.clone(),
        schedules: found.schedules.to_string(),
        probability: found.probability.to_string(),
        witness: found.witness.to_string(),
    };
    let worst = census.found.first().map(|found| (&found.end, &found.witness));
    to_line(&CensusDocument {
        schema_version: SCHEMA_VERSION,
        schedules: census.schedules.to_string(),
        sound: census.sound.to_string(),
        states: census.states,
        complete: census.partial.is_none(),
        outcomes: census.found.iter().map(row).collect(),
        covered: census.partial.as_ref().map(|covered| CoveredRow {
            steps: covered.steps,
            probability: covered.probability.to_string(),
            endless: covered.stopped == Stopped::Endless,
        }),
        without_kills: spared.map(|spared| Kills::of(census, spared)),
        closing: Closing::new(setting, command, census.ruling(), census_summary(census, Lang::En), worst),
    })
}

/// A sample as one line of JSON.
#[must_use]
pub fn sample_json(setting: &Setting, sample: &Sample) -> String {
    let row = |drawn: &Drawn| DrawnRow {
        receipts: drawn.end.receipts,
        failed: drawn.end.failed,
        remaining: drawn.end.remaining,
        anomalies: drawn.end.anomalies.clone(),
        draws: drawn.draws,
        witness: drawn.witness.to_string(),
    };
    let (scheduler, depth) = match sample.sampling.scheduler {
        Scheduler::Uniform => ("uniform", None),
        Scheduler::Pct { depth } => ("pct", Some(depth)),
    };
    let (low, high) = sample.bounds();
    let Sampling { seed, .. } = sample.sampling;
    let draws = sample.asked.unwrap_or(sample.sampling.draws);
    let by_depth = depth.map_or_else(String::new, |depth| format!(" --depth {depth}"));
    let command = format!("{} --sample {draws}{by_depth} --seed {seed}", setting.command());
    let worst = sample.drawn.first().map(|drawn| (&drawn.end, &drawn.witness));
    to_line(&SampleDocument {
        schema_version: SCHEMA_VERSION,
        draws: sample.sampling.draws,
        asked: sample.asked,
        unsound: sample.unsound,
        complete: false,
        scheduler,
        depth,
        seed: sample.sampling.seed.to_string(),
        confidence: Confidence { level: 0.95, low, high },
        outcomes: sample.drawn.iter().map(row).collect(),
        closing: Closing::new(setting, command, sample.ruling(), sample_summary(sample, Lang::En), worst),
    })
}
