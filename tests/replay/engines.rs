//! Model and reality of databases: every protocol at every level, all orders of the requests of two buyers, and
//! random ones of three and four, on real sessions. Step by step it is compared who is answered what, and who
//! waits; and in the end how many receipts there are, what is left, what failed, and with which errors. That counts
//! over all orders as the model has them: those were measured, and stand in the tests of `explore`.
//!
//! By default every so-manieth of the orders; all of them with `--ignored` (or `--all`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use num_bigint::BigUint;
use ticketsim::buyer::{Buyer, Rules};
use ticketsim::explore::{End, Setting, census, rehearse};
use ticketsim::history::{History, Outcome};
use ticketsim::plan::{PerBuyer, Plan};
use ticketsim::protocol::Reply;
use ticketsim::protocol::sql::{Engine, Isolation, Journal, SqlChoices, Switch};
use ticketsim::replay::{Difference, ReplayError, Replayed, replay};
use ticketsim::run::run;
use ticketsim::schedule::{Schedule, Step, Unfollowed, Why, followed};
use ticketsim::store::sql::model::{SqliteModel, mysql, postgres};
use ticketsim::verdict::judge;
use ticketsim::workers::Watch;
use ticketsim::world::{Model, seated, step, wants};

use crate::database::Shop;
use crate::model::gist;
use crate::random::Random;
use crate::{QUIET, assert_no_children};

/// What differs from the usual purchase.
type Row = (&'static str, &'static [Isolation], fn(&mut SqlChoices));

const NONE: &[Isolation] = &[Isolation::None];
const ALL: &[Isolation] = &[Isolation::ReadCommitted, Isolation::RepeatableRead, Isolation::Serializable];

fn usual(_: &mut SqlChoices) {}

const POSTGRES: &[Row] = &[
    ("read write", NONE, usual),
    ("read decrement", NONE, usual),
    ("read swap", NONE, usual),
    ("take", NONE, usual),
    ("decrement give-back", NONE, usual),
    ("count insert", NONE, usual),
    ("lock read write unlock", NONE, usual),
    ("begin read write commit", ALL, usual),
    ("begin read decrement commit", ALL, usual),
    ("begin read-for-update write commit", ALL, usual),
    ("begin read-for-share write commit", ALL, usual),
    ("begin take commit", ALL, usual),
    ("begin lock-until-commit read write commit", ALL, usual),
    ("lock begin read write commit unlock", ALL, usual),
    ("lock begin read write unlock commit", ALL, usual),
    ("begin read decrement commit", ALL, |choices| choices.constraint = true),
    ("begin read swap commit", ALL, usual),
    ("begin read write commit", ALL, |choices| choices.retry = true),
    ("begin read decrement commit", ALL, |choices| choices.retry = true),
    ("begin count insert commit", ALL, usual),
];

const BOTH: &[Isolation] = &[Isolation::Deferred, Isolation::Immediate];

const SQLITE: &[Row] = &[
    ("read write", NONE, usual),
    ("read decrement", NONE, usual),
    ("read swap", NONE, usual),
    ("take", NONE, usual),
    ("decrement give-back", NONE, usual),
    ("count insert", NONE, usual),
    ("begin read write commit", BOTH, usual),
    ("begin read decrement commit", BOTH, |choices| choices.constraint = true),
    ("begin read swap commit", BOTH, usual),
    ("begin take commit", BOTH, usual),
    ("begin count insert commit", BOTH, usual),
];

const LEVELS: &[Isolation] = &[
    Isolation::ReadUncommitted,
    Isolation::ReadCommitted,
    Isolation::RepeatableRead,
    Isolation::Serializable,
];

