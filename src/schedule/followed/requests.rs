//! The search for an order of requests that explains a history at a database or a Redis server: depth first on the model, the order of
//! the notes first.
//!
//! A recorded time is when an answer was noted. Its request was sent some time after the answer before it, and may
//! have waited in the database. Requests that overlap can have been sent in several orders; any that the model
//! explains will do, since a replay of it comes to the same: each read meets what it met, each ticket is sold from
//! what it was sold from, each purchase ends as it did, with the same error.
//!
//! No note says when a lease expired. So it is tried where nobody's request goes on without that.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::{FollowedError, MOST_DEAD_ENDS, Schedule, Step};
use crate::buyer::{Buyer, Rules};
use crate::history::{Outcome, Purchase};
use crate::plan::Plan;
use crate::protocol::{Mishap, Protocol, Reply, StepKind};
use crate::stock::Stock;
use crate::world::{Answer, Model, Turn, can_befall, seated, take_turn, wants};

/// How far a buyer has come in what it is told to have done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    /// The purchase that it is in.
    purchase: usize,
    /// Its next request was sent after this.
    from_ns: u64,
    /// What it read last in this purchase.
    read: Option<Stock>,
}

/// Where all stand.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State<M: Model> {
    model: M,
    buyers: Vec<Buyer>,
    seats: Vec<M::Seat>,
    ways: Vec<Way>,
}

/// A depth-first search for the order.
pub(super) struct Search<'a> {
    /// The number of each buyer, and what it is told to have done.
    told: Vec<(u32, Vec<&'a Purchase>)>,
    protocol: Protocol,
    /// Whether a purchase may ask for the same again, so that the times of its first tries are not known.
    repeats: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(told: Vec<(u32, Vec<&'a Purchase>)>, plan: &Plan) -> Self {
        let protocol = plan.protocol();
        let repeats = plan.store.choices().retries() || protocol.has(StepKind::Swap);
        Self { told, protocol, repeats }
    }

    /// `left`: what the database held in the end, where that is known.
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
        // What was chosen so far, each with where all stood before and which of the candidates it was.
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

    /// The purchase that a buyer is in; `None` once it has done all that it is told to have done.
    fn now<M: Model>(&self, at: &State<M>, who: usize) -> Option<&'a Purchase> {
        self.told[who].1.get(at.ways[who].purchase).copied()
    }

    /// Those who can have sent a request next, in the order in which its answer was noted; and what can have befallen
    /// somebody instead.
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
            // None of the others leaves a purchase that tells how it went on.
            [Mishap::Expire].into_iter().filter(move |mishap| befalls(who, *mishap)).map(Turn::Mishap)
        };
        let requests = heads.iter().map(|(_, who)| *who).filter(can_send).map(|who| (who, Turn::Step));
        let mishaps = heads.iter().flat_map(|(_, who)| mishap(*who).map(|turn| (*who, turn)));
        requests.chain(mishaps).collect()
    }

    /// Before what a buyer's next answer came, at the latest.
    fn until_ns<M: Model>(&self, at: &State<M>, who: usize) -> Option<u64> {
        let told = self.now(at, who)?;
        let kind = at.buyers[who].next().kind()?;
        // Of what ends a transaction or lets a lock go the last alone is noted, as the return.
        Some(noted_ns(told, kind).or(told.return_ns.get()).unwrap_or(u64::MAX))
    }

    /// Has a buyer send its request, or something befall it. `None` where what that brings is not what they are told
    /// to have met.
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

    /// Takes an answer; `false` where it is not what the purchase tells.
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

    /// Whether all have done what they are told to have done, and left what was left.
    fn is_explained<M: Model>(&self, at: &State<M>, left: Option<Stock>) -> bool {
        let is_done = (0..self.told.len()).all(|who| self.now(at, who).is_none());
        is_done && left.is_none_or(|left| at.model.look() == Reply::Stock(left))
    }
}

/// When the answer to the last step of this kind was noted, where a purchase says so.
fn noted_ns(told: &Purchase, kind: StepKind) -> Option<u64> {
    let steps = told.steps.get();
    match kind {
        _ if kind.reads() => steps.read_ns,
        _ if kind.sells() => steps.written_ns,
        StepKind::Lock | StepKind::LockUntilCommit | StepKind::BeginImmediate => steps.locked_ns,
        _ => None,
    }
}
