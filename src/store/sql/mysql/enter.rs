//! The login at a server of MariaDB or MySQL: TLS if it is wanted, the user and its password ("Connection Phase" in
//! their manuals), within a time-out.

use std::io::ErrorKind;
use std::time::Instant;

use super::auth::Method;
use super::wire::{Fields, ServerError, Wire};
use crate::foreign;
use crate::protocol::sql::Engine;
use crate::store::server::{Doing, Unexpected};
use crate::store::sql::address::{MysqlAddress, SslMode};
use crate::store::sql::error::{Denial, SqlError};
use crate::store::sql::net::{Broken, Peer, Plain, Socket, at_name, at_path, secure};
use crate::tls::Trusted;

/// A connection after its login.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) wire: Wire,
    /// The number by which the server knows this connection.
    pub(super) number: u64,
}

/// What the client can do ("Capabilities Flags").
mod able {
    pub(super) const LONG_PASSWORD: u32 = 1;
    /// An UPDATE answers how many rows it found, not how many it changed: `ticket = 0` over 0 has found one.
    pub(super) const FOUND_ROWS: u32 = 1 << 1;
    pub(super) const LONG_FLAG: u32 = 1 << 2;
    pub(super) const CONNECT_WITH_DATABASE: u32 = 1 << 3;
    pub(super) const PROTOCOL_41: u32 = 1 << 9;
    pub(super) const TLS: u32 = 1 << 11;
    pub(super) const TRANSACTIONS: u32 = 1 << 13;
    pub(super) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(super) const PLUGIN_AUTH: u32 = 1 << 19;
    /// What every server of the last ten years can do.
    pub(super) const NEEDED: u32 = PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
    pub(super) const ALL: u32 =
        NEEDED | LONG_PASSWORD | FOUND_ROWS | LONG_FLAG | CONNECT_WITH_DATABASE | TRANSACTIONS;
}

/// The longest packet that is sent.
const MOST_SENT: u32 = 1 << 24;
/// utf8mb4_general_ci.
const UTF8: u8 = 45;

/// Connects and logs in.
pub(super) fn enter(address: &MysqlAddress) -> Result<Entered, SqlError> {
    let deadline = Instant::now() + address.connect_timeout;
    let failed = |broken| broken_error(address, broken);
    let (plain, peer) = match address.socket() {
        Some(path) => at_path(&path),
        None => at_name(address.name(), address.port, deadline),
    }
    .map_err(|source| match source.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => failed(Broken::TimedOut),
        _ => SqlError::NoServer { address: address.to_string(), source },
    })?;
    plain.wait_at_most(Some(address.connect_timeout)).map_err(|error| failed(error.into()))?;
    let mut wire = Wire::new(Socket::Plain(plain));
    let packet = wire.receive_before(deadline).map_err(failed)?;
    if let Some(error) = ServerError::of(&packet).map_err(failed)? {
        return Err(denied(address, &error));
    }
    let greeting = Greeting::read(&packet).map_err(failed)?;
    let is_local = matches!(peer, Peer::Unix(_));
    let has_tls = greeting.able & able::TLS != 0;
    let wants_tls = !is_local && address.ssl_mode != SslMode::Disable;
    if wants_tls && !has_tls && !matches!(address.ssl_mode, SslMode::Allow | SslMode::Prefer) {
        return Err(SqlError::NoTls { address: address.to_string(), setting: "ssl-mode".to_owned() });
    }
    let is_secret = is_local || wants_tls && has_tls;
    if wants_tls && has_tls {
        wire = secured(wire, address)?;
    }
    let mut entry = Entry { address, wire, deadline, is_secret, drawn: greeting.drawn.clone() };
    entry.be_let_in(&greeting, wants_tls && has_tls)?;
    Ok(Entered { wire: entry.wire, number: greeting.number })
}

/// The greeting of a server.
struct Greeting {
    number: u64,
    able: u32,
    /// The random bytes with which a password is proven.
    drawn: Vec<u8>,
    method: Option<Method>,
}

impl Greeting {
    fn read(packet: &[u8]) -> Result<Self, Broken> {
        let mut fields = Fields(packet);
        let strange = |came| Err(Broken::Strange(came));
        if fields.bytes(1)? != [10] {
            return strange(Unexpected::Greeting);
        }
        // The version is asked for later: MariaDB puts one of MySQL's before its own here.
        fields.up_to_zero();
        let number = fields.number(4)?;
        let mut drawn = fields.bytes(8)?.to_vec();
        fields.bytes(1)?;
        let low = fields.number(2)?;
        fields.bytes(3)?;
        let able = (low | (fields.number(2)? << 16)) as u32;
        if able & able::NEEDED != able::NEEDED {
            return strange(Unexpected::TooOld);
        }
        let count = fields.number(1)?;
        fields.bytes(10)?;
        // A zero follows them.
        let rest = fields.bytes(usize::try_from(count).unwrap_or(0).saturating_sub(8).max(13))?;
        drawn.extend_from_slice(&rest[..rest.len() - 1]);
        Ok(Self { number, able, drawn, method: Method::named(fields.up_to_zero()) })
    }
}

