//! Many children, each of which writes one file: one after another, and all at once.

use std::path::Path;
use std::{fs, io};

use serde::Serialize;

use super::child::Child;
use super::stage::{Stage, format_s};
use super::{Claim, Lecture, LessonError, Used, failed};
use crate::lang::lesson::many as text;
use crate::paths::temporary_folder;
use crate::report::text::LOUD;

/// The most children that the lesson starts at once.
pub(super) const MOST_CHILDREN: u32 = 500;
const CHILDREN: u32 = 10;
/// How long each child takes.
const WORK_MS: u64 = 100;
/// How many files of the listing are shown, and how many in a line.
const MOST_LISTED: usize = 10;
const A_LINE: usize = 5;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    children: u32,
    /// How long each child works, in nanoseconds.
    work_ns: u64,
    one_by_one: Round,
    all_at_once: Round,
    /// How many times faster all at once was.
    speed_up: f64,
}

/// All children, once.
#[derive(Clone, Debug, Serialize)]
struct Round {
    /// From the first start to the last end, in nanoseconds.
    elapsed_ns: u64,
    /// The folder after the last join, in the order of the numbers.
    files: Vec<Info>,
    complete: bool,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Info {
    number: u32,
    name: String,
    bytes: u64,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    let children = stage.count.unwrap_or(CHILDREN);
    let work_ns = stage.time(WORK_MS).as_nanos() as u64;
    let in_turn = format_s(work_ns * u64::from(children));
    stage.predict(&text::predicts(lang, children, format_s(work_ns), in_turn));
    stage.columns();
    let one_by_one = round(stage, children, &text::one_by_one(lang), one_by_one)?;
    let all_at_once = round(stage, children, &text::all_at_once(lang), all_at_once)?;
    stage.line(&text::listing(lang, listing(&all_at_once.files)));
    let speed_up = one_by_one.elapsed_ns as f64 / all_at_once.elapsed_ns as f64;
    let facts = Facts { children, work_ns, one_by_one, all_at_once, speed_up };
    let claims = claims(stage, &facts);
    Ok((facts, claims, text::why(lang)))
}

/// The work of one child.
fn write_info(stage: &Stage<'_>, folder: &Path, number: u32, children: u32) -> io::Result<()> {
    stage.sleep(WORK_MS);
    let stars = "*".repeat(number as usize * 10);
    fs::write(folder.join(format!("info{number}")), &stars)?;
    if number == 1 || number == children {
        stage.say(&text::wrote(stage.lang, number, stars.len()));
    }
    Ok(())
}

fn one_by_one(stage: &Stage<'_>, folder: &Path, children: u32) -> Result<(), LessonError> {
    for number in 1..=children {
        let work = || write_info(stage, folder, number, children);
        stage.start(&format!("child-{number}"), work)?.join()?;
    }
    Ok(())
}

fn all_at_once(stage: &Stage<'_>, folder: &Path, children: u32) -> Result<(), LessonError> {
    let start =
        |number: u32| stage.start(&format!("child-{number}"), || write_info(stage, folder, number, children));
    let mut started: Vec<Child<'_>> = (1..=children).map(start).collect::<Result<_, _>>()?;
    stage.say(&text::all_started(stage.lang, children));
    started.iter_mut().try_for_each(Child::join)
}

type Way = fn(&Stage<'_>, &Path, u32) -> Result<(), LessonError>;

fn round(stage: &Stage<'_>, children: u32, heading: &str, way: Way) -> Result<Round, LessonError> {
    stage.line(&stage.painted(LOUD, heading));
    // It goes when this function ends, whichever way that is.
    let folder = temporary_folder().map_err(failed(Used::Folder))?;
    let began_ns = stage.now_ns();
    way(stage, folder.path(), children)?;
    let elapsed_ns = stage.now_ns() - began_ns;
    stage.say(&text::joined(stage.lang, children, format_s(elapsed_ns)));
    let files = list(folder.path()).map_err(failed(Used::Listing))?;
    let expected = (1..=children).map(|number| {
        let name = format!("info{number}");
        Info { number, name, bytes: u64::from(number) * 10 }
    });
    let complete = files.iter().cloned().eq(expected);
    Ok(Round { elapsed_ns, files, complete })
}

/// What is in the folder, by number: `info2` before `info10`.
fn list(folder: &Path) -> io::Result<Vec<Info>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.trim_start_matches("info").parse().unwrap_or(0);
        files.push(Info { number, name, bytes: entry.metadata()?.len() });
    }
    files.sort();
    Ok(files)
}

/// The listing in lines: all files with their sizes, or the first and the last of many.
fn listing(files: &[Info]) -> String {
    let mut words: Vec<String> = files.iter().map(|file| format!("{} {}", file.name, file.bytes)).collect();
    if words.len() > MOST_LISTED {
        words.splice(MOST_LISTED - 2..words.len() - 1, ["…".to_owned()]);
    }
    words.chunks(A_LINE).map(|line| line.join(", ")).collect::<Vec<_>>().join(",\n  ")
}

fn claims(stage: &Stage<'_>, facts: &Facts) -> Vec<Claim> {
    let lang = stage.lang;
    let (slow, fast) = (&facts.one_by_one, &facts.all_at_once);
    let in_turn_ns = facts.work_ns * u64::from(facts.children);
    vec![
        Claim::new("one_by_one_adds_up", slow.elapsed_ns >= in_turn_ns, text::adds_up(lang, in_s(slow))),
        Claim::new(
            "all_at_once_is_faster",
            facts.children == 1 || fast.elapsed_ns < slow.elapsed_ns,
            text::is_faster(lang, in_s(fast), format!("{:.1}", facts.speed_up)),
        ),
        Claim::new(
            "listing_complete",
            slow.complete && fast.complete,
            text::complete(lang, facts.children, facts.children * 10),
        ),
    ]
}

fn in_s(round: &Round) -> String {
    format_s(round.elapsed_ns)
}
