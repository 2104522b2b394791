//! Why a connection is of no use any more, and why a host can't go on.

use std::io;
use std::time::Duration;

/// Why a connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other side has closed it, or died.
    #[error("the connection was closed")]
    Closed,
    /// The other side says nothing.
    #[error("nothing was heard for {} ms", .0.as_millis())]
    Silent(Duration),
    /// What came is not understood.
    #[error("what came is not what ticketsim says: {0}")]
    Garbage(Garbage),
    /// The name of the other side has no address.
    #[error("it has no address")]
    NoAddress,
    /// The system says so.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => WireError::Closed,
            _ => WireError::Io(error),
        }
    }
}

impl From<Garbage> for WireError {
    fn from(garbage: Garbage) -> Self {
        WireError::Garbage(garbage)
    }
}

/// What came that a lead or a host never says, or not then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Garbage {
    /// A frame of this length.
    #[error("a frame of {0} bytes")]
    Length(usize),
    /// A frame of this kind.
    #[error("a frame of kind {0}")]
    Kind(u8),
    /// A frame that lacks its end.
    #[error("a frame that ends too early")]
    Short,
    /// Numbers instead of words.
    #[error("numbers where words were to come")]
    NoWords,
    /// Words that are not understood, in the words of the reader of JSON.
    #[error("{0}")]
    Words(String),
    /// A purchase that no buyer can have made.
    #[error("a purchase that can't be")]
    Purchase,
    /// Purchases that no buyer of that host can have made.
    #[error("purchases that can't be its own")]
    Purchases,
    /// Counts of buyers that the host does not have.
    #[error("counts of other buyers")]
    Counts,
    /// More mishaps than a host can have, or longer ones.
    #[error("more mishaps than there can be")]
    Mishaps,
    /// A ping, which only a lead sends.
    #[error("a ping of a host")]
    Ping,
    /// Pings of a lead that does not read the answers.
    #[error("pings whose answers nobody reads")]
    Pings,
    /// The first word is another one than the challenge.
    #[error("another greeting")]
    Greeting,
    /// A greeting after the first word.
    #[error("a greeting in the middle")]
    LateGreeting,
    /// Another word than the plan.
    #[error("no plan")]
    NoPlan,
    /// Another word than the go.
    #[error("another word than the go")]
    NoGo,
    /// A go in a minute or later.
    #[error("a go that lies far ahead")]
    FarGo,
    /// A word that is not to come then.
    #[error("a word out of place")]
    OutOfPlace,
    /// More words than a host can answer.
    #[error("more words than can be heeded")]
    TooMany,
}

/// Why a host can't go on with its share of a sale, as its lead knows it.
#[derive(Debug, thiserror::Error)]
pub enum HostTrouble {
    /// It says so, in these words.
    #[error("{0}")]
    Said(String),
    /// It can't say what is on sale.
    #[error(transparent)]
    Unseen(#[from] Unseen),
    /// Its connection is of no use any more.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// A host can't say what is on sale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", self.why(), self.aside())]
pub struct Unseen {
    /// Why, in its words; empty if it does not say.
    pub why: String,
    /// Whether it goes to the store by the address that the lead has for it. Then it takes no password along.
    pub by_leads_address: bool,
}

impl Unseen {
    fn why(&self) -> &str {
        if self.why.is_empty() { "it can't say what is on sale" } else { &self.why }
    }

    const fn aside(&self) -> &'static str {
        if self.by_leads_address {
            " (a host's passwords and settings are not for an address that the lead names)"
        } else {
            ""
        }
    }
}
