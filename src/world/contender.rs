//! One buyer in a model: its step machine and its seat, moved one step at a time. In explore the model replies; a
//! replay and a search through a history have the real reply, and the model follows it.

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

/// A step that was taken, and its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// Its letter in a schedule.
    pub letter: Letter,
    /// What the buyer wanted.
    pub action: Action,
    /// The reply.
    pub reply: Reply,
    /// How its purchase ended, if this was the last step.
    pub ending: Option<Ending>,
}

impl<M: Apart> Contender<M> {
    /// A buyer before its first step, with its seat in the model.
    #[must_use]
    pub fn new(rules: Rules, seat: M::Seat) -> Self {
        let mut buyer = Buyer::new(rules);
        // Thinking at the start of a purchase is no step and does not concern the model.
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

    /// Whether it waits for another buyer.
    #[must_use]
    pub fn waits(&self, model: &M) -> bool {
        self.wants().is_some() && !self.can_step(model)
    }

    /// Whether `other` waits for it.
    #[must_use]
    pub fn keeps_out(&self, model: &M, other: &Self) -> bool {
        model.keeps_out(&self.seat, &other.seat)
    }

    /// Whether it holds a lock.
    #[must_use]
    pub fn holds(&self, model: &M) -> bool {
        model.holds(&self.seat)
    }

    /// Its own part of the model.
    #[must_use]
    pub fn seat(&self) -> &M::Seat {
        &self.seat
    }

    /// Takes its step with the model's answer. `None` once it has left.
    pub fn step(&mut self, model: &mut M) -> Option<Took> {
        let action = self.buyer.next();
        let letter = self.wants()?;
        let reply = model.perform(&mut self.seat, action);
        Some(self.take(model, letter, action, reply))
    }

    /// Takes its step with the real reply, and lets the model follow. `None` once it has left. The model's answer may
    /// differ if another program has touched the store.
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
