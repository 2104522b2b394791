//! Reads histories: the format of [`super`], line by line, so that memory holds the purchases and one
//! line of text.

use std::borrow::Cow;
use std::io::{BufRead, Read as _};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::formats::{Format, Reading, read_as};
use super::jepsen::Events;
use super::line::{self, Line, NO_ITEM};
use super::{History, Names};
use crate::fault::TornText;
use crate::streams::open_to_read;

/// The longest line of a history, in bytes.
pub const MOST_LINE_BYTES: usize = 1 << 20;

/// Why a history can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("{name}: can't be read")]
    Io {
        /// The file, or what else is read.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is broken.
    #[error("{name}:{line}:{}{what}", column.map_or_else(|| " ".to_owned(), |column| format!("{column}: ")))]
    Line {
        /// The file, or what else is read.
        name: String,
        /// Which line, from 1.
        line: u32,
        /// Where in it, in bytes from 1; `None` where it is the line as a whole.
        column: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// There is not one line in it.
    #[error(
        "{name}: empty; a history has a line for each purchase, like \
         {{\"buyer\":1,\"invoke_ns\":10,\"return_ns\":25,\"outcome\":\"bought\"}}"
    )]
    Empty {
        /// The file, or what else is read.
        name: String,
    },
}

/// What is wrong with a line, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) column: Option<usize>,
    pub(super) what: String,
    /// Whether the line only ended too early.
    pub(super) cut_short: bool,
}

impl Mistake {
    /// The line as a whole is wrong.
    pub(super) fn whole(what: impl Into<String>) -> Self {
        Self { column: None, what: what.into(), cut_short: false }
    }

    /// What is wrong is this member of the line.
    pub(super) fn at(line: &[u8], member: &RawValue, what: impl Into<String>) -> Self {
        // The member borrows from the line, so this is where it stands in it.
        let offset = member.get().as_ptr().addr() - line.as_ptr().addr();
        Self { column: Some(offset + 1), what: what.into(), cut_short: false }
    }
}

impl From<serde_json::Error> for Mistake {
    fn from(error: serde_json::Error) -> Self {
        Self { column: Some(error.column().max(1)), what: reason(&error), cut_short: error.is_eof() }
    }
}

/// Why a text is wrong, without the place that serde_json puts behind it: that is said in front.
pub(super) fn reason(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}

/// A buyer, as a line names it.
#[derive(Debug)]
pub(super) enum BuyerName<'a> {
    Number(u64),
    Text(Cow<'a, str>),
}

/// The number of a buyer of this name: a name that is a number is that number.
pub(in crate::history) fn buyer_number(name: &str, names: &mut Names) -> u64 {
    BuyerName::Text(Cow::Borrowed(name)).number(names)
}

impl BuyerName<'_> {
    /// As a text, whichever it was.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }

    /// Its number in a history: a name that is a number is that number.
    pub(super) fn number(&self, names: &mut Names) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => {
                let number = text.parse().ok().filter(|number: &u64| number.to_string() == **text);
                number.filter(|number| *number < Names::FIRST).unwrap_or_else(|| names.number(text))
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for BuyerName<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl<'de> Visitor<'de> for NumberOrText {
            type Value = BuyerName<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name: a whole number from 0 to 2^63 - 1, or a text")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
                if number < Names::FIRST {
                    Ok(BuyerName::Number(number))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
                }
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(BuyerName::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(BuyerName::Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

impl<'de> Deserialize<'de> for TornText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrBytes;
        impl<'de> Visitor<'de> for TextOrBytes {
            type Value = TornText;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, or a list of bytes")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TornText::new(text.as_bytes()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(TornText::new(&bytes))
            }
        }
        deserializer.deserialize_any(TextOrBytes)
    }
}

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
        let failed = |source| ReadError::Io { name: name.to_owned(), source };
        let length = source.by_ref().take(MOST_LINE_BYTES as u64).read_until(b'\n', &mut text);
        if length.map_err(failed)? == 0 {
            break;
        }
        let mistaken = |mistake: Mistake| {
            let Mistake { column, what, .. } = mistake;
            ReadError::Line { name: name.to_owned(), line: line.saturating_add(1), column, what }
        };
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
    finished.map_err(|(line, Mistake { column, what, .. })| ReadError::Line {
        name: name.to_owned(),
        line,
        column,
        what,
    })
}

/// Makes sure that either all purchases say which item they are about, or none does, and that each item has
/// a stock of its own.
pub(in crate::history) fn settle_items(history: &mut History) -> Result<(), (u32, Mistake)> {
    let header = &mut history.header;
    if header.items.is_empty() {
        history.purchases.iter_mut().for_each(|purchase| purchase.item = 0);
        return Ok(());
    }
    if let Some(nameless) = history.purchases.iter().find(|purchase| purchase.item == NO_ITEM) {
        let other = header.items.name(0).unwrap_or_default();
        let what =
            format!("it names no item, and other lines do, such as {other:?}: which counter is it about?");
        return Err((nameless.line, Mistake::whole(what)));
    }
    let numbers = [(header.initial, "initial"), (header.remaining, "remaining")];
    let number = numbers.into_iter().find(|(stock, _)| stock.is_some());
    if let ([_, _, ..], Some((_, member))) = (header.items.initial.as_slice(), number) {
        let names: Vec<String> =
            (0..3).filter_map(|item| header.items.name(item)).map(|n| format!("{n:?}")).collect();
        let what = format!(
            "\"{member}\" is one number, and there are {} items ({}{}): say it for each, {{{}:1,…}}",
            header.items.len(),
            names.join(", "),
            if header.items.len() > names.len() { ", …" } else { "" },
            names[0],
        );
        return Err((1, Mistake::whole(what)));
    }
    if header.items.len() == 1 {
        header.items.initial[0] = header.items.initial[0].or(header.initial);
        header.items.remaining[0] = header.items.remaining[0].or(header.remaining);
    }
    if header.items.seats {
        header.items.initial.iter_mut().for_each(|initial| *initial = initial.or(Some(1)));
    }
    if header.items.len() == 1 {
        (header.initial, header.remaining) = (header.items.initial[0], header.items.remaining[0]);
    }
    Ok(())
}

/// Reads a history from a file.
///
/// # Errors
/// As [`read`], or when an interrupt comes while it is waited for, if it is a pipe.
pub fn read_file(path: &Path, interrupted: &AtomicBool) -> Result<History, ReadError> {
    read_file_as(path, &Reading { format: Some(Format::Ticketsim), ..Reading::default() }, interrupted)
        .map(|(history, _)| history)
}

/// Reads a history from a file, in any format. Returns what is to be said of how it was read.
///
/// # Errors
/// As [`read_as`], or when an interrupt comes while it is waited for, if it is a pipe.
pub fn read_file_as(
    path: &Path,
    reading: &Reading,
    interrupted: &AtomicBool,
) -> Result<(History, Vec<String>), ReadError> {
    let name = path.display().to_string();
    let file =
        open_to_read(path, interrupted).map_err(|source| ReadError::Io { name: name.clone(), source })?;
    read_as(std::io::BufReader::with_capacity(1 << 16, file), &name, reading)
}

#[cfg(test)]
mod tests;
