//! The protocols at the gate, as far as the gate must understand them: where a statement and its answer begin and end.
//! No byte is changed.

pub(super) mod postgres;
pub(super) mod redis;

/// The bytes are not of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProtocol {
    /// A client's greeting is not PostgreSQL's.
    #[error("a client does not speak the protocol of PostgreSQL")]
    Greeting,
    /// No message of PostgreSQL has this length.
    #[error("a message of {0} bytes")]
    Length(usize),
    /// A value of Redis is too long, or too deep.
    #[error("a value of Redis that is too long")]
    LongValue,
    /// A line is not Redis's.
    #[error("what is no protocol of Redis: {0:?}")]
    Redis(String),
}
