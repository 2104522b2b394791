//! The login at a server of PostgreSQL: TLS if it is wanted, the role and its password, and the settings of the session
//! (section 55.2.1 of its manual), within a time-out.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::Instant;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::wire::{ServerError, Wire, server_error};
use super::{Entered, Session};
use crate::foreign;
use crate::protocol::sql::Engine;
use crate::store::server::{Doing, Unexpected};
use crate::store::sql::address::{PostgresAddress, PostgresHost, SslMode};
use crate::store::sql::error::{Denial, SqlError};
use crate::store::sql::net::{Broken, Peer, Plain, Socket, at_name, at_path, secure};
use crate::tls::Trusted;

/// Connects and logs in, with these settings of the session.
pub(super) fn enter(address: &PostgresAddress, session: &Session) -> Result<Entered, SqlError> {
    let deadline = Instant::now() + address.connect_timeout;
    let failed = |broken| broken_error(address, broken);
    let (plain, peer) = find(address, deadline).map_err(|source| match source.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => failed(Broken::TimedOut),
        _ => SqlError::NoServer { address: address.to_string(), source },
    })?;
    plain.wait_at_most(Some(address.connect_timeout)).map_err(|error| failed(error.into()))?;
    let socket = match peer {
        Peer::Tcp(_) => secured(plain, address)?,
        Peer::Unix(_) => Socket::Plain(plain),
    };
    let mut wire = Wire::new(socket);
    let parameters = [
        ("user", address.user.as_str()),
        ("database", address.database.as_str()),
        ("application_name", session.name.as_str()),
        ("client_encoding", "UTF8"),
        // Not the server's own default: statements outside of transactions run at this level.
        ("default_transaction_isolation", "read committed"),
    ];
    let options = address.options.as_deref().map(|options| ("options", options));
    // 0 would mean for ever.
    let lock_timeout = session.lock_timeout.map(|time| time.as_millis().clamp(1, 1 << 30).to_string());
    let lock_timeout = lock_timeout.as_deref().map(|time| ("lock_timeout", time));
    let parameters = parameters.into_iter().chain(options).chain(lock_timeout);
    frontend::startup_message(parameters, &mut wire.outgoing).map_err(|error| failed(error.into()))?;
    wire.send().map_err(failed)?;
    let mut entry = Entry { address, wire, deadline, scram: None, had_password: false };
    let key = entry.be_let_in()?;
    Ok(Entered { wire: entry.wire, peer, key })
}

/// Opens a socket to the server. Returns also where it leads to.
fn find(address: &PostgresAddress, deadline: Instant) -> io::Result<(Plain, Peer)> {
    let file = format!(".s.PGSQL.{}", address.port);
    let mut sockets = address.socket_folders().into_iter().map(|folder| folder.join(&file));
    match &address.host {
        PostgresHost::Name(name) => at_name(name, address.port, deadline),
        PostgresHost::Folder(_) => at_path(&sockets.next().unwrap_or_default()),
        PostgresHost::Usual => match sockets.find(|path| path.exists()) {
            Some(path) => at_path(&path),
            None => at_name("localhost", address.port, deadline),
        },
    }
}

/// Starts TLS on a socket whose other end has agreed to it. As in every client of PostgreSQL (section 34.19 of its
/// manual), `sslmode` says which certificates are trusted: with `require` and `prefer` any; with `verify-ca` and
/// `verify-full` those signed by an authority of the system, or one in `sslrootcert`.
fn with_tls(plain: Plain, address: &PostgresAddress) -> Result<Socket, SqlError> {
    let host = match &address.host {
        PostgresHost::Name(name) => name,
        PostgresHost::Usual | PostgresHost::Folder(_) => "localhost",
    };
    let authorities = address.ssl_root.as_deref();
    let trusted = match address.ssl_mode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require => Trusted::Anybody,
        SslMode::VerifyCa => Trusted::AnyName(authorities),
        SslMode::VerifyFull => Trusted::Named(authorities),
    };
    secure(plain, host, trusted)
        .map(|stream| Socket::Tls(Box::new(stream)))
        .map_err(|wrong| SqlError::Tls { address: address.to_string(), wrong })
}

/// Starts TLS, if it is wanted and the server has it.
fn secured(mut plain: Plain, address: &PostgresAddress) -> Result<Socket, SqlError> {
    if matches!(address.ssl_mode, SslMode::Disable | SslMode::Allow) {
        return Ok(Socket::Plain(plain));
    }
    let failed = |broken| broken_error(address, broken);
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    plain.write_all(&request).map_err(|error| failed(error.into()))?;
    let mut says = [0];
    // Exactly one byte: TLS would not protect what follows it.
    plain.read_exact(&mut says).map_err(|error| failed(error.into()))?;
    match &says {
        b"S" => with_tls(plain, address),
        b"N" if address.ssl_mode == SslMode::Prefer => Ok(Socket::Plain(plain)),
        b"N" => Err(SqlError::NoTls {
            address: address.to_string(),
            setting: format!("sslmode={}", address.ssl_mode),
        }),
        _ => Err(failed(Broken::Strange(Unexpected::Answer))),
    }
}

