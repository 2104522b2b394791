//! THE purchase, written once: a pure step machine. It says which [`Action`] it wants next and takes
//! the [`Reply`]. No I/O, no clock, no randomness.
//!
//! Processes, threads and async tasks drive it against the real world; the explorer clones it and
//! steps it against a model; a replay holds it at a gate before each step. That is why it is
//! `Clone + Eq + Hash`, and why it must not know who drives it.
//!
//! ```text
//! lock ─ read ─┬─ stock 0 ───────────────────────────► unlock ─ refused
//!              ├─ no ticket file (torn) ─────────────► unlock ─ failed
//!              └─ stock n ─ think ─ write n−1 ───────► unlock ─ bought
//!                                   (truncate + fill)
//! ```
//!
//! Without a lock the first and the last step fall away. Where each write replaces the file that carries
//! the lock, opening that file is a step before the lock: which file a buyer opened decides whom it
//! keeps out.

use crate::fault::{Fault, FaultKind, TornText};
use crate::history::Outcome;
use crate::plan::{Lock, PerBuyer, Sale, Write};
use crate::stock::Stock;

/// What a buyer wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Open the file that carries the lock, as it is now.
    Open,
    /// Take the lock, waiting for it if need be.
    Lock,
    /// Read the stock from the ticket file.
    Read,
    /// Let some time pass.
    Think,
    /// Put this stock into the file, whole.
    Write(Stock),
    /// Empty the file.
    Truncate,
    /// Put this stock into the emptied file.
    Fill(Stock),
    /// Let the lock go.
    Unlock,
    /// Nothing more: the buyer is done.
    Leave,
}

/// What came of an [`Action`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It was done.
    Done,
    /// The file holds this stock.
    Stock(Stock),
    /// The file held no valid ticket file, but this.
    Torn(TornText),
    /// It could not be done.
    Failed(Fault),
}

/// What a buyer has to know of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Whether it takes a lock around each purchase.
    pub locked: bool,
    /// Whether it opens the lock's file anew for each purchase.
    pub reopens: bool,
    /// Whether it empties the file before it fills it.
    pub truncates: bool,
    /// How many purchases it makes.
    pub per_buyer: PerBuyer,
}

impl Rules {
    /// The rules that follow from a plan's sale.
    #[must_use]
    pub fn new(sale: &Sale, per_buyer: PerBuyer) -> Self {
        Self {
            locked: sale.lock != Lock::None,
            reopens: sale.replaces_its_lock(),
            truncates: sale.write == Write::Truncate,
            per_buyer,
        }
    }
}

/// Where a buyer stands in its purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Opening,
    Entering,
    Reading,
    Thinking { stock: Stock },
    Truncating { stock: Stock },
    Writing { stock: Stock },
    Unlocking { outcome: Outcome },
    Gone,
}

/// How a purchase ended, and why if it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// Bought, refused or failed: a buyer always knows.
    pub outcome: Outcome,
    /// Why it failed.
    pub fault: Option<Fault>,
}

/// One contender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Buyer {
    rules: Rules,
    phase: Phase,
    bought: u32,
    fault: Option<Fault>,
}

