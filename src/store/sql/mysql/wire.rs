//! The wire to a server of MariaDB or MySQL: packets of a length, a number and a payload ("Client/Server Protocol" in
//! their manuals). Blocking, and woken by signals: after an interrupted system call a waiting buyer checks whether to
//! stop.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::fault::StoreCode;
use crate::foreign;
use crate::store::server::Unexpected;
use crate::store::sql::net::{Broken, Plain, Socket};

/// The longest packet, in bytes. The longest one that we ask for is the report of the engine's state, with 1 MiB.
const MOST_PACKET: usize = 1 << 21;
/// How much is read at once.
const CHUNK: usize = 4096;

/// A connection: a socket, and the part of the next packet that has come.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    incoming: Vec<u8>,
    /// How many bytes of `incoming` have been taken.
    taken: usize,
    outgoing: Vec<u8>,
    /// The number of the next packet of this exchange.
    number: u8,
}

impl Wire {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            incoming: Vec::with_capacity(CHUNK),
            taken: 0,
            outgoing: Vec::with_capacity(1024),
            number: 0,
        }
    }

    /// Returns the socket and the number of the next packet, to start TLS. It is an error if bytes have come already:
    /// TLS would not protect them.
    pub(super) fn into_plain(self) -> Result<(Plain, u8), Broken> {
        match self.socket {
            Socket::Plain(plain) if self.taken == self.incoming.len() => Ok((plain, self.number)),
            _ => Err(Broken::Strange(Unexpected::More)),
        }
    }

    /// Continues the exchange on another socket.
    pub(super) fn resumed(socket: Socket, number: u8) -> Self {
        Self { number, ..Self::new(socket) }
    }

    /// Appends a command to what is to be sent. It begins a new exchange.
    pub(super) fn put_command(&mut self, command: u8, write: impl FnOnce(&mut Vec<u8>)) {
        self.number = 0;
        self.put(|payload| {
            payload.push(command);
            write(payload);
        });
    }

    /// Appends a packet to what is to be sent.
    pub(super) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.outgoing.len();
        self.outgoing.extend_from_slice(&[0, 0, 0, self.number]);
        write(&mut self.outgoing);
        let length = (self.outgoing.len() - start - 4) as u32;
        self.outgoing[start..start + 3].copy_from_slice(&length.to_le_bytes()[..3]);
        self.number = self.number.wrapping_add(1);
    }

    /// Sends what was appended.
    pub(super) fn send(&mut self) -> Result<(), Broken> {
        let sent = self.socket.write_all(&self.outgoing).and_then(|()| self.socket.flush());
        self.outgoing.clear();
        sent.map_err(Broken::from)
    }

    /// How long one wait for bytes may take; `None`: for ever.
    pub(super) fn wait_at_most(&self, time: Option<Duration>) -> std::io::Result<()> {
        self.socket.wait_at_most(time)
    }

    /// Makes the socket non-blocking.
    pub(super) fn never_wait(&self) -> std::io::Result<()> {
        self.socket.never_wait()
    }

    /// The socket's descriptor.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.descriptor()
    }

    /// Waits for the next packet until this time.
    pub(super) fn receive_before(&mut self, deadline: Instant) -> Result<Vec<u8>, Broken> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Broken::TimedOut);
            }
            self.wait_at_most(Some(left))?;
            if let Some(packet) = self.receive()? {
                return Ok(packet);
            }
        }
    }

    /// The next packet; `None` if the wait was interrupted or took too long.
    pub(super) fn receive(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let mut bytes = [0; CHUNK];
        loop {
            if let Some(packet) = self.take_packet()? {
                return Ok(Some(packet));
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

    fn take_packet(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let waiting = &self.incoming[self.taken..];
        let Some((head, rest)) = waiting.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
        if length > MOST_PACKET {
            return Err(Broken::Strange(Unexpected::Packet(length)));
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let packet = payload.to_vec();
        self.number = head[3].wrapping_add(1);
        self.taken += 4 + length;
        if self.taken == self.incoming.len() {
            self.incoming.clear();
            self.taken = 0;
        }
        Ok(Some(packet))
    }
}

/// Reads the fields of a packet, from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let Some((bytes, rest)) = self.0.split_at_checked(count) else {
            return Err(Broken::Strange(Unexpected::CutPacket));
        };
        self.0 = rest;
        Ok(bytes)
    }

    /// A number of this many bytes, the lowest first.
    pub(super) fn number(&mut self, count: usize) -> Result<u64, Broken> {
        let bytes = self.bytes(count)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// A number with a variable length; `None` is NULL.
    pub(super) fn counted_number(&mut self) -> Result<Option<u64>, Broken> {
        match self.number(1)? {
            0xfb => Ok(None),
            0xfc => self.number(2).map(Some),
            0xfd => self.number(3).map(Some),
            0xfe => self.number(8).map(Some),
            0xff => Err(Broken::Strange(Unexpected::NoNumber)),
            small => Ok(Some(small)),
        }
    }

    /// Bytes after their count; `None` is NULL.
    pub(super) fn counted(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        let Some(count) = self.counted_number()? else { return Ok(None) };
        self.bytes(usize::try_from(count).unwrap_or(usize::MAX)).map(Some)
    }

    /// Bytes up to a zero, or to the end.
    pub(super) fn up_to_zero(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let (bytes, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        bytes
    }
}

/// An error that a server reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerError {
    /// Its number.
    pub(super) number: u16,
    /// Its text, made safe for a terminal.
    pub(super) said: String,
}

impl ServerError {
    /// Reads the error of a packet, if it is one.
    pub(super) fn of(packet: &[u8]) -> Result<Option<Self>, Broken> {
        let mut fields = Fields(packet);
        if fields.bytes(1)? != [0xff] {
            return Ok(None);
        }
        let number = fields.number(2)? as u16;
        // After the greeting, an SQLSTATE comes first.
        let text = if fields.0.first() == Some(&b'#') { fields.0.get(6..) } else { Some(fields.0) };
        let said: String = String::from_utf8_lossy(text.unwrap_or_default()).chars().take(300).collect();
        Ok(Some(Self { number, said: foreign::shown(&said).into_owned() }))
    }

    /// The code for records.
    pub(super) fn store_code(&self) -> StoreCode {
        StoreCode(i32::from(self.number))
    }

    /// Whether it ends the connection: it was killed, or the server is going down.
    pub(super) fn is_fatal(&self) -> bool {
        matches!(self.number, 1053 | 1927 | 4031)
    }
}

/// Whether a packet ends a list of rows or columns.
pub(super) fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn wire() -> (Wire, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        (Wire::new(Socket::Plain(Plain::Unix(ours))), theirs)
    }

    #[test]
    fn packets_are_read_however_they_come_in_pieces() {
        let (mut wire, mut theirs) = wire();
        theirs.write_all(&[3, 0, 0, 7, b'a', b'b']).expect("bytes");
        wire.wait_at_most(Some(Duration::from_millis(1))).expect("a time");
        assert_eq!(wire.receive().expect("a wait"), None);
        theirs.write_all(&[b'c', 0, 0, 0, 8, 1, 0, 0, 9, b'd']).expect("bytes");
        let next = |wire: &mut Wire| wire.receive().expect("a packet").expect("a packet");
        assert_eq!([next(&mut wire), next(&mut wire), next(&mut wire)], [&b"abc"[..], b"", b"d"]);
        assert_eq!(wire.number, 10);
        drop(theirs);
        // A process that another test has just forked may have the other end open for a moment.
        wire.wait_at_most(Some(Duration::from_secs(60))).expect("a time");
        assert!(matches!(wire.receive(), Err(Broken::Cut(_))));
    }

    #[test]
    fn a_packet_that_is_too_long_is_not_waited_for() {
        let (mut wire, mut theirs) = wire();
        theirs.write_all(&[0xff, 0xff, 0xff, 0]).expect("bytes");
        assert!(matches!(wire.receive(), Err(Broken::Strange(_))));
    }

    #[test]
    fn commands_are_numbered_from_the_start() {
        let (mut wire, mut theirs) = wire();
        wire.put_command(3, |payload| payload.extend_from_slice(b"SELECT 1"));
        wire.put_command(1, |_| ());
        wire.send().expect("sent");
        let mut bytes = [0; 18];
        theirs.read_exact(&mut bytes).expect("bytes");
        assert_eq!(&bytes, b"\x09\0\0\0\x03SELECT 1\x01\0\0\0\x01");
    }

    #[test]
    fn whatever_a_packet_holds_it_is_read_or_rejected() {
        let error =
            ServerError::of(b"\xff\x15\x04#28000Access denied\x1b[2J").expect("read").expect("an error");
        assert_eq!(error.number, 1045);
        assert!(error.said.starts_with("Access denied") && !error.said.contains('\x1b'), "{error:?}");
        assert_eq!(
            ServerError::of(b"\xff\x10\x04Too many").expect("read").expect("an error").said,
            "Too many"
        );
        assert_eq!(ServerError::of(b"\0ok").expect("read"), None);
        assert!(ServerError::of(b"\xff\x15").is_err());
        for bytes in
            [&b"\xfc\x01"[..], b"\xfe\x01\x02", b"\x05abc", b"\xff", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff"]
        {
            assert!(Fields(bytes).counted().is_err(), "{bytes:?}");
        }
        assert_eq!(Fields(b"\xfb").counted().expect("NULL"), None);
        assert_eq!(Fields(b"\xfc\x02\x00ab").counted().expect("bytes"), Some(&b"ab"[..]));
        assert_eq!(Fields(b"\xfd\x01\x02\x03").counted_number().expect("a number"), Some(0x03_02_01));
        let mut fields = Fields(b"ab\0cd");
        assert_eq!(
            (fields.up_to_zero(), fields.up_to_zero(), fields.up_to_zero()),
            (&b"ab"[..], &b"cd"[..], &b""[..])
        );
    }
}
