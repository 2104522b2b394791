//! How buyers are run that are held before each step.

use clap::Args;

use super::closed;
use crate::plan::Workers;

/// How buyers are run that are held before each step.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct WorkersArgs {
    /// What each buyer is; those of one process share a POSIX lock
    #[arg(long, value_name = "KIND", default_value = "process", value_parser = closed::<Workers>(Workers::IN_STEPS))]
    pub(super) workers: Workers,
}
