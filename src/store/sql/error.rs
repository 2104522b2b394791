//! Why a sale at a database failed: one sentence each, with the way out.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::fault::StoreCode;
use crate::foreign;
use crate::protocol::sql::Engine;
use crate::stock::Stock;

/// Why a database could not be sold from.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The engine was left out of this build.
    #[error("this build has no {}; build with --features {engine}", .engine.title())]
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
    #[error("{address}: no server of {}: {what}", .engine.products())]
    Strange {
        /// Where.
        address: String,
        /// Which engine was looked for.
        engine: Engine,
        /// What came.
        what: String,
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
    #[error("{address}: {user:?} is not let in: {said}{help}")]
    NotLetIn {
        /// Where.
        address: String,
        /// Who.
        user: String,
        /// What the server said.
        said: String,
        /// What may help.
        help: &'static str,
    },
    /// There is no such database.
    #[error("{address}: there is no database {database:?}; create it, or name another one")]
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
    /// TLS was required, but the server has none, or it failed.
    #[error("{address}: TLS: {what}")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        what: String,
    },
    /// The role may not do this, or nobody may.
    #[error(
        "{address}: {doing} is not allowed: {said}; take a role that may write, and a server that is no \
             standby"
    )]
    NotAllowed {
        /// Where.
        address: String,
        /// What was tried.
        doing: &'static str,
        /// What the engine said.
        said: String,
    },
    /// Another program held a lock on the table all the time.
    #[error("{address}: {table} is locked by another program; {doing} was tried for {}",
            humantime::format_duration(*.within))]
    Locked {
        /// Where.
        address: String,
        /// Which table, or the whole database.
        table: String,
        /// What was tried.
        doing: &'static str,
        /// For how long.
        within: Duration,
    },
    /// A table of that name exists that is not ours.
    #[error(
        "{address}: there is a table {table} that is not ours ({found}); it stays as it is: take another \
             name (--sale)"
    )]
    OtherShape {
        /// Where.
        address: String,
        /// Which table.
        table: String,
        /// How it differs.
        found: String,
    },
    /// Nothing was ever put on sale.
    #[error("{address}: there is no sale {name}; put tickets on sale with --tickets N")]
    NoSale {
        /// Where.
        address: String,
        /// Its name.
        name: String,
    },
    /// The tickets there are sold in another way.
    #[error("{address}: the sale {name} {is}; begin anew with --tickets N")]
    OtherSale {
        /// Where.
        address: String,
        /// Its name.
        name: String,
        /// How it differs.
        is: &'static str,
    },
    /// The row of the stock does not exist.
    #[error("{address}: {table} holds no stock: its row with the id 1 is gone; begin anew with --tickets N")]
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
    #[error(
        "{address}: who waits there can't be seen: {said}. Replays alone need it: GRANT PROCESS ON *.* TO the user"
    )]
    Blind {
        /// Where.
        address: String,
        /// What the engine said.
        said: String,
    },
    /// Any other error of the engine.
    #[error("{address}: {doing} failed: {said} ({code})")]
    Refused {
        /// Where.
        address: String,
        /// What was tried.
        doing: &'static str,
        /// What the engine said.
        said: String,
        /// The code that it gave.
        code: StoreCode,
    },
    /// The file of a database can't be used.
    #[error("{}: {what}", foreign::path(.path))]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        what: String,
    },
}

impl SqlError {
    /// Whether the error may pass: the server does not answer, or is starting.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            SqlError::NoServer { .. } | SqlError::Cut { .. } => true,
            // "cannot_connect_now", as PostgreSQL's list of codes has it.
            SqlError::Refused { code, .. } => *code == StoreCode::of_state("57P03"),
            _ => false,
        }
    }
}
