//! `ticketsim race --gate`: every order of the statements of a shop, which is a program of the user's.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::number::{natural, natural_32};
use super::outputs::Outputs;
use super::pictures::PictureArgs;
use super::print::{note, print, print_json, table_columns, whole};
use super::reading::read_bounded;
use crate::foreign::shown;
use crate::history;
use crate::lang::{Lang, gate as say};
use crate::race::config::{Config, ConfigError, Said};
pub(super) use crate::race::gate::plan::GatePlan;
use crate::race::gate::{self, GateError, Told, Why, step};
use crate::race::plan::RacePlan;
use crate::report::page::trace;
use crate::report::race::{gate as text, gate_json, gate_page};
use crate::verdict::Ruling;

/// The gate before a shop's database.
#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// Hold every statement of the shop before this database, and run the purchases in every order of them:
    /// postgres://USER@HOST:PORT/DATABASE, redis://HOST:PORT. -- COMMAND starts the shop, and finds the gate in its
    /// environment
    #[arg(long, value_name = "URL")]
    gate: Vec<String>,
    /// A file of the shop in which the database's address stands: it has the gate's until the end
    #[arg(long, value_name = "PATH")]
    gate_file: Vec<PathBuf>,
    /// Which orders: all, random:N, or depth:K, those with at most K switches [default: all]
    #[arg(long, value_name = "WHICH")]
    orders: Option<String>,
    /// One order alone, from a file: 1:SELECT seats, 2:SELECT seats, 1:UPDATE seats
    #[arg(long, value_name = "FILE")]
    order: Option<PathBuf>,
    /// Statements that match run in the background, and pass
    #[arg(long, value_name = "REGEX")]
    background: Vec<String>,
    /// How long a request may neither ask nor answer before another goes on [default: 1s]
    #[arg(long, value_name = "DUR")]
    patience: Option<String>,
    /// How often the order that oversells is replayed [default: 100]
    #[arg(long, value_name = "N", value_parser = natural_32)]
    replays: Option<u32>,
    /// What orders at random are drawn from
    #[arg(long, value_name = "SEED", value_parser = natural)]
    order_seed: Option<u64>,
    /// The verdict that makes the exit code 0: sound, or unsound
    #[arg(long, value_name = "VERDICT")]
    expect: Option<String>,
}

/// What of the output is asked for.
pub(super) struct Asked<'a> {
    pub(super) json: bool,
    pub(super) quiet: bool,
    pub(super) history: Option<&'a std::path::Path>,
    pub(super) pictures: &'a PictureArgs,
}

impl GateArgs {
    /// The file with the order.
    pub(super) fn order(&self) -> Option<&PathBuf> {
        self.order.as_ref()
    }

    /// What is said here, over what a file says.
    pub(super) fn over(&self, file: &mut Config) {
        let said = |text: &String| Said::new(0..0, text.clone());
        let put = |option: &Option<String>, place: &mut Option<Said>| {
            if let Some(text) = option {
                *place = Some(said(text));
            }
        };
        if !self.gate.is_empty() {
            file.gate = self.gate.iter().map(said).collect();
        }
        if !self.background.is_empty() {
            file.background = self.background.iter().map(said).collect();
        }
        if !self.gate_file.is_empty() {
            file.gate_file.clone_from(&self.gate_file);
        }
        put(&self.orders, &mut file.orders);
        put(&self.patience, &mut file.patience);
        put(&self.expect, &mut file.expect);
        // One order or many: what is said here counts.
        if self.order.is_some() {
            file.order.clone_from(&self.order);
            file.orders = self.orders.as_ref().map(said);
        } else if self.orders.is_some() {
            file.order = None;
        }
        file.order_seed = self.order_seed.or(file.order_seed);
        file.replays = self.replays.or(file.replays);
    }
}

/// The plan of the gate, with its order, where there is to be one.
pub(super) fn plan(
    config: &Config,
    interrupted: &AtomicBool,
    wrong: &dyn Fn(ConfigError) -> anyhow::Error,
) -> anyhow::Result<Option<GatePlan>> {
    let Some(mut plan) = GatePlan::of(config).map_err(wrong)? else { return Ok(None) };
    if let Some(path) = &config.order {
        let text = read_bounded(path, interrupted)?;
        let order = step::parse(&text).with_context(|| path.display().to_string())?;
        plan.order = Some(order);
    }
    Ok(Some(plan))
}

/// Whether this race can be run behind the gate.
pub(super) fn check(gate: &GatePlan, plan: &RacePlan) -> Result<(), ConfigError> {
    gate.check(plan)
}

pub(super) fn execute(
    gate: &GatePlan,
    plan: &RacePlan,
    asked: &Asked<'_>,
    lang: Lang,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
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
    let gated = gate::run(plan, gate, interrupted, &mut tell);
    let gated = gated.map_err(|error| match error {
        GateError::File { .. } => anyhow::Error::new(error).context("--gate-file"),
        other => anyhow::Error::new(other).context("--gate"),
    })?;
    let why = gated.why.as_ref().map(|why| match why {
        Why::Target(trouble) => shown(&whole(trouble, lang)).into_owned(),
        other => text::why_line(other, &gated, lang),
    });
    let mut outputs = Outputs::new(interrupted);
    let full = gated.shown.as_ref().and_then(|judged| judged.shown.as_ref());
    if let (Some(path), Some(full)) = (asked.history, full) {
        outputs.note(path, history::write(&full.history, path, interrupted));
    }
    if let Some(path) = &asked.pictures.html {
        outputs.note(path, gate_page::write(plan, gate, &gated, why.as_deref(), lang, path, interrupted));
    }
    if let (Some(path), Some(full)) = (&asked.pictures.trace, full) {
        outputs.note(path, trace::write(&full.history, &full.verdict, path, interrupted));
    }
    if asked.json {
        print_json(&gate_json::of_gate(plan, gate, &gated, &outputs.failures()), interrupted)?;
    } else if speaks {
        print(&text::of_gate(gate, &gated, why.as_deref(), lang, table_columns()), interrupted)?;
    } else {
        let why = why.map(|why| format!("  {why}\n"));
        print(&format!("{}\n{}", gated.ruling, why.unwrap_or_default()), interrupted)?;
    }
    let expected =
        gate.expect.filter(|_| gated.why != Some(Why::Interrupted) && gated.ruling != Ruling::Unknown);
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
