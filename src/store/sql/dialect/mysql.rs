//! The special SQL of MariaDB and MySQL: levels, locks by name, and the new stock in the answer to an UPDATE, for which
//! they have no RETURNING (LAST_INSERT_ID and GET_LOCK in their manuals).

use super::SNAPSHOT_ISOLATION;
use crate::protocol::StepKind;
use crate::protocol::sql::{Isolation, SqlChoices};
use crate::store::sql::name::SaleName;

/// The types of `id` and `ticket`.
pub(super) const COLUMN_TYPES: (&str, &str) = ("INT", "BIGINT");

/// A year, in seconds: the longest that GET_LOCK waits.
const LONGEST: u64 = 31_536_000;

/// How long a purchase waits for a row or for the lock at most, if the sale says so. These servers count whole seconds.
fn lock_timeout_s(choices: &SqlChoices) -> Option<u64> {
    Some((choices.lock_timeout_ns? / 1_000_000_000).clamp(1, LONGEST))
}

/// The statement of a step, if other engines need another one.
pub(super) fn text(kind: StepKind, choices: &SqlChoices, name: &SaleName) -> Option<String> {
    let stock = name.stock_table();
    let longest = lock_timeout_s(choices).unwrap_or(LONGEST);
    Some(match kind {
        StepKind::Begin => "START TRANSACTION".to_owned(),
        StepKind::ReadForShare => format!("SELECT ticket FROM {stock} WHERE id = 1 LOCK IN SHARE MODE"),
        // The answer to an UPDATE contains this number, so it needs no further round trip. It has no sign there.
        StepKind::Decrement => {
            format!("UPDATE {stock} SET ticket = CAST(LAST_INSERT_ID(ticket - 1) AS SIGNED) WHERE id = 1")
        }
        StepKind::Take => {
            format!("UPDATE {stock} SET ticket = LAST_INSERT_ID(ticket - 1) WHERE id = 1 AND ticket > 0")
        }
        StepKind::Lock => format!("SELECT COALESCE(GET_LOCK({}, {longest}), 0)", lock(name)),
        StepKind::Unlock => format!("SELECT COALESCE(RELEASE_LOCK({}), 0)", lock(name)),
        _ => return None,
    })
}

/// The name of a sale's lock, as an expression. Such names belong to the server, not to a database, and have at most 64
/// characters.
fn lock(name: &SaleName) -> String {
    format!("CONCAT('ticketsim/', CRC32(DATABASE()), '/{name}')")
}

/// The statements that prepare a connection for this sale: its level, whatever the server's default is.
#[must_use]
#[cfg_attr(not(feature = "mysql"), allow(dead_code))]
pub(in crate::store::sql) fn set_up(choices: &SqlChoices) -> Vec<String> {
    let level = match choices.isolation {
        Isolation::ReadUncommitted => "READ UNCOMMITTED",
        Isolation::ReadCommitted => "READ COMMITTED",
        Isolation::Serializable => "SERIALIZABLE",
        Isolation::None | Isolation::RepeatableRead | Isolation::Deferred | Isolation::Immediate => {
            "REPEATABLE READ"
        }
    };
    let mut statements = vec![
        format!("SET SESSION TRANSACTION ISOLATION LEVEL {level}"),
        "SET SESSION autocommit = 1".to_owned(),
    ];
    if let Some(is) = choices.snapshot_isolation {
        statements.push(format!("SET SESSION {SNAPSHOT_ISOLATION} = {is}"));
    }
    if let Some(seconds) = lock_timeout_s(choices) {
        statements.push(format!("SET SESSION innodb_lock_wait_timeout = {seconds}"));
    }
    statements
}
