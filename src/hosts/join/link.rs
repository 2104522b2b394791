//! The connection of a host to its lead. It never blocks: the launcher of the buyers attends to it between other tasks.

use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::history::monotonic_ns;
use crate::hosts::clock::{pinged, pong};
use crate::hosts::trouble::{Garbage, WireError};
use crate::hosts::wire::{
    Frame, Inbox, Kind, LEAD_SILENCE, MOST_AT_THE_DOOR, MOST_FRAME, is_patience, read_some,
};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);

/// The most bytes that may wait for the lead to read them: more than purchases ever need.
const MOST_UNREAD: usize = 16 << 20;
/// The most reads in a row: a lead that goes on talking must not keep a host from its other tasks.
const MOST_READS: u32 = 16;

/// The connection.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    inbox: Inbox,
    /// What is to be sent, and how much of it was sent.
    outbox: Vec<u8>,
    sent: usize,
    heard_at: Instant,
    /// How long the other side may be silent.
    patience: Duration,
}

impl Link {
    /// Connects to the lead at this address.
    ///
    /// # Errors
    /// When no program listens there.
    pub(super) fn connect(address: &str) -> Result<Self, WireError> {
        let mut last = None;
        for address in address.to_socket_addrs().map_err(WireError::Io)? {
            match TcpStream::connect_timeout(&address, CONNECTING) {
                Ok(stream) => return Self::new(stream).map_err(WireError::Io),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or(WireError::NoAddress, WireError::Io))
    }

    fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            inbox: Inbox::new(MOST_AT_THE_DOOR),
            outbox: Vec::new(),
            sent: 0,
            heard_at: Instant::now(),
            patience: CONNECTING,
        })
    }

    /// The other side has proven that it is the lead: from now on it sends something all the time, and frames may be longer.
    pub(super) fn trust(&mut self) {
        self.inbox.allow(MOST_FRAME);
        self.patience = LEAD_SILENCE;
        self.heard_at = Instant::now();
    }

    /// Adds bytes to what is to be sent.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.outbox.extend(bytes);
    }

    /// How much is still to be sent.
    pub(super) fn unsent(&self) -> usize {
        self.outbox.len() - self.sent
    }

    /// Reads what has come, sends what can be sent, and answers pings. Returns all other frames.
    ///
    /// # Errors
    /// When the lead is gone.
    pub(super) fn attend(&mut self) -> Result<Vec<Frame>, WireError> {
        let mut frames = Vec::new();
        let mut reads = 0;
        let end = loop {
            let came_ns = monotonic_ns();
            while let Some(frame) = self.inbox.take()? {
                self.heard_at = Instant::now();
                match frame.kind {
                    Kind::Ping if self.unsent() > MOST_UNREAD => {
                        return Err(Garbage::Pings.into());
                    }
                    Kind::Ping => self.send(&pong(pinged(&frame.body)?, came_ns, monotonic_ns())),
                    _ => frames.push(frame),
                }
            }
            match read_some(&self.stream, &mut self.inbox) {
                Ok(true) if reads < MOST_READS => reads += 1,
                Ok(_) => break None,
                Err(error) => break Some(error),
            }
        };
        match end {
            // What was said before the lead closed still counts.
            Some(WireError::Closed) if !frames.is_empty() => return Ok(frames),
            Some(error) => return Err(error),
            None => {}
        }
        if self.heard_at.elapsed() >= self.patience {
            return Err(WireError::Silent(self.heard_at.elapsed()));
        }
        self.flush()?;
        Ok(frames)
    }

    /// Sends what can be sent, and takes one frame, if it has come. What follows it may be longer, and waits.
    ///
    /// # Errors
    /// When the other side is gone, or says nothing.
    pub(super) fn attend_one(&mut self) -> Result<Option<Frame>, WireError> {
        self.flush()?;
        if let Some(frame) = self.inbox.take()? {
            return Ok(Some(frame));
        }
        read_some(&self.stream, &mut self.inbox)?;
        let frame = self.inbox.take()?;
        if frame.is_some() {
            self.heard_at = Instant::now();
        } else if self.heard_at.elapsed() >= self.patience {
            return Err(WireError::Silent(self.heard_at.elapsed()));
        }
        Ok(frame)
    }

    fn flush(&mut self) -> Result<(), WireError> {
        while self.unsent() > 0 {
            match (&self.stream).write(&self.outbox[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if is_patience(&error) => break,
                Err(error) => return Err(error.into()),
            }
        }
        if self.unsent() == 0 {
            self.outbox.clear();
            self.sent = 0;
        } else if self.sent > MOST_FRAME {
            self.outbox.drain(..self.sent);
            self.sent = 0;
        }
        Ok(())
    }

    /// Waits until something has come, or something that waits can be sent, for this long at most; a signal ends it early.
    pub(super) fn wait(&self, within: Duration) {
        let mut flags = PollFlags::POLLIN;
        flags.set(PollFlags::POLLOUT, self.unsent() > 0);
        let millis = u16::try_from(within.as_millis()).unwrap_or(u16::MAX);
        if poll(&mut [PollFd::new(self.stream.as_fd(), flags)], PollTimeout::from(millis))
            == Err(Errno::EINVAL)
        {
            std::thread::sleep(within);
        }
    }
}
