//! The search for an order of steps that explains a history: depth first on the model of the store, trying the order of
//! the notes first.
//!
//! Buyers with equal next steps are examined together: those that wait for the same lock, and those that must read the
//! same stock. So a step costs little, however many purchases overlap.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::{FollowedError, MOST_DEAD_ENDS, Schedule, Step, StepKind};
use crate::buyer::Rules;
use crate::history::{Outcome, Purchase, Steps};
use crate::plan::Plan;
use crate::protocol::{Action, Protocol, Reply};
use crate::stock::Stock;
use crate::world::{Apart, Contender};

/// The facts that a recorded purchase tells about its steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    invoke_ns: u64,
    /// When the last step of each kind was noted, indexed like `StepKind::ALL`.
    noted_ns: [u64; StepKind::ALL.len()],
    outcome: Outcome,
    /// Whether it had the lock.
    locked: bool,
    /// Whether it had the lock at its last read; `None` if the times do not tell.
    locked_at_read: Option<bool>,
    /// The result of its last read; `None` is an emptied file.
    met: Option<Stock>,
}

impl Told {
    /// The facts of this purchase; `None` if the time of a necessary step is missing.
    pub(super) fn by(purchase: &Purchase, protocol: &Protocol) -> Option<Self> {
        let steps = &purchase.steps.get();
        let met = if purchase.torn.is_some() { None } else { Some(purchase.seen.get()?) };
        let bought = purchase.outcome == Outcome::Bought;
        let mut noted_ns = [0; StepKind::ALL.len()];
        // Opening is not noted: it came before the lock. A purchase that got no ticket may have ended before it locked.
        let locked_ns = if bought { steps.locked_ns } else { steps.locked_ns.or(steps.read_ns) };
        let unlocked_ns =
            if bought { steps.unlocked_ns } else { steps.unlocked_ns.or(purchase.return_ns.get()) };
        for kind in protocol.steps() {
            noted_ns[*kind as usize] = match kind {
                StepKind::Open | StepKind::Lock | StepKind::LockShared => locked_ns?,
                StepKind::Read => steps.read_ns?,
                StepKind::Unlock => unlocked_ns?,
                StepKind::Truncate if bought => steps.truncated_ns?,
                StepKind::Truncate => steps.truncated_ns.unwrap_or(0),
                StepKind::Write | StepKind::Fill if bought => steps.written_ns?,
                StepKind::Think | StepKind::Write | StepKind::Fill => 0,
                // The times of a database's steps do not tell in which order the database saw them.
                _ => return None,
            };
        }
        let Purchase { invoke_ns, outcome, .. } = *purchase;
        let locked = steps.locked_ns.is_some();
        let locked_at_read = locked_at_read(steps);
        Some(Self { invoke_ns, noted_ns, outcome, locked, locked_at_read, met })
    }

    /// Whether its last read may be the one that follows these steps of the purchase.
    fn may_end_after(&self, earlier: &[StepKind]) -> bool {
        let held = earlier.iter().rev().find(|kind| kind.locks() || **kind == StepKind::Unlock);
        self.locked_at_read.is_none_or(|locked| locked == held.is_some_and(|kind| kind.locks()))
    }

    /// Whether its last read may be one of the later steps.
    fn may_end_later(&self, earlier: &[StepKind], later: &[StepKind]) -> bool {
        let all = [earlier, &[StepKind::Read], later].concat();
        let reads = (earlier.len() + 1..all.len()).filter(|place| all[*place] == StepKind::Read);
        reads.into_iter().any(|place| self.may_end_after(&all[..place]))
    }

