//! The rules: what makes a history sound, and the evidence where it is not.
//!
//! It knows the history alone, so that it judges every history alike: of a live run, of an explored
//! schedule, of a file that somebody else's shop wrote. Evidence is data, the places of purchases in
//! [`History::purchases`]; `report` puts it into words.

mod at_once;
mod conservation;
mod holds;
mod initial;
pub mod order;
mod restocks;
mod unjudged;

use serde::Serialize;

use crate::closed_set::closed_set;
use crate::history::{Doubt, History, Outcome};
use crate::stock::Stock;

pub use initial::{InitialFrom, judge_from};
pub use order::Contradiction;
pub use unjudged::Unjudged;

closed_set! {
    /// What is said of a history.
    pub enum Ruling: "ruling" {
        /// No anomaly, and nothing that could not be judged.
        Sound = "sound",
        /// At least one anomaly.
        Unsound = "unsound",
        /// No anomaly was found, but not all could be judged. Never guessed.
        Unknown = "unknown",
    }
}

closed_set! {
    /// The ways in which a sale goes wrong.
    pub enum AnomalyKind: "anomaly" {
        /// More receipts than tickets.
        Oversold = "oversold",
        /// Two receipts were sold from the same stock.
        LostUpdate = "lost_update",
        /// Stock went without a receipt, or came back although it was sold.
        LostStock = "lost_stock",
        /// The store said less than 0.
        NegativeStock = "negative_stock",
        /// A read met no valid ticket file, or a stock that nobody wrote.
        TornRead = "torn_read",
        /// No order of the purchases fits both a counter and real time.
        OutOfOrder = "out_of_order",
        /// A buyer never got the lock.
        Stuck = "stuck",
    }
}

/// The place of a purchase in [`History::purchases`].
pub type Place = u32;

/// How many pieces of evidence of one kind are kept; the rest is counted.
pub const MOST_EVIDENCE: usize = 20;

/// Receipts that were sold from one stock: they share one ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedTicket {
    /// The stock that they were sold from.
    pub stock: Stock,
    /// The receipts, in the order in which they were written; at most [`MOST_EVIDENCE`].
    pub receipts: Vec<Place>,
    /// How many there are in all.
    pub count: u64,
}

/// Two receipts from one stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostUpdate {
    /// The stock that both were sold from.
    pub stock: Stock,
    /// The one that wrote first.
    pub first: Place,
    /// The one whose write undid it.
    pub second: Place,
}

/// A read that met no ticket file, or a stock that nobody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornRead {
    /// The purchase that read; `None` for the file as the sale left it.
    pub reader: Option<Place>,
    /// The purchase whose write it fell into, where there is one.
    pub writer: Option<Place>,
}

/// A stock that rose between two holds of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rise {
    /// The purchase that left the lower stock; `None` for the start.
    pub before: Option<Place>,
    /// The purchase that met the higher one; `None` for the end.
    pub after: Option<Place>,
    /// The lower stock.
    pub from: Stock,
    /// The higher one.
    pub to: Stock,
}

/// A buyer that never got the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The purchase that waited.
    pub waiter: Place,
    /// For how long.
    pub waited_ns: u64,
    /// The purchase that held the lock then, where one of ours did.
    pub holder: Option<Place>,
    /// The process that died and left the lock behind, where the waiter could tell.
    pub dead_pid: Option<u32>,
}

/// What an anomaly rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// `oversold`: the tickets that several receipts share, the most shared first; none where that is
    /// not known: then it rests on [`Anomaly::receipts_too_many`].
    Oversold(Vec<SharedTicket>),
    /// `lost_update`: pairs of receipts, in the order of time.
    LostUpdates(Vec<LostUpdate>),
    /// `lost_stock`: what is missing, what is there too much, and the purchases that may have taken
    /// the missing tickets.
    LostStock {
        /// Tickets that left the stock without a receipt.
        missing: u64,
        /// Tickets that are in the stock although they were sold.
        extra: u64,
        /// Purchases without an answer that had begun to write.
        suspects: Vec<Place>,
    },
    /// `negative_stock`: what was sold that was not there.
    NegativeStock {
        /// The lowest stock that anybody saw, or left.
        lowest: Stock,
        /// The receipts that were sold from 0 or below.
        receipts: Vec<Place>,
    },
    /// `torn_read`: the reads.
    TornReads(Vec<TornRead>),
    /// `out_of_order`: purchases that contradict each other.
    OutOfOrder(Vec<Contradiction>),
    /// `stuck`: the waits.
    Stuck(Vec<Wait>),
}

/// One kind of anomaly, with all that was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Which kind.
    pub kind: AnomalyKind,
    /// How often: receipts too many, pairs, tickets, tickets below 0, reads, waits.
    pub count: u64,
    /// What it rests on, at most [`MOST_EVIDENCE`] pieces of it.
    pub evidence: Evidence,
}

