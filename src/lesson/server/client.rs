//! The customer's side of a conversation with the ticket counter.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, connect, socket};

use super::counter::{Answer, GREETING};

/// How long a customer waits for a connection, and for each line: longer than a counter waits for its message.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest line that it listens to, in bytes. What says more is no ticket counter.
const MOST_LINE: usize = 1024;
/// How much of it is repeated where it makes no sense, in characters.
const MOST_REPEATED: usize = 60;
/// How long it waits before it looks for an interrupt again, in milliseconds.
const TICK_MS: u8 = 50;

/// Why what is at the other end is no ticket counter: the cause of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCounter {
    /// There is no such address.
    #[error("no such address; it takes host:port or a port")]
    NoAddress,
    /// The start of another greeting, quoted.
    #[error("greeted with {0}")]
    Greeting(String),
    /// The start of an answer that no counter gives, quoted.
    #[error("answered with {0}")]
    Answer(String),
    /// So many bytes are no line yet.
    #[error("said more than {0} bytes without an end of line")]
    TooLong(usize),
    /// Nothing came for so many seconds.
    #[error("nothing came within {0} s")]
    Silent(u64),
}

/// A customer who has been greeted.
pub(super) struct Customer<'a> {
    stream: TcpStream,
    /// What was heard and is no line yet, or more than one.
    heard: Vec<u8>,
    /// Set when it is to give up.
    interrupted: &'a AtomicBool,
}

impl<'a> Customer<'a> {
    /// Connects, and takes the greeting.
    pub(super) fn connect(address: SocketAddr, interrupted: &'a AtomicBool) -> io::Result<Self> {
        let stream = connected(address, interrupted)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut customer = Self { stream, heard: Vec::new(), interrupted };
        match customer.line()? {
            greeting if greeting == GREETING => Ok(customer),
            other => Err(io::Error::new(ErrorKind::InvalidData, NoCounter::Greeting(start(&other)))),
        }
    }

    /// Says something.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that there is no more to come.
    pub(super) fn fall_silent(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// What the counter answers, and which process there does.
    pub(super) fn answer(&mut self) -> io::Result<(Answer, u64)> {
        let line = self.line()?;
        let invalid = || io::Error::new(ErrorKind::InvalidData, NoCounter::Answer(start(&line)));
        let (answer, process) = line.split_once(" (process ").ok_or_else(invalid)?;
        let process = process.trim_end_matches(')').parse().map_err(|_| invalid())?;
        Ok((answer.parse().map_err(|_| invalid())?, process))
    }

    /// The next line, or what was said before the counter hung up: within the customer's patience, and no
    /// longer than a line may be.
    fn line(&mut self) -> io::Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return Ok(text(&line));
            }
            if self.heard.len() >= MOST_LINE {
                return Err(io::Error::new(ErrorKind::InvalidData, NoCounter::TooLong(MOST_LINE)));
            }
            wait(&self.stream, PollFlags::POLLIN, until, self.interrupted)?;
            let mut bytes = [0; MOST_LINE];
            match self.stream.read(&mut bytes[self.heard.len()..]) {
                Ok(0) => return Ok(text(&std::mem::take(&mut self.heard))),
                Ok(count) => {
                    let begun = self.heard.len();
                    self.heard.extend_from_slice(&bytes[begun..begun + count]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for Customer<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Connects within a customer's patience. (The standard library's own call is deaf to interrupts.)
fn connected(address: SocketAddr, interrupted: &AtomicBool) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let stream = TcpStream::from(socket(family, SockType::Stream, SockFlag::empty(), None)?);
    stream.set_nonblocking(true)?;
    let begun = match address {
        SocketAddr::V4(address) => connect(stream.as_raw_fd(), &SockaddrIn::from(address)),
        SocketAddr::V6(address) => connect(stream.as_raw_fd(), &SockaddrIn6::from(address)),
    };
    match begun {
        Ok(()) => {}
        Err(Errno::EINPROGRESS | Errno::EINTR) => {
            wait(&stream, PollFlags::POLLOUT, Instant::now() + PATIENCE, interrupted)?;
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
        }
        Err(errno) => return Err(errno.into()),
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Waits until the stream is ready, but not beyond `until`, nor when interrupted.
fn wait(stream: &TcpStream, ready: PollFlags, until: Instant, interrupted: &AtomicBool) -> io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(stream.as_fd(), ready)], PollTimeout::from(TICK_MS)) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
        if interrupted.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        if Instant::now() >= until {
            return Err(io::Error::new(ErrorKind::TimedOut, NoCounter::Silent(PATIENCE.as_secs())));
        }
    }
}

/// A line without its end.
fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}

/// The start of what the other side said, quoted.
fn start(line: &str) -> String {
    let repeated: String = line.chars().take(MOST_REPEATED).collect();
    let rest = if repeated.len() < line.len() { "…" } else { "" };
    format!("{repeated:?}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// What a customer says of a server that greets like this, and then goes on as told.
    fn met(greeting: &[u8], goes_on: impl FnOnce(TcpStream, &AtomicBool) + Send) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let interrupted = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut customer, _) = listener.accept().expect("a customer");
                let _ = customer.write_all(greeting);
                goes_on(customer, &interrupted);
            });
            Customer::connect(address, &interrupted).err().expect("no counter").to_string()
        })
    }

    #[test]
    fn what_is_no_counter_is_not_listened_to_for_long() {
        let endless = |mut customer: TcpStream, _: &AtomicBool| {
            while customer.write_all(&[b'x'; 4096]).is_ok() {}
        };
        assert_eq!(met(b"", endless), "said more than 1024 bytes without an end of line");
        let hangs_up = |_: TcpStream, _: &AtomicBool| {};
        let rude = met(b"\x1b]0;x\x07 220 smtp\n", hangs_up);
        assert_eq!(rude, "greeted with \"\\u{1b}]0;x\\u{7} 220 smtp\"");
        let wordy = met(&[[b'x'; 100].as_slice(), b"\n"].concat(), hangs_up);
        assert_eq!(wordy, format!("greeted with \"{}\"…", "x".repeat(60)));
        // One that says nothing, and one that never gets to the end of its line: an interrupt ends the wait.
        for greeting in [&b""[..], b"\xe4"] {
            let never_ends = |mut customer: TcpStream, interrupted: &AtomicBool| {
                interrupted.store(true, Ordering::Relaxed);
                // Until the customer has gone.
                let _ = customer.read(&mut [0]);
            };
            assert_eq!(met(greeting, never_ends), "interrupted");
        }
    }

    #[test]
    fn a_counter_is_heard_line_by_line() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut customer, _) = listener.accept().expect("a customer");
                // All at once: the second line waits until it is asked for.
                let said = format!("{GREETING}\nSOLD OUT (process 7)\n");
                customer.write_all(said.as_bytes()).expect("said");
            });
            let interrupted = AtomicBool::new(false);
            let mut customer = Customer::connect(address, &interrupted).expect("a counter");
            assert_eq!(customer.answer().expect("an answer"), (Answer::SoldOut, 7));
        });
    }
}
