//! The statements of the steps, as data: the text for each engine and step, its parameter and its answer. Nothing here
//! talks to a server.
//!
//! Common SQL is here; the special SQL of an engine is in its own file.

pub(super) mod mysql;
mod postgres;
mod sqlite;

use super::name::SaleName;
use crate::protocol::StepKind;
use crate::protocol::sql::{Engine, SqlChoices};

/// What a step sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The step that it is sent for.
    pub step: StepKind,
    /// Its text.
    pub text: String,
    /// Whether it has a parameter: the stock to write, or the stock that must still be there.
    pub takes_number: bool,
    /// Whether it answers with a number.
    pub gives_number: bool,
}

/// The tables of a sale, as an engine makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Makes the table of the stock.
    pub stock: String,
    /// Makes the table of the receipts.
    pub receipts: String,
}

/// The statements that a sale may send: those of its steps, and those for letting go after an error.
#[must_use]
pub fn statements(choices: &SqlChoices, name: &SaleName) -> Vec<Statement> {
    let protocol = choices.protocol();
    let begins = protocol.has(StepKind::Begin) || protocol.has(StepKind::BeginImmediate);
    let lets_go = begins.then_some(StepKind::Rollback);
    let mut kinds: Vec<StepKind> = protocol.steps().to_vec();
    kinds.extend(lets_go);
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().filter_map(|kind| statement(kind, choices, name)).collect()
}

/// The statement of a step; `None` if nothing is sent, or the engine has no such step.
#[must_use]
pub fn statement(kind: StepKind, choices: &SqlChoices, name: &SaleName) -> Option<Statement> {
    let own = match choices.engine {
        Engine::Sqlite => sqlite::text(kind),
        Engine::Postgres => postgres::text(kind, choices.isolation, name),
        Engine::Mysql => mysql::text(kind, choices, name),
    };
    let text = match own {
        Some(text) => text,
        None => common(kind, name, parameter(choices.engine))?,
    };
    // GET_LOCK answers whether it got the lock.
    let says_so = kind == StepKind::Lock && choices.engine == Engine::Mysql;
    Some(Statement {
        step: kind,
        text,
        takes_number: matches!(kind, StepKind::Write | StepKind::Swap),
        gives_number: says_so
            || kind.reads()
            || matches!(kind, StepKind::Decrement | StepKind::Take | StepKind::Unlock),
    })
}

/// The tables of a sale; with a CHECK if the sale has one.
#[must_use]
pub fn tables(engine: Engine, name: &SaleName, constraint: bool) -> Tables {
    let (id, ticket) = match engine {
        Engine::Sqlite => sqlite::COLUMN_TYPES,
        Engine::Postgres => postgres::COLUMN_TYPES,
        Engine::Mysql => mysql::COLUMN_TYPES,
    };
    // MariaDB gives names to the checks of a table, but not to those of a column; it has tables without transactions;
    // and some servers require a primary key.
    let (comma, end, key) = match engine {
        Engine::Sqlite | Engine::Postgres => ("", "", ""),
        Engine::Mysql => (",", " ENGINE = InnoDB", "id BIGINT AUTO_INCREMENT PRIMARY KEY, "),
    };
    let check = format!("{comma} CONSTRAINT {CHECK} CHECK (ticket >= 0)");
    let check = if constraint { &check } else { "" };
    Tables {
        stock: format!(
            "CREATE TABLE {} (id {id} PRIMARY KEY, ticket {ticket} NOT NULL{check}){end}",
            name.stock_table()
        ),
        receipts: format!("CREATE TABLE {} ({key}ticket {ticket} NOT NULL){end}", name.receipt_table()),
    }
}

/// MariaDB's setting that makes a change since the snapshot abort a transaction.
pub const SNAPSHOT_ISOLATION: &str = "innodb_snapshot_isolation";

/// The name of the CHECK that forbids a stock below 0.
pub const CHECK: &str = "ticketsim_not_below_0";

/// Selects the stock of a sale: its row, less the receipts if it keeps some.
#[must_use]
pub fn stock_left(name: &SaleName, has_receipts: bool) -> String {
    let (stock, receipts) = (name.stock_table(), name.receipt_table());
    let less = if has_receipts { format!(" - (SELECT count(*) FROM {receipts})") } else { String::new() };
    format!("SELECT ticket{less} FROM {stock} WHERE id = 1")
}

/// The placeholder of a statement's parameter.
const fn parameter(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "?1",
        Engine::Postgres => "$1",
        Engine::Mysql => "?",
    }
}

