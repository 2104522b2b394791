//! A connection with a database of SQLite. It is a file: to connect is to open it, and to wait is to try again. The engine
//! asks a function of ours whether to (c3ref/busy_handler.html in its manual).

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::dialect::Statement;
use super::error::{FileTrouble, SqlError};
use super::link::{Again, Answer, Link, NoAnswer, Patience, Progress, WAIT_FOR_OTHERS};
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::foreign;
use crate::protocol::StepKind;
use crate::stock::Stock;

/// A connection, with the statements of a sale prepared.
#[derive(Debug)]
pub(super) struct SqliteLink {
    connection: Connection,
    statements: Vec<Statement>,
    busy_timeout: Duration,
    patience: Patience,
    wait: Arc<BusyState>,
    /// What a conductor says on whether to try again, if there is one.
    again: Conducted,
    /// A statement that was begun without waiting, and found the database busy.
    under_way: Option<UnderWay>,
}

/// What a connection and its busy handler share.
#[derive(Debug, Default)]
struct BusyState {
    /// Whether the buyer goes on even if it is to give up: letting go is always completed.
    goes_on: AtomicBool,
    gave_up: AtomicBool,
    /// Whether the caller waits by itself.
    is_elsewhere: AtomicBool,
    /// Whether the handler was called meanwhile.
    was_asked: AtomicBool,
}

/// A statement whose wait is the caller's.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    step: StepKind,
    number: Stock,
    began: Instant,
    /// How often it was tried without success.
    times: usize,
}

/// The pauses of the engine's own busy handler.
const PAUSES_MS: [u64; 12] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];

/// The pause after so many tries without success.
fn pause(times: usize) -> Duration {
    Duration::from_millis(PAUSES_MS[times.min(PAUSES_MS.len() - 1)])
}

/// The function by which a conductor says whether a busy database is tried again, if there is a conductor.
#[derive(Clone, Default)]
struct Conducted(Arc<Mutex<Option<Again>>>);

impl Conducted {
    /// Waits for its answer; `None` if there is no conductor.
    fn again(&self) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(|again| again())
    }
}

impl std::fmt::Debug for Conducted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Conducted")
    }
}

/// Opens the file of a database. With `create`, a missing file is created.
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
    /// A connection for one buyer, opened in the process that will use it: the engine's locks belong to the process that
    /// opened the file.
    pub(super) fn open(
        path: &Path,
        statements: Vec<Statement>,
        busy_timeout: Duration,
        patience: Patience,
    ) -> Result<Self, SqlError> {
        let mut connection = open(path, false)?;
        let failed = |error| file_error(path, &error);
        // The first connection sets up what all share (the index of a write-ahead log). The others wait for that, even
        // if they are to wait less later.
        connection.busy_timeout(WAIT_FOR_OTHERS).map_err(failed)?;
        for statement in &statements {
            connection.prepare_cached(&statement.text).map_err(failed)?;
        }
        let wait = Arc::<BusyState>::default();
        let mut waits = wait_with(busy_timeout, patience.clone(), Arc::clone(&wait));
        let again = Conducted::default();
        let (asks, told) = (again.clone(), Arc::clone(&wait));
        let waits = move |times| {
            asks.again().map_or_else(
                || waits(times),
                |is_tried_again| {
                    told.gave_up.store(!is_tried_again, Ordering::Relaxed);
                    is_tried_again
                },
            )
        };
        connection.busy_handler((!busy_timeout.is_zero()).then_some(waits)).map_err(failed)?;
        Ok(Self { connection, statements, busy_timeout, patience, wait, again, under_way: None })
    }

    fn run(&self, text: &str, number: Option<Stock>) -> rusqlite::Result<Answer> {
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = match number {
            Some(number) => statement.query([number])?,
            None => statement.query([])?,
        };
        let mut first = None;
        // To the end, even if a row comes first: at its end the statement commits, which may fail.
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
        if failure.code == ErrorCode::DatabaseBusy && self.wait.gave_up.load(Ordering::Relaxed) {
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
            // The engine has rolled it back by itself, as it does after severe errors.
            return Ok(Answer::default());
        }
        let known = self.statements.iter().find(|statement| statement.step == step);
        let statement = known.ok_or(NoAnswer::Fault(Fault::plain(FaultKind::Store)))?;
        self.wait.goes_on.store(!Patience::may_end_in(step), Ordering::Relaxed);
        self.wait.gave_up.store(false, Ordering::Relaxed);
        let number = statement.takes_number.then_some(number);
        self.run(&statement.text, number).map_err(|error| self.no_answer(&error))
    }

    fn start(&mut self, step: StepKind, number: Stock) -> Result<Progress, NoAnswer> {
        self.under_way = Some(UnderWay { step, number, began: Instant::now(), times: 0 });
        self.resume()
    }

    /// Tries the statement once. If the engine would wait and try again, that is left to the caller. If it would not,
    /// since no wait could help, it returns the error at once, as always.
    fn resume(&mut self) -> Result<Progress, NoAnswer> {
        let Some(under_way) = self.under_way.take() else { return Err(NoAnswer::GivenUp) };
        self.wait.is_elsewhere.store(true, Ordering::Relaxed);
        self.wait.was_asked.store(false, Ordering::Relaxed);
        let UnderWay { step, number, began, times } = under_way;
        let came = self.execute(step, number);
        let would_wait = came.is_err() && self.wait.was_asked.load(Ordering::Relaxed);
        if !would_wait || began.elapsed() >= self.busy_timeout {
            return came.map(Progress::Answered);
        }
        if Patience::may_end_in(step) && self.patience.is_over() {
            return Err(NoAnswer::GivenUp);
        }
        self.under_way = Some(UnderWay { times: times + 1, ..under_way });
        Ok(Progress::Busy(pause(times)))
    }

    fn on_wait(&mut self, again: Again) {
        *self.again.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(again);
    }
}

