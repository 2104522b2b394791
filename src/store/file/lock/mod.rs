//! The locks, one file for each kind. Each buyer opens its own, after the fork: flock and OFD locks belong to the open
//! file description, so an inherited descriptor is a shared lock.
//!
//! A lock that can't be taken is an error, never "locked anyway".

mod flock;
mod home;
mod lockfile;
mod mkdir;
mod ofd;
mod polling;
mod posix;
mod semaphore;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::paths::beside;
use crate::protocol::file::{FileChoices, Lock, LockOn};
use crate::store::file::helper::Helper;
use crate::store::file::ticket::{TicketFile, open_own};
use home::Home;

pub use home::state_of;
pub use lockfile::{
    Occupied, clean_up_private, end_lease, guard_path, leave_dead, occupied, path as lockfile_path,
    remove_lockfile_of,
};
pub use mkdir::remove_folder;

/// How a wait for the lock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockAnswer {
    /// The lock is held.
    Granted,
    /// The buyer was told to give up.
    GivenUp,
    /// It will never be granted: the process that holds it is dead, and the lock outlives it.
    HolderGone {
        /// The dead process.
        pid: u32,
    },
}

/// The file that carries the lock of a sale from `file`, for error messages.
#[must_use]
pub fn carrier(choices: &FileChoices, file: &Path) -> PathBuf {
    match (choices.lock, choices.lock_on) {
        (Lock::Lockfile | Lock::Link | Lock::Lease, _) => lockfile::path(file),
        (Lock::Mkdir, _) => mkdir::path(file),
        (_, LockOn::Ticket) => file.to_owned(),
        (_, LockOn::Sidecar) => sidecar_path(file),
    }
}

/// The path of a ticket file's sidecar, which only carries a lock.
#[must_use]
pub fn sidecar_path(file: &Path) -> PathBuf {
    beside(file, ".sidecar")
}

/// The part of a lock that all buyers of one run share, made before the first one starts: the semaphore, or the place
/// where the process ids of a lockfile are valid. For all other kinds each buyer opens the same file itself.
#[derive(Clone, Debug)]
pub struct CommonLock {
    semaphore: Option<Arc<semaphore::Semaphore>>,
    home: Option<Home>,
    /// The open file that all buyers inherit, if they are to inherit one.
    inherited: Arc<OnceLock<Arc<File>>>,
}

impl CommonLock {
    /// The shared part for this sale.
    ///
    /// # Errors
    /// When the system has no room for a semaphore.
    pub fn new(choices: &FileChoices) -> io::Result<Self> {
        let kinds = || std::iter::once(choices.lock).chain(choices.others.kinds());
        let semaphore = if kinds().any(|kind| kind == Lock::Semaphore) {
            Some(Arc::new(semaphore::Semaphore::new()?))
        } else {
            None
        };
        let home = kinds().any(Lock::is_lockfile).then(Home::here);
        Ok(Self { semaphore, home, inherited: Arc::default() })
    }

    /// Opens the file that carries the lock, for all buyers to inherit.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open_for_all(&self, choices: &FileChoices, file: &Path) -> io::Result<()> {
        let opened = open_carrier(choices, file)?;
        self.inherited.get_or_init(|| opened);
        Ok(())
    }

    /// Whether the semaphore is taken now; `None` for all other kinds.
    #[must_use]
    pub fn is_taken(&self) -> Option<bool> {
        self.semaphore.as_ref()?.is_free().ok().map(|free| !free)
    }
}

/// One buyer's end of a lock.
#[derive(Debug)]
pub struct Locker(Kind);

#[derive(Debug)]
enum Kind {
    None,
    Flock(Arc<File>),
    Posix(Arc<File>),
    Ofd(Arc<File>),
    Lockfile(lockfile::Lockfile),
    Semaphore(Arc<semaphore::Semaphore>),
    Mkdir(mkdir::Folder),
}

impl Locker {
    /// Opens the lock of a sale from `file`, with an open file of its own.
    ///
    /// # Errors
    /// When the file that carries it can't be opened.
    pub fn open(choices: &FileChoices, file: &Path, common: &CommonLock) -> io::Result<Self> {
        Self::with_carrier(choices, file, common, || open_carrier(choices, file))
    }

