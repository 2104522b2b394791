//! Why a trial could not be carried through.

use std::time::Duration;

use super::command::CommandError;
use super::heat::Shortfall;
use super::http::NoAnswer;
use super::stock::NoStock;
use super::template::BadValue;
use super::url::Origin;
use crate::stock::Stock;

/// Why a trial could not be carried through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// What is done at the target besides racing has failed.
    #[error("{doing}: {what}: {why}")]
    Act {
        /// What it was done for.
        doing: Doing,
        /// The command or the request, as it may be shown.
        what: String,
        /// Why it failed.
        why: Failed,
    },
    /// The stock before the race is not the number of tickets that the plan says.
    #[error("the stock is {before} before the race, and the plan says {tickets} tickets")]
    OtherStock {
        /// The stock before the race.
        before: Stock,
        /// The tickets of the plan.
        tickets: i64,
    },
    /// A program could not be run as a buyer.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A value can't be put into a request.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// A buyer's request got no answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// Too few buyers were ready.
    #[error(transparent)]
    Shortfall(#[from] Shortfall),
    /// Some purchases had no answer in time.
    #[error("there were purchases without an answer within {0:?}")]
    Unanswered(Duration),
    /// Another program listens where the target should listen.
    #[error("{0}: another program listens there already")]
    Occupied(Origin),
    /// The target could not be started.
    #[error("{command}: {why}")]
    NotStarted {
        /// The command that starts it.
        command: String,
        /// Why not.
        why: String,
    },
    /// Nobody listens where the target should.
    #[error("{}nobody listens at {origin} after {within:?}", before(.command))]
    NotThere {
        /// The command that starts the target, if we do.
        command: Option<String>,
        /// Where it should listen.
        origin: Origin,
        /// How long it was awaited.
        within: Duration,
    },
    /// The target died.
    #[error("the target died: {0}")]
    Died(String),
}

/// What is done at the target besides racing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// The tickets are put on sale.
    Reset,
    /// A step of the set-up.
    SetUp,
    /// The stock is read.
    Stock,
}

impl std::fmt::Display for Doing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Doing::Reset => "reset",
            Doing::SetUp => "set-up",
            Doing::Stock => "the stock",
        })
    }
}

/// Why a command or a request at the target has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// A value can't be put into its place.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// The request got no answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The answer is an error.
    #[error("status {status}{}", quoted(.body))]
    Status {
        /// Its status.
        status: u16,
        /// The start of its body.
        body: String,
    },
    /// The command ended with an exit code other than 0.
    #[error("exit code {code}{}", behind(.line))]
    Exit {
        /// The exit code.
        code: i32,
        /// The last line that it wrote.
        line: Option<String>,
    },
    /// The command was killed.
    #[error("killed by signal {signal}{}", behind(.line))]
    Killed {
        /// The signal.
        signal: i32,
        /// The last line that it wrote.
        line: Option<String>,
    },
    /// It is not known how the command ended.
    #[error("it did not end{}", behind(.0))]
    NoEnd(Option<String>),
    /// The answer lacks the value of a variable.
    #[error("no {0} in its answer")]
    NoVariable(String),
    /// No stock could be read.
    #[error(transparent)]
    NoStock(#[from] NoStock),
}

/// The start of a body, if there is one.
fn quoted(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(" {body:?}") }
}

/// The command before a sentence, if there is one.
fn before(command: &Option<String>) -> String {
    command.as_ref().map(|command| format!("{command}: ")).unwrap_or_default()
}

/// The last line of a command, if there is one.
fn behind(line: &Option<String>) -> String {
    line.as_ref().map(|line| format!(": {line}")).unwrap_or_default()
}
