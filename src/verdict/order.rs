//! Order: is there an order of the purchases that respects real time and that a counter, starting at the initial stock,
//! could have produced? (Linearizability, Herlihy and Wing 1990, of a counter.) Decided exactly, in O(n log n), without
//! a search. This is the argument.
//!
//! # The question
//!
//! A purchase has an interval of time, from its call to its return, closed: purchases that touch are
//! concurrent. A *failed* purchase had no effect and is left out. The others are
//!
//! - *receipts*: the counter goes from s ≥ 1 to s − 1; it may state s (*known*) or not (*free*);
//! - *refusals*: the counter is 0, and stays so;
//! - *open* ones, without an answer: a receipt at any time after the call, or nothing at all.
//!
//! **Points instead of orders.** An order fits real time exactly if each purchase can be given a point in its interval
//! such that the points never decrease along the order. (If the order fits, take the latest call so far as the point:
//! if that were after the purchase's own return, the purchase of that call would have to come later. Conversely, a
//! purchase that returned before another was called has the earlier point.) So we look for points T(I) ≤ T(I−1) ≤ …,
//! one for each ticket that was sold, from the initial stock I downwards, and for each point a receipt (or an open
//! purchase) whose interval contains it. A refusal requires that every ticket was sold by its return: if there is a
//! refusal, all tickets down to 1 are sold, no later than the *deadline* D, the earliest return of a refusal.
//!
//! # Known receipts
//!
//! A known receipt *is* the receipt for its ticket: two for one ticket are a lost update and fit no order. Let e(t) be
//! the latest call among the known receipts for ticket t and above, and l(t) the earliest return among those for t and
//! below, and D. All T(t) lie in [e(t), l(t)], and both grow as t falls. For only the known receipts, T = e fits
//! exactly if e(t) ≤ l(t) at each of them, that is,
//!
//! - no receipt from a higher stock is called after one from a lower stock returned ([`Backwards`]),
//! - none is called after a refusal returned ([`SoldAfterRefusal`]).
//!
//! # The tickets in between
//!
//! The tickets without a known receipt lie in *gaps*: above the highest known one, between two
//! neighbours, and below the lowest. All tickets of a gap have the same window [e, l]. Those above a known receipt
//! *must* be sold. Those below the lowest must be sold if there is a refusal (or, if the remaining stock is known, down
//! to that), and otherwise may be. A free receipt [a, b] suits a gap if the two intervals meet: a ≤ l and e ≤ b. As e
//! and l both grow from gap to gap, the gaps that suit a receipt are consecutive: a *convex* bipartite graph. An open
//! purchase called at a suits all gaps with a ≤ l if it is free; if it is known, only the gap of its own ticket, at
//! most.
//!
//! **A matching is enough** if open purchases are free. Take from each match a point in both intervals. Hand the
//! points, sorted, to the tickets in the order of their sale: as the windows' ends both grow, each point lies in its
//! new ticket's window (if k windows begin after a point, the points taken from them are k later ones; likewise for the
//! ends), and its purchase keeps its point. The known receipts take max(e, the point before): at most l, and at most
//! the next point, which is at least its own e.
//!
//! **Two matchings are enough.** All tickets that must be sold have to be covered, and all free receipts (open
//! purchases need not be). By the theorem of Mendelsohn and Dulmage (1958) one matching covers both if one covers the
//! tickets and another covers the receipts. The optional tickets below the lowest known one all have the same window,
//! so those that the matching uses may be moved together. Each of the two matchings is decided greedily in a convex
//! graph (Glover 1967): gap by gap, always take the purchase that suits the fewest later gaps. If the greedy choice
//! fails, Hall's theorem gives the evidence: a range of tickets with too few purchases that can have bought them
//! ([`Unsold`]), or a group of receipts with too few tickets that they can have bought ([`Crowded`]).
//!
//! # Open purchases that know their stock
//!
//! These can't change their ticket. Let one for ticket t be called at a, and let no free receipt return in [e(t), a).
//! Then a matching is still enough: put all points as late as the intervals of the tickets from there on allow. Free
//! receipts that return earlier return before e(t), so they go to gaps before t. The others return at a or later, and
//! l(t) is at a or later, too: so t's point is at a or later. Only if some free receipt *does* return in [e(t), a), the
//! use of t decides where that receipt may go, and the gaps depend on each other. Then a history that still has no
//! matching is unsound. One that has a matching without such purchases, or with all of them as known receipts, is
//! sound. Anything else is reported as undecided, never guessed.
//!
//! # Other sellers, other anomalies
//!
//! If other programs may have sold from the same stock, or purchases were not recorded, any ticket may have been sold
//! unseen at any time: no ticket *must* be covered, and only `Backwards`, `SoldAfterRefusal` and `Crowded` remain. A
//! run under a lock never has them, whatever others sell: take for each purchase a moment at which it held the lock.
//!
//! If the initial stock is not known, there may be any number of tickets above the highest known one. If no receipt is
//! known either, only contradictions that hold for any initial stock are reported.
//!
//! An incomplete line in the file counts as an open, free purchase that was called at any time.
//!
//! # Several hosts
//!
//! Each host's clock was measured with an error, and the intervals of its purchases are widened by it. The true order
//! fits the wider intervals, so a clock never causes a contradiction. For these intervals the answer is exact, as
//! above. Two purchases of one host are on one clock, so their order is certain even if the clock is wrong.
//! Contradictions between two purchases (`pairs`) are found with that knowledge, exactly; if every receipt says its
//! stock and none is missing, there are no others. The matchings use only the wide intervals: what they find is true,
//! but they may miss what only the order within a host shows. That one error holds for all purchases of a host (which
//! would link orders between hosts) is not used: a clock that drifts does not have the same error during a whole sale.
//!
//! What a lost host bought afterwards is not known: its buyers count as other sellers.
//!
//! More receipts than tickets, two for one ticket, or more or fewer than have left the stock fit no order either. They
//! are reported under their own names (`oversold`, `lost_update`, `lost_stock`, and `negative_stock` for a receipt from
//! 0); then only contradictions between two purchases in time are reported in addition. If a history has the times of
//! reads and writes, as those of our own buyers have, these contradictions follow from the lost update, which put an
//! old stock back, and are left out, too.
//!
//! [`Backwards`]: Contradiction::Backwards
//! [`SoldAfterRefusal`]: Contradiction::SoldAfterRefusal
//! [`Unsold`]: Contradiction::Unsold
//! [`Crowded`]: Contradiction::Crowded

