//! Lets a buyer go, and waits until all buyers are at rest: each is at its gate again, or its request waits in the
//! store. That a request waits is never guessed from a time-out: the store tells it to the conductor or to the session.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::ReplayError;
use crate::protocol::Reply;
use crate::store::{Lookout, StoreError, Waiting};
use crate::workers::{Arrival, GatedCrew};
use crate::world::Told;

/// How long to listen to a buyer before the store is asked whether it waits.
const LOOK: Duration = Duration::from_millis(1);
/// How long to listen if the store can't be asked, before checking for an interrupt.
const TICK: Duration = Duration::from_millis(100);
/// How long a buyer may take to answer after an interrupt, before it is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to ask the store again if it says that a buyer waits but the model says that it is answered: a session may
/// show its answer late.
const AGAIN: Duration = Duration::from_secs(2);

/// The buyers' requests that wait in the store, and the connection that can see them.
pub(super) struct Asked {
    lookout: Option<Box<dyn Lookout>>,
    /// The buyers whose requests wait, in the order of asking.
    waiting: Vec<u32>,
    /// Those of them that try again when the conductor says so.
    parked: Vec<u32>,
    /// The buyers that this step answers, by the model.
    due: Vec<u32>,
    /// The sessions of killed buyers that the store may still serve, each with its buyer.
    dead: Vec<(u32, u64)>,
    /// The last known state of each waiting buyer.
    looks: Vec<Look>,
}

/// The result of letting a buyer go, once all are at rest.
pub(super) enum Rest {
    /// These buyers were answered; and if the request itself waits, for which buyer, if the store says so.
    Answers(Vec<(u32, Reply)>, Option<Blocked>),
    /// The buyer is at its gate: it sent nothing, since it would have to wait.
    AtGate,
}

/// Why a buyer is not at rest.
pub(super) enum Unrest {
    /// It is dead.
    Died(u32),
    /// It did not answer in time after an interrupt.
    GivenUp(u32),
    /// The conductor failed.
    Failed(ReplayError),
}

impl From<io::Error> for Unrest {
    fn from(error: io::Error) -> Self {
        Unrest::Failed(error.into())
    }
}

impl From<StoreError> for Unrest {
    fn from(error: StoreError) -> Self {
        Unrest::Failed(error.into())
    }
}

/// For which buyer a request waits, by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// It does not say.
    Unsaid,
    /// For this buyer.
    By(u32),
    /// For another program.
    ByStranger,
}

/// The last known state of a waiting buyer.
struct Look {
    buyer: u32,
    by: Blocked,
    /// Whether it was its turn, by the model, when the store answered another.
    is_overtaken: bool,
}

/// How one buyer is at rest.
enum One {
    Answered(Reply),
    AtGate,
    Waits(Blocked),
}

