//! The order of histories with purchases of several tickets, give-backs or reads: decided by a bounded search, exactly
//! or not at all.
//!
//! The search goes through time once, over all calls and returns. It keeps a set of *states*: which of the purchases
//! under way have already taken effect, and the stock that results. At a return, the purchase must have taken effect in
//! each state, or take effect now; states in which it can't are dropped. If none is left, no order fits. (Lowe,
//! "Testing for linearizability", 2017: just-in-time linearization.) Intervals are closed: at one moment calls come
//! before returns.
//!
//! These rules keep the number of states small and lose no order:
//!
//! - **A purchase takes effect as late as possible.** Before a purchase that must take effect, others do so only if a
//!   purchase under way observes the stock (it says which it found, or was refused), or if this one could not
//!   otherwise. Any order can be brought into this form: an effect that nothing needs yet can be moved after the next
//!   effect, or to its own return.
//! - **Reads and refusals happen as soon as they fit**: if they fit the current stock, they change nothing for the
//!   others.
//! - **Of equal purchases, the one that returns first comes first.** Two of the same kind and quantity that do not say
//!   what they found can change places in any order while both are under way.
//! - **Purchases without an answer** are equal if they have the same kind, quantity and stock: only the number of those
//!   that took effect is kept. Other sellers are treated like this, one for each ticket.
//!
//! While no purchase under way observes the stock, one state stays one state, and the search is linear.

#[cfg(test)]
mod oracle;

use std::collections::{BTreeMap, HashSet};

use super::{Contradiction, Findings, Kept};
use crate::history::{History, Outcome, Purchase};
use crate::stock::Stock;
use crate::verdict::survey::Survey;
use crate::verdict::{MOST_TOLD, Place};

/// The most states that are examined in all.
const MOST_STATES: usize = 1 << 18;
/// The most states that are kept at a time.
const MOST_AT_ONCE: usize = 1 << 15;

/// Judges the order.
pub(super) fn judge(history: &History, survey: &Survey) -> Findings {
    let header = &history.header;
    let Some(initial) = header.initial.filter(|_| header.unrecorded == Default::default()) else {
        // `unjudged` says why.
        return Findings::default();
    };
    let all = history.purchases.len() as u64;
    let undecided = |purchases: u64| Findings::new(Kept::default(), history, purchases.max(1));
    if header.restocks {
        return undecided(all);
    }
    match Search::new(history, survey, initial).run() {
        Found::Fits => Findings::default(),
        // The incomplete line may have been any purchase at any time.
        Found::NoPlace(..) if header.cut_short.is_some() => undecided(all),
        Found::NoPlace(purchase, among) => {
            let mut kept = Kept::default();
            kept.add(Contradiction::NoPlace { purchase, among });
            Findings::new(kept, history, 0)
        }
        Found::TooMany(purchases) => undecided(purchases),
    }
}

/// The result of the search.
enum Found {
    Fits,
    /// The first purchase fits nowhere among the others.
    NoPlace(Option<Place>, Vec<Place>),
    /// There were too many states; this many purchases remained.
    TooMany(u64),
}

/// What a purchase does to the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Effect {
    /// It takes this many tickets; there must be enough.
    Take(u32),
    /// It puts this many back.
    Put(u32),
    /// It finds fewer than this many.
    Refuse(u32),
    /// It reads the stock.
    Look,
}

/// What a purchase does, and the stock that it says it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Deed {
    effect: Effect,
    met: Option<Stock>,
}

impl Deed {
    /// The stock after it; `None` if it is not possible from this stock.
    fn on(self, stock: Stock) -> Option<Stock> {
        if self.met.is_some_and(|met| met != stock) {
            return None;
        }
        match self.effect {
            Effect::Take(quantity) => stock.checked_sub(quantity.into()).filter(|left| *left >= 0),
            Effect::Put(quantity) => stock.checked_add(quantity.into()),
            Effect::Refuse(quantity) => Some(stock).filter(|stock| *stock < quantity.into()),
            Effect::Look => Some(stock),
        }
    }

    fn changes(self) -> bool {
        matches!(self.effect, Effect::Take(_) | Effect::Put(_))
    }

    /// Whether it depends on the exact stock, not only on whether it is enough.
    fn observes(self) -> bool {
        self.met.is_some() || !self.changes()
    }
}

/// A purchase that is under way.
#[derive(Clone, Copy)]
struct UnderWay {
    deed: Deed,
    until_ns: u64,
    /// `None` for the read of the remaining stock.
    place: Option<Place>,
}

/// Which of the purchases under way have taken effect, and the stock that results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    stock: Stock,
    /// One bit for each slot.
    done: Vec<u64>,
    /// For each class of purchases without an answer: how many took effect.
    used: Vec<u32>,
}

