//! A connection with a server of MariaDB or MySQL: statements are prepared once, and each step is one packet in each
//! direction.
//!
//! It speaks the protocol itself, on a blocking socket: a step is one `send` and one `recv`, and a signal wakes a buyer
//! that waits for another. The start of a transaction is sent together with the first statement in it: alone it does
//! nothing at the server, and takes no snapshot. A session holds a lock with its own name (GET_LOCK) as long as it lives:
//! that shows to everybody whether it is gone, without the right to see others' sessions.

mod auth;
mod enter;
mod lookout;
mod plain;
mod rows;
mod wire;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::address::MysqlAddress;
use super::dialect::{Statement, mysql as dialect};
use super::error::SqlError;
use super::link::{Answer, Link, NoAnswer, Patience, Progress};
use super::net::Broken;
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::protocol::StepKind;
use crate::protocol::sql::SqlChoices;
use crate::stock::Stock;
use crate::store::server::{Doing, Unexpected};
use enter::{Entered, broken_error, enter};
use rows::Hearing;
use wire::{Fields, ServerError, Wire};

pub(super) use lookout::MysqlLookout;
pub(super) use plain::Talk;

const COM_QUIT: u8 = 0x01;
const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;
const COM_STMT_EXECUTE: u8 = 0x17;
/// The type BIGINT.
const LONGLONG: u8 = 8;

/// "Lost connection to server during query", as the engine's own clients say it.
const LOST: StoreCode = StoreCode(2013);
/// "Query execution was interrupted".
const INTERRUPTED: u16 = 1317;
/// How long a cancelled statement may take to end. The launcher waits a little longer.
const LAST_WORD: Duration = Duration::from_millis(1500);
/// The time between two requests to cancel it: one that comes before its statement has begun has no effect.
const CANCEL_AGAIN: Duration = Duration::from_millis(100);

/// A statement of the sale, and the number by which the server knows it; `None` if it is sent as a text, like those that
/// begin and end transactions.
#[derive(Debug)]
struct Known {
    statement: Statement,
    number: Option<u32>,
}

/// A step that was sent to the server, and the part of its answer that has come.
#[derive(Debug)]
struct Exchange {
    step: StepKind,
    gives_number: bool,
    /// Whether the answer to the start of a transaction comes first.
    begins: bool,
    /// The error of that start, if it failed.
    rejected: Option<ServerError>,
    hearing: Hearing,
    /// Since when it is being cancelled.
    taken_back: Option<Instant>,
}

/// A connection, with the statements of a sale prepared.
#[derive(Debug)]
pub(super) struct MysqlLink {
    address: MysqlAddress,
    entered: Entered,
    known: Vec<Known>,
    patience: Patience,
    /// Whether a transaction has begun that the server does not know of yet.
    begins: bool,
    /// What was sent without waiting, and is not answered yet.
    under_way: Option<Exchange>,
    /// How the connection ended.
    lost: Option<Fault>,
}

impl MysqlLink {
    /// A connection for one buyer, under a name by which it can be found.
    pub(super) fn open(
        address: &MysqlAddress,
        session: &str,
        choices: &SqlChoices,
        statements: Vec<Statement>,
        patience: Patience,
    ) -> Result<Self, SqlError> {
        let mut entered = enter(address)?;
        let deadline = Instant::now() + address.connect_timeout;
        let mut texts = dialect::set_up(choices);
        texts.push(format!("DO GET_LOCK('{session}', 0)"));
        let prepared = prepare(&mut entered.wire, &texts, statements, deadline);
        let known = prepared.map_err(|broken| broken_error(address, broken))?.map_err(|error| {
            let code = error.store_code();
            let address = address.to_string();
            SqlError::Rejected { address, doing: Doing::Prepare, code, said: error.said }
        })?;
        let address = address.clone();
        Ok(Self { address, entered, known, patience, begins: false, under_way: None, lost: None })
    }

