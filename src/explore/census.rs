//! Counting schedules by states.
//!
//! Buyers that stand at the same place are interchangeable: whichever of them steps, what follows is
//! the same but for their numbers. So a state is the world, how many buyers stand at each place, and
//! what of the past decides the verdict (its course). States are followed step by step, all those after
//! d steps at once, each with the number of orders of steps that lead to it and the probability to get
//! there; a step that c buyers alike can take counts c times. A state fixes how many steps were taken,
//! so no state comes up after d steps and again later, and no schedule is counted twice or left out.
//!
//! All numbers are exact. The probabilities after d steps are integers over one common denominator: at
//! each step it is multiplied by the least common multiple of the numbers of buyers that can step.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use num_bigint::BigUint;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{One, Zero};

use super::shop::{Course, Shop, contender};
use super::{End, Ends, Setting};
use crate::schedule::{Schedule, Step};
use crate::verdict::Ruling;
use crate::world::{Contender, Model};

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
}

/// How far a census got that met its bound, or was told to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Every order of so many steps was followed. Schedules that are longer were not counted.
    pub steps: u64,
    /// How likely a schedule is one of those that were counted.
    pub probability: Ratio<BigUint>,
    /// Whether it was told to stop; otherwise it met its bound on states.
    pub told: bool,
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

/// A place where a buyer can stand, by its number in the list of all that were met.
type Stand = u32;

/// What is the same for all schedules that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State<M> {
    model: M,
    course: Course,
    /// How many buyers stand at each place, sorted; none that is empty.
    crowd: Vec<(Stand, u32)>,
}

/// How much leads to a state.
#[derive(Clone, Debug)]
struct Weight {
    /// The number of orders of steps.
    ways: BigUint,
    /// The probability, over the level's denominator.
    mass: BigUint,
    /// The state's own number.
    state: u32,
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
    census_until(setting, max_states, &AtomicBool::new(false))
}

/// The same, until `told` to stop: then it says how far it got.
#[must_use]
pub fn census_until(setting: &Setting, max_states: u64, told: &AtomicBool) -> Census {
    let max_states = max_states.min(u64::from(u32::MAX));
    let mut walk = Walk::new(setting, setting.model());
    let mut level = walk.first_level();
    let mut steps = 0;
    loop {
        let able: Vec<Vec<(Stand, u32)>> = level.iter().map(|(state, _)| walk.able(state)).collect();
        walk.note_ends(&level, &able);
        if able.iter().all(Vec::is_empty) {
            return walk.census(None, false);
        }
        match walk.next_level(&level, &able, max_states, told) {
            Some(next) => level = next,
            None => return walk.census(Some(steps), told.load(Ordering::Relaxed)),
        }
        steps += 1;
    }
}

type Level<M> = Vec<(State<M>, Weight)>;

struct Walk<'a, M: Model> {
    setting: &'a Setting,
    /// The model before the first step.
    start: M,
    /// Every place where a buyer was met, and its number.
    stands: Vec<Contender<M>>,
    stand_numbers: HashMap<Contender<M>, Stand>,
    /// How each state was met, by its number. The first leads nowhere.
    trails: Vec<Trail>,
    /// What the masses of the current level are parts of.
    denominator: BigUint,
    ends: Ends,
    found: HashMap<End, Found>,
}

impl<'a, M: Model> Walk<'a, M> {
    fn new(setting: &'a Setting, start: M) -> Self {
        Self {
            setting,
            start,
            stands: Vec::new(),
            stand_numbers: HashMap::new(),
            trails: Vec::new(),
            denominator: BigUint::one(),
            ends: Ends::default(),
            found: HashMap::new(),
        }
    }

    fn first_level(&mut self) -> Level<M> {
        let start = self.stand(contender(self.setting));
        self.trails.push(Trail { from: 0, stand: start });
        let state = State {
            model: self.start.clone(),
            course: Course::START,
            crowd: vec![(start, self.setting.buyers)],
        };
        vec![(state, Weight { ways: BigUint::one(), mass: BigUint::one(), state: 0 })]
    }

    /// The number of a place.
    fn stand(&mut self, contender: Contender<M>) -> Stand {
        let stands = &mut self.stands;
        *self.stand_numbers.entry(contender).or_insert_with_key(|contender| {
            stands.push(contender.clone());
            stands.len() as Stand - 1
        })
    }

    /// The places from which a step can be taken in this state, and by how many.
    fn able(&self, state: &State<M>) -> Vec<(Stand, u32)> {
        let can_step = |stand: Stand| self.stands[stand as usize].can_step(&state.model);
        state.crowd.iter().copied().filter(|(stand, _)| can_step(*stand)).collect()
    }

