//! The buyer: a pure step machine that interprets a [`Protocol`]. It says which [`Action`] it wants next and
//! takes the [`Reply`]. No I/O, no clock, no randomness.
//!
//! Processes, threads and async tasks drive it against the real store; the explorer clones it and steps it
//! against a model; a replay holds it at a gate before each step. That is why it is `Clone + Eq + Hash`, and
//! why it must not know who drives it.
//!
//! - After a read of 0 the purchase is refused: it takes, in the protocol's order, only the steps that let go.
//! - An error ends the purchase at once as failed: within the same step it lets go of what it holds.
//! - Otherwise it takes all its steps, and has bought a ticket.

use crate::fault::{Fault, FaultKind};
use crate::history::Outcome;
use crate::plan::{PerBuyer, Plan};
use crate::protocol::{Action, Letter, Protocol, Reply, StepKind};
use crate::stock::Stock;

/// How buyers buy, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// What a purchase is.
    pub protocol: Protocol,
    /// How many purchases a buyer makes.
    pub per_buyer: PerBuyer,
    /// Whether a purchase that the store aborted is tried again from its first step.
    pub retry: bool,
}

impl Rules {
    /// The rules of one buyer of this plan, counted from 1.
    #[must_use]
    pub fn of(plan: &Plan, buyer: u32) -> Self {
        let choices = plan.store.choices();
        Self { protocol: choices.protocol_of(buyer), per_buyer: plan.per_buyer, retry: choices.retries() }
    }
}

/// Where a buyer stands in its purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// It takes its steps in their order.
    Buying,
    /// Sold out: it lets go of what it holds.
    Refused,
    /// A step failed: it lets go of what it holds, at once.
    Failed,
    /// It rolls its transaction back, at once, and goes on at this place. At place 0 it also lets go of its lock.
    Again(u8),
    /// It has left.
    Gone,
}

/// How a purchase ended, and why if it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// Bought, refused or failed; unknown if the answer was lost.
    pub outcome: Outcome,
    /// Why it failed.
    pub fault: Option<Fault>,
}

/// One contender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Buyer {
    rules: Rules,
    phase: Phase,
    /// Its next step, counted from 0, unless it lets go at once or has left.
    place: u8,
    /// Whether it holds the lock.
    holds: bool,
    /// Whether it is in a transaction.
    in_transaction: bool,
    /// Whether it took a ticket below 0 that it still has to give back.
    owes: bool,
    /// The last stock read in this purchase; after taking a ticket, the stock that it was sold from.
    seen: Stock,
    bought: u32,
    fault: Option<Fault>,
}

