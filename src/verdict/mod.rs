//! The rules: whether a history is sound, and the evidence if it is not.
//!
//! A verdict is based only on the history, so every history is judged alike: of a live run, of an explored schedule, or
//! from another program's file. Evidence is data, the places of purchases in [`History::purchases`]; `report` puts it
//! into words.

mod again;
mod anomaly;
mod at_once;
mod books;
mod conservation;
mod holds;
mod initial;
mod items;
mod lost;
pub mod order;
mod orders;
mod restocks;
mod sightings;
mod survey;
mod unjudged;

use serde::Serialize;

use crate::closed_set::closed_set;
use crate::history::{Doubt, History, Outcome};
use crate::stock::Stock;

pub use again::sold_again;
pub use anomaly::{
    Anomaly, AnomalyKind, Evidence, GivenBack, Holder, LostUpdate, MOST_EVIDENCE, MOST_TOLD, Rise,
    SharedTicket, StuckWait, TornRead,
};
use at_once::AtOnce;
pub use holds::kept_apart;
pub use initial::{InitialFrom, judge_from};
pub use items::ItemVerdict;
pub use order::Contradiction;
use survey::Survey;
pub use unjudged::Unjudged;

closed_set! {
    /// The ruling on a history.
    pub enum Ruling: "ruling" {
        /// No anomaly, and nothing that could not be judged.
        Sound = "sound",
        /// At least one anomaly.
        Unsound = "unsound",
        /// No anomaly was found, but not all could be judged. Never guessed.
        Unknown = "unknown",
    }
}

/// The place of a purchase in [`History::purchases`].
pub type Place = u32;

/// The tickets, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// The stock at the start, if known.
    pub initial: Option<Stock>,
    /// The stock at the end, if known.
    pub remaining: Option<Stock>,
    /// How many purchases believe that they succeeded.
    pub receipts: u64,
    /// How many tickets they are for.
    pub sold: u64,
    /// How many tickets were given back.
    pub returned: u64,
    /// How many reads of the stock there are (outcome `read`).
    pub looks: u64,
    /// How many purchases were refused.
    pub refused: u64,
    /// How many purchases failed.
    pub failed: u64,
    /// How many purchases never got an answer.
    pub unanswered: u64,
    /// Tickets sold beyond the initial stock and what was given back.
    pub oversold: u64,
    /// Tickets that disappeared between our own purchases: sold by others.
    pub outside_sales: u64,
    /// Tickets that appeared between our own purchases, if others were declared to put tickets on sale.
    pub restocked: u64,
}

/// The ruling on a history, and the reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Sound, unsound or unknown.
    pub ruling: Ruling,
    /// The tickets, counted.
    pub ledger: Ledger,
    /// What went wrong, in the order of [`AnomalyKind::ALL`].
    pub anomalies: Vec<Anomaly>,
    /// What could not be judged.
    pub unjudged: Vec<Unjudged>,
    /// The most purchases that were under way at one time; 1 if none overlapped. If the clocks of several hosts leave
    /// it open, the number that is certain.
    pub at_once: u64,
    /// Whether purchases could have overlapped but did not: then no race could show.
    pub apart: bool,
    /// How many purchases are out of order by less than the errors of the hosts' clocks: that proves nothing.
    pub within_error: u64,
    /// The verdict on each item, if there are several.
    pub items: Vec<ItemVerdict>,
}

impl Verdict {
    /// A verdict without findings.
    fn sound() -> Self {
        Self {
            ruling: Ruling::Sound,
            ledger: Ledger::default(),
            anomalies: Vec::new(),
            unjudged: Vec::new(),
            at_once: 0,
            apart: false,
            within_error: 0,
            items: Vec::new(),
        }
    }

    /// The ledger of the anomaly's item, or of the whole.
    #[must_use]
    pub fn ledger_of(&self, anomaly: &Anomaly) -> &Ledger {
        let item = anomaly.item.and_then(|item| self.items.get(item as usize));
        item.map_or(&self.ledger, |item| &item.ledger)
    }

    /// The anomaly of this kind, if there is one.
    #[must_use]
    pub fn anomaly(&self, kind: AnomalyKind) -> Option<&Anomaly> {
        self.anomalies.iter().find(|anomaly| anomaly.kind == kind)
    }
}

