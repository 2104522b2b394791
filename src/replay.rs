//! A schedule on real processes and the real ticket file: a conductor lets each buyer take one step at
//! a time, in the order that the schedule says. Prints nothing.
//!
//! The conductor keeps no account of its own of what a purchase is, or of who holds what: beside each process
//! it steps a [`Contender`] of its own with the replies that the process got, so the two always stand at the
//! same step, and beside the store its model. Whether the lock allows a step is for the real lock to say.
//!
//! A schedule may end before the purchases do. Then those that have begun are finished, one buyer after
//! another in the order of their numbers, and none is begun: half a purchase would say nothing about
//! the sale, and could leave half a ticket file.

mod repeated;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::buyer::{Ending, Rules};
use crate::history::Recorder;
use crate::plan::Plan;
use crate::protocol::{Action, Reply, StepKind};
use crate::run::{self, RunError, Sold};
use crate::schedule::{Holder, Schedule, Step, Taken, Unfollowed, Why};
use crate::stock::Stock;
use crate::store::file::lock::{Occupied, occupied};
use crate::store::file::{FileModel, FileStore};
use crate::store::{Store, StoreError};
use crate::workers::{self, Arrival, Crew, GatedCrew};
use crate::world::{Contender, Model as _, Told, Took};
use repeated::{timeless, timeless_header};

pub use repeated::{Repeated, repeat};

/// Why a schedule could not be replayed. Steps count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The sale could not be run at all.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The schedule can't be followed.
    #[error(transparent)]
    Unfollowed(#[from] Unfollowed),
    /// Not the first replay, but a later one.
    #[error("replay {time}: {source}")]
    Again {
        /// Which, from 2.
        time: u32,
        /// Why.
        source: Box<ReplayError>,
    },
    /// A buyer was killed from outside.
    #[error("buyer {buyer} was killed from outside at step {step}")]
    Died {
        /// Which step it was to take.
        step: usize,
        /// Which buyer.
        buyer: u32,
    },
    /// Interrupted.
    #[error("interrupted before step {step}")]
    Interrupted {
        /// The first step that was not taken.
        step: usize,
    },
    /// A system call of the conductor failed.
    #[error("the conductor failed: {0}")]
    Conductor(#[from] std::io::Error),
}

/// A schedule that was replayed.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The sale that came of it.
    pub sold: Sold,
    /// Every step that was taken, and what came of it.
    pub steps: Vec<Taken>,
    /// How many of them the schedule asked for; the rest finished what it had begun.
    pub asked: usize,
}

impl Replayed {
    /// The steps that were taken, as a schedule.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule(self.steps.iter().map(|taken| taken.step).collect())
    }

    /// Whether this and another replay came to the same in all but times and process ids: the same
    /// steps, the same purchases in the same order, the same verdict with the same evidence.
    #[must_use]
    pub fn agrees_with(&self, other: &Replayed) -> bool {
        let one = &self.sold.history;
        let another = &other.sold.history;
        self.steps == other.steps
            && timeless_header(&one.header) == timeless_header(&another.header)
            && one.purchases.iter().map(timeless).eq(another.purchases.iter().map(timeless))
            && self.sold.verdict == other.sold.verdict
    }
}

/// Replays a schedule.
///
/// # Errors
/// When the plan can't be run, or the schedule can't be followed. What had begun is finished then, and no buyer is left.
pub fn replay(plan: &Plan, schedule: &Schedule, interrupted: &AtomicBool) -> Result<Replayed, ReplayError> {
    let mut session = Conductor::start(plan, interrupted)?;
    let followed = schedule.0.iter().try_for_each(|step| session.follow(*step, interrupted));
    let replayed = session.finish(interrupted);
    followed?;
    replayed
}

/// One buyer, as the conductor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The same machine that the process steps, at the same step, and its seat in the model.
    contender: Contender<FileModel>,
    /// The step that gave it the lock that it holds, from 1.
    locked_since: Option<usize>,
    /// Whether it is in the middle of a purchase.
    begun: bool,
    /// What it has read in the purchase that it is in, or in its last one.
    pub read: Option<Reply>,
    /// How its last purchase ended.
    pub ending: Option<Ending>,
}

impl Position {
    fn new(plan: &Plan, model: &FileModel, buyer: u32) -> Self {
        let contender = Contender::new(Rules::of(plan, buyer), model.seat(buyer as usize - 1));
        Self { contender, locked_since: None, begun: false, read: None, ending: None }
    }

    /// What it wants next.
    #[must_use]
    pub fn action(&self) -> Action {
        self.contender.action()
    }

    /// Takes the step that stands at `place` in the schedule, with the reply that the process got.
    fn take(&mut self, model: &mut FileModel, place: usize, reply: Reply) -> Option<Took> {
        if !self.begun {
            (self.begun, self.read, self.ending) = (true, None, None);
        }
        if matches!(reply, Reply::Stock(_) | Reply::Torn(_)) {
            self.read = Some(reply);
        }
        let took = self.contender.follow(model, reply)?;
        if took.action.kind().is_some_and(StepKind::locks) && reply == Reply::Done {
            self.locked_since = Some(place);
        }
        if took.ending.is_some() {
            (self.begun, self.ending) = (false, took.ending);
        }
        Some(took)
    }
}

