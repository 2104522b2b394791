//! What a history tells of its transactions: which of its times begin and end one. The times are those that every
//! purchase has; the protocol says what they stand for. What it does not say is not drawn.

use serde::Serialize;

use crate::history::History;
use crate::protocol::StepKind;

/// What the times of purchases say about their transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Transactions {
    /// The time when one is begun.
    begins: Begins,
    /// Whether the lock ends when the transaction commits. If not, it was let go by itself, and the time of the commit is
    /// not known.
    commits: bool,
    /// Whether it is known when the lock was let go.
    unlocks: bool,
    /// Whether the read locks the row, until the transaction ends.
    pub(super) row_lock: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Begins {
    Call,
    Locked,
    Read,
}

impl Transactions {
    /// For a history of our own buyers at a database; `None` if there are no transactions, or it is not known.
    pub(super) fn of(history: &History) -> Option<Self> {
        Self::of_steps(history.header.plan.as_ref()?.protocol().steps())
    }

    fn of_steps(steps: &[StepKind]) -> Option<Self> {
        let place = |kinds: &[StepKind]| steps.iter().position(|step| kinds.contains(step));
        let begin = place(&[StepKind::Begin, StepKind::BeginImmediate])?;
        let before = &steps[..begin];
        let begins = if before.iter().any(|step| step.reads()) {
            Begins::Read
        } else if steps[begin] == StepKind::BeginImmediate || before.iter().any(|step| step.locks()) {
            Begins::Locked
        } else {
            Begins::Call
        };
        let last = |kind| steps.iter().rposition(|step| *step == kind);
        let (commit, unlock) = (last(StepKind::Commit), last(StepKind::Unlock));
        let commits = commit.is_some() && commit > unlock;
        let for_update = place(&[StepKind::ReadForUpdate]);
        Some(Self {
            begins,
            commits,
            unlocks: unlock.is_none() || unlock > commit,
            row_lock: commits && for_update.is_some_and(|read| read > begin),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StepKind::{Begin, BeginImmediate, Commit, Lock, Read, ReadForUpdate, Unlock, Write};

    #[test]
    fn only_what_the_times_tell_is_said() {
        let of = |steps: &[StepKind]| Transactions::of_steps(steps);
        let plain = Transactions { begins: Begins::Call, commits: true, unlocks: true, row_lock: false };
        assert_eq!(of(&[Read, Write]), None);
        assert_eq!(of(&[Begin, Read, Write, Commit]), Some(plain));
        assert_eq!(
            of(&[Begin, ReadForUpdate, Write, Commit]),
            Some(Transactions { row_lock: true, ..plain })
        );
        let locked = Transactions { begins: Begins::Locked, ..plain };
        assert_eq!(of(&[BeginImmediate, Read, Write, Commit]), Some(locked));
        // Both are one step, and its later time is known.
        assert_eq!(
            of(&[Lock, Begin, Read, Write, Commit, Unlock]),
            Some(Transactions { commits: false, ..locked })
        );
        assert_eq!(
            of(&[Lock, Begin, Read, Write, Unlock, Commit]),
            Some(Transactions { unlocks: false, ..locked })
        );
        assert_eq!(of(&[Read, Begin, Write, Commit]), Some(Transactions { begins: Begins::Read, ..plain }));
    }
}
