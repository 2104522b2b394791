//! `ticketsim schedule`: the schedule that a recorded history followed.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::outputs::{check_outputs, kept_of};
use super::print::{note, print};
use super::work::unless_interrupted;
use super::wrong::{Saying as _, wrong};
use crate::foreign;
use crate::lang::errors::inputs;
use crate::lang::{Lang, replay as say};
use crate::report::replay::MOST_STEPS;
use crate::schedule::{ScheduleFile, SchedulePlan, followed};
use crate::shell::shell_quoted_path;

/// `ticketsim schedule`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The schedule stands alone on stdout, the command that replays it on stderr:
  ticketsim --buyers 3 --tickets 1 --no-lock --history race.jsonl
  ticketsim schedule race.jsonl -o race.json
  ticketsim replay --from race.json")]
pub(super) struct ScheduleArgs {
    /// A history that ticketsim wrote with --history; `-` is standard input
    history: PathBuf,
    /// Write a schedule file, with the plan, for `replay --from`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn execute(args: &ScheduleArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let path = &args.history;
    let history = super::check::read(path, interrupted)?;
    check_outputs(&kept_of(path, &history), args.output.as_deref())?;
    let worked = unless_interrupted(interrupted, move || {
        let steps = followed(&history);
        (history, steps)
    });
    let (history, steps) = worked?;
    let steps = steps.with_context(|| path.display().to_string())?;
    let plan = history.header.plan.as_ref().ok_or_else(|| wrong(inputs::no_plan))?;
    print(&format!("{steps}\n"), interrupted)?;
    plan.check().saying(|lang| inputs::not_replayable(lang, path.display()))?;
    let command = match &args.output {
        Some(output) => {
            let plan = SchedulePlan { engine: history.header.engine.clone(), ..SchedulePlan::new(plan) };
            ScheduleFile::new(plan, steps).write(output, interrupted)?;
            note(say::written(lang, foreign::path(output)), interrupted);
            Some(format!("ticketsim replay --from {}", shell_quoted_path(output)))
        }
        None if steps.0.len() > MOST_STEPS => None,
        None => Some(plan.replay_command(&steps.to_string(), steps.buyers())),
    };
    note(command.map_or_else(|| say::too_long(lang), |command| say::to_replay(lang, command)), interrupted);
    Ok(Exit::Sound)
}
