//! Where a database is: `sqlite:PATH`, `postgres://…`, `mysql://…`. Its printed form has no password, so it can be shown
//! to anybody, and given to the tool again.

mod mysql;
mod postgres;
mod url;

pub(in crate::store) use url::{Url, escaped, wrong};

use std::path::{Path, PathBuf};

pub use mysql::{MysqlAddress, MysqlHost};
pub use postgres::{PostgresAddress, PostgresHost, SslMode};

use crate::closed_set::UnknownName;
use crate::foreign;
use crate::protocol::sql::Engine;

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// The file of a database of SQLite.
    Sqlite(PathBuf),
    /// A server of PostgreSQL, and a database there.
    Postgres(Box<PostgresAddress>),
    /// A server of MariaDB or MySQL, and a database there.
    Mysql(Box<MysqlAddress>),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// It does not begin like one.
    #[error(
        "no store: it takes sqlite:PATH, postgres://USER@HOST:PORT/DATABASE, mysql://USER@HOST:PORT/DATABASE, or redis://HOST:PORT/DB"
    )]
    Unknown,
    /// It is the address of another store than Redis.
    #[error("no Redis server: it takes redis://HOST:PORT/DB")]
    NoRedis,
    /// A database that exists only within one connection.
    #[error("{0:?} lives in one connection, and each buyer has its own: name a file, sqlite:PATH")]
    InMemory(String),
    /// No path.
    #[error("sqlite: needs the path of a file, like sqlite:shop.db")]
    NoPath,
    /// A path behind two slashes.
    #[error("sqlite: takes a path as it is, without //, like sqlite:shop.db or sqlite:/var/shop.db")]
    Slashes,
    /// Another host says what only this host may say.
    #[error("{0}: that is for this host to say, and not for others")]
    OfThisHost(HostPart),
    /// Something in the address of a server.
    #[error("{part}: {wrong}")]
    Part {
        /// Which part.
        part: String,
        /// What is wrong with it. It never contains a password.
        wrong: PartMistake,
    },
}

/// A part of an address that only the host itself may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostPart {
    /// The path of a file.
    #[error("its path")]
    Path,
    /// The folder of a socket.
    #[error("the folder of its socket")]
    SocketFolder,
    /// This parameter.
    #[error("{0}")]
    Parameter(&'static str),
}

/// What is wrong with a part of an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartMistake {
    /// There are several of it.
    #[error("several of them: it takes one")]
    Several,
    /// An IPv6 address has no end.
    #[error("no ] closes its [")]
    NoBracket,
    /// A % that stands for nothing.
    #[error("a % stands before two digits to the base 16; the sign itself is %25")]
    Percent,
    /// Its bytes are no text.
    #[error("it is not valid UTF-8")]
    NoText,
    /// It names no machine.
    #[error("{0:?} is no name of a machine")]
    NoMachine(String),
    /// It is no such number.
    #[error("{given:?}: it takes a number from {from} to {most}")]
    Number {
        /// What was given.
        given: String,
        /// The least.
        from: u32,
        /// The most.
        most: u32,
    },
    /// It is no such time.
    #[error("it takes whole seconds from 1 to 3600")]
    Seconds,
    /// It is none of these.
    #[error("{given:?}: one of {known}")]
    OneOf {
        /// What was given.
        given: String,
        /// What there is.
        known: String,
    },
    /// It is none of a closed set.
    #[error(transparent)]
    Name(UnknownName),
    /// It is missing; how it is named.
    #[error("none is named: {0}")]
    Missing(&'static str),
    /// There is no such parameter; those that there are.
    #[error("no such parameter; there are: {0}")]
    NoParameter(&'static str),
    /// There is no such parameter; the only one that there is names the trusted authorities.
    #[error("no such parameter; there is: cacert=FILE (PEM), with rediss://")]
    OnlyAuthorities,
}

impl Address {
    /// Reads an address. Missing parts come from the environment, as in the engine's own client.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        Self::parse_in(text, &|name| std::env::var(name).ok())
    }

    /// Reads an address that another host has named: no password or setting of this host goes there, and none of its
    /// files is read.
    ///
    /// # Errors
    /// What is wrong with it, or which of its parts is a matter of this host.
    pub fn parse_strangers(text: &str) -> Result<Self, NoAddress> {
        let address = Self::parse_in(text, &|_| None)?;
        let of_this_host = match &address {
            Address::Sqlite(_) => Some(HostPart::Path),
            Address::Postgres(address) => address.of_this_host(),
            Address::Mysql(address) => address.of_this_host(),
        };
        match of_this_host {
            Some(part) => Err(NoAddress::OfThisHost(part)),
            None => Ok(address),
        }
    }

    /// The same, in this environment.
    fn parse_in(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, NoAddress> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite_path(path).map(Address::Sqlite);
        }
        if let Some(rest) = text.strip_prefix("mysql://").or_else(|| text.strip_prefix("mariadb://")) {
            return MysqlAddress::parse(rest, environment).map(|address| Address::Mysql(Box::new(address)));
        }
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let rest = rest.ok_or(NoAddress::Unknown)?;
        PostgresAddress::parse(rest, environment).map(|address| Address::Postgres(Box::new(address)))
    }

    /// Which engine is there.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Address::Sqlite(_) => Engine::Sqlite,
            Address::Postgres(_) => Engine::Postgres,
            Address::Mysql(_) => Engine::Mysql,
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Sqlite(path) => write!(f, "sqlite:{}", foreign::path(path)),
            Address::Postgres(address) => address.fmt(f),
            Address::Mysql(address) => address.fmt(f),
        }
    }
}

fn sqlite_path(path: &str) -> Result<PathBuf, NoAddress> {
    if path.is_empty() {
        return Err(NoAddress::NoPath);
    }
    if path == ":memory:" || path.starts_with("file:") {
        return Err(NoAddress::InMemory(foreign::shown(path).into_owned()));
    }
    if path.starts_with("//") && !path.starts_with("///") {
        return Err(NoAddress::Slashes);
    }
    Ok(Path::new(path).to_owned())
}

#[cfg(test)]
mod tests;
