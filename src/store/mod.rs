//! Where a purchase happens: one folder for each store, with its real sessions and a model of it.
//!
//! A [`Store`] does what a run needs: it puts tickets on sale, opens a session for each buyer, and says what is left.
//! Only this file knows which stores there are: `with_store` has the real ones, and `with_model` their models.

pub mod file;
pub mod redis;
pub mod server;
pub mod sql;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::history::{Header, Recorder};
use crate::plan::{Pace, Plan, StorePlan};
use crate::protocol::{AddressChoices, Mishap, StoreKind};
use crate::stock::Stock;
use crate::world::Session;

/// What a run needs of a store.
pub trait Store: Clone + Send + Sync + 'static {
    /// One buyer's session.
    type Session: Session + Send + 'static;

    /// Rejects more buyers than the store can serve, before anything is done.
    ///
    /// # Errors
    /// When there are too many, with the limit.
    fn admit(&self, _buyers: u32) -> Result<(), StoreError> {
        Ok(())
    }

    /// Puts this many tickets on sale, or takes those that are on sale, and checks that they can be sold. Returns the
    /// stock.
    ///
    /// # Errors
    /// When they can't be sold, or when interrupted.
    fn put_on_sale(&self, tickets: Option<Stock>, interrupted: &AtomicBool) -> Result<Stock, StoreError>;

    /// Opens a session for a buyer, counted from 1: in the process or thread that will use it.
    ///
    /// # Errors
    /// When the system or the server reports an error.
    fn open(&self, pace: Pace, recorder: &Recorder, buyer: u32) -> std::io::Result<Self::Session>;

    /// How many open files one buyer needs, if all buyers are in one process.
    fn files_of_a_buyer(&self) -> u64;

    /// Whether a session waits for the disk, so that async tasks must run it on a thread that may block.
    fn waits_for_disk(&self) -> bool {
        false
    }

    /// The key of the lock, to ask the server who holds it; `None` if the lock is not a key.
    fn lease_key(&self) -> Option<String> {
        None
    }

    /// Whether the lock is taken now, for kinds that outlive their holder without naming it; `None` for other kinds.
    fn is_taken(&self) -> Option<bool> {
        None
    }

    /// Removes the locks of buyers that were killed on purpose, so that they keep nobody out. Called when all buyers
    /// have left.
    fn bury(&self, _recorder: &Recorder, _killed: &[(u32, i32)]) {}

    /// Removes what these killed buyers may have left behind; each has the signal that killed it. Called when all
    /// buyers have left.
    fn clean_up(&self, recorder: &Recorder, killed: &[(u32, i32)]);

    /// What is left after a sale. The sale took place even if the store is gone now, so this never fails.
    fn left(&self) -> Left;

    /// The same store for buyers that take their steps one at a time, as a conductor says. Delays of the store are
    /// shortened if that changes nothing else.
    ///
    /// # Errors
    /// When it can't be asked.
    fn in_steps(&self) -> Result<Self, StoreError> {
        Ok(self.clone())
    }

    /// Makes a mishap of a schedule or plan happen to a buyer, counted from 1. Returns whether it was possible: a lease
    /// that has ended can't expire. Kills and pauses do not concern the store.
    ///
    /// # Errors
    /// When the store does not answer.
    fn befall(&self, _recorder: &Recorder, _buyer: u32, _mishap: Mishap) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// A connection that sees which sessions wait in the store; `None` if there is none, or each session says so
    /// itself. Call it after the buyers are started, since they must not inherit its connection.
    ///
    /// # Errors
    /// When the store can't be asked.
    fn lookout(&self) -> Result<Option<Box<dyn Lookout>>, StoreError> {
        Ok(None)
    }
}

/// Sees which sessions of a store have a request that waits, by asking the store on a connection of its own.
pub trait Lookout {
    /// Which of these sessions wait at this moment, each by its number ([`Session::number`]).
    ///
    /// # Errors
    /// When the store does not answer.
    fn who_waits(&mut self, sessions: &[u64]) -> Result<Vec<Waiting>, StoreError>;

    /// Whether this session still exists: that of a killed buyer does until the store has noticed.
    ///
    /// # Errors
    /// When the store does not answer.
    fn is_there(&mut self, session: u64) -> Result<bool, StoreError>;

    /// How long a request must have waited before the next one is sent, so that a circle of waits always has the same
    /// victim.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// A session whose request waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub session: u64,
    /// The sessions that it waits for, the first one first; empty if the store does not say.
    pub blockers: Vec<u64>,
}

/// Runs an expression with the store of a plan.
macro_rules! with_store {
    ($plan:expr, $store:ident => $with:expr) => {
        match $plan {
            $crate::plan::StorePlan::File(plan) => {
                let $store = $crate::store::file::FileStore::new(plan)?;
                $with
            }
            $crate::plan::StorePlan::At(plan) => match plan.choices {
                $crate::protocol::AddressChoices::Sql(choices) => {
                    let $store = $crate::store::sql::SqlStore::of(&plan.with(choices))?;
                    $with
                }
                $crate::protocol::AddressChoices::Redis(choices) => {
                    let $store = $crate::store::redis::RedisStore::of(&plan.with(choices))?;
                    $with
                }
            },
        }
    };
}
pub(crate) use with_store;

