//! What a purchase is, as data: a [`Protocol`] is an order of [`StepKind`]s. No I/O, no clock, no buyer.
//!
//! A protocol is written as words, `lock read think write unlock`, and its steps are named in schedules by a [`Letter`]
//! each: `L R W U`. The buyer ([`crate::buyer`]) interprets it: it asks its store for one [`Action`] after another and
//! takes the [`Reply`]. Only the protocol knows the shape of a purchase: its first step, how many steps there are,
//! which letters it uses, whether its lock covers the read and the write.
//!
//! - [`mod@file`]: the choices that make up the usual protocols of a ticket file, and its words.
//! - [`sql`]: the same for databases.
//! - [`catalogue`]: the well-known protocols, each with a name.
//! - [`redis`]: the same for a Redis server.

pub mod catalogue;
mod choices;
mod engine;
pub mod file;
mod letter;
mod mishap;
mod order;
pub mod redis;
pub mod sql;
mod store_kind;
mod words;

pub use choices::{AddressChoices, Choices, Guard, StoreChoices};
pub use letter::Letter;
pub use mishap::{Allowed, Mishap, Mishaps};
pub use store_kind::StoreKind;
pub use words::{ProtocolError, Wrong};

use crate::closed_set::closed_set;
use crate::fault::{Fault, FaultKind, TornText};
use crate::stock::Stock;

closed_set! {
    /// One thing that a purchase asks of the store, as `--steps` names it.
    pub enum StepKind: "step" {
        /// Open the file that carries the lock, as it is now.
        Open = "open",
        /// Take the lock, waiting for it if need be.
        Lock = "lock",
        /// Read the stock.
        Read = "read",
        /// Let some time pass. No schedule names it.
        Think = "think",
        /// Write one less than was read, whole.
        Write = "write",
        /// Empty the file.
        Truncate = "truncate",
        /// Write one less than was read into the emptied file.
        Fill = "fill",
        /// Let the lock go.
        Unlock = "unlock",
        /// Take the lock as one of several that may hold it at once.
        LockShared = "lock-shared",
        /// Make the shared lock exclusive, without letting it go in between.
        Upgrade = "upgrade",
        /// Open the file that carries the lock once more, and close that again.
        CloseOther = "close-other",
        /// Remove the file that carries the lock.
        Unlink = "unlink",
        /// Begin again unless the file that is locked is the one that has the name now.
        ReopenCheck = "reopen-check",
        /// Look at the lockfile, and decide whether its holder is dead.
        LookStale = "look-stale",
        /// Remove the lockfile, if its holder was found to be dead.
        RemoveStale = "remove-stale",
        /// Have a helper process, which inherited the file that carries the lock, unlock that.
        HelperUnlock = "helper-unlock",
        /// Begin a transaction. Where that alone does nothing, no schedule names it.
        Begin = "begin",
        /// Begin a transaction that has the right to write from its first moment (SQLite).
        BeginImmediate = "begin-immediate",
        /// Read the stock and lock its row against others that want to lock or write it.
        ReadForUpdate = "read-for-update",
        /// Read the stock and lock its row against others that want to write it.
        ReadForShare = "read-for-share",
        /// Read the stock as the capacity less the receipts.
        Count = "count",
        /// Add a receipt: the stock is the capacity less the receipts.
        Insert = "insert",
        /// Write one less than there is, whatever was read.
        Decrement = "decrement",
        /// Write one less than was read if the stock is still that; else read again.
        Swap = "swap",
        /// Write one less than there is if there is one left, in one statement.
        Take = "take",
        /// Give back what a decrement took below 0.
        GiveBack = "give-back",
        /// Take a lock that the end of the transaction lets go.
        LockUntilCommit = "lock-until-commit",
        /// End the transaction and make it last.
        Commit = "commit",
        /// End the transaction and undo it.
        Rollback = "rollback",
        /// From here on, notice when the stock is touched: then the swap misses (Redis).
        Watch = "watch",
    }
}

impl StepKind {
    /// Its letter in a schedule; `None` for steps that no schedule names: thinking, and a begin that does
    /// nothing by itself.
    #[must_use]
    pub const fn letter(self) -> Option<Letter> {
        Some(match self {
            StepKind::Open => Letter::O,
            StepKind::Lock => Letter::L,
            StepKind::Read => Letter::R,
            StepKind::Write => Letter::W,
            StepKind::Truncate => Letter::T,
            StepKind::Fill => Letter::F,
            StepKind::Unlock => Letter::U,
            StepKind::LockShared => Letter::H,
            StepKind::Upgrade => Letter::V,
            StepKind::CloseOther => Letter::E,
            StepKind::Unlink => Letter::N,
            StepKind::ReopenCheck => Letter::I,
            StepKind::LookStale => Letter::Y,
            StepKind::RemoveStale => Letter::J,
            StepKind::HelperUnlock => Letter::A,
            StepKind::BeginImmediate | StepKind::Watch => Letter::B,
            StepKind::ReadForUpdate | StepKind::ReadForShare | StepKind::Count => Letter::R,
            StepKind::Insert => Letter::W,
            StepKind::Decrement | StepKind::Take => Letter::D,
            StepKind::Swap => Letter::S,
            StepKind::GiveBack => Letter::Q,
            StepKind::LockUntilCommit => Letter::L,
            StepKind::Commit => Letter::C,
            StepKind::Rollback => Letter::Z,
            StepKind::Think | StepKind::Begin => return None,
        })
    }

