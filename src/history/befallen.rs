//! The mishaps of a run, as a history's header lists them.

use serde::{Deserialize, Serialize};

use crate::protocol::Mishap;

/// One mishap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Befallen {
    /// Which buyer, from 1.
    pub buyer: u64,
    /// What it was.
    pub mishap: Mishap,
    /// Where the buyer stood: `before write`; in a replay, the step of the schedule, like `K1`.
    pub at: String,
    /// When it came, on the history's clock.
    pub at_ns: u64,
    /// When the buyer went on, if it was paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ns: Option<u64>,
}
