//! The anomalies and their evidence. Evidence is data: the places of purchases in the history.

use super::{Contradiction, Place, books};
use crate::closed_set::closed_set;
use crate::history::History;
use crate::stock::Stock;

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
        /// A purchase was refused although stock remained from its call to its return.
        RefusedEarly = "refused_early",
        /// Tickets were given back that had not been bought, or had been given back before.
        ReturnedTwice = "returned_twice",
        /// A buyer holds more receipts than it may.
        OverLimit = "over_limit",
        /// A buyer never got the lock.
        Stuck = "stuck",
    }
}

/// The most pieces of evidence that are kept for one kind; the rest is counted. A page shows all that are kept.
pub const MOST_EVIDENCE: usize = 1000;
/// The most pieces of evidence in a JSON document, and the most purchases that one piece names.
pub const MOST_TOLD: usize = 20;

/// Receipts that were sold from the same stock: they share one ticket.
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
    /// The receipt that was written first.
    pub first: Place,
    /// The receipt whose write undid the first.
    pub second: Place,
}

/// A read that found no valid ticket, or a stock that nobody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornRead {
    /// The purchase that read; `None` for the file after the sale.
    pub reader: Option<Place>,
    /// The purchase in whose write it happened, if known.
    pub writer: Option<Place>,
}

/// A stock that rose between two holds of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rise {
    /// The purchase that left the lower stock; `None` for the start.
    pub before: Option<Place>,
    /// The purchase that found the higher stock; `None` for the end.
    pub after: Option<Place>,
    /// The lower stock.
    pub from: Stock,
    /// The higher stock.
    pub to: Stock,
}

/// A buyer that never got the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StuckWait {
    /// The purchase that waited.
    pub waiter: Place,
    /// How long it waited.
    pub waited_ns: u64,
    /// The purchase that held the lock then, if it was one of this history.
    pub holder: Option<Place>,
    /// The process that died and left the lock behind, if the waiter could tell.
    pub dead_pid: Option<u32>,
}

/// A give-back of tickets that its order did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenBack {
    /// The give-back.
    pub place: Place,
    /// How many tickets its order had left to give back.
    pub held: u64,
}

/// A buyer with too many receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its receipts, at most [`MOST_TOLD`].
    pub receipts: Vec<Place>,
    /// How many receipts it holds in all.
    pub count: u64,
}

/// What an anomaly rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// `oversold`: the tickets that several receipts share, the most shared first. Empty if they are not known: then
    /// the evidence is [`Anomaly::receipts_too_many`].
    Oversold(Vec<SharedTicket>),
    /// `lost_update`: pairs of receipts, in order of time.
    LostUpdates(Vec<LostUpdate>),
    /// `lost_stock`: missing and extra tickets, and the purchases that may have taken the missing ones.
    LostStock {
        /// Tickets that left the stock without a receipt.
        missing: u64,
        /// Tickets that are in the stock although they were sold.
        extra: u64,
        /// Purchases without an answer that had begun to write.
        suspects: Vec<Place>,
    },
    /// `negative_stock`: tickets were sold from a stock of 0 or below.
    NegativeStock {
        /// The lowest stock that a purchase saw or left.
        lowest: Stock,
        /// The receipts that were sold from 0 or below.
        receipts: Vec<Place>,
    },
    /// `torn_read`: the reads.
    TornReads(Vec<TornRead>),
    /// `out_of_order`, `refused_early`: purchases that contradict each other.
    OutOfOrder(Vec<Contradiction>),
    /// `returned_twice`: the give-backs.
    ReturnedTwice(Vec<GivenBack>),
    /// `over_limit`: buyers, and their receipts.
    OverLimit(Vec<Holder>),
    /// `stuck`: the waits.
    Stuck(Vec<StuckWait>),
}

/// One kind of anomaly, with all its findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Which kind.
    pub kind: AnomalyKind,
    /// Its size: excess tickets, pairs, tickets, tickets below 0, reads, give-backs, receipts or waits.
    pub count: u64,
    /// The item that it is about, if there are several.
    pub item: Option<u32>,
    /// Its evidence, at most [`MOST_EVIDENCE`] pieces.
    pub evidence: Evidence,
}

impl Anomaly {
    pub(super) fn new(kind: AnomalyKind, count: u64, evidence: Evidence) -> Self {
        Self { kind, count, item: None, evidence }
    }

