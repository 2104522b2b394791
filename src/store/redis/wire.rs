//! The wire to a Redis server: commands out, answers in (RESP, version 2, redis.io, "Redis serialization protocol
//! specification"). Blocking, with one write and one read for each step, bounded in bytes and in time, and woken by
//! signals.
//!
//! It is our own code instead of a crate for three reasons: a step must be exactly one packet in each direction, a
//! buyer that is told to stop must notice it during a read, and a server's answers must be bounded. Only five kinds of
//! answers of the protocol are needed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::address::RedisAddress;
use super::error::RedisError;
use crate::fault::StoreCode;
use crate::foreign;
use crate::store::server::Unexpected;
use crate::tls::{self, TlsError, Trusted};

/// How long a server may take for the login, and for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How often a wait checks whether to stop.
const TICK: Duration = Duration::from_millis(500);
/// The longest answer, in bytes.
const MOST_ANSWER: usize = 1 << 18;
/// The deepest nesting of an answer, and the most members of a list in it.
const MOST_DEPTH: u32 = 4;
const MOST_MEMBERS: usize = 1024;

/// An error that a server reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerError {
    /// Its first word, like `OOM`.
    pub(super) word: String,
    /// Its text, made safe for a terminal.
    pub(super) said: String,
}

impl ServerError {
    fn new(text: &[u8]) -> Self {
        let text: String = String::from_utf8_lossy(text).chars().take(300).collect();
        let word = text.split(' ').next().unwrap_or_default().chars().take(32).collect();
        Self { word, said: foreign::shown(&text).into_owned() }
    }

    /// The code for records.
    pub(super) fn store_code(&self) -> StoreCode {
        StoreCode::of_word(&self.word)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nil: no such key, or an EXEC that did nothing.
    Nil,
    /// A text, or a short word like `OK`.
    Text(Vec<u8>),
    /// A number.
    Number(i64),
    /// An error.
    Error(ServerError),
    /// Several answers.
    List(Vec<Answer>),
}

/// Why no answer came.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection is gone.
    Cut(io::Error),
    /// It took too long.
    TimedOut,
    /// The answer is not that of a Redis server.
    Strange(Unexpected),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Broken::TimedOut,
            ErrorKind::InvalidData => Broken::Strange(Unexpected::other(&error.to_string())),
            _ => Broken::Cut(error),
        }
    }
}

impl Broken {
    /// The store's error for it.
    pub(super) fn at(self, address: &RedisAddress) -> RedisError {
        let place = address.to_string();
        match self {
            Broken::TimedOut => RedisError::NoAnswer { address: place, within: PATIENCE },
            Broken::Strange(came) => RedisError::Strange { address: place, came },
            Broken::Cut(source) => RedisError::Cut { address: place, what: source.to_string() },
        }
    }
}

/// A socket that is woken by signals.
#[derive(Debug)]
struct Plain(TcpStream);

impl Read for Plain {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        // TLS would read again after a signal; we want to check whether to stop.
        self.0.read(bytes).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => ErrorKind::WouldBlock.into(),
            _ => error,
        })
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
enum Socket {
    Plain(Plain),
    Tls(Box<StreamOwned<ClientConnection, Plain>>),
}

