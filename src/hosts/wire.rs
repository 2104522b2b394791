//! Frames: a length, a kind, a body. Every read is bounded, in bytes and in time.

use std::io::{self, Read as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::trouble::{Garbage, WireError};

/// The longest frame: its kind and its body.
pub(super) const MOST_FRAME: usize = 1 << 18;
/// The longest frame of a host that has not proven anything yet.
pub(super) const MOST_AT_THE_DOOR: usize = 1024;
/// How often the lead sends something.
pub(super) const BEAT: Duration = Duration::from_millis(100);
/// How long a lead may be silent: the buyers of all hosts are to end within a second of its death.
pub(super) const LEAD_SILENCE: Duration = Duration::from_millis(800);
/// How long a host may be silent: longer than it may have to wait for its store (10 s, and 2 s more for a connection), so
/// that it can say what is wrong there.
pub(super) const HOST_SILENCE: Duration = Duration::from_secs(15);
/// How long a write may take.
pub(super) const WRITE_TIME: Duration = Duration::from_secs(5);

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, as JSON.
    Words = 1,
    /// The lead asks for the time.
    Ping = 2,
    /// The answer.
    Pong = 3,
    /// Purchases.
    Purchases = 4,
    /// The counts of buyers.
    Counts = 5,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) body: Vec<u8>,
}

/// A frame as it is sent.
pub(super) fn framed(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 5);
    frame.extend((body.len() as u32 + 1).to_le_bytes());
    frame.push(kind as u8);
    frame.extend(body);
    frame
}

/// What has come, until it is a whole frame.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// How many of these bytes were taken.
    taken: usize,
    /// The longest frame that is accepted.
    most: usize,
}

impl Inbox {
    pub(super) fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), taken: 0, most }
    }

    /// From now on frames may be this long.
    pub(super) fn allow(&mut self, most: usize) {
        self.most = most;
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        // Taken frames are removed together, so that a million small ones cost no more than a large one.
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend(bytes);
    }

    /// Takes the first frame, if it is complete.
    pub(super) fn take(&mut self) -> Result<Option<Frame>, WireError> {
        let bytes = &self.bytes[self.taken..];
        let Some(length) = bytes.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 || length > self.most {
            return Err(Garbage::Length(length).into());
        }
        let Some(kind) = bytes.get(4) else { return Ok(None) };
        let kind = match kind {
            1 => Kind::Words,
            2 => Kind::Ping,
            3 => Kind::Pong,
            4 => Kind::Purchases,
            5 => Kind::Counts,
            other => return Err(Garbage::Kind(*other).into()),
        };
        let Some(body) = bytes.get(5..4 + length) else { return Ok(None) };
        let body = body.to_vec();
        self.taken += 4 + length;
        Ok(Some(Frame { kind, body }))
    }
}

/// Reads what has come from a stream that waits for a short time at most ([`TcpStream::set_read_timeout`]). Returns
/// whether anything has come.
pub(super) fn read_some(mut stream: &TcpStream, inbox: &mut Inbox) -> Result<bool, WireError> {
    let mut bytes = [0; 1 << 16];
    match stream.read(&mut bytes) {
        Ok(0) => Err(WireError::Closed),
        Ok(count) => {
            inbox.push(&bytes[..count]);
            Ok(true)
        }
        Err(error) if is_patience(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether an error only means that nothing can be read or written at the moment.
pub(super) fn is_patience(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// Waits for a whole frame, for `within` at most, or until `ends` returns true.
pub(super) fn await_frame(
    stream: &TcpStream,
    inbox: &mut Inbox,
    within: Duration,
    ends: impl Fn() -> bool,
) -> Result<Frame, WireError> {
    let began = Instant::now();
    loop {
        if let Some(frame) = inbox.take()? {
            return Ok(frame);
        }
        if began.elapsed() >= within || ends() {
            return Err(WireError::Silent(began.elapsed()));
        }
        read_some(stream, inbox)?;
    }
}

/// Reads fixed fields from a body.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or(Garbage::Short)?;
        self.0 = rest;
        Ok(*bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, WireError> {
        Ok(i32::from_le_bytes(self.bytes()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, WireError> {
        Ok(u16::from_le_bytes(self.bytes()?))
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireError> {
        Ok(self.bytes::<1>()?[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_as_they_were_sent_wherever_they_are_cut() {
        let sent = [framed(Kind::Words, b"{}"), framed(Kind::Ping, &[]), framed(Kind::Purchases, &[7; 300])]
            .concat();
        for size in [1, 3, sent.len()] {
            let mut inbox = Inbox::new(MOST_FRAME);
            let mut came = Vec::new();
            for part in sent.chunks(size) {
                inbox.push(part);
                while let Some(frame) = inbox.take().expect("frames") {
                    came.push((frame.kind, frame.body.len()));
                }
            }
            assert_eq!(came, [(Kind::Words, 2), (Kind::Ping, 0), (Kind::Purchases, 300)]);
        }
    }

    /// If the bytes behind a frame were moved for each one, a terabyte would be moved.
    #[test]
    fn a_million_small_frames_are_taken_in_no_time() {
        let mut inbox = Inbox::new(MOST_FRAME);
        inbox.push(&framed(Kind::Words, &[]).repeat(1_000_000));
        let count = std::iter::from_fn(|| inbox.take().expect("frames")).count();
        assert_eq!(count, 1_000_000);
    }

    #[test]
    fn what_is_no_frame_is_rejected_before_it_is_there() {
        for bad in [&[0, 0, 0, 0][..], &[0, 4, 1, 0], b"GET / HTTP/1.1\r\n", &[5, 0, 0, 0, 9]] {
            let mut inbox = Inbox::new(MOST_AT_THE_DOOR);
            inbox.push(bad);
            assert!(matches!(inbox.take(), Err(WireError::Garbage(_))), "{bad:?}");
        }
    }
}
