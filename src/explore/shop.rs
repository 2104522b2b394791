//! All buyers in one model, and what of their past decides how their schedule is judged.

use super::Setting;
use crate::fault::{Fault, FaultKind};
use crate::history::Outcome;
use crate::protocol::{Action, Reply};
use crate::stock::Stock;
use crate::world::{Contender, Model, Took};

/// A buyer of this setting before its first step.
pub(super) fn contender<M: Model>(setting: &Setting) -> Contender<M> {
    Contender::new(setting.rules())
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
    /// How many purchases failed.
    failed: u64,
    /// How many buyers wait for ever: known at the end.
    stuck: u64,
    /// Whether somebody read what was no ticket file.
    torn: bool,
    /// The stock in the file at the end; `None` before the end, and where it is torn.
    remaining: Option<Stock>,
}

impl Course {
    pub(super) const START: Course =
        Course { receipts: 0, tickets: 0, failed: 0, stuck: 0, torn: false, remaining: None };

    /// How many receipts there are.
    pub(super) fn receipts(&self) -> u64 {
        self.receipts
    }

    /// Notes a step.
    pub(super) fn note(&mut self, taken: &Took, initial: Stock) {
        if let Some(ending) = taken.ending {
            self.receipts += u64::from(ending.outcome == Outcome::Bought);
            self.failed += u64::from(ending.outcome == Outcome::Failed);
        }
        match (taken.action, taken.reply) {
            (Action::Write(left) | Action::Fill(left), Reply::Done) => {
                self.tickets = self.tickets.max(initial - left);
            }
            (_, Reply::Torn(_)) => self.torn = true,
            _ => {}
        }
    }

    /// The course at its end, in this model, where so many buyers still wait.
    pub(super) fn ended(mut self, model: &impl Model, stuck: u64) -> Self {
        self.stuck = stuck;
        match model.look() {
            Reply::Stock(stock) => self.remaining = Some(stock),
            _ => self.remaining = None,
        }
        self
    }
}

/// All buyers, each by its number, and the model that they share.
#[derive(Clone, Debug)]
pub(super) struct Shop<M: Model> {
    pub(super) model: M,
    pub(super) contenders: Vec<Contender<M>>,
    pub(super) course: Course,
    initial: Stock,
}

impl<M: Model> Shop<M> {
    pub(super) fn new(setting: &Setting, model: M) -> Self {
        Self {
            model,
            contenders: vec![contender(setting); setting.buyers as usize],
            course: Course::START,
            initial: setting.tickets,
        }
    }

    /// The places of those who can step.
    pub(super) fn able(&self) -> impl Iterator<Item = usize> {
        let can_step = |place: &usize| self.contenders[*place].can_step(&self.model);
        (0..self.contenders.len()).filter(can_step)
    }

    /// The course at its end: nobody can step.
    pub(super) fn ended(&self) -> Course {
        let stuck = self.contenders.iter().filter(|contender| contender.wants().is_some()).count();
        self.course.ended(&self.model, stuck as u64)
    }

    /// Has everybody who waits give up, where nobody can go on. Each is told with its place.
    pub(super) fn give_up(&mut self, mut told: impl FnMut(usize, &Took)) {
        let waits = |contender: &Contender<M>| contender.waits(&self.model);
        let stuck: Vec<usize> =
            (0..self.contenders.len()).filter(|place| waits(&self.contenders[*place])).collect();
        if self.able().next().is_some() {
            return;
        }
        for place in stuck {
            let given_up = Reply::Failed(Fault::plain(FaultKind::LockTimeout));
            if let Some(took) = self.contenders[place].follow(&mut self.model, given_up) {
                told(place, &took);
            }
        }
    }

    /// Lets the contender at `place` take its step. `None` once it has left.
    pub(super) fn step(&mut self, place: usize) -> Option<Took> {
        let taken = self.contenders[place].step(&mut self.model)?;
        self.course.note(&taken, self.initial);
        Some(taken)
    }
}
