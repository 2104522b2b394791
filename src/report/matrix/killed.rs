//! The column of a matrix for trials in which a holder was killed.

use super::table::{Column, Table};
use crate::grade::{Grading, HolderKilled};
use crate::lang::{Lang, matrix as say};
use crate::report::words::span;

/// Whether the holder was killed in any of the rows.
pub(super) fn was_tried<S>(rows: &[Grading<S>]) -> bool {
    rows.iter().any(|row| row.killed.is_some())
}

/// Its column, where that was tried.
pub(super) fn column<S>(rows: &[Grading<S>], lang: Lang) -> Option<Column> {
    was_tried(rows).then(|| Column::figures(say::column_killed(lang)).or(say::short_killed(lang)))
}

/// Its cell in a row, where that was tried.
pub(super) fn cell<S>(rows: &[Grading<S>], row: &Grading<S>, lang: Lang) -> Option<String> {
    was_tried(rows).then(|| row.killed.map_or_else(|| "–".to_owned(), |killed| words(killed, lang)))
}

fn words(killed: HolderKilled, lang: Lang) -> String {
    let HolderKilled { trials, stuck, unsound, next_ns } = killed;
    match (stuck, next_ns) {
        (0, Some(next_ns)) if unsound == 0 => say::killed_goes_on(lang, span(next_ns)),
        (0, Some(next_ns)) => say::killed_goes_on_unsound(lang, span(next_ns), unsound, trials),
        (0, None) => say::killed_nobody(lang),
        (stuck, _) => say::killed_stuck(lang, stuck, trials),
    }
}

/// How to read the column.
pub(super) fn note<S>(table: &mut Table, rows: &[Grading<S>], lang: Lang) {
    if was_tried(rows) {
        table.notes.push(say::note_killed(lang));
    }
}
