//! The matrix of ticket files: its columns, and its JSON.

use serde::Serialize;

use super::table::{Column, Table};
use super::{Trial, how_to_read, killed, of_trials, why};
use crate::grade::{Combination, Counts, Grade, Grading, HolderKilled, Named, Subject};
use crate::lang::{Lang, matrix as say};
use crate::protocol::Protocol;
use crate::protocol::file::{LockOn, Write};
use crate::report::documented::documented;
use crate::report::json::{SCHEMA_VERSION, to_line};
use crate::report::words::{grouped, span};

/// The table of rows on ticket files.
#[must_use]
pub fn files_table(rows: &[Grading], trial: &Trial, lang: Lang) -> Table {
    let [first, second, third] = if are_protocols(rows) {
        [say::column_protocol(lang), say::column_lock(lang), say::column_control(lang)]
    } else {
        [say::column_workers(lang), say::column_lock(lang), say::column_write(lang)]
    };
    let mut columns = vec![
        Column::words(first),
        Column::words(second),
        Column::words(third),
        Column::figures(say::column_oversold(lang)).or(say::short_oversold(lang)),
        Column::figures(say::column_lost(lang)).or(say::short_lost(lang)),
        Column::figures(say::column_torn(lang)).or(say::short_torn(lang)),
        Column::figures(say::column_sales(lang)),
        Column::figures(say::column_wait(lang)),
    ];
    columns.extend(killed::column(rows, lang));
    let make = |row: &Grading| {
        let cells = cells(row, lang).into_iter().chain(killed::cell(rows, row, lang));
        (cells.collect(), reason(row, lang))
    };
    let mut table = Table::new(
        rows,
        trial,
        about(rows, trial, lang),
        how_to_read(rows, bound(rows, lang), lang),
        columns,
        lang,
        make,
    );
    killed::note(&mut table, rows, lang);
    table.notes.push(match trial.tested.paths.len() {
        0 | 1 => say::one_path(lang),
        several => say::several_paths(lang, several),
    });
    if !trial.left_out.is_empty() {
        table.notes.push(say::left_out(lang, lang.list(&trial.left_out)));
    }
    table
}

fn about(rows: &[Grading], trial: &Trial, lang: Lang) -> String {
    if are_protocols(rows) { say::about_protocols(lang, trial.each(lang)) } else { trial.about(lang) }
}

/// Below the table: how to read a safe grade.
fn bound(rows: &[Grading], lang: Lang) -> String {
    if are_protocols(rows) { say::bound_of_protocols(lang) } else { say::bound(lang) }
}

/// Whether the rows are those of protocols.
fn are_protocols(rows: &[Grading]) -> bool {
    rows.first().is_some_and(|row| matches!(row.subject, Subject::Protocol(_)))
}

/// What the catalogue says of a protocol under this lock. A lock under which it breaks otherwise than its name is
/// known for, or not at all, has no sentence of its own.
fn reputation(named: Named, lang: Lang) -> String {
    let text = named.entry.said.why.of(lang);
    // What follows a semicolon or a colon is a part of the sentence.
    if text.ends_with(['.', '。']) { text.to_owned() } else { format!("{text}.") }
}

/// Why a row has its grade, in one sentence.
fn reason(row: &Grading, lang: Lang) -> String {
    let (documented, held) = match row.subject {
        Subject::Combination(combination) => {
            (documented(&combination.choices(), combination.workers, lang), say::control_held(lang))
        }
        Subject::Protocol(named) => {
            (reputation(named, lang), say::control_of_protocol_held(lang, named.entry.control))
        }
    };
    why(row, documented, held, lang)
}

fn cells(row: &Grading, lang: Lang) -> Vec<String> {
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
    let Counts { oversold, lost_updates, torn_reads, .. } = row.counts;
    vec![
        first,
        second,
        third,
        of_trials(row, oversold),
        of_trials(row, lost_updates),
        of_trials(row, torn_reads),
        grouped(row.sales_per_s.round() as u64),
        row.wait_p99_ns.map_or_else(|| "–".to_owned(), span),
    ]
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    #[serde(flatten)]
    trial: &'a Trial,
    rows: Vec<GradingDocument>,
    /// What else failed once the trials were over.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failures: &'a [String],
}

#[derive(Serialize)]
struct GradingDocument {
    #[serde(flatten)]
    subject: SubjectDocument,
    trials: u32,
    #[serde(flatten)]
    counts: Counts,
    sales_per_s: f64,
    wait_p99_ns: Option<u64>,
    /// When its holder was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    killed: Option<HolderKilled>,
    grade: Grade,
    fails_below: Option<f64>,
    expected: Grade,
    as_documented: bool,
    why: String,
}

