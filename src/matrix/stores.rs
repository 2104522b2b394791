//! The subjects of the matrix at databases and Redis: each protocol of the catalogue at each of its levels.
//!
//! The promises come from the catalogue, and so do all differences between stores. The caller usually has aborted
//! purchases tried again: the matrix is to show the cost of that, and a buyer that failed would buy no more.

use num_bigint::BigUint;

use crate::explore::{Census, MAX_STATES, Setting, census};
use crate::grade::{Grade, Graded};
use crate::plan::{Pace, PerBuyer, Plan, StorePlan, Workers};
use crate::protocol::catalogue::{Case, Promise, Trial, Variant, all};
use crate::protocol::{Choices, Guard, Mishaps, StepKind, StoreKind};
use crate::schedule::Schedule;
use crate::stock::Stock;

/// Tickets of one trial at a database: not the number of buyers, since they would take exactly that many if all looked
/// before anybody took.
pub const STORE_TICKETS: Stock = 13;

/// The factor for a protocol that unlocks just before the commit: the next holder has only that short moment to read
/// the old stock.
pub const SHORT_MOMENT: Stock = 4;

/// A subject at a database.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreCase {
    /// Which of the databases of the matrix, counted from 0.
    pub place: usize,
    /// The protocol's name.
    pub protocol: &'static str,
    /// The level that it is carried out at; a dash where there are no levels.
    pub level: &'static str,
    /// How buyers are run.
    pub workers: Workers,
    /// What a purchase does.
    pub choices: Choices,
    /// The promise.
    pub promise: Promise,
    /// How many mishaps may come in one schedule, for a protocol about mishaps.
    pub mishaps: Mishaps,
    /// What a purchase of its control does.
    control: Choices,
    /// What every order of two purchases of one ticket comes to.
    pub orders: Orders,
}

/// What every order of two purchases of one ticket comes to, without another try.
#[derive(Clone, Debug, PartialEq)]
pub struct Orders {
    /// How many there are.
    pub all: BigUint,
    /// How many of them are unsound.
    pub unsound: BigUint,
    /// In how many a purchase fails, and none is unsound.
    pub failing: BigUint,
    /// What the engine says of those, in no order.
    pub codes: Vec<String>,
    /// The worst of them, if one is unsound.
    pub worst: Option<Schedule>,
}

impl Graded for StoreCase {
    fn expected(&self) -> Grade {
        match self.promise {
            // Nobody races.
            _ if self.workers == Workers::Sequential => Grade::Inconclusive,
            Promise::Keeps => Grade::Safe,
            Promise::Breaks => Grade::Unsafe,
        }
    }

    fn is_control_of(&self, other: &Self) -> bool {
        (self.place, self.workers, self.choices) == (other.place, other.workers, other.control)
    }
}

/// What stands in the place of a level where there are none.
pub const NO_LEVEL: &str = "–";

/// The subjects of a store: its protocols, at its levels, by these workers. Those whose name and level are not wanted are
/// left out, but for the control of each. `tune` has purchases as they are to be tried.
#[must_use]
pub fn store_cases(
    place: usize,
    store: StoreKind,
    workers: &[Workers],
    tune: &dyn Fn(Choices) -> Choices,
    is_wanted: &dyn Fn(&str, &str) -> bool,
) -> Vec<StoreCase> {
    let known = known_at(store, tune);
    let wanted = known.iter().filter(|each| is_wanted(each.protocol, each.level));
    let mut chosen: Vec<Choices> = wanted.map(|each| each.choices).collect();
    let controls: Vec<Choices> = chosen.iter().map(|choices| control_of(&known, *choices)).collect();
    chosen.extend(controls);
    let tried: Vec<(Known, Orders)> = known
        .iter()
        .filter(|each| chosen.contains(&each.choices))
        .map(|each| (*each, Orders::of(each.choices, each.mishaps)))
        .collect();
    let workers = Workers::ALL.iter().filter(|member| workers.contains(member));
    let subject = |workers: &Workers, (each, orders): &(Known, Orders)| StoreCase {
        place,
        protocol: each.protocol,
        level: each.level,
        workers: *workers,
        choices: each.choices,
        promise: each.promise,
        mishaps: each.mishaps,
        control: control_of(&known, each.choices),
        orders: orders.clone(),
    };
    workers.flat_map(|workers| tried.iter().map(move |each| subject(workers, each))).collect()
}

