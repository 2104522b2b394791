//! The step machine of a buyer and its seat in the model, taken one step at a time.

use super::Setting;
use crate::buyer::{Action, Buyer, Ending, Reply, Rules};
use crate::schedule::StepKind;
use crate::stock::Stock;
use crate::store::file::{ModelWorld, Seat};

/// A buyer in the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Contender {
    buyer: Buyer,
    seat: Seat,
}

/// A step that was taken, and what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) kind: StepKind,
    pub(super) action: Action,
    pub(super) reply: Reply,
    pub(super) ending: Option<Ending>,
}

impl Contender {
    pub(super) fn new(setting: &Setting) -> Self {
        let rules = Rules::new(&setting.sale, setting.per_buyer);
        Self { buyer: Buyer::new(rules), seat: Seat::default() }
    }

    /// The step that it wants to take; `None` once it has left.
    pub(super) fn wants(&self) -> Option<StepKind> {
        StepKind::of(self.buyer.next())
    }

    /// Whether it wants a step that the world grants.
    pub(super) fn can_step(&self, world: &ModelWorld) -> bool {
        self.wants().is_some() && world.grants(&self.seat, self.buyer.next())
    }

    /// Whether the lock that it wants is held.
    pub(super) fn waits(&self, world: &ModelWorld) -> bool {
        self.wants().is_some() && !self.can_step(world)
    }

    /// Whether it holds the lock that `other` wants.
    pub(super) fn keeps_out(&self, other: &Contender) -> bool {
        self.seat.keeps_out(&other.seat)
    }

    /// Takes its step, and thinks after it if that is what it does next. `None` once it has left.
    pub(super) fn step(&mut self, world: &mut ModelWorld) -> Option<Taken> {
        let kind = self.wants()?;
        let action = self.buyer.next();
        let reply = world.perform(&mut self.seat, action);
        let ending = self.buyer.accept(reply);
        // Nobody sees a think: it is no step of its own, and in the model it takes no time.
        while self.buyer.next() == Action::Think {
            self.buyer.accept(world.perform(&mut self.seat, Action::Think));
        }
        Some(Taken { kind, action, reply, ending })
    }
}

/// What of the past decides how a schedule is judged. Two schedules of the same course end alike.
///
/// A ticket is known by the stock that it was sold from. Who sells from a stock below the initial one
/// has read what another wrote who had sold the ticket above it: the tickets that were sold at all are
/// always the topmost ones, so their number says which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Course {
    receipts: u64,
    /// How many different tickets were sold.
    tickets: Stock,
    /// Whether somebody read what was no ticket file.
    torn: bool,
    /// The stock in the file at the end; `None` before the end, and where it is torn.
    remaining: Option<Stock>,
}

impl Course {
    pub(super) const START: Course = Course { receipts: 0, tickets: 0, torn: false, remaining: None };

    /// How many receipts there are.
    pub(super) fn receipts(&self) -> u64 {
        self.receipts
    }

    /// Notes a step.
    pub(super) fn note(&mut self, taken: &Taken, initial: Stock) {
        match (taken.action, taken.reply) {
            (Action::Write(left) | Action::Fill(left), Reply::Done) => {
                self.receipts += 1;
                self.tickets = self.tickets.max(initial - left);
            }
            (_, Reply::Torn(_)) => self.torn = true,
            _ => {}
        }
    }

    /// The course at its end, in this world.
    pub(super) fn ended(mut self, world: &ModelWorld) -> Self {
        match world.read() {
            Reply::Stock(stock) => self.remaining = Some(stock),
            _ => self.remaining = None,
        }
        self
    }
}

/// All buyers, each by its number, in one world.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) world: ModelWorld,
    pub(super) contenders: Vec<Contender>,
    pub(super) course: Course,
    initial: Stock,
}

impl Shop {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            world: ModelWorld::new(&setting.sale, setting.tickets),
            contenders: vec![Contender::new(setting); setting.buyers as usize],
            course: Course::START,
            initial: setting.tickets,
        }
    }

    /// The places of those who can step.
    pub(super) fn able(&self) -> impl Iterator<Item = usize> {
        let can_step = |place: &usize| self.contenders[*place].can_step(&self.world);
        (0..self.contenders.len()).filter(can_step)
    }

    /// Lets the contender at `place` take its step. `None` once it has left.
    pub(super) fn step(&mut self, place: usize) -> Option<Taken> {
        let taken = self.contenders[place].step(&mut self.world)?;
        self.course.note(&taken, self.initial);
        Some(taken)
    }
}
