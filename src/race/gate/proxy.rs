//! The gate itself: a port at which the shop finds its database, and the connections that go through it. It is moved
//! on by whoever holds it: it has no thread of its own.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::link::{Happened, Link};

/// A connection's number.
pub type LinkId = u64;

/// The gate.
#[derive(Debug)]
pub struct Proxy {
    listener: TcpListener,
    upstream: SocketAddr,
    links: BTreeMap<LinkId, Link>,
    next: LinkId,
}

impl Proxy {
    /// Opens the gate before this database: at the first of these ports that is free, else at any.
    ///
    /// # Errors
    /// When no port is free.
    pub fn open(upstream: SocketAddr, ports: &[u16]) -> io::Result<Self> {
        let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = ports.iter().find_map(|port| bind(*port).ok()).map_or_else(|| bind(0), Ok)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, upstream, links: BTreeMap::new(), next: 1 })
    }

    /// Its port.
    ///
    /// # Errors
    /// When the system does not say it.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// A connection.
    pub fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(&id)
    }

    /// All connections.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().map(|(id, link)| (*id, link))
    }

    /// Lets the batch of a connection pass, and its answer.
    pub fn pass(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.send(false);
        }
    }

    /// Lets the batch of a connection pass, and holds its answer.
    pub fn send(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.send(true);
        }
    }

    /// Hands over the answer that is held.
    pub fn deliver(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.deliver();
        }
    }

    /// Moves everything on; waits for something to happen, here or at the others, at most so long.
    ///
    /// # Errors
    /// When the port is gone.
    pub fn poll(
        &mut self,
        others: &[(BorrowedFd<'_>, bool)],
        most: Duration,
    ) -> io::Result<Vec<(LinkId, Happened)>> {
        let mut happened = self.advance();
        if happened.is_empty() {
            self.wait(others, most)?;
            self.accept()?;
            happened = self.advance();
        }
        self.links.retain(|_, link| !link.is_closed());
        Ok(happened)
    }

    fn advance(&mut self) -> Vec<(LinkId, Happened)> {
        let mut all = Vec::new();
        for (id, link) in &mut self.links {
            all.extend(link.advance(self.upstream).into_iter().map(|happened| (*id, happened)));
        }
        all
    }

    fn wait(&self, others: &[(BorrowedFd<'_>, bool)], most: Duration) -> io::Result<()> {
        let sockets = self.links.values().flat_map(Link::sockets).chain(others.iter().copied());
        let all = std::iter::once((self.listener.as_fd(), false)).chain(sockets);
        let mut fds = Vec::new();
        for (fd, writes) in all {
            let out = if writes { PollFlags::POLLOUT } else { PollFlags::empty() };
            fds.push(PollFd::new(fd, PollFlags::POLLIN | out));
        }
        let millis = u16::try_from(most.as_millis()).unwrap_or(u16::MAX);
        match poll(&mut fds, PollTimeout::from(millis)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((client, _)) => {
                    // One that is gone already is none.
                    if let Ok(link) = Link::new(client) {
                        self.links.insert(self.next, link);
                        self.next += 1;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets everything pass while something is done that may need the shop: its statements are handed to `seen`.
    ///
    /// # Errors
    /// When the port is gone.
    pub fn while_open<T>(
        &mut self,
        seen: &mut (dyn FnMut(LinkId, &[String]) + Send),
        act: impl FnOnce() -> T,
    ) -> io::Result<T> {
        let (mut ours, theirs) = UnixStream::pair()?;
        std::thread::scope(|scope| {
            let pump = scope.spawn(move || self.pump(seen, &theirs));
            let done = act();
            // It waits for a byte, or for the end of this socket.
            let _ = io::Write::write_all(&mut ours, &[0]);
            match pump.join() {
                Ok(result) => result.map(|()| done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn pump(
        &mut self,
        seen: &mut (dyn FnMut(LinkId, &[String]) + Send),
        until: &UnixStream,
    ) -> io::Result<()> {
        until.set_nonblocking(true)?;
        loop {
            for (id, happened) in self.poll(&[(until.as_fd(), false)], Duration::from_millis(100))? {
                self.let_pass(id, &happened, seen);
            }
            let mut byte = [0];
            match io::Read::read(&mut &*until, &mut byte) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => return Ok(()),
            }
        }
    }

    fn let_pass(
        &mut self,
        id: LinkId,
        happened: &Happened,
        seen: &mut (dyn FnMut(LinkId, &[String]) + Send),
    ) {
        match happened {
            Happened::Asks => {
                if let Some(batch) = self.link(id).and_then(Link::batch) {
                    seen(id, &batch.texts);
                }
                self.pass(id);
            }
            Happened::Answered(_) => self.deliver(id),
            Happened::Closed(_) => {}
        }
    }
}
