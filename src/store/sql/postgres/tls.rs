//! TLS to a server of PostgreSQL. Whom it trusts is what `sslmode` says: `require` and `prefer` whomever they
//! meet, as every client of PostgreSQL does (section 34.19 of its manual); `verify-ca` and `verify-full` the
//! authorities of the system, or those in `sslrootcert`.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::socket::Plain;
use crate::foreign;
use crate::store::sql::address::{PostgresAddress, PostgresHost, SslMode};
use crate::store::sql::error::SqlError;
use crate::tls::{self, Trusted};

/// Puts TLS on a socket whose other end has agreed to it.
pub(super) fn on(
    plain: Plain,
    address: &PostgresAddress,
) -> Result<StreamOwned<ClientConnection, Plain>, SqlError> {
    let failed = |what: String| SqlError::Tls {
        address: address.to_string(),
        what: foreign::shown(&what).into_owned(),
    };
    let host = match &address.host {
        PostgresHost::Name(name) => name.clone(),
        PostgresHost::Usual | PostgresHost::Folder(_) => "localhost".to_owned(),
    };
    let name = ServerName::try_from(host).map_err(|error| failed(error.to_string()))?;
    let config = config(address).map_err(failed)?;
    let connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| failed(error.to_string()))?;
    let mut stream = StreamOwned::new(connection, plain);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|error| failed(error.to_string()))?;
    }
    Ok(stream)
}

fn config(address: &PostgresAddress) -> Result<ClientConfig, String> {
    let authorities = address.ssl_root.as_deref();
    tls::client(match address.ssl_mode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require => Trusted::Anybody,
        SslMode::VerifyCa => Trusted::AnyName(authorities),
        SslMode::VerifyFull => Trusted::Named(authorities),
    })
}
