//! Conservation: tickets are neither made nor lost, and each is sold once.
//!
//! A ticket is known by the stock that it was sold from: who reads 3 and writes 2 has sold ticket 3.
//! The stock only comes down to `remaining` by somebody's selling each ticket above it. So of the
//! tickets from `remaining` + 1 to `initial`
//!
//! - those with two receipts or more are lost updates (as many as there are receipts too many);
//! - those with none were sold by somebody else: by a purchase of ours that was cut short (then they
//!   are missing: `lost_stock`), or by another program (`outside_sales`, no fault of our buyers). Where
//!   nobody else sells from the stock, they are missing beyond what unanswered purchases account for.
//!
//! A receipt for a ticket at or below `remaining` means that the ticket came back although it was
//! sold: `lost_stock` with the other sign. What lost updates account for is not lost stock as well:
//! `initial − remaining = tickets with receipts + missing + outside sales − came back`.

use super::{
    Anomaly, AnomalyKind, Evidence, Ledger, LostUpdate, MOST_EVIDENCE, Place, SharedTicket, TornRead, Wait,
    books, places,
};
use crate::fault::{Fault, FaultKind};
use crate::history::{History, Outcome, Purchase, Tally};
use crate::stock::{Stock, tickets_between};

pub(super) fn judge(history: &History) -> (Ledger, Vec<Anomaly>) {
    let mut ledger = count(history);
    if books::are_by_number(history) {
        let anomalies = books::judge(history, &mut ledger);
        return (ledger, anomalies);
    }
    let mut anomalies = Vec::new();
    if let Some(initial) = history.header.initial {
        ledger.oversold = ledger.receipts.saturating_sub(tickets_between(initial, 0));
    }
    let sold = Sold::new(history);
    if ledger.oversold > 0 {
        let evidence = Evidence::Oversold(sold.shared_tickets());
        anomalies.push(Anomaly::new(AnomalyKind::Oversold, ledger.oversold, evidence));
    }
    let (count, pairs) = sold.lost_updates();
    if count > 0 {
        anomalies.push(Anomaly::new(AnomalyKind::LostUpdate, count, Evidence::LostUpdates(pairs)));
    }
    anomalies.extend(sold.lost_stock(&mut ledger));
    anomalies.extend(negative_stock(history));
    anomalies.extend(torn_reads(history));
    anomalies.extend(stuck(history));
    (ledger, anomalies)
}

fn count(history: &History) -> Ledger {
    let header = &history.header;
    let mut ledger = Ledger {
        initial: header.initial,
        remaining: header.remaining,
        receipts: header.unrecorded.bought,
        sold: header.unrecorded.bought,
        refused: header.unrecorded.refused,
        failed: header.unrecorded.failed,
        ..Ledger::default()
    };
    for purchase in &history.purchases {
        let quantity = u64::from(purchase.quantity);
        match purchase.outcome {
            Outcome::Bought => {
                add_one(&mut ledger.receipts);
                ledger.sold = ledger.sold.saturating_add(quantity);
            }
            Outcome::Refused => add_one(&mut ledger.refused),
            Outcome::Failed => add_one(&mut ledger.failed),
            Outcome::Unknown => add_one(&mut ledger.unanswered),
            Outcome::Returned => ledger.returned = ledger.returned.saturating_add(quantity),
            Outcome::Read => add_one(&mut ledger.looks),
        }
    }
    ledger
}

/// A file's header may say that any number was counted before.
fn add_one(count: &mut u64) {
    *count = count.saturating_add(1);
}

/// The receipts that say which stock they were sold from, in the order of that stock (falling, as
/// it was sold) and then of their writing.
struct Sold<'a> {
    history: &'a History,
    receipts: Vec<(Stock, Place)>,
}

impl<'a> Sold<'a> {
    fn new(history: &'a History) -> Self {
        let stock_of = |place: Place| history.purchases[place as usize].sold_from;
        let mut receipts: Vec<(Stock, Place)> =
            places(history, Outcome::Bought).filter_map(|place| Some((stock_of(place)?, place))).collect();
        let wrote_ns = |place: Place| wrote_ns(&history.purchases[place as usize]);
        receipts.sort_unstable_by_key(|(stock, place)| (std::cmp::Reverse(*stock), wrote_ns(*place), *place));
        Self { history, receipts }
    }

    /// The receipts of each ticket.
    fn tickets(&self) -> impl Iterator<Item = &[(Stock, Place)]> {
        self.receipts.chunk_by(|(one, _), (other, _)| one == other)
    }