    /// `lost_stock` with this many missing and extra tickets; `None` if there are none.
    pub(super) fn lost_stock(missing: u64, extra: u64, suspects: Vec<Place>) -> Option<Self> {
        let count = missing.saturating_add(extra);
        let evidence = Evidence::LostStock { missing, extra, suspects };
        (count > 0).then(|| Self::new(AnomalyKind::LostStock, count, evidence))
    }

    /// The purchases in its evidence.
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
            Evidence::ReturnedTwice(given_back) => given_back.iter().map(|given| given.place).collect(),
            Evidence::OverLimit(holders) => {
                holders.iter().flat_map(|holder| &holder.receipts).copied().collect()
            }
            Evidence::Stuck(waits) => {
                waits.iter().flat_map(|wait| std::iter::once(wait.waiter).chain(wait.holder)).collect()
            }
        }
    }

    /// If it is not known which receipts share a ticket: the receipts after the last ticket had been sold, at most
    /// [`MOST_EVIDENCE`]. Empty if some receipts were counted without a time.
    #[must_use]
    pub fn receipts_too_many(&self, history: &History) -> Vec<Place> {
        let mut receipts = self.all_receipts_too_many(history);
        receipts.truncate(MOST_EVIDENCE);
        receipts
    }

    /// The same, without a limit.
    pub(super) fn all_receipts_too_many(&self, history: &History) -> Vec<Place> {
        if history.header.unrecorded.bought > 0 { Vec::new() } else { books::too_many(history, self.item) }
    }

    /// The same anomaly with the first [`MOST_TOLD`] pieces of its evidence, for a JSON document.
    #[must_use]
    pub fn told(&self) -> Self {
        let mut told = self.clone();
        match &mut told.evidence {
            Evidence::Oversold(tickets) => {
                tickets.truncate(MOST_TOLD);
                tickets.iter_mut().for_each(|ticket| ticket.receipts.truncate(MOST_TOLD));
            }
            Evidence::LostUpdates(pairs) => pairs.truncate(MOST_TOLD),
            Evidence::LostStock { suspects: places, .. }
            | Evidence::NegativeStock { receipts: places, .. } => places.truncate(MOST_TOLD),
            Evidence::TornReads(reads) => reads.truncate(MOST_TOLD),
            Evidence::OutOfOrder(contradictions) => contradictions.truncate(MOST_TOLD),
            Evidence::ReturnedTwice(given_back) => given_back.truncate(MOST_TOLD),
            Evidence::OverLimit(holders) => holders.truncate(MOST_TOLD),
            Evidence::Stuck(waits) => waits.truncate(MOST_TOLD),
        }
        told
    }

    /// Replaces the places of the purchases in its evidence.
    pub(super) fn map_places(&mut self, to: impl Fn(Place) -> Place) {
        let map = |place: &mut Place| *place = to(*place);
        match &mut self.evidence {
            Evidence::Oversold(tickets) => {
                tickets.iter_mut().flat_map(|ticket| &mut ticket.receipts).for_each(map);
            }
            Evidence::LostUpdates(pairs) => {
                pairs.iter_mut().flat_map(|pair| [&mut pair.first, &mut pair.second]).for_each(map);
            }
            Evidence::LostStock { suspects: places, .. }
            | Evidence::NegativeStock { receipts: places, .. } => {
                places.iter_mut().for_each(map);
            }
            Evidence::TornReads(reads) => {
                reads
                    .iter_mut()
                    .flat_map(|read| read.reader.iter_mut().chain(&mut read.writer))
                    .for_each(map);
            }
            Evidence::OutOfOrder(contradictions) => {
                contradictions.iter_mut().flat_map(Contradiction::places_mut).for_each(map);
            }
            Evidence::ReturnedTwice(given_back) => {
                given_back.iter_mut().for_each(|given| map(&mut given.place));
            }
            Evidence::OverLimit(holders) => {
                holders.iter_mut().flat_map(|holder| &mut holder.receipts).for_each(map);
            }
            Evidence::Stuck(waits) => {
                let of_wait = |wait: &'_ mut StuckWait| {
                    map(&mut wait.waiter);
                    wait.holder.iter_mut().for_each(map);
                };
                waits.iter_mut().for_each(of_wait);
            }
        }
    }
}
