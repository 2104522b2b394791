//! All states after the same number of steps, each with its number of orders and its probability.
//!
//! There may be millions of them, and most of the time is spent on finding one again. So their data lies in a few long
//! lists, not in a small allocation for each: crowds one after the other, and sums of one width for the whole level.

use num_bigint::BigUint;

use crate::world::Turn;

/// A place where a buyer can stand, as its number in the list of all places reached.
pub(super) type Spot = u32;

/// What can come next in a state: a turn of a buyer at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) stand: Spot,
    pub(super) turn: Turn,
}

/// How many turns can come next in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Able {
    /// How many steps and mishaps can come next.
    pub(super) turns: u32,
    /// Whether a schedule may end there: no buyer can step.
    pub(super) may_end: bool,
}

impl Able {
    /// The number of possibilities to pick from, including the end if the schedule may end here.
    pub(super) fn parts(self) -> u32 {
        self.turns + u32::from(self.may_end)
    }
}

/// The stored result of a buyer's step in a world, if it does not touch other buyers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Not computed yet.
    Unknown,
    /// It can't step now.
    Stands,
    /// It leads there.
    To { world: u32, stand: Spot },
}

/// The number of buyers at each place, sorted by place, without empty places.
pub(super) type Crowd = [(Spot, u32)];

/// Each buyer's place, in any order, as a crowd.
pub(super) fn crowd_of(stands: &mut [Spot], into: &mut Vec<(Spot, u32)>) {
    stands.sort_unstable();
    let alike = stands.chunk_by(|one, other| one == other);
    into.clear();
    into.extend(alike.map(|alike| (alike[0], alike.len() as u32)));
}

/// The crowd after one buyer has moved from one place to another.
pub(super) fn moved(crowd: &Crowd, from: Spot, to: Spot, into: &mut Vec<(Spot, u32)>) {
    into.clear();
    let mut arrives = true;
    for (stand, count) in crowd.iter().copied() {
        if arrives && stand > to {
            into.push((to, 1));
            arrives = false;
        }
        let count = count - u32::from(stand == from) + u32::from(stand == to);
        arrives &= stand != to;
        if count > 0 {
            into.push((stand, count));
        }
    }
    if arrives {
        into.push((to, 1));
    }
}

/// A hash: the same for equal states.
fn digest(world: u32, crowd: &Crowd) -> u64 {
    // Multiplied by an odd number that mixes well (2⁶⁴ over the golden ratio), as in Fibonacci hashing; summed, so that
    // no step waits for the one before.
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |word: u64| {
        let word = (word ^ word >> 32).wrapping_mul(MIX);
        (word ^ word >> 29).wrapping_mul(MIX)
    };
    let words = crowd.iter().map(|(stand, count)| u64::from(*stand) << 32 | u64::from(*count));
    let sum = words.map(mix).fold(u64::from(world).wrapping_mul(MIX), u64::wrapping_add);
    sum ^ sum >> 31
}

/// Whole numbers of one width, in words of 64 bits, the lowest first.
#[derive(Default)]
struct Sums {
    width: usize,
    words: Vec<u64>,
}

impl Sums {
    /// An empty list of numbers, each with room for this number.
    fn up_to(most: &BigUint) -> Self {
        let width = usize::try_from(most.bits() / 64 + 1).unwrap_or(usize::MAX);
        Self { width, words: Vec::new() }
    }

    fn push_zero(&mut self) {
        self.words.resize(self.words.len() + self.width, 0);
    }

    /// Adds a number, multiplied by `times`. It has at most as many words as there is room for.
    fn add(&mut self, place: usize, number: &[u64], times: u32) {
        let into = &mut self.words[place * self.width..][..self.width];
        let (low, high) = into.split_at_mut(number.len().min(self.width));
        let mut carry = 0_u128;
        for (word, add) in low.iter_mut().zip(number) {
            carry += u128::from(*word) + u128::from(*add) * u128::from(times);
            *word = carry as u64;
            carry >>= 64;
        }
        for word in high {
            if carry == 0 {
                return;
            }
            carry += u128::from(*word);
            *word = carry as u64;
            carry >>= 64;
        }
        debug_assert_eq!(carry, 0, "a sum outgrew its width");
    }

    fn of(&self, place: usize) -> BigUint {
        let words = &self.words[place * self.width..][..self.width];
        BigUint::new(words.iter().flat_map(|word| [*word as u32, (*word >> 32) as u32]).collect())
    }
}

/// The number of orders and the probability that a state passes on to a next one.
pub(super) struct Share {
    ways: Vec<u64>,
    mass: Vec<u64>,
}

impl Share {
    pub(super) fn new(ways: &BigUint, mass: &BigUint) -> Self {
        Self { ways: ways.iter_u64_digits().collect(), mass: mass.iter_u64_digits().collect() }
    }
}

/// No such place.
const NONE: u32 = u32::MAX;

