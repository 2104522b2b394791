//! How many purchases were under way at one time: if no two overlapped, no race could show.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Place;
use crate::history::{History, Purchase};

/// The most purchases that were under way at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AtOnce {
    /// The number that is certain.
    pub(super) surely: u64,
    /// The number that is possible: larger if the clocks of several hosts leave it open.
    pub(super) perhaps: u64,
}

/// Counts them. A purchase that never returned counts up to the last that is known of it.
///
/// Purchases of one host are on one clock. Purchases of several hosts certainly overlap if they still do when each
/// interval is shortened by its host's error at both ends. They certainly do not overlap if they do not even when each
/// is lengthened by it.
pub(super) fn count(history: &History) -> AtOnce {
    let all = || (0..history.purchases.len() as Place).collect::<Vec<_>>();
    let hosts = &history.header.hosts;
    if hosts.is_empty() {
        let surely = most(history, all(), |purchase| (purchase.invoke_ns, end_ns(purchase)));
        return AtOnce { surely, perhaps: surely };
    }
    let error_ns = |purchase: &Purchase| history.header.host_of(purchase).map_or(0, |host| host.error_ns);
    let shorter = |purchase: &Purchase| {
        let error_ns = error_ns(purchase);
        (purchase.invoke_ns.saturating_add(error_ns), end_ns(purchase).saturating_sub(error_ns))
    };
    let is_left = |place: &Place| {
        let (from_ns, until_ns) = shorter(&history.purchases[*place as usize]);
        from_ns <= until_ns
    };
    let left = all().into_iter().filter(is_left).collect();
    let mut surely = most(history, left, shorter);
    for number in 1..=hosts.len() as u16 {
        let own = |place: &Place| history.purchases[*place as usize].host == number;
        let own: Vec<Place> = all().into_iter().filter(own).collect();
        if own.len() as u64 > surely {
            surely = surely.max(most(history, own, |purchase| (purchase.invoke_ns, end_ns(purchase))));
        }
    }
    if surely > 1 {
        // The second number matters only if no two overlapped for certain.
        return AtOnce { surely, perhaps: surely };
    }
    let longer = |purchase: &Purchase| {
        let error_ns = error_ns(purchase);
        (purchase.invoke_ns.saturating_sub(error_ns), end_ns(purchase).saturating_add(error_ns))
    };
    AtOnce { surely, perhaps: most(history, all(), longer).max(surely) }
}

/// The most of these purchases at one time; `span` gives the interval of each. Intervals are closed: a purchase called
/// in the moment in which another returned overlaps with it. The exception is the same buyer, which goes straight from
/// one purchase to the next.
fn most(history: &History, mut calls: Vec<Place>, span: impl Fn(&Purchase) -> (u64, u64)) -> u64 {
    let purchase = |place: Place| &history.purchases[place as usize];
    let called_ns = |place: Place| span(purchase(place)).0;
    // Mostly sorted already, which makes this sort fast.
    calls.sort_by_key(|place| called_ns(*place));
    // The ends of the purchases under way.
    let mut ends: BinaryHeap<Reverse<(u64, u64)>> = BinaryHeap::new();
    let mut touching: Vec<(u64, u64)> = Vec::new();
    let mut most = 0;
    for group in calls.chunk_by(|one, other| called_ns(*one) == called_ns(*other)) {
        let now_ns = called_ns(group[0]);
        touching.clear();
        while let Some(Reverse(end)) = ends.peek().copied().filter(|Reverse(end)| end.0 <= now_ns) {
            ends.pop();
            if end.0 == now_ns {
                touching.push(end);
            }
        }
        let goes_on = |place: &&Place| touching.binary_search(&(now_ns, purchase(**place).buyer)).is_ok();
        let going_on = group.iter().filter(goes_on).count();
        // The end and the buyer; buyer 0 if it took no time, since the exception for the same buyer must not apply
        // then.
        let end = |purchase: &Purchase| {
            let (from_ns, until_ns) = span(purchase);
            (until_ns, if until_ns > from_ns { purchase.buyer } else { u64::MAX })
        };
        ends.extend(group.iter().map(|place| Reverse(end(purchase(*place)))));
        most = most.max(ends.len() + touching.len() - going_on);
    }
    most as u64
}

/// The last time that is known of a purchase.
fn end_ns(purchase: &Purchase) -> u64 {
    let steps = purchase.steps.get();
    let noted =
        [purchase.return_ns.get(), steps.locked_ns, steps.read_ns, steps.truncated_ns, steps.written_ns];
    noted.into_iter().flatten().fold(purchase.invoke_ns, u64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Header, Host, Outcome, Steps};

    /// The count for these purchases: buyer, call and return of each.
    fn at_once(purchases: &[(u64, u64, u64)]) -> u64 {
        let purchase = |(buyer, from_ns, until_ns): &(u64, u64, u64)| {
            Purchase::new(*buyer, Outcome::Bought, *from_ns, Some(*until_ns))
        };
        count(&History { purchases: purchases.iter().map(purchase).collect(), ..History::default() }).surely
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
        assert_eq!(count(&history).surely, 1);
        killed.steps = Steps { read_ns: Some(5), ..Steps::default() }.into();
        history.purchases = vec![killed, later];
        assert_eq!(count(&history).surely, 2);
    }

    #[test]
    fn of_two_hosts_only_what_no_clock_can_explain_overlaps() {
        let host = |error_ns| Host { error_ns, ..Host::default() };
        let counted = |hosts: &[u64], purchases: &[(u16, u64, u64)]| {
            let purchase = |(host, from_ns, until_ns): &(u16, u64, u64)| Purchase {
                host: *host,
                ..Purchase::new((*host).into(), Outcome::Bought, *from_ns, Some(*until_ns))
            };
            let header =
                Header { hosts: hosts.iter().map(|error| host(*error)).collect(), ..Header::default() };
            let counted = count(&History { header, purchases: purchases.iter().map(purchase).collect() });
            (counted.surely, counted.perhaps)
        };
        let near = [(1, 100, 200), (2, 190, 300)];
        assert_eq!(counted(&[1, 2], &near), (2, 2));
        assert_eq!(counted(&[10, 2], &near), (1, 2), "it may be the clocks");
        assert_eq!(counted(&[10, 2], &[(1, 100, 200), (2, 213, 300)]), (1, 1));
        assert_eq!(counted(&[1_000], &[(1, 100, 200), (1, 190, 300)]), (2, 2), "one clock");
    }
}
