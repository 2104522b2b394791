//! Schedules drawn at random, if there are too many states to count them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::ChaCha8Rng;
use rand::seq::{IteratorRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use super::shop::{JudgedPast, Shop};
use super::{End, Ends, Setting, with_model_of};
use crate::plan::PerBuyer;
use crate::protocol::Mishap;
use crate::schedule::{Schedule, Step};
use crate::stock::tickets_between;
use crate::verdict::Ruling;
use crate::world::{Model, Turn};

/// How schedules are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// At each step, evenly among the buyers that can step.
    Uniform,
    /// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A Randomized
    /// Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010): buyers have random priorities, and of
    /// those that can step, the one with the highest priority does. After `depth` − 1 steps, picked at random, the
    /// buyer that has just stepped gets the lowest priority. A race that takes `depth` ordered steps is found in each
    /// draw with probability at least 1/(n·k^(depth − 1)), for n buyers and k steps.
    Pct {
        /// How many ordered steps the race takes; at least 1.
        depth: u32,
    },
}

/// How many schedules are drawn, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// How many schedules, at least 1.
    pub draws: u64,
    /// How each is drawn.
    pub scheduler: Scheduler,
    /// The same seed draws the same schedules.
    pub seed: u64,
}

/// One way to end, and the draws that ended so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// How they end.
    pub end: End,
    /// How many draws ended so.
    pub draws: u64,
    /// The shortest of them, with buyers numbered in the order of their first steps.
    pub witness: Schedule,
}

/// What was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How it was drawn, and how many draws there were.
    pub sampling: Sampling,
    /// How many draws were asked for, if it was told to stop earlier.
    pub asked: Option<u64>,
    /// How many draws were unsound.
    pub unsound: u64,
    /// The number of steps among which priority changes were drawn (PCT).
    pub steps: u64,
    /// The ways to end, the worst first.
    pub drawn: Vec<Drawn>,
}

impl Sample {
    /// Unsound if some draw was unsound; otherwise unknown: a sample is no proof.
    #[must_use]
    pub fn ruling(&self) -> Ruling {
        if self.unsound > 0 { Ruling::Unsound } else { Ruling::Unknown }
    }

    /// The lower and upper bound, with 95 % confidence, of the share of unsound draws: if none of N was unsound, the
    /// rule of three, 3/N; otherwise Wilson's interval.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        let draws = self.sampling.draws as f64;
        if self.unsound == 0 {
            return (0.0, (3.0 / draws).min(1.0));
        }
        // The 97.5 % quantile of the normal distribution.
        const Z: f64 = 1.959_964;
        let share = self.unsound as f64 / draws;
        let middle = share + Z * Z / (2.0 * draws);
        let spread = Z * (share * (1.0 - share) / draws + Z * Z / (4.0 * draws * draws)).sqrt();
        let whole = 1.0 + Z * Z / draws;
        (((middle - spread) / whole).max(0.0), ((middle + spread) / whole).min(1.0))
    }

    /// The probability that PCT finds an existing race of its depth in at least one of its draws. `None` for the other
    /// scheduler.
    #[must_use]
    pub fn power(&self, buyers: u32) -> Option<f64> {
        let Scheduler::Pct { depth } = self.sampling.scheduler else { return None };
        let orders = f64::from(buyers) * (self.steps as f64).powf(f64::from(depth) - 1.0);
        // 1 − (1 − 1/orders)^draws, without losing the digits of a small 1/orders.
        Some(-((-1.0 / orders).ln_1p() * self.sampling.draws as f64).exp_m1())
    }
}

/// Draws schedules of a setting at random.
#[must_use]
pub fn sample(setting: &Setting, sampling: Sampling) -> Sample {
    sample_until(setting, sampling, &AtomicBool::new(false), &mut |_| ())
}

/// The same, until it is told to stop: then it returns the draws so far. `watch` receives their number.
#[must_use]
pub fn sample_until(
    setting: &Setting,
    sampling: Sampling,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(u64),
) -> Sample {
    let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
    let mut steps = most_steps(setting);
    let mut pasts: HashMap<JudgedPast, (u64, Schedule)> = HashMap::new();
    let mut draws = 0;
    while draws < sampling.draws {
        let picker = match sampling.scheduler {
            Scheduler::Uniform => Picker::Uniform,
            Scheduler::Pct { depth } => Picker::Pct(Priorities::draw(&mut rng, setting, depth, steps)),
        };
        let drawn = with_model_of!(setting, model => draw(model, setting, &mut rng, picker, stop));
        let Some((past, schedule)) = drawn else { break };
        draws += 1;
        watch(draws);
        steps = steps.max(schedule.0.len() as u64);
        match pasts.entry(past) {
            Entry::Vacant(entry) => {
                entry.insert((1, schedule));
            }
            Entry::Occupied(mut entry) => {
                let (count, shortest) = entry.get_mut();
                *count += 1;
                if schedule.0.len() < shortest.0.len() {
                    *shortest = schedule;
                }
            }
        }
    }
    let drawn = by_end(setting, pasts);
    let unsound = drawn.iter().filter(|drawn| !drawn.end.is_sound()).map(|drawn| drawn.draws).sum();
    let asked = (draws < sampling.draws).then_some(sampling.draws);
    Sample { sampling: Sampling { draws, ..sampling }, asked, unsound, steps, drawn }
}

