//! Logs of others: tables in CSV or JSON lines, those of JMeter, hey and k6, and Jepsen's EDN. Which of them
//! a file is, is guessed where that is plain, and said.

mod edn;
mod table;
mod times;

use std::io::{BufRead, Read as _};

pub use table::Column;
pub use times::Unit;

use super::read::{Mistake, ReadError, Reader};
use super::{History, Outcome, read};
use crate::closed_set::closed_set;
use crate::rules::Rules;

closed_set! {
    /// What a history is written in.
    pub enum Format: "format" {
        /// ticketsim's own JSON lines.
        Ticketsim = "ticketsim",
        /// Jepsen's operations, in EDN or JSON.
        Jepsen = "jepsen",
        /// Comma-separated values with a line of names, read by --columns.
        Csv = "csv",
        /// JSON lines, read by --columns.
        Jsonl = "jsonl",
        /// JMeter's results, as CSV.
        Jtl = "jtl",
        /// What `hey -o csv` prints.
        Hey = "hey",
        /// What `k6 run --out json=FILE` writes.
        K6 = "k6",
    }
}

closed_set! {
    /// What an operation does to the stock.
    pub enum Deed: "deed" {
        /// It buys.
        Purchase = "purchase",
        /// It gives back.
        Return = "return",
        /// It looks.
        Read = "read",
    }
}

/// How a history is to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What it is written in; guessed where it is not said.
    pub format: Option<Format>,
    /// Which column, or member, is what.
    pub columns: Vec<(Column, String)>,
    /// The unit of times that are numbers.
    pub unit: Option<Unit>,
    /// What a line has to say to be of an outcome.
    pub rules: Rules<Outcome>,
    /// The outcome of what no rule matches.
    pub otherwise: Option<Outcome>,
    /// What the functions of operations do, beside those that everybody knows.
    pub deeds: Vec<(String, Deed)>,
}

impl Reading {
    /// What a function of an operation does; `None` if nobody has said it.
    pub(super) fn deed(&self, function: &str) -> Option<Deed> {
        let said = self.deeds.iter().find(|(name, _)| name == function).map(|(_, deed)| *deed);
        said.or(match function {
            "buy" | "purchase" | "acquire" | "take" => Some(Deed::Purchase),
            "return" | "cancel" | "refund" | "release" => Some(Deed::Return),
            "read" | "look" => Some(Deed::Read),
            _ => None,
        })
    }
}

/// Reads a history in any format. Returns what is to be said of how it was read.
///
/// # Errors
/// When the stream can't be read, or what it holds can't be understood.
pub fn read_as(
    mut source: impl BufRead,
    name: &str,
    reading: &Reading,
) -> Result<(History, Vec<String>), ReadError> {
    let mut said = Vec::new();
    let format = match reading.format {
        Some(format) => format,
        None => {
            let failed = |source| ReadError::Io { name: name.to_owned(), source };
            let head = source.fill_buf().map_err(failed)?;
            let format = guess(head, reading);
            if !matches!(format, Format::Ticketsim) {
                said.push(format!("read as {format} (--from {format})"));
            }
            format
        }
    };
    let history = match format {
        Format::Ticketsim => read(source, name),
        Format::Jepsen => operations(source, name, reading, &mut said),
        Format::Csv | Format::Jtl | Format::Hey => table::read_csv(source, name, format, reading),
        Format::Jsonl | Format::K6 => table::read_json(source, name, format, reading),
    };
    Ok((history?, said))
}

/// The format of a file that begins so.
fn guess(head: &[u8], reading: &Reading) -> Format {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let says = |what: &[u8]| head.windows(what.len()).any(|window| window == what);
    let line_says = |what: &[u8]| line.windows(what.len()).any(|window| window == what);
    match line.first() {
        Some(b'#' | b';' | b'(') => Format::Jepsen,
        Some(b'[' | b'{') if says(b":type ") || says(b":process ") => Format::Jepsen,
        Some(b'[') => Format::Jepsen,
        Some(b'{') if says(b"\"http_req_duration\"") => Format::K6,
        Some(b'{') if line_says(b"history_version") || line_says(b"\"invoke_ns\"") => Format::Ticketsim,
        Some(b'{') if line_says(b"\"process\"") && line_says(b"\"type\"") => Format::Jepsen,
        Some(b'{') if !reading.columns.is_empty() => Format::Jsonl,
        Some(b'{') | None => Format::Ticketsim,
        Some(_) if line_says(b"timeStamp") && line_says(b"elapsed") => Format::Jtl,
        Some(_) if line_says(b"response-time") && line_says(b"offset") => Format::Hey,
        Some(_) if line.contains(&b',') => Format::Csv,
        Some(_) => Format::Ticketsim,
    }
}

/// The most of a file that is read at once, where it is not read line by line.
const MOST_BYTES: u64 = 1 << 30;

/// Reads Jepsen's operations: EDN or JSON, one a line or in a list.
fn operations(
    source: impl BufRead,
    name: &str,
    reading: &Reading,
    said: &mut Vec<String>,
) -> Result<History, ReadError> {
    let failed = |source| ReadError::Io { name: name.to_owned(), source };
    let mut text = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    let at = |line: u32, Mistake { column, what, .. }: Mistake| ReadError::Line {
        name: name.to_owned(),
        line,
        column,
        what,
    };
    if text.len() as u64 > MOST_BYTES {
        return Err(at(1, Mistake::whole(format!("longer than {MOST_BYTES} bytes"))));
    }
    let mut reader = Reader::of_events(reading.clone());
    let is_json = text.trim_ascii_start().starts_with(b"{\"") || json_list(&text);
    let ops = if is_json { edn::json_operations(&text) } else { Box::new(edn::operations(&text)) };
    for op in ops {
        let (line, op) = op.map_err(|(line, mistake)| at(line, mistake))?;
        reader.take(op.as_bytes(), line).map_err(|mistake| at(line, Mistake { column: None, ..mistake }))?;
    }
    if !reader.has_begun() {
        return Err(ReadError::Empty { name: name.to_owned() });
    }
    let (history, notes) = reader.finish().map_err(|(line, mistake)| at(line, mistake))?;
    said.extend(notes);
    Ok(history)
}

/// Whether a list is one of JSON.
fn json_list(text: &[u8]) -> bool {
    let Some(rest) = text.trim_ascii_start().strip_prefix(b"[") else { return false };
    rest.trim_ascii_start().strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
}