impl Asked {
    pub(super) fn new(lookout: Option<Box<dyn Lookout>>) -> Self {
        Self {
            lookout,
            waiting: Vec::new(),
            parked: Vec::new(),
            due: Vec::new(),
            dead: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// How long a request must have waited before the next one is sent.
    pub(super) fn pause(&self) -> Duration {
        self.lookout.as_ref().map_or(Duration::ZERO, |lookout| lookout.pause())
    }

    /// Sets the buyers that the next step answers, by the model.
    pub(super) fn expect(&mut self, due: Vec<u32>) {
        self.due = due;
    }

    /// Lets a buyer go, whose request does not wait yet, and waits until all are at rest. An answer may release another
    /// buyer that was found waiting before, so this is repeated until nothing changes.
    pub(super) fn let_go(
        &mut self,
        crew: &mut GatedCrew,
        buyer: u32,
        interrupted: &AtomicBool,
    ) -> Result<Rest, Unrest> {
        if !crew.send(buyer)? {
            return Err(Unrest::Died(buyer));
        }
        self.waiting.push(buyer);
        let mut blocked = None;
        let mut answers = Vec::new();
        match self.one(crew, buyer, interrupted) {
            Ok(One::Answered(reply)) => self.answered(buyer, reply, &mut answers),
            Ok(One::Waits(by)) => blocked = Some(by),
            Ok(One::AtGate) => {
                self.forget(buyer);
                return Ok(Rest::AtGate);
            }
            Err(unrest) => {
                self.forget(buyer);
                return Err(unrest);
            }
        }
        self.hear_others(crew, buyer, &mut answers, interrupted)?;
        let is_answered = answers.iter().any(|(other, _)| *other == buyer);
        Ok(Rest::Answers(answers, blocked.filter(|_| !is_answered)))
    }

    /// Reads the answers of the other buyers, in the order of asking: one answer may release buyers that asked later.
    fn hear_others(
        &mut self,
        crew: &mut GatedCrew,
        buyer: u32,
        answers: &mut Vec<(u32, Reply)>,
        interrupted: &AtomicBool,
    ) -> Result<(), Unrest> {
        while let Some((other, reply)) = self.next_answer(crew, buyer, answers, interrupted)? {
            self.answered(other, reply, answers);
        }
        Ok(())
    }

    /// A buyer was killed. Waits until the store has noticed, unless a request of it waits there, and reads the answers
    /// that result.
    pub(super) fn killed(
        &mut self,
        crew: &mut GatedCrew,
        buyer: u32,
        interrupted: &AtomicBool,
    ) -> Result<Vec<(u32, Reply)>, Unrest> {
        self.forget(buyer);
        self.dead.push((buyer, crew.session(buyer)));
        self.await_ends(|_| true)?;
        let mut answers = Vec::new();
        self.hear_others(crew, 0, &mut answers, interrupted)?;
        Ok(answers)
    }

    /// Waits for the end of killed buyers' sessions whose requests no longer wait: they may have been served in the
    /// meantime.
    pub(super) fn await_ends(&mut self, may_be_over: impl Fn(u32) -> bool) -> Result<(), StoreError> {
        let Some(lookout) = &mut self.lookout else {
            self.dead.clear();
            return Ok(());
        };
        let began = Instant::now();
        let mut at = 0;
        while let Some((buyer, session)) = self.dead.get(at).copied() {
            if !may_be_over(buyer) {
                at += 1;
            } else if !lookout.is_there(session)? {
                self.dead.remove(at);
            } else if !lookout.who_waits(&[session])?.is_empty() || began.elapsed() > AGAIN {
                at += 1;
            } else {
                std::thread::sleep(LOOK);
            }
        }
        Ok(())
    }

    /// The first waiting buyer, in the order of asking, that is answered now.
    fn next_answer(
        &mut self,
        crew: &mut GatedCrew,
        buyer: u32,
        answers: &[(u32, Reply)],
        interrupted: &AtomicBool,
    ) -> Result<Option<(u32, Reply)>, Unrest> {
        for other in self.waiting.clone() {
            // It was just found waiting, and nothing has happened since.
            if other == buyer && answers.is_empty() {
                continue;
            }
            if self.parked.contains(&other) {
                self.parked.retain(|parked| *parked != other);
                if !crew.send(other)? {
                    return Err(Unrest::Died(other));
                }
            }
            match self.one(crew, other, interrupted)? {
                One::Answered(reply) => return Ok(Some((other, reply))),
                One::Waits(by) => self.note(other, by),
                One::AtGate => {}
            }
        }
        Ok(None)
    }

    fn answered(&mut self, buyer: u32, reply: Reply, answers: &mut Vec<(u32, Reply)>) {
        self.forget(buyer);
        answers.push((buyer, reply));
    }

    /// Notes that a buyer was found waiting after another had been answered.
    fn note(&mut self, buyer: u32, by: Blocked) {
        let is_overtaken = self.is_overtaken(buyer) || self.due.contains(&buyer);
        self.looks.retain(|look| look.buyer != buyer);
        self.looks.push(Look { buyer, by, is_overtaken });
    }

    fn look(&self, buyer: u32) -> Option<&Look> {
        self.looks.iter().find(|look| look.buyer == buyer)
    }

    /// For which buyer a waiting buyer waited at the last check, if that came after the answer to a later request.
    pub(super) fn blocked(&self, buyer: u32) -> Option<Blocked> {
        self.look(buyer).map(|look| look.by)
    }

    /// Whether the store has answered another buyer first.
    pub(super) fn is_overtaken(&self, buyer: u32) -> bool {
        self.look(buyer).is_some_and(|look| look.is_overtaken)
    }

    /// Notes that a buyer no longer waits.
    pub(super) fn forget(&mut self, buyer: u32) {
        self.looks.retain(|look| look.buyer != buyer);
        self.waiting.retain(|waiting| *waiting != buyer);
        self.parked.retain(|parked| *parked != buyer);
    }

    /// Waits until one buyer is at rest.
    fn one(&mut self, crew: &mut GatedCrew, buyer: u32, interrupted: &AtomicBool) -> Result<One, Unrest> {
        let within = if self.lookout.is_some() { LOOK } else { TICK };
        let mut interrupted_since: Option<Instant> = None;
        let began = Instant::now();
        loop {
            match crew.hear(buyer, within)? {
                Some(Arrival::Told(Told::Took(reply))) => return Ok(One::Answered(reply)),
                Some(Arrival::Told(Told::MustWait)) => return Ok(One::AtGate),
                Some(Arrival::Told(Told::Waits)) => {
                    self.parked.push(buyer);
                    return Ok(One::Waits(Blocked::Unsaid));
                }
                Some(Arrival::Told(Told::Ready(_) | Told::NotOpened(_))) => {
                    return Err(io::Error::from(io::ErrorKind::InvalidData).into());
                }
                Some(Arrival::Died) => return Err(Unrest::Died(buyer)),
                Some(Arrival::GivenUp) => return Err(Unrest::GivenUp(buyer)),
                None => {}
            }
            if interrupted.load(Ordering::Relaxed)
                && interrupted_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE
            {
                return Err(Unrest::GivenUp(buyer));
            }
            if let Some(blocked) = self.is_blocked(crew, buyer)?
                // An answer that came in the meantime counts.
                && !crew.has_told(buyer)?
                && !(self.due.contains(&buyer) && began.elapsed() < AGAIN)
            {
                return Ok(One::Waits(blocked));
            }
        }
    }

    /// Whether a buyer's request waits in the store and will go on waiting. In a circle of waits the engine will end
    /// one of them.
    fn is_blocked(&mut self, crew: &GatedCrew, buyer: u32) -> Result<Option<Blocked>, StoreError> {
        let Some(lookout) = &mut self.lookout else { return Ok(None) };
        let session = |buyer: &u32| crew.session(*buyer);
        let dead = self.dead.iter().map(|(_, session)| *session);
        let sessions: Vec<u64> = self.waiting.iter().map(session).chain(dead).collect();
        let waiting = lookout.who_waits(&sessions)?;
        let own = session(&buyer);
        let Some(wait) = waiting.iter().find(|wait| wait.session == own) else { return Ok(None) };
        if is_in_circle(own, &waiting) {
            return Ok(None);
        }
        let Some(blocker) = wait.blockers.first() else { return Ok(Some(Blocked::Unsaid)) };
        let by = (1..=crew.buyers()).find(|buyer| crew.session(*buyer) == *blocker);
        Ok(Some(by.map_or(Blocked::ByStranger, Blocked::By)))
    }
}

/// Whether a session waits for itself, through others.
fn is_in_circle(session: u64, waiting: &[Waiting]) -> bool {
    let mut seen = Vec::new();
    let mut next = vec![session];
    while let Some(at) = next.pop() {
        for blocker in waiting.iter().filter(|wait| wait.session == at).flat_map(|wait| &wait.blockers) {
            if *blocker == session {
                return true;
            }
            if !seen.contains(blocker) {
                seen.push(*blocker);
                next.push(*blocker);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_seen_by_those_alone_that_are_in_it() {
        let wait = |session, blockers: &[u64]| Waiting { session, blockers: blockers.to_vec() };
        let waiting = [wait(1, &[2]), wait(2, &[7, 3]), wait(3, &[1]), wait(4, &[1])];
        assert_eq!(
            [1, 2, 3, 4, 7].map(|session| is_in_circle(session, &waiting)),
            [true, true, true, false, false]
        );
    }
}
