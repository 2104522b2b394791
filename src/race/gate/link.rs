//! One connection through the gate: the shop on one side, the database on the other. Bytes pass unchanged; statements
//! and answers are held in whole batches.

mod postgres;
mod redis;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use super::statement::Statement;
use super::wire::NoProtocol;
use super::wire::postgres::{Batch, Ends, Saw};
use postgres::Postgres;
use redis::Redis;

/// How long the database may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest answer that is held.
const MOST_ANSWER: usize = 4 << 20;

/// The state of a transaction, as the server reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is no transaction.
    Idle,
    /// It is open.
    Open,
    /// It has failed, and needs a ROLLBACK.
    Failed,
}

/// Something that has happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A batch has come to the gate; whether it was reported before as [`Happened::Behind`].
    Asks(bool),
    /// A batch has come behind one that is at the gate or at the server.
    Behind,
    /// The answer to the batch that was sent has come, and is held.
    Answered(Saw),
    /// It was closed; the statement that was held, and whether the server closed it.
    Closed(Option<String>, bool),
}

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// PostgreSQL's.
    Postgres,
    /// Redis's.
    Redis,
}

/// Why one side of a connection is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// It closed the connection.
    #[error("closed")]
    Closed,
    /// The connection broke or could not be opened, in the words of the system.
    #[error("{0}")]
    Broken(String),
    /// It does not speak the protocol.
    #[error(transparent)]
    NoProtocol(#[from] NoProtocol),
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    /// Whether the server's side is gone, or else the client's.
    by_server: bool,
    cut: Cut,
}

impl End {
    fn of_client(cut: impl Into<Cut>) -> Self {
        Self { by_server: false, cut: cut.into() }
    }

    fn of_server(cut: impl Into<Cut>) -> Self {
        Self { by_server: true, cut: cut.into() }
    }
}

/// Whether a side is gone, and why.
type Side = Result<(), Cut>;

#[derive(Debug)]
enum Speaks {
    Postgres(Postgres),
    Redis(Redis),
    /// It is borrowed while the link advances.
    Away,
}

/// An answer that the server owes.
#[derive(Clone, Copy, Debug)]
struct Owed {
    ends: Ends,
    /// Whether it is held until it is delivered.
    held: bool,
}

/// A connection.
#[derive(Debug)]
pub struct Link {
    client: TcpStream,
    server: Option<TcpStream>,
    speaks: Speaks,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    batches: VecDeque<Batch>,
    /// Whether the first batch was reported, and how many of those behind it were.
    told: bool,
    behind: usize,
    was_behind: bool,
    owed: VecDeque<Owed>,
    answer: Vec<u8>,
    saw: Saw,
    /// Whether an answer is complete and held.
    answered: bool,
    /// Whether answers pass as they come: data is being copied, or messages are subscribed to.
    streams: bool,
    /// Whether the client has told the server that it leaves: the server's end of the connection is the client's doing.
    is_leaving: bool,
    closed: bool,
    /// Whether something has happened to it that it has not handled yet.
    pub(super) stirred: bool,
    /// Which of the gate's doors it came through.
    pub door: usize,
    /// How the server identifies it: by its process, or by the port that it comes from.
    pub pid: Option<i32>,
    /// The state of its transaction.
    pub status: Status,
    /// Whether it asks for transactions that see one state from beginning to end.
    pub snapshot: bool,
}

