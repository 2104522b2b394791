//! The text of a ticket file: where its number stands, and the same text with another number.

use std::ops::Range;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::stock::Stock;

/// An error in a ticket file's text. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {wrong}")]
pub struct TextError {
    /// The line.
    pub line: usize,
    /// The column, in bytes.
    pub column: usize,
    /// What is wrong.
    pub wrong: TextMistake,
}

/// What is wrong with a ticket file's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextMistake {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is no JSON object: what the reader of JSON says.
    #[error("{0}")]
    Json(String),
    /// It has no stock.
    #[error("there is no member \"ticket\"")]
    NoTicket,
    /// It has two stocks.
    #[error("the member \"ticket\" stands twice")]
    Twice,
    /// Its stock is something else than a whole number from 0.
    #[error("\"ticket\" is {0}, not a whole number from 0")]
    NotWhole(String),
    /// Its stock is too large.
    #[error("\"ticket\" is {0}, beyond 63 bits (at most {most})", most = Stock::MAX)]
    TooLarge(String),
}

/// A stock, and the position of its number in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The stock.
    pub stock: Stock,
    /// The bytes of the number.
    pub number: Range<usize>,
}

/// The raw text of the member `ticket`, if there is one, and of a second one. Maps only: serde would let a derived
/// struct be an array, too.
struct TicketMember<'a> {
    first: Option<&'a RawValue>,
    second: Option<&'a RawValue>,
}

impl<'de> serde::Deserialize<'de> for TicketMember<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = TicketMember<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut member = TicketMember { first: None, second: None };
                while let Some(key) = map.next_key::<String>()? {
                    if key != "ticket" {
                        map.next_value::<IgnoredAny>()?;
                    } else if member.first.is_none() {
                        member.first = Some(map.next_value()?);
                    } else {
                        member.second = Some(map.next_value()?);
                    }
                }
                Ok(member)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Reads the stock from the text of a ticket file.
///
/// # Errors
/// When the text is no JSON object with an integer member `ticket` from 0 to 2⁶³ − 1.
pub fn parse(text: &[u8]) -> Result<Parsed, TextError> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(TextError { line: 1, column: 1, wrong: TextMistake::Empty });
    }
    let member: TicketMember<'_> = serde_json::from_slice(text).map_err(|error| {
        let message = error.to_string();
        let said = message.split(" at line ").next().unwrap_or_default();
        let wrong = TextMistake::Json(said.to_owned());
        TextError { line: error.line().max(1), column: error.column().max(1), wrong }
    })?;
    let Some(raw) = member.first else {
        return Err(TextError { line: 1, column: 1, wrong: TextMistake::NoTicket });
    };
    // A member's text borrows from `text`, so this is its position there.
    let start = |member: &RawValue| member.get().as_ptr().addr() - text.as_ptr().addr();
    let error = |member: &RawValue, wrong: TextMistake| {
        let start = start(member);
        let before = &text[..start];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = start - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
        TextError { line, column, wrong }
    };
    if let Some(second) = member.second {
        return Err(error(second, TextMistake::Twice));
    }
    let digits = raw.get();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let shown: String = digits.chars().take(40).collect();
        return Err(error(raw, TextMistake::NotWhole(shown)));
    }
    let stock = digits.parse().map_err(|_| error(raw, TextMistake::TooLarge(digits.to_owned())))?;
    let start = start(raw);
    Ok(Parsed { stock, number: start..start + digits.len() })
}

/// A parsed text, split around its number; it makes new texts and recognises them.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    pub(super) before: Vec<u8>,
    /// The text after the number, without white space at the end.
    after: Vec<u8>,
    /// Whether the text ended with a line feed: then new texts do, too.
    newline: bool,
}

impl Template {
    pub(super) fn new(text: &[u8], number: &Range<usize>) -> Self {
        let after = text[number.end..].trim_ascii_end();
        Self { before: text[..number.start].to_vec(), after: after.to_vec(), newline: text.ends_with(b"\n") }
    }

