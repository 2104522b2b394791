//! The matrix as text, Markdown, HTML and JSON. All of them take the sentences from here.

use std::fmt::Write as _;

use askama::Template;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};
use serde::Serialize;

use super::json::{SCHEMA_VERSION, to_line};
use super::text::{BAD, GOOD, ODD, styled};
use super::words::{grouped, span};
use crate::foreign;
use crate::grade::{Combination, Counts, Grade, Obstacle, Row};
use crate::lang::{Lang, matrix as say, run as say_run};
use crate::plan::{Exclusion, Plan, Workers};
use crate::protocol::file::{Lock, LockOn, Sale, Write};
use crate::stock::Stock;

/// Narrower tables have no room for sentences: they stand below then.
const ROOM_FOR_WHY: u16 = 160;
/// Narrower tables have short headings, and little between their columns.
const ROOM_FOR_HEADINGS: u16 = 100;
/// Still narrower ones can't be read any more: the terminal may wrap them.
const LEAST_WIDTH: u16 = 80;

/// One line below the headings, and none elsewhere.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

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

/// Why a combination is expected to do as it does, in one sentence.
#[must_use]
pub fn documented(sale: &Sale, workers: Workers, lang: Lang) -> String {
    match Exclusion::of(sale, workers) {
        Exclusion::NoLock => match sale.write {
            Write::Overwrite => say::why_none_overwrite(lang),
            Write::Truncate => say::why_none_truncate(lang),
            Write::Rename => say::why_none_rename(lang),
        },
        Exclusion::SameOwner => say::why_same_owner(lang),
        Exclusion::RenamedAway => say::why_renamed_away(lang),
        Exclusion::NotCovered => say::why_not_covered(lang),
        Exclusion::InTurn => say::why_in_turn(lang),
        Exclusion::Excludes => match sale.lock {
            // Without a lock nothing excludes.
            Lock::None => String::new(),
            Lock::Flock => say::why_flock(lang),
            Lock::Posix => say::why_posix(lang),
            Lock::Ofd => say::why_ofd(lang),
            Lock::Lockfile => say::why_lockfile(lang),
            Lock::Semaphore => say::why_semaphore(lang),
        },
    }
}

/// What is said of a plan whose lock does not keep its buyers apart.
#[must_use]
pub fn demonstration(plan: &Plan, lang: Lang) -> Option<String> {
    match plan.exclusion() {
        Exclusion::Excludes | Exclusion::NoLock | Exclusion::InTurn => None,
        Exclusion::RenamedAway | Exclusion::SameOwner | Exclusion::NotCovered => {
            Some(say_run::demonstration(lang, documented(&plan.sale, plan.workers, lang)))
        }
    }
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

/// The matrix as a table for a terminal of this many columns; `None`: as wide as it gets. In a narrow
/// one the sentences stand below, by number.
#[must_use]
pub fn text(rows: &[Row], trial: &Trial, width: Option<u16>, lang: Lang) -> String {
    let roomy = width.is_none_or(|width| width >= ROOM_FOR_WHY);
    let mut table = Table::new();
    table.load_style(LINES);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(LEAST_WIDTH));
    }
    let mut sentences: Vec<String> = Vec::new();
    for row in rows {
        let why = why(row, lang);
        let last = if roomy {
            why
        } else {
            let known = sentences.iter().position(|sentence| *sentence == why);
            let place = known.unwrap_or_else(|| {
                sentences.push(why);
                sentences.len() - 1
            });
            format!("[{}]", place + 1)
        };
        table.add_row(cells(row, lang).into_iter().chain([last]));
    }
    let tight = width.is_some_and(|width| width < ROOM_FOR_HEADINGS);
    set_columns(&mut table, rows, tight, lang);
    let mut text = format!("{}\n\n{}\n\n", about(trial, lang), coloured(&table.trim_fmt(), rows, lang));
    for (sentence, number) in sentences.iter().zip(1..) {
        let _ = writeln!(text, "[{number}] {sentence}");
    }
    let _ = writeln!(text, "{}", say::bound(lang, trial.trials));
    let (style, conclusion) = conclusion(rows, trial, lang);
    let _ = writeln!(text, "{}", styled(style, conclusion));
    text
}

/// Figures stand at the right, no word is cut, and figures and grades stay in one line.
fn set_columns(table: &mut Table, rows: &[Row], tight: bool, lang: Lang) {
    let padding = u16::from(!tight);
    let mut headings = headings(lang);
    if tight {
        let short = [say::short_oversold(lang), say::short_lost(lang), say::short_torn(lang)];
        for (heading, short) in headings[3..].iter_mut().zip(short) {
            *heading = short;
        }
    }
    table.set_header(headings.clone());
    let all: Vec<[String; 9]> = rows.iter().map(|row| cells(row, lang)).collect();
    // Chinese characters are two columns wide.
    let columns = |word: &str| word.chars().map(|c| if c.is_ascii() { 1_u16 } else { 2 }).sum::<u16>();
    for (place, heading) in headings.iter().enumerate() {
        let Some(column) = table.column_mut(place) else { continue };
        column.set_padding((0, padding));
        if FIGURES.contains(&place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let whole = place == GRADE || FIGURES.contains(&place);
        let cells = all.iter().filter_map(|cells| cells.get(place));
        let in_cells =
            cells.flat_map(|cell| if whole { vec![cell.as_str()] } else { cell.split(' ').collect() });
        let longest = in_cells.chain(heading.split(' ')).map(columns).max().unwrap_or(0);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest + padding)));
    }
}

