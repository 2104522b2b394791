//! The matrix: every subject, a combination on ticket files or a protocol at a database, is run for real, several
//! times, and graded. Prints nothing.
//!
//! Every trial is a whole sale, as `ticketsim` runs it: by default 10 buyers, 20 tickets on a file or 13 at a database.
//! Each buyer buys until it is refused, and thinks for about a millisecond, so that without protection all of them
//! overlap in every purchase. A subject with a promise to keep is graded together with its control in the same matrix.
//!
//! Process buyers need a launcher with one thread. The other workers have joined all of theirs when
//! they return, so the trials can follow each other in any order.

mod kill;
mod stores;
mod tested;

pub use stores::{NO_LEVEL, Orders, SHORT_MOMENT, SLOWER, STORE_TICKETS, StoreCase, on_stores, store_cases};
pub use tested::{Mounted, Tested};

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::grade::{Counts, Grade, Graded, Grading, HolderKilled, Subject, grade, trials_until};
use crate::history::{Outcome, Purchase, Tries};
use crate::plan::{FilePlan, Pace, PerBuyer, Plan, StorePlan, Workers};
use crate::protocol::catalogue::Trial;
use crate::protocol::file::FileChoices;
use crate::run::{RunError, Sold, run};
use crate::verdict::{AnomalyKind, Ruling, Unjudged, kept_apart};
use crate::workers::Watch;

/// A subject at a database gets no more trials after this time: with deadlocks, every ticket costs the server's
/// `deadlock_timeout`.
pub const MOST_OF_A_SUBJECT: Duration = Duration::from_secs(2);

/// What is to be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixPlan<S> {
    /// The subjects, with the control of each.
    pub subjects: Vec<S>,
    /// How many trials each, at least.
    pub trials: u32,
    /// Rows without a failure get more trials until failures are shown to be rarer than this share of trials.
    pub until: Option<f64>,
    /// How long buyers think in a trial, in nanoseconds, unless the subject says otherwise.
    pub think_ns: u64,
    /// A subject gets no more trials after this time, whatever `trials` says: a deadlock costs a second.
    pub most_of_a_subject: Option<Duration>,
    /// Whether each subject gets the same number of trials again, with its holder killed.
    pub kill: bool,
    /// The seed of the think times; each trial has its own, counted up from it.
    pub seed: u64,
}

/// Who watches a matrix while it goes on.
pub struct MatrixWatch<'a, S> {
    /// Set when it is to end early.
    pub interrupted: &'a AtomicBool,
    /// Called before each trial: how many subjects are done, how many trials of the next, and which it is.
    pub progress: &'a mut dyn FnMut(usize, u32, &S),
}

/// What the trials of one subject came to, before it is graded.
#[derive(Default)]
struct Tried {
    trials: u32,
    counts: Counts,
    receipts: u64,
    tries: u64,
    aborts: u64,
    elapsed_ns: u64,
    waits_ns: Vec<u64>,
    purchases_ns: Vec<u64>,
    killed: Option<HolderKilled>,
    could_not: Option<String>,
}

/// What was tried, graded.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<S> {
    /// Each subject that was tried at least once, in their order.
    pub gradings: Vec<Grading<S>>,
    /// How many subjects there were to try, if an interrupt ended the matrix early.
    pub interrupted: Option<usize>,
}

/// Runs and grades the subjects of a plan; `trial` makes one sale of a subject, at this pace, with its number from 1. If a
/// trial can't be run, its grading says so. After an interrupt, the trials so far are graded.
#[must_use]
pub fn run_matrix<S: Graded>(
    plan: &MatrixPlan<S>,
    trial: &dyn Fn(&S, Pace, u64) -> Plan,
    watch: &mut MatrixWatch<'_, S>,
) -> Matrix<S> {
    let mut tried = Vec::with_capacity(plan.subjects.len());
    let mut number = 0;
    let mut interrupted = None;
    for (done, subject) in plan.subjects.iter().enumerate() {
        let (mut sum, began) = (Tried::default(), Instant::now());
        while interrupted.is_none() && plan.goes_on(subject, &sum, began.elapsed()) {
            (watch.progress)(done, sum.trials, subject);
            number += 1;
            let each = trial(subject, plan.pace(number), number);
            let sold = sell(&each, watch.interrupted);
            if watch.interrupted.load(Ordering::Relaxed) {
                interrupted = Some(plan.subjects.len());
                break;
            }
            sum.add(sold);
            if let Some(killing) = kill::killing(&each).filter(|_| plan.kill) {
                kill::add(&mut sum.killed, sell(&killing, watch.interrupted));
            }
        }
        tried.push((subject, sum));
    }
    tried.retain(|(_, sum)| sum.trials > 0);
    let failed: Vec<&S> =
        tried.iter().filter(|(_, sum)| sum.counts.unsound > 0).map(|(subject, _)| *subject).collect();
    let gradings = tried.into_iter().map(|(subject, sum)| sum.grading(subject, &failed)).collect();
    Matrix { gradings, interrupted }
}

