//! HTTP/1.1 for a race: before the go all connections are open, and each request lacks only its last byte.
//!
//! No general client can hold back a byte. The same code is used before and after the race: [`Net::ask`] sends complete
//! requests to log in, to put tickets on sale, or to read the stock.

mod answer;
mod connection;
mod go;
mod racer;
mod tls;

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustls::ClientConfig;

use super::RaceError;
use super::broken::Broken;
use super::plan::RacePlan;
use super::url::{Origin, is_near};
pub use answer::{HttpAnswer, MOST_BODY};
pub(super) use connection::{Connection, Received};
pub(super) use go::{Held, race};

/// How long to wait before looking for an interrupt.
const TICK: Duration = Duration::from_millis(20);
/// The most requests of the set-up that are under way at once.
const MOST_AT_ONCE: usize = 32;

/// The servers of a race, and how to reach them.
pub struct Net<'a> {
    addresses: BTreeMap<Origin, Vec<SocketAddr>>,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
    interrupted: &'a AtomicBool,
}

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The server can't be reached, or its connection ended without an answer.
    #[error("{0}: {1}")]
    Broken(Origin, Broken),
    /// No answer came in time.
    #[error("{0}: no answer within {1:?}")]
    Late(Origin, Duration),
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl<'a> Net<'a> {
    /// Finds the addresses of the servers of a race, and checks that they may be raced. Nothing is sent to them.
    ///
    /// # Errors
    /// When a server is unknown or far away and that was not allowed, or when TLS can't be set up.
    pub fn new(plan: &RacePlan, interrupted: &'a AtomicBool) -> Result<Self, RaceError> {
        let mut addresses = BTreeMap::new();
        let mut any_tls = false;
        for origin in plan.origins() {
            any_tls |= origin.tls;
            let found = (origin.host.as_str(), origin.port)
                .to_socket_addrs()
                .map_err(|source| RaceError::NoHost { host: origin.host.clone(), source })?;
            // IPv4 first: a server that listens on both accepts it, and many servers listen only on it.
            let mut found: Vec<SocketAddr> = found.collect();
            found.sort_by_key(SocketAddr::is_ipv6);
            if let Some(far) = found.iter().find(|address| !is_near(address.ip()) && !plan.remote) {
                return Err(RaceError::Remote { host: origin.host.clone(), address: far.ip() });
            }
            addresses.insert(origin.clone(), found);
        }
        let tls = if any_tls { Some(tls::config(&plan.trust)?) } else { None };
        Ok(Self { addresses, tls, timeout: plan.timeout, interrupted })
    }

    pub(super) fn addresses(&self, origin: &Origin) -> &[SocketAddr] {
        self.addresses.get(origin).map_or(&[], Vec::as_slice)
    }

    pub(super) fn open(&self, origin: &Origin, address: SocketAddr) -> std::io::Result<Connection> {
        let tls = self.tls.as_ref().filter(|_| origin.tls);
        Connection::open(address, &origin.host, tls)
    }

    /// Whether a server listens there. No byte is sent.
    #[must_use]
    pub fn listens(&self, origin: &Origin) -> bool {
        let open = |address: &SocketAddr| {
            std::net::TcpStream::connect_timeout(address, Duration::from_secs(1)).is_ok()
        };
        self.addresses(origin).iter().any(open)
    }

    /// Sends one request, and waits for its answer.
    ///
    /// # Errors
    /// When none comes.
    pub fn ask(&self, origin: &Origin, request: Vec<u8>) -> Result<HttpAnswer, NoAnswer> {
        let mut answer = Err(NoAnswer::Interrupted);
        self.ask_all(vec![(origin, request)], |_, result| answer = result);
        answer
    }

    /// Sends all these requests, several at a time, and passes on each answer with its place.
    pub fn ask_all(
        &self,
        requests: Vec<(&Origin, Vec<u8>)>,
        mut take: impl FnMut(usize, Result<HttpAnswer, NoAnswer>),
    ) {
        let mut asked: Vec<Asked<'_>> = Vec::new();
        let mut waiting = requests.into_iter().enumerate();
        loop {
            while asked.len() < MOST_AT_ONCE
                && let Some((place, (origin, request))) = waiting.next()
            {
                asked.push(Asked::new(self, place, origin, request));
            }
            if asked.is_empty() {
                return;
            }
            // New requests have no connection to wait for yet.
            if asked.iter().all(|asked| asked.connection.is_some()) {
                wait_for(asked.iter().filter_map(|asked| asked.connection.as_ref()), TICK);
            }
            let interrupted = self.interrupted.load(Ordering::Relaxed);
            asked.retain_mut(|asked| {
                let result = if interrupted { Some(Err(NoAnswer::Interrupted)) } else { asked.advance(self) };
                match result {
                    Some(result) => {
                        take(asked.place, result);
                        false
                    }
                    None => true,
                }
            });
        }
    }
}

