//! Plain statements, before and after a sale: each with a time-out, and with all its rows as texts.

use std::time::{Duration, Instant};

use super::COM_QUERY;
use super::enter::{Entered, broken_error, enter};
use super::wire::{Fields, ServerError, is_end};
use crate::store::server::{Doing, Unexpected};
use crate::store::sql::address::MysqlAddress;
use crate::store::sql::error::SqlError;
use crate::store::sql::link::WAIT_FOR_OTHERS;
use crate::store::sql::net::Broken;

/// A row, as texts; `None` is NULL.
pub(in crate::store::sql) type Row = Vec<Option<String>>;

/// The most rows that are kept of an answer.
const MOST_ROWS: usize = 1000;
/// The most columns of an answer.
const MOST_COLUMNS: u64 = 1000;

/// A connection for plain statements.
#[derive(Debug)]
pub(in crate::store::sql) struct Talk {
    address: MysqlAddress,
    entered: Entered,
    /// The table that statements are about.
    table: String,
}

impl Talk {
    /// Connects for statements about a table.
    pub(in crate::store::sql) fn begin(address: &MysqlAddress, table: String) -> Result<Self, SqlError> {
        let mut talk = Self { address: address.clone(), entered: enter(address)?, table };
        let wait = WAIT_FOR_OTHERS.as_secs();
        talk.ask(
            Doing::Connect,
            &format!("SET SESSION lock_wait_timeout = {wait}, SESSION innodb_lock_wait_timeout = {wait}"),
        )?;
        Ok(talk)
    }

    /// The rows that a statement returns; `doing` says what it is for.
    pub(in crate::store::sql) fn ask(&mut self, doing: Doing, text: &str) -> Result<Vec<Row>, SqlError> {
        match self.exchange(text)? {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.rejected(doing, error)),
        }
    }

    /// The same; `None` if there is no such table.
    pub(in crate::store::sql) fn ask_of_table(
        &mut self,
        doing: Doing,
        text: &str,
    ) -> Result<Option<Vec<Row>>, SqlError> {
        match self.exchange(text)? {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if error.number == 1146 => Ok(None),
            Err(error) => Err(self.rejected(doing, error)),
        }
    }

    fn exchange(&mut self, text: &str) -> Result<Result<Vec<Row>, ServerError>, SqlError> {
        // The server's own time-out comes first, and its error says more.
        let deadline = Instant::now() + WAIT_FOR_OTHERS + Duration::from_secs(2);
        self.rows(text, deadline).map_err(|broken| broken_error(&self.address, broken))
    }

    fn rows(&mut self, text: &str, deadline: Instant) -> Result<Result<Vec<Row>, ServerError>, Broken> {
        let wire = &mut self.entered.wire;
        wire.put_command(COM_QUERY, |packet| packet.extend_from_slice(text.as_bytes()));
        wire.send()?;
        let head = wire.receive_before(deadline)?;
        if let Some(error) = ServerError::of(&head)? {
            return Ok(Err(error));
        }
        if head.first() == Some(&0) {
            return Ok(Ok(Vec::new()));
        }
        let columns = Fields(&head).counted_number()?;
        let columns = columns.ok_or(Broken::Strange(Unexpected::AsksForFile))?;
        if columns > MOST_COLUMNS {
            return Err(Broken::Strange(Unexpected::NotAsked));
        }
        // Their names, and the end of the names.
        for _ in 0..=columns {
            wire.receive_before(deadline)?;
        }
        let mut rows = Vec::new();
        loop {
            let packet = wire.receive_before(deadline)?;
            if is_end(&packet) {
                return Ok(Ok(rows));
            }
            if packet.first() == Some(&0xff) {
                return Ok(ServerError::of(&packet)?.map_or(Ok(rows), Err));
            }
            let mut fields = Fields(&packet);
            let mut text = || Ok(fields.counted()?.map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
            let row = (0..columns).map(|_| text()).collect::<Result<Row, Broken>>()?;
            if rows.len() < MOST_ROWS {
                rows.push(row);
            }
        }
    }

    fn rejected(&self, doing: Doing, error: ServerError) -> SqlError {
        let address = self.address.to_string();
        let (code, said) = (error.store_code(), error.said.clone());
        match error.number {
            // No right to it: at the server, at a table, at a column; or a server that may only read.
            1142 | 1143 | 1227 | 1290 | 1044 | 1836 => SqlError::NotAllowed { address, doing, said },
            1205 => SqlError::Locked { address, table: self.table.clone(), doing, within: WAIT_FOR_OTHERS },
            _ if error.is_fatal() => SqlError::Cut { address, what: said },
            _ => SqlError::Rejected { address, doing, said, code },
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        super::say_goodbye(&mut self.entered.wire);
    }
}
