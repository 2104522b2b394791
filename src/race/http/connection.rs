//! One non-blocking connection, with or without TLS. A request is sent except for its last byte, which is held until
//! the go.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, IntoRawFd as _, OwnedFd, RawFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, SockaddrStorage, connect, send, socket};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use super::answer::{AnswerReader, HttpAnswer};
use crate::race::broken::Broken;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Handshaking,
    Open,
}

/// The result of reading.
#[derive(Debug)]
pub enum Received {
    /// Nothing yet, or a part of the answer.
    Part,
    /// The whole answer.
    Answer(Box<HttpAnswer>),
    /// The connection ended, or broke, without an answer.
    Ended(Broken),
}

/// The bytes that are sent on a connection at the go.
#[derive(Debug)]
pub struct Shot {
    fd: RawFd,
    bytes: Vec<u8>,
    sent: usize,
}

impl Shot {
    /// Sends them: one system call.
    #[inline]
    pub fn fire(&mut self) {
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        self.sent = send(self.fd, &self.bytes, flags).unwrap_or(0);
    }
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    stage: Stage,
    /// What the socket has not taken yet, from `sent` on.
    out: Vec<u8>,
    sent: usize,
    /// A request that waits for the connection to open, and how many of its bytes are held.
    request: Option<(Vec<u8>, usize)>,
    /// What is sent at the go.
    held: Vec<u8>,
    reader: AnswerReader,
    ended: bool,
}

impl Connection {
    /// Begins to connect.
    ///
    /// # Errors
    /// When the system has no socket, or the other side is known at once not to listen.
    pub fn open(address: SocketAddr, host: &str, tls: Option<&Arc<ClientConfig>>) -> io::Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let fd: OwnedFd = socket(family, SockType::Stream, SockFlag::empty(), None)?;
        nix::fcntl::fcntl(&fd, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
        // SAFETY: the descriptor is our own socket, and nothing else owns it.
        let stream = unsafe { TcpStream::from_raw_fd(fd.into_raw_fd()) };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let connected = connect(stream.as_raw_fd(), &SockaddrStorage::from(address));
        match connected {
            Ok(()) | Err(Errno::EINPROGRESS | Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let tls = match tls {
            None => None,
            Some(config) => {
                let name = ServerName::try_from(host.to_owned())
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
                let client = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
                Some(Box::new(client))
            }
        };
        Ok(Self {
            stream,
            tls,
            stage: Stage::Connecting,
            out: Vec::new(),
            sent: 0,
            request: None,
            held: Vec::new(),
            reader: AnswerReader::default(),
            ended: false,
        })
    }

    /// For poll(2).
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Whether it waits to write.
    pub fn wants_to_write(&self) -> bool {
        self.stage == Stage::Connecting || self.sent < self.out.len()
    }

    /// Gives it a request, which is sent as soon as it is open, except for its last `held` bytes.
    pub fn give(&mut self, request: Vec<u8>, held: usize) {
        self.reader = AnswerReader::to(&request);
        self.request = Some((request, held));
    }

    /// Whether it is open, its TLS done.
    pub fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether everything has been sent except what is held.
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Open && self.request.is_none() && self.sent == self.out.len()
    }

    /// Whether any byte of an answer has come, or its end.
    pub fn began(&self) -> bool {
        self.reader.began() || self.ended
    }

    /// Whether it is closed, or broken.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Goes on as far as it can without waiting: connects, shakes hands, sends.
    ///
    /// # Errors
    /// When there is no connection, or it is broken.
    pub fn advance(&mut self) -> io::Result<()> {
        if self.stage == Stage::Connecting {
            if let Some(error) = self.stream.take_error()? {
                return Err(error);
            }
            match self.stream.peer_addr() {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(()),
                Err(error) => return Err(error),
            }
            self.stage = if self.tls.is_some() { Stage::Handshaking } else { Stage::Open };
        }
        if self.stage == Stage::Handshaking {
            self.shake_hands()?;
        }
        if self.stage == Stage::Open
            && let Some((request, held)) = self.request.take()
        {
            let (now, later) = request.split_at(request.len() - held);
            self.out = self.sealed(now)?;
            self.sent = 0;
            self.held = self.sealed(later)?;
        }
        self.flush()
    }

    fn shake_hands(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        loop {
            while tls.wants_write() {
                match tls.write_tls(&mut self.stream) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            if !tls.is_handshaking() {
                self.stage = Stage::Open;
                return Ok(());
            }
            match tls.read_tls(&mut self.stream) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "closed during the TLS handshake",
                    ));
                }
                Ok(_) => {
                    if let Err(error) = tls.process_new_packets() {
                        // Send the alert that says why.
                        let _ = tls.write_tls(&mut self.stream);
                        return Err(io::Error::other(format!("TLS: {error}")));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// The bytes as the socket takes them: encrypted if there is TLS.
    fn sealed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let Some(tls) = &mut self.tls else { return Ok(bytes.to_vec()) };
        tls.writer().write_all(bytes)?;
        let mut sealed = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut sealed)?;
        }
        Ok(sealed)
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes what is held. So the go touches nothing but the bytes and the socket.
    pub fn aim(&mut self) -> Shot {
        Shot { fd: self.stream.as_raw_fd(), bytes: std::mem::take(&mut self.held), sent: 0 }
    }

    /// Takes it back after the go. If the socket took only a part, [`Connection::advance`] sends the rest. If the
    /// connection is broken, reading will show it.
    pub fn fired(&mut self, shot: Shot) {
        (self.out, self.sent) = (shot.bytes, shot.sent);
    }

    /// The go came before it was ready: nothing is held any more.
    pub fn hold_nothing(&mut self) {
        if let Some((_, held)) = &mut self.request {
            *held = 0;
        }
        self.out.append(&mut self.held);
    }

    /// Reads what has come.
    pub fn receive(&mut self) -> Received {
        let mut buffer = [0; 16 << 10];
        loop {
            let count = match self.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Received::Part,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Some servers close the connection without ending TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
                Err(error) => {
                    self.ended = true;
                    return Received::Ended(Broken::Connection(error.to_string()));
                }
            };
            if count == 0 {
                self.ended = true;
                let without = if self.reader.began() { Broken::Cut } else { Broken::Closed };
                return match self.reader.end() {
                    Some(answer) => Received::Answer(Box::new(answer)),
                    None => Received::Ended(without),
                };
            }
            match self.reader.feed(&buffer[..count]) {
                Ok(Some(answer)) => return Received::Answer(Box::new(answer)),
                Ok(None) => {}
                Err(error) => return Received::Ended(error.into()),
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.stream.read(buffer) };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            // At the end of the connection, the reader above reports it.
            tls.read_tls(&mut self.stream)?;
            tls.process_new_packets().map_err(|error| io::Error::other(format!("TLS: {error}")))?;
        }
    }
}
