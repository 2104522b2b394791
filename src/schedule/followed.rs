//! From a recorded history to the schedule that it followed.
//!
//! A recorded time is when a step's end was *noted*: the step took effect some time between the note
//! before it and its own. Where those spans overlap, the notes alone can lie by some microseconds about
//! which step came first. What was read does not lie. So this looks for an order that keeps to the
//! spans, in which every read meets what it met and the lock has one holder at a time: the order of the
//! notes where that explains everything, else the nearest one that does.

use std::collections::BTreeSet;

use super::{Schedule, Step, StepKind};
use crate::fault::FaultKind;
use crate::history::{History, Outcome, Purchase};
use crate::plan::{Exclusion, Plan};
use crate::stock::Stock;

/// How many orders that lead nowhere are tried.
const MOST_DEAD_ENDS: usize = 200_000;

/// Why a history gives no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowedError {
    /// Other programs' histories do not say how their buyers buy.
    #[error(
        "the history holds no plan and no initial stock: only one that ticketsim recorded names each step"
    )]
    Foreign,
    /// The recorder was full.
    #[error("{0} purchases were counted but not recorded: their steps are not known")]
    Unrecorded(u64),
    /// A purchase does not say when its steps were taken.
    #[error("{0} has no times of its inner steps: only histories that ticketsim recorded have them")]
    NoSteps(PurchaseName),
    /// A purchase did not take its steps to the end, which no schedule can say.
    #[error("{purchase} ended with {ending}: a schedule has no step for that")]
    CutShort {
        /// Which.
        purchase: PurchaseName,
        /// How it ended.
        ending: &'static str,
    },
    /// No order explains what was read.
    #[error(
        "no order of the recorded steps explains what the buyers read: did another program write to the file?"
    )]
    Unexplained,
    /// There may be an order, but too many do not fit.
    #[error(
        "too many purchases overlap: {MOST_DEAD_ENDS} orders of their steps do not explain what was read"
    )]
    TooMany,
}

/// A purchase, by its place in the history and by its line in the file that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseName {
    /// Its place, from 1.
    pub place: usize,
    /// Its line, from 1; 0 where it comes from no file.
    pub line: u32,
    /// Whose it is.
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

/// What a step did to the file, or met in it; `None` is a file that was emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Open,
    Lock,
    Unlock,
    Read(Option<Stock>),
    Write(Option<Stock>),
}

/// One step, and the span of time in which it took effect, both ends included.
#[derive(Clone, Copy, Debug)]
struct Event {
    step: Step,
    from_ns: u64,
    until_ns: u64,
    effect: Effect,
}

/// The schedule that a history followed.
///
/// # Errors
/// When it does not say in which order the steps were taken, or a purchase was cut short.
pub fn followed(history: &History) -> Result<Schedule, FollowedError> {
    let header = &history.header;
    let (Some(plan), Some(initial)) = (&header.plan, header.initial) else {
        return Err(FollowedError::Foreign);
    };
    let unrecorded = header.unrecorded.bought + header.unrecorded.refused + header.unrecorded.failed;
    if unrecorded > 0 {
        return Err(FollowedError::Unrecorded(unrecorded));
    }
    let mut events = vec![Vec::new(); plan.buyers as usize];
    let mut order: Vec<usize> = (0..history.purchases.len()).collect();
    order.sort_by_key(|place| history.purchases[*place].invoke_ns);
    for place in order {
        let purchase = &history.purchases[place];
        let name = || PurchaseName { place: place + 1, line: purchase.line, buyer: purchase.buyer };
        let buyer = u32::try_from(purchase.buyer).ok().filter(|buyer| (1..=plan.buyers).contains(buyer));
        let buyer = buyer.ok_or(FollowedError::Foreign)?;
        if let Some(ending) = cut_short(purchase) {
            return Err(FollowedError::CutShort { purchase: name(), ending });
        }
        let steps = events_of(purchase, buyer, plan).ok_or_else(|| FollowedError::NoSteps(name()))?;
        events[buyer as usize - 1].extend(steps);
    }
    let left = header.left_torn.is_some().then_some(None).or(header.remaining.map(Some));
    Search::new(&events, plan, initial).run(left)
}

/// How a purchase ended that did not take its steps to the end.
fn cut_short(purchase: &Purchase) -> Option<&'static str> {
    match (purchase.fault.map(|fault| fault.kind), purchase.outcome) {
        (None, Outcome::Unknown) => Some(Outcome::Unknown.name()),
        (None | Some(FaultKind::Torn), _) => None,
        (Some(kind), _) => Some(kind.name()),
    }
}

