//! The purchases of a ticket file: the choices that make up the usual ones, the steps that each choice
//! stands for, and which orders of steps are possible there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::{ProtocolError, Wrong};
use super::{Guard, Protocol, StepKind, StoreChoices, StoreKind, order};
use crate::closed_set::closed_set;
use crate::shell::shell_quoted;

mod kinds;
mod trouble;

pub use kinds::{Lock, Others};
pub use trouble::{DEFAULT_LEASE_NS, Trouble};

closed_set! {
    /// How the new stock reaches the ticket file.
    pub enum Write: "kind of write" {
        /// One pwrite over the old text, padded to its length: never a half-written file.
        Overwrite = "overwrite",
        /// Truncate, then fill, as `open("w")` does: others can meet an empty file.
        Truncate = "truncate",
        /// Write a temporary file and rename it over the old one: readers see old or new.
        Rename = "rename",
    }
}

closed_set! {
    /// Which file carries the lock.
    pub enum LockOn: "place for the lock" {
        /// The ticket file itself.
        Ticket = "ticket",
        /// A file beside it, `<file>.sidecar`, that no write ever replaces.
        Sidecar = "sidecar",
    }
}

impl Write {
    /// The usual place of the lock. A rename replaces the ticket file's inode, and a lock on the old inode keeps nobody
    /// out (flock(2): locks belong to the open file); so with a rename the lock sits on the sidecar.
    #[must_use]
    pub const fn default_lock_on(self) -> LockOn {
        match self {
            Write::Overwrite | Write::Truncate => LockOn::Ticket,
            Write::Rename => LockOn::Sidecar,
        }
    }
}

/// What one purchase does to the ticket file and its lock: the choices, or steps in any other order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ChoicesText", into = "ChoicesText")]
#[serde(expecting = "an object")]
pub struct FileChoices {
    /// How buyers keep each other out.
    pub lock: Lock,
    /// Which file carries the lock.
    pub lock_on: LockOn,
    /// How the new stock reaches the file.
    pub write: Write,
    /// Whether data (and, for a rename, the folder) is synced before the buyer unlocks.
    pub fsync: bool,
    /// How long a buyer waits for the lock before it gives up, in nanoseconds; `None` waits for ever.
    pub lock_timeout_ns: Option<u64>,
    /// Whether a dead holder's lockfile is removed instead of reported.
    pub break_stale: bool,
    /// More kinds of locks: buyers use all kinds in rotation, `lock` first.
    pub others: Others,
    /// How many buyers take no lock at all; they come first.
    pub rogues: u32,
    /// Whether all buyers share one open file that carries the lock: the launcher opens it before the fork.
    pub inherit: bool,
    /// The lease of a lockfile, in nanoseconds: an older one is taken over, or counts as a dead holder's.
    pub lease_ns: Option<u64>,
    /// Whether a dead process's lockfile is there when the run begins.
    pub stale: bool,
    /// The steps, if they are not the usual ones of these choices. [`FileChoices::protocol`] returns them in both
    /// cases; [`FileChoices::of_steps`] checks that they are possible.
    pub steps: Option<Protocol>,
}

/// A [`FileChoices`] as it is written in documents: always with its steps.
#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object")]
struct ChoicesText {
    lock: Lock,
    lock_on: LockOn,
    write: Write,
    fsync: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lock_timeout_ns: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    break_stale: bool,
    #[serde(flatten)]
    trouble: Trouble,
    /// Absent in documents from before `--steps` existed.
    #[serde(default)]
    steps: Option<Protocol>,
}

impl TryFrom<ChoicesText> for FileChoices {
    type Error = ProtocolError;

    fn try_from(text: ChoicesText) -> Result<Self, ProtocolError> {
        let ChoicesText { lock, lock_on, write, fsync, lock_timeout_ns, break_stale, trouble, steps } = text;
        let usual = Self { lock_on, ..Self::new(lock, write) };
        let choices =
            steps.map_or(Ok(usual), |steps| Self::of_steps(steps, Some(lock), Some(lock_on), Some(write)))?;
        trouble.onto(Self { fsync, lock_timeout_ns, break_stale, ..choices })
    }
}