impl Link {
    pub(super) fn new(client: TcpStream, door: usize, language: Language) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        let speaks = match language {
            Language::Postgres => Speaks::Postgres(Postgres::default()),
            Language::Redis => Speaks::Redis(Redis::default()),
        };
        Ok(Self {
            client,
            server: None,
            speaks,
            to_server: Vec::new(),
            to_client: Vec::new(),
            batches: VecDeque::new(),
            told: false,
            behind: 0,
            was_behind: false,
            owed: VecDeque::new(),
            answer: Vec::new(),
            saw: Saw::default(),
            answered: false,
            streams: false,
            is_leaving: false,
            closed: false,
            stirred: true,
            door,
            pid: None,
            status: Status::Idle,
            snapshot: false,
        })
    }

    /// For poll(2): each socket, and whether it waits to write.
    pub(super) fn sockets(&self) -> impl Iterator<Item = (BorrowedFd<'_>, bool)> {
        let client = (self.client.as_fd(), !self.to_client.is_empty());
        let server = self.server.as_ref().map(|server| (server.as_fd(), !self.to_server.is_empty()));
        std::iter::once(client).chain(server)
    }

    /// Whether its statements take effect at once for all connections: it has no transactions that hide their state.
    pub fn is_open_to_all(&self) -> bool {
        matches!(self.speaks, Speaks::Redis(_))
    }

    /// The batch at the gate.
    pub fn batch(&self) -> Option<&Batch> {
        self.batches.front()
    }

    /// The statement of the batch at the gate.
    pub fn statement(&self) -> Option<Statement> {
        let batch = self.batches.front()?;
        Some(match &self.speaks {
            Speaks::Redis(redis) => redis.statement(batch),
            Speaks::Postgres(_) | Speaks::Away => Statement::read(&batch.texts),
        })
    }

    /// Whether nothing is under way on it.
    pub fn is_quiet(&self) -> bool {
        self.status == Status::Idle && self.owed.is_empty() && self.batches.is_empty() && !self.answered
    }

    /// Whether the server owes an answer to a batch that passed, or has not accepted its login yet.
    pub fn owes_passing(&self) -> bool {
        let enters = match &self.speaks {
            Speaks::Postgres(postgres) => postgres.is_entering(),
            Speaks::Redis(_) | Speaks::Away => false,
        };
        enters || self.owed.iter().any(|owed| !owed.held)
    }

    /// Whether nothing was under way on it before the batch that is at the gate.
    pub fn is_fresh(&self) -> bool {
        self.status == Status::Idle && self.owed.is_empty() && !self.answered
    }

    /// Sends the batch at the gate to the server, and holds its answer if asked to.
    pub(super) fn send(&mut self, hold: bool) {
        let Some(batch) = self.batches.pop_front() else { return };
        self.stirred = true;
        self.told = false;
        self.was_behind = self.behind > 0;
        self.behind = self.behind.saturating_sub(1);
        match &mut self.speaks {
            Speaks::Redis(redis) => self.status = redis.note(&batch),
            // It may be set once for all transactions that follow.
            Speaks::Postgres(_) => self.snapshot |= batch.texts.iter().any(|text| asks_for_snapshot(text)),
            Speaks::Away => {}
        }
        if let Some(ends) = batch.ends {
            self.owed.push_back(Owed { ends, held: hold });
        }
        self.to_server.extend_from_slice(&batch.bytes);
    }

    /// Delivers the held answer.
    pub(super) fn deliver(&mut self) {
        self.stirred = true;
        self.answered = false;
        self.to_client.append(&mut self.answer);
    }

    /// Goes on as far as it can.
    pub(super) fn advance(&mut self, upstream: SocketAddr) -> Vec<Happened> {
        let mut happened = Vec::new();
        self.stirred = false;
        if self.closed {
            return happened;
        }
        if let Err(End { by_server, cut }) = self.work(upstream, &mut happened) {
            self.closed = true;
            // The client still has to get what the server said last.
            let _ = self.client.write_all(&self.to_client);
            let held = self.batches.front().filter(|batch| !batch.texts.is_empty());
            let held = held.map(|batch| format!("{}: {cut}", batch.texts.join("; ")));
            happened.push(Happened::Closed(held, by_server && !self.is_leaving));
        }
        // Batches behind the first: the requests that sent them wait as well.
        let behind = self.batches.len().saturating_sub(1);
        if !self.closed && behind > self.behind {
            happened.extend(vec![Happened::Behind; behind - self.behind]);
            self.behind = behind;
        }
        if !self.told && !self.answered && !self.closed && !self.batches.is_empty() && !self.is_owed_held() {
            self.told = true;
            happened.push(Happened::Asks(self.was_behind));
            self.was_behind = false;
        }
        happened
    }

    fn is_owed_held(&self) -> bool {
        self.owed.iter().any(|owed| owed.held)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn work(&mut self, upstream: SocketAddr, happened: &mut Vec<Happened>) -> Result<(), End> {
        let mut speaks = std::mem::replace(&mut self.speaks, Speaks::Away);
        let heard = self.hear(&mut speaks, upstream, happened);
        self.speaks = speaks;
        let (from_client, from_server) = heard?;
        if let Some(server) = &mut self.server {
            write(server, &mut self.to_server).map_err(End::of_server)?;
        }
        write(&mut self.client, &mut self.to_client).map_err(End::of_client)?;
        from_client.map_err(End::of_client).and(from_server.map_err(End::of_server))
    }

    /// Reads from both sides. What they said is handled before the end of either side counts.
    fn hear(
        &mut self,
        speaks: &mut Speaks,
        upstream: SocketAddr,
        happened: &mut Vec<Happened>,
    ) -> Result<(Side, Side), End> {
        let mut came = Vec::new();
        let from_client = read(&mut self.client, &mut came);
        match speaks {
            Speaks::Postgres(postgres) => postgres.of_client(self, &came, upstream)?,
            Speaks::Redis(redis) => redis.of_client(self, &came, upstream)?,
            Speaks::Away => {}
        }
        came.clear();
        let from_server = self.server.as_mut().map_or(Ok(()), |server| read(server, &mut came));
        match speaks {
            Speaks::Postgres(postgres) => postgres.of_server(self, &came, happened)?,
            Speaks::Redis(redis) => redis.of_server(self, &came, happened)?,
            Speaks::Away => {}
        }
        Ok((from_client, from_server))
    }

    fn connect(&mut self, upstream: SocketAddr) -> Result<(), End> {
        let server = TcpStream::connect_timeout(&upstream, CONNECT)
            .and_then(|server| server.set_nonblocking(true).and(server.set_nodelay(true)).map(|()| server))
            .map_err(|error| End::of_server(Cut::Broken(format!("{upstream}: {error}"))))?;
        self.server = Some(server);
        Ok(())
    }

    /// A piece of an answer has come.
    fn answer(&mut self, whole: &[u8], is_last: bool, happened: &mut Vec<Happened>) {
        let held = self.owed.front().is_some_and(|owed| owed.held);
        if held && !self.streams {
            self.answer.extend_from_slice(whole);
            if self.answer.len() > MOST_ANSWER {
                self.to_client.append(&mut self.answer);
            }
        } else {
            self.to_client.extend_from_slice(whole);
        }
        if is_last {
            self.owed.pop_front();
            if held {
                self.answered = true;
                happened.push(Happened::Answered(std::mem::take(&mut self.saw)));
            }
        }
    }
}

