//! The gate: tries every order of the statements of another program, without changing it.
//!
//! It stands between a web application and its PostgreSQL and Redis, holds every statement, and lets the statements of
//! a few purchases go on in any chosen order. So it finds an order that oversells, and makes it happen again. The
//! application only has to use another host and port for its database.
//!
//! [`statement`], [`step`], [`orders`], [`environment`] and [`wire`] are pure. `proxy` is the gate, `conductor` carries
//! out one order, `phases` decides which one.

mod alike;
mod background;
mod buyers;
mod command;
mod conductor;
pub mod environment;
#[cfg(target_os = "linux")]
mod evidence;
mod file;
mod functions;
mod gated;
mod lexer;
mod link;
pub mod orders;
mod phases;
pub mod plan;
mod proxy;
mod ran;
pub mod statement;
pub mod step;
mod watch;
mod why;
pub mod wire;

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::AtomicBool;

use super::RaceError;
use super::act::Hands;
use super::http::Net;
use super::plan::{RacePlan, Target};
use super::trial::Track;
use super::url::is_near;
use crate::store::redis::RedisError;
use crate::store::sql::SqlError;
use crate::store::sql::address::PostgresHost;
use background::Background;
use conductor::Stage;
use environment::{Engine, Place};
use file::GateFile;
pub use file::GateFileError;
pub use gated::{Count, Gated, Judged};
use link::Language;
use phases::Phases;
pub use phases::Told;
use plan::{Database, GatePlan};
use proxy::Proxy;
pub use ran::{Ran, RanStep};
use watch::{RedisWatch, Schema, Watch, Watcher};
pub use why::Why;

/// The gate's port is this much higher than the database's, if that port is free.
const BESIDE: u16 = 10_000;

/// Why there is no gate at all.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// There can be no race.
    #[error(transparent)]
    Race(#[from] RaceError),
    /// The database can't be asked.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// Redis can't be asked.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The buyers are commands.
    #[error("the gate takes requests, and a command is raced")]
    NoRequest,
    /// There is no port.
    #[error("no port: {0}")]
    Port(std::io::Error),
    /// A file of the shop can't be changed.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: String,
        /// Why not.
        why: GateFileError,
    },
    /// The database is at a socket of this machine: the gate can't stand before it.
    #[error("the gate stands before a host and a port: postgres://USER@HOST:PORT/DATABASE")]
    NoHost,
    /// The shop's environment does not name the database.
    #[error("no environment variable of the shop has {address} in it")]
    NotNamed {
        /// The database.
        address: String,
        /// The gate's port.
        port: u16,
    },
}

/// Variables and their values.
type Environment = Vec<(String, String)>;

/// A database and the port of its door.
struct Behind {
    host: String,
    address: SocketAddr,
    engine: Engine,
    port: u16,
}

/// The host of a database, and its address.
fn upstream(plan: &RacePlan, database: &Database) -> Result<(String, SocketAddr), GateError> {
    let (host, port) = match database {
        Database::Redis(address) => (address.host.clone(), address.port),
        Database::Postgres(address) => match &address.host {
            PostgresHost::Name(name) => (name.clone(), address.port),
            PostgresHost::Usual => ("127.0.0.1".to_owned(), address.port),
            PostgresHost::Folder(_) => return Err(GateError::NoHost),
        },
    };
    let no_host = |source| GateError::Race(RaceError::NoHost { host: host.clone(), source });
    let mut found: Vec<SocketAddr> = (host.as_str(), port).to_socket_addrs().map_err(no_host)?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    let first = found.first().copied().ok_or_else(|| no_host(std::io::ErrorKind::NotFound.into()))?;
    if !is_near(first.ip()) && !plan.remote {
        return Err(RaceError::Remote { host, address: first.ip() }.into());
    }
    Ok((host, first))
}

