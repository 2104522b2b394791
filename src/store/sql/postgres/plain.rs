//! Plain statements, before and after a sale: each with a time-out, and with all its rows as texts.

use std::ops::Deref;
use std::time::{Duration, Instant};

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::enter::{broken_error, enter};
use super::wire::{ServerError, server_error};
use super::{Entered, Session};
use crate::store::server::Doing;
use crate::store::sql::address::PostgresAddress;
use crate::store::sql::error::SqlError;
use crate::store::sql::link::WAIT_FOR_OTHERS;
use crate::store::sql::net::Broken;

/// A row, as texts; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// The most rows that are kept of an answer.
const MOST_ROWS: usize = 1000;

/// An address that is borrowed or owned.
#[derive(Debug)]
enum Whose<'a> {
    Theirs(&'a PostgresAddress),
    Own(Box<PostgresAddress>),
}

impl Deref for Whose<'_> {
    type Target = PostgresAddress;

    fn deref(&self) -> &PostgresAddress {
        match self {
            Whose::Theirs(address) => address,
            Whose::Own(address) => address,
        }
    }
}

/// A connection for plain statements.
#[derive(Debug)]
pub struct Talk<'a> {
    address: Whose<'a>,
    entered: Entered,
    /// The table that statements are about.
    table: String,
}

impl<'a> Talk<'a> {
    /// Connects for statements about a table.
    ///
    /// # Errors
    /// When the server does not let it in.
    pub fn begin(address: &'a PostgresAddress, table: String) -> Result<Self, SqlError> {
        Self::with(Whose::Theirs(address), table)
    }

    fn with(address: Whose<'a>, table: String) -> Result<Self, SqlError> {
        let session = Session { name: "ticketsim".to_owned(), lock_timeout: Some(WAIT_FOR_OTHERS) };
        let entered = enter(&address, &session)?;
        Ok(Self { address, entered, table })
    }

    /// The rows that a text of statements returns; `doing` says what it is for.
    ///
    /// # Errors
    /// When the server rejects it, or does not answer in time.
    pub fn ask(&mut self, doing: Doing, text: &str) -> Result<Vec<Row>, SqlError> {
        // The server's own time-out comes first, and its error says more.
        let deadline = Instant::now() + WAIT_FOR_OTHERS + Duration::from_secs(2);
        match self.exchange(text, deadline) {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(self.rejected(doing, error)),
            Err(broken) => Err(broken_error(&self.address, broken)),
        }
    }

    /// The first text that a statement returns, if there is one.
    ///
    /// # Errors
    /// When the server rejects it, or does not answer in time.
    pub fn ask_one(&mut self, doing: Doing, text: &str) -> Result<Option<String>, SqlError> {
        Ok(self.ask(doing, text)?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    fn exchange(&mut self, text: &str, deadline: Instant) -> Result<Result<Vec<Row>, ServerError>, Broken> {
        let wire = &mut self.entered.wire;
        frontend::query(text, &mut wire.outgoing)?;
        wire.send()?;
        let mut rows = Vec::new();
        let mut rejected = None;
        loop {
            match wire.receive_before(deadline)? {
                Message::DataRow(body) if rows.len() < MOST_ROWS => {
                    let text = |range: Option<std::ops::Range<usize>>| {
                        let bytes = range.and_then(|range| body.buffer().get(range));
                        Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
                    };
                    rows.push(body.ranges().map(text).collect::<Row>()?);
                }
                Message::ErrorResponse(body) => {
                    let error = server_error(&body);
                    if error.is_fatal {
                        return Ok(Err(error));
                    }
                    rejected = Some(error);
                }
                Message::ReadyForQuery(_) => return Ok(rejected.map_or(Ok(rows), Err)),
                _ => {}
            }
        }
    }

    fn rejected(&self, doing: Doing, error: ServerError) -> SqlError {
        let address = self.address.to_string();
        let (code, said) = (error.store_code(), error.said);
        match error.code.as_str() {
            // Not the owner, or no right at all; a role or a server that may only read.
            "42501" | "25006" => SqlError::NotAllowed { address, doing, said },
            "55P03" => {
                SqlError::Locked { address, table: self.table.clone(), doing, within: WAIT_FOR_OTHERS }
            }
            _ if error.is_fatal => SqlError::Cut { address, what: said },
            _ => SqlError::Rejected { address, doing, said, code },
        }
    }
}

impl Talk<'static> {
    /// The same, with a copy of the address.
    pub(in crate::store::sql) fn alone(address: &PostgresAddress) -> Result<Self, SqlError> {
        Self::with(Whose::Own(Box::new(address.clone())), String::new())
    }
}

impl Drop for Talk<'_> {
    fn drop(&mut self) {
        frontend::terminate(&mut self.entered.wire.outgoing);
        // If this fails, the connection is gone already.
        let _ = self.entered.wire.send();
    }
}