/// A protocol at a level of a store.
#[derive(Clone, Copy, Debug)]
struct Known {
    protocol: &'static str,
    level: &'static str,
    promise: Promise,
    choices: Choices,
    mishaps: Mishaps,
}

/// All that are known of a store. What two names stand for is known by the first.
fn known_at(store: StoreKind, tune: &dyn Fn(Choices) -> Choices) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::new();
    for entry in all() {
        let of_store = entry.cases.iter().filter(|case| case.store() == store.name());
        for variant in of_store.flat_map(Case::variants) {
            let Variant { name, promise, mishaps, .. } = variant;
            let choices = tune(variant.choices);
            if known.iter().all(|other| other.choices != choices) {
                let level = if matches!(choices.guard(), Guard::Level(_)) { name } else { NO_LEVEL };
                known.push(Known { protocol: entry.name, level, promise, choices, mishaps });
            }
        }
    }
    known
}

/// The control of a purchase: of those that sell in the same way and are promised to break, the shortest that looks
/// before it takes, so that it takes a race to break it. One that breaks is its own control, if it is that one.
fn control_of(known: &[Known], choices: Choices) -> Choices {
    let own = way(choices);
    let breaking = known.iter().filter(|each| each.promise == Promise::Breaks);
    let alike = breaking.clone().filter(|each| way(each.choices) == own);
    let rank = |each: &&Known| {
        let protocol = each.choices.protocol();
        (!protocol.steps().iter().any(|step| step.reads()), protocol.steps().len())
    };
    let control = alike.min_by_key(rank).or_else(|| breaking.min_by_key(rank));
    control.map_or(choices, |control| control.choices)
}

/// How a purchase sells, and whether under a lease: what saves one whose lease expires is tried beside one that it
/// does not save.
fn way(choices: Choices) -> (Option<StepKind>, bool) {
    (sells(choices), choices.leases())
}

/// How a purchase changes the stock, whether it looks again before it does or not.
fn sells(choices: Choices) -> Option<StepKind> {
    let protocol = choices.protocol();
    let step = protocol.steps().iter().find(|kind| kind.sells());
    step.map(|kind| match kind {
        StepKind::Swap | StepKind::Take => StepKind::Write,
        other => *other,
    })
}

impl Orders {
    fn of(choices: Choices, mishaps: Mishaps) -> Self {
        let choices = choices.with_retry(false);
        let setting = Setting { mishaps, ..Setting::new(choices, 2, 1) };
        let Census { schedules, sound, found, .. } = census(&setting, MAX_STATES);
        let failing: Vec<_> =
            found.iter().filter(|found| found.end.is_sound() && found.end.failed > 0).collect();
        let mut codes: Vec<String> =
            failing.iter().flat_map(|found| found.errors.keys().map(|(code, _)| code.to_string())).collect();
        codes.sort_unstable();
        codes.dedup();
        Self {
            unsound: &schedules - sound,
            all: schedules,
            failing: failing.iter().map(|found| &found.schedules).sum(),
            codes,
            worst: found.into_iter().find(|found| !found.end.is_sound()).map(|found| found.witness),
        }
    }
}

impl StoreCase {
    /// Whether a purchase lets its lock go just before it commits.
    #[must_use]
    pub fn has_short_moment(&self) -> bool {
        self.choices.protocol().steps().windows(2).any(|two| two == [StepKind::Unlock, StepKind::Commit])
    }
}

/// How many times longer a buyer thinks whose lease is to expire.
pub const SLOWER: u64 = 5;