impl State {
    fn has(&self, slot: usize) -> bool {
        self.done.get(slot / 64).is_some_and(|bits| bits >> (slot % 64) & 1 == 1)
    }

    fn set(&mut self, slot: usize) {
        if self.done.len() <= slot / 64 {
            self.done.resize(slot / 64 + 1, 0);
        }
        self.done[slot / 64] |= 1 << (slot % 64);
    }

    /// Trailing zeros are removed, so that equal states compare as equal.
    fn clear(&mut self, slot: usize) {
        self.done[slot / 64] &= !(1 << (slot % 64));
        while self.done.last() == Some(&0) {
            self.done.pop();
        }
    }

    fn used(&self, class: usize) -> u32 {
        self.used.get(class).copied().unwrap_or(0)
    }

    fn use_one(&mut self, class: usize) {
        if self.used.len() <= class {
            self.used.resize(class + 1, 0);
        }
        self.used[class] += 1;
    }
}

struct Search<'a> {
    history: &'a History,
    /// Time, whether it is a return, and the purchase; `None` for the read of the remaining stock.
    moments: Vec<(u64, bool, Option<Place>)>,
    slots: Vec<Option<UnderWay>>,
    free: Vec<usize>,
    slot_of: BTreeMap<Option<Place>, usize>,
    /// The classes of purchases without an answer: what they do, and how many have been called.
    classes: Vec<(Deed, u32)>,
    /// How many purchases under way observe the stock.
    observers: usize,
    states: Vec<State>,
    looked_at: usize,
}

impl<'a> Search<'a> {
    fn new(history: &'a History, survey: &Survey, initial: Stock) -> Self {
        let header = &history.header;
        let slack = header.slack();
        let outsiders = header.outsiders || !survey.lost.is_empty();
        let mut moments = Vec::with_capacity(history.purchases.len() * 2);
        for (purchase, place) in history.purchases.iter().zip(0..) {
            match purchase.outcome {
                Outcome::Failed => continue,
                Outcome::Unknown => {}
                Outcome::Bought | Outcome::Refused | Outcome::Returned | Outcome::Read => {
                    moments.push((slack.returned_ns(purchase), true, Some(place)));
                }
            }
            moments.push((slack.called_ns(purchase), false, Some(place)));
        }
        moments.sort_unstable();
        if header.remaining.is_some() && !outsiders {
            moments.extend([(u64::MAX, false, None), (u64::MAX, true, None)]);
        }
        let others = Deed { effect: Effect::Take(1), met: None };
        Self {
            history,
            moments,
            slots: Vec::new(),
            free: Vec::new(),
            slot_of: BTreeMap::new(),
            classes: if outsiders { vec![(others, u32::MAX)] } else { Vec::new() },
            observers: 0,
            states: vec![State { stock: initial, done: Vec::new(), used: Vec::new() }],
            looked_at: 0,
        }
    }

    fn run(mut self) -> Found {
        let moments = std::mem::take(&mut self.moments);
        let mut since = 0;
        for (at, (_, returns, place)) in moments.iter().enumerate() {
            if self.slot_of.is_empty() {
                since = at;
            }
            if !returns {
                self.call(*place);
                continue;
            }
            let among = self.place(*place);
            if self.looked_at > MOST_STATES || self.states.len() > MOST_AT_ONCE {
                let rest = moments[since..].iter().filter(|(_, returns, _)| *returns);
                return Found::TooMany(rest.count() as u64);
            }
            if self.states.is_empty() {
                return Found::NoPlace(*place, among);
            }
        }
        Found::Fits
    }

    fn deed(&self, place: Option<Place>) -> Deed {
        let Some(place) = place else {
            return Deed { effect: Effect::Look, met: self.history.header.remaining };
        };
        let Purchase { outcome, gives_back, quantity, seen, sold_from, .. } =
            self.history.purchases[place as usize];
        let (effect, met) = match outcome {
            Outcome::Read => (Effect::Look, seen),
            Outcome::Refused => (Effect::Refuse(quantity), sold_from),
            Outcome::Returned => (Effect::Put(quantity), sold_from),
            Outcome::Unknown if gives_back => (Effect::Put(quantity), sold_from),
            Outcome::Bought | Outcome::Unknown | Outcome::Failed => (Effect::Take(quantity), sold_from),
        };
        Deed { effect, met: met.get() }
    }

