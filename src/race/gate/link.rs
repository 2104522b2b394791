//! One connection through the gate: the shop on one side, the database on the other. Bytes pass untouched; what is
//! held is held in whole batches, and so are answers.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use super::wire::postgres::{Batch, ClientReader, Ends, Greeting, Saw, Sent, greeting, message};

/// How long the database may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A longer answer is not held.
const MOST_ANSWER: usize = 4 << 20;

/// What a transaction is doing at the server, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is none.
    Idle,
    /// It is open.
    Open,
    /// It has failed, and waits for its ROLLBACK.
    Failed,
}

/// What has happened at a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A batch has come to the gate.
    Asks,
    /// The answer to the batch that was sent is there, and is held.
    Answered(Saw),
    /// It was closed; what was held of it.
    Closed(Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No greeting has come.
    Greeting,
    /// The server has not let it in yet: everything passes.
    Entering,
    /// Statements come.
    In,
    /// A request to take a statement back: everything passes.
    Cancel,
}

/// An answer that the server owes.
#[derive(Clone, Copy, Debug)]
struct Owed {
    ends: Ends,
    /// Whether it is held until somebody says so.
    held: bool,
}

/// A connection.
#[derive(Debug)]
pub struct Link {
    client: TcpStream,
    server: Option<TcpStream>,
    stage: Stage,
    greeting: Vec<u8>,
    reader: ClientReader,
    from_server: Vec<u8>,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    batches: VecDeque<Batch>,
    /// Whether it was told that the first batch is there.
    told: bool,
    owed: VecDeque<Owed>,
    answer: Vec<u8>,
    saw: Saw,
    /// Whether an answer is complete and held.
    answered: bool,
    /// Whether data is being copied to the server.
    copying: bool,
    closed: bool,
    /// The server's process that serves it.
    pub pid: Option<i32>,
    /// What its transaction is doing.
    pub status: Status,
    /// Whether its greeting asks for transactions that see one state throughout.
    pub snapshot: bool,
}

