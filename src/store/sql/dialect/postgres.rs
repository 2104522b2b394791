//! The special SQL of PostgreSQL: its levels, and its advisory locks (sections 13.2 and 13.3.5 of its manual).

use crate::protocol::StepKind;
use crate::protocol::sql::Isolation;
use crate::store::sql::name::SaleName;

/// The types of `id` and `ticket`.
pub(super) const COLUMN_TYPES: (&str, &str) = ("int", "bigint");

/// The statement of a step, if other engines need another one.
pub(super) fn text(kind: StepKind, isolation: Isolation, name: &SaleName) -> Option<String> {
    let key = name.lock_key();
    Some(match kind {
        StepKind::Begin => format!("BEGIN ISOLATION LEVEL {}", level(isolation)?),
        StepKind::Lock => format!("SELECT pg_advisory_lock({key})"),
        StepKind::LockUntilCommit => format!("SELECT pg_advisory_xact_lock({key})"),
        // As a number, like all that is answered.
        StepKind::Unlock => format!("SELECT pg_advisory_unlock({key})::int::bigint"),
        _ => return None,
    })
}

/// A level as SQL writes it; `None` for the levels of other engines.
const fn level(isolation: Isolation) -> Option<&'static str> {
    match isolation {
        Isolation::ReadCommitted => Some("READ COMMITTED"),
        Isolation::RepeatableRead => Some("REPEATABLE READ"),
        Isolation::Serializable => Some("SERIALIZABLE"),
        Isolation::None | Isolation::ReadUncommitted | Isolation::Deferred | Isolation::Immediate => None,
    }
}
