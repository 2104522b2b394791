//! Orders and buyers: orders that give back more than they bought, and buyers with too many receipts.

use std::collections::HashMap;

use super::{Anomaly, AnomalyKind, Evidence, GivenBack, Holder, MOST_EVIDENCE, MOST_TOLD, Place};
use crate::history::{History, Outcome, Purchase};

/// Give-backs of more than their order has bought and not given back yet. A purchase without an answer may have bought;
/// one that was called after the give-back had returned had not bought yet.
pub(super) fn returned_twice(history: &History) -> Option<Anomaly> {
    let slack = history.header.slack();
    let mut given_back: Vec<Place> = Vec::new();
    let mut bought: HashMap<u32, Vec<(u64, u64)>> = HashMap::new();
    for (purchase, place) in history.purchases.iter().zip(0..) {
        if purchase.order == 0 {
            continue;
        }
        if purchase.outcome == Outcome::Returned {
            given_back.push(place);
        } else if purchase.may_lower() {
            let called_ns = slack.called_ns(purchase);
            bought.entry(purchase.order).or_default().push((called_ns, u64::from(purchase.quantity)));
        }
    }
    let returned_ns = |purchase: &Purchase| slack.returned_ns(purchase);
    given_back.sort_by_key(|place| (returned_ns(&history.purchases[*place as usize]), *place));
    let mut gone: HashMap<u32, u64> = HashMap::new();
    let (mut count, mut kept) = (0, Vec::new());
    for place in given_back {
        let purchase = &history.purchases[place as usize];
        let before = |(called_ns, _): &&(u64, u64)| *called_ns <= returned_ns(purchase);
        let bought = bought.get(&purchase.order).into_iter().flatten();
        let bought: u64 = bought.filter(before).map(|(_, quantity)| quantity).sum();
        let gone = gone.entry(purchase.order).or_default();
        let held = bought.saturating_sub(*gone);
        *gone += u64::from(purchase.quantity);
        if u64::from(purchase.quantity) > held {
            count += 1;
            if kept.len() < MOST_EVIDENCE {
                kept.push(GivenBack { place, held });
            }
        }
    }
    (count > 0).then(|| Anomaly::new(AnomalyKind::ReturnedTwice, count, Evidence::ReturnedTwice(kept)))
}

/// Buyers that hold more receipts than they may.
pub(super) fn over_limit(history: &History) -> Option<Anomaly> {
    let limit = history.header.limit_per_buyer?;
    let mut receipts: HashMap<u64, Vec<Place>> = HashMap::new();
    for (purchase, place) in history.purchases.iter().zip(0..) {
        if purchase.outcome == Outcome::Bought {
            receipts.entry(purchase.buyer).or_default().push(place);
        }
    }
    let mut holders: Vec<Holder> = Vec::new();
    let mut count = 0;
    for (_, mut receipts) in receipts {
        let held = receipts.len() as u64;
        if held > limit {
            count += held - limit;
            receipts.truncate(MOST_TOLD);
            holders.push(Holder { receipts, count: held });
        }
    }
    holders.sort_by_key(|holder| (std::cmp::Reverse(holder.count), holder.receipts[0]));
    holders.truncate(MOST_EVIDENCE);
    (count > 0).then(|| Anomaly::new(AnomalyKind::OverLimit, count, Evidence::OverLimit(holders)))
}
