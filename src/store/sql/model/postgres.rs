//! PostgreSQL's ways.
//!
//! - Read committed (manual, "Transaction Isolation", 13.2.1): each statement sees what was committed before it.
//!   An UPDATE looks for its row in that; after a wait it looks at WHERE again on the newest row, and keeps the
//!   lock even where that finds nothing.
//! - Repeatable read (13.2.2): the snapshot is that of the first statement after BEGIN, taken when it is sent,
//!   before it waits, `pg_advisory_xact_lock` included. Changing or locking a row that another has changed
//!   since fails with 40001, at once, or when the holder commits ("first updater wins").
//! - Serializable (13.2.3): where the stock is one row that adds nothing. Where it is a count of rows, an insert
//!   or a commit fails that would let two transactions have missed each other's receipt: 40001.
//! - Row locks (13.3.2): FOR UPDATE and writes exclude each other and FOR SHARE; FOR SHARE waits for an exclusive
//!   *holder* alone, and overtakes a writer that waits.
//! - Deadlocks (13.3.4): the victim fails with 40P01. Here it is the one that asked last; the server takes the
//!   one whose `deadlock_timeout` runs out first. No count depends on it.
//! - Advisory locks (13.3.5): of the session, which a rollback does not let go, or of the transaction.
//!
//! Left out: time (`lock_timeout`, `statement_timeout`, so 55P03 and 57014), savepoints, false alarms of
//! predicate locks on whole pages, a server that fails.

use super::rows::RowModel;
use super::ways::{Begins, Receipts, Sees, Stale, Ways};
use crate::fault::StoreCode;
use crate::protocol::sql::{Isolation, SqlSale};
use crate::stock::Stock;

/// The database from which `sale` sells so many tickets.
#[must_use]
pub fn postgres(sale: &SqlSale, tickets: Stock) -> RowModel {
    let serializable = sale.isolation == Isolation::Serializable;
    let one_snapshot = serializable || sale.isolation == Isolation::RepeatableRead;
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
        check: sale.constraint.then(|| StoreCode::of_state("23514")),
    };
    RowModel::with_ways(ways, sale.has_receipts(), tickets)
}
