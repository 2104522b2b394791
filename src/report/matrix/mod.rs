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

pub use compare::{Compared, MatrixError, Read};
pub use files::{files_json, files_table};
pub use stores::{StoreAbout, stores_json, stores_table};
pub use table::Table;

use serde::Serialize;

use crate::foreign;
use crate::grade::{Counts, Grade, Graded, Grading, Obstacle};
use crate::lang::{Lang, Noun, matrix as say, run as say_run};
use crate::matrix::Tested;
use crate::report::words::span;
use crate::stock::Stock;

/// What a trial is, beside its row.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Trials of each row, at least.
    pub trials: u32,
    /// Rows without a failure were tried on until failures were shown to be no more frequent than this share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<f64>,
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
    /// Protocols that can't be tried by several paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<&'static str>,
    /// How many rows there were to try, where an interrupt came before all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_planned: Option<usize>,
}

fn as_text<S: serde::Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

impl Trial {
    fn about(&self, lang: Lang) -> String {
        let think = match self.think_ns {
            0 => say_run::no_think(lang),
            think_ns => say_run::think(lang, span(think_ns), 50),
        };
        let buyers = lang.count(self.buyers.into(), Noun::Buyer);
        say::about(lang, self.each(lang), buyers, lang.tickets(self.tickets), think)
    }

    /// How often each row was tried.
    fn each(&self, lang: Lang) -> String {
        let trials = lang.count(self.trials.into(), Noun::Trial);
        match self.until {
            Some(share) => say::trials_until(lang, trials, percent(share)),
            None => say::trials_each(lang, trials),
        }
    }
}

/// Why a row has its grade, in one sentence, where `documented` is what its documentation says, and `held` that its
/// control did not fail.
fn why<S: Graded>(row: &Grading<S>, documented: String, held: String, lang: Lang) -> String {
    match (&row.obstacle, row.grade) {
        (Some(Obstacle::CouldNotRun(reason)), _) => {
            say::could_not_run(lang, foreign::shown(reason.trim_end_matches('.')))
        }
        (Some(Obstacle::ControlHeld), _) if !row.as_documented() => held,
        (_, Grade::Unsafe) if row.contradicts() => {
            let Counts { stuck, stale_reads, unsound, oversold, lost_updates, .. } = row.counts;
            if stuck > 0 && stuck >= unsound && oversold + lost_updates + stale_reads == 0 {
                say::should_not_be_stuck(lang, documented)
            } else if stale_reads > 0 && stuck + stale_reads >= unsound {
                say::should_read_the_last(lang, documented)
            } else {
                say::should_be_safe(lang, documented)
            }
        }
        (_, Grade::Safe) if row.contradicts() => say::should_be_unsafe(lang, documented),
        _ => documented,
    }
}

/// In how many of its trials a row did so.
fn of_trials<S>(row: &Grading<S>, count: u32) -> String {
    format!("{count}/{}", row.trials)
}

/// A share in 100, rounded up: to whole ones, and below 1 to hundredths.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // So that 7, which is not exactly 0.07 × 100, stays 7.
    let up = |number: f64| (number - 1e-9).ceil();
    if percent < 1.0 { format!("{}", up(percent * 100.0) / 100.0) } else { format!("{}", up(percent)) }
}

/// How to read a safe grade, where there is one, and where there is nearly one. `bound` says it of the former.
fn how_to_read<S: Graded>(rows: &[Grading<S>], bound: String, lang: Lang) -> Vec<String> {
    let is_safe = |row: &&Grading<S>| row.grade == Grade::Safe;
    let (hardly, well): (Vec<_>, Vec<_>) = rows.iter().filter(is_safe).partition(|row| row.is_hardly_tried());
    let bound = (!well.is_empty()).then_some(bound);
    bound.into_iter().chain((!hardly.is_empty()).then(|| say::hardly_tried(lang))).collect()
}

fn graded<S: Graded>(row: &Grading<S>, lang: Lang) -> String {
    let grade = match row.grade {
        Grade::Safe if row.is_hardly_tried() => say::no_failure(lang, row.trials),
        Grade::Safe => say::safe(lang, percent(row.fails_below().unwrap_or(1.0))),
        Grade::Unsafe => say::unsafe_in(lang, row.counts.unsound, row.trials),
        Grade::Inconclusive => say::inconclusive(lang),
    };
    if row.contradicts() { format!("{grade}; {}", say::not_as_documented(lang)) } else { grade }
}
