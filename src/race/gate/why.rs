//! Why the gate can't judge.

use super::orders::Pick;
use crate::race::TrialError;

/// Why the gate can't judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// The target does not do what it should.
    Target(TrialError),
    /// No statement came through the gate while purchases were made.
    NothingCame,
    /// An order can't be followed.
    Differs {
        /// Which step, from 1.
        step: usize,
        /// The step that was expected; empty if the order was over.
        expected: String,
        /// What was held; empty if nothing was.
        held: String,
    },
    /// Two runs of the same order differ.
    Unsteady {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
    /// A statement may belong to any of several buyers.
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
    /// A statement is not answered, and the database has no session that sent it.
    NoSession(String),
    /// Nothing goes on.
    Stuck {
        /// The statements that wait at the server.
        waiting: Vec<String>,
        /// The buyers that neither send a statement nor answer.
        parked: Vec<u32>,
    },
    /// There are too many statements.
    NoEnd(usize),
    /// New background statements keep coming.
    Strangers,
    /// The gate's port is gone, or a server can't be asked, in the words of the system or the server.
    Wire(String),
    /// There are more orders than may be tried.
    Budget(u64),
    /// Some purchases of some order can't be judged.
    Unjudged(u64),
}

impl Why {
    /// Why a chooser can't go on.
    #[must_use]
    pub fn of(pick: Pick) -> Option<Self> {
        match pick {
            Pick::Differs { step, expected, held } => Some(Why::Differs { step, expected, held }),
            Pick::Place(_) | Pick::Known => None,
        }
    }
}
