//! The books where a purchase may be of several tickets, or tickets may come back: by number and by time,
//! since the stock that a ticket was sold from does not tell it from others any more.
//!
//! By the return of a receipt all that it took is gone, and no more than what had been called by then can
//! have come back. So at every moment
//!
//! `sold (returned by then) ≤ initial + given back (called by then)`
//!
//! and no more can be said by number: taking every receipt as late and every give-back as early as can be
//! keeps the stock at 0 or above if that holds. What is missing in the end is `oversold`.

use super::{Anomaly, AnomalyKind, Evidence, Ledger, LostUpdate, MOST_EVIDENCE, Place};
use crate::history::{History, Outcome, Purchase};
use crate::stock::Stock;

/// Judges the books. `lost` is whether nothing is known any more of some buyers.
pub(super) fn judge(history: &History, ledger: &mut Ledger, lost: bool) -> Vec<Anomaly> {
    let mut anomalies = Vec::new();
    let course = Course::of(history, None);
    ledger.oversold = course.most_oversold;
    if ledger.oversold > 0 {
        anomalies.push(Anomaly::new(AnomalyKind::Oversold, ledger.oversold, Evidence::Oversold(Vec::new())));
    }
    if !history.purchases.iter().any(Purchase::may_raise) {
        anomalies.extend(lost_updates(history));
    }
    anomalies.extend(lost_stock(history, ledger, lost));
    anomalies
}

/// The receipts that came when nothing was left any more, of one item where there are several.
pub(super) fn too_many(history: &History, item: Option<u32>) -> Vec<Place> {
    Course::of(history, item).too_many
}

/// What was sold and given back, in the order of time.
struct Course {
    /// The most that was ever sold beyond what there was.
    most_oversold: u64,
    /// The receipts that raised it.
    too_many: Vec<Place>,
}

impl Course {
    fn of(history: &History, item: Option<u32>) -> Self {
        let header = &history.header;
        let initial = match item {
            Some(item) => header.items.initial.get(item as usize).copied().flatten(),
            None => header.initial,
        };
        let mut course = Self { most_oversold: 0, too_many: Vec::new() };
        let Some(initial) = initial else { return course };
        let slack = header.slack();
        // At one moment what comes back comes first: intervals are closed.
        let mut changes: Vec<(u64, bool, Place)> = Vec::new();
        for (purchase, place) in history.purchases.iter().zip(0..) {
            if item.is_some_and(|item| item != purchase.item) {
                continue;
            }
            if purchase.may_raise() {
                changes.push((slack.called_ns(purchase), false, place));
            } else if purchase.outcome == Outcome::Bought {
                changes.push((slack.returned_ns(purchase), true, place));
            }
        }
        changes.sort_unstable();
        let mut left = i128::from(initial.max(0)) - i128::from(header.unrecorded.bought);
        course.most_oversold = u64::try_from(-left).unwrap_or(0);
        for (_, sells, place) in changes {
            let quantity = i128::from(history.purchases[place as usize].quantity);
            left += if sells { -quantity } else { quantity };
            let oversold = u64::try_from(-left).unwrap_or(0);
            if sells && oversold > 0 {
                course.too_many.push(place);
            }
            course.most_oversold = course.most_oversold.max(oversold);
        }
        course
    }
}

/// Where nothing comes back, a receipt of `quantity` from a stock is for the tickets of that number and
/// below. Two receipts that share one were both sold it.
fn lost_updates(history: &History) -> Option<Anomaly> {
    let mut receipts: Vec<(Stock, Stock, Place)> = Vec::new();
    for (purchase, place) in history.purchases.iter().zip(0..) {
        if let (Outcome::Bought, Some(high)) = (purchase.outcome, purchase.sold_from.get()) {
            receipts.push((high, high.saturating_sub(Stock::from(purchase.quantity)), place));
        }
    }
    receipts.sort_unstable_by_key(|(high, low, place)| (std::cmp::Reverse(*high), *low, *place));
    let mut count = 0;
    let mut pairs = Vec::new();
    // The receipt that reaches down furthest so far.
    let mut deepest: Option<(Stock, Place)> = None;
    for (high, low, place) in receipts {
        if let Some((down_to, first)) = deepest.filter(|(down_to, _)| high > *down_to) {
            count += 1;
            if pairs.len() < MOST_EVIDENCE {
                pairs.push(LostUpdate { stock: high, first, second: place });
            }
            deepest = Some(if low < down_to { (low, place) } else { (down_to, first) });
        } else {
            deepest = Some((low, place));
        }
    }
    (count > 0).then(|| Anomaly::new(AnomalyKind::LostUpdate, count, Evidence::LostUpdates(pairs)))
}