/// A connection.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Wire {
    /// Connects.
    pub(super) fn open(address: &RedisAddress) -> Result<Self, RedisError> {
        let deadline = Instant::now() + PATIENCE;
        let stream = connect(address, deadline).map_err(|source| match source.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Broken::TimedOut.at(address),
            _ => RedisError::NoServer { address: address.to_string(), source },
        })?;
        let set_up = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(TICK)))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        set_up.map_err(|error| Broken::from(error).at(address))?;
        let socket = if address.tls {
            secured(Plain(stream), address, deadline)?
        } else {
            Socket::Plain(Plain(stream))
        };
        Ok(Self { socket, incoming: Vec::with_capacity(4096), outgoing: Vec::with_capacity(512) })
    }

    /// Appends a command to what is to be sent.
    pub(super) fn put(&mut self, words: &[&[u8]]) {
        put(&mut self.outgoing, words);
    }

    /// Sends what was appended.
    pub(super) fn send(&mut self) -> Result<(), Broken> {
        let sent = match &mut self.socket {
            Socket::Plain(plain) => plain.write_all(&self.outgoing),
            Socket::Tls(stream) => stream.write_all(&self.outgoing).and_then(|()| stream.flush()),
        };
        self.outgoing.clear();
        Ok(sent?)
    }

    /// Waits for the next answer, until it has taken too long, or until `over`.
    pub(super) fn receive(&mut self, mut over: impl FnMut() -> bool) -> Result<Answer, Broken> {
        let mut since = None;
        loop {
            if let Some(answer) = self.look()? {
                return Ok(answer);
            }
            // The clock is read only after a wait in the system.
            let began: Instant = *since.get_or_insert_with(Instant::now);
            if began.elapsed() > PATIENCE || over() {
                return Err(Broken::TimedOut);
            }
        }
    }

    /// The next answer, if it is already there; a blocking socket may wait for one read.
    pub(super) fn look(&mut self) -> Result<Option<Answer>, Broken> {
        let mut bytes = [0; 4096];
        loop {
            if let Some((answer, length)) = parse(&self.incoming, 0)? {
                self.incoming.drain(..length);
                return Ok(Some(answer));
            }
            if self.incoming.len() > MOST_ANSWER {
                return Err(Broken::Strange(Unexpected::LongAnswer(MOST_ANSWER)));
            }
            let read = match &mut self.socket {
                Socket::Plain(plain) => plain.read(&mut bytes),
                Socket::Tls(stream) => stream.read(&mut bytes),
            };
            match read {
                Ok(0) => return Err(Broken::Cut(ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.incoming.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes the socket non-blocking.
    pub(super) fn never_wait(&self) -> Result<(), Broken> {
        Ok(self.stream().set_nonblocking(true)?)
    }

    /// The socket's descriptor.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream().as_fd()
    }

    fn stream(&self) -> &TcpStream {
        match &self.socket {
            Socket::Plain(plain) => &plain.0,
            Socket::Tls(stream) => &stream.sock.0,
        }
    }

    /// Sends one command, and waits for its answer.
    pub(super) fn ask(&mut self, words: &[&[u8]]) -> Result<Answer, Broken> {
        self.put(words);
        self.send()?;
        self.receive(|| false)
    }
}

fn connect(address: &RedisAddress, deadline: Instant) -> io::Result<TcpStream> {
    let mut failed = None;
    for place in (address.host.as_str(), address.port).to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&place, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| ErrorKind::NotFound.into()))
}

/// Puts TLS on a socket, and accepts a certificate from a trusted authority for the host's name.
fn secured(plain: Plain, address: &RedisAddress, deadline: Instant) -> Result<Socket, RedisError> {
    let failed = |wrong| RedisError::Tls { address: address.to_string(), wrong };
    let name = ServerName::try_from(address.host.clone()).map_err(|error| failed(TlsError::said(error)))?;
    let config = tls::client(Trusted::Named(address.authorities.as_deref())).map_err(failed)?;
    let connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| failed(TlsError::said(error)))?;
    let mut stream = StreamOwned::new(connection, plain);
    while stream.conn.is_handshaking() {
        match stream.conn.complete_io(&mut stream.sock) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(Broken::TimedOut.at(address)),
            Err(error) => return Err(failed(TlsError::said(error))),
        }
    }
    Ok(Socket::Tls(Box::new(stream)))
}

/// A command as a list of texts.
fn put(outgoing: &mut Vec<u8>, words: &[&[u8]]) {
    let mut number = itoa::Buffer::new();
    outgoing.push(b'*');
    outgoing.extend_from_slice(number.format(words.len()).as_bytes());
    outgoing.extend_from_slice(b"\r\n");
    for word in words {
        outgoing.push(b'$');
        outgoing.extend_from_slice(number.format(word.len()).as_bytes());
        outgoing.extend_from_slice(b"\r\n");
        outgoing.extend_from_slice(word);
        outgoing.extend_from_slice(b"\r\n");
    }
}

