//! The purchases of a database: the choices that make up the usual ones, the steps that each choice stands for,
//! and which orders of steps are possible there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::engine::{Engine, Isolation, SqlLock, SqlWrite};

use super::words::{ProtocolError, Wrong};
use super::{Guard, Protocol, StepKind, StoreChoices, StoreKind, order};
use crate::closed_set::closed_set;
use crate::shell::shell_quoted;

closed_set! {
    /// SQLite's journal.
    pub enum Journal: "journal mode" {
        /// A rollback journal: readers and a writer that commits keep each other out.
        Delete = "delete",
        /// A write-ahead log: readers see a snapshot, one writer at a time.
        Wal = "wal",
    }
}

closed_set! {
    /// Whether something is switched on.
    pub enum Switch: "switch" {
        /// It is.
        On = "on",
        /// It is not.
        Off = "off",
    }
}

/// How long SQLite usually tries again while the database is busy, in nanoseconds.
pub const DEFAULT_BUSY_TIMEOUT_NS: u64 = 10_000_000_000;

/// What one purchase does to a database: the choices, or steps in any other order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ChoicesText", into = "ChoicesText")]
#[serde(expecting = "an object")]
pub struct SqlChoices {
    /// Which database.
    pub engine: Engine,
    /// The isolation level of its transaction.
    pub isolation: Isolation,
    /// How buyers keep each other out.
    pub lock: SqlLock,
    /// How the stock is changed.
    pub write: SqlWrite,
    /// Whether the table forbids a stock below 0.
    pub constraint: bool,
    /// Whether an aborted purchase is tried again.
    pub retry: bool,
    /// SQLite's journal.
    pub journal: Journal,
    /// How long SQLite tries again while the database is busy, in nanoseconds; 0: not at all.
    pub busy_timeout_ns: u64,
    /// MariaDB's `innodb_snapshot_isolation`; `None`: what the server has, and off where there is none.
    pub snapshot_isolation: Option<Switch>,
    /// How long the database lets a purchase wait for a lock before it fails, in nanoseconds; `None` for ever.
    pub lock_timeout_ns: Option<u64>,
    /// The steps, if they are not the usual ones of these choices. [`SqlChoices::protocol`] returns them in both
    /// cases; [`SqlChoices::of_steps`] checks that they are possible.
    pub steps: Option<Protocol>,
}

/// A [`SqlChoices`] as it is written in documents: always with its steps. Members that only one engine has are
/// left out for the others.
#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object")]
struct ChoicesText {
    store: Engine,
    isolation: Isolation,
    lock: SqlLock,
    write: SqlWrite,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    constraint: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retry: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    journal: Option<Journal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    busy_timeout_ns: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot_isolation: Option<Switch>,
    lock_timeout_ns: Option<u64>,
    #[serde(default)]
    steps: Option<Protocol>,
}

impl TryFrom<ChoicesText> for SqlChoices {
    type Error = ProtocolError;

    fn try_from(text: ChoicesText) -> Result<Self, ProtocolError> {
        let usual = Self::new(text.store);
        let choices = Self {
            isolation: text.isolation,
            lock: text.lock,
            write: text.write,
            constraint: text.constraint,
            retry: text.retry,
            journal: text.journal.unwrap_or(usual.journal),
            busy_timeout_ns: text.busy_timeout_ns.unwrap_or(usual.busy_timeout_ns),
            snapshot_isolation: text.snapshot_isolation.filter(|_| text.store == Engine::Mysql),
            lock_timeout_ns: text.lock_timeout_ns,
            ..usual
        };
        match text.steps {
            Some(steps) => choices.of_steps(steps),
            None => choices.checked(),
        }
    }
}

