//! The search for an order of requests that explains a history at a database or a Redis server: depth first on the
//! model, trying the order of the notes first.
//!
//! A recorded time says when an answer was noted. Its request was sent after the buyer's previous answer, and may have
//! waited in the database. Requests that overlap can have been sent in several orders; any order that the model
//! explains will do, since its replay has the same results: the same stocks are read, tickets are sold from the same
//! stocks, and purchases end in the same way, with the same errors.
//!
//! It is not recorded when a lease expired. So an expiry is tried where no request can go on without it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::{FollowedError, MOST_DEAD_ENDS, Schedule, Step};
use crate::buyer::{Buyer, Rules};
use crate::history::{Outcome, Purchase};
use crate::plan::Plan;
use crate::protocol::{Mishap, Protocol, Reply, StepKind};
use crate::stock::Stock;
use crate::world::{Answer, Model, Turn, can_befall, seated, take_turn, wants};

/// How far a buyer has come in its recorded purchases.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    /// Its current purchase.
    purchase: usize,
    /// Its next request was sent after this.
    from_ns: u64,
    /// Its last read in this purchase.
    read: Option<Stock>,
}

/// The state of all buyers.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State<M: Model> {
    model: M,
    buyers: Vec<Buyer>,
    seats: Vec<M::Seat>,
    ways: Vec<Way>,
}

