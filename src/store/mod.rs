//! Where a purchase happens: one folder a store, each with its real thing and a model of it.
//!
//! A [`Store`] is what a run needs of one: it puts tickets on sale, opens a session for each buyer, and says
//! what is left. This file alone knows which stores there are: `with_store` has the real ones, and
//! `with_model` their models.

pub mod file;
pub mod redis;
pub mod sql;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::history::Recorder;
use crate::plan::{Pace, StorePlan};
use crate::protocol::{Mishap, StoreKind};
use crate::stock::Stock;
use crate::world::Session;

/// What a run needs of a store.
pub trait Store: Clone + Send + Sync + 'static {
    /// One buyer's session.
    type Session: Session + Send + 'static;

    /// Refuses more buyers than can come, before anything is done.
    ///
    /// # Errors
    /// When there are too many, with the limit.
    fn admit(&self, _buyers: u32) -> Result<(), StoreError> {
        Ok(())
    }

    /// Puts so many tickets on sale, or takes what is on sale, and makes sure that they can be sold. Returns the
    /// stock.
    ///
    /// # Errors
    /// When they can't, or when interrupted.
    fn put_on_sale(&self, tickets: Option<Stock>, interrupted: &AtomicBool) -> Result<Stock, StoreError>;

    /// Opens a session for a buyer, counted from 1: in the process or thread that will use it.
    ///
    /// # Errors
    /// When the system, or the server, refuses.
    fn open(&self, pace: Pace, recorder: &Recorder, buyer: u32) -> std::io::Result<Self::Session>;

    /// How many open files a buyer of its own needs, where all are in one process.
    fn files_of_a_buyer(&self) -> u64;

    /// Whether a session waits for the disk, so that async tasks leave it to a thread that may.
    fn waits_for_disk(&self) -> bool {
        false
    }

    /// What holds the lock there, by a name that another program can be asked with; `None` where that is no key.
    fn lease_key(&self) -> Option<String> {
        None
    }

    /// Whether the lock is taken at this moment, where it is of a kind that outlives its holder unseen.
    fn is_taken(&self) -> Option<bool> {
        None
    }

    /// Removes the locks of buyers that were killed on purpose, so that they keep nobody out afterwards. All buyers have
    /// gone.
    fn bury(&self, _recorder: &Recorder, _killed: &[(u32, i32)]) {}

    /// Removes what killed buyers, with the signals that killed them, may have left. All buyers have gone.
    fn clean_up(&self, recorder: &Recorder, killed: &[(u32, i32)]);

    /// What is left after a sale. Whatever has become of the store, the sale took place: so this never fails.
    fn left(&self) -> Left;

    /// The same store for buyers that take their steps one at a time, as a conductor says: what would take its time
    /// there is made short, where that changes nothing else.
    ///
    /// # Errors
    /// When it can't be asked.
    fn in_steps(&self) -> Result<Self, StoreError> {
        Ok(self.clone())
    }

    /// Has this befall a buyer, counted from 1, for real, since a schedule or a plan says so. Returns whether it could: a
    /// lease that has gone already expires no more. That buyers are killed and paused is no matter of a store.
    ///
    /// # Errors
    /// When the store does not answer.
    fn befall(&self, _recorder: &Recorder, _buyer: u32, _mishap: Mishap) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Somebody who sees who waits in the store; `None` where nobody does, or each session says so itself. To be
    /// called once the buyers have their sessions, since what it has open they must not inherit.
    ///
    /// # Errors
    /// When the store can't be asked.
    fn lookout(&self) -> Result<Option<Box<dyn Lookout>>, StoreError> {
        Ok(None)
    }
}

/// Sees which sessions of a store have a request that waits for another: asks the store, beside those sessions.
pub trait Lookout {
    /// Which of these sessions wait at this moment, each by its number ([`Session::number`]).
    ///
    /// # Errors
    /// When the store does not answer.
    fn who_waits(&mut self, sessions: &[u64]) -> Result<Vec<Waiting>, StoreError>;

    /// Whether this session is there: that of a killed buyer is until the store has seen that nobody is.
    ///
    /// # Errors
    /// When the store does not answer.
    fn is_there(&mut self, session: u64) -> Result<bool, StoreError>;

