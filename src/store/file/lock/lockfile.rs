//! A lockfile: `<file>.lock`, created with `O_CREAT|O_EXCL`, in which only one can succeed (open(2)), and removed to
//! unlock. Its text is the holder's process id, and below it the place where that is valid: host, boot and pid
//! namespace.
//!
//! - Excludes: everybody who creates the same file before writing, in any process, thread or task.
//! - Survives: its holder. A killed buyer leaves it behind, and then nobody gets in. Waiters check the holder: if that
//!   process is gone from this host they report it, or with `--break-stale` remove the lockfile. If a lockfile is from
//!   another host, boot or pid namespace (a container), does not state its place, or was left before its holder wrote
//!   the process id, nobody can tell whether its holder lives; so it counts as held.
//! - Works: on any filesystem, on NFS since version 3.
//!
//! **Waiting** means trying again ([`super::polling`]): no call tells a waiter that the file is gone.
//!
//! **Breaking** a stale lockfile is a race itself: if two find the same dead holder, the slower one removes the
//! lockfile that the faster one has just created, and both are in. So a breaker holds a flock on `<file>.lock.guard`
//! and checks again under it. Between that check and the removal nobody else can touch the lockfile: its holder is
//! dead, a newcomer can't create it while it exists, and another breaker does not get the guard. The guard's own file
//! is never removed.
//!
//! Many programs break it without a guard: they look, decide, and remove. To show the result, these are two separate
//! steps here ([`Lockfile::looks_stale`], [`Lockfile::remove_stale`]).
//!
//! **Made by link(2)**, a private file gets the lockfile's name as a second link, which fails if the name exists: the
//! method for old NFS, where `O_EXCL` did not work. **With a lease**, an old lockfile is taken over, under the guard:
//! its holder is not asked, and may still be working.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::home::{Home, is_gone};
use super::polling::poll;
use super::{LockAnswer, flock};
use crate::paths::{beside, folder};
use crate::protocol::file::{FileChoices, Lock};
use crate::store::file::ticket::{open_own, read_own};

/// The most bytes read of a lockfile: a number and three lines are short.
const MOST_BYTES: u64 = 1024;

/// A process id that no process ever has: the kernel's own limit is far below (proc(5), pid_max).
const DEAD_PID: u32 = i32::MAX as u32;

/// A lockfile that is older than this was made so old on purpose, to end its lease.
const ENDED: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How a lockfile is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Making {
    /// Created with `O_CREAT|O_EXCL`.
    Created,
    /// A private file that gets its name by link(2).
    Linked,
    /// Created, and taken over by others once it is older than this.
    Leased(Duration),
}

/// One buyer's end of the lockfile.
#[derive(Debug)]
pub(super) struct Lockfile {
    path: PathBuf,
    guard: PathBuf,
    making: Making,
    break_stale: bool,
    /// The age from which its holder counts as dead, if only the age is checked.
    dead_after: Option<Duration>,
    /// Whether others may remove it while it is held, so that there may be none to remove.
    may_vanish: bool,
    home: Home,
    /// The text of our lockfile.
    text: String,
}

impl Lockfile {
    /// The lockfile of the ticket file `file`, as buyers of this sale use it. `home` is this process's place.
    pub(super) fn new(file: &Path, choices: &FileChoices, home: &Home) -> Self {
        let lease = Duration::from_nanos(choices.lease_or_usual_ns());
        let making = match choices.lock {
            Lock::Link => Making::Linked,
            Lock::Lease => Making::Leased(lease),
            _ => Making::Created,
        };
        let mut text = home.lockfile_text();
        if let Making::Leased(_) = making {
            // A number to recognise our own lockfile when we unlock: by then it may be another's.
            text += &format!("lease {:016x}\n", rand::random::<u64>());
        }
        Self {
            path: path(file),
            guard: guard_path(file),
            making,
            break_stale: choices.break_stale,
            dead_after: choices.lease_ns.map(|_| lease),
            may_vanish: choices.breaks_stale_unguarded(),
            home: home.clone(),
            text,
        }
    }

    pub(super) fn lock(&self, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
        poll(gives_up, || self.try_lock(), || self.left_behind())
    }

    pub(super) fn try_lock(&self) -> Result<bool> {
        match self.making {
            Making::Created => self.create(),
            Making::Linked => self.link(),
            Making::Leased(lease) => Ok(self.create()? || self.take_over(|age| age > lease)?),
        }
    }

