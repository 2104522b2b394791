//! The share of a host, checked as if it came from its own command line: every path in it is this host's own.

use std::path::PathBuf;

use crate::plan::{FilePlan, Given, Plan, PlanError, Share, StorePlan};
use crate::protocol::StoreKind;
use crate::protocol::sql::Engine;
use crate::store::sql::NoAddress;
use crate::store::{Address, StoreError};
use crate::workers::{self, WorkersError};

/// Why a host can't do its share.
#[derive(Debug, thiserror::Error)]
pub enum Unable {
    /// The plan can't be run.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan is not for this host.
    #[error("the plan is of other hosts")]
    OtherHosts,
    /// An address was given for a ticket file.
    #[error("the sale is from a ticket file, and an address of a database was given")]
    AddressOfFile,
    /// Nobody has said where the ticket file is.
    #[error("the sale is from a ticket file, and nobody has said where it is on this host")]
    NoPath,
    /// A path was given for a database.
    #[error("the tickets are in a database, and the path of a ticket file was given")]
    PathOfDatabase,
    /// Nobody has said where the SQLite file is.
    #[error("the sale is from a SQLite file, and nobody has said where it is on this host")]
    NoSqlitePath,
    /// The address that was given here is wrong.
    #[error("this host's address of the store: {0}")]
    OwnAddress(NoAddress),
    /// The address that the lead has for the store is of no use here.
    #[error("the lead's address of the store: {0}")]
    LeadsAddress(NoAddress),
    /// The address is of another store than the sale's.
    #[error("{address}: the sale is for {}", kind.title())]
    OtherKind {
        /// The address.
        address: String,
        /// The store that the sale is for.
        kind: StoreKind,
    },
    /// The store can't be sold from.
    #[error(transparent)]
    Store(StoreError),
    /// The memory that all buyers note their purchases in can't be had.
    #[error("the recorder's shared memory: {0}")]
    Recorder(std::io::Error),
    /// The buyers could not be run.
    #[error(transparent)]
    Workers(WorkersError),
}

/// The share of this host, checked as if it came from its own command line. It takes no path from the lead: where a file
/// is on this host, its own options say.
pub(super) fn own_share(
    whole: &Plan,
    host: u32,
    via: Vec<PathBuf>,
    store: Option<&str>,
) -> Result<Share, Unable> {
    whole.check()?;
    if !(1..=whole.hosts).contains(&host) {
        return Err(Unable::OtherHosts);
    }
    let mut share = whole.share(host);
    share.plan.store = match share.plan.store {
        StorePlan::File(file) => {
            if store.is_some() {
                return Err(Unable::AddressOfFile);
            }
            let mut names = via.into_iter();
            let first = names.next().ok_or(Unable::NoPath)?;
            StorePlan::File(FilePlan { via: names.collect(), ..FilePlan::new(file.choices, &first) })
        }
        _ if !via.is_empty() => {
            return Err(Unable::PathOfDatabase);
        }
        elsewhere => own_address(&elsewhere, store)?,
    };
    share.plan.check()?;
    workers::check(&share.plan).map_err(Unable::Workers)?;
    Ok(share)
}

/// The same purchases at the store, by the address that this host has for it.
fn own_address(leads: &StorePlan, own: Option<&str>) -> Result<StorePlan, Unable> {
    let choices = leads.choices();
    let (Some((url, name)), Some(kind)) = (leads.address(), choices.kind()) else { return Ok(leads.clone()) };
    if kind == StoreKind::Sql(Engine::Sqlite) && own.is_none() {
        return Err(Unable::NoSqlitePath);
    }
    let (url, given) = address_of(own, url, kind)?;
    Ok(StorePlan::new(choices, url, given, name.to_owned()))
}

/// The address of the store, this host's own or the lead's, of the kind that the sale is for. The lead's address could lead
/// anywhere: passwords and settings of this host are only for its own.
fn address_of(own: Option<&str>, leads: &str, kind: StoreKind) -> Result<(String, Given), Unable> {
    let (address, given) = match own {
        Some(own) => (Address::parse(own), Given::Text(own.to_owned())),
        None => (Address::parse_strangers(leads), Given::Stranger),
    };
    let address = address.map_err(|error| match own {
        Some(_) => Unable::OwnAddress(error),
        None => Unable::LeadsAddress(error),
    })?;
    if address.kind() != kind {
        return Err(Unable::OtherKind { address: address.to_string(), kind });
    }
    Ok((address.to_string(), given))
}