/// The first answer in these bytes, and its length; `None` while it is not complete.
fn parse(bytes: &[u8], depth: u32) -> Result<Option<(Answer, usize)>, Broken> {
    let strange = |came| Err(Broken::Strange(came));
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        // A line is short; anything longer is no answer.
        return if bytes.len() > 4096 { strange(Unexpected::Answer) } else { Ok(None) };
    };
    let (kind, line, length) = (bytes.first(), bytes.get(1..end).unwrap_or_default(), end + 2);
    let number = || std::str::from_utf8(line).ok().and_then(|text| text.parse::<i64>().ok());
    match kind {
        Some(b'+') => Ok(Some((Answer::Text(line.to_vec()), length))),
        Some(b'-') => Ok(Some((Answer::Error(ServerError::new(line)), length))),
        Some(b':') => match number() {
            Some(number) => Ok(Some((Answer::Number(number), length))),
            None => strange(Unexpected::NoNumber),
        },
        Some(b'$') => match number() {
            Some(-1) => Ok(Some((Answer::Nil, length))),
            Some(size) if (0..=MOST_ANSWER as i64).contains(&size) => {
                let whole = length + size as usize + 2;
                let text = bytes.get(length..length + size as usize);
                let is_whole = bytes.len() >= whole;
                Ok(text.filter(|_| is_whole).map(|text| (Answer::Text(text.to_vec()), whole)))
            }
            _ => strange(Unexpected::TextLength),
        },
        Some(b'*') => match number() {
            Some(-1) => Ok(Some((Answer::Nil, length))),
            Some(count) if (0..=MOST_MEMBERS as i64).contains(&count) && depth < MOST_DEPTH => {
                let (mut members, mut at) = (Vec::new(), length);
                for _ in 0..count {
                    let Some((member, length)) = parse(&bytes[at..], depth + 1)? else { return Ok(None) };
                    members.push(member);
                    at += length;
                }
                Ok(Some((Answer::List(members), at)))
            }
            _ => strange(Unexpected::ListLength),
        },
        _ => strange(Unexpected::Answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_list_of_texts() {
        let mut outgoing = Vec::new();
        put(&mut outgoing, &[b"SET", b"key", b"-1"]);
        assert_eq!(outgoing, b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$2\r\n-1\r\n");
    }

    #[test]
    fn answers_are_read_as_they_come() {
        let text = |text: &str| Answer::Text(text.as_bytes().to_vec());
        for (bytes, answer) in [
            ("+OK\r\n", text("OK")),
            (":-7\r\n", Answer::Number(-7)),
            ("$5\r\nhe\r\no\r\n", text("he\r\no")),
            ("$0\r\n\r\n", text("")),
            ("$-1\r\n", Answer::Nil),
            ("*-1\r\n", Answer::Nil),
            (
                "*2\r\n+OK\r\n*1\r\n:1\r\n",
                Answer::List(vec![text("OK"), Answer::List(vec![Answer::Number(1)])]),
            ),
        ] {
            let both = format!("{bytes}+more\r\n");
            assert_eq!(parse(both.as_bytes(), 0).expect(bytes), Some((answer, bytes.len())));
            for cut in 0..bytes.len() {
                assert_eq!(parse(&bytes.as_bytes()[..cut], 0).expect(bytes), None, "{bytes:?} cut at {cut}");
            }
        }
        let Ok(Some((Answer::Error(error), _))) = parse(b"-OOM command \x1b[2Jnot allowed\r\n", 0) else {
            panic!("an error")
        };
        assert_eq!((error.word.as_str(), error.store_code().to_string().as_str()), ("OOM", "OOM"));
        assert!(!error.said.contains('\x1b'));
    }

    #[test]
    fn what_is_no_answer_or_has_no_end_is_rejected() {
        for bytes in [
            "HTTP/1.1 400 Bad Request\r\n",
            ":x\r\n",
            "$-2\r\n",
            "$99999999999\r\n",
            "*99999999\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        ] {
            assert!(matches!(parse(bytes.as_bytes(), 0), Err(Broken::Strange(_))), "{bytes:?}");
        }
        assert!(parse(&[b'+'; 5000], 0).is_err());
    }
}
