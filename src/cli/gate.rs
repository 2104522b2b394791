//! `ticketsim race --gate`: every order of the statements of somebody's own shop.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;
use regex::Regex;

use super::Exit;
use super::outputs::Outputs;
use super::print::{note, print, print_json};
use crate::history;
use crate::lang::{Lang, gate as say};
use crate::race::gate::plan::{GatePlan, Orders};
use crate::race::gate::{self, Told, Why, step};
use crate::race::plan::RacePlan;
use crate::report::race::{gate as text, gate_json};
use crate::store::sql::Address;
use crate::verdict::Ruling;

/// The gate before a shop's database.
#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// Hold every statement of the shop before this database, and run the purchases in every order of them:
    /// postgres://USER@HOST:PORT/DATABASE. -- COMMAND starts the shop, and finds the gate in its environment
    #[arg(long, value_name = "URL")]
    pub(super) gate: Option<String>,
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
}

impl GateArgs {
    fn plan(&self, url: &str, interrupted: &AtomicBool) -> anyhow::Result<GatePlan> {
        let address = match Address::parse(url) {
            Ok(Address::Postgres(address)) => *address,
            Ok(_) => {
                anyhow::bail!("--gate: the gate stands before PostgreSQL: postgres://USER@HOST:PORT/DATABASE")
            }
            Err(error) => anyhow::bail!("--gate: {error}"),
        };
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
            address,
            orders: self.orders.unwrap_or(Orders::All),
            seed: self.order_seed.unwrap_or_else(rand::random),
            order,
            background: self.background.clone(),
            patience: self.patience.unwrap_or(GatePlan::USUAL_PATIENCE),
            replays: GatePlan::REPLAYS,
        })
    }
}

pub(super) fn execute(
    args: &GateArgs,
    url: &str,
    plan: &RacePlan,
    asked: &Asked<'_>,
    lang: Lang,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let gate = args.plan(url, interrupted)?;
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
        if let (Told::Open(port), false) = (told, asked.quiet) {
            let here = format!("127.0.0.1:{port}");
            note(say::open(lang, &here, &gate.address), interrupted);
            if plan.serve.is_none() {
                note(say::set_address(lang, here), interrupted);
            }
        }
    };
    let gated = gate::run(plan, &gate, interrupted, &mut tell).context("--gate")?;
    let mut outputs = Outputs::new(interrupted);
    if let (Some(path), Some(full)) =
        (asked.history, gated.shown.as_ref().and_then(|judged| judged.shown.as_ref()))
    {
        outputs.note(path, history::write(&full.history, path, interrupted));
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