    /// The text of a new ticket file.
    pub(super) fn fresh() -> Self {
        Self { before: b"{\"ticket\": ".to_vec(), after: b"}".to_vec(), newline: true }
    }

    /// The number in a text that differs from this one in its number and in white space at its end:
    /// the stock, and how many digits it has. A number of 19 digits is left to [`parse`].
    #[inline(always)]
    pub(super) fn recognise(&self, text: &[u8]) -> Option<(Stock, usize)> {
        /// 10¹⁸ fits in 63 bits.
        const MOST_DIGITS: usize = 18;
        let rest = after(text, &self.before)?;
        let (mut stock, mut width) = (0, 0);
        for byte in rest.iter().take(MOST_DIGITS).take_while(|byte| byte.is_ascii_digit()) {
            stock = stock * 10 + Stock::from(byte - b'0');
            width += 1;
        }
        // If the number is longer, the rest begins with a digit, which never matches.
        let tail = after(&rest[width..], &self.after)?;
        let plain = width > 0 && (width == 1 || rest[0] != b'0');
        let known = plain && !self.after.is_empty() && tail.iter().all(u8::is_ascii_whitespace);
        known.then_some((stock, width))
    }

    /// The text with this stock, padded with spaces to at least `length` bytes.
    pub(super) fn text(&self, stock: Stock, length: usize, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&self.before);
        into.extend_from_slice(itoa::Buffer::new().format(stock).as_bytes());
        into.extend_from_slice(&self.after);
        let end = length.saturating_sub(usize::from(self.newline));
        if into.len() < end {
            into.resize(end, b' ');
        }
        if self.newline {
            into.push(b'\n');
        }
    }
}

/// The rest of a text after `start`. Like `strip_prefix`, but without a call of memcmp(3) for only a few bytes.
#[inline(always)]
fn after<'a>(text: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(start.len())?;
    let (head_words, head_bytes) = head.as_chunks::<8>();
    let (start_words, start_bytes) = start.as_chunks::<8>();
    let same = head_words.iter().zip(start_words).all(|(one, other)| one == other)
        && head_bytes.iter().zip(start_bytes).all(|(one, other)| one == other);
    same.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> (usize, usize, String) {
        let error = parse(text.as_bytes()).expect_err("no ticket file");
        (error.line, error.column, error.wrong.to_string())
    }

    #[test]
    fn it_finds_the_number_wherever_it_stands() {
        let text = b"{\"a\": {\"ticket\": 9},\n \"ticket\" : 17 , \"b\": [\"ticket\"]}";
        let parsed = parse(text).expect("a ticket file");
        assert_eq!((parsed.stock, &text[parsed.number]), (17, b"17".as_slice()));
        assert_eq!(parse(b"{\"ticket\":9223372036854775807}").expect("fits").stock, Stock::MAX);
    }

    #[test]
    fn it_says_where_a_text_is_no_ticket_file() {
        assert_eq!(what("  \n"), (1, 1, "the file is empty".to_owned()));
        assert_eq!(what("{\"ticket\": 1,\n}").0, 2);
        assert!(what("[1]").2.contains("expected an object"));
        assert!(what("{\"tickets\": 1}").2.contains("no member \"ticket\""));
        assert_eq!(
            what("{\n  \"ticket\": -1}"),
            (2, 13, "\"ticket\" is -1, not a whole number from 0".to_owned())
        );
        for bad in ["1.0", "1e3", "\"1\"", "null", "true", "[1]"] {
            assert!(what(&format!("{{\"ticket\": {bad}}}")).2.contains("not a whole number"), "{bad}");
        }
        assert!(what("{\"ticket\": 9223372036854775808}").2.contains("beyond 63 bits"));
        assert!(what("{\"ticket\": 1, \"ticket\": 2}").2.contains("twice"));
        assert!(what("{\"ticket\": 01}").2.contains("number"));
    }
}
