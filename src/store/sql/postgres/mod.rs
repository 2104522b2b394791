//! A connection with a server of PostgreSQL: statements are prepared once, and each step is one packet in each direction.
//!
//! It speaks the protocol itself (the messages are those of `postgres-protocol`), on a blocking socket: a step is
//! one `send` and one `recv`, with no runtime in between, and a signal wakes a buyer that waits for another. A
//! transaction's BEGIN is sent together with the first statement in it: alone it does nothing at the server, and takes no
//! snapshot (sql-begin and section 13.2 of the manual).

mod enter;
mod lookout;
mod plain;
mod wire;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::{DataRowBody, Message};
use postgres_protocol::message::frontend;

use super::address::PostgresAddress;
use super::dialect::Statement;
use super::error::SqlError;
use super::link::{Answer, Link, NoAnswer, Patience, Progress};
use super::net::{Broken, Peer};
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::protocol::StepKind;
use crate::stock::Stock;
use crate::store::server::{Doing, Unexpected};
use enter::{broken_error, enter};
use wire::{ServerError, Wire};

pub(super) use lookout::{PostgresLookout, with_early_deadlocks};
pub use plain::Talk;

/// How long a cancelled statement may take to end. The launcher waits a little longer.
const LAST_WORD: Duration = Duration::from_millis(1500);
/// The time between two requests to cancel it: one that comes before its statement has begun has no effect.
const CANCEL_AGAIN: Duration = Duration::from_millis(100);
/// The type `bigint`.
const INT8: u32 = 20;
/// Numbers travel in binary.
const BINARY: i16 = 1;

/// The settings of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// The name that the server shows in its list of sessions.
    pub(super) name: String,
    /// How long it may wait for a lock.
    pub(super) lock_timeout: Option<Duration>,
}

/// A connection after its login.
#[derive(Debug)]
pub(super) struct Entered {
    wire: Wire,
    peer: Peer,
    /// The server's process for this connection, and its secret: the key for cancelling statements.
    key: Option<(i32, i32)>,
}

/// A connection, with the statements of a sale prepared.
#[derive(Debug)]
pub(super) struct PostgresLink {
    entered: Entered,
    statements: Vec<Statement>,
    patience: Patience,
    /// Whether a transaction has begun that the server does not know of yet.
    begins: bool,
    /// What was sent without waiting, and is not answered yet.
    under_way: Option<Exchange>,
    /// How the connection ended.
    lost: Option<Fault>,
}

/// A step that was sent to the server, and the part of its answer that has come.
#[derive(Debug)]
struct Exchange {
    step: StepKind,
    gives_number: bool,
    answer: Answer,
    rejected: Option<ServerError>,
    /// Since when it is being cancelled.
    taken_back: Option<Instant>,
}

impl PostgresLink {
    /// A connection of its own for one buyer.
    pub(super) fn open(
        address: &PostgresAddress,
        session: &Session,
        statements: Vec<Statement>,
        patience: Patience,
    ) -> Result<Self, SqlError> {
        let mut entered = enter(address, session)?;
        let deadline = Instant::now() + address.connect_timeout;
        let rejected = prepare(&mut entered.wire, &statements, deadline);
        if let Some(error) = rejected.map_err(|broken| broken_error(address, broken))? {
            return Err(SqlError::Rejected {
                address: address.to_string(),
                doing: Doing::Prepare,
                code: error.store_code(),
                said: error.said,
            });
        }
        Ok(Self { entered, statements, patience, begins: false, under_way: None, lost: None })
    }

    /// Appends the statement of a step to what is to be sent. Returns whether it answers with a number.
    fn put(&mut self, step: StepKind, number: Stock) -> Result<bool, Broken> {
        let known = self.statements.iter().find(|statement| statement.step == step);
        let statement = known.ok_or(Broken::Strange(Unexpected::NotPrepared(step)))?;
        put_bound(statement, number, &mut self.entered.wire.outgoing)?;
        Ok(statement.gives_number)
    }

    /// Sends a step.
    fn send(&mut self, step: StepKind, number: Stock) -> Result<Exchange, Broken> {
        if std::mem::take(&mut self.begins) {
            self.put(StepKind::Begin, 0)?;
        }
        let gives_number = self.put(step, number)?;
        frontend::sync(&mut self.entered.wire.outgoing);
        self.entered.wire.send()?;
        Ok(Exchange { step, gives_number, answer: Answer::default(), rejected: None, taken_back: None })
    }

