//! What servers that lock rows do each in its own way: a value for a server, a level and its settings.

use crate::fault::StoreCode;

/// What plain reads see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sees {
    /// What was written last, committed or not; outside a transaction, too.
    Newest,
    /// What was committed before the statement.
    Statement,
    /// What was committed before the snapshot of the transaction.
    Snapshot,
}

/// Which statement of a transaction takes its snapshot, when it is sent, whether it will wait or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Begins {
    /// The first, one that takes an advisory lock included.
    Any,
    /// The first plain read.
    PlainRead,
    /// The first that touches a table.
    OnTable,
}

/// How a locking read or a write fails that meets a row which was changed and committed since the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stale {
    pub(super) code: StoreCode,
    /// Whether it waits first for who holds the row.
    pub(super) waits: bool,
}

/// What keeps two counts of receipts from selling the same ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Receipts {
    /// Nothing.
    Free,
    /// Who inserts fails where another's insert was committed since its snapshot.
    FirstCommitted,
    /// Who counts in a transaction waits for inserts that are not committed, and then keeps others from inserting
    /// until it ends.
    Gaps,
}

/// How a server does what others do otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ways {
    /// What plain reads see.
    pub(super) sees: Sees,
    /// When a snapshot is taken, where reads see one or a stale row fails.
    pub(super) snapshot: Option<Begins>,
    /// Whether what a transaction reads stays locked against writers until its end.
    pub(super) reads_lock: bool,
    /// What becomes of a stale row.
    pub(super) stale: Option<Stale>,
    /// Whether WHERE is looked at before the row is locked, on what the statement sees.
    pub(super) looks_first: bool,
    /// Whether a row that WHERE did not find stays locked though nobody was waited for.
    pub(super) keeps_missed: bool,
    /// What keeps counts apart.
    pub(super) receipts: Receipts,
    /// Whether who wants to share the row waits behind a writer that waits.
    pub(super) is_fair: bool,
    /// Whether a circle of waits is seen that leads through an advisory lock.
    pub(super) sees_all_circles: bool,
    /// How a deadlock's victim fails.
    pub(super) deadlock: StoreCode,
    /// How a new stock below 0 fails, where the table forbids it.
    pub(super) check: Option<StoreCode>,
}
