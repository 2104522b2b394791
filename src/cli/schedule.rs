//! `ticketsim schedule`: the schedule that a recorded history followed.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::{Exit, print};
use crate::history;
use crate::lang::{Lang, replay as say};
use crate::plan::shell_quoted;
use crate::report::replay::MOST_STEPS;
use crate::schedule::{ScheduleFile, SchedulePlan, followed};

/// `ticketsim schedule`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The schedule stands alone on stdout, the command that replays it on stderr:
  ticketsim --buyers 3 --tickets 1 --no-lock --history race.jsonl
  ticketsim schedule race.jsonl -o race.json
  ticketsim replay --from race.json")]
pub(super) struct ScheduleArgs {
    /// A history that ticketsim wrote with --history
    history: PathBuf,
    /// Write a schedule file, with the plan, for `replay --from`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn execute(args: &ScheduleArgs, lang: Lang) -> anyhow::Result<Exit> {
    let path = &args.history;
    let history = history::read_file(path)?;
    let steps = followed(&history).with_context(|| path.display().to_string())?;
    let plan = history.header.plan.as_ref().context("the history holds no plan")?;
    print(&format!("{steps}\n"))?;
    let command = match &args.output {
        Some(output) => {
            ScheduleFile::new(SchedulePlan::new(plan), steps).write(output)?;
            note(&say::written(lang, output.display()));
            Some(format!("ticketsim replay --from {}", shell_quoted(&output.to_string_lossy())))
        }
        None if steps.0.len() > MOST_STEPS => None,
        None => Some(plan.replay_command(&steps.to_string(), steps.buyers())),
    };
    note(&command.map_or_else(|| say::too_long(lang), |command| say::to_replay(lang, command)));
    Ok(Exit::Sound)
}

/// A word aside, on stderr: the schedule has stdout for itself.
fn note(text: &str) {
    // With stderr closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "{text}");
}