impl Link {
    pub(super) fn new(client: TcpStream) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        Ok(Self {
            client,
            server: None,
            stage: Stage::Greeting,
            greeting: Vec::new(),
            reader: ClientReader::default(),
            from_server: Vec::new(),
            to_server: Vec::new(),
            to_client: Vec::new(),
            batches: VecDeque::new(),
            told: false,
            owed: VecDeque::new(),
            answer: Vec::new(),
            saw: Saw::default(),
            answered: false,
            copying: false,
            closed: false,
            pid: None,
            status: Status::Idle,
            snapshot: false,
        })
    }

    /// What poll(2) is asked for: each socket, and whether it waits to write.
    pub(super) fn sockets(&self) -> impl Iterator<Item = (BorrowedFd<'_>, bool)> {
        let client = (self.client.as_fd(), !self.to_client.is_empty());
        let server = self.server.as_ref().map(|server| (server.as_fd(), !self.to_server.is_empty()));
        std::iter::once(client).chain(server)
    }

    /// The batch that is at the gate.
    pub fn batch(&self) -> Option<&Batch> {
        self.batches.front()
    }

    /// Whether nothing is under way on it.
    pub fn is_quiet(&self) -> bool {
        self.status == Status::Idle && self.owed.is_empty() && self.batches.is_empty() && !self.answered
    }

    /// Whether nothing was under way on it before the batch that is at the gate.
    pub fn is_fresh(&self) -> bool {
        self.status == Status::Idle && self.owed.is_empty() && !self.answered
    }

    /// Lets the batch at the gate pass; its answer is held, if it is to be.
    pub(super) fn send(&mut self, hold: bool) {
        let Some(batch) = self.batches.pop_front() else { return };
        self.told = false;
        if let Some(ends) = batch.ends {
            self.owed.push_back(Owed { ends, held: hold });
        }
        self.to_server.extend_from_slice(&batch.bytes);
    }

    /// Hands over the answer that is held.
    pub(super) fn deliver(&mut self) {
        self.answered = false;
        self.to_client.append(&mut self.answer);
    }

    /// Goes on as far as it can.
    pub(super) fn advance(&mut self, upstream: SocketAddr) -> Vec<Happened> {
        let mut happened = Vec::new();
        if self.closed {
            return happened;
        }
        if let Err(why) = self.work(upstream, &mut happened) {
            self.closed = true;
            // What the server said last is still to be heard.
            let _ = self.client.write_all(&self.to_client);
            let held = self.batches.front().filter(|batch| !batch.texts.is_empty());
            happened.push(Happened::Closed(held.map(|batch| format!("{}: {why}", batch.texts.join("; ")))));
        }
        if !self.told && !self.answered && !self.closed && !self.batches.is_empty() && !self.is_owed_held() {
            self.told = true;
            happened.push(Happened::Asks);
        }
        happened
    }

    fn is_owed_held(&self) -> bool {
        self.owed.iter().any(|owed| owed.held)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn work(&mut self, upstream: SocketAddr, happened: &mut Vec<Happened>) -> Result<(), String> {
        let mut buffer = [0; 32 << 10];
        while let Some(count) = read(&mut self.client, &mut buffer)? {
            self.of_client(&buffer[..count], upstream)?;
        }
        if let Some(server) = &mut self.server {
            while let Some(count) = read(server, &mut buffer)? {
                self.from_server.extend_from_slice(&buffer[..count]);
            }
        }
        let heard = self.of_server(happened);
        if let Some(server) = &mut self.server {
            write(server, &mut self.to_server)?;
        }
        write(&mut self.client, &mut self.to_client)?;
        heard
    }

    fn of_client(&mut self, bytes: &[u8], upstream: SocketAddr) -> Result<(), String> {
        match self.stage {
            Stage::Greeting => {
                self.greeting.extend_from_slice(bytes);
                self.greet(upstream)
            }
            Stage::Cancel | Stage::Entering => {
                self.to_server.extend_from_slice(bytes);
                Ok(())
            }
            Stage::In => {
                for sent in self.reader.feed(bytes)? {
                    self.take(sent);
                }
                Ok(())
            }
        }
    }

    fn greet(&mut self, upstream: SocketAddr) -> Result<(), String> {
        while let Some((greeting, length)) = greeting(&self.greeting)? {
            if greeting == Greeting::Encryption {
                self.greeting.drain(..length);
                // There is none: whoever insists on it says so.
                self.to_client.push(b'N');
                continue;
            }
            let server = TcpStream::connect_timeout(&upstream, CONNECT)
                .and_then(|server| {
                    server.set_nonblocking(true).and(server.set_nodelay(true)).map(|()| server)
                })
                .map_err(|error| format!("{upstream}: {error}"))?;
            self.server = Some(server);
            let text = String::from_utf8_lossy(&self.greeting).to_lowercase();
            self.snapshot = text.contains("serializable") || text.contains("repeatable");
            self.to_server = std::mem::take(&mut self.greeting);
            self.stage = if greeting == Greeting::Cancel { Stage::Cancel } else { Stage::Entering };
            return Ok(());
        }
        Ok(())
    }

    fn take(&mut self, sent: Sent) {
        match sent {
            Sent::Batch(batch) if self.copying && batch.texts.is_empty() => {
                // While it copies, the server takes no notice of it.
                self.to_server.extend_from_slice(&batch.bytes);
            }
            Sent::Batch(batch) => self.batches.push_back(batch),
            Sent::Aside(bytes) => self.to_server.extend_from_slice(&bytes),
        }
    }

    fn of_server(&mut self, happened: &mut Vec<Happened>) -> Result<(), String> {
        if self.stage == Stage::Cancel {
            self.to_client.append(&mut self.from_server);
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.from_server);
        let mut at = 0;
        while let Some((kind, body)) = message(&bytes[at..])? {
            let whole = &bytes[at..at + body.end];
            at += body.end;
            self.message(kind, &whole[body], whole, happened);
        }
        self.from_server = bytes[at..].to_vec();
        Ok(())
    }

    fn message(&mut self, kind: u8, body: &[u8], whole: &[u8], happened: &mut Vec<Happened>) {
        if kind == b'K' {
            self.pid = body.get(..4).and_then(|pid| Some(i32::from_be_bytes(pid.try_into().ok()?)));
        }
        if kind == b'Z' {
            self.copying = false;
            self.status = match body.first() {
                Some(b'T') => Status::Open,
                Some(b'E') => Status::Failed,
                _ => Status::Idle,
            };
        }
        if self.stage == Stage::Entering {
            self.to_client.extend_from_slice(whole);
            if kind == b'Z' {
                self.stage = Stage::In;
            }
            return;
        }
        let Some(owed) = self.owed.front_mut() else {
            // What nobody asked for: a notice, a changed setting.
            self.to_client.extend_from_slice(whole);
            return;
        };
        let held = owed.held;
        let done = match (&mut owed.ends, kind) {
            (_, b'Z') => true,
            (Ends::Done(_), b'E') => true,
            (Ends::Done(left), b'C' | b'I' | b's') => {
                *left -= 1;
                *left == 0
            }
            _ => false,
        };
        if held {
            self.saw.take(kind, body);
        }
        if held && !self.copying {
            self.answer.extend_from_slice(whole);
            if matches!(kind, b'G' | b'W') || self.answer.len() > MOST_ANSWER {
                self.copying |= matches!(kind, b'G' | b'W');
                self.to_client.append(&mut self.answer);
            }
        } else {
            self.to_client.extend_from_slice(whole);
        }
        if done {
            self.owed.pop_front();
            if held {
                self.answered = true;
                happened.push(Happened::Answered(std::mem::take(&mut self.saw)));
            }
        }
    }
}

/// Reads what there is: how much; `None` where nothing is there now.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Option<usize>, String> {
    loop {
        match stream.read(buffer) {
            Ok(0) => return Err("closed".to_owned()),
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Writes what the other side takes.
fn write(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<(), String> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    bytes.drain(..sent);
    Ok(())
}
