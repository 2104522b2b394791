//! What single purchases prove, whatever the books say: a stock below 0, a text that is no valid ticket, a lock that
//! was never granted.

use super::survey::Survey;
use super::{Anomaly, AnomalyKind, Evidence, MOST_EVIDENCE, Place, StuckWait, TornRead, places};
use crate::fault::{Fault, FaultKind};
use crate::history::{History, Outcome, Purchase};
use crate::stock::Stock;

/// Judges them.
pub(super) fn judge(history: &History, survey: &Survey) -> impl Iterator<Item = Anomaly> {
    let highest = highest(history, survey);
    let faults = survey.faults;
    let negative = survey.lowest.into_iter().chain(history.header.remaining).any(|stock| stock < 0);
    let too_high = survey.highest.zip(highest).is_some_and(|(met, highest)| met > highest);
    let torn = survey.torn || history.header.left_torn.is_some() || too_high;
    let found = [
        negative.then(|| negative_stock(history)),
        torn.then(|| torn_reads(history, highest.unwrap_or(Stock::MAX))),
        faults.then(|| stuck(history)),
    ];
    found.into_iter().flatten().flatten()
}

/// The highest stock that is possible.
fn highest(history: &History, survey: &Survey) -> Option<Stock> {
    let initial = history.header.initial?;
    if !survey.raises {
        return Some(initial);
    }
    let raised = history.purchases.iter().filter(|purchase| purchase.may_raise());
    let raised: u64 = raised.map(|purchase| u64::from(purchase.quantity)).sum();
    Some(initial.saturating_add(Stock::try_from(raised).unwrap_or(Stock::MAX)).max(initial))
}

/// A stock below 0: seen by a buyer, left at the end, or the result of a sale from 0.
fn negative_stock(history: &History) -> Option<Anomaly> {
    let receipts = || places(history, Outcome::Bought);
    let sold_from = |place: Place| history.purchases[place as usize].sold_from.get();
    let left = receipts().filter_map(|place| history.purchases[place as usize].leaves());
    let seen = history.purchases.iter().filter_map(|purchase| purchase.seen.get());
    let lowest = left.chain(seen).chain(history.header.remaining).min().filter(|lowest| *lowest < 0)?;
    let quantity = |place: Place| Stock::from(history.purchases[place as usize].quantity);
    let from_nothing = |place: &Place| sold_from(*place).is_some_and(|stock| stock < quantity(*place));
    let receipts = receipts().filter(from_nothing).take(MOST_EVIDENCE).collect();
    let evidence = Evidence::NegativeStock { lowest, receipts };
    Some(Anomaly::new(AnomalyKind::NegativeStock, lowest.unsigned_abs(), evidence))
}

/// Reads of a text that is no valid ticket, or of a stock higher than any that was possible.
fn torn_reads(history: &History, highest: Stock) -> Option<Anomaly> {
    // A purchase without a recorded read and without a certain effect proves nothing: it may not have happened.
    let took_place = |purchase: &Purchase| {
        purchase.steps.get().read_ns.is_some()
            || !matches!(purchase.outcome, Outcome::Failed | Outcome::Unknown)
    };
    let torn = |purchase: &Purchase| {
        let too_high = purchase.seen.get().max(purchase.sold_from.get()).is_some_and(|stock| stock > highest);
        purchase.torn.is_some() || too_high && took_place(purchase)
    };
    let mut readers: Vec<Place> = Vec::new();
    let mut count = 0;
    for (_, place) in history.purchases.iter().zip(0..).filter(|(purchase, _)| torn(purchase)) {
        count += 1;
        if readers.len() < MOST_EVIDENCE {
            readers.push(place);
        }
    }
    let mut reads: Vec<TornRead> = readers
        .into_iter()
        .map(|place| TornRead {
            reader: Some(place),
            writer: writer_around(history, &history.purchases[place as usize]),
        })
        .collect();
    if history.header.left_torn.is_some() {
        count += 1;
        reads.push(TornRead { reader: None, writer: places(history, Outcome::Unknown).next() });
    }
    (count > 0).then(|| Anomaly::new(AnomalyKind::TornRead, count, Evidence::TornReads(reads)))
}

/// The purchase that had emptied the file and not filled it yet when `reader` read; of several, the one that emptied it
/// last. Times are recorded after each step, so the fill may be recorded before the read that did not see it. If no
/// emptying is recorded before the read, it is the first one recorded after it. Purchases on another host count only if
/// the clocks leave no doubt.
fn writer_around(history: &History, reader: &Purchase) -> Option<Place> {
    let read_ns = reader.steps.get().read_ns?;
    let slack = history.header.slack();
    let distance = |writer: &Purchase| {
        let error_ns = slack.between_ns(reader, writer);
        let emptied_ns = writer.steps.get().truncated_ns?;
        let began_ns = writer.steps.get().read_ns.unwrap_or(writer.invoke_ns);
        let ended_ns = writer.steps.get().written_ns.unwrap_or(u64::MAX);
        let surely_within =
            emptied_ns.saturating_add(error_ns) < read_ns && read_ns.saturating_add(error_ns) < ended_ns;
        (began_ns <= read_ns && reader.invoke_ns <= ended_ns && (error_ns == 0 || surely_within))
            .then(|| (emptied_ns > read_ns, emptied_ns.abs_diff(read_ns)))
    };
    let writers = history.purchases.iter().zip(0..).filter_map(|(p, place)| Some((distance(p)?, place)));
    writers.min().map(|(_, place)| place)
}

/// Buyers that gave up waiting for the lock, and the holders.
fn stuck(history: &History) -> Option<Anomaly> {
    let gave_up = |purchase: &Purchase| purchase.fault.is_some_and(|fault| fault.kind.is_wait_in_vain());
    let mut count = 0;
    let mut waits = Vec::new();
    for (purchase, place) in history.purchases.iter().zip(0..).filter(|(p, _)| gave_up(p)) {
        count += 1;
        if waits.len() < MOST_EVIDENCE {
            let until_ns = purchase.return_ns.get().unwrap_or(purchase.invoke_ns);
            waits.push(StuckWait {
                waiter: place,
                waited_ns: until_ns - purchase.invoke_ns,
                holder: holder_at(history, purchase, until_ns),
                dead_pid: purchase.fault.and_then(Fault::dead_holder),
            });
        }
    }
    (count > 0).then(|| Anomaly::new(AnomalyKind::Stuck, count, Evidence::Stuck(waits)))
}

/// The purchase that held the lock at this moment, as far as the history knows: when the kernel released a killed
/// buyer's lock is not known. Purchases on another host count only if the clocks leave no doubt.
fn holder_at(history: &History, waiter: &Purchase, at_ns: u64) -> Option<Place> {
    let slack = history.header.slack();
    let released = history.header.released_on_death;
    let killed = |purchase: &Purchase| purchase.fault.is_some_and(|fault| fault.kind == FaultKind::Killed);
    let locked = |purchase: &Purchase| {
        if released && killed(purchase) {
            return None;
        }
        let locked_ns = purchase.steps.get().locked_ns?;
        let until_ns = purchase.steps.get().unlocked_ns.unwrap_or(u64::MAX);
        let error_ns = slack.between_ns(waiter, purchase);
        let held = locked_ns.saturating_add(error_ns) <= at_ns && at_ns.saturating_add(error_ns) <= until_ns;
        held.then_some(locked_ns)
    };
    let holders = history.purchases.iter().zip(0..).filter_map(|(p, place)| Some((locked(p)?, place)));
    holders.max().map(|(_, place)| place)
}
