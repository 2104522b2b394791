//! The differences between servers that lock rows: a value for a server, a level and its settings.

use crate::fault::StoreCode;

/// What plain reads see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sees {
    /// What was written last, committed or not; even outside a transaction.
    Newest,
    /// What was committed before the statement.
    Statement,
    /// What was committed before the snapshot of the transaction.
    Snapshot,
}

/// Which statement of a transaction takes the snapshot. It does so when it is sent, even if it then waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Begins {
    /// The first one, even one that takes an advisory lock.
    Any,
    /// The first plain read.
    PlainRead,
    /// The first that touches a table.
    OnTable,
}

/// How a locking read or a write fails if the row was changed and committed since the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stale {
    pub(super) code: StoreCode,
    /// Whether it first waits for the row's holder.
    pub(super) waits: bool,
}

/// What keeps two counts of receipts from selling the same ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Receipts {
    /// Nothing.
    Free,
    /// An insert fails if another's insert was committed since its snapshot.
    FirstCommitted,
    /// A count in a transaction waits for uncommitted inserts, and then keeps others from inserting until it ends.
    Gaps,
}

/// The rules in which servers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ways {
    /// What plain reads see.
    pub(super) sees: Sees,
    /// When a snapshot is taken, if reads use one or a stale row fails.
    pub(super) snapshot: Option<Begins>,
    /// Whether rows that a transaction reads stay locked against writers until its end.
    pub(super) reads_lock: bool,
    /// How a statement on a stale row fails, if it does.
    pub(super) stale: Option<Stale>,
    /// Whether WHERE is checked before the row is locked, on what the statement sees.
    pub(super) looks_first: bool,
    /// Whether a row that WHERE did not match stays locked even if there was no wait.
    pub(super) keeps_missed: bool,
    /// What keeps counts apart.
    pub(super) receipts: Receipts,
    /// Whether a share request waits behind a waiting writer.
    pub(super) is_fair: bool,
    /// Whether a circle of waits that leads through an advisory lock is detected.
    pub(super) sees_all_circles: bool,
    /// How a deadlock's victim fails.
    pub(super) deadlock: StoreCode,
    /// How a new stock below 0 fails, if the table forbids it.
    pub(super) check: Option<StoreCode>,
}
