//! The command `ticketsim`: everything is behind [`ticketsim::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ticketsim::cli::run().into()
}