mod gaps;
#[cfg(test)]
mod of_hosts;
#[cfg(test)]
mod oracle;
mod pairs;
mod search;

use super::survey::Survey;
use super::{Anomaly, AnomalyKind, Evidence, Place};
use crate::history::{History, Outcome, Purchase, Slack, Tally};
use crate::stock::Stock;
use pairs::{Kept, Pairs};

/// A few purchases that contradict each other, or contradict a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// A refusal that read a stock above 0.
    RefusedWithStock {
        /// The refusal.
        refusal: Place,
    },
    /// A receipt from a higher stock was called after one from a lower stock had returned.
    Backwards {
        /// The one that returned.
        lower: Place,
        /// The one that was called later.
        higher: Place,
    },
    /// A receipt was called after a refusal had returned.
    SoldAfterRefusal {
        /// The refusal.
        refusal: Place,
        /// The receipt.
        receipt: Place,
    },
    /// There was a refusal, but tickets were left in the end.
    LeftAfterRefusal {
        /// The refusal.
        refusal: Place,
        /// How many were left.
        remaining: u64,
    },
    /// Tickets that must have been sold, but too few purchases can have bought them.
    Unsold {
        /// The first ticket of the range: the stock that it was sold from.
        high: Stock,
        /// The last ticket of the range.
        low: Stock,
        /// How many of them nobody can have bought.
        missing: u64,
        /// They were sold after the call of this receipt, which was sold from a higher stock.
        after: Option<Place>,
        /// They were sold before the return of this receipt, which was sold from a lower stock, or of this refusal;
        /// `None`: before the end.
        by: Option<Place>,
    },
    /// More receipts for a range of tickets than there are tickets.
    Crowded {
        /// The receipts, at most [`MOST_TOLD`](super::MOST_TOLD).
        receipts: Vec<Place>,
        /// How many receipts there are in all.
        count: u64,
        /// How many tickets there are for them.
        tickets: u64,
        /// They are for tickets below that of this receipt: the stocks that they say are lower, and those that say none
        /// were called after its return.
        after: Option<Place>,
        /// They are for tickets above that of this receipt: the stocks that they say are higher, and those that say
        /// none returned before its call.
        before: Option<Place>,
    },
    /// No order of the purchases before this one and of those that overlap with it leaves a place for it.
    NoPlace {
        /// The purchase; `None` for the stock that remained in the end.
        purchase: Option<Place>,
        /// The purchases that overlap with it, at most [`MOST_TOLD`](super::MOST_TOLD).
        among: Vec<Place>,
    },
}

