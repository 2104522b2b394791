//! Every order in which buyers can take their steps, on the model alone: how many there are, how each
//! ends, how likely it is, and the shortest schedule that leads there.
//!
//! The buyers are those of [`crate::buyer`], the ones that real processes run; the world is
//! a [`crate::world::Model`]. A schedule is one order of all steps until every buyer has left.
//! Thinking and leaving are no steps; a buyer that waits for the lock has no step to take, so with a
//! lock a schedule is an order of granted steps. What goes wrong in a schedule is what
//! [`crate::verdict::judge`] says of its history, as of a live run.
//!
//! - [`census()`] counts all of them, by states instead of one by one.
//! - [`sample()`] draws some of them at random, where there are too many states.
//! - [`rehearse()`] gives the history of one of them.
//! - [`hint()`] finds the shortest way to an oversell from where buyers stand.

mod census;
mod hint;
mod rehearsal;
mod sample;
mod shop;

use std::collections::HashMap;

pub use census::{Census, Coverage, Found, MAX_STATES, census, census_until};
pub use hint::{Hint, hint};
pub use rehearsal::{Refusal, Why, rehearse};
pub use sample::{Drawn, Sample, Sampling, Scheduler, sample, sample_until};

use crate::buyer::Rules;
use crate::history::{History, Outcome};
use crate::plan::{Pace, PerBuyer, Plan, Workers};
use crate::protocol::file::Sale;
use crate::schedule::Schedule;
use crate::stock::Stock;
use crate::store::file::FileModel;
use crate::verdict::{AnomalyKind, judge};
use shop::Course;

/// What is explored: who buys what, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// How many buyers race, at least 1.
    pub buyers: u32,
    /// How many tickets are on sale.
    pub tickets: Stock,
    /// How many purchases each buyer makes.
    pub per_buyer: PerBuyer,
    /// What one purchase does. The model has no clock: nobody gives up waiting.
    pub sale: Sale,
}

impl Setting {
    /// The setting of a plan that puts so many tickets on sale.
    #[must_use]
    pub fn of(plan: &Plan, tickets: Stock) -> Self {
        Setting {
            buyers: plan.buyers,
            tickets,
            per_buyer: plan.per_buyer,
            sale: plan.file().map_or_else(Sale::usual, |file| file.sale),
        }
    }

    /// The plan of a live run of it. The pace is the usual one: the model knows none.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let think_ns = Plan::DEFAULT_THINK.as_nanos() as u64;
        Plan {
            per_buyer: self.per_buyer,
            pace: Pace { think_ns, jitter: Plan::DEFAULT_JITTER, seed: 0 },
            ..Plan::on_file(self.sale, Plan::DEFAULT_FILE.as_ref(), self.buyers, Some(self.tickets))
        }
    }

    /// How its buyers buy.
    pub(crate) fn rules(&self) -> Rules {
        Rules { protocol: self.sale.protocol(), per_buyer: self.per_buyer, retry: false }
    }

    /// The model of its store, before the first step.
    pub(crate) fn model(&self) -> FileModel {
        FileModel::new(&self.sale, Workers::Process, self.tickets)
    }

    /// The command that explores it.
    #[must_use]
    pub fn command(&self) -> String {
        format!("ticketsim explore --buyers {} {}", self.buyers, self.options())
    }

    /// The command that makes a schedule of it happen on real processes.
    #[must_use]
    pub fn replay_command(&self, schedule: &Schedule) -> String {
        format!("ticketsim replay '{schedule}' {}", self.options())
    }

    /// The options but for the number of buyers, as a live run takes them, too.
    fn options(&self) -> String {
        let command = self.plan().command_for_any_seed();
        let buyers = format!("ticketsim --buyers {} ", self.buyers);
        command.strip_prefix(&buyers).unwrap_or(&command).to_owned()
    }
}

/// How a schedule ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// How many purchases believe that they succeeded.
    pub receipts: u64,
    /// How many purchases failed.
    pub failed: u64,
    /// The stock in the file; `None` where it is left torn.
    pub remaining: Option<Stock>,
    /// What went wrong, in the order of [`AnomalyKind::ALL`].
    pub anomalies: Vec<AnomalyKind>,
}

impl End {
    /// Whether nothing went wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.anomalies.is_empty()
    }

    /// What the verdict says of this history.
    fn of(history: &History) -> Self {
        let verdict = judge(history);
        End {
            receipts: verdict.ledger.receipts,
            failed: failed(history),
            remaining: verdict.ledger.remaining,
            anomalies: verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect(),
        }
    }

    /// The worst first: those that oversold most, the sound ones last.
    fn rank(&self) -> impl Ord + use<> {
        (
            self.is_sound(),
            std::cmp::Reverse(self.receipts),
            self.remaining,
            self.failed,
            self.anomalies.clone(),
        )
    }
}

fn failed(history: &History) -> u64 {
    history.purchases.iter().filter(|purchase| purchase.outcome == Outcome::Failed).count() as u64
}

/// How the courses of a setting end: the verdict on one schedule of each.
#[derive(Default)]
struct Ends(HashMap<Course, End>);

impl Ends {
    /// How this schedule ends, and with it all of the same course.
    fn of(&mut self, setting: &Setting, course: Course, schedule: impl FnOnce() -> Schedule) -> End {
        let end = self.0.entry(course).or_insert_with(|| match rehearse(setting, &schedule()) {
            Ok(history) => End::of(&history),
            Err(refusal) => unreachable!("the model refuses its own schedule: {refusal}"),
        });
        end.clone()
    }
}

#[cfg(test)]
mod tests;