    /// Appends the statement of a step to what is to be sent. Returns whether it answers with a number.
    fn put(&mut self, step: StepKind, number: Stock) -> Result<bool, Broken> {
        let known = self.known.iter().find(|known| known.statement.step == step);
        let Known { statement, number: prepared } =
            known.ok_or(Broken::Strange(Unexpected::NotPrepared(step)))?;
        match prepared {
            None => self.entered.wire.put_command(COM_QUERY, |packet| {
                packet.extend_from_slice(statement.text.as_bytes());
            }),
            Some(prepared) => self.entered.wire.put_command(COM_STMT_EXECUTE, |packet| {
                packet.extend_from_slice(&prepared.to_le_bytes());
                // No cursor; one execution.
                packet.extend_from_slice(&[0, 1, 0, 0, 0]);
                if statement.takes_number {
                    // It is not NULL, and has this type.
                    packet.extend_from_slice(&[0, 1, LONGLONG, 0]);
                    packet.extend_from_slice(&number.to_le_bytes());
                }
            }),
        }
        Ok(statement.gives_number)
    }

    /// Sends a step.
    fn send(&mut self, step: StepKind, number: Stock) -> Result<Exchange, Broken> {
        let begins = std::mem::take(&mut self.begins);
        if begins {
            self.put(StepKind::Begin, 0)?;
        }
        let gives_number = self.put(step, number)?;
        self.entered.wire.send()?;
        let hearing = Hearing::default();
        Ok(Exchange { step, gives_number, begins, rejected: None, hearing, taken_back: None })
    }

    /// The result of a step, once the answer is complete; `None` if the wait was interrupted, or is the caller's.
    fn hear(&mut self, exchange: &mut Exchange) -> Result<Option<Result<Answer, ServerError>>, Broken> {
        loop {
            let Some(packet) = self.entered.wire.receive()? else {
                if Patience::may_end_in(exchange.step) && self.patience.is_over() {
                    self.take_back(&mut exchange.taken_back)?;
                }
                return Ok(None);
            };
            let Some(heard) = exchange.hearing.take(&packet)? else { continue };
            if std::mem::take(&mut exchange.begins) {
                (exchange.rejected, exchange.hearing) = (heard.err(), Hearing::default());
                continue;
            }
            if exchange.taken_back.is_some() {
                self.entered.wire.wait_at_most(None)?;
            }
            let number = |answer: Answer| answer.number.filter(|_| exchange.gives_number);
            let heard = heard.map(|answer| Answer { number: number(answer), ..answer });
            return Ok(Some(exchange.rejected.take().map_or(heard, Err)));
        }
    }