/// What a row is about.
#[derive(Serialize)]
#[serde(untagged)]
enum SubjectDocument {
    Combination(Combination),
    Protocol { protocol: &'static str, lock: &'static str, steps: Protocol, control: Option<&'static str> },
}

impl SubjectDocument {
    fn of(subject: Subject) -> Self {
        match subject {
            Subject::Combination(combination) => Self::Combination(combination),
            Subject::Protocol(named) => {
                let Named { entry, variant, choices, .. } = named;
                let control = named.control().map(|control| control.entry.name);
                Self::Protocol {
                    protocol: entry.name,
                    lock: variant.name,
                    steps: choices.protocol(),
                    control,
                }
            }
        }
    }
}

/// The matrix of ticket files as one line of JSON.
#[must_use]
pub fn files_json(rows: &[Grading], trial: &Trial, failures: &[String]) -> String {
    let document = |row: &Grading| GradingDocument {
        subject: SubjectDocument::of(row.subject),
        trials: row.trials,
        counts: row.counts,
        sales_per_s: row.sales_per_s,
        wait_p99_ns: row.wait_p99_ns,
        killed: row.killed,
        grade: row.grade,
        fails_below: row.fails_below(),
        expected: row.subject.expected(),
        as_documented: row.as_documented(),
        why: reason(row, Lang::En),
    };
    let rows = rows.iter().map(document).collect();
    to_line(&Document { schema_version: SCHEMA_VERSION, trial, rows, failures })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::Obstacle;
    use crate::matrix::{Mounted, Tested};
    use crate::plan::Workers;
    use crate::protocol::file::Lock;

    fn combinations() -> Vec<Combination> {
        Combination::all(Workers::ALL, Lock::USUAL, Write::ALL)
    }

    fn row(subject: Subject, grade: Grade, obstacle: Option<Obstacle>) -> Grading {
        let counts = Counts { unsound: u32::from(grade == Grade::Unsafe), ..Counts::default() };
        Grading {
            subject,
            trials: 3,
            counts,
            sales_per_s: 1234.5,
            wait_p99_ns: Some(2_500_000),
            purchase_p99_ns: None,
            receipts: 1,
            tries: 1,
            aborts: 0,
            killed: None,
            grade,
            obstacle,
        }
    }

    fn matrix() -> (Vec<Grading>, Trial) {
        let all = combinations().into_iter().map(Subject::Combination);
        let rows = all.map(|subject| row(subject, subject.expected(), None)).collect();
        let place =
            Mounted { path: "/mnt/a*b".into(), filesystem: Some("nfs4".into()), ..Mounted::default() };
        let tested = Tested {
            version: "0.0".into(),
            host: Some("shop".into()),
            paths: vec![place],
            ..Tested::default()
        };
        let trial = Trial {
            trials: 3,
            until: None,
            buyers: 10,
            tickets: 20,
            think_ns: 1_000_000,
            seed: 7,
            tested,
            left_out: Vec::new(),
            rows_planned: None,
        };
        (rows, trial)
    }

    #[test]
    fn every_combination_has_a_sentence_in_every_language() {
        for row in matrix().0 {
            for lang in Lang::ALL {
                assert!(reason(&row, *lang).ends_with(['.', '。']), "{row:?}");
            }
        }
    }

    /// Every row of protocols says what it is compared with, in as many columns as the others.
    #[test]
    fn protocols_have_columns_of_their_own() {
        let (_, trial) = matrix();
        let all = Named::all().into_iter().map(Subject::Protocol);
        let rows: Vec<Grading> = all.map(|subject| row(subject, subject.expected(), None)).collect();
        for lang in Lang::ALL {
            let shown = files_table(&rows, &trial, *lang).text(400);
            for part in ["unlink-on-release", "unlink-checked", "close-drops-posix"] {
                assert!(shown.contains(part), "{part}: {shown}");
            }
            assert!(rows.iter().all(|row| reason(row, *lang).ends_with(['.', '。'])));
        }
        let shown = files_table(&rows, &trial, Lang::En).markdown();
        assert!(shown.contains("| close-drops-posix | flock | posix |"), "{shown}");
        assert!(shown.contains("no failure in 3") && shown.contains("too few trials"), "{shown}");
        let often: Vec<Grading> = rows.iter().cloned().map(|row| Grading { trials: 60, ..row }).collect();
        let shown = files_table(&often, &trial, Lang::En).markdown();
        assert!(
            shown.contains("while the one beside it failed") && shown.contains("| safe <5% |"),
            "{shown}"
        );
        assert!(!shown.contains("too few trials") && !shown.contains("no failure in 3"), "{shown}");
        let document = files_json(&rows, &trial, &[]);
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
            files_table(&rows, &trial, Lang::En).text(400),
            files_table(&rows, &trial, Lang::En).markdown(),
            files_table(&rows, &trial, Lang::En).html("ticketsim matrix").expect("a page"),
        ] {
            assert!(
                shown.contains("NOT AS DOCUMENTED") && shown.contains("NOT as documented: 1 of 84 rows"),
                "{shown}"
            );
            assert!(shown.contains("did NOT keep buyers apart"), "{shown}");
        }
        assert!(files_json(&rows, &trial, &[]).contains("\"as_documented\":false"));
    }

