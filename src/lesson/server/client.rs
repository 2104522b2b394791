//! The customer's side of a conversation with the ticket counter.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::counter::{Answer, GREETING};

/// How long a customer waits for an answer: longer than a counter waits for its message.
const PATIENCE: Duration = Duration::from_secs(60);

/// A customer who has been greeted.
pub(super) struct Customer {
    stream: BufReader<TcpStream>,
}

impl Customer {
    /// Connects, and takes the greeting.
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut customer = Self { stream: BufReader::new(stream) };
        match customer.line()? {
            greeting if greeting == GREETING => Ok(customer),
            other => Err(io::Error::new(ErrorKind::InvalidData, format!("greeted with {other:?}"))),
        }
    }

    /// Says something.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that there is no more to come.
    pub(super) fn fall_silent(&mut self) -> io::Result<()> {
        self.stream.get_mut().shutdown(Shutdown::Write)
    }

    /// What the counter answers, and which process there does.
    pub(super) fn answer(&mut self) -> io::Result<(Answer, u64)> {
        let line = self.line()?;
        let invalid = || io::Error::new(ErrorKind::InvalidData, format!("answered with {line:?}"));
        let (answer, process) = line.split_once(" (process ").ok_or_else(invalid)?;
        let process = process.trim_end_matches(')').parse().map_err(|_| invalid())?;
        Ok((answer.parse().map_err(|_| invalid())?, process))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl AsFd for Customer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().as_fd()
    }
}
