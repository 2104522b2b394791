//! Why a purchase has no answer.

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The server's name has no address.
    #[error("no address")]
    NoAddress,
    /// No connection could be opened, or it broke before the request had left.
    #[error("{0}")]
    Unsent(String),
    /// The connection broke later.
    #[error("the connection broke: {0}")]
    Connection(String),
    /// The server closed the connection before its answer began.
    #[error("the server closed the connection without an answer")]
    Closed,
    /// The server closed the connection before its answer was whole.
    #[error("the server closed the connection in the middle of its answer")]
    Cut,
    /// The answer is not HTTP.
    #[error(transparent)]
    NoHttp(#[from] NoHttp),
    /// The program was killed by this signal.
    #[error("killed by signal {0}")]
    Killed(i32),
    /// The race was interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// What came is not an HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHttp {
    /// Its head is too long.
    #[error("the head of the answer is longer than {0} bytes")]
    LongHead(usize),
    /// Its head can't be read.
    #[error("the answer is no HTTP ({why}): {start:?}")]
    Head {
        /// Why not, as the crate says it.
        why: String,
        /// The start of what has come.
        start: String,
    },
    /// Its length is not a number.
    #[error("Content-Length: {0:?}")]
    Length(String),
    /// The size of a chunk is not a number.
    #[error("no size of a chunk: {0:?}")]
    Chunk(String),
    /// A line between chunks is too long.
    #[error("a line between chunks has no end")]
    LongLine,
}
