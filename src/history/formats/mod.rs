//! Logs of other tools: tables in CSV or JSON lines, those of JMeter, hey and k6, and Jepsen's EDN. The
//! format of a file is guessed only where it is clear, and the guess is reported.

mod edn;
mod table;
mod times;

use std::io::{BufRead, Read as _};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::History;
use super::line_error::LineError;
use super::mistake::{Mistake, ReadError};
use super::read::{Reader, read};
use super::reading::{Format, Reading, Remark};
use crate::streams::open_to_read;

/// Reads a history in any format. Returns remarks on how it was read, too.
///
/// # Errors
/// When the stream can't be read, or its content can't be understood.
pub fn read_as(
    mut source: impl BufRead + Send,
    name: &str,
    reading: &Reading,
) -> Result<(History, Vec<Remark>), ReadError> {
    let mut remarks = Vec::new();
    let head = source.fill_buf().map_err(ReadError::io(name))?;
    if COMPRESSED.iter().any(|magic| head.starts_with(magic)) {
        return Err(ReadError::at(name, 1, Mistake::whole(LineError::Compressed)));
    }
    let met = plainly(head);
    let format = reading.format.unwrap_or_else(|| guess(head, met, reading));
    if reading.format.is_none() && format != Format::Ticketsim {
        remarks.push(Remark::Guessed(format));
    }
    remarks.extend(unasked(format, reading));
    let history = match format {
        Format::Ticketsim => read(source, name),
        Format::Jepsen => operations(source, name, reading, &mut remarks),
        Format::Csv | Format::Jtl | Format::Hey => table::read_csv(source, name, format, reading),
        Format::Jsonl | Format::K6 => table::read_json(source, name, format, reading),
    };
    let history = history.map_err(|error| match error {
        ReadError::Line { name, line, column, what, .. } => {
            ReadError::Line { name, line, column, what, looks: met.filter(|met| *met != format) }
        }
        error => error,
    });
    Ok((history?, remarks))
}

/// The first bytes of files from gzip, zstd, xz and bzip2.
const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh"];

/// What was said of how to read it, but has no meaning in this format.
fn unasked(format: Format, reading: &Reading) -> Option<Remark> {
    let of_tables = !reading.columns.is_empty()
        || !reading.rules.is_empty()
        || reading.unit.is_some()
        || reading.otherwise.is_some();
    let is_table = !matches!(format, Format::Ticketsim | Format::Jepsen);
    if is_table && !reading.deeds.is_empty() {
        return Some(Remark::NoFunctions(format));
    }
    (!is_table && of_tables).then_some(Remark::NoTable(format))
}

/// Reads a history from a file.
///
/// # Errors
/// As [`read`], or when an interrupt comes while a pipe has no writer.
pub fn read_file(path: &Path, interrupted: &AtomicBool) -> Result<History, ReadError> {
    read_file_as(path, &Reading { format: Some(Format::Ticketsim), ..Reading::default() }, interrupted)
        .map(|(history, _)| history)
}

/// Reads a history from a file, in any format. Returns remarks on how it was read, too.
///
/// # Errors
/// As [`read_as`], or when an interrupt comes while a pipe has no writer.
pub fn read_file_as(
    path: &Path,
    reading: &Reading,
    interrupted: &AtomicBool,
) -> Result<(History, Vec<Remark>), ReadError> {
    let name = path.display().to_string();
    let file = open_to_read(path, interrupted).map_err(ReadError::io(&name))?;
    read_as(std::io::BufReader::with_capacity(1 << 16, file), &name, reading)
}

/// The format of a file whose beginning is not clear: the one met while reading, or else the usual one.
fn guess(head: &[u8], met: Option<Format>, reading: &Reading) -> Format {
    let is_json = head.trim_ascii_start().starts_with(b"{");
    let usual = if is_json && !reading.columns.is_empty() { Format::Jsonl } else { Format::Ticketsim };
    met.unwrap_or(usual)
}

/// The format of a file by its beginning, if that is clear.
fn plainly(head: &[u8]) -> Option<Format> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let says = |what: &[u8]| head.windows(what.len()).any(|window| window == what);
    let line_says = |what: &[u8]| line.windows(what.len()).any(|window| window == what);
    Some(match line.first()? {
        b'#' | b';' | b'(' | b'[' => Format::Jepsen,
        b'{' if says(b":type ") || says(b":process ") => Format::Jepsen,
        b'{' if says(b"\"http_req_duration\"") => Format::K6,
        b'{' if line_says(b"history_version") || line_says(b"\"invoke_ns\"") => Format::Ticketsim,
        b'{' if line_says(b"\"process\"") && line_says(b"\"type\"") => Format::Jepsen,
        b'{' => return None,
        _ if line_says(b"timeStamp") && line_says(b"elapsed") => Format::Jtl,
        _ if line_says(b"response-time") && line_says(b"offset") => Format::Hey,
        _ if line.contains(&b',') && !line.contains(&0) => Format::Csv,
        _ => return None,
    })
}

/// The most bytes of a file that is not read line by line.
const MOST_BYTES: u64 = 1 << 30;

/// Reads Jepsen's operations: EDN or JSON, one a line or in a list.
fn operations(
    source: impl BufRead,
    name: &str,
    reading: &Reading,
    remarks: &mut Vec<Remark>,
) -> Result<History, ReadError> {
    let mut text = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(ReadError::io(name))?;
    let at = |line, mistake| ReadError::at(name, line, mistake);
    if text.len() as u64 > MOST_BYTES {
        return Err(at(1, Mistake::whole(LineError::TooLong(MOST_BYTES))));
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
    let (history, more) = reader.finish().map_err(|(line, mistake)| at(line, mistake))?;
    remarks.extend(more);
    Ok(history)
}

/// Whether a list is one of JSON.
fn json_list(text: &[u8]) -> bool {
    let Some(rest) = text.trim_ascii_start().strip_prefix(b"[") else { return false };
    rest.trim_ascii_start().strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
}
