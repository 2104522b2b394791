//! Counting schedules by states.
//!
//! Buyers that stand at the same place are interchangeable: whichever of them steps, what follows is
//! the same but for their numbers. So a state is the world, how many buyers stand at each place, and
//! what of the past decides the verdict (its course). States are followed step by step, all those after
//! d steps at once, each with the number of orders of steps that lead to it and the probability to get
//! there; a step that c buyers alike can take counts c times. Those after d steps are
//! kept apart from those after more, so no schedule is counted twice or left out. (Where an aborted purchase is tried
//! again the same state can come up after other numbers of steps, and is counted as a state each time.)
//!
//! Models, courses, buyers and seats are kept once each and known by their numbers. Where a request of one buyer
//! leaves all others' seats as they are, what a step does depends on the model and that buyer alone, and is
//! looked up when it comes again.
//!
//! All numbers are exact. The probabilities after d steps are integers over one common denominator: at
//! each step it is multiplied by the least common multiple of the numbers of buyers that can step.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use num_bigint::BigUint;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{One, ToPrimitive as _, Zero};

use super::level::{Crowd, Level, Stand, State};
use super::numbered::Numbered;
use super::shop::{Course, Shop};
use super::{End, Ends, Setting, with_model};
use crate::buyer::Buyer;
use crate::fault::StoreCode;
use crate::protocol::Letter;
use crate::schedule::{Schedule, Step};
use crate::verdict::Ruling;
use crate::world::{Model, seated, step, wants};

/// The bound on states of a command that names none.
pub const MAX_STATES: u64 = 1_000_000;

/// One way to end, and all schedules that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How they end.
    pub end: End,
    /// How many there are.
    pub schedules: BigUint,
    /// How likely one of them is under a scheduler that picks evenly among the buyers that can step.
    pub probability: Ratio<BigUint>,
    /// A shortest one of them.
    pub witness: Schedule,
    /// The errors that ended purchases in them, and at which step: how many, over all of these schedules.
    pub errors: BTreeMap<(StoreCode, Letter), BigUint>,
}

/// How far a census got that met its bound, or was told to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Every order of so many steps was followed. Schedules that are longer were not counted.
    pub steps: u64,
    /// How likely a schedule is one of those that were counted.
    pub probability: Ratio<BigUint>,
    /// Why it went no further.
    pub stopped: Stopped,
}

/// Why a census did not count all schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It met its bound on states.
    Bound,
    /// It was told to.
    Told,
    /// There is no longest schedule: an aborted purchase can be tried again for ever.
    Endless,
}

/// How far a census has got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// How many different states were met.
    pub states: u64,
    /// How many steps were taken.
    pub steps: u64,
    /// How likely a schedule has ended by then.
    pub ended: f64,
}

/// All schedules of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// How many schedules there are.
    pub schedules: BigUint,
    /// How many of them are sound.
    pub sound: BigUint,
    /// How many different states were met: the first, the last and all between.
    pub states: u64,
    /// `None` when all schedules were counted; otherwise what was.
    pub partial: Option<Coverage>,
    /// The ways to end, the worst first.
    pub found: Vec<Found>,
}

impl Census {
    /// Unsound where some schedule is, whether all were counted or not; unknown where none was found but
    /// not all were counted.
    #[must_use]
    pub fn ruling(&self) -> Ruling {
        if self.sound < self.schedules {
            Ruling::Unsound
        } else if self.partial.is_some() {
            Ruling::Unknown
        } else {
            Ruling::Sound
        }
    }
}

/// How a state was met first: from which one, by whose step.
#[derive(Clone, Copy, Debug)]
struct Trail {
    from: u32,
    stand: Stand,
}

/// Counts all schedules of a setting, over at most so many states (and no more than 2³²).
#[must_use]
pub fn census(setting: &Setting, max_states: u64) -> Census {
    census_until(setting, max_states, &AtomicBool::new(false), &mut |_| ())
}

/// The same, until `told` to stop: then it says how far it got. `watch` is told so all the time.
#[must_use]
pub fn census_until(
    setting: &Setting,
    max_states: u64,
    told: &AtomicBool,
    watch: &mut dyn FnMut(Progress),
) -> Census {
    let max_states = max_states.min(u64::from(u32::MAX));
    with_model!(setting, model => Walk::new(setting, model, watch).census(max_states, told))
}

