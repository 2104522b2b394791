//! Where a purchase takes place: a [`World`] carries out what a buyer wants and replies.
//!
//! There are two: the real one (lock, ticket file and clock) and a model of it. A wrapper records
//! what happens in either.

mod model;
mod real;
mod recorded;

pub use model::{ModelWorld, Seat, SeatView};
pub use real::{RealWorld, ThinkTimes, remove_scratch};
pub use recorded::Recorded;

use crate::buyer::{Action, Buyer, Ending, Reply};

/// One buyer's view of the world.
pub trait World {
    /// Carries out one action and says what came of it. It may block.
    fn perform(&mut self, action: Action) -> Reply;

    /// Is told how a purchase ended.
    fn ended(&mut self, _ending: Ending) {}
}

/// Drives a buyer until it leaves.
pub fn drive(buyer: &mut Buyer, world: &mut impl World) {
    loop {
        let action = buyer.next();
        if action == Action::Leave {
            return;
        }
        let reply = world.perform(action);
        if let Some(ending) = buyer.accept(reply) {
            world.ended(ending);
        }
    }
}
