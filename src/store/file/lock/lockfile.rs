//! A lockfile: `<file>.lock`, created with `O_CREAT|O_EXCL`, which one alone can do (open(2)), and
//! removed to let go. Its text is the holder's process id, and below it the place in which that counts:
//! host, boot and pid namespace.
//!
//! - Excludes: everybody who creates the same file first, in any process, thread or task.
//! - Survives: its holder. A killed buyer leaves it behind, and then nobody gets in. Waiters look who
//!   holds it: if that process is gone from this host they say so, and with `--break-stale` remove it.
//!   A lockfile of another host, boot or pid namespace (a container), one that does not say of which it is,
//!   or one whose holder was killed before it wrote its process id, says nothing: whether its holder
//!   lives can't be found out, so it is waited for like one that is held.
//! - Works: on any filesystem, on NFS since version 3.
//!
//! **Waiting** means to try again: nothing tells a waiter that the file is gone. It tries
//! [`TRIES_AT_ONCE`] times without a pause, since most purchases are short; then the pause between two
//! tries starts at [`FIRST_PAUSE`] and doubles up to [`LONGEST_PAUSE`], so it is late by half a pause on
//! average, serves nobody in turn, and costs CPU: about 20 % of a core for 100 waiting processes, where
//! every other kind costs below 1 % (`cargo bench --bench waiting`).
//!
//! **Breaking** a stale one is a race of its own: of two who find the same dead holder, the slower one
//! removes the lockfile that the faster one has just created, and both are in. So whoever breaks holds
//! a flock on `<file>.lock.guard` meanwhile and looks again under it. Between that look and the removal
//! nobody else can touch the lockfile: not its holder, who is dead; not a newcomer, for it exists; not
//! another breaker, who does not get the guard and tries again later. The guard's own file is never removed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::home::{Home, is_gone};
use super::{Wait, flock};
use crate::paths::beside;
use crate::store::file::ticket::{open_own, read_own};

/// How many tries there are before the first pause.
const TRIES_AT_ONCE: u32 = 16;
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// How long a waiter waits before it looks whether the holder is still there: most waits are over by then.
const LOOK_AFTER: Duration = Duration::from_millis(20);
/// How often it looks again.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The most bytes of a lockfile that are read: a number and three lines are short.
const MOST_BYTES: u64 = 1024;

/// One buyer's end of the lockfile.
#[derive(Debug)]
pub(super) struct Lockfile {
    path: PathBuf,
    guard: PathBuf,
    break_stale: bool,
    home: Home,
    /// What a lockfile of ours says.
    text: String,
}

impl Lockfile {
    /// The lockfile of the ticket file `file`, for this process to take. `home` is where it lives.
    pub(super) fn new(file: &Path, break_stale: bool, home: &Home) -> Self {
        Self {
            path: path(file),
            guard: guard_path(file),
            break_stale,
            home: home.clone(),
            text: home.lockfile_text(),
        }
    }

