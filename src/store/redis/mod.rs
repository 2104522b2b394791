//! A Redis server as a store: its address ([`RedisAddress`]), one buyer's session ([`RedisSession`]), the counter that
//! puts tickets on sale, and a model of all that ([`RedisModel`]).
//!
//! The stock is the key `ticketsim:stock:NAME`. The keys beside it, `ticketsim:lease:NAME`, `…:token:NAME` and
//! `…:shown:NAME`, exist while leases are taken and tokens shown.

mod address;
mod asked;
mod counter;
mod error;
mod keys;
mod link;
mod model;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use address::RedisAddress;
pub use error::{OtherKey, RedisError};
pub use link::Talk as RedisTalk;
pub use model::{RedisModel, Seat};
pub use session::RedisSession;

use crate::history::Recorder;
use crate::plan::{Given, Pace, RedisPlan};
use crate::protocol::Mishap;
use crate::protocol::redis::RedisChoices;
use crate::stock::Stock;
use crate::store::sql::{NoAddress, SaleName};
use crate::store::{Left, Shop, Store, StoreError};
use counter::Books;
use keys::Keys;

/// A sale at a Redis server.
#[derive(Clone, Debug)]
pub struct RedisStore {
    choices: RedisChoices,
    address: RedisAddress,
    name: SaleName,
    keys: Keys,
    /// The id of the server's start at the time when the tickets were put on sale.
    start: Arc<OnceLock<String>>,
}

impl RedisStore {
    /// A sale at this address.
    ///
    /// # Errors
    /// When the store was left out of this build.
    pub fn new(choices: RedisChoices, address: RedisAddress, name: SaleName) -> Result<Self, RedisError> {
        if cfg!(feature = "redis") {
            let keys = Keys::of(&name);
            Ok(Self { choices, address, name, keys, start: Arc::default() })
        } else {
            Err(RedisError::NotBuiltIn)
        }
    }

    /// The store of this plan. A password that its address does not have comes from the environment.
    ///
    /// # Errors
    /// When the address or the name is invalid, or the store was left out of this build.
    pub fn of(plan: &RedisPlan) -> Result<Self, StoreError> {
        let address = match &plan.given {
            Given::Url => RedisAddress::parse(&plan.url),
            Given::Text(text) => RedisAddress::parse(text),
            Given::Stranger => RedisAddress::parse_strangers(&plan.url),
        };
        let address = address.ok_or(NoAddress::NoRedis)??;
        let name: SaleName = plan.name.parse()?;
        Ok(Self::new(plan.choices, address, name)?)
    }

    /// What is left.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn stock_left(&self) -> Result<Stock, RedisError> {
        self.books()?.stock_left()
    }

    /// Removes the keys of the sale, and nothing else. Returns whether there were any.
    ///
    /// # Errors
    /// When they can't be removed, or are not ours.
    pub fn clear(&self) -> Result<bool, RedisError> {
        self.books()?.clear()
    }

    /// The server, its version, and the settings that matter for a stock.
    ///
    /// # Errors
    /// When it can't be asked.
    pub fn about(&self) -> Result<String, RedisError> {
        Ok(self.books()?.about()?.text)
    }

    fn books(&self) -> Result<Books<'_>, RedisError> {
        Books::open(&self.address, &self.keys, self.name.as_str())
    }

    /// Whether this is another server, or was restarted, since the tickets were put on sale.
    fn is_another(&self, start: &str) -> bool {
        self.start.get().is_some_and(|before| before != start)
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        StoreError::Redis(Box::new(error))
    }
}

/// How long to wait for a server that is gone, to read what is left.
const WAIT_FOR_SERVER: Duration = Duration::from_secs(5);

/// The lease in a replay, where buyers take their steps one at a time.
const LEASE_IN_STEPS: Duration = Duration::from_secs(3600);