/// Compares what was left with what should have been.
fn lost_stock(history: &History, ledger: &Ledger, lost: bool) -> Option<Anomaly> {
    let header = &history.header;
    let (initial, remaining) = (header.initial?, header.remaining?);
    if header.unrecorded != Default::default() || header.cut_short.is_some() {
        return None;
    }
    // From what the receipts say the unanswered ones may have gone up or down; and what was sold beyond the
    // stock may have taken it below nothing, or none of it.
    let expected = i128::from(initial) + i128::from(ledger.returned) - i128::from(ledger.sold);
    let difference = i128::from(remaining) - expected;
    let open = |raises: bool| {
        let of_kind = move |p: &&Purchase| p.outcome == Outcome::Unknown && p.gives_back == raises;
        history.purchases.iter().filter(of_kind).map(|p| p.quantity)
    };
    let ups: u64 = open(true).map(u64::from).sum::<u64>() + ledger.oversold;
    let downs: u64 = open(false).map(u64::from).sum();
    let small = |number: i128| u64::try_from(number).unwrap_or(u64::MAX);
    if difference > i128::from(ups) {
        let restocked = header.outsiders && header.restocks;
        return if restocked {
            None
        } else {
            Anomaly::lost_stock(0, small(difference - i128::from(ups)), Vec::new())
        };
    }
    if header.outsiders || lost || ledger.oversold > 0 && -difference <= i128::from(downs) {
        return None;
    }
    if -difference > i128::from(downs) {
        return Anomaly::lost_stock(small(-difference - i128::from(downs)), 0, Vec::new());
    }
    let off = nearest(difference as i64, &open(true).collect::<Vec<_>>(), &open(false).collect::<Vec<_>>())?;
    Anomaly::lost_stock(off, 0, Vec::new())
}

/// How far a difference is from the nearest that purchases without an answer can make up; `None` where they
/// can, or where there are too many to say.
fn nearest(difference: i64, ups: &[u32], downs: &[u32]) -> Option<u64> {
    /// More sums than this are not tried.
    const MOST: u64 = 1 << 22;
    let down: i64 = downs.iter().map(|quantity| i64::from(*quantity)).sum();
    let all = down as u64 + ups.iter().map(|quantity| u64::from(*quantity)).sum::<u64>();
    if ups.iter().chain(downs).all(|quantity| *quantity == 1)
        || all.saturating_mul((ups.len() + downs.len()) as u64) > MOST
    {
        return None;
    }
    // Which sums there are, from the lowest, −down.
    let mut reached = vec![false; all as usize + 1];
    reached[down as usize] = true;
    for (quantity, raises) in ups.iter().map(|q| (*q, true)).chain(downs.iter().map(|q| (*q, false))) {
        let step = quantity as usize;
        let before = reached.clone();
        for (at, _) in before.iter().enumerate().filter(|(_, there)| **there) {
            let to = if raises { at.checked_add(step) } else { at.checked_sub(step) };
            if let Some(there) = to.and_then(|to| reached.get_mut(to)) {
                *there = true;
            }
        }
    }
    let wanted = difference + down;
    let sums = reached.iter().enumerate().filter(|(_, there)| **there).map(|(at, _)| at as i64);
    sums.map(|at| at.abs_diff(wanted)).min().filter(|off| *off > 0)
}
