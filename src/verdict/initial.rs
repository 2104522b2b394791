//! The initial stock of a history that does not state it.

use super::{Ruling, Verdict, at_once, finish, items, judge_one};
use crate::closed_set::closed_set;
use crate::history::{History, Outcome, Purchase};
use crate::stock::Stock;

closed_set! {
    /// Where the initial stock comes from.
    pub enum InitialFrom: "source of the initial stock" {
        /// The history's header says it.
        Header = "header",
        /// The caller says it.
        Tickets = "tickets",
        /// It is the highest stock that a purchase says.
        HighestStock = "highest_stock",
    }
}

/// Judges a history from another program. Its initial stock is `tickets` if given, or else its header's, or else the
/// highest one that any purchase says. The stock that was used is left in the header.
///
/// If a purchase says a stock, it found that stock, whatever its answer: there were at least as many tickets. If every
/// receipt says its stock, the highest one is enough: an order that fits a higher initial stock begins with unanswered
/// purchases that say no stock, and the order without them fits the highest one. If some receipts do not say their
/// stock, there may have been more tickets. Then a history that is sound from the highest stock is sound, one that fits
/// no initial stock is unsound, and any other is unknown.
///
/// If tickets may come back, the initial stock may have been lower than a stock seen later: then only a stated initial
/// stock counts. Several items are judged one by one.
#[must_use]
pub fn judge_from(history: &mut History, tickets: Option<Stock>) -> (Verdict, Option<InitialFrom>) {
    if history.header.items.len() < 2 {
        return judge_one_from(history, tickets);
    }
    let mut whole = std::mem::take(history);
    let verdict = items::judge_each(&mut whole, |part| judge_one_from(part, tickets));
    let verdict = finish(verdict, &whole, at_once::count(&whole));
    *history = whole;
    let mut from = verdict.items.iter().map(|item| item.initial_from);
    let first = from.next().flatten();
    let all_alike = from.all(|other| other == first);
    (verdict, first.filter(|_| all_alike))
}

fn judge_one_from(history: &mut History, tickets: Option<Stock>) -> (Verdict, Option<InitialFrom>) {
    if tickets.is_some() {
        history.header.initial = tickets;
        return (judge_one(history), Some(InitialFrom::Tickets));
    }
    if history.header.initial.is_some() {
        return (judge_one(history), Some(InitialFrom::Header));
    }
    let stocks =
        history.purchases.iter().filter_map(|purchase| purchase.seen.get().max(purchase.sold_from.get()));
    let raises = history.purchases.iter().any(Purchase::may_raise);
    let Some(highest) = stocks.max().filter(|_| !raises) else { return (judge_one(history), None) };
    let told =
        |purchase: &Purchase| purchase.outcome != Outcome::Bought || purchase.sold_from.get().is_some();
    let all_told = history.purchases.iter().all(told);
    history.header.initial = Some(highest);
    let verdict = judge_one(history);
    if all_told || verdict.ruling != Ruling::Unsound {
        return (verdict, Some(InitialFrom::HighestStock));
    }
    history.header.initial = None;
    (judge_one(history), None)
}