impl From<FileChoices> for ChoicesText {
    fn from(choices: FileChoices) -> Self {
        let steps = Some(choices.protocol());
        let FileChoices { lock, lock_on, write, fsync, lock_timeout_ns, break_stale, .. } = choices;
        let trouble = Trouble::of(&choices);
        Self { lock, lock_on, write, fsync, lock_timeout_ns, break_stale, trouble, steps }
    }
}

impl FileChoices {
    /// The usual purchase with this lock and this write: the lock sits where it suits the write, nothing is
    /// synced, and buyers wait for the lock for ever.
    #[must_use]
    pub const fn new(lock: Lock, write: Write) -> Self {
        let lock_on = write.default_lock_on();
        Self {
            lock,
            lock_on,
            write,
            fsync: false,
            lock_timeout_ns: None,
            break_stale: false,
            others: Others::NONE,
            rogues: 0,
            inherit: false,
            lease_ns: None,
            stale: false,
            steps: None,
        }
    }

    /// The purchase of a command without such options: flock(2) and overwrite.
    #[must_use]
    pub const fn usual() -> Self {
        Self::new(Lock::Flock, Write::Overwrite)
    }

    /// The usual purchase with another lock and the same write: the lock sits where it suits the write, and
    /// the steps are the usual ones.
    #[must_use]
    pub const fn under(self, lock: Lock) -> Self {
        let Self { fsync, lock_timeout_ns, write, .. } = self;
        Self { fsync, lock_timeout_ns, ..Self::new(lock, write) }
    }

    /// The purchase with these steps. `lock` is the kind of lock that they take, flock(2) if `None`. `write`
    /// is how the word `write` reaches the file; with [`Write::Truncate`] it stands for `truncate fill`.
    ///
    /// # Errors
    /// When this order of steps is not possible on a ticket file, or choices and steps do not fit together.
    pub fn of_steps(
        steps: Protocol,
        lock: Option<Lock>,
        lock_on: Option<LockOn>,
        write: Option<Write>,
    ) -> Result<Self, ProtocolError> {
        let locks = steps.steps().iter().find(|kind| kind.locks());
        let lock = match (locks.is_some(), lock) {
            (true, Some(Lock::None)) => {
                return Err(first(&steps, *locks.unwrap_or(&StepKind::Lock), Wrong::NoLock));
            }
            (true, lock) => lock.unwrap_or(Lock::Flock),
            (false, None | Some(Lock::None)) => Lock::None,
            (false, Some(kind)) => return Err(ProtocolError::whole(Wrong::NeverLocks(kind.name()))),
        };
        let in_two = steps.has(StepKind::Fill) && !steps.has(StepKind::Write);
        let usual = if in_two { Write::Truncate } else { Write::Overwrite };
        let write = write.unwrap_or(usual);
        if write == Write::Rename && !steps.has(StepKind::Write) {
            return Err(ProtocolError::whole(Wrong::NothingRenamed));
        }
        let steps = if write == Write::Truncate { spelt_out(&steps)? } else { steps };
        check(&steps, lock)?;
        let choices = Self::new(lock, write);
        // The file that a step removes can't be the ticket file, so the lock sits on the sidecar.
        let unlinks = steps.has(StepKind::Unlink);
        let usual = if unlinks { LockOn::Sidecar } else { choices.lock_on };
        let lock_on = lock_on.unwrap_or(usual);
        if unlinks && lock_on == LockOn::Ticket {
            return Err(first(&steps, StepKind::Unlink, Wrong::UnlinksTicket));
        }
        Ok(Self { lock_on, ..choices }.taking(steps))
    }

    /// The same choices with these steps.
    fn taking(self, steps: Protocol) -> Self {
        let usual = Self { steps: None, ..self };
        Self { steps: (steps != usual.protocol()).then_some(steps), ..self }
    }

