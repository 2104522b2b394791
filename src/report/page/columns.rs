//! The purchases as the page carries them: a stream of small numbers in base64, about thirty
//! characters for each purchase, so that a large history still opens at once.
//!
//! Numbers are LEB128 (seven bits a byte, the least first, the high bit on all but the last); signed
//! ones are zigzagged before that (0, −1, 1, −2, … become 0, 1, 2, 3, …). A purchase is its lane, its
//! mask (the outcome's place in [`Outcome::ALL`] in the lowest three bits, then a bit for each member in
//! the order of the constants below), its call as the distance from the purchase before, and then each
//! member that is there. Times are the distance from the time before them, zigzagged; stocks are signed,
//! too. The stock that a ticket was sold from has two bits: one if it is there by itself, one if it equals
//! the stock that was seen. A receipt for a ticket that was sold already has an outcome of its own, the number after the last one.
//! `page/data.js` reads it.

use data_encoding::BASE64;

use super::lanes::Lane;
use crate::fault::FaultKind;
use crate::history::{History, Outcome, Purchase};
use crate::verdict::Place;

/// The purchases of a history, ready for the page.
#[derive(Debug)]
pub(super) struct Columns {
    /// The stream.
    pub(super) base64: String,
    /// Where each purchase stands in it, by its place in the history.
    pub(super) rank: Vec<u32>,
}

impl Columns {
    /// Encodes a history, in the order of calls.
    pub(super) fn of(history: &History, lanes: &[Lane], from_ns: u64, again: &[bool]) -> Self {
        let mut lane_of = vec![0_u64; history.purchases.len()];
        for (lane, number) in lanes.iter().zip(0..) {
            for place in &lane.purchases {
                lane_of[*place as usize] = number;
            }
        }
        let mut order: Vec<Place> = (0..).take(history.purchases.len()).collect();
        order.sort_by_key(|place| history.purchases[*place as usize].invoke_ns);
        let mut rank = vec![0; order.len()];
        let mut bytes = Vec::with_capacity(order.len() * 24);
        let mut before_ns = from_ns;
        for (place, number) in order.iter().map(|place| *place as usize).zip(0..) {
            rank[place] = number;
            let purchase = &history.purchases[place];
            push(&mut bytes, lane_of[place]);
            let file = history.header.part_of(place as Place);
            push_purchase(&mut bytes, purchase, file, before_ns, again[place]);
            before_ns = purchase.invoke_ns;
        }
        Self { base64: BASE64.encode(&bytes), rank }
    }
}

fn push_purchase(bytes: &mut Vec<u8>, purchase: &Purchase, file: Option<usize>, before_ns: u64, again: bool) {
    let (steps, tries) = (purchase.steps.get(), purchase.tries.get());
    // Only the last try is drawn: a write before its read belongs to a try that was aborted.
    let of_last = |ns: &u64| tries.count == 1 || steps.read_ns.is_none_or(|read_ns| read_ns <= *ns);
    let times = [
        steps.locked_ns,
        steps.read_ns,
        steps.truncated_ns,
        steps.written_ns.filter(of_last),
        steps.unlocked_ns,
        purchase.return_ns.get(),
    ];
    let fault = purchase.fault.map(|fault| {
        let place = FaultKind::ALL.iter().position(|kind| *kind == fault.kind);
        (place.unwrap_or_default() as u64, i64::from(fault.number))
    });
    let line = Some(u64::from(purchase.line)).filter(|line| *line > 0);
    let as_seen = purchase.sold_from.get() == purchase.seen.get() && purchase.seen.get().is_some();
    let stocks = [purchase.seen.get(), purchase.sold_from.get().filter(|_| !as_seen)];
    let [seen, sold_from] = stocks.map(|stock| stock.map(zigzag));
    let numbers = [seen, purchase.pid.get().map(u64::from), sold_from, line];
    // Members that most purchases have come first, so that few masks take more than two bytes.
    let present = times.iter().chain(&numbers[..1]).map(Option::is_some).chain([as_seen]);
    let present = present.chain(numbers[1..].iter().map(Option::is_some)).chain([fault.is_some()]);
    let rare =
        [Some(purchase.quantity.into()).filter(|quantity| *quantity != 1), file.map(|file| file as u64)];
    let tried = (tries.count > 1).then_some(tries);
    let present = present.chain(rare.iter().map(Option::is_some)).chain([tried.is_some()]);
    let outcome = Outcome::ALL.iter().position(|outcome| *outcome == purchase.outcome).unwrap_or_default();
    let outcome = if again { Outcome::ALL.len() } else { outcome };
    let mask = present.zip(3..).fold(outcome as u64, |mask, (there, bit)| mask | u64::from(there) << bit);
    push(bytes, mask);
    push(bytes, purchase.invoke_ns.saturating_sub(before_ns));
    let mut before_ns = purchase.invoke_ns;
    for time_ns in times.into_iter().flatten() {
        push(bytes, zigzag(time_ns.wrapping_sub(before_ns) as i64));
        before_ns = time_ns;
    }
    numbers.into_iter().flatten().for_each(|number| push(bytes, number));
    if let Some((kind, errno)) = fault {
        push(bytes, kind);
        push(bytes, zigzag(errno));
    }
    rare.into_iter().flatten().for_each(|number| push(bytes, number));
    if let Some(tries) = tried {
        push(bytes, tries.count.into());
        push(bytes, tries.aborted.into());
        push(bytes, zigzag(tries.code.0.into()));
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

#[cfg(test)]
mod tests {
    use super::super::lanes::lanes;
    use super::super::sample::{bought, refused};
    use super::*;

    #[test]
    fn numbers_take_the_bytes_that_they_need() {
        let encoded = |number| {
            let mut bytes = Vec::new();
            push(&mut bytes, number);
            bytes
        };
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(127), [127]);
        assert_eq!(encoded(300), [0xac, 0x02]);
        assert_eq!(encoded(u64::MAX).len(), 10);
        assert_eq!([0, -1, 1, -2, i64::MIN].map(zigzag), [0, 1, 2, 3, u64::MAX]);
    }

    #[test]
    fn a_purchase_is_its_lane_its_mask_and_its_distances() {
        let history =
            History { purchases: vec![refused(2, 105, 110), bought(1, 3, 100, 120)], ..History::default() };
        let columns = Columns::of(&history, &lanes(&history), 100, &[false, false]);
        assert_eq!(columns.rank, [1, 0]);
        let bytes = BASE64.decode(columns.base64.as_bytes()).expect("base64");
        // Bought: lane 1, read + written + returned + seen (and sold from) + pid, called at 0, read 2 later, written
        // 18 later, returned at once, stock 3, process 4001.
        let masked = |bits: &[u32]| bits.iter().fold(0_u32, |mask, bit| mask | 1 << bit);
        let mask = masked(&[4, 6, 8, 9, 10, 11]);
        let (low, high) = ((mask & 0x7f) as u8 | 0x80, (mask >> 7) as u8);
        assert_eq!(bytes[..10], [1, low, high, 0, 4, 36, 0, 6, 0xa1, 0x1f]);
        // Refused: lane 0, called 5 later.
        assert_eq!((bytes[10], bytes[13]), (0, 5));
    }
}
