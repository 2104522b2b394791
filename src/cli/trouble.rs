//! The options that disturb a lock on a ticket file: buyers without a lock, one inherited open file for all, a lockfile
//! that expires, or one that a dead process left behind.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::duration::{duration, nanoseconds};
use super::number::natural_32;
use super::wrong::ensure;
use crate::lang::errors::together;
use crate::protocol::file::FileChoices;

/// What makes trouble for the lock.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Trouble for the lock")]
pub(super) struct TroubleArgs {
    /// The first N buyers take no lock
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        value_parser = natural_32,
        conflicts_with = "protocol"
    )]
    rogue: u32,
    /// The launcher opens the lock's file, and all buyers inherit it over fork(2)
    #[arg(long, conflicts_with = "protocol")]
    inherit: bool,
    /// How long a lockfile, or a lease at Redis, lives before it is taken over (--lock lease), or its holder is taken for dead by
    /// break-stale, e.g. 50ms [default: 10s for --lock lease]
    #[arg(long, value_name = "DUR", value_parser = duration, conflicts_with = "protocol")]
    pub(super) lease: Option<Duration>,
    /// A lockfile of a process that is dead is there when the sale begins
    #[arg(long, conflicts_with = "protocol")]
    stale: bool,
}

impl TroubleArgs {
    /// The choices with this trouble.
    ///
    /// # Errors
    /// When they can't have it.
    pub(super) fn onto(self, choices: FileChoices) -> anyhow::Result<FileChoices> {
        let Self { rogue: rogues, inherit, lease, stale } = self;
        let lease_ns = lease.map(nanoseconds);
        let choices = FileChoices { rogues, inherit, lease_ns, stale, ..choices };
        let given = [
            (rogues > 0, "--rogue"),
            (inherit, "--inherit"),
            (lease.is_some(), "--lease"),
            (stale, "--stale"),
        ];
        let options: Vec<&str> =
            given.into_iter().filter(|(given, _)| *given).map(|(_, option)| option).collect();
        if options.is_empty() { Ok(choices.checked()?) } else { choices.checked().context(options.join(" ")) }
    }

    /// Rejects options that only a ticket file has; leases are not rejected where the store has some.
    ///
    /// # Errors
    /// When one of them was given.
    pub(super) fn none_at_a_database(self, has_leases: bool) -> anyhow::Result<()> {
        for (option, given) in [
            ("--rogue", self.rogue > 0),
            ("--inherit", self.inherit),
            ("--lease", self.lease.is_some() && !has_leases),
            ("--stale", self.stale),
        ] {
            ensure(!given, |lang| together::of_a_file(lang, option))?;
        }
        Ok(())
    }
}
