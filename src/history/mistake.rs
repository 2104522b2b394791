//! Why a history can't be read, and where.

use serde_json::value::RawValue;

use super::line_error::LineError;
use super::reading::Format;

/// The longest line of a history, in bytes.
pub const MOST_LINE_BYTES: usize = 1 << 20;

/// Why a history can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system reported an error.
    #[error("{name}: can't be read")]
    Io {
        /// The file or stream.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is broken.
    #[error("{name}:{line}:{}{what}", column.map_or_else(|| " ".to_owned(), |column| format!("{column}: ")))]
    Line {
        /// The file or stream.
        name: String,
        /// Which line, from 1.
        line: u32,
        /// Where in the line, in bytes from 1; `None` if it is about the whole line.
        column: Option<usize>,
        /// What is wrong.
        what: LineError,
        /// What the file looks like, if that is another format than the one it was read in.
        looks: Option<Format>,
    },
    /// It has no lines.
    #[error(
        "{name}: empty; a history has a line for each purchase, like \
         {{\"buyer\":1,\"invoke_ns\":10,\"return_ns\":25,\"outcome\":\"bought\"}}"
    )]
    Empty {
        /// The file or stream.
        name: String,
    },
}

impl ReadError {
    /// An error about a line of this stream.
    pub(in crate::history) fn at(name: &str, line: u32, mistake: Mistake) -> Self {
        let Mistake { column, what, .. } = mistake;
        Self::Line { name: name.to_owned(), line, column, what, looks: None }
    }

    /// An error of the system while this stream was read.
    pub(crate) fn io(name: &str) -> impl Fn(std::io::Error) -> Self + '_ {
        move |source| Self::Io { name: name.to_owned(), source }
    }
}

/// What is wrong with a line, and where in it.
#[derive(Debug)]
pub(in crate::history) struct Mistake {
    pub(in crate::history) column: Option<usize>,
    pub(in crate::history) what: LineError,
    /// Whether the line is only incomplete.
    pub(in crate::history) cut_short: bool,
}

impl Mistake {
    /// The line as a whole is wrong.
    pub(in crate::history) fn whole(what: impl Into<LineError>) -> Self {
        Self { column: None, what: what.into(), cut_short: false }
    }

    /// This member of the line is wrong.
    pub(in crate::history) fn at(line: &[u8], member: &RawValue, what: impl Into<LineError>) -> Self {
        // The member borrows from the line, so this is its position there.
        let offset = member.get().as_ptr().addr() - line.as_ptr().addr();
        Self { column: Some(offset + 1), what: what.into(), cut_short: false }
    }
}

impl From<serde_json::Error> for Mistake {
    fn from(error: serde_json::Error) -> Self {
        Self { column: Some(error.column().max(1)), what: LineError::json(&error), cut_short: error.is_eof() }
    }
}
