//! What makes trouble for a lock on a ticket file: kinds that ignore each other, buyers that take none, an open file
//! that all share, lockfiles that end by themselves or that a dead process has left.

use serde::{Deserialize, Serialize};

use super::{Lock, Others, Sale, check};
use crate::protocol::StepKind;
use crate::protocol::words::{ProtocolError, Wrong};

/// How long a lockfile with a time to live lives unless told otherwise, in nanoseconds.
pub const DEFAULT_LEASE_NS: u64 = 10_000_000_000;

/// What of a [`Sale`] is there to make trouble, as documents have it: left out where it is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Further kinds of locks.
    #[serde(default, skip_serializing_if = "Others::is_empty")]
    pub other_locks: Others,
    /// How many take no lock.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rogue: u32,
    /// Whether all share one open file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inherit: bool,
    /// How long a lockfile lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ns: Option<u64>,
    /// Whether a dead process's lockfile is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

impl Trouble {
    /// That of a sale.
    #[must_use]
    pub const fn of(sale: &Sale) -> Self {
        let Sale { others: other_locks, rogues: rogue, inherit, lease_ns, stale, .. } = *sale;
        Self { other_locks, rogue, inherit, lease_ns, stale }
    }

    /// A sale with it.
    ///
    /// # Errors
    /// When the sale can't have it.
    pub fn onto(self, sale: Sale) -> Result<Sale, ProtocolError> {
        let Self { other_locks: others, rogue: rogues, inherit, lease_ns, stale } = self;
        Sale { others, rogues, inherit, lease_ns, stale, ..sale }.checked()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Sale {
    /// The same choices, if they can be carried out together.
    ///
    /// # Errors
    /// When they do not fit each other, or the steps.
    pub fn checked(self) -> Result<Self, ProtocolError> {
        let steps = self.protocol();
        let kinds = || std::iter::once(self.lock).chain(self.others.kinds());
        let wrong = |is: bool, wrong: Wrong| if is { Err(ProtocolError::whole(wrong)) } else { Ok(()) };
        let breaks_stale = steps.has(StepKind::LookStale);
        wrong(kinds().any(|kind| kind == Lock::None) && !self.others.is_empty(), Wrong::NoLock)?;
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

    /// The purchase as one buyer, counted from 1, carries it out: under its own kind of lock, or under none.
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

    /// Whether all buyers carry it out alike.
    #[must_use]
    pub fn is_alike(&self) -> bool {
        self.rogues == 0 && self.others.is_empty()
    }

    /// How long a lockfile lives before others take it over, in nanoseconds.
    #[must_use]
    pub fn lease_or_usual_ns(&self) -> u64 {
        self.lease_ns.unwrap_or(DEFAULT_LEASE_NS)
    }

    /// The kinds of locks that its buyers take, as `--lock` names them.
    #[must_use]
    pub fn kinds(&self) -> String {
        self.others.kinds().fold(self.lock.to_string(), |all, kind| format!("{all}+{kind}"))
    }

    /// Whether the buyers' kinds of locks ignore each other.
    #[must_use]
    pub fn locks_ignore_each_other(&self) -> bool {
        self.others.kinds().any(|kind| kind.realm() != self.lock.realm())
    }

    /// Whether a helper lets the lock go before the write: what belongs to the open file description is let go by
    /// whoever shares that; a POSIX lock belongs to the process alone.
    #[must_use]
    pub fn helper_unlocks(&self) -> bool {
        let before = self.protocol();
        let mut before = before.steps().iter().take_while(|kind| !kind.sells());
        self.lock != Lock::Posix && before.any(|kind| *kind == StepKind::HelperUnlock)
    }

    /// Whether buyers remove lockfiles that they take for a dead holder's, without a guard.
    #[must_use]
    pub fn breaks_stale_unguarded(&self) -> bool {
        self.protocol().has(StepKind::RemoveStale)
    }
}
