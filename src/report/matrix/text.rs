//! The matrix as a table for a terminal.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use super::{FIGURES, GRADE, Trial, about, bound, cells, conclusion, graded, headings, why};
use crate::grade::{Grade, Row};
use crate::lang::{Lang, matrix as say};
use crate::report::text::{BAD, GOOD, ODD, styled};

/// Narrower tables have no room for sentences: they stand below then.
const ROOM_FOR_WHY: u16 = 160;
/// Narrower tables have short headings, and little between their columns.
const ROOM_FOR_HEADINGS: u16 = 100;
/// Still narrower ones can't be read any more: the terminal may wrap them.
const LEAST_WIDTH: u16 = 80;

/// One line below the headings, and none elsewhere.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

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
    let mut text = format!("{}\n\n{}\n\n", about(rows, trial, lang), coloured(&table.trim_fmt(), rows, lang));
    for (sentence, number) in sentences.iter().zip(1..) {
        let _ = writeln!(text, "[{number}] {sentence}");
    }
    let _ = writeln!(text, "{}", bound(rows, trial, lang));
    let (style, conclusion) = conclusion(rows, trial, lang);
    let _ = writeln!(text, "{}", styled(style, conclusion));
    text
}

/// Figures stand at the right, no word is cut, and figures and grades stay in one line.
fn set_columns(table: &mut Table, rows: &[Row], tight: bool, lang: Lang) {
    let padding = u16::from(!tight);
    let mut headings = headings(rows, lang);
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
