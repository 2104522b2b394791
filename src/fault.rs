//! What can go wrong in a purchase, as data: why it failed or was never answered, and the text of a torn read. Small
//! and of fixed size, so that it fits a record in shared memory and a buyer's reply.

use crate::closed_set::closed_set;

closed_set! {
    /// Why a purchase failed, or never answered.
    pub enum FaultKind: "fault" {
        /// The buyer gave up waiting for the lock.
        LockTimeout = "lock_timeout",
        /// The process that holds the lock is dead, and the lock outlived it.
        HolderGone = "holder_gone",
        /// The kernel found that waiting for the lock would never end: two wait for each other (EDEADLK).
        Deadlock = "deadlock",
        /// The lock call itself failed.
        Lock = "lock",
        /// The lock could not be let go.
        Unlock = "unlock",
        /// The ticket file held no valid ticket file.
        Torn = "torn",
        /// The ticket file could not be read.
        Read = "read",
        /// The ticket file could not be written.
        Write = "write",
        /// The database ended the transaction: a serialization failure, a deadlock, a busy database.
        Aborted = "aborted",
        /// The database rejected the new stock: a CHECK forbids it.
        Constraint = "constraint",
        /// The store rejected the step: it has seen a newer fencing token than this buyer's.
        Fenced = "fenced",
        /// The store rejected the step for another reason.
        Store = "store",
        /// The connection was cut before the answer came.
        AnswerLost = "answer_lost",
        /// The run was interrupted before the purchase touched the stock.
        Stopped = "stopped",
        /// The buyer was killed in the middle of the purchase.
        Killed = "killed",
    }
}

impl FaultKind {
    /// Whether the buyer waited for a lock that it never got.
    #[must_use]
    pub const fn is_wait_in_vain(self) -> bool {
        matches!(self, FaultKind::LockTimeout | FaultKind::HolderGone | FaultKind::Deadlock)
    }
}

/// Why a purchase failed, with an error number if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// Its number, or 0: errno(3); for [`FaultKind::HolderGone`], the process id of the dead holder; for an error of a
    /// store, its [`StoreCode`].
    pub number: i32,
}

/// The code of a store's error: an SQLSTATE (PostgreSQL), a number (SQLite) or a word (Redis), in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreCode(pub i32);

impl StoreCode {
    /// Values from here on stand for SQLSTATEs, as numbers to the base 36; smaller ones are plain numbers.
    const STATES: i32 = 1 << 26;

    /// The known words with which Redis begins an error; negative values stand for them.
    const WORDS: [&str; 17] = [
        "ERR",
        "FENCED",
        "OOM",
        "READONLY",
        "WRONGTYPE",
        "NOAUTH",
        "WRONGPASS",
        "NOPERM",
        "MISCONF",
        "LOADING",
        "BUSY",
        "NOSCRIPT",
        "NOKEY",
        "CUT",
        "EXECABORT",
        "NOREPLICAS",
        "MASTERDOWN",
    ];
    /// A newer fencing token has been seen.
    pub const FENCED: Self = Self(-2);

    /// The code for the word of a Redis error; for an unknown word, the code of `ERR`.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        let place = Self::WORDS.iter().position(|known| *known == word).unwrap_or(0);
        Self(-1 - place as i32)
    }

    /// The code for an SQLSTATE: five digits or capital letters. 0 for anything else.
    #[must_use]
    pub fn of_state(state: &str) -> Self {
        let digit = |c: char| c.to_digit(36).map(|digit| digit as i32);
        let number = state.chars().try_fold(0, |number, c| Some(number * 36 + digit(c)?));
        match number {
            Some(number) if state.len() == 5 => Self(Self::STATES + number),
            _ => Self(0),
        }
    }

    /// Reads what a code prints: five digits or capital letters are an SQLSTATE, anything shorter is a number. `None` for
    /// anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = Self::WORDS.contains(&text).then(|| Self::of_word(text));
        let number = || if text.len() == 5 { Self::of_state(text) } else { Self(text.parse().unwrap_or(0)) };
        Some(word.unwrap_or_else(number)).filter(|code| code.to_string() == text)
    }
}

impl std::fmt::Display for StoreCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(word) =
            (-1_i32).checked_sub(self.0).and_then(|place| Self::WORDS.get(usize::try_from(place).ok()?))
        {
            return f.write_str(word);
        }
        if self.0 < Self::STATES {
            return self.0.fmt(f);
        }
        let mut number = self.0 - Self::STATES;
        let mut state = [b'0'; 5];
        for place in state.iter_mut().rev() {
            *place =
                char::from_digit((number % 36) as u32, 36).map_or(b'?', |c| c.to_ascii_uppercase() as u8);
            number /= 36;
        }
        f.write_str(std::str::from_utf8(&state).unwrap_or("?????"))
    }
}