    /// How long a request has to have waited before anything else is asked, so that a circle of those who wait for
    /// each other is always broken at the same place.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// A session whose request waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which one.
    pub session: u64,
    /// For which sessions, the first one first; empty where the store does not say.
    pub blockers: Vec<u64>,
}

/// Does something with the store of a plan.
macro_rules! with_store {
    ($plan:expr, $store:ident => $with:expr) => {
        match $plan {
            $crate::plan::StorePlan::File(plan) => {
                let $store = $crate::store::file::FileStore::new(plan)?;
                $with
            }
            $crate::plan::StorePlan::Sql(plan) => {
                let $store = $crate::store::sql::SqlStore::of(plan)?;
                $with
            }
            $crate::plan::StorePlan::Redis(plan) => {
                let $store = $crate::store::redis::RedisStore::of(plan)?;
                $with
            }
        }
    };
}
pub(crate) use with_store;

/// Does something with the model of the store of these choices, for buyers that are run so, with so many tickets on
/// sale and before the first step.
macro_rules! with_model {
    ($choices:expr, $workers:expr, $tickets:expr, $model:ident => $with:expr) => {
        match $choices {
            $crate::protocol::Choices::File(sale) => {
                let $model = $crate::store::file::FileModel::new(sale, $workers, $tickets);
                $with
            }
            $crate::protocol::Choices::Sql(sale) => {
                $crate::store::sql::model::with_sql_model!(sale, $tickets, $model => $with)
            }
            $crate::protocol::Choices::Redis(sale) => {
                let $model = $crate::store::redis::RedisModel::new(sale, $tickets);
                $with
            }
        }
    };
}
pub(crate) use with_model;

/// The same plan, with what it leaves to the store as the store has it: so that what was run can be told, and run again
/// elsewhere.
///
/// # Errors
/// When the store can't be asked.
pub fn settled(plan: &StorePlan) -> Result<StorePlan, StoreError> {
    Ok(match plan {
        StorePlan::Sql(plan) => StorePlan::Sql(sql::SqlStore::settled(plan)?),
        nothing_left_open => nothing_left_open.clone(),
    })
}

/// A sale at a store that has an address, whatever its purchases are: what can be done with it beside buying.
pub trait Shop {
    /// What is there, its version, and the settings that decide.
    ///
    /// # Errors
    /// When it can't be asked.
    fn describe(&self) -> Result<String, StoreError>;

    /// Puts so many tickets on sale.
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

/// The sale of a plan; `None` where that is a ticket file.
///
/// # Errors
/// When the address or the name is none, or this build has no such store.
pub fn shop(plan: &StorePlan) -> Result<Option<Box<dyn Shop>>, StoreError> {
    Ok(match plan {
        StorePlan::File(_) => None,
        StorePlan::Sql(plan) => Some(Box::new(sql::SqlStore::of(plan)?)),
        StorePlan::Redis(plan) => Some(Box::new(redis::RedisStore::of(plan)?)),
    })
}

/// Where the tickets are, if not in a ticket file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// In a database.
    Sql(sql::Address),
    /// At a Redis server.
    Redis(redis::RedisAddress),
}

impl Address {
    /// Reads an address, and what it leaves open from the environment, as the store's own client does.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, sql::NoAddress> {
        match redis::RedisAddress::parse(text) {
            Some(address) => address.map(Address::Redis),
            None => sql::Address::parse(text).map(Address::Sql),
        }
    }

    /// Reads an address that somebody else has named: nothing of this host's goes into it.
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
    /// The stock, where it can be read. 0 where the store has forgotten it, and `unread` says so.
    pub remaining: Option<Stock>,
    /// The start of what is there instead.
    pub torn: Option<String>,
    /// Why there is nothing that could be read.
    pub unread: Option<String>,
    /// What the database is, and the settings that decide, where it is one.
    pub about: Option<String>,
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
    /// There is no such place.
    #[error("{0}")]
    Place(String),
    /// More buyers than the database takes.
    #[error("{buyers} buyers need a connection each, and the database takes {free} more ({because})")]
    TooMany {
        /// How many buyers.
        buyers: u32,
        /// How many connections it takes.
        free: u64,
        /// The settings behind it.
        because: String,
    },
    /// Told to stop before the tickets were on sale.
    #[error("interrupted before the sale began")]
    Interrupted,
    /// This store is no part of this program.
    #[error("this ticketsim was built without that store")]
    NotBuiltIn,
}
