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
use crate::grade::{Combination, Counts, Grade, Named, Obstacle, Row, Subject};
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
    let documented = match row.subject {
        Subject::Combination(combination) => documented(&combination.sale(), combination.workers, lang),
        Subject::Protocol(named) => reputation(named, lang),
    };
    match (&row.obstacle, row.grade) {
        (Some(Obstacle::CouldNotRun(reason)), _) => {
            say::could_not_run(lang, foreign::shown(reason.trim_end_matches('.')))
        }
        (Some(Obstacle::ControlHeld), _) if !row.as_documented() => match row.subject {
            Subject::Combination(_) => say::control_held(lang),
            Subject::Protocol(named) => say::control_of_protocol_held(lang, named.entry.control),
        },
        (_, Grade::Unsafe) if row.contradicts() => say::should_be_safe(lang, documented),
        (_, Grade::Safe) if row.contradicts() => say::should_be_unsafe(lang, documented),
        _ => documented,
    }
}

/// The cells of a row but for the last, the sentence.
fn cells(row: &Row, lang: Lang) -> [String; 9] {
    let [first, second, third] = match row.subject {
        Subject::Combination(Combination { workers, lock, write, lock_on }) => {
            let trap = write == Write::Rename && lock.has_carrier() && lock_on == LockOn::Ticket;
            let lock = if trap { say::on_ticket(lang, lock) } else { lock.to_string() };
            [workers.to_string(), lock, write.to_string()]
        }
        Subject::Protocol(named) => {
            let control = named.control().map_or_else(String::new, |control| {
                if control.entry == named.entry { control.variant.name } else { control.entry.name }
                    .to_owned()
            });
            [named.entry.name.to_owned(), named.variant.name.to_owned(), control]
        }
    };
    let of_trials = |count: u32| format!("{count}/{}", row.trials);
    let Counts { oversold, lost_updates, torn_reads, .. } = row.counts;
    [
        first,
        second,
        third,
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

/// What the catalogue says of a protocol under this lock. A lock under which it breaks otherwise than its name is
/// known for, or not at all, has no sentence of its own.
fn reputation(named: Named, lang: Lang) -> String {
    let text = named.entry.said.why.of(lang);
    // What follows a semicolon or a colon is a part of the sentence.
    if text.ends_with(['.', '。']) { text.to_owned() } else { format!("{text}.") }
}

/// Whether the rows are those of protocols.
fn are_protocols(rows: &[Row]) -> bool {
    rows.first().is_some_and(|row| matches!(row.subject, Subject::Protocol(_)))
}

/// Below the table: how to read a safe grade.
fn bound(rows: &[Row], trial: &Trial, lang: Lang) -> String {
    if are_protocols(rows) {
        say::bound_of_protocols(lang, trial.trials)
    } else {
        say::bound(lang, trial.trials)
    }
}

fn headings(rows: &[Row], lang: Lang) -> [String; 10] {
    let [first, second, third] = if are_protocols(rows) {
        [say::column_protocol(lang), say::column_lock(lang), say::column_control(lang)]
    } else {
        [say::column_workers(lang), say::column_lock(lang), say::column_write(lang)]
    };
    [
        first,
        second,
        third,
        say::column_oversold(lang),
        say::column_lost(lang),
        say::column_torn(lang),
        say::column_sales(lang),
        say::column_wait(lang),
        say::column_grade(lang),
        say::column_why(lang),
    ]
}

fn about(rows: &[Row], trial: &Trial, lang: Lang) -> String {
    if are_protocols(rows) {
        return say::about_protocols(lang, trial.trials);
    }
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

    fn combinations() -> Vec<Combination> {
        Combination::all(Workers::ALL, Lock::USUAL, Write::ALL)
    }

    fn row(subject: Subject, grade: Grade, obstacle: Option<Obstacle>) -> Row {
        let counts = Counts { unsound: u32::from(grade == Grade::Unsafe), ..Counts::default() };
        Row { subject, trials: 3, counts, sales_per_s: 1234.5, wait_p99_ns: Some(2_500_000), grade, obstacle }
    }

    fn matrix() -> (Vec<Row>, Trial) {
        let all = combinations().into_iter().map(Subject::Combination);
        let rows = all.map(|subject| row(subject, subject.expected(), None)).collect();
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

    /// Every row of protocols says what it is compared with, in as many columns as the others.
    #[test]
    fn protocols_have_columns_of_their_own() {
        let (_, trial) = matrix();
        let all = Named::all().into_iter().map(Subject::Protocol);
        let rows: Vec<Row> = all.map(|subject| row(subject, subject.expected(), None)).collect();
        for lang in Lang::ALL {
            let shown = text(&rows, &trial, None, *lang);
            for part in ["unlink-on-release", "unlink-checked", "close-drops-posix"] {
                assert!(shown.contains(part), "{part}: {shown}");
            }
            assert!(rows.iter().all(|row| why(row, *lang).ends_with(['.', '。'])));
        }
        let shown = markdown(&rows, &trial, Lang::En);
        assert!(shown.contains("| close-drops-posix | flock | posix |"), "{shown}");
        assert!(shown.contains("while the one beside it failed"), "{shown}");
        let document = json(&rows, &trial, &[]);
        assert!(document.contains(r#""protocol":"upgrade","lock":"ofd""#), "{document}");
        assert!(!document.contains("\"write\""), "{document}");
    }

    #[test]
    fn a_row_that_contradicts_is_marked_in_every_form() {
        let (mut rows, trial) = matrix();
        let of_flock = combinations().into_iter().find(|combination| combination.lock == Lock::Flock);
        let flock = Subject::Combination(of_flock.expect("flock"));
        let flock = rows.iter_mut().find(|row| row.subject == flock).expect("flock");
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
        let row = row(rows[3].subject, Grade::Inconclusive, Some(reason));
        assert_eq!(why(&row, Lang::En), "Could not be run here: no locks available.");
    }
}
