//! What befalls buyers in a run: the launcher sees that one stands at a gate, and kills it there, stops it for a while,
//! or ends its lease.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::children::Children;
use crate::history::{Befallen, Recorder};
use crate::plan::{Plan, Planned, Whom};
use crate::protocol::Mishap;
use crate::store::Store;

/// How often the gates are looked at.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// What has befallen buyers, and who is paused.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    happened: Vec<Befallen>,
    /// The buyers that are paused, until when, and what was noted of that.
    paused: Vec<(u32, Instant, usize)>,
    /// What has befallen the first that came, by their numbers in the plan.
    first: Vec<u32>,
}

impl Trouble {
    /// Looks at all gates, and does what is to be done.
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

    /// Whether this is to come, by its number in the plan: what befalls the first buyer that comes does so once.
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
                // That it has none any more, or can't be told to end, is no news: nothing has befallen it then.
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

    /// Has all go on that are paused: the run is to end.
    pub(super) fn end(&mut self, recorder: &Recorder, children: &Children) {
        let paused = std::mem::take(&mut self.paused);
        self.go_on(paused, recorder, children);
    }

    /// Everything that has befallen buyers.
    pub(super) fn happened(self) -> Vec<Befallen> {
        self.happened
    }
}
