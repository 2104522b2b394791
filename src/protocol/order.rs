//! Which orders of steps make sense at any store: each step stands where it can do something, and one step
//! sells. Rules of one store are in its own file.

use super::words::{ProtocolError, Wrong};
use super::{Protocol, StepKind, StoreKind};

/// Rejects steps that are not possible in this order. `words` are the store's words; `store` is `None` for a
/// ticket file. `forbids` checks the store's own rules for a step and the steps after it.
pub(super) fn check(
    steps: &Protocol,
    (words, store): (&[StepKind], Option<StoreKind>),
    forbids: impl Fn(StepKind, &[StepKind]) -> Result<(), Wrong>,
) -> Result<(), ProtocolError> {
    let mut past = Past::default();
    for (place, kind) in steps.steps().iter().enumerate() {
        let later = &steps.steps()[place + 1..];
        // `begin` stands for it at one level, so no store has it among its words.
        let word = if *kind == StepKind::BeginImmediate { StepKind::Begin } else { *kind };
        let has = if words.contains(&word) { Ok(()) } else { Err(Wrong::NotHere(store)) };
        has.and_then(|()| forbids(*kind, later))
            .and_then(|()| past.take(*kind, later))
            .map_err(|wrong| ProtocolError::at(steps, place, wrong))?;
    }
    if past.sold { Ok(()) } else { Err(ProtocolError::whole(Wrong::NeverWrites)) }
}

/// What the steps so far have done.
#[derive(Default)]
struct Past {
    opened: bool,
    locked: bool,
    /// Whether the lock is shared.
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
    /// Takes a step, or says why it is not possible here.
    fn take(&mut self, kind: StepKind, later: &[StepKind]) -> Result<(), Wrong> {
        match kind {
            StepKind::Begin
            | StepKind::BeginImmediate
            | StepKind::Commit
            | StepKind::Rollback
            | StepKind::LockUntilCommit => self.take_of_transaction(kind, later),
            StepKind::Open
            | StepKind::Lock
            | StepKind::LockShared
            | StepKind::Upgrade
            | StepKind::Unlock
            | StepKind::HelperUnlock
            | StepKind::LookStale
            | StepKind::RemoveStale
            | StepKind::CloseOther
            | StepKind::Unlink => self.take_of_lock(kind, later),
            _ => self.take_of_stock(kind, later),
        }
    }

    /// Takes a step that begins or ends a transaction, or needs one.
    fn take_of_transaction(&mut self, kind: StepKind, later: &[StepKind]) -> Result<(), Wrong> {
        match kind {
            StepKind::Begin | StepKind::BeginImmediate if self.in_transaction => {
                return Err(Wrong::BegunAlready);
            }
            StepKind::Begin | StepKind::BeginImmediate => {
                followed(later, StepKind::Rollback).or_else(|_| followed(later, StepKind::Commit))?;
                self.in_transaction = true;
            }
            StepKind::Commit | StepKind::Rollback => {
                needs(self.in_transaction, StepKind::Begin)?;
                self.in_transaction = false;
            }
            _ => needs(self.in_transaction, StepKind::Begin)?,
        }
        Ok(())
    }

    /// Takes a step that concerns the lock or the file that carries it.
    fn take_of_lock(&mut self, kind: StepKind, later: &[StepKind]) -> Result<(), Wrong> {
        match kind {
            StepKind::Open | StepKind::Lock | StepKind::LockShared if self.locked => {
                return Err(Wrong::HeldAlready);
            }
            StepKind::Open if !later.iter().any(|kind| kind.locks()) => {
                return Err(Wrong::NeverFollowed(StepKind::Lock));
            }
            StepKind::Open => self.opened = true,
            StepKind::Lock | StepKind::LockShared => {
                followed(later, StepKind::Unlock)?;
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
            StepKind::HelperUnlock => needs(self.locked, StepKind::Lock)?,
            StepKind::LookStale => self.looked = true,
            StepKind::RemoveStale => needs(self.looked, StepKind::LookStale)?,
            StepKind::Unlink => self.needs_own_file()?,
            _ => {}
        }
        Ok(())
    }

    /// Rejects steps that only make sense after `open`: without it a buyer never meets another file.
    fn needs_own_file(&self) -> Result<(), Wrong> {
        needs(self.opened, StepKind::Open)?;
        needs(self.locked, StepKind::Lock)
    }

    /// Takes a step that reads or changes the stock, or decides about it.
    fn take_of_stock(&mut self, kind: StepKind, later: &[StepKind]) -> Result<(), Wrong> {
        match kind {
            StepKind::ReopenCheck | StepKind::Watch if self.sold => return Err(Wrong::DecidesNothing),
            StepKind::ReopenCheck => self.needs_own_file()?,
            StepKind::GiveBack => needs(self.decremented, StepKind::Decrement)?,
            StepKind::Truncate => {
                followed(later, StepKind::Fill)?;
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
            _ => {}
        }
        Ok(())
    }
}

/// Rejects a step that needs `before` in front of it, where that is missing.
fn needs(is_there: bool, before: StepKind) -> Result<(), Wrong> {
    if is_there { Ok(()) } else { Err(Wrong::Needs(before)) }
}

/// Rejects a step that needs `after` behind it, where that is missing.
fn followed(later: &[StepKind], after: StepKind) -> Result<(), Wrong> {
    if later.contains(&after) { Ok(()) } else { Err(Wrong::NeverFollowed(after)) }
}