    /// A purchase is called.
    fn call(&mut self, place: Option<Place>) {
        let deed = self.deed(place);
        let purchase = place.map(|place| &self.history.purchases[place as usize]);
        if purchase.is_some_and(|purchase| purchase.outcome == Outcome::Unknown) {
            match self.classes.iter_mut().find(|(other, _)| *other == deed) {
                Some((_, called)) => *called = called.saturating_add(1),
                None => self.classes.push((deed, 1)),
            }
            return;
        }
        let until_ns = purchase.and_then(|purchase| purchase.return_ns.get()).unwrap_or(u64::MAX);
        let under_way = Some(UnderWay { deed, until_ns, place });
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = under_way;
                slot
            }
            None => {
                self.slots.push(under_way);
                self.slots.len() - 1
            }
        };
        self.slot_of.insert(place, slot);
        self.observers += usize::from(deed.observes());
        if !deed.changes() {
            for state in self.states.iter_mut().filter(|state| deed.on(state.stock).is_some()) {
                state.set(slot);
            }
        }
    }

    /// A purchase returns: it takes effect now, unless it already has. Returns the purchases that overlap with it.
    fn place(&mut self, place: Option<Place>) -> Vec<Place> {
        let Some(slot) = self.slot_of.remove(&place) else { return Vec::new() };
        let deed =
            self.slots[slot].map_or(Deed { effect: Effect::Look, met: None }, |under_way| under_way.deed);
        let before = std::mem::take(&mut self.states);
        let mut after: HashSet<State> = HashSet::with_capacity(before.len());
        let mut seen: HashSet<State> = HashSet::new();
        for mut state in before {
            self.looked_at += 1;
            if state.has(slot) {
                state.clear(slot);
                after.insert(state);
            } else if self.alone(&state, slot)
                && let Some(stock) = deed.on(state.stock)
            {
                state.stock = stock;
                after.insert(state);
            } else {
                self.explore(state, slot, &mut seen, &mut after);
            }
            if self.looked_at > MOST_STATES {
                break;
            }
        }
        let among = self.slots.iter().flatten().filter(|other| other.place != place);
        let among = among.filter_map(|other| other.place).take(MOST_TOLD - 1).collect();
        self.slots[slot] = None;
        self.free.push(slot);
        self.observers -= usize::from(deed.observes());
        self.states = after.into_iter().collect();
        among
    }

    /// Whether no other purchase under way observes the stock and has not taken effect yet.
    fn alone(&self, state: &State, slot: usize) -> bool {
        let waits = |(at, other): (usize, &Option<UnderWay>)| {
            at != slot && other.is_some_and(|other| other.deed.observes()) && !state.has(at)
        };
        let mine = usize::from(self.slots[slot].is_some_and(|own| own.deed.observes()));
        let open = || {
            let may = |(class, (deed, called)): (usize, &(Deed, u32))| {
                deed.observes() && state.used(class) < *called
            };
            self.classes.iter().enumerate().any(may)
        };
        (self.observers == mine || !self.slots.iter().enumerate().any(waits)) && !open()
    }

    /// Follows every path from a state until this purchase has taken effect.
    fn explore(&mut self, from: State, slot: usize, seen: &mut HashSet<State>, after: &mut HashSet<State>) {
        let mut stack = vec![from];
        while let Some(state) = stack.pop() {
            self.looked_at += 1;
            if self.looked_at > MOST_STATES {
                return;
            }
            for next in self.next(&state) {
                if next.has(slot) {
                    let mut next = next;
                    next.clear(slot);
                    after.insert(next);
                } else if seen.insert(next.clone()) {
                    stack.push(next);
                }
            }
        }
    }

    /// The states that one effect leads to.
    fn next(&self, state: &State) -> Vec<State> {
        let mut found = Vec::new();
        // Of equal purchases, the one that returns first.
        let mut first: Vec<(Deed, u64, usize)> = Vec::new();
        for (slot, under_way) in self.slots.iter().enumerate() {
            let Some(UnderWay { deed, until_ns, .. }) = *under_way else { continue };
            if state.has(slot) {
                continue;
            }
            match first.iter_mut().find(|(other, ..)| *other == deed) {
                Some(best) if until_ns < best.1 => *best = (deed, until_ns, slot),
                Some(_) => {}
                None => first.push((deed, until_ns, slot)),
            }
        }
        for (deed, _, slot) in &first {
            if let Some(stock) = deed.on(state.stock) {
                let mut next = State { stock, ..state.clone() };
                next.set(*slot);
                found.push(self.settled(next));
            }
        }
        for (class, (deed, called)) in self.classes.iter().enumerate() {
            // If an equal purchase must take effect, that one is used first.
            let free = state.used(class) < *called && !first.iter().any(|(other, ..)| other == deed);
            if let Some(stock) = deed.on(state.stock).filter(|_| free) {
                let mut next = State { stock, ..state.clone() };
                next.use_one(class);
                found.push(self.settled(next));
            }
        }
        found
    }

    /// The same state, after all reads and refusals that fit it.
    fn settled(&self, mut state: State) -> State {
        for (slot, under_way) in self.slots.iter().enumerate() {
            if let Some(UnderWay { deed, .. }) = under_way
                && !deed.changes()
                && deed.on(state.stock).is_some()
            {
                state.set(slot);
            }
        }
        state
    }
}
