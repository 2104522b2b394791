//! The state of one buyer in a replay, as its conductor sees it.

use crate::buyer::Ending;
use crate::protocol::Reply;
use crate::schedule::{Holder, Kept, Schedule, Sent, Taken};
use crate::world::{Answer, Held, OwnState};

/// One buyer, as the conductor sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Whether it is in the middle of a purchase.
    pub(super) begun: bool,
    /// Whether it is paused.
    pub is_paused: bool,
    /// What it holds in the store, and since which step, from 1.
    pub held: Vec<(Held, usize)>,
    /// The request that waits in the store.
    pub waits: Option<Sent>,
    /// Its last read in its current or last purchase.
    pub read: Option<Reply>,
    /// How its last purchase ended.
    pub ending: Option<Ending>,
}

impl Position {
    /// Notes that it sends a request.
    pub(super) fn send(&mut self) {
        if !self.begun {
            (self.begun, self.read, self.ending) = (true, None, None);
        }
    }

    /// Notes that it gets an answer.
    pub(super) fn hear(&mut self, answer: &Answer) {
        self.waits = None;
        if matches!(answer.reply, Reply::Stock(_) | Reply::Torn(_)) {
            self.read = Some(answer.reply);
        }
        if answer.ending.is_some() {
            (self.begun, self.ending) = (false, answer.ending);
        }
    }

    /// Notes what it holds after the step at this place.
    pub(super) fn note(&mut self, own: &OwnState, place: usize) {
        let since = |held: Held| {
            let before = self.held.iter().find(|(known, _)| *known == held);
            (held, before.map_or(place, |(_, since)| *since))
        };
        self.held = own.held.iter().copied().map(since).collect();
    }
}

/// The result of letting a buyer go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Went {
    /// It took the step.
    Took(Taken),
    /// Its request was sent and waits in the store.
    Waits(Taken),
    /// It would have to wait, so it is still at its gate. The holder of the lock, if it is one of our buyers.
    MustWait(Option<Holder>),
    /// It was not let go, since its request waits in the store.
    Still(Sent, Kept),
    /// It has left, and takes no more steps.
    Left,
}

/// Only the steps.
pub(super) fn schedule(taken: &[Taken]) -> Schedule {
    Schedule(taken.iter().map(|taken| taken.step).collect())
}