/// Whether a text asks for transactions that see one state from beginning to end.
fn asks_for_snapshot(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("serializable") || text.contains("repeatable")
}

/// Reads all that has come.
fn read(stream: &mut TcpStream, came: &mut Vec<u8>) -> Side {
    let mut buffer = [0; 32 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Err(Cut::Closed),
            Ok(count) => came.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Cut::Broken(error.to_string())),
        }
    }
}

/// Writes as much as the other side takes.
fn write(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Side {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Cut::Broken(error.to_string())),
        }
    }
    bytes.drain(..sent);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    const QUERY: &[u8] = b"Q\0\0\0\x0dSELECT 1\0";
    const LEAVE: &[u8] = b"X\0\0\0\x04";

    /// A shop that has sent these bytes behind its greeting and leaves its connection open, and a server that then closes
    /// it: whether the server has done so by itself.
    fn closed_by_server(sent: &[u8]) -> bool {
        let listen = || TcpListener::bind("127.0.0.1:0").expect("a port");
        let (gate, database) = (listen(), listen());
        let mut shop = TcpStream::connect(gate.local_addr().expect("its port")).expect("the gate");
        let client = gate.accept().expect("the shop").0;
        let mut link = Link::new(client, 0, Language::Postgres).expect("a link");
        let upstream = database.local_addr().expect("its port");
        shop.write_all(b"\0\0\0\x10\0\x03\0\0user\0a\0\0").expect("sent");
        let until = Instant::now() + std::time::Duration::from_secs(20);
        let mut server: Option<TcpStream> = None;
        database.set_nonblocking(true).expect("set");
        shop.set_nonblocking(true).expect("set");
        while Instant::now() < until {
            for happened in link.advance(upstream) {
                match happened {
                    // The statement is held, and the server closes.
                    Happened::Asks(_) => server = None,
                    Happened::Closed(_, by_server) => return by_server,
                    _ => {}
                }
            }
            if server.is_none()
                && let Ok((mut came, _)) = database.accept()
            {
                came.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").expect("sent");
                server = Some(came);
            }
            // It has been let in.
            if matches!(shop.read(&mut [0; 64]), Ok(1..)) {
                shop.write_all(sent).expect("sent");
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("nothing was closed");
    }

    #[test]
    fn a_server_that_a_shop_has_left_does_not_count_as_gone_by_itself() {
        assert!(closed_by_server(QUERY), "the control");
        assert!(!closed_by_server(&[QUERY, LEAVE].concat()));
    }
}