    /// Whether a read may return this, between these earlier and later steps of the purchase.
    fn may_meet(&self, reply: Reply, earlier: &[StepKind], later: &[StepKind]) -> bool {
        let next = later.iter().find(|kind| kind.locks() || **kind == StepKind::Read);
        let is_last = !later.contains(&StepKind::Read);
        // It ended here, or it went on; then it got the lock before its next read.
        let may_end = || {
            (is_last || self.locked == earlier.iter().any(|kind| kind.locks())) && self.may_end_after(earlier)
        };
        let may_go_on =
            || (self.locked || next == Some(&StepKind::Read)) && self.may_end_later(earlier, later);
        match reply {
            Reply::Stock(..=0) => self.outcome == Outcome::Refused && self.met == Some(0) && may_end(),
            Reply::Stock(stock) if is_last => self.outcome == Outcome::Bought && self.met == Some(stock),
            Reply::Stock(_) => self.outcome == Outcome::Bought || may_go_on(),
            Reply::Torn(_) => self.outcome == Outcome::Failed && self.met.is_none() && may_end(),
            Reply::Done | Reply::Sold(_) | Reply::Missed | Reply::Failed(_) => false,
        }
    }
}

/// Whether the lock was held at the last read.
fn locked_at_read(steps: &Steps) -> Option<bool> {
    let read_ns = steps.read_ns?;
    let Some(locked_ns) = steps.locked_ns else { return Some(false) };
    let unlocked_ns = steps.unlocked_ns.unwrap_or(u64::MAX);
    // A coarse clock may give two steps the same time.
    let is_clear = read_ns != locked_ns && read_ns != unlocked_ns;
    is_clear.then_some(locked_ns < read_ns && read_ns < unlocked_ns)
}

/// How far a buyer has come in its recorded purchases.
#[derive(Clone)]
struct Way<M: Apart> {
    contender: Contender<M>,
    /// Its current purchase.
    purchase: usize,
    /// When its last noted step ended: the next one took effect after that.
    from_ns: u64,
}

/// The condition for a buyer's next step. For all buyers of one class it holds or does not hold together.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Class<S> {
    /// Always possible.
    Free,
    /// Possible if the model grants the step to a buyer in such a seat.
    Waits(S, Action),
    /// Possible if a read returns this now; `None` is an emptied file.
    Meets(Option<Stock>),
    /// A read that is not the purchase's last: has to be examined for each buyer.
    Reads,
}

/// The next step of a buyer: when it was noted, and the buyer.
type Head = (u64, usize);

/// A step that was taken, and the state before it.
struct Undo<M: Apart> {
    buyer: usize,
    before: Way<M>,
    model: M,
}

/// A point where more than one step could have come next.
struct Choice {
    /// How many steps had been taken.
    at: usize,
    /// How many of the possible next steps have been tried.
    tried: usize,
}

/// A depth-first search for the order, trying the order of the notes first.
pub(super) struct Search<M: Apart> {
    /// The number of each buyer, and the facts of its purchases.
    told: Vec<(u32, Vec<Told>)>,
    /// The steps of each buyer.
    protocols: Vec<Protocol>,
    model: M,
    ways: Vec<Way<M>>,
    /// The next step of each buyer.
    heads: BTreeSet<Head>,
    /// The same, by class. No class is empty.
    classes: HashMap<Class<M::Seat>, BTreeSet<Head>>,
    /// The classes of buyers that may have to wait: only a few, while there can be as many classes as stocks.
    waits: HashSet<Class<M::Seat>>,
    /// How many steps and classes were examined: the cost of the search.
    pub(super) looked: Cell<u64>,
    /// The steps that were taken.
    steps: Vec<Step>,
    /// The data to undo them, back to the first choice.
    undo: Vec<Undo<M>>,
    choices: Vec<Choice>,
}

impl<M: Apart> Search<M> {
    pub(super) fn new(told: Vec<(u32, Vec<Told>)>, plan: &Plan, model: M) -> Self {
        let of_buyer = |(buyer, _): &(u32, Vec<Told>)| plan.store.choices().protocol_of(*buyer);
        let protocols = told.iter().map(of_buyer).collect();
        let way = |(buyer, purchases): &(u32, Vec<Told>)| Way {
            contender: Contender::new(Rules::of(plan, *buyer), model.seat(*buyer as usize - 1)),
            purchase: 0,
            from_ns: purchases.first().map_or(0, |told| told.invoke_ns),
        };
        let mut search = Self {
            ways: told.iter().map(way).collect(),
            told,
            protocols,
            model,
            heads: BTreeSet::new(),
            classes: HashMap::new(),
            waits: HashSet::new(),
            looked: Cell::new(0),
            steps: Vec::new(),
            undo: Vec::new(),
            choices: Vec::new(),
        };
        (0..search.ways.len()).for_each(|buyer| search.show(buyer));
        search
    }