    fn exchange(&mut self, step: StepKind, number: Stock) -> Heard {
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
    fn meaning(&mut self, step: StepKind, heard: Heard) -> Result<Answer, NoAnswer> {
        match heard {
            // GET_LOCK says 0 where it was interrupted.
            Ok(Ok(Answer { number: Some(0), .. })) if step == StepKind::Lock && self.patience.is_over() => {
                Err(NoAnswer::GivenUp)
            }
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.is_fatal() => Err(self.lose(error.store_code())),
            Ok(Err(error)) if error.number == INTERRUPTED && self.patience.is_over() => {
                Err(NoAnswer::GivenUp)
            }
            Ok(Err(error)) => {
                Err(NoAnswer::Fault(Fault::of_store(kind_of(error.number), error.store_code())))
            }
            Err(_) => Err(self.lose(LOST)),
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
        // If this fails, we still wait for the answer. Every user may cancel its own statements.
        let address = MysqlAddress { connect_timeout: CANCEL_AGAIN * 5, ..self.address.clone() };
        if let Ok(mut other) = enter(&address) {
            let kill = format!("KILL QUERY {}", self.entered.number);
            other.wire.put_command(COM_QUERY, |packet| packet.extend_from_slice(kill.as_bytes()));
            let _ = other.wire.send();
            let _ = other.wire.receive_before(Instant::now() + CANCEL_AGAIN);
            say_goodbye(&mut other.wire);
        }
        Ok(())
    }

    fn lose(&mut self, code: StoreCode) -> NoAnswer {
        let fault = Fault::of_store(FaultKind::AnswerLost, code);
        self.lost = Some(fault);
        NoAnswer::Fault(fault)
    }
}

/// The result of a step: its answer, or the server's error.
type Heard = Result<Result<Answer, ServerError>, Broken>;

/// Whether a step that lets go was hit by a late request to cancel the step before it: then it is tried again.
fn was_missed(step: StepKind, heard: &Heard) -> bool {
    let is_interrupted = matches!(heard, Ok(Err(error)) if error.number == INTERRUPTED);
    is_interrupted && !Patience::may_end_in(step)
}

impl Link for MysqlLink {
    fn execute(&mut self, step: StepKind, number: Stock) -> Result<Answer, NoAnswer> {
        if let Some(done) = self.at_once(step) {
            return done;
        }
        let mut heard = self.exchange(step, number);
        if was_missed(step, &heard) {
            heard = self.exchange(step, number);
        }
        self.meaning(step, heard)
    }

    fn start(&mut self, step: StepKind, number: Stock) -> Result<Progress, NoAnswer> {
        if let Some(done) = self.at_once(step) {
            return done.map(Progress::Answered);
        }
        match self.entered.wire.never_wait().map_err(Broken::from).and_then(|()| self.send(step, number)) {
            Ok(exchange) => self.under_way = Some(exchange),
            Err(broken) => return self.meaning(step, Err(broken)).map(Progress::Answered),
        }
        self.resume()
    }

    fn resume(&mut self) -> Result<Progress, NoAnswer> {
        let Some(mut exchange) = self.under_way.take() else { return Err(NoAnswer::GivenUp) };
        let step = exchange.step;
        let Some(heard) = self.hear(&mut exchange).transpose() else {
            self.under_way = Some(exchange);
            return Ok(Progress::Asked);
        };
        // A step that lets go takes no number.
        if was_missed(step, &heard) {
            self.start(step, 0)
        } else {
            self.meaning(step, heard).map(Progress::Answered)
        }
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.entered.wire.descriptor())
    }

    fn number(&self) -> u64 {
        self.entered.number
    }
}

impl Drop for MysqlLink {
    fn drop(&mut self) {
        if self.lost.is_none() {
            say_goodbye(&mut self.entered.wire);
        }
    }
}

/// Closes the connection in good order, so that the server logs no error. If this fails, it is gone already.
fn say_goodbye(wire: &mut Wire) {
    wire.put_command(COM_QUIT, |_| ());
    let _ = wire.send();
}

/// Makes a connection ready: executes some texts and prepares the statements of a sale, all in one packet. Returns the
/// server's error, if there is one.
fn prepare(
    wire: &mut Wire,
    texts: &[String],
    statements: Vec<Statement>,
    deadline: Instant,
) -> Result<Result<Vec<Known>, ServerError>, Broken> {
    // Not all servers prepare these.
    let is_text = |step: StepKind| matches!(step, StepKind::Begin | StepKind::Commit | StepKind::Rollback);
    for text in texts {
        wire.put_command(COM_QUERY, |packet| packet.extend_from_slice(text.as_bytes()));
    }
    for statement in statements.iter().filter(|statement| !is_text(statement.step)) {
        wire.put_command(COM_STMT_PREPARE, |packet| packet.extend_from_slice(statement.text.as_bytes()));
    }
    wire.send()?;
    let mut rejected = None;
    for _ in texts {
        let packet = wire.receive_before(deadline)?;
        rejected = rejected.or(ServerError::of(&packet)?);
    }
    let mut known = Vec::with_capacity(statements.len());
    for statement in statements {
        let number = if is_text(statement.step) {
            None
        } else {
            let packet = wire.receive_before(deadline)?;
            if let Some(error) = ServerError::of(&packet)? {
                rejected = rejected.or(Some(error));
                continue;
            }
            let mut fields = Fields(&packet);
            fields.bytes(1)?;
            let number = fields.number(4)? as u32;
            for count in [fields.number(2)?, fields.number(2)?] {
                // The columns of its answer, then its parameters, each list with an end.
                for _ in 0..if count > 0 { count + 1 } else { 0 } {
                    wire.receive_before(deadline)?;
                }
            }
            Some(number)
        };
        known.push(Known { statement, number });
    }
    // From now on a wait may be as long as that for other buyers.
    wire.wait_at_most(None)?;
    Ok(rejected.map_or(Ok(known), Err))
}

/// What the number of an error means for a purchase.
fn kind_of(number: u16) -> FaultKind {
    match number {
        // A deadlock; snapshot isolation.
        1213 | 1020 => FaultKind::Aborted,
        // A CHECK of MariaDB; of MySQL.
        4025 | 3819 => FaultKind::Constraint,
        1205 => FaultKind::LockTimeout,
        _ => FaultKind::Store,
    }
}
