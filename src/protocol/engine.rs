//! The databases, and what each has: its levels of isolation, its kinds of lock, the words of its steps.

use super::StepKind;
use crate::closed_set::closed_set;

closed_set! {
    /// A database.
    pub enum Engine: "database" {
        /// SQLite: a file, and no server.
        Sqlite = "sqlite",
        /// PostgreSQL.
        Postgres = "postgres",
        /// MariaDB, and MySQL.
        Mysql = "mysql",
    }
}

closed_set! {
    /// How far a purchase's statements are kept apart from the others'.
    pub enum Isolation: "isolation level" {
        /// No transaction: each statement for itself.
        None = "none",
        /// Each statement sees what others have written, committed or not.
        ReadUncommitted = "read-uncommitted",
        /// Each statement sees what was committed before it.
        ReadCommitted = "read-committed",
        /// All statements see what was committed before the first.
        RepeatableRead = "repeatable-read",
        /// As if one transaction came after the other, or one of them fails.
        Serializable = "serializable",
        /// SQLite's BEGIN: a transaction that asks for the right to write when it writes.
        Deferred = "deferred",
        /// SQLite's BEGIN IMMEDIATE: a transaction that has the right to write from the start.
        Immediate = "immediate",
    }
}

closed_set! {
    /// How buyers keep each other out.
    pub enum SqlLock: "kind of lock" {
        /// No lock but those that the statements take by themselves.
        None = "none",
        /// SELECT … FOR UPDATE: the row that is read is locked until the end of the transaction.
        Row = "row",
        /// SELECT … FOR SHARE: the row is locked against writers.
        RowShared = "row-shared",
        /// A lock of the session, taken before the transaction and let go after it.
        Advisory = "advisory",
    }
}

closed_set! {
    /// How the stock is changed.
    pub enum SqlWrite: "kind of write" {
        /// Read, then write one less than was read.
        Set = "set",
        /// Read, then have the database write one less than there is.
        Decrement = "decrement",
        /// Read, then write one less if the stock is still what was read; else read again.
        Swap = "swap",
        /// One statement: one less if there is one left.
        Take = "take",
        /// Count the receipts, then add one: the stock is the capacity less the receipts.
        Insert = "insert",
    }
}

impl Engine {
    /// The shortest address: the rest comes from the environment. Of SQLite, a file in the current folder.
    #[must_use]
    pub const fn usual_url(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite:ticket.db",
            Engine::Postgres => "postgres://",
            Engine::Mysql => "mysql://",
        }
    }

    /// Its isolation levels.
    #[must_use]
    pub const fn levels(self) -> &'static [Isolation] {
        match self {
            Engine::Sqlite => &[Isolation::None, Isolation::Deferred, Isolation::Immediate],
            Engine::Postgres => &[
                Isolation::None,
                Isolation::ReadCommitted,
                Isolation::RepeatableRead,
                Isolation::Serializable,
            ],
            Engine::Mysql => &[
                Isolation::None,
                Isolation::ReadUncommitted,
                Isolation::ReadCommitted,
                Isolation::RepeatableRead,
                Isolation::Serializable,
            ],
        }
    }

    /// Its locks.
    #[must_use]
    pub const fn locks(self) -> &'static [SqlLock] {
        match self {
            Engine::Sqlite => &[SqlLock::None],
            Engine::Postgres | Engine::Mysql => {
                &[SqlLock::None, SqlLock::Row, SqlLock::RowShared, SqlLock::Advisory]
            }
        }
    }

    /// The words of its steps. `begin-immediate` is not among them: `begin` stands for it at level `immediate`.
    #[must_use]
    pub const fn words(self) -> &'static [StepKind] {
        match self {
            Engine::Sqlite => &[
                StepKind::Begin,
                StepKind::Read,
                StepKind::Count,
                StepKind::Think,
                StepKind::Write,
                StepKind::Decrement,
                StepKind::Swap,
                StepKind::Take,
                StepKind::Insert,
                StepKind::Commit,
                StepKind::Rollback,
                StepKind::GiveBack,
            ],
            Engine::Postgres => &[
                StepKind::Begin,
                StepKind::Read,
                StepKind::ReadForUpdate,
                StepKind::ReadForShare,
                StepKind::Count,
                StepKind::Think,
                StepKind::Write,
                StepKind::Decrement,
                StepKind::Swap,
                StepKind::Take,
                StepKind::Insert,
                StepKind::Commit,
                StepKind::Rollback,
                StepKind::Lock,
                StepKind::LockUntilCommit,
                StepKind::Unlock,
                StepKind::GiveBack,
            ],
            // A GET_LOCK lock ends with RELEASE_LOCK or with its session, never with a transaction.
            Engine::Mysql => &[
                StepKind::Begin,
                StepKind::Read,
                StepKind::ReadForUpdate,
                StepKind::ReadForShare,
                StepKind::Count,
                StepKind::Think,
                StepKind::Write,
                StepKind::Decrement,
                StepKind::Swap,
                StepKind::Take,
                StepKind::Insert,
                StepKind::Commit,
                StepKind::Rollback,
                StepKind::Lock,
                StepKind::Unlock,
                StepKind::GiveBack,
            ],
        }
    }

    /// The unit of its lock time-out, in nanoseconds; `None` where there is none: SQLite has one time-out for
    /// all its waits.
    #[must_use]
    pub const fn lock_timeout_unit_ns(self) -> Option<u64> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres => Some(1_000_000),
            Engine::Mysql => Some(1_000_000_000),
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
            Engine::Mysql => "MariaDB",
        }
    }

    /// The products that may answer at its addresses.
    #[must_use]
    pub const fn products(self) -> &'static str {
        match self {
            Engine::Sqlite | Engine::Postgres => self.title(),
            Engine::Mysql => "MariaDB or MySQL",
        }
    }
}