/// Opens the gate's doors, and connections to the databases that bypass it.
fn open<'a>(plan: &RacePlan, gate: &'a GatePlan) -> Result<(Stage<'a>, Vec<Behind>), GateError> {
    let (mut proxy, mut behind, mut watches) = (Proxy::default(), Vec::new(), Vec::new());
    for database in &gate.databases {
        let (host, address) = upstream(plan, database)?;
        let (engine, language) = match database {
            Database::Postgres(address) => {
                watches.push(Watcher::Postgres(Watch::begin(address)?));
                (environment::POSTGRES, Language::Postgres)
            }
            Database::Redis(redis) => {
                watches.push(Watcher::Redis(RedisWatch::begin(redis)?));
                (environment::REDIS, Language::Redis)
            }
        };
        let port = address.port().checked_add(BESIDE);
        let port = proxy.open(address, language, port.as_slice()).map_err(GateError::Port)?;
        behind.push(Behind { host, address, engine, port });
    }
    let background = Background::new(gate.background.clone());
    let (schema, patience, group) = (Schema::default(), gate.patience, None);
    Ok((Stage { proxy, watches, schema, background, patience, group }, behind))
}

/// The shop's environment, and the files that it reads, with the gate in place of each database.
fn put_gate(
    plan: &RacePlan,
    gate: &GatePlan,
    behind: &[Behind],
) -> Result<(Environment, Vec<GateFile>), GateError> {
    let places: Vec<Place> = behind
        .iter()
        .map(|behind| Place::new(&behind.host, behind.address, behind.engine, behind.port))
        .collect();
    let mut files = Vec::new();
    let mut named = vec![plan.serve.is_none(); places.len()];
    for path in &gate.files {
        let change = |text: &str| {
            let put = places.iter().fold(text.to_owned(), |text, place| place.put(&text).unwrap_or(text));
            (put != text).then_some(put)
        };
        let error = |why| GateError::File { path: path.display().to_string(), why };
        let text = std::fs::read_to_string(path).map_err(|source| error(source.into()))?;
        for (place, named) in places.iter().zip(&mut named) {
            *named |= place.put(&text).is_some();
        }
        files.extend(GateFile::put(path, &change).map_err(error)?);
    }
    let mut own: BTreeMap<String, String> =
        plan.env.iter().map(|(name, value)| (name.clone(), value.source().to_owned())).collect();
    let mut all: BTreeMap<String, String> = std::env::vars().collect();
    all.extend(own.clone());
    for ((place, named), behind) in places.iter().zip(named).zip(behind) {
        let known: Vec<(String, String)> = all.clone().into_iter().collect();
        let changed = place.changed(&known);
        if changed.is_empty() && !named {
            let address = format!("{}:{}", behind.host, behind.address.port());
            return Err(GateError::NotNamed { address, port: behind.port });
        }
        all.extend(changed.clone());
        own.extend(changed);
    }
    Ok((own.into_iter().collect(), files))
}

/// Runs the purchases of a race in the orders that are asked for.
///
/// # Errors
/// When there can be no gate. Later trouble is noted in the result.
pub fn run(
    plan: &RacePlan,
    gate: &GatePlan,
    interrupted: &AtomicBool,
    told: &mut dyn FnMut(&Told<'_>),
) -> Result<Gated, GateError> {
    let Target::Http(request) = &plan.target else { return Err(GateError::NoRequest) };
    let (stage, behind) = open(plan, gate)?;
    let mut plan = plan.clone();
    // The shop's files are put back when these are dropped.
    let (environment, _files) = put_gate(&plan, gate, &behind)?;
    plan.serve_env = environment;
    for (database, behind) in gate.databases.iter().zip(&behind) {
        told(&Told::Open(database, behind.port));
    }
    let net = Net::new(&plan, interrupted)?;
    let hands = Hands { plan: &plan, net: &net, interrupted };
    let mut gated = phases::nothing_yet(gate, behind.iter().map(|behind| behind.port).collect());
    let mut phases =
        Phases { stage, track: Track::new(hands), hands, gate, request, number: 0, any_bought: false, told };
    gated.why = phases.run(&mut gated).err();
    gated.strange = phases.track.raced.strange.clone();
    Ok(gated)
}
