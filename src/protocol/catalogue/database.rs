//! The protocols of databases.

use super::{Case, Choices, Entry, Promise, Recipe, Variant};
use crate::lang::catalogue::database as said;
use crate::protocol::sql::{Engine, Isolation, SqlChoices, SqlLock, SqlWrite};
use crate::protocol::{Mishaps, Protocol};

/// What a protocol stands for in a database: choices or steps.
#[derive(Debug, PartialEq)]
pub struct DatabaseRecipe {
    /// Which database.
    pub engine: Engine,
    /// The isolation levels where it is known, and its promise at each.
    levels: &'static [(Isolation, Promise)],
    lock: SqlLock,
    write: SqlWrite,
    /// Its steps, unless they follow from choices.
    steps: Option<&'static str>,
    constraint: bool,
    retry: bool,
}

impl DatabaseRecipe {
    /// A recipe with these levels and this write, without a lock; the rest is usual.
    const fn new(engine: Engine, write: SqlWrite, levels: &'static [(Isolation, Promise)]) -> Self {
        Self { engine, levels, lock: SqlLock::None, write, steps: None, constraint: false, retry: false }
    }

    fn choices(&self, isolation: Isolation) -> SqlChoices {
        let Self { engine, lock, write, constraint, retry, .. } = *self;
        let choices = SqlChoices { isolation, lock, write, constraint, retry, ..SqlChoices::new(engine) };
        let steps: Option<Protocol> = self.steps.and_then(|steps| steps.parse().ok());
        let choices = steps.map_or_else(|| choices.checked(), |steps| choices.of_steps(steps));
        choices.unwrap_or_else(|error| unreachable!("{self:?} at {isolation}: {error}"))
    }

    pub(super) fn variants(&self) -> Vec<Variant> {
        let of = |(level, promise): &(Isolation, Promise)| Variant {
            name: level.name(),
            promise: *promise,
            choices: Choices::Sql(self.choices(*level)),
            mishaps: Mishaps::none(),
        };
        self.levels.iter().map(of).collect()
    }
}

const KEEPS: Promise = Promise::Keeps;
const BREAKS: Promise = Promise::Breaks;

use Isolation::{
    Deferred, Immediate, None as Alone, ReadCommitted, ReadUncommitted, RepeatableRead, Serializable,
};

/// PostgreSQL's levels. From repeatable read on, it aborts a write to a row that was changed after it was read.
const ABORTED_ABOVE: &[(Isolation, Promise)] =
    &[(ReadCommitted, BREAKS), (Alone, BREAKS), (RepeatableRead, KEEPS), (Serializable, KEEPS)];
/// All of PostgreSQL's levels.
const ALL_KEEP: &[(Isolation, Promise)] =
    &[(ReadCommitted, KEEPS), (Alone, KEEPS), (RepeatableRead, KEEPS), (Serializable, KEEPS)];
/// The levels with a transaction.
const IN_TRANSACTION_KEEP: &[(Isolation, Promise)] =
    &[(ReadCommitted, KEEPS), (RepeatableRead, KEEPS), (Serializable, KEEPS)];
const ALONE_BREAKS: &[(Isolation, Promise)] = &[(Alone, BREAKS), (Deferred, KEEPS), (Immediate, KEEPS)];
/// All of SQLite's levels.
const LITE_KEEP: &[(Isolation, Promise)] = &[(Alone, KEEPS), (Deferred, KEEPS), (Immediate, KEEPS)];

/// MariaDB's levels without snapshot isolation: updates are lost at all but the last.
const LOST_BELOW: &[(Isolation, Promise)] = &[
    (RepeatableRead, BREAKS),
    (Alone, BREAKS),
    (ReadUncommitted, BREAKS),
    (ReadCommitted, BREAKS),
    (Serializable, KEEPS),
];
/// All of MariaDB's levels.
const MARIA_KEEP: &[(Isolation, Promise)] = &[
    (RepeatableRead, KEEPS),
    (Alone, KEEPS),
    (ReadUncommitted, KEEPS),
    (ReadCommitted, KEEPS),
    (Serializable, KEEPS),
];
/// The levels with a transaction.
const MARIA_IN_TRANSACTION_KEEP: &[(Isolation, Promise)] =
    &[(RepeatableRead, KEEPS), (ReadUncommitted, KEEPS), (ReadCommitted, KEEPS), (Serializable, KEEPS)];

