//! The interface between a buyer and its store. A [`Session`] carries out one buyer's actions on the real store; a
//! [`Model`] is the whole store as pure data, with a seat for each buyer. Wrappers record what happens and hold a buyer
//! at a gate. Nothing here knows which store it is.

mod contender;
mod gated;
mod own_state;
mod party;
mod recorded;
mod think;
mod troubled;

pub use contender::{Contender, Took};
pub use gated::{AtGate, Baton, Gate, Told};
pub use own_state::{Held, OwnState};
pub use party::{Answer, Turn, can_befall, can_come, die, give_up, seated, step, take_turn, turns, wants};
pub use recorded::Recorded;
pub use think::{ThinkTimes, Timekeeper};
pub use troubled::Troubled;

use std::hash::Hash;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::buyer::{Buyer, Ending};
use crate::protocol::{Action, Mishap, Reply};

/// One buyer's connection with the real store.
pub trait Session {
    /// Carries out one action and returns the reply. It may block.
    fn perform(&mut self, action: Action) -> Reply;

    /// Carries out one action if it need not wait for another buyer, else returns `None`. For buyers that must not
    /// block.
    fn attempt(&mut self, action: Action) -> Option<Reply>;

    /// Begins an action for an async task, which must not block. A session whose actions never wait for another buyer
    /// carries it out at once.
    fn begin(&mut self, action: Action) -> Begun {
        Begun::Over(self.perform(action))
    }

    /// Continues the action that was begun and is not over.
    fn resume(&mut self) -> Begun {
        Begun::Over(Reply::stopped())
    }

    /// The socket on which the store's answers come, if there is one.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Notes that its buyer is held before each step, so that no time passes between steps.
    fn by_hand(&mut self) {}

    /// Notes that its buyer is about to ask for this action.
    fn asks(&mut self, _action: Action) {}

    /// Draws the next think time, for callers that let it pass themselves.
    fn think_time(&mut self) -> Duration;

    /// Notes how a purchase ended.
    fn ended(&mut self, _ending: Ending) {}

    /// Whether a request that must wait for another buyer is sent and waits in the store. Otherwise nothing is sent,
    /// and [`Session::attempt`] returns `None`.
    fn waits_in_store(&self) -> bool {
        false
    }

    /// The number by which the store knows this session, if the store can be asked who waits there; else 0.
    fn number(&self) -> u64 {
        0
    }

    /// Sets a function for stores that tell only the session that a request has to wait: it is called each time, and
    /// returns whether to try the request again.
    fn on_wait(&mut self, _again: Box<dyn FnMut() -> bool + Send>) {}
}

/// The progress of an action that was begun without blocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is over, with this reply.
    Over(Reply),
    /// The store was asked: when [`Session::descriptor`] can be read, [`Session::resume`] knows more.
    Asked,
    /// The store is busy: call [`Session::resume`] after this time to try again.
    Busy(Duration),
}

/// A store as pure data: it can be cloned, compared and hashed, so that every order of requests can be tried on it. A
/// buyer's own part of it is its seat; the rest is shared. Buyers differ only in their seats and step machines, so
/// buyers in the same state are interchangeable.
///
/// **Mishaps** ([`Mishap`]): a model never makes one happen by itself. [`Model::may_befall`] says which may befall the
/// buyer in a seat at this moment; [`Model::befall`] carries one out on the seats and the model. Explore asks [`turns`]
/// what can come next for a buyer: its own step and the mishaps that the remaining
/// [`Mishaps`](crate::protocol::Mishaps) allow. [`take_turn`] takes one of them, and changes the buyer's step machine
/// if the mishap does. A schedule names a turn by its letter, and a rehearsal takes it by that. So a new mishap needs a
/// member of [`Mishap`] with its letter, and these two methods in the models that know it.
pub trait Model: Clone + Eq + Hash + std::fmt::Debug {
    /// One buyer's own part.
    type Seat: Clone + Default + Eq + Hash + std::fmt::Debug;

    /// Whether a request of one buyer neither changes nor needs the other seats. Then a buyer that would have to wait
    /// sends no request: schedules are orders of *granted* steps.
    const APART: bool;

    /// The seat of the buyer at this place, before its first step.
    fn seat(&self, _who: usize) -> Self::Seat {
        Self::Seat::default()
    }

    /// Whether the buyer in `seat` can send this request now.
    fn can_ask(&self, seat: &Self::Seat, action: Action) -> bool;

    /// The buyer in `seat` is about to ask for this action.
    fn asks(&mut self, _seat: &mut Self::Seat, _action: Action) {}