/// What came of letting a buyer go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// It took the step.
    Took(Taken),
    /// It would have to wait: the buyer stands where it stood. Who holds the lock, if one of ours does.
    MustWait(Option<Holder>),
    /// It has left, and takes no more steps.
    Left,
}

/// What is said of a buyer that did not take its step.
fn lost(arrival: Arrival, step: usize, buyer: u32) -> ReplayError {
    match arrival {
        Arrival::GivenUp => ReplayError::Interrupted { step },
        Arrival::Told(_) | Arrival::Died => ReplayError::Died { step, buyer },
    }
}

/// Buyers at their gates, and what they have done so far.
pub struct Conductor {
    plan: Plan,
    initial: Stock,
    recorder: Recorder,
    crew: GatedCrew,
    launch_ns: u64,
    go_ns: u64,
    buyers: Vec<Position>,
    taken: Vec<Taken>,
    /// The model of the store, stepped beside it: the only keeper of who holds what.
    model: FileModel,
    store: FileStore,
}

impl Conductor {
    /// Puts the tickets on sale and starts the buyers, each at its first gate.
    ///
    /// # Errors
    /// When the plan can't be run.
    pub fn start(plan: &Plan, interrupted: &AtomicBool) -> Result<Self, RunError> {
        plan.check()?;
        workers::check(plan).map_err(RunError::from)?;
        let file = plan.file().ok_or(StoreError::NotBuiltIn)?.clone();
        let store = FileStore::new(&file)?;
        let initial = store.put_on_sale(plan.tickets, interrupted)?;
        let plan = Plan { tickets: Some(initial), ..plan.clone() };
        let recorder = Recorder::for_plan(&plan, initial).map_err(RunError::Recorder)?;
        let began = Instant::now();
        let crew = GatedCrew::launch(&plan, &recorder, &store, interrupted)?;
        let launch_ns = began.elapsed().as_nanos() as u64;
        let model = FileModel::new(&file.sale, plan.workers, initial);
        Ok(Self {
            buyers: (1..=plan.buyers).map(|buyer| Position::new(&plan, &model, buyer)).collect(),
            model,
            go_ns: recorder.now_ns(),
            plan,
            initial,
            recorder,
            crew,
            launch_ns,
            taken: Vec::new(),
            store,
        })
    }

    /// The plan, with the stock that it began with as its tickets.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How the buyers stand, the first one first.
    #[must_use]
    pub fn buyers(&self) -> &[Position] {
        &self.buyers
    }

