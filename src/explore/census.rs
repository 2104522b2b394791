//! Counting schedules by states.
//!
//! Buyers at the same place are interchangeable: whichever of them steps, what follows is the same except for their
//! numbers. So a state is the world, the number of buyers at each place, and the part of the past that decides the
//! verdict. States are followed step by step, all states after d steps together. Each has the number of orders of steps
//! that lead to it and the probability of getting there; a step that c equal buyers can take counts c times. States
//! after d steps are kept apart from those after more, so no schedule is counted twice or left out. (If an aborted
//! purchase is tried again, the same state can come up after different numbers of steps; it is counted as a state each
//! time.)
//!
//! Models, pasts, buyers and seats are stored once each and have numbers; a model with a past is a world. If requests
//! of one buyer never touch the others' seats, the result of a step depends only on the model and that buyer, and is
//! stored for the next time.
//!
//! All numbers are exact. The probabilities after d steps are integers over one common denominator: at
//! each step it is multiplied by the least common multiple of the numbers of buyers that can step.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use num_bigint::BigUint;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::One;

use super::counted::{Census, Found, Progress, Stopped, nearly};
use super::level::{Able, Crowd, Level, Move, Next, Share, Spot, crowd_of, moved};
use super::numbered::Numbered;
use super::shop::{JudgedPast, Shop, everybody};
use super::{End, Ends, Setting, with_model_of};
use crate::buyer::Buyer;
use crate::fault::StoreCode;
use crate::protocol::Letter;
use crate::schedule::{Schedule, Step};
use crate::world::{Model, Turn, can_come, take_turn};

/// The default bound on states.
pub const MAX_STATES: u64 = 1_000_000;

/// The errors that ended purchases: code, step, and count.
type Errors = Vec<((StoreCode, Letter), u32)>;

/// How a state was first reached: from which state, by which turn.
#[derive(Clone, Copy, Debug)]
struct Trail {
    from: u32,
    by: Next,
}

/// Counts all schedules of a setting, over at most `max_states` states (and no more than 2³²).
#[must_use]
pub fn census(setting: &Setting, max_states: u64) -> Census {
    census_until(setting, max_states, &AtomicBool::new(false), &mut |_| ())
}

/// The same, until `told` to stop: then it reports how far it got. `watch` receives the progress all the time.
#[must_use]
pub fn census_until(
    setting: &Setting,
    max_states: u64,
    told: &AtomicBool,
    watch: &mut dyn FnMut(Progress),
) -> Census {
    let max_states = max_states.min(u64::from(u32::MAX));
    with_model_of!(setting, model => Walk::new(setting, model, watch).census(max_states, told))
}

pub(super) struct Walk<'a, M: Model> {
    setting: &'a Setting,
    watch: &'a mut dyn FnMut(Progress),
    models: Numbered<M>,
    pasts: Numbered<JudgedPast>,
    /// Every pair of a model and a past that was reached, as their numbers.
    worlds: Numbered<(u32, u32)>,
    buyers: Numbered<Buyer>,
    seats: Numbered<M::Seat>,
    /// Every place that a buyer reached: the number of the buyer's state and that of its seat.
    stands: Numbered<(u32, u32)>,
    /// The stored results of single steps, by world, and by place and turn.
    moves: Vec<Vec<Move>>,
    /// How each state was first reached, by its number. The first entry is not used.
    trails: Vec<Trail>,
    /// The denominator of the current level's probabilities.
    denominator: BigUint,
    steps: u64,
    ended: f64,
    ends: Ends,
    found: HashMap<End, Found>,
    /// Memory that is used again for each step.
    room: Room<M>,
}

/// The buyers of one state, one by one.
struct Room<M: Model> {
    buyers: Vec<Buyer>,
    seats: Vec<M::Seat>,
    stands: Vec<Spot>,
}

impl<M: Model> Room<M> {
    fn empty() -> Self {
        Self { buyers: Vec::new(), seats: Vec::new(), stands: Vec::new() }
    }
}

impl<'a, M: Model> Walk<'a, M> {
    pub(super) fn new(setting: &'a Setting, start: M, watch: &'a mut dyn FnMut(Progress)) -> Self {
        let mut models = Numbered::default();
        models.number(start);
        Self {
            setting,
            watch,
            models,
            pasts: Numbered::default(),
            worlds: Numbered::default(),
            buyers: Numbered::default(),
            seats: Numbered::default(),
            stands: Numbered::default(),
            moves: Vec::new(),
            trails: Vec::new(),
            denominator: BigUint::one(),
            steps: 0,
            ended: 0.0,
            ends: Ends::default(),
            found: HashMap::new(),
            room: Room::empty(),
        }
    }

