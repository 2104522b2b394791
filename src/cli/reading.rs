//! The options on reading histories: their format, and the meaning of their columns.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::closed;
use super::said::remark;
use super::wrong::{Saying as _, ensure};
use crate::closed_set::UnknownName;
use crate::history::{self, Column, Deed, Format, History, Outcome, ReadError, Reading, Unit};
use crate::lang::errors::{inputs, options as say};
use crate::lang::{Bilingual, InChinese as _};
use crate::rules::{Kind, Rules};
use crate::streams::{Patient, open_to_read};

/// What `check` and `report` take.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Logs of others")]
pub(super) struct ReadArgs {
    /// What they are written in [default: guessed, and said]
    #[arg(long, value_name = "FORMAT", value_parser = closed::<Format>(Format::ALL))]
    from: Option<Format>,
    /// Which column or member is what: buyer=, start=, end=, elapsed=, status=, outcome=, stock=, quantity=,
    /// item=, order=
    #[arg(long, value_name = "WHAT=NAME,…", value_delimiter = ',', value_parser = column)]
    columns: Vec<(Column, String)>,
    /// The unit of times that are numbers
    #[arg(long, value_name = "UNIT", value_parser = closed::<Unit>(Unit::ALL))]
    unit: Option<Unit>,
    /// What a line says that was bought: COLUMN=VALUE,… or COLUMN~REGEX
    #[arg(long, value_name = "RULE")]
    bought: Vec<String>,
    /// What a line says that was refused: sold out
    #[arg(long, value_name = "RULE")]
    refused: Vec<String>,
    /// What a line says that had no effect
    #[arg(long, value_name = "RULE")]
    failed: Vec<String>,
    /// What a line says that may have had an effect or not, such as a time-out
    #[arg(long, value_name = "RULE")]
    unknown: Vec<String>,
    /// What a line is that no rule matches [default: an error]
    #[arg(long, value_name = "OUTCOME", value_parser = closed::<Outcome>(&[Outcome::Failed, Outcome::Unknown]))]
    otherwise: Option<Outcome>,
    /// What the functions of Jepsen's operations do: purchase=, return=, read=
    #[arg(long = "f", value_name = "DEED=NAME,…", value_delimiter = ',', value_parser = deed)]
    functions: Vec<(String, Deed)>,
}

fn column(text: &str) -> Result<(Column, String), Bilingual> {
    let (column, name) = text.split_once('=').ok_or_else(|| Bilingual::of(say::no_column))?;
    Ok((column.parse().map_err(|error: UnknownName| error.bilingual())?, name.to_owned()))
}

fn deed(text: &str) -> Result<(String, Deed), Bilingual> {
    let (deed, name) = text.split_once('=').ok_or_else(|| Bilingual::of(say::no_deed))?;
    let deed = deed.parse().map_err(|error: UnknownName| error.bilingual())?;
    Ok((name.trim_start_matches(':').to_owned(), deed))
}

impl ReadArgs {
    /// How to read.
    ///
    /// # Errors
    /// When a rule can't be understood.
    pub(super) fn reading(&self) -> anyhow::Result<Reading> {
        let of = |outcome: Outcome, rules: &'_ [String]| -> Vec<(Outcome, String)> {
            rules.iter().map(|rule| (outcome, rule.clone())).collect()
        };
        let rules = [
            of(Outcome::Bought, &self.bought),
            of(Outcome::Refused, &self.refused),
            of(Outcome::Failed, &self.failed),
            of(Outcome::Unknown, &self.unknown),
        ]
        .concat();
        let rules = Rules::parse(rules.iter().map(|(outcome, rule)| (*outcome, rule.as_str())), Kind::Table)?;
        Ok(Reading {
            format: self.from,
            columns: self.columns.clone(),
            unit: self.unit,
            rules,
            otherwise: self.otherwise,
            deeds: self.functions.clone(),
        })
    }
}

/// Reads a history from a file; `-` is standard input. Returns what is to be said of how it was read. `watch` is told how
/// many bytes of how many were read, where that is known.
pub(super) fn read(
    path: &Path,
    reading: &Reading,
    interrupted: &AtomicBool,
    watch: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<(History, Vec<Bilingual>), ReadError> {
    let (name, read, of) = if path == Path::new("-") {
        let stdin = Patient::new(std::io::stdin(), interrupted);
        ("standard input".to_owned(), Box::new(stdin) as Box<dyn Read + Send>, None)
    } else {
        let name = path.display().to_string();
        let file = open_to_read(path, interrupted).map_err(ReadError::io(&name))?;
        let length = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|about| about.len());
        (name, Box::new(file) as Box<dyn Read + Send>, length)
    };
    let watched = Watched { read, bytes: 0, of, watch };
    read_as(BufReader::with_capacity(1 << 16, watched), &name, reading)
}

/// Reads a history from a stream that errors call `name`. Returns what is to be said of how it was read.
pub(super) fn read_as(
    source: impl BufRead + Send,
    name: &str,
    reading: &Reading,
) -> Result<(History, Vec<Bilingual>), ReadError> {
    let (history, remarks) = history::read_as(source, name, reading)?;
    Ok((history, remarks.iter().map(remark).collect()))
}

/// What is read, and who is told how much of it was.
struct Watched<'a> {
    read: Box<dyn Read + Send + 'a>,
    bytes: u64,
    of: Option<u64>,
    watch: &'a mut (dyn FnMut(u64, Option<u64>) + Send),
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.read.read(buffer)?;
        self.bytes += count as u64;
        (self.watch)(self.bytes, self.of);
        Ok(count)
    }
}

/// The text of a file that was written by hand.
pub(super) fn read_bounded(path: &Path, interrupted: &AtomicBool) -> anyhow::Result<String> {
    /// None that is written by hand is longer.
    const MOST_BYTES: u64 = 1 << 20;
    let mut text = String::new();
    let read =
        open_to_read(path, interrupted).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text));
    let name = path.display();
    read.saying(|lang| inputs::not_readable(lang, &name))?;
    ensure(text.len() as u64 <= MOST_BYTES, |lang| inputs::too_long(lang, &name, MOST_BYTES))?;
    Ok(text)
}