    /// The result of a step, once the answer is complete; `None` if the wait was interrupted, or is the caller's.
    fn hear(&mut self, exchange: &mut Exchange) -> Result<Option<Result<Answer, ServerError>>, Broken> {
        let step = exchange.step;
        loop {
            let Some(message) = self.entered.wire.receive()? else {
                if Patience::may_end_in(step) && self.patience.is_over() {
                    self.take_back(&mut exchange.taken_back)?;
                }
                return Ok(None);
            };
            match message {
                Message::DataRow(row) if exchange.gives_number => exchange.answer.number = number_in(&row)?,
                Message::CommandComplete(body) => exchange.answer.rows = rows_in(body.tag()?, step),
                Message::ErrorResponse(body) => {
                    let error = wire::server_error(&body);
                    if error.is_fatal {
                        return Ok(Some(Err(error)));
                    }
                    exchange.rejected = Some(error);
                }
                Message::ReadyForQuery(_) => break,
                _ => {}
            }
        }
        if exchange.taken_back.is_some() {
            self.entered.wire.wait_at_most(None)?;
        }
        Ok(Some(exchange.rejected.take().map_or(Ok(exchange.answer), Err)))
    }

    fn exchange(&mut self, step: StepKind, number: Stock) -> Result<Result<Answer, ServerError>, Broken> {
        let mut exchange = self.send(step, number)?;
        loop {
            if let Some(heard) = self.hear(&mut exchange)? {
                return Ok(heard);
            }
        }
    }

    /// The result of a step that needs no request.
    fn at_once(&mut self, step: StepKind) -> Option<Result<Answer, NoAnswer>> {
        if let Some(fault) = self.lost {
            return Some(Err(NoAnswer::Fault(fault)));
        }
        match step {
            StepKind::Begin => self.begins = true,
            // Nothing has been done in it.
            StepKind::Commit | StepKind::Rollback if std::mem::take(&mut self.begins) => {}
            _ => return None,
        }
        Some(Ok(Answer::default()))
    }

    /// What an answer means for a purchase.
    fn meaning(&mut self, heard: Result<Result<Answer, ServerError>, Broken>) -> Result<Answer, NoAnswer> {
        match heard {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.is_fatal => Err(self.lose(error.store_code())),
            Ok(Err(error)) if error.code == "57014" && self.patience.is_over() => Err(NoAnswer::GivenUp),
            Ok(Err(error)) => Err(NoAnswer::Fault(Fault::of_store(kind_of(&error.code), error.store_code()))),
            // "connection_failure", as the manual's list of codes has it.
            Err(_) => Err(self.lose(StoreCode::of_state("08006"))),
        }
    }

    /// Asks the server to cancel the statement that we wait for, and gives up if it does not.
    fn take_back(&mut self, since: &mut Option<Instant>) -> Result<(), Broken> {
        let began = *since.get_or_insert_with(Instant::now);
        if began.elapsed() > LAST_WORD {
            return Err(Broken::TimedOut);
        }
        // From now on each wait has a time-out.
        self.entered.wire.wait_at_most(Some(CANCEL_AGAIN))?;
        if let Some((process, secret)) = self.entered.key {
            // If this fails, we still wait for the answer.
            let _ = cancel(&self.entered.peer, process, secret);
        }
        Ok(())
    }

    fn lose(&mut self, code: StoreCode) -> NoAnswer {
        let fault = Fault::of_store(FaultKind::AnswerLost, code);
        self.lost = Some(fault);
        NoAnswer::Fault(fault)
    }
}

impl Link for PostgresLink {
    fn execute(&mut self, step: StepKind, number: Stock) -> Result<Answer, NoAnswer> {
        if let Some(done) = self.at_once(step) {
            return done;
        }
        let heard = self.exchange(step, number);
        self.meaning(heard)
    }

