//! The protocols that have a name, at every store and with every lock and level that they are known with: each way in
//! which all their orders can end has a witness, and that happens for real, at the file, the database or the server.

use std::path::Path;

use ticketsim::explore::{Setting, census};
use ticketsim::plan::Plan;
use ticketsim::protocol::Choices;
use ticketsim::protocol::catalogue::{Promise, Variant, all};
use ticketsim::protocol::sql::Engine;
use ticketsim::replay::{Replayed, replay};
use ticketsim::schedule::Schedule;
use ticketsim::verdict::{AnomalyKind, Ruling};

use crate::database::Shop;
use crate::engines::{conform, shop};
use crate::model::assert_agreement;
use crate::{QUIET, assert_no_children, plan, redis};

/// The stores that are there.
struct Places<'a> {
    folder: &'a Path,
    databases: Vec<(Engine, Option<Shop>)>,
    redis: Option<redis::Shop>,
}

impl<'a> Places<'a> {
    fn open(folder: &'a Path) -> Self {
        let databases = Engine::ALL.iter().map(|engine| (*engine, shop(*engine, folder))).collect();
        Self { folder, databases, redis: redis::Shop::open() }
    }

    /// The plan of these purchases; `None` where their store is not there.
    fn plan(&self, choices: Choices, buyers: u32, tickets: i64) -> Option<Plan> {
        match choices {
            Choices::File(choices) => {
                let plan = plan(self.folder, buyers, tickets, choices.lock, choices.write);
                Some(plan.with_choices(|own| *own = choices))
            }
            Choices::Sql(choices) => {
                let (_, shop) = self.databases.iter().find(|(engine, _)| *engine == choices.engine)?;
                Some(shop.as_ref()?.plan_of(choices, buyers, tickets))
            }
            Choices::Redis(choices) => Some(self.redis.as_ref()?.plan_of(choices, buyers, tickets)),
        }
    }
}

/// Replays a witness, and holds it against its model. `None` where a deadlock has another victim.
fn replayed(plan: &Plan, witness: &Schedule) -> Option<Replayed> {
    if plan.file().is_none() {
        return conform(plan, witness)
            .filter(|(_, is_another_victim)| !is_another_victim)
            .map(|(real, _)| real);
    }
    let real = replay(plan, witness, &QUIET).unwrap_or_else(|error| panic!("{witness}: {error}"));
    assert_eq!(real.schedule(), *witness);
    assert_agreement(plan, &real);
    Some(real)
}

/// How many witnesses of a protocol were replayed, and how many of them are unsound.
fn all_of(plan: &Plan, variant: &Variant, name: &str) -> (usize, usize) {
    let tickets = plan.tickets.expect("tickets");
    let setting = Setting { mishaps: variant.mishaps, ..Setting::of(plan, tickets) };
    let census = census(&setting, 1_000_000);
    let promised = if variant.promise == Promise::Keeps { Ruling::Sound } else { Ruling::Unsound };
    assert_eq!(census.ruling(), promised, "{name} with {}", variant.name);
    let (mut count, mut unsound) = (0, 0);
    for found in &census.found {
        let Some(real) = replayed(plan, &found.witness) else { continue };
        let verdict = &real.sold.verdict;
        let kinds: Vec<AnomalyKind> = verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect();
        assert_eq!(kinds, found.end.anomalies, "{} of {name} with {}", found.witness, variant.name);
        count += 1;
        unsound += usize::from(!kinds.is_empty());
    }
    (count, unsound)
}

pub(crate) fn every_witness_of_the_catalogue_happens_for_real(folder: &Path) {
    let places = Places::open(folder);
    let (mut rows, mut witnesses, mut unsound) = (0, 0, 0);
    for entry in all() {
        for case in entry.cases {
            for variant in case.variants() {
                let Some(plan) = places.plan(variant.choices, case.buyers, case.tickets) else { continue };
                let (count, wrong) = all_of(&plan, &variant, entry.name);
                (rows, witnesses, unsound) = (rows + 1, witnesses + count, unsound + wrong);
            }
        }
    }
    println!(
        "  {witnesses} witnesses of {rows} protocols with their locks and levels, {unsound} of them unsound"
    );
    assert!(rows > 60 && witnesses > rows && unsound > rows / 4, "{rows}, {witnesses}, {unsound}");
    assert_no_children();
}
