//! A table of graded rows, whatever they are about.

use anstyle::Style;

use super::{Trial, graded, tested};
use crate::grade::{Grade, Graded, Grading, Obstacle};
use crate::lang::{Lang, Noun, matrix as say};
use crate::report::text::{BAD, GOOD, ODD};

/// A table of graded rows: in each the cells of its own, its grade, and why.
#[derive(Clone, Debug)]
pub struct Table {
    /// In whose language it is.
    pub(super) lang: Lang,
    /// What a trial was, and where.
    pub(super) about: Vec<String>,
    /// What it was tried on: text that others have a hand in.
    pub(super) tested: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<TableRow>,
    /// How to read it, and what is to be said of all rows.
    pub(super) notes: Vec<String>,
    pub(super) conclusion: (Style, String),
}

/// A column: those before the grade, the grade, and the reasons.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) heading: String,
    /// What stands above it where there is little room.
    pub(super) short: Option<String>,
    /// Whether it holds figures.
    pub(super) is_figure: bool,
}

impl Column {
    pub(super) fn words(heading: String) -> Self {
        Self { heading, short: None, is_figure: false }
    }

    pub(super) fn figures(heading: String) -> Self {
        Self { is_figure: true, ..Self::words(heading) }
    }

    pub(super) fn or(self, short: String) -> Self {
        Self { short: Some(short), ..self }
    }
}

#[derive(Clone, Debug)]
pub(super) struct TableRow {
    /// All cells but the reason.
    pub(super) cells: Vec<String>,
    pub(super) grade: Grade,
    pub(super) contradicts: bool,
    pub(super) why: String,
    /// Whether the reason has words in it that are none of ours.
    pub(super) is_foreign: bool,
}

impl TableRow {
    /// The row with these cells before its grade, and this reason.
    pub(super) fn new<S: Graded>(row: &Grading<S>, mut cells: Vec<String>, why: String, lang: Lang) -> Self {
        cells.push(graded(row, lang));
        Self {
            cells,
            grade: row.grade,
            contradicts: row.contradicts(),
            why,
            is_foreign: matches!(row.obstacle, Some(Obstacle::CouldNotRun(_))),
        }
    }

    pub(super) fn graded(&self) -> &str {
        self.cells.last().map_or("", String::as_str)
    }
}

impl Table {
    /// A table of these columns before the grade, with what is said above of a trial, and below of a safe grade. `make`
    /// gives the cells of a row, and its reason.
    pub(super) fn new<S: Graded>(
        rows: &[Grading<S>],
        trial: &Trial,
        about: String,
        notes: Vec<String>,
        mut columns: Vec<Column>,
        lang: Lang,
        make: impl Fn(&Grading<S>) -> (Vec<String>, String),
    ) -> Self {
        columns.extend([say::column_grade(lang), say::column_why(lang)].map(Column::words));
        let row = |row: &Grading<S>| {
            let (cells, why) = make(row);
            TableRow::new(row, cells, why, lang)
        };
        Self {
            lang,
            about: vec![about],
            tested: tested::lines(&trial.tested, lang),
            columns,
            rows: rows.iter().map(row).collect(),
            notes,
            conclusion: conclusion(rows, trial, lang),
        }
    }

    /// The place of the grades among the columns.
    pub(super) fn grade_place(&self) -> usize {
        self.columns.len() - 2
    }
}

/// What is to be said of all rows. Of a matrix that was interrupted: how far it came, too.
fn conclusion<S: Graded>(rows: &[Grading<S>], trial: &Trial, lang: Lang) -> (Style, String) {
    let (style, of_rows) = of_rows(rows, lang);
    match trial.rows_planned {
        Some(planned) if rows.is_empty() => (ODD, say::interrupted(lang, 0, counted(planned, lang))),
        Some(planned) => {
            let style = if style == BAD { BAD } else { ODD };
            (style, format!("{} {of_rows}", say::interrupted(lang, rows.len(), counted(planned, lang))))
        }
        None => (style, of_rows),
    }
}

fn of_rows<S: Graded>(rows: &[Grading<S>], lang: Lang) -> (Style, String) {
    let contradict = rows.iter().filter(|row| row.contradicts()).count();
    let unlike = rows.iter().filter(|row| !row.as_documented()).count();
    if contradict > 0 {
        (BAD, say::some_not_as_documented(lang, contradict, counted(rows.len(), lang)))
    } else if unlike > 0 {
        (ODD, say::some_inconclusive(lang, unlike, counted(rows.len(), lang)))
    } else if rows.len() == 1 {
        (GOOD, say::one_as_documented(lang))
    } else {
        (GOOD, say::all_as_documented(lang, counted(rows.len(), lang)))
    }
}

/// So many rows.
pub(super) fn counted(rows: usize, lang: Lang) -> String {
    lang.count(rows as u64, Noun::Row)
}