/// A case of two buyers and one ticket.
const fn of_two(recipe: DatabaseRecipe) -> Case {
    Case { recipe: Recipe::Database(recipe), buyers: 2, tickets: 1 }
}

const fn postgres(write: SqlWrite, levels: &'static [(Isolation, Promise)]) -> DatabaseRecipe {
    DatabaseRecipe::new(Engine::Postgres, write, levels)
}

const fn mysql(write: SqlWrite, levels: &'static [(Isolation, Promise)]) -> DatabaseRecipe {
    DatabaseRecipe::new(Engine::Mysql, write, levels)
}

const fn sqlite(write: SqlWrite, levels: &'static [(Isolation, Promise)]) -> DatabaseRecipe {
    DatabaseRecipe::new(Engine::Sqlite, write, levels)
}

/// A case of two buyers whose steps sell by a decrement, without a transaction, on this engine.
pub(super) const fn alone(steps: &'static str, promise: Promise, engine: Engine) -> Case {
    let levels: &'static [(Isolation, Promise)] = match promise {
        Promise::Keeps => &[(Alone, KEEPS)],
        Promise::Breaks => &[(Alone, BREAKS)],
    };
    of_two(DatabaseRecipe { steps: Some(steps), ..DatabaseRecipe::new(engine, SqlWrite::Decrement, levels) })
}

