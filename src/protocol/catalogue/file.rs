//! The protocols of ticket files.

use super::{Case, Choices, Entry, Promise, Recipe, Variant};
use crate::lang::catalogue::file as said;
use crate::protocol::file::{FileChoices, Lock, LockOn, Others, Trouble, Write};
use crate::protocol::{Allowed, Mishap, Mishaps, Protocol};
use crate::stock::Stock;

/// What a protocol stands for on a ticket file.
#[derive(Debug, PartialEq)]
pub struct FileRecipe {
    /// Its steps.
    steps: &'static str,
    /// The locks with which it is known, and its promise with each.
    locks: &'static [(Lock, Promise)],
    /// How the word `write` reaches the file.
    write: Write,
    /// Which file carries the lock, if not the usual one.
    lock_on: Option<LockOn>,
    /// Whether a dead holder's lockfile is removed under its guard.
    break_stale: bool,
    /// What disturbs the lock.
    trouble: Trouble,
    /// Whether the kind of lock decides if and how it goes wrong.
    pub(super) differs_by_lock: bool,
    /// How it is tried on real files.
    pub trial: Trial,
}

/// How a protocol is tried on real files, so that it does go wrong where it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// How many buyers race.
    pub buyers: u32,
    /// How many tickets there are; buyers buy until they are refused.
    pub tickets: Stock,
    /// How long they think, in nanoseconds, plus or minus half of it.
    pub think_ns: u64,
    /// How long they wait for the lock before they are stuck, in nanoseconds.
    pub patience_ns: u64,
}

impl Trial {
    /// The usual one: ten buyers, twenty tickets, and a think time so long that all buyers overlap in every purchase.
    pub(crate) const USUAL: Self =
        Self { buyers: 10, tickets: 20, think_ns: 1_000_000, patience_ns: 10_000_000_000 };
}

impl FileRecipe {
    /// A recipe with these steps and locks; the rest is usual.
    const fn new(steps: &'static str, locks: &'static [(Lock, Promise)]) -> Self {
        Self {
            steps,
            locks,
            write: Write::Overwrite,
            lock_on: None,
            break_stale: false,
            trouble: NO_TROUBLE,
            differs_by_lock: false,
            trial: Trial::USUAL,
        }
    }

    fn choices(&self, lock: Lock) -> FileChoices {
        let steps: Option<Protocol> = self.steps.parse().ok();
        let lock_on = self.lock_on.filter(|_| lock.has_carrier());
        let choices =
            steps.and_then(|steps| FileChoices::of_steps(steps, Some(lock), lock_on, Some(self.write)).ok());
        let choices = choices.and_then(|choices| {
            self.trouble.onto(FileChoices { break_stale: self.break_stale, ..choices }).ok()
        });
        choices.unwrap_or_else(|| unreachable!("{} with {lock}: the table is tested", self.steps))
    }

    pub(super) fn variants(&self) -> Vec<Variant> {
        let of = |(lock, promise): &(Lock, Promise)| Variant {
            name: lock.name(),
            promise: *promise,
            choices: Choices::File(self.choices(*lock)),
            // A short lease may expire at any time.
            mishaps: if *lock == Lock::Lease && self.trouble.lease_ns.is_some() {
                Mishaps::none().with(Mishap::Expire, Allowed::Any)
            } else {
                Mishaps::none()
            },
        };
        self.locks.iter().map(of).collect()
    }
}

const NO_TROUBLE: Trouble =
    Trouble { other_locks: Others::NONE, rogue: 0, inherit: false, lease_ns: None, stale: false };

const KEEPS: Promise = Promise::Keeps;
const BREAKS: Promise = Promise::Breaks;

/// Every kind of lock that can cover a whole purchase: the protocol keeps its promise with each.
const ALL_KEEP: &[(Lock, Promise)] = &[
    (Lock::Flock, KEEPS),
    (Lock::Posix, KEEPS),
    (Lock::Ofd, KEEPS),
    (Lock::Lockfile, KEEPS),
    (Lock::Semaphore, KEEPS),
];

/// The same locks, for protocols that no lock helps.
const ALL_BREAK: &[(Lock, Promise)] = &[
    (Lock::Flock, BREAKS),
    (Lock::Posix, BREAKS),
    (Lock::Ofd, BREAKS),
    (Lock::Lockfile, BREAKS),
    (Lock::Semaphore, BREAKS),
];