    /// Whether it takes a ticket from the stock.
    #[must_use]
    pub const fn sells(self) -> bool {
        match self {
            StepKind::Write
            | StepKind::Fill
            | StepKind::Insert
            | StepKind::Decrement
            | StepKind::Swap
            | StepKind::Take => true,
            StepKind::Open
            | StepKind::Lock
            | StepKind::Read
            | StepKind::Think
            | StepKind::Truncate
            | StepKind::Unlock
            | StepKind::LockShared
            | StepKind::Upgrade
            | StepKind::CloseOther
            | StepKind::Unlink
            | StepKind::ReopenCheck
            | StepKind::LookStale
            | StepKind::RemoveStale
            | StepKind::HelperUnlock
            | StepKind::Begin
            | StepKind::BeginImmediate
            | StepKind::ReadForUpdate
            | StepKind::ReadForShare
            | StepKind::Count
            | StepKind::GiveBack
            | StepKind::LockUntilCommit
            | StepKind::Commit
            | StepKind::Rollback
            | StepKind::Watch => false,
        }
    }

    /// Whether it tells the buyer how many tickets are left.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, StepKind::Read | StepKind::ReadForUpdate | StepKind::ReadForShare | StepKind::Count)
    }

    /// Whether it changes what a reader sees.
    #[must_use]
    pub const fn changes_stock(self) -> bool {
        self.sells() || matches!(self, StepKind::Truncate)
    }

    /// Whether it takes a lock, and may have to wait for it.
    #[must_use]
    pub const fn locks(self) -> bool {
        matches!(self, StepKind::Lock | StepKind::LockShared | StepKind::Upgrade)
    }

    /// Whether it lets go of something: a refused purchase takes only these steps.
    #[must_use]
    pub const fn lets_go(self) -> bool {
        matches!(self, StepKind::Unlock | StepKind::Commit | StepKind::Rollback | StepKind::GiveBack)
    }
}

/// What a buyer wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Open the file that carries the lock, as it is now.
    Open,
    /// Take the lock, waiting for it if need be.
    Lock,
    /// Read the stock.
    Read,
    /// Let some time pass.
    Think,
    /// Put this stock into the file, whole.
    Write(Stock),
    /// Empty the file.
    Truncate,
    /// Put this stock into the emptied file.
    Fill(Stock),
    /// Let the lock go.
    Unlock,
    /// Take the lock as one of several.
    LockShared,
    /// Turn the shared lock into one of its own.
    Upgrade,
    /// Open and close the lock's file once more.
    CloseOther,
    /// Remove the lock's file.
    Unlink,
    /// See whether the lock's file is still the one that is locked.
    ReopenCheck,
    /// Look whether the lockfile's holder is dead.
    LookStale,
    /// Remove the lockfile if its holder was found dead.
    RemoveStale,
    /// Have the helper unlock.
    HelperUnlock,
    /// Begin a transaction.
    Begin,
    /// Begin a transaction that has the right to write at once.
    BeginImmediate,
    /// Read the stock and lock its row exclusively.
    ReadForUpdate,
    /// Read the stock and lock its row in share mode.
    ReadForShare,
    /// Read the capacity less the receipts.
    Count,
    /// Add a receipt.
    Insert,
    /// Write one less than there is.
    Decrement,
    /// Write one less than this stock, if the store still holds it.
    Swap(Stock),
    /// Write one less than there is if there is one left.
    Take,
    /// Write one more than there is.
    GiveBack,
    /// Take the lock until the end of the transaction.
    LockUntilCommit,
    /// Make the transaction last.
    Commit,
    /// Undo the transaction.
    Rollback,
    /// Watch the stock: a later swap misses if anybody has touched it.
    Watch,
    /// Nothing more: the buyer is done.
    Leave,
}