/// The steps of a purchase; `None` if the time of one of them is missing.
fn events_of(purchase: &Purchase, buyer: u32, plan: &Plan) -> Option<Vec<Event>> {
    let steps = purchase.steps;
    let locked = plan.sale.lock != crate::plan::Lock::None;
    let read = if purchase.torn.is_some() { None } else { Some(purchase.seen?) };
    let mut events = Vec::with_capacity(4);
    let mut from_ns = purchase.invoke_ns;
    let mut add = |kind, until_ns: u64, effect| {
        events.push(Event { step: Step { kind, buyer }, from_ns, until_ns, effect });
        // Opening is not noted: it came some time before the lock.
        if kind != StepKind::Open {
            from_ns = until_ns;
        }
    };
    if plan.sale.replaces_its_lock() {
        add(StepKind::Open, steps.locked_ns?, Effect::Open);
    }
    if locked {
        add(StepKind::Lock, steps.locked_ns?, Effect::Lock);
    }
    add(StepKind::Read, steps.read_ns?, Effect::Read(read));
    if purchase.outcome == Outcome::Bought {
        let stock = Some(read?.checked_sub(1)?);
        let kind = match steps.truncated_ns {
            Some(truncated_ns) => {
                add(StepKind::Truncate, truncated_ns, Effect::Write(None));
                StepKind::Fill
            }
            None => StepKind::Write,
        };
        add(kind, steps.written_ns?, Effect::Write(stock));
    }
    if locked {
        add(StepKind::Unlock, steps.unlocked_ns?, Effect::Unlock);
    }
    Some(events)
}

/// A step that was taken, and what was before it.
struct Undo {
    buyer: usize,
    text: Option<Stock>,
    opened: u32,
}

/// A point where more than one step could have come next.
struct Choice {
    /// How many steps had been taken.
    at: usize,
    /// How many of those that could come next have been tried.
    tried: usize,
}

/// A depth-first search for the order, the order of the notes first.
struct Search<'a> {
    events: &'a [Vec<Event>],
    /// Whether a lock that is held keeps others out of the same file.
    excludes: bool,
    /// Whether a write puts another file in the place of the one that carries the lock.
    replaces: bool,
    /// How many of each buyer's steps have been taken.
    next: Vec<usize>,
    /// The next step of each buyer, by its note.
    heads: BTreeSet<(u64, usize)>,
    /// Those of them that are reads.
    reads: BTreeSet<(u64, usize)>,
    /// What the ticket file holds.
    text: Option<Stock>,
    /// How often the file that carries the lock has been replaced.
    replaced: u32,
    /// How often it had been when each buyer opened it: the number of the file that it locks.
    opened: Vec<u32>,
    /// Who holds the lock of which file.
    held: Vec<(usize, u32)>,
    taken: Vec<Undo>,
    choices: Vec<Choice>,
}

impl<'a> Search<'a> {
    fn new(events: &'a [Vec<Event>], plan: &Plan, initial: Stock) -> Self {
        let mut search = Self {
            events,
            excludes: matches!(plan.exclusion(), Exclusion::Excludes | Exclusion::RenamedAway),
            replaces: plan.sale.replaces_its_lock(),
            next: vec![0; events.len()],
            heads: BTreeSet::new(),
            reads: BTreeSet::new(),
            text: Some(initial),
            replaced: 0,
            opened: vec![0; events.len()],
            held: Vec::new(),
            taken: Vec::new(),
            choices: Vec::new(),
        };
        (0..events.len()).for_each(|buyer| search.show(buyer));
        search
    }

    /// `left`: what the file held in the end, where that is known.
    fn run(mut self, left: Option<Option<Stock>>) -> Result<Schedule, FollowedError> {
        let mut dead_ends = 0;
        let mut tried = 0;
        loop {
            let next = self.candidate(tried);
            if let Some(buyer) = next {
                if !self.is_harmless(buyer) {
                    self.choices.push(Choice { at: self.taken.len(), tried: tried + 1 });
                }
                self.take(buyer);
                tried = 0;
                continue;
            }
            if self.heads.is_empty() && left.is_none_or(|left| left == self.text) {
                return Ok(self.schedule());
            }
            dead_ends += 1;
            if dead_ends > MOST_DEAD_ENDS {
                return Err(FollowedError::TooMany);
            }
            let choice = self.choices.pop().ok_or(FollowedError::Unexplained)?;
            while self.taken.len() > choice.at {
                self.undo();
            }
            tried = choice.tried;
        }
    }

