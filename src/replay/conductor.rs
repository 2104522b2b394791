//! The conductor of a replay: it lets each buyer take one step at a time, and knows the state of all.

mod mishap;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::Replayed;
use super::beside::{Beside, Differs, Got, beside};
use super::error::ReplayError;
use super::position::{Position, Went, schedule};
use super::rest::{Asked, Blocked, Rest, Unrest};
use crate::history::{Befallen, Recorder};
use crate::plan::Plan;
use crate::protocol::{Action, Mishap, Reply};
use crate::run::{self, RunError};
use crate::schedule::{Holder, Kept, Says, Sent, Step, Taken, Unfollowed, Wait, Why};
use crate::stock::Stock;
use crate::store::file::lock::{Occupied, occupied};
use crate::store::{Left, Store, StoreError, with_store};
use crate::verdict::judge;
use crate::workers::{self, Arrival, Crew, GatedCrew};
use crate::world::{Answer, Held, OwnState, Told};

/// Makes a crew leave its store. Returns the killed buyers and what is left in the store.
type Dismiss = Box<dyn FnOnce(GatedCrew, &Recorder) -> (Vec<(u32, i32)>, Left)>;

/// Carries out a mishap on a buyer in its store.
type Befall = Box<dyn Fn(&Recorder, u32, Mishap) -> Result<bool, StoreError>>;

/// Buyers at their gates, and what they have done so far.
pub struct Conductor {
    plan: Plan,
    initial: Stock,
    recorder: Recorder,
    crew: GatedCrew,
    asked: Asked,
    launch_ns: u64,
    go_ns: u64,
    buyers: Vec<Position>,
    taken: Vec<Taken>,
    beside: Box<dyn Beside>,
    /// The key of the lock, if the lock is a key of the store.
    lease_key: Option<String>,
    /// Where the store and its model differed: after which step, and how.
    differs: Vec<Difference>,
    /// The mishaps that came.
    mishaps: Vec<Befallen>,
    befall: Befall,
    dismiss: Dismiss,
}

/// A difference between the store and its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// After which step, from 1.
    pub place: usize,
    /// The model's answers, each with its buyer, from 1. `None` if only the victim of a deadlock differs.
    pub model: Option<Vec<(u32, Reply)>>,
    /// The real answers.
    pub real: Vec<(u32, Reply)>,
}

impl Conductor {
    /// Puts the tickets on sale and starts the buyers, each at its first gate.
    ///
    /// # Errors
    /// When the plan can't be run.
    pub fn start(plan: &Plan, interrupted: &AtomicBool) -> Result<Self, RunError> {
        plan.check()?;
        workers::check(plan).map_err(RunError::from)?;
        with_store!(&plan.store, store => Self::at(&store, plan, interrupted))
    }

    fn at(store: &impl Store, plan: &Plan, interrupted: &AtomicBool) -> Result<Self, RunError> {
        let store = store.in_steps()?;
        store.admit(plan.buyers)?;
        let initial = store.put_on_sale(plan.tickets, interrupted)?;
        let plan = Plan { tickets: Some(initial), ..plan.clone() };
        let recorder = Recorder::for_plan(&plan, initial).map_err(RunError::Recorder)?;
        let began = Instant::now();
        let crew = GatedCrew::launch(&plan, &recorder, &store, interrupted)?;
        let launch_ns = began.elapsed().as_nanos() as u64;
        // Opened after the fork, since buyers would inherit its connection.
        let asked = Asked::new(store.lookout()?);
        let (there, lease_key) = (store.clone(), store.lease_key());
        let befall = move |recorder: &Recorder, buyer, mishap| there.befall(recorder, buyer, mishap);
        let dismiss = move |crew: GatedCrew, recorder: &Recorder| {
            let killed = crew.dismiss(&store, recorder);
            (killed, store.left())
        };
        Ok(Self {
            buyers: vec![Position::default(); plan.buyers as usize],
            beside: beside(&plan, initial),
            lease_key,
            go_ns: recorder.now_ns(),
            befall: Box::new(befall),
            dismiss: Box::new(dismiss),
            taken: Vec::new(),
            differs: Vec::new(),
            mishaps: Vec::new(),
            plan,
            initial,
            recorder,
            crew,
            asked,
            launch_ns,
        })
    }

    /// The plan; its number of tickets is the stock at the start.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The state of each buyer, the first one first.
    #[must_use]
    pub fn buyers(&self) -> &[Position] {
        &self.buyers
    }

