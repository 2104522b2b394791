//! A schedule: an order of buyers' steps, by name: `R1 R2 W1 W2`.
//!
//! Each step is a letter and the number of its buyer. Thinking and leaving are no steps of their own.
//! `O` occurs only if each write replaces the file that carries the lock (`--write rename --lock-on ticket`): there the
//! order in which buyers open that file decides everything.

mod file;
mod followed;
mod unfollowed;

pub use file::{
    FORMAT_VERSION, FileMistake, PlanMistake, ScheduleChoices, ScheduleFile, ScheduleFileError, SchedulePlan,
};
pub use followed::{FollowedError, PurchaseName, followed};
pub use unfollowed::{Holder, Kept, Sent, Unfollowed, Why};

use std::fmt;
use std::str::FromStr;

use crate::buyer::Ending;
use crate::closed_set::closed_set;
use crate::protocol::{Action, Letter, Reply};

/// One step of one buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// The step's letter.
    pub letter: Letter,
    /// The buyer, from 1.
    pub buyer: u32,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.letter, self.buyer)
    }
}

/// A step that was taken, and its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The step.
    pub step: Step,
    /// What the buyer wanted; `None` for a mishap.
    pub action: Option<Action>,
    /// The reply; `None` while it waits for that.
    pub reply: Option<Reply>,
    /// How its purchase ended, if this was the last step.
    pub ending: Option<Ending>,
    /// The wait for its answer, if the request had to wait.
    pub wait: Option<Wait>,
}

closed_set! {
    /// Who says for whom a request waits.
    pub enum Says: "witness" {
        /// The engine itself.
        Engine = "engine",
        /// The model of the store: the engine says only that it waits.
        Model = "model",
    }
}

/// The wait of a request for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The buyer, from 1, for which it had to wait when it was sent; `None`: another program.
    pub holder: Option<u32>,
    /// Who says for which buyer.
    pub says: Says,
    /// The step that brought its answer, counted from 1; `None` while it waits.
    pub until: Option<usize>,
}

/// Steps in the order in which they are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schedule(pub Vec<Step>);

impl Schedule {
    /// How many buyers it takes: the highest number that it names.
    #[must_use]
    pub fn buyers(&self) -> u32 {
        self.0.iter().map(|step| step.buyer).max().unwrap_or(0)
    }
}

impl Schedule {
    /// The steps that a text probably means, even if it is no valid schedule: with small letters, without spaces
    /// between steps, or with commas or arrows.
    #[must_use]
    pub fn meant(text: &str) -> Option<Schedule> {
        let mut steps = String::new();
        let mut after_digit = false;
        for c in text.chars() {
            if after_digit && !c.is_ascii_digit() {
                steps.push(' ');
            }
            after_digit = c.is_ascii_digit();
            steps.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { ' ' });
        }
        steps.parse().ok().filter(|steps: &Schedule| !steps.0.is_empty())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{step}")?;
        }
        Ok(())
    }
}

/// An error in a schedule's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "step {step} (character {character}) is {given:?}: a step is one of {} and a buyer's number, like R1",
    Letter::ALL.iter().map(|letter| letter.name()).collect::<Vec<_>>().join(" ")
)]
pub struct ScheduleError {
    /// Which step, from 1.
    pub step: usize,
    /// Where it starts, in characters from 1.
    pub character: usize,
    /// The text there.
    pub given: String,
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    /// Steps separated by white space.
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut steps = Vec::new();
        for word in text.split_whitespace() {
            let step = step(word).ok_or_else(|| {
                // `word` borrows from `text`, so this is its position there.
                let offset = word.as_ptr().addr() - text.as_ptr().addr();
                ScheduleError {
                    step: steps.len() + 1,
                    character: text[..offset].chars().count() + 1,
                    given: word.chars().take(40).collect(),
                }
            })?;
            steps.push(step);
        }
        Ok(Schedule(steps))
    }
}

impl serde::Serialize for Schedule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn step(word: &str) -> Option<Step> {
    // All letters are ASCII.
    let (letter, digits) = word.split_at_checked(1)?;
    let letter = letter.parse().ok()?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let buyer = digits.parse().ok().filter(|_| plain)?;
    Some(Step { letter, buyer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_what_it_parsed() {
        let text = "O1 L1 R1 W1 U1 T20 F20";
        let schedule: Schedule = text.parse().expect("a schedule");
        assert_eq!(schedule.to_string(), text);
        assert_eq!("".parse(), Ok(Schedule::default()));
    }

    #[test]
    fn it_says_where_a_mistake_is() {
        for (text, step, character) in
            [("R1  M2", 2, 5), ("R", 1, 1), ("R0", 1, 1), ("R1 é", 2, 4), ("R1 W+1", 2, 4), ("r1", 1, 1)]
        {
            let error = text.parse::<Schedule>().expect_err("a mistake");
            assert_eq!((error.step, error.character), (step, character), "{text}");
        }
    }

    #[test]
    fn what_looks_like_steps_is_read_as_steps() {
        for text in
            ["r1 r2 w1 w2", "R1,R2,W1,W2", "R1R2W1W2", "R1 -> R2 -> W1→w2", "R1, R2; W1\tW2", "[R1 R2 W1 W2]"]
        {
            assert_eq!(
                Schedule::meant(text).map(|steps| steps.to_string()).as_deref(),
                Some("R1 R2 W1 W2"),
                "{text}"
            );
        }
        for text in ["", "R", "M1", "R1 M2", "1 2", "R0", "schedule.json"] {
            assert_eq!(Schedule::meant(text), None, "{text}");
        }
    }
}