    fn start(&mut self, step: StepKind, number: Stock) -> Result<Progress, NoAnswer> {
        if let Some(done) = self.at_once(step) {
            return done.map(Progress::Answered);
        }
        match self.entered.wire.never_wait().map_err(Broken::from).and_then(|()| self.send(step, number)) {
            Ok(exchange) => self.under_way = Some(exchange),
            Err(broken) => return self.meaning(Err(broken)).map(Progress::Answered),
        }
        self.resume()
    }

    fn resume(&mut self) -> Result<Progress, NoAnswer> {
        let Some(mut exchange) = self.under_way.take() else { return Err(NoAnswer::GivenUp) };
        let Some(heard) = self.hear(&mut exchange).transpose() else {
            self.under_way = Some(exchange);
            return Ok(Progress::Asked);
        };
        self.meaning(heard).map(Progress::Answered)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.entered.wire.descriptor())
    }

    fn number(&self) -> u64 {
        self.entered.key.and_then(|(process, _)| u64::try_from(process).ok()).unwrap_or(0)
    }
}

impl Drop for PostgresLink {
    fn drop(&mut self) {
        if self.lost.is_none() {
            // In good order, so that the server logs no error. If this fails, the connection is gone already.
            frontend::terminate(&mut self.entered.wire.outgoing);
            let _ = self.entered.wire.send();
        }
    }
}

/// Prepares the statements of a sale, all in one packet. Returns the server's error, if there is one.
fn prepare(
    wire: &mut Wire,
    statements: &[Statement],
    deadline: Instant,
) -> Result<Option<ServerError>, Broken> {
    for statement in statements {
        let takes = statement.takes_number.then_some(INT8);
        frontend::parse(statement.step.name(), &statement.text, takes, &mut wire.outgoing)?;
    }
    frontend::sync(&mut wire.outgoing);
    wire.send()?;
    let mut rejected = None;
    loop {
        match wire.receive_before(deadline)? {
            Message::ErrorResponse(body) => rejected = rejected.or(Some(wire::server_error(&body))),
            Message::ReadyForQuery(_) => break,
            _ => {}
        }
    }
    // From now on a wait may be as long as that for other buyers.
    wire.wait_at_most(None)?;
    Ok(rejected)
}

/// What an SQLSTATE means for a purchase.
fn kind_of(code: &str) -> FaultKind {
    match code {
        "40001" | "40P01" => FaultKind::Aborted,
        "23514" => FaultKind::Constraint,
        "55P03" => FaultKind::LockTimeout,
        _ => FaultKind::Store,
    }
}

/// Appends a statement to what is to be sent: bound to its number, and executed.
fn put_bound(statement: &Statement, number: Stock, outgoing: &mut BytesMut) -> Result<(), Broken> {
    let takes = statement.takes_number.then_some(number);
    let formats = takes.map(|_| BINARY);
    let gives = statement.gives_number.then_some(BINARY);
    let write = |number: Stock, bytes: &mut BytesMut| {
        bytes.extend_from_slice(&number.to_be_bytes());
        Ok(IsNull::No)
    };
    let bound = frontend::bind("", statement.step.name(), formats, takes, write, gives, outgoing);
    bound.map_err(|_| Broken::Strange(Unexpected::Unbound))?;
    frontend::execute("", 0, outgoing).map_err(Broken::from)
}

/// The number in the first column.
fn number_in(row: &DataRowBody) -> Result<Option<Stock>, Broken> {
    let strange = || Broken::Strange(Unexpected::NoNumber);
    match row.ranges().next()? {
        None => Err(strange()),
        Some(None) => Ok(None),
        Some(Some(range)) => {
            let bytes = row.buffer().get(range).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
            bytes.map(|bytes| Some(Stock::from_be_bytes(bytes))).ok_or_else(strange)
        }
    }
}

/// How many rows a statement changed, as its tag says: `UPDATE 1`, `INSERT 0 1`.
fn rows_in(tag: &str, step: StepKind) -> u64 {
    if step.reads() {
        return 0;
    }
    tag.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Asks the server to cancel the statement of one of its processes.
fn cancel(peer: &Peer, process: i32, secret: i32) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut plain = peer.connect(CANCEL_AGAIN)?;
    plain.wait_at_most(Some(CANCEL_AGAIN))?;
    let mut request = BytesMut::new();
    frontend::cancel_request(process, secret, &mut request);
    plain.write_all(&request)
}