    fn census(mut self, max_states: u64, told: &AtomicBool) -> Census {
        let most_steps = self.most_steps();
        let mut level = self.first_level();
        loop {
            let able = self.all_able(&level);
            self.note_ends(&level, &able);
            if able.iter().all(|able| able.turns == 0) {
                return self.counted(None);
            }
            if most_steps.is_some_and(|most| self.steps > most) {
                return self.counted(Some(Stopped::Endless));
            }
            match self.next_level(&level, &able, max_states, told, |_, _, _, _| ()) {
                Some(next) => level = next,
                None if told.load(Ordering::Relaxed) => return self.counted(Some(Stopped::Told)),
                None => return self.counted(Some(Stopped::Bound)),
            }
            self.count_step();
        }
    }

    fn tell(&mut self) {
        let (states, steps, ended) = (self.trails.len() as u64, self.steps, self.ended);
        (self.watch)(Progress { states, steps, ended });
    }

    pub(super) fn first_level(&mut self) -> Level {
        let (buyers, seats) = everybody(self.setting, self.models.of(0));
        let mut stands: Vec<Spot> =
            buyers.into_iter().zip(seats).map(|(buyer, seat)| self.stand(buyer, seat)).collect();
        let start = Next { stand: stands.first().copied().unwrap_or_default(), turn: Turn::Step };
        self.trails.push(Trail { from: 0, by: start });
        let past = self.pasts.number(JudgedPast::of(self.setting));
        let world = self.worlds.number((0, past));
        let one = BigUint::one();
        let mut level = Level::up_to(&one, &one);
        let mut crowd = Vec::new();
        crowd_of(&mut stands, &mut crowd);
        if let Some(place) = level.place(world, &crowd, || Some(0)) {
            level.add(place, &Share::new(&one, &one), 1);
        }
        level
    }

    /// The number of a place.
    fn stand(&mut self, buyer: Buyer, seat: M::Seat) -> Spot {
        let pair = (self.buyers.number(buyer), self.seats.number(seat));
        self.stands.number(pair)
    }

    fn at(&self, stand: Spot) -> (&Buyer, &M::Seat) {
        let (buyer, seat) = *self.stands.of(stand);
        (self.buyers.of(buyer), self.seats.of(seat))
    }

    /// A schedule with more steps than this shows that there is no longest schedule.
    pub(super) fn most_steps(&self) -> Option<u64> {
        self.setting.most_steps_of_retries()
    }

    /// How many states were reached.
    pub(super) fn states(&self) -> u64 {
        self.trails.len() as u64
    }

    /// The denominator of the newest level's probabilities.
    pub(super) fn denominator(&self) -> &BigUint {
        &self.denominator
    }

    /// Counts a step that was followed.
    pub(super) fn count_step(&mut self) {
        self.steps += 1;
        self.tell();
    }

    /// Its letter in a schedule.
    pub(super) fn letter_of(&self, next: Next) -> Option<Letter> {
        match next.turn {
            Turn::Step => self.at(next.stand).0.next_letter(),
            Turn::Mishap(mishap) => Some(mishap.letter()),
        }
    }

    /// For each state of a level: how many turns can come next.
    pub(super) fn all_able(&mut self, level: &Level) -> Vec<Able> {
        (0..level.len()).map(|place| self.able(level, place)).collect()
    }

    /// How many turns can come next in this state.
    fn able(&mut self, level: &Level, place: usize) -> Able {
        let world = level.world(place);
        let mut able = Able { turns: 0, may_end: true };
        for (stand, count) in level.crowd(place).iter().copied() {
            for turn in Turn::among(self.setting.mishaps).iter().copied() {
                if self.can_come(world, Next { stand, turn }) {
                    able.turns += count;
                    able.may_end &= turn != Turn::Step;
                }
            }
        }
        able
    }

    /// Whether this can come in this world.
    fn can_come(&mut self, world: u32, next: Next) -> bool {
        if M::APART {
            return self.step_apart(world, next) != Move::Stands;
        }
        let (model, past) = *self.worlds.of(world);
        let (buyer, seat) = self.at(next.stand);
        can_come(self.models.of(model), buyer, seat, self.pasts.of(past).left(), next.turn)
    }