impl Contradiction {
    /// The name of the rule, for programs.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::RefusedWithStock { .. } => "refused_with_stock",
            Self::Backwards { .. } => "backwards",
            Self::SoldAfterRefusal { .. } => "sold_after_refusal",
            Self::LeftAfterRefusal { .. } => "left_after_refusal",
            Self::Unsold { .. } => "unsold",
            Self::Crowded { .. } => "crowded",
            Self::NoPlace { .. } => "no_place",
        }
    }

    /// The purchases that contradict each other.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        match self {
            Self::RefusedWithStock { refusal } | Self::LeftAfterRefusal { refusal, .. } => vec![*refusal],
            Self::Backwards { lower, higher } => vec![*lower, *higher],
            Self::SoldAfterRefusal { refusal, receipt } => vec![*refusal, *receipt],
            Self::Unsold { after, by, .. } => after.iter().chain(by).copied().collect(),
            Self::Crowded { receipts, after, before, .. } => {
                after.iter().chain(receipts).chain(before).copied().collect()
            }
            Self::NoPlace { purchase, among } => purchase.iter().chain(among).copied().collect(),
        }
    }

    /// The same, mutable.
    pub(super) fn places_mut(&mut self) -> Vec<&mut Place> {
        match self {
            Self::RefusedWithStock { refusal } | Self::LeftAfterRefusal { refusal, .. } => vec![refusal],
            Self::Backwards { lower: one, higher: other }
            | Self::SoldAfterRefusal { refusal: one, receipt: other } => vec![one, other],
            Self::Unsold { after, by, .. } => after.iter_mut().chain(by).collect(),
            Self::Crowded { receipts, after, before, .. } => {
                after.iter_mut().chain(receipts).chain(before).collect()
            }
            Self::NoPlace { purchase, among } => purchase.iter_mut().chain(among).collect(),
        }
    }

    /// Whether it proves a refusal although stock remained.
    fn is_refused_early(&self, history: &History) -> bool {
        let refused = |place: &Place| history.purchases[*place as usize].outcome == Outcome::Refused;
        match self {
            Self::RefusedWithStock { .. } | Self::SoldAfterRefusal { .. } | Self::LeftAfterRefusal { .. } => {
                true
            }
            Self::Unsold { by, .. } => by.as_ref().is_some_and(refused),
            Self::NoPlace { purchase, .. } => purchase.as_ref().is_some_and(refused),
            Self::Backwards { .. } | Self::Crowded { .. } => false,
        }
    }
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// `out_of_order` and `refused_early`.
    pub(super) anomalies: Vec<Anomaly>,
    /// How many purchases left the question undecided.
    pub(super) undecided: u64,
    /// How many purchases contradict another one only if the hosts' clocks are assumed to be exact.
    pub(super) within_error: u64,
}

impl Findings {
    /// Contradictions with a refusal get the name `refused_early`.
    fn new(found: Kept, history: &History, undecided: u64) -> Self {
        let refuses = |contradiction: &Contradiction| contradiction.is_refused_early(history);
        let (early, other): (Vec<_>, Vec<_>) = found.first.into_iter().partition(refuses);
        // The kind of those that were counted but not kept is not known: they are added to the last anomaly.
        let beside = found.count - (early.len() + other.len()) as u64;
        let (more_early, more_other) = if other.is_empty() { (beside, 0) } else { (0, beside) };
        let kinds =
            [(AnomalyKind::OutOfOrder, other, more_other), (AnomalyKind::RefusedEarly, early, more_early)];
        let anomaly = |(kind, contradictions, more): (AnomalyKind, Vec<Contradiction>, u64)| {
            let count = contradictions.len() as u64 + more;
            (count > 0).then(|| Anomaly::new(kind, count, Evidence::OutOfOrder(contradictions)))
        };
        Self { anomalies: kinds.into_iter().filter_map(anomaly).collect(), undecided, within_error: 0 }
    }
}

