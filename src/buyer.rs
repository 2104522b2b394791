//! THE purchase, interpreted: a pure step machine that goes through a [`Protocol`]. It says which [`Action`]
//! it wants next and takes the [`Reply`]. No I/O, no clock, no randomness.
//!
//! Processes, threads and async tasks drive it against the real store; the explorer clones it and steps it
//! against a model; a replay holds it at a gate before each step. That is why it is `Clone + Eq + Hash`, and
//! why it must not know who drives it.
//!
//! - A read of 0 refuses the purchase: it takes, in the protocol's order, only the steps that let go.
//! - What can't be done ends it at once: it lets go of what it holds within the same step, and failed.
//! - Else its steps are taken one by one to the last, and it bought.

use crate::fault::{Fault, FaultKind};
use crate::history::Outcome;
use crate::plan::PerBuyer;
use crate::protocol::{Action, Letter, Protocol, Reply, StepKind};
use crate::stock::Stock;

/// Where a buyer stands in its purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// It takes its steps in their order.
    Buying,
    /// It was told that nothing is left, and lets go of what it holds.
    Refused,
    /// Something could not be done: it lets go of what it holds, at once.
    Failed,
    /// It has left.
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
    protocol: Protocol,
    per_buyer: PerBuyer,
    phase: Phase,
    /// Its next step, counted from 0, unless it failed or has left.
    place: u8,
    /// Whether it holds the lock.
    holds: bool,
    /// The stock that it read last in this purchase.
    seen: Stock,
    bought: u32,
    fault: Option<Fault>,
}

impl Buyer {
    /// A buyer at its first purchase.
    #[must_use]
    pub fn new(protocol: Protocol, per_buyer: PerBuyer) -> Self {
        let phase = Phase::Buying;
        Self { protocol, per_buyer, phase, place: 0, holds: false, seen: 0, bought: 0, fault: None }
    }

    /// What it wants next.
    #[must_use]
    #[inline(always)]
    pub fn next(&self) -> Action {
        match self.phase {
            Phase::Buying | Phase::Refused => match self.protocol.step(self.place) {
                Some(kind) => self.action(kind),
                None => Action::Leave,
            },
            Phase::Failed => Action::Unlock,
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
        }
    }

    /// How a schedule names what it wants next. `None` for what belongs to the step before: thinking, and the
    /// letting go of a purchase that failed; and once it has left.
    #[must_use]
    pub fn next_letter(&self) -> Option<Letter> {
        match self.phase {
            Phase::Buying | Phase::Refused => self.next().kind()?.letter(),
            Phase::Failed | Phase::Gone => None,
        }
    }

