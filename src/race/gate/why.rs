//! Why the gate can't judge.

use super::orders::Pick;
use crate::race::Trouble;

/// Why the gate can't judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// The target does not do what it should.
    Target(Trouble),
    /// No statement came through the gate while purchases were made.
    NothingCame,
    /// An order can't be followed.
    Differs {
        /// Which step, from 1.
        step: usize,
        /// What was to be there; empty where the order was over.
        expected: String,
        /// What was; empty where nothing was held any more.
        held: String,
    },
    /// Two runs of the same order differ.
    Unsteady {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
    /// A statement may be several buyers'.
    Ambiguous {
        /// The statement.
        statement: String,
        /// Which buyers.
        buyers: Vec<u32>,
    },
    /// The shop closed a connection on which a statement was held.
    Closed(String),
    /// The database closed a connection on which a statement was held or waited.
    Lost(String),
    /// A statement is not answered, and the database knows no session that asked it.
    NoSession(String),
    /// Nothing goes on.
    Stuck {
        /// Which statements wait at the server.
        waiting: Vec<String>,
        /// Which buyers neither ask nor answer.
        parked: Vec<u32>,
    },
    /// There is no end of statements.
    NoEnd(usize),
    /// Ever new statements come in the background.
    Strangers,
    /// The gate's port is gone, or a server can't be asked; as the system or the server says it.
    Wire(String),
    /// There are more orders than may be tried.
    Budget(u64),
    /// Some purchases of some order can't be judged.
    Unjudged(u64),
}

impl Why {
    /// Of a chooser that can't go on.
    #[must_use]
    pub fn of(pick: Pick) -> Option<Self> {
        match pick {
            Pick::Differs { step, expected, held } => Some(Why::Differs { step, expected, held }),
            Pick::Place(_) | Pick::Known => None,
        }
    }
}
