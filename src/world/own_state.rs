//! A buyer's own state in a store, to show it or to say what another buyer waits for.

use crate::closed_set::closed_set;
use crate::stock::Stock;

closed_set! {
    /// What a buyer can hold in a store, so that others have to wait for it.
    pub enum Held: "hold" {
        /// The lock that a step of its own took.
        Lock = "lock",
        /// The same, as one of several.
        SharedLock = "shared-lock",
        /// The row of the stock, for itself alone.
        Row = "row",
        /// The row of the stock, against those who would write it.
        SharedRow = "shared-row",
        /// The right to write to the database, which one has at a time.
        Writing = "writing",
        /// The right to be the next that commits, which keeps new readers out.
        Pending = "pending",
        /// The right to read: the database does not change meanwhile.
        Reading = "reading",
    }
}

/// A buyer's own state in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnState {
    /// Whether it is in a transaction.
    pub in_transaction: bool,
    /// The stock in its snapshot, if it has one.
    pub snapshot: Option<Stock>,
    /// The stock that it has written but not committed.
    pub written: Option<Stock>,
    /// What it holds.
    pub held: Vec<Held>,
}
