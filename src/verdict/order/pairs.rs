//! Contradictions between two purchases in time, and of a purchase with itself.
//!
//! With several hosts, intervals are widened by the host's error, except between two purchases of one host: they are on
//! one clock, so their order is certain. So each purchase is compared with the one of all hosts that is furthest out of
//! order by the wide intervals, and with the one of its own host by the narrow intervals. That is exact: for purchases
//! of two hosts only the wide intervals count, and a contradiction by the wide intervals within one host is also one by
//! the narrow intervals.

use super::{Contradiction, Roles};
use crate::history::{Outcome, Slack};
use crate::verdict::{MOST_EVIDENCE, Place, places};

/// Contradictions: all are counted, the first ones are kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) count: u64,
    pub(super) first: Vec<Contradiction>,
}

impl Kept {
    pub(super) fn add(&mut self, contradiction: Contradiction) {
        self.count += 1;
        if self.first.len() < MOST_EVIDENCE {
            self.first.push(contradiction);
        }
    }

    fn extend(&mut self, other: Kept) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.truncate(MOST_EVIDENCE);
    }
}

/// What the comparison of pairs needs.
pub(super) struct Pairs<'a> {
    roles: &'a Roles<'a>,
    /// How far the times of two purchases may be off.
    slack: Slack,
    /// The same for two purchases of one host.
    within: Slack,
}

/// The purchase that is furthest out of order: of all, and of each host.
struct Furthest {
    of_all: Option<Place>,
    of_host: Vec<Option<Place>>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(roles: &'a Roles<'a>, slack: Slack) -> Self {
        Self { roles, within: slack.within_host(), slack }
    }

    /// All contradictions, counted, with the first ones.
    pub(super) fn contradictions(&self, refused_from_stock: bool) -> Kept {
        let mut kept = Kept::default();
        let purchases = self.roles.history.purchases.iter().filter(|_| refused_from_stock);
        for (purchase, refusal) in purchases.zip(0..) {
            if purchase.outcome == Outcome::Refused && purchase.sold_from.get().is_some_and(|stock| stock > 0)
            {
                kept.add(Contradiction::RefusedWithStock { refusal });
            }
        }
        self.backwards(&mut kept);
        self.sold_after_refusal(&mut kept);
        kept
    }

    fn called(&self, slack: &Slack, place: Place) -> u64 {
        slack.called_ns(self.roles.purchase(place))
    }

    /// When a purchase with an answer returned.
    fn returned(&self, slack: &Slack, place: Place) -> u64 {
        slack.returned_ns(self.roles.purchase(place))
    }

    fn none(&self) -> Furthest {
        Furthest { of_all: None, of_host: vec![None; self.slack.host_numbers()] }
    }

    fn host(&self, place: Place) -> usize {
        self.roles.purchase(place).host.into()
    }

    /// Notes a purchase if it is `further` out of order than those before.
    fn note(&self, furthest: &mut Furthest, place: Place, further: impl Fn(&Slack, Place, Place) -> bool) {
        if furthest.of_all.is_none_or(|other| further(&self.slack, place, other)) {
            furthest.of_all = Some(place);
        }
        if let Some(of_host) = furthest.of_host.get_mut(self.host(place))
            && of_host.is_none_or(|other| further(&self.within, place, other))
        {
            *of_host = Some(place);
        }
    }

    /// The furthest purchase that contradicts this one: of all, or else of its own host.
    fn against(
        &self,
        furthest: &Furthest,
        place: Place,
        contradicts: impl Fn(&Slack, Place) -> bool,
    ) -> Option<Place> {
        let of_all = furthest.of_all.filter(|other| contradicts(&self.slack, *other));
        let host = self.host(place);
        // Purchases without a host need not be on one clock.
        let of_host = || furthest.of_host.get(host).copied().flatten().filter(|_| host > 0);
        of_all.or_else(|| of_host().filter(|other| contradicts(&self.within, *other)))
    }

    /// Receipts that are out of order with a receipt from a higher or lower stock. One misplaced receipt contradicts
    /// many others, so the side with fewer receipts is counted.
    fn backwards(&self, kept: &mut Kept) {
        let tickets = || self.roles.known.chunk_by(|(one, _), (other, _)| one == other);
        let is_back = |slack: &Slack, lower, higher| self.returned(slack, lower) < self.called(slack, higher);
        let mut late = Kept::default();
        let mut latest_call = self.none();
        let later = |slack: &Slack, one, other| self.called(slack, one) > self.called(slack, other);
        for ticket in tickets() {
            for (_, lower) in ticket {
                let lower = *lower;
                if let Some(higher) =
                    self.against(&latest_call, lower, |slack, higher| is_back(slack, lower, higher))
                {
                    late.add(Contradiction::Backwards { lower, higher });
                }
            }
            ticket.iter().for_each(|(_, place)| self.note(&mut latest_call, *place, later));
        }
        if late.count == 0 {
            return;
        }
        let mut early = Kept::default();
        let mut first_return = self.none();
        let earlier = |slack: &Slack, one, other| self.returned(slack, one) < self.returned(slack, other);
        for ticket in tickets().rev() {
            for (_, higher) in ticket {
                let higher = *higher;
                if let Some(lower) =
                    self.against(&first_return, higher, |slack, lower| is_back(slack, lower, higher))
                {
                    early.add(Contradiction::Backwards { lower, higher });
                }
            }
            ticket.iter().for_each(|(_, place)| self.note(&mut first_return, *place, earlier));
        }
        kept.extend(if early.count < late.count { early } else { late });
    }

    /// Receipts that were called after a refusal had returned, counted in the same way.
    fn sold_after_refusal(&self, kept: &mut Kept) {
        if self.roles.refusal.is_none() {
            return;
        }
        let roles = self.roles;
        let receipts = || roles.known.iter().map(|(_, place)| *place).chain(roles.free.iter().copied());
        let refusals = || places(roles.history, Outcome::Refused);
        let after =
            |slack: &Slack, refusal, receipt| self.returned(slack, refusal) < self.called(slack, receipt);
        let mut first = self.none();
        refusals().for_each(|place| {
            let earlier = |slack: &Slack, one, other| self.returned(slack, one) < self.returned(slack, other);
            self.note(&mut first, place, earlier);
        });
        let mut late = Kept::default();
        for receipt in receipts() {
            if let Some(refusal) =
                self.against(&first, receipt, |slack, refusal| after(slack, refusal, receipt))
            {
                late.add(Contradiction::SoldAfterRefusal { refusal, receipt });
            }
        }
        if late.count == 0 {
            return;
        }
        let mut last = self.none();
        receipts().for_each(|place| {
            let later = |slack: &Slack, one, other| self.called(slack, one) > self.called(slack, other);
            self.note(&mut last, place, later);
        });
        let mut early = Kept::default();
        for refusal in refusals() {
            if let Some(receipt) =
                self.against(&last, refusal, |slack, receipt| after(slack, refusal, receipt))
            {
                early.add(Contradiction::SoldAfterRefusal { refusal, receipt });
            }
        }
        kept.extend(if early.count < late.count { early } else { late });
    }
}
