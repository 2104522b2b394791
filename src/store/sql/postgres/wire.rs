//! The wire to a server of PostgreSQL: bytes out, messages in (chapter 55 of its manual). Blocking, and woken by
//! signals: after an interrupted system call a waiting buyer checks whether to stop.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{ErrorResponseBody, Header, Message};

use crate::fault::StoreCode;
use crate::foreign;
use crate::store::server::Unexpected;
use crate::store::sql::net::{Broken, Socket};

/// The longest message, in bytes.
const MOST_MESSAGE: usize = 1 << 20;

/// An error that a server reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerError {
    /// Its SQLSTATE.
    pub(super) code: String,
    /// Its text, made safe for a terminal.
    pub(super) said: String,
    /// Whether it ends the connection.
    pub(super) is_fatal: bool,
}

/// A connection: a socket, and the part of the next message that has come.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    incoming: BytesMut,
    /// What is to be sent next.
    pub(super) outgoing: BytesMut,
}

impl Wire {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, incoming: BytesMut::with_capacity(4096), outgoing: BytesMut::with_capacity(1024) }
    }

    /// Sends what is in `outgoing`.
    pub(super) fn send(&mut self) -> Result<(), Broken> {
        let sent = self.socket.write_all(&self.outgoing).and_then(|()| self.socket.flush());
        self.outgoing.clear();
        sent.map_err(Broken::from)
    }

    /// How long one wait for bytes may take; `None`: for ever.
    pub(super) fn wait_at_most(&self, time: Option<Duration>) -> io::Result<()> {
        self.socket.wait_at_most(time)
    }

    /// Makes the socket non-blocking.
    pub(super) fn never_wait(&self) -> io::Result<()> {
        self.socket.never_wait()
    }

    /// The socket's descriptor.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.descriptor()
    }

    /// Waits for the next message until this time.
    pub(super) fn receive_before(&mut self, deadline: Instant) -> Result<Message, Broken> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Broken::TimedOut);
            }
            self.wait_at_most(Some(left))?;
            if let Some(message) = self.receive()? {
                return Ok(message);
            }
        }
    }

    /// The next message; `None` if the wait was interrupted or took too long.
    pub(super) fn receive(&mut self) -> Result<Option<Message>, Broken> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(message) = self.parse()? {
                return Ok(Some(message));
            }
            match self.socket.read(&mut bytes) {
                Ok(0) => return Err(Broken::Cut(ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.incoming.extend_from_slice(&bytes[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn parse(&mut self) -> Result<Option<Message>, Broken> {
        if let Some(header) = Header::parse(&self.incoming)?
            && let Ok(size) = usize::try_from(header.len())
            && size > MOST_MESSAGE
        {
            return Err(Broken::Strange(Unexpected::Message(size)));
        }
        Ok(Message::parse(&mut self.incoming)?)
    }
}

/// The error in an error response.
pub(super) fn server_error(body: &ErrorResponseBody) -> ServerError {
    let mut error = ServerError { code: String::new(), said: String::new(), is_fatal: false };
    let mut fields = body.fields();
    while let Ok(Some(field)) = fields.next() {
        let value = String::from_utf8_lossy(field.value_bytes());
        match field.type_() {
            b'C' => error.code = value.chars().take(5).collect(),
            b'M' => error.said = foreign::shown(&value.chars().take(300).collect::<String>()).into_owned(),
            // The severity, not translated.
            b'V' => error.is_fatal = matches!(&*value, "FATAL" | "PANIC"),
            _ => {}
        }
    }
    error
}

impl ServerError {
    /// The code for records.
    pub(super) fn store_code(&self) -> StoreCode {
        StoreCode::of_state(&self.code)
    }
}
