//! Everything that a run needs, checked: no clap type, no environment, no I/O.
//!
//! A [`Plan`] serialises to the `plan` object of every JSON document, history and page, and
//! [`Plan::command`] gives the command that repeats it.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::closed_set::closed_set;
use crate::foreign;
use crate::stock::Stock;

closed_set! {
    /// How buyers are run.
    pub enum Workers: "kind of worker" {
        /// One operating-system process a buyer, forked.
        Process = "process",
        /// One operating-system thread a buyer, all in one process.
        Thread = "thread",
        /// One async task a buyer, on a few threads of one process.
        Task = "task",
        /// One buyer after the other, with no concurrency at all: the baseline.
        Sequential = "sequential",
    }
}

closed_set! {
    /// How buyers keep each other out.
    pub enum Lock: "kind of lock" {
        /// No lock: every buyer walks straight in.
        None = "none",
        /// flock(2): belongs to the open file description, released by the kernel.
        Flock = "flock",
        /// fcntl(2) F_SETLKW: belongs to the process, so that its threads are not kept apart.
        Posix = "posix",
        /// fcntl(2) F_OFD_SETLKW: belongs to the open file description; Linux only.
        Ofd = "ofd",
        /// FILE.lock, created with O_CREAT|O_EXCL: outlives a holder that is killed.
        Lockfile = "lockfile",
        /// A process-shared POSIX semaphore, as Python's multiprocessing.Lock: outlives its holder, too.
        Semaphore = "semaphore",
    }
}

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

impl Lock {
    /// Whether it sits on a file that is there anyway, the ticket file or the sidecar. A lockfile is
    /// the lock itself, and a semaphore has no file.
    #[must_use]
    pub const fn has_carrier(self) -> bool {
        match self {
            Lock::Flock | Lock::Posix | Lock::Ofd => true,
            Lock::None | Lock::Lockfile | Lock::Semaphore => false,
        }
    }
}

impl Write {
    /// Where the lock sits unless told otherwise: a rename replaces the ticket file's inode, and a
    /// lock on the old inode keeps nobody out (flock(2): locks belong to the open file), so there it
    /// sits on the sidecar.
    #[must_use]
    pub const fn default_lock_on(self) -> LockOn {
        match self {
            Write::Overwrite | Write::Truncate => LockOn::Ticket,
            Write::Rename => LockOn::Sidecar,
        }
    }
}

/// How many purchases a buyer makes. It leaves earlier after a purchase that it did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PerBuyer {
    /// At most so many.
    Count(NonZeroU32),
    /// Until it is refused.
    All,
}

impl PerBuyer {
    /// One purchase.
    pub const ONE: PerBuyer = PerBuyer::Count(NonZeroU32::MIN);
}

impl std::fmt::Display for PerBuyer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PerBuyer::Count(count) => count.fmt(f),
            PerBuyer::All => f.pad("all"),
        }
    }
}

impl std::str::FromStr for PerBuyer {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(PerBuyer::All),
            _ => text.parse().map(PerBuyer::Count).map_err(|_| "a whole number from 1, or `all`".to_owned()),
        }
    }
}

impl Serialize for PerBuyer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            PerBuyer::Count(count) => serializer.serialize_u32(count.get()),
            PerBuyer::All => serializer.serialize_str("all"),
        }
    }
}

impl<'de> Deserialize<'de> for PerBuyer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Count(NonZeroU32),
            Word(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Count(count) => Ok(PerBuyer::Count(count)),
            Either::Word(word) => word.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// What one purchase does to the ticket file and its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sale {
    /// How buyers keep each other out.
    pub lock: Lock,
    /// Which file carries the lock.
    pub lock_on: LockOn,
    /// How the new stock reaches the file.
    pub write: Write,
    /// Whether data (and, for a rename, the folder) are synced before the lock is let go.
    pub fsync: bool,
    /// How long a buyer waits for the lock before it gives up, in nanoseconds; `None` waits for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_timeout_ns: Option<u64>,
    /// Whether a lockfile whose holder is dead is removed, instead of being reported.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_stale: bool,
}