impl Buyer {
    /// A buyer at its first purchase.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            phase: Phase::Buying,
            place: 0,
            holds: false,
            in_transaction: false,
            owes: false,
            seen: 0,
            bought: 0,
            fault: None,
        }
    }

    /// What it wants next.
    #[must_use]
    #[inline(always)]
    pub fn next(&self) -> Action {
        match self.phase {
            Phase::Buying | Phase::Refused => match self.rules.protocol.step(self.place) {
                Some(kind) => self.action(kind),
                None => Action::Leave,
            },
            Phase::Failed | Phase::Again(_) if self.in_transaction => Action::Rollback,
            Phase::Failed | Phase::Again(_) => Action::Unlock,
            Phase::Gone => Action::Leave,
        }
    }

    #[inline(always)]
    fn action(&self, kind: StepKind) -> Action {
        match kind {
            StepKind::Open => Action::Open,
            StepKind::Lock => Action::Lock,
            StepKind::Read => Action::Read,
            StepKind::Think => Action::Think,
            StepKind::Write => Action::Write(self.seen - 1),
            StepKind::Truncate => Action::Truncate,
            StepKind::Fill => Action::Fill(self.seen - 1),
            StepKind::Unlock => Action::Unlock,
            StepKind::LockShared => Action::LockShared,
            StepKind::Upgrade => Action::Upgrade,
            StepKind::CloseOther => Action::CloseOther,
            StepKind::Unlink => Action::Unlink,
            StepKind::ReopenCheck => Action::ReopenCheck,
            StepKind::LookStale => Action::LookStale,
            StepKind::RemoveStale => Action::RemoveStale,
            StepKind::HelperUnlock => Action::HelperUnlock,
            StepKind::Begin => Action::Begin,
            StepKind::BeginImmediate => Action::BeginImmediate,
            StepKind::ReadForUpdate => Action::ReadForUpdate,
            StepKind::ReadForShare => Action::ReadForShare,
            StepKind::Count => Action::Count,
            StepKind::Insert => Action::Insert,
            StepKind::Decrement => Action::Decrement,
            StepKind::Swap => Action::Swap(self.seen),
            StepKind::Take => Action::Take,
            StepKind::GiveBack => Action::GiveBack,
            StepKind::LockUntilCommit => Action::LockUntilCommit,
            StepKind::Commit => Action::Commit,
            StepKind::Rollback => Action::Rollback,
            StepKind::Watch => Action::Watch,
        }
    }

    /// The letter of its next action in a schedule. `None` for actions that belong to the step before
    /// (thinking, a begin that does nothing by itself, letting go after an error), and after it has left.
    #[must_use]
    pub fn next_letter(&self) -> Option<Letter> {
        match self.phase {
            Phase::Buying | Phase::Refused => self.next().kind()?.letter(),
            Phase::Failed | Phase::Again(_) | Phase::Gone => None,
        }
    }

    /// The place of its next step in the protocol, counted from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        usize::from(self.place)
    }

    /// The last stock read in this purchase; after taking a ticket, the stock that it was sold from.
    #[must_use]
    pub fn seen(&self) -> Stock {
        self.seen
    }

    /// Whether it has left.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.next() == Action::Leave
    }

    /// Whether it is between two purchases: nothing of the next one has been asked of the store.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.phase == Phase::Buying && self.place == 0
    }

    /// Takes the reply to its action. Returns how the purchase ended, if that was its last step.
    ///
    /// # Panics
    /// When the reply does not fit the action: that is a bug in the store, not in the plan.
    #[inline(always)]
    pub fn accept(&mut self, reply: Reply) -> Option<Ending> {
        match (self.next(), reply) {
            (action, Reply::Failed(fault)) => return self.fail(action, fault),
            (Action::Read, Reply::Stock(..=0)) => self.phase = Phase::Refused,
            (Action::Read, Reply::Stock(stock)) => self.seen = stock,
            (Action::Read, Reply::Torn(_)) => {
                return self.fail(Action::Read, Fault::plain(FaultKind::Torn));
            }
            (Action::Lock | Action::LockShared, Reply::Done) => self.holds = true,
            (Action::Unlock, Reply::Done) => self.holds = false,
            (
                Action::Open | Action::Think | Action::Write(_) | Action::Truncate | Action::Fill(_),
                Reply::Done,
            ) => {}
            (action, reply) => self.accept_of_others(action, reply),
        }
        self.advance()
    }

    /// The replies and actions that a ticket file never or seldom has.
    #[inline(never)]
    fn accept_of_others(&mut self, action: Action, reply: Reply) {
        match (action, reply) {
            (Action::Upgrade | Action::CloseOther | Action::Unlink | Action::ReopenCheck, Reply::Done) => {}
            (Action::LookStale | Action::RemoveStale | Action::HelperUnlock, Reply::Done) => {}
            // It has locked a file that nobody else will open any more.
            (Action::ReopenCheck, Reply::Missed) => self.phase = Phase::Again(0),
            (Action::ReadForUpdate | Action::ReadForShare | Action::Count, Reply::Stock(stock)) => {
                self.seen = stock;
                if stock <= 0 {
                    self.phase = Phase::Refused;
                }
            }
            (Action::Begin | Action::BeginImmediate, Reply::Done) => self.in_transaction = true,
            (Action::Commit | Action::Rollback, Reply::Done) => self.in_transaction = false,
            (Action::Write(_) | Action::Take | Action::Swap(_), Reply::Sold(from)) => self.seen = from,
            (Action::Insert | Action::LockUntilCommit | Action::Watch, Reply::Done) => {}
            (Action::Decrement, Reply::Sold(from)) => {
                self.seen = from;
                // If it did not read before, the answer tells it whether anything was left.
                if from <= 0 && !self.before(StepKind::reads) {
                    (self.owes, self.phase) = (true, Phase::Refused);
                }
            }
            (Action::GiveBack, Reply::Done) => self.owes = false,
            (Action::Take, Reply::Missed) => self.phase = Phase::Refused,
            (Action::Swap(_), Reply::Missed) => self.phase = Phase::Again(self.place_to_swap_again()),
            (action, reply) => panic!("{reply:?} is no reply to {action:?}"),
        }
    }

    /// Whether a step before the next one is of this sort.
    fn before(&self, is_such: impl Fn(StepKind) -> bool) -> bool {
        self.rules.protocol.steps()[..usize::from(self.place)].iter().any(|kind| is_such(*kind))
    }

    /// The place to go on after a swap that found another stock: a new read, in a new transaction if it is in
    /// one, and with a new watch if there was one.
    fn place_to_swap_again(&self) -> u8 {
        let before = &self.rules.protocol.steps()[..usize::from(self.place)];
        let begins = |kind: &StepKind| matches!(kind, StepKind::Begin | StepKind::BeginImmediate);
        let begin = before.iter().rposition(begins).filter(|_| self.in_transaction);
        let read = before.iter().rposition(|kind| kind.reads());
        let watch = before.iter().rposition(|kind| *kind == StepKind::Watch);
        begin.or_else(|| read.into_iter().chain(watch).min()).unwrap_or(0) as u8
    }

    /// Goes on to its next step, or ends the purchase.
    #[inline(always)]
    fn advance(&mut self) -> Option<Ending> {
        match self.phase {
            Phase::Buying => {
                self.place += 1;
                // A buyer that got its ticket has nothing to give back.
                while self.rules.protocol.step(self.place) == Some(StepKind::GiveBack) {
                    self.place += 1;
                }
                self.rules.protocol.step(self.place).is_none().then(|| self.end(Outcome::Bought))
            }
            Phase::Refused => self.advance_refused(),
            Phase::Failed if self.in_transaction || self.holds => None,
            Phase::Failed => Some(self.end(Outcome::Failed)),
            Phase::Again(place) => {
                if !(self.in_transaction || self.holds && place == 0) {
                    (self.place, self.phase) = (place, Phase::Buying);
                }
                None
            }
            Phase::Gone => None,
        }
    }

    fn advance_refused(&mut self) -> Option<Ending> {
        self.place += 1;
        while let Some(kind) = self.rules.protocol.step(self.place) {
            // It lets go only of what it holds.
            let is_due = match kind {
                StepKind::Unlock => self.holds,
                StepKind::Commit | StepKind::Rollback => self.in_transaction,
                StepKind::GiveBack => self.owes,
                _ => false,
            };
            if is_due {
                return None;
            }
            self.place += 1;
        }
        Some(self.end(Outcome::Refused))
    }

    /// An error ends the purchase.
    #[cold]
    fn fail(&mut self, action: Action, fault: Fault) -> Option<Ending> {
        if fault.kind == FaultKind::AnswerLost {
            return Some(self.lose_answer(action, fault));
        }
        if action == Action::Unlock || action == Action::Rollback && self.phase != Phase::Buying {
            return Some(self.fail_to_let_go(fault));
        }
        let again = self.rules.retry && fault.kind == FaultKind::Aborted;
        if !again {
            self.fault = Some(fault);
        }
        self.phase = if again { Phase::Again(0) } else { Phase::Failed };
        self.advance()
    }

    /// Letting go failed. The outcome of the purchase stays; the fault says that the lock is still held, and
    /// the buyer leaves.
    fn fail_to_let_go(&mut self, fault: Fault) -> Ending {
        (self.holds, self.in_transaction) = (false, false);
        let outcome = match self.phase {
            Phase::Refused => Outcome::Refused,
            Phase::Buying if self.before(StepKind::sells) => Outcome::Bought,
            Phase::Failed | Phase::Again(_) | Phase::Buying | Phase::Gone => Outcome::Failed,
        };
        self.fault.get_or_insert(fault);
        let ending = self.end(outcome);
        self.phase = Phase::Gone;
        ending
    }

    /// The connection is lost, and with it any transaction that was not committed. If the last action could
    /// make a sale final, nobody knows whether it took effect.
    fn lose_answer(&mut self, action: Action, fault: Fault) -> Ending {
        let sells = action.kind().is_some_and(StepKind::sells);
        let outcome = match action {
            Action::Commit if self.phase == Phase::Buying && self.before(StepKind::sells) => Outcome::Unknown,
            _ if sells && !self.in_transaction => Outcome::Unknown,
            _ if self.phase == Phase::Buying && !self.in_transaction && self.before(StepKind::sells) => {
                Outcome::Bought
            }
            _ if self.phase == Phase::Refused && !self.owes => Outcome::Refused,
            // It took a ticket below 0, and perhaps gave it back.
            _ if self.owes => Outcome::Unknown,
            _ => Outcome::Failed,
        };
        (self.holds, self.in_transaction, self.owes) = (false, false, false);
        self.fault = Some(fault);
        let ending = self.end(outcome);
        self.phase = Phase::Gone;
        ending
    }

    /// It is killed and takes no further step. Returns how its purchase ends: unknown, once it has begun to
    /// change the stock. `has_asked` says whether the store has received its next step.
    pub fn die(&mut self, has_asked: bool) -> Ending {
        let place = usize::from(self.place) + usize::from(has_asked);
        let steps = self.rules.protocol.steps();
        let taken = &steps[..place.min(steps.len())];
        let last = taken.iter().rfind(|kind| kind.reads() || kind.changes_stock());
        let changes = match self.phase {
            Phase::Buying => last.is_some_and(|kind| kind.changes_stock()),
            // In the other phases nothing is changed, except by a ticket taken below 0.
            _ => self.owes,
        };
        let fault = Some(Fault::plain(FaultKind::Killed));
        let outcome = if changes { Outcome::Unknown } else { Outcome::Failed };
        *self = Self { phase: Phase::Gone, ..Self::new(self.rules) };
        Ending { outcome, fault }
    }

    /// How many tickets it has bought.
    #[must_use]
    pub fn bought(&self) -> u32 {
        self.bought
    }

    /// Ends a purchase. The next one follows only after a receipt: sold out is final, and a buyer that failed
    /// might fail for ever.
    #[inline(always)]
    fn end(&mut self, outcome: Outcome) -> Ending {
        self.bought += u32::from(outcome == Outcome::Bought);
        let more = match self.rules.per_buyer {
            PerBuyer::All => true,
            PerBuyer::Count(count) => self.bought < count.get(),
        };
        (self.place, self.seen) = (0, 0);
        self.phase = if more && outcome == Outcome::Bought { Phase::Buying } else { Phase::Gone };
        Ending { outcome, fault: self.fault.take() }
    }
}

#[cfg(test)]
mod tests;