const MARIADB: &[Row] = &[
    ("read write", NONE, usual),
    ("read decrement", NONE, usual),
    ("read swap", NONE, usual),
    ("take", NONE, usual),
    ("decrement give-back", NONE, usual),
    ("count insert", NONE, usual),
    ("lock read write unlock", NONE, usual),
    ("begin read write commit", LEVELS, usual),
    ("begin read decrement commit", LEVELS, usual),
    ("begin read-for-update write commit", LEVELS, usual),
    ("begin read-for-share write commit", LEVELS, usual),
    ("begin take commit", LEVELS, usual),
    ("begin lock read write commit unlock", LEVELS, usual),
    ("lock begin read write commit unlock", LEVELS, usual),
    ("begin lock read write unlock commit", LEVELS, usual),
    ("begin read decrement commit", LEVELS, |choices| choices.constraint = true),
    ("begin read swap commit", LEVELS, usual),
    ("begin read write commit", LEVELS, |choices| choices.retry = true),
    ("begin read decrement commit", LEVELS, |choices| choices.retry = true),
    ("begin count insert commit", LEVELS, usual),
];

/// Each way in which an engine is set up.
fn ways(engine: Engine) -> Vec<SqlChoices> {
    let usual = SqlChoices::new(engine);
    match engine {
        Engine::Postgres => vec![usual],
        Engine::Mysql => [Switch::Off, Switch::On]
            .map(|switch| SqlChoices { snapshot_isolation: Some(switch), ..usual })
            .to_vec(),
        Engine::Sqlite => {
            let journals = [Journal::Delete, Journal::Wal].into_iter();
            let both =
                journals.flat_map(|journal| [0, usual.busy_timeout_ns].map(|timeout| (journal, timeout)));
            both.map(|(journal, busy_timeout_ns)| SqlChoices { journal, busy_timeout_ns, ..usual }).collect()
        }
    }
}

/// Every purchase of an engine, as changes of its usual one.
pub(crate) fn purchases(engine: Engine) -> Vec<(&'static str, SqlChoices)> {
    let rows = match engine {
        Engine::Postgres => POSTGRES,
        Engine::Mysql => MARIADB,
        Engine::Sqlite => SQLITE,
    };
    let mut all = Vec::new();
    for way in ways(engine) {
        for (text, levels, change) in rows {
            for level in *levels {
                let mut choices = SqlChoices { isolation: *level, ..way };
                change(&mut choices);
                all.push((*text, choices));
            }
        }
    }
    all
}

/// The shops at which an engine is tried; none where it is not there.
pub(crate) fn shop(engine: Engine, folder: &Path) -> Option<Shop> {
    match engine {
        Engine::Postgres => Shop::postgres(),
        Engine::Mysql => Shop::mysql(),
        Engine::Sqlite => Some(Shop::sqlite(folder)),
    }
}

/// Does something with the model of a sale.
pub(crate) fn with_model<T>(choices: &SqlChoices, tickets: i64, with: impl WithModel<T>) -> T {
    match choices.engine {
        Engine::Postgres => with.with(postgres(choices, tickets)),
        Engine::Mysql => with.with(mysql(choices, tickets)),
        Engine::Sqlite => with.with(SqliteModel::new(choices, tickets)),
    }
}

pub(crate) trait WithModel<T> {
    fn with<M: Model>(self, model: M) -> T;
}

fn rules(plan: &Plan) -> Rules {
    Rules::of(plan, 1)
}

/// All orders of the requests of a plan's buyers.
struct All(Rules, u32);

impl WithModel<Vec<Schedule>> for All {
    fn with<M: Model>(self, model: M) -> Vec<Schedule> {
        let (buyer, seat) = seated(&model, self.0, 0);
        let party = (model, vec![buyer; self.1 as usize], vec![seat; self.1 as usize]);
        let mut found = Vec::new();
        go_on(&party, &mut Vec::new(), &mut found);
        found
    }
}

type Party<M> = (M, Vec<Buyer>, Vec<<M as Model>::Seat>);

fn able<M: Model>((model, buyers, seats): &Party<M>) -> Vec<Step> {
    let wants =
        |who: usize| Some(Step { letter: wants(model, &buyers[who], &seats[who])?, buyer: who as u32 + 1 });
    (0..buyers.len()).filter_map(wants).collect()
}

fn go_on<M: Model>(party: &Party<M>, taken: &mut Vec<Step>, found: &mut Vec<Schedule>) {
    let able = able(party);
    if able.is_empty() {
        found.push(Schedule(taken.clone()));
    }
    for next in able {
        let (mut model, mut buyers, mut seats) = party.clone();
        step(&mut model, &mut buyers, &mut seats, next.buyer as usize - 1, |_| ());
        taken.push(next);
        go_on(&(model, buyers, seats), taken, found);
        taken.pop();
    }
}

