//! `ticketsim show`: the tickets left; `ticketsim clear`: a sale's tables or keys are removed.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::Exit;
use super::print::{print, print_json};
use super::store::StoreArgs;
use super::wrong::wrong;
use crate::foreign;
use crate::lang::errors::together;
use crate::lang::{Lang, run as say};
use crate::plan::Plan;
use crate::store::file::ticket;

/// `ticketsim show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The ticket file
    #[arg(long, value_name = "PATH", default_value = Plan::DEFAULT_FILE, conflicts_with = "store")]
    file: PathBuf,
    #[command(flatten)]
    place: StoreArgs,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(args: &ShowArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let (member, place, stock) = match args.place.shop()? {
        Some((address, shop)) => ("store", address, shop.count()?),
        None => ("file", args.file.to_string_lossy().into_owned(), ticket::load(&args.file)?),
    };
    if args.json {
        let document = serde_json::json!({ "schema_version": 1, member: place, "remaining": stock });
        print_json(&document.to_string(), interrupted)?;
    } else {
        let tickets = lang.tickets(stock);
        print(&format!("{}\n", say::left_in(lang, tickets, foreign::shown(&place))), interrupted)?;
    }
    Ok(Exit::Sound)
}

/// `ticketsim clear`.
#[derive(Debug, Args)]
pub(super) struct ClearArgs {
    #[command(flatten)]
    place: StoreArgs,
}

/// Removes the tables, or the keys, of a sale, and nothing else.
pub(super) fn clear(args: &ClearArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let (address, store) = args.place.shop()?.ok_or_else(|| wrong(together::clear_where))?;
    let (sale, address) = (&args.place.sale, foreign::shown(&address).into_owned());
    let said = if store.close()? {
        say::cleared(lang, sale, address)
    } else {
        say::nothing_to_clear(lang, sale, address)
    };
    print(&format!("{said}\n"), interrupted)?;
    Ok(Exit::Sound)
}
