//! `ticketsim check HISTORY…`: the verdict on histories of any program.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::judging::{JudgeArgs, Judged};
use super::outputs::{Outputs, check_outputs};
use super::pictures::PictureArgs;
use super::print::{complain, note, print, print_json};
use super::progress::Checking;
use super::reading::{self, ReadArgs};
use super::sample::Sample;
use super::work::unless_interrupted_while;
use super::wrong::ensure;
use super::{Exit, closed, was_given_up};
use crate::history::{Format, History, ReadError, Reading, merge, write_whole};
use crate::lang::errors::together;
use crate::lang::{Bilingual, Lang, order as say};
use crate::report::check::{Checked, Note};
use crate::report::junit;

/// `ticketsim check`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A history is a file of JSON lines: an optional header, then a purchase on each line. \
Jepsen's operations (EDN or JSON), JMeter's JTL, hey's CSV and k6's JSON are recognised by themselves; \
any other CSV or JSON lines are read by --columns and rules: ticketsim help logging.

  {\"history_version\":2,\"initial\":2}
  {\"buyer\":\"ann\",\"invoke_ns\":10,\"return_ns\":25,\"outcome\":\"bought\",\"stock\":2}
  {\"buyer\":\"bob\",\"invoke_ns\":12,\"return_ns\":40,\"outcome\":\"bought\",\"stock\":1}
  {\"buyer\":\"cy\",\"invoke_ns\":41,\"return_ns\":50,\"outcome\":\"refused\"}

The outcome is bought, refused, failed (it had no effect), unknown (no answer ever came; no return_ns), \
returned (given back) or read (somebody looked). quantity, item, seat and order may be said. \
The stock, the value that a ticket was sold from, may be left out.

Exit code: 0 all are sound, 1 one is unsound, 2 one could not be read or judged.")]
pub(super) struct CheckArgs {
    /// Files; - is standard input
    #[arg(required_unless_present = "sample", value_name = "HISTORY")]
    histories: Vec<PathBuf>,
    /// Judge a history that comes with the command
    #[arg(long, value_name = "NAME", conflicts_with_all = ["histories", "from", "merge"], value_parser = closed::<Sample>(Sample::ALL))]
    sample: Option<Sample>,
    #[command(flatten)]
    reading: ReadArgs,
    /// Judge all of them as one history: several logs of one stock
    #[arg(long)]
    merge: bool,
    #[command(flatten)]
    judging: JudgeArgs,
    #[command(flatten)]
    pictures: PictureArgs,
    /// Write the verdicts for a CI server, as JUnit's XML
    #[arg(long, value_name = "PATH")]
    junit: Option<PathBuf>,
    /// Print one JSON document a history, each on a line, instead of text
    #[arg(long)]
    json: bool,
}

/// Judges each history, or all as one. One that can't be read is told, and the others are judged all the same.
/// An interrupt ends it after the history that is being judged; how far it came is said.
pub(super) fn execute(args: &CheckArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let several = args.histories.len() > 1 && !args.merge;
    ensure(!several || args.pictures.paths().next().is_none(), together::pictures_of_one)?;
    let outputs = args.pictures.paths().chain(args.junit.as_deref());
    check_outputs(&args.histories, outputs)?;
    let mut bench = Bench {
        args,
        lang,
        interrupted,
        reading: args.reading.reading()?,
        suites: Vec::new(),
        outputs: Outputs::new(interrupted),
        worst: Exit::Sound,
    };
    let judged = match args.sample {
        Some(sample) => bench.judge_sample(sample)?,
        None => bench.judge_all()?,
    };
    if !judged {
        return Ok(Exit::Interrupted);
    }
    if let Some(path) = &args.junit {
        let text = junit::document(&bench.suites);
        let written = write_whole(path, interrupted, |file| file.write_all(text.as_bytes()));
        bench.outputs.note(path, written);
    }
    let exit = bench.outputs.exit(bench.worst);
    Ok(if interrupted.load(Ordering::Relaxed) { Exit::Interrupted } else { exit })
}

/// Reads a history of our own format from a file; `-` is standard input.
pub(super) fn read(path: &Path, interrupted: &AtomicBool) -> Result<History, ReadError> {
    let reading = Reading { format: Some(Format::Ticketsim), ..Reading::default() };
    reading::read(path, &reading, interrupted, &mut |_, _| ()).map(|(history, _)| history)
}

/// What judging several histories goes by, and what it has come to so far.
struct Bench<'a> {
    args: &'a CheckArgs,
    lang: Lang,
    interrupted: &'a AtomicBool,
    reading: Reading,
    suites: Vec<String>,
    outputs: Outputs<'a>,
    worst: Exit,
}

impl Bench<'_> {
    /// Judges a sample; `false` if an interrupt ended that.
    fn judge_sample(&mut self, sample: Sample) -> anyhow::Result<bool> {
        let name = sample.file_name();
        let (history, notes) = reading::read_as(sample.text().as_bytes(), &name, &self.reading)?;
        let exit = self.unless_given_up(&name, history, notes, true)?;
        exit.into_iter().for_each(|exit| self.add(exit));
        Ok(exit.is_some())
    }

    /// Judges all; `false` if an interrupt came before the end.
    fn judge_all(&mut self) -> anyhow::Result<bool> {
        let paths = &self.args.histories;
        let mut parts = Vec::new();
        let mut said = Vec::new();
        for (path, place) in paths.iter().zip(0..) {
            let name = path.to_string_lossy().into_owned();
            let mut checking = Checking::new(self.lang);
            let mut watch = |bytes, of| checking.read(&name, bytes, of);
            let history = reading::read(path, &self.reading, self.interrupted, &mut watch);
            checking.clear();
            let stopped = self.interrupted.load(Ordering::Relaxed);
            let exit = match history {
                _ if stopped => None,
                Ok((history, notes)) if self.args.merge => {
                    let of_file = |note: &Bilingual| {
                        Bilingual::of(|lang| format!("{name}{}{}", lang.signs()[0], note.said(lang)))
                    };
                    let is_one = paths.len() == 1;
                    said.extend(notes.iter().map(|note| if is_one { note.clone() } else { of_file(note) }));
                    parts.push((name, history));
                    continue;
                }
                Ok((history, notes)) => self.unless_given_up(&name, history, notes, place == 0)?,
                Err(error) => {
                    self.suites.push(junit::unread(&name, &error.to_string()));
                    complain(&error.into(), self.interrupted);
                    Some(Exit::Failed)
                }
            };
            let Some(exit) = exit else {
                note(say::check_interrupted(self.lang, place, paths.len()), self.interrupted);
                return Ok(false);
            };
            self.add(exit);
        }
        if !self.args.merge {
            return Ok(true);
        }
        // One that can't be read may hold what tells against the others.
        if parts.len() < paths.len() {
            return Ok(true);
        }
        let name = parts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" + ");
        let history = merge(parts)?;
        if history.header.books_only {
            said.push(Bilingual::of(say::no_common_clock));
        }
        match self.unless_given_up(&name, history, said, true)? {
            Some(exit) => self.add(exit),
            None => return Ok(false),
        }
        Ok(true)
    }

    fn add(&mut self, exit: Exit) {
        self.worst = self.worst.worse(exit);
    }

    /// Judges one; `None` if an interrupt ended that.
    fn unless_given_up(
        &mut self,
        name: &str,
        history: History,
        said: Vec<Bilingual>,
        first: bool,
    ) -> anyhow::Result<Option<Exit>> {
        match self.check(name, history, said, first) {
            Err(error) if was_given_up(&error) => Ok(None),
            exit => exit.map(Some),
        }
    }

    fn check(
        &mut self,
        name: &str,
        mut history: History,
        said: Vec<Bilingual>,
        first: bool,
    ) -> anyhow::Result<Exit> {
        let judging = self.args.judging.clone();
        let mut checking = Checking::new(self.lang);
        let purchases = history.purchases.len() as u64;
        let judged =
            unless_interrupted_while(self.interrupted, &mut || checking.judge(purchases), move || {
                let judged = judging.judge(&mut history);
                (history, judged)
            });
        checking.clear();
        let (history, judged) = judged?;
        let Judged { verdict, initial_from, mut notes } = judged?;
        notes.splice(0..0, said.into_iter().map(Note::Read));
        let checked = Checked { name, history: &history, verdict: &verdict, initial_from, notes: &notes };
        if self.args.json {
            print_json(&checked.json(), self.interrupted)?;
        } else {
            let gap = if first { "" } else { "\n" };
            print(&format!("{gap}{}", checked.text(self.lang)), self.interrupted)?;
        }
        if self.args.junit.is_some() {
            self.suites.push(junit::suite(&checked));
        }
        self.args.pictures.draw(&history, &verdict, self.lang, &mut self.outputs);
        Ok(verdict.ruling.into())
    }
}