/// A depth-first search for the order.
pub(super) struct Search<'a> {
    /// The number of each buyer, and its recorded purchases.
    told: Vec<(u32, Vec<&'a Purchase>)>,
    protocol: Protocol,
    /// Whether a purchase may repeat requests, so that the times of its first tries are not recorded.
    repeats: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(told: Vec<(u32, Vec<&'a Purchase>)>, plan: &Plan) -> Self {
        let protocol = plan.protocol();
        let repeats = plan.store.choices().retries() || protocol.has(StepKind::Swap);
        Self { told, protocol, repeats }
    }

    /// `left`: the stock at the end, if known.
    pub(super) fn run<M: Model>(
        &self,
        model: M,
        plan: &Plan,
        left: Option<Stock>,
    ) -> Result<Schedule, FollowedError> {
        let seated = |(number, _): &(u32, _)| seated(&model, Rules::of(plan, *number), *number as usize - 1);
        let (buyers, seats) = self.told.iter().map(seated).unzip();
        let way = |(_, purchases): &(u32, Vec<&Purchase>)| Way {
            purchase: 0,
            from_ns: purchases.first().map_or(0, |told| told.invoke_ns),
            read: None,
        };
        let ways: Vec<Way> = self.told.iter().map(way).collect();
        let mut at = State { model, buyers, seats, ways };
        // The choices so far, each with the state before it and the number of the candidate.
        let mut chosen: Vec<(State<M>, usize, Step)> = Vec::new();
        let (hasher, mut dead) = (RandomState::new(), HashSet::new());
        let (mut tried, mut dead_ends) = (0, 0);
        loop {
            if self.is_explained(&at, left) {
                return Ok(Schedule(chosen.into_iter().map(|(_, _, step)| step).collect()));
            }
            let candidates = self.candidates(&at);
            let next = candidates.iter().enumerate().skip(tried).find_map(|(place, (who, turn))| {
                let (state, step) = self.take(&at, *who, *turn)?;
                (!dead.contains(&hasher.hash_one(&state))).then_some((place, state, step))
            });
            if let Some((place, state, step)) = next {
                chosen.push((std::mem::replace(&mut at, state), place, step));
                tried = 0;
                continue;
            }
            dead_ends += 1;
            if dead_ends > MOST_DEAD_ENDS {
                return Err(FollowedError::TooMany);
            }
            let (before, place, _) = chosen.pop().ok_or(FollowedError::Unexplained)?;
            dead.insert(hasher.hash_one(&at));
            (at, tried) = (before, place + 1);
        }
    }

    /// A buyer's current purchase; `None` once it has done all its recorded purchases.
    fn now<M: Model>(&self, at: &State<M>, who: usize) -> Option<&'a Purchase> {
        self.told[who].1.get(at.ways[who].purchase).copied()
    }

    /// The buyers that can have sent the next request, in the order in which its answer was noted; then the mishaps
    /// that can have come instead.
    fn candidates<M: Model>(&self, at: &State<M>) -> Vec<(usize, Turn)> {
        let until = |who: usize| Some((self.until_ns(at, who)?, who));
        let mut heads: Vec<(u64, usize)> = (0..self.told.len()).filter_map(until).collect();
        heads.sort_unstable();
        let Some((limit_ns, _)) = heads.first().copied() else { return Vec::new() };
        let can_send = |who: &usize| {
            at.ways[*who].from_ns <= limit_ns && wants(&at.model, &at.buyers[*who], &at.seats[*who]).is_some()
        };
        let befalls = |who: usize, mishap| can_befall(&at.model, &at.buyers[who], &at.seats[who], mishap);
        let mishap = |who: usize| {
            // After any other mishap a purchase has no record of how it went on.
            [Mishap::Expire].into_iter().filter(move |mishap| befalls(who, *mishap)).map(Turn::Mishap)
        };
        let requests = heads.iter().map(|(_, who)| *who).filter(can_send).map(|who| (who, Turn::Step));
        let mishaps = heads.iter().flat_map(|(_, who)| mishap(*who).map(|turn| (*who, turn)));
        requests.chain(mishaps).collect()
    }

    /// The latest time at which a buyer's next answer can have come.
    fn until_ns<M: Model>(&self, at: &State<M>, who: usize) -> Option<u64> {
        let told = self.now(at, who)?;
        let kind = at.buyers[who].next().kind()?;
        // Of the steps that end a transaction or unlock, only the last one is noted, as the return.
        Some(noted_ns(told, kind).or(told.return_ns.get()).unwrap_or(u64::MAX))
    }

    /// Takes a buyer's turn. `None` if the answers do not agree with the record.
    fn take<M: Model>(&self, at: &State<M>, who: usize, turn: Turn) -> Option<(State<M>, Step)> {
        let mut next = at.clone();
        let mut answers = Vec::new();
        let State { model, buyers, seats, .. } = &mut next;
        let letter = take_turn(model, buyers, seats, who, turn, |answer| answers.push(answer))?;
        for answer in answers {
            let told = self.now(&next, answer.buyer)?;
            if !self.advance(&mut next.ways[answer.buyer], told, &answer) {
                return None;
            }
            if answer.ending.is_some() {
                let way = &mut next.ways[answer.buyer];
                let following = self.told[answer.buyer].1.get(way.purchase);
                way.from_ns = following.map_or(way.from_ns, |told| told.invoke_ns);
            }
        }
        Some((next, Step { letter, buyer: self.told[who].0 }))
    }

    /// Takes an answer; `false` if it does not agree with the recorded purchase.
    fn advance(&self, way: &mut Way, told: &Purchase, answer: &Answer) -> bool {
        let Some(kind) = answer.action.kind() else { return false };
        if let Reply::Stock(stock) = answer.reply {
            way.read = Some(stock);
            let is_last =
                !self.repeats && self.protocol.steps().iter().filter(|kind| kind.reads()).count() == 1;
            if is_last && told.seen.get().is_some_and(|seen| seen != stock) {
                return false;
            }
        }
        let is_once = self.protocol.steps().iter().filter(|other| **other == kind).count() == 1;
        if let Some(noted_ns) = noted_ns(told, kind).filter(|_| is_once && !self.repeats) {
            way.from_ns = noted_ns;
        }
        let Some(ending) = answer.ending else { return true };
        let is_its = ending.outcome == told.outcome
            && ending.fault == told.fault
            && (told.outcome != Outcome::Bought
                || told.sold_from.get().is_none_or(|from| from == answer.sold_from))
            && told.seen.get().is_none_or(|seen| way.read.is_none_or(|read| read == seen));
        (way.purchase, way.read) = (way.purchase + 1, None);
        is_its
    }

    /// Whether all recorded purchases are done, and the stock at the end is right.
    fn is_explained<M: Model>(&self, at: &State<M>, left: Option<Stock>) -> bool {
        let is_done = (0..self.told.len()).all(|who| self.now(at, who).is_none());
        is_done && left.is_none_or(|left| at.model.look() == Reply::Stock(left))
    }
}

/// When the answer to the last step of this kind was noted, if it was.
fn noted_ns(told: &Purchase, kind: StepKind) -> Option<u64> {
    let steps = told.steps.get();
    match kind {
        _ if kind.reads() => steps.read_ns,
        _ if kind.sells() => steps.written_ns,
        StepKind::Lock | StepKind::LockUntilCommit | StepKind::BeginImmediate => steps.locked_ns,
        _ => None,
    }
}
