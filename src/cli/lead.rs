//! `ticketsim lead`: one sale on several hosts.

use std::net::TcpListener;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::number::up_to;
use super::print::note;
use super::run::{RunArgs, sell};
use super::said::said;
use super::wrong::Saying as _;
use crate::foreign::shown;
use crate::hosts::{DEFAULT_PORT, LeadError, Leading, Token, Told, lead};
use crate::lang::errors::inputs;
use crate::lang::{Lang, hosts as say};
use crate::plan::Plan;

/// `ticketsim lead`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
On one host, and on each of the others:

  ticketsim lead --listen 0.0.0.0 --hosts 3 --store postgres://db/shop -n 300 -t 100
  TICKETSIM_TOKEN=… ticketsim join LEAD

The sale goes over the store that all of them reach; lead and hosts only start, gather and judge. In a database or at \
Redis the lead puts the tickets on sale, and says in the end what is left. A ticket file on a shared folder each host \
has under a path of its own (join --via PATH): the first host puts its tickets on sale, and the lead need not see it. \
Before anything is sold every host has to see a number that was put there, so that all sell from one stock. A password \
in --store stays here: a host that needs one says itself where the store is, with join --store, and what that leaves \
open comes from where the engine's client looks.

Clocks are measured before and after the sale; how far each may be wrong is said, and taken into account: a purchase \
came before another one only where that holds whatever the clocks' error is.

A host that is lost ends nothing: the others go on, and what it may have bought is unknown. When the lead ends, however \
it does, the buyers of all hosts end within a second. Connections are not encrypted: across a network that is not \
yours, take a tunnel (ssh -L).

race and matrix are of one host; --restocks, --inherit, --lock of several kinds and --workers sequential, too.

Exit code: as of a run. 0 the sale was sound, 1 a race was caught, 2 it could not be run or judged, 130 interrupted.")]
pub(super) struct LeadArgs {
    /// How many hosts are to join
    #[arg(long, value_name = "N", value_parser = up_to::<{ Plan::MOST_HOSTS }>, allow_negative_numbers = true)]
    hosts: u32,
    /// Where to wait for them: an address of this host, with a port or without; 0.0.0.0 is all of them
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7171")]
    listen: String,
    /// What hosts have to know to join, 16 characters or more [default: TICKETSIM_TOKEN, or one that is drawn, and shown]
    #[arg(long, value_name = "TEXT")]
    token: Option<String>,
    #[command(flatten)]
    run: RunArgs,
}

/// The token of a command: that of its option, or of the environment, which other users can't read.
pub(super) fn given_token(option: Option<&str>) -> Option<String> {
    option
        .map(str::to_owned)
        .or_else(|| std::env::var("TICKETSIM_TOKEN").ok().filter(|token| !token.is_empty()))
}

/// An address with a port.
pub(super) fn with_port(address: &str) -> String {
    let is_whole = address.rsplit_once(':').is_some_and(|(host, port)| {
        port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
    });
    match (is_whole, address.contains(':') && !address.contains('[')) {
        (true, _) => address.to_owned(),
        // IPv6 without brackets.
        (false, true) => format!("[{address}]:{DEFAULT_PORT}"),
        (false, false) => format!("{address}:{DEFAULT_PORT}"),
    }
}

pub(super) fn execute(args: &LeadArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let plan = Plan { hosts: args.hosts, ..args.run.plan()? };
    plan.check()?;
    let given = given_token(args.token.as_deref());
    let text = given.clone().unwrap_or_else(Token::drawn);
    let token = Token::new(&text).context("--token")?;
    let address = with_port(&args.listen);
    let listener = TcpListener::bind(&address).saying(|lang| inputs::not_listened_at(lang, &address))?;
    sell(&args.run, &plan, lang, interrupted, |begin, progress| {
        let at = listener.local_addr().context("--listen")?;
        let host = if at.ip().is_unspecified() { say::this_host(lang) } else { at.ip().to_string() };
        let host = if at.is_ipv6() && !at.ip().is_unspecified() { format!("[{host}]") } else { host };
        let command = format!("ticketsim join {host}:{}", at.port());
        let command = if given.is_some() { command } else { format!("TICKETSIM_TOKEN={text} {command}") };
        note(say::waiting(lang, at, args.hosts, command), interrupted);
        let leading = Leading {
            listener,
            token,
            interrupted,
            tell: &mut |told| note(told_in_words(&told, lang), interrupted),
            begin,
            progress,
        };
        match lead(&plan, leading) {
            Ok(sold) => Ok(Some(sold)),
            Err(LeadError::Interrupted) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
}

fn told_in_words(told: &Told<'_>, lang: Lang) -> String {
    match told {
        Told::Joined { name, address, there: (there, all) } => say::joined(lang, name, address, there, all),
        Told::LeftAgain { name, why } => say::left_again(lang, name, shown(&said(*why, lang))),
        Told::Lost { name, why } => say::lost(lang, name, shown(&said(*why, lang))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        for (given, whole) in [
            ("db", "db:7171"),
            ("db:1", "db:1"),
            ("10.0.0.1", "10.0.0.1:7171"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("::1", "[::1]:7171"),
            ("[::1]", "[::1]:7171"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(with_port(given), whole);
        }
    }
}
