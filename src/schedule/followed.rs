//! From a recorded history to the schedule that it followed.
//!
//! A recorded time says when a step's end was *noted*: the step took effect between the buyer's previous note and this
//! one. Where these spans overlap, the notes can be wrong by some microseconds about which step came first. The stocks
//! that were read are never wrong. So this searches an order within the spans in which the store's model grants every
//! step and every read returns what it did: the order of the notes if that explains everything, else the nearest order
//! that does.

mod requests;
mod search;

use super::{Schedule, Step};
use crate::fault::FaultKind;
use crate::history::{History, Outcome, Purchase};
use crate::plan::Plan;
use crate::protocol::{Mishap, StepKind};
use crate::store::file::FileModel;
use crate::store::with_model;
use crate::world::Model;
use search::{Search, Told};

/// The most dead ends that are tried.
const MOST_DEAD_ENDS: usize = 200_000;

/// Why a history gives no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowedError {
    /// The history of another program does not say how its buyers buy.
    #[error(
        "the history holds no plan and no initial stock: only one that ticketsim recorded names each step"
    )]
    Foreign,
    /// The recorder was full.
    #[error("{0} purchases were counted but not recorded: their steps are not known")]
    Unrecorded(u64),
    /// Its buyers used several names of the ticket file; a replay has one.
    #[error(
        "its buyers went to the ticket file through {0} names: a replay takes one, and locks may differ between them"
    )]
    SeveralNames(usize),
    /// Its buyers were on several hosts.
    #[error(
        "its buyers were on {0} hosts: their clocks do not say for certain which step came first, and a replay runs on one"
    )]
    SeveralHosts(usize),
    /// A purchase does not say when its steps were taken.
    #[error("{0} has no times of its inner steps: only histories that ticketsim recorded have them")]
    NoSteps(PurchaseName),
    /// A purchase did not take all its steps; a schedule can't express that.
    #[error("{purchase} ended with {ending}: a schedule has no step for that")]
    CutShort {
        /// Which.
        purchase: PurchaseName,
        /// How it ended.
        ending: &'static str,
    },
    /// No order explains what was read.
    #[error("no order of the recorded steps explains what the buyers read: did another program write there?")]
    Unexplained,
    /// There may be an order, but too many others do not fit.
    #[error(
        "too many purchases overlap: {MOST_DEAD_ENDS} orders of their steps do not explain what was read"
    )]
    TooMany,
}

/// A purchase, by its place in the history and its line in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseName {
    /// Its place, from 1.
    pub place: usize,
    /// Its line, from 1; 0 if it comes from no file.
    pub line: u32,
    /// Its buyer.
    pub buyer: u64,
}

impl std::fmt::Display for PurchaseName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "purchase {} of buyer {}", self.place, self.buyer),
            line => write!(f, "line {line}: the purchase of buyer {}", self.buyer),
        }
    }
}

/// The schedule that a history followed.
///
/// # Errors
/// When the order of the steps can't be found, or a purchase was cut off.
pub fn followed(history: &History) -> Result<Schedule, FollowedError> {
    let header = &history.header;
    let (Some(plan), Some(initial)) = (&header.plan, header.initial) else {
        return Err(FollowedError::Foreign);
    };
    let unrecorded = header.unrecorded.bought + header.unrecorded.refused + header.unrecorded.failed;
    if unrecorded > 0 {
        return Err(FollowedError::Unrecorded(unrecorded));
    }
    if header.hosts.len() > 1 {
        return Err(FollowedError::SeveralHosts(header.hosts.len()));
    }
    let Some(file) = plan.file() else {
        return with_model!(&plan.store.choices(), plan.workers, initial, model => at_server(history, plan, model));
    };
    if !file.via.is_empty() {
        return Err(FollowedError::SeveralNames(file.via.len() + 1));
    }
    // Mishaps are recorded only there.
    let replayed = header.replay.as_ref().and_then(|steps| steps.parse::<Schedule>().ok());
    let has_mishap = |steps: &Schedule| steps.0.iter().any(|step| Mishap::of(step.letter).is_some());
    if let Some(steps) = replayed.filter(has_mishap) {
        return Ok(steps);
    }
    let told = told_by_buyer(history, plan)?;
    let left = header.left_torn.is_some().then_some(None).or(header.remaining.map(Some));
    let model = FileModel::new(&file.choices, plan.workers, initial);
    Search::new(told, plan, model).run(left)
}

/// The schedule that a history at a database or a Redis server followed: that of a replay is in its header, that of a
/// run is one that the model explains.
fn at_server(history: &History, plan: &Plan, model: impl Model) -> Result<Schedule, FollowedError> {
    if let Some(steps) = history.header.replay.as_ref().and_then(|steps| steps.parse().ok()) {
        return Ok(steps);
    }
    let told = by_buyer(history, plan, |purchase, name| match cut_short_at_server(purchase) {
        Some(ending) => Err(FollowedError::CutShort { purchase: name, ending }),
        None if purchase.return_ns.get().is_none() => Err(FollowedError::NoSteps(name)),
        None => Ok(purchase),
    })?;
    requests::Search::new(told, plan).run(model, plan, history.header.remaining)
}

