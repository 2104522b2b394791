//! Why a sale at a Redis server failed, as data and in one sentence each.

use std::io;
use std::time::Duration;

use crate::stock::Stock;
use crate::store::server::{Doing, Unexpected};
use crate::tls::TlsError;

impl RedisError {
    /// Whether the error may pass: the server does not answer, or is starting.
    #[must_use]
    pub(super) fn may_pass(&self) -> bool {
        match self {
            RedisError::NoServer { .. } | RedisError::Cut { .. } => true,
            RedisError::Rejected { said, .. } => said.starts_with("LOADING"),
            _ => false,
        }
    }
}

/// Why a Redis server could not be sold from.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The store was left out of this build.
    #[error("this build has no Redis")]
    NotBuiltIn,
    /// Nobody answers there.
    #[error("{address}: no server there: {source}")]
    NoServer {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Something accepts the connection but does not answer.
    #[error(
        "{address}: no answer within {}; is that a Redis server, and does it {}?",
        humantime::format_duration(*.within),
        if .address.starts_with("rediss:") { "speak TLS (else redis://)" } else { "want TLS (rediss://)" }
    )]
    NoAnswer {
        /// Where.
        address: String,
        /// How long we waited.
        within: Duration,
    },
    /// The answer is not that of a Redis server.
    #[error("{address}: no Redis server: {came}")]
    Strange {
        /// Where.
        address: String,
        /// What came.
        came: Unexpected,
    },
    /// The connection broke.
    #[error("{address}: the connection was cut: {what}")]
    Cut {
        /// Where.
        address: String,
        /// Why.
        what: String,
    },
    /// The server rejected the user or the password.
    #[error("{address}: not let in: {said}{}", if *.had_password { "" } else { "; no password was at hand" })]
    NotLetIn {
        /// Where.
        address: String,
        /// What the server said.
        said: String,
        /// Whether there was a password.
        had_password: bool,
    },
    /// TLS failed.
    #[error("{address}: TLS: {wrong}")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        wrong: TlsError,
    },
    /// The server takes no more connections.
    #[error("{address}: the server takes no more connections ({said})")]
    Full {
        /// Where.
        address: String,
        /// What the server said.
        said: String,
    },
    /// The user may not do this, or nobody may.
    #[error("{address}: {doing} is not allowed: {said}")]
    NotAllowed {
        /// Where.
        address: String,
        /// What was tried.
        doing: Doing,
        /// What the server said.
        said: String,
    },
    /// A key of that name exists that is not ours.
    #[error("{address}: there is a key {key} that is not ours ({found}); it stays as it is")]
    OtherShape {
        /// Where.
        address: String,
        /// Which key.
        key: String,
        /// How it differs.
        found: OtherKey,
    },
    /// Nothing was put on sale, or the server has lost it.
    #[error("{address}: there is no sale {name}")]
    NoSale {
        /// Where.
        address: String,
        /// Its name.
        name: String,
    },
    /// A negative number of tickets.
    #[error("{0} tickets: it takes a whole number from 0")]
    Tickets(Stock),
    /// Any other error of the server.
    #[error("{address}: {doing} failed: {said}")]
    Rejected {
        /// Where.
        address: String,
        /// What was tried.
        doing: Doing,
        /// What the server said.
        said: String,
    },
}

/// What a key of the sale's name holds instead of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtherKey {
    /// A value of this type.
    #[error("it holds a {0}")]
    Kind(String),
    /// This text, which is no number.
    #[error("it holds {0:?}")]
    Text(String),
}
