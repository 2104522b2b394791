//! A race of foreign buyers, shown: as text with a row for each trial, as a JSON document, and for CI servers; and a gated race.

#[cfg(feature = "postgres")]
pub mod gate;
#[cfg(feature = "postgres")]
pub mod gate_json;
#[cfg(feature = "postgres")]
pub mod gate_page;
pub mod json;
pub mod junit;
pub mod text;

use crate::history::Outcome;
use crate::race::plan::RacePlan;

/// The rules of a race in the order in which they are tried, as options.
fn rules(plan: &RacePlan) -> impl Iterator<Item = (Outcome, &str)> {
    plan.rules.iter().map(|(outcome, rule)| (outcome, rule.text()))
}