/// Asks for TLS and starts it.
fn secured(mut wire: Wire, address: &MysqlAddress) -> Result<Wire, SqlError> {
    let failed = |broken| broken_error(address, broken);
    wire.put(|packet| put_head(packet, able::ALL | able::TLS));
    wire.send().map_err(failed)?;
    let (plain, number): (Plain, u8) = wire.into_plain().map_err(failed)?;
    let authorities = address.ssl_root.as_deref();
    let trusted = match address.ssl_mode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require => Trusted::Anybody,
        SslMode::VerifyCa => Trusted::AnyName(authorities),
        SslMode::VerifyFull => Trusted::Named(authorities),
    };
    let stream = secure(plain, address.name(), trusted)
        .map_err(|wrong| SqlError::Tls { address: address.to_string(), wrong })?;
    Ok(Wire::resumed(Socket::Tls(Box::new(stream)), number))
}

/// The begin of the client's first two packets.
fn put_head(packet: &mut Vec<u8>, able: u32) {
    packet.extend_from_slice(&able.to_le_bytes());
    packet.extend_from_slice(&MOST_SENT.to_le_bytes());
    packet.push(UTF8);
    packet.extend_from_slice(&[0; 23]);
}

/// A login under way.
struct Entry<'a> {
    address: &'a MysqlAddress,
    wire: Wire,
    deadline: Instant,
    /// Whether nobody else can read the connection.
    is_secret: bool,
    drawn: Vec<u8>,
}

impl Entry<'_> {
    fn be_let_in(&mut self, greeting: &Greeting, is_tls: bool) -> Result<(), SqlError> {
        // If we do not have the method, the server asks for it by its name later, or not at all.
        let method = greeting.method.filter(|method| *method != Method::Clear).unwrap_or(Method::Native);
        let proof = method.proof(self.address.password().unwrap_or_default(), &self.drawn);
        let able = if is_tls { able::ALL | able::TLS } else { able::ALL };
        let address = self.address;
        self.wire.put(|packet| {
            put_head(packet, able);
            packet.extend_from_slice(address.user.as_bytes());
            packet.extend_from_slice(&[0, proof.len() as u8]);
            packet.extend_from_slice(&proof);
            for text in [address.database.as_bytes(), method.name()] {
                packet.extend_from_slice(text);
                packet.push(0);
            }
        });
        self.send()?;
        loop {
            let packet = self.wire.receive_before(self.deadline).map_err(|broken| self.failed(broken))?;
            match packet.split_first() {
                Some((0x00, _)) => return Ok(()),
                Some((0xff, _)) => {
                    let error = ServerError::of(&packet).map_err(|broken| self.failed(broken))?;
                    return Err(error.map_or_else(
                        || self.strange(Unexpected::Nothing),
                        |error| denied(self.address, &error),
                    ));
                }
                Some((0xfe, rest)) => self.switch(rest)?,
                // It knows the password from an earlier login.
                Some((0x01, [0x03])) => {}
                Some((0x01, [0x04])) => self.tell_password()?,
                _ => {
                    return Err(self.strange(Unexpected::AsksForOtherProof));
                }
            }
        }
    }

    /// The account is proven by another method than the server's usual one.
    fn switch(&mut self, request: &[u8]) -> Result<(), SqlError> {
        let mut fields = Fields(request);
        let name = fields.up_to_zero();
        let Some(method) = Method::named(name) else {
            let name = String::from_utf8_lossy(name).chars().take(60).collect::<String>();
            return Err(self.not_let_in(Denial::Method(foreign::shown(&name).into_owned())));
        };
        if method == Method::Clear {
            return self.tell_password();
        }
        self.drawn = fields.up_to_zero().to_vec();
        let proof = method.proof(self.address.password().unwrap_or_default(), &self.drawn);
        self.wire.put(|packet| packet.extend_from_slice(&proof));
        self.send()
    }

    /// Sends the password itself, if nobody else can read it.
    fn tell_password(&mut self) -> Result<(), SqlError> {
        if !self.is_secret {
            return Err(self.not_let_in(Denial::NotSecret));
        }
        let proof = Method::Clear.proof(self.address.password().unwrap_or_default(), &[]);
        self.wire.put(|packet| packet.extend_from_slice(&proof));
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

    fn not_let_in(&self, why: Denial) -> SqlError {
        not_let_in(self.address, why, false)
    }
}

fn not_let_in(address: &MysqlAddress, why: Denial, lacks_password: bool) -> SqlError {
    SqlError::NotLetIn {
        address: address.to_string(),
        user: foreign::shown(&address.user).into_owned(),
        engine: Engine::Mysql,
        why,
        lacks_password,
    }
}

/// Why the server does not let us in.
fn denied(address: &MysqlAddress, error: &ServerError) -> SqlError {
    let place = address.to_string();
    let said = error.said.clone();
    match error.number {
        1045 | 1698 => not_let_in(address, Denial::Said(said), address.password().is_none()),
        // No right to the database, or not from this machine.
        1044 | 1129 | 1130 => not_let_in(address, Denial::Said(said), false),
        1049 => {
            SqlError::NoDatabase { address: place, database: foreign::shown(&address.database).into_owned() }
        }
        1040 | 1203 | 1226 => SqlError::Full { address: place, said },
        _ => SqlError::Rejected { address: place, doing: Doing::Connect, said, code: error.store_code() },
    }
}

/// The store's error for a connection that broke.
pub(super) fn broken_error(address: &MysqlAddress, broken: Broken) -> SqlError {
    let (place, engine) = (address.to_string(), Engine::Mysql);
    match broken {
        Broken::TimedOut => SqlError::NoAnswer { address: place, engine, within: address.connect_timeout },
        Broken::Strange(came) => SqlError::Strange { address: place, engine, came },
        Broken::Cut(source) => SqlError::Cut { address: place, what: source.to_string() },
    }
}

#[cfg(test)]
mod tests;
