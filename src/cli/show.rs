//! `ticketsim show`: the tickets left.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::Exit;
use super::print::{print, print_json};
use crate::foreign;
use crate::lang::{Lang, run as say};
use crate::plan::Plan;
use crate::store::file::ticket;

/// `ticketsim show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The ticket file
    #[arg(long, value_name = "PATH", default_value = Plan::DEFAULT_FILE)]
    file: PathBuf,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(args: &ShowArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let stock = ticket::load(&args.file)?;
    if args.json {
        let file = args.file.to_string_lossy();
        let document = serde_json::json!({ "schema_version": 1, "file": file, "remaining": stock });
        print_json(&document.to_string(), interrupted)?;
    } else {
        let tickets = lang.tickets(stock);
        print(&format!("{}\n", say::left_in(lang, tickets, foreign::path(&args.file))), interrupted)?;
    }
    Ok(Exit::Sound)
}