    /// The place of its next step in the protocol, counted from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        usize::from(self.place)
    }

    /// Whether it has left.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.next() == Action::Leave
    }

    /// Takes the reply to the action that it wanted. Returns how the purchase ended, if that was its
    /// last step.
    ///
    /// # Panics
    /// When the reply does not answer the action: that is a defect of the store, not of the plan.
    #[inline(always)]
    pub fn accept(&mut self, reply: Reply) -> Option<Ending> {
        match (self.next(), reply) {
            (action, Reply::Failed(fault)) => return self.fail(action, fault),
            (Action::Read, Reply::Stock(..=0)) => self.phase = Phase::Refused,
            (Action::Read, Reply::Stock(stock)) => self.seen = stock,
            (Action::Read, Reply::Torn(_)) => {
                return self.fail(Action::Read, Fault::plain(FaultKind::Torn));
            }
            (Action::Lock, Reply::Done) => self.holds = true,
            (Action::Unlock, Reply::Done) => self.holds = false,
            (
                Action::Open | Action::Think | Action::Write(_) | Action::Truncate | Action::Fill(_),
                Reply::Done,
            ) => {}
            (action, reply) => panic!("{reply:?} is no reply to {action:?}"),
        }
        self.advance()
    }

    /// Goes on to the next step that it takes, or ends the purchase.
    #[inline(always)]
    fn advance(&mut self) -> Option<Ending> {
        match self.phase {
            Phase::Buying => {
                self.place += 1;
                (self.protocol.step(self.place).is_none()).then(|| self.end(Outcome::Bought))
            }
            Phase::Refused => {
                self.place += 1;
                while let Some(kind) = self.protocol.step(self.place) {
                    // What was never taken can't be let go.
                    if kind.lets_go() && self.holds {
                        return None;
                    }
                    self.place += 1;
                }
                Some(self.end(Outcome::Refused))
            }
            Phase::Failed => Some(self.end(Outcome::Failed)),
            Phase::Gone => None,
        }
    }

    /// What could not be done ends the purchase.
    #[cold]
    fn fail(&mut self, action: Action, fault: Fault) -> Option<Ending> {
        if action == Action::Unlock {
            // The purchase stands as it is; that the lock stays is worth a word of its own, and no more
            // purchase after it.
            self.holds = false;
            let outcome = match self.phase {
                Phase::Failed => Outcome::Failed,
                Phase::Refused => Outcome::Refused,
                Phase::Buying | Phase::Gone if self.has_sold() => Outcome::Bought,
                Phase::Buying | Phase::Gone => Outcome::Failed,
            };
            self.fault.get_or_insert(fault);
            let ending = self.end(outcome);
            self.phase = Phase::Gone;
            return Some(ending);
        }
        self.fault = Some(fault);
        self.phase = Phase::Failed;
        if self.holds { None } else { Some(self.end(Outcome::Failed)) }
    }

    /// Whether the step that sells lies behind it.
    fn has_sold(&self) -> bool {
        self.protocol.steps()[..usize::from(self.place)].iter().any(|kind| kind.sells())
    }

    /// How many tickets it has bought.
    #[must_use]
    pub fn bought(&self) -> u32 {
        self.bought
    }

    /// Ends a purchase. Only a receipt leads to the next one: sold out is final, and a buyer whose
    /// purchase failed would fail again, for ever.
    #[inline(always)]
    fn end(&mut self, outcome: Outcome) -> Ending {
        self.bought += u32::from(outcome == Outcome::Bought);
        let more = match self.per_buyer {
            PerBuyer::All => true,
            PerBuyer::Count(count) => self.bought < count.get(),
        };
        (self.place, self.seen) = (0, 0);
        self.phase = if more && outcome == Outcome::Bought { Phase::Buying } else { Phase::Gone };
        Ending { outcome, fault: self.fault.take() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::TornText;

    fn buyer(steps: &str, per_buyer: PerBuyer) -> Buyer {
        Buyer::new(steps.parse().expect("a protocol"), per_buyer)
    }

    const LOCKED: &str = "lock read think write unlock";

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
        let done = Reply::Done;
        let (actions, outcomes) =
            play(buyer(LOCKED, PerBuyer::ONE), &[done, Reply::Stock(3), done, done, done]);
        assert_eq!(actions, [Lock, Read, Think, Write(2), Unlock, Leave]);
        assert_eq!(outcomes, [Outcome::Bought]);
    }

    #[test]
    fn a_refused_purchase_takes_the_steps_alone_that_let_go_of_what_it_holds() {
        use Action::{Leave, Lock, Open, Read, Unlock};
        let done = Reply::Done;
        let opened = buyer("open lock read think write unlock", PerBuyer::ONE);
        let (actions, outcomes) = play(opened, &[done, done, Reply::Stock(0), done]);
        assert_eq!(actions, [Open, Lock, Read, Unlock, Leave]);
        assert_eq!(outcomes, [Outcome::Refused]);
        let outside = buyer("read lock write unlock", PerBuyer::ONE);
        let (actions, outcomes) = play(outside, &[Reply::Stock(0)]);
        assert_eq!(actions, [Read, Leave], "it never had the lock");
        assert_eq!(outcomes, [Outcome::Refused]);
        let twice = buyer("lock read unlock lock read write unlock", PerBuyer::ONE);
        let (actions, _) = play(twice, &[done, Reply::Stock(1), done, done, Reply::Stock(0), done]);
        assert_eq!(actions, [Lock, Read, Unlock, Lock, Read, Unlock, Leave]);
    }

    #[test]
    fn truncating_takes_two_steps_and_no_lock_takes_none() {
        use Action::{Fill, Leave, Read, Think, Truncate};
        let done = Reply::Done;
        let (actions, outcomes) =
            play(buyer("read think truncate fill", PerBuyer::ONE), &[Reply::Stock(1), done, done, done]);
        assert_eq!(actions, [Read, Think, Truncate, Fill(0), Leave]);
        assert_eq!(outcomes, [Outcome::Bought]);
    }

    #[test]
    fn the_last_read_decides() {
        use Action::{Leave, Lock, Read, Unlock, Write};
        let done = Reply::Done;
        let (actions, _) = play(
            buyer("read lock read write unlock", PerBuyer::ONE),
            &[Reply::Stock(5), done, Reply::Stock(3), done, done],
        );
        assert_eq!(actions, [Read, Lock, Read, Write(2), Unlock, Leave]);
    }

    #[test]
    fn a_buyer_of_all_leaves_when_refused() {
        let done = Reply::Done;
        let replies = [Reply::Stock(2), done, done, Reply::Stock(1), done, done, Reply::Stock(0)];
        let (actions, outcomes) = play(buyer("read think write", PerBuyer::All), &replies);
        assert_eq!(actions.last(), Some(&Action::Leave));
        assert_eq!(outcomes, [Outcome::Bought, Outcome::Bought, Outcome::Refused]);
    }

    #[test]
    fn a_failed_lock_ends_the_purchase_without_an_unlock() {
        let fault = Fault::plain(FaultKind::LockTimeout);
        let (actions, outcomes) = play(buyer(LOCKED, PerBuyer::All), &[Reply::Failed(fault)]);
        assert_eq!(actions, [Action::Lock, Action::Leave]);
        assert_eq!(outcomes, [Outcome::Failed]);
    }

    #[test]
    fn what_fails_lets_the_lock_go_within_the_same_step() {
        let mut buyer = buyer(LOCKED, PerBuyer::ONE);
        assert_eq!(buyer.next_letter(), Some(Letter::L));
        buyer.accept(Reply::Done);
        assert_eq!(buyer.next_letter(), Some(Letter::R));
        assert_eq!(buyer.accept(Reply::Torn(TornText::default())), None);
        assert_eq!((buyer.next(), buyer.next_letter()), (Action::Unlock, None));
        let ending = buyer.accept(Reply::Done).expect("the end");
        assert_eq!(ending.outcome, Outcome::Failed);
        assert_eq!(ending.fault, Some(Fault::plain(FaultKind::Torn)));
        assert!(buyer.has_left());
    }

    #[test]
    fn a_lock_that_stays_does_not_undo_what_was_bought() {
        let fault = Fault::plain(FaultKind::Unlock);
        let done = Reply::Done;
        let replies = [done, Reply::Stock(3), done, done, Reply::Failed(fault)];
        let (actions, outcomes) = play(buyer(LOCKED, PerBuyer::All), &replies);
        assert_eq!(actions.last(), Some(&Action::Leave));
        assert_eq!(outcomes, [Outcome::Bought]);
    }
}
