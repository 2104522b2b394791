//! The quick parser, for lines as ticketsim and most loggers write them: a purchase's members in the order of
//! the format, plain numbers and plain texts. It allocates nothing for a line and knows nothing of other
//! lines, so that threads can parse side by side. All other lines are left to the slow parser (`line`), which
//! accepts any JSON and reports errors. For lines that both accept, they give the same result.

use super::line::check_times;
use super::mistake::MOST_LINE_BYTES;
use super::{Items, Names, Outcome, Purchase, Steps};
use crate::noted::{Notable, Noted};

/// What a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    Buyer,
    Item,
    Seat,
    Order,
}

/// A name in a purchase: what it names, and where it begins and ends in the block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) purchase: u32,
    pub(super) naming: Naming,
    pub(super) from: u32,
    pub(super) until: u32,
}

/// A line for the slow parser: its number in the block, its range there without the line feed, and the
/// purchase that follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Other {
    pub(super) before: u32,
    pub(super) line: u32,
    pub(super) from: u32,
    pub(super) until: u32,
    /// Whether it has its line feed.
    pub(super) ended: bool,
}

/// The content of a block of lines. Its purchases have their line's number in the block, from 1.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) purchases: Vec<Purchase>,
    pub(super) names: Vec<Name>,
    pub(super) others: Vec<Other>,
    pub(super) lines: u32,
}

impl Parsed {
    /// Reads a block of at most 2³² bytes.
    pub(super) fn read(&mut self, text: &[u8]) {
        self.purchases.clear();
        self.names.clear();
        self.others.clear();
        self.lines = 0;
        let mut at = 0;
        while at < text.len() {
            self.lines += 1;
            let known = self.names.len();
            let mut cursor = Cursor { text, at, more: false };
            if let Some(purchase) = cursor.purchase(self)
                && cursor.at - at <= MOST_LINE_BYTES
            {
                self.purchases.push(Purchase { line: self.lines, ..purchase });
                at = cursor.at;
                continue;
            }
            self.names.truncate(known);
            let length = text[at..].iter().position(|byte| *byte == b'\n');
            let until = length.map_or(text.len(), |length| at + length);
            let ended = length.is_some();
            let before = self.purchases.len() as u32;
            self.others.push(Other { before, line: self.lines, from: at as u32, until: until as u32, ended });
            at = until + usize::from(ended);
        }
    }
}

/// A position in a block. Its functions return `None` for whatever they do not expect.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether another member follows.
    more: bool,
}

