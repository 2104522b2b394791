//! The matrix as one self-contained HTML page: what holds and what does not on top, then the rows in groups.

use askama::Template;

use super::table::{Table, TableRow};
use crate::grade::Grade;
use crate::lang::{Lang, matrix as say};

/// The looks of the page of a race.
const STYLE: &str = include_str!("../page/page.css");
const SCRIPT: &str = include_str!("../page/matrix.js");

/// So many rows are named in the summary at first sight.
const FEW: usize = 12;

#[derive(Template)]
#[template(path = "matrix.html")]
struct Page<'a> {
    lang: &'static str,
    style: &'static str,
    script: &'static str,
    about: &'a [String],
    /// What was tested, and where.
    tested: &'a [String],
    summary: Vec<Part>,
    columns: Vec<PageCell<'a>>,
    groups: Vec<Group<'a>>,
    notes: &'a [String],
    conclusion: &'a str,
    command: &'a str,
    in_groups: String,
    sort_hint: String,
}

/// A part of the summary: the rows of which the same is to be said.
struct Part {
    class: &'static str,
    sign: &'static str,
    heading: String,
    /// The place of each row, and its name.
    rows: Vec<(usize, String)>,
    /// Whether it is worth more than its heading at first sight.
    open: bool,
}

/// Rows that share their first cell.
struct Group<'a> {
    name: &'a str,
    rows: Vec<PageRow<'a>>,
}

struct PageRow<'a> {
    place: usize,
    grade: &'static str,
    contradicts: bool,
    cells: Vec<PageCell<'a>>,
}

struct PageCell<'a> {
    /// What the style goes by; empty for words.
    class: &'static str,
    text: &'a str,
    /// What stands above it, for screens that have no room for a table.
    heading: &'a str,
}

impl Table {
    /// The matrix as one self-contained HTML page, with the command that makes it.
    ///
    /// # Errors
    /// When the page can't be rendered.
    pub fn html(&self, command: &str) -> Result<String, askama::Error> {
        let lang = self.lang;
        let columns = self.columns.iter().enumerate();
        let columns = columns.map(|(place, column)| self.cell(place, &column.heading)).collect();
        let page = Page {
            lang: match lang {
                Lang::En => "en",
                Lang::Zh => "zh-Hans",
            },
            style: STYLE,
            script: SCRIPT,
            about: &self.about,
            tested: &self.tested,
            summary: self.summary(),
            columns,
            groups: self.groups(),
            notes: &self.notes,
            conclusion: &self.conclusion.1,
            command,
            in_groups: say::in_groups(lang),
            sort_hint: say::sort_hint(lang),
        };
        page.render()
    }

    /// What holds here, what does not, what differs from its documentation, and what nobody knows.
    fn summary(&self) -> Vec<Part> {
        let lang = self.lang;
        let part = |class, sign, heading: fn(Lang, usize) -> String, open, of: fn(&TableRow) -> bool| {
            let rows = self.rows.iter().enumerate().filter(|(_, row)| of(row));
            let rows: Vec<_> = rows.map(|(place, row)| (place, self.name(row))).collect();
            Part { class, sign, heading: heading(lang, rows.len()), open: open || rows.len() <= FEW, rows }
        };
        let parts = [
            part("contradicts", "✕", say::differs, true, |row| row.contradicts),
            part("safe", "✓", say::holds_here, false, |row| row.grade == Grade::Safe),
            part("unsafe", "✕", say::does_not_hold, false, |row| row.grade == Grade::Unsafe),
            part("inconclusive", "?", say::not_shown, false, |row| row.grade == Grade::Inconclusive),
        ];
        parts.into_iter().filter(|part| !part.rows.is_empty() || part.class == "contradicts").collect()
    }

    /// What tells a row from others: its words before the figures.
    pub(super) fn name(&self, row: &TableRow) -> String {
        let words = row.cells.iter().zip(&self.columns).take_while(|(_, column)| !column.is_figure);
        words.map(|(cell, _)| cell.as_str()).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            let name = row.cells.first().map_or("", String::as_str);
            if groups.last().is_none_or(|group| group.name != name) {
                groups.push(Group { name, rows: Vec::new() });
            }
            if let Some(group) = groups.last_mut() {
                group.rows.push(self.page_row(place, row));
            }
        }
        groups
    }

    fn page_row<'a>(&'a self, place: usize, row: &'a TableRow) -> PageRow<'a> {
        let texts = row.cells.iter().chain([&row.why]).enumerate();
        PageRow {
            place,
            grade: row.grade.name(),
            contradicts: row.contradicts,
            cells: texts.map(|(place, text)| self.cell(place, text)).collect(),
        }
    }

    fn cell<'a>(&'a self, place: usize, text: &'a str) -> PageCell<'a> {
        let column = self.columns.get(place);
        let class = match place {
            _ if column.is_some_and(|column| column.is_figure) => "figure",
            _ if place == self.grade_place() => "grade",
            _ if place > self.grade_place() => "why",
            _ => "",
        };
        PageCell { class, text, heading: column.map_or("", |column| column.heading.as_str()) }
    }
}