    /// The same for a replay, where no time passes: a lease is over only if it was ended, and a dead holder's lockfile
    /// is broken at once, with `--break-stale`.
    pub(super) fn try_lock_by_hand(&self) -> Result<bool> {
        match self.making {
            Making::Leased(_) => Ok(self.create()? || self.take_over(|age| age > ENDED)?),
            Making::Created | Making::Linked if self.try_lock()? => Ok(true),
            Making::Created | Making::Linked if self.break_stale => {
                self.break_stale()?;
                self.try_lock()
            }
            Making::Created | Making::Linked => Ok(false),
        }
    }

    fn create(&self) -> Result<bool> {
        let mut lockfile = match OpenOptions::new().write(true).create_new(true).open(&self.path) {
            Ok(lockfile) => lockfile,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        };
        if let Err(error) = lockfile.write_all(self.text.as_bytes()) {
            // After an error, such as a full disk: it is our lockfile, and must not keep the others out.
            std::fs::remove_file(&self.path)?;
            return Err(error);
        }
        Ok(true)
    }

    fn link(&self) -> Result<bool> {
        if self.path.symlink_metadata().is_ok() {
            return Ok(false);
        }
        let private = beside(&self.path, &format!(".{}.{:016x}", std::process::id(), rand::random::<u64>()));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&private)?;
        let linked =
            file.write_all(self.text.as_bytes()).and_then(|()| std::fs::hard_link(&private, &self.path));
        std::fs::remove_file(&private)?;
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes over a lockfile if its age `is_up`. Under the guard nobody else does so at the same time.
    fn take_over(&self, is_up: impl Fn(Duration) -> bool) -> Result<bool> {
        if !self.age().is_some_and(&is_up) {
            return Ok(false);
        }
        let Some(_guard) = self.guard()? else { return Ok(false) };
        if self.age().is_some_and(is_up) {
            std::fs::remove_file(&self.path)?;
        }
        self.create()
    }

    /// How long ago the lockfile was made, by its time; `None` if there is none.
    fn age(&self) -> Option<Duration> {
        let made = self.path.symlink_metadata().and_then(|lockfile| lockfile.modified()).ok()?;
        Some(SystemTime::now().duration_since(made).unwrap_or_default())
    }