impl Sale {
    /// Whether the lock keeps such workers apart, or why it does not: the one place that decides what
    /// is expected of a combination.
    #[must_use]
    pub fn exclusion(&self, workers: Workers) -> Exclusion {
        let same_process = match workers {
            Workers::Process => false,
            Workers::Thread | Workers::Task => true,
            Workers::Sequential => return Exclusion::InTurn,
        };
        if self.lock == Lock::None {
            Exclusion::NoLock
        } else if self.lock == Lock::Posix && same_process {
            Exclusion::SameOwner
        } else if self.replaces_its_lock() {
            Exclusion::RenamedAway
        } else {
            Exclusion::Excludes
        }
    }

    /// Whether each write replaces the file that carries the lock. Then a buyer opens that file for each
    /// purchase, and the file that it locks may have been replaced by the time that it reads.
    #[must_use]
    pub fn replaces_its_lock(&self) -> bool {
        self.lock.has_carrier() && self.write == Write::Rename && self.lock_on == LockOn::Ticket
    }

    /// Whether a buyer loses its lock by reading: a POSIX lock goes with any descriptor of its file that
    /// the process closes (fcntl_locking(2)), and who reads a file that is replaced opens it anew.
    #[must_use]
    pub fn loses_its_lock(&self) -> bool {
        self.lock == Lock::Posix && self.replaces_its_lock()
    }
}

/// How long buyers think between reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// The middle of the think times, in nanoseconds.
    pub think_ns: u64,
    /// Think times are drawn evenly from `think_ns` × (1 ± `jitter`); 0 to 1.
    pub jitter: f64,
    /// The seed of the think times. A string in JSON: 64 bits do not fit a JavaScript number.
    #[serde(with = "seed_as_text")]
    pub seed: u64,
}

mod seed_as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(seed)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Everything that a run needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How many buyers race, 1 to [`Plan::MOST_BUYERS`].
    pub buyers: u32,
    /// How many tickets are put on sale first; `None` sells the file's own stock.
    pub tickets: Option<Stock>,
    /// How buyers are run.
    pub workers: Workers,
    /// What one purchase does.
    #[serde(flatten)]
    pub sale: Sale,
    /// How many purchases each buyer makes.
    pub per_buyer: PerBuyer,
    /// How long buyers think.
    #[serde(flatten)]
    pub pace: Pace,
    /// The ticket file.
    pub file: PathBuf,
    /// Whether others put tickets on sale meanwhile, under the same lock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restocks: bool,
}

/// Why a plan can't be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Zero buyers, or too many.
    #[error("{0} buyers: it takes 1 to {most}", most = Plan::MOST_BUYERS)]
    Buyers(u32),
    /// Fewer than no tickets.
    #[error("{0} tickets: it takes a whole number from 0")]
    Tickets(Stock),
    /// Others are to put tickets on sale under a lock that is none.
    #[error(
        "--restocks says that others put tickets on sale under the lock, and here no lock keeps them out: \
         leave it out, or take a lock that does"
    )]
    RestocksWithoutLock,
    /// A jitter outside 0 to 1.
    #[error("jitter {0}: it takes a number from 0 to 1")]
    Jitter(f64),
}

impl Plan {
    /// The most buyers that a run takes: below Linux's default limit of 32,768 process ids.
    pub const MOST_BUYERS: u32 = 30_000;

    /// Refuses a plan that can't be run.
    ///
    /// # Errors
    /// When a number is out of range, or choices say nothing together.
    pub fn check(&self) -> Result<(), PlanError> {
        if !(1..=Self::MOST_BUYERS).contains(&self.buyers) {
            return Err(PlanError::Buyers(self.buyers));
        }
        if let Some(tickets) = self.tickets.filter(|tickets| *tickets < 0) {
            return Err(PlanError::Tickets(tickets));
        }
        let excludes = matches!(self.exclusion(), Exclusion::Excludes | Exclusion::InTurn);
        if self.restocks && (!excludes || self.sale.lock == Lock::None) {
            return Err(PlanError::RestocksWithoutLock);
        }
        if !(0.0..=1.0).contains(&self.pace.jitter) {
            return Err(PlanError::Jitter(self.pace.jitter));
        }
        Ok(())
    }

    /// Whether the lock of this plan keeps its buyers apart, or why it does not.
    #[must_use]
    pub fn exclusion(&self) -> Exclusion {
        self.sale.exclusion(self.workers)
    }

    /// The command that repeats this run: the same plan and the same think times.
    #[must_use]
    pub fn command(&self) -> String {
        self.command_with(Some(self.pace.seed))
    }

    /// The command that runs the same plan with think times of its own.
    #[must_use]
    pub fn command_for_any_seed(&self) -> String {
        self.command_with(None)
    }