/// A request that is under way.
struct Asked<'a> {
    place: usize,
    origin: &'a Origin,
    request: Vec<u8>,
    connection: Option<Connection>,
    /// Which of the server's addresses is tried.
    address: usize,
    until: Instant,
}

impl<'a> Asked<'a> {
    fn new(net: &Net<'_>, place: usize, origin: &'a Origin, request: Vec<u8>) -> Self {
        Self { place, origin, request, connection: None, address: 0, until: Instant::now() + net.timeout }
    }

    /// Goes on as far as it can. Returns the result once it is over.
    fn advance(&mut self, net: &Net<'_>) -> Option<Result<HttpAnswer, NoAnswer>> {
        if Instant::now() >= self.until {
            return Some(Err(NoAnswer::Late(self.origin.clone(), net.timeout)));
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => match self.connect(net) {
                Ok(connection) => self.connection.insert(connection),
                Err(error) => return Some(Err(error)),
            },
        };
        if let Err(error) = connection.advance() {
            self.connection = None;
            self.address += 1;
            if self.address < net.addresses(self.origin).len() {
                return None;
            }
            return Some(Err(NoAnswer::Broken(self.origin.clone(), Broken::Unsent(error.to_string()))));
        }
        if !connection.is_ready() {
            return None;
        }
        match connection.receive() {
            Received::Part => None,
            Received::Answer(answer) => Some(Ok(*answer)),
            Received::Ended(why) => Some(Err(NoAnswer::Broken(self.origin.clone(), why))),
        }
    }

    fn connect(&mut self, net: &Net<'_>) -> Result<Connection, NoAnswer> {
        let addresses = net.addresses(self.origin);
        loop {
            let broken = |why| Err(NoAnswer::Broken(self.origin.clone(), why));
            let Some(address) = addresses.get(self.address) else {
                return broken(Broken::NoAddress);
            };
            match net.open(self.origin, *address) {
                Ok(mut connection) => {
                    connection.give(self.request.clone(), 0);
                    return Ok(connection);
                }
                Err(error) if self.address + 1 >= addresses.len() => {
                    return broken(Broken::Unsent(error.to_string()));
                }
                Err(_) => self.address += 1,
            }
        }
    }
}

/// Waits until one of the connections can go on, for at most this long. A signal may end the wait early.
fn wait_for<'a>(connections: impl Iterator<Item = &'a Connection>, most: Duration) -> Vec<bool> {
    let mut fds: Vec<PollFd<'_>> = connections
        .map(|connection| {
            let write = if connection.wants_to_write() { PollFlags::POLLOUT } else { PollFlags::empty() };
            PollFd::new(connection.fd(), PollFlags::POLLIN | write)
        })
        .collect();
    if fds.is_empty() {
        std::thread::sleep(most.min(Duration::from_millis(1)));
        return Vec::new();
    }
    let millis = u16::try_from(most.as_millis()).unwrap_or(u16::MAX);
    match poll(&mut fds, PollTimeout::from(millis)) {
        Ok(_) => fds.iter().map(|fd| fd.any().unwrap_or(true)).collect(),
        Err(Errno::EINTR) => vec![false; fds.len()],
        // If they can't be polled, each is looked at.
        Err(_) => vec![true; fds.len()],
    }
}
