//! Mishaps: what befalls a buyer from outside. A schedule names them like steps.
//!
//! A mishap is written like a step, as a letter and the number of the buyer: `X2`. A store's model says which
//! of them may come at which moment; [`Mishaps`] says how many may come in one schedule.

use super::Letter;
use crate::closed_set::closed_set;
use crate::lang::Bilingual;
use crate::lang::errors::options as say;

closed_set! {
    /// What befalls a buyer from outside.
    pub enum Mishap: "mishap" {
        /// The lease by which it holds the lock expires. It does not notice.
        Expire = "expire",
        /// It is killed (SIGKILL): it takes no further step.
        Kill = "kill",
        /// It is stopped (SIGSTOP): it takes no step until it goes on.
        Pause = "pause",
        /// It goes on (SIGCONT).
        GoOn = "go-on",
    }
}

impl Mishap {
    /// The mishaps that explore counts. It does not count pauses: a paused buyer takes no step, and schedules
    /// in which only others step are counted anyway.
    pub const COUNTED: &[Mishap] = &[Mishap::Expire, Mishap::Kill];

    /// Its letter in a schedule.
    #[must_use]
    pub const fn letter(self) -> Letter {
        match self {
            Mishap::Expire => Letter::X,
            Mishap::Kill => Letter::K,
            Mishap::Pause => Letter::P,
            Mishap::GoOn => Letter::G,
        }
    }

    /// Whether it is a signal to a process.
    #[must_use]
    pub const fn is_signal(self) -> bool {
        !matches!(self, Mishap::Expire)
    }

    /// The mishap of this letter, if it has one.
    #[must_use]
    pub fn of(letter: Letter) -> Option<Self> {
        Self::ALL.iter().copied().find(|mishap| mishap.letter() == letter)
    }

    /// When it may come, as a part of a sentence.
    #[must_use]
    pub const fn when(self) -> &'static str {
        match self {
            Mishap::Expire => {
                "a lease expires once, after its buyer's L and before its write (before its U if nothing is left)"
            }
            Mishap::Kill => "a buyer is killed once, before it has left",
            Mishap::Pause => {
                "a buyer is paused before it has left, and not while a request of its waits in the store"
            }
            Mishap::GoOn => "a buyer goes on that was paused",
        }
    }
}

/// How many mishaps of one kind may come in one schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allowed {
    /// At most this many.
    Most(u32),
    /// Any number.
    Any,
}

impl Default for Allowed {
    fn default() -> Self {
        Allowed::Most(0)
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Allowed::Most(most) => most.fmt(f),
            Allowed::Any => f.pad("any"),
        }
    }
}

impl std::str::FromStr for Allowed {
    type Err = Bilingual;
    fn from_str(text: &str) -> Result<Self, Bilingual> {
        match text {
            "any" => Ok(Allowed::Any),
            _ => text.parse().map(Allowed::Most).map_err(|_| Bilingual::of(say::no_mishaps)),
        }
    }
}

/// How many mishaps of each kind may come in one schedule; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mishaps {
    /// Indexed as [`Mishap::ALL`].
    allowed: [Allowed; Mishap::ALL.len()],
}

impl Mishaps {
    /// None.
    #[must_use]
    pub const fn none() -> Self {
        Self { allowed: [Allowed::Most(0); Mishap::ALL.len()] }
    }

    /// Any number of every kind.
    #[must_use]
    pub const fn any() -> Self {
        Self { allowed: [Allowed::Any; Mishap::ALL.len()] }
    }

    /// The same with this many of one kind.
    #[must_use]
    pub const fn with(mut self, mishap: Mishap, allowed: Allowed) -> Self {
        self.allowed[mishap as usize] = allowed;
        self
    }

    /// How many of this kind may (still) come.
    #[must_use]
    pub const fn of(&self, mishap: Mishap) -> Allowed {
        self.allowed[mishap as usize]
    }

    /// Whether one of this kind may (still) come.
    #[must_use]
    #[inline]
    pub fn allow(&self, mishap: Mishap) -> bool {
        self.of(mishap) != Allowed::Most(0)
    }

    /// Whether none may come.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// What may still come after one of this kind.
    #[must_use]
    pub fn after(self, mishap: Mishap) -> Self {
        match self.of(mishap) {
            Allowed::Most(most) => self.with(mishap, Allowed::Most(most.saturating_sub(1))),
            Allowed::Any => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_may_come_and_no_more() {
        let one = Mishaps::default().with(Mishap::Expire, Allowed::Most(1));
        assert!(one.allow(Mishap::Expire) && !one.after(Mishap::Expire).allow(Mishap::Expire));
        assert!(one.after(Mishap::Expire).are_none());
        assert_eq!(Mishaps::any().after(Mishap::Expire), Mishaps::any());
    }

    #[test]
    fn a_number_of_them_prints_what_it_parsed() {
        for text in ["0", "3", "any"] {
            assert_eq!(text.parse::<Allowed>().expect(text).to_string(), text);
        }
        assert!("-1".parse::<Allowed>().expect_err("none").to_string().contains("any"));
    }

    #[test]
    fn a_letter_stands_for_its_mishap_alone() {
        for mishap in Mishap::ALL {
            assert_eq!(Mishap::of(mishap.letter()), Some(*mishap));
        }
        assert_eq!(Mishap::of(Letter::W), None);
    }
}