/// What a step of a buyer makes of a model, where it leaves all other buyers as they are.
#[derive(Clone, Copy, Debug)]
struct Move {
    model: u32,
    course: u32,
    stand: Stand,
}

struct Walk<'a, M: Model> {
    setting: &'a Setting,
    watch: &'a mut dyn FnMut(Progress),
    models: Numbered<M>,
    courses: Numbered<Course>,
    buyers: Numbered<Buyer>,
    seats: Numbered<M::Seat>,
    /// Every place where a buyer was met: the number of the buyer and that of its seat.
    stands: Numbered<(u32, u32)>,
    /// What is known of single steps, by model, course and stand.
    moves: HashMap<(u32, u32, Stand), Move>,
    /// How each state was met, by its number. The first leads nowhere.
    trails: Vec<Trail>,
    /// What the masses of the current level are parts of.
    denominator: BigUint,
    steps: u64,
    ended: f64,
    ends: Ends,
    found: HashMap<End, Found>,
}

impl<'a, M: Model> Walk<'a, M> {
    fn new(setting: &'a Setting, start: M, watch: &'a mut dyn FnMut(Progress)) -> Self {
        let mut models = Numbered::default();
        models.number(start);
        Self {
            setting,
            watch,
            models,
            courses: Numbered::default(),
            buyers: Numbered::default(),
            seats: Numbered::default(),
            stands: Numbered::default(),
            moves: HashMap::new(),
            trails: Vec::new(),
            denominator: BigUint::one(),
            steps: 0,
            ended: 0.0,
            ends: Ends::default(),
            found: HashMap::new(),
        }
    }

    fn census(mut self, max_states: u64, told: &AtomicBool) -> Census {
        let most_steps = self.setting.most_steps_of_retries();
        let mut level = self.first_level();
        loop {
            let able: Vec<Vec<(Stand, u32)>> = level.states().map(|state| self.able(state)).collect();
            self.note_ends(&level, &able);
            if able.iter().all(Vec::is_empty) {
                return self.counted(None);
            }
            if most_steps.is_some_and(|most| self.steps > most) {
                return self.counted(Some(Stopped::Endless));
            }
            match self.next_level(&level, &able, max_states, told) {
                Some(next) => level = next,
                None if told.load(Ordering::Relaxed) => return self.counted(Some(Stopped::Told)),
                None => return self.counted(Some(Stopped::Bound)),
            }
            self.steps += 1;
            self.tell();
        }
    }

    fn tell(&mut self) {
        let (states, steps, ended) = (self.trails.len() as u64, self.steps, self.ended);
        (self.watch)(Progress { states, steps, ended });
    }

    fn first_level(&mut self) -> Level {
        let (buyer, seat) = seated(self.models.of(0), self.setting.rules());
        let start = self.stand(buyer, seat);
        self.trails.push(Trail { from: 0, stand: start });
        let course = self.courses.number(Course::default());
        let mut level = Level::default();
        level.place(State { model: 0, course, crowd: Crowd::of(&[(start, self.setting.buyers)]) }, 0);
        level.add(0, &BigUint::one(), &BigUint::one(), 1);
        level
    }

    /// The number of a place.
    fn stand(&mut self, buyer: Buyer, seat: M::Seat) -> Stand {
        let pair = (self.buyers.number(buyer), self.seats.number(seat));
        self.stands.number(pair)
    }

    fn at(&self, stand: Stand) -> (&Buyer, &M::Seat) {
        let (buyer, seat) = *self.stands.of(stand);
        (self.buyers.of(buyer), self.seats.of(seat))
    }

    /// The places from which a step can be taken in this state, and by how many.
    fn able(&self, state: &State) -> Vec<(Stand, u32)> {
        let model = self.models.of(state.model);
        let can_step = |stand: Stand| {
            let (buyer, seat) = self.at(stand);
            wants(model, buyer, seat).is_some()
        };
        state.crowd.stands().filter(|(stand, _)| can_step(*stand)).collect()
    }

