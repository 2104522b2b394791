//! The options that say what one purchase does in a database.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::closed;
use super::duration::{duration, nanoseconds};
use super::wrong::ensure;
use crate::lang::errors::together;
use crate::protocol::sql::{Engine, Isolation, Journal, SqlChoices, SqlLock, SqlWrite, Switch};
use crate::protocol::{Protocol, StepKind};

/// What databases alone have.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "With --store")]
pub(super) struct SqlArgs {
    /// The level of the transaction that a purchase is [default: none, each statement for itself]
    #[arg(long, value_name = "LEVEL", value_parser = closed::<Isolation>(Isolation::ALL))]
    isolation: Option<Isolation>,
    /// Have the table forbid a stock below 0
    #[arg(long)]
    constraint: bool,
    /// Start a purchase again that the database aborted
    #[arg(long)]
    retry: bool,
    /// SQLite's journal [default: wal]
    #[arg(long, value_name = "MODE", value_parser = closed::<Journal>(Journal::ALL))]
    journal: Option<Journal>,
    /// How long SQLite tries again while the database is busy, e.g. 2s or 0 [default: 10s]
    #[arg(long, value_name = "DUR", value_parser = duration)]
    busy_timeout: Option<Duration>,
    /// MariaDB: whether a change since the snapshot aborts a purchase [default: what the server has; explore: off]
    #[arg(long, value_name = "WHETHER", value_parser = closed::<Switch>(Switch::ALL))]
    snapshot_isolation: Option<Switch>,
}

impl SqlArgs {
    /// What one purchase does in this database, with these choices or these steps.
    ///
    /// # Errors
    /// When the database does not have one of them, or they do not fit each other.
    pub(super) fn choices(
        &self,
        engine: Engine,
        lock: Option<SqlLock>,
        write: Option<SqlWrite>,
        steps: Option<Protocol>,
    ) -> anyhow::Result<SqlChoices> {
        self.none_of_another(engine)?;
        let usual = SqlChoices::new(engine);
        let choices = SqlChoices {
            isolation: self.isolation.unwrap_or(usual.isolation),
            lock: lock.unwrap_or(usual.lock),
            write: write.unwrap_or(usual.write),
            constraint: self.constraint,
            retry: self.retry,
            journal: self.journal.unwrap_or(usual.journal),
            busy_timeout_ns: self.busy_timeout.map_or(usual.busy_timeout_ns, nanoseconds),
            snapshot_isolation: self.snapshot_isolation,
            ..usual
        };
        let Some(steps) = steps else {
            let of_a_row = matches!(lock, Some(SqlLock::Row | SqlLock::RowShared));
            let is_right =
                !of_a_row || choices.isolation != usual.isolation || !engine.locks().contains(&choices.lock);
            ensure(is_right, |lang| together::row_without_transaction(lang, choices.lock))?;
            return Ok(choices.checked()?);
        };
        ensure(write.is_none(), together::steps_write)?;
        let taken = lock_of(&steps);
        ensure(lock.is_none_or(|lock| lock == taken), |lang| together::no_step_locks(lang, choices.lock))?;
        let choices = SqlChoices { lock: taken, write: write_of(&steps), ..choices };
        choices.of_steps(steps).context("--steps")
    }

    /// The name of the level that was given.
    pub(super) fn level(&self) -> Option<&'static str> {
        self.isolation.map(Isolation::name)
    }

    /// A purchase that is known by its name, with what that leaves open.
    ///
    /// # Errors
    /// When the database does not have one of them.
    pub(super) fn tuned(&self, choices: SqlChoices) -> anyhow::Result<SqlChoices> {
        self.none_of_another(choices.engine)?;
        let busy_timeout_ns = self.busy_timeout.map_or(choices.busy_timeout_ns, nanoseconds);
        let snapshot_isolation = self.snapshot_isolation.or(choices.snapshot_isolation);
        let journal = self.journal.unwrap_or(choices.journal);
        Ok(SqlChoices { journal, busy_timeout_ns, snapshot_isolation, ..choices })
    }

    /// Rejects options that only another database has.
    fn none_of_another(&self, engine: Engine) -> anyhow::Result<()> {
        for (option, given, of) in [
            ("--journal", self.journal.is_some(), Engine::Sqlite),
            ("--busy-timeout", self.busy_timeout.is_some(), Engine::Sqlite),
            ("--snapshot-isolation", self.snapshot_isolation.is_some(), Engine::Mysql),
        ] {
            let is_right = !given || engine == of;
            ensure(is_right, |lang| together::of_another(lang, option, of.title(), engine.title()))?;
        }
        Ok(())
    }

    /// Rejects options that only databases have.
    ///
    /// # Errors
    /// When one of them was given.
    pub(super) fn none_elsewhere(&self) -> anyhow::Result<()> {
        for (option, given) in [
            ("--isolation", self.isolation.is_some()),
            ("--constraint", self.constraint),
            ("--retry", self.retry),
            ("--journal", self.journal.is_some()),
            ("--busy-timeout", self.busy_timeout.is_some()),
            ("--snapshot-isolation", self.snapshot_isolation.is_some()),
        ] {
            ensure(!given, |lang| together::of_a_database(lang, option))?;
        }
        Ok(())
    }
}

/// The lock that steps take.
fn lock_of(steps: &Protocol) -> SqlLock {
    if steps.has(StepKind::Lock) || steps.has(StepKind::LockUntilCommit) {
        SqlLock::Advisory
    } else if steps.has(StepKind::ReadForUpdate) {
        SqlLock::Row
    } else if steps.has(StepKind::ReadForShare) {
        SqlLock::RowShared
    } else {
        SqlLock::None
    }
}

/// How steps change the stock. Steps that don't change it are rejected when they are checked.
fn write_of(steps: &Protocol) -> SqlWrite {
    let of = |kind: &StepKind| match kind {
        StepKind::Decrement => Some(SqlWrite::Decrement),
        StepKind::Swap => Some(SqlWrite::Swap),
        StepKind::Take => Some(SqlWrite::Take),
        StepKind::Insert => Some(SqlWrite::Insert),
        _ => None,
    };
    steps.steps().iter().find_map(of).unwrap_or(SqlWrite::Set)
}
