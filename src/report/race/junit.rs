//! A race for a CI server: a test suite with a case for each trial.

use super::text::details;
use crate::race::plan::RacePlan;
use crate::race::{Raced, Trial};
use crate::report::junit::{Case, document, suite_of, unread};
use crate::report::text::plain_lines;
use crate::verdict::Ruling;

/// The most trials that have a case each. The others share one, which has the worst result among them.
const MOST_CASES: usize = 1_000;

/// The document.
#[must_use]
pub fn of_race(plan: &RacePlan, raced: &Raced) -> String {
    let name = format!("race {}", plan.target.shown());
    let worst = |trial: &Trial| raced.worst.as_ref().filter(|worst| worst.trial == trial.number);
    let case = |trial: &Trial| {
        let mut why = details(trial);
        if let Some(worst) = worst(trial) {
            why = format!("{}\n{why}", plain_lines(&worst.history, &worst.verdict));
        }
        Case { name: format!("trial {}", trial.number), ruling: trial.ruling, why }
    };
    let mut cases: Vec<Case> = raced.trials.iter().take(MOST_CASES).map(case).collect();
    let rest = raced.trials.get(MOST_CASES..).unwrap_or_default();
    for ruling in [Ruling::Unsound, Ruling::Unknown, Ruling::Sound] {
        let count = rest.iter().filter(|trial| trial.ruling == ruling).count();
        if count > 0 {
            let name = format!("{count} further trials, {ruling}");
            cases.push(Case { name, ruling, why: String::new() });
        }
    }
    if cases.is_empty() {
        cases.push(Case { name: "no trial".to_owned(), ruling: Ruling::Unknown, why: String::new() });
    }
    document(&[suite_of(&name, &cases)])
}

/// The document of a race that could not be run.
#[must_use]
pub fn of_none(plan: &RacePlan, why: &str) -> String {
    document(&[unread(&format!("race {}", plan.target.shown()), why)])
}
