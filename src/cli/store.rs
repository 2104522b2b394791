//! The options that say where the tickets are, if not in a ticket file.

use anyhow::Context as _;
use clap::Args;

use super::wrong::ensure;
use crate::lang::errors::together;
use crate::plan::{Given, Plan, StorePlan};
use crate::protocol::Choices;
use crate::store::{Address, Shop, shop};

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

impl StoreArgs {
    /// Where the store is, if the tickets are in no file.
    ///
    /// # Errors
    /// When the address is invalid.
    pub(super) fn address(&self) -> anyhow::Result<Option<Address>> {
        self.store.as_deref().map(Address::parse).transpose().context("--store")
    }

    /// The sale at the store, whatever its purchases are, and the address as it may be shown.
    ///
    /// # Errors
    /// When the address or the name is invalid, or this build has no such store.
    pub(super) fn shop(&self) -> anyhow::Result<Option<(String, Box<dyn Shop>)>> {
        let Some(address) = self.address()? else { return Ok(None) };
        let choices = Choices::usual(address.kind());
        let url = address.to_string();
        Ok(shop(&self.plan(&address, choices)?)?.map(|shop| (url, shop)))
    }

    /// The plan of such purchases there.
    ///
    /// # Errors
    /// When they are those of a ticket file.
    pub(super) fn plan(&self, address: &Address, choices: Choices) -> anyhow::Result<StorePlan> {
        ensure(!matches!(choices, Choices::File(_)), together::choices_of_a_file)?;
        let given = self.store.clone().map_or(Given::Url, Given::Text);
        Ok(StorePlan::new(choices, address.to_string(), given, self.sale.clone()))
    }
}