    pub(super) fn lock(&self, gives_up: impl Fn() -> bool) -> Result<Wait> {
        for _ in 0..TRIES_AT_ONCE {
            if self.try_lock()? {
                return Ok(Wait::Granted);
            }
            std::thread::yield_now();
        }
        let mut pause = FIRST_PAUSE;
        let mut look_at = Instant::now() + LOOK_AFTER;
        while !self.try_lock()? {
            if gives_up() {
                return Ok(Wait::GivenUp);
            }
            if Instant::now() >= look_at {
                if let Some(pid) = self.left_behind()? {
                    return Ok(Wait::HolderGone { pid });
                }
                look_at = Instant::now() + LOOK_EVERY;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(Wait::Granted)
    }

    pub(super) fn try_lock(&self) -> Result<bool> {
        let mut lockfile = match OpenOptions::new().write(true).create_new(true).open(&self.path) {
            Ok(lockfile) => lockfile,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        };
        if let Err(error) = lockfile.write_all(self.text.as_bytes()) {
            // A full disk, say. It is ours, and must not keep the others out.
            self.unlock()?;
            return Err(error);
        }
        Ok(true)
    }

    pub(super) fn unlock(&self) -> Result<()> {
        std::fs::remove_file(&self.path)
    }

    /// The dead process that left the lockfile behind, unless it is removed for that.
    pub(super) fn left_behind(&self) -> Result<Option<u32>> {
        match self.dead_holder() {
            Some(_) if self.break_stale => self.break_stale().map(|()| None),
            dead => Ok(dead),
        }
    }

    /// The process that the lockfile names, if that is gone from here and left it behind.
    fn dead_holder(&self) -> Option<u32> {
        // A link, a pipe or the like, or one that may not be read, keeps everybody out, too; but what it
        // would say, if anything, can't be known.
        self.dead_holder_in(|| read_own(&self.path, MOST_BYTES).ok())
    }

    /// The same of a text that is read twice: a holder may let go and end after the first time, and then
    /// the lockfile is another's. What still names it when it is known to be dead, it left behind.
    pub(super) fn dead_holder_in(&self, mut read: impl FnMut() -> Option<Vec<u8>>) -> Option<u32> {
        let mut named = || self.home.named(&read()?);
        let pid = named().filter(|pid| is_gone(*pid))?;
        named().filter(|again| *again == pid)
    }

    /// Does something while a dead holder's lockfile is there and nobody can break it.
    pub(super) fn while_left_behind<T>(&self, act: impl FnOnce() -> T) -> Result<Option<T>> {
        if self.left_behind()?.is_none() {
            return Ok(None);
        }
        let Some(_guard) = self.guard()? else {
            return Ok(None);
        };
        Ok(self.dead_holder().map(|_| act()))
    }

    /// Removes the lockfile if its holder is dead: see above why nobody else's can be hit. Somebody else who
    /// has the guard does so in our stead, or lets it go by the next look.
    pub(super) fn break_stale(&self) -> Result<()> {
        if let Some(_guard) = self.guard()?
            && self.dead_holder().is_some()
        {
            self.unlock()?;
        }
        Ok(())
    }

    /// Takes the flock that breakers hold, if it is free: no wait for it could be ended. Closing the file
    /// lets it go.
    fn guard(&self) -> Result<Option<File>> {
        let guard = open_own(&self.guard)?;
        Ok(flock::try_lock(&guard)?.then_some(guard))
    }
}

/// A lockfile that is there, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// Which file.
    pub path: PathBuf,
    /// The process that it names, if its number counts here; `None` if it names none of whom that is known.
    pub pid: Option<u32>,
    /// Whether that process is gone.
    pub gone: bool,
}

impl std::fmt::Display for Occupied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.display();
        match (self.pid, self.gone) {
            (Some(pid), true) => {
                write!(f, "process {pid}, which is gone, left {path} behind; remove it (rm)")
            }
            (Some(pid), false) => {
                write!(f, "process {pid} holds {path} and is running; wait until it lets go")
            }
            (None, _) => {
                write!(
                    f,
                    "{path} is there, and whether its holder lives can't be found out from here; if nobody uses \
                     it, remove it (rm)"
                )
            }
        }
    }
}

/// The lockfile of the ticket file `file`, if there is one.
#[must_use]
pub fn occupied(file: &Path) -> Option<Occupied> {
    let path = path(file);
    let text = match read_own(&path, MOST_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        // What can't be read names nobody.
        Err(_) => Vec::new(),
    };
    let pid = Home::here().named(&text);
    Some(Occupied { path, pid, gone: pid.is_some_and(is_gone) })
}

/// The path of the guard that breakers of a ticket file's lockfile hold.
#[must_use]
pub fn guard_path(file: &Path) -> PathBuf {
    beside(file, ".lock.guard")
}

/// The path of the lockfile of a ticket file.
#[must_use]
pub fn path(file: &Path) -> PathBuf {
    beside(file, ".lock")
}

#[cfg(test)]
mod tests;
