//! The rules of PostgreSQL.
//!
//! - Read committed (manual, "Transaction Isolation", 13.2.1): each statement sees what was committed before it.
//!   An UPDATE finds its row in that; after a wait it checks WHERE again on the newest row, and keeps the lock even if
//!   that does not match.
//! - Repeatable read (13.2.2): the snapshot is that of the first statement after BEGIN, taken when it is sent,
//!   before it waits, `pg_advisory_xact_lock` included. To change or lock a row that another has changed since fails
//!   with 40001, at once or when the holder commits ("first updater wins").
//! - Serializable (13.2.3): if the stock is one row, this is the same as repeatable read. If it is a count of rows, and
//!   two transactions have missed each other's receipt, an insert or a commit fails with 40001.
//! - Row locks (13.3.2): FOR UPDATE and writes exclude each other and FOR SHARE; FOR SHARE waits only for an exclusive
//!   *holder*, and overtakes a waiting writer.
//! - Deadlocks (13.3.4): the victim fails with 40P01. Here it is the one that asked last; the server takes the
//!   one whose `deadlock_timeout` runs out first. No count depends on it.
//! - Advisory locks (13.3.5): of the session, which a rollback does not release, or of the transaction.
//!
//! Left out: time (`lock_timeout`, `statement_timeout`, so 55P03 and 57014), savepoints, false alarms of predicate
//! locks on whole pages, server failures.

use super::rows::RowModel;
use super::ways::{Begins, Receipts, Sees, Stale, Ways};
use crate::fault::StoreCode;
use crate::protocol::sql::{Isolation, SqlChoices};
use crate::stock::Stock;

/// The database from which `choices` sell this many tickets.
#[must_use]
pub fn postgres(choices: &SqlChoices, tickets: Stock) -> RowModel {
    let serializable = choices.isolation == Isolation::Serializable;
    let one_snapshot = serializable || choices.isolation == Isolation::RepeatableRead;
    let ways = Ways {
        sees: if one_snapshot { Sees::Snapshot } else { Sees::Statement },
        snapshot: one_snapshot.then_some(Begins::Any),
        reads_lock: false,
        stale: one_snapshot.then(|| Stale { code: StoreCode::of_state("40001"), waits: false }),
        looks_first: true,
        keeps_missed: false,
        receipts: if serializable { Receipts::FirstCommitted } else { Receipts::Free },
        is_fair: false,
        sees_all_circles: true,
        deadlock: StoreCode::of_state("40P01"),
        check: choices.constraint.then(|| StoreCode::of_state("23514")),
    };
    RowModel::with_ways(ways, choices.has_receipts(), tickets)
}
