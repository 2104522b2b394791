//! Which orders of steps make sense, at whichever store: each step where it can do something, and one that
//! sells. What one store alone forbids, its own file says.

use super::words::{ProtocolError, Wrong};
use super::{Protocol, StepKind};

/// Refuses steps that can't be carried out in this order. `words` are those that the store has, which errors
/// call `title`; `forbids` says what else it refuses: a step, and those that follow it.
pub(super) fn check(
    steps: &Protocol,
    (words, title): (&[StepKind], &'static str),
    forbids: impl Fn(StepKind, &[StepKind]) -> Result<(), Wrong>,
) -> Result<(), ProtocolError> {
    let mut past = Past::default();
    for (place, kind) in steps.steps().iter().enumerate() {
        let later = &steps.steps()[place + 1..];
        // It is what `begin` stands for at one level, so no store names it among its words.
        let word = if *kind == StepKind::BeginImmediate { StepKind::Begin } else { *kind };
        let has = if words.contains(&word) { Ok(()) } else { Err(Wrong::NotHere(title)) };
        has.and_then(|()| forbids(*kind, later))
            .and_then(|()| past.take(*kind, later))
            .map_err(|wrong| ProtocolError::at(steps, place, wrong))?;
    }
    if past.sold { Ok(()) } else { Err(ProtocolError::whole(Wrong::NeverWrites)) }
}

/// What a purchase has done up to some step.
#[derive(Default)]
struct Past {
    opened: bool,
    locked: bool,
    /// Whether others may hold the lock as well.
    shared: bool,
    in_transaction: bool,
    read: bool,
    counted: bool,
    emptied: bool,
    looked: bool,
    decremented: bool,
    sold: bool,
}

impl Past {
    /// Takes a step, if it is possible now.
    fn take(&mut self, kind: StepKind, later: &[StepKind]) -> Result<(), Wrong> {
        let needs = |is_there: bool, before| if is_there { Ok(()) } else { Err(Wrong::Needs(before)) };
        let followed = |after| if later.contains(&after) { Ok(()) } else { Err(Wrong::NeverFollowed(after)) };
        match kind {
            StepKind::Open | StepKind::Lock | StepKind::LockShared if self.locked => {
                return Err(Wrong::HeldAlready);
            }
            StepKind::Open if !later.iter().any(|kind| kind.locks()) => {
                return Err(Wrong::NeverFollowed(StepKind::Lock));
            }
            StepKind::Open => self.opened = true,
            StepKind::Lock | StepKind::LockShared => {
                followed(StepKind::Unlock)?;
                (self.locked, self.shared) = (true, kind == StepKind::LockShared);
            }
            StepKind::Upgrade => {
                needs(self.locked && self.shared, StepKind::LockShared)?;
                self.shared = false;
            }
            StepKind::Unlock => {
                needs(self.locked, StepKind::Lock)?;
                self.locked = false;
            }
            StepKind::Begin | StepKind::BeginImmediate if self.in_transaction => {
                return Err(Wrong::BegunAlready);
            }
            StepKind::Begin | StepKind::BeginImmediate => {
                followed(StepKind::Commit).or_else(|_| followed(StepKind::Rollback))?;
                self.in_transaction = true;
            }
            StepKind::Commit | StepKind::Rollback => {
                needs(self.in_transaction, StepKind::Begin)?;
                self.in_transaction = false;
            }
            StepKind::LockUntilCommit => needs(self.in_transaction, StepKind::Begin)?,
            StepKind::LookStale => self.looked = true,
            StepKind::RemoveStale => needs(self.looked, StepKind::LookStale)?,
            StepKind::HelperUnlock => needs(self.locked, StepKind::Lock)?,
            StepKind::GiveBack => needs(self.decremented, StepKind::Decrement)?,
            StepKind::ReopenCheck | StepKind::Watch if self.sold => return Err(Wrong::DecidesNothing),
            StepKind::Think | StepKind::CloseOther | StepKind::Watch => {}
            // Who never opens the file anew never meets another one.
            StepKind::Unlink | StepKind::ReopenCheck => {
                needs(self.opened, StepKind::Open)?;
                needs(self.locked, StepKind::Lock)?;
            }
            StepKind::Truncate => {
                followed(StepKind::Fill)?;
                self.emptied = true;
            }
            kind if kind.reads() && self.sold => return Err(Wrong::DecidesNothing),
            kind if kind.sells() && self.sold => return Err(Wrong::SecondWrite),
            StepKind::ReadForUpdate | StepKind::ReadForShare => {
                needs(self.in_transaction, StepKind::Begin)?;
                self.read = true;
            }
            StepKind::Read => self.read = true,
            StepKind::Count => self.counted = true,
            StepKind::Write | StepKind::Swap => {
                needs(self.read, StepKind::Read)?;
                self.sold = true;
            }
            StepKind::Fill => {
                needs(self.read, StepKind::Read)?;
                needs(self.emptied, StepKind::Truncate)?;
                self.sold = true;
            }
            StepKind::Insert => {
                needs(self.counted, StepKind::Count)?;
                self.sold = true;
            }
            StepKind::Decrement => (self.sold, self.decremented) = (true, true),
            StepKind::Take => self.sold = true,
        }
        Ok(())
    }
}