/// One order, drawn at random.
struct Drawn<'a>(Rules, u32, &'a mut Random);

impl WithModel<Schedule> for Drawn<'_> {
    fn with<M: Model>(self, model: M) -> Schedule {
        let Self(rules, buyers, random) = self;
        let (buyer, seat) = seated(&model, rules, 0);
        let mut party = (model, vec![buyer; buyers as usize], vec![seat; buyers as usize]);
        let mut taken = Vec::new();
        loop {
            let able = able(&party);
            if able.is_empty() {
                return Schedule(taken);
            }
            let next = able[random.below(able.len() as u64) as usize];
            let (model, buyers, seats) = &mut party;
            step(model, buyers, seats, next.buyer as usize - 1, |_| ());
            taken.push(next);
        }
    }
}

fn failed(replayed: &Replayed) -> u64 {
    let purchases = &replayed.sold.history.purchases;
    purchases.iter().filter(|purchase| purchase.outcome == Outcome::Failed).count() as u64
}

pub(crate) fn end(replayed: &Replayed) -> End {
    let verdict = &replayed.sold.verdict;
    End {
        receipts: verdict.ledger.receipts,
        failed: failed(replayed),
        remaining: verdict.ledger.remaining,
        anomalies: verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect(),
    }
}

/// The errors that ended purchases: which code, at which step, how often.
type Errors = BTreeMap<(String, String), u64>;

fn errors(replayed: &Replayed, all: &mut Errors) {
    for taken in &replayed.steps {
        if let Some(fault) = taken.ending.and_then(|ending| ending.fault) {
            *all.entry((fault.cause(), taken.step.letter.to_string())).or_default() += 1;
        }
    }
}

/// Replays an order, and compares it with the model, step by step and in the end. Says whether only the victim of a
/// deadlock was another. `None` where the server made a choice of its own and the order can't go on: among more than
/// two buyers who wait in several circles, which one it takes for its victim is not repeatable, and among several who
/// wait for one row neither is which one it lets go first (11 of 100 times not the one that asked first, as
/// measured at PostgreSQL).
pub(crate) fn conform(plan: &Plan, schedule: &Schedule) -> Option<(Replayed, bool)> {
    let what = || format!("{schedule} of {:?}", plan.store.choices());
    let tickets = plan.tickets.expect("tickets");
    let rehearsed = rehearse(&Setting::of(plan, tickets), schedule);
    let rehearsed = rehearsed.unwrap_or_else(|error| panic!("{}: {error}", what()));
    let real = match replay(plan, schedule, &QUIET) {
        Ok(real) => real,
        Err(ReplayError::Unfollowed(error))
            if plan.buyers > 2 && error.is_about_steps() && may_deadlock(plan, &rehearsed) =>
        {
            return None;
        }
        Err(ReplayError::Unfollowed(error)) if plan.buyers > 2 && is_overtaken(&error) => return None,
        Err(error) => panic!("{}: {error}", what()),
    };
    if plan.buyers > 2 && real.differs.first().is_some_and(lets_another_go) {
        return None;
    }
    assert_eq!(real.schedule(), *schedule, "{}", what());
    assert!(real.differs.iter().all(|differs| differs.model.is_none()), "{}: {:?}", what(), real.differs);
    let is_another_victim = !real.differs.is_empty();
    if !is_another_victim {
        let sold = &real.sold;
        assert_eq!(gist(&sold.history, &sold.verdict), gist(&rehearsed, &judge(&rehearsed)), "{}", what());
    }
    Some((real, is_another_victim))
}

/// Whether the server has let another buyer go than the one whose turn it was.
fn is_overtaken(error: &Unfollowed) -> bool {
    matches!(&error.why, Why::Waits { kept, .. } if kept.is_overtaken)
}

/// The same, where the order went on: as many were answered as the model says, and not the same ones.
fn lets_another_go(differs: &Difference) -> bool {
    let Some(model) = &differs.model else { return false };
    let buyers = |answers: &[(u32, Reply)]| answers.iter().map(|(buyer, _)| *buyer).collect::<BTreeSet<_>>();
    model.len() == differs.real.len() && model.len() > 1 && buyers(model) != buyers(&differs.real)
}

