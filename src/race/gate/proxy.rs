//! The gate itself: the ports that the shop uses as its databases, and the connections through them. It has no thread
//! of its own: its owner drives it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::link::{Happened, Language, Link};
use super::statement::Statement;

/// A connection's number.
pub type LinkId = u64;

/// One door of the gate, before one database.
#[derive(Debug)]
struct Door {
    listener: TcpListener,
    upstream: SocketAddr,
    language: Language,
}

/// The gate.
#[derive(Debug, Default)]
pub struct Proxy {
    doors: Vec<Door>,
    links: BTreeMap<LinkId, Link>,
    last: LinkId,
}

impl Proxy {
    /// Opens a door before this database, at the first of these ports that is free, or else at any. Returns its port.
    ///
    /// # Errors
    /// When no port is free.
    pub fn open(&mut self, upstream: SocketAddr, language: Language, ports: &[u16]) -> io::Result<u16> {
        let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = ports.iter().find_map(|port| bind(*port).ok()).map_or_else(|| bind(0), Ok)?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        self.doors.push(Door { listener, upstream, language });
        Ok(port)
    }

    /// A connection.
    pub fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(&id)
    }

    /// All connections.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().map(|(id, link)| (*id, link))
    }

    /// Lets the batch of a connection and its answer pass.
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

    /// Delivers the held answer.
    pub fn deliver(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.deliver();
        }
    }

    /// Moves everything on. Waits until something happens here or at the others, for at most this long.
    ///
    /// # Errors
    /// When a port is gone.
    pub fn poll(
        &mut self,
        others: &[(BorrowedFd<'_>, bool)],
        most: Duration,
    ) -> io::Result<Vec<(LinkId, Happened)>> {
        let mut happened = self.advance();
        if happened.is_empty() {
            self.wait(others, most)?;
            happened = self.advance();
        }
        self.links.retain(|_, link| !link.is_closed());
        Ok(happened)
    }

    /// Moves on the connections to which something has happened.
    fn advance(&mut self) -> Vec<(LinkId, Happened)> {
        let mut all = Vec::new();
        for (id, link) in self.links.iter_mut().filter(|(_, link)| link.stirred) {
            let Some(door) = self.doors.get(link.door) else { continue };
            all.extend(link.advance(door.upstream).into_iter().map(|happened| (*id, happened)));
        }
        all
    }

    fn wait(&mut self, others: &[(BorrowedFd<'_>, bool)], most: Duration) -> io::Result<()> {
        let sockets = self.links.values().flat_map(Link::sockets).chain(others.iter().copied());
        let all = self.doors.iter().map(|door| (door.listener.as_fd(), false)).chain(sockets);
        let mut fds = Vec::new();
        for (fd, writes) in all {
            let out = if writes { PollFlags::POLLOUT } else { PollFlags::empty() };
            fds.push(PollFd::new(fd, PollFlags::POLLIN | out));
        }
        let millis = u16::try_from(most.as_millis()).unwrap_or(u16::MAX);
        match poll(&mut fds, PollTimeout::from(millis)) {
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
        let happened: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        let (doors, rest) = happened.split_at(self.doors.len());
        let mut rest = rest.iter();
        for link in self.links.values_mut() {
            let count = link.sockets().count();
            link.stirred |= rest.by_ref().take(count).fold(false, |any, happened| any | *happened);
        }
        if doors.contains(&true) { self.accept() } else { Ok(()) }
    }

    fn accept(&mut self) -> io::Result<()> {
        for (place, door) in self.doors.iter().enumerate() {
            loop {
                match door.listener.accept() {
                    Ok((client, _)) => {
                        // A client may be gone already.
                        if let Ok(link) = Link::new(client, place, door.language) {
                            self.last += 1;
                            self.links.insert(self.last, link);
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Lets everything pass while something is done that may need the shop. Its statements are passed to `seen`.
    ///
    /// # Errors
    /// When a port is gone.
    pub fn while_open<T>(
        &mut self,
        seen: &mut (dyn FnMut(&Statement, &[String]) + Send),
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
        seen: &mut (dyn FnMut(&Statement, &[String]) + Send),
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
        seen: &mut (dyn FnMut(&Statement, &[String]) + Send),
    ) {
        match happened {
            Happened::Asks(_) => {
                let link = self.link(id);
                if let Some((batch, statement)) =
                    link.and_then(|link| Some((link.batch()?, link.statement()?)))
                {
                    seen(&statement, &batch.texts);
                }
                self.pass(id);
            }
            Happened::Answered(_) => self.deliver(id),
            Happened::Behind | Happened::Closed(..) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::store::sql::Address;
    use crate::store::sql::address::PostgresHost;

    /// PostgreSQL's own client asks for encryption first, sends several statements at once, and copies data in both
    /// directions.
    #[test]
    fn what_its_own_client_says_passes_untouched() {
        let usual = "postgres://postgres@127.0.0.1:5432/postgres".to_owned();
        let url = std::env::var("TICKETSIM_POSTGRES").unwrap_or(usual);
        let Ok(Address::Postgres(address)) = Address::parse(&url) else { panic!("{url}") };
        let PostgresHost::Name(host) = &address.host else { return };
        let there = std::net::ToSocketAddrs::to_socket_addrs(&(host.as_str(), address.port));
        let there = there.ok().and_then(|mut found| found.next());
        let Some(upstream) = there.filter(|there| std::net::TcpStream::connect(there).is_ok()) else {
            assert!(std::env::var("CI").is_err(), "no PostgreSQL at {url}");
            eprintln!("skipped: no PostgreSQL at {url}");
            return;
        };
        let mut proxy = Proxy::default();
        let port = proxy.open(upstream, Language::Postgres, &[]).expect("a port");
        let mut seen = Vec::new();
        let mut see = |statement: &Statement, _: &[String]| seen.push(statement.name.clone());
        let ran = proxy.while_open(&mut see, || {
            let mut psql = Command::new("psql");
            psql.args([
                "-qtA",
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-U",
                &address.user,
                &address.database,
            ]);
            psql.env("PGPASSWORD", address.password().unwrap_or_default());
            let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql runs");
            let script = "CREATE TEMP TABLE copied (n int);\nCOPY copied FROM STDIN;\n1\n2\n\\.\n\
                          COPY copied TO STDOUT;\nSELECT 7\\; SELECT sum(n) FROM copied;\n";
            psql.stdin.take().expect("its input").write_all(script.as_bytes()).expect("written");
            psql.wait_with_output().expect("its output")
        });
        let output = ran.expect("the gate is there");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n2\n7\n3\n", "{output:?}");
        assert_eq!(seen, ["CREATE", "COPY", "COPY", "SELECT copied"]);
    }
}
