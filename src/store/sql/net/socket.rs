//! A socket to a server: of the network or of this machine, with TLS or without.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};

/// An open socket.
#[derive(Debug)]
pub(in crate::store::sql) enum Socket {
    /// Without TLS.
    Plain(Plain),
    /// With TLS.
    Tls(Box<StreamOwned<ClientConnection, Plain>>),
}

/// A socket without TLS.
#[derive(Debug)]
pub(in crate::store::sql) enum Plain {
    /// Of the network.
    Tcp(TcpStream),
    /// Of this machine.
    Unix(UnixStream),
}

/// Where a socket leads to: another connection with the same server needs no name then.
#[derive(Clone, Debug)]
pub(in crate::store::sql) enum Peer {
    /// A machine and a port.
    Tcp(SocketAddr),
    /// A socket's path.
    Unix(PathBuf),
}

impl Peer {
    /// Opens a socket to it.
    pub(in crate::store::sql) fn connect(&self, within: Duration) -> io::Result<Plain> {
        match self {
            Peer::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, within)?;
                // Each statement is sent at once, as a packet of its own.
                stream.set_nodelay(true)?;
                Ok(Plain::Tcp(stream))
            }
            Peer::Unix(path) => UnixStream::connect(path).map(Plain::Unix),
        }
    }
}

/// Opens the socket at this path. Returns also where it leads to.
pub(in crate::store::sql) fn at_path(path: &Path) -> io::Result<(Plain, Peer)> {
    let peer = Peer::Unix(path.to_owned());
    Ok((peer.connect(Duration::ZERO)?, peer))
}

/// Opens a socket to the first of a name's addresses that answers. Returns also where it leads to.
pub(in crate::store::sql) fn at_name(name: &str, port: u16, deadline: Instant) -> io::Result<(Plain, Peer)> {
    let mut failed = None;
    for address in (name, port).to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        let peer = Peer::Tcp(address);
        match peer.connect(left) {
            Ok(plain) => return Ok((plain, peer)),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| ErrorKind::NotFound.into()))
}

impl Socket {
    /// How long one read may take.
    pub(in crate::store::sql) fn wait_at_most(&self, time: Option<Duration>) -> io::Result<()> {
        self.plain().wait_at_most(time)
    }

    /// From now on no read and no write waits.
    pub(in crate::store::sql) fn never_wait(&self) -> io::Result<()> {
        match self.plain() {
            Plain::Tcp(stream) => stream.set_nonblocking(true),
            Plain::Unix(stream) => stream.set_nonblocking(true),
        }
    }

    /// Its file descriptor.
    pub(in crate::store::sql) fn descriptor(&self) -> BorrowedFd<'_> {
        match self.plain() {
            Plain::Tcp(stream) => stream.as_fd(),
            Plain::Unix(stream) => stream.as_fd(),
        }
    }

    fn plain(&self) -> &Plain {
        match self {
            Socket::Plain(plain) => plain,
            Socket::Tls(stream) => &stream.sock,
        }
    }
}

impl Plain {
    /// How long one read, or one write, may take.
    pub(in crate::store::sql) fn wait_at_most(&self, time: Option<Duration>) -> io::Result<()> {
        match self {
            Plain::Tcp(stream) => stream.set_read_timeout(time).and(stream.set_write_timeout(time)),
            Plain::Unix(stream) => stream.set_read_timeout(time).and(stream.set_write_timeout(time)),
        }
    }
}

impl Read for Plain {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Plain::Tcp(stream) => stream.read(bytes),
            Plain::Unix(stream) => stream.read(bytes),
        };
        // TLS would read again after a signal; we want to check whether to stop.
        read.map_err(|error| match error.kind() {
            ErrorKind::Interrupted => ErrorKind::WouldBlock.into(),
            _ => error,
        })
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Plain::Tcp(stream) => stream.write(bytes),
            Plain::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Plain(plain) => plain.read(bytes),
            Socket::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Plain(plain) => plain.write(bytes),
            Socket::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Socket::Plain(plain) => plain.flush(),
            Socket::Tls(stream) => stream.flush(),
        }
    }
}