impl Action {
    /// Its step; `None` for leaving.
    #[must_use]
    pub const fn kind(self) -> Option<StepKind> {
        Some(match self {
            Action::Open => StepKind::Open,
            Action::Lock => StepKind::Lock,
            Action::Read => StepKind::Read,
            Action::Think => StepKind::Think,
            Action::Write(_) => StepKind::Write,
            Action::Truncate => StepKind::Truncate,
            Action::Fill(_) => StepKind::Fill,
            Action::Unlock => StepKind::Unlock,
            Action::LockShared => StepKind::LockShared,
            Action::Upgrade => StepKind::Upgrade,
            Action::CloseOther => StepKind::CloseOther,
            Action::Unlink => StepKind::Unlink,
            Action::ReopenCheck => StepKind::ReopenCheck,
            Action::LookStale => StepKind::LookStale,
            Action::RemoveStale => StepKind::RemoveStale,
            Action::HelperUnlock => StepKind::HelperUnlock,
            Action::Begin => StepKind::Begin,
            Action::BeginImmediate => StepKind::BeginImmediate,
            Action::ReadForUpdate => StepKind::ReadForUpdate,
            Action::ReadForShare => StepKind::ReadForShare,
            Action::Count => StepKind::Count,
            Action::Insert => StepKind::Insert,
            Action::Decrement => StepKind::Decrement,
            Action::Swap(_) => StepKind::Swap,
            Action::Take => StepKind::Take,
            Action::GiveBack => StepKind::GiveBack,
            Action::LockUntilCommit => StepKind::LockUntilCommit,
            Action::Commit => StepKind::Commit,
            Action::Rollback => StepKind::Rollback,
            Action::Watch => StepKind::Watch,
            Action::Leave => return None,
        })
    }
}

/// The result of an [`Action`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It was done.
    Done,
    /// The store holds this stock.
    Stock(Stock),
    /// The file held this text, which is no valid ticket.
    Torn(TornText),
    /// A ticket was taken, and the store says that it was taken from this stock.
    Sold(Stock),
    /// Nothing was taken: the stock was not what the step asked for.
    Missed,
    /// It could not be done.
    Failed(Fault),
}

impl Reply {
    /// The reply to an action that the end of the run cut short.
    #[must_use]
    pub const fn stopped() -> Self {
        Reply::Failed(Fault::plain(FaultKind::Stopped))
    }
}

/// An order of steps: a purchase is one protocol, carried out once.
///
/// It is small and of fixed size, so that a plan can be copied and a buyer hashed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocol {
    /// The steps, then [`StepKind::Think`] up to the end of the array.
    steps: [StepKind; Protocol::MOST],
    len: u8,
}

impl Protocol {
    /// The most steps that a protocol has.
    pub const MOST: usize = 24;

    /// The protocol of these steps.
    ///
    /// # Panics
    /// When there are more than [`Protocol::MOST`].
    #[must_use]
    pub fn of(kinds: &[StepKind]) -> Self {
        let mut steps = [StepKind::Think; Self::MOST];
        steps[..kinds.len()].copy_from_slice(kinds);
        Self { steps, len: kinds.len() as u8 }
    }

    /// Its steps, in their order.
    #[must_use]
    #[inline(always)]
    pub fn steps(&self) -> &[StepKind] {
        &self.steps[..usize::from(self.len)]
    }

    /// The step at a place, counted from 0; `None` after the last.
    #[must_use]
    #[inline(always)]
    pub fn step(&self, place: u8) -> Option<StepKind> {
        if place < self.len { self.steps.get(usize::from(place)).copied() } else { None }
    }

    /// The same for a buyer that takes no lock: steps that concern only the lock are left out.
    #[must_use]
    pub fn without_locks(&self) -> Self {
        let is_of_stock =
            |kind: &&StepKind| kind.reads() || kind.changes_stock() || matches!(kind, StepKind::Think);
        Self::of(&self.steps().iter().filter(is_of_stock).copied().collect::<Vec<_>>())
    }

    /// Whether it has this step.
    #[must_use]
    pub fn has(&self, kind: StepKind) -> bool {
        self.steps().contains(&kind)
    }

    /// How many steps of one purchase a schedule names at most.
    #[must_use]
    pub fn most_named(&self) -> u64 {
        self.letters().count() as u64
    }

    /// The letters of the steps that a schedule names, in their order.
    pub fn letters(&self) -> impl Iterator<Item = Letter> {
        self.steps().iter().filter_map(|kind| kind.letter())
    }

    /// Whether the stock stays locked from the read that decides to the write. Only then no two purchases can
    /// sell from the same stock.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        let mut locked = false;
        let mut read_under_it = false;
        for kind in self.steps() {
            match kind {
                // A read under a shared lock does not count: others may read the same stock. An upgrade does
                // not help either: flock(2) unlocks in between, and with the other kinds two buyers wait for
                // each other for ever.
                StepKind::Lock | StepKind::Upgrade => locked = true,
                StepKind::Unlock => (locked, read_under_it) = (false, false),
                kind if kind.reads() => read_under_it = locked,
                // Emptying the file counts as a write: others may read the empty file.
                kind if kind.changes_stock() && !read_under_it => return false,
                _ => {}
            }
        }
        true
    }
}

impl std::fmt::Debug for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Protocol({self})")
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, kind) in self.steps().iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{kind}")?;
        }
        Ok(())
    }
}

impl serde::Serialize for Protocol {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
