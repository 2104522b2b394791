//! Every order in which buyers can take their steps, on the model only: how many there are, how they end, how likely
//! each end is, and the shortest schedule that leads to it.
//!
//! The buyers are those of [`crate::buyer`], which real processes run, too; the store is a [`crate::world::Model`]. A
//! schedule is one order of all steps until every buyer has left. Thinking and leaving are no steps. At a file a buyer
//! that waits for the lock has no step to take, so with a lock a schedule is an order of *granted* steps. At a database
//! a step is a *request*: a buyer that has to wait has sent it, and its answer comes with another buyer's step.
//! [`crate::verdict::judge`] judges the history of a schedule, like that of a live run.
//!
//! - [`census()`] counts all of them, by states instead of one by one.
//! - [`graph()`] shows them as a graph of states.
//! - [`sample()`] draws some of them at random, if there are too many states.
//! - [`rehearse()`] gives the history of one of them.
//! - [`hint()`] finds the shortest way from the buyers' present state to an oversell.

mod census;
mod counted;
mod graph;
mod hint;
mod level;
mod numbered;
mod rehearsal;
mod sample;
mod shop;

use std::collections::HashMap;

pub use census::{MAX_STATES, census, census_until};
pub use counted::{Census, Coverage, Found, Progress, Stopped};
pub use graph::{Edge, Graph, Node, Path, graph};
pub use hint::{Hint, hint};
pub use rehearsal::{Rehearsal, Waited, rehearsal, rehearse};
pub use sample::{Drawn, Sample, Sampling, Scheduler, sample, sample_until};

use crate::buyer::Rules;
use crate::fault::FaultKind;
use crate::history::{History, Outcome, Purchase};
use crate::plan::{Given, Pace, PerBuyer, Plan, StorePlan, Workers};
use crate::protocol::{Choices, Mishap, Mishaps, StoreKind};
use crate::schedule::Schedule;
use crate::stock::Stock;
use crate::verdict::{AnomalyKind, judge};
use shop::JudgedPast;

/// What is explored: who buys what, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// How many buyers race, at least 1.
    pub buyers: u32,
    /// How many tickets are on sale.
    pub tickets: Stock,
    /// How many purchases each buyer makes.
    pub per_buyer: PerBuyer,
    /// What one purchase does. The model has no clock, so nobody gives up waiting.
    pub choices: Choices,
    /// How buyers are run: buyers in one process share some locks.
    pub workers: Workers,
    /// How many mishaps may come in one schedule.
    pub mishaps: Mishaps,
}

/// What a step of a schedule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// A step that the store grants: a buyer that would have to wait takes none.
    Granted,
    /// A request, whether it has to wait or not.
    Requests,
}

impl Counting {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Counting::Granted => "granted",
            Counting::Requests => "requests",
        }
    }
}

/// Runs an expression with the model of a setting's store, before the first step.
macro_rules! with_model_of {
    ($setting:expr, $model:ident => $with:expr) => {
        $crate::store::with_model!(&$setting.choices, $setting.workers, $setting.tickets, $model => $with)
    };
}
pub(crate) use with_model_of;

impl Setting {
    /// These choices, with one purchase for each buyer, and process buyers.
    #[must_use]
    pub const fn new(choices: Choices, buyers: u32, tickets: Stock) -> Self {
        let (per_buyer, workers) = (PerBuyer::ONE, Workers::Process);
        Setting { buyers, tickets, per_buyer, choices, workers, mishaps: Mishaps::none() }
    }

    /// The setting of a plan that puts this many tickets on sale.
    #[must_use]
    pub fn of(plan: &Plan, tickets: Stock) -> Self {
        let Plan { buyers, per_buyer, .. } = *plan;
        Setting {
            buyers,
            tickets,
            per_buyer,
            choices: plan.store.choices(),
            workers: plan.workers_in_steps(),
            mishaps: Mishaps::none(),
        }
    }

