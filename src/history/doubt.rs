//! What a race of foreign buyers did not test.

use crate::closed_set::closed_set;

closed_set! {
    /// Why a race of foreign buyers that looks sound proves nothing.
    pub enum Doubt: "doubt" {
        /// No two purchases were under way at one time.
        NothingOverlapped = "nothing_overlapped",
        /// Nobody bought anything.
        NothingBought = "nothing_bought",
        /// No more purchases than tickets, and no stock to compare the receipts with.
        TooFew = "too_few",
        /// There were answers that no rule matches.
        Unmatched = "unmatched",
        /// There were purchases without an answer in time.
        Stalled = "stalled",
        /// The stock had not come to rest when it was read.
        Restless = "restless",
        /// The target died, or its stock could not be read.
        Died = "died",
    }
}