    /// Opens the lock of a buyer whose ticket file is already open: if the lock sits on that, both use one descriptor.
    ///
    /// # Errors
    /// As [`Locker::open`].
    pub fn beside(choices: &FileChoices, ticket_file: &TicketFile, common: &CommonLock) -> io::Result<Self> {
        match choices.lock_on {
            LockOn::Ticket => {
                Self::with_carrier(choices, ticket_file.path(), common, || Ok(Arc::clone(ticket_file.file())))
            }
            LockOn::Sidecar => Self::open(choices, ticket_file.path(), common),
        }
    }

    fn with_carrier(
        choices: &FileChoices,
        file: &Path,
        common: &CommonLock,
        carrier: impl FnOnce() -> io::Result<Arc<File>>,
    ) -> io::Result<Self> {
        let other_kind = || io::Error::other("the buyers met for another kind of lock");
        let carrier = || match common.inherited.get().filter(|_| choices.inherit) {
            Some(inherited) => Ok(Arc::clone(inherited)),
            None => carrier(),
        };
        Ok(Self(match choices.lock {
            Lock::None => Kind::None,
            Lock::Flock => Kind::Flock(carrier()?),
            Lock::Posix => Kind::Posix(carrier()?),
            Lock::Ofd => Kind::Ofd(carrier()?),
            Lock::Lockfile | Lock::Link | Lock::Lease => {
                let home = common.home.as_ref().ok_or_else(other_kind)?;
                Kind::Lockfile(lockfile::Lockfile::new(file, choices, home))
            }
            Lock::Semaphore => Kind::Semaphore(common.semaphore.clone().ok_or_else(other_kind)?),
            Lock::Mkdir => Kind::Mkdir(mkdir::Folder::new(file)),
        }))
    }

    /// Waits until the lock is granted. `gives_up` is called whenever a signal interrupts the wait, and before each new
    /// try of a lock that is polled.
    ///
    /// # Errors
    /// When the lock call fails: the lock is not held then.
    #[inline(always)]
    pub fn lock(&self, gives_up: impl Fn() -> bool) -> io::Result<LockAnswer> {
        match &self.0 {
            Kind::None => Ok(LockAnswer::Granted),
            Kind::Flock(file) => flock::lock(file, gives_up),
            Kind::Posix(file) => posix::lock(file, gives_up),
            Kind::Ofd(file) => ofd::lock(file, gives_up),
            Kind::Lockfile(lockfile) => lockfile.lock(gives_up),
            Kind::Semaphore(semaphore) => semaphore.lock(gives_up),
            Kind::Mkdir(folder) => folder.lock(gives_up),
        }
    }

    /// The same for a shared lock. [`Locker::lock`] makes a shared lock exclusive, in the way of its kind.
    ///
    /// # Errors
    /// As [`Locker::lock`], and where it can't be shared.
    pub fn lock_shared(&self, gives_up: impl Fn() -> bool) -> io::Result<LockAnswer> {
        match &self.0 {
            Kind::Flock(file) => flock::lock_shared(file, gives_up),
            Kind::Posix(file) => posix::lock_shared(file, gives_up),
            Kind::Ofd(file) => ofd::lock_shared(file, gives_up),
            Kind::None | Kind::Lockfile(_) | Kind::Semaphore(_) | Kind::Mkdir(_) => Err(never_shared()),
        }
    }

    /// Takes a shared lock if nobody holds an exclusive one. Returns whether it did.
    ///
    /// # Errors
    /// As [`Locker::lock_shared`].
    pub fn try_lock_shared(&self) -> io::Result<bool> {
        match &self.0 {
            Kind::Flock(file) => flock::try_lock_shared(file),
            Kind::Posix(file) => posix::try_lock_shared(file),
            Kind::Ofd(file) => ofd::try_lock_shared(file),
            Kind::None | Kind::Lockfile(_) | Kind::Semaphore(_) | Kind::Mkdir(_) => Err(never_shared()),
        }
    }

