//! The stock that a history is judged from, where it does not say it.

use super::{Ruling, Verdict, judge};
use crate::closed_set::closed_set;
use crate::history::{History, Outcome};

closed_set! {
    /// Where the initial stock comes from.
    pub enum InitialFrom: "source of the initial stock" {
        /// The history's header says it.
        Header = "header",
        /// Whoever asks for the verdict says it.
        Tickets = "tickets",
        /// It is the highest stock that a receipt was sold from.
        HighestStock = "highest_stock",
    }
}

/// Judges a history from elsewhere. Its initial stock is `tickets` if that is said, or else its header's,
/// or else the highest one that a receipt was sold from; this one, or none, is left in the header.
///
/// Where every receipt says its stock, the highest is as good as any: an order that fits a higher initial
/// stock begins with purchases that were never answered, and fits without these as well. Where some do
/// not say it, there may have been further tickets. Then a history that is sound from the highest stock
/// is sound, one that fits no initial stock is unsound, and any other is unknown.
#[must_use]
pub fn judge_from(history: &mut History, tickets: Option<u64>) -> (Verdict, Option<InitialFrom>) {
    if tickets.is_some() {
        history.header.initial = tickets;
        return (judge(history), Some(InitialFrom::Tickets));
    }
    if history.header.initial.is_some() {
        return (judge(history), Some(InitialFrom::Header));
    }
    let stocks = || {
        let receipts = history.purchases.iter().filter(|purchase| purchase.outcome == Outcome::Bought);
        receipts.map(|receipt| receipt.stock)
    };
    let Some(highest) = stocks().flatten().max() else { return (judge(history), None) };
    let all_told = stocks().all(|stock| stock.is_some());
    history.header.initial = Some(highest);
    let verdict = judge(history);
    if all_told || verdict.ruling != Ruling::Unsound {
        return (verdict, Some(InitialFrom::HighestStock));
    }
    history.header.initial = None;
    (judge(history), None)
}