    fn schedule(&self) -> Schedule {
        let mut nth = vec![0; self.events.len()];
        let step = |taken: &Undo| {
            nth[taken.buyer] += 1;
            self.events[taken.buyer][nth[taken.buyer] - 1].step
        };
        Schedule(self.taken.iter().map(step).collect())
    }

    /// The buyer that goes next, once the first `tried` have been tried here.
    fn candidate(&self, tried: usize) -> Option<usize> {
        let limit_ns = self.heads.first()?.0;
        let begun = |buyer: usize| self.head(buyer).is_some_and(|event| event.from_ns <= limit_ns);
        let fits = |(_, buyer): &(u64, usize)| begun(*buyer) && self.fits(*buyer);
        let mut candidates = self.heads.iter().filter(|head| fits(head)).map(|(_, buyer)| *buyer);
        if tried > 0 {
            // A step that does no harm is never one of several choices.
            return candidates.filter(|buyer| !self.is_harmless(*buyer)).nth(tried);
        }
        let first = candidates.next()?;
        if matches!(self.head(first)?.effect, Effect::Write(_)) {
            // Who reads what stands there now reads it before it is overwritten.
            let reader = self.reads.iter().find(|head| fits(head));
            return Some(reader.map_or(first, |(_, buyer)| *buyer));
        }
        Some(first)
    }

    fn head(&self, buyer: usize) -> Option<&'a Event> {
        self.events[buyer].get(self.next[buyer])
    }

    /// Whether the buyer's next step can be taken now.
    fn fits(&self, buyer: usize) -> bool {
        let free = || !self.held.iter().any(|(_, file)| *file == self.opened[buyer]);
        match self.head(buyer).map(|event| event.effect) {
            Some(Effect::Lock) => !self.excludes || free(),
            Some(Effect::Read(stock)) => stock == self.text,
            Some(Effect::Open | Effect::Write(_) | Effect::Unlock) => true,
            None => false,
        }
    }

    /// Whether the buyer's next step keeps no other from fitting: then it is no choice.
    fn is_harmless(&self, buyer: usize) -> bool {
        match self.head(buyer).map(|event| event.effect) {
            Some(Effect::Read(_) | Effect::Unlock) | None => true,
            Some(Effect::Lock) => !self.excludes,
            Some(Effect::Open | Effect::Write(_)) => false,
        }
    }

    fn take(&mut self, buyer: usize) {
        let Some(event) = self.head(buyer) else { return };
        self.taken.push(Undo { buyer, text: self.text, opened: self.opened[buyer] });
        self.hide(buyer);
        match event.effect {
            Effect::Open => self.opened[buyer] = self.replaced,
            Effect::Lock => self.held.push((buyer, self.opened[buyer])),
            Effect::Unlock => self.held.retain(|(holder, _)| *holder != buyer),
            Effect::Write(stock) => {
                self.text = stock;
                self.replaced += u32::from(self.replaces);
            }
            Effect::Read(_) => {}
        }
        self.next[buyer] += 1;
        self.show(buyer);
    }

    fn undo(&mut self) {
        let Some(Undo { buyer, text, opened }) = self.taken.pop() else { return };
        self.hide(buyer);
        self.next[buyer] -= 1;
        match self.head(buyer).map(|event| event.effect) {
            Some(Effect::Lock) => self.held.retain(|(holder, _)| *holder != buyer),
            Some(Effect::Unlock) => self.held.push((buyer, self.opened[buyer])),
            Some(Effect::Write(_)) => self.replaced -= u32::from(self.replaces),
            Some(Effect::Open | Effect::Read(_)) | None => {}
        }
        self.text = text;
        self.opened[buyer] = opened;
        self.show(buyer);
    }

    fn show(&mut self, buyer: usize) {
        if let Some(event) = self.head(buyer) {
            self.heads.insert((event.until_ns, buyer));
            if matches!(event.effect, Effect::Read(_)) {
                self.reads.insert((event.until_ns, buyer));
            }
        }
    }

    fn hide(&mut self, buyer: usize) {
        if let Some(event) = self.head(buyer) {
            self.heads.remove(&(event.until_ns, buyer));
            self.reads.remove(&(event.until_ns, buyer));
        }
    }
}
