//! Conservation: no ticket appears or disappears, and each is sold once.
//!
//! A ticket is identified by the stock that it was sold from: a purchase that reads 3 and writes 2 sells ticket 3. The
//! stock falls to `remaining` only if each ticket above it is sold. So of the tickets from `remaining` + 1 to `initial`
//!
//! - those with two or more receipts are lost updates (one for each receipt after the first);
//! - those without a receipt were sold otherwise: by one of our purchases whose answer was lost (the buyer knows that
//!   the outcome is unknown), by one that was cut off (then the ticket is missing: `lost_stock`), or by another program
//!   (`outside_sales`, not the fault of our buyers). If nobody else sells from the stock, those that unanswered
//!   purchases can't explain are missing.
//!
//! A receipt for a ticket at or below `remaining` means that the ticket came back although it was sold: `lost_stock`
//! with the other sign. Lost updates are not counted as lost stock again: `initial − remaining = tickets with receipts
//! + missing + outside sales − came back`.
//!
//! If a host was lost, its buyers may have bought afterwards: a ticket without a receipt may be theirs, so none is
//! called missing.

use super::{Anomaly, AnomalyKind, Evidence, Ledger, LostUpdate, MOST_EVIDENCE, Place, SharedTicket, places};
use crate::fault::FaultKind;
use crate::history::{History, Outcome, Purchase, Tally};
use crate::stock::{Stock, tickets_between};

/// Judges the books. `lost`: whether some buyers are lost, so that nothing more is known of them. Also returns the
/// receipts that say what they were sold from, in the order of that stock.
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

/// The receipts that say what they were sold from, from the highest stock to the lowest, and then by the time of
/// writing.
struct Sold<'a> {
    history: &'a History,
    receipts: Vec<(Stock, Place)>,
    /// Whether lost buyers may have bought, too.
    lost: bool,
}

impl<'a> Sold<'a> {
    fn new(history: &'a History, mut receipts: Vec<(Stock, Place)>, lost: bool) -> Self {
        let wrote_ns = |place: Place| wrote_ns(&history.purchases[place as usize]);
        // The time of writing is needed only for the few that share a stock.
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

    /// Each receipt of a ticket, except the first, undid the one written before it.
    fn lost_updates(&self) -> (u64, Vec<LostUpdate>) {
        let pairs = self.tickets().flat_map(|group| {
            group.windows(2).map(|pair| LostUpdate { stock: pair[0].0, first: pair[0].1, second: pair[1].1 })
        });
        let count = self.receipts.len() - self.tickets().count();
        (count as u64, pairs.take(MOST_EVIDENCE).collect())
    }

    /// Compares the tickets that have receipts with those that left the stock. Notes outside sales.
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
            // A missing ticket that a suspect was about to buy may as well have been sold by others.
            suspects.clear();
        }
        let mut missing = suspects.len() as u64;
        // Stock that the store has lost was not sold by others.
        if header.outsiders && !header.forgot() || self.lost {
            ledger.outside_sales = (unsold - missing).saturating_sub(answers_lost);
        } else {
            missing = unsold.saturating_sub(self.may_have_bought(ledger));
            extra = extra.saturating_add(tickets_between(remaining, initial));
        }
        let suspects = suspects.into_iter().map(|(_, place)| place).take(MOST_EVIDENCE).collect();
        Anomaly::lost_stock(missing, extra, suspects)
    }

    /// The same if some receipts do not say which ticket they are for: only numbers are compared.
    fn lost_by_number(&self, ledger: &Ledger) -> Option<Anomaly> {
        let header = &self.history.header;
        let (initial, remaining) = (header.initial?, header.remaining?);
        if header.outsiders && !header.forgot() || self.lost || header.unrecorded != Tally::default() {
            // Missing tickets can't be told from outside sales: `unjudged` says so.
            return None;
        }
        let gone = tickets_between(initial, remaining);
        let came_back = self.tickets().filter(|group| group[0].0 <= remaining).count() as u64;
        // Receipts beyond the initial stock are oversold, not lost.
        let extra = ledger.receipts.min(tickets_between(initial, 0)).saturating_sub(gone).max(came_back);
        let missing = gone.saturating_sub(ledger.receipts + self.may_have_bought(ledger));
        Anomaly::lost_stock(missing, extra.saturating_add(tickets_between(remaining, initial)), Vec::new())
    }

    /// How many purchases may have bought a ticket without a receipt in the history: those whose answer was lost, and
    /// one whose line is incomplete. Missing tickets may be theirs. A killed buyer does not count: it will never hold a
    /// receipt, so the ticket it took is missing.
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

/// Whether the store's answer was lost.
fn is_answer_lost(purchase: &Purchase) -> bool {
    purchase.fault.is_some_and(|fault| fault.kind == FaultKind::AnswerLost)
}

/// When a receipt was written, as exactly as the history knows.
fn wrote_ns(purchase: &Purchase) -> u64 {
    purchase.steps.get().written_ns.or(purchase.return_ns.get()).unwrap_or(purchase.invoke_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::history::Header;

    /// The ticket of a killed buyer is lost; a buyer whose answer was lost explains one missing ticket.
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
