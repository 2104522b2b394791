//! The locks, one file a kind. Each buyer opens its own, after the fork: flock and OFD locks belong to
//! the open file description, so a descriptor that is inherited is a lock that is shared.
//!
//! A lock that can't be taken is an error, never "locked anyway".

mod flock;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::plan::{Lock, LockOn, Sale};
use crate::ticket_file::beside;

/// How a wait for the lock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The lock is held.
    Granted,
    /// The buyer was told to give up.
    GivenUp,
}

/// The file that carries the lock of a sale from `file`.
#[must_use]
pub fn carrier(sale: &Sale, file: &Path) -> PathBuf {
    match sale.lock_on {
        LockOn::Ticket => file.to_owned(),
        LockOn::Sidecar => beside(file, ".sidecar"),
    }
}

/// One buyer's end of a lock.
#[derive(Debug)]
pub enum Locker {
    /// Nothing is locked.
    None,
    /// flock(2).
    Flock(File),
}

impl Locker {
    /// Opens the lock of a sale: an open file of this buyer's own.
    ///
    /// # Errors
    /// When the file that carries it can't be opened.
    pub fn open(sale: &Sale, file: &Path) -> io::Result<Self> {
        match sale.lock {
            Lock::None => Ok(Locker::None),
            Lock::Flock => open_carrier(sale, file).map(Locker::Flock),
        }
    }

    /// Waits until the lock is granted. A signal that interrupts the wait makes it ask `gives_up`.
    ///
    /// # Errors
    /// When the lock call fails: the lock is not held then.
    pub fn lock(&mut self, gives_up: impl Fn() -> bool) -> io::Result<Wait> {
        match self {
            Locker::None => Ok(Wait::Granted),
            Locker::Flock(file) => flock::lock(file, gives_up),
        }
    }

    /// Lets the lock go.
    ///
    /// # Errors
    /// When the call fails.
    pub fn unlock(&mut self) -> io::Result<()> {
        match self {
            Locker::None => Ok(()),
            Locker::Flock(file) => flock::unlock(file),
        }
    }

    /// Takes the lock if it is free; says whether it did.
    ///
    /// # Errors
    /// When the lock call fails, which is also how one learns that locks do not work here.
    pub fn try_lock(&mut self) -> io::Result<bool> {
        match self {
            Locker::None => Ok(true),
            Locker::Flock(file) => flock::try_lock(file),
        }
    }
}

fn open_carrier(sale: &Sale, file: &Path) -> io::Result<File> {
    let may_create = sale.lock_on == LockOn::Sidecar;
    OpenOptions::new().read(true).write(true).create(may_create).open(carrier(sale, file))
}
