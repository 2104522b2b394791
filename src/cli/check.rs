//! `ticketsim check HISTORY…`: the verdict on histories that anybody made.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::Exit;
use super::judging::{JudgeArgs, Judged};
use super::print::{complain, note, print, print_json};
use super::was_given_up;
use super::work::unless_interrupted;
use crate::history::{self, History, ReadError};
use crate::lang::{Lang, order as say};
use crate::report::check::Checked;
use crate::streams::Patient;

/// `ticketsim check`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A history is a file of JSON lines: an optional header, then a purchase on each line. \
The same purchases as Jepsen's events are recognised by themselves.

  {\"history_version\":1,\"initial\":2}
  {\"buyer\":\"ann\",\"invoke_ns\":10,\"return_ns\":25,\"outcome\":\"bought\",\"stock\":2}
  {\"buyer\":\"bob\",\"invoke_ns\":12,\"return_ns\":40,\"outcome\":\"bought\",\"stock\":1}
  {\"buyer\":\"cy\",\"invoke_ns\":41,\"return_ns\":50,\"outcome\":\"refused\"}

The outcome is bought, refused, failed (it had no effect), or unknown (no answer ever came; no return_ns). \
The stock, the value that a ticket was sold from, may be left out.

Exit code: 0 all are sound, 1 one is unsound, 2 one could not be read or judged.")]
pub(super) struct CheckArgs {
    /// Files of JSON lines; - is standard input
    #[arg(required = true, value_name = "HISTORY")]
    histories: Vec<PathBuf>,
    #[command(flatten)]
    judging: JudgeArgs,
    /// Print one JSON document a history, each on a line, instead of text
    #[arg(long)]
    json: bool,
}

/// Judges each history. One that can't be read is told, and the others are judged all the same. An interrupt
/// ends it after the history that is being judged; how far it came is said.
pub(super) fn execute(args: &CheckArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let mut worst = Exit::Sound;
    for (path, place) in args.histories.iter().zip(0..) {
        let history = read(path, interrupted);
        if interrupted.load(Ordering::Relaxed) {
            note(say::check_interrupted(lang, place, args.histories.len()), interrupted);
            return Ok(Exit::Interrupted);
        }
        let exit = match history {
            Ok(history) => match check(path, history, args, lang, place == 0, interrupted) {
                Err(error) if was_given_up(&error) => {
                    note(say::check_interrupted(lang, place, args.histories.len()), interrupted);
                    return Ok(Exit::Interrupted);
                }
                exit => exit?,
            },
            Err(error) => {
                complain(&error.into(), interrupted);
                Exit::Failed
            }
        };
        worst = match (worst, exit) {
            (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
            (Exit::Unsound, _) | (_, Exit::Unsound) => Exit::Unsound,
            _ => exit,
        };
    }
    Ok(if interrupted.load(Ordering::Relaxed) { Exit::Interrupted } else { worst })
}

/// Reads a history from a file; `-` is standard input.
pub(super) fn read(path: &Path, interrupted: &AtomicBool) -> Result<History, ReadError> {
    if path == Path::new("-") {
        let stdin = Patient::new(std::io::stdin().lock(), interrupted);
        history::read(BufReader::with_capacity(1 << 16, stdin), "standard input")
    } else {
        history::read_file(path, interrupted)
    }
}

fn check(
    path: &Path,
    mut history: History,
    args: &CheckArgs,
    lang: Lang,
    first: bool,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let judging = args.judging.clone();
    let judged = unless_interrupted(interrupted, move || {
        let judged = judging.judge(&mut history);
        (history, judged)
    });
    let (history, judged) = judged?;
    let Judged { verdict, initial_from, notes } = judged?;
    let name = path.to_string_lossy();
    let checked = Checked { name: &name, history: &history, verdict: &verdict, initial_from, notes: &notes };
    if args.json {
        print_json(&checked.json(), interrupted)?;
    } else {
        let gap = if first { "" } else { "\n" };
        print(&format!("{gap}{}", checked.text(lang)), interrupted)?;
    }
    Ok(verdict.ruling.into())
}