impl From<SqlChoices> for ChoicesText {
    fn from(choices: SqlChoices) -> Self {
        let only_here = choices.engine == Engine::Sqlite;
        Self {
            store: choices.engine,
            isolation: choices.isolation,
            lock: choices.lock,
            write: choices.write,
            constraint: choices.constraint,
            retry: choices.retry,
            journal: only_here.then_some(choices.journal),
            busy_timeout_ns: only_here.then_some(choices.busy_timeout_ns),
            snapshot_isolation: choices.snapshot_isolation,
            lock_timeout_ns: choices.lock_timeout_ns,
            steps: Some(choices.protocol()),
        }
    }
}

impl SqlChoices {
    /// The usual purchase: no transaction, no lock, read and set.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self {
            engine,
            isolation: Isolation::None,
            lock: SqlLock::None,
            write: SqlWrite::Set,
            constraint: false,
            retry: false,
            journal: Journal::Wal,
            busy_timeout_ns: DEFAULT_BUSY_TIMEOUT_NS,
            snapshot_isolation: None,
            lock_timeout_ns: None,
            steps: None,
        }
    }

    /// The same choices, after a check that they fit the engine and each other.
    ///
    /// # Errors
    /// When they do not.
    pub fn checked(self) -> Result<Self, ProtocolError> {
        if !self.engine.levels().contains(&self.isolation) {
            return Err(ProtocolError::whole(Wrong::NoLevel(self.engine, self.isolation)));
        }
        if !self.engine.locks().contains(&self.lock) {
            return Err(ProtocolError::whole(Wrong::NoSuchLock(self.engine, self.lock)));
        }
        let locks_what_it_reads = matches!(self.lock, SqlLock::Row | SqlLock::RowShared);
        if self.steps.is_none()
            && locks_what_it_reads
            && matches!(self.write, SqlWrite::Take | SqlWrite::Insert)
        {
            return Err(ProtocolError::whole(Wrong::NoRowIsRead(self.write)));
        }
        check(&self.protocol(), self.engine, self.isolation)?;
        Ok(self)
    }

    /// These choices with the given steps. The level is that of the steps' transactions: `begin` with level
    /// `none` is an error.
    ///
    /// # Errors
    /// When this order of steps is not possible on the engine.
    pub fn of_steps(self, steps: Protocol) -> Result<Self, ProtocolError> {
        let usual = Self { steps: None, ..self };
        let spelt = spelt_out(&steps, self.isolation);
        let own = (spelt != usual.protocol()).then_some(spelt);
        Self { steps: own, ..self }.checked()
    }

    /// The steps of a purchase.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        if let Some(steps) = self.steps {
            return steps;
        }
        let read = match self.lock {
            SqlLock::Row => StepKind::ReadForUpdate,
            SqlLock::RowShared => StepKind::ReadForShare,
            SqlLock::None | SqlLock::Advisory => StepKind::Read,
        };
        let sell: &[StepKind] = match self.write {
            SqlWrite::Set => &[read, StepKind::Think, StepKind::Write],
            SqlWrite::Decrement => &[read, StepKind::Think, StepKind::Decrement],
            SqlWrite::Swap => &[read, StepKind::Think, StepKind::Swap],
            SqlWrite::Take => &[StepKind::Take],
            SqlWrite::Insert => &[StepKind::Count, StepKind::Think, StepKind::Insert],
        };
        let locked = self.lock == SqlLock::Advisory;
        let begin = begin(self.isolation);
        let mut steps = Vec::with_capacity(8);
        steps.extend(locked.then_some(StepKind::Lock));
        steps.extend(begin);
        steps.extend(sell);
        steps.extend(begin.map(|_| StepKind::Commit));
        steps.extend(locked.then_some(StepKind::Unlock));
        Protocol::of(&steps)
    }

    /// The command-line options that differ from their defaults.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let usual = Self::new(self.engine);
        let mut options = Vec::new();
        let mut say = |differs: bool, option: String| {
            if differs {
                options.push(option);
            }
        };
        say(self.isolation != usual.isolation, format!("--isolation {}", self.isolation));
        match self.steps {
            // Every begin is written as `begin`: the level says what it stands for.
            Some(steps) => {
                let steps = steps.to_string().replace("begin-immediate", "begin");
                say(true, format!("--steps {}", shell_quoted(&steps)));
            }
            None => {
                say(self.lock != usual.lock, format!("--lock {}", self.lock));
                say(self.write != usual.write, format!("--write {}", self.write));
            }
        }
        say(self.constraint, "--constraint".to_owned());
        say(self.retry, "--retry".to_owned());
        say(self.journal != usual.journal, format!("--journal {}", self.journal));
        let time = |ns| shell_quoted(&humantime::format_duration(Duration::from_nanos(ns)).to_string());
        say(
            self.busy_timeout_ns != usual.busy_timeout_ns,
            format!("--busy-timeout {}", time(self.busy_timeout_ns)),
        );
        if let Some(timeout_ns) = self.lock_timeout_ns {
            say(true, format!("--lock-timeout {}", time(timeout_ns)));
        }
        if let Some(is) = self.snapshot_isolation {
            say(true, format!("--snapshot-isolation {is}"));
        }
        options
    }

    /// Whether the steps keep receipts in a table of their own.
    #[must_use]
    pub fn has_receipts(&self) -> bool {
        let steps = self.protocol();
        steps.has(StepKind::Insert) || steps.has(StepKind::Count)
    }
}

