//! The tickets without a known receipt, and whether the other purchases can have bought them: the two matchings. The
//! documentation of [`super`] has the argument.
//!
//! The caller has checked that the known receipts are for different tickets from 1 to the initial stock, in an order
//! that fits real time and the refusals, and that there is a known receipt or an initial stock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::{Contradiction, Roles};
use crate::stock::{Stock, tickets_between};
use crate::verdict::{MOST_TOLD, Place};

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// There is an order that fits.
    Fits,
    /// There is no such order, because of this.
    Contradiction(Contradiction),
    /// Undecided, because of this many purchases.
    Undecided(u64),
}

/// Decides whether an order fits.
pub(super) fn judge(roles: &Roles<'_>) -> Fit {
    let header = &roles.history.header;
    if let (Some(refusal), Some(remaining @ 1..), false) = (roles.refusal, header.remaining, roles.outsiders)
    {
        let remaining = tickets_between(remaining, 0);
        return Fit::Contradiction(Contradiction::LeftAfterRefusal { refusal, remaining });
    }
    if header.initial.is_none() && roles.known.is_empty() {
        // There is no stock to count from: `unjudged` says so.
        return Fit::Fits;
    }
    let gaps = Gaps::new(roles);
    let free = gaps.free_suitors();
    let open_free = gaps.open_free_suitors();
    let (certain, doubtful) = gaps.open_known_suitors();
    let suitors = |open_known: &[(Place, Suitor)]| -> Vec<Suitor> {
        let of_free = free.iter().map(|(_, suitor)| suitor);
        of_free.chain(&open_free).chain(open_known.iter().map(|(_, suitor)| suitor)).cloned().collect()
    };
    if let Some(crowded) = gaps.crowded(&free) {
        return Fit::Contradiction(crowded);
    }
    let all = [certain.as_slice(), &doubtful].concat();
    if let Some(unsold) = gaps.unsold(suitors(&all)) {
        return Fit::Contradiction(unsold);
    }
    if doubtful.is_empty() || gaps.unsold(suitors(&certain)).is_none() || fits_with(roles, &doubtful) {
        Fit::Fits
    } else {
        Fit::Undecided(doubtful.len() as u64)
    }
}

/// Whether an order fits in which all these open purchases took effect, like known receipts.
fn fits_with(roles: &Roles<'_>, open_known: &[(Place, Suitor)]) -> bool {
    let stock_of = |place: Place| roles.purchase(place).sold_from.get().map(|stock| (stock, place));
    let mut took_effect: Vec<_> = open_known.iter().filter_map(|(place, _)| stock_of(*place)).collect();
    took_effect.sort_unstable();
    let rest = roles.open_known.iter().filter(|open| took_effect.binary_search(open).is_err());
    let mut known = [roles.known.as_slice(), &took_effect].concat();
    known.sort_unstable_by_key(|(stock, place)| (Reverse(*stock), *place));
    let supposed = Roles {
        known,
        open_known: rest.copied().collect(),
        free: roles.free.clone(),
        open_free: roles.open_free.clone(),
        slack: roles.slack.clone(),
        ..*roles
    };
    let gaps = Gaps::new(&supposed);
    let free = gaps.free_suitors();
    // Those that are still doubtful are left out: an order may be without them.
    let (certain, _) = gaps.open_known_suitors();
    let suitors = free.iter().chain(&certain).map(|(_, suitor)| suitor).cloned();
    gaps.crowded(&free).is_none() && gaps.unsold(suitors.chain(gaps.open_free_suitors()).collect()).is_none()
}

/// Neighbouring tickets without a known receipt.
#[derive(Debug)]
struct Gap {
    /// How many known receipts are from higher stocks: the index of the gap's window.
    window: usize,
    /// The stock that its first ticket is sold from.
    high: Stock,
    /// How many tickets it has; if they need not be sold, at most the number of free receipts.
    tickets: u64,
    /// Whether they must be sold.
    must: bool,
}

impl Gap {
    fn low(&self) -> Stock {
        self.high - (self.tickets - 1).cast_signed()
    }
}

