//! What befell buyers from outside, as a history's header says it.

use serde::{Deserialize, Serialize};

use crate::protocol::Mishap;

/// One thing that befell a buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Befallen {
    /// Which buyer, from 1.
    pub buyer: u64,
    /// What it was.
    pub mishap: Mishap,
    /// Where the buyer stood: `before write`; of a replay the step of the schedule, like `K1`.
    pub at: String,
    /// When it came, on the history's clock.
    pub at_ns: u64,
    /// When the buyer went on, where it was paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ns: Option<u64>,
}
