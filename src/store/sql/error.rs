//! Why a sale at a database failed, as data and in one sentence each.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::fault::StoreCode;
use crate::foreign;
use crate::protocol::sql::{Engine, Journal};
use crate::stock::Stock;
use crate::store::server::{Doing, Unexpected};
use crate::tls::TlsError;

/// Why a database could not be sold from.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The engine was left out of this build.
    #[error("this build has no {}", .engine.title())]
    NotBuiltIn {
        /// Which one.
        engine: Engine,
    },
    /// The address is of another engine than the steps.
    #[error("{address} is no {}, and the steps are those of one", .engine.title())]
    OtherEngine {
        /// Where.
        address: String,
        /// The engine of the steps.
        engine: Engine,
    },
    /// Nobody answers there.
    #[error("{address}: no server there: {source}")]
    NoServer {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Something accepts the connection but does not answer.
    #[error(
        "{address}: no answer within {}; is that a server of {}?",
        humantime::format_duration(*.within), .engine.products()
    )]
    NoAnswer {
        /// Where.
        address: String,
        /// Which engine was looked for.
        engine: Engine,
        /// How long we waited.
        within: Duration,
    },
    /// The answer is not that of such a server.
    #[error("{address}: no server of {}: {came}", .engine.products())]
    Strange {
        /// Where.
        address: String,
        /// Which engine was looked for.
        engine: Engine,
        /// What came.
        came: Unexpected,
    },
    /// The connection broke.
    #[error("{address}: the connection was cut: {what}")]
    Cut {
        /// Where.
        address: String,
        /// Why.
        what: String,
    },
    /// The server rejected the role or the password.
    #[error("{address}: {user:?} is not let in: {why}{}", no_password(*.lacks_password))]
    NotLetIn {
        /// Where.
        address: String,
        /// Who.
        user: String,
        /// Which engine it is.
        engine: Engine,
        /// Why.
        why: Denial,
        /// Whether a password may help: none was at hand.
        lacks_password: bool,
    },
    /// There is no such database.
    #[error("{address}: there is no database {database:?}")]
    NoDatabase {
        /// Where.
        address: String,
        /// Which one.
        database: String,
    },
    /// The server takes no more connections.
    #[error("{address}: the server takes no more connections ({said})")]
    Full {
        /// Where.
        address: String,
        /// What the server said.
        said: String,
    },
    /// TLS failed.
    #[error("{address}: TLS: {wrong}")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        wrong: TlsError,
    },
    /// TLS is required, and the server has none.
    #[error("{address}: TLS: the server has none, and {setting} asks for it")]
    NoTls {
        /// Where.
        address: String,
        /// What requires it, as the address has it.
        setting: String,
    },
    /// The role may not do this, or nobody may.
    #[error("{address}: {doing} is not allowed: {said}")]
    NotAllowed {
        /// Where.
        address: String,
        /// What was tried.
        doing: Doing,
        /// What the engine said.
        said: String,
    },
    /// Another program held a lock on the table all the time.
    #[error("{address}: {table} is locked by another program; {doing} was tried for {}",
            humantime::format_duration(*.within))]
    Locked {
        /// Where.
        address: String,
        /// Which table.
        table: String,
        /// What was tried.
        doing: Doing,
        /// For how long.
        within: Duration,
    },
    /// A table of that name exists that is not ours.
    #[error("{address}: there is a table {table} that is not ours ({found}); it stays as it is")]
    OtherShape {
        /// Where.
        address: String,
        /// Which table.
        table: String,
        /// How it differs.
        found: OtherTable,
    },
    /// Nothing was ever put on sale.
    #[error("{address}: there is no sale {name}")]
    NoSale {
        /// Where.
        address: String,
        /// Its name.
        name: String,
    },
    /// The tickets there are sold in another way.
    #[error("{address}: the sale {name} {is}")]
    OtherSale {
        /// Where.
        address: String,
        /// Its name.
        name: String,
        /// How it differs.
        is: OtherSale,
    },
    /// The row of the stock does not exist.
    #[error("{address}: {table} holds no stock: its row with the id 1 is gone")]
    NoStock {
        /// Where.
        address: String,
        /// Which table.
        table: String,
    },
    /// A negative number of tickets.
    #[error("{0} tickets: it takes a whole number from 0")]
    Tickets(Stock),
    /// The server does not show this user which sessions wait.
    #[error("{address}: who waits there can't be seen, which only replays need: {said}")]
    Blind {
        /// Where.
        address: String,
        /// What the engine said.
        said: String,
    },
    /// Any other error of the engine.
    #[error("{address}: {doing} failed: {said} ({code})")]
    Rejected {
        /// Where.
        address: String,
        /// What was tried.
        doing: Doing,
        /// What the engine said.
        said: String,
        /// The code that it gave.
        code: StoreCode,
    },
    /// The file of a database can't be used.
    #[error("{}: {wrong}", foreign::path(.path))]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        wrong: FileTrouble,
    },
}