/// A purchase that may have bought a ticket of some gap. Kept small, since there may be one for each purchase.
#[derive(Clone, Debug)]
struct Suitor {
    /// The windows that meet its interval. Never empty.
    windows: Range<u32>,
    /// The gaps among these.
    gaps: Range<u32>,
}

/// Suitors with their purchases.
type Named = Vec<(Place, Suitor)>;

/// The gaps, in the order in which they were sold.
struct Gaps<'a> {
    roles: &'a Roles<'a>,
    /// The lowest stock that the counter can have reached.
    floor: Stock,
    /// The starts of the windows of time, one above each known receipt and one below the last; starts and ends both
    /// grow.
    early_ns: Vec<u64>,
    late_ns: Vec<u64>,
    gaps: Vec<Gap>,
}

impl<'a> Gaps<'a> {
    fn new(roles: &'a Roles<'a>) -> Self {
        let header = &roles.history.header;
        let known = &roles.known;
        let last = known.len();
        let free = roles.free.len() as u64;
        let to_the_end = roles.refusal.is_some() || header.remaining.is_some();
        let floor =
            if roles.outsiders || roles.refusal.is_some() { 0 } else { header.remaining.unwrap_or(0) };
        let mut gaps = Self { roles, floor, early_ns: Vec::new(), late_ns: Vec::new(), gaps: Vec::new() };
        let gap = |window: usize| {
            let must = if window == last { to_the_end } else { window > 0 || header.initial.is_some() };
            let must = must && !roles.outsiders;
            let high = gaps.high(window);
            let all = tickets_between(high, gaps.below(window));
            Gap { window, high, tickets: if must { all } else { all.min(free) }, must }
        };
        gaps.gaps = (0..=last).map(gap).filter(|gap| gap.tickets > 0).collect();
        if !gaps.gaps.is_empty() || free > 0 {
            gaps.set_windows();
        }
        gaps
    }

    /// The highest stock that a ticket of this window is sold from. If the initial stock is not known, the first window
    /// has as many tickets as there are free receipts.
    fn high(&self, window: usize) -> Stock {
        let known = &self.roles.known;
        match (window.checked_sub(1), self.roles.history.header.initial) {
            (Some(above), _) => known[above].0 - 1,
            (None, Some(initial)) => initial,
            (None, None) => known[0].0.saturating_add(self.roles.free.len() as Stock),
        }
    }

    /// The stock that is left when all tickets of this window are sold.
    fn below(&self, window: usize) -> Stock {
        self.roles.known.get(window).map_or(self.floor, |(stock, _)| *stock)
    }

    fn set_windows(&mut self) {
        let roles = self.roles;
        let mut early_ns = 0;
        self.early_ns.push(early_ns);
        for (_, place) in &roles.known {
            early_ns = early_ns.max(roles.called(*place));
            self.early_ns.push(early_ns);
        }
        let mut late_ns = roles.refusal.map_or(u64::MAX, |refusal| roles.returned(refusal));
        self.late_ns.push(late_ns);
        for (_, place) in roles.known.iter().rev() {
            late_ns = late_ns.min(roles.returned(*place));
            self.late_ns.push(late_ns);
        }
        self.late_ns.reverse();
    }

    /// The windows in which a purchase with these times may have bought; `None` if it came too late for all.
    fn suitor(&self, called_ns: u64, returned_ns: u64) -> Option<Suitor> {
        let first = self.late_ns.partition_point(|late_ns| *late_ns < called_ns);
        let end = self.early_ns.partition_point(|early_ns| *early_ns <= returned_ns);
        (first < end).then(|| self.in_windows(first..end))
    }

    fn in_windows(&self, windows: Range<usize>) -> Suitor {
        let first = self.gaps.partition_point(|gap| gap.window < windows.start);
        let end = self.gaps.partition_point(|gap| gap.window < windows.end);
        // Both ends are at most one more than the number of purchases, whose places have 32 bits.
        let small = |range: Range<usize>| range.start as u32..range.end as u32;
        Suitor { windows: small(windows), gaps: small(first..end) }
    }