/// Whether a buyer may be a deadlock's victim in it: one that tries again does not say so.
fn may_deadlock(plan: &Plan, history: &History) -> bool {
    if plan.store.choices().retries() {
        return true;
    }
    let codes = history.purchases.iter().filter_map(|purchase| Some(purchase.fault?.cause()));
    codes.into_iter().any(|code| code == "40P01" || code == "1213")
}

/// All orders of one purchase, counted as the model counts them.
pub(crate) fn all_orders_of(plan: &Plan, setting: &Setting, schedules: &[Schedule]) -> usize {
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    let mut found = Errors::new();
    let mut victims = 0;
    for schedule in schedules {
        let (replayed, is_another_victim) = conform(plan, schedule).expect("two buyers have one circle");
        *ends.entry(format!("{:?}", end(&replayed))).or_default() += 1;
        errors(&replayed, &mut found);
        victims += usize::from(is_another_victim);
    }
    let census = census(setting, u64::MAX);
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let mut expected_errors = Errors::new();
    let number = |count: &BigUint| u64::try_from(count).expect("a small number");
    for found in &census.found {
        *expected.entry(format!("{:?}", found.end)).or_default() += number(&found.schedules);
        for ((code, letter), count) in &found.errors {
            *expected_errors.entry((code.to_string(), letter.to_string())).or_default() += number(count);
        }
    }
    let what = plan.store.choices();
    assert_eq!(ends, expected, "{what:?}");
    assert_eq!(found, expected_errors, "{what:?}");
    victims
}

fn conformance(engine: Engine, folder: &Path, share: usize) {
    let Some(shop) = shop(engine, folder) else { return };
    let (mut replayed, mut rows, mut whole, mut victims) = (0, 0, 0, 0);
    for (text, choices) in purchases(engine) {
        for tickets in [1, 2] {
            let plan = shop.plan(text, |own| *own = choices, 2, tickets);
            let schedules = with_model(&sale_of(&plan), tickets, All(rules(&plan), 2));
            rows += 1;
            // The short ones always whole.
            if crate::all() || schedules.len() <= 6 {
                victims += all_orders_of(&plan, &Setting::of(&plan, tickets), &schedules);
                (replayed, whole) = (replayed + schedules.len(), whole + 1);
            } else {
                for schedule in schedules.iter().skip(rows % share).step_by(share) {
                    victims += usize::from(conform(&plan, schedule).is_none_or(|(_, is_another)| is_another));
                    replayed += 1;
                }
            }
        }
    }
    println!(
        "  {replayed} orders of {rows} sales, {whole} of them whole; {victims} deadlocks with another victim"
    );
    assert!(replayed > 100 && whole > 5, "{replayed} orders");
    assert_no_children();
}

