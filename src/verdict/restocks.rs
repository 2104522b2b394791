//! Tickets that others put on sale during the run: which findings they may explain.

use super::{Anomaly, AnomalyKind, Evidence, Ledger, LostUpdate, MOST_EVIDENCE, Unjudged, holds};
use crate::history::History;
use crate::stock::Stock;

/// Allows for tickets that others put on sale during the run. Keeps only the findings that hold anyway; if restocks
/// were declared, includes them in the books. Returns what can't be judged because of them.
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
        // The clocks of several hosts do not tell for certain in which order their purchases held the lock.
        let found = anomalies.len();
        leave_what_holds(history, ledger, anomalies);
        return (found > 0 && anomalies.is_empty()).then_some(Unjudged::Restocked);
    }
    let Some(holds) = holds::judge(history) else {
        // Our buyers only take, so others wrote a stock above the initial one. Without a lock it may also be a torn
        // number.
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

/// Drops the findings that a stock raised by others may explain.
fn leave_what_holds(history: &History, ledger: &mut Ledger, anomalies: &mut Vec<Anomaly>) {
    ledger.oversold = 0;
    // If two purchases read a stock before either wrote the lower one, they sold it twice, whatever others did,
    // provided that their hosts' clocks are exact enough to say so.
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