impl<S: Graded> MatrixPlan<S> {
    /// The most trials of one subject.
    #[must_use]
    pub fn most_trials(&self) -> u32 {
        self.until.map_or(self.trials, |share| trials_until(share).max(self.trials))
    }

    /// Whether a subject that has taken this long gets one more trial.
    fn goes_on(&self, subject: &S, sum: &Tried, took: Duration) -> bool {
        if sum.trials > 0 && self.most_of_a_subject.is_some_and(|most| took > most) {
            return false;
        }
        // A subject that has failed, can't be run, or tests nothing needs no more trials.
        let is_open = sum.counts.unsound == 0 && sum.could_not.is_none();
        let is_open = is_open && subject.expected() != Grade::Inconclusive;
        sum.trials < if is_open { self.most_trials() } else { self.trials }
    }

    fn pace(&self, number: u64) -> Pace {
        let seed = self.seed.wrapping_add(number);
        Pace { think_ns: self.think_ns, jitter: Plan::DEFAULT_JITTER, seed }
    }
}

fn sell(trial: &Plan, interrupted: &AtomicBool) -> Result<Sold, RunError> {
    run(trial, &mut Watch { interrupted, begin: &mut |_| {}, progress: &mut |_| {}, start: None })
}

/// How a trial of a subject is run: by which workers, what a purchase does, how many race for how much.
fn arranged(subject: Subject, trial: Trial) -> (Workers, FileChoices, Trial) {
    match subject {
        Subject::Combination(combination) => (combination.workers, combination.choices(), trial),
        Subject::Protocol(named) => (Workers::Process, named.choices, named.trial),
    }
}

/// The trials of subjects on files in this folder, which these paths lead to: buyers take turns among them. A combination
/// is tried in this way; a protocol has one of its own.
pub fn on_files(folders: &[PathBuf], trial: Trial) -> impl Fn(&Subject, Pace, u64) -> Plan {
    move |subject, pace, number| {
        let (workers, choices, trial) = arranged(*subject, trial);
        let choices = FileChoices { lock_timeout_ns: Some(trial.patience_ns), ..choices };
        // A new file for each trial, so that nothing of an earlier one is read.
        let mut names = folders.iter().map(|folder| folder.join(format!("{number}.json")));
        let file = names.next().unwrap_or_default();
        let store = FilePlan { via: names.collect(), ..FilePlan::new(choices, &file) };
        Plan {
            workers,
            per_buyer: PerBuyer::All,
            pace: Pace { think_ns: trial.think_ns, ..pace },
            store: StorePlan::File(store),
            ..Plan::on_file(choices, &file, trial.buyers, Some(trial.tickets))
        }
    }
}

impl Tried {
    fn add(&mut self, sold: Result<Sold, RunError>) {
        self.trials += 1;
        let sold = match sold {
            Ok(sold) => sold,
            // A missing feature of the filesystem or the system is a result, not an error.
            Err(error) => {
                self.could_not.get_or_insert(error.to_string());
                return;
            }
        };
        let verdict = &sold.verdict;
        let counts = &mut self.counts;
        let went_wrong = |kind| u32::from(verdict.anomaly(kind).is_some());
        counts.oversold += went_wrong(AnomalyKind::Oversold);
        counts.lost_updates += went_wrong(AnomalyKind::LostUpdate);
        counts.torn_reads += went_wrong(AnomalyKind::TornRead);
        counts.stuck += went_wrong(AnomalyKind::Stuck);
        counts.unsound += u32::from(verdict.ruling == Ruling::Unsound);
        // A buyer that never got the lock has read nothing.
        let beyond = verdict.anomalies.iter().any(|anomaly| anomaly.kind != AnomalyKind::Stuck);
        let of_a_file = sold.history.header.plan.as_ref().is_some_and(|plan| plan.file().is_some());
        counts.stale_reads += u32::from(beyond && of_a_file && kept_apart(&sold.history) == Some(true));
        if let (Ruling::Unknown, Some(reason)) = (verdict.ruling, verdict.unjudged.first()) {
            self.could_not.get_or_insert_with(|| unjudged(reason));
        }
        self.receipts += verdict.ledger.receipts;
        for purchase in &sold.history.purchases {
            let Tries { count, aborted, .. } = purchase.tries.get();
            self.aborts += u64::from(aborted);
            if purchase.outcome == Outcome::Bought {
                self.tries += u64::from(count);
                let took_ns = |return_ns: u64| return_ns.saturating_sub(purchase.invoke_ns);
                self.purchases_ns.extend(purchase.return_ns.get().map(took_ns));
            }
        }
        self.elapsed_ns += sold.history.header.timing.unwrap_or_default().elapsed_ns;
        let wait_ns = |purchase: &Purchase| purchase.steps.get().locked_ns?.checked_sub(purchase.invoke_ns);
        self.waits_ns.extend(sold.history.purchases.iter().filter_map(wait_ns));
    }