pub(crate) fn sale_of(plan: &Plan) -> SqlChoices {
    match plan.store.choices() {
        ticketsim::protocol::Choices::Sql(choices) => choices,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn conformance_of_postgresql(folder: &Path) {
    conformance(Engine::Postgres, folder, 16);
}

pub(crate) fn conformance_of_mariadb(folder: &Path) {
    conformance(Engine::Mysql, folder, 32);
}

pub(crate) fn conformance_of_sqlite(folder: &Path) {
    conformance(Engine::Sqlite, folder, 8);
}

/// Three and four buyers, of one to three tickets, which may buy more than once.
pub(crate) fn conformance_at_random(folder: &Path) {
    let mut random = Random::new(14);
    for engine in Engine::ALL.iter().copied() {
        let Some(shop) = shop(engine, folder) else { continue };
        let all = purchases(engine);
        let (mut waited, mut victims) = (0, 0);
        let rounds = if crate::all() { 1500 } else { 60 };
        for _ in 0..rounds {
            let (text, choices) = all[random.below(all.len() as u64) as usize];
            let (buyers, tickets) = (3 + random.below(2) as u32, 1 + random.below(3) as i64);
            let mut plan = shop.plan(text, |own| *own = choices, buyers, tickets);
            if random.below(4) == 0 {
                plan.per_buyer = PerBuyer::All;
            }
            let schedule = with_model(&sale_of(&plan), tickets, Drawn(rules(&plan), buyers, &mut random));
            let Some((real, is_another_victim)) = conform(&plan, &schedule) else {
                victims += 1;
                continue;
            };
            waited += usize::from(real.steps.iter().any(|taken| taken.wait.is_some()));
            victims += usize::from(is_another_victim);
        }
        println!(
            "  {engine}: {rounds} orders, {waited} of them with waiting; {victims} with another choice of the server's"
        );
        assert!(waited * 10 > rounds, "{engine}: {waited} of {rounds} waited");
        assert!(victims * 5 < rounds, "{engine}: {victims} of {rounds} are not compared");
    }
}

/// Every way to end of small sizes: its witness, on real sessions, ends as it was explored.
pub(crate) fn every_witness_at_a_database_ends_as_it_was_explored(folder: &Path) {
    let sizes: &[(u32, i64)] = if crate::all() { &[(2, 1), (2, 2), (3, 1), (3, 2)] } else { &[(2, 1)] };
    for engine in Engine::ALL.iter().copied() {
        let Some(shop) = shop(engine, folder) else { continue };
        let mut witnesses = 0;
        for (text, choices) in purchases(engine) {
            for (buyers, tickets) in sizes.iter().copied() {
                let plan = shop.plan(text, |own| *own = choices, buyers, tickets);
                let census = census(&Setting::of(&plan, tickets), 1_000_000);
                assert!(census.partial.is_none(), "{choices:?}");
                for found in &census.found {
                    let Some((real, is_another_victim)) = conform(&plan, &found.witness) else { continue };
                    assert!(
                        is_another_victim || end(&real) == found.end,
                        "{} of {choices:?}: {real:?}",
                        found.witness
                    );
                    witnesses += 1;
                }
            }
        }
        println!("  {engine}: {witnesses} witnesses");
        assert!(witnesses > 20, "{engine}: {witnesses} witnesses");
    }
}

/// Runs without gates, on processes: the model explains them, and a replay of what it says comes to the same.
pub(crate) fn a_race_that_was_caught_at_a_database_is_replayed(folder: &Path) {
    for engine in Engine::ALL.iter().copied() {
        let Some(shop) = shop(engine, folder) else { continue };
        let (mut raced, mut runs) = (0, 0);
        // Without gates a statement can meet another in its middle. Where it is busy at once, the model, whose
        // statements have no middle, can't explain that.
        let waits = |(_, choices): &(_, SqlChoices)| engine != Engine::Sqlite || choices.busy_timeout_ns > 0;
        for (text, choices) in
            purchases(engine).into_iter().filter(waits).step_by(if crate::all() { 1 } else { 4 })
        {
            for tickets in [1, 4] {
                let mut plan = shop.plan(text, |own| *own = choices, 5, tickets);
                plan.pace.think_ns = 500_000;
                let mut watch =
                    Watch { interrupted: &QUIET, begin: &mut |_| {}, progress: &mut |_| {}, start: None };
                let sold = run(&plan, &mut watch).expect("a sale");
                let schedule = followed(&sold.history);
                let schedule = schedule
                    .unwrap_or_else(|error| panic!("{text} {choices:?}: {error}: {:?}", sold.history));
                let Some((real, is_another_victim)) = conform(&plan, &schedule) else { continue };
                let of_all = |history: &History| {
                    let purchases = &history.purchases;
                    let mut all: Vec<_> =
                        purchases.iter().map(|p| (p.buyer, p.outcome, p.seen, p.fault)).collect();
                    all.sort_by_key(|(buyer, ..)| *buyer);
                    (all, history.header.remaining)
                };
                assert!(
                    is_another_victim || of_all(&real.sold.history) == of_all(&sold.history),
                    "{schedule} of {choices:?}: {:?} {:?}",
                    real.sold.history,
                    sold.history
                );
                raced += usize::from(!sold.verdict.anomalies.is_empty());
                runs += 1;
            }
        }
        println!("  {engine}: {runs} runs, {raced} of them raced");
    }
}
