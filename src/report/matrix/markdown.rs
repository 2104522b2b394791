//! The matrix as a Markdown table.

use std::fmt::Write as _;

use super::{FIGURES, Trial, about, bound, cells, conclusion, headings, why};
use crate::grade::{Obstacle, Row};
use crate::lang::Lang;

/// The matrix as a Markdown table.
#[must_use]
pub fn markdown(rows: &[Row], trial: &Trial, lang: Lang) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = |place| if FIGURES.contains(&place) { "---:" } else { "---" }.to_owned();
    let rule: Vec<String> = (0..10).map(rule).collect();
    let mut text = format!("{}\n\n{}{}", about(rows, trial, lang), line(&headings(rows, lang)), line(&rule));
    for row in rows {
        let why = match row.obstacle {
            // A path in it, say, may look like markup.
            Some(Obstacle::CouldNotRun(_)) => no_markup(&why(row, lang)),
            _ => why(row, lang).replace('|', "\\|"),
        };
        let cells: Vec<String> = cells(row, lang).into_iter().chain([why]).collect();
        text.push_str(&line(&cells));
    }
    let _ = write!(text, "\n{} {}\n", bound(rows, trial, lang), conclusion(rows, trial, lang).1);
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