/// The statement of a step that is the same for all engines.
fn common(kind: StepKind, name: &SaleName, number: &str) -> Option<String> {
    let stock = name.stock_table();
    Some(match kind {
        StepKind::Read => format!("SELECT ticket FROM {stock} WHERE id = 1"),
        StepKind::ReadForUpdate => format!("SELECT ticket FROM {stock} WHERE id = 1 FOR UPDATE"),
        StepKind::ReadForShare => format!("SELECT ticket FROM {stock} WHERE id = 1 FOR SHARE"),
        StepKind::Count => stock_left(name, true),
        StepKind::Write => format!("UPDATE {stock} SET ticket = {number} WHERE id = 1"),
        StepKind::Swap => {
            format!("UPDATE {stock} SET ticket = ticket - 1 WHERE id = 1 AND ticket = {number}")
        }
        StepKind::Decrement => {
            format!("UPDATE {stock} SET ticket = ticket - 1 WHERE id = 1 RETURNING ticket")
        }
        StepKind::Take => {
            format!("UPDATE {stock} SET ticket = ticket - 1 WHERE id = 1 AND ticket > 0 RETURNING ticket")
        }
        StepKind::GiveBack => format!("UPDATE {stock} SET ticket = ticket + 1 WHERE id = 1"),
        StepKind::Insert => format!("INSERT INTO {} (ticket) VALUES (1)", name.receipt_table()),
        StepKind::Commit => "COMMIT".to_owned(),
        StepKind::Rollback => "ROLLBACK".to_owned(),
        StepKind::Begin
        | StepKind::BeginImmediate
        | StepKind::Lock
        | StepKind::LockUntilCommit
        | StepKind::Unlock
        | StepKind::Open
        | StepKind::LockShared
        | StepKind::Upgrade
        | StepKind::CloseOther
        | StepKind::Unlink
        | StepKind::ReopenCheck
        | StepKind::LookStale
        | StepKind::RemoveStale
        | StepKind::HelperUnlock
        | StepKind::Think
        | StepKind::Truncate
        | StepKind::Fill
        | StepKind::Watch => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;
    use crate::protocol::sql::{Isolation, SqlLock, SqlWrite};

    fn texts(choices: SqlChoices) -> Vec<String> {
        statements(&choices, &SaleName::default()).into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn each_word_of_an_engine_has_a_statement_of_its_own() {
        for engine in Engine::ALL {
            let choices = SqlChoices { isolation: engine.levels()[1], ..SqlChoices::new(*engine) };
            let mut seen = std::collections::BTreeSet::new();
            for word in engine.words() {
                let statement = statement(*word, &choices, &SaleName::default());
                assert_eq!(statement.is_none(), *word == StepKind::Think, "{engine} {word}");
                assert!(statement.is_none_or(|statement| seen.insert(statement.text)), "{engine} {word}");
            }
        }
    }

    #[test]
    fn a_sale_prepares_what_its_steps_send_and_how_it_lets_go() {
        let take = SqlChoices { write: SqlWrite::Take, ..SqlChoices::new(Engine::Postgres) };
        assert_eq!(
            texts(take),
            ["UPDATE ticketsim_stock_ticket SET ticket = ticket - 1 WHERE id = 1 AND ticket > 0 RETURNING \
                 ticket"]
        );
        let locked = SqlChoices {
            isolation: Isolation::RepeatableRead,
            lock: SqlLock::Advisory,
            ..SqlChoices::new(Engine::Postgres)
        };
        let texts = texts(locked);
        assert!(texts.contains(&"BEGIN ISOLATION LEVEL REPEATABLE READ".to_owned()), "{texts:?}");
        assert!(texts.contains(&"ROLLBACK".to_owned()) && texts.iter().any(|text| text.contains("_unlock(")));
    }

    #[test]
    fn engines_differ_where_they_must() {
        let words = Protocol::of(&[StepKind::Begin, StepKind::Take, StepKind::Commit]);
        let choices = SqlChoices { isolation: Isolation::Deferred, ..SqlChoices::new(Engine::Sqlite) };
        let choices = choices.of_steps(words).expect("steps of SQLite");
        assert!(texts(choices).contains(&"BEGIN DEFERRED".to_owned()));
        let checked = tables(Engine::Postgres, &SaleName::default(), true);
        assert!(checked.stock.contains("ticket bigint NOT NULL CONSTRAINT ticketsim_not_below_0 CHECK"));
        assert!(!tables(Engine::Sqlite, &SaleName::default(), false).stock.contains("CHECK"));
        let checked = tables(Engine::Mysql, &SaleName::default(), true);
        assert!(
            checked.stock.contains("NOT NULL, CONSTRAINT ticketsim_not_below_0 CHECK (ticket >= 0)) ENGINE")
        );
    }
}