impl Anomaly {
    /// The purchases that it rests on, as far as they are kept as evidence.
    #[must_use]
    pub fn places(&self, history: &History) -> Vec<Place> {
        match &self.evidence {
            Evidence::Oversold(shared) if shared.is_empty() => self.receipts_too_many(history),
            Evidence::Oversold(shared) => {
                shared.iter().flat_map(|ticket| &ticket.receipts).copied().collect()
            }
            Evidence::LostUpdates(pairs) => pairs.iter().flat_map(|pair| [pair.first, pair.second]).collect(),
            Evidence::LostStock { suspects, .. } => suspects.clone(),
            Evidence::NegativeStock { receipts, .. } => receipts.clone(),
            Evidence::TornReads(reads) => {
                reads.iter().flat_map(|read| read.reader.into_iter().chain(read.writer)).collect()
            }
            Evidence::OutOfOrder(contradictions) => {
                contradictions.iter().flat_map(Contradiction::places).collect()
            }
            Evidence::Stuck(waits) => {
                waits.iter().flat_map(|wait| std::iter::once(wait.waiter).chain(wait.holder)).collect()
            }
        }
    }

    /// Where it is not known which receipts share a ticket: those that came when as many had come as
    /// there were tickets, at most [`MOST_EVIDENCE`]. None where some receipts were counted without a
    /// time.
    #[must_use]
    pub fn receipts_too_many(&self, history: &History) -> Vec<Place> {
        if history.header.unrecorded.bought > 0 {
            return Vec::new();
        }
        let mut receipts: Vec<Place> = places(history, Outcome::Bought).collect();
        receipts.sort_by_key(|place| history.purchases[*place as usize].return_ns);
        let in_time = receipts.len().saturating_sub(usize::try_from(self.count).unwrap_or(usize::MAX));
        receipts.drain(..in_time);
        receipts.truncate(MOST_EVIDENCE);
        receipts
    }
}

/// The tickets, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// The stock at the start, where it is known.
    pub initial: Option<Stock>,
    /// The stock at the end, where it is known.
    pub remaining: Option<Stock>,
    /// How many purchases believe that they succeeded.
    pub receipts: u64,
    /// How many were refused.
    pub refused: u64,
    /// How many failed.
    pub failed: u64,
    /// How many never got an answer.
    pub unanswered: u64,
    /// Receipts beyond the initial stock.
    pub oversold: u64,
    /// Stock that went down between our own purchases: sold by others.
    pub outside_sales: u64,
    /// Stock that went up between our own purchases, where others were to put tickets on sale.
    pub restocked: u64,
}

/// What is said of a history, and why.
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
    /// The most purchases that were under way at one time; 1 where none overlapped.
    pub at_once: u64,
    /// Whether they might have overlapped, and did not: then no race could show.
    pub apart: bool,
}

impl Verdict {
    /// The anomaly of this kind, if there is one.
    #[must_use]
    pub fn anomaly(&self, kind: AnomalyKind) -> Option<&Anomaly> {
        self.anomalies.iter().find(|anomaly| anomaly.kind == kind)
    }
}

/// Judges a history.
#[must_use]
pub fn judge(history: &History) -> Verdict {
    let (mut ledger, mut anomalies) = conservation::judge(history);
    let order = order::judge(history, &anomalies);
    anomalies.extend(order.anomaly);
    let mut unjudged = unjudged::of(history);
    if order.undecided {
        unjudged.push(Unjudged::Order);
    }
    unjudged.extend(restocks::allow(history, &mut ledger, &mut anomalies));
    if history.header.doubts.contains(&Doubt::NothingBought) {
        // Nobody bought at a foreign shop that had tickets: its answers may have been misread, and then
        // neither book tells against it. A stock below nothing does.
        anomalies.retain(|anomaly| anomaly.kind == AnomalyKind::NegativeStock);
    }
    anomalies.sort_by_key(|anomaly| anomaly.kind);
    unjudged.extend(unjudged::not_shown(history, &ledger, &anomalies));
    let ruling = if !anomalies.is_empty() {
        Ruling::Unsound
    } else if unjudged.is_empty() {
        Ruling::Sound
    } else {
        Ruling::Unknown
    };
    let at_once = at_once::count(history);
    let apart = at_once == 1 && history.purchases.len() > 1 && !history.header.in_turn;
    Verdict { ruling, ledger, anomalies, unjudged, at_once, apart }
}

/// The places of the purchases with this outcome.
fn places(history: &History, outcome: Outcome) -> impl Iterator<Item = Place> + '_ {
    let with_outcome = move |(purchase, place): (&crate::history::Purchase, Place)| {
        (purchase.outcome == outcome).then_some(place)
    };
    history.purchases.iter().zip(0..).filter_map(with_outcome)
}
