//! The matrix as a table for a terminal.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};
use unicode_width::UnicodeWidthStr;

use super::table::{Column, Table};
use crate::grade::Grade;
use crate::report::text::{BAD, GOOD, ODD, styled};

/// Narrower tables have no room for sentences: they stand below then.
const ROOM_FOR_WHY: u16 = 160;
/// Narrower tables have short headings, and little between their columns.
const ROOM_FOR_HEADINGS: u16 = 100;
/// Still narrower ones can't be read any more: the terminal may wrap them.
const LEAST_WIDTH: u16 = 80;

/// One line below the headings, and none elsewhere.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Table {
    /// The matrix as a table for a terminal of this many columns; `None`: as wide as it gets. In a narrow
    /// one the sentences stand below, by number.
    #[must_use]
    pub fn text(&self, width: Option<u16>) -> String {
        let roomy = width.is_none_or(|width| width >= ROOM_FOR_WHY);
        let mut table = comfy_table::Table::new();
        table.load_style(LINES);
        if let Some(width) = width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(LEAST_WIDTH));
        }
        let mut sentences: Vec<&str> = Vec::new();
        for row in &self.rows {
            let last = if roomy {
                row.why.clone()
            } else {
                let known = sentences.iter().position(|sentence| *sentence == row.why);
                let place = known.unwrap_or_else(|| {
                    sentences.push(&row.why);
                    sentences.len() - 1
                });
                format!("[{}]", place + 1)
            };
            table.add_row(row.cells.iter().cloned().chain([last]));
        }
        self.set_columns(&mut table, width.is_some_and(|width| width < ROOM_FOR_HEADINGS));
        let mut text = format!("{}\n\n{}\n\n", self.above().join("\n"), self.coloured(&table.trim_fmt()));
        for (sentence, number) in sentences.iter().zip(1..) {
            let _ = writeln!(text, "[{number}] {sentence}");
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        let (style, conclusion) = &self.conclusion;
        let _ = writeln!(text, "{}", styled(*style, conclusion));
        text
    }

    fn above(&self) -> Vec<&str> {
        self.about.iter().chain(&self.tested).map(String::as_str).collect()
    }

    /// Figures stand at the right, no word is cut, and figures and grades stay in one line.
    fn set_columns(&self, table: &mut comfy_table::Table, tight: bool) {
        let padding = u16::from(!tight);
        let heading = |column: &Column| match &column.short {
            Some(short) if tight => short.clone(),
            _ => column.heading.clone(),
        };
        let headings: Vec<String> = self.columns.iter().map(heading).collect();
        table.set_header(headings.clone());
        for (place, (column, heading)) in self.columns.iter().zip(&headings).enumerate() {
            let Some(shown) = table.column_mut(place) else { continue };
            shown.set_padding((0, padding));
            if column.is_figure {
                shown.set_cell_alignment(CellAlignment::Right);
            }
            let whole = place == self.grade_place() || column.is_figure;
            let cells = self.rows.iter().filter_map(|row| row.cells.get(place));
            let in_cells =
                cells.flat_map(|cell| if whole { vec![cell.as_str()] } else { cell.split(' ').collect() });
            // Chinese characters are two columns wide.
            let longest = in_cells.chain(heading.split(' ')).map(UnicodeWidthStr::width).max().unwrap_or(0);
            let longest = u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(padding);
            shown.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest)));
        }
    }

    /// The table with its grades in colour: put in afterwards, since codes have no width.
    fn coloured(&self, table: &str) -> String {
        let mut grades: Vec<(&str, anstyle::Style)> = self
            .rows
            .iter()
            .map(|row| {
                let style = match row.grade {
                    Grade::Safe => GOOD,
                    Grade::Unsafe => BAD,
                    Grade::Inconclusive => ODD,
                };
                (row.graded(), style)
            })
            .collect();
        grades.sort_by_key(|(one, _)| *one);
        grades.dedup_by(|(one, _), (other, _)| one == other);
        grades.iter().fold(table.to_owned(), |table, (grade, style)| {
            // Set apart by spaces, so that a grade is not found within another.
            table.replace(&format!(" {grade} "), &format!(" {} ", styled(*style, *grade)))
        })
    }
}
