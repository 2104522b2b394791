//! A protocol as text: the words of its steps, separated by blanks, and the errors for a text that is no protocol.

use std::str::FromStr;

use super::engine::{Engine, Isolation, SqlLock, SqlWrite};
use super::{Protocol, StepKind, StoreKind};

/// What is wrong with a protocol's text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolError {
    /// Which word, from 1; 0 if it is about the whole text.
    pub word: usize,
    /// Where the word begins, in characters from 1.
    pub character: usize,
    /// The word, at most its first 40 characters.
    pub given: String,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No step has this name.
    Unknown {
        /// All words, separated by blanks.
        known: String,
        /// The step with the most similar name, if there is one.
        nearest: Option<StepKind>,
    },
    /// This store, or a ticket file, does not have this step.
    NotHere(Option<StoreKind>),
    /// It needs a transaction, and this level has none.
    NeedsTransaction(&'static str),
    /// The engine has no such level.
    NoLevel(Engine, Isolation),
    /// The engine has no such lock.
    NoSuchLock(Engine, SqlLock),
    /// The lock is on the row that is read, but this write reads none.
    NoRowIsRead(SqlWrite),
    /// The transaction has begun already.
    BegunAlready,
    /// Too many words.
    TooMany,
    /// No word at all.
    Empty,
    /// This step has to come before it.
    Needs(StepKind),
    /// This step has to come after it.
    NeverFollowed(StepKind),
    /// The lock is held already.
    HeldAlready,
    /// It writes a second time: a purchase takes one ticket.
    SecondWrite,
    /// It reads after the write, so the read decides nothing.
    DecidesNothing,
    /// No step writes the file whole, so there is nothing to rename.
    NothingRenamed,
    /// None of the steps writes.
    NeverWrites,
    /// It locks, but the choice is to have no lock.
    NoLock,
    /// Buyers are to take turns among kinds of locks, and one of these is to take none.
    NoneInTurn,
    /// This kind of lock was chosen, but no step takes it.
    NeverLocks(&'static str),
    /// It opens the file that carries the lock, but this kind of lock sits on no file.
    NoCarrier(&'static str),
    /// This kind of lock can't be shared.
    NeverShared(&'static str),
    /// It removes the file that carries the lock, which is the ticket file.
    UnlinksTicket,
    /// The file that is inherited was opened at the start, but a buyer opens another one.
    OpenedAnew,
    /// Some buyers are to take no lock, but no buyer takes one anyway.
    NoRogue,
    /// This kind of lock has no lease.
    NoLease(&'static str),
    /// This kind of lock does not name its holder, so nobody can find it dead.
    NeverStale(&'static str),
    /// A fence was chosen, but the step is not under a lease.
    FencedOutside,
    /// A fence was chosen, but a swap needs none.
    FencedSwap,
}

impl std::fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.word > 0 {
            write!(f, "step {} (character {}), {:?}: ", self.word, self.character, self.given)?;
        }
        self.wrong.fmt(f)
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wrong::Unknown { known, nearest: None } => write!(f, "no such step; there are: {known}"),
            Wrong::Unknown { known, nearest: Some(nearest) } => {
                write!(f, "no such step; did you mean {nearest}? There are: {known}")
            }
            Wrong::NotHere(store) => {
                write!(f, "{} has no such step", store.map_or("a ticket file", StoreKind::title))
            }
            Wrong::NeedsTransaction(level) => {
                write!(f, "it needs a transaction, and at level {level} each statement stands for itself")
            }
            Wrong::NoLevel(engine, level) => {
                let has = names(engine.levels(), Isolation::name);
                write!(f, "{} has no level {level}; it has: {has}", engine.title())
            }
            Wrong::NoSuchLock(engine, lock) => {
                let has = names(engine.locks(), SqlLock::name);
                write!(f, "{} has no lock {lock}; it has: {has}", engine.title())
            }
            Wrong::NoRowIsRead(write) => {
                write!(f, "a lock on the row that is read: but {write} reads none")
            }
            Wrong::BegunAlready => f.write_str("the transaction has begun already: commit comes first"),
            Wrong::TooMany => write!(f, "a purchase has at most {} steps", Protocol::MOST),
            Wrong::Empty => f.write_str("a purchase has steps, like: lock read think write unlock"),
            Wrong::Needs(before) => write!(f, "there is no {before} before it"),
            Wrong::NeverFollowed(after) => write!(f, "no {after} follows it"),
            Wrong::HeldAlready => f.write_str("the lock is held already: unlock comes first"),
            Wrong::SecondWrite => f.write_str("a purchase takes one ticket, so it writes once"),
            Wrong::DecidesNothing => f.write_str("it comes after the write, so it would decide nothing"),
            Wrong::NothingRenamed => f.write_str("no step is `write`, so there is nothing to rename"),
            Wrong::NeverWrites => {
                f.write_str("no step writes, so nothing would be sold: write, or truncate and fill")
            }
            Wrong::NoLock => f.write_str("it takes a lock, and there is to be none"),
            Wrong::NoneInTurn => f.write_str("buyers take turns among kinds of locks, and `none` is no lock"),
            Wrong::NeverLocks(kind) => write!(f, "no step takes the {kind} lock: add lock and unlock"),
            Wrong::NoCarrier(kind) => write!(f, "the {kind} lock sits on no file that could be opened"),
            Wrong::NeverShared(kind) => {
                write!(f, "the {kind} lock is held by one alone; flock, posix and ofd can be shared")
            }
            Wrong::OpenedAnew => {
                f.write_str("a buyer that opens the lock's file itself has inherited nothing")
            }
            Wrong::NoRogue => f.write_str("some buyers are to take no lock, and here nobody takes one"),
            Wrong::NoLease(kind) => {
                write!(f, "the {kind} lock does not end by itself, so it is no lease")
            }
            Wrong::NeverStale(kind) => {
                write!(f, "the {kind} lock names no holder that could be found dead; lockfile and link do")
            }
            Wrong::UnlinksTicket => f.write_str("it would remove the ticket file, which carries the lock"),
            Wrong::FencedOutside => {
                f.write_str("it presents the token of a lease, so it stands between lock and unlock")
            }
            Wrong::FencedSwap => f.write_str("swap compares by itself, and presents no token"),
        }
    }
}

/// The names of all, separated by commas.
fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ")
}

impl std::error::Error for ProtocolError {}

impl ProtocolError {
    /// An error about the word at `place`, counted from 0, of a protocol as it prints itself.
    pub(super) fn at(protocol: &Protocol, place: usize, wrong: Wrong) -> Self {
        let before = Protocol::of(&protocol.steps()[..place]).to_string();
        let character = before.chars().count() + if place == 0 { 1 } else { 2 };
        let given = protocol.steps()[place].name().to_owned();
        Self { word: place + 1, character, given, wrong }
    }

    /// An error about the whole.
    pub(super) fn whole(wrong: Wrong) -> Self {
        Self { word: 0, character: 0, given: String::new(), wrong }
    }
}

/// The word that stands for two: look whether the holder is dead, and remove.
const BREAK_STALE: &str = "break-stale";

/// How similar a word has to be to be suggested; 1 is the same.
const LIKE: f64 = 0.7;

fn unknown(word: &str, known: &[StepKind]) -> Wrong {
    let names: Vec<&str> = known.iter().map(|kind| kind.name()).collect();
    let lower = word.to_lowercase();
    let nearest = known
        .iter()
        .map(|kind| (strsim::jaro_winkler(&lower, kind.name()), *kind))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, kind)| kind);
    Wrong::Unknown { known: names.join(" "), nearest }
}