    /// The steps of a purchase.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        if let Some(steps) = self.steps {
            return steps;
        }
        let locked = self.lock != Lock::None;
        let write: &[StepKind] = match self.write {
            Write::Overwrite | Write::Rename => &[StepKind::Write],
            Write::Truncate => &[StepKind::Truncate, StepKind::Fill],
        };
        // Each write replaces the file that carries the lock, so a purchase opens the current one first.
        let opens = self.lock.has_carrier() && self.write == Write::Rename && self.lock_on == LockOn::Ticket;
        let parts: [(bool, &[StepKind]); 5] = [
            (opens, &[StepKind::Open]),
            (locked, &[StepKind::Lock]),
            (true, &[StepKind::Read, StepKind::Think]),
            (true, write),
            (locked, &[StepKind::Unlock]),
        ];
        let steps: Vec<StepKind> =
            parts.iter().filter(|(is_there, _)| *is_there).flat_map(|(_, steps)| *steps).copied().collect();
        Protocol::of(&steps)
    }

    /// The command-line options that differ from their defaults.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut say = |differs: bool, option: String| {
            if differs {
                options.push(option);
            }
        };
        let Self { lock, lock_on, write, fsync, lock_timeout_ns, break_stale, steps: own, .. } = *self;
        if let Some(steps) = own {
            say(true, format!("--steps {}", shell_quoted(&steps.to_string())));
        }
        // `--steps` without a locking step already says that there is no lock.
        if lock == Lock::None {
            say(own.is_none(), "--no-lock".to_owned());
        } else {
            let kinds = self.kinds();
            say(kinds != "flock", format!("--lock {kinds}"));
        }
        // `--steps` already says `truncate fill`.
        say(write == Write::Rename || write == Write::Truncate && own.is_none(), format!("--write {write}"));
        say(lock_on != write.default_lock_on(), format!("--lock-on {lock_on}"));
        say(fsync, "--fsync".to_owned());
        if let Some(timeout_ns) = lock_timeout_ns {
            let timeout = humantime::format_duration(Duration::from_nanos(timeout_ns));
            say(true, format!("--lock-timeout {}", shell_quoted(&timeout.to_string())));
        }
        say(break_stale, "--break-stale".to_owned());
        say(self.rogues > 0, format!("--rogue {}", self.rogues));
        say(self.inherit, "--inherit".to_owned());
        if let Some(lease_ns) = self.lease_ns {
            let lease = humantime::format_duration(Duration::from_nanos(lease_ns));
            say(true, format!("--lease {}", shell_quoted(&lease.to_string())));
        }
        say(self.stale, "--stale".to_owned());
        options
    }

    /// Whether each write replaces the file that carries the lock: a buyer that opens it later locks a different file.
    #[must_use]
    pub fn replaces_its_lock(&self) -> bool {
        let renames =
            self.write == Write::Rename && self.steps.is_none_or(|steps| steps.has(StepKind::Write));
        self.lock.has_carrier() && renames && self.lock_on == LockOn::Ticket
    }

    /// Whether a buyer loses its lock before its write because it closes another descriptor of the lock's
    /// file: closing any of them releases a POSIX lock (fcntl_locking(2)).
    #[must_use]
    pub fn closes_its_lock(&self) -> bool {
        let mut locked = false;
        self.lock == Lock::Posix
            && self.protocol().steps().iter().take_while(|kind| !kind.sells()).any(|kind| {
                locked = (locked || kind.locks()) && *kind != StepKind::Unlock;
                locked && *kind == StepKind::CloseOther
            })
    }

    /// Whether the lock's file is removed while others may lock it: a removed file can still be locked, and
    /// the next buyer locks a new one. That is harmless if each buyer checks, after it got the lock, that the
    /// name still leads to the file it locked, and if the file is removed only after the write.
    #[must_use]
    pub fn unlinks_its_lock(&self) -> bool {
        let steps = self.protocol();
        let early =
            steps.steps().iter().take_while(|kind| !kind.sells()).any(|kind| *kind == StepKind::Unlink);
        steps.has(StepKind::Unlink) && (early || !steps.has(StepKind::ReopenCheck))
    }

    /// Whether a buyer loses its lock by reading: a process that closes any descriptor of the file loses its
    /// POSIX lock on it (fcntl_locking(2)), and a file that writes replace is opened anew for each read.
    #[must_use]
    pub fn loses_its_lock(&self) -> bool {
        self.lock == Lock::Posix && self.replaces_its_lock()
    }
}

