//! What the errors of all servers share: what was asked of a server, what came instead of an answer, and which limit of
//! connections counts.

use crate::foreign;
use crate::protocol::StepKind;

/// What a server was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doing {
    /// Take a connection.
    #[error("connecting")]
    Connect,
    /// Let a user in.
    #[error("being let in")]
    LogIn,
    /// Take one of its databases.
    #[error("choosing the database")]
    ChooseDatabase,
    /// Call a session by a name.
    #[error("giving the session a name")]
    NameSession,
    /// Prepare the statements of a sale.
    #[error("preparing the statements")]
    Prepare,
    /// Load a script.
    #[error("loading a script")]
    LoadScript,
    /// Say whether the sale is there.
    #[error("looking for the sale")]
    LookForSale,
    /// Put tickets on sale.
    #[error("putting tickets on sale")]
    PutOnSale,
    /// Say the stock.
    #[error("reading the stock")]
    ReadStock,
    /// Write the stock.
    #[error("writing the stock")]
    WriteStock,
    /// Remove the sale.
    #[error("removing the sale")]
    RemoveSale,
    /// Say its settings.
    #[error("reading the settings")]
    ReadSettings,
    /// Say its version.
    #[error("reading the version")]
    ReadVersion,
    /// Say the user's role.
    #[error("reading the role")]
    ReadRole,
    /// Say which tables there are.
    #[error("reading the schema")]
    ReadSchema,
    /// Say which keys its tables have.
    #[error("reading the keys")]
    ReadKeys,
    /// Say how many connections it has.
    #[error("counting connections")]
    CountConnections,
    /// End connections.
    #[error("ending connections")]
    EndConnections,
    /// Say which sessions are left.
    #[error("looking who is left")]
    SeeWhoIsLeft,
    /// Say which sessions wait.
    #[error("looking who waits")]
    SeeWhoWaits,
    /// Say which session asks.
    #[error("looking who asks")]
    SeeWhoAsks,
    /// Say who has the lease.
    #[error("looking who has the lease")]
    SeeWhoHasLease,
    /// End the lease.
    #[error("ending the lease")]
    EndLease,
}

/// What came that is no answer of such a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexpected {
    /// Another greeting.
    #[error("it does not greet as one")]
    Greeting,
    /// The greeting of a server that can't do what we need.
    #[error("it is older than this client can speak to")]
    TooOld,
    /// An answer that no such server gives.
    #[error("it does not answer as one")]
    Answer,
    /// An answer to another question.
    #[error("an answer that nobody asked for")]
    NotAsked,
    /// More than the answer.
    #[error("it says more than it was asked for")]
    More,
    /// An error without a word.
    #[error("it says nothing")]
    Nothing,
    /// A request for a file of ours.
    #[error("it asks for a file")]
    AsksForFile,
    /// A request for something else than a password.
    #[error("it asks for another proof than a password, and ticketsim has no other")]
    AsksForOtherProof,
    /// A wrong proof that it knows the password.
    #[error("it does not know the password itself")]
    KnowsNoPassword,
    /// No way to prove a password that we know.
    #[error("it knows no SCRAM-SHA-256")]
    NoScram,
    /// A proof of a password that makes no sense.
    #[error("it proves no password")]
    ProvesNothing,
    /// A packet that is too long.
    #[error("a packet of {0} bytes")]
    Packet(usize),
    /// A packet that is too short.
    #[error("a packet that ends in the middle")]
    CutPacket,
    /// A message that is too long.
    #[error("a message of {0} bytes")]
    Message(usize),
    /// An answer that is too long.
    #[error("an answer of more than {0} bytes")]
    LongAnswer(usize),
    /// A length that no text has.
    #[error("a text of an invalid length")]
    TextLength,
    /// A length that no list has.
    #[error("a list of an invalid length")]
    ListLength,
    /// Something else in the place of a number.
    #[error("something else than a number")]
    NoNumber,
    /// No word on how many connections it takes.
    #[error("it does not say how many connections it takes")]
    NoRoom,
    /// A step without a statement.
    #[error("{0} is not prepared")]
    NotPrepared(StepKind),
    /// A statement that does not take its number.
    #[error("a statement that can't be bound")]
    Unbound,
    /// What a library says of it, or the answer itself.
    #[error("{0}")]
    Other(String),
}

impl Unexpected {
    /// What a library or a server says, made safe for a terminal.
    pub(super) fn other(said: &str) -> Self {
        Unexpected::Other(foreign::shown(said).into_owned())
    }
}

/// The limit of a server's connections that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// One for all users.
    #[error("{setting} = {most}{}, {taken} in use", reserved_of(*.reserved))]
    OfAll {
        /// Its name.
        setting: &'static str,
        /// How many connections it allows.
        most: u64,
        /// How many of them are reserved for others.
        reserved: u64,
        /// How many there are.
        taken: u64,
    },
    /// One for each user.
    #[error("{setting} = {most}")]
    OfUser {
        /// Its name.
        setting: &'static str,
        /// How many connections it allows.
        most: u64,
    },
    /// The CONNECTION LIMIT of the role.
    #[error("the role's CONNECTION LIMIT is {0}")]
    OfRole(u64),
    /// The CONNECTION LIMIT of the database.
    #[error("the database's CONNECTION LIMIT is {0}")]
    OfDatabase(u64),
}

fn reserved_of(reserved: u64) -> String {
    if reserved == 0 { String::new() } else { format!(", {reserved} of them reserved") }
}
