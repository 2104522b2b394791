//! Whether a plan's lock keeps its buyers apart.

use super::Workers;
use crate::protocol::StepKind;
use crate::protocol::file::{FileChoices, Lock};

/// Whether a plan's lock keeps its buyers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// It does.
    Excludes,
    /// There is no lock.
    NoLock,
    /// The lock sits on a file that each write replaces, so two buyers lock the old and the new file at the same time.
    RenamedAway,
    /// The lock belongs to the process, and all buyers are in one process (fcntl_locking(2)).
    SameOwner,
    /// Closing another descriptor of its file releases the lock (fcntl_locking(2)).
    ClosedAway,
    /// The file that carries the lock is removed, so two buyers lock the removed and the new file at the same time.
    Unlinked,
    /// All buyers share one open file, and the lock belongs to that (flock(2)).
    Inherited,
    /// Some buyers take another kind of lock, which ignores the others'.
    Mixed,
    /// Some buyers take no lock.
    Rogue,
    /// A helper process unlocks before the write.
    HelperUnlocked,
    /// Buyers remove lockfiles that they believe to be a dead holder's, but the holder may live.
    StaleBroken,
    /// The lock expires, even if its holder has not written yet.
    Leased,
    /// The steps leave the stock unlocked between the read that decides and the write.
    NotCovered,
    /// Buyers come one after the other, so there is nobody to keep out.
    InTurn,
}

impl Exclusion {
    /// Whether the lock of these choices keeps these workers apart, or why it does not. Only this place decides
    /// what is expected of a combination.
    #[must_use]
    pub fn of(choices: &FileChoices, workers: Workers) -> Self {
        let same_process = match workers {
            Workers::Process => false,
            Workers::Thread | Workers::Task => true,
            Workers::Sequential => return Exclusion::InTurn,
        };
        let steps = choices.protocol();
        if choices.lock == Lock::None {
            Exclusion::NoLock
        } else if choices.lock == Lock::Posix && same_process {
            Exclusion::SameOwner
        } else if choices.inherit && choices.lock != Lock::Posix {
            Exclusion::Inherited
        } else if choices.locks_ignore_each_other() {
            Exclusion::Mixed
        } else if choices.rogues > 0 {
            Exclusion::Rogue
        } else if choices.helper_unlocks() {
            Exclusion::HelperUnlocked
        } else if !steps.is_covered() {
            Exclusion::NotCovered
        } else if choices.loses_its_lock()
            || choices.replaces_its_lock() && steps.has(StepKind::Open) && !steps.has(StepKind::ReopenCheck)
        {
            Exclusion::RenamedAway
        } else if choices.closes_its_lock() {
            Exclusion::ClosedAway
        } else if choices.unlinks_its_lock() {
            Exclusion::Unlinked
        } else if choices.breaks_stale_unguarded() {
            Exclusion::StaleBroken
        } else if choices.lock == Lock::Lease {
            Exclusion::Leased
        } else {
            Exclusion::Excludes
        }
    }
}