    pub(super) fn unlock(&self) -> Result<()> {
        if let Making::Leased(_) = self.making {
            return self.give_back();
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if self.may_vanish && error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Removes it if it is still ours.
    fn give_back(&self) -> Result<()> {
        let guard = open_own(&self.guard)?;
        flock::lock(&guard, || false)?;
        let text = read_own(&self.path, MOST_BYTES).unwrap_or_default();
        if text == self.text.as_bytes() { std::fs::remove_file(&self.path) } else { Ok(()) }
    }

    /// Whether a program would believe its holder dead: by its age if there is a lease, else by its process id.
    /// `by_hand` is for replays, where no time passes: then the lease counts as over.
    pub(super) fn looks_stale(&self, by_hand: bool) -> bool {
        match self.dead_after {
            Some(_) if by_hand => self.age().is_some(),
            Some(limit) => self.age().is_some_and(|age| age > limit),
            None => self.dead_holder().is_some(),
        }
    }

    /// Removes the lockfile that is there now, like a program that has checked it before.
    pub(super) fn remove_stale(&self) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// The dead process that left the lockfile behind. With `--break-stale` the lockfile is removed instead.
    pub(super) fn left_behind(&self) -> Result<Option<u32>> {
        match self.dead_holder() {
            Some(_) if self.break_stale => self.break_stale().map(|()| None),
            dead => Ok(dead),
        }
    }

    /// The process that the lockfile names, if that is dead and left it behind.
    fn dead_holder(&self) -> Option<u32> {
        // A link, a pipe, or an unreadable file keeps everybody out, too, but its holder can't be known.
        self.dead_holder_in(|| read_own(&self.path, MOST_BYTES).ok())
    }

    /// The same for a text that is read twice: after the first read the holder may unlock and end, and then the
    /// lockfile is another's. If the text still names the process when it is known to be dead, it left the lockfile
    /// behind.
    pub(super) fn dead_holder_in(&self, mut read: impl FnMut() -> Option<Vec<u8>>) -> Option<u32> {
        let mut named = || self.home.named(&read()?);
        let pid = named().filter(|pid| is_gone(*pid))?;
        named().filter(|again| *again == pid)
    }

    /// Runs `act` while a dead holder's lockfile is there and nobody can break it.
    pub(super) fn while_left_behind<T>(&self, act: impl FnOnce() -> T) -> Result<Option<T>> {
        if self.left_behind()?.is_none() {
            return Ok(None);
        }
        let Some(_guard) = self.guard()? else {
            return Ok(None);
        };
        Ok(self.dead_holder().map(|_| act()))
    }

    /// Removes the lockfile if its holder is dead; the module's documentation says why it can't be another's. If
    /// another process has the guard, it does so for us, or we try again later.
    pub(super) fn break_stale(&self) -> Result<()> {
        if let Some(_guard) = self.guard()?
            && self.dead_holder().is_some()
        {
            std::fs::remove_file(&self.path)?;
        }
        Ok(())
    }

    /// Takes the breakers' flock if it is free; waiting for it could not be interrupted. Closing the file unlocks it.
    fn guard(&self) -> Result<Option<File>> {
        let guard = open_own(&self.guard)?;
        Ok(flock::try_lock(&guard)?.then_some(guard))
    }
}

/// Makes a lockfile at the ticket file `file` as if a dead process had left it long ago.
///
/// # Errors
/// When the system reports an error. An existing lockfile is no error.
pub fn leave_dead(file: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(path(file)) {
        Ok(mut lockfile) => {
            lockfile.write_all(Home::here().lockfile_text_of(DEAD_PID).as_bytes())?;
            lockfile.set_modified(SystemTime::UNIX_EPOCH)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Ends the lease of a process of this place by making its lockfile very old. Returns whether it had one.
///
/// # Errors
/// When its lockfile can't be touched.
pub fn end_lease(file: &Path, pid: u32) -> Result<bool> {
    let path = path(file);
    // The open file stays the same even if another lockfile takes its name.
    let mut lockfile = match OpenOptions::new().read(true).write(true).open(&path) {
        Ok(lockfile) => lockfile,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    (&mut lockfile).take(MOST_BYTES).read_to_end(&mut text)?;
    let is_its = Home::here().named_in_lease(&text) == Some(pid);
    if is_its {
        lockfile.set_modified(SystemTime::UNIX_EPOCH)?;
    }
    Ok(is_its)
}

/// Removes the lockfile that one of these dead processes has left. Errors are ignored.
pub fn remove_lockfile_of(file: &Path, pids: &[u32]) {
    let path = path(file);
    let Ok(text) = read_own(&path, MOST_BYTES) else { return };
    let home = Home::here();
    let named = home.named(&text).or_else(|| home.named_in_lease(&text));
    if named.is_some_and(|pid| pids.contains(&pid)) {
        let _ = std::fs::remove_file(path);
    }
}

/// Removes the private files of processes that were killed while they made their lockfile.
pub fn clean_up_private(file: &Path, pids: impl Iterator<Item = u32>) {
    let lockfile = path(file);
    let name = lockfile.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let starts: Vec<String> = pids.map(|pid| format!("{name}.{pid}.")).collect();
    // Errors are ignored: a folder that can't be read or written any more keeps the files.
    let Ok(entries) = std::fs::read_dir(folder(file)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if starts.iter().any(|start| name.starts_with(start)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A lockfile that exists, and its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// Which file.
    pub path: PathBuf,
    /// The process that it names, if its number is valid here.
    pub pid: Option<u32>,
    /// Whether that process is gone.
    pub gone: bool,
}

impl std::fmt::Display for Occupied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.display();
        match (self.pid, self.gone) {
            (Some(pid), true) => {
                write!(f, "process {pid}, which is gone, left {path} behind")
            }
            (Some(pid), false) => {
                write!(f, "process {pid} holds {path} and is running")
            }
            (None, _) => {
                write!(f, "{path} is there, and whether its holder lives can't be found out from here")
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
        // An unreadable lockfile names nobody.
        Err(_) => Vec::new(),
    };
    let pid = Home::here().named(&text);
    Some(Occupied { path, pid, gone: pid.is_some_and(is_gone) })
}

/// The path of the guard for breaking a ticket file's lockfile.
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