    /// All states one step further. `met` receives each step: from which place to which, by which turn, and of how many
    /// buyers. `None` if there would be too many states, or it is told to stop.
    pub(super) fn next_level(
        &mut self,
        level: &Level,
        able: &[Able],
        max_states: u64,
        told: &AtomicBool,
        mut met: impl FnMut(usize, usize, Next, u32),
    ) -> Option<Level> {
        let goes_on = |able: &&Able| able.turns > 0;
        let numbers: BTreeSet<u32> = able.iter().filter(goes_on).map(|able| able.parts()).collect();
        let common =
            numbers.iter().fold(BigUint::one(), |common, number| common.lcm(&BigUint::from(*number)));
        let parts: HashMap<u32, BigUint> = numbers.iter().map(|number| (*number, &common / number)).collect();
        self.denominator *= common;
        let ways = able.iter().enumerate().map(|(place, able)| level.ways(place) * able.turns).sum();
        let mut next = Level::up_to(&ways, &self.denominator);
        let mut crowd = Vec::new();
        let turns = Turn::among(self.setting.mishaps);
        for (place, able) in able.iter().enumerate().filter(|(_, able)| able.turns > 0) {
            if told.load(Ordering::Relaxed) {
                return None;
            }
            let share = Share::new(&level.ways(place), &(level.mass(place) * &parts[&able.parts()]));
            let comes = level.crowd(place).iter().flat_map(|(stand, count)| {
                turns.iter().map(|turn| (Next { stand: *stand, turn: *turn }, *count))
            });
            for (by, count) in comes {
                let Some(world) = self.after(level, place, by, &mut crowd) else { continue };
                let number = || {
                    let number = self.trails.len();
                    if number as u64 >= max_states {
                        return None;
                    }
                    self.trails.push(Trail { from: level.number(place), by });
                    if number.is_multiple_of(1 << 14) {
                        self.tell();
                    }
                    Some(number as u32)
                };
                let after = next.place(world, &crowd, number)?;
                next.add(after, &share, count);
                met(place, after, by, count);
            }
        }
        Some(next)
    }

    /// The state after this turn, if it can come: its world, and its crowd in `crowd`.
    fn after(&mut self, level: &Level, place: usize, by: Next, crowd: &mut Vec<(Spot, u32)>) -> Option<u32> {
        let (world, before) = (level.world(place), level.crowd(place));
        if !M::APART {
            return self.can_come(world, by).then(|| self.after_for_all(world, before, by, crowd));
        }
        match self.step_apart(world, by) {
            Move::To { world, stand: to } => {
                moved(before, by.stand, to, crowd);
                Some(world)
            }
            Move::Stands | Move::Unknown => None,
        }
    }

    /// The result of a step that does not touch the other buyers.
    fn step_apart(&mut self, world: u32, by: Next) -> Move {
        let turns = Turn::among(self.setting.mishaps).len();
        let (row, column) = (world as usize, by.stand as usize * turns + by.turn.place());
        let known = self.moves.get(row).and_then(|row| row.get(column)).copied();
        match known {
            None | Some(Move::Unknown) => {}
            Some(known) => return known,
        }
        let (model, past) = *self.worlds.of(world);
        let (buyer, seat) = self.at(by.stand);
        let left = self.pasts.of(past).left();
        let found = if !can_come(self.models.of(model), buyer, seat, left, by.turn) {
            Move::Stands
        } else {
            let (mut buyer, mut seat) = ([buyer.clone()], [seat.clone()]);
            let mut model = self.models.of(model).clone();
            let mut past = self.pasts.of(past).clone();
            let initial = self.setting.tickets;
            let note = |answer| past.note::<M>(&answer, initial);
            take_turn(&mut model, &mut buyer, &mut seat, 0, by.turn, note);
            past.note_turn(by.turn);
            let ([buyer], [seat]) = (buyer, seat);
            let stand = self.stand(buyer, seat);
            Move::To { world: self.world(model, past), stand }
        };
        if self.moves.len() <= row {
            self.moves.resize_with(row + 1, Vec::new);
        }
        let moves = &mut self.moves[row];
        if moves.len() <= column {
            moves.resize(column + 1, Move::Unknown);
        }
        moves[column] = found;
        found
    }

    /// The number of a model with a past.
    fn world(&mut self, model: M, past: JudgedPast) -> u32 {
        let pair = (self.models.number(model), self.pasts.number(past));
        self.worlds.number(pair)
    }

    /// The result of a step that may touch all buyers.
    fn after_for_all(&mut self, world: u32, before: &Crowd, by: Next, crowd: &mut Vec<(Spot, u32)>) -> u32 {
        let mut room = std::mem::replace(&mut self.room, Room::empty());
        let Room { buyers, seats, stands } = &mut room;
        buyers.clear();
        seats.clear();
        stands.clear();
        for (stand, count) in before.iter().copied() {
            let (buyer, seat) = self.at(stand);
            for _ in 0..count {
                buyers.push(buyer.clone());
                seats.push(seat.clone());
                stands.push(stand);
            }
        }
        let (model, past) = *self.worlds.of(world);
        let mut model = self.models.of(model).clone();
        let mut past = self.pasts.of(past).clone();
        let initial = self.setting.tickets;
        let who = stands.iter().position(|at| *at == by.stand).unwrap_or_default();
        take_turn(&mut model, buyers, seats, who, by.turn, |answer| past.note::<M>(&answer, initial));
        past.note_turn(by.turn);
        for ((buyer, seat), at) in buyers.iter().zip(seats.iter()).zip(stands.iter_mut()) {
            if self.at(*at) != (buyer, seat) {
                *at = self.stand(buyer.clone(), seat.clone());
            }
        }
        crowd_of(stands, crowd);
        self.room = room;
        self.world(model, past)
    }