impl Shop for RedisStore {
    fn describe(&self) -> Result<String, StoreError> {
        Ok(self.about()?)
    }

    fn stock_up(&self, tickets: Stock) -> Result<Stock, StoreError> {
        self.put_on_sale(Some(tickets), &AtomicBool::new(false))
    }

    fn count(&self) -> Result<Stock, StoreError> {
        Ok(self.stock_left()?)
    }

    fn close(&self) -> Result<bool, StoreError> {
        Ok(self.clear()?)
    }
}

impl Store for RedisStore {
    type Session = RedisSession;

    fn lease_key(&self) -> Option<String> {
        Some(self.keys.lease.clone())
    }

    fn admit(&self, buyers: u32) -> Result<(), StoreError> {
        match self.books()?.about()?.room() {
            Some((free, because)) if u64::from(buyers) > free => {
                Err(StoreError::TooMany { buyers, free, because })
            }
            _ => Ok(()),
        }
    }

    fn put_on_sale(&self, tickets: Option<Stock>, _interrupted: &AtomicBool) -> Result<Stock, StoreError> {
        let mut books = self.books()?;
        let stock = books.put_on_sale(tickets)?;
        // Without this information, a restart can't be noticed.
        if let Ok(about) = books.about() {
            let _ = self.start.set(about.start);
        }
        Ok(stock)
    }

    fn open(&self, pace: Pace, recorder: &Recorder, buyer: u32) -> std::io::Result<RedisSession> {
        RedisSession::open(&self.address, self.keys.clone(), self.choices, recorder, pace, buyer)
            .map_err(std::io::Error::other)
    }

    fn files_of_a_buyer(&self) -> u64 {
        1
    }

    fn clean_up(&self, recorder: &Recorder, killed: &[(u32, i32)]) {
        // A killed buyer's lease would make the next run wait. If it can't be ended, reading the stock fails, too,
        // which is reported.
        if let (false, Ok(mut books)) = (killed.is_empty(), self.books()) {
            let _ = books.end_lease(&session::of_run(recorder));
        }
    }

    /// A lease ends when the schedule says so, not because time passes.
    fn in_steps(&self) -> Result<Self, StoreError> {
        let choices = RedisChoices { lease_ns: LEASE_IN_STEPS.as_nanos() as u64, ..self.choices };
        Ok(Self { choices, ..self.clone() })
    }

    fn befall(&self, recorder: &Recorder, buyer: u32, mishap: Mishap) -> Result<bool, StoreError> {
        match mishap {
            Mishap::Expire => Ok(self.books()?.end_lease(&session::of_buyer(recorder, buyer))?),
            Mishap::Kill | Mishap::Pause | Mishap::GoOn => Ok(false),
        }
    }

    fn left(&self) -> Left {
        let read = || {
            let mut books = self.books()?;
            let left = books.left()?;
            Ok((left, books.about().ok()))
        };
        // A server that went down during the sale may be back soon, with the data that it kept.
        let began = Instant::now();
        let mut found: Result<_, RedisError> = read();
        while found.as_ref().is_err_and(RedisError::may_pass) && began.elapsed() < WAIT_FOR_SERVER {
            std::thread::sleep(Duration::from_millis(100));
            found = read();
        }
        let (left, about) = match found {
            Ok(found) => found,
            Err(error) => return Left { unread: Some(error.to_string()), ..Left::default() },
        };
        let about = about.map(|about| {
            let again = if self.is_another(&about.start) { ", started anew during the sale" } else { "" };
            about.text + again
        });
        match left {
            Some(stock) => Left { remaining: Some(stock), about, ..Left::default() },
            None => {
                // A missing key counts as a stock of 0.
                let why = format!(
                    "the key {} is not there any more: the server has forgotten the stock, as one does that is \
                     started anew without persistence",
                    self.keys.stock
                );
                Left { remaining: Some(0), unread: Some(why), about, ..Left::default() }
            }
        }
    }
}