    /// The free receipts.
    fn free_suitors(&self) -> Vec<(Place, Suitor)> {
        let roles = self.roles;
        // None came too late for all windows: that would be a contradiction with the refusal, found before.
        let suitor =
            |place: &Place| Some((*place, self.suitor(roles.called(*place), roles.returned(*place))?));
        roles.free.iter().filter_map(suitor).collect()
    }

    /// The open purchases without a stock that suit some gap.
    fn open_free_suitors(&self) -> Vec<Suitor> {
        if self.gaps.is_empty() {
            return Vec::new();
        }
        self.roles.open_free.iter().filter_map(|called_ns| self.suitor(*called_ns, u64::MAX)).collect()
    }

    /// The open purchases with a stock that suit some gap: first those whose points are possible whatever the free
    /// receipts do, then the others.
    fn open_known_suitors(&self) -> (Named, Named) {
        let roles = self.roles;
        if self.gaps.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let mut open: Vec<_> =
            roles.open_known.iter().map(|(stock, place)| (*stock, roles.called(*place), *place)).collect();
        open.sort_unstable();
        // Of several for one ticket at most one took effect; the one that was called first suits at least as well as
        // any other.
        open.dedup_by_key(|(stock, ..)| *stock);
        let mut free_returns: Vec<u64> = roles.free.iter().map(|place| roles.returned(*place)).collect();
        free_returns.sort_unstable();
        let suitors = open.into_iter().filter_map(|(stock, called_ns, place)| {
            let window = roles.known.partition_point(|(known, _)| *known > stock);
            let suitor = self.in_windows(window..window + 1);
            let gap = self.gaps.get(suitor.gaps.start as usize).filter(|_| !suitor.gaps.is_empty())?;
            let its_own = gap.must && (gap.low()..=gap.high).contains(&stock);
            let in_time = called_ns <= self.late_ns[window];
            let returned = free_returns.partition_point(|returned| *returned < self.early_ns[window]);
            let certain = free_returns.get(returned).is_none_or(|returned_ns| *returned_ns >= called_ns);
            (its_own && in_time).then_some((certain, (place, suitor)))
        });
        let (certain, doubtful): (Vec<_>, Vec<_>) = suitors.partition(|(certain, _)| *certain);
        let named =
            |suitors: Vec<(bool, _)>| -> Named { suitors.into_iter().map(|(_, named)| named).collect() };
        (named(certain), named(doubtful))
    }

    /// Tries to give each of the receipts a ticket.
    fn crowded(&self, receipts: &[(Place, Suitor)]) -> Option<Contradiction> {
        if let Some(homeless) = receipts.iter().find(|(_, suitor)| suitor.gaps.is_empty()) {
            return Some(self.crowd(&[homeless]));
        }
        let mut by_first: Vec<_> = receipts.iter().collect();
        by_first.sort_by_key(|(_, suitor)| suitor.gaps.start);
        let mut next = by_first.iter().peekable();
        let mut waiting = BinaryHeap::new();
        for (gap, at) in self.gaps.iter().zip(0..) {
            while let Some((_, suitor)) = next.next_if(|(_, suitor)| suitor.gaps.start <= at) {
                waiting.push(Reverse(suitor.gaps.end));
            }
            for _ in 0..gap.tickets {
                if waiting.pop().is_none() {
                    break;
                }
            }
            if waiting.peek().is_some_and(|Reverse(end)| *end <= at + 1) {
                return Some(self.crowd_until(at, &by_first));
            }
        }
        None
    }

    /// The smallest group of receipts that needed their tickets by the gap `until` and had too few.
    fn crowd_until(&self, until: u32, by_first: &[&(Place, Suitor)]) -> Contradiction {
        let mut crowd = Vec::new();
        let mut tickets: u64 = 0;
        let mut from = until + 1;
        for suitor in by_first.iter().rev().filter(|(_, suitor)| suitor.gaps.end <= until + 1) {
            while from > suitor.1.gaps.start {
                from -= 1;
                tickets = tickets.saturating_add(self.gaps[from as usize].tickets);
            }
            crowd.push(*suitor);
            if crowd.len() as u64 > tickets {
                break;
            }
        }
        self.crowd(&crowd)
    }