    /// How schedules end in a state in which nobody can step, and the errors that ended purchases on the way.
    pub(super) fn end_of(&mut self, level: &Level, place: usize) -> (End, Errors) {
        let waits = |(stand, _): &&(Spot, u32)| self.at(*stand).0.next_letter().is_some();
        let stuck = level.crowd(place).iter().filter(waits).map(|(_, count)| u64::from(*count)).sum();
        let (model, past) = *self.worlds.of(level.world(place));
        let past = self.pasts.of(past).clone().ended(self.models.of(model), stuck);
        let errors = past.errors().to_vec();
        // Taken out for now, since the schedule is looked up in the rest of `self`.
        let mut ends = std::mem::take(&mut self.ends);
        let end = ends.of(self.setting, past, || self.schedule(level.number(place)));
        self.ends = ends;
        (end, errors)
    }

    /// Notes the states in which nobody can step. Mishaps may still befall waiting buyers there, but need not.
    fn note_ends(&mut self, level: &Level, able: &[Able]) {
        let mut sums: HashMap<End, (BigUint, BigUint)> = HashMap::new();
        for (place, able) in able.iter().enumerate().filter(|(_, able)| able.may_end) {
            let (end, errors) = self.end_of(level, place);
            let (state, ways_there) = (level.number(place), level.ways(place));
            if !self.found.contains_key(&end) {
                let witness = self.schedule(state);
                self.found.insert(end.clone(), Found::first(end.clone(), witness));
            }
            if let Some(found) = self.found.get_mut(&end) {
                for (error, count) in errors {
                    *found.errors.entry(error).or_default() += &ways_there * count;
                }
            }
            let (ways, mass) = sums.entry(end.clone()).or_default();
            *ways += ways_there;
            if able.parts() == 1 {
                *mass += level.mass(place);
            } else {
                let share = Ratio::new(level.mass(place), &self.denominator * able.parts());
                self.note_probability(&end, share);
            }
        }
        for (end, (ways, mass)) in sums {
            if let Some(found) = self.found.get_mut(&end) {
                found.schedules += ways;
            }
            self.note_probability(&end, Ratio::new(mass, self.denominator.clone()));
        }
    }

    fn note_probability(&mut self, end: &End, probability: Ratio<BigUint>) {
        self.ended += nearly(&probability);
        if let Some(found) = self.found.get_mut(end) {
            found.probability += probability;
        }
    }

    /// The schedule that first reached a state.
    fn schedule(&self, state: u32) -> Schedule {
        let mut trail = Vec::new();
        let mut at = state;
        while at != 0 {
            let Trail { from, by } = self.trails[at as usize];
            trail.push(by);
            at = from;
        }
        self.named(trail.into_iter().rev())
    }

    /// The schedule of these turns, one after the other. Of several buyers at the same place, the one with the lowest
    /// number steps.
    pub(super) fn named(&self, comes: impl Iterator<Item = Next>) -> Schedule {
        let mut shop = Shop::new(self.setting, self.models.of(0).clone());
        let number = |buyer: &Buyer, seat: &M::Seat| {
            let pair = (self.buyers.known(buyer)?, self.seats.known(seat)?);
            self.stands.known(&pair)
        };
        // Each buyer's place.
        let count = shop.buyers.len();
        let mut at: Vec<Option<Spot>> =
            (0..count).map(|place| number(&shop.buyers[place], &shop.seats[place])).collect();
        let mut crowds: HashMap<Spot, BTreeSet<usize>> = HashMap::new();
        for (place, stand) in at.iter().enumerate() {
            crowds.entry(stand.unwrap_or_default()).or_default().insert(place);
        }
        let mut steps = Vec::new();
        for Next { stand, turn } in comes {
            let Some(place) = crowds.get(&stand).and_then(BTreeSet::first).copied() else {
                unreachable!("a trail leads through places where buyers stand");
            };
            if let Some(letter) = shop.take(place, turn, |_| ()) {
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

    /// The result; `stopped` says why it is not complete.
    fn counted(self, stopped: Option<Stopped>) -> Census {
        Census::of(self.found.into_values().collect(), self.trails.len() as u64, self.steps, stopped)
    }
}
