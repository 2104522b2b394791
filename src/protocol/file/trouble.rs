//! What disturbs a lock on a ticket file: kinds that ignore each other, buyers without a lock, one open file
//! for all, lockfiles that expire or that a dead process left behind.

use serde::{Deserialize, Serialize};

use super::{FileChoices, Lock, Others, check};
use crate::protocol::StepKind;
use crate::protocol::words::{ProtocolError, Wrong};

/// The usual lease of a lockfile, in nanoseconds.
pub const DEFAULT_LEASE_NS: u64 = 10_000_000_000;

/// The members of a [`FileChoices`] that disturb its lock, as they are written in documents: left out where they do nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Trouble {
    /// More kinds of locks.
    #[serde(default, skip_serializing_if = "Others::is_empty")]
    pub other_locks: Others,
    /// How many buyers take no lock.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rogue: u32,
    /// Whether all buyers share one open file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inherit: bool,
    /// The lease of a lockfile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ns: Option<u64>,
    /// Whether a dead process's lockfile is there when the run begins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

impl Trouble {
    /// The trouble of these choices.
    #[must_use]
    pub const fn of(choices: &FileChoices) -> Self {
        let FileChoices { others: other_locks, rogues: rogue, inherit, lease_ns, stale, .. } = *choices;
        Self { other_locks, rogue, inherit, lease_ns, stale }
    }

    /// The choices with this trouble.
    ///
    /// # Errors
    /// When they do not fit together.
    pub fn onto(self, choices: FileChoices) -> Result<FileChoices, ProtocolError> {
        let Self { other_locks: others, rogue: rogues, inherit, lease_ns, stale } = self;
        FileChoices { others, rogues, inherit, lease_ns, stale, ..choices }.checked()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl FileChoices {
    /// The same choices, after a check that they fit together.
    ///
    /// # Errors
    /// When they do not fit each other or the steps.
    pub fn checked(self) -> Result<Self, ProtocolError> {
        let steps = self.protocol();
        let kinds = || std::iter::once(self.lock).chain(self.others.kinds());
        let wrong = |is: bool, wrong: Wrong| if is { Err(ProtocolError::whole(wrong)) } else { Ok(()) };
        let breaks_stale = steps.has(StepKind::LookStale);
        wrong(kinds().any(|kind| kind == Lock::None) && !self.others.is_empty(), Wrong::NoneInTurn)?;
        self.others.kinds().try_for_each(|kind| check(&steps, kind))?;
        wrong(self.rogues > 0 && self.lock == Lock::None, Wrong::NoRogue)?;
        let not_carried = kinds().find(|kind| !kind.has_carrier());
        if let Some(kind) = not_carried.filter(|_| self.inherit) {
            return Err(ProtocolError::whole(Wrong::NoCarrier(kind.name())));
        }
        wrong(self.inherit && steps.has(StepKind::Open), Wrong::OpenedAnew)?;
        let lives = self.lock == Lock::Lease || self.lock.is_lockfile() && breaks_stale;
        wrong(self.lease_ns.is_some() && !lives, Wrong::NoLease(self.lock.name()))?;
        let can_be_stale = matches!(self.lock, Lock::Lockfile | Lock::Link);
        wrong((self.stale || self.break_stale) && !can_be_stale, Wrong::NeverStale(self.lock.name()))?;
        Ok(self)
    }

    /// The purchase of one buyer, counted from 1: with its own kind of lock, or with none.
    #[must_use]
    pub fn of_buyer(&self, buyer: u32) -> Self {
        if buyer <= self.rogues {
            let steps = self.steps.map(|steps| steps.without_locks());
            let lock_on = self.write.default_lock_on();
            let alone = Self { lock: Lock::None, lock_on, others: Others::NONE, rogues: 0, ..*self };
            return Self { break_stale: false, inherit: false, lease_ns: None, steps, ..alone };
        }
        let kinds = 1 + self.others.kinds().count() as u32;
        let place = (buyer.saturating_sub(1 + self.rogues) % kinds) as usize;
        let lock = std::iter::once(self.lock).chain(self.others.kinds()).nth(place).unwrap_or(self.lock);
        Self { lock, others: Others::NONE, rogues: 0, ..*self }
    }

    /// Whether all buyers take the same steps and the same kind of lock.
    #[must_use]
    pub fn is_alike(&self) -> bool {
        self.rogues == 0 && self.others.is_empty()
    }

    /// The lease of a lockfile, in nanoseconds: afterwards others take it over.
    #[must_use]
    pub fn lease_or_usual_ns(&self) -> u64 {
        self.lease_ns.unwrap_or(DEFAULT_LEASE_NS)
    }

    /// The kinds of its buyers' locks, as `--lock` takes them.
    #[must_use]
    pub fn kinds(&self) -> String {
        self.others.kinds().fold(self.lock.to_string(), |all, kind| format!("{all}+{kind}"))
    }

    /// Whether the buyers' kinds of locks ignore each other.
    #[must_use]
    pub fn locks_ignore_each_other(&self) -> bool {
        self.others.kinds().any(|kind| kind.realm() != self.lock.realm())
    }

    /// Whether a helper process unlocks before the write. That works with locks of the open file description,
    /// which the helper shares; a POSIX lock belongs to one process.
    #[must_use]
    pub fn helper_unlocks(&self) -> bool {
        let before = self.protocol();
        let mut before = before.steps().iter().take_while(|kind| !kind.sells());
        self.lock != Lock::Posix && before.any(|kind| *kind == StepKind::HelperUnlock)
    }

    /// Whether buyers remove lockfiles that they believe to be a dead holder's, without a guard.
    #[must_use]
    pub fn breaks_stale_unguarded(&self) -> bool {
        self.protocol().has(StepKind::RemoveStale)
    }
}
