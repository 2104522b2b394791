//! The model of the store, stepped beside the real one: only the model knows who holds what. For each buyer there is a
//! copy of the step machine that its process runs, so that the two are always at the same step.
//!
//! The real answers are compared with the model's, step by step. The machines take the real ones. If a deadlock has
//! another victim, the model follows. If a model of a database differs otherwise, it is not used any more. The model of
//! a ticket file still knows who holds the lock, whatever another program writes.

use crate::buyer::{Buyer, Rules};
use crate::fault::FaultKind;
use crate::plan::Plan;
use crate::protocol::{Action, Letter, Mishap, Reply};
use crate::stock::Stock;
use crate::store::with_model;
use crate::world::{Answer, Model, OwnState, Turn, can_befall, complete, die, seated, step, take_turn};

/// The buyers' real answers, each with the buyer's place.
pub(super) type Got = Vec<(usize, Reply)>;

/// How the store differs from the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Differs {
    /// A deadlock has another victim.
    Victim,
    /// Another answer came, or another buyer was answered. These are the model's answers.
    Answers(Got),
}

/// The buyers of a replay, in the model of their store.
pub(super) trait Beside {
    /// The letter of a buyer's next step, whether it is possible now or not; `None` once it has left.
    fn wants(&self, who: usize) -> Option<Letter>;

    /// What that asks of the store.
    fn action(&self, who: usize) -> Action;

    /// Whether the model keeps it waiting.
    fn waits(&self, who: usize) -> bool;

    /// The buyers that are answered, by the model, when this buyer sends its request.
    fn due(&self, who: usize) -> Vec<usize>;

    /// A buyer sends its request, with these real answers. Returns the effect of each answer, and whether the model
    /// differs.
    fn step(&mut self, who: usize, got: &Got) -> (Vec<Answer>, Option<Differs>);

    /// Gives a buyer an answer that no step brought.
    fn take(&mut self, who: usize, reply: Reply) -> Option<Answer>;

    /// For which buyer this buyer waits, or would have to wait with its next step, by the model.
    fn waits_for(&self, who: usize) -> Option<usize>;

    /// What a buyer has in the store.
    fn own_state(&self, who: usize) -> OwnState;

    /// What a read would return now; `None` if the model does not know any more.
    fn look(&self) -> Option<Reply>;

    /// Whether this mishap may befall a buyer now, by the model.
    fn may_befall(&self, who: usize, mishap: Mishap) -> bool;

    /// The buyers that are answered, by the model, when this mishap befalls a buyer.
    fn due_with(&self, who: usize, mishap: Mishap) -> Vec<usize>;

    /// A mishap befalls a buyer, with these real answers to others. Returns its effects (also on the buyer itself, if
    /// it dies), and whether the model differs.
    fn befall(&mut self, who: usize, mishap: Mishap, got: &Got) -> (Vec<Answer>, Option<Differs>);

    /// Whether a request of a buyer, even of a dead one, waits in the store, by the model.
    fn has_asked(&self, who: usize) -> bool;

    /// Notes that a buyer died without a planned kill.
    fn die(&mut self, who: usize);
}

/// The buyers of a plan, in the model of its store with this stock.
pub(super) fn beside(plan: &Plan, initial: Stock) -> Box<dyn Beside> {
    with_model!(&plan.store.choices(), plan.workers, initial, model => Box::new(Party::new(model, plan)))
}

/// All buyers in one model.
#[derive(Clone)]
struct Party<M: Model> {
    model: M,
    buyers: Vec<Buyer>,
    seats: Vec<M::Seat>,
    /// Whether the store has differed, so that the model knows nothing any more.
    is_astray: bool,
}

impl<M: Model> Party<M> {
    fn new(model: M, plan: &Plan) -> Self {
        let seated = |who: usize| seated(&model, Rules::of(plan, who as u32 + 1), who);
        let (buyers, seats) = (0..plan.buyers as usize).map(seated).unzip();
        Self { model, buyers, seats, is_astray: false }
    }

    /// The model's answers to a request, if these buyers are the victims of a deadlock.
    fn rehearsed(&self, who: usize, doomed: &[usize]) -> (Self, Vec<Answer>) {
        let mut next = self.clone();
        let mut answers = Vec::new();
        let doom = |party: &mut Self, is_doomed| {
            doomed.iter().for_each(|who| party.model.doom(&mut party.seats[*who], is_doomed));
        };
        doom(&mut next, true);
        let Self { model, buyers, seats, .. } = &mut next;
        step(model, buyers, seats, who, |answer| answers.push(answer));
        doom(&mut next, false);
        (next, answers)
    }

    /// The model's answers if this mishap befalls a buyer.
    fn befallen(&self, who: usize, mishap: Mishap) -> (Self, Vec<Answer>) {
        let mut next = self.clone();
        let mut answers = Vec::new();
        let Self { model, buyers, seats, .. } = &mut next;
        take_turn(model, buyers, seats, who, Turn::Mishap(mishap), |answer| answers.push(answer));
        (next, answers)
    }

    /// Follows the real answers, whatever the model says.
    fn follow(&mut self, who: usize, got: &Got) -> Vec<Answer> {
        let own = got.iter().find(|(place, _)| *place == who).map(|(_, reply)| *reply);
        // A failed action has changed nothing.
        if !self.is_astray && !matches!(own, Some(Reply::Failed(_))) {
            let action = self.buyers[who].next();
            self.model.ask(&mut self.seats, who, action, &mut Vec::new());
        }
        got.iter().filter_map(|(place, reply)| self.take(*place, *reply)).collect()
    }
}

