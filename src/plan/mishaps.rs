//! The mishaps planned for a run: `kill 2 before write`, `pause 1 after read 500ms`, `kill random 0.01`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Plan, Workers};
use crate::closed_set::closed_set;
use crate::lang::errors::options as say;
use crate::lang::{Bilingual, InChinese as _, Lang};
use crate::protocol::{Mishap, StepKind};

closed_set! {
    /// On which side of a step it comes.
    pub enum When: "side of a step" {
        /// The buyer would take the step now.
        Before = "before",
        /// The buyer has taken it.
        After = "after",
    }
}

/// Which buyer it befalls, and at which step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Whom {
    /// This buyer, the first time that it comes to this step.
    Buyer {
        /// Its number, counted from 1.
        buyer: u32,
        /// On which side of the step.
        when: When,
        /// Which step.
        step: StepKind,
    },
    /// The first of all buyers that comes to this step.
    First {
        /// On which side of the step.
        when: When,
        /// Which step.
        step: StepKind,
    },
    /// Any buyer, before each of its steps with this probability.
    Random(f64),
}

/// One planned mishap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// The kind of mishap.
    pub mishap: Mishap,
    /// Which buyer it befalls.
    pub whom: Whom,
    /// How long a pause is, in nanoseconds; 0 for anything else.
    pub pause_ns: u64,
}

/// Why a mishap can't befall the buyers of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MishapError {
    /// The buyers are not processes.
    #[error("only a process can be stopped where it stands")]
    NotAProcess,
    /// There is no such buyer.
    #[error("the last buyer is buyer {0}")]
    NoSuchBuyer(u32),
    /// The buyer takes no such step.
    #[error("that buyer takes no such step; its steps are: {0}")]
    NoSuchStep(String),
    /// The buyer has no lease that could expire.
    #[error("no lease is taken that could expire")]
    NoLease,
}

impl Planned {
    /// Checks that it can befall the buyers of this plan.
    ///
    /// # Errors
    /// When it can't.
    pub fn check(&self, plan: &Plan) -> Result<(), MishapError> {
        let wrong = |is_wrong: bool, why: MishapError| if is_wrong { Err(why) } else { Ok(()) };
        wrong(plan.workers != Workers::Process, MishapError::NotAProcess)?;
        let has_lease = plan.store.choices().leases();
        wrong(self.mishap == Mishap::Expire && !has_lease, MishapError::NoLease)?;
        let (buyer, step) = match self.whom {
            Whom::Buyer { buyer, step, .. } => (buyer, step),
            // Buyers without a lock come first, so the last buyer has all steps.
            Whom::First { step, .. } => (plan.buyers, step),
            Whom::Random(_) => return Ok(()),
        };
        wrong(!(1..=plan.buyers).contains(&buyer), MishapError::NoSuchBuyer(plan.buyers))?;
        let steps = plan.store.choices().protocol_of(buyer);
        wrong(!steps.has(step), MishapError::NoSuchStep(steps.to_string()))
    }

    /// Whether it may befall this buyer.
    #[must_use]
    pub fn may_befall(&self, buyer: u32) -> bool {
        match self.whom {
            Whom::Buyer { buyer: own, .. } => own == buyer,
            Whom::First { .. } | Whom::Random(_) => true,
        }
    }

    /// Whether it comes on this side of this step. A random one has no such place.
    #[must_use]
    pub fn comes_at(&self, side: When, kind: StepKind) -> bool {
        match self.whom {
            Whom::Buyer { when, step, .. } | Whom::First { when, step } => (when, step) == (side, kind),
            Whom::Random(_) => false,
        }
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.mishap)?;
        match self.whom {
            Whom::Buyer { buyer, when, step } => write!(f, "{buyer} {when} {step}")?,
            Whom::First { when, step } => write!(f, "first {when} {step}")?,
            Whom::Random(probability) => write!(f, "random {probability}")?,
        }
        if self.mishap == Mishap::Pause {
            // Blanks are removed, so that it is one word.
            let pause = humantime::format_duration(Duration::from_nanos(self.pause_ns)).to_string();
            write!(f, " {}", pause.replace(' ', ""))?;
        }
        Ok(())
    }
}

/// An error about a word that does not belong there, with the right form.
fn wrong(sentence: fn(Lang, String, String) -> String, word: &str) -> Bilingual {
    Bilingual::of(|lang| sentence(lang, format!("{word:?}"), say::like_a_mishap(lang)))
}

