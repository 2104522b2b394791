//! Merges several files to one history: the logs of several shops, hosts or runs that sold from one stock.
//!
//! Each file counts its times from its own epoch. If all of them state the wall-clock time of their epoch
//! (`wall_ns`), they are put on one clock, and [`Header::clock_error_ns`] says how far the wall clocks may differ.
//! Otherwise the order between files is not known, and only the books are judged.

use super::hosts::MOST_HOSTS;
use super::{Befallen, Header, History, Host, Part, Purchase};
use crate::stock::Stock;

/// Why histories can't be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One history ended with a different stock than the next one began with.
    #[error(
        "{later} begins with a stock of {begins}, and {earlier}, which was over by then, ended with {ended}: these \
         are two sales"
    )]
    TwoSales {
        /// The file that ended.
        earlier: String,
        /// The file that began after that.
        later: String,
        /// The stock at the end of `earlier`.
        ended: Stock,
        /// The stock at the start of `later`.
        begins: Stock,
    },
    /// There are too many purchases or hosts to number them.
    #[error("more than 2^32 - 1 purchases, or 65535 hosts, in all")]
    TooMany,
}

/// One file's history, and when it began and ended on the common clock.
struct Piece {
    name: String,
    history: History,
    span_ns: (u64, u64),
}

/// Makes one history of several, each with the name of its file.
///
/// # Errors
/// When they can't be merged.
pub fn merge(histories: Vec<(String, History)>) -> Result<History, MergeError> {
    let clock = histories.iter().map(|(_, history)| history.header.wall_ns).collect::<Option<Vec<u64>>>();
    let epoch_ns = clock.as_ref().and_then(|walls| walls.iter().copied().min());
    let mut parts: Vec<Piece> = histories
        .into_iter()
        .map(|(name, mut history)| {
            let later_ns =
                history.header.wall_ns.zip(epoch_ns).map_or(0, |(wall_ns, epoch_ns)| wall_ns - epoch_ns);
            shift(&mut history, later_ns);
            let calls = history.purchases.iter().map(|p| p.invoke_ns).min().unwrap_or(later_ns);
            let ends = history.purchases.iter().map(|p| p.return_ns.get().unwrap_or(p.invoke_ns)).max();
            Piece { name, span_ns: (calls, ends.unwrap_or(later_ns)), history }
        })
        .collect();
    let hosts: usize = parts.iter().map(|part| part.history.header.hosts.len()).sum();
    let purchases: usize = parts.iter().map(|part| part.history.purchases.len()).sum();
    if purchases > u32::MAX as usize || hosts > MOST_HOSTS {
        return Err(MergeError::TooMany);
    }
    parts.sort_by_key(|part| part.span_ns);
    if epoch_ns.is_some() {
        one_sale(&parts)?;
    }
    let mut whole = History { header: header(&parts, epoch_ns), purchases: Vec::new() };
    let several = parts.len() > 1;
    for part in parts {
        let (name, cut_short) = (part.name.clone(), part.history.header.cut_short);
        add(&mut whole, part, several);
        if several {
            // The number fits: it was checked above.
            whole.header.parts.push(Part { name, until: whole.purchases.len() as u32, cut_short });
        }
    }
    Ok(whole)
}

fn shift(history: &mut History, by_ns: u64) {
    let later = |ns: u64| ns.saturating_add(by_ns);
    for host in &mut history.header.hosts {
        host.offset_ns = host.offset_ns.saturating_add_unsigned(by_ns);
        host.lost_ns = host.lost_ns.map(later);
    }
    for befallen in &mut history.header.mishaps {
        befallen.at_ns = later(befallen.at_ns);
        befallen.until_ns = befallen.until_ns.map(later);
    }
    if by_ns > 0 {
        for purchase in &mut history.purchases {
            *purchase = std::mem::take(purchase).at_times(later);
        }
    }
}

/// Rejects separate sales: one was over before the next put new tickets on sale.
fn one_sale(parts: &[Piece]) -> Result<(), MergeError> {
    for pair in parts.windows(2) {
        let (one, other) = (&pair[0], &pair[1]);
        let stocks = (one.history.header.remaining, other.history.header.initial);
        if let (Some(ended), Some(begins)) = stocks
            && one.span_ns.1 < other.span_ns.0
            && begins > ended
        {
            let (earlier, later) = (one.name.clone(), other.name.clone());
            return Err(MergeError::TwoSales { earlier, later, ended, begins });
        }
    }
    Ok(())
}