/// Judges the order. `others` are the findings of the books; `receipts` are those that say what they were sold from,
/// from the highest stock to the lowest.
pub(super) fn judge(
    history: &History,
    survey: &Survey,
    others: &[Anomaly],
    receipts: Vec<(Stock, Place)>,
) -> Findings {
    if history.header.books_only {
        return Findings::default();
    }
    let found = |kind| others.iter().any(|anomaly| anomaly.kind == kind);
    let shows_writes = || history.purchases.iter().any(|purchase| purchase.read_and_write_ns().is_some());
    if found(AnomalyKind::LostUpdate) && shows_writes() {
        return Findings::default();
    }
    let explained = [
        AnomalyKind::Oversold,
        AnomalyKind::LostUpdate,
        AnomalyKind::LostStock,
        AnomalyKind::NegativeStock,
        AnomalyKind::TornRead,
    ];
    let explained = explained.into_iter().any(found);
    if survey.several || survey.raises || survey.count(Outcome::Read) > 0 {
        return if explained { Findings::default() } else { search::judge(history, survey) };
    }
    let roles = Roles::new(history, survey, receipts);
    let mut kept = Pairs::new(&roles, roles.slack.clone()).contradictions(survey.refused_from_stock);
    let mut undecided = 0;
    if kept.count == 0 && !explained {
        match gaps::judge(&roles) {
            gaps::Fit::Fits => {}
            gaps::Fit::Undecided(purchases) => undecided = purchases,
            gaps::Fit::Contradiction(contradiction) => kept.add(contradiction),
        }
    }
    let mut within_error = 0;
    if kept.count == 0 && others.is_empty() && roles.slack.host_numbers() > 0 {
        within_error = Pairs::new(&roles, roles.slack.without_hosts()).contradictions(false).count;
    }
    Findings { within_error, ..Findings::new(kept, history, undecided) }
}

/// The purchases of a history, grouped by their role in the order.
#[derive(Debug)]
struct Roles<'a> {
    history: &'a History,
    /// Receipts with their stock, from the highest stock to the lowest.
    known: Vec<(Stock, Place)>,
    /// Receipts that do not say their stock.
    free: Vec<Place>,
    /// Purchases without an answer, with their stock.
    open_known: Vec<(Stock, Place)>,
    /// The times at which purchases without an answer and without a stock were called.
    open_free: Vec<u64>,
    /// The refusal that returned first.
    refusal: Option<Place>,
    /// Whether tickets may have been sold by others, or by purchases that are not in the history.
    outsiders: bool,
    /// By how much intervals are widened.
    slack: Slack,
}

impl<'a> Roles<'a> {
    fn new(history: &'a History, survey: &Survey, known: Vec<(Stock, Place)>) -> Self {
        let header = &history.header;
        let outsiders = header.outsiders || header.unrecorded != Tally::default() || !survey.lost.is_empty();
        let mut roles = Self {
            history,
            known,
            free: Vec::new(),
            open_known: Vec::new(),
            open_free: Vec::new(),
            refusal: None,
            outsiders,
            slack: header.slack(),
        };
        let others = history.purchases.iter().filter(|_| !survey.plain);
        for (purchase, place) in others.zip(0..) {
            match (purchase.outcome, purchase.sold_from.get()) {
                (Outcome::Failed | Outcome::Returned | Outcome::Read, _) | (Outcome::Bought, Some(_)) => {}
                (Outcome::Bought, None) => roles.free.push(place),
                (Outcome::Unknown, Some(stock)) => roles.open_known.push((stock, place)),
                (Outcome::Unknown, None) => roles.open_free.push(roles.called(place)),
                (Outcome::Refused, _) => {
                    let earlier = |first| roles.returned(place) < roles.returned(first);
                    if roles.refusal.is_none_or(earlier) {
                        roles.refusal = Some(place);
                    }
                }
            }
        }
        if header.cut_short.is_some() {
            roles.open_free.push(0);
        }
        roles
    }

    fn purchase(&self, place: Place) -> &'a Purchase {
        &self.history.purchases[place as usize]
    }

    fn called(&self, place: Place) -> u64 {
        self.slack.called_ns(self.purchase(place))
    }

    /// When a purchase returned; never, if no answer came.
    fn returned(&self, place: Place) -> u64 {
        let purchase = self.purchase(place);
        let answered = purchase.outcome != Outcome::Unknown;
        if answered { self.slack.returned_ns(purchase) } else { u64::MAX }
    }
}