    fn shared_tickets(&self) -> Vec<SharedTicket> {
        let mut shared: Vec<&[(Stock, Place)]> = self.tickets().filter(|group| group.len() > 1).collect();
        shared.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let ticket = |group: &&[(Stock, Place)]| SharedTicket {
            stock: group[0].0,
            receipts: group.iter().take(MOST_EVIDENCE).map(|(_, place)| *place).collect(),
            count: group.len() as u64,
        };
        shared.iter().take(MOST_EVIDENCE).map(ticket).collect()
    }

    /// Each receipt but a ticket's first undid the one that was written before it.
    fn lost_updates(&self) -> (u64, Vec<LostUpdate>) {
        let pairs = self.tickets().flat_map(|group| {
            group.windows(2).map(|pair| LostUpdate { stock: pair[0].0, first: pair[0].1, second: pair[1].1 })
        });
        let count = self.receipts.len() - self.tickets().count();
        (count as u64, pairs.take(MOST_EVIDENCE).collect())
    }

    /// Compares the tickets with receipts with those that left the stock. Notes outside sales.
    fn lost_stock(&self, ledger: &mut Ledger) -> Option<Anomaly> {
        let header = &self.history.header;
        let (initial, remaining) = (header.initial?, header.remaining?);
        let every_receipt_counts =
            self.receipts.len() as u64 == ledger.receipts && header.unrecorded.bought == 0;
        if !every_receipt_counts {
            return self.lost_by_number(ledger);
        }
        let gone = |stock: Stock| stock > remaining && stock <= initial;
        let tickets = || self.tickets().map(|group| group[0].0);
        let sold_and_gone = tickets().filter(|stock| gone(*stock)).count() as u64;
        let mut extra = tickets().filter(|stock| *stock <= remaining).count() as u64;
        let unsold = tickets_between(initial, remaining) - sold_and_gone;
        let mut suspects: Vec<(Stock, Place)> = places(self.history, Outcome::Unknown)
            .filter_map(|place| Some((self.history.purchases[place as usize].sold_from?, place)))
            .filter(|(stock, _)| gone(*stock) && !self.has_receipt(*stock))
            .collect();
        suspects.sort_unstable();
        suspects.dedup_by_key(|(stock, _)| *stock);
        let mut missing = suspects.len() as u64;
        if header.outsiders {
            ledger.outside_sales = unsold - missing;
        } else {
            missing = unsold.saturating_sub(self.may_have_bought(ledger));
            extra = extra.saturating_add(tickets_between(remaining, initial));
        }
        let suspects = suspects.into_iter().map(|(_, place)| place).take(MOST_EVIDENCE).collect();
        lost(missing, extra, suspects)
    }

    /// The same where not every receipt says which ticket it is for: by their number alone.
    fn lost_by_number(&self, ledger: &Ledger) -> Option<Anomaly> {
        let header = &self.history.header;
        let (initial, remaining) = (header.initial?, header.remaining?);
        if header.outsiders || header.unrecorded != Tally::default() {
            // What others sold can't be told from what is missing: that is for `unjudged` to say.
            return None;
        }
        let gone = tickets_between(initial, remaining);
        let came_back = self.tickets().filter(|group| group[0].0 <= remaining).count() as u64;
        // Receipts beyond the initial stock are oversold, not lost.
        let extra = ledger.receipts.min(tickets_between(initial, 0)).saturating_sub(gone).max(came_back);
        let missing = gone.saturating_sub(ledger.receipts + self.may_have_bought(ledger));
        lost(missing, extra.saturating_add(tickets_between(remaining, initial)), Vec::new())
    }

    /// How many purchases may have bought a ticket although there is no receipt: those that were never
    /// answered, and one whose line was cut short. Where nobody else sells, what is missing may be theirs.
    fn may_have_bought(&self, ledger: &Ledger) -> u64 {
        ledger.unanswered + u64::from(self.history.header.cut_short.is_some())
    }

    fn has_receipt(&self, stock: Stock) -> bool {
        self.receipts.binary_search_by(|(other, _)| stock.cmp(other)).is_ok()
    }
}

pub(super) fn lost(missing: u64, extra: u64, suspects: Vec<Place>) -> Option<Anomaly> {
    let evidence = Evidence::LostStock { missing, extra, suspects };
    let count = missing.saturating_add(extra);
    (count > 0).then(|| Anomaly::new(AnomalyKind::LostStock, count, evidence))
}

/// When a receipt was written, as well as the history knows.
fn wrote_ns(purchase: &Purchase) -> u64 {
    purchase.steps.written_ns.or(purchase.return_ns).unwrap_or(purchase.invoke_ns)
}