    /// The evidence: these receipts, and the known ones for tickets in the same range.
    fn crowd(&self, free: &[&(Place, Suitor)]) -> Contradiction {
        let known = &self.roles.known;
        let first = free.iter().map(|(_, suitor)| suitor.windows.start as usize).min().unwrap_or(0);
        let last = free.iter().map(|(_, suitor)| suitor.windows.end as usize - 1).max().unwrap_or(0);
        let among = &known[first..last];
        let receipts = free.iter().map(|(place, _)| *place).chain(among.iter().map(|(_, place)| *place));
        Contradiction::Crowded {
            receipts: receipts.take(MOST_TOLD).collect(),
            count: (free.len() + among.len()) as u64,
            tickets: tickets_between(self.high(first), self.below(last)),
            // They were called after the window above had closed, at the return of the receipt below it: any other
            // receipt would close their own window, too. The other end is alike.
            after: first.checked_sub(1).map(|above| known[above].1),
            before: known.get(last).map(|(_, place)| *place),
        }
    }

    /// Tries to sell each ticket that must be sold.
    fn unsold(&self, mut suitors: Vec<Suitor>) -> Option<Contradiction> {
        suitors.sort_by_key(|suitor| suitor.gaps.start);
        let mut next = suitors.iter().peekable();
        let mut waiting = BinaryHeap::new();
        for (gap, at) in self.gaps.iter().zip(0..).filter(|(gap, _)| gap.must) {
            while let Some(suitor) = next.next_if(|suitor| suitor.gaps.start <= at) {
                waiting.push(Reverse(suitor.gaps.end));
            }
            let mut wanted = gap.tickets;
            while wanted > 0 {
                let Some(Reverse(end)) = waiting.pop() else {
                    return Some(self.stretch_until(at, wanted, &suitors));
                };
                // A suitor that can't buy here any more is gone.
                wanted -= u64::from(end > at);
            }
        }
        None
    }

    /// The shortest range of gaps up to `until` with too few suitors. If no such range exists, all gaps, with `wanted`
    /// tickets missing.
    fn stretch_until(&self, until: u32, wanted: u64, suitors: &[Suitor]) -> Contradiction {
        let in_time = suitors.partition_point(|suitor| suitor.gaps.start <= until);
        let mut ends: Vec<u32> = suitors[..in_time].iter().map(|suitor| suitor.gaps.end).collect();
        ends.sort_unstable_by_key(|end| Reverse(*end));
        let mut tickets: u64 = 0;
        let mut found = None;
        for at in (0..=until).rev() {
            let gap = &self.gaps[at as usize];
            if !gap.must {
                continue;
            }
            tickets = tickets.saturating_add(gap.tickets);
            let able = ends.partition_point(|end| *end > at);
            found = Some((at, wanted, able));
            if tickets > able as u64 {
                found = Some((at, tickets - able as u64, able));
                break;
            }
        }
        let (from, missing, able) = found.unwrap_or((until, wanted, in_time));
        let (first, last) = (&self.gaps[from as usize], &self.gaps[until as usize]);
        let too_early = able < in_time;
        let too_late = in_time < suitors.len();
        Contradiction::Unsold {
            high: first.high,
            low: last.low(),
            missing,
            after: if too_early { self.latest_call(first.window) } else { None },
            by: if too_late { self.first_return(last.window) } else { self.next_below(last.window) },
        }
    }

    /// The receipt above this window that was called last.
    fn latest_call(&self, window: usize) -> Option<Place> {
        let above = self.roles.known[..window].iter().map(|(_, place)| *place);
        above.max_by_key(|place| self.roles.called(*place))
    }

    /// The receipt below this window, or the refusal, that returned first.
    fn first_return(&self, window: usize) -> Option<Place> {
        let below = self.roles.known[window..].iter().map(|(_, place)| *place);
        below.chain(self.roles.refusal).min_by_key(|place| self.roles.returned(*place))
    }

    /// The next receipt below this window, or the refusal.
    fn next_below(&self, window: usize) -> Option<Place> {
        self.roles.known.get(window).map(|(_, place)| *place).or(self.roles.refusal)
    }
}