/// Judges a history.
#[must_use]
pub fn judge(history: &History) -> Verdict {
    if history.header.items.len() < 2 {
        return judge_one(history);
    }
    let mut each = history.clone();
    let verdict = items::judge_each(&mut each, |part| (judge_one(part), None));
    finish(verdict, history, at_once::count(history))
}

/// More purchases than this are worth a second thread.
const MANY: usize = 1 << 17;

/// Judges a history of one item.
fn judge_one(history: &History) -> Verdict {
    if history.purchases.len() < MANY {
        return finish(judge_rules(history), history, at_once::count(history));
    }
    std::thread::scope(|threads| {
        // If the system gives no thread, this one does both.
        let counting = std::thread::Builder::new().spawn_scoped(threads, || at_once::count(history));
        let verdict = judge_rules(history);
        let counted = counting.ok().and_then(|counting| counting.join().ok());
        let at_once = counted.unwrap_or_else(|| at_once::count(history));
        finish(verdict, history, at_once)
    })
}

/// Applies all rules.
fn judge_rules(history: &History) -> Verdict {
    let mut survey = Survey::of(history);
    let mut ledger = count(history, &survey);
    let receipts = std::mem::take(&mut survey.receipts);
    let lost = !survey.lost.is_empty();
    let (mut anomalies, receipts) = if survey.several || survey.raises {
        (books::judge(history, &mut ledger, lost), Vec::new())
    } else {
        conservation::judge(history, &mut ledger, receipts, lost)
    };
    anomalies.extend(sightings::judge(history, &survey));
    let order = order::judge(history, &survey, &anomalies, receipts);
    anomalies.extend(order.anomalies);
    if survey.orders {
        anomalies.extend(orders::returned_twice(history));
    }
    let mut unjudged = unjudged::of(history, &survey);
    if order.undecided > 0 {
        unjudged.push(Unjudged::Order(order.undecided));
    }
    unjudged.extend(restocks::allow(history, &mut ledger, &mut anomalies));
    if history.header.doubts.contains(&Doubt::NothingBought) {
        // Nobody bought at a foreign shop that had tickets: perhaps its answers were misread, so the books prove
        // nothing. A stock below 0 does.
        anomalies.retain(|anomaly| anomaly.kind == AnomalyKind::NegativeStock);
    }
    unjudged.extend(unjudged::not_shown(history, &survey, &ledger, &anomalies));
    let within_error = if anomalies.is_empty() { order.within_error } else { 0 };
    Verdict { ledger, anomalies, unjudged, within_error, ..Verdict::sound() }
}

/// Counts the tickets.
fn count(history: &History, survey: &Survey) -> Ledger {
    let header = &history.header;
    // A file's header may state any number of unrecorded purchases.
    let with = |before: u64, more: u64| before.saturating_add(more);
    Ledger {
        initial: header.initial,
        remaining: header.remaining,
        receipts: with(header.unrecorded.bought, survey.count(Outcome::Bought)),
        sold: with(header.unrecorded.bought, survey.tickets(Outcome::Bought)),
        refused: with(header.unrecorded.refused, survey.count(Outcome::Refused)),
        failed: with(header.unrecorded.failed, survey.count(Outcome::Failed)),
        unanswered: survey.count(Outcome::Unknown),
        returned: survey.tickets(Outcome::Returned),
        looks: survey.count(Outcome::Read),
        ..Ledger::default()
    }
}

/// Adds what concerns the whole, and the ruling.
fn finish(mut verdict: Verdict, history: &History, at_once: AtOnce) -> Verdict {
    verdict.anomalies.extend(orders::over_limit(history));
    verdict.anomalies.sort_by_key(|anomaly| (anomaly.item, anomaly.kind));
    verdict.ruling = if !verdict.anomalies.is_empty() {
        Ruling::Unsound
    } else if verdict.unjudged.is_empty() {
        Ruling::Sound
    } else {
        Ruling::Unknown
    };
    verdict.at_once = at_once.surely;
    verdict.apart = !history.header.books_only
        && at_once.perhaps == 1
        && history.purchases.len() > 1
        && !history.header.in_turn;
    verdict
}

/// The places of the purchases with this outcome.
fn places(history: &History, outcome: Outcome) -> impl Iterator<Item = Place> + '_ {
    let with_outcome = move |(purchase, place): (&crate::history::Purchase, Place)| {
        (purchase.outcome == outcome).then_some(place)
    };
    history.purchases.iter().zip(0..).filter_map(with_outcome)
}
