//! MariaDB's ways (InnoDB), as they were measured on 10.11.
//!
//! - Statements that write or lock take the lock first, waiting if need be, and look at WHERE on the newest row
//!   afterwards, at every level. A row that WHERE did not find stays locked at repeatable read and serializable; below
//!   that, only if it was waited for.
//! - Read uncommitted sees what is not committed. Read committed sees what was committed before the statement.
//!   Repeatable read takes its snapshot with the first plain read or count: no locking statement takes one, nor does
//!   GET_LOCK. Writes and locking reads meet the newest row: so updates are lost at repeatable read.
//! - Serializable: every read in a transaction is a share lock until its end, and a count keeps others from inserting.
//! - `innodb_snapshot_isolation` (on from 11.6.2 on): at repeatable read a locking read or a write fails with 1020
//!   where the row was changed and committed since the snapshot, after waiting for who holds it. At serializable, too,
//!   and there the first statement on the table takes the snapshot when it is sent, also where it is a transaction of
//!   its own. Below, it changes nothing.
//! - Row locks stand in one queue: who wants to share waits behind a writer that waits.
//! - Deadlocks: at once, 1213. The victim is the one that asked last: the engine takes another one only where that has
//!   changed and locked less. A circle that leads through GET_LOCK is seen by nobody: those in it wait until
//!   `innodb_lock_wait_timeout`.
//!
//! Left out: time (so 1205), savepoints, a server that fails. MySQL has no snapshot isolation; else it should be the
//! same, and was not measured.

use super::rows::RowModel;
use super::ways::{Begins, Receipts, Sees, Stale, Ways};
use crate::fault::StoreCode;
use crate::protocol::sql::{Isolation, SqlSale, Switch};
use crate::stock::Stock;

/// The database from which `sale` sells so many tickets.
#[must_use]
pub fn mysql(sale: &SqlSale, tickets: Stock) -> RowModel {
    let serializable = sale.isolation == Isolation::Serializable;
    let repeatable = sale.isolation == Isolation::RepeatableRead;
    let fails = sale.snapshot_isolation == Some(Switch::On) && (repeatable || serializable);
    let ways = Ways {
        sees: match sale.isolation {
            Isolation::ReadUncommitted => Sees::Newest,
            Isolation::RepeatableRead => Sees::Snapshot,
            _ => Sees::Statement,
        },
        snapshot: match sale.isolation {
            Isolation::RepeatableRead => Some(Begins::PlainRead),
            Isolation::Serializable if fails => Some(Begins::OnTable),
            _ => None,
        },
        reads_lock: serializable,
        stale: fails.then_some(Stale { code: StoreCode(1020), waits: true }),
        looks_first: false,
        keeps_missed: repeatable || serializable,
        receipts: if serializable { Receipts::Gaps } else { Receipts::Free },
        is_fair: true,
        sees_all_circles: false,
        deadlock: StoreCode(1213),
        check: sale.constraint.then_some(StoreCode(4025)),
    };
    RowModel::with_ways(ways, sale.has_receipts(), tickets)
}
