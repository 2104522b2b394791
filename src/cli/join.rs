//! `ticketsim join ADDRESS`: this host runs a share of another one's sale.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::lead::{given_token, with_port};
use super::print::print;
use super::wrong::wrong;
use crate::hosts::{HostResult, Joining, Shown, Token, join};
use crate::lang::errors::together;
use crate::lang::{Lang, hosts as say};
use crate::report::run::text;
use crate::report::words::ruling_name;

/// `ticketsim join`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
It shows what it is about to run, runs its share of the buyers, and sends what they did. It runs nothing but buyers of \
the lead's plan, and of a lead that knows the token. Where a ticket file or a SQLite file is on this host, it has to be \
told: no path of the lead's is used.

It connects to where the lead says that the store is, and takes nothing of this host's there: passwords and settings \
(PGPASSWORD, ~/.pgpass, ~/.my.cnf, REDISCLI_AUTH and so on) go to the address of --store alone. A lead that has the \
token can have this host run as many buyers as a run takes, at any such store that lets them in without a password.

Exit code: 0 the run was done (its result is the lead's), 2 it was turned away, or could not do its share, or lost its \
lead, 130 interrupted.")]
pub(super) struct JoinArgs {
    /// Where the lead is: HOST, or HOST:PORT
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// The lead's token [default: TICKETSIM_TOKEN]
    #[arg(long, value_name = "TEXT")]
    token: Option<String>,
    /// The ticket file of the sale, as it is called on this host; any number of names, among which buyers take turns
    #[arg(long, value_name = "PATH")]
    via: Vec<PathBuf>,
    /// The address of the store as this host reaches it, with its password [default: the lead's address, without one]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// What this host is called among the others [default: its name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn execute(args: &JoinArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let token = given_token(args.token.as_deref()).ok_or_else(|| wrong(together::no_token))?;
    let hostname = || nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let name = args.name.clone().or_else(hostname).unwrap_or_default();
    let mut printed = Ok(());
    let mut tell = |shown: Shown<'_>| {
        let text = match shown {
            Shown::Share { host, whole, share } => {
                let (first, buyers) = (share.first_buyer, share.plan.buyers);
                let last = first + buyers - 1;
                let share_line = say::share(lang, host, whole.hosts, first, last, whole.buyers);
                format!("{share_line}\n{}", text::plan_line(&share.plan, lang))
            }
            Shown::Sent(tally) => say::sent(lang, tally.bought, tally.refused, tally.failed) + "\n",
        };
        if printed.is_ok() {
            printed = print(&text, interrupted);
        }
    };
    let joining = Joining {
        address: &with_port(&args.address),
        token: Token::new(&token).context("--token")?,
        name: &name,
        via: args.via.clone(),
        store: args.store.as_deref(),
        interrupted,
        tell: &mut tell,
    };
    let result = join(joining);
    printed?;
    match result? {
        HostResult::Judged(ruling) => {
            print(&(say::result(lang, ruling_name(ruling, lang)) + "\n"), interrupted)?;
            Ok(Exit::Sound)
        }
        HostResult::Interrupted => Ok(Exit::Interrupted),
    }
}
