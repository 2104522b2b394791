//! The answer to a statement, packet by packet: how many rows it changed, or rows of numbers, each with the width of its
//! column's type.

use super::wire::{Fields, ServerError, is_end};
use crate::stock::Stock;
use crate::store::server::Unexpected;
use crate::store::sql::link::Answer;
use crate::store::sql::net::Broken;

/// The most columns of an answer.
const MOST_COLUMNS: u64 = 16;

/// The part of an answer that has come.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// How many columns there are, once that is known.
    columns: Option<u64>,
    /// The types of the columns that were described.
    kinds: Vec<u8>,
    is_among_rows: bool,
    number: Option<Stock>,
}

impl Hearing {
    /// Takes the next packet. Returns the answer, or the error, if it was the last one.
    pub(super) fn take(&mut self, packet: &[u8]) -> Result<Option<Result<Answer, ServerError>>, Broken> {
        let Some(columns) = self.columns else { return self.begin(packet) };
        if (self.kinds.len() as u64) < columns {
            self.kinds.push(kind_of_column(packet)?);
        } else if is_end(packet) {
            // First the columns end like this, then the rows.
            if std::mem::replace(&mut self.is_among_rows, true) {
                return Ok(Some(Ok(Answer { number: self.number, rows: 0 })));
            }
        } else if let Some(error) = ServerError::of(packet)? {
            return Ok(Some(Err(error)));
        } else {
            self.number = first_number(packet, &self.kinds)?.or(self.number);
        }
        Ok(None)
    }

    fn begin(&mut self, packet: &[u8]) -> Result<Option<Result<Answer, ServerError>>, Broken> {
        if let Some(error) = ServerError::of(packet)? {
            return Ok(Some(Err(error)));
        }
        if packet.first() != Some(&0) {
            self.columns = Some(columns(packet)?);
            return Ok(None);
        }
        let mut fields = Fields(&packet[1..]);
        let rows = fields.counted_number()?.unwrap_or(0);
        let told = fields.counted_number()?.unwrap_or(0);
        // LAST_INSERT_ID(…) of a row that was found, below 0 as well.
        Ok(Some(Ok(Answer { number: (rows > 0).then_some(told.cast_signed()), rows })))
    }
}

/// How many columns a result has.
fn columns(head: &[u8]) -> Result<u64, Broken> {
    let columns = Fields(head).counted_number()?.filter(|columns| *columns <= MOST_COLUMNS);
    columns.ok_or(Broken::Strange(Unexpected::NotAsked))
}

/// The number of a column's type.
fn kind_of_column(packet: &[u8]) -> Result<u8, Broken> {
    let mut fields = Fields(packet);
    // Its origin and its name.
    for _ in 0..6 {
        fields.counted()?;
    }
    // The length of what follows, the character set, its width.
    fields.bytes(1 + 2 + 4)?;
    Ok(fields.bytes(1)?[0])
}

/// The number in a row's first column; `None` where it is NULL.
fn first_number(packet: &[u8], kinds: &[u8]) -> Result<Option<Stock>, Broken> {
    let strange = || Broken::Strange(Unexpected::NoNumber);
    let mut fields = Fields(packet);
    fields.bytes(1)?;
    // Which columns are NULL: one bit each, after two bits without meaning.
    let nulls = fields.bytes((kinds.len() + 2).div_ceil(8))?;
    if nulls.first().is_some_and(|nulls| nulls & 0b100 != 0) {
        return Ok(None);
    }
    let width = match kinds.first() {
        Some(1) => 1,
        Some(2) => 2,
        Some(3 | 9) => 4,
        Some(8) => 8,
        // As text: a decimal number, or a string.
        Some(0 | 15 | 246 | 253 | 254) => {
            let text = fields.counted()?.and_then(|bytes| std::str::from_utf8(bytes).ok());
            return text.and_then(|text| text.parse().ok()).map(Some).ok_or_else(strange);
        }
        _ => return Err(strange()),
    };
    let number = fields.number(width)?;
    let unused = 64 - 8 * width as u32;
    // With its sign.
    Ok(Some((number << unused).cast_signed() >> unused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_wide_as_its_type_and_has_its_sign() {
        let number = |kind, bytes: &[u8]| {
            first_number(&[&[0, 0], bytes].concat(), &[kind]).expect("a number").expect("not NULL")
        };
        assert_eq!(number(8, &(-1_i64).to_le_bytes()), -1);
        assert_eq!(number(8, &i64::MAX.to_le_bytes()), i64::MAX);
        assert_eq!(number(3, &(-7_i32).to_le_bytes()), -7);
        assert_eq!(number(2, &300_i16.to_le_bytes()), 300);
        assert_eq!(number(1, &[0xff]), -1);
        assert_eq!(number(246, b"\x0212"), 12);
        assert_eq!(first_number(&[0, 0b100], &[8]).expect("NULL"), None);
    }

    /// A count of rows, a result with its columns and rows, an error among them.
    #[test]
    fn an_answer_is_taken_packet_by_packet() {
        let hear = |packets: &[&[u8]]| {
            let mut hearing = Hearing::default();
            let (last, before) = packets.split_last().expect("packets");
            for packet in before {
                assert_eq!(hearing.take(packet).expect("a packet"), None);
            }
            hearing.take(last).expect("a packet").expect("the last one")
        };
        let minus_one = [&[0, 1, 0xfe][..], &[0xff; 8], &[2, 0, 0, 0]].concat();
        assert_eq!(hear(&[&minus_one]), Ok(Answer { number: Some(-1), rows: 1 }));
        assert_eq!(hear(&[&[0, 0, 0, 2, 0, 0, 0]]), Ok(Answer { number: None, rows: 0 }));
        let column = [b"\x03def\0\0\0\0\0\x0c".as_slice(), &[63, 0, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0]].concat();
        let (end, row) = ([0xfe, 0, 0, 2, 0], [&[0, 0][..], &7_i64.to_le_bytes()].concat());
        assert_eq!(hear(&[&[1], &column, &end, &row, &end]), Ok(Answer { number: Some(7), rows: 0 }));
        assert_eq!(hear(&[&[1], &column, &end, &end]), Ok(Answer { number: None, rows: 0 }));
        let error = b"\xff\xbd\x04#40001Deadlock found";
        assert_eq!(hear(&[&[1], &column, &end, error]).expect_err("an error").number, 1213);
        assert_eq!(hear(&[error]).expect_err("an error").said, "Deadlock found");
    }

    #[test]
    fn what_is_no_number_is_rejected() {
        assert!(first_number(&[0, 0, 1, 2, 3], &[8]).is_err(), "too short");
        assert!(first_number(&[0, 0, 1, 2, 3, 4, 5, 6, 7, 8], &[5]).is_err(), "a double");
        assert!(first_number(&[0, 0, 1, b'x'], &[246]).is_err(), "a letter");
        assert!(columns(&[0xfb]).is_err() && columns(&[200]).is_err());
        assert!(kind_of_column(&[3, b'd', b'e']).is_err());
    }
}
