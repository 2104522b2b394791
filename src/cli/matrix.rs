//! `ticketsim matrix`: which locks hold, here?

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::number::up_to;
use super::outputs::{Outputs, check_outputs};
use super::print::{print, print_json};
use super::progress::When;
use super::{Exit, closed};
use crate::grade::{Combination, Named, Row, Subject};
use crate::history::write_whole;
use crate::lang::Lang;
use crate::matrix::{BUYERS, Matrix, MatrixPlan, MatrixWatch, THINK, TICKETS, run_matrix};
use crate::paths::temporary_folder_in;
use crate::plan::Workers;
use crate::protocol::file::{Lock, Write};
use crate::report::matrix::{self, Trial};
use crate::shell::shell_quoted_path;
use crate::streams::write_if_ready;

/// Trials of a row unless told otherwise.
const TRIALS: u32 = 5;

/// `ticketsim matrix`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exit code: 0 every row is as documented, 1 a row is not, 2 a row could not be judged or run, 130 interrupted.")]
pub(super) struct MatrixArgs {
    /// Trials of each row
    #[arg(long, value_name = "N", default_value_t = TRIALS, value_parser = up_to::<100_000>)]
    trials: u32,
    /// The protocols of ticket files instead (`ticketsim protocols`), each beside the one it is compared with
    #[arg(long, conflicts_with_all = ["workers", "lock", "write"])]
    protocols: bool,
    /// These kinds of workers alone, separated by commas
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = closed::<Workers>(Workers::ALL))]
    workers: Vec<Workers>,
    /// These kinds of locks alone (and none, as the control) [default: those of the manual pages]
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = closed::<Lock>(Lock::ALL))]
    lock: Vec<Lock>,
    /// These kinds of writes alone
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = closed::<Write>(Write::ALL))]
    write: Vec<Write>,
    /// Sell from files in this folder: do the locks of its filesystem work? [default: the system's
    /// folder for temporary files]
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
    /// Seed of the think times [default: drawn]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print one JSON document instead of text
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown instead of text
    #[arg(long)]
    markdown: bool,
    /// Write one self-contained HTML page, too
    #[arg(long, value_name = "PATH")]
    html: Option<PathBuf>,
    /// How progress is shown, on stderr
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = closed::<When>(When::ALL))]
    progress: When,
}

impl MatrixArgs {
    fn subjects(&self) -> Vec<Subject> {
        if self.protocols {
            return Named::all().into_iter().map(Subject::Protocol).collect();
        }
        let (workers, locks) = (named(&self.workers, Workers::ALL), named(&self.lock, Lock::USUAL));
        let combinations = Combination::all(workers, locks, named(&self.write, Write::ALL));
        combinations.into_iter().map(Subject::Combination).collect()
    }

    /// The command that makes the same matrix.
    fn command(&self, seed: u64) -> String {
        fn list<T: std::fmt::Display>(option: &str, members: &[T]) -> Option<String> {
            let names: Vec<String> = members.iter().map(T::to_string).collect();
            (!names.is_empty()).then(|| format!("{option} {}", names.join(",")))
        }
        let dir = self.dir.as_deref().map(|dir| format!("--dir {}", shell_quoted_path(dir)));
        let options = [
            Some(format!("ticketsim matrix --trials {}", self.trials)),
            self.protocols.then(|| "--protocols".to_owned()),
            list("--workers", &self.workers),
            list("--lock", &self.lock),
            list("--write", &self.write),
            dir,
            Some(format!("--seed {seed}")),
        ];
        options.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The members that were named; all of them if none was.
fn named<'a, T>(members: &'a [T], all: &'a [T]) -> &'a [T] {
    if members.is_empty() { all } else { members }
}

pub(super) fn execute(args: &MatrixArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    check_outputs(&[], args.html.as_deref())?;
    let folder = folder_in(args.dir.as_deref())?;
    // 32 bits, so that a seed can be read out and typed.
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let plan =
        MatrixPlan { subjects: args.subjects(), trials: args.trials, folder: folder.path().to_owned(), seed };
    let mut progress = Progress::new(&plan, args.progress);
    let mut watch = MatrixWatch { interrupted, progress: &mut |number, row| progress.draw(number, row) };
    let Matrix { rows, interrupted: cut } = run_matrix(&plan, &mut watch);
    progress.clear();
    let think_ns = u64::try_from(THINK.as_nanos()).unwrap_or(u64::MAX);
    let trial =
        Trial { trials: args.trials, buyers: BUYERS, tickets: TICKETS, think_ns, seed, rows_planned: cut };
    let mut outputs = Outputs::new(interrupted);
    if let Some(path) = &args.html {
        let page = matrix::html(&rows, &trial, &args.command(seed), lang)?;
        outputs.note(path, write_whole(path, interrupted, |file| file.write_all(page.as_bytes())));
    }
    if args.json {
        print_json(&matrix::json(&rows, &trial, &outputs.failures), interrupted)?;
    } else {
        let width = terminal_size::terminal_size().map(|(width, _)| width.0);
        let text = if args.markdown {
            matrix::markdown(&rows, &trial, lang)
        } else {
            matrix::text(&rows, &trial, width, lang)
        };
        print(&text, interrupted)?;
    }
    Ok(outputs.exit(if cut.is_some() { Exit::Interrupted } else { exit(&rows) }))
}

/// A folder of its own, so that nothing that lies there is touched; removed in the end.
fn folder_in(dir: Option<&Path>) -> anyhow::Result<tempfile::TempDir> {
    let dir = dir.map_or_else(std::env::temp_dir, Path::to_owned);
    temporary_folder_in(&dir, "ticketsim-matrix-")
        .context("no folder can be made for the trials; --dir takes a folder that can be written")
}

fn exit(rows: &[Row]) -> Exit {
    if rows.iter().any(Row::contradicts) {
        Exit::Unsound
    } else if rows.iter().all(Row::as_documented) {
        Exit::Sound
    } else {
        Exit::Failed
    }
}

/// How often a plain line is printed.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// The progress of a matrix: a bar on a terminal, a line now and then elsewhere.
struct Progress {
    trials: u64,
    bar: Option<ProgressBar>,
    plain: bool,
    last: Instant,
}

impl Progress {
    fn new(plan: &MatrixPlan, when: When) -> Self {
        let trials = plan.subjects.len() as u64 * u64::from(plan.trials);
        let terminal = std::io::stderr().is_terminal();
        let bar = (when == When::Auto && terminal).then(|| {
            // It draws when told to, without a thread of its own: process buyers are forked from here.
            let bar = ProgressBar::with_draw_target(Some(trials), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{elapsed} {bar:30} {pos}/{len}  {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let plain = when == When::Plain || (when == When::Auto && !terminal);
        Self { trials, bar, plain, last: Instant::now() }
    }

    fn draw(&mut self, number: u64, row: Subject) {
        let row = match row {
            Subject::Combination(Combination { workers, lock, write, .. }) => {
                format!("{workers} {lock} {write}")
            }
            Subject::Protocol(named) => format!("{} {}", named.entry.name, named.variant.name),
        };
        if let Some(bar) = &self.bar {
            bar.set_message(row);
            bar.set_position(number);
        } else if self.plain && self.last.elapsed() >= PLAIN_EVERY {
            self.last = Instant::now();
            let line = format!("{number} of {} trials: {row}\n", self.trials);
            write_if_ready(std::io::stderr(), line.as_bytes());
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
