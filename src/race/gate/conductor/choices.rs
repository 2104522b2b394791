//! Which held statements may go on, and which one is chosen.

use super::{Conductor, Held, Sent};
use crate::race::gate::orders::{Chooser, Pick};
use crate::race::gate::step::Choice;
use crate::race::gate::why::Why;

impl Conductor<'_, '_> {
    pub(super) fn choose(&mut self, places: &[usize], chooser: &mut dyn Chooser) -> usize {
        // If its end is known, or the order can't be followed, the run is ended in any order: no buyer is left waiting.
        if self.ran.known || self.ran.why.is_some() {
            return places[0];
        }
        let held: Vec<Choice> = places.iter().map(|place| self.choice(&self.held[*place])).collect();
        match chooser.choose(&held, &self.holds()) {
            Pick::Place(place) => places[place.min(places.len() - 1)],
            Pick::Known => {
                self.ran.known = true;
                places[0]
            }
            differs @ Pick::Differs { .. } => {
                self.ran.why = Why::of(differs);
                places[0]
            }
        }
    }

    /// The places of the held statements that may go on.
    pub(super) fn enabled(&mut self) -> Vec<usize> {
        self.held.sort_by(|one, other| one.choice.step.cmp(&other.choice.step));
        let all = 0..self.held.len();
        let polls = |held: &Held| self.buyers[held.buyer].polls(&held.pattern);
        let free: Vec<usize> = all
            .clone()
            .filter(|place| !self.would_queue(&self.held[*place]) && !polls(&self.held[*place]))
            .collect();
        if !free.is_empty() {
            return free;
        }
        let queued: Vec<usize> = all.clone().filter(|place| !polls(&self.held[*place])).collect();
        // Those that wait at the server may wait for each other: then the server reports a deadlock after a while.
        if queued.is_empty() && !self.sent.is_empty() {
            Vec::new()
        } else if queued.is_empty() {
            all.collect()
        } else {
            queued
        }
    }

    /// Whether a statement would queue behind one that waits. The buyers that it waits for may go on.
    fn would_queue(&self, held: &Held) -> bool {
        let pid = self.stage.proxy.link(held.link).and_then(|link| link.pid);
        let frees = self.sent.iter().any(|sent| pid.is_some_and(|pid| sent.blockers.contains(&pid)));
        !frees
            && self.sent.iter().any(|sent| {
                !sent.statement.touches.is_disjoint(&held.statement.touches)
                    || sent.statement.unknown && held.statement.unknown
            })
    }

    /// A held statement as a choice. Statements that wait for its connection may go on with it, so it touches what they
    /// touch.
    fn choice(&self, held: &Held) -> Choice {
        let mut choice = held.choice.clone();
        let pid = self.stage.proxy.link(held.link).and_then(|link| link.pid);
        // A server that does not say for whom they wait may mean any buyer.
        let may_free =
            |sent: &Sent| sent.blockers.is_empty() || pid.is_some_and(|pid| sent.blockers.contains(&pid));
        if self.sent.iter().any(may_free) {
            // Statements that go on may let others go on.
            for sent in &self.sent {
                choice.footprint.join(&self.ran.taken[sent.place].choice.footprint);
            }
        }
        choice
    }
}
