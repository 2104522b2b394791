//! A sale at a database, as a run sees it.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::dialect::SNAPSHOT_ISOLATION;
use super::link::WAIT_FOR_OTHERS;
use super::{Address, SaleName, SqlError, SqlSession, SqlStore};
use crate::history::Recorder;
use crate::plan::{Given, Pace, SqlPlan};
use crate::protocol::sql::{Engine, Switch};
use crate::stock::Stock;
use crate::store::{Left, Lookout, Shop, Store, StoreError};

impl SqlStore {
    /// The store of this plan. Missing parts of its address, such as the password, come from the environment.
    ///
    /// # Errors
    /// When the address or the name is invalid, or the engine was left out of this build.
    pub fn of(plan: &SqlPlan) -> Result<Self, StoreError> {
        let address = match &plan.given {
            Given::Url => Address::parse(&plan.url),
            Given::Text(text) => Address::parse(text),
            Given::Stranger => Address::parse_strangers(&plan.url),
        };
        let address = address?;
        let name: SaleName = plan.name.parse()?;
        Ok(Self::new(plan.choices, address, name)?)
    }
}

impl SqlStore {
    /// The plan, with the server's settings filled in where the plan has none, so that the run can be described and
    /// repeated elsewhere.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub fn settled(plan: &SqlPlan) -> Result<SqlPlan, StoreError> {
        let mut settled = plan.clone();
        if plan.choices.engine == Engine::Mysql && plan.choices.snapshot_isolation.is_none() {
            let settings = Self::of(plan)?.about()?.settings;
            let is = settings.iter().find(|(name, _)| *name == SNAPSHOT_ISOLATION);
            settled.choices.snapshot_isolation =
                is.and_then(|(_, is)| is.to_lowercase().parse::<Switch>().ok());
        }
        Ok(settled)
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        StoreError::Sql(Box::new(error))
    }
}

impl Shop for SqlStore {
    fn describe(&self) -> Result<String, StoreError> {
        Ok(self.about()?.to_string())
    }

    fn stock_up(&self, tickets: Stock) -> Result<Stock, StoreError> {
        Ok(self.put_on_sale(Some(tickets))?)
    }

    fn count(&self) -> Result<Stock, StoreError> {
        Ok(self.stock_left()?)
    }

    fn close(&self) -> Result<bool, StoreError> {
        Ok(self.clear()?)
    }
}

impl Store for SqlStore {
    type Session = SqlSession;

    fn admit(&self, buyers: u32) -> Result<(), StoreError> {
        // SQLite counts no connections, and its file may not exist yet.
        if self.choices.engine == Engine::Sqlite {
            return Ok(());
        }
        match self.most_connections()? {
            Some(room) if u64::from(buyers) > room.free => {
                Err(StoreError::TooMany { buyers, free: room.free, because: room.because })
            }
            _ => Ok(()),
        }
    }

    fn put_on_sale(&self, tickets: Option<Stock>, _interrupted: &AtomicBool) -> Result<Stock, StoreError> {
        Ok(self.put_on_sale(tickets)?)
    }

    fn open(&self, pace: Pace, recorder: &Recorder, buyer: u32) -> std::io::Result<SqlSession> {
        self.open(recorder, pace, buyer).map_err(std::io::Error::other)
    }

    fn files_of_a_buyer(&self) -> u64 {
        // SQLite opens the most: a database, its log, the log's index, and a journal. A server needs only a socket.
        4
    }

    fn waits_for_disk(&self) -> bool {
        self.choices.engine == Engine::Sqlite
    }

    fn clean_up(&self, recorder: &Recorder, _killed: &[(u32, i32)]) {
        // A buyer that was killed while it waited may still buy, so the stock is read when its session is gone. If that
        // wait fails, reading the stock fails, too, which is reported.
        let _ = self.await_gone(recorder);
    }

    fn left(&self) -> Left {
        // A server that went down during the sale may be back soon, with everything that was committed.
        let began = Instant::now();
        let mut left = self.stock_left();
        while left.as_ref().is_err_and(SqlError::may_pass) && began.elapsed() < WAIT_FOR_OTHERS {
            std::thread::sleep(Duration::from_millis(100));
            left = self.stock_left();
        }
        let about = self.about().ok().map(|about| about.to_string());
        match left {
            Ok(stock) => Left { remaining: Some(stock), about, ..Left::default() },
            Err(error) => Left { unread: Some(error.to_string()), about, ..Left::default() },
        }
    }

    fn in_steps(&self) -> Result<Self, StoreError> {
        let address = match &self.address {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => {
                Address::Postgres(Box::new(super::postgres::with_early_deadlocks(address)?))
            }
            other => other.clone(),
        };
        let mut choices = self.choices;
        if choices.engine == Engine::Mysql && choices.snapshot_isolation.is_none() {
            // By default as in the model; a server without the setting needs nothing.
            let has_it = self.about()?.settings.iter().any(|(name, _)| *name == SNAPSHOT_ISOLATION);
            choices.snapshot_isolation = has_it.then_some(Switch::Off);
        }
        Ok(Self { choices, address, ..self.clone() })
    }

    fn lookout(&self) -> Result<Option<Box<dyn Lookout>>, StoreError> {
        match &self.address {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => {
                Ok(Some(Box::new(super::postgres::PostgresLookout::open(address)?)))
            }
            #[cfg(feature = "mysql")]
            Address::Mysql(address) => Ok(Some(Box::new(super::mysql::MysqlLookout::open(address)?))),
            // SQLite asks the session itself while it waits.
            _ => Ok(None),
        }
    }
}
