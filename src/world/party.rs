//! All buyers of a sale in one model: their step machines and their seats, moved one request at a time.
//!
//! A request may have to wait, and one request may bring answers to several buyers. The machine of a waiting buyer does
//! not move until its answer comes. Actions that belong to the step before (a rollback, an unlock, a begin that does
//! nothing by itself) are asked at once, and may bring answers to others within the same step.

use super::Model;
use crate::buyer::{Buyer, Ending, Rules};
use crate::fault::{Fault, FaultKind};
use crate::protocol::{Action, Letter, Mishap, Mishaps, Reply};
use crate::stock::Stock;

/// An answer to one buyer: to the one that sent the request, or to one that was waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The place of the buyer that it is for.
    pub buyer: usize,
    /// The request's letter in a schedule.
    pub letter: Letter,
    /// What the buyer wanted.
    pub action: Action,
    /// The reply.
    pub reply: Reply,
    /// The stock that its ticket was taken from, if it has taken one.
    pub sold_from: Stock,
    /// How its purchase ended, if this was the last step.
    pub ending: Option<Ending>,
}

/// The buyer at this place and its seat, before its first step.
#[must_use]
pub fn seated<M: Model>(model: &M, rules: Rules, who: usize) -> (Buyer, M::Seat) {
    let mut party = ([Buyer::new(rules)], [model.seat(who)]);
    // First the actions that are no step: thinking, or a begin that changes only the seat.
    go_on(&mut model.clone(), &mut party.0, &mut party.1, 0, &mut Vec::new());
    let ([buyer], [seat]) = party;
    (buyer, seat)
}

/// The step that a buyer can take now; `None` while it waits for an answer, or for the lock, and once it has
/// left.
#[must_use]
#[inline]
pub fn wants<M: Model>(model: &M, buyer: &Buyer, seat: &M::Seat) -> Option<Letter> {
    buyer.next_letter().filter(|_| model.can_ask(seat, buyer.next()))
}

/// What can come next for one buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// It takes its own next step.
    Step,
    /// This mishap befalls it.
    Mishap(Mishap),
}

impl Turn {
    /// All that explore counts, the buyer's own step first.
    pub const ALL: &[Turn] = &{
        let mut all = [Turn::Step; 1 + Mishap::COUNTED.len()];
        let mut place = 0;
        while place < Mishap::COUNTED.len() {
            all[place + 1] = Turn::Mishap(Mishap::COUNTED[place]);
            place += 1;
        }
        all
    };

    /// Its index in [`Turn::ALL`].
    #[must_use]
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|turn| *turn == self).unwrap_or_default()
    }

    /// The turns that are possible at all with these mishaps allowed.
    #[must_use]
    pub fn among(mishaps: Mishaps) -> &'static [Turn] {
        if mishaps.are_none() { &Self::ALL[..1] } else { Self::ALL }
    }
}

/// Whether this turn can come now; `left` are the mishaps that may still come.
#[must_use]
#[inline]
pub fn can_come<M: Model>(model: &M, buyer: &Buyer, seat: &M::Seat, left: Mishaps, turn: Turn) -> bool {
    match turn {
        Turn::Step => wants(model, buyer, seat).is_some(),
        Turn::Mishap(mishap) => left.allow(mishap) && can_befall(model, buyer, seat, mishap),
    }
}

/// Whether this mishap may befall a buyer now.
#[must_use]
#[inline]
pub fn can_befall<M: Model>(model: &M, buyer: &Buyer, seat: &M::Seat, mishap: Mishap) -> bool {
    !buyer.has_left() && model.may_befall(seat, mishap)
}

/// All turns that can come next for a buyer; `left` are the mishaps that may still come.
#[inline]
pub fn turns<M: Model>(
    model: &M,
    buyer: &Buyer,
    seat: &M::Seat,
    left: Mishaps,
) -> impl Iterator<Item = Turn> {
    Turn::among(left).iter().copied().filter(move |turn| can_come(model, buyer, seat, left, *turn))
}