impl Cursor<'_> {
    /// The purchase of this line; the cursor is then after its line feed.
    fn purchase(&mut self, parsed: &mut Parsed) -> Option<Purchase> {
        self.eat(b"{")?;
        self.blank();
        self.more = true;
        let mut purchase = Purchase { item: Items::NONE, ..Purchase::default() };
        self.expect(b"\"buyer\":")?;
        if self.peek() == Some(b'"') {
            self.name(Naming::Buyer, parsed)?;
        } else {
            purchase.buyer = self.number().filter(|number| *number < Names::FIRST)?;
            self.next()?;
        }
        if self.member(b"\"pid\":") {
            let pid = u32::try_from(self.number()?).ok().filter(|pid| *pid != u32::NOTHING)?;
            purchase.pid = pid.into();
            self.next()?;
        }
        self.expect(b"\"invoke_ns\":")?;
        purchase.invoke_ns = self.number()?;
        self.next()?;
        purchase.return_ns = self.time(b"\"return_ns\":")?;
        self.expect(b"\"outcome\":")?;
        purchase.outcome = self.outcome()?;
        self.next()?;
        self.rarely(&mut purchase, parsed)?;
        self.stocks(&mut purchase)?;
        let steps = Steps {
            locked_ns: self.time(b"\"locked_ns\":")?.get(),
            read_ns: self.time(b"\"read_ns\":")?.get(),
            truncated_ns: self.time(b"\"truncated_ns\":")?.get(),
            written_ns: self.time(b"\"written_ns\":")?.get(),
            unlocked_ns: self.time(b"\"unlocked_ns\":")?.get(),
        };
        purchase.steps = steps.into();
        if self.more {
            return None;
        }
        if self.at < self.text.len() {
            self.blank();
            if self.peek() == Some(b'\r') {
                self.at += 1;
            }
            self.eat(b"\n")?;
        }
        check_times(purchase.outcome, purchase.invoke_ns, purchase.return_ns.get()).ok()?;
        Some(purchase)
    }

    /// The members that few purchases have.
    fn rarely(&mut self, purchase: &mut Purchase, parsed: &mut Parsed) -> Option<()> {
        if self.member(b"\"gives_back\":") {
            purchase.gives_back = self.eat(b"true").is_some();
            if !purchase.gives_back {
                self.eat(b"false")?;
            }
            self.next()?;
        }
        if self.member(b"\"quantity\":") {
            purchase.quantity = u32::try_from(self.number()?).ok().filter(|quantity| *quantity > 0)?;
            self.next()?;
        }
        if self.member(b"\"item\":") {
            self.name(Naming::Item, parsed)?;
        } else if self.member(b"\"seat\":") {
            self.name(Naming::Seat, parsed)?;
        }
        if self.member(b"\"order\":") {
            self.name(Naming::Order, parsed)?;
        }
        Some(())
    }

    fn stocks(&mut self, purchase: &mut Purchase) -> Option<()> {
        let stock = self.stock(b"\"stock\":")?;
        let (seen, sold_from) = (self.stock(b"\"seen\":")?, self.stock(b"\"sold_from\":")?);
        purchase.seen = if seen == Noted::NONE { stock } else { seen };
        purchase.sold_from = if sold_from == Noted::NONE { stock } else { sold_from };
        // A read needs the stock that it saw.
        (purchase.outcome != Outcome::Read || purchase.seen != Noted::NONE).then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn eat<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        (self.text.get(self.at..self.at + N)? == word).then(|| self.at += N)
    }

    /// Skips one blank, if there is one; more than one is left to the slow parser.
    #[inline]
    fn blank(&mut self) {
        self.at += usize::from(self.peek() == Some(b' '));
    }

    /// Whether this member comes next; the cursor is then before its value.
    #[inline]
    fn member<const N: usize>(&mut self, name: &[u8; N]) -> bool {
        let here = self.more && self.eat(name).is_some();
        if here {
            self.blank();
        }
        here
    }

    #[inline]
    fn expect<const N: usize>(&mut self, name: &[u8; N]) -> Option<()> {
        self.member(name).then_some(())
    }

    /// Moves from the end of a value to the next member, or after the object.
    #[inline]
    fn next(&mut self) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        self.more = byte == b',';
        if self.more {
            self.blank();
        }
        (self.more || byte == b'}').then_some(())
    }

    #[inline]
    fn time<const N: usize>(&mut self, name: &[u8; N]) -> Option<Noted<u64>> {
        if !self.member(name) {
            return Some(Noted::NONE);
        }
        let time = self.number().filter(|ns| *ns != u64::NOTHING)?;
        self.next()?;
        Some(time.into())
    }

    #[inline]
    fn stock<const N: usize>(&mut self, name: &[u8; N]) -> Option<Noted<i64>> {
        if !self.member(name) {
            return Some(Noted::NONE);
        }
        let negative = self.eat(b"-").is_some();
        // JSON has -0, which is left to the slow parser.
        let number = i64::try_from(self.number()?).ok().filter(|number| !negative || *number > 0)?;
        self.next()?;
        Some(if negative { -number } else { number }.into())
    }

    /// A whole number from 0, of at most 19 digits, without leading zeros, as JSON requires. Eight bytes at a time.
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let from = self.at;
        let mut number: u64 = 0;
        loop {
            let (count, value) = match self.text.get(self.at..self.at + 8) {
                Some(bytes) => digits(u64::from_le_bytes(bytes.try_into().ok()?)),
                // Near the end of the block, the missing bytes are zero, which are no digits.
                None => {
                    let rest = self.text.get(self.at..)?;
                    let mut bytes = [0; 8];
                    bytes[..rest.len()].copy_from_slice(rest);
                    digits(u64::from_le_bytes(bytes))
                }
            };
            // Nineteen digits fit.
            if self.at + count - from > 19 {
                return None;
            }
            number = number * POWERS[count] + value;
            self.at += count;
            if count < 8 {
                break;
            }
        }
        let length = self.at - from;
        (length > 0 && (length == 1 || self.text[from] != b'0')).then_some(number)
    }

    fn outcome(&mut self) -> Option<Outcome> {
        Outcome::ALL.iter().copied().find(|outcome| {
            let name = outcome.name().as_bytes();
            let rest = &self.text[self.at..];
            let is_it = rest.first() == Some(&b'"')
                && rest[1..].starts_with(name)
                && rest.get(name.len() + 1) == Some(&b'"');
            self.at += if is_it { name.len() + 2 } else { 0 };
            is_it
        })
    }

    /// A plain text that names something. A number is left to the slow parser.
    fn name(&mut self, naming: Naming, parsed: &mut Parsed) -> Option<()> {
        self.eat(b"\"")?;
        let from = self.at;
        let plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
        let length = self.text[from..].iter().position(|byte| !plain(byte))?;
        self.at += length;
        let until = self.at;
        self.eat(b"\"")?;
        std::str::from_utf8(&self.text[from..until]).ok()?;
        let purchase = parsed.purchases.len() as u32;
        parsed.names.push(Name { purchase, naming, from: from as u32, until: until as u32 });
        self.next()
    }
}

/// Powers of ten, by the number of digits.
const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// How many digits these eight bytes begin with (the first is the lowest byte), and the number that they spell.
#[inline]
fn digits(word: u64) -> (usize, u64) {
    /// The same byte eight times.
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    // Now a digit is a byte from 0 to 9. Any other byte has its highest bit set in `others`.
    let values = word ^ each(b'0');
    let others = (((values & each(0x7f)) + each(0x76)) | values) & each(0x80);
    let count = others.trailing_zeros() as usize / 8;
    if count == 0 {
        return (0, 0);
    }
    // Pads with leading zeros to eight digits; then joins pairs within the word: 2, 4, 8 digits at a time.
    let ones = values << (64 - 8 * count);
    let twos = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    (count, (fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_whole_or_not_at_all() {
        let number = |text: &str| {
            let mut cursor = Cursor { text: text.as_bytes(), at: 0, more: false };
            cursor.number().map(|number| (number, cursor.at))
        };
        for text in ["0", "7", "12345678", "99999999", "123456789", "1234567812345678", "9999999999999999999"]
        {
            assert_eq!(number(&format!("{text},")), Some((text.parse().expect("a number"), text.len())));
            assert_eq!(number(text), Some((text.parse().expect("a number"), text.len())));
        }
        for text in
            ["", "x", "-1", "01", "00000000", "012345678", "10000000000000000000", "18446744073709551616"]
        {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number("1234567:12345678"), Some((1_234_567, 7)), "a colon is next to nine");
        assert_eq!(number("12/4567812345678"), Some((12, 2)), "a slash is next to zero");
        assert_eq!(number("1.5"), Some((1, 1)), "what follows is for others");
    }
}