/// A store that said less than 0: to a buyer, or in the end, or since a ticket was sold from 0.
pub(super) fn negative_stock(history: &History) -> Option<Anomaly> {
    let receipts = || places(history, Outcome::Bought);
    let sold_from = |place: Place| history.purchases[place as usize].sold_from;
    let left = receipts().filter_map(|place| books::left_by(&history.purchases[place as usize]));
    let seen = history.purchases.iter().filter_map(|purchase| purchase.seen);
    let lowest = left.chain(seen).chain(history.header.remaining).min().filter(|lowest| *lowest < 0)?;
    let quantity = |place: Place| Stock::from(history.purchases[place as usize].quantity);
    let from_nothing = |place: &Place| sold_from(*place).is_some_and(|stock| stock < quantity(*place));
    let receipts = receipts().filter(from_nothing).take(MOST_EVIDENCE).collect();
    let evidence = Evidence::NegativeStock { lowest, receipts };
    Some(Anomaly::new(AnomalyKind::NegativeStock, lowest.unsigned_abs(), evidence))
}

/// Reads of what was no ticket file, or of a stock above all that was ever on sale.
pub(super) fn torn_reads(history: &History) -> Option<Anomaly> {
    let highest = books::highest(history).unwrap_or(Stock::MAX);
    // What has no read on record and no effect for certain fits any stock: it may not have happened.
    let took_place = |purchase: &Purchase| {
        purchase.steps.read_ns.is_some() || !matches!(purchase.outcome, Outcome::Failed | Outcome::Unknown)
    };
    let torn = |purchase: &Purchase| {
        let too_high = purchase.seen.max(purchase.sold_from).is_some_and(|stock| stock > highest);
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

/// The purchase that had emptied the file and not yet filled it when `reader` read: of several, the one
/// that had emptied it last. Times are noted after the fact, so the fill may be noted before the read that
/// it missed; and where no emptying is noted before the read, it is the first that is noted after it.
fn writer_around(history: &History, reader: &Purchase) -> Option<Place> {
    let read_ns = reader.steps.read_ns?;
    let distance = |writer: &Purchase| {
        let emptied_ns = writer.steps.truncated_ns?;
        let began_ns = writer.steps.read_ns.unwrap_or(writer.invoke_ns);
        let ended_ns = writer.steps.written_ns.unwrap_or(u64::MAX);
        (began_ns <= read_ns && reader.invoke_ns <= ended_ns)
            .then(|| (emptied_ns > read_ns, emptied_ns.abs_diff(read_ns)))
    };
    let writers = history.purchases.iter().zip(0..).filter_map(|(p, place)| Some((distance(p)?, place)));
    writers.min().map(|(_, place)| place)
}

/// Buyers that gave up waiting for the lock, and who held it.
pub(super) fn stuck(history: &History) -> Option<Anomaly> {
    let gave_up = |purchase: &Purchase| {
        purchase
            .fault
            .is_some_and(|fault| matches!(fault.kind, FaultKind::LockTimeout | FaultKind::HolderGone))
    };
    let mut count = 0;
    let mut waits = Vec::new();
    for (purchase, place) in history.purchases.iter().zip(0..).filter(|(p, _)| gave_up(p)) {
        count += 1;
        if waits.len() < MOST_EVIDENCE {
            let until_ns = purchase.return_ns.unwrap_or(purchase.invoke_ns);
            waits.push(Wait {
                waiter: place,
                waited_ns: until_ns - purchase.invoke_ns,
                holder: holder_at(history, until_ns),
                dead_pid: purchase.fault.and_then(Fault::dead_holder),
            });
        }
    }
    (count > 0).then(|| Anomaly::new(AnomalyKind::Stuck, count, Evidence::Stuck(waits)))
}

/// The purchase that held the lock at this moment, as far as the history knows: of a killed one nobody
/// knows when the kernel released its lock.
fn holder_at(history: &History, at_ns: u64) -> Option<Place> {
    let released = history
        .header
        .plan
        .as_ref()
        .is_some_and(|plan| plan.file().is_some_and(|file| file.sale.lock.has_carrier()));
    let killed = |purchase: &Purchase| purchase.fault.is_some_and(|fault| fault.kind == FaultKind::Killed);
    let locked = |purchase: &Purchase| {
        if released && killed(purchase) {
            return None;
        }
        let locked_ns = purchase.steps.locked_ns?;
        let until_ns = purchase.steps.unlocked_ns.unwrap_or(u64::MAX);
        (locked_ns <= at_ns && at_ns <= until_ns).then_some(locked_ns)
    };
    let holders = history.purchases.iter().zip(0..).filter_map(|(p, place)| Some((locked(p)?, place)));
    holders.max().map(|(_, place)| place)
}
