//! The special SQL of SQLite (lang_transaction.html in its manual).

use crate::protocol::StepKind;

/// The types of `id` and `ticket`.
pub(super) const COLUMN_TYPES: (&str, &str) = ("INTEGER", "INTEGER");

/// The statement of a step, if other engines need another one.
pub(super) fn text(kind: StepKind) -> Option<String> {
    match kind {
        StepKind::Begin => Some("BEGIN DEFERRED".to_owned()),
        StepKind::BeginImmediate => Some("BEGIN IMMEDIATE".to_owned()),
        _ => None,
    }
}
