//! What SQLite says in its own way (lang_transaction.html of its manual).

use crate::protocol::StepKind;

/// The types of `id` and `ticket`.
pub(super) const COLUMN_TYPES: (&str, &str) = ("INTEGER", "INTEGER");

/// What is sent for a step, where other engines are sent something else.
pub(super) fn text(kind: StepKind) -> Option<String> {
    match kind {
        StepKind::Begin => Some("BEGIN DEFERRED".to_owned()),
        StepKind::BeginImmediate => Some("BEGIN IMMEDIATE".to_owned()),
        _ => None,
    }
}
