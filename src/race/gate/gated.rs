//! The result of all orders that were tried.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::plan::Orders;
use super::ran::Ran;
use super::step::{Step, switches};
use super::why::Why;
use crate::race::heat::{Ended, Judged as Answer, Made};
use crate::race::strange::Strange;
use crate::race::{Shown, Trial};
use crate::verdict::Ruling;

/// A run of an order, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The run.
    pub ran: Ran,
    /// What came of it, in short.
    pub trial: Trial,
    /// Its history and its verdict.
    pub shown: Option<Shown>,
}

impl Judged {
    /// What it came to, for comparing: the purchases' outcomes, the stock, the ruling.
    #[must_use]
    pub fn end(&self) -> String {
        let outcome = |made: &Made| match &made.ended {
            Ended::Judged(Answer::Outcome(outcome)) => outcome.to_string(),
            Ended::Judged(Answer::Unmatched) => "unmatched".to_owned(),
            Ended::Broken(why) => why.to_string(),
            Ended::Stalled => "stalled".to_owned(),
        };
        let made: Vec<String> = self.ran.heat.made.iter().map(outcome).collect();
        let left = self.trial.after.map(|left| format!(", {left} left")).unwrap_or_default();
        format!("{}{left} ({})", made.join(", "), self.trial.ruling)
    }

    /// Its order.
    #[must_use]
    pub fn order(&self) -> Vec<Step> {
        self.ran.order()
    }

    /// How often it turns from one buyer to another.
    #[must_use]
    pub fn switches(&self) -> usize {
        switches(&self.order())
    }
}

/// What the orders came to.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How many were run to their end.
    pub orders: u64,
    /// How many were left out, since they differ from one of those in nothing that can matter.
    pub known: u64,
    /// Whether some of these were left out since they wait.
    pub waits: bool,
    /// What those came to that were run to their end nevertheless.
    pub known_ends: BTreeSet<String>,
    /// How many of them are unsound.
    pub unsound: u64,
    /// How many could not be judged.
    pub unknown: u64,
    /// Which order was the first that is unsound, from 1.
    pub first_unsound: Option<u64>,
    /// How many ran into the patience.
    pub parked: u64,
    /// Whether statements came behind others on one connection: requests share it.
    pub shared: bool,
    /// In which system calls the shop's threads stood when the first did.
    pub evidence: Option<String>,
    /// The ends, and how many orders come to each.
    pub ends: BTreeMap<String, u64>,
    /// How long it took.
    pub time: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Gated {
    /// What is said of it.
    pub ruling: Ruling,
    /// Why it could not be judged.
    pub why: Option<Why>,
    /// Which orders were asked for.
    pub orders: Orders,
    /// The gate's ports, one for each database.
    pub ports: Vec<u16>,
    /// What was learned to run in the background.
    pub background: Vec<String>,
    /// The orders.
    pub count: Count,
    /// Whether orders were left out that differ in nothing that can matter.
    pub reduced: bool,
    /// How many orders were run to their end that were left out, or drawn from all: they came to the same ends.
    pub checked: u64,
    /// The shortest unsound order; where there is none, the first order.
    pub shown: Option<Judged>,
    /// How often it came to the same again, and of how many times.
    pub replayed: Option<(u32, u32)>,
    /// How long all those replays took.
    pub replay_time: Duration,
    /// Answers that no rule matches.
    pub strange: Vec<Strange>,
}
