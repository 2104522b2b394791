//! The options that say where the tickets are, if not in a ticket file.

use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;

use crate::plan::{FilePlan, Plan, RedisPlan, Secret, SqlPlan, StorePlan};
use crate::protocol::redis::RedisSale;
use crate::protocol::sql::SqlSale;
use crate::protocol::{Choices, StoreKind};
use crate::stock::Stock;
use crate::store::redis::RedisStore;
use crate::store::sql::SqlStore;
use crate::store::{Address, Store as _, StoreError};

/// Where the tickets are, if not in a ticket file.
#[derive(Clone, Debug, Args)]
pub(super) struct StoreArgs {
    /// Sell from a database or a Redis server: sqlite:PATH, postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE,
    /// or redis://HOST/DB
    ///
    /// What an address leaves open comes from where the engine's own client looks: PGHOST, PGUSER, PGPASSWORD,
    /// ~/.pgpass and so on; MYSQL_PWD, ~/.my.cnf and so on; REDISCLI_AUTH. mysql:// is MariaDB (MySQL: not
    /// tested), and mariadb:// the same. The tables are ticketsim_stock_NAME and, where receipts are counted,
    /// ticketsim_receipt_NAME; at Redis (rediss:// for TLS) the keys are ticketsim:stock:NAME and, for leases and
    /// their tokens, ticketsim:lease|token|shown:NAME. Nothing else is touched.
    #[arg(long, value_name = "URL")]
    pub(super) store: Option<String>,
    /// The name of the sale there, a part of the names of its tables or keys
    #[arg(long, value_name = "NAME", default_value = Plan::DEFAULT_SALE, requires = "store")]
    pub(super) sale: String,
}

/// A sale at a store, whatever its purchases are.
pub(super) enum Shop {
    /// In a database.
    Sql(SqlStore),
    /// At a Redis server.
    Redis(RedisStore),
}

impl Shop {
    /// The sale of this plan; `None` where that is a ticket file.
    ///
    /// # Errors
    /// When the address or the name is none, or this build has no such store.
    pub(super) fn of(plan: &StorePlan) -> Result<Option<Self>, StoreError> {
        Ok(match plan {
            StorePlan::Sql(plan) => Some(Shop::Sql(SqlStore::of(plan)?)),
            StorePlan::Redis(plan) => Some(Shop::Redis(RedisStore::of(plan)?)),
            StorePlan::File(_) => None,
        })
    }

    /// What is there, its version, and the settings that decide.
    ///
    /// # Errors
    /// When it can't be asked.
    pub(super) fn about(&self) -> Result<String, StoreError> {
        match self {
            Shop::Sql(store) => Ok(store.about()?.to_string()),
            Shop::Redis(store) => Ok(store.about()?),
        }
    }

    /// Puts so many tickets on sale.
    ///
    /// # Errors
    /// When they can't be sold there.
    pub(super) fn put_on_sale(&self, tickets: Stock) -> Result<Stock, StoreError> {
        match self {
            Shop::Sql(store) => Ok(store.put_on_sale(Some(tickets))?),
            Shop::Redis(store) => store.put_on_sale(Some(tickets), &AtomicBool::new(false)),
        }
    }

    /// What is left.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn stock_left(&self) -> Result<Stock, StoreError> {
        match self {
            Shop::Sql(store) => Ok(store.stock_left()?),
            Shop::Redis(store) => Ok(store.stock_left()?),
        }
    }

    /// Removes the sale, and nothing else. Returns whether there was one.
    ///
    /// # Errors
    /// When it can't be removed, or is not ours.
    pub(super) fn clear(&self) -> Result<bool, StoreError> {
        match self {
            Shop::Sql(store) => Ok(store.clear()?),
            Shop::Redis(store) => Ok(store.clear()?),
        }
    }
}

/// The usual purchase of a store.
pub(super) const fn usual(store: StoreKind) -> Choices {
    match store {
        StoreKind::Sql(engine) => Choices::Sql(SqlSale::new(engine)),
        StoreKind::Redis => Choices::Redis(RedisSale::new()),
    }
}

impl StoreArgs {
    /// Where the store is, if the tickets are in no file.
    ///
    /// # Errors
    /// When the address is none.
    pub(super) fn address(&self) -> anyhow::Result<Option<Address>> {
        self.store.as_deref().map(Address::parse).transpose().context("--store")
    }

    /// The sale at the store, whatever its purchases are, and the address as it may be shown.
    ///
    /// # Errors
    /// When the address or the name is none, or this build has no such store.
    pub(super) fn shop(&self) -> anyhow::Result<Option<(String, Shop)>> {
        let Some(address) = self.address()? else { return Ok(None) };
        let choices = usual(address.kind());
        let url = address.to_string();
        Ok(Shop::of(&self.plan(&address, choices)?)?.map(|shop| (url, shop)))
    }

    /// The plan of such purchases there.
    ///
    /// # Errors
    /// When they are those of a ticket file.
    pub(super) fn plan(&self, address: &Address, choices: Choices) -> anyhow::Result<StorePlan> {
        anyhow::ensure!(
            !matches!(choices, Choices::File(_)),
            "--store: the choices are those of a ticket file"
        );
        Ok(plan(address, Secret(self.store.clone()), &self.sale, choices))
    }
}

/// The plan of such purchases at this address, which was given so, in a sale of this name. Those of a ticket file are
/// at the usual one.
pub(super) fn plan(address: &Address, given: Secret, name: &str, choices: Choices) -> StorePlan {
    let (url, name) = (address.to_string(), name.to_owned());
    match choices {
        Choices::Sql(sale) => StorePlan::Sql(SqlPlan { sale, url, given, name }),
        Choices::Redis(sale) => StorePlan::Redis(RedisPlan { sale, url, given, name }),
        Choices::File(sale) => StorePlan::File(FilePlan::new(sale, Plan::DEFAULT_FILE.as_ref())),
    }
}
