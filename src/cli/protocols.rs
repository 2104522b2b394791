//! `ticketsim protocols`: the catalogue.

use std::sync::atomic::AtomicBool;

use clap::Args;

use super::Exit;
use super::explore::store;
use super::print::{print, print_json};
use super::work::unless_interrupted;
use crate::lang::Lang;
use crate::protocol::StoreKind;
use crate::protocol::catalogue::{self, Case, Entry};
use crate::report::protocols::{Counted, json, list, text};

/// `ticketsim protocols`.
#[derive(Debug, Args)]
#[command(after_help = "\
A name stands for steps and a lock wherever --protocol is taken: in a run, explore, replay and step.
`ticketsim matrix --protocols` runs those of files for real, each beside its control.")]
pub(super) struct ProtocolsArgs {
    /// One of them: its steps, what goes wrong, where it is met, how it is mended, the commands to see it
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// As it is at this store: sqlite, postgres, mysql or redis
    #[arg(long, value_name = "STORE", value_parser = store, requires = "name")]
    store: Option<StoreKind>,
    /// Print one list of JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(args: &ProtocolsArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let cases = args.cases()?;
    if args.json {
        let all = unless_interrupted(interrupted, move || {
            let counted: Vec<Counted> =
                cases.into_iter().map(|(entry, case)| Counted::of(entry, case)).collect();
            json(&counted)
        })?;
        print_json(&all, interrupted)?;
        return Ok(Exit::Sound);
    }
    let shown = match cases.first().filter(|_| args.name.is_some()) {
        Some((entry, case)) => {
            let (entry, case) = (*entry, *case);
            unless_interrupted(interrupted, move || text(&Counted::of(entry, case), lang))?
        }
        None => list(lang),
    };
    print(&shown, interrupted)?;
    Ok(Exit::Sound)
}

impl ProtocolsArgs {
    /// What was asked for: every entry at each of its stores, or one; at one store, if that is named.
    fn cases(&self) -> anyhow::Result<Vec<(&'static Entry, &'static Case)>> {
        let of = |entry: &'static Entry| entry.cases.iter().map(move |case| (entry, case));
        let Some(name) = &self.name else { return Ok(catalogue::all().flat_map(of).collect()) };
        let entry = catalogue::entry(name)?;
        match self.store {
            Some(_) => Ok(vec![(entry, entry.case(self.store)?)]),
            None => Ok(of(entry).collect()),
        }
    }
}