/// Runs an expression with the model of the store of these choices, for these workers and this many tickets, before the
/// first step.
macro_rules! with_model {
    ($choices:expr, $workers:expr, $tickets:expr, $model:ident => $with:expr) => {
        match $choices {
            $crate::protocol::Choices::File(choices) => {
                let $model = $crate::store::file::FileModel::new(choices, $workers, $tickets);
                $with
            }
            $crate::protocol::Choices::Sql(choices) => {
                $crate::store::sql::model::with_sql_model!(choices, $tickets, $model => $with)
            }
            $crate::protocol::Choices::Redis(choices) => {
                let $model = $crate::store::redis::RedisModel::new(choices, $tickets);
                $with
            }
        }
    };
}
pub(crate) use with_model;

/// The same plan, with the store's settings filled in where the plan has none, so that the run can be described and
/// repeated elsewhere.
///
/// # Errors
/// When the store can't be asked.
pub fn settled(plan: &StorePlan) -> Result<StorePlan, StoreError> {
    let StorePlan::At(at) = plan else { return Ok(plan.clone()) };
    Ok(match at.choices {
        AddressChoices::Sql(choices) => sql::SqlStore::settled(&at.with(choices))?.into(),
        AddressChoices::Redis(_) => plan.clone(),
    })
}

/// A sale at a store that has an address: everything but buying.
pub trait Shop {
    /// The product, its version, and the settings that matter.
    ///
    /// # Errors
    /// When it can't be asked.
    fn describe(&self) -> Result<String, StoreError>;

    /// Puts this many tickets on sale.
    ///
    /// # Errors
    /// When they can't be sold there.
    fn stock_up(&self, tickets: Stock) -> Result<Stock, StoreError>;

    /// What is left.
    ///
    /// # Errors
    /// When it can't be read.
    fn count(&self) -> Result<Stock, StoreError>;

    /// Removes the sale, and nothing else. Returns whether there was one.
    ///
    /// # Errors
    /// When it can't be removed, or is not ours.
    fn close(&self) -> Result<bool, StoreError>;
}

/// The sale of a plan; `None` for a ticket file.
///
/// # Errors
/// When the address or the name is invalid, or this build has no such store.
pub fn shop(plan: &StorePlan) -> Result<Option<Box<dyn Shop>>, StoreError> {
    let StorePlan::At(at) = plan else { return Ok(None) };
    Ok(Some(match at.choices {
        AddressChoices::Sql(choices) => Box::new(sql::SqlStore::of(&at.with(choices))?),
        AddressChoices::Redis(choices) => Box::new(redis::RedisStore::of(&at.with(choices))?),
    }))
}

/// The address of a store other than a ticket file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// In a database.
    Sql(sql::Address),
    /// At a Redis server.
    Redis(redis::RedisAddress),
}

impl Address {
    /// Reads an address. Missing parts come from the environment, as in the store's own client.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, sql::NoAddress> {
        match redis::RedisAddress::parse(text) {
            Some(address) => address.map(Address::Redis),
            None => sql::Address::parse(text).map(Address::Sql),
        }
    }

    /// Reads an address that another host has named: nothing of this host's goes into it.
    ///
    /// # Errors
    /// What is wrong with it, or which of its parts is a matter of this host.
    pub fn parse_strangers(text: &str) -> Result<Self, sql::NoAddress> {
        match redis::RedisAddress::parse_strangers(text) {
            Some(address) => address.map(Address::Redis),
            None => sql::Address::parse_strangers(text).map(Address::Sql),
        }
    }

    /// Which store is there.
    #[must_use]
    pub const fn kind(&self) -> StoreKind {
        match self {
            Address::Sql(address) => StoreKind::Sql(address.engine()),
            Address::Redis(_) => StoreKind::Redis,
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Sql(address) => address.fmt(f),
            Address::Redis(address) => address.fmt(f),
        }
    }
}

/// What a store holds after a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The stock, if it can be read. 0 if the store has lost it; then `unread` says so.
    pub remaining: Option<Stock>,
    /// The start of the text that is there instead.
    pub torn: Option<String>,
    /// Why nothing could be read.
    pub unread: Option<String>,
    /// The database, its version and the settings that matter, if it is a database.
    pub about: Option<String>,
}

impl Left {
    /// The header of a sale that left this, of a plan that put `initial` tickets on sale. That nobody else sold cannot be
    /// known.
    #[must_use]
    pub fn header(self, plan: Plan, initial: Stock) -> Header {
        Header {
            initial: Some(initial),
            remaining: self.remaining,
            left_torn: self.torn,
            unread: self.unread,
            engine: self.about,
            outsiders: true,
            ..Header::of_plan(plan)
        }
    }
}

impl From<file::FileError> for StoreError {
    fn from(error: file::FileError) -> Self {
        match error {
            file::FileError::Interrupted => StoreError::Interrupted,
            other => StoreError::File(other),
        }
    }
}

/// Why tickets can't be sold at a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// At a ticket file.
    #[error(transparent)]
    File(file::FileError),
    /// At a database.
    #[error(transparent)]
    Sql(Box<sql::SqlError>),
    /// At a Redis server.
    #[error(transparent)]
    Redis(Box<redis::RedisError>),
    /// Its address is invalid.
    #[error(transparent)]
    Address(#[from] sql::NoAddress),
    /// The name of the sale is invalid.
    #[error(transparent)]
    SaleName(#[from] sql::NoSaleName),
    /// More buyers than the database takes.
    #[error("{buyers} buyers need a connection each, and the database takes {free} more ({because})")]
    TooMany {
        /// How many buyers.
        buyers: u32,
        /// How many more connections it takes.
        free: u64,
        /// The limit that counts.
        because: server::Limit,
    },
    /// Told to stop before the tickets were on sale.
    #[error("interrupted before the sale began")]
    Interrupted,
    /// This build does not contain this store.
    #[error("this ticketsim was built without that store")]
    NotBuiltIn,
}
