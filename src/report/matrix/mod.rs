//! The matrix as text, Markdown, HTML and JSON. What differs between ticket files and databases is which columns a row
//! has; the forms take a [`Table`] of either.

mod compare;
mod files;
mod html;
mod killed;
mod markdown;
mod stores;
mod table;
mod tested;
mod text;

pub use compare::{Compared, Read};
pub use files::{files_json, files_table};
pub use stores::{StoreAbout, stores_json, stores_table};
pub use table::Table;

use serde::Serialize;

use crate::foreign;
use crate::grade::{Grade, Graded, Obstacle, Row};
use crate::lang::{Lang, matrix as say};
use crate::matrix::Tested;
use crate::report::words::span;
use crate::stock::Stock;

/// What a trial is, beside its row.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Trials of each row.
    pub trials: u32,
    /// Buyers of each trial.
    pub buyers: u32,
    /// Tickets of each trial.
    pub tickets: Stock,
    /// Their think time, in nanoseconds.
    pub think_ns: u64,
    /// The seed of the first trial.
    #[serde(serialize_with = "as_text")]
    pub seed: u64,
    /// What it was tried on.
    pub tested: Tested,
    /// How many rows there were to try, where an interrupt came before all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_planned: Option<usize>,
}

fn as_text<S: serde::Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

impl Trial {
    fn about(&self, lang: Lang) -> String {
        let think = format!("{} ±50%", span(self.think_ns));
        say::about(lang, self.trials, self.buyers, self.tickets, think)
    }
}

/// Why a row has its grade, in one sentence, where `documented` is what its documentation says, and `held` that its
/// control did not fail.
fn why<S: Graded>(row: &Row<S>, documented: String, held: String, lang: Lang) -> String {
    match (&row.obstacle, row.grade) {
        (Some(Obstacle::CouldNotRun(reason)), _) => {
            say::could_not_run(lang, foreign::shown(reason.trim_end_matches('.')))
        }
        (Some(Obstacle::ControlHeld), _) if !row.as_documented() => held,
        (_, Grade::Unsafe) if row.contradicts() => say::should_be_safe(lang, documented),
        (_, Grade::Safe) if row.contradicts() => say::should_be_unsafe(lang, documented),
        _ => documented,
    }
}

/// In how many of its trials a row did so.
fn of_trials<S>(row: &Row<S>, count: u32) -> String {
    format!("{count}/{}", row.trials)
}

fn graded<S: Graded>(row: &Row<S>, lang: Lang) -> String {
    let percent = row.fails_below().map(|share| (share * 100.0).ceil());
    let grade = match row.grade {
        Grade::Safe => say::safe(lang, percent.unwrap_or(100.0)),
        Grade::Unsafe => say::unsafe_in(lang, row.counts.unsound, row.trials),
        Grade::Inconclusive => say::inconclusive(lang),
    };
    if row.contradicts() { format!("{grade}; {}", say::not_as_documented(lang)) } else { grade }
}
