//! `ticketsim completions SHELL` and `ticketsim man`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Exit, print};

/// `ticketsim completions SHELL`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ticketsim", &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(Exit::Sound)
}

pub(super) fn man() -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    print(&String::from_utf8(page)?)?;
    Ok(Exit::Sound)
}
