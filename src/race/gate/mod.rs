//! The gate: every order of somebody's own statements, on their own unmodified shop.
//!
//! It stands between a web application and its PostgreSQL, holds every statement, and lets the statements of a few
//! purchases go on in any chosen order: so it finds the order that oversells, and makes it happen again. The
//! application is not touched: it is given another host and port for its database.
//!
//! [`statement`], [`step`], [`orders`], [`environment`] and [`wire`] are pure. [`proxy`] is the gate, `conductor`
//! carries one order out, `phases` decides which.

mod background;
mod buyers;
mod conductor;
pub mod environment;
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

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::AtomicBool;

use super::RaceError;
use super::act::Hands;
use super::http::Net;
use super::plan::RacePlan;
use super::trial::Track;
use super::url::is_near;
use crate::store::sql::SqlError;
use crate::store::sql::address::{PostgresAddress, PostgresHost};
use background::Background;
use conductor::Stage;
use environment::Place;
pub use gated::{Count, Gated, Judged};
use phases::Phases;
pub use phases::Told;
use plan::GatePlan;
use proxy::Proxy;
pub use ran::{Ran, Taken};
use watch::Watch;
pub use why::Why;

/// The port of a server of PostgreSQL that names none.
const USUAL_PORT: u16 = 5432;
/// The gate's port, where it is free: so far from the database's.
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
    /// There is no port.
    #[error("the gate: {0}")]
    Port(std::io::Error),
    /// A socket of this machine, which nothing can be put before.
    #[error("--gate: the gate stands before a host and a port: postgres://USER@HOST:PORT/DATABASE")]
    NoHost,
    /// The shop's environment does not name the database.
    #[error(
        "no environment variable of the shop has {address} in it: set one, as in DATABASE_URL=postgres://{address}/… \
         (--env sets one, too), or start the shop yourself with 127.0.0.1:{port} as its database"
    )]
    NotNamed {
        /// The database.
        address: String,
        /// The gate's port.
        port: u16,
    },
}

/// Where the database is.
fn upstream(plan: &RacePlan, address: &PostgresAddress) -> Result<(String, SocketAddr), GateError> {
    let host = match &address.host {
        PostgresHost::Name(name) => name.clone(),
        PostgresHost::Usual => "127.0.0.1".to_owned(),
        PostgresHost::Folder(_) => return Err(GateError::NoHost),
    };
    let no_host = |source| GateError::Race(RaceError::NoHost { host: host.clone(), source });
    let mut found: Vec<SocketAddr> =
        (host.as_str(), address.port).to_socket_addrs().map_err(no_host)?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    let first = found.first().copied().ok_or_else(|| no_host(std::io::ErrorKind::NotFound.into()))?;
    if !is_near(first.ip()) && !plan.remote {
        return Err(RaceError::Remote { host, address: first.ip() }.into());
    }
    Ok((host, first))
}

/// The shop's environment as it is to be: ours and what is given, with the gate in place of the database.
fn environment(plan: &RacePlan, place: &Place) -> Vec<(String, String)> {
    let given = plan.env.iter().map(|(name, value)| (name.clone(), value.source().to_owned()));
    let given: Vec<(String, String)> = given.collect();
    let own = std::env::vars().filter(|(name, _)| !given.iter().any(|(known, _)| known == name));
    let all: Vec<(String, String)> = own.chain(given.clone()).collect();
    let changed = place.changed(&all);
    let stays = given.into_iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    stays.chain(changed.iter().cloned()).collect()
}

/// Runs the purchases of a race in the orders that are asked for.
///
/// # Errors
/// When there can be no gate. What goes wrong later stands in the result.
pub fn run(
    plan: &RacePlan,
    gate: &GatePlan,
    interrupted: &AtomicBool,
    told: &mut dyn FnMut(&Told<'_>),
) -> Result<Gated, GateError> {
    let (host, address) = upstream(plan, &gate.address)?;
    let port = address.port().checked_add(BESIDE);
    let proxy = Proxy::open(address, port.as_slice()).map_err(GateError::Port)?;
    let port = proxy.port().map_err(GateError::Port)?;
    let mut watch = Watch::begin(&gate.address)?;
    let schema = watch.schema()?;
    let mut plan = plan.clone();
    if plan.serve.is_some() {
        let place = Place::new(&host, address, USUAL_PORT, port);
        let own: Vec<(String, String)> =
            plan.env.iter().map(|(name, value)| (name.clone(), value.source().to_owned())).collect();
        plan.serve_env = environment(&plan, &place);
        if plan.serve_env == own {
            return Err(GateError::NotNamed { address: format!("{host}:{}", address.port()), port });
        }
    }
    told(&Told::Open(port));
    let net = Net::new(&plan, interrupted)?;
    let hands = Hands { plan: &plan, net: &net, interrupted };
    let background = Background::new(gate.background.clone());
    let stage = Stage { proxy, watch, schema, background, patience: gate.patience };
    let mut gated = phases::nothing_yet(gate, SocketAddr::new(address.ip(), port));
    let mut phases = Phases { stage, track: Track::new(hands), hands, gate, number: 0, told };
    gated.why = phases.run(&mut gated).err();
    gated.strange = phases.track.raced.strange.clone();
    Ok(gated)
}