impl FromStr for Planned {
    type Err = Bilingual;

    fn from_str(text: &str) -> Result<Self, Bilingual> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (mishap, rest) = words.split_first().ok_or_else(|| Bilingual::of(say::like_a_mishap))?;
        let known = mishap.parse::<Mishap>().ok().filter(|known| *known != Mishap::GoOn);
        let mishap = known.ok_or_else(|| wrong(say::no_mishap, mishap))?;
        let (whom, rest) = match rest {
            ["random", probability, rest @ ..] => {
                let share = probability.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0);
                let quoted = format!("{probability:?}");
                let share = share.ok_or_else(|| Bilingual::of(|lang| say::no_probability(lang, &quoted)))?;
                (Whom::Random(share), rest)
            }
            [buyer, when, step, rest @ ..] => {
                let number = buyer.parse::<u32>().ok().filter(|buyer| *buyer > 0);
                if number.is_none() && *buyer != "first" {
                    return Err(wrong(say::no_buyer, buyer));
                }
                let when = when.parse::<When>().map_err(|error| error.bilingual())?;
                let step = step.parse::<StepKind>().map_err(|error| error.bilingual())?;
                let of = |buyer| Whom::Buyer { buyer, when, step };
                (number.map_or(Whom::First { when, step }, of), rest)
            }
            _ => return Err(Bilingual::of(say::like_a_mishap)),
        };
        let pause_ns = match (mishap, rest) {
            (Mishap::Pause, []) => {
                return Err(Bilingual::of(|lang| say::how_long(lang, say::like_a_mishap(lang))));
            }
            (Mishap::Pause, pause) => {
                let pause = pause.join(" ");
                let pause = humantime::parse_duration(&pause)
                    .map_err(|_| Bilingual::of(|lang| say::no_duration(lang, &pause)))?;
                u64::try_from(pause.as_nanos()).map_err(|_| Bilingual::of(say::pause_too_long))?
            }
            (_, []) => 0,
            (_, [first, ..]) => return Err(wrong(say::too_much, first)),
        };
        Ok(Self { mishap, whom, pause_ns })
    }
}

impl serde::Serialize for Planned {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Planned {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::protocol::file::{FileChoices, Lock, Write};

    #[test]
    fn it_prints_what_it_parsed() {
        for text in [
            "kill 2 before write",
            "pause 1 after read 500ms",
            "pause 30000 before unlock 1m30s",
            "expire 1 after read",
            "kill first after lock",
            "kill random 0.01",
            "pause random 0.5 1s",
        ] {
            assert_eq!(text.parse::<Planned>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("", "write it like 'kill 2 before write'"),
            ("maim 1 before read", "\"maim\" is not kill, pause or expire"),
            ("go-on 1 before read", "is not kill, pause or expire"),
            ("kill 0 before read", "they count from 1"),
            ("kill 1 during read", "unknown side of a step"),
            ("kill 1 before sale", "unknown step"),
            ("kill random 0", "above 0, up to 1"),
            ("kill random 1.5", "above 0, up to 1"),
            ("kill 1 before read 5ms", "\"5ms\" is too much"),
            ("pause 1 before read", "how long is the pause?"),
            ("pause 1 before read long", "it takes a duration"),
        ] {
            let error = text.parse::<Planned>().expect_err(text);
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn what_can_not_befall_the_buyers_of_a_plan_is_rejected_with_the_reason() {
        let plan =
            |lock| Plan::on_file(FileChoices::new(lock, Write::Overwrite), Path::new("t.json"), 3, Some(1));
        let check = |text: &str, plan: &Plan| text.parse::<Planned>().expect(text).check(plan);
        assert_eq!(check("kill 3 before write", &plan(Lock::Flock)), Ok(()));
        assert_eq!(check("expire 1 after read", &plan(Lock::Lease)), Ok(()));
        assert_eq!(check("expire 1 after read", &plan(Lock::Flock)), Err(MishapError::NoLease));
        assert_eq!(check("kill 4 before write", &plan(Lock::Flock)), Err(MishapError::NoSuchBuyer(3)));
        let none = check("kill 1 before lock", &plan(Lock::None));
        assert_eq!(none, Err(MishapError::NoSuchStep("read think write".to_owned())));
        let threads = Plan { workers: Workers::Thread, ..plan(Lock::Flock) };
        assert_eq!(check("kill 1 before write", &threads), Err(MishapError::NotAProcess));
    }
}
