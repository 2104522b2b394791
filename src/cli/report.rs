//! `ticketsim report HISTORY`: shows a history, whoever made it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::Exit;
use super::judging::{JudgeArgs, Judged};
use super::outputs::{Outputs, check_outputs, kept_of};
use super::pictures::{PictureArgs, in_terminal};
use super::print::print;
use super::reading::{self, ReadArgs};
use super::work::unless_interrupted;
use crate::foreign;
use crate::lang::{Lang, timeline as say};
use crate::report::check::{Checked, Note};
use crate::report::page::timeline::MOST_PURCHASES;
use crate::report::text;

/// `ticketsim report`.
#[derive(Debug, Args)]
#[command(after_help = "\
What a history looks like is said by `ticketsim check --help`; `--history PATH` on a run writes one.
Exit code: 0 it is sound, 1 it is unsound, 2 it could not be read, judged or written.")]
pub(super) struct ReportArgs {
    /// A file; - is standard input
    #[arg(value_name = "HISTORY")]
    history: PathBuf,
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

pub(super) fn execute(args: ReportArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let (mut history, said) = reading::read(&args.history, &args.reading.reading()?, interrupted)?;
    let judging = args.judging.clone();
    let judged = unless_interrupted(interrupted, move || {
        let judged = judging.judge(&mut history);
        (history, judged)
    });
    let (history, judged) = judged?;
    let Judged { verdict, initial_from, mut notes } = judged?;
    notes.splice(0..0, said.into_iter().map(Note::Read));
    let pictures = PictureArgs { html: args.output, trace: args.trace };
    check_outputs(&kept_of(&args.history, &history), pictures.paths())?;
    let mut outputs = Outputs::new(interrupted);
    pictures.draw(&history, &verdict, &mut outputs);
    let picture = in_terminal(&history, lang);
    let not_drawn = picture.is_empty() && pictures.paths().next().is_none();
    let mut said = picture.strip_prefix('\n').unwrap_or_default().to_owned();
    if !said.is_empty() {
        said.push('\n');
    }
    let name = args.history.to_string_lossy();
    let checked = Checked { name: &name, history: &history, verdict: &verdict, initial_from, notes: &notes };
    said.push_str(&checked.start(lang));
    said.push_str(&text::verdict_lines(&history, &verdict, lang));
    for path in pictures.paths().filter(|path| !outputs.failed(path)) {
        let _ = writeln!(said, "{}", text::styled(text::ASIDE, say::wrote(lang, foreign::path(path))));
    }
    if not_drawn && !history.purchases.is_empty() {
        let why = if history.purchases.len() > MOST_PURCHASES {
            say::too_large(lang)
        } else {
            say::too_narrow(lang)
        };
        let _ = writeln!(said, "{}", text::styled(text::ASIDE, why));
    }
    print(&said, interrupted)?;
    Ok(outputs.exit(verdict.ruling.into()))
}
