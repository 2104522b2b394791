//! What a buyer has of its own in a store, for whoever shows it or says for what another waits.

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

/// What a buyer has of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnState {
    /// Whether it is in a transaction.
    pub in_transaction: bool,
    /// The stock that its snapshot holds, where it has one.
    pub snapshot: Option<Stock>,
    /// The stock that it has written and not committed.
    pub written: Option<Stock>,
    /// What it holds.
    pub held: Vec<Held>,
}