/// The table with its grades in colour: put in afterwards, since codes have no width.
fn coloured(table: &str, rows: &[Row], lang: Lang) -> String {
    let mut grades: Vec<(String, anstyle::Style)> = rows
        .iter()
        .map(|row| {
            let style = match row.grade {
                Grade::Safe => GOOD,
                Grade::Unsafe => BAD,
                Grade::Inconclusive => ODD,
            };
            (graded(row, lang), style)
        })
        .collect();
    grades.sort_by(|(one, _), (other, _)| one.cmp(other));
    grades.dedup_by(|(one, _), (other, _)| one == other);
    grades.iter().fold(table.to_owned(), |table, (grade, style)| {
        // Set apart by spaces, so that a grade is not found within another.
        table.replace(&format!(" {grade} "), &format!(" {} ", styled(*style, grade)))
    })
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

/// The matrix as a Markdown table.
#[must_use]
pub fn markdown(rows: &[Row], trial: &Trial, lang: Lang) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = |place| if FIGURES.contains(&place) { "---:" } else { "---" }.to_owned();
    let rule: Vec<String> = (0..10).map(rule).collect();
    let mut text = format!("{}\n\n{}{}", about(trial, lang), line(&headings(lang)), line(&rule));
    for row in rows {
        let why = match row.obstacle {
            // A path in it, say, may look like markup.
            Some(Obstacle::CouldNotRun(_)) => no_markup(&why(row, lang)),
            _ => why(row, lang).replace('|', "\\|"),
        };
        let cells: Vec<String> = cells(row, lang).into_iter().chain([why]).collect();
        text.push_str(&line(&cells));
    }
    let _ = write!(text, "\n{} {}\n", say::bound(lang, trial.trials), conclusion(rows, trial, lang).1);
    text
}

/// The text in Markdown as it stands, whatever is in it.
fn no_markup(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if "\\`*_[]<>&|#!~".contains(c) {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}

#[derive(Template)]
#[template(path = "matrix.html")]
struct Page {
    lang: &'static str,
    about: String,
    headings: [String; 10],
    rows: Vec<PageRow>,
    bound: String,
    conclusion: String,
    command: String,
}

struct PageRow {
    grade: &'static str,
    contradicts: bool,
    cells: Vec<String>,
}

/// The matrix as one self-contained HTML page.
///
/// # Errors
/// When the page can't be rendered.
pub fn html(rows: &[Row], trial: &Trial, command: &str, lang: Lang) -> Result<String, askama::Error> {
    let page_row = |row: &Row| PageRow {
        grade: row.grade.name(),
        contradicts: row.contradicts(),
        cells: cells(row, lang).into_iter().chain([why(row, lang)]).collect(),
    };
    let page = Page {
        lang: match lang {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        },
        about: about(trial, lang),
        headings: headings(lang),
        rows: rows.iter().map(page_row).collect(),
        bound: say::bound(lang, trial.trials),
        conclusion: conclusion(rows, trial, lang).1,
        command: command.to_owned(),
    };
    page.render()
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    #[serde(flatten)]
    trial: &'a Trial,
    rows: Vec<RowDocument>,
    /// What else failed once the trials were over.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failures: &'a [String],
}

#[derive(Serialize)]
struct RowDocument {
    #[serde(flatten)]
    combination: Combination,
    trials: u32,
    #[serde(flatten)]
    counts: Counts,
    sales_per_s: f64,
    wait_p99_ns: Option<u64>,
    grade: Grade,
    fails_below: Option<f64>,
    expected: Grade,
    as_documented: bool,
    why: String,
}

/// The matrix as one line of JSON.
#[must_use]
pub fn json(rows: &[Row], trial: &Trial, failures: &[String]) -> String {
    let document = |row: &Row| RowDocument {
        combination: row.combination,
        trials: row.trials,
        counts: row.counts,
        sales_per_s: row.sales_per_s,
        wait_p99_ns: row.wait_p99_ns,
        grade: row.grade,
        fails_below: row.fails_below(),
        expected: row.combination.expected(),
        as_documented: row.as_documented(),
        why: why(row, Lang::En),
    };
    let rows = rows.iter().map(document).collect();
    to_line(&Document { schema_version: SCHEMA_VERSION, trial, rows, failures })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Workers;

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