impl StoreChoices for SqlChoices {
    fn protocol(&self) -> Protocol {
        SqlChoices::protocol(self)
    }

    fn retries(&self) -> bool {
        self.retry
    }

    fn waits_in_store(&self) -> bool {
        true
    }

    fn kind(&self) -> Option<StoreKind> {
        Some(StoreKind::Sql(self.engine))
    }

    fn locks(&self) -> String {
        self.lock.to_string()
    }

    fn guard(&self) -> Guard {
        Guard::Level(self.isolation)
    }

    fn options(&self) -> Vec<String> {
        SqlChoices::options(self)
    }

    fn settings(&self) -> Vec<String> {
        let level = (self.isolation != Isolation::None).then(|| self.isolation.to_string());
        let journal = (self.engine == Engine::Sqlite).then(|| format!("journal {}", self.journal));
        level.into_iter().chain(journal).collect()
    }

    fn additions(&self) -> Vec<String> {
        let at_once = self.engine == Engine::Sqlite && self.busy_timeout_ns == 0;
        let all = [
            (self.snapshot_isolation == Some(Switch::On), "--snapshot-isolation on"),
            (self.constraint, "--constraint"),
            (self.retry, "--retry"),
            (at_once, "--busy-timeout 0"),
        ];
        all.into_iter().filter(|(given, _)| *given).map(|(_, option)| option.to_owned()).collect()
    }
}

/// How a transaction of this level begins.
const fn begin(isolation: Isolation) -> Option<StepKind> {
    match isolation {
        Isolation::None => None,
        Isolation::Immediate => Some(StepKind::BeginImmediate),
        Isolation::ReadUncommitted
        | Isolation::ReadCommitted
        | Isolation::RepeatableRead
        | Isolation::Serializable
        | Isolation::Deferred => Some(StepKind::Begin),
    }
}

/// The steps with `begin` replaced by what it stands for at this level.
fn spelt_out(steps: &Protocol, isolation: Isolation) -> Protocol {
    let spell = |kind: &StepKind| match kind {
        StepKind::Begin => begin(isolation).unwrap_or(StepKind::Begin),
        other => *other,
    };
    Protocol::of(&steps.steps().iter().map(spell).collect::<Vec<_>>())
}

/// Rejects steps that are not possible on this engine in this order.
fn check(steps: &Protocol, engine: Engine, isolation: Isolation) -> Result<(), ProtocolError> {
    order::check(steps, (engine.words(), Some(StoreKind::Sql(engine))), |kind, _| match kind {
        StepKind::Begin if isolation == Isolation::None => {
            Err(Wrong::NeedsTransaction(Isolation::None.name()))
        }
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests;
