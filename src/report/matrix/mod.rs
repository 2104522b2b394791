//! The matrix as text, Markdown, HTML and JSON. All of them take the sentences from here.

mod html;
mod json;
mod markdown;
mod text;

pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use text::text;

use serde::Serialize;

use crate::foreign;
use crate::grade::{Combination, Counts, Grade, Obstacle, Row};
use crate::lang::{Lang, matrix as say};
use crate::protocol::file::{LockOn, Write};
use crate::report::documented::documented;
use crate::report::text::{BAD, GOOD, ODD};
use crate::report::words::{grouped, span};
use crate::stock::Stock;

/// The column of grades.
const GRADE: usize = 8;
/// The columns of figures.
const FIGURES: std::ops::RangeInclusive<usize> = 3..=7;

/// What a trial is, beside its combination.
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
    /// How many rows there were to try, where an interrupt came before all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_planned: Option<usize>,
}

fn as_text<S: serde::Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

/// Why a row has its grade, in one sentence.
#[must_use]
pub fn why(row: &Row, lang: Lang) -> String {
    let documented = documented(&row.combination.sale(), row.combination.workers, lang);
    match (&row.obstacle, row.grade) {
        (Some(Obstacle::CouldNotRun(reason)), _) => {
            say::could_not_run(lang, foreign::shown(reason.trim_end_matches('.')))
        }
        (Some(Obstacle::ControlHeld), _) if !row.as_documented() => say::control_held(lang),
        (_, Grade::Unsafe) if row.contradicts() => say::should_be_safe(lang, documented),
        (_, Grade::Safe) if row.contradicts() => say::should_be_unsafe(lang, documented),
        _ => documented,
    }
}

/// The cells of a row but for the last, the sentence.
fn cells(row: &Row, lang: Lang) -> [String; 9] {
    let Combination { workers, lock, write, lock_on } = row.combination;
    let trap = write == Write::Rename && lock.has_carrier() && lock_on == LockOn::Ticket;
    let lock = if trap { say::on_ticket(lang, lock) } else { lock.to_string() };
    let of_trials = |count: u32| format!("{count}/{}", row.trials);
    let Counts { oversold, lost_updates, torn_reads, .. } = row.counts;
    [
        workers.to_string(),
        lock,
        write.to_string(),
        of_trials(oversold),
        of_trials(lost_updates),
        of_trials(torn_reads),
        grouped(row.sales_per_s.round() as u64),
        row.wait_p99_ns.map_or_else(|| "–".to_owned(), span),
        graded(row, lang),
    ]
}

fn graded(row: &Row, lang: Lang) -> String {
    let percent = row.fails_below().map(|share| (share * 100.0).ceil());
    let grade = match row.grade {
        Grade::Safe => say::safe(lang, percent.unwrap_or(100.0)),
        Grade::Unsafe => say::unsafe_in(lang, row.counts.unsound, row.trials),
        Grade::Inconclusive => say::inconclusive(lang),
    };
    if row.contradicts() { format!("{grade}; {}", say::not_as_documented(lang)) } else { grade }
}

fn headings(lang: Lang) -> [String; 10] {
    [
        say::column_workers(lang),
        say::column_lock(lang),
        say::column_write(lang),
        say::column_oversold(lang),
        say::column_lost(lang),
        say::column_torn(lang),
        say::column_sales(lang),
        say::column_wait(lang),
        say::column_grade(lang),
        say::column_why(lang),
    ]
}

fn about(trial: &Trial, lang: Lang) -> String {
    let think = format!("{} ±50%", span(trial.think_ns));
    say::about(lang, trial.trials, trial.buyers, trial.tickets, think)
}

/// What is to be said of all rows. Of a matrix that was interrupted: how far it came, too.
fn conclusion(rows: &[Row], trial: &Trial, lang: Lang) -> (anstyle::Style, String) {
    let (style, of_rows) = of_rows(rows, lang);
    match trial.rows_planned {
        Some(planned) if rows.is_empty() => (ODD, say::interrupted(lang, 0, planned)),
        Some(planned) => {
            let style = if style == BAD { BAD } else { ODD };
            (style, format!("{} {of_rows}", say::interrupted(lang, rows.len(), planned)))
        }
        None => (style, of_rows),
    }
}