    /// `left`: the content of the file at the end, if known.
    pub(super) fn run(&mut self, left: Option<Option<Stock>>) -> Result<Schedule, FollowedError> {
        let mut dead_ends = 0;
        let mut tried = 0;
        loop {
            if let Some(buyer) = self.candidate(tried) {
                if !self.is_harmless(buyer) {
                    self.choices.push(Choice { at: self.steps.len(), tried: tried + 1 });
                }
                self.take(buyer);
                tried = 0;
                continue;
            }
            if self.heads.is_empty() && left.is_none_or(|left| left == met(self.model.look())) {
                return Ok(Schedule(std::mem::take(&mut self.steps)));
            }
            dead_ends += 1;
            if dead_ends > MOST_DEAD_ENDS {
                return Err(FollowedError::TooMany);
            }
            let choice = self.choices.pop().ok_or(FollowedError::Unexplained)?;
            while self.steps.len() > choice.at {
                self.take_back();
            }
            tried = choice.tried;
        }
    }

    /// The next buyer to try, after `tried` others.
    fn candidate(&self, tried: usize) -> Option<usize> {
        let limit_ns = self.heads.first()?.0;
        let fit = |class: &Class<M::Seat>| self.first_fitting(class, limit_ns);
        if tried > 0 {
            let able = (self.classes.keys().filter(|class| self.fits(class)))
                .flat_map(|class| self.fitting(class, limit_ns));
            let (harmless, mut harmful): (Vec<Head>, Vec<Head>) =
                able.partition(|(_, buyer)| self.is_harmless(*buyer));
            // A harmless step is taken at once, without a choice: whatever can come before it can come after it. For
            // example, an unlock may have been noted long after it was done.
            if let Some((_, buyer)) = harmless.into_iter().min().filter(|_| tried == 1) {
                return Some(buyer);
            }
            harmful.sort_unstable();
            return harmful.get(tried).map(|(_, buyer)| *buyer);
        }
        let reads = Class::Meets(met(self.model.look()));
        let (first_read, free) = (fit(&reads), fit(&Class::Free));
        let others = self.waits.iter().filter(|class| self.fits(class)).filter_map(fit).min();
        let first = [first_read, free, others, fit(&Class::Reads)].into_iter().flatten().min()?;
        if self.ways[first.1].contender.action().kind().is_some_and(StepKind::changes_stock)
            && let Some((_, reader)) = first_read.or_else(|| fit(&Class::Reads))
        {
            // A buyer that reads what stands there now reads it before it is overwritten. One that will read
            // again may as well: what it needs of this read is that it may go on, or may not.
            return Some(reader);
        }
        Some(first.1)
    }

    fn look(&self) {
        self.looked.set(self.looked.get() + 1);
    }

    /// Whether the steps of this class can be taken now.
    fn fits(&self, class: &Class<M::Seat>) -> bool {
        self.look();
        match class {
            Class::Free | Class::Reads => true,
            Class::Waits(seat, action) => self.model.grants(seat, *action),
            Class::Meets(stock) => *stock == met(self.model.look()),
        }
    }

    /// The steps of this class, if it fits now, that can have taken effect by `limit_ns`, in the order of their notes.
    fn fitting(&self, class: &Class<M::Seat>, limit_ns: u64) -> impl Iterator<Item = Head> {
        let has_begun = move |head: &Head| {
            self.look();
            self.ways[head.1].from_ns <= limit_ns && self.may_read(head.1)
        };
        self.classes.get(class).into_iter().flatten().copied().filter(has_begun)
    }

    fn first_fitting(&self, class: &Class<M::Seat>, limit_ns: u64) -> Option<Head> {
        self.fitting(class, limit_ns).next()
    }

    /// Whether a buyer's read, if that is its next step, would agree with its record.
    fn may_read(&self, buyer: usize) -> bool {
        let is_read = self.ways[buyer].contender.action() == Action::Read;
        let may_meet = |told: &Told| told.may_meet(self.model.look(), self.earlier(buyer), self.later(buyer));
        !is_read || self.told_now(buyer).is_some_and(may_meet)
    }

