//! The matrix for a terminal: a table; where that has no room, a few lines a row.

use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};
use unicode_width::UnicodeWidthStr;

use super::table::{Column, Table};
use crate::grade::Grade;
use crate::lang::Lang;
use crate::report::text::{ASIDE, BAD, GOOD, ODD, styled};

/// Narrower tables have no room for sentences: they stand below then.
const ROOM_FOR_WHY: usize = 160;
/// Narrower tables have short headings, and little between their columns.
const ROOM_FOR_HEADINGS: usize = 100;

/// One line below the headings, and none elsewhere.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Table {
    /// The matrix for a terminal of this many columns. In a narrow one the sentences stand below, by number.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let mut sentences: Vec<&str> = Vec::new();
        let reasons: Vec<String> = if width >= ROOM_FOR_WHY {
            self.rows.iter().map(|row| row.why.clone()).collect()
        } else {
            self.rows.iter().map(|row| format!("[{}]", number_of(&mut sentences, &row.why))).collect()
        };
        let table = self.table(&reasons, width).trim_fmt();
        let fits = table.lines().all(|line| line.width() <= width);
        let rows = if fits { self.coloured(&table) } else { self.entries(&reasons, width) };
        let mut text = format!("{}\n\n{rows}\n\n", self.above().join("\n"));
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

    fn table(&self, reasons: &[String], width: usize) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table.load_style(LINES);
        let columns = u16::try_from(width).unwrap_or(u16::MAX);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
        for (row, reason) in self.rows.iter().zip(reasons) {
            table.add_row(row.cells.iter().chain([reason]));
        }
        self.set_columns(&mut table, width < ROOM_FOR_HEADINGS);
        table
    }

    /// Each row as what it is about, its grade and where its reason stands, and its figures below.
    fn entries(&self, reasons: &[String], width: usize) -> String {
        let words = self.columns.iter().take_while(|column| !column.is_figure);
        let words: Vec<&str> = words.map(|column| column.heading.as_str()).collect();
        let mut text = format!("{}\n", styled(ASIDE, words.join(" · ")));
        let separator = if self.lang == Lang::Zh { "，" } else { ", " };
        let colon = if self.lang == Lang::Zh { "：" } else { ": " };
        for (row, reason) in self.rows.iter().zip(reasons) {
            let figure = |(column, cell): (&Column, &String)| format!("{} {cell}", column.heading);
            let cells = self.columns.iter().zip(&row.cells).filter(|(column, _)| column.is_figure);
            let figures: Vec<String> = cells.map(figure).collect();
            let grade = styled(style(row.grade), row.graded());
            let _ = writeln!(text, "{}{colon}{grade} {reason}", self.name(row));
            text.push_str(&packed(&figures, separator, width));
        }
        text.trim_end().to_owned()
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
        let mut grades: Vec<(&str, Style)> =
            self.rows.iter().map(|row| (row.graded(), style(row.grade))).collect();
        grades.sort_by_key(|(one, _)| *one);
        grades.dedup_by(|(one, _), (other, _)| one == other);
        grades.iter().fold(table.to_owned(), |table, (grade, style)| {
            // Set apart by spaces, so that a grade is not found within another.
            table.replace(&format!(" {grade} "), &format!(" {} ", styled(*style, *grade)))
        })
    }
}

/// The figures, as many a line as have room.
fn packed(figures: &[String], separator: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for figure in figures {
        match lines.last_mut() {
            Some(line) if line.width() + separator.width() + figure.width() < width => {
                line.push_str(separator);
                line.push_str(figure);
            }
            line => {
                // What is between two lines stands at the end of the first.
                line.into_iter().for_each(|line| line.push_str(separator.trim_end()));
                lines.push(format!("  {figure}"));
            }
        }
    }
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

/// The number of a sentence among those that stand below, from 1; it is put there if it is new.
fn number_of<'a>(sentences: &mut Vec<&'a str>, sentence: &'a str) -> usize {
    let known = sentences.iter().position(|one| *one == sentence);
    known.unwrap_or_else(|| {
        sentences.push(sentence);
        sentences.len() - 1
    }) + 1
}

fn style(grade: Grade) -> Style {
    match grade {
        Grade::Safe => GOOD,
        Grade::Unsafe => BAD,
        Grade::Inconclusive => ODD,
    }
}
