//! One race: the result of each purchase, and how closely together they were let go.

use std::time::Instant;

use super::broken::Broken;
use super::statistics::Overlap;
use crate::history::Outcome;

/// The time of one race, in nanoseconds from its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// Begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// Nanoseconds since it began.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// What the rules say of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// An outcome.
    Outcome(Outcome),
    /// Nothing: no rule holds.
    Unmatched,
}

/// How a purchase ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an answer.
    Judged(Judged),
    /// Without one: the connection broke, the program was killed.
    Broken(Broken),
    /// Without one in time.
    Stalled,
}

/// One purchase that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Whose, from 1.
    pub buyer: u32,
    /// The process that made it, where it was one.
    pub pid: Option<u32>,
    /// When it was called.
    pub invoke_ns: u64,
    /// When its answer was there; `None` where none came.
    pub return_ns: Option<u64>,
    /// How it ended.
    pub ended: Ended,
    /// Whether that it overlapped can't be shown: its answer was there before the last buyer had been let
    /// go, or it was not ready at the go.
    pub unproven: bool,
}

/// Why there was no race.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortfall {
    /// A connection could not be opened, or broke, before the go.
    #[error("{ready} of {all} connections were open: {why}")]
    Broken {
        /// How many buyers were ready.
        ready: usize,
        /// Of how many.
        all: usize,
        /// Why.
        why: Broken,
    },
    /// Too few buyers were ready in time.
    #[error("only {ready} of {all} connections were open in time")]
    Late {
        /// How many were.
        ready: usize,
        /// Of how many.
        all: usize,
    },
}

/// A race.
#[derive(Clone, Debug, Default)]
pub struct Heat {
    /// The purchases.
    pub made: Vec<Made>,
    /// How long it took until all were ready.
    pub launch_ns: u64,
    /// When the first was let go.
    pub go_ns: u64,
    /// When the last had ended.
    pub ended_ns: u64,
    /// From the first that was let go to the last.
    pub spread_ns: u64,
    /// How many answered before their request was whole.
    pub early: usize,
    /// How many were not ready at the go, and went when they were.
    pub late: usize,
    /// Why there was no race.
    pub shortfall: Option<Shortfall>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

impl Heat {
    /// How far the purchases overlapped, as far as that can be shown.
    #[must_use]
    pub fn overlap(&self) -> Overlap {
        let time = |made: &Made| {
            let end = if made.unproven { made.invoke_ns } else { made.return_ns.unwrap_or(self.ended_ns) };
            (made.invoke_ns, end)
        };
        Overlap::of(&self.made.iter().map(time).collect::<Vec<_>>())
    }

    /// Why purchases had no answer, and how many each: the first few reasons.
    #[must_use]
    pub fn broken(&self) -> Vec<(String, u64)> {
        /// More are of no use.
        const MOST_REASONS: usize = 5;
        let mut reasons: Vec<(String, u64)> = Vec::new();
        for made in &self.made {
            let why = match &made.ended {
                Ended::Broken(why) => why.to_string(),
                Ended::Stalled => "no answer in time".to_owned(),
                Ended::Judged(_) => continue,
            };
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => reasons.push((why, 1)),
            }
        }
        reasons.truncate(MOST_REASONS);
        reasons
    }
}
