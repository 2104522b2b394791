//! `ticketsim matrix --store`: the stores of a matrix, their subjects, and the removal of what it made there.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::closed;
use super::wrong::{ensure, wrong};
use crate::lang::errors::{inputs, together};
use crate::matrix::{NO_LEVEL, StoreCase, store_cases};
use crate::plan::{Given, StorePlan, Workers};
use crate::protocol::catalogue;
use crate::protocol::sql::{Isolation, Journal, SqlChoices, Switch};
use crate::protocol::{Choices, StepKind};
use crate::report::matrix::StoreAbout;
use crate::shell::shell_quoted;
use crate::store::sql;
use crate::store::{Address, Shop, settled, shop};

/// The stores of a matrix.
#[derive(Clone, Debug, Args)]
pub(super) struct StoresArgs {
    /// Grade the protocols of databases and Redis instead: sqlite:PATH, postgres://USER@HOST/DATABASE,
    /// mysql://USER@HOST/DATABASE or redis://HOST/DB; several make one table
    ///
    /// Each protocol of the catalogue at each level that it is known at, beside its control. The tables and keys that it
    /// makes are its own, and go with it.
    #[arg(long, value_name = "URL", conflicts_with_all = ["lock", "write", "dir", "protocols"])]
    pub(super) store: Vec<String>,
    /// These protocols alone (and the control of each)
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "store")]
    protocol: Vec<String>,
    /// These levels alone (and the control of each row), where there are levels
    #[arg(long, value_name = "LEVEL,…", value_delimiter = ',', requires = "store", value_parser = closed::<Isolation>(Isolation::ALL))]
    isolation: Vec<Isolation>,
    /// SQLite's journal [default: wal]
    #[arg(long, value_name = "MODE", requires = "store", value_parser = closed::<Journal>(Journal::ALL))]
    journal: Option<Journal>,
}

impl StoresArgs {
    /// The options that make the same matrix. An address is shown without its password.
    pub(super) fn options(&self) -> Vec<String> {
        let shown =
            |url: &String| Address::parse(url).map_or_else(|_| String::new(), |address| address.to_string());
        let stores = self.store.iter().map(|url| format!("--store {}", shell_quoted(&shown(url))));
        let others = [
            list("--protocol", &self.protocol),
            list("--isolation", &self.isolation),
            self.journal.map(|journal| format!("--journal {journal}")),
        ];
        stores.chain(others.into_iter().flatten()).collect()
    }

    fn wants(&self, protocol: &str, level: &str) -> bool {
        let is_named = self.protocol.is_empty() || self.protocol.iter().any(|name| name == protocol);
        let has_level = self.isolation.is_empty() || self.isolation.iter().any(|one| one.name() == level);
        is_named && (has_level || level == NO_LEVEL)
    }

    /// A purchase as it is tried: with retries, except where buyers share a row and then write it. There a buyer that
    /// tries again overtakes the writer that waits for all the others, and hardly any buyer gets on.
    fn tuned(&self, choices: Choices) -> Choices {
        match choices.with_retry(!choices.protocol().has(StepKind::ReadForShare)) {
            Choices::Sql(choices) => {
                let journal = self.journal.unwrap_or(choices.journal);
                Choices::Sql(SqlChoices { journal, ..choices })
            }
            other => other,
        }
    }
}

/// The option with these members, if there are any.
pub(super) fn list<T: std::fmt::Display>(option: &str, members: &[T]) -> Option<String> {
    let names: Vec<String> = members.iter().map(T::to_string).collect();
    (!names.is_empty()).then(|| format!("{option} {}", names.join(",")))
}

/// The stores of a matrix, each with a sale of the matrix's own, which is removed with this.
pub(super) struct Places(Vec<Place>);

struct Place {
    given: String,
    address: Address,
    name: String,
    about: StoreAbout,
    /// Whether it may abort a buyer that writes what has changed since its snapshot, which no level promises.
    has_snapshot_isolation: bool,
    /// The file of a database that was not there before.
    made: Option<PathBuf>,
}

impl Places {
    /// Finds out whether all can be sold from, before anything is tried.
    pub(super) fn open(args: &StoresArgs) -> anyhow::Result<Self> {
        for name in &args.protocol {
            catalogue::entry(name)?;
        }
        let mut places = Self(Vec::new());
        for url in &args.store {
            let address = Address::parse(url).context("--store")?;
            let made = match &address {
                Address::Sql(sql::Address::Sqlite(path)) if !path.exists() => Some(path.clone()),
                _ => None,
            };
            let name = format!("matrix_{}_{}", std::process::id(), places.0.len());
            let about = StoreAbout { store: address.to_string(), engine: String::new() };
            let has_snapshot_isolation = false;
            places.0.push(Place { given: url.clone(), address, name, about, has_snapshot_isolation, made });
            let Some(place) = places.0.last_mut() else { continue };
            let shop = place.shop(args.tuned(Choices::usual(place.address.kind())))?;
            shop.stock_up(1)?;
            place.about.engine = shop.describe()?;
            let settled = settled(&place.plan(Choices::usual(place.address.kind())))?;
            if let Choices::Sql(choices) = settled.choices() {
                place.has_snapshot_isolation = choices.snapshot_isolation.is_some();
            }
        }
        Ok(places)
    }

    /// The subjects at all, in the order of the stores.
    pub(super) fn subjects(&self, args: &StoresArgs, workers: &[Workers]) -> anyhow::Result<Vec<StoreCase>> {
        let wants = |protocol: &str, level: &str| args.wants(protocol, level);
        let subjects: Vec<StoreCase> = self
            .0
            .iter()
            .enumerate()
            .flat_map(|(number, place)| {
                store_cases(number, place.address.kind(), workers, &|choices| args.tuned(choices), &wants)
            })
            .collect();
        ensure(!subjects.is_empty(), together::no_such_subjects)?;
        Ok(subjects)
    }

    /// What is said of each.
    pub(super) fn about(&self) -> Vec<StoreAbout> {
        self.0.iter().map(|place| place.about.clone()).collect()
    }

    /// Each makes the store of a purchase.
    pub(super) fn makers(&self) -> Vec<Box<dyn Fn(Choices) -> StorePlan + '_>> {
        let makers = self.0.iter().map(|place| {
            Box::new(move |choices| place.plan(choices)) as Box<dyn Fn(Choices) -> StorePlan + '_>
        });
        makers.collect()
    }
}

impl Place {
    fn plan(&self, choices: Choices) -> StorePlan {
        let choices = match choices {
            Choices::Sql(choices) if self.has_snapshot_isolation => {
                // As the catalogue promises it, whatever the server has.
                Choices::Sql(SqlChoices { snapshot_isolation: Some(Switch::Off), ..choices })
            }
            own => own,
        };
        StorePlan::new(choices, self.address.to_string(), Given::Text(self.given.clone()), self.name.clone())
    }

    fn shop(&self, choices: Choices) -> anyhow::Result<Box<dyn Shop>> {
        shop(&self.plan(choices))?.ok_or_else(|| wrong(inputs::no_store))
    }
}

impl Drop for Place {
    /// What it made there goes. That it can't be removed changes no grade.
    fn drop(&mut self) {
        if let Ok(shop) = self.shop(Choices::usual(self.address.kind())) {
            let _ = shop.close();
        }
        for path in self.made.iter().flat_map(|path| files_of(path)) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The files of a database of SQLite.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm", "-journal"].map(beside).to_vec()
}
