//! `ticketsim race --gate`: every order of the statements of somebody's own shop.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;
use regex::Regex;

use super::Exit;
use super::outputs::Outputs;
use super::pictures::PictureArgs;
use super::print::{note, print, print_json};
use crate::history;
use crate::lang::{Lang, gate as say};
use crate::race::gate::plan::{Database, GatePlan, Orders};
use crate::race::gate::{self, Told, Why, step};
use crate::race::plan::RacePlan;
use crate::report::page::trace;
use crate::report::race::{gate as text, gate_json, gate_page};
use crate::store::{Address, sql};
use crate::verdict::Ruling;

/// The gate before a shop's database.
#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// Hold every statement of the shop before this database, and run the purchases in every order of them:
    /// postgres://USER@HOST:PORT/DATABASE, redis://HOST:PORT. -- COMMAND starts the shop, and finds the gate in its
    /// environment
    #[arg(long, value_name = "URL")]
    pub(super) gate: Vec<String>,
    /// A file of the shop in which the database's address stands: it has the gate's until the end
    #[arg(long, value_name = "PATH", requires = "gate")]
    gate_file: Vec<PathBuf>,
    /// Which orders: all, random:N, or depth:K, those with at most K switches [default: all]
    #[arg(long, value_name = "WHICH", requires = "gate", conflicts_with = "order")]
    orders: Option<Orders>,
    /// One order alone, from a file: 1:SELECT seats, 2:SELECT seats, 1:UPDATE seats
    #[arg(long, value_name = "FILE", requires = "gate")]
    pub(super) order: Option<PathBuf>,
    /// Statements that match run in the background, and pass
    #[arg(long, value_name = "REGEX", requires = "gate")]
    background: Vec<Regex>,
    /// How long a request may neither ask nor answer before another goes on [default: 1s]
    #[arg(long, value_name = "DUR", value_parser = super::duration::duration, requires = "gate")]
    patience: Option<std::time::Duration>,
    /// How often the order that oversells is replayed [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "gate")]
    replays: Option<u32>,
    /// What orders at random are drawn from
    #[arg(long, value_name = "SEED", requires = "gate")]
    order_seed: Option<u64>,
    /// The verdict that makes the exit code 0: sound, or unsound
    #[arg(long, value_name = "VERDICT", requires = "gate")]
    expect: Option<Ruling>,
}

/// What of the output is asked for.
pub(super) struct Asked<'a> {
    pub(super) json: bool,
    pub(super) quiet: bool,
    pub(super) history: Option<&'a std::path::Path>,
    pub(super) pictures: &'a PictureArgs,
}

impl GateArgs {
    fn plan(&self, interrupted: &AtomicBool) -> anyhow::Result<GatePlan> {
        let databases =
            self.gate.iter().map(|url| database(url)).collect::<anyhow::Result<Vec<Database>>>()?;
        let postgres = databases.iter().filter(|database| matches!(database, Database::Postgres(_))).count();
        anyhow::ensure!(
            postgres < 2,
            "--gate: one database of PostgreSQL, and as many of Redis as there are"
        );
        let order = match &self.order {
            None => None,
            Some(path) => {
                let text = super::reading::read_bounded(path, interrupted)?;
                let steps =
                    step::parse(&text).map_err(|what| anyhow::anyhow!("{}: {what}", path.display()))?;
                Some(steps)
            }
        };
        Ok(GatePlan {
            databases,
            files: self.gate_file.clone(),
            orders: self.orders.unwrap_or(Orders::All),
            seed: self.order_seed.unwrap_or_else(rand::random),
            order,
            background: self.background.clone(),
            patience: self.patience.unwrap_or(GatePlan::USUAL_PATIENCE),
            replays: self.replays.unwrap_or(GatePlan::REPLAYS),
        })
    }
}

