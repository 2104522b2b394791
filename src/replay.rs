//! A schedule on real processes and the real store: a conductor lets each buyer take one step at
//! a time, in the order that the schedule says. Prints nothing.
//!
//! The conductor does not keep its own record of what a purchase is, or of who holds what. For each process it steps a
//! second step machine with the replies that the process got, so the two are always at the same step; and for the store
//! it steps the model. The real lock decides whether a step is granted, and the engine says whether a request waits in
//! a database.
//!
//! A schedule may end before the purchases do. Then purchases that have begun are finished, one buyer after another in
//! the order of their numbers, and no new one is begun: half a purchase would prove nothing, and could leave half a
//! ticket file.

mod beside;
mod conductor;
mod error;
mod position;
mod repeated;
mod rest;

use std::sync::atomic::AtomicBool;

use crate::plan::Plan;
use crate::run::Sold;
use crate::schedule::{Schedule, Taken};
use repeated::{timeless, timeless_header, timeless_verdict};

pub use conductor::{Conductor, Difference};
pub use error::ReplayError;
pub use position::{Position, Went};
pub use repeated::{Repeated, repeat};

/// The result of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The history, its verdict, and each buyer's counts.
    pub sold: Sold,
    /// Every step that was taken, in its order.
    pub steps: Vec<Taken>,
    /// How many of them the schedule asked for; the rest finished open purchases.
    pub asked: usize,
    /// Where the store did something else than its model. Not checked for a ticket file.
    pub differs: Vec<Difference>,
}

impl Replayed {
    /// The steps that were taken, as a schedule.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        position::schedule(&self.steps)
    }

    /// Whether this and another replay are equal except for times and process ids: the same steps, the same purchases
    /// in the same order, the same verdict with the same evidence.
    #[must_use]
    pub fn agrees_with(&self, other: &Replayed) -> bool {
        let one = &self.sold.history;
        let another = &other.sold.history;
        self.steps == other.steps
            && timeless_header(&one.header) == timeless_header(&another.header)
            && one.purchases.iter().map(timeless).eq(another.purchases.iter().map(timeless))
            && timeless_verdict(&self.sold.verdict) == timeless_verdict(&other.sold.verdict)
            && self.differs == other.differs
    }
}

/// Replays a schedule.
///
/// # Errors
/// When the plan can't be run, or the schedule can't be followed. Then open purchases are finished, and no buyer is
/// left running.
pub fn replay(plan: &Plan, schedule: &Schedule, interrupted: &AtomicBool) -> Result<Replayed, ReplayError> {
    let mut session = Conductor::start(plan, interrupted)?;
    let followed = schedule.0.iter().try_for_each(|step| session.follow(*step, interrupted));
    let replayed = session.finish(interrupted);
    followed?;
    replayed
}
