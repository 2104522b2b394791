//! The rules of MariaDB (InnoDB), as measured on 10.11.
//!
//! - Statements that write or lock first take the lock, waiting if necessary, and then check WHERE on the newest row,
//!   at every level. A row that WHERE did not match stays locked at repeatable read and serializable; below that, only
//!   if the statement had to wait for it.
//! - Read uncommitted sees uncommitted data. Read committed sees what was committed before the statement. Repeatable
//!   read takes its snapshot with the first plain read or count; locking statements and GET_LOCK take none. Writes and
//!   locking reads use the newest row, so updates are lost at repeatable read.
//! - Serializable: every read in a transaction takes a share lock until its end, and a count keeps others from
//!   inserting.
//! - `innodb_snapshot_isolation` (on from 11.6.2 on): at repeatable read a locking read or a write first waits for the
//!   row's holder, and fails with 1020 if the row was changed and committed since the snapshot. Serializable does the
//!   same, and there the first statement on the table takes the snapshot when it is sent, even outside a transaction.
//!   At lower levels it changes nothing.
//! - Row locks have one queue: a share request waits behind a waiting writer.
//! - Deadlocks: at once, 1213. The victim is the one that asked last, unless another has changed and locked less. A
//!   circle that leads through GET_LOCK is not detected: its members wait until `innodb_lock_wait_timeout`.
//!
//! Left out: time (so 1205), savepoints, server failures. MySQL has no snapshot isolation; otherwise it should be the
//! same, but was not measured.

use super::rows::RowModel;
use super::ways::{Begins, Receipts, Sees, Stale, Ways};
use crate::fault::StoreCode;
use crate::protocol::sql::{Isolation, SqlChoices, Switch};
use crate::stock::Stock;

/// The database from which `choices` sell this many tickets.
#[must_use]
pub fn mysql(choices: &SqlChoices, tickets: Stock) -> RowModel {
    let serializable = choices.isolation == Isolation::Serializable;
    let repeatable = choices.isolation == Isolation::RepeatableRead;
    let fails = choices.snapshot_isolation == Some(Switch::On) && (repeatable || serializable);
    let ways = Ways {
        sees: match choices.isolation {
            Isolation::ReadUncommitted => Sees::Newest,
            Isolation::RepeatableRead => Sees::Snapshot,
            _ => Sees::Statement,
        },
        snapshot: match choices.isolation {
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
        check: choices.constraint.then_some(StoreCode(4025)),
    };
    RowModel::with_ways(ways, choices.has_receipts(), tickets)
}