/// How a purchase at a database or a Redis server ended, if it ended without an answer.
fn cut_short_at_server(purchase: &Purchase) -> Option<&'static str> {
    match purchase.fault.map(|fault| fault.kind) {
        Some(FaultKind::Aborted | FaultKind::Constraint | FaultKind::Fenced) => None,
        _ => cut_short(purchase),
    }
}

/// The facts of each buyer's purchases, in order; the buyers in the order of their numbers. A history may name any
/// buyer numbers, so only buyers with purchases take room.
fn told_by_buyer(history: &History, plan: &Plan) -> Result<Vec<(u32, Vec<Told>)>, FollowedError> {
    let choices = plan.store.choices();
    by_buyer(history, plan, |purchase, name| {
        if let Some(ending) = cut_short(purchase) {
            return Err(FollowedError::CutShort { purchase: name, ending });
        }
        let buyer = u32::try_from(purchase.buyer).unwrap_or(u32::MAX);
        Told::by(purchase, &choices.protocol_of(buyer)).ok_or(FollowedError::NoSteps(name))
    })
}

/// Each buyer's purchases in their order, converted by `told`.
fn by_buyer<'a, T>(
    history: &'a History,
    plan: &Plan,
    told: impl Fn(&'a Purchase, PurchaseName) -> Result<T, FollowedError>,
) -> Result<Vec<(u32, Vec<T>)>, FollowedError> {
    let mut order: Vec<usize> = (0..history.purchases.len()).collect();
    order.sort_by_key(|place| (history.purchases[*place].buyer, history.purchases[*place].invoke_ns));
    let mut buyers: Vec<(u32, Vec<T>)> = Vec::new();
    for place in order {
        let purchase = &history.purchases[place];
        let name = PurchaseName { place: place + 1, line: purchase.line, buyer: purchase.buyer };
        let buyer = u32::try_from(purchase.buyer).ok().filter(|buyer| (1..=plan.buyers).contains(buyer));
        let buyer = buyer.ok_or(FollowedError::Foreign)?;
        let told = told(purchase, name)?;
        match buyers.last_mut() {
            Some((last, of_buyer)) if *last == buyer => of_buyer.push(told),
            _ => buyers.push((buyer, vec![told])),
        }
    }
    Ok(buyers)
}

/// How a purchase ended, if it did not take all its steps.
fn cut_short(purchase: &Purchase) -> Option<&'static str> {
    match (purchase.fault.map(|fault| fault.kind), purchase.outcome) {
        (None, Outcome::Unknown) => Some(Outcome::Unknown.name()),
        (None | Some(FaultKind::Torn), _) => None,
        (Some(kind), _) => Some(kind.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Header, Steps};
    use crate::plan::Workers;
    use crate::protocol::file::{FileChoices, Lock, Write};

    /// This many purchases that all begin before the first one reads, and end one after the other.
    fn overlapping(count: u32, lock: Lock) -> History {
        let (choices, tickets) = (FileChoices::new(lock, Write::Overwrite), i64::from(count / 2));
        let file = Plan::DEFAULT_FILE.as_ref();
        let plan = Plan { workers: Workers::Thread, ..Plan::on_file(choices, file, count, Some(tickets)) };
        let purchase = |buyer: u32| {
            let (at, left) = (u64::from(10 * count + 10 * buyer), tickets + 1 - i64::from(buyer));
            let outcome = if left > 0 { Outcome::Bought } else { Outcome::Refused };
            let locked_ns = (lock != Lock::None).then_some(at);
            let steps = Steps {
                locked_ns,
                read_ns: Some(at + 1),
                written_ns: (left > 0).then_some(at + 2),
                unlocked_ns: locked_ns.map(|at| at + 3),
                ..Steps::default()
            };
            let called = Purchase::new(u64::from(buyer), outcome, u64::from(buyer), Some(at + 3));
            Purchase { steps: steps.into(), ..called.from_stock(left.max(0)) }
        };
        let header = Header { initial: Some(tickets), remaining: Some(0), ..Header::of_plan(plan) };
        History { header, purchases: (1..=count).map(purchase).collect() }
    }

    /// Counts steps instead of time, so that it holds on any machine: ten times the purchases cost about ten times as
    /// much, not a hundred times.
    #[test]
    fn many_overlapping_purchases_cost_little_each() {
        for lock in [Lock::None, Lock::Flock] {
            let looked = |count: u32| {
                let history = overlapping(count, lock);
                let plan = history.header.plan.as_ref().expect("a plan");
                let choices = plan.file().expect("a ticket file").choices;
                let model = FileModel::new(&choices, plan.workers, i64::from(count / 2));
                let mut search = Search::new(told_by_buyer(&history, plan).expect("told"), plan, model);
                let steps = search.run(Some(Some(0))).expect("explained");
                assert!(steps.0.len() > count as usize);
                search.looked.get()
            };
            let (few, many) = (looked(300), looked(3_000));
            assert!(many < 20 * few, "{lock}: {few} and {many}");
        }
    }
}
