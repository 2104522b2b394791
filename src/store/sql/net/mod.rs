//! What the clients of all servers share: a socket, with TLS or without, and the ways in which it fails.

mod socket;

use std::io::{self, ErrorKind};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

pub(super) use socket::{Peer, Plain, Socket, at_name, at_path};

use crate::store::server::Unexpected;
use crate::tls::{self, TlsError, Trusted};

/// Why no message came.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection is gone.
    Cut(io::Error),
    /// It took too long.
    TimedOut,
    /// What came is not a message of such a server.
    Strange(Unexpected),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Broken::TimedOut,
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                Broken::Strange(Unexpected::other(&error.to_string()))
            }
            _ => Broken::Cut(error),
        }
    }
}

/// Starts TLS on a socket whose other end has agreed to it and has this name.
pub(super) fn secure(
    plain: Plain,
    host: &str,
    trusted: Trusted<'_>,
) -> Result<StreamOwned<ClientConnection, Plain>, TlsError> {
    let name = ServerName::try_from(host.to_owned()).map_err(TlsError::said)?;
    let config = Arc::new(tls::client(trusted)?);
    let connection = ClientConnection::new(config, name).map_err(TlsError::said)?;
    let mut stream = StreamOwned::new(connection, plain);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(TlsError::said)?;
    }
    Ok(stream)
}