    /// Everything that one step leads to. `None` when those would be too many, or it is told to stop.
    fn next_level(
        &mut self,
        level: &Level,
        able: &[Vec<(Stand, u32)>],
        max_states: u64,
        told: &AtomicBool,
    ) -> Option<Level> {
        let number = |able: &Vec<(Stand, u32)>| able.iter().map(|(_, count)| count).sum::<u32>();
        let numbers: BTreeSet<u32> = able.iter().map(number).filter(|number| *number > 0).collect();
        let common =
            numbers.iter().fold(BigUint::one(), |common, number| common.lcm(&BigUint::from(*number)));
        let parts: HashMap<u32, BigUint> = numbers.iter().map(|number| (*number, &common / number)).collect();
        let mut next = Level::default();
        for ((state, weight), able) in level.iter().zip(able).filter(|(_, able)| !able.is_empty()) {
            if told.load(Ordering::Relaxed) {
                return None;
            }
            let share = &weight.mass * &parts[&number(able)];
            for (stand, count) in able {
                let after = self.after(state, *stand);
                let place = match next.find(&after) {
                    Some(place) => place,
                    None if self.trails.len() as u64 >= max_states => return None,
                    None => {
                        let number = self.trails.len() as u32;
                        self.trails.push(Trail { from: weight.state, stand: *stand });
                        if number.is_multiple_of(1 << 14) {
                            self.tell();
                        }
                        next.place(after, number)
                    }
                };
                next.add(place, &weight.ways, &share, *count);
            }
        }
        self.denominator *= common;
        Some(next)
    }

    /// The state after a step of one who stands there.
    fn after(&mut self, state: &State, stand: Stand) -> State {
        if !M::APART {
            return self.after_for_all(state, stand);
        }
        let key = (state.model, state.course, stand);
        let known = self.moves.get(&key).copied();
        let Move { model, course, stand: moved } = known.unwrap_or_else(|| {
            let (buyer, seat) = self.at(stand);
            let (mut buyer, mut seat) = ([buyer.clone()], [seat.clone()]);
            let mut model = self.models.of(state.model).clone();
            let mut course = self.courses.of(state.course).clone();
            let initial = self.setting.tickets;
            step(&mut model, &mut buyer, &mut seat, 0, |answer| course.note::<M>(&answer, initial));
            let ([buyer], [seat]) = (buyer, seat);
            let stand = self.stand(buyer, seat);
            let (model, course) = (self.models.number(model), self.courses.number(course));
            *self.moves.entry(key).or_insert(Move { model, course, stand })
        });
        State { model, course, crowd: state.crowd.moved(stand, moved) }
    }

    /// The same, where a step may touch everybody.
    fn after_for_all(&mut self, state: &State, stand: Stand) -> State {
        let stands: Vec<Stand> = state
            .crowd
            .stands()
            .flat_map(|(stand, count)| std::iter::repeat_n(stand, count as usize))
            .collect();
        let (mut buyers, mut seats): (Vec<Buyer>, Vec<M::Seat>) = stands
            .iter()
            .map(|stand| self.at(*stand))
            .map(|(buyer, seat)| (buyer.clone(), seat.clone()))
            .unzip();
        let mut model = self.models.of(state.model).clone();
        let mut course = self.courses.of(state.course).clone();
        let initial = self.setting.tickets;
        let who = stands.iter().position(|at| *at == stand).unwrap_or_default();
        step(&mut model, &mut buyers, &mut seats, who, |answer| course.note::<M>(&answer, initial));
        let mut moved: Vec<Stand> = Vec::with_capacity(stands.len());
        for ((buyer, seat), before) in buyers.into_iter().zip(seats).zip(stands) {
            let is_same = self.at(before) == (&buyer, &seat);
            moved.push(if is_same { before } else { self.stand(buyer, seat) });
        }
        let (model, course) = (self.models.number(model), self.courses.number(course));
        State { model, course, crowd: Crowd::of_all(moved) }
    }

