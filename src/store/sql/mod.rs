//! Databases as stores: the address ([`Address`]), the name of a sale ([`SaleName`]), the statements of its steps
//! ([`dialect`]), one buyer's session ([`SqlSession`]), the counter that puts tickets on sale, and a model of all that
//! ([`model`]).
//!
//! Engines differ in few places: an address, a dialect, a connection (`link::Link`) and the books of its counter. All
//! other code uses only steps and stocks. Engines are features of the build; only here a missing one is an error.

// Without any engine, most of this is not used.
#![cfg_attr(
    not(any(feature = "mysql", feature = "postgres", feature = "sqlite")),
    allow(dead_code, unused_variables)
)]

pub mod address;
mod counter;
pub mod dialect;
pub mod error;
mod link;
pub mod model;
#[cfg(feature = "mysql")]
mod mysql;
pub mod name;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod net;
#[cfg(feature = "postgres")]
mod postgres;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

#[cfg(feature = "postgres")]
pub use address::PostgresAddress;
pub use address::{Address, HostPart, NoAddress, PartMistake};
pub use counter::{About, Room};
pub use error::{Denial, FileTrouble, OtherSale, OtherTable, SqlError};
pub use name::{NoSaleName, SaleName};
#[cfg(feature = "postgres")]
pub use postgres::Talk as PostgresTalk;
pub use session::SqlSession;

use crate::history::Recorder;
use crate::plan::Pace;
use crate::protocol::sql::{Engine, SqlChoices};
use crate::stock::Stock;
use counter::{Books, Where};
use link::{Link, Patience};

/// A sale at a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlStore {
    choices: SqlChoices,
    address: Address,
    name: SaleName,
}

impl SqlStore {
    /// A sale at this address.
    ///
    /// # Errors
    /// When the address is of another engine than the steps, or the engine was left out of this build.
    pub fn new(choices: SqlChoices, address: Address, name: SaleName) -> Result<Self, SqlError> {
        if choices.engine != address.engine() {
            return Err(SqlError::OtherEngine { address: address.to_string(), engine: choices.engine });
        }
        let is_built_in = match choices.engine {
            Engine::Sqlite => cfg!(feature = "sqlite"),
            Engine::Postgres => cfg!(feature = "postgres"),
            Engine::Mysql => cfg!(feature = "mysql"),
        };
        if is_built_in {
            Ok(Self { choices, address, name })
        } else {
            Err(SqlError::NotBuiltIn { engine: choices.engine })
        }
    }

    /// Puts this many tickets on sale, or finds those that are on sale, and checks that they can be sold. Returns the
    /// stock.
    ///
    /// # Errors
    /// When they can't be.
    pub fn put_on_sale(&self, tickets: Option<Stock>) -> Result<Stock, SqlError> {
        let mut books = self.books(tickets.is_some())?;
        books.set_up(&self.choices)?;
        counter::put_on_sale(&mut *books, self.at(&self.address.to_string()), tickets)
    }

    /// The session of one buyer, counted from 1, on a connection of its own: opened in the process or thread that
    /// will use it.
    ///
    /// # Errors
    /// When the server rejects the connection.
    pub fn open(&self, recorder: &Recorder, pace: Pace, buyer: u32) -> Result<SqlSession, SqlError> {
        let link = self.link(recorder, buyer)?;
        Ok(SqlSession::new(link, &self.choices, recorder, pace, buyer))
    }

    /// Waits until no session of a run is left at the server: a buyer that was killed while it waited may still buy,
    /// since the server notices only afterwards that its client is gone. Sessions that do not end are terminated.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub fn await_gone(&self, recorder: &Recorder) -> Result<(), SqlError> {
        self.books(false)?.await_gone(&of_run(recorder), recorder.buyers())
    }

    /// The stock that is left, read on a new connection.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn stock_left(&self) -> Result<Stock, SqlError> {
        counter::stock_left(&mut *self.books(false)?, self.at(&self.address.to_string()))
    }

    /// Removes the tables of the sale, and nothing else. Returns whether there were any.
    ///
    /// # Errors
    /// When they can't be removed, or are not ours.
    pub fn clear(&self) -> Result<bool, SqlError> {
        counter::clear(&mut *self.books(false)?, self.at(&self.address.to_string()))
    }

    /// The engine, its version and the settings that matter.
    ///
    /// # Errors
    /// When it can't be asked.
    pub fn about(&self) -> Result<About, SqlError> {
        self.books(false)?.about()
    }

    /// How many more connections the database takes; `None` if it does not count them.
    ///
    /// # Errors
    /// When it can't be asked.
    pub fn most_connections(&self) -> Result<Option<Room>, SqlError> {
        self.books(false)?.room()
    }

    fn at<'a>(&'a self, address: &'a str) -> Where<'a> {
        Where { choices: &self.choices, name: &self.name, address }
    }

    /// A connection for use before and after a sale. With `create`, a missing database file is created.
    fn books(&self, create: bool) -> Result<Box<dyn Books + '_>, SqlError> {
        // A database on a server is created by its owner, never here.
        let _ = create;
        match &self.address {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(path) => Ok(Box::new(counter::sqlite::SqliteBooks::open(path, create)?)),
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => {
                Ok(Box::new(counter::postgres::PostgresBooks::open(address, &self.name)?))
            }
            #[cfg(feature = "mysql")]
            Address::Mysql(address) => {
                Ok(Box::new(counter::mysql::MysqlBooks::open(address, &self.choices, &self.name)?))
            }
            #[allow(unreachable_patterns)]
            other => Err(SqlError::NotBuiltIn { engine: other.engine() }),
        }
    }

    /// A connection for a buyer.
    fn link(&self, recorder: &Recorder, buyer: u32) -> Result<Box<dyn Link>, SqlError> {
        let statements = dialect::statements(&self.choices, &self.name);
        let patience = Patience::of(recorder, buyer);
        match &self.address {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(path) => {
                let busy_timeout = std::time::Duration::from_nanos(self.choices.busy_timeout_ns);
                Ok(Box::new(sqlite::SqliteLink::open(path, statements, busy_timeout, patience)?))
            }
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => {
                let session = postgres::Session {
                    name: format!("{}{buyer}", of_run(recorder)),
                    lock_timeout: self.choices.lock_timeout_ns.map(std::time::Duration::from_nanos),
                };
                Ok(Box::new(postgres::PostgresLink::open(address, &session, statements, patience)?))
            }
            #[cfg(feature = "mysql")]
            Address::Mysql(address) => {
                let session = format!("{}{buyer}", of_run(recorder));
                Ok(Box::new(mysql::MysqlLink::open(address, &session, &self.choices, statements, patience)?))
            }
            #[allow(unreachable_patterns)]
            other => Err(SqlError::NotBuiltIn { engine: other.engine() }),
        }
    }
}

/// The start of the session names of a run; the buyer's number follows.
fn of_run(recorder: &Recorder) -> String {
    format!("ticketsim {:016x} buyer ", recorder.run_id())
}

#[cfg(test)]
mod tests;