    /// The plan of a live run of it, with the usual pace: the model has none.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let think_ns = Plan::DEFAULT_THINK.as_nanos() as u64;
        Plan {
            per_buyer: self.per_buyer,
            pace: Pace { think_ns, jitter: Plan::DEFAULT_JITTER, seed: 0 },
            // Only the engine of the database is known, not its address.
            store: self.store(StoreKind::name),
            buyers: self.buyers,
            tickets: Some(self.tickets),
            workers: self.workers,
            restocks: false,
            mishaps: Vec::new(),
            hosts: 0,
        }
    }

    /// A store where it could be run; `address` gives the address of a server.
    fn store(&self, address: impl FnOnce(StoreKind) -> &'static str) -> StorePlan {
        let url = self.choices.kind().map(address).unwrap_or_default();
        StorePlan::new(self.choices, url.to_owned(), Given::default(), Plan::DEFAULT_SALE.to_owned())
    }

    /// The rules of the buyer at this place.
    pub(crate) fn rules(&self, who: usize) -> Rules {
        let Self { choices, per_buyer, .. } = self;
        Rules {
            protocol: choices.protocol_of(who as u32 + 1),
            per_buyer: *per_buyer,
            retry: choices.retries(),
        }
    }

    /// What the steps of its schedules are.
    #[must_use]
    pub fn counting(&self) -> Counting {
        // A buyer that finds the lease taken asks again and again, which is no step.
        if self.choices.waits_in_store() { Counting::Requests } else { Counting::Granted }
    }

    /// In a schedule with more steps than this, an aborted purchase was tried again although no other purchase had
    /// committed, so there is no longest schedule. `None` if nothing is tried again.
    ///
    /// As long as each abort is caused by another purchase's commit, no purchase is begun more often than one time plus
    /// the number of commits.
    fn most_steps_of_retries(&self) -> Option<u64> {
        let purchases = match self.per_buyer {
            PerBuyer::Count(count) => u64::from(count.get()),
            PerBuyer::All => u64::try_from(self.tickets).unwrap_or(0).saturating_add(1),
        };
        let all = u64::from(self.buyers).saturating_mul(purchases);
        let most = all.saturating_mul(all + 1).saturating_mul(self.choices.protocol().most_named());
        // Each buyer is killed once.
        let most = most.saturating_add(u64::from(self.buyers));
        self.choices.retries().then_some(most)
    }

    /// The command that explores it.
    #[must_use]
    pub fn command(&self) -> String {
        format!("ticketsim explore --buyers {} {}", self.buyers, self.options())
    }

    /// The command that replays a schedule of it on real processes. A database is the one that the environment names.
    #[must_use]
    pub fn replay_command(&self, schedule: &Schedule) -> String {
        let plan = Plan { store: self.store(StoreKind::usual_url), ..self.plan() };
        plan.replay_command(&schedule.to_string(), self.buyers.max(schedule.buyers()))
    }

    /// The options that a live run takes, too, without the number of buyers.
    fn options(&self) -> String {
        let command = self.plan().command_for_any_seed();
        let buyers = format!("ticketsim --buyers {} ", self.buyers);
        let mut options = command.strip_prefix(&buyers).unwrap_or(&command).to_owned();
        for mishap in Mishap::COUNTED.iter().filter(|mishap| self.mishaps.allow(**mishap)) {
            let option = if *mishap == Mishap::Kill { "kills" } else { mishap.name() };
            options += &format!(" --{option} {}", self.mishaps.of(*mishap));
        }
        options
    }
}

/// How a schedule ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// How many purchases believe that they succeeded.
    pub receipts: u64,
    /// How many purchases failed, without those whose buyers were killed.
    pub failed: u64,
    /// The stock; `None` if the file is left torn.
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

    /// The end of this history, as the verdict sees it.
    fn of(history: &History) -> Self {
        let verdict = judge(history);
        End {
            receipts: verdict.ledger.receipts,
            failed: failed(history),
            remaining: verdict.ledger.remaining,
            anomalies: verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect(),
        }
    }

    /// The sort key: the largest oversell first, the sound ends last.
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

/// How many purchases failed, without those whose buyers were killed.
fn failed(history: &History) -> u64 {
    let failed = |purchase: &&Purchase| {
        let is_killed = purchase.fault.is_some_and(|fault| fault.kind == FaultKind::Killed);
        purchase.outcome == Outcome::Failed && !is_killed
    };
    history.purchases.iter().filter(failed).count() as u64
}

/// How the pasts of a setting end: the verdict on one schedule for each past.
#[derive(Default)]
struct Ends(HashMap<JudgedPast, End>);

impl Ends {
    /// How this schedule ends, and all others with the same past.
    fn of(&mut self, setting: &Setting, past: JudgedPast, schedule: impl FnOnce() -> Schedule) -> End {
        let end = self.0.entry(past).or_insert_with(|| match rehearse(setting, &schedule()) {
            Ok(history) => End::of(&history),
            Err(unfollowed) => unreachable!("the model can't follow its own schedule: {unfollowed}"),
        });
        end.clone()
    }
}

#[cfg(test)]
mod tests;
