//! The options that say at which database the tickets are.

use anyhow::Context as _;
use clap::Args;

use crate::plan::{Plan, Secret, SqlPlan};
use crate::protocol::sql::SqlSale;
use crate::store::sql::{Address, SqlStore};

/// Where the tickets are, if not in a ticket file.
#[derive(Clone, Debug, Args)]
pub(super) struct StoreArgs {
    /// Sell from a database: sqlite:PATH, postgres://USER@HOST/DATABASE, or mysql://USER@HOST/DATABASE
    ///
    /// What an address leaves open comes from where the engine's own client looks: PGHOST, PGUSER, PGPASSWORD,
    /// ~/.pgpass and so on; MYSQL_PWD, ~/.my.cnf and so on. mysql:// is MariaDB (MySQL: not tested), and
    /// mariadb:// the same. The tables are ticketsim_stock_NAME and, where receipts are counted,
    /// ticketsim_receipt_NAME; nothing else is touched.
    #[arg(long, value_name = "URL")]
    pub(super) store: Option<String>,
    /// The name of the sale in the database, a part of its tables' names
    #[arg(long, value_name = "NAME", default_value = Plan::DEFAULT_SALE, requires = "store")]
    pub(super) sale: String,
}

impl StoreArgs {
    /// Where the database is, if the tickets are in one.
    ///
    /// # Errors
    /// When the address is none.
    pub(super) fn address(&self) -> anyhow::Result<Option<Address>> {
        self.store.as_deref().map(Address::parse).transpose().context("--store")
    }

    /// The sale at the database, whatever its purchases are, and the address as it may be shown.
    ///
    /// # Errors
    /// When the address or the name is none, or this build has no such engine.
    pub(super) fn database(&self) -> anyhow::Result<Option<(String, SqlStore)>> {
        let Some(address) = self.address()? else { return Ok(None) };
        let plan = self.plan(&address, SqlSale::new(address.engine()));
        Ok(Some((plan.url.clone(), SqlStore::of(&plan)?)))
    }

    /// The plan of such purchases at this database.
    pub(super) fn plan(&self, address: &Address, sale: SqlSale) -> SqlPlan {
        let given = Secret(self.store.clone());
        SqlPlan { sale, url: address.to_string(), given, name: self.sale.clone() }
    }
}