/// The states after some number of steps.
pub(super) struct Level {
    /// The number of each state's model and past.
    worlds: Vec<u32>,
    /// Each state's number among all states.
    numbers: Vec<u32>,
    digests: Vec<u64>,
    crowds: Vec<(Spot, u32)>,
    /// Where each state's crowd ends.
    ends: Vec<usize>,
    /// The number of orders of steps.
    ways: Sums,
    /// The probability, over the level's denominator.
    mass: Sums,
    /// A hash table of the places: a part of the hash, and the place.
    slots: Vec<(u32, u32)>,
}

impl Level {
    /// An empty level, whose sums are at most these numbers.
    pub(super) fn up_to(ways: &BigUint, mass: &BigUint) -> Self {
        Self {
            worlds: Vec::new(),
            numbers: Vec::new(),
            digests: Vec::new(),
            crowds: Vec::new(),
            ends: Vec::new(),
            ways: Sums::up_to(ways),
            mass: Sums::up_to(mass),
            slots: vec![(0, NONE); 64],
        }
    }

    /// How many states there are.
    pub(super) fn len(&self) -> usize {
        self.worlds.len()
    }

    /// The number of a state's model and past.
    pub(super) fn world(&self, place: usize) -> u32 {
        self.worlds[place]
    }

    /// A state's number among all states.
    pub(super) fn number(&self, place: usize) -> u32 {
        self.numbers[place]
    }

    /// The crowd of a state.
    pub(super) fn crowd(&self, place: usize) -> &Crowd {
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.crowds[begin..self.ends[place]]
    }

    /// How many orders of steps lead there.
    pub(super) fn ways(&self, place: usize) -> BigUint {
        self.ways.of(place)
    }

    /// Its probability, over the level's denominator.
    pub(super) fn mass(&self, place: usize) -> BigUint {
        self.mass.of(place)
    }

    /// The place of a state. If it is new in this level, `number` gives it a number, or `None` if there are too many.
    pub(super) fn place(
        &mut self,
        world: u32,
        crowd: &Crowd,
        number: impl FnOnce() -> Option<u32>,
    ) -> Option<usize> {
        if self.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let digest = digest(world, crowd);
        let tag = (digest >> 32) as u32;
        let mut slot = self.first_slot(digest);
        loop {
            let (known, place) = self.slots[slot];
            if place == NONE {
                break;
            }
            let at = place as usize;
            if known == tag && self.worlds[at] == world && self.crowd(at) == crowd {
                return Some(at);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        let number = number()?;
        let place = self.len();
        self.slots[slot] = (tag, place as u32);
        self.worlds.push(world);
        self.numbers.push(number);
        self.digests.push(digest);
        self.crowds.extend_from_slice(crowd);
        self.ends.push(self.crowds.len());
        self.ways.push_zero();
        self.mass.push_zero();
        Some(place)
    }

    /// Adds what `count` equal steps from a state contribute.
    pub(super) fn add(&mut self, place: usize, share: &Share, count: u32) {
        self.ways.add(place, &share.ways, count);
        self.mass.add(place, &share.mass, count);
    }

    /// The first slot to look for a hash.
    fn first_slot(&self, digest: u64) -> usize {
        digest as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.slots = vec![(0, NONE); self.slots.len() * 2];
        for place in 0..self.len() {
            let digest = self.digests[place];
            let mut slot = self.first_slot(digest);
            while self.slots[slot].1 != NONE {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = ((digest >> 32) as u32, place as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_stays_sorted_and_loses_nobody() {
        let mut crowd = Vec::new();
        crowd_of(&mut [5, 2, 5, 9], &mut crowd);
        assert_eq!(crowd, [(2, 1), (5, 2), (9, 1)]);
        let mut after = Vec::new();
        for (from, to, expected) in [
            (2, 7, &[(5, 2), (7, 1), (9, 1)][..]),
            (9, 1, &[(1, 1), (2, 1), (5, 2)]),
            (5, 9, &[(2, 1), (5, 1), (9, 2)]),
            (2, 2, &[(2, 1), (5, 2), (9, 1)]),
            (9, 10, &[(2, 1), (5, 2), (10, 1)]),
        ] {
            moved(&crowd, from, to, &mut after);
            assert_eq!(after, expected, "{from} to {to}");
        }
    }

    #[test]
    fn states_are_found_again_and_sums_are_exact() {
        let most = BigUint::from(1_u32) << 200;
        let mut level = Level::up_to(&most, &most);
        let share = Share::new(&BigUint::from(u64::MAX), &((BigUint::from(1_u32) << 150) - 1_u32));
        for round in 0..3 {
            for world in 0..1000_u32 {
                let met =
                    level.place(world % 7, &[(world, 1), (world + 1, 2)], || (round == 0).then_some(world));
                assert_eq!(met, Some(world as usize));
                level.add(world as usize, &share, 3);
            }
        }
        assert_eq!((level.len(), level.place(1, &[(1, 1)], || None)), (1000, None));
        assert_eq!(level.ways(999), BigUint::from(u64::MAX) * 9_u32);
        assert_eq!(level.mass(0), ((BigUint::from(1_u32) << 150) - 1_u32) * 9_u32);
        assert_eq!((level.crowd(3), level.number(3)), (&[(3, 1), (4, 2)][..], 3));
    }
}