    /// The steps taken so far.
    #[must_use]
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }

    /// Who holds the lock. Where several do, the last one to get it.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        self.holders(|position| position.contender.holds(&self.model)).max_by_key(|holder| holder.since)
    }

    /// Who keeps this buyer from the lock.
    fn keeps_out(&self, buyer: u32) -> Option<Holder> {
        let waiter = &self.buyers[buyer as usize - 1].contender;
        let keeps_out = |position: &Position| position.contender.keeps_out(&self.model, waiter);
        // Who holds it with others waits for those, not for itself.
        self.holders(keeps_out).find(|holder| holder.buyer != buyer)
    }

    /// The holders of a lock that this is true of.
    fn holders(&self, is_meant: impl Fn(&Position) -> bool) -> impl Iterator<Item = Holder> {
        let holder = move |(position, buyer): (&Position, u32)| {
            let since = position.locked_since.filter(|_| is_meant(position))?;
            Some(Holder { buyer, since })
        };
        self.buyers.iter().zip(1..).filter_map(holder)
    }

    /// A buyer's next step; `None` once it has left.
    #[must_use]
    pub fn next_step(&self, buyer: u32) -> Option<Step> {
        let letter = self.buyers.get((buyer as usize).checked_sub(1)?)?.contender.wants()?;
        Some(Step { letter, buyer })
    }

    /// Lets a buyer, counted from 1 to the plan's number of them, go one step.
    ///
    /// # Errors
    /// When it was killed, or hangs in its step when the conductor is interrupted.
    pub fn step(&mut self, buyer: u32, interrupted: &AtomicBool) -> Result<Went, ReplayError> {
        let Some(step) = self.next_step(buyer) else { return Ok(Went::Left) };
        let place = self.taken.len() + 1;
        let reply = match self.crew.let_go(buyer, interrupted) {
            Ok(Arrival::Told(Told::Took(reply))) => reply,
            Ok(Arrival::Told(Told::MustWait)) => return Ok(Went::MustWait(self.keeps_out(buyer))),
            other => {
                let position = &mut self.buyers[buyer as usize - 1];
                // There is nobody left who could finish its purchase.
                position.begun = false;
                position.contender.die(&mut self.model);
                return Err(other.map_or_else(ReplayError::from, |arrival| lost(arrival, place, buyer)));
            }
        };
        let position = &mut self.buyers[buyer as usize - 1];
        let Some(took) = position.take(&mut self.model, place, reply) else { return Ok(Went::Left) };
        let taken = Taken { step, action: took.action, reply, ending: took.ending };
        self.taken.push(taken);
        Ok(Went::Took(taken))
    }

    /// Takes this step, if it is its buyer's next one and the lock allows it.
    pub fn follow(&mut self, given: Step, interrupted: &AtomicBool) -> Result<(), ReplayError> {
        let step = self.taken.len() + 1;
        if interrupted.load(Ordering::Relaxed) {
            return Err(ReplayError::Interrupted { step });
        }
        if !(1..=self.plan.buyers).contains(&given.buyer) {
            return Err(Unfollowed::at(step, given, Why::NoSuchBuyer(self.plan.buyers)).into());
        }
        let why = match self.next_step(given.buyer) {
            Some(next) if next != given => Why::OtherStep(next),
            None => Why::Left(given.buyer),
            Some(_) => match self.step(given.buyer, interrupted)? {
                Went::Took(..) => return Ok(()),
                Went::MustWait(holder) => self.must_wait(holder),
                Went::Left => Why::Left(given.buyer),
            },
        };
        Err(Unfollowed::at(step, given, why).into())
    }

    /// Has all those give up who wait, where nobody can go on: their purchases fail, and no step is taken.
    fn give_up(&mut self, interrupted: &AtomicBool) -> Result<(), ReplayError> {
        let place = self.taken.len() + 1;
        let waits = |buyer: &u32| self.buyers[*buyer as usize - 1].contender.waits(&self.model);
        for buyer in (1..=self.plan.buyers).filter(waits).collect::<Vec<_>>() {
            match self.crew.give_up(buyer, interrupted)? {
                Arrival::Told(Told::Took(reply)) => {
                    self.buyers[buyer as usize - 1].take(&mut self.model, place, reply);
                }
                arrival => return Err(lost(arrival, place, buyer)),
            }
        }
        Ok(())
    }

    /// Why a step would have to wait.
    fn must_wait(&self, holder: Option<Holder>) -> Why {
        holder.map_or_else(|| Why::LockedByStranger(self.lockfile()), Why::Locked)
    }

    /// The lockfile that is there, where the lock is one.
    #[must_use]
    pub fn lockfile(&self) -> Option<Occupied> {
        let plan = self.plan.file()?;
        plan.sale.lock.is_lockfile().then(|| occupied(&plan.file)).flatten()
    }

    /// Finishes the purchases that have begun, lets all buyers leave, and draws up what came of it.
    ///
    /// # Errors
    /// When a buyer was killed, or the ticket file can't be read.
    pub fn finish(mut self, interrupted: &AtomicBool) -> Result<Replayed, ReplayError> {
        let asked = self.taken.len();
        let finished = self.finish_purchases(interrupted);
        let Self { plan, initial, recorder, crew, launch_ns, go_ns, taken, store, .. } = self;
        let left_ns = recorder.now_ns();
        let killed = crew.dismiss(&store, &recorder);
        let crew = Crew { launch_ns, go_ns, left_ns, interrupted: false, killed };
        finished?;
        let mut sold = run::settle(plan, initial, &recorder, &crew, store.left());
        let steps = Schedule(taken.iter().map(|taken| taken.step).collect());
        sold.history.header.replay = Some(steps.to_string());
        Ok(Replayed { sold, steps: taken, asked })
    }

    /// Finishes the purchases that have begun, one buyer after another in the order of their numbers. A
    /// buyer that the lock keeps out waits for the next round.
    fn finish_purchases(&mut self, interrupted: &AtomicBool) -> Result<(), ReplayError> {
        let mut finished = Ok(());
        loop {
            let before = self.taken.len();
            let mut waits: Option<(u32, Option<Holder>)> = None;
            for buyer in 1..=self.plan.buyers {
                while self.buyers[buyer as usize - 1].begun {
                    match self.step(buyer, interrupted) {
                        Ok(Went::Took(_) | Went::Left) => {}
                        Ok(Went::MustWait(holder)) => {
                            waits = Some((buyer, holder));
                            break;
                        }
                        // The others' purchases are finished all the same.
                        Err(error) => finished = finished.and(Err(error)),
                    }
                }
            }
            match waits {
                None => return finished,
                Some(_) if self.taken.len() > before => {}
                // Each waits for another of ours, for ever.
                Some((_, Some(_))) => return finished.and(self.give_up(interrupted)),
                Some((buyer, holder)) => {
                    let (place, step) = (before + 1, self.next_step(buyer));
                    let unfollowed = Unfollowed { place, step, why: self.must_wait(holder) };
                    return finished.and(Err(unfollowed.into()));
                }
            }
        }
    }
}
