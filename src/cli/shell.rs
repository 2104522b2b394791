//! `ticketsim completions SHELL` and `ticketsim man`.

use std::sync::atomic::AtomicBool;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::print::print;
use super::{Cli, Exit};

/// `ticketsim completions SHELL`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ticketsim", &mut script);
    print(&String::from_utf8(script)?, interrupted)?;
    Ok(Exit::Sound)
}

pub(super) fn man(interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    print(&String::from_utf8(page)?, interrupted)?;
    Ok(Exit::Sound)
}
