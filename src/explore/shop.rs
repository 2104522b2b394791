//! All buyers in one model, and the part of their past that decides how their schedule is judged.

use super::Setting;
use crate::buyer::Buyer;
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::history::Outcome;
use crate::protocol::{Action, Letter, Mishap, Mishaps, Reply};
use crate::stock::Stock;
use crate::world::{Answer, Model, Turn, can_befall, give_up, seated, take_turn, turns, wants};

/// The part of the past that decides how a schedule is judged. Two schedules with the same past end alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct JudgedPast {
    receipts: u64,
    /// How many different tickets of a file were sold. A ticket is identified by the stock that it was sold from. To
    /// sell from a stock below the initial one, a buyer must have read what another wrote when it sold the ticket
    /// above. So the tickets sold are always the topmost ones, and their number says which they are.
    tickets: Stock,
    /// From which stocks tickets of a database were sold, and how many from each: there a rolled-back transaction, or a
    /// count, leaves gaps. Also used for a file if buyers may be killed: they leave tickets without a receipt.
    sold: Vec<(Stock, u32)>,
    /// Whether `sold` is used instead of `tickets`.
    by_ticket: bool,
    /// From which stocks killed buyers may have taken a ticket, and how many from each.
    perhaps: Vec<(Stock, u32)>,
    /// How many purchases failed.
    failed: u64,
    /// How many buyers wait for ever; set at the end.
    stuck: u64,
    /// The errors that ended purchases: code, step, and count.
    errors: Vec<((StoreCode, Letter), u32)>,
    /// Whether a read found no valid ticket.
    torn: bool,
    /// The stock at the end; `None` before the end, or if it is torn.
    remaining: Option<Stock>,
    /// The mishaps that may still come; none at the end.
    left: Mishaps,
}

fn is_killed(fault: Option<Fault>) -> bool {
    fault.is_some_and(|fault| fault.kind == FaultKind::Killed)
}

/// Counts one more of these.
fn count<T: Ord>(counts: &mut Vec<(T, u32)>, what: T) {
    match counts.binary_search_by(|(known, _)| known.cmp(&what)) {
        Ok(place) => counts[place].1 += 1,
        Err(place) => counts.insert(place, (what, 1)),
    }
}

impl JudgedPast {
    /// The past before the first step.
    pub(super) fn of(setting: &Setting) -> Self {
        let by_ticket = setting.mishaps.allow(Mishap::Kill);
        Self { left: setting.mishaps, by_ticket, ..Self::default() }
    }

    /// The mishaps that may still come.
    pub(super) fn left(&self) -> Mishaps {
        self.left
    }

    /// Notes a turn.
    pub(super) fn note_turn(&mut self, turn: Turn) {
        if let Turn::Mishap(mishap) = turn {
            self.left = self.left.after(mishap);
        }
    }

    /// How many receipts there are.
    pub(super) fn receipts(&self) -> u64 {
        self.receipts
    }

    /// The errors that ended purchases.
    pub(super) fn errors(&self) -> &[((StoreCode, Letter), u32)] {
        &self.errors
    }

    /// Notes an answer of this kind of model.
    pub(super) fn note<M: Model>(&mut self, answer: &Answer, initial: Stock) {
        if let Some(ending) = answer.ending {
            match ending.outcome {
                Outcome::Bought => {
                    self.receipts += 1;
                    if !M::APART || self.by_ticket {
                        count(&mut self.sold, answer.sold_from);
                    }
                }
                Outcome::Unknown if is_killed(ending.fault) => count(&mut self.perhaps, answer.sold_from),
                // It had no effect, and its buyer is dead.
                Outcome::Failed if is_killed(ending.fault) => {}
                Outcome::Failed => self.failed += 1,
                Outcome::Refused | Outcome::Unknown | Outcome::Returned | Outcome::Read => {}
            }
            if let Some(fault) = ending.fault
                && matches!(fault.kind, FaultKind::Aborted | FaultKind::Constraint | FaultKind::Fenced)
            {
                count(&mut self.errors, (fault.store_code(), answer.letter));
            }
        }
        match (answer.action, answer.reply) {
            (Action::Write(left) | Action::Fill(left), Reply::Done) => {
                self.tickets = self.tickets.max(initial - left);
            }
            (_, Reply::Torn(_)) => self.torn = true,
            _ => {}
        }
    }