/// Takes a possible turn of the buyer at place `who`, passes on every answer that it brings, and returns its letter.
pub fn take_turn<M: Model>(
    model: &mut M,
    buyers: &mut [Buyer],
    seats: &mut [M::Seat],
    who: usize,
    turn: Turn,
    mut tell: impl FnMut(Answer),
) -> Option<Letter> {
    match turn {
        Turn::Step => {
            let letter = wants(model, &buyers[who], &seats[who])?;
            step(model, buyers, seats, who, tell);
            Some(letter)
        }
        Turn::Mishap(mishap) => {
            let mut answers = Vec::new();
            if mishap == Mishap::Kill {
                tell(die(model, &mut buyers[who], &seats[who], who));
            }
            model.befall(seats, who, mishap, &mut answers);
            take_all(model, buyers, seats, answers, &mut tell);
            Some(mishap.letter())
        }
    }
}

/// Kills the buyer at place `who`. Returns how its purchase ends, if it is in one.
pub fn die<M: Model>(model: &M, buyer: &mut Buyer, seat: &M::Seat, who: usize) -> Answer {
    let sold_from = buyer.seen();
    let ending = buyer.die(model.has_asked(seat));
    let reply = Reply::Failed(Fault::plain(FaultKind::Killed));
    let (letter, action) = (Mishap::Kill.letter(), Action::Leave);
    Answer { buyer: who, letter, action, reply, sold_from, ending: Some(ending) }
}

/// Sends the request of the buyer at place `who`, which can send one, and passes on every answer that it brings.
pub fn step<M: Model>(
    model: &mut M,
    buyers: &mut [Buyer],
    seats: &mut [M::Seat],
    who: usize,
    mut tell: impl FnMut(Answer),
) {
    let mut answers = Vec::new();
    model.ask(seats, who, buyers[who].next(), &mut answers);
    take_all(model, buyers, seats, answers, &mut tell);
}

/// Makes a waiting buyer give up when nobody can go on: it would wait for ever.
pub fn give_up<M: Model>(
    model: &mut M,
    buyers: &mut [Buyer],
    seats: &mut [M::Seat],
    who: usize,
    tell: &mut impl FnMut(Answer),
) {
    let given_up = Reply::Failed(Fault::plain(FaultKind::LockTimeout));
    take_all(model, buyers, seats, vec![(who, given_up)], tell);
}

/// Lets buyers take their answers, and the answers that result.
fn take_all<M: Model>(
    model: &mut M,
    buyers: &mut [Buyer],
    seats: &mut [M::Seat],
    mut answers: Vec<(usize, Reply)>,
    tell: &mut impl FnMut(Answer),
) {
    let mut told = 0;
    while let Some((place, reply)) = answers.get(told).copied() {
        told += 1;
        let buyer = &mut buyers[place];
        let Some(letter) = buyer.next_letter() else { continue };
        let action = buyer.next();
        let sold_from = if let Reply::Sold(from) = reply { from } else { buyer.seen() };
        let ending = buyer.accept(reply);
        let ending = ending.or(go_on(model, buyers, seats, place, &mut answers));
        model.asks(&mut seats[place], buyers[place].next());
        tell(Answer { buyer: place, letter, action, reply, sold_from, ending });
    }
}

/// Asks for all actions that belong to the step just taken. Returns how the purchase ended, if it ended with that.
fn go_on<M: Model>(
    model: &mut M,
    buyers: &mut [Buyer],
    seats: &mut [M::Seat],
    who: usize,
    answers: &mut Vec<(usize, Reply)>,
) -> Option<Ending> {
    let mut ended = None;
    while buyers[who].next_letter().is_none() && !buyers[who].has_left() {
        let action = buyers[who].next();
        let reply = if action == Action::Think {
            Reply::Done
        } else {
            let before = answers.len();
            model.ask(seats, who, action, answers);
            // Letting go and beginning never wait; other buyers' answers are taken afterwards.
            let own = answers[before..].iter().position(|(place, _)| *place == who);
            own.map_or(Reply::Done, |place| answers.remove(before + place).1)
        };
        ended = buyers[who].accept(reply).or(ended);
    }
    ended
}
