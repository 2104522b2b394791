//! A connection with a database of SQLite. It lives in a file: connecting is opening it, and waiting is trying
//! again, for which the engine asks a function of ours (c3ref/busy_handler.html of its manual).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::dialect::Statement;
use super::error::SqlError;
use super::link::{Answer, Link, NoAnswer, Patience, WAIT_FOR_OTHERS};
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::foreign;
use crate::protocol::StepKind;
use crate::stock::Stock;

/// A connection, with the statements of a sale prepared.
#[derive(Debug)]
pub(super) struct SqliteLink {
    connection: Connection,
    statements: Vec<Statement>,
    /// Whether the buyer gives up waiting if it is told to: it does, but for what lets go.
    may_give_up: Arc<AtomicBool>,
    gave_up: Arc<AtomicBool>,
}

/// Opens the file of a database. Nobody creates one by the way, unless it is said.
pub(super) fn open(path: &Path, create: bool) -> Result<Connection, SqlError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags).map_err(|error| file_error(path, &error))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

impl SqliteLink {
    /// A connection of its own for one buyer, opened in the process that will use it: the engine's locks belong
    /// to the process that opened the file.
    pub(super) fn open(
        path: &Path,
        statements: Vec<Statement>,
        busy_timeout: Duration,
        patience: Patience,
    ) -> Result<Self, SqlError> {
        let mut connection = open(path, false)?;
        let failed = |error| file_error(path, &error);
        // Whoever comes first sets up what all share (the index of a write-ahead log); the others wait for that,
        // however little they wait later.
        connection.busy_timeout(WAIT_FOR_OTHERS).map_err(failed)?;
        for statement in &statements {
            connection.prepare_cached(&statement.text).map_err(failed)?;
        }
        let (may_give_up, gave_up) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let waits = wait(busy_timeout, patience, Arc::clone(&may_give_up), Arc::clone(&gave_up));
        connection.busy_handler((!busy_timeout.is_zero()).then_some(waits)).map_err(failed)?;
        Ok(Self { connection, statements, may_give_up, gave_up })
    }

    fn run(&self, text: &str, number: Option<Stock>) -> rusqlite::Result<Answer> {
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = match number {
            Some(number) => statement.query([number])?,
            None => statement.query([])?,
        };
        let mut first = None;
        // To the end, also where a row comes first: the statement's own commit may fail as its last act.
        while let Some(row) = rows.next()? {
            first.get_or_insert(row.get::<_, Option<Stock>>(0)?);
        }
        drop(rows);
        Ok(Answer { number: first.flatten(), rows: self.connection.changes() })
    }

    fn no_answer(&self, error: &rusqlite::Error) -> NoAnswer {
        let Some(failure) = error.sqlite_error() else {
            return NoAnswer::Fault(Fault::plain(FaultKind::Store));
        };
        if failure.code == ErrorCode::DatabaseBusy && self.gave_up.load(Ordering::Relaxed) {
            return NoAnswer::GivenUp;
        }
        let kind = match failure.extended_code {
            _ if failure.code == ErrorCode::DatabaseBusy => FaultKind::Aborted,
            ffi::SQLITE_CONSTRAINT_CHECK => FaultKind::Constraint,
            _ => FaultKind::Store,
        };
        NoAnswer::Fault(Fault::of_store(kind, StoreCode(failure.extended_code)))
    }
}

impl Link for SqliteLink {
    fn execute(&mut self, step: StepKind, number: Stock) -> Result<Answer, NoAnswer> {
        if step == StepKind::Rollback && self.connection.is_autocommit() {
            // The engine has rolled it back by itself, as it does after the worst of errors.
            return Ok(Answer::default());
        }
        let known = self.statements.iter().find(|statement| statement.step == step);
        let statement = known.ok_or(NoAnswer::Fault(Fault::plain(FaultKind::Store)))?;
        self.may_give_up.store(Patience::may_end_in(step), Ordering::Relaxed);
        self.gave_up.store(false, Ordering::Relaxed);
        let number = statement.takes_number.then_some(number);
        self.run(&statement.text, number).map_err(|error| self.no_answer(&error))
    }
}

/// The function that is asked whether to try again: with the pauses that the engine itself would make, up to the
/// time-out, or until the buyer gives up.
fn wait(
    timeout: Duration,
    patience: Patience,
    may_give_up: Arc<AtomicBool>,
    gave_up: Arc<AtomicBool>,
) -> impl FnMut(i32) -> bool + Send + 'static {
    /// As in the engine's own handler.
    const PAUSES_MS: [u64; 12] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];
    /// How long a pause may go on before it is seen that the buyer gives up.
    const SLICE: Duration = Duration::from_millis(20);
    let mut began = Instant::now();
    move |times| {
        if times == 0 {
            began = Instant::now();
        }
        let place = usize::try_from(times).unwrap_or(0).min(PAUSES_MS.len() - 1);
        let left = timeout.saturating_sub(began.elapsed());
        let until = Instant::now() + Duration::from_millis(PAUSES_MS[place]).min(left);
        if left.is_zero() {
            return false;
        }
        loop {
            if may_give_up.load(Ordering::Relaxed) && patience.is_over() {
                gave_up.store(true, Ordering::Relaxed);
                return false;
            }
            let pause = until.saturating_duration_since(Instant::now());
            if pause.is_zero() {
                return true;
            }
            std::thread::sleep(pause.min(SLICE));
        }
    }
}

/// What the engine says of a file.
pub(super) fn file_error(path: &Path, error: &rusqlite::Error) -> SqlError {
    let said = match error {
        rusqlite::Error::SqliteFailure(failure, said) => match failure.code {
            ErrorCode::CannotOpen if !path.exists() => {
                "no such file; --tickets N creates it, in a folder that is there".to_owned()
            }
            ErrorCode::CannotOpen => "can't be opened for reading and writing".to_owned(),
            ErrorCode::NotADatabase => "is no database of SQLite; it stays as it is".to_owned(),
            ErrorCode::ReadOnly => "can't be written, and neither can what SQLite keeps beside it".to_owned(),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                "another program keeps it locked".to_owned()
            }
            ErrorCode::DiskFull => "the disk is full".to_owned(),
            _ => said.clone().unwrap_or_else(|| failure.to_string()),
        },
        other => other.to_string(),
    };
    SqlError::File { path: path.to_owned(), what: foreign::shown(&said).into_owned() }
}