fn no_password(lacks_password: bool) -> &'static str {
    if lacks_password { "; no password was at hand" } else { "" }
}

/// Why a server does not let a user in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// What the server said.
    #[error("{0}")]
    Said(String),
    /// It asks for a password, and there is none.
    #[error("the server asks for a password")]
    AsksForPassword,
    /// It asks for the password over a connection that is not secret.
    #[error("the server asks for the password itself, and anybody could read it")]
    NotSecret,
    /// It asks for a proof of this kind.
    #[error(
        "the account is proven by {0:?}, which ticketsim does not have: it has mysql_native_password and \
         caching_sha2_password"
    )]
    Method(String),
}

/// How a table of the sale's name differs from ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtherTable {
    /// It is a view or the like.
    #[error("it is no plain table")]
    NotPlain,
    /// It was made by this statement, which is not ours.
    #[error("{0}")]
    MadeBy(String),
    /// It has other columns.
    #[error("its columns are {0}")]
    Columns(String),
    /// It has options of its own.
    #[error("it is a table with {0}")]
    Options(String),
    /// It has further constraints.
    #[error("it is constrained by {0}")]
    Constraints(String),
    /// It does not outlive a crash, or a session.
    #[error("it is unlogged or temporary")]
    Unlogged,
    /// It has triggers.
    #[error("it has triggers")]
    Triggers,
    /// It has triggers or indexes.
    #[error("it has triggers or indexes")]
    TriggersOrIndexes,
    /// It has triggers, rules or partitions.
    #[error("it has triggers, rules or partitions")]
    TriggersRulesOrPartitions,
}

/// How the tickets that are on sale are sold in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtherSale {
    /// A CHECK forbids a stock below 0.
    #[error("forbids a stock below 0")]
    Constrained,
    /// No CHECK forbids a stock below 0.
    #[error("does not forbid a stock below 0")]
    Unconstrained,
    /// Receipts are counted.
    #[error("counts receipts")]
    CountsReceipts,
    /// There are no receipts.
    #[error("keeps no receipts to count")]
    NoReceipts,
}

/// Why the file of a database can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileTrouble {
    /// There is none.
    #[error("no such file")]
    Missing,
    /// There is none, and its folder can't be written.
    #[error("no such file, and its folder can't be written")]
    FolderReadOnly,
    /// It can't be opened.
    #[error("can't be opened for reading and writing")]
    Unopened,
    /// It is something else.
    #[error("is no database of SQLite; it stays as it is")]
    NoDatabase,
    /// It is read-only.
    #[error("can't be written, and neither can what SQLite keeps beside it")]
    ReadOnly,
    /// Another program has it.
    #[error("another program keeps it locked")]
    Locked,
    /// There is no room for it.
    #[error("the disk is full")]
    DiskFull,
    /// Its journal mode can't be changed.
    #[error("its journal mode stays {is}, and {asked} is asked for")]
    Journal {
        /// Its mode.
        is: String,
        /// The mode of the sale.
        asked: Journal,
    },
    /// What the engine said.
    #[error("{0}")]
    Said(String),
}

impl SqlError {
    /// Whether the error may pass: the server does not answer, or is starting.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            SqlError::NoServer { .. } | SqlError::Cut { .. } => true,
            // "cannot_connect_now", as PostgreSQL's list of codes has it.
            SqlError::Rejected { code, .. } => *code == StoreCode::of_state("57P03"),
            _ => false,
        }
    }
}
