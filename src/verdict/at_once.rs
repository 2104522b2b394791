//! How many purchases were under way at one time: where no two overlapped, no race could show.

use crate::history::{History, Purchase};

/// The most purchases that were under way at one time, as far as is known of those that never returned.
/// Intervals are closed: who was called as another returned overlapped with it, unless both are of one
/// buyer, which goes from one purchase straight to the next.
pub(super) fn count(history: &History) -> u64 {
    let mut calls: Vec<(u64, u64)> = history.purchases.iter().map(|p| (p.invoke_ns, p.buyer)).collect();
    let mut ends: Vec<(u64, u64)> = history.purchases.iter().map(end).collect();
    // Mostly sorted already: this sort makes use of runs.
    calls.sort();
    ends.sort();
    let (mut begun, mut ended, mut most) = (0, 0, 0);
    for group in calls.chunk_by(|one, other| one.0 == other.0) {
        begun += group.len();
        ended += ends[ended..].iter().take_while(|(end_ns, _)| *end_ns < group[0].0).count();
        let goes_on = group.iter().filter(|call| ends[ended..].binary_search(call).is_ok()).count();
        most = most.max(begun - ended - goes_on);
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
    let steps = purchase.steps;
    let noted = [purchase.return_ns, steps.locked_ns, steps.read_ns, steps.truncated_ns, steps.written_ns];
    noted.into_iter().flatten().fold(purchase.invoke_ns, u64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Outcome;

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
        killed.steps.read_ns = Some(5);
        history.purchases = vec![killed, later];
        assert_eq!(count(&history), 2);
    }
}
