//! The catalogue for programs.

use serde::Serialize;

use super::Counted;
use crate::lang::Lang;
use crate::protocol::catalogue::{Promise, Variant};
use crate::protocol::redis::Fence;
use crate::protocol::{Guard, Mishap, Protocol};
use crate::report::json::to_line;
use crate::stock::Stock;

#[derive(Serialize)]
struct Row {
    name: &'static str,
    store: &'static str,
    steps: Protocol,
    /// The kinds of locks, with a plus between them if buyers take turns among several.
    lock: String,
    /// The level of its transactions, in a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<&'static str>,
    /// What presents the token of the lease, at Redis.
    #[serde(skip_serializing_if = "Option::is_none")]
    fence: Option<Fence>,
    /// How many leases expire in one schedule at most, if it is about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    expire: Option<String>,
    /// For the lock, or the level, that the name alone stands for.
    promise: Promise,
    why: &'static str,
    /// The shortest schedule that goes wrong; `null` if none does.
    witness: Option<String>,
    /// How many buyers race for how many tickets in that schedule.
    buyers: u32,
    tickets: Stock,
    variants: Vec<VariantRow>,
    met_in: &'static str,
    fix: &'static str,
    control: &'static str,
    commands: Vec<String>,
}

/// The same under another lock, or at another level.
#[derive(Serialize)]
struct VariantRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<&'static str>,
    promise: Promise,
}

/// The catalogue as one line of JSON: a list.
#[must_use]
pub fn json(all: &[Counted]) -> String {
    to_line(&all.iter().map(row).collect::<Vec<_>>())
}

fn row(counted: &Counted) -> Row {
    let Counted { entry, case, usual, setting, .. } = counted;
    let (lock, guard) = (usual.choices.locks(), usual.choices.guard());
    let (isolation, fence) = match guard {
        Guard::Level(level) => (Some(level.name()), None),
        Guard::Nothing | Guard::Lock | Guard::Lease { .. } => (None, guard.fence()),
    };
    let expire = usual.mishaps.allow(Mishap::Expire).then(|| usual.mishaps.of(Mishap::Expire).to_string());
    let breaks = usual.promise == Promise::Breaks;
    let witness = counted.shortest().filter(|_| breaks).map(|found| found.witness.to_string());
    let variant = |variant: Variant| {
        let (lock, isolation) =
            if isolation.is_some() { (None, Some(variant.name)) } else { (Some(variant.name), None) };
        VariantRow { lock, isolation, promise: variant.promise }
    };
    Row {
        name: entry.name,
        store: case.store(),
        steps: usual.choices.protocol(),
        lock,
        isolation,
        fence,
        expire,
        promise: usual.promise,
        why: entry.said.why.of(Lang::En),
        witness,
        buyers: setting.buyers,
        tickets: setting.tickets,
        variants: case.variants().into_iter().map(variant).collect(),
        met_in: entry.said.met_in.of(Lang::En),
        fix: entry.said.fix.of(Lang::En),
        control: entry.control,
        commands: counted.commands(),
    }
}
