//! A lockfile: `<file>.lock`, created with `O_CREAT|O_EXCL`, which one alone can do (open(2)), and
//! removed to let go. Its text is the holder's process id, and below it the name of its host.
//!
//! - Excludes: everybody who creates the same file first, in any process, thread or task.
//! - Survives: its holder. A killed buyer leaves it behind, and then nobody gets in. Waiters look who
//!   holds it: if that process is gone from this host they say so, and with `--break-stale` remove it.
//!   A lockfile of another host, or one whose holder was killed before it wrote its process id, says
//!   nothing: it is waited for like one that is held.
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
//! another breaker, who waits for the guard. The guard's own file is never removed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::unistd::Pid;

use super::{Wait, flock};
use crate::paths::beside;

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

/// One buyer's end of the lockfile.
#[derive(Debug)]
pub(super) struct Lockfile {
    path: PathBuf,
    guard: PathBuf,
    break_stale: bool,
    host: String,
    /// What a lockfile of ours says.
    text: String,
}

impl Lockfile {
    /// The lockfile of the ticket file `file`, for this process to take.
    pub(super) fn new(file: &Path, break_stale: bool) -> Self {
        let host =
            nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = format!("{}\n{host}\n", std::process::id());
        Self { path: path(file), guard: beside(file, ".lock.guard"), break_stale, host, text }
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
        match self.dead_holder()? {
            Some(_) if self.break_stale => self.break_stale().map(|()| None),
            dead => Ok(dead),
        }
    }

    /// The process that the lockfile names, if that is gone from this host and left it behind.
    fn dead_holder(&self) -> Result<Option<u32>> {
        self.dead_holder_in(|| match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// The same of a text that is read twice: a holder may let go and end after the first time, and then
    /// the lockfile is another's. What still names it when it is known to be dead, it left behind.
    pub(super) fn dead_holder_in(
        &self,
        mut read: impl FnMut() -> Result<Option<String>>,
    ) -> Result<Option<u32>> {
        let Some(pid) = read()?.and_then(|text| self.named(&text)).filter(|pid| is_gone(*pid)) else {
            return Ok(None);
        };
        Ok(read()?.and_then(|text| self.named(&text)).filter(|again| *again == pid))
    }

    /// The process of this host that a lockfile's text names.
    fn named(&self, text: &str) -> Option<u32> {
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.trim().parse().ok());
        // Another tool's lockfile names no host: it speaks of this one, as far as anybody can tell.
        pid.filter(|_| lines.next().is_none_or(|host| host == self.host))
    }

    /// Does something while a dead holder's lockfile is there and nobody can break it.
    pub(super) fn while_left_behind<T>(&self, act: impl FnOnce() -> T) -> Result<Option<T>> {
        if self.left_behind()?.is_none() {
            return Ok(None);
        }
        let _guard = self.guard()?;
        Ok(self.dead_holder()?.map(|_| act()))
    }

    /// Removes the lockfile if its holder is dead: see above why nobody else's can be hit.
    pub(super) fn break_stale(&self) -> Result<()> {
        let _guard = self.guard()?;
        if self.dead_holder()?.is_some() {
            self.unlock()?;
        }
        Ok(())
    }

    /// Waits for the flock that breakers hold. Closing the file lets it go.
    fn guard(&self) -> Result<File> {
        let guard = OpenOptions::new().write(true).create(true).truncate(false).open(&self.guard)?;
        flock::lock(&guard, || false)?;
        Ok(guard)
    }
}

/// A lockfile that is there, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// Which file.
    pub path: PathBuf,
    /// The process of this host that it names; `None` if it names none.
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
                    "{path} is there and names no process of this host; if nobody uses it, remove it (rm)"
                )
            }
        }
    }
}

/// The lockfile of the ticket file `file`, if there is one.
#[must_use]
pub fn occupied(file: &Path) -> Option<Occupied> {
    let lockfile = Lockfile::new(file, false);
    let mut text = Vec::new();
    match File::open(&lockfile.path) {
        Ok(stream) => {
            // A process id and a host are short, and what can't be read names nobody.
            let _ = stream.take(1024).read_to_end(&mut text);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(_) => {}
    }
    let pid = lockfile.named(&String::from_utf8_lossy(&text));
    Some(Occupied { path: lockfile.path, pid, gone: pid.is_some_and(is_gone) })
}

/// The path of the lockfile of a ticket file.
pub(super) fn path(file: &Path) -> PathBuf {
    beside(file, ".lock")
}

/// Whether there is no such process any more, or a zombie alone, which holds nothing.
fn is_gone(pid: u32) -> bool {
    let Some(target) = i32::try_from(pid).ok().filter(|pid| *pid > 0) else {
        return false;
    };
    if nix::sys::signal::kill(Pid::from_raw(target), None) == Err(Errno::ESRCH) {
        return true;
    }
    let state = state_of(pid);
    // A first thread that has left while others go on is shown as a zombie, too.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    matches!(state, Some('Z' | 'X')) && threads <= 1
}

/// The state of a process as the system shows it in /proc (Linux): `S` sleeps, `R` runs, `Z` is a zombie.
/// `None` if there is no such process, or no /proc.
#[must_use]
pub fn state_of(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The state follows the name, which stands in parentheses and may hold any character: proc(5).
    stat.rsplit(')').next()?.trim_start().chars().next()
}