impl Fault {
    /// A fault without a system error.
    #[must_use]
    pub const fn plain(kind: FaultKind) -> Self {
        Self { kind, number: 0 }
    }

    /// A fault with the system's error.
    #[must_use]
    pub fn os(kind: FaultKind, error: &std::io::Error) -> Self {
        Self { kind, number: error.raw_os_error().unwrap_or(0) }
    }

    /// A lock call that the system failed.
    #[must_use]
    pub fn of_lock(error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::Deadlock => FaultKind::Deadlock,
            _ => FaultKind::Lock,
        };
        Self::os(kind, error)
    }

    /// A lock that its dead holder left behind.
    #[must_use]
    pub const fn holder_gone(pid: u32) -> Self {
        Self { kind: FaultKind::HolderGone, number: pid as i32 }
    }

    /// A fault of a store, with its code.
    #[must_use]
    pub fn of_store(kind: FaultKind, code: StoreCode) -> Self {
        Self { kind, number: code.0 }
    }

    /// The store's code, if the fault comes from a store.
    #[must_use]
    pub const fn store_code(self) -> StoreCode {
        StoreCode(self.number)
    }

    /// Whether it comes from a store, so that it has a [`StoreCode`] instead of errno(3).
    #[must_use]
    pub const fn is_of_store(self) -> bool {
        match self.kind {
            FaultKind::Aborted
            | FaultKind::Constraint
            | FaultKind::Fenced
            | FaultKind::Store
            | FaultKind::AnswerLost => true,
            // A buyer ends its wait for a file's lock itself; a database may end the wait of its client.
            FaultKind::LockTimeout => self.number != 0,
            FaultKind::HolderGone
            | FaultKind::Deadlock
            | FaultKind::Lock
            | FaultKind::Unlock
            | FaultKind::Torn
            | FaultKind::Read
            | FaultKind::Write
            | FaultKind::Stopped
            | FaultKind::Killed => false,
        }
    }

    /// The explanation of the system or the database.
    #[must_use]
    pub fn cause(self) -> String {
        if self.is_of_store() {
            self.store_code().to_string()
        } else {
            std::io::Error::from_raw_os_error(self.number).to_string()
        }
    }

    /// The process id of the lock's dead holder, if that is the fault.
    #[must_use]
    pub fn dead_holder(self) -> Option<u32> {
        if self.kind == FaultKind::HolderGone { u32::try_from(self.number).ok() } else { None }
    }
}

/// The start of a text that is no valid ticket, as a buyer read it. Of fixed size, so that it fits a shared record and
/// a buyer's reply can be copied, compared and hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TornText {
    len: u8,
    head: [u8; TornText::MOST],
}

impl TornText {
    /// How many bytes are kept.
    pub const MOST: usize = 31;

    /// Keeps the first [`TornText::MOST`] bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(Self::MOST)];
        let mut head = [0; Self::MOST];
        head[..kept.len()].copy_from_slice(kept);
        Self { len: kept.len() as u8, head }
    }

    /// The bytes that were kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.head[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_and_a_number_fit_the_same_code() {
        for state in ["40001", "40P01", "23514", "HY000", "ZZZZZ", "00000"] {
            assert_eq!(StoreCode::of_state(state).to_string(), state);
            assert_eq!(StoreCode::parse(state), Some(StoreCode::of_state(state)));
        }
        assert_eq!(StoreCode::parse("517"), Some(StoreCode(517)));
        for none in ["", "40p01", "4000é", "-", "1e3", "007", "123456789012"] {
            assert_eq!(StoreCode::parse(none), None, "{none}");
        }
        assert_eq!(
            (StoreCode(517).to_string(), StoreCode::of_state("4000")),
            ("517".to_owned(), StoreCode(0))
        );
        for word in ["ERR", "FENCED", "OOM", "MASTERDOWN"] {
            assert_eq!(StoreCode::of_word(word).to_string(), word);
        }
        assert_eq!(StoreCode::of_word("NEW").to_string(), "ERR");
        assert_eq!(StoreCode::of_word("FENCED"), StoreCode::FENCED);
        assert_eq!(StoreCode(-1000).to_string(), "-1000");
    }
}
