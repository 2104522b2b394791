//! A session whose buyer stops at gates where a mishap is planned, so that the launcher can kill it there, for example.
//! The time at a gate is part of the purchase's time.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::{Begun, Session};
use crate::buyer::Ending;
use crate::history::Recorder;
use crate::plan::{Plan, Planned, When, Whom};
use crate::protocol::{Action, Reply};

/// How often a buyer at a gate checks whether it may go on.
const LOOK: Duration = Duration::from_micros(100);

/// Wraps a session that records, so that a step is already recorded when its buyer is killed after it.
#[derive(Debug)]
pub struct Troubled<S> {
    session: S,
    recorder: Recorder,
    buyer: u32,
    /// The mishaps that may befall its buyer, each with its number in the plan, from 1.
    planned: Vec<(u32, Planned)>,
    rng: ChaCha8Rng,
}

impl<S: Session> Troubled<S> {
    /// The session of this buyer, counted from 1.
    pub fn new(session: S, recorder: &Recorder, plan: &Plan, buyer: u32) -> Self {
        let numbered = (1..).zip(plan.mishaps.iter().copied());
        let planned = numbered.filter(|(_, planned)| planned.may_befall(buyer)).collect();
        // A different stream than that of its think times.
        let mut rng = ChaCha8Rng::seed_from_u64(!plan.pace.seed);
        rng.set_stream(u64::from(buyer));
        Self { session, recorder: recorder.clone(), buyer, planned, rng }
    }

    /// Stands at a gate for each mishap planned on this side of the step.
    fn meet(&mut self, when: When, action: Action) {
        let Some(kind) = action.kind() else { return };
        let mut place = 0;
        while let Some((number, planned)) = self.planned.get(place).copied() {
            let comes = match planned.whom {
                Whom::Random(probability) => when == When::Before && self.rng.random_bool(probability),
                _ => planned.comes_at(when, kind),
            };
            if comes && !matches!(planned.whom, Whom::Random(_)) {
                // Each mishap comes once.
                self.planned.remove(place);
            } else {
                place += 1;
            }
            if comes {
                self.stand(number);
            }
        }
    }

    fn stand(&self, number: u32) {
        self.recorder.stand(self.buyer, number);
        while self.recorder.stands(self.buyer).is_some() && !self.recorder.stopped() {
            std::thread::sleep(LOOK);
        }
    }
}

impl<S: Session> Session for Troubled<S> {
    fn perform(&mut self, action: Action) -> Reply {
        self.meet(When::Before, action);
        let reply = self.session.perform(action);
        self.meet(When::After, action);
        reply
    }

    fn attempt(&mut self, action: Action) -> Option<Reply> {
        self.session.attempt(action)
    }

    fn begin(&mut self, action: Action) -> Begun {
        self.session.begin(action)
    }

    fn resume(&mut self) -> Begun {
        self.session.resume()
    }

    fn think_time(&mut self) -> Duration {
        self.session.think_time()
    }

    fn ended(&mut self, ending: Ending) {
        self.session.ended(ending);
    }
}
