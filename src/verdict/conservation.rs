//! Conservation: tickets are neither made nor lost, and each is sold once.
//!
//! A ticket is known by the stock that it was sold from: who reads 3 and writes 2 has sold ticket 3.
//! The stock only comes down to `remaining` by somebody's selling each ticket above it. So of the
//! tickets from `remaining` + 1 to `initial`
//!
//! - those with two receipts or more are lost updates (as many as there are receipts too many);
//! - those with none were sold by somebody else: by a purchase of ours whose answer was lost (its buyer knows that it
//!   does not know), by one that was cut short (then they are missing: `lost_stock`), or by another program (`outside_sales`, no fault of our buyers). Where
//!   nobody else sells from the stock, they are missing beyond what unanswered purchases account for.
//!
//! A receipt for a ticket at or below `remaining` means that the ticket came back although it was
//! sold: `lost_stock` with the other sign. What lost updates account for is not lost stock as well:
//! `initial − remaining = tickets with receipts + missing + outside sales − came back`.
//!
//! Where a host was lost, its buyers may have bought from then on: a ticket without a receipt may be theirs, so none is
//! called missing.

use super::{Anomaly, AnomalyKind, Evidence, Ledger, LostUpdate, MOST_EVIDENCE, Place, SharedTicket, places};
use crate::fault::FaultKind;
use crate::history::{History, Outcome, Purchase, Tally};
use crate::stock::{Stock, tickets_between};

/// Judges the books. `lost` is whether nothing is known any more of some buyers. Returns the receipts that say what they were sold from, too, now in the order of that stock.
pub(super) fn judge(
    history: &History,
    ledger: &mut Ledger,
    receipts: Vec<(Stock, Place)>,
    lost: bool,
) -> (Vec<Anomaly>, Vec<(Stock, Place)>) {
    let mut anomalies = Vec::new();
    if let Some(initial) = history.header.initial {
        ledger.oversold = ledger.receipts.saturating_sub(tickets_between(initial, 0));
    }
    let sold = Sold::new(history, receipts, lost);
    if ledger.oversold > 0 {
        let evidence = Evidence::Oversold(sold.shared_tickets());
        anomalies.push(Anomaly::new(AnomalyKind::Oversold, ledger.oversold, evidence));
    }
    let (count, pairs) = sold.lost_updates();
    if count > 0 {
        anomalies.push(Anomaly::new(AnomalyKind::LostUpdate, count, Evidence::LostUpdates(pairs)));
    }
    anomalies.extend(sold.lost_stock(ledger));
    (anomalies, sold.receipts)
}

/// The receipts that say which stock they were sold from, in the order of that stock (falling, as
/// it was sold) and then of their writing.
struct Sold<'a> {
    history: &'a History,
    receipts: Vec<(Stock, Place)>,
    /// Whether buyers of whom nothing is known may have sold, too.
    lost: bool,
}

impl<'a> Sold<'a> {
    fn new(history: &'a History, mut receipts: Vec<(Stock, Place)>, lost: bool) -> Self {
        let wrote_ns = |place: Place| wrote_ns(&history.purchases[place as usize]);
        // Few share a stock: only they are looked at closer.
        receipts.sort_unstable_by(|(one_stock, one), (other_stock, other)| {
            let closer = || (wrote_ns(*one), one).cmp(&(wrote_ns(*other), other));
            other_stock.cmp(one_stock).then_with(closer)
        });
        Self { history, receipts, lost }
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
        let is_lost = |place: &Place| is_answer_lost(&self.history.purchases[*place as usize]);
        let answers_lost = places(self.history, Outcome::Unknown).filter(is_lost).count() as u64;
        let mut suspects: Vec<(Stock, Place)> = places(self.history, Outcome::Unknown)
            .filter(|place| !is_lost(place))
            .filter_map(|place| Some((self.history.purchases[place as usize].sold_from.get()?, place)))
            .filter(|(stock, _)| gone(*stock) && !self.has_receipt(*stock))
            .collect();
        suspects.sort_unstable();
        suspects.dedup_by_key(|(stock, _)| *stock);
        if self.lost {
            // A ticket that somebody was about to sell, and that is gone, may as well be theirs.
            suspects.clear();
        }
        let mut missing = suspects.len() as u64;
        // What the store has forgotten nobody has sold.
        if header.outsiders && !header.forgot() || self.lost {
            ledger.outside_sales = (unsold - missing).saturating_sub(answers_lost);
        } else {
            missing = unsold.saturating_sub(self.may_have_bought(ledger));
            extra = extra.saturating_add(tickets_between(remaining, initial));
        }
        let suspects = suspects.into_iter().map(|(_, place)| place).take(MOST_EVIDENCE).collect();
        Anomaly::lost_stock(missing, extra, suspects)
    }

