//! Where a purchase takes place: a [`World`] carries out what a buyer wants and replies.
//!
//! There are two: the real one (lock, ticket file and clock) and a model of it. A wrapper records
//! what happens in either.

mod gated;

mod recorded;

pub use gated::{Baton, Gate, Told, drive_gated};
pub use recorded::Recorded;

use crate::buyer::{Action, Buyer, Ending, Reply};

/// One buyer's view of the world.
pub trait World {
    /// Carries out one action and says what came of it. It may block.
    fn perform(&mut self, action: Action) -> Reply;

    /// Takes the lock if it is free: what a buyer does that must not wait. `None` if it is held.
    fn try_lock(&mut self) -> Option<Reply>;

    /// Is told how a purchase ended.
    fn ended(&mut self, _ending: Ending) {}
}

/// Drives a buyer until it leaves.
pub fn drive(buyer: &mut Buyer, world: &mut impl World) {
    // What a buyer wants next is done, in whatever order it wants it. But the steps stand here one by
    // one, in the order of a purchase, and the buyer is a local value: so the compiler knows in each place
    // which action it is and what follows, leaves of `perform` and `accept` what that step needs, and
    // passes little through memory between the system calls of a purchase.
    let mut own = buyer.clone();
    while own.next() != Action::Leave {
        step(&mut own, world, |next| next == Action::Open);
        step(&mut own, world, |next| next == Action::Lock);
        step(&mut own, world, |next| next == Action::Read);
        step(&mut own, world, |next| next == Action::Think);
        step(&mut own, world, |next| next == Action::Truncate);
        step(&mut own, world, |next| matches!(next, Action::Write(_)));
        step(&mut own, world, |next| matches!(next, Action::Fill(_)));
        step(&mut own, world, |next| next == Action::Unlock);
    }
    *buyer = own;
}

/// Takes the next step of a buyer, if it is the one meant here.
#[inline(always)]
fn step(buyer: &mut Buyer, world: &mut impl World, is_meant: impl Fn(Action) -> bool) {
    let action = buyer.next();
    if !is_meant(action) {
        return;
    }
    let reply = world.perform(action);
    if let Some(ending) = buyer.accept(reply) {
        world.ended(ending);
    }
}