impl Protocol {
    /// Reads a protocol: words of a store, separated by white space. The store's choices check whether their
    /// order is possible.
    ///
    /// # Errors
    /// When a word is unknown, or there are too many.
    pub fn parse(text: &str, words: &[StepKind]) -> Result<Self, ProtocolError> {
        let mut kinds = Vec::new();
        for word in text.split_whitespace() {
            // `word` borrows from `text`, so this is its position there.
            let offset = word.as_ptr().addr() - text.as_ptr().addr();
            let error = |wrong| ProtocolError {
                word: kinds.len() + 1,
                character: text[..offset].chars().count() + 1,
                given: word.chars().take(40).collect(),
                wrong,
            };
            if kinds.len() == Self::MOST {
                return Err(error(Wrong::TooMany));
            }
            // Programs do it in two steps: they look and decide, then remove.
            if word == BREAK_STALE && words.contains(&StepKind::LookStale) && kinds.len() + 1 < Self::MOST {
                kinds.extend([StepKind::LookStale, StepKind::RemoveStale]);
                continue;
            }
            let known = |kind: &StepKind| words.contains(kind);
            let kind = word.parse().ok().filter(known).ok_or_else(|| error(unknown(word, words)))?;
            kinds.push(kind);
        }
        if kinds.is_empty() {
            return Err(ProtocolError::whole(Wrong::Empty));
        }
        Ok(Self::of(&kinds))
    }
}

impl FromStr for Protocol {
    type Err = ProtocolError;

    /// As [`Protocol::parse`], with the words of all stores.
    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        Self::parse(text, StepKind::ALL)
    }
}

impl<'de> serde::Deserialize<'de> for Protocol {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_what_it_parsed() {
        for text in ["lock read think write unlock", "read write", "open lock read truncate fill unlock"] {
            assert_eq!(text.parse::<Protocol>().expect("a protocol").to_string(), text);
        }
    }

    #[test]
    fn it_says_where_a_mistake_is_and_what_was_meant() {
        let words = &StepKind::ALL[..8];
        let error = |text: &str| Protocol::parse(text, words).expect_err("a mistake").to_string();
        assert_eq!(
            error("lock  raed write"),
            "step 2 (character 7), \"raed\": no such step; did you mean read? There are: open lock read think \
             write truncate fill unlock"
        );
        assert!(error("é Lock x").starts_with("step 1 (character 1), \"é\": no such step; there are: open"));
        assert!(error("Lock").contains("did you mean lock?"));
        assert!(error(" \n").contains("like: lock read"));
        assert!(
            error(&"read ".repeat(25))
                .starts_with("step 25 (character 121), \"read\": a purchase has at most 24")
        );
    }
}