    /// Everything that one step leads to. `None` when those would be too many, or it is told to stop.
    fn next_level(
        &mut self,
        level: &Level<M>,
        able: &[Vec<(Stand, u32)>],
        max_states: u64,
        told: &AtomicBool,
    ) -> Option<Level<M>> {
        let number = |able: &Vec<(Stand, u32)>| able.iter().map(|(_, count)| count).sum::<u32>();
        let common = able
            .iter()
            .map(number)
            .filter(|number| *number > 0)
            .fold(BigUint::one(), |common, number| common.lcm(&BigUint::from(number)));
        let mut next: Level<M> = Vec::new();
        let mut places: HashMap<State<M>, usize> = HashMap::new();
        for ((state, weight), able) in level.iter().zip(able).filter(|(_, able)| !able.is_empty()) {
            if told.load(Ordering::Relaxed) {
                return None;
            }
            let share = &weight.mass * (&common / number(able));
            for (stand, count) in able {
                let after = self.after(state, *stand);
                let place = match places.entry(after) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(_) if self.trails.len() as u64 >= max_states => return None,
                    Entry::Vacant(entry) => {
                        let state = self.trails.len() as u32;
                        self.trails.push(Trail { from: weight.state, stand: *stand });
                        let nothing = Weight { ways: BigUint::zero(), mass: BigUint::zero(), state };
                        next.push((entry.key().clone(), nothing));
                        *entry.insert(next.len() - 1)
                    }
                };
                let into = &mut next[place].1;
                into.ways += &weight.ways * *count;
                into.mass += &share * *count;
            }
        }
        self.denominator *= common;
        Some(next)
    }

    /// The state after a step of one who stands there.
    fn after(&mut self, state: &State<M>, stand: Stand) -> State<M> {
        let mut after = state.clone();
        let mut contender = self.stands[stand as usize].clone();
        if let Some(taken) = contender.step(&mut after.model) {
            after.course.note(&taken, self.setting.tickets);
        }
        let moved = self.stand(contender);
        let crowd = &mut after.crowd;
        if let Ok(place) = crowd.binary_search_by_key(&stand, |(stand, _)| *stand) {
            crowd[place].1 -= 1;
            if crowd[place].1 == 0 {
                crowd.remove(place);
            }
        }
        match crowd.binary_search_by_key(&moved, |(stand, _)| *stand) {
            Ok(place) => crowd[place].1 += 1,
            Err(place) => crowd.insert(place, (moved, 1)),
        }
        after
    }

    /// Books the states in which nobody can step.
    fn note_ends(&mut self, level: &Level<M>, able: &[Vec<(Stand, u32)>]) {
        let mut sums: HashMap<End, (BigUint, BigUint)> = HashMap::new();
        for ((state, weight), _) in level.iter().zip(able).filter(|(_, able)| able.is_empty()) {
            let waits = |(stand, _): &&(Stand, u32)| self.stands[*stand as usize].wants().is_some();
            let stuck = state.crowd.iter().filter(waits).map(|(_, count)| u64::from(*count)).sum();
            let course = state.course.ended(&state.model, stuck);
            // Set aside, since the schedule is looked up in the rest of `self`.
            let mut ends = std::mem::take(&mut self.ends);
            let end = ends.of(self.setting, course, || self.schedule(weight.state));
            self.ends = ends;
            if !self.found.contains_key(&end) {
                let (schedules, probability) = (BigUint::zero(), Ratio::zero());
                let witness = self.schedule(weight.state);
                self.found.insert(end.clone(), Found { end: end.clone(), schedules, probability, witness });
            }
            let (ways, mass) = sums.entry(end).or_default();
            *ways += &weight.ways;
            *mass += &weight.mass;
        }
        for (end, (ways, mass)) in sums {
            if let Some(found) = self.found.get_mut(&end) {
                found.schedules += ways;
                found.probability += Ratio::new(mass, self.denominator.clone());
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
        let mut shop = Shop::new(self.setting, self.start.clone());
        // Who stands where.
        let mut crowds: HashMap<Stand, BTreeSet<usize>> = HashMap::new();
        let number = |contender: &Contender<M>| self.stand_numbers.get(contender).copied();
        for (place, contender) in shop.contenders.iter().enumerate() {
            crowds.entry(number(contender).unwrap_or_default()).or_default().insert(place);
        }
        let mut steps = Vec::with_capacity(trail.len());
        for stand in trail.into_iter().rev() {
            let Some(place) = crowds.get_mut(&stand).and_then(BTreeSet::pop_first) else {
                unreachable!("a trail leads through places where buyers stand");
            };
            if let Some(taken) = shop.step(place) {
                steps.push(Step { letter: taken.letter, buyer: place as u32 + 1 });
            }
            crowds.entry(number(&shop.contenders[place]).unwrap_or_default()).or_default().insert(place);
        }
        Schedule(steps)
    }

    /// What was counted; `steps` says how far, if that is not all.
    fn census(self, steps: Option<u64>, told: bool) -> Census {
        let mut found: Vec<Found> = self.found.into_values().collect();
        found.sort_by_cached_key(|found| found.end.rank());
        let count = |found: &[&Found]| found.iter().map(|found| &found.schedules).sum();
        let all: Vec<&Found> = found.iter().collect();
        let sound: Vec<&Found> = found.iter().filter(|found| found.end.is_sound()).collect();
        Census {
            schedules: count(&all),
            sound: count(&sound),
            states: self.trails.len() as u64,
            partial: steps.map(|steps| Coverage {
                steps,
                probability: found.iter().map(|found| found.probability.clone()).sum(),
                told,
            }),
            found,
        }
    }
}