    /// What went wrong is said as it was: a lock that let two in, a buyer that never got it, a stock that was old.
    #[test]
    fn a_row_that_contradicts_says_why_it_failed() {
        let (rows, _) = matrix();
        let safe = rows.iter().find(|row| row.subject.expected() == Grade::Safe).expect("one");
        let said = |counts| reason(&Grading { grade: Grade::Unsafe, counts, ..safe.clone() }, Lang::En);
        let counts = Counts { unsound: 2, lost_updates: 2, ..Counts::default() };
        assert!(said(counts).contains("did NOT keep buyers apart"));
        assert!(said(Counts { stale_reads: 1, ..counts }).contains("did NOT keep buyers apart"));
        let stale = said(Counts { stale_reads: 1, stuck: 1, ..counts });
        assert!(stale.contains("did keep buyers apart, but one read a stock"), "{stale}");
        let stuck = said(Counts { unsound: 2, stuck: 2, ..Counts::default() });
        assert!(stuck.contains("never got the lock"), "{stuck}");
    }

    #[test]
    fn every_form_names_what_was_tested() {
        let (rows, trial) = matrix();
        let table = files_table(&rows, &trial, Lang::En);
        for (shown, path) in [
            (table.text(80), "/mnt/a*b (nfs4)"),
            (table.markdown(), "/mnt/a\\*b (nfs4)"),
            (table.html("ticketsim matrix").expect("a page"), "/mnt/a*b (nfs4)"),
        ] {
            assert!(shown.contains(path) && shown.contains("shop, "), "{shown}");
        }
        let document = files_json(&rows, &trial, &[]);
        assert!(document.contains(r#""paths":[{"path":"/mnt/a*b","filesystem":"nfs4"}]"#), "{document}");
    }

    #[test]
    fn a_narrow_table_fits_and_says_why_below() {
        let (rows, trial) = matrix();
        for width in [80, 100, 120] {
            let shown = files_table(&rows, &trial, Lang::En).text(width);
            let shown = anstream::adapter::strip_str(&shown).to_string();
            let table =
                shown.lines().skip_while(|line| !line.is_empty()).take_while(|line| !line.starts_with('['));
            let widest = table.map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{shown}");
            assert!(shown.contains("[1] Nothing keeps others out") && !shown.contains("[20]"), "{shown}");
            assert!(shown.lines().any(|line| line.contains("sequential") && line.contains("inconclusive")));
        }
        let shown = files_table(&rows, &trial, Lang::En).text(60);
        let shown = anstream::adapter::strip_str(&shown).to_string();
        for line in [
            "process · flock · overwrite: no failure in 3 [4]",
            "  oversold 0/3, lost updates 0/3, torn reads 0/3",
        ] {
            assert!(shown.lines().any(|shown| shown.starts_with(line)), "{line}: {shown}");
        }
        assert!(!shown.contains('─'), "{shown}");
    }

    #[test]
    fn markdown_has_as_many_cells_in_every_line() {
        let (rows, trial) = matrix();
        let shown = files_table(&rows, &trial, Lang::En).markdown();
        let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(lines.len(), rows.len() + 2);
        assert!(lines.iter().all(|line| line.matches('|').count() == 11));
    }

    #[test]
    fn what_could_not_run_says_so() {
        let (rows, _) = matrix();
        let obstacle = Obstacle::CouldNotRun("no locks available".to_owned());
        let row = row(rows[3].subject, Grade::Inconclusive, Some(obstacle));
        assert_eq!(reason(&row, Lang::En), "Could not be run here: no locks available.");
    }
}