    /// Books the states in which nobody can step.
    fn note_ends(&mut self, level: &Level, able: &[Vec<(Stand, u32)>]) {
        let mut sums: HashMap<End, (BigUint, BigUint)> = HashMap::new();
        for ((state, weight), _) in level.iter().zip(able).filter(|(_, able)| able.is_empty()) {
            let waits = |(stand, _): &(Stand, u32)| self.at(*stand).0.next_letter().is_some();
            let stuck = state.crowd.stands().filter(waits).map(|(_, count)| u64::from(count)).sum();
            let course = self.courses.of(state.course).clone().ended(self.models.of(state.model), stuck);
            let errors = course.errors().to_vec();
            // Set aside, since the schedule is looked up in the rest of `self`.
            let mut ends = std::mem::take(&mut self.ends);
            let end = ends.of(self.setting, course, || self.schedule(weight.state));
            self.ends = ends;
            if !self.found.contains_key(&end) {
                let witness = self.schedule(weight.state);
                self.found.insert(end.clone(), Found::first(end.clone(), witness));
            }
            if let Some(found) = self.found.get_mut(&end) {
                for (error, count) in errors {
                    *found.errors.entry(error).or_default() += &weight.ways * count;
                }
            }
            let (ways, mass) = sums.entry(end).or_default();
            *ways += &weight.ways;
            *mass += &weight.mass;
        }
        for (end, (ways, mass)) in sums {
            if let Some(found) = self.found.get_mut(&end) {
                found.schedules += ways;
                let probability = Ratio::new(mass, self.denominator.clone());
                self.ended += nearly(&probability);
                found.probability += probability;
            }
        }
    }

    /// The schedule by which a state was met first. Of those alike, the one with the lowest number
    /// steps.
    fn schedule(&self, state: u32) -> Schedule {
        let mut trail = Vec::new();
        let mut at = state;
        while at != 0 {
            let Trail { from, stand } = self.trails[at as usize];
            trail.push(stand);
            at = from;
        }
        let mut shop = Shop::new(self.setting, self.models.of(0).clone());
        let number = |buyer: &Buyer, seat: &M::Seat| {
            let pair = (self.buyers.known(buyer)?, self.seats.known(seat)?);
            self.stands.known(&pair)
        };
        // Who stands where.
        let count = shop.buyers.len();
        let mut at: Vec<Option<Stand>> =
            (0..count).map(|place| number(&shop.buyers[place], &shop.seats[place])).collect();
        let mut crowds: HashMap<Stand, BTreeSet<usize>> = HashMap::new();
        for (place, stand) in at.iter().enumerate() {
            crowds.entry(stand.unwrap_or_default()).or_default().insert(place);
        }
        let mut steps = Vec::with_capacity(trail.len());
        for stand in trail.into_iter().rev() {
            let Some(place) = crowds.get(&stand).and_then(BTreeSet::first).copied() else {
                unreachable!("a trail leads through places where buyers stand");
            };
            if let Some(letter) = shop.step(place, |_| ()) {
                steps.push(Step { letter, buyer: place as u32 + 1 });
            }
            let touched = if M::APART { place..place + 1 } else { 0..count };
            for place in touched {
                let now = number(&shop.buyers[place], &shop.seats[place]);
                let before = std::mem::replace(&mut at[place], now);
                if before != now {
                    if let Some(crowd) = crowds.get_mut(&before.unwrap_or_default()) {
                        crowd.remove(&place);
                    }
                    crowds.entry(now.unwrap_or_default()).or_default().insert(place);
                }
            }
        }
        Schedule(steps)
    }

    /// What was counted; `stopped` says why that is not all.
    fn counted(self, stopped: Option<Stopped>) -> Census {
        let mut found: Vec<Found> = self.found.into_values().collect();
        found.sort_by_cached_key(|found| found.end.rank());
        let count = |found: &[&Found]| found.iter().map(|found| &found.schedules).sum();
        let all: Vec<&Found> = found.iter().collect();
        let sound: Vec<&Found> = found.iter().filter(|found| found.end.is_sound()).collect();
        Census {
            schedules: count(&all),
            sound: count(&sound),
            states: self.trails.len() as u64,
            partial: stopped.map(|stopped| Coverage {
                steps: self.steps,
                probability: found.iter().map(|found| found.probability.clone()).sum(),
                stopped,
            }),
            found,
        }
    }
}

/// A share for people who wait. The whole numbers may be larger than a double.
fn nearly(share: &Ratio<BigUint>) -> f64 {
    let shift = share.denom().bits().saturating_sub(64);
    let parts = ((share.numer() >> shift).to_f64(), (share.denom() >> shift).to_f64());
    if let (Some(part), Some(whole)) = parts { part / whole } else { 0.0 }
}

impl Found {
    /// An end that was met just now.
    fn first(end: End, witness: Schedule) -> Self {
        let (schedules, probability) = (BigUint::zero(), Ratio::zero());
        Self { end, schedules, probability, witness, errors: BTreeMap::new() }
    }
}