impl Buyer {
    /// A buyer at its first purchase.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let mut buyer = Self { rules, phase: Phase::Gone, bought: 0, fault: None };
        buyer.enter();
        buyer
    }

    /// What it wants next.
    #[must_use]
    #[inline(always)]
    pub fn next(&self) -> Action {
        match self.phase {
            Phase::Opening => Action::Open,
            Phase::Entering => Action::Lock,
            Phase::Reading => Action::Read,
            Phase::Thinking { .. } => Action::Think,
            Phase::Truncating { .. } => Action::Truncate,
            Phase::Writing { stock } if self.rules.truncates => Action::Fill(stock - 1),
            Phase::Writing { stock } => Action::Write(stock - 1),
            Phase::Unlocking { .. } => Action::Unlock,
            Phase::Gone => Action::Leave,
        }
    }

    /// Takes the reply to the action that it wanted. Returns how the purchase ended, if that was its
    /// last step.
    ///
    /// # Panics
    /// When the reply does not answer the action: that is a defect of the world, not of the plan.
    #[inline(always)]
    pub fn accept(&mut self, reply: Reply) -> Option<Ending> {
        match (self.phase, reply) {
            (Phase::Opening, Reply::Done) => self.phase = Phase::Entering,
            (Phase::Entering, Reply::Done) => self.phase = Phase::Reading,
            // Nothing was locked, so there is nothing to unlock.
            (Phase::Opening | Phase::Entering, Reply::Failed(fault)) => {
                self.fault = Some(fault);
                return Some(self.end(Outcome::Failed));
            }
            (Phase::Reading, Reply::Stock(0)) => return self.unlock(Outcome::Refused),
            (Phase::Reading, Reply::Stock(stock)) => self.phase = Phase::Thinking { stock },
            (Phase::Reading, Reply::Torn(_)) => {
                self.fault = Some(Fault::plain(FaultKind::Torn));
                return self.unlock(Outcome::Failed);
            }
            (Phase::Thinking { stock }, Reply::Done) if self.rules.truncates => {
                self.phase = Phase::Truncating { stock };
            }
            (Phase::Thinking { stock } | Phase::Truncating { stock }, Reply::Done) => {
                self.phase = Phase::Writing { stock };
            }
            (Phase::Writing { .. }, Reply::Done) => return self.unlock(Outcome::Bought),
            (Phase::Unlocking { outcome }, Reply::Done) => return Some(self.end(outcome)),
            // The purchase stands as it is; that the lock stays is worth a word of its own.
            (Phase::Unlocking { outcome }, Reply::Failed(fault)) => {
                self.fault = Some(fault);
                let ending = self.end(outcome);
                self.phase = Phase::Gone;
                return Some(ending);
            }
            (
                Phase::Reading | Phase::Thinking { .. } | Phase::Truncating { .. } | Phase::Writing { .. },
                Reply::Failed(fault),
            ) => {
                self.fault = Some(fault);
                return self.unlock(Outcome::Failed);
            }
            (phase, reply) => panic!("{reply:?} is no reply to a buyer that is {phase:?}"),
        }
        None
    }

    /// How many tickets it has bought.
    #[must_use]
    pub fn bought(&self) -> u32 {
        self.bought
    }

    fn enter(&mut self) {
        self.phase = match self.rules {
            Rules { locked: false, .. } => Phase::Reading,
            Rules { reopens: false, .. } => Phase::Entering,
            Rules { .. } => Phase::Opening,
        };
    }

    fn unlock(&mut self, outcome: Outcome) -> Option<Ending> {
        if self.rules.locked {
            self.phase = Phase::Unlocking { outcome };
            return None;
        }
        Some(self.end(outcome))
    }

    /// Ends a purchase. Only a receipt leads to the next one: sold out is final, and a buyer whose
    /// purchase failed would fail again, for ever.
    fn end(&mut self, outcome: Outcome) -> Ending {
        self.bought += u32::from(outcome == Outcome::Bought);
        let more = match self.rules.per_buyer {
            PerBuyer::All => true,
            PerBuyer::Count(count) => self.bought < count.get(),
        };
        if more && outcome == Outcome::Bought {
            self.enter();
        } else {
            self.phase = Phase::Gone;
        }
        Ending { outcome, fault: self.fault.take() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(locked: bool, truncates: bool, per_buyer: PerBuyer) -> Rules {
        Rules { locked, reopens: false, truncates, per_buyer }
    }

    /// Answers with `replies` in turn and returns the actions asked for and the endings.
    fn play(mut buyer: Buyer, replies: &[Reply]) -> (Vec<Action>, Vec<Outcome>) {
        let mut actions = Vec::new();
        let mut outcomes = Vec::new();
        for reply in replies {
            actions.push(buyer.next());
            outcomes.extend(buyer.accept(*reply).map(|ending| ending.outcome));
        }
        actions.push(buyer.next());
        (actions, outcomes)
    }

    #[test]
    fn a_locked_purchase_takes_its_steps_in_order() {
        use Action::{Leave, Lock, Read, Think, Unlock, Write};
        let buyer = Buyer::new(rules(true, false, PerBuyer::ONE));
        let done = Reply::Done;
        let (actions, outcomes) = play(buyer, &[done, Reply::Stock(3), done, done, done]);
        assert_eq!(actions, [Lock, Read, Think, Write(2), Unlock, Leave]);
        assert_eq!(outcomes, [Outcome::Bought]);
    }

    #[test]
    fn a_lock_on_a_file_that_is_replaced_is_opened_for_each_purchase() {
        use Action::{Leave, Lock, Open, Read, Unlock};
        let buyer = Buyer::new(Rules { reopens: true, ..rules(true, false, PerBuyer::ONE) });
        let (actions, outcomes) = play(buyer, &[Reply::Done, Reply::Done, Reply::Stock(0), Reply::Done]);
        assert_eq!(actions, [Open, Lock, Read, Unlock, Leave]);
        assert_eq!(outcomes, [Outcome::Refused]);
    }

    #[test]
    fn truncating_takes_two_steps_and_no_lock_takes_none() {
        use Action::{Fill, Leave, Read, Think, Truncate};
        let buyer = Buyer::new(rules(false, true, PerBuyer::ONE));
        let done = Reply::Done;
        let (actions, outcomes) = play(buyer, &[Reply::Stock(1), done, done, done]);
        assert_eq!(actions, [Read, Think, Truncate, Fill(0), Leave]);
        assert_eq!(outcomes, [Outcome::Bought]);
    }

    #[test]
    fn a_buyer_of_all_leaves_when_refused() {
        let buyer = Buyer::new(rules(false, false, PerBuyer::All));
        let done = Reply::Done;
        let replies = [Reply::Stock(2), done, done, Reply::Stock(1), done, done, Reply::Stock(0)];
        let (actions, outcomes) = play(buyer, &replies);
        assert_eq!(actions.last(), Some(&Action::Leave));
        assert_eq!(outcomes, [Outcome::Bought, Outcome::Bought, Outcome::Refused]);
    }

    #[test]
    fn a_failed_lock_ends_the_purchase_without_an_unlock() {
        let buyer = Buyer::new(rules(true, false, PerBuyer::All));
        let fault = Fault::plain(FaultKind::LockTimeout);
        let (actions, outcomes) = play(buyer, &[Reply::Failed(fault)]);
        assert_eq!(actions, [Action::Lock, Action::Leave]);
        assert_eq!(outcomes, [Outcome::Failed]);
    }

    #[test]
    fn a_torn_read_lets_the_lock_go_before_it_fails() {
        let buyer = Buyer::new(rules(true, false, PerBuyer::ONE));
        let (actions, outcomes) = play(buyer, &[Reply::Done, Reply::Torn(TornText::default()), Reply::Done]);
        assert_eq!(actions, [Action::Lock, Action::Read, Action::Unlock, Action::Leave]);
        assert_eq!(outcomes, [Outcome::Failed]);
    }
}
