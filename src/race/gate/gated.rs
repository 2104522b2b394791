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
    /// Its result in short.
    pub trial: Trial,
    /// Its history and its verdict.
    pub shown: Option<Shown>,
}

impl Judged {
    /// Its end, for comparing runs: the outcomes of the purchases, the stock, the ruling.
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

    /// How often it switches from one buyer to another.
    #[must_use]
    pub fn switches(&self) -> usize {
        switches(&self.order())
    }
}

/// The results of the orders, counted.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How many orders were run to their end.
    pub orders: u64,
    /// How many were left out because they differ from one of those in nothing that can matter.
    pub known: u64,
    /// Whether some of these were left out because a statement waits.
    pub waits: bool,
    /// The ends of those that were run to their end nevertheless.
    pub known_ends: BTreeSet<String>,
    /// How many orders are unsound.
    pub unsound: u64,
    /// How many could not be judged.
    pub unknown: u64,
    /// Which order was the first that is unsound, from 1.
    pub first_unsound: Option<u64>,
    /// In how many a request did nothing for as long as the patience lasts.
    pub parked: u64,
    /// Whether statements came behind others on one connection, which requests share.
    pub shared: bool,
    /// In which system calls the shop's threads were then, the first time.
    pub evidence: Option<String>,
    /// The ends, and how many orders have each.
    pub ends: BTreeMap<String, u64>,
    /// How long it took.
    pub time: Duration,
}

/// The result of a gated race.
#[derive(Clone, Debug)]
pub struct Gated {
    /// Its ruling.
    pub ruling: Ruling,
    /// Why it could not be judged.
    pub why: Option<Why>,
    /// Which orders were asked for.
    pub orders: Orders,
    /// The gate's ports, one for each database.
    pub ports: Vec<u16>,
    /// The background statements that were learned.
    pub background: Vec<String>,
    /// The orders, counted.
    pub count: Count,
    /// Whether orders that differ in nothing that can matter were left out.
    pub reduced: bool,
    /// How many orders that were left out, or drawn from all, were run to their end: they had the same ends.
    pub checked: u64,
    /// The shortest unsound order; if there is none, the first order.
    pub shown: Option<Judged>,
    /// How many replays had the same end, and how many there were.
    pub replayed: Option<(u32, u32)>,
    /// How long all those replays took.
    pub replay_time: Duration,
    /// Answers that no rule matches.
    pub strange: Vec<Strange>,
}
