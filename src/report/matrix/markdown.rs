//! The matrix as a Markdown table.

use std::fmt::Write as _;

use super::table::Table;

impl Table {
    /// The matrix as a Markdown table.
    #[must_use]
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let headings: Vec<String> = self.columns.iter().map(|column| column.heading.clone()).collect();
        let rules: Vec<String> = self
            .columns
            .iter()
            .map(|column| if column.is_figure { "---:" } else { "---" }.to_owned())
            .collect();
        let tested = self.tested.iter().map(|line| no_markup(line));
        let above: Vec<String> = self.about.iter().cloned().chain(tested).collect();
        // A line feed alone joins lines in Markdown.
        let mut text = format!("{}\n\n{}{}", above.join("  \n"), line(&headings), line(&rules));
        for row in &self.rows {
            // A path in it, say, may look like markup.
            let why = if row.is_foreign { no_markup(&row.why) } else { row.why.replace('|', "\\|") };
            let cells: Vec<String> = row.cells.iter().cloned().chain([why]).collect();
            text.push_str(&line(&cells));
        }
        let _ = write!(text, "\n{} {}\n", self.notes.join(" "), self.conclusion.1);
        text
    }
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
