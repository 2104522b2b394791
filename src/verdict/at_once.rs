//! How many purchases were under way at one time: where no two overlapped, no race could show.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Place;
use crate::history::{History, Purchase};

/// The most purchases that were under way at one time, as far as is known of those that never returned.
/// Intervals are closed: who was called as another returned overlapped with it, unless both are of one
/// buyer, which goes from one purchase straight to the next.
pub(super) fn count(history: &History) -> u64 {
    let purchase = |place: Place| &history.purchases[place as usize];
    let mut calls: Vec<Place> = (0..history.purchases.len() as Place).collect();
    // Mostly sorted already: this sort makes use of that.
    calls.sort_by_key(|place| purchase(*place).invoke_ns);
    // The ends of those under way.
    let mut ends: BinaryHeap<Reverse<(u64, u64)>> = BinaryHeap::new();
    let mut touching: Vec<(u64, u64)> = Vec::new();
    let mut most = 0;
    for group in calls.chunk_by(|one, other| purchase(*one).invoke_ns == purchase(*other).invoke_ns) {
        let now_ns = purchase(group[0]).invoke_ns;
        touching.clear();
        while let Some(Reverse(end)) = ends.peek().copied().filter(|Reverse(end)| end.0 <= now_ns) {
            ends.pop();
            if end.0 == now_ns {
                touching.push(end);
            }
        }
        let goes_on = |place: &&Place| touching.binary_search(&(now_ns, purchase(**place).buyer)).is_ok();
        let going_on = group.iter().filter(goes_on).count();
        ends.extend(group.iter().map(|place| Reverse(end(purchase(*place)))));
        most = most.max(ends.len() + touching.len() - going_on);
    }
    most as u64
}

/// When a purchase is last heard of, and whose it is: nobody's, if it took no time, for then nobody goes on
/// from it.
fn end(purchase: &Purchase) -> (u64, u64) {
    let end_ns = last_known_ns(purchase);
    (end_ns, if end_ns > purchase.invoke_ns { purchase.buyer } else { u64::MAX })
}

/// When a purchase is last heard of.
fn last_known_ns(purchase: &Purchase) -> u64 {
    let steps = purchase.steps.get();
    let noted =
        [purchase.return_ns.get(), steps.locked_ns, steps.read_ns, steps.truncated_ns, steps.written_ns];
    noted.into_iter().flatten().fold(purchase.invoke_ns, u64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Outcome, Steps};

    /// The count of purchases, each of a buyer, from and until a time.
    fn at_once(purchases: &[(u64, u64, u64)]) -> u64 {
        let purchase = |(buyer, from_ns, until_ns): &(u64, u64, u64)| {
            Purchase::new(*buyer, Outcome::Bought, *from_ns, Some(*until_ns))
        };
        count(&History { purchases: purchases.iter().map(purchase).collect(), ..History::default() })
    }

    #[test]
    fn what_touches_overlaps_but_a_buyer_with_itself() {
        assert_eq!(at_once(&[]), 0);
        assert_eq!(at_once(&[(1, 5, 5)]), 1);
        assert_eq!(at_once(&[(1, 1, 3), (1, 3, 5), (1, 5, 9)]), 1);
        assert_eq!(at_once(&[(1, 1, 3), (2, 3, 5), (1, 6, 9)]), 2);
        assert_eq!(at_once(&[(1, 1, 3), (2, 4, 5)]), 1);
        assert_eq!(at_once(&[(1, 1, 9), (2, 2, 3), (3, 4, 8), (2, 5, 6)]), 3);
        assert_eq!(at_once(&[(1, 4, 4), (2, 4, 4)]), 2);
        assert_eq!(at_once(&[(1, 1, 4), (1, 4, 4), (1, 4, 6)]), 1);
    }

    #[test]
    fn who_never_returned_was_under_way_for_as_long_as_it_was_heard_of() {
        let mut killed = Purchase::new(1, Outcome::Unknown, 1, None);
        let later = Purchase::new(2, Outcome::Bought, 5, Some(6));
        let mut history = History { purchases: vec![killed.clone(), later.clone()], ..History::default() };
        assert_eq!(count(&history), 1);
        killed.steps = Steps { read_ns: Some(5), ..Steps::default() }.into();
        history.purchases = vec![killed, later];
        assert_eq!(count(&history), 2);
    }
}
