//! The command `ticketsim`: parse, call, print, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use ticketsim::cli::{Cli, Exit, complain, execute};

fn main() -> ExitCode {
    // clap prints help and usage errors, and exits with 0 or 2.
    let cli = Cli::parse();
    let exit = execute(cli).unwrap_or_else(|error| {
        complain(&error);
        Exit::Failed
    });
    exit.into()
}
