//! The matrix as one self-contained HTML page.

use askama::Template;

use super::table::{Table, TableRow};
use crate::lang::Lang;

#[derive(Template)]
#[template(path = "matrix.html")]
struct Page<'a> {
    lang: &'static str,
    about: &'a [String],
    tested: &'a [String],
    columns: Vec<PageCell<'a>>,
    rows: Vec<PageRow<'a>>,
    notes: &'a [String],
    conclusion: &'a str,
    command: &'a str,
}

struct PageRow<'a> {
    grade: &'static str,
    contradicts: bool,
    cells: Vec<PageCell<'a>>,
}

struct PageCell<'a> {
    /// What the style goes by; empty for words.
    class: &'static str,
    text: &'a str,
}

impl Table {
    /// The matrix as one self-contained HTML page, with the command that makes it.
    ///
    /// # Errors
    /// When the page can't be rendered.
    pub fn html(&self, command: &str) -> Result<String, askama::Error> {
        let columns = self.columns.iter().enumerate();
        let columns = columns.map(|(place, column)| self.cell(place, &column.heading)).collect();
        let page = Page {
            lang: match self.lang {
                Lang::En => "en",
                Lang::Zh => "zh-Hans",
            },
            about: &self.about,
            tested: &self.tested,
            columns,
            rows: self.rows.iter().map(|row| self.page_row(row)).collect(),
            notes: &self.notes,
            conclusion: &self.conclusion.1,
            command,
        };
        page.render()
    }

    fn page_row<'a>(&self, row: &'a TableRow) -> PageRow<'a> {
        let texts = row.cells.iter().chain([&row.why]).enumerate();
        PageRow {
            grade: row.grade.name(),
            contradicts: row.contradicts,
            cells: texts.map(|(place, text)| self.cell(place, text)).collect(),
        }
    }

    fn cell<'a>(&self, place: usize, text: &'a str) -> PageCell<'a> {
        let is_figure = self.columns.get(place).is_some_and(|column| column.is_figure);
        let class = match place {
            _ if is_figure => "figure",
            _ if place == self.grade_place() => "grade",
            _ => "",
        };
        PageCell { class, text }
    }
}