    fn grading<S: Graded>(mut self, subject: &S, failed: &[&S]) -> Grading<S> {
        let control_failed = failed.iter().any(|other| other.is_control_of(subject));
        let (grade, obstacle) = grade(&self.counts, self.could_not.take(), control_failed);
        let elapsed_s = self.elapsed_ns as f64 / 1e9;
        let sales_per_s = if self.elapsed_ns == 0 { 0.0 } else { self.receipts as f64 / elapsed_s };
        Grading {
            subject: subject.clone(),
            trials: self.trials,
            counts: self.counts,
            sales_per_s,
            wait_p99_ns: percentile(&mut self.waits_ns, 99),
            purchase_p99_ns: percentile(&mut self.purchases_ns, 99),
            receipts: self.receipts,
            tries: self.tries,
            aborts: self.aborts,
            killed: self.killed,
            grade,
            obstacle,
        }
    }
}

/// Why a trial could not be judged. The initial stock is always known here and never 0, and the recorder
/// large enough.
fn unjudged(reason: &Unjudged) -> String {
    match reason {
        Unjudged::SystemError { kind, errno, .. } => {
            format!("{kind}: {}", Fault { kind: *kind, number: *errno }.cause())
        }
        Unjudged::Unread(why) => format!("what is left can't be read after the sale: {why}"),
        Unjudged::Unrecorded(_)
        | Unjudged::NoInitial
        | Unjudged::Rose { .. }
        | Unjudged::Restocked
        | Unjudged::NothingOnSale
        | Unjudged::NothingAnswered
        | Unjudged::Killed { .. }
        | Unjudged::HostLost { .. }
        | Unjudged::Interrupted
        | Unjudged::Doubt(_)
        | Unjudged::Order(_) => "not all was recorded".to_owned(),
    }
}

/// The value that `percent` in 100 do not exceed (nearest rank).
fn percentile(values: &mut [u64], percent: usize) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    rank.checked_sub(1).map(|place| values[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::Combination;
    use crate::protocol::file::{Lock, Write};

    #[test]
    fn subjects_without_a_failure_go_on_until_the_bound() {
        let plan = |until, most_of_a_subject| MatrixPlan::<Subject> {
            subjects: Vec::new(),
            trials: 5,
            until,
            think_ns: 0,
            most_of_a_subject,
            kill: false,
            seed: 0,
        };
        let sum = |trials, unsound| Tried {
            trials,
            counts: Counts { unsound, ..Counts::default() },
            ..Tried::default()
        };
        let five = plan(Some(0.05), None);
        assert_eq!((five.most_trials(), plan(None, None).most_trials()), (60, 5));
        let all =
            Combination::all(&[Workers::Process, Workers::Sequential], &[Lock::Flock], &[Write::Overwrite]);
        let went_on_of = |workers, sum: &Tried| {
            let of = all.iter().find(|of| of.workers == workers).expect("a subject");
            five.goes_on(&Subject::Combination(*of), sum, Duration::ZERO)
        };
        let went_on = |sum: Tried| went_on_of(Workers::Process, &sum);
        assert!(!went_on_of(Workers::Sequential, &sum(5, 0)));
        assert_eq!([59, 60].map(|trials| went_on(sum(trials, 0))), [true, false]);
        assert_eq!([4, 5, 37].map(|trials| went_on(sum(trials, 1))), [true, false, false]);
        assert!(!went_on(Tried { could_not: Some("no locks".to_owned()), ..sum(5, 0) }));
        let short = plan(None, Some(Duration::from_secs(2)));
        let late =
            |trials| short.goes_on(&Subject::Combination(all[0]), &sum(trials, 0), Duration::from_secs(3));
        assert_eq!([0, 1].map(late), [true, false]);
    }

    #[test]
    fn percentiles_are_values_that_were_seen() {
        assert_eq!(percentile(&mut [], 99), None);
        assert_eq!(percentile(&mut [7], 99), Some(7));
        let mut values: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(percentile(&mut values, 99), Some(198));
    }
}
