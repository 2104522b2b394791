//! What can be wrong with the settings of a race.

use std::ops::Range;

use crate::lang::Lang;
use crate::lang::errors::options::no_duration;
use crate::race::request::RequestError;
use crate::race::setup::SetupError;
use crate::race::stock::SourceError;
use crate::race::url::UrlError;
use crate::rules::RuleError;
use crate::store::sql::NoAddress;

/// A setting is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {what}")]
pub struct ConfigError {
    /// The setting, by its name in the file.
    pub setting: &'static str,
    /// Its place in the file.
    pub at: Range<usize>,
    /// What is wrong with it.
    pub what: Mistake,
}

impl ConfigError {
    /// What is wrong, wherever it stands.
    pub(in crate::race) fn new(setting: &'static str, what: impl Into<Mistake>) -> Self {
        Self { setting, at: 0..0, what: what.into() }
    }
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// There is neither a request nor a command.
    #[error("nothing says what is raced: a request, or a command")]
    NoTarget,
    /// There are both.
    #[error("a request or a command, not both")]
    TwoTargets,
    /// A command comes with a body.
    #[error("a body belongs to a request, and a command is raced")]
    BodyOfCommand,
    /// A request has several bodies.
    #[error("a request has one body")]
    SeveralBodies,
    /// A request, a header or a field can't be read.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A step of the set-up can't be read.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Where the stock is read can't be understood.
    #[error(transparent)]
    Stock(#[from] SourceError),
    /// A rule can't be read.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// It is not a number of purchases.
    #[error("a whole number from 1, or `all`")]
    PerBuyer,
    /// Too few buyers, or too many.
    #[error("{buyers} buyers: it takes 1 to {most}")]
    Buyers {
        /// How many.
        buyers: u32,
        /// The most that are possible.
        most: u32,
    },
    /// A number that is too small or too large.
    #[error("{given}: it takes 1 to {most}")]
    Number {
        /// The number.
        given: u32,
        /// The largest possible number.
        most: u32,
    },
    /// Too many purchases.
    #[error("more than {0} purchases in a trial")]
    Purchases(u64),
    /// The stock is unknown.
    #[error("nothing says how many tickets there are")]
    NoTickets,
    /// A stock below 0.
    #[error("a stock of less than 0 can't be put on sale")]
    NegativeTickets,
    /// There are several trials, and nothing puts the tickets on sale again.
    #[error("several trials need something that puts the tickets on sale again before each")]
    TrialsWithoutReset,
    /// Answers may take no time.
    #[error("no time to answer")]
    NoTimeToAnswer,
    /// A column of the users' table has the name of one of our variables.
    #[error("the column {0:?} has the name of a variable that is there already")]
    Column(String),
    /// It is not a duration.
    #[error("{0:?}: {why}", why = no_duration(Lang::En, .0))]
    NoDuration(String),
    /// The duration is too long.
    #[error("at most a day")]
    TooLong,
    /// It is a setting of the gate, and there is no gate.
    #[error("it is for the gate, and there is none")]
    NoGate,
    /// The gate was left out of the build.
    #[error("this build has no gate")]
    NotBuiltIn,
    /// The address of a database can't be read.
    #[error(transparent)]
    Address(#[from] NoAddress),
    /// A database behind TLS.
    #[error("the gate reads what is said, so there is no TLS behind it: take redis://…")]
    GateTls,
    /// A database that the gate can't stand before.
    #[error("the gate stands before postgres://… or redis://…")]
    GateStore,
    /// Several databases of PostgreSQL.
    #[error("one database of PostgreSQL, and as many of Redis as there are")]
    SeveralPostgres,
    /// There are no such orders.
    #[error("{0:?}: it takes all, random:N or depth:K")]
    Orders(String),
    /// Many orders are asked for, and one is given.
    #[error("many orders, or one that is given, not both")]
    OrdersAndOrder,
    /// Requests may take no time.
    #[error("no time to go on")]
    NoTimeToGoOn,
    /// It is not a verdict that can be expected.
    #[error("it takes sound or unsound")]
    Expect,
    /// It is not a regular expression.
    #[error("{0}: no regular expression: {1}")]
    Regex(String, String),
    /// Too few buyers for the gate, or too many.
    #[error("{buyers} buyers: the gate takes 2 to {most}")]
    GateBuyers {
        /// How many.
        buyers: u32,
        /// The most that are possible.
        most: u32,
    },
    /// A buyer makes several purchases behind the gate.
    #[error("the gate takes one purchase of each buyer")]
    GatePurchases,
    /// Behind the gate, nothing puts the tickets on sale again.
    #[error("every order begins with the tickets on sale again, and nothing puts them there")]
    GateWithoutReset,
    /// A command behind the gate.
    #[error("the gate takes requests, and a command is raced")]
    GateCommand,
    /// The order names a buyer that does not exist.
    #[error("{step}: there are {buyers} buyers")]
    NoSuchBuyer {
        /// The step.
        step: String,
        /// How many buyers there are.
        buyers: u32,
    },
}

impl From<UrlError> for Mistake {
    fn from(error: UrlError) -> Self {
        RequestError::Url(error).into()
    }
}
