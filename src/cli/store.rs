//! The options that say where the tickets are, if not in a ticket file.

use anyhow::Context as _;
use clap::Args;

use crate::plan::{Plan, RedisPlan, Secret, SqlPlan, StorePlan};
use crate::protocol::Choices;
use crate::protocol::redis::RedisSale;
use crate::protocol::sql::SqlSale;
use crate::stock::Stock;
use crate::store::redis::RedisStore;
use crate::store::sql::{self, SqlStore};
use crate::store::{Address, StoreError};

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

impl StoreArgs {
    /// Where the store is, if the tickets are in no file.
    ///
    /// # Errors
    /// When the address is none.
    pub(super) fn address(&self) -> anyhow::Result<Option<Address>> {
        self.store.as_deref().map(Address::parse).transpose().context("--store")
    }

    /// Where the database is, if the tickets are in one.
    ///
    /// # Errors
    /// When the address is none, or that of a store where no conductor leads buyers step by step.
    pub(super) fn sql_address(&self) -> anyhow::Result<Option<sql::Address>> {
        match self.address()? {
            Some(Address::Sql(address)) => Ok(Some(address)),
            Some(Address::Redis(_)) => {
                anyhow::bail!("--store: schedules are replayed on files and in databases, and that is Redis")
            }
            None => Ok(None),
        }
    }

    /// The plan of such purchases in this database.
    pub(super) fn sql_plan(&self, address: &sql::Address, sale: SqlSale) -> SqlPlan {
        let given = Secret(self.store.clone());
        SqlPlan { sale, url: address.to_string(), given, name: self.sale.clone() }
    }

    /// The sale at the store, whatever its purchases are, and the address as it may be shown.
    ///
    /// # Errors
    /// When the address or the name is none, or this build has no such store.
    pub(super) fn shop(&self) -> anyhow::Result<Option<(String, Shop)>> {
        let Some(address) = self.address()? else { return Ok(None) };
        let choices = match &address {
            Address::Sql(address) => Choices::Sql(SqlSale::new(address.engine())),
            Address::Redis(_) => Choices::Redis(RedisSale::new()),
        };
        let url = address.to_string();
        match self.plan(&address, choices)? {
            StorePlan::Sql(plan) => Ok(Some((url, Shop::Sql(SqlStore::of(&plan)?)))),
            StorePlan::Redis(plan) => Ok(Some((url, Shop::Redis(RedisStore::of(&plan)?)))),
            StorePlan::File(_) => Ok(None),
        }
    }

    /// The plan of such purchases there.
    ///
    /// # Errors
    /// When they are those of a ticket file.
    pub(super) fn plan(&self, address: &Address, choices: Choices) -> anyhow::Result<StorePlan> {
        let (given, url, name) = (Secret(self.store.clone()), address.to_string(), self.sale.clone());
        match choices {
            Choices::Sql(sale) => Ok(StorePlan::Sql(SqlPlan { sale, url, given, name })),
            Choices::Redis(sale) => Ok(StorePlan::Redis(RedisPlan { sale, url, given, name })),
            Choices::File(_) => anyhow::bail!("--store: the choices are those of a ticket file"),
        }
    }
}
