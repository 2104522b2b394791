//! Tickets that others put on sale meanwhile: what of the findings they may explain.

use super::{Anomaly, AnomalyKind, Evidence, Ledger, LostUpdate, MOST_EVIDENCE, Unjudged, holds};
use crate::history::History;
use crate::stock::Stock;

/// Makes allowance for tickets that others put on sale meanwhile. Of what was found, only what holds
/// nevertheless is left; where restocks were declared, the books are drawn up with them. Returns what can't
/// be judged therefore.
pub(super) fn allow(
    history: &History,
    ledger: &mut Ledger,
    anomalies: &mut Vec<Anomaly>,
) -> Option<Unjudged> {
    let header = &history.header;
    if !header.outsiders || header.initial.is_none() {
        return None;
    }
    if header.hosts.len() > 1 && header.exclusive {
        // In which order purchases of several hosts held the lock, their clocks do not say for certain.
        let found = anomalies.len();
        leave_what_holds(history, ledger, anomalies);
        return (found > 0 && anomalies.is_empty()).then_some(Unjudged::Restocked);
    }
    let Some(holds) = holds::judge(history) else {
        // Our buyers only take: a stock above the initial one is somebody else's. Without a lock it may as
        // well be a torn number.
        if !header.exclusive || !seen_above_the_start(history) {
            return None;
        }
        leave_what_holds(history, ledger, anomalies);
        return anomalies.is_empty().then_some(Unjudged::Restocked);
    };
    let first = holds.first?;
    leave_what_holds(history, ledger, anomalies);
    if !header.restocks {
        return Some(Unjudged::Rose { times: holds.rises, first });
    }
    ledger.restocked = holds.put_on_sale;
    ledger.outside_sales = holds.sold_by_others;
    let missing = holds.suspects.len() as u64;
    if missing > 0 {
        let suspects = holds.suspects.into_iter().take(MOST_EVIDENCE).collect();
        let evidence = Evidence::LostStock { missing, extra: 0, suspects };
        anomalies.push(Anomaly::new(AnomalyKind::LostStock, missing, evidence));
    }
    None
}

/// Drops what a stock that somebody else raised may explain.
fn leave_what_holds(history: &History, ledger: &mut Ledger, anomalies: &mut Vec<Anomaly>) {
    ledger.oversold = 0;
    // Who both read a stock before either wrote it lessened have sold it twice, whatever others did: as far as their
    // hosts' clocks agree.
    let slack = history.header.slack();
    let both_read = |pair: &LostUpdate| {
        let [one, other] = [pair.first, pair.second].map(|place| &history.purchases[place as usize]);
        let times = one.read_and_write_ns().zip(other.read_and_write_ns());
        let error_ns = slack.between_ns(one, other);
        times.is_some_and(|(one, other)| one.0.max(other.0).saturating_add(error_ns) < one.1.min(other.1))
    };
    for anomaly in anomalies.iter_mut() {
        if let Evidence::LostUpdates(pairs) = &mut anomaly.evidence {
            pairs.retain(both_read);
            anomaly.count = pairs.len() as u64;
        }
    }
    anomalies.retain(|anomaly| match &anomaly.evidence {
        Evidence::LostUpdates(pairs) => !pairs.is_empty(),
        Evidence::TornReads(_) => {
            history.header.left_torn.is_some()
                || history.purchases.iter().any(|purchase| purchase.torn.is_some())
        }
        Evidence::Stuck(_) => true,
        _ => false,
    });
}

fn seen_above_the_start(history: &History) -> bool {
    let header = &history.header;
    let above = |stock: Option<Stock>| stock > header.initial;
    above(header.remaining) || history.purchases.iter().any(|purchase| above(purchase.seen.get()))
}