    /// The same where not every receipt says which ticket it is for: by their number alone.
    fn lost_by_number(&self, ledger: &Ledger) -> Option<Anomaly> {
        let header = &self.history.header;
        let (initial, remaining) = (header.initial?, header.remaining?);
        if header.outsiders && !header.forgot() || self.lost || header.unrecorded != Tally::default() {
            // What others sold can't be told from what is missing: that is for `unjudged` to say.
            return None;
        }
        let gone = tickets_between(initial, remaining);
        let came_back = self.tickets().filter(|group| group[0].0 <= remaining).count() as u64;
        // Receipts beyond the initial stock are oversold, not lost.
        let extra = ledger.receipts.min(tickets_between(initial, 0)).saturating_sub(gone).max(came_back);
        let missing = gone.saturating_sub(ledger.receipts + self.may_have_bought(ledger));
        Anomaly::lost_stock(missing, extra.saturating_add(tickets_between(remaining, initial)), Vec::new())
    }

    /// How many purchases may have bought a ticket although there is no receipt: those that were never
    /// answered, and one whose line was cut short. Where nobody else sells, what is missing may be theirs. But the
    /// buyer that was killed will never hold a receipt: what it took is missing.
    fn may_have_bought(&self, ledger: &Ledger) -> u64 {
        let is_killed = |place: &Place| {
            let fault = self.history.purchases[*place as usize].fault;
            fault.is_some_and(|fault| fault.kind == FaultKind::Killed)
        };
        let killed = if ledger.unanswered == 0 {
            0
        } else {
            places(self.history, Outcome::Unknown).filter(is_killed).count()
        };
        (ledger.unanswered - killed as u64) + u64::from(self.history.header.cut_short.is_some())
    }

    fn has_receipt(&self, stock: Stock) -> bool {
        self.receipts.binary_search_by(|(other, _)| stock.cmp(other)).is_ok()
    }
}

/// Whether the store's answer was lost on the way.
fn is_answer_lost(purchase: &Purchase) -> bool {
    purchase.fault.is_some_and(|fault| fault.kind == FaultKind::AnswerLost)
}

/// When a receipt was written, as well as the history knows.
fn wrote_ns(purchase: &Purchase) -> u64 {
    purchase.steps.get().written_ns.or(purchase.return_ns.get()).unwrap_or(purchase.invoke_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::history::Header;

    /// Who was killed has taken its ticket along; who knows that its answer was lost accounts for one.
    #[test]
    fn a_lost_answer_accounts_for_a_ticket_and_a_killed_buyer_loses_it() {
        let unknown = |kind: FaultKind| {
            let purchase = Purchase::new(2, Outcome::Unknown, 30, None).from_stock(2);
            Purchase { fault: Some(Fault::plain(kind)), ..purchase }
        };
        let judged = |kind: FaultKind, remaining: Stock| {
            let bought = Purchase::new(1, Outcome::Bought, 10, Some(20)).from_stock(3);
            let (initial, remaining) = (Some(3), Some(remaining));
            let header = Header { initial, remaining, outsiders: true, ..Header::default() };
            let verdict = crate::verdict::judge(&History { header, purchases: vec![bought, unknown(kind)] });
            let lost: Vec<_> = verdict.anomalies.iter().map(|one| (one.kind, one.count)).collect();
            (lost, verdict.ledger.outside_sales)
        };
        assert_eq!(judged(FaultKind::AnswerLost, 1), (vec![], 0));
        assert_eq!(judged(FaultKind::AnswerLost, 2), (vec![], 0));
        assert_eq!(judged(FaultKind::AnswerLost, 0), (vec![], 1), "one more than it can have taken");
        assert_eq!(judged(FaultKind::Killed, 1), (vec![(AnomalyKind::LostStock, 1)], 0));
    }
}