    /// Sends the request of the buyer at place `who`, which can send it. `answers` receives all resulting replies with
    /// their buyers' places: that to the request itself, unless it has to wait, and those to requests that waited until
    /// now. If the model is [`Self::APART`], only this buyer's seat is needed.
    fn ask(
        &mut self,
        seats: &mut [Self::Seat],
        who: usize,
        action: Action,
        answers: &mut Vec<(usize, Reply)>,
    );

    /// The buyer for which the buyer at place `who` waits, or would have to wait with this request.
    fn waits_for(&self, seats: &[Self::Seat], who: usize, action: Action) -> Option<usize>;

    /// Whether a request of the buyer in `seat` has been sent and waits for its answer.
    fn has_asked(&self, _seat: &Self::Seat) -> bool {
        false
    }

    /// Whether this mishap may befall the buyer in `seat` now. A kill may come at any time.
    fn may_befall(&self, _seat: &Self::Seat, mishap: Mishap) -> bool {
        mishap == Mishap::Kill
    }

    /// Carries out the mishap on the buyer at place `who`, which must be possible. `answers` receives the replies that
    /// waiting buyers get because of it. A killed buyer loses all locks that do not outlive their holder.
    fn befall(
        &mut self,
        seats: &mut [Self::Seat],
        who: usize,
        mishap: Mishap,
        answers: &mut Vec<(usize, Reply)>,
    );

    /// What a read would return now.
    fn look(&self) -> Reply;

    /// What the buyer in `seat` has in the store, to be shown.
    fn own_state(&self, _seat: &Self::Seat) -> OwnState {
        OwnState::default()
    }

    /// Makes the buyer in `seat` the victim of the next deadlock that it is part of, until this is called again. A real
    /// store may choose another victim than the model.
    fn doom(&self, _seat: &mut Self::Seat, _is_doomed: bool) {}
}

/// A model in which buyers do not touch each other's seats.
pub trait Apart: Model {
    /// Whether this action would be done at once; otherwise the buyer has to wait.
    fn grants(&self, seat: &Self::Seat, action: Action) -> bool;

    /// Whether this action may ever have to wait for another buyer.
    fn can_wait(&self, action: Action) -> bool;

    /// Carries out one action of the buyer in `seat`. If it is not granted it fails: nobody else moves, so it would
    /// wait for ever.
    fn perform(&mut self, seat: &mut Self::Seat, action: Action) -> Reply;

    /// Whether the buyer in `waiter` waits for the one in `holder`.
    fn keeps_out(&self, holder: &Self::Seat, waiter: &Self::Seat) -> bool;

    /// Whether the buyer in `seat` holds a lock.
    fn holds(&self, seat: &Self::Seat) -> bool;
}

/// Drives a buyer until it leaves.
#[inline(always)]
pub fn drive(buyer: &mut Buyer, session: &mut impl Session) {
    // Each kind of action has its own arm, and the buyer is a local value. So the compiler knows the action in each
    // arm, keeps only the parts of `perform` and `accept` that it needs, and passes little through memory between the
    // system calls of a purchase.
    let mut own = buyer.clone();
    loop {
        match own.next() {
            Action::Open => take(&mut own, session, Action::Open),
            Action::Lock => take(&mut own, session, Action::Lock),
            Action::Read => take(&mut own, session, Action::Read),
            Action::Think => take(&mut own, session, Action::Think),
            Action::Write(stock) => take(&mut own, session, Action::Write(stock)),
            Action::Truncate => take(&mut own, session, Action::Truncate),
            Action::Fill(stock) => take(&mut own, session, Action::Fill(stock)),
            Action::Unlock => take(&mut own, session, Action::Unlock),
            Action::Leave => break,
            // Statements take so long that they need no arm of their own.
            other => take(&mut own, session, other),
        }
    }
    *buyer = own;
}

/// Carries out the buyer's next action.
#[inline(always)]
fn take(buyer: &mut Buyer, session: &mut impl Session, action: Action) {
    let reply = session.perform(action);
    if let Some(ending) = buyer.accept(reply) {
        session.ended(ending);
    }
}

/// Carries out everything that belongs to the step just taken: thinking, which takes no time here, and letting go after
/// an error. `perform` carries out an action; `ended` receives how a purchase ended.
pub fn complete(buyer: &mut Buyer, mut perform: impl FnMut(Action) -> Reply, mut ended: impl FnMut(Ending)) {
    while buyer.next_letter().is_none() && !buyer.has_left() {
        let action = buyer.next();
        let reply = if action == Action::Think { Reply::Done } else { perform(action) };
        if let Some(ending) = buyer.accept(reply) {
            ended(ending);
        }
    }
}
