//! Makes one sale of what all hosts have done.

use super::seat::{Seat, count};
use crate::history::{
    BuyerCount, ClockReading, Header, History, HostClock, HostPart, Tally, Timing, join_hosts,
};
use crate::plan::Plan;
use crate::run::Sold;
use crate::stock::Stock;
use crate::store::Left;
use crate::verdict::judge;

/// A sale on several hosts that is over.
pub(super) struct SaleOver {
    pub(super) plan: Plan,
    pub(super) initial: Stock,
    /// The moment that all times count from, on the lead's clock, and the wall-clock time then.
    pub(super) epoch_ns: u64,
    pub(super) wall_ns: u64,
    /// When all were to go, on the lead's clock.
    pub(super) go_ns: u64,
    pub(super) interrupted: bool,
    pub(super) left: Left,
}

/// Makes one sale of what all hosts have sent.
pub(super) fn settle(over: SaleOver, mut seats: Vec<&mut Seat>) -> Sold {
    let SaleOver { plan, initial, epoch_ns, wall_ns, go_ns, interrupted, left } = over;
    let buyers: Vec<BuyerCount> = seats.iter().flat_map(|seat| counts(seat)).collect();
    let ended = || seats.iter().filter_map(|seat| seat.ended.as_ref());
    let interrupted = interrupted || ended().any(|ended| ended.interrupted);
    let mut unrecorded = Tally::default();
    for more in seats.iter().map(|seat| seat.unkept).chain(ended().map(|ended| ended.unrecorded)) {
        unrecorded.bought = unrecorded.bought.saturating_add(more.bought);
        unrecorded.refused = unrecorded.refused.saturating_add(more.refused);
        unrecorded.failed = unrecorded.failed.saturating_add(more.failed);
    }
    let launch_ns =
        seats.iter().filter_map(|seat| seat.ready).map(|ready| ready.launch_ns).max().unwrap_or(0);
    let parts: Vec<(HostPart, Option<u64>)> = seats.iter_mut().filter_map(|seat| part(seat)).collect();
    let goes = || parts.iter().filter_map(|(part, went_ns)| Some(part.clock.lead_ns((*went_ns)?)));
    let spread = goes().max().zip(goes().min()).map(|(last, first)| last - first);
    // If no host says when its buyers went, they went when they were told to.
    let first_ns = goes().min().and_then(|ns| u64::try_from(ns).ok()).unwrap_or(go_ns);
    let timing = Timing {
        launch_ns,
        go_ns: first_ns.saturating_sub(epoch_ns),
        elapsed_ns: 0,
        go_spread_ns: spread.and_then(|ns| u64::try_from(ns).ok()),
    };
    let header = Header {
        wall_ns: Some(wall_ns),
        unrecorded,
        interrupted,
        timing: Some(timing),
        ..left.header(plan, initial)
    };
    let epochs: Vec<u64> = seats.iter().filter_map(|seat| Some(seat.ready?.epoch_ns)).collect();
    let parts = parts.into_iter().map(|(part, _)| part).collect();
    // The lead has made sure that there are few enough hosts and purchases to number them.
    let mut history = join_hosts(header.clone(), epoch_ns, parts)
        .unwrap_or_else(|_| History { header, purchases: Vec::new() });
    for (host, epoch_ns) in history.header.hosts.iter_mut().zip(epochs) {
        // The offset of the clock itself, not of times that count from the creation of the recorder.
        host.offset_ns = host.offset_ns.saturating_sub_unsigned(epoch_ns);
    }
    history.purchases.sort_by_key(|purchase| (purchase.invoke_ns, purchase.buyer));
    let last_ns = history.purchases.iter().filter_map(|purchase| purchase.return_ns.get()).max();
    if let Some(timing) = &mut history.header.timing {
        timing.elapsed_ns = last_ns.map_or(0, |ns| ns.saturating_sub(timing.go_ns));
    }
    let verdict = judge(&history);
    Sold { history, verdict, buyers }
}

/// The counts of the buyers of a host, with their numbers in the whole sale. For a lost host, as far as they are known.
fn counts(seat: &Seat) -> Vec<BuyerCount> {
    let buyers = seat.share.plan.buyers;
    let nothing = |buyer| BuyerCount { buyer, pid: 0, tally: Tally::default(), killed_by: None };
    let mut counts: Vec<BuyerCount> = (1..=buyers).map(nothing).collect();
    if seat.ended.is_some() {
        for count in &seat.counts {
            counts[count.buyer as usize - 1] = *count;
        }
    } else {
        for purchase in seat.purchases.iter().flatten() {
            let own = &mut counts[purchase.buyer as usize - 1];
            own.pid = purchase.pid.get().unwrap_or(0);
            count(&mut own.tally, purchase);
        }
    }
    for count in &mut counts {
        count.buyer += seat.share.first_buyer - 1;
    }
    counts
}

/// The part of a host in the history, and when its buyers went, on its clock. `None` if its clock is not known: the
/// clock of every host is known whose buyers were let go.
fn part(seat: &mut Seat) -> Option<(HostPart, Option<u64>)> {
    let epoch_ns = seat.ready?.epoch_ns;
    let readings: Vec<_> =
        seat.guest.exchanges().into_iter().filter_map(|exchange| exchange.reading(epoch_ns)).collect();
    let (first, last) = (*readings.first()?, *readings.last()?);
    let mut clock = HostClock::new(first);
    // While buyers buy, machines are busy. A measurement that is worse than those before and after says nothing new. For
    // a lost host, that holds for one that is worse than the drift of two clocks in that time.
    let says_something = |one: &ClockReading| match seat.ended {
        Some(_) => one.error_ns <= first.error_ns.max(last.error_ns),
        None => {
            one.error_ns <= first.error_ns.saturating_add(one.host_ns.saturating_sub(first.host_ns) / 1000)
        }
    };
    readings.into_iter().filter(says_something).for_each(|one| clock.add(one));
    let mut part = HostPart::new(seat.name.clone(), seat.share.plan.buyers, clock);
    part.lost_ns = if seat.ended.is_none() { seat.unknown_since_ns() } else { None };
    let went_ns = seat.ended.as_ref().map(|ended| ended.go_ns);
    part.mishaps = std::mem::take(&mut seat.mishaps);
    part.mishaps.retain(|befallen| (1..=u64::from(part.buyers)).contains(&befallen.buyer));
    for chunk in std::mem::take(&mut seat.purchases) {
        // Each chunk was checked when it came.
        let _ = part.take(chunk);
    }
    Some((part, went_ns))
}