    /// The steps of a buyer's purchase after its next one.
    fn later(&self, buyer: usize) -> &[StepKind] {
        let steps = self.protocols[buyer].steps();
        &steps[(self.ways[buyer].contender.place() + 1).min(steps.len())..]
    }

    /// The steps of a buyer's purchase before its next one.
    fn earlier(&self, buyer: usize) -> &[StepKind] {
        let steps = self.protocols[buyer].steps();
        &steps[..self.ways[buyer].contender.place().min(steps.len())]
    }

    /// Whether a buyer's next step is the last of its kind in a purchase.
    fn is_last(&self, buyer: usize) -> bool {
        let kind = self.ways[buyer].contender.action().kind();
        kind.is_none_or(|kind| !self.later(buyer).contains(&kind))
    }

    fn told_now(&self, buyer: usize) -> Option<&Told> {
        self.told[buyer].1.get(self.ways[buyer].purchase)
    }

    /// Whether the buyer's next step prevents no other step: then there is nothing to choose.
    fn is_harmless(&self, buyer: usize) -> bool {
        let action = self.ways[buyer].contender.action();
        match action {
            Action::Read | Action::Unlock => true,
            Action::Lock | Action::LockShared => !self.model.can_wait(action),
            _ => false,
        }
    }

    fn take(&mut self, buyer: usize) {
        let (is_last, kind) = (self.is_last(buyer), self.ways[buyer].contender.action().kind());
        let Some(told) = self.told_now(buyer).copied() else { return };
        self.hide(buyer);
        if self.choices.is_empty() {
            self.undo.clear();
        } else {
            let (before, model) = (self.ways[buyer].clone(), self.model.clone());
            self.undo.push(Undo { buyer, before, model });
        }
        let way = &mut self.ways[buyer];
        if let (Some(kind), true) = (kind, is_last)
            && kind != StepKind::Open
        {
            way.from_ns = told.noted_ns[kind as usize];
        }
        let number = self.told[buyer].0;
        if let Some(took) = way.contender.step(&mut self.model) {
            self.steps.push(Step { letter: took.letter, buyer: number });
            if took.ending.is_some() {
                way.purchase += 1;
                let next = self.told[buyer].1.get(way.purchase);
                way.from_ns = next.map_or(way.from_ns, |told| told.invoke_ns);
            }
        }
        self.show(buyer);
    }

    fn take_back(&mut self) {
        let Some(Undo { buyer, before, model }) = self.undo.pop() else { return };
        self.hide(buyer);
        self.steps.pop();
        self.ways[buyer] = before;
        self.model = model;
        self.show(buyer);
    }

    /// The next step of a buyer, and its class; `None` once its recorded purchases are done.
    fn head(&self, buyer: usize) -> Option<(Head, Class<M::Seat>)> {
        let (way, told) = (&self.ways[buyer], self.told_now(buyer)?);
        way.contender.wants()?;
        let action = way.contender.action();
        let kind = action.kind()?;
        let class = match action {
            Action::Read if self.is_last(buyer) => Class::Meets(told.met),
            Action::Read => Class::Reads,
            _ if self.model.can_wait(action) => Class::Waits(way.contender.seat().clone(), action),
            _ => Class::Free,
        };
        Some(((told.noted_ns[kind as usize], buyer), class))
    }

    fn show(&mut self, buyer: usize) {
        if let Some((head, class)) = self.head(buyer) {
            self.heads.insert(head);
            if matches!(class, Class::Waits(..)) {
                self.waits.insert(class.clone());
            }
            self.classes.entry(class).or_default().insert(head);
        }
    }

    fn hide(&mut self, buyer: usize) {
        if let Some((head, class)) = self.head(buyer) {
            self.heads.remove(&head);
            if let Some(heads) = self.classes.get_mut(&class) {
                heads.remove(&head);
                if heads.is_empty() {
                    self.waits.remove(&class);
                    self.classes.remove(&class);
                }
            }
        }
    }
}

/// The result of a read: a stock, or `None` for an emptied file.
fn met(reply: Reply) -> Option<Stock> {
    if let Reply::Stock(stock) = reply { Some(stock) } else { None }
}
