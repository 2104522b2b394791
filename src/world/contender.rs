//! One buyer beside a model: its step machine and its seat, taken one step at a time. An explorer lets the
//! model reply; a replay and a search through a history know the reply from reality, and step both beside it.

use std::cell::RefCell;

use super::{Apart, complete};
use crate::buyer::{Buyer, Ending, Rules};
use crate::protocol::{Action, Letter, Reply};

/// A buyer and its seat in a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Contender<M: Apart> {
    buyer: Buyer,
    seat: M::Seat,
}

/// A step that was taken, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// How a schedule names it.
    pub letter: Letter,
    /// What the buyer wanted.
    pub action: Action,
    /// What it got.
    pub reply: Reply,
    /// How its purchase ended, if it did so with this step.
    pub ending: Option<Ending>,
}

impl<M: Apart> Contender<M> {
    /// A buyer before its first step, with its seat in the model.
    #[must_use]
    pub fn new(rules: Rules, seat: M::Seat) -> Self {
        let mut buyer = Buyer::new(rules);
        // A thought that a purchase begins with is no step, and asks nothing of the model.
        complete(&mut buyer, |_| Reply::Done, |_| ());
        Self { buyer, seat }
    }

    /// The step that it wants to take; `None` once it has left.
    #[must_use]
    pub fn wants(&self) -> Option<Letter> {
        self.buyer.next_letter()
    }

    /// What that step asks of the store.
    #[must_use]
    pub fn action(&self) -> Action {
        self.buyer.next()
    }

    /// The place of that step in the protocol, counted from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.buyer.place()
    }

    /// Whether it wants a step that the model grants.
    #[must_use]
    pub fn can_step(&self, model: &M) -> bool {
        self.wants().is_some() && model.grants(&self.seat, self.buyer.next())
    }

    /// Whether another has what it wants.
    #[must_use]
    pub fn waits(&self, model: &M) -> bool {
        self.wants().is_some() && !self.can_step(model)
    }

    /// Whether it has what `other` waits for.
    #[must_use]
    pub fn keeps_out(&self, model: &M, other: &Self) -> bool {
        model.keeps_out(&self.seat, &other.seat)
    }

    /// Whether it holds a lock.
    #[must_use]
    pub fn holds(&self, model: &M) -> bool {
        model.holds(&self.seat)
    }

    /// What it has of its own in the model.
    #[must_use]
    pub fn seat(&self) -> &M::Seat {
        &self.seat
    }

    /// Takes its step as the model answers it. `None` once it has left.
    pub fn step(&mut self, model: &mut M) -> Option<Took> {
        let action = self.buyer.next();
        let letter = self.wants()?;
        let reply = model.perform(&mut self.seat, action);
        Some(self.take(model, letter, action, reply))
    }

    /// Takes its step with the reply that it got in reality, and lets the model follow. `None` once it has
    /// left. The model may have answered otherwise where somebody else has touched the store.
    pub fn follow(&mut self, model: &mut M, reply: Reply) -> Option<Took> {
        let action = self.buyer.next();
        let letter = self.wants()?;
        if !matches!(reply, Reply::Failed(_)) {
            model.perform(&mut self.seat, action);
        }
        Some(self.take(model, letter, action, reply))
    }

    fn take(&mut self, model: &mut M, letter: Letter, action: Action, reply: Reply) -> Took {
        let ending = RefCell::new(self.buyer.accept(reply));
        let seat = &mut self.seat;
        complete(
            &mut self.buyer,
            |action| {
                model.perform(seat, action);
                Reply::Done
            },
            |end| *ending.borrow_mut() = Some(end),
        );
        model.asks(seat, self.buyer.next());
        Took { letter, action, reply, ending: ending.into_inner() }
    }
}