fn database(url: &str) -> anyhow::Result<Database> {
    match Address::parse(url) {
        Ok(Address::Redis(address)) if address.tls => {
            anyhow::bail!("--gate: the gate reads what is said, so there is no TLS behind it: take redis://…")
        }
        Ok(Address::Redis(address)) => Ok(Database::Redis(address)),
        Ok(Address::Sql(sql::Address::Postgres(address))) => Ok(Database::Postgres(*address)),
        Ok(_) => anyhow::bail!("--gate: the gate stands before postgres://… or redis://…"),
        Err(error) => anyhow::bail!("--gate: {error}"),
    }
}

pub(super) fn execute(
    args: &GateArgs,
    plan: &RacePlan,
    asked: &Asked<'_>,
    lang: Lang,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let gate = args.plan(interrupted)?;
    if plan.buyers > GatePlan::MOST_BUYERS || plan.buyers < 2 {
        anyhow::bail!("--buyers: {} buyers: the gate takes 2 to {}", plan.buyers, GatePlan::MOST_BUYERS);
    }
    if plan.per_buyer != crate::plan::PerBuyer::ONE {
        anyhow::bail!("--per-buyer: the gate takes one purchase of each buyer");
    }
    if plan.reset.is_none() {
        anyhow::bail!("--reset: every order begins with the tickets on sale again; say what puts them there");
    }
    let speaks = !asked.json && !asked.quiet;
    let mut tell = |told: &Told<'_>| {
        if let (Told::Open(database, port), false) = (told, asked.quiet) {
            let here = format!("127.0.0.1:{port}");
            note(say::open(lang, &here, database), interrupted);
            if plan.serve.is_none() {
                note(say::set_address(lang, here), interrupted);
            }
        }
    };
    let gated = gate::run(plan, &gate, interrupted, &mut tell).context("--gate")?;
    let mut outputs = Outputs::new(interrupted);
    let full = gated.shown.as_ref().and_then(|judged| judged.shown.as_ref());
    if let (Some(path), Some(full)) = (asked.history, full) {
        outputs.note(path, history::write(&full.history, path, interrupted));
    }
    if let Some(path) = &asked.pictures.html {
        outputs.note(path, gate_page::write(plan, &gate, &gated, lang, path, interrupted));
    }
    if let (Some(path), Some(full)) = (&asked.pictures.trace, full) {
        outputs.note(path, trace::write(&full.history, &full.verdict, path, interrupted));
    }
    if asked.json {
        print_json(&gate_json::of_gate(plan, &gate, &gated, &outputs.failures), interrupted)?;
    } else if speaks {
        print(&text::of_gate(&gate, &gated, lang), interrupted)?;
    } else {
        print(&format!("{}\n", gated.ruling), interrupted)?;
    }
    let expected =
        args.expect.filter(|_| gated.why != Some(Why::Interrupted) && gated.ruling != Ruling::Unknown);
    let exit = match expected {
        _ if gated.why == Some(Why::Interrupted) => Exit::Interrupted,
        Some(expected) => {
            if speaks {
                print(&text::expectation(expected, &gated, lang), interrupted)?;
            }
            if expected == gated.ruling { Exit::Sound } else { Exit::Unsound }
        }
        None => gated.ruling.into(),
    };
    Ok(outputs.exit(exit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses are those of the stores, whatever stands in them.
    #[test]
    fn the_gate_takes_the_addresses_that_the_stores_take() {
        for (url, shown) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379/0"),
            ("redis://ann:s%40cret@[::1]:6380/2", "redis://ann@[::1]:6380/2"),
            ("postgres://shop@127.0.0.1/shop", "postgres://shop@127.0.0.1:5432/shop"),
        ] {
            assert_eq!(database(url).expect(url).to_string(), shown);
        }
        for (url, said) in [
            ("rediss://127.0.0.1", "no TLS behind it"),
            ("redis://127.0.0.1:0", "port"),
            ("sqlite:shop.db", "postgres://… or redis://…"),
            ("mysql://127.0.0.1/shop", "postgres://… or redis://…"),
            ("mongo://x", "no store"),
        ] {
            let error = database(url).expect_err(url).to_string();
            assert!(error.starts_with("--gate: ") && error.contains(said), "{url}: {error}");
        }
    }
}