/// The busy handler: it makes the same pauses as the engine's own, up to the time-out, or until the buyer gives up.
fn wait_with(
    timeout: Duration,
    patience: Patience,
    wait: Arc<BusyState>,
) -> impl FnMut(i32) -> bool + Send + 'static {
    /// How often a pause checks whether the buyer gives up.
    const SLICE: Duration = Duration::from_millis(20);
    let mut began = Instant::now();
    move |times| {
        if wait.is_elsewhere.load(Ordering::Relaxed) {
            wait.was_asked.store(true, Ordering::Relaxed);
            return false;
        }
        if times == 0 {
            began = Instant::now();
        }
        let left = timeout.saturating_sub(began.elapsed());
        let until = Instant::now() + pause(usize::try_from(times).unwrap_or(0)).min(left);
        if left.is_zero() {
            return false;
        }
        loop {
            if !wait.goes_on.load(Ordering::Relaxed) && patience.is_over() {
                wait.gave_up.store(true, Ordering::Relaxed);
                return false;
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return true;
            }
            std::thread::sleep(rest.min(SLICE));
        }
    }
}

/// Whether a file's folder is there, but nothing can be created in it.
fn is_in_read_only_folder(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.is_dir() && nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_err()
}

/// The error for what the engine says of a file.
pub(super) fn file_error(path: &Path, error: &rusqlite::Error) -> SqlError {
    let other = |said: &str| FileTrouble::Said(foreign::shown(said).into_owned());
    let wrong = match error {
        rusqlite::Error::SqliteFailure(failure, said) => match failure.code {
            ErrorCode::CannotOpen if path.exists() => FileTrouble::Unopened,
            ErrorCode::CannotOpen if is_in_read_only_folder(path) => FileTrouble::FolderReadOnly,
            ErrorCode::CannotOpen => FileTrouble::Missing,
            ErrorCode::NotADatabase => FileTrouble::NoDatabase,
            ErrorCode::ReadOnly => FileTrouble::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => FileTrouble::Locked,
            ErrorCode::DiskFull => FileTrouble::DiskFull,
            _ => other(&said.clone().unwrap_or_else(|| failure.to_string())),
        },
        error => other(&error.to_string()),
    };
    SqlError::File { path: path.to_owned(), wrong }
}
