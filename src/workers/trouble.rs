//! Mishaps in a run: the launcher sees that a buyer stands at a gate, and kills it there, stops it for a while, or ends
//! its lease.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::children::Children;
use crate::history::{Befallen, Recorder};
use crate::plan::{Plan, Planned, Whom};
use crate::protocol::Mishap;
use crate::store::Store;

/// How often the gates are checked.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// The mishaps so far, and the paused buyers.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    happened: Vec<Befallen>,
    /// The paused buyers, until when, and the place of the mishap in the list.
    paused: Vec<(u32, Instant, usize)>,
    /// The numbers, in the plan, of the mishaps for the first buyer that have come.
    first: Vec<u32>,
}

impl Trouble {
    /// Checks all gates, and makes the due mishaps happen.
    pub(super) fn look(&mut self, plan: &Plan, recorder: &Recorder, children: &Children, store: &impl Store) {
        let now = Instant::now();
        let (over, paused) =
            std::mem::take(&mut self.paused).into_iter().partition(|(_, until, _)| *until <= now);
        self.paused = paused;
        self.go_on(over, recorder, children);
        for buyer in 1..=children.len() {
            let Some(number) = recorder.stands(buyer) else { continue };
            if self.paused.iter().any(|(paused, ..)| *paused == buyer) {
                continue;
            }
            let planned = plan.mishaps.get(number as usize - 1);
            let Some(planned) = planned.filter(|planned| self.is_due(number, planned)) else {
                recorder.let_go(buyer);
                continue;
            };
            self.befall(buyer, *planned, recorder, children, store);
        }
    }

    /// Whether this mishap is still to come: one for the first buyer comes only once.
    fn is_due(&mut self, number: u32, planned: &Planned) -> bool {
        if !matches!(planned.whom, Whom::First { .. }) {
            return true;
        }
        let is_new = !self.first.contains(&number);
        self.first.push(number);
        is_new
    }

    fn befall(
        &mut self,
        buyer: u32,
        planned: Planned,
        recorder: &Recorder,
        children: &Children,
        store: &impl Store,
    ) {
        let at = match planned.whom {
            Whom::Buyer { when, step, .. } | Whom::First { when, step } => format!("{when} {step}"),
            Whom::Random(_) => "random".to_owned(),
        };
        let at_ns = recorder.now_ns();
        match planned.mishap {
            Mishap::Kill => {
                children.kill(buyer);
                recorder.let_go(buyer);
            }
            Mishap::Pause => {
                children.stop(buyer);
                let until = Instant::now() + Duration::from_nanos(planned.pause_ns);
                self.paused.push((buyer, until, self.happened.len()));
            }
            Mishap::Expire | Mishap::GoOn => {
                // If it has no lease any more, or the lease can't be ended, nothing has befallen it.
                let has_ended = store.befall(recorder, buyer, Mishap::Expire).unwrap_or(false);
                recorder.let_go(buyer);
                if !has_ended {
                    return;
                }
            }
        }
        self.happened.push(Befallen {
            buyer: u64::from(buyer),
            mishap: planned.mishap,
            at,
            at_ns,
            until_ns: None,
        });
    }

    fn go_on(&mut self, over: Vec<(u32, Instant, usize)>, recorder: &Recorder, children: &Children) {
        for (buyer, _, place) in over {
            recorder.let_go(buyer);
            children.signal_one(buyer, Signal::SIGCONT);
            self.happened[place].until_ns = Some(recorder.now_ns());
        }
    }

    /// Lets all paused buyers go on, since the run is to end.
    pub(super) fn end(&mut self, recorder: &Recorder, children: &Children) {
        let paused = std::mem::take(&mut self.paused);
        self.go_on(paused, recorder, children);
    }

    /// All mishaps that came.
    pub(super) fn happened(self) -> Vec<Befallen> {
        self.happened
    }
}
