//! The result of a race: its trials, how often it was caught, and the worst trial's history.

use super::heat::Heat;
use super::statistics::{Overlap, Rate};
use super::strange::Strange;
use super::trial_error::TrialError;
use crate::history::{Doubt, History, Outcome, Purchase, Timing};
use crate::stock::Stock;
use crate::verdict::{AnomalyKind, Ruling, Verdict};

/// The result of one trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its number, from 1.
    pub number: u32,
    /// The stock before, if it was read.
    pub before: Option<Stock>,
    /// The stock after, if it was read.
    pub after: Option<Stock>,
    /// How many purchases have a receipt.
    pub receipts: u64,
    /// How many purchases were refused.
    pub refused: u64,
    /// How many purchases failed.
    pub failed: u64,
    /// How many purchases have an unknown outcome, including the answers that no rule matches.
    pub unknown: u64,
    /// How many answers no rule matches.
    pub unmatched: u64,
    /// Why purchases had no answer, and how many for each reason.
    pub broken: Vec<(String, u64)>,
    /// How many buyers there were at the go.
    pub buyers: u32,
    /// The time from the first buyer that was let go to the last.
    pub spread_ns: u64,
    /// How far the purchases overlapped.
    pub overlap: Overlap,
    /// How many requests were answered before they were complete.
    pub early: usize,
    /// How many buyers were not ready at the go.
    pub late: usize,
    /// Its verdict.
    pub ruling: Ruling,
    /// The anomalies, and how often each was found.
    pub anomalies: Vec<(AnomalyKind, u64)>,
    /// What it could not show.
    pub doubts: Vec<Doubt>,
    /// Why it could not be carried through.
    pub why: Option<TrialError>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// A trial with its history and its verdict.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its number, from 1.
    pub trial: u32,
    /// Its history.
    pub history: History,
    /// Its verdict.
    pub verdict: Verdict,
}

/// The result of a race.
#[derive(Clone, Debug, Default)]
pub struct Raced {
    /// The trials, in their order.
    pub trials: Vec<Trial>,
    /// The worst trial that has a history.
    pub worst: Option<Shown>,
    /// The first answers that no rule matches, each once.
    pub strange: Vec<Strange>,
    /// How often the target was started again.
    pub restarts: u32,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

impl Raced {
    /// Unsound if any trial is, else unknown if any is, or if there is none.
    #[must_use]
    pub fn ruling(&self) -> Ruling {
        let any = |ruling| self.trials.iter().any(|trial| trial.ruling == ruling);
        if any(Ruling::Unsound) {
            Ruling::Unsound
        } else if any(Ruling::Unknown) || self.trials.is_empty() {
            Ruling::Unknown
        } else {
            Ruling::Sound
        }
    }

    /// In how many of the judged trials a race was caught.
    #[must_use]
    pub fn rate(&self) -> Rate {
        let count = |ruling| self.trials.iter().filter(|trial| trial.ruling == ruling).count() as u32;
        let caught = count(Ruling::Unsound);
        Rate::new(caught, caught + count(Ruling::Sound))
    }

    /// The trial of this number.
    #[must_use]
    pub fn trial(&self, number: u32) -> Option<&Trial> {
        self.trials.iter().find(|trial| trial.number == number)
    }

    /// Takes a trial, and keeps it in full if it is the worst so far.
    pub(super) fn add(&mut self, trial: Trial, shown: Option<Shown>) {
        let badness = |shown: &Shown| {
            let verdict = &shown.verdict;
            let wrong: u64 =
                verdict.anomalies.iter().map(|anomaly| anomaly.count).fold(0, u64::saturating_add);
            (severity(verdict.ruling), verdict.ledger.oversold, wrong)
        };
        if let Some(shown) = shown
            && self.worst.as_ref().is_none_or(|worst| badness(&shown) > badness(worst))
        {
            self.worst = Some(shown);
        }
        self.trials.push(trial);
    }
}

fn severity(ruling: Ruling) -> u8 {
    match ruling {
        Ruling::Sound => 0,
        Ruling::Unknown => 1,
        Ruling::Unsound => 2,
    }
}

/// The history of a race. Only the answers of its buyers are known.
pub(super) fn history_of(heat: &Heat, initial: Option<Stock>, remaining: Option<Stock>) -> History {
    use super::heat::{Ended, Judged};
    let purchase = |made: &super::heat::Made| {
        let outcome = match &made.ended {
            Ended::Judged(Judged::Outcome(outcome)) => *outcome,
            Ended::Judged(Judged::Unmatched) | Ended::Broken(_) | Ended::Stalled => Outcome::Unknown,
        };
        // A purchase with an unknown outcome has no known return: it may take effect at any time after its call.
        let return_ns = made.return_ns.filter(|_| outcome != Outcome::Unknown);
        let purchase = Purchase::new(u64::from(made.buyer), outcome, made.invoke_ns, return_ns);
        Purchase { pid: made.pid.into(), ..purchase }
    };
    let mut history = History { purchases: heat.made.iter().map(purchase).collect(), ..History::default() };
    history.purchases.sort_by_key(|purchase| (purchase.invoke_ns, purchase.buyer));
    history.header.initial = initial;
    history.header.remaining = remaining;
    history.header.interrupted = heat.interrupted;
    history.header.timing = Some(Timing {
        go_spread_ns: None,
        launch_ns: heat.launch_ns,
        go_ns: heat.go_ns,
        elapsed_ns: heat.ended_ns.saturating_sub(heat.go_ns),
    });
    history
}
