//! The matrix as one self-contained HTML page.

use askama::Template;

use super::{Trial, about, bound, cells, conclusion, headings, why};
use crate::grade::Row;
use crate::lang::Lang;

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
        about: about(rows, trial, lang),
        headings: headings(rows, lang),
        rows: rows.iter().map(page_row).collect(),
        bound: bound(rows, trial, lang),
        conclusion: conclusion(rows, trial, lang).1,
        command: command.to_owned(),
    };
    page.render()
}