/// The kinds that sit on a file and can be shared: the protocol breaks with each.
const CARRIED_BREAK: &[(Lock, Promise)] =
    &[(Lock::Flock, BREAKS), (Lock::Posix, BREAKS), (Lock::Ofd, BREAKS)];
const CARRIED_KEEP: &[(Lock, Promise)] = &[(Lock::Flock, KEEPS), (Lock::Posix, KEEPS), (Lock::Ofd, KEEPS)];

/// A case of two buyers and one ticket.
const fn of_two(recipe: FileRecipe) -> Case {
    Case { recipe: Recipe::File(recipe), buyers: 2, tickets: 1 }
}

/// A case that takes a third buyer: one holds the lock's file, one waits for it, one comes later.
const fn of_three(recipe: FileRecipe) -> Case {
    Case { recipe: Recipe::File(recipe), buyers: 3, tickets: 2 }
}

/// The entries, in the order in which they are shown.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "locked",
        said: &said::LOCKED,
        control: "unlocked",
        cases: &[of_two(FileRecipe::new("lock read think write unlock", ALL_KEEP))],
    },
    Entry {
        name: "unlocked",
        said: &said::UNLOCKED,
        control: "locked",
        cases: &[of_two(FileRecipe::new("read think write", &[(Lock::None, BREAKS)]))],
    },
    Entry {
        name: "read-outside-lock",
        said: &said::READ_OUTSIDE_LOCK,
        control: "locked",
        cases: &[of_two(FileRecipe::new("read think lock write unlock", ALL_BREAK))],
    },
    Entry {
        name: "unlock-before-write",
        said: &said::UNLOCK_BEFORE_WRITE,
        control: "locked",
        cases: &[of_two(FileRecipe::new("lock read unlock think write", ALL_BREAK))],
    },
    Entry {
        name: "double-checked",
        said: &said::DOUBLE_CHECKED,
        control: "read-outside-lock",
        cases: &[of_two(FileRecipe::new("read lock read think write unlock", ALL_KEEP))],
    },
    Entry {
        name: "truncate-before-lock",
        said: &said::TRUNCATE_BEFORE_LOCK,
        control: "locked",
        cases: &[of_two(FileRecipe {
            write: Write::Truncate,
            ..FileRecipe::new("read think truncate lock fill unlock", ALL_BREAK)
        })],
    },
    Entry {
        name: "shared-only",
        said: &said::SHARED_ONLY,
        control: "locked",
        cases: &[of_two(FileRecipe::new("lock-shared read think write unlock", CARRIED_BREAK))],
    },
    Entry {
        name: "upgrade",
        said: &said::UPGRADE,
        control: "locked",
        // Two upgrading buyers wait for each other, with OFD locks for ever. Yet a trial has to end.
        cases: &[of_two(FileRecipe {
            trial: Trial { patience_ns: 300_000_000, ..Trial::USUAL },
            differs_by_lock: true,
            ..FileRecipe::new("lock-shared read think upgrade write unlock", CARRIED_BREAK)
        })],
    },
    Entry {
        name: "unlink-on-release",
        said: &said::UNLINK_ON_RELEASE,
        control: "unlink-checked",
        cases: &[of_three(FileRecipe::new("open lock read think write unlink unlock", CARRIED_BREAK))],
    },
    Entry {
        name: "unlink-checked",
        said: &said::UNLINK_CHECKED,
        control: "unlink-on-release",
        cases: &[of_three(FileRecipe::new(
            "open lock reopen-check read think write unlink unlock",
            CARRIED_KEEP,
        ))],
    },
    Entry {
        name: "renamed-away",
        said: &said::RENAMED_AWAY,
        control: "locked",
        cases: &[of_three(FileRecipe {
            write: Write::Rename,
            lock_on: Some(LockOn::Ticket),
            ..FileRecipe::new("open lock read think write unlock", CARRIED_BREAK)
        })],
    },
    Entry {
        name: "close-drops-posix",
        said: &said::CLOSE_DROPS_POSIX,
        control: "locked",
        cases: &[of_two(FileRecipe {
            differs_by_lock: true,
            ..FileRecipe::new(
                "lock close-other read think write unlock",
                &[(Lock::Posix, BREAKS), (Lock::Flock, KEEPS), (Lock::Ofd, KEEPS)],
            )
        })],
    },
    Entry {
        name: "inherited-lock",
        said: &said::INHERITED_LOCK,
        control: "locked",
        cases: &[of_two(FileRecipe {
            trouble: Trouble { inherit: true, ..NO_TROUBLE },
            differs_by_lock: true,
            ..FileRecipe::new(
                "lock read think write unlock",
                &[(Lock::Flock, BREAKS), (Lock::Ofd, BREAKS), (Lock::Posix, KEEPS)],
            )
        })],
    },
    Entry {
        name: "helper-unlocks",
        said: &said::HELPER_UNLOCKS,
        control: "locked",
        cases: &[of_two(FileRecipe {
            differs_by_lock: true,
            ..FileRecipe::new(
                "lock read think helper-unlock write unlock",
                &[(Lock::Flock, BREAKS), (Lock::Ofd, BREAKS), (Lock::Posix, KEEPS)],
            )
        })],
    },
    Entry {
        name: "mixed-kinds",
        said: &said::MIXED_KINDS,
        control: "locked",
        cases: &[of_two(FileRecipe {
            trouble: Trouble { other_locks: Others::one(Lock::Posix), ..NO_TROUBLE },
            ..FileRecipe::new("lock read think write unlock", &[(Lock::Flock, BREAKS)])
        })],
    },
    Entry {
        name: "one-rogue",
        said: &said::ONE_ROGUE,
        control: "locked",
        cases: &[of_two(FileRecipe {
            trouble: Trouble { rogue: 1, ..NO_TROUBLE },
            ..FileRecipe::new("lock read think write unlock", ALL_BREAK)
        })],
    },
    Entry {
        name: "mkdir",
        said: &said::MKDIR,
        control: "unlocked",
        cases: &[of_two(FileRecipe::new("lock read think write unlock", &[(Lock::Mkdir, KEEPS)]))],
    },
    Entry {
        name: "link",
        said: &said::LINK,
        control: "unlocked",
        cases: &[of_two(FileRecipe::new("lock read think write unlock", &[(Lock::Link, KEEPS)]))],
    },
    Entry {
        name: "stale-break-by-pid",
        said: &said::STALE_BREAK_BY_PID,
        control: "stale-break-guarded",
        // All find the dead holder at the same time, but some remove its lockfile later than others.
        cases: &[of_two(FileRecipe {
            trouble: Trouble { stale: true, ..NO_TROUBLE },
            ..FileRecipe::new(
                "look-stale think remove-stale lock read think write unlock",
                &[(Lock::Lockfile, BREAKS), (Lock::Link, BREAKS)],
            )
        })],
    },
    Entry {
        name: "stale-break-by-age",
        said: &said::STALE_BREAK_BY_AGE,
        control: "stale-break-guarded",
        // Holders think longer than the lease of a lockfile.
        cases: &[of_two(FileRecipe {
            trouble: Trouble { lease_ns: Some(2_000_000), ..NO_TROUBLE },
            trial: Trial { think_ns: 6_000_000, ..Trial::USUAL },
            ..FileRecipe::new(
                "think look-stale remove-stale lock read think write unlock",
                &[(Lock::Lockfile, BREAKS), (Lock::Link, BREAKS)],
            )
        })],
    },
    Entry {
        name: "lease-on-file",
        said: &said::LEASE_ON_FILE,
        control: "locked",
        // Holders think longer than their lease.
        cases: &[of_two(FileRecipe {
            trouble: Trouble { lease_ns: Some(3_000_000), ..NO_TROUBLE },
            trial: Trial { think_ns: 10_000_000, ..Trial::USUAL },
            ..FileRecipe::new("lock read think write unlock", &[(Lock::Lease, BREAKS)])
        })],
    },
    Entry {
        name: "stale-break-guarded",
        said: &said::STALE_BREAK_GUARDED,
        control: "stale-break-by-pid",
        cases: &[of_two(FileRecipe {
            break_stale: true,
            trouble: Trouble { stale: true, ..NO_TROUBLE },
            ..FileRecipe::new("lock read think write unlock", &[(Lock::Lockfile, KEEPS)])
        })],
    },
];
