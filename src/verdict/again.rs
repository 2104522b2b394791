//! All receipts for tickets that were already sold or never existed, including those beyond the evidence that is kept,
//! so that a picture can show each. It claims no more than the verdict.

use super::{Anomaly, Evidence, Place, Verdict};
use crate::history::{History, Outcome, Purchase};
use crate::stock::Stock;

/// For each purchase: whether, by the verdict, its receipt is for a ticket that was already sold or never existed.
#[must_use]
pub fn sold_again(history: &History, verdict: &Verdict) -> Vec<bool> {
    let mut again = vec![false; history.purchases.len()];
    for anomaly in &verdict.anomalies {
        for place in of_anomaly(anomaly, history) {
            again[place as usize] |= history.purchases[place as usize].outcome == Outcome::Bought;
        }
    }
    again
}

fn of_anomaly(anomaly: &Anomaly, history: &History) -> Vec<Place> {
    match &anomaly.evidence {
        Evidence::Oversold(shared) if shared.is_empty() => anomaly.all_receipts_too_many(history),
        Evidence::LostUpdates(pairs) if pairs.len() as u64 == anomaly.count => {
            pairs.iter().map(|pair| later(history, pair.first, pair.second)).collect()
        }
        // All shared tickets, not only those kept as evidence: if others had put tickets on sale, some would be left
        // out.
        Evidence::LostUpdates(_) => shared(history, anomaly.item),
        Evidence::NegativeStock { .. } => {
            let quantity = |p: &Purchase| Stock::from(p.quantity);
            let from_nothing = |p: &Purchase| p.sold_from.get().is_some_and(|stock| stock < quantity(p));
            let receipts = receipts(history, anomaly.item);
            receipts.filter(|(purchase, _)| from_nothing(purchase)).map(|(_, place)| place).collect()
        }
        Evidence::Oversold(_)
        | Evidence::LostStock { .. }
        | Evidence::TornReads(_)
        | Evidence::OutOfOrder(_)
        | Evidence::ReturnedTwice(_)
        | Evidence::OverLimit(_)
        | Evidence::Stuck(_) => Vec::new(),
    }
}

/// The receipts, of one item if there are several.
fn receipts(history: &History, item: Option<u32>) -> impl Iterator<Item = (&Purchase, Place)> {
    let wanted = move |(purchase, _): &(&Purchase, Place)| {
        purchase.outcome == Outcome::Bought && item.is_none_or(|item| item == purchase.item)
    };
    history.purchases.iter().zip(0..).filter(wanted)
}

/// Each receipt that shares a ticket with one that came before it.
fn shared(history: &History, item: Option<u32>) -> Vec<Place> {
    let with_stock = |(purchase, place): (&Purchase, Place)| {
        let high = purchase.sold_from.get()?;
        let low = high.saturating_sub(Stock::from(purchase.quantity));
        Some((std::cmp::Reverse(high), wrote_ns(purchase), low, place))
    };
    let mut sold: Vec<_> = receipts(history, item).filter_map(with_stock).collect();
    sold.sort_unstable();
    // The receipt whose lowest ticket is the lowest so far.
    let mut deepest: Option<(Stock, Place)> = None;
    let mut again = Vec::new();
    for (high, _, low, place) in sold {
        if let Some((_, before)) = deepest.filter(|(down_to, _)| high.0 > *down_to) {
            again.push(later(history, before, place));
        }
        deepest = match deepest {
            Some((down_to, before)) if down_to < low => Some((down_to, before)),
            _ => Some((low, place)),
        };
    }
    again
}

fn later(history: &History, one: Place, other: Place) -> Place {
    let wrote = |place: Place| (wrote_ns(&history.purchases[place as usize]), place);
    if wrote(one) > wrote(other) { one } else { other }
}

/// When a receipt was written, as exactly as the history knows.
fn wrote_ns(purchase: &Purchase) -> u64 {
    purchase.steps.get().written_ns.or(purchase.return_ns.get()).unwrap_or(purchase.invoke_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Header;
    use crate::verdict::judge;

    fn bought(buyer: u64, stock: Stock, return_ns: u64) -> Purchase {
        Purchase::new(buyer, Outcome::Bought, 0, Some(return_ns)).from_stock(stock)
    }

    fn marks(header: Header, purchases: Vec<Purchase>) -> Vec<bool> {
        let history = History { header, purchases };
        sold_again(&history, &judge(&history))
    }

    #[test]
    fn the_first_receipt_of_a_ticket_is_none_of_them() {
        let header = || Header { initial: Some(2), ..Header::default() };
        let race = vec![bought(1, 2, 30), bought(2, 2, 20), bought(3, 1, 40)];
        assert_eq!(marks(header(), race), [true, false, false], "who wrote later");
        let peace = vec![bought(1, 2, 20), bought(2, 1, 30)];
        assert_eq!(marks(header(), peace), [false, false]);
        let below = vec![bought(1, 1, 10), bought(2, 0, 20), bought(3, -1, 30)];
        assert_eq!(marks(Header { initial: Some(1), ..header() }, below), [false, true, true]);
    }

    #[test]
    fn every_one_is_marked_however_many_there_are() {
        let many = 3 * crate::verdict::MOST_EVIDENCE;
        let race = (0..many as u64).map(|buyer| bought(buyer, 1, 100 + buyer)).collect();
        let marks = marks(Header { initial: Some(1), ..Header::default() }, race);
        assert_eq!(marks.iter().filter(|again| **again).count(), many - 1);
        assert!(!marks[0], "the first has its ticket");
    }

    /// If tickets come back, the same stock may be seen twice although no ticket is sold twice.
    #[test]
    fn a_ticket_that_came_back_may_be_sold_again() {
        let back = Purchase::new(1, Outcome::Returned, 30, Some(40));
        let again = Purchase { invoke_ns: 50, ..bought(2, 1, 60) };
        let header = Header { initial: Some(1), ..Header::default() };
        assert_eq!(marks(header, vec![bought(1, 1, 20), back, again]), [false, false, false]);
    }
}
