//! What stands between a buyer and its store: a [`Session`] carries out what one buyer wants, for real; a
//! [`Model`] is the whole store as pure data, with a seat for each buyer. Wrappers record what happens and
//! hold a buyer at a gate. Nothing here knows which store it is.

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
    /// Carries out one action and says what came of it. It may block.
    fn perform(&mut self, action: Action) -> Reply;

    /// Carries out one action if it need not wait for another buyer: what a buyer does that must not wait
    /// here. `None` where it would have to.
    fn attempt(&mut self, action: Action) -> Option<Reply>;

    /// Begins an action for somebody who must not wait here, an async task. A session whose actions wait for no other
    /// buyer carries it out at once.
    fn begin(&mut self, action: Action) -> Begun {
        Begun::Over(self.perform(action))
    }

    /// Goes on with the action that was begun and is not over.
    fn resume(&mut self) -> Begun {
        Begun::Over(Reply::stopped())
    }

    /// On what the answers of its store come, where they come on a socket.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Is told that somebody holds its buyer before each step, so that no time passes between them.
    fn by_hand(&mut self) {}

    /// Is told that its buyer stands before this action, and would ask for it now if nothing held it back.
    fn asks(&mut self, _action: Action) {}

    /// How long the next thought takes, for whoever lets that time pass in its own way.
    fn think_time(&mut self) -> Duration;

    /// Is told how a purchase ended.
    fn ended(&mut self, _ending: Ending) {}

    /// Whether a request that has to wait for another buyer has been sent and waits in the store. Else who would have
    /// to wait asks for nothing, and [`Session::attempt`] says so.
    fn waits_in_store(&self) -> bool {
        false
    }

    /// The number by which the store knows this session, where it can be asked who waits there; else 0.
    fn number(&self) -> u64 {
        0
    }

    /// Is given what to do whenever a request has to wait and the store says so to this session alone: it is told,
    /// and says whether the request is to be tried again.
    fn on_wait(&mut self, _again: Box<dyn FnMut() -> bool + Send>) {}
}

/// How far an action has come that was begun for somebody who must not wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is over, and this came of it.
    Over(Reply),
    /// The store was asked: when [`Session::descriptor`] can be read, [`Session::resume`] knows more.
    Asked,
    /// The store has no time for it: after a while [`Session::resume`] tries again.
    Busy(Duration),
}

/// A store as pure data: it can be cloned, compared and hashed, so that every order of requests can be tried on
/// it. What one buyer has of its own there is its seat; the rest all share. Buyers are told apart by their seats
/// alone, so those that stand alike are interchangeable.
///
/// **Mishaps** ([`Mishap`]) are offered, not carried out on the model's own account: [`Model::may_befall`] says
/// which may befall the buyer in a seat at this moment, [`Model::befall`] is told that one does and changes the
/// seats and the model. Whoever explores asks [`turns`] for everything that can come next of a buyer, its own step
/// and what may befall it, as far as the [`Mishaps`](crate::protocol::Mishaps) that are left allow it, and has one
/// of them taken by [`take_turn`]; a schedule names it by its letter, and a rehearsal takes it by that. What a
/// mishap does to the buyer's machine, if anything, is [`take_turn`]'s part. So another mishap is a member of
/// [`Mishap`] with its letter, and these two methods of the models that know it.
pub trait Model: Clone + Eq + Hash + std::fmt::Debug {
    /// What one buyer has of its own.
    type Seat: Clone + Default + Eq + Hash + std::fmt::Debug;

    /// Whether a request of one buyer leaves all other seats as they are, and needs not know them. Then a buyer that
    /// would have to wait sends no request: schedules are orders of *granted* steps.
    const APART: bool;

    /// The seat of the buyer at this place, before its first step.
    fn seat(&self, _who: usize) -> Self::Seat {
        Self::Seat::default()
    }

    /// Whether the buyer in `seat` can send this request now.
    fn can_ask(&self, seat: &Self::Seat, action: Action) -> bool;

    /// The buyer in `seat` stands before this action: it would ask for it now.
    fn asks(&mut self, _seat: &mut Self::Seat, _action: Action) {}

