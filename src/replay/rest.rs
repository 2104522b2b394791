//! Letting a buyer go, and waiting until all have come to rest: each stands at its gate again, or its request waits
//! in the store. That a request waits is never guessed from a time-out: the store says so, to the conductor or to
//! the session itself.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::ReplayError;
use crate::protocol::Reply;
use crate::store::{Lookout, StoreError, Waiting};
use crate::workers::{Arrival, GatedCrew};
use crate::world::Told;

/// How long a buyer is listened to before the store is asked whether it waits.
const LOOK: Duration = Duration::from_millis(1);
/// How long it is listened to where the store can't be asked: then it is seen whether all is to end.
const TICK: Duration = Duration::from_millis(100);
/// How long a buyer may take to answer once all is to end, before it is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the store is asked again about a buyer that waits, as it says, where the model says that it is answered:
/// a session that was let go may be late to say so.
const AGAIN: Duration = Duration::from_secs(2);

/// The buyers' requests that wait in the store, and who sees that they do.
pub(super) struct Asked {
    lookout: Option<Box<dyn Lookout>>,
    /// The buyers whose requests wait, in the order of asking.
    waiting: Vec<u32>,
    /// Those among them that try again when that is said.
    parked: Vec<u32>,
    /// The buyers that are answered with this step, as the model says.
    due: Vec<u32>,
    /// The sessions of killed buyers that the store may yet serve, each with its buyer.
    dead: Vec<(u32, u64)>,
    /// How those that wait stood when they were last looked at: one a buyer.
    looks: Vec<Look>,
}

/// What came of letting a buyer go, once all have come to rest.
pub(super) enum Rest {
    /// These were answered; and whether the request itself waits, and for whom, where the store says so.
    Answers(Vec<(u32, Reply)>, Option<Blocked>),
    /// The buyer stands at its gate: it has asked for nothing, since it would have to wait.
    AtGate,
}

/// Why a buyer did not come to rest.
pub(super) enum Unrest {
    /// It is dead.
    Died(u32),
    /// It did not answer in the time that an interrupt left it.
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

/// For whom a request waits, as the store says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// It does not say.
    Unsaid,
    /// For this buyer.
    By(u32),
    /// For another program.
    ByStranger,
}

/// How a buyer that waits stood when it was last looked at.
struct Look {
    buyer: u32,
    by: Blocked,
    /// Whether it was its turn, as the model says, when the store let another go.
    is_overtaken: bool,
}

/// How one buyer has come to rest.
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

    /// How long a request has to have waited before anything else is asked.
    pub(super) fn pause(&self) -> Duration {
        self.lookout.as_ref().map_or(Duration::ZERO, |lookout| lookout.pause())
    }

    /// The next step brings answers to these buyers, as the model says.
    pub(super) fn expect(&mut self, due: Vec<u32>) {
        self.due = due;
    }

    /// Lets a buyer go, whose request does not wait yet, and waits until all have come to rest. An answer may let
    /// another go that was found waiting before: so it is looked again until there is no news.
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

    /// Hears those who are answered beside this buyer: the first may let those go that asked before the next.
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

    /// A buyer has been killed. Waits until the store has noticed, unless a request of it waits there, and hears who is
    /// answered by that.
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

    /// Waits until the sessions of killed buyers are over, those of them that wait for nothing: what they had asked for
    /// may have been served meanwhile.
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

    /// The first of those who wait, in the order of asking, that is answered now.
    fn next_answer(
        &mut self,
        crew: &mut GatedCrew,
        buyer: u32,
        answers: &[(u32, Reply)],
        interrupted: &AtomicBool,
    ) -> Result<Option<(u32, Reply)>, Unrest> {
        for other in self.waiting.clone() {
            // It has just been found waiting, and nothing has happened since.
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

    /// A buyer was found waiting once another had been answered.
    fn note(&mut self, buyer: u32, by: Blocked) {
        let is_overtaken = self.is_overtaken(buyer) || self.due.contains(&buyer);
        self.looks.retain(|look| look.buyer != buyer);
        self.looks.push(Look { buyer, by, is_overtaken });
    }

    fn look(&self, buyer: u32) -> Option<&Look> {
        self.looks.iter().find(|look| look.buyer == buyer)
    }

    /// For whom a buyer that waits did so when it was last looked at, since a request that came after its own was
    /// answered.
    pub(super) fn blocked(&self, buyer: u32) -> Option<Blocked> {
        self.look(buyer).map(|look| look.by)
    }

    /// Whether the store has let another go first.
    pub(super) fn is_overtaken(&self, buyer: u32) -> bool {
        self.look(buyer).is_some_and(|look| look.is_overtaken)
    }

    /// A buyer waits for nothing any more.
    pub(super) fn forget(&mut self, buyer: u32) {
        self.looks.retain(|look| look.buyer != buyer);
        self.waiting.retain(|waiting| *waiting != buyer);
        self.parked.retain(|parked| *parked != buyer);
    }

    /// Waits until one buyer has come to rest.
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
                // An answer that has come meanwhile counts.
                && !crew.has_told(buyer)?
                && !(self.due.contains(&buyer) && began.elapsed() < AGAIN)
            {
                return Ok(One::Waits(blocked));
            }
        }
    }

    /// Whether a buyer's request waits in the store, and will go on waiting: those who wait for each other in a
    /// circle do not.
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