/// The entries, in the order in which they are shown.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "check-then-set",
        said: &said::CHECK_THEN_SET,
        control: "one-statement",
        cases: &[
            of_two(postgres(SqlWrite::Set, ABORTED_ABOVE)),
            of_two(sqlite(SqlWrite::Set, ALONE_BREAKS)),
            of_two(mysql(SqlWrite::Set, LOST_BELOW)),
        ],
    },
    Entry {
        name: "check-then-decrement",
        said: &said::CHECK_THEN_DECREMENT,
        control: "check-constraint",
        cases: &[
            of_two(postgres(SqlWrite::Decrement, ABORTED_ABOVE)),
            of_two(sqlite(SqlWrite::Decrement, ALONE_BREAKS)),
            of_two(mysql(SqlWrite::Decrement, LOST_BELOW)),
        ],
    },
    Entry {
        name: "check-constraint",
        said: &said::CHECK_CONSTRAINT,
        control: "check-then-decrement",
        cases: &[
            of_two(DatabaseRecipe { constraint: true, ..postgres(SqlWrite::Decrement, ALL_KEEP) }),
            of_two(DatabaseRecipe { constraint: true, ..sqlite(SqlWrite::Decrement, LITE_KEEP) }),
            of_two(DatabaseRecipe { constraint: true, ..mysql(SqlWrite::Decrement, MARIA_KEEP) }),
        ],
    },
    Entry {
        name: "select-for-update",
        said: &said::SELECT_FOR_UPDATE,
        control: "check-then-set",
        cases: &[
            of_two(DatabaseRecipe { lock: SqlLock::Row, ..postgres(SqlWrite::Set, IN_TRANSACTION_KEEP) }),
            of_two(DatabaseRecipe { lock: SqlLock::Row, ..mysql(SqlWrite::Set, MARIA_IN_TRANSACTION_KEEP) }),
        ],
    },
    Entry {
        name: "select-for-share",
        said: &said::SELECT_FOR_SHARE,
        control: "check-then-set",
        cases: &[
            of_two(DatabaseRecipe {
                lock: SqlLock::RowShared,
                ..postgres(SqlWrite::Set, IN_TRANSACTION_KEEP)
            }),
            of_two(DatabaseRecipe {
                lock: SqlLock::RowShared,
                ..mysql(SqlWrite::Set, MARIA_IN_TRANSACTION_KEEP)
            }),
        ],
    },
    Entry {
        name: "compare-and-set",
        said: &said::COMPARE_AND_SET,
        control: "check-then-set",
        cases: &[
            of_two(postgres(SqlWrite::Swap, ALL_KEEP)),
            of_two(sqlite(SqlWrite::Swap, LITE_KEEP)),
            of_two(mysql(SqlWrite::Swap, MARIA_KEEP)),
        ],
    },
    Entry {
        name: "one-statement",
        said: &said::ONE_STATEMENT,
        control: "check-then-set",
        cases: &[
            of_two(postgres(SqlWrite::Take, ALL_KEEP)),
            of_two(sqlite(SqlWrite::Take, LITE_KEEP)),
            of_two(mysql(SqlWrite::Take, MARIA_KEEP)),
        ],
    },
    Entry {
        name: "lock-then-transaction",
        said: &said::LOCK_THEN_TRANSACTION,
        control: "unlock-before-commit",
        cases: &[
            of_two(DatabaseRecipe { lock: SqlLock::Advisory, ..postgres(SqlWrite::Set, ALL_KEEP) }),
            of_two(DatabaseRecipe { lock: SqlLock::Advisory, ..mysql(SqlWrite::Set, MARIA_KEEP) }),
        ],
    },
    Entry {
        name: "transaction-then-lock",
        said: &said::TRANSACTION_THEN_LOCK,
        control: "unlock-before-commit",
        cases: &[of_two(DatabaseRecipe {
            lock: SqlLock::Advisory,
            steps: Some("begin lock-until-commit read think write commit"),
            ..postgres(SqlWrite::Set, IN_TRANSACTION_KEEP)
        })],
    },
    Entry {
        name: "unlock-before-commit",
        said: &said::UNLOCK_BEFORE_COMMIT,
        control: "lock-then-transaction",
        cases: &[
            of_two(DatabaseRecipe {
                lock: SqlLock::Advisory,
                steps: Some("lock begin read think write unlock commit"),
                ..postgres(
                    SqlWrite::Set,
                    &[(ReadCommitted, BREAKS), (RepeatableRead, KEEPS), (Serializable, KEEPS)],
                )
            }),
            of_two(DatabaseRecipe {
                lock: SqlLock::Advisory,
                steps: Some("lock begin read think write unlock commit"),
                // Reads see uncommitted data here, so it is the lock that keeps buyers apart.
                ..mysql(
                    SqlWrite::Set,
                    &[
                        (RepeatableRead, BREAKS),
                        (ReadUncommitted, KEEPS),
                        (ReadCommitted, BREAKS),
                        (Serializable, KEEPS),
                    ],
                )
            }),
        ],
    },
    Entry {
        name: "count-then-insert",
        said: &said::COUNT_THEN_INSERT,
        control: "one-statement",
        cases: &[
            of_two(postgres(
                SqlWrite::Insert,
                &[(ReadCommitted, BREAKS), (Alone, BREAKS), (RepeatableRead, BREAKS), (Serializable, KEEPS)],
            )),
            of_two(sqlite(SqlWrite::Insert, ALONE_BREAKS)),
            of_two(mysql(SqlWrite::Insert, LOST_BELOW)),
        ],
    },
    Entry {
        name: "retry-aborted",
        said: &said::RETRY_ABORTED,
        control: "check-then-set",
        cases: &[
            of_two(DatabaseRecipe {
                retry: true,
                ..postgres(
                    SqlWrite::Set,
                    &[(RepeatableRead, KEEPS), (Serializable, KEEPS), (ReadCommitted, BREAKS)],
                )
            }),
            of_two(DatabaseRecipe {
                retry: true,
                ..mysql(
                    SqlWrite::Set,
                    &[(Serializable, KEEPS), (RepeatableRead, BREAKS), (ReadCommitted, BREAKS)],
                )
            }),
        ],
    },
    Entry {
        name: "begin-deferred",
        said: &said::BEGIN_DEFERRED,
        control: "check-then-set",
        cases: &[of_two(sqlite(SqlWrite::Set, &[(Deferred, KEEPS)]))],
    },
    Entry {
        name: "begin-immediate",
        said: &said::BEGIN_IMMEDIATE,
        control: "check-then-set",
        cases: &[of_two(sqlite(SqlWrite::Set, &[(Immediate, KEEPS)]))],
    },
];