/// The trials of subjects at databases, so many buyers and tickets each; each place makes the store of a purchase.
pub fn on_stores(
    places: &[&dyn Fn(Choices) -> StorePlan],
    trial: Trial,
) -> impl Fn(&StoreCase, Pace, u64) -> Plan {
    move |subject, pace, _| Plan {
        buyers: trial.buyers,
        tickets: Some(trial.tickets.saturating_mul(if subject.has_short_moment() {
            SHORT_MOMENT
        } else {
            1
        })),
        workers: subject.workers,
        store: places[subject.place](subject.choices),
        per_buyer: PerBuyer::All,
        pace: Pace {
            think_ns: pace.think_ns.saturating_mul(if subject.mishaps.are_none() { 1 } else { SLOWER }),
            ..pace
        },
        restocks: false,
        mishaps: Vec::new(),
        hosts: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::sql::Engine;

    fn subjects(store: StoreKind) -> Vec<StoreCase> {
        store_cases(0, store, &[Workers::Process], &|choices| choices.with_retry(true), &|_, _| true)
    }

    #[test]
    fn the_usual_databases_have_their_subjects() {
        let count = |engine| subjects(StoreKind::Sql(engine)).len();
        assert!(count(Engine::Postgres) >= 30 && count(Engine::Mysql) >= 30 && count(Engine::Sqlite) >= 10);
        assert_eq!(subjects(StoreKind::Redis).len(), 10);
    }

    /// The promise is what the model says of two purchases, in every order: nobody wrote it down by hand alone.
    #[test]
    fn what_is_promised_is_what_every_order_of_two_comes_to() {
        for store in StoreKind::all() {
            for subject in subjects(store) {
                let breaks = subject.orders.unsound > BigUint::ZERO;
                let promised = subject.promise == Promise::Breaks;
                assert_eq!(
                    breaks, promised,
                    "{store:?} {} at {}: {:?}",
                    subject.protocol, subject.level, subject.orders
                );
                assert_eq!(breaks, subject.orders.worst.is_some());
            }
        }
    }

    #[test]
    fn every_subject_has_a_control_that_is_one_and_breaks() {
        for store in StoreKind::all() {
            let subjects = subjects(store);
            for subject in &subjects {
                let controls: Vec<&StoreCase> =
                    subjects.iter().filter(|other| other.is_control_of(subject)).collect();
                assert!(
                    matches!(controls[..], [control] if control.promise == Promise::Breaks),
                    "{store:?} {} at {}: {controls:?}",
                    subject.protocol,
                    subject.level
                );
            }
        }
    }

    /// A fence is worth something where the lease without it fails, by the same means.
    #[test]
    fn what_saves_a_lease_is_tried_beside_a_lease() {
        let subjects = subjects(StoreKind::Redis);
        let control = |name: &str| {
            let subject = subjects.iter().find(|subject| subject.protocol == name).expect(name);
            subjects.iter().find(|other| other.is_control_of(subject)).expect(name).protocol
        };
        assert_eq!(["lease", "lease-fenced"].map(control), ["lease-expires"; 2]);
        assert_eq!(["lua-take", "watch-multi-exec"].map(control), ["get-then-set"; 2]);
        assert_eq!(
            ["decrement-and-give-back", "decrement-then-look"].map(control),
            ["get-then-decrement"; 2]
        );
    }

    #[test]
    fn a_subject_that_is_wanted_brings_its_control() {
        let wanted = |protocol: &str, level: &str| (protocol, level) == ("one-statement", "none");
        let sqlite = StoreKind::Sql(Engine::Sqlite);
        let subjects = store_cases(0, sqlite, &[Workers::Thread], &|choices| choices, &wanted);
        let names: Vec<_> = subjects.iter().map(|subject| (subject.protocol, subject.level)).collect();
        assert_eq!(names, [("check-then-set", "none"), ("one-statement", "none")]);
    }
}
