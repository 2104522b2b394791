//! The result of counting all schedules: how many there are, how they end, and how far the count got.

use std::collections::BTreeMap;

use num_bigint::BigUint;
use num_rational::Ratio;
use num_traits::{ToPrimitive as _, Zero as _};

use super::End;
use crate::fault::StoreCode;
use crate::protocol::Letter;
use crate::schedule::Schedule;
use crate::verdict::Ruling;

/// One way to end, and all schedules that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How they end.
    pub end: End,
    /// How many there are.
    pub schedules: BigUint,
    /// The probability of such a schedule, if each step is picked evenly among the buyers that can step.
    pub probability: Ratio<BigUint>,
    /// One of the shortest of them.
    pub witness: Schedule,
    /// The errors that ended purchases, by code and step: their number over all of these schedules.
    pub errors: BTreeMap<(StoreCode, Letter), BigUint>,
}

/// How far an incomplete census got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Every order of this many steps was followed. Longer schedules were not counted.
    pub steps: u64,
    /// The probability that a schedule is among those counted.
    pub probability: Ratio<BigUint>,
    /// Why it stopped.
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
    /// How many different states were reached.
    pub states: u64,
    /// How many steps were taken.
    pub steps: u64,
    /// The probability that a schedule has ended by then.
    pub ended: f64,
}

/// All schedules of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// How many schedules there are.
    pub schedules: BigUint,
    /// How many of them are sound.
    pub sound: BigUint,
    /// How many different states were reached: the first, the last and all in between.
    pub states: u64,
    /// `None` if all schedules were counted; otherwise how far it got.
    pub partial: Option<Coverage>,
    /// The ways to end, the worst first.
    pub found: Vec<Found>,
}

impl Census {
    /// The census of these ends, after this many states and steps; `stopped` says why it is not complete.
    pub(super) fn of(mut found: Vec<Found>, states: u64, steps: u64, stopped: Option<Stopped>) -> Self {
        found.sort_by_cached_key(|found| found.end.rank());
        let count = |found: &[&Found]| found.iter().map(|found| &found.schedules).sum();
        let all: Vec<&Found> = found.iter().collect();
        let sound: Vec<&Found> = found.iter().filter(|found| found.end.is_sound()).collect();
        Self {
            schedules: count(&all),
            sound: count(&sound),
            states,
            partial: stopped.map(|stopped| Coverage {
                steps,
                probability: found.iter().map(|found| found.probability.clone()).sum(),
                stopped,
            }),
            found,
        }
    }

    /// Unsound if some schedule is unsound, whether all were counted or not; unknown if none was found but not all were
    /// counted.
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

impl Found {
    /// An end that was just found.
    pub(super) fn first(end: End, witness: Schedule) -> Self {
        let (schedules, probability) = (BigUint::zero(), Ratio::zero());
        Self { end, schedules, probability, witness, errors: BTreeMap::new() }
    }
}

/// An approximate ratio, for progress. The exact numbers may be larger than an f64.
pub(super) fn nearly(share: &Ratio<BigUint>) -> f64 {
    let shift = share.denom().bits().saturating_sub(64);
    let parts = ((share.numer() >> shift).to_f64(), (share.denom() >> shift).to_f64());
    if let (Some(part), Some(whole)) = parts { part / whole } else { 0.0 }
}
