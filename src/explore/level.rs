//! All states after the same number of steps, each with how much leads to it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use num_bigint::BigUint;

/// A place where a buyer can stand, by its number in the list of all that were met.
pub(super) type Stand = u32;

/// How many buyers stand at each place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crowd(
    /// Sorted by place; none that is empty.
    Box<[(Stand, u32)]>,
);

impl Crowd {
    /// These places, which are sorted.
    pub(super) fn of(stands: &[(Stand, u32)]) -> Self {
        Self(stands.into())
    }

    /// Each buyer's place, in any order.
    pub(super) fn of_all(mut stands: Vec<Stand>) -> Self {
        stands.sort_unstable();
        let alike = stands.chunk_by(|one, other| one == other);
        Self(alike.map(|alike| (alike[0], alike.len() as u32)).collect())
    }

    /// The places, and how many stand there.
    pub(super) fn stands(&self) -> impl Iterator<Item = (Stand, u32)> {
        self.0.iter().copied()
    }

    /// The same after one of them has moved from a place where somebody stands to another.
    pub(super) fn moved(&self, from: Stand, to: Stand) -> Self {
        let mut stands = Vec::with_capacity(self.0.len() + 1);
        let mut arrives = true;
        for (stand, count) in self.stands() {
            if arrives && stand > to {
                stands.push((to, 1));
                arrives = false;
            }
            let count = count - u32::from(stand == from) + u32::from(stand == to);
            arrives &= stand != to;
            if count > 0 {
                stands.push((stand, count));
            }
        }
        if arrives {
            stands.push((to, 1));
        }
        Self(stands.into())
    }
}

/// What is the same for all schedules that lead to it. Model and course are known by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) model: u32,
    pub(super) course: u32,
    pub(super) crowd: Crowd,
}

impl State {
    /// A number for tables: the same for equal states.
    fn digest(&self) -> u64 {
        // Multiplied by an odd number that mixes well (2⁶⁴ over the golden ratio), as in Fibonacci hashing.
        let mix =
            |digest: u64, word: u64| (digest.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let first = mix(0, u64::from(self.model) << 32 | u64::from(self.course));
        let words = self.crowd.stands().map(|(stand, count)| u64::from(stand) << 32 | u64::from(count));
        let digest = words.fold(first, mix);
        digest ^ digest >> 29
    }
}

/// How much leads to a state.
#[derive(Clone, Debug, Default)]
pub(super) struct Weight {
    /// The number of orders of steps.
    pub(super) ways: BigUint,
    /// The probability, over the level's denominator.
    pub(super) mass: BigUint,
    /// The state's own number.
    pub(super) state: u32,
}

/// A digest is as good as a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

/// No such place.
const NONE: u32 = u32::MAX;

/// The states after some number of steps.
#[derive(Default)]
pub(super) struct Level {
    states: Vec<State>,
    weights: Vec<Weight>,
    /// The last state of each digest; and of each state the one before it with the same digest.
    places: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    before: Vec<u32>,
}

impl Level {
    /// The place of a state in this level, if it was met.
    pub(super) fn find(&self, state: &State) -> Option<usize> {
        let mut at = self.places.get(&state.digest()).copied().unwrap_or(NONE);
        while at != NONE {
            if self.states[at as usize] == *state {
                return Some(at as usize);
            }
            at = self.before[at as usize];
        }
        None
    }

    /// Takes in a state that was not met in this level, under its number among all.
    pub(super) fn place(&mut self, state: State, number: u32) -> usize {
        let place = self.states.len();
        let before = self.places.insert(state.digest(), place as u32);
        self.before.push(before.unwrap_or(NONE));
        self.states.push(state);
        self.weights.push(Weight { state: number, ..Weight::default() });
        place
    }

    /// So many equal steps lead to a state from one with these ways and this mass.
    pub(super) fn add(&mut self, place: usize, ways: &BigUint, mass: &BigUint, count: u32) {
        let into = &mut self.weights[place];
        if count == 1 {
            into.ways += ways;
            into.mass += mass;
        } else {
            into.ways += ways * count;
            into.mass += mass * count;
        }
    }

    /// The states, in the order in which they were met.
    pub(super) fn states(&self) -> impl Iterator<Item = &State> {
        self.states.iter()
    }

    /// The states with how much leads to them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&State, &Weight)> {
        self.states.iter().zip(&self.weights)
    }
}