    /// Whether the locked file is the one that is at `carrier` now.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn is_at(&self, carrier: &Path) -> io::Result<bool> {
        let (Kind::Flock(file) | Kind::Posix(file) | Kind::Ofd(file)) = &self.0 else {
            return Err(io::Error::other("this kind of lock sits on no file"));
        };
        let locked = file.metadata()?;
        match std::fs::metadata(carrier) {
            Ok(named) => Ok((named.dev(), named.ino()) == (locked.dev(), locked.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lets the lock go.
    ///
    /// # Errors
    /// When the call fails.
    #[inline(always)]
    pub fn unlock(&self) -> io::Result<()> {
        match &self.0 {
            Kind::None => Ok(()),
            Kind::Flock(file) => flock::unlock(file),
            Kind::Posix(file) => posix::unlock(file),
            Kind::Ofd(file) => ofd::unlock(file),
            Kind::Lockfile(lockfile) => lockfile.unlock(),
            Kind::Semaphore(semaphore) => semaphore.unlock(),
            Kind::Mkdir(folder) => folder.unlock(),
        }
    }

    /// Takes the lock if it is free. Returns whether it did.
    ///
    /// # Errors
    /// When the lock call fails, for example because locks do not work here.
    pub fn try_lock(&self) -> io::Result<bool> {
        match &self.0 {
            Kind::None => Ok(true),
            Kind::Flock(file) => flock::try_lock(file),
            Kind::Posix(file) => posix::try_lock(file),
            Kind::Ofd(file) => ofd::try_lock(file),
            Kind::Lockfile(lockfile) => lockfile.try_lock(),
            Kind::Semaphore(semaphore) => semaphore.try_lock(),
            Kind::Mkdir(folder) => folder.try_lock(),
        }
    }

    /// The same for a replay, where no time passes: a lease is over only if it was ended, and a dead holder's lockfile
    /// is broken at once, with `--break-stale`.
    ///
    /// # Errors
    /// As [`Locker::try_lock`].
    pub fn try_lock_by_hand(&self) -> io::Result<bool> {
        match &self.0 {
            Kind::Lockfile(lockfile) => lockfile.try_lock_by_hand(),
            _ => self.try_lock(),
        }
    }

    /// Whether a program would believe the lockfile's holder dead. `by_hand` is for replays, where no time passes: then
    /// the lease counts as over.
    #[must_use]
    pub fn looks_stale(&self, by_hand: bool) -> bool {
        match &self.0 {
            Kind::Lockfile(lockfile) => lockfile.looks_stale(by_hand),
            _ => false,
        }
    }

    /// Removes the lockfile, even if it is another's by now.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn remove_stale(&self) -> io::Result<()> {
        match &self.0 {
            Kind::Lockfile(lockfile) => lockfile.remove_stale(),
            _ => Ok(()),
        }
    }

    /// Starts a helper process that inherits the open file and can unlock it. `None` if the lock sits on no file.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub(super) fn helper(&self) -> io::Result<Option<Helper>> {
        Ok(Some(match &self.0 {
            Kind::Flock(file) => Helper::start(file, flock::unlock)?,
            Kind::Posix(file) => Helper::start(file, posix::unlock)?,
            Kind::Ofd(file) => Helper::start(file, ofd::unlock)?,
            Kind::None | Kind::Lockfile(_) | Kind::Semaphore(_) | Kind::Mkdir(_) => return Ok(None),
        }))
    }

    /// Runs `act` while a dead holder's lock is there and nobody can break it. `None` if there is none, or if the kind
    /// of lock does not tell (only a lockfile does). With `--break-stale` the lock is removed instead.
    ///
    /// # Errors
    /// When the lock can't be read, guarded or removed.
    pub fn while_left_behind<T>(&self, act: impl FnOnce() -> T) -> io::Result<Option<T>> {
        match &self.0 {
            Kind::Lockfile(lockfile) => lockfile.while_left_behind(act),
            _ => Ok(None),
        }
    }
}

/// The file that carries the lock, opened anew.
fn open_carrier(choices: &FileChoices, file: &Path) -> io::Result<Arc<File>> {
    let carrier = carrier(choices, file);
    Ok(Arc::new(match choices.lock_on {
        LockOn::Ticket => OpenOptions::new().read(true).write(true).open(carrier)?,
        LockOn::Sidecar => open_own(&carrier)?,
    }))
}

fn never_shared() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this kind of lock is held by one alone")
}

#[cfg(test)]
mod tests;