/// Groups pasts by how they end.
fn by_end(setting: &Setting, pasts: HashMap<JudgedPast, (u64, Schedule)>) -> Vec<Drawn> {
    let mut ends = Ends::default();
    let mut found: HashMap<End, Drawn> = HashMap::new();
    for (past, (count, schedule)) in pasts {
        let end = ends.of(setting, past, || schedule.clone());
        let witness = if setting.choices.are_alike() { renumbered(&schedule) } else { schedule.clone() };
        let drawn =
            found.entry(end.clone()).or_insert_with(|| Drawn { end, draws: 0, witness: witness.clone() });
        drawn.draws += count;
        let key = |schedule: &Schedule| (schedule.0.len(), schedule.to_string());
        if key(&witness) < key(&drawn.witness) {
            drawn.witness = witness;
        }
    }
    let mut drawn: Vec<Drawn> = found.into_values().collect();
    drawn.sort_by_cached_key(|drawn| drawn.end.rank());
    drawn
}

/// The same schedule with buyers numbered in the order of their first steps: buyers are interchangeable.
fn renumbered(schedule: &Schedule) -> Schedule {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut number = |buyer: u32| {
        let next = numbers.len() as u32 + 1;
        *numbers.entry(buyer).or_insert(next)
    };
    Schedule(schedule.0.iter().map(|step| Step { buyer: number(step.buyer), ..*step }).collect())
}

/// The most steps of a schedule. Buyers that buy until they are refused have no known limit; this assumes as many
/// purchases as tickets, and a refusal.
fn most_steps(setting: &Setting) -> u64 {
    let purchases = match setting.per_buyer {
        PerBuyer::Count(count) => u64::from(count.get()),
        PerBuyer::All => tickets_between(setting.tickets, 0).saturating_add(1),
    };
    u64::from(setting.buyers)
        .saturating_mul(purchases)
        .saturating_mul(setting.choices.protocol().most_named())
        .saturating_add(if setting.mishaps.allow(Mishap::Kill) { u64::from(setting.buyers) } else { 0 })
}

/// Picks the next buyer to step.
enum Picker {
    Uniform,
    Pct(Priorities),
}

/// The priorities of PCT, drawn anew for each schedule.
struct Priorities {
    /// The priority of each buyer and of the mishaps; the highest one steps.
    of_buyers: Vec<u64>,
    /// The steps after which a priority is lowered, and the new priority.
    changes: HashMap<u64, u64>,
}

impl Priorities {
    fn draw(rng: &mut ChaCha8Rng, setting: &Setting, depth: u32, steps: u64) -> Self {
        let all = u64::from(setting.buyers) + u64::from(!setting.mishaps.are_none());
        let depth = u64::from(depth);
        // Higher than all priorities after a change.
        let mut of_buyers: Vec<u64> = (depth..depth + all).collect();
        of_buyers.shuffle(rng);
        let changes = (1..depth).map(|change| (rng.random_range(1..=steps), depth - change)).collect();
        Self { of_buyers, changes }
    }
}

impl Picker {
    /// One of the possible turns; `None` if there are none. `step` is counted from 1.
    fn pick(&mut self, rng: &mut ChaCha8Rng, shop: &Shop<impl Model>, step: u64) -> Option<(usize, Turn)> {
        match self {
            Picker::Uniform => shop.turns().choose(rng),
            Picker::Pct(Priorities { of_buyers, changes }) => {
                // Mishaps are no buyer's steps, so they have their own priority.
                let nature = shop.buyers.len();
                let whose = |(place, turn): (usize, Turn)| if turn == Turn::Step { place } else { nature };
                let picked = shop.turns().map(whose).max_by_key(|whose| of_buyers[*whose])?;
                if let Some(priority) = changes.get(&step) {
                    of_buyers[picked] = *priority;
                }
                if picked < shop.buyers.len() {
                    return Some((picked, Turn::Step));
                }
                shop.turns().filter(|(_, turn)| *turn != Turn::Step).choose(rng)
            }
        }
    }
}

/// One schedule; `None` when it is told to stop before its end.
fn draw<M: Model>(
    model: M,
    setting: &Setting,
    rng: &mut ChaCha8Rng,
    mut picker: Picker,
    stop: &AtomicBool,
) -> Option<(JudgedPast, Schedule)> {
    let mut shop = Shop::new(setting, model);
    let mut steps = Vec::new();
    while let Some((place, turn)) = picker.pick(rng, &shop, steps.len() as u64 + 1) {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        // If nobody can step, the end is also a possibility.
        let may_end = turn != Turn::Step && shop.able().next().is_none();
        if may_end && rng.random_range(0..=shop.turns().count()) == 0 {
            break;
        }
        if let Some(letter) = shop.take(place, turn, |_| ()) {
            steps.push(Step { letter, buyer: place as u32 + 1 });
        }
    }
    Some((shop.ended(), Schedule(steps)))
}
