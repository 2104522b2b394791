//! `ticketsim report HISTORY`: shows a history of any program, or several, one above the other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::Exit;
use super::judging::{JudgeArgs, Judged};
use super::outputs::{Outputs, check_outputs, kept_of};
use super::pictures::{PictureArgs, in_terminal};
use super::print::print;
use super::reading::{self, ReadArgs};
use super::work::unless_interrupted;
use super::wrong::ensure;
use crate::foreign;
use crate::history::History;
use crate::lang::errors::together;
use crate::lang::{Lang, timeline as say};
use crate::report::check::{Checked, Note};
use crate::report::page::html;
use crate::report::page::timeline::MOST_PURCHASES;
use crate::report::text;

/// More than these are no comparison.
const MOST_HISTORIES: usize = 4;

/// `ticketsim report`.
#[derive(Debug, Args)]
#[command(after_help = "\
What a history looks like is said by `ticketsim check --help`; `--history PATH` on a run writes one.
Several histories come onto one page, one above the other on one time scale.
Exit code: 0 all are sound, 1 one is unsound, 2 one could not be read, judged or written.")]
pub(super) struct ReportArgs {
    /// Files, each a history; - is standard input
    #[arg(value_name = "HISTORY", required = true, num_args = 1..=MOST_HISTORIES)]
    histories: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadArgs,
    /// Write a page that shows it: one HTML file that needs nothing else
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write a trace for ui.perfetto.dev or chrome://tracing
    #[arg(long, value_name = "PATH")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    judging: JudgeArgs,
}

/// A history that was read and judged.
struct Shown {
    history: History,
    judged: Judged,
}

pub(super) fn execute(args: ReportArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let several = args.histories.len() > 1;
    ensure(!several || args.output.is_some(), together::page_of_several)?;
    ensure(!several || args.trace.is_none(), together::trace_of_one)?;
    let from_stdin = args.histories.iter().filter(|path| *path == Path::new("-")).count();
    ensure(from_stdin < 2, together::stdin_twice)?;
    let mut shown = Vec::new();
    for path in &args.histories {
        shown.push((path, read(&args, path, interrupted)?));
    }
    let pictures = PictureArgs { html: args.output, trace: args.trace };
    let kept: Vec<PathBuf> = shown.iter().flat_map(|(path, shown)| kept_of(path, &shown.history)).collect();
    check_outputs(&kept, pictures.paths())?;
    let mut outputs = Outputs::new(interrupted);
    let runs: Vec<_> = shown.iter().map(|(_, shown)| (&shown.history, &shown.judged.verdict)).collect();
    match (runs.as_slice(), &pictures.html) {
        ([(history, verdict)], _) => pictures.draw(history, verdict, lang, &mut outputs),
        (runs, Some(path)) => outputs.note(path, html::write(runs, lang, path, interrupted)),
        _ => {}
    }
    let mut said = String::new();
    for (path, one) in &shown {
        let gap = if said.is_empty() { "" } else { "\n" };
        said.push_str(gap);
        said.push_str(&words(path, one, &pictures, lang));
    }
    for path in pictures.paths().filter(|path| !outputs.failed(path)) {
        let _ = writeln!(said, "{}", text::styled(text::ASIDE, say::wrote(lang, foreign::path(path))));
    }
    print(&said, interrupted)?;
    let exits = shown.iter().map(|(_, shown)| Exit::from(shown.judged.verdict.ruling));
    Ok(outputs.exit(exits.fold(Exit::Sound, Exit::worse)))
}

/// Reads one history, and judges it.
fn read(args: &ReportArgs, path: &Path, interrupted: &AtomicBool) -> anyhow::Result<Shown> {
    let (mut history, said) = reading::read(path, &args.reading.reading()?, interrupted, &mut |_, _| ())?;
    let judging = args.judging.clone();
    let judged = unless_interrupted(interrupted, move || {
        let judged = judging.judge(&mut history);
        (history, judged)
    });
    let (history, judged) = judged?;
    let mut judged = judged?;
    judged.notes.splice(0..0, said.into_iter().map(Note::Read));
    Ok(Shown { history, judged })
}

/// What is said of one history: its picture if it is small, what was read, and the verdict.
fn words(path: &Path, shown: &Shown, pictures: &PictureArgs, lang: Lang) -> String {
    let Shown { history, judged: Judged { verdict, initial_from, notes } } = shown;
    let picture = in_terminal(history, lang);
    let not_drawn = picture.is_empty() && pictures.paths().next().is_none();
    let mut said = picture.strip_prefix('\n').unwrap_or_default().to_owned();
    if !said.is_empty() {
        said.push('\n');
    }
    let name = path.to_string_lossy();
    let checked = Checked { name: &name, history, verdict, initial_from: *initial_from, notes };
    said.push_str(&checked.start(lang));
    said.push_str(&text::verdict_lines(history, verdict, lang));
    if not_drawn && !history.purchases.is_empty() {
        let why = if history.purchases.len() > MOST_PURCHASES {
            say::too_large(lang)
        } else {
            say::too_narrow(lang)
        };
        let _ = writeln!(said, "{}", text::styled(text::ASIDE, why));
    }
    said
}