    /// The past at its end, in this model, with `stuck` buyers still waiting.
    pub(super) fn ended(mut self, model: &impl Model, stuck: u64) -> Self {
        (self.stuck, self.left) = (stuck, Mishaps::default());
        match model.look() {
            Reply::Stock(stock) => self.remaining = Some(stock),
            _ => self.remaining = None,
        }
        self
    }
}

/// All buyers and their seats before the first step.
pub(super) fn everybody<M: Model>(setting: &Setting, model: &M) -> (Vec<Buyer>, Vec<M::Seat>) {
    let count = setting.buyers as usize;
    if setting.choices.are_alike() {
        let (buyer, seat) = seated(model, setting.rules(0), 0);
        return (vec![buyer; count], vec![seat; count]);
    }
    (0..count).map(|who| seated(model, setting.rules(who), who)).unzip()
}

/// All buyers, each by its number, and the model that they share.
#[derive(Clone, Debug)]
pub(super) struct Shop<M: Model> {
    pub(super) model: M,
    pub(super) buyers: Vec<Buyer>,
    pub(super) seats: Vec<M::Seat>,
    pub(super) past: JudgedPast,
    initial: Stock,
}

impl<M: Model> Shop<M> {
    pub(super) fn new(setting: &Setting, model: M) -> Self {
        let (buyers, seats) = everybody(setting, &model);
        Self { model, buyers, seats, past: JudgedPast::of(setting), initial: setting.tickets }
    }

    /// The step that the buyer at `place` can take now.
    pub(super) fn wants(&self, place: usize) -> Option<Letter> {
        wants(&self.model, &self.buyers[place], &self.seats[place])
    }

    /// Whether this mishap may befall the buyer at `place` now, without the limit on their number.
    pub(super) fn can_befall(&self, place: usize, mishap: Mishap) -> bool {
        can_befall(&self.model, &self.buyers[place], &self.seats[place], mishap)
    }

    /// All turns that can come next, each with the place of its buyer.
    pub(super) fn turns(&self) -> impl Iterator<Item = (usize, Turn)> {
        let of = |place: usize| {
            turns(&self.model, &self.buyers[place], &self.seats[place], self.past.left)
                .map(move |turn| (place, turn))
        };
        (0..self.buyers.len()).flat_map(of)
    }

    /// The places of the buyers that can step.
    pub(super) fn able(&self) -> impl Iterator<Item = usize> {
        (0..self.buyers.len()).filter(|place| self.wants(*place).is_some())
    }

    /// The past at its end: nobody can step.
    pub(super) fn ended(&self) -> JudgedPast {
        let stuck = self.buyers.iter().filter(|buyer| buyer.next_letter().is_some()).count();
        self.past.clone().ended(&self.model, stuck as u64)
    }

    /// Makes all waiting buyers give up when nobody can go on. `tell` receives their answers.
    pub(super) fn give_up(&mut self, mut tell: impl FnMut(Answer)) {
        if self.able().next().is_some() {
            return;
        }
        let Self { model, buyers, seats, .. } = self;
        for place in 0..buyers.len() {
            if buyers[place].next_letter().is_some() {
                give_up(model, buyers, seats, place, &mut tell);
            }
        }
    }

    /// Takes the step of the buyer at `place`, which can step. Returns its letter; `tell` receives each answer that it
    /// brings.
    pub(super) fn step(&mut self, place: usize, tell: impl FnMut(Answer)) -> Option<Letter> {
        self.take(place, Turn::Step, tell)
    }

    /// The same for any possible turn of the buyer at `place`.
    pub(super) fn take(&mut self, place: usize, turn: Turn, mut tell: impl FnMut(Answer)) -> Option<Letter> {
        let Self { model, buyers, seats, past, initial } = self;
        let letter = take_turn(model, buyers, seats, place, turn, |answer| {
            past.note::<M>(&answer, *initial);
            tell(answer);
        })?;
        past.note_turn(turn);
        Some(letter)
    }
}