fn header(parts: &[Piece], epoch_ns: Option<u64>) -> Header {
    let headers = || parts.iter().map(|part| &part.history.header);
    let alike = |stock: fn(&Header) -> Option<Stock>| {
        let mut all = headers().map(stock);
        let first = all.next().flatten();
        first.filter(|_| all.all(|other| other == first))
    };
    let last = parts.iter().max_by_key(|part| part.span_ns.1).map(|part| &part.history.header);
    let (initial, remaining) = match epoch_ns {
        Some(_) => (headers().find_map(|header| header.initial), last.and_then(|header| header.remaining)),
        None => (headers().filter_map(|header| header.initial).max(), alike(|header| header.remaining)),
    };
    let mut whole = Header {
        initial,
        remaining,
        wall_ns: epoch_ns,
        left_torn: last.and_then(|header| header.left_torn.clone()),
        unread: last.and_then(|header| header.unread.clone()),
        outsiders: headers().any(|header| header.outsiders),
        restocks: headers().any(|header| header.restocks),
        interrupted: headers().any(|header| header.interrupted),
        cut_short: headers().find_map(|header| header.cut_short),
        resolution_ns: headers().filter_map(|header| header.resolution_ns).max(),
        clock_error_ns: headers().filter_map(|header| header.clock_error_ns).max(),
        limit_per_buyer: headers().find_map(|header| header.limit_per_buyer),
        books_only: epoch_ns.is_none() && parts.len() > 1,
        ..Header::default()
    };
    for header in headers() {
        let sum = &mut whole.unrecorded;
        sum.bought = sum.bought.saturating_add(header.unrecorded.bought);
        sum.refused = sum.refused.saturating_add(header.unrecorded.refused);
        sum.failed = sum.failed.saturating_add(header.unrecorded.failed);
        whole.doubts.extend(header.doubts.iter().copied());
        for (name, count) in &header.ignored {
            *whole.ignored.entry(name.clone()).or_insert(0) += count;
        }
    }
    whole
}

/// Adds the purchases of a part, with their names. If there are several files, hosts get the file's name, too.
fn add(whole: &mut History, part: Piece, of_several: bool) {
    let Piece { name, history: History { header, purchases }, .. } = part;
    let to = &mut whole.header;
    // Two runs have different buyers, although their numbers are the same.
    let of_a_run = header.plan.is_some();
    let several = header.items.len() > 1 || !header.items.is_empty() && !to.items.is_empty();
    to.items.seats |= header.items.seats;
    for item in 0..header.items.len() {
        let number = to.items.number(header.items.names.at(item).unwrap_or_default()) as usize;
        to.items.initial[number] = to.items.initial[number].or(header.items.initial[item]);
        to.items.remaining[number] = header.items.remaining[item].or(to.items.remaining[number]);
    }
    if several || to.items.len() > 1 {
        (to.initial, to.remaining) = (None, None);
    }
    let buyer_of = |to: &mut Header, buyer: u64| match header.names.name(buyer) {
        Some(buyer) => to.names.number(buyer),
        None if of_a_run => to.names.number(&format!("{buyer} of {name}")),
        None => buyer,
    };
    for befallen in header.mishaps.iter().cloned() {
        let buyer = buyer_of(to, befallen.buyer);
        to.mishaps.push(Befallen { buyer, ..befallen });
    }
    let hosts_before = to.hosts.len() as u16;
    to.hosts.extend(header.hosts.iter().cloned().map(|host| Host {
        name: if of_several { format!("{} of {name}", host.name) } else { host.name },
        ..host
    }));
    for purchase in purchases {
        let host = if purchase.host > 0 { purchase.host + hosts_before } else { 0 };
        let buyer = buyer_of(to, purchase.buyer);
        let item = header.items.name(purchase.item).map_or(0, |item| to.items.number(item));
        let order = purchase.order.checked_sub(1).and_then(|place| header.orders.at(place as usize));
        let order = order.map_or(0, |order| to.orders.place(order) + 1);
        whole.purchases.push(Purchase { buyer, item, order, host, ..purchase });
    }
}