/// A login under way.
struct Entry<'a> {
    address: &'a PostgresAddress,
    wire: Wire,
    deadline: Instant,
    scram: Option<ScramSha256>,
    had_password: bool,
}

impl Entry<'_> {
    /// Answers the server's questions until it is ready for statements. Returns the key for cancelling statements.
    fn be_let_in(&mut self) -> Result<Option<(i32, i32)>, SqlError> {
        let mut key = None;
        loop {
            let message = self.wire.receive_before(self.deadline).map_err(|broken| self.failed(broken))?;
            match message {
                Message::AuthenticationCleartextPassword => {
                    let password = self.password()?;
                    self.put_password(password.as_bytes())?;
                }
                Message::AuthenticationMd5Password(body) => {
                    let password = self.password()?;
                    let user = self.address.user.as_bytes();
                    let hash = authentication::md5_hash(user, password.as_bytes(), body.salt());
                    self.put_password(hash.as_bytes())?;
                }
                Message::AuthenticationSasl(body) => self.begin_scram(&body)?,
                Message::AuthenticationSaslContinue(body) => {
                    let scram = self.scram.as_mut().map(|scram| (scram.update(body.data()), scram.message()));
                    let (Some((Ok(()), answer)), outgoing) = (scram, &mut self.wire.outgoing) else {
                        return Err(self.strange(Unexpected::ProvesNothing));
                    };
                    let put = frontend::sasl_response(answer, outgoing);
                    put.map_err(|error| self.failed(error.into()))?;
                    self.send()?;
                }
                Message::AuthenticationSaslFinal(body) => {
                    if self.scram.as_mut().is_none_or(|scram| scram.finish(body.data()).is_err()) {
                        return Err(self.strange(Unexpected::KnowsNoPassword));
                    }
                }
                Message::BackendKeyData(body) => key = Some((body.process_id(), body.secret_key())),
                Message::ReadyForQuery(_) => return Ok(key),
                Message::ErrorResponse(body) => return Err(self.denied(&server_error(&body))),
                Message::AuthenticationOk | Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
                _ => {
                    return Err(self.strange(Unexpected::AsksForOtherProof));
                }
            }
        }
    }

    fn begin_scram(&mut self, body: &AuthenticationSaslBody) -> Result<(), SqlError> {
        let mut mechanisms = body.mechanisms();
        let known = std::iter::from_fn(|| mechanisms.next().ok().flatten()).any(|name| name == SCRAM_SHA_256);
        if !known {
            return Err(self.strange(Unexpected::NoScram));
        }
        let password = self.password()?;
        let scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        let outgoing = &mut self.wire.outgoing;
        let put = frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), outgoing);
        put.map_err(|error| self.failed(error.into()))?;
        self.scram = Some(scram);
        self.send()
    }

    fn password(&mut self) -> Result<String, SqlError> {
        let password = self.address.password();
        self.had_password = password.is_some();
        password.ok_or_else(|| self.not_let_in(Denial::AsksForPassword, true))
    }

    fn put_password(&mut self, password: &[u8]) -> Result<(), SqlError> {
        let put = frontend::password_message(password, &mut self.wire.outgoing);
        put.map_err(|error| self.failed(error.into()))?;
        self.send()
    }

    fn send(&mut self) -> Result<(), SqlError> {
        self.wire.send().map_err(|broken| self.failed(broken))
    }

    fn failed(&self, broken: Broken) -> SqlError {
        broken_error(self.address, broken)
    }

    fn strange(&self, came: Unexpected) -> SqlError {
        self.failed(Broken::Strange(came))
    }

    fn not_let_in(&self, why: Denial, lacks_password: bool) -> SqlError {
        SqlError::NotLetIn {
            address: self.address.to_string(),
            user: foreign::shown(&self.address.user).into_owned(),
            engine: Engine::Postgres,
            why,
            lacks_password,
        }
    }

    fn denied(&self, error: &ServerError) -> SqlError {
        let address = self.address.to_string();
        let said = error.said.clone();
        match error.code.as_str() {
            "28P01" => self.not_let_in(Denial::Said(said), !self.had_password),
            "28000" => self.not_let_in(Denial::Said(said), false),
            "3D000" => SqlError::NoDatabase {
                address,
                database: foreign::shown(&self.address.database).into_owned(),
            },
            "53300" => SqlError::Full { address, said },
            _ => SqlError::Rejected { address, doing: Doing::Connect, said, code: error.store_code() },
        }
    }
}

/// The store's error for a connection that broke.
pub(super) fn broken_error(address: &PostgresAddress, broken: Broken) -> SqlError {
    let (place, engine) = (address.to_string(), Engine::Postgres);
    match broken {
        Broken::TimedOut => SqlError::NoAnswer { address: place, engine, within: address.connect_timeout },
        Broken::Strange(came) => SqlError::Strange { address: place, engine, came },
        Broken::Cut(source) => SqlError::Cut { address: place, what: source.to_string() },
    }
}
