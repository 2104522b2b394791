//! The rows that a prepared statement answers: numbers, each as wide as its column's type.

use super::wire::Fields;
use crate::stock::Stock;
use crate::store::sql::net::Broken;

/// No statement of ours answers more columns.
const MOST_COLUMNS: u64 = 16;

/// How many columns a result has.
pub(super) fn columns(head: &[u8]) -> Result<u64, Broken> {
    let columns = Fields(head).counted_number()?.filter(|columns| *columns <= MOST_COLUMNS);
    columns.ok_or_else(|| Broken::Strange("an answer that nobody asked for".to_owned()))
}

/// The number of a column's type.
pub(super) fn kind_of_column(packet: &[u8]) -> Result<u8, Broken> {
    let mut fields = Fields(packet);
    // Where it comes from, and its name.
    for _ in 0..6 {
        fields.counted()?;
    }
    // The length of what follows, the character set, its width.
    fields.bytes(1 + 2 + 4)?;
    Ok(fields.bytes(1)?[0])
}

/// The number in a row's first column; `None` where it is NULL.
pub(super) fn first_number(packet: &[u8], kinds: &[u8]) -> Result<Option<Stock>, Broken> {
    let strange = || Broken::Strange("a number that is none".to_owned());
    let mut fields = Fields(packet);
    fields.bytes(1)?;
    // Which columns are NULL: a bit each, the first two mean nothing.
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

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(first_number(&[0, 0, 1, 2, 3], &[8]).is_err(), "too short");
        assert!(first_number(&[0, 0, 1, 2, 3, 4, 5, 6, 7, 8], &[5]).is_err(), "a double");
        assert!(first_number(&[0, 0, 1, b'x'], &[246]).is_err(), "a letter");
        assert!(columns(&[0xfb]).is_err() && columns(&[200]).is_err());
        assert!(kind_of_column(&[3, b'd', b'e']).is_err());
    }
}
