//! One race: the result of each purchase, and how close together the buyers were let go.

use std::time::Instant;

use super::broken::Broken;
use super::statistics::Overlap;
use crate::history::Outcome;

/// The clock of one race: it counts nanoseconds from the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// A clock that begins now.
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

/// What the rules say about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// An outcome.
    Outcome(Outcome),
    /// No rule matches.
    Unmatched,
}

/// How a purchase ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an answer.
    Judged(Judged),
    /// Without one: the connection broke, or the program was killed.
    Broken(Broken),
    /// Without an answer in time.
    Stalled,
}

/// One purchase that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The buyer, from 1.
    pub buyer: u32,
    /// The process that made it, if it was a process.
    pub pid: Option<u32>,
    /// When it was called.
    pub invoke_ns: u64,
    /// When its answer came; `None` if none came.
    pub return_ns: Option<u64>,
    /// How it ended.
    pub ended: Ended,
    /// Whether it can't be shown that it overlapped: its answer came before the last buyer was let go, or its
    /// buyer was not ready at the go.
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
    /// When the first buyer was let go.
    pub go_ns: u64,
    /// When the last purchase had ended.
    pub ended_ns: u64,
    /// The time from the first buyer that was let go to the last.
    pub spread_ns: u64,
    /// How many requests were answered before they were complete.
    pub early: usize,
    /// How many buyers were not ready at the go, and went as soon as they were.
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

    /// Why purchases had no answer, and how many for each reason: the first few reasons.
    #[must_use]
    pub fn broken(&self) -> Vec<(String, u64)> {
        /// More would not help the reader.
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
