//! Reads histories in the format of [`super`], line by line, so that memory holds the purchases and little text.

use std::io::BufRead;

use super::blocks::{self, Block, Sink};
use super::hosts::settle_hosts;
use super::items::settle_items;
use super::jepsen::Events;
use super::line::{self, Line};
use super::line_error::LineError;
use super::mistake::{MOST_LINE_BYTES, Mistake, ReadError};
use super::names::buyer_number;
use super::quick::{Name, Naming};
use super::reading::{Format, Reading, Remark};
use super::{History, Purchase};

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
            let looks = match text[blank..].first() {
                Some(b'[' | b'#' | b';' | b'(') => Some(Format::Jepsen),
                _ => text.contains(&b',').then_some(Format::Csv),
            };
            let what = LineError::NoObject { looks };
            return Err(Mistake { column: Some(blank + 1), what, cut_short: false });
        }
        let line: Line<'_> = serde_json::from_slice(text)?;
        let History { header: known, purchases } = &mut self.history;
        if line.is_purchase() {
            purchases.push(line.purchase(number, known)?);
        } else if line.history_version.is_some() {
            if !first {
                return Err(Mistake::whole(LineError::LateHeader));
            }
            *known = line::header(text)?;
        } else if let Some(event) = line.event(text) {
            line.note_ignored(known);
            self.events.take(&event, number, &mut known.names)?;
        } else {
            return Err(Mistake::whole(LineError::Nothing));
        }
        Ok(())
    }

    /// Takes purchases from the quick parser, and sets the numbers of their names and lines. `before` lines
    /// come before their block; the first of these purchases is number `first` in it.
    fn take_quick(
        &mut self,
        purchases: impl Iterator<Item = Purchase>,
        first: usize,
        names: &[Name],
        text: &[u8],
        before: u32,
    ) {
        let History { header, purchases: all } = &mut self.history;
        let there = all.len();
        all.extend(purchases.map(|purchase| Purchase { line: purchase.line + before, ..purchase }));
        let new = &mut all[there..];
        self.begun |= !new.is_empty();
        let their_names = names.partition_point(|name| (name.purchase as usize) < first);
        for name in &names[their_names..] {
            let Some(purchase) = new.get_mut(name.purchase as usize - first) else { break };
            // The quick parser has checked that it is UTF-8.
            let text =
                std::str::from_utf8(&text[name.from as usize..name.until as usize]).unwrap_or_default();
            match name.naming {
                Naming::Buyer => purchase.buyer = buyer_number(text, &mut header.names),
                Naming::Order => purchase.order = header.orders.place(text) + 1,
                Naming::Item | Naming::Seat => {
                    header.items.seats |= name.naming == Naming::Seat;
                    purchase.item = header.items.number(text);
                }
            }
        }
    }

    /// A reader that accepts only events.
    pub(super) fn of_events(reading: Reading) -> Self {
        Self { events: Events::new(reading), ..Self::default() }
    }

    /// Whether there was any line that is not blank.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// The history, and remarks on how it was read.
    pub(super) fn finish(mut self) -> Result<(History, Vec<Remark>), (u32, Mistake)> {
        let (purchases, notes) = self.events.finish();
        self.history.purchases.extend(purchases);
        settle_items(&mut self.history)?;
        settle_hosts(&self.history.header, &mut self.history.purchases);
        Ok((self.history, notes))
    }
}

/// The lines of one stream.
struct Lines<'a> {
    name: &'a str,
    reader: Reader,
    /// How many lines there have been.
    lines: u32,
}

impl Lines<'_> {
    fn mistaken(&self, line: u32, mistake: Mistake) -> ReadError {
        ReadError::at(self.name, line, mistake)
    }

    /// Takes a line that the quick parser has left.
    fn other(&mut self, text: &[u8], number: u32, ended: bool) -> Result<(), ReadError> {
        if text.len() + usize::from(ended) > MOST_LINE_BYTES || !ended && text.len() == MOST_LINE_BYTES {
            return Err(self.mistaken(number, Mistake::whole(LineError::TooLong(MOST_LINE_BYTES as u64))));
        }
        // Some editors begin a file with a byte order mark.
        let text = if number == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
        let text = text.trim_ascii_end();
        if text.is_empty() {
            return Ok(());
        }
        match self.reader.take(text, number) {
            Err(mistake) if mistake.cut_short && !ended => {
                self.reader.history.header.cut_short = Some(number);
                Ok(())
            }
            Err(mistake) => Err(self.mistaken(number, mistake)),
            Ok(()) => Ok(()),
        }
    }
}

impl Sink for Lines<'_> {
    type Error = ReadError;

    fn take(&mut self, Block { text, parsed }: Block<'_>) -> Result<(), ReadError> {
        let before = self.lines;
        let Some(lines) = before.checked_add(parsed.lines) else {
            return Err(self.mistaken(u32::MAX, Mistake::whole(LineError::TooMany)));
        };
        let mut purchases = parsed.purchases.drain(..);
        let mut done = 0;
        for other in &parsed.others {
            let until = other.before as usize;
            let next = purchases.by_ref().take(until - done);
            self.reader.take_quick(next, done, &parsed.names, text, before);
            done = until;
            self.other(&text[other.from as usize..other.until as usize], before + other.line, other.ended)?;
        }
        self.reader.take_quick(purchases, done, &parsed.names, text, before);
        self.lines = lines;
        Ok(())
    }

    fn unread(&self, source: std::io::Error) -> ReadError {
        ReadError::io(self.name)(source)
    }
}

/// Reads a history from a stream; errors call it `name`. A last line that its writer had not finished is left
/// out, and noted in the header.
///
/// # Errors
/// When the stream can't be read, or a line is broken.
pub fn read(source: impl BufRead + Send, name: &str) -> Result<History, ReadError> {
    let mut lines = Lines { name, reader: Reader::default(), lines: 0 };
    blocks::read(source, MOST_LINE_BYTES, &mut lines)?;
    if !lines.reader.begun {
        return Err(ReadError::Empty { name: name.to_owned() });
    }
    let finished = lines.reader.finish().map(|(history, _)| history);
    finished.map_err(|(line, mistake)| ReadError::at(name, line, mistake))
}

#[cfg(test)]
mod tests;