    fn command_with(&self, seed: Option<u64>) -> String {
        let mut words = vec!["ticketsim".to_owned()];
        words.push(format!("--buyers {}", self.buyers));
        if let Some(tickets) = self.tickets {
            words.push(format!("--tickets {tickets}"));
        }
        if self.workers != Workers::Process {
            words.push(format!("--workers {}", self.workers));
        }
        words.extend(self.sale_options());
        words.extend(self.restocks.then(|| "--restocks".to_owned()));
        words.extend(self.pace_options());
        words.extend(seed.map(|seed| format!("--seed {seed}")));
        words.extend(self.file_option());
        words.join(" ")
    }

    fn file_option(&self) -> Option<String> {
        let differs = self.file != Path::new(Self::DEFAULT_FILE);
        differs.then(|| format!("--file {}", shell_quoted(&self.file.to_string_lossy())))
    }

    /// The command that replays these steps, which name so many buyers, under this plan.
    #[must_use]
    pub fn replay_command(&self, steps: &str, named: u32) -> String {
        let mut words = vec![format!("ticketsim replay {}", shell_quoted(steps))];
        if self.buyers != named {
            words.push(format!("--buyers {}", self.buyers));
        }
        if let Some(tickets) = self.tickets {
            words.push(format!("--tickets {tickets}"));
        }
        words.extend(self.sale_options());
        words.extend(self.file_option());
        words.join(" ")
    }

    /// The ticket file of a command that names none.
    pub const DEFAULT_FILE: &str = "data/ticket.json";
    /// The think time of a command that names none.
    pub const DEFAULT_THINK: Duration = Duration::from_millis(10);
    /// The jitter of a command that names none.
    pub const DEFAULT_JITTER: f64 = 0.5;

    /// The options on what a purchase does that differ from their defaults.
    fn sale_options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut say = |differs: bool, option: String| {
            if differs {
                options.push(option);
            }
        };
        let Sale { lock, lock_on, write, fsync, lock_timeout_ns, break_stale } = self.sale;
        if lock == Lock::None {
            say(true, "--no-lock".to_owned());
        } else {
            say(lock != Lock::Flock, format!("--lock {lock}"));
        }
        say(write != Write::Overwrite, format!("--write {write}"));
        say(lock_on != write.default_lock_on(), format!("--lock-on {lock_on}"));
        say(fsync, "--fsync".to_owned());
        if let Some(timeout_ns) = lock_timeout_ns {
            let timeout = humantime::format_duration(Duration::from_nanos(timeout_ns));
            say(true, format!("--lock-timeout {}", shell_quoted(&timeout.to_string())));
        }
        say(break_stale, "--break-stale".to_owned());
        say(self.per_buyer != PerBuyer::ONE, format!("--per-buyer {}", self.per_buyer));
        options
    }

    /// The options on think times that differ from their defaults, but for the seed.
    fn pace_options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let think = Duration::from_nanos(self.pace.think_ns);
        let think_text = shell_quoted(&humantime::format_duration(think).to_string());
        if think != Self::DEFAULT_THINK {
            options.push(format!("--think {think_text}"));
        }
        // Exact on purpose: a default is a literal, never a computed number.
        if self.pace.jitter != Self::DEFAULT_JITTER {
            options.push(format!("--jitter {}", self.pace.jitter));
        }
        options
    }
}

/// Whether a plan's lock keeps its buyers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// It does.
    Excludes,
    /// There is no lock.
    NoLock,
    /// The lock sits on a file that each write replaces: old and new file are locked at once.
    RenamedAway,
    /// The lock belongs to the process, and all buyers are in one (fcntl_locking(2)).
    SameOwner,
    /// There is nobody to keep out: one buyer comes after the other.
    InTurn,
}

/// The text as one word of a POSIX shell.
#[must_use]
pub fn shell_quoted(text: &str) -> String {
    if text.contains(foreign::is_harmful) {
        return dollar_quoted(text);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The text as one word of a shell that knows `$'…'` (POSIX since 2024; bash, zsh and ksh long before): bytes
/// that a terminal would obey stand as octal numbers.
fn dollar_quoted(text: &str) -> String {
    let mut word = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\'' | '\\' => word.extend(['\\', c]),
            c if foreign::is_harmful(c) => {
                word.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\{byte:03o}")));
            }
            c => word.push(c),
        }
    }
    word + "'"
}