/// The answers in a fixed order, whichever was read first.
fn in_order(answers: impl IntoIterator<Item = (usize, Reply)>) -> Got {
    let mut got: Got = answers.into_iter().collect();
    got.sort_by_key(|(place, _)| *place);
    got
}

impl<M: Model> Beside for Party<M> {
    fn wants(&self, who: usize) -> Option<Letter> {
        self.buyers[who].next_letter()
    }

    fn action(&self, who: usize) -> Action {
        self.buyers[who].next()
    }

    fn waits(&self, who: usize) -> bool {
        let (buyer, seat) = (&self.buyers[who], &self.seats[who]);
        !self.is_astray && buyer.next_letter().is_some() && !self.model.can_ask(seat, buyer.next())
    }

    fn due(&self, who: usize) -> Vec<usize> {
        if self.is_astray || M::APART || self.waits(who) {
            return Vec::new();
        }
        self.rehearsed(who, &[]).1.into_iter().map(|answer| answer.buyer).collect()
    }

    fn step(&mut self, who: usize, got: &Got) -> (Vec<Answer>, Option<Differs>) {
        if self.is_astray {
            return (self.follow(who, got), None);
        }
        let real = in_order(got.iter().copied());
        if !M::APART && self.waits(who) {
            // The store has granted what another buyer holds by the model.
            self.is_astray = true;
            return (self.follow(who, got), Some(Differs::Answers(Vec::new())));
        }
        let says = |answers: &[Answer]| in_order(answers.iter().map(|answer| (answer.buyer, answer.reply)));
        let (next, answers) = self.rehearsed(who, &[]);
        let expected = says(&answers);
        if expected == real {
            *self = next;
            return (answers, None);
        }
        if M::APART {
            return (self.follow(who, got), None);
        }
        let aborted =
            |reply: &Reply| matches!(reply, Reply::Failed(fault) if fault.kind == FaultKind::Aborted);
        let victims: Vec<usize> =
            real.iter().filter(|(_, reply)| aborted(reply)).map(|(place, _)| *place).collect();
        let (next, answers) = self.rehearsed(who, &victims);
        if says(&answers) == real {
            *self = next;
            return (answers, Some(Differs::Victim));
        }
        self.is_astray = true;
        (self.follow(who, got), Some(Differs::Answers(expected)))
    }

    fn take(&mut self, who: usize, reply: Reply) -> Option<Answer> {
        let Self { model, buyers, seats, is_astray } = self;
        let letter = buyers[who].next_letter()?;
        let action = buyers[who].next();
        let sold_from = if let Reply::Sold(from) = reply { from } else { buyers[who].seen() };
        let mut ending = buyers[who].accept(reply);
        complete(
            &mut buyers[who],
            |action| {
                if !*is_astray {
                    model.ask(seats, who, action, &mut Vec::new());
                }
                Reply::Done
            },
            |end| ending = Some(end),
        );
        model.asks(&mut seats[who], buyers[who].next());
        Some(Answer { buyer: who, letter, action, reply, sold_from, ending })
    }

    fn waits_for(&self, who: usize) -> Option<usize> {
        if self.is_astray {
            return None;
        }
        self.model.waits_for(&self.seats, who, self.buyers[who].next())
    }

    fn own_state(&self, who: usize) -> OwnState {
        if self.is_astray { OwnState::default() } else { self.model.own_state(&self.seats[who]) }
    }

    fn look(&self) -> Option<Reply> {
        (!self.is_astray).then(|| self.model.look())
    }

    fn may_befall(&self, who: usize, mishap: Mishap) -> bool {
        self.is_astray || can_befall(&self.model, &self.buyers[who], &self.seats[who], mishap)
    }

    fn due_with(&self, who: usize, mishap: Mishap) -> Vec<usize> {
        if self.is_astray || M::APART {
            return Vec::new();
        }
        let answers = self.befallen(who, mishap).1;
        answers.into_iter().map(|answer| answer.buyer).filter(|buyer| *buyer != who).collect()
    }

    fn befall(&mut self, who: usize, mishap: Mishap, got: &Got) -> (Vec<Answer>, Option<Differs>) {
        let mut differs = None;
        if !self.is_astray {
            let (next, answers) = self.befallen(who, mishap);
            let others = answers.iter().filter(|answer| answer.buyer != who);
            let expected = in_order(others.map(|answer| (answer.buyer, answer.reply)));
            if expected == in_order(got.iter().copied()) {
                *self = next;
                return (answers, None);
            }
            self.is_astray = true;
            differs = Some(Differs::Answers(expected));
        }
        let own =
            (mishap == Mishap::Kill).then(|| die(&self.model, &mut self.buyers[who], &self.seats[who], who));
        let others = got.iter().filter_map(|(place, reply)| self.take(*place, *reply));
        (own.into_iter().chain(others).collect(), differs)
    }

    fn has_asked(&self, who: usize) -> bool {
        !self.is_astray && self.model.has_asked(&self.seats[who])
    }

    fn die(&mut self, who: usize) {
        let (next, _) = self.befallen(who, Mishap::Kill);
        // Only the database knows what happens to a dead session and its request.
        *self = Self { is_astray: self.is_astray || !M::APART, ..next };
    }
}
