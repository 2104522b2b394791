//! The books of histories in which a purchase may be of several tickets, or tickets may come back. Here the stock sold
//! from no longer identifies a ticket, so numbers and times are compared.
//!
//! When a receipt returns, its tickets are gone; and only give-backs that were called by then can have come back. So at
//! every moment
//!
//! `sold (returned by then) ≤ initial + given back (called by then)`
//!
//! must hold. Numbers alone prove nothing more: if it holds, the stock stays at 0 or above when every receipt is taken
//! as late as possible and every give-back as early as possible. The largest excess is `oversold`.

use super::{Anomaly, AnomalyKind, Evidence, Ledger, LostUpdate, MOST_EVIDENCE, Place};
use crate::history::{History, Outcome, Purchase};
use crate::stock::Stock;

/// Judges the books. `lost`: whether some buyers are lost, so that nothing more is known of them.
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

/// The receipts that came when nothing was left, of one item if there are several.
pub(super) fn too_many(history: &History, item: Option<u32>) -> Vec<Place> {
    Course::of(history, item).too_many
}

/// What was sold and given back, in order of time.
struct Course {
    /// The largest number of tickets sold beyond the stock.
    most_oversold: u64,
    /// The receipts that raised that number.
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
        // At the same moment, give-backs come before receipts: intervals are closed.
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

/// If nothing comes back, a receipt of `quantity` tickets from a stock is for the ticket of that number and those below
/// it. Two receipts with a common ticket sold it twice.
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
    // The receipt whose lowest ticket is the lowest so far.
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

/// Compares the stock at the end with what it should be.
fn lost_stock(history: &History, ledger: &Ledger, lost: bool) -> Option<Anomaly> {
    let header = &history.header;
    let (initial, remaining) = (header.initial?, header.remaining?);
    if header.unrecorded != Default::default() || header.cut_short.is_some() {
        return None;
    }
    // Unanswered purchases may have moved the stock up or down from what the receipts say. Tickets sold beyond the
    // stock may have taken it below 0, or not changed it.
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

/// The distance between this difference and the nearest one that unanswered purchases can explain; `None` if they
/// explain it, or if there are too many to say.
fn nearest(difference: i64, ups: &[u32], downs: &[u32]) -> Option<u64> {
    /// The most sums that are tried.
    const MOST: u64 = 1 << 22;
    let down: i64 = downs.iter().map(|quantity| i64::from(*quantity)).sum();
    let all = down as u64 + ups.iter().map(|quantity| u64::from(*quantity)).sum::<u64>();
    if ups.iter().chain(downs).all(|quantity| *quantity == 1)
        || all.saturating_mul((ups.len() + downs.len()) as u64) > MOST
    {
        return None;
    }
    // The sums that can be reached, from the lowest (−down) on.
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