    /// The steps taken so far.
    #[must_use]
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }

    /// Where the store and its model have differed so far. Not checked for a ticket file.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differs
    }

    /// What a buyer, counted from 1, wants next.
    #[must_use]
    pub fn action(&self, buyer: u32) -> Action {
        self.beside.action(buyer as usize - 1)
    }

    /// What a buyer, counted from 1, has in the store, by the model.
    #[must_use]
    pub fn own_state(&self, buyer: u32) -> OwnState {
        self.beside.own_state(buyer as usize - 1)
    }

    /// What a read would return now, by the model; `None` if it does not know.
    #[must_use]
    pub fn look(&self) -> Option<Reply> {
        self.beside.look()
    }

    /// Who holds the lock; of several, the last one to get it.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        (1..=self.plan.buyers).filter_map(|buyer| self.holds_lock(buyer)).max_by_key(|holder| holder.since)
    }

    fn holds_lock(&self, buyer: u32) -> Option<Holder> {
        let held = &self.buyers[buyer as usize - 1].held;
        let (_, since) = held.iter().find(|(held, _)| matches!(held, Held::Lock | Held::SharedLock))?;
        Some(Holder { buyer, since: *since })
    }

    /// Who keeps this buyer from the lock.
    fn keeps_out(&self, buyer: u32) -> Option<Holder> {
        let holder = self.beside.waits_for(buyer as usize - 1)?;
        self.holds_lock(holder as u32 + 1)
    }

    /// For which buyer this buyer, counted from 1, waits, and what that one holds.
    #[must_use]
    pub fn kept(&self, buyer: u32) -> Kept {
        let by = self.beside.waits_for(buyer as usize - 1).map(|who| who as u32 + 1);
        // Only the model knows the present state. Next best is what the store said last: when another was answered, or
        // else when the request was sent.
        let sent = self.buyers[buyer as usize - 1].waits;
        let by = by.or_else(|| match self.asked.blocked(buyer) {
            Some(Blocked::By(other)) => Some(other),
            Some(Blocked::ByStranger | Blocked::Unsaid) => None,
            None => sent.and_then(|sent| self.taken[sent.place - 1].wait?.holder),
        });
        let held = by.map_or_else(Vec::new, |by| self.buyers[by as usize - 1].held.clone());
        Kept { by, held, is_overtaken: self.asked.is_overtaken(buyer) }
    }

    /// A buyer's next step; `None` once it has left.
    #[must_use]
    pub fn next_step(&self, buyer: u32) -> Option<Step> {
        let who = (buyer as usize).checked_sub(1).filter(|who| *who < self.buyers.len())?;
        Some(Step { letter: self.beside.wants(who)?, buyer })
    }

    /// Lets a buyer, counted from 1, take one step.
    ///
    /// # Errors
    /// When it was killed, or hangs in its step when the conductor is interrupted.
    pub fn step(&mut self, buyer: u32, interrupted: &AtomicBool) -> Result<Went, ReplayError> {
        let Some(step) = self.next_step(buyer) else { return Ok(Went::Left) };
        if let Some(sent) = self.buyers[buyer as usize - 1].waits {
            return Ok(Went::Still(sent, self.kept(buyer)));
        }
        let due = self.beside.due(buyer as usize - 1).into_iter().map(|who| who as u32 + 1).collect();
        self.asked.expect(due);
        match self.asked.let_go(&mut self.crew, buyer, interrupted) {
            Ok(Rest::AtGate) => Ok(Went::MustWait(self.keeps_out(buyer))),
            Ok(Rest::Answers(answers, blocked)) => {
                let taken = self.took(step, &answers, blocked);
                // What it released may have served a dead buyer's request.
                let beside = &self.beside;
                self.asked.await_ends(|dead| !beside.has_asked(dead as usize - 1))?;
                Ok(if blocked.is_some() { Went::Waits(taken) } else { Went::Took(taken) })
            }
            Err(unrest) => Err(self.lost(unrest)),
        }
    }

    /// Notes that a step was taken and brought these answers.
    fn took(&mut self, step: Step, answers: &[(u32, Reply)], blocked: Option<Blocked>) -> Taken {
        let (who, place) = (step.buyer as usize - 1, self.taken.len() + 1);
        let action = self.beside.action(who);
        self.taken.push(Taken { step, action: Some(action), reply: None, ending: None, wait: None });
        self.buyers[who].send();
        let got = answers.iter().map(|(buyer, reply)| (*buyer as usize - 1, *reply)).collect();
        let (heard, differs) = self.beside.step(who, &got);
        if let Some(blocked) = blocked {
            self.buyers[who].waits = Some(Sent { request: step, place });
            self.taken[place - 1].wait = Some(self.wait(who, blocked));
        }
        heard.iter().for_each(|answer| self.hear(answer, place));
        self.note_holds(place);
        self.note_difference(place, differs, answers);
        if blocked.is_some() && !self.buyers[who].held.is_empty() {
            // Later requests may wait for it, in a circle.
            std::thread::sleep(self.asked.pause());
        }
        self.taken[place - 1]
    }

    fn note_difference(&mut self, place: usize, differs: Option<Differs>, answers: &[(u32, Reply)]) {
        let model = match differs {
            None => return,
            Some(Differs::Victim) => None,
            Some(Differs::Answers(model)) => {
                Some(model.into_iter().map(|(who, reply)| (who as u32 + 1, reply)).collect())
            }
        };
        self.differs.push(Difference { place, model, real: answers.to_vec() });
    }

    /// A wait that begins with a buyer's request.
    fn wait(&self, who: usize, blocked: Blocked) -> Wait {
        let model = self.beside.waits_for(who).map(|holder| holder as u32 + 1);
        match blocked {
            Blocked::By(buyer) => Wait { holder: Some(buyer), says: Says::Engine, until: None },
            Blocked::ByStranger => Wait { holder: None, says: Says::Engine, until: None },
            Blocked::Unsaid => Wait { holder: model, says: Says::Model, until: None },
        }
    }

    /// Notes that the step at this place answered a buyer.
    fn hear(&mut self, answer: &Answer, place: usize) {
        let position = &mut self.buyers[answer.buyer];
        let sent = position.waits.map_or(place, |sent| sent.place);
        position.hear(answer);
        let Some(taken) = self.taken.get_mut(sent - 1) else { return };
        (taken.reply, taken.ending) = (Some(answer.reply), answer.ending);
        if let Some(wait) = &mut taken.wait {
            wait.until = Some(place);
        }
    }

    fn note_holds(&mut self, place: usize) {
        for (position, who) in self.buyers.iter_mut().zip(0..) {
            position.note(&self.beside.own_state(who), place);
        }
    }

    /// Handles a buyer that is not at rest.
    fn lost(&mut self, unrest: Unrest) -> ReplayError {
        let step = self.taken.len() + 1;
        let (buyer, error) = match unrest {
            Unrest::Died(buyer) => (buyer, ReplayError::Died { step, buyer }),
            Unrest::GivenUp(buyer) => (buyer, ReplayError::Interrupted { step }),
            Unrest::Failed(error) => return error,
        };
        // Nobody is left to finish its purchase.
        self.asked.forget(buyer);
        let position = &mut self.buyers[buyer as usize - 1];
        (position.begun, position.waits) = (false, None);
        self.beside.die(buyer as usize - 1);
        error
    }

    /// Takes this step, if it is its buyer's next one and the lock allows it; or carries out this mishap, if it is
    /// possible.
    ///
    /// # Errors
    /// When it is not possible, or as [`Conductor::step`].
    pub fn follow(&mut self, given: Step, interrupted: &AtomicBool) -> Result<(), ReplayError> {
        let step = self.taken.len() + 1;
        if interrupted.load(Ordering::Relaxed) {
            return Err(ReplayError::Interrupted { step });
        }
        if !(1..=self.plan.buyers).contains(&given.buyer) {
            return Err(Unfollowed::at(step, given, Why::NoSuchBuyer(self.plan.buyers)).into());
        }
        if let Some(mishap) = Mishap::of(given.letter) {
            return match self.not_now(given.buyer, mishap) {
                Some(why) => Err(Unfollowed::at(step, given, why).into()),
                None => self.suffer(given.buyer, mishap, interrupted),
            };
        }
        let position = &self.buyers[given.buyer as usize - 1];
        let why = match (position.waits, self.next_step(given.buyer)) {
            _ if position.is_paused => Why::Paused(given.buyer),
            (Some(sent), _) => Why::Waits { sent, kept: self.kept(given.buyer) },
            (None, Some(next)) if next != given => Why::OtherStep(next),
            (None, None) => Why::Left(given.buyer),
            (None, Some(_)) => match self.step(given.buyer, interrupted)? {
                Went::Took(_) | Went::Waits(_) => return Ok(()),
                Went::MustWait(holder) => self.must_wait(holder),
                Went::Still(sent, kept) => Why::Waits { sent, kept },
                Went::Left => Why::Left(given.buyer),
            },
        };
        Err(Unfollowed::at(step, given, why).into())
    }

    /// When nobody can go on, makes all buyers that wait at their gates give up: their purchases fail, and no step is
    /// taken.
    fn give_up(&mut self, interrupted: &AtomicBool) -> Result<(), ReplayError> {
        let waits = |buyer: &u32| self.beside.waits(*buyer as usize - 1);
        for buyer in (1..=self.plan.buyers).filter(waits).collect::<Vec<_>>() {
            match self.crew.give_up(buyer, interrupted)? {
                Arrival::Told(Told::Took(reply)) => {
                    let who = buyer as usize - 1;
                    if let Some(answer) = self.beside.take(who, reply) {
                        self.buyers[who].hear(&answer);
                    }
                }
                Arrival::GivenUp => return Err(self.lost(Unrest::GivenUp(buyer))),
                Arrival::Told(_) | Arrival::Died => return Err(self.lost(Unrest::Died(buyer))),
            }
        }
        Ok(())
    }

    /// Whether all remaining buyers wait for a dead one or for each other.
    fn is_stuck(&self) -> bool {
        let all = 0..self.buyers.len();
        let waits = |who: &usize| self.beside.waits(*who) && self.beside.waits_for(*who).is_some();
        let stands = |who: &usize| self.beside.wants(*who).is_some();
        all.clone().any(|who| waits(&who)) && all.filter(stands).all(|who| waits(&who))
    }

    /// Why a step would have to wait.
    fn must_wait(&self, holder: Option<Holder>) -> Why {
        match (holder, &self.lease_key) {
            (Some(holder), _) => Why::Locked(holder),
            (None, Some(key)) => Why::LeasedByStranger(key.clone()),
            (None, None) => Why::LockedByStranger(self.lockfile()),
        }
    }

    /// The lockfile that exists, if the lock is one.
    #[must_use]
    pub fn lockfile(&self) -> Option<Occupied> {
        let plan = self.plan.file()?;
        plan.choices.lock.is_lockfile().then(|| occupied(&plan.file)).flatten()
    }

    /// Finishes the purchases that have begun, lets all buyers leave, and returns the result.
    ///
    /// # Errors
    /// When a buyer was killed, or the ticket file can't be read.
    pub fn finish(mut self, interrupted: &AtomicBool) -> Result<Replayed, ReplayError> {
        let asked = self.taken.len();
        let finished = self.go_on(interrupted).and_then(|()| self.finish_purchases(interrupted));
        let Self {
            plan, initial, recorder, crew, launch_ns, go_ns, taken, differs, mishaps, dismiss, ..
        } = self;
        let left_ns = recorder.now_ns();
        let (killed, left) = dismiss(crew, &recorder);
        let crew = Crew { launch_ns, go_ns, left_ns, interrupted: false, killed, mishaps };
        finished?;
        let is_explained = plan.file().is_none() && differs.is_empty();
        let mut sold = run::settle(plan, initial, &recorder, &crew, left);
        sold.history.header.replay = Some(schedule(&taken).to_string());
        if is_explained {
            // The model has explained every answer, so no other program was there.
            sold.history.header.outsiders = false;
            sold.verdict = judge(&sold.history);
        }
        Ok(Replayed { sold, steps: taken, asked, differs })
    }

    /// Finishes the purchases that have begun, one buyer after another in the order of their numbers. A buyer that has
    /// to wait is tried again in the next round.
    fn finish_purchases(&mut self, interrupted: &AtomicBool) -> Result<(), ReplayError> {
        let mut finished = Ok(());
        loop {
            let before = self.taken.len();
            let mut at_gate = None;
            for buyer in 1..=self.plan.buyers {
                while self.buyers[buyer as usize - 1].begun {
                    match self.step(buyer, interrupted) {
                        Ok(Went::Took(_) | Went::Left) => {}
                        Ok(Went::Waits(_) | Went::Still(..)) => break,
                        Ok(Went::MustWait(holder)) => {
                            at_gate = Some((buyer, holder));
                            break;
                        }
                        // The other purchases are finished anyway.
                        Err(error) => {
                            finished = finished.and(Err(error));
                            if self.buyers[buyer as usize - 1].begun {
                                return finished;
                            }
                        }
                    }
                }
            }
            if self.taken.len() > before {
                continue;
            }
            let stuck = (1..).zip(&self.buyers).find_map(|(buyer, position)| Some((buyer, position.waits?)));
            let (buyer, why) = match (at_gate, stuck) {
                // All wait for each other, for ever.
                (Some((_, Some(_))), _) => return finished.and(self.give_up(interrupted)),
                (Some((buyer, holder)), _) => (buyer, self.must_wait(holder)),
                (None, Some((buyer, sent))) => (buyer, Why::Waits { sent, kept: self.kept(buyer) }),
                // No purchase has begun, and none can begin.
                (None, None) if self.is_stuck() => return finished.and(self.give_up(interrupted)),
                (None, None) => return finished,
            };
            let unfollowed = Unfollowed { place: before + 1, step: self.next_step(buyer), why };
            return finished.and(Err(unfollowed.into()));
        }
    }
}
