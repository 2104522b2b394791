//! The rules: what makes a history sound, and the evidence where it is not.
//!
//! It knows the history alone, so that it judges every history alike: of a live run, of an explored
//! schedule, of a file that somebody else's shop wrote. Evidence is data, the places of purchases in
//! [`History::purchases`]; `report` puts it into words.

mod conservation;
mod initial;
pub mod order;

use serde::Serialize;

use crate::closed_set::closed_set;
use crate::fault::FaultKind;
use crate::history::{History, Outcome};
use crate::plan::Exclusion;
use crate::stock::Stock;

pub use initial::{InitialFrom, judge_from};
pub use order::Contradiction;

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
}

/// Why something could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// So many purchases were counted but not recorded.
    Unrecorded(u64),
    /// The initial stock is not known.
    NoInitial,
    /// Another program put tickets on sale meanwhile: what was sold twice, or came back, can't be told.
    Restocked,
    /// The stock could not be read after the sale, for this reason.
    Unread(String),
    /// The run was interrupted.
    Interrupted,
    /// Whether an order fits could not be decided: purchases without an answer that know their stock,
    /// beside receipts that do not.
    Order,
    /// A buyer's system call failed.
    SystemError {
        /// The purchase.
        place: Place,
        /// What was tried.
        kind: FaultKind,
        /// errno(3).
        errno: i32,
    },
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
    let (ledger, mut anomalies) = conservation::judge(history);
    let order = order::judge(history, &anomalies);
    anomalies.extend(order.anomaly);
    anomalies.sort_by_key(|anomaly| anomaly.kind);
    let mut unjudged = unjudged(history);
    if order.undecided {
        unjudged.push(Unjudged::Order);
    }
    if restocked(history) {
        let still_holds = |anomaly: &Anomaly| match &anomaly.evidence {
            Evidence::TornReads(_) => history.purchases.iter().any(|purchase| purchase.torn.is_some()),
            Evidence::Stuck(_) => true,
            _ => false,
        };
        anomalies.retain(still_holds);
        unjudged.push(Unjudged::Restocked);
    }
    let ruling = if !anomalies.is_empty() {
        Ruling::Unsound
    } else if unjudged.is_empty() {
        Ruling::Sound
    } else {
        Ruling::Unknown
    };
    Verdict { ruling, ledger, anomalies, unjudged }
}

/// Whether another program put tickets on sale in the middle of a locked run: our buyers only take, so a
/// stock above the initial one is somebody else's. (Without a lock it may as well be a torn number, and a
/// stock that rises without passing the initial one can't be told from a lost update.)
fn restocked(history: &History) -> bool {
    let header = &history.header;
    let locked = header.plan.as_ref().is_some_and(|plan| match plan.exclusion() {
        Exclusion::Excludes | Exclusion::InTurn => true,
        Exclusion::NoLock | Exclusion::RenamedAway | Exclusion::SameOwner => false,
    });
    let above = |stock: Option<Stock>| stock > header.initial;
    header.outsiders
        && locked
        && header.initial.is_some()
        && (above(header.remaining) || history.purchases.iter().any(|purchase| above(purchase.seen)))
}

fn unjudged(history: &History) -> Vec<Unjudged> {
    let mut reasons = Vec::new();
    let header = &history.header;
    let tally = header.unrecorded;
    if tally != Default::default() {
        let all = tally.bought.saturating_add(tally.refused).saturating_add(tally.failed);
        reasons.push(Unjudged::Unrecorded(all));
    }
    if header.initial.is_none() {
        reasons.push(Unjudged::NoInitial);
    }
    reasons.extend(header.unread.clone().map(Unjudged::Unread));
    if header.interrupted {
        reasons.push(Unjudged::Interrupted);
    }
    let system_error = history.purchases.iter().zip(0..).find_map(|(purchase, place)| {
        let fault = purchase.fault?;
        match fault.kind {
            FaultKind::Lock | FaultKind::Unlock | FaultKind::Read | FaultKind::Write => {
                Some(Unjudged::SystemError { place, kind: fault.kind, errno: fault.errno })
            }
            FaultKind::LockTimeout
            | FaultKind::HolderGone
            | FaultKind::Torn
            | FaultKind::Stopped
            | FaultKind::Killed => None,
        }
    });
    reasons.extend(system_error);
    reasons
}

/// The places of the purchases with this outcome.
fn places(history: &History, outcome: Outcome) -> impl Iterator<Item = Place> + '_ {
    let with_outcome = move |(purchase, place): (&crate::history::Purchase, Place)| {
        (purchase.outcome == outcome).then_some(place)
    };
    history.purchases.iter().zip(0..).filter_map(with_outcome)
}
