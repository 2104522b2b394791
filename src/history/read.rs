//! Reads histories: the format of [`super`], line by line, so that memory holds the purchases and one
//! line of text.

use std::io::{BufRead, Read as _};

use super::History;
use super::items::settle_items;
use super::jepsen::Events;
use super::line::{self, Line};
use super::mistake::{MOST_LINE_BYTES, Mistake, ReadError};
use super::reading::Reading;

/// What has been read so far.
#[derive(Default)]
pub(super) struct Reader {
    history: History,
    events: Events,
    /// Whether there was a line that is not blank.
    begun: bool,
}

impl Reader {
    pub(super) fn take(&mut self, text: &[u8], number: u32) -> Result<(), Mistake> {
        let blank = text.len() - text.trim_ascii_start().len();
        let first = !std::mem::replace(&mut self.begun, true);
        if text[blank..].first() != Some(&b'{') {
            let what = match text[blank..].first() {
                Some(b'[' | b'#' | b';' | b'(') => {
                    "expected a JSON object on each line: EDN is read by --from jepsen"
                }
                _ if text.contains(&b',') => {
                    "expected a JSON object: a history has one on each line; CSV is read by --from csv --columns …"
                }
                _ => "expected a JSON object: a history has one on each line",
            };
            let what = what.to_owned();
            return Err(Mistake { column: Some(blank + 1), what, cut_short: false });
        }
        let line: Line<'_> = serde_json::from_slice(text)?;
        let History { header: known, purchases } = &mut self.history;
        if line.is_purchase() {
            purchases.push(line.purchase(number, known)?);
        } else if line.history_version.is_some() {
            if !first {
                return Err(Mistake::whole("the header has to be the first line"));
            }
            *known = line::header(text)?;
        } else if let Some(event) = line.event(text) {
            line.note_ignored(known);
            self.events.take(&event, number, &mut known.names)?;
        } else {
            return Err(Mistake::whole(
                "neither a purchase (it has an \"outcome\"), nor a header (\"history_version\"), \
                 nor an event (\"type\" and \"process\"); other logs are read by --from jsonl --columns …",
            ));
        }
        Ok(())
    }

    /// A reader of events alone.
    pub(super) fn of_events(reading: Reading) -> Self {
        Self { events: Events::new(reading), ..Self::default() }
    }

    /// Whether there was anything.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// The history, and what is to be said of how it was read.
    pub(super) fn finish(mut self) -> Result<(History, Vec<String>), (u32, Mistake)> {
        let (purchases, notes) = self.events.finish();
        self.history.purchases.extend(purchases);
        settle_items(&mut self.history)?;
        Ok((self.history, notes))
    }
}

/// Reads a history from a stream, which errors call `name`. A last line that its writer had not
/// finished is left out, and noted in the header.
///
/// # Errors
/// When the stream can't be read, or a line is broken.
pub fn read(mut source: impl BufRead, name: &str) -> Result<History, ReadError> {
    let mut reader = Reader::default();
    let mut text = Vec::new();
    let mut line: u32 = 0;
    loop {
        text.clear();
        let length = source.by_ref().take(MOST_LINE_BYTES as u64).read_until(b'\n', &mut text);
        if length.map_err(ReadError::io(name))? == 0 {
            break;
        }
        let mistaken = |mistake| ReadError::at(name, line.saturating_add(1), mistake);
        let ended = text.ends_with(b"\n");
        if !ended && text.len() == MOST_LINE_BYTES {
            return Err(mistaken(Mistake::whole(format!("longer than {MOST_LINE_BYTES} bytes"))));
        }
        let next = line.checked_add(1).ok_or_else(|| mistaken(Mistake::whole("more than 2^32 - 1 lines")))?;
        // Some editors begin a file with a byte order mark.
        let text = if line == 0 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text) } else { &text };
        let text = text.trim_ascii_end();
        if !text.is_empty() {
            match reader.take(text, next) {
                Ok(()) => {}
                Err(mistake) if mistake.cut_short && !ended => {
                    reader.history.header.cut_short = Some(next);
                }
                Err(mistake) => return Err(mistaken(mistake)),
            }
        }
        line = next;
    }
    if !reader.begun {
        return Err(ReadError::Empty { name: name.to_owned() });
    }
    let finished = reader.finish().map(|(history, _)| history);
    finished.map_err(|(line, mistake)| ReadError::at(name, line, mistake))
}

#[cfg(test)]
mod tests;