fn of_rows(rows: &[Row], lang: Lang) -> (anstyle::Style, String) {
    let contradict = rows.iter().filter(|row| row.contradicts()).count();
    let unlike = rows.iter().filter(|row| !row.as_documented()).count();
    if contradict > 0 {
        (BAD, say::some_not_as_documented(lang, contradict, rows.len()))
    } else if unlike > 0 {
        (ODD, say::some_inconclusive(lang, unlike, rows.len()))
    } else {
        (GOOD, say::all_as_documented(lang, rows.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Workers;
    use crate::protocol::file::Lock;

    fn row(combination: Combination, grade: Grade, obstacle: Option<Obstacle>) -> Row {
        let counts = Counts { unsound: u32::from(grade == Grade::Unsafe), ..Counts::default() };
        Row {
            combination,
            trials: 3,
            counts,
            sales_per_s: 1234.5,
            wait_p99_ns: Some(2_500_000),
            grade,
            obstacle,
        }
    }

    fn matrix() -> (Vec<Row>, Trial) {
        let all = Combination::all(Workers::ALL, Lock::ALL, Write::ALL);
        let rows =
            all.into_iter().map(|combination| row(combination, combination.expected(), None)).collect();
        (rows, Trial { trials: 3, buyers: 10, tickets: 20, think_ns: 1_000_000, seed: 7, rows_planned: None })
    }

    #[test]
    fn every_combination_has_a_sentence_in_every_language() {
        for row in matrix().0 {
            for lang in Lang::ALL {
                assert!(why(&row, *lang).ends_with(['.', '。']), "{row:?}");
            }
        }
    }

    #[test]
    fn a_row_that_contradicts_is_marked_in_every_form() {
        let (mut rows, trial) = matrix();
        let flock = rows.iter_mut().find(|row| row.combination.lock == Lock::Flock).expect("flock");
        flock.grade = Grade::Unsafe;
        for shown in [
            text(&rows, &trial, None, Lang::En),
            markdown(&rows, &trial, Lang::En),
            html(&rows, &trial, "ticketsim matrix", Lang::En).expect("a page"),
        ] {
            assert!(shown.contains("NOT AS DOCUMENTED") && shown.contains("1 of 84 rows are NOT"), "{shown}");
            assert!(shown.contains("did NOT keep buyers apart"), "{shown}");
        }
        assert!(json(&rows, &trial, &[]).contains("\"as_documented\":false"));
    }

    #[test]
    fn a_narrow_table_fits_and_says_why_below() {
        let (rows, trial) = matrix();
        for width in [80, 100, 120] {
            let shown = text(&rows, &trial, Some(width), Lang::En);
            let shown = anstream::adapter::strip_str(&shown).to_string();
            let table = shown.lines().skip(2).take_while(|line| !line.starts_with('['));
            let widest = table.map(|line| line.chars().count()).max();
            assert!(widest <= Some(usize::from(width)), "{shown}");
            assert!(shown.contains("[1] Nothing keeps others out") && !shown.contains("[20]"), "{shown}");
            assert!(shown.lines().any(|line| line.contains("sequential") && line.contains("inconclusive")));
        }
    }

    #[test]
    fn markdown_has_as_many_cells_in_every_line() {
        let (rows, trial) = matrix();
        let shown = markdown(&rows, &trial, Lang::En);
        let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(lines.len(), rows.len() + 2);
        assert!(lines.iter().all(|line| line.matches('|').count() == 11));
    }

    #[test]
    fn what_could_not_run_says_so() {
        let (rows, _) = matrix();
        let reason = Obstacle::CouldNotRun("no locks available".to_owned());
        let row = row(rows[3].combination, Grade::Inconclusive, Some(reason));
        assert_eq!(why(&row, Lang::En), "Could not be run here: no locks available.");
    }
}