    /// Sends the request of the buyer at place `who`, which can send it. `answers` is given everything that is
    /// answered by it, the buyers by their places: the request itself, unless it has to wait, and those that
    /// waited until now. Where seats are [`Self::APART`] the one seat is enough.
    fn ask(
        &mut self,
        seats: &mut [Self::Seat],
        who: usize,
        action: Action,
        answers: &mut Vec<(usize, Reply)>,
    );

    /// For whom the buyer at place `who` waits, or would have to wait with this request.
    fn waits_for(&self, seats: &[Self::Seat], who: usize, action: Action) -> Option<usize>;

    /// Whether a request of the buyer in `seat` has been sent and waits for its answer.
    fn has_asked(&self, _seat: &Self::Seat) -> bool {
        false
    }

    /// Whether this may befall the buyer in `seat` now. That it is killed may befall a buyer at any time.
    fn may_befall(&self, _seat: &Self::Seat, mishap: Mishap) -> bool {
        mishap == Mishap::Kill
    }

    /// It befalls the buyer at place `who`, whom it may befall. `answers` is given everything that others who wait
    /// are answered by it. Of a killed buyer it is let go what does not outlive its holder.
    fn befall(
        &mut self,
        seats: &mut [Self::Seat],
        who: usize,
        mishap: Mishap,
        answers: &mut Vec<(usize, Reply)>,
    );

    /// What a reader would meet now.
    fn look(&self) -> Reply;

    /// What the buyer in `seat` has there, as far as somebody may want to see it.
    fn own_state(&self, _seat: &Self::Seat) -> OwnState {
        OwnState::default()
    }

    /// Until it is said otherwise: if the buyer in `seat` is one of those that wait for each other in a circle, it is
    /// the victim. A real store may choose another one than the model.
    fn doom(&self, _seat: &mut Self::Seat, _is_doomed: bool) {}
}

/// A model in which buyers do not touch each other's seats.
pub trait Apart: Model {
    /// Whether this action would be done at once: else the buyer has to wait for another.
    fn grants(&self, seat: &Self::Seat, action: Action) -> bool;

    /// Whether there are buyers for whom this action may have to wait for another.
    fn can_wait(&self, action: Action) -> bool;

    /// Carries out one action of the buyer in `seat`. One that is not granted fails: nobody else moves
    /// meanwhile, so waiting for it would be for ever.
    fn perform(&mut self, seat: &mut Self::Seat, action: Action) -> Reply;

    /// Whether the buyer in `holder` has what the one in `waiter` waits for.
    fn keeps_out(&self, holder: &Self::Seat, waiter: &Self::Seat) -> bool;

    /// Whether the buyer in `seat` holds a lock.
    fn holds(&self, seat: &Self::Seat) -> bool;
}

/// Drives a buyer until it leaves.
#[inline(always)]
pub fn drive(buyer: &mut Buyer, session: &mut impl Session) {
    // Each kind of action has a line of its own, and the buyer is a local value: so the compiler knows in each
    // place which action it is, leaves of `perform` and `accept` what that step needs, and passes little
    // through memory between the system calls of a purchase.
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
            // A statement takes so long that which one it is need not be known here.
            other => take(&mut own, session, other),
        }
    }
    *buyer = own;
}

/// Has the action carried out that the buyer wants.
#[inline(always)]
fn take(buyer: &mut Buyer, session: &mut impl Session, action: Action) {
    let reply = session.perform(action);
    if let Some(ending) = buyer.accept(reply) {
        session.ended(ending);
    }
}

/// Has everything carried out that belongs to the step that a buyer has just taken: its thoughts, in which no
/// time passes here, and the letting go of what a purchase held that failed. `perform` has an action carried
/// out, `ended` is told how a purchase ended.
pub fn complete(buyer: &mut Buyer, mut perform: impl FnMut(Action) -> Reply, mut ended: impl FnMut(Ending)) {
    while buyer.next_letter().is_none() && !buyer.has_left() {
        let action = buyer.next();
        let reply = if action == Action::Think { Reply::Done } else { perform(action) };
        if let Some(ending) = buyer.accept(reply) {
            ended(ending);
        }
    }
}