impl StoreChoices for FileChoices {
    fn protocol(&self) -> Protocol {
        FileChoices::protocol(self)
    }

    fn protocol_of(&self, buyer: u32) -> Protocol {
        if self.is_alike() { FileChoices::protocol(self) } else { self.of_buyer(buyer).protocol() }
    }

    fn are_alike(&self) -> bool {
        self.is_alike()
    }

    fn leases(&self) -> bool {
        self.lock == Lock::Lease
    }

    fn kind(&self) -> Option<StoreKind> {
        None
    }

    fn locks(&self) -> String {
        self.kinds()
    }

    fn guard(&self) -> Guard {
        if self.lock == Lock::None { Guard::Nothing } else { Guard::Lock }
    }

    fn options(&self) -> Vec<String> {
        FileChoices::options(self)
    }
}

/// The words of the steps that a ticket file has.
pub const WORDS: &[StepKind] = &[
    StepKind::Open,
    StepKind::Lock,
    StepKind::Unlock,
    StepKind::Read,
    StepKind::Think,
    StepKind::Write,
    StepKind::Truncate,
    StepKind::Fill,
    StepKind::LockShared,
    StepKind::Upgrade,
    StepKind::CloseOther,
    StepKind::Unlink,
    StepKind::ReopenCheck,
    StepKind::LookStale,
    StepKind::RemoveStale,
    StepKind::HelperUnlock,
];

/// The steps with `truncate fill` for each `write`.
fn spelt_out(steps: &Protocol) -> Result<Protocol, ProtocolError> {
    let spell = |kind: &StepKind| match kind {
        StepKind::Write => vec![StepKind::Truncate, StepKind::Fill],
        other => vec![*other],
    };
    let spelt: Vec<StepKind> = steps.steps().iter().flat_map(spell).collect();
    if spelt.len() > Protocol::MOST {
        return Err(ProtocolError::whole(Wrong::TooMany));
    }
    Ok(Protocol::of(&spelt))
}

/// An error about the first step of this kind.
fn first(steps: &Protocol, kind: StepKind, wrong: Wrong) -> ProtocolError {
    let place = steps.steps().iter().position(|step| *step == kind);
    place.map_or_else(
        || ProtocolError::whole(wrong.clone()),
        |place| ProtocolError::at(steps, place, wrong.clone()),
    )
}

/// Rejects steps that are not possible on a ticket file in this order.
fn check(steps: &Protocol, lock: Lock) -> Result<(), ProtocolError> {
    order::check(steps, (WORDS, None), |kind, later| match kind {
        // If no lock follows, another check reports that.
        StepKind::Open if !later.iter().any(|kind| kind.locks()) => Ok(()),
        StepKind::Open | StepKind::CloseOther if !lock.has_carrier() => Err(Wrong::NoCarrier(lock.name())),
        StepKind::LockShared if !lock.has_carrier() => Err(Wrong::NeverShared(lock.name())),
        StepKind::HelperUnlock if !lock.has_carrier() => Err(Wrong::NoCarrier(lock.name())),
        // The helper inherits the file that was open from the start, not one opened later.
        StepKind::HelperUnlock if steps.has(StepKind::Open) => Err(Wrong::OpenedAnew),
        StepKind::LookStale | StepKind::RemoveStale if !matches!(lock, Lock::Lockfile | Lock::Link) => {
            Err(Wrong::NeverStale(lock.name()))
        }
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests;
