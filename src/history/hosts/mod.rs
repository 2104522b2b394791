//! Hosts: one sale by buyers on several machines, each with a clock of its own.
//!
//! The times of the purchases stand on the lead's clock, as they were measured: each host's clock was compared with it
//! ([`HostClock`]), and what is left of doubt is the host's error. It stands beside the times and is not in them, so
//! that nothing is lost: who judges or draws them widens them by it ([`Header::slack`](super::Header::slack)).
//!
//! A host's buyers are numbered in one row, and the header says which: that is how a purchase in a file is known to be
//! of a host.
//!
//! # What limits it
//!
//! The lead keeps a record a purchase, 128 bytes, so 10⁸ purchases take 13 GB, and 10⁹ do not fit a machine of today.
//! They are put on one clock in one walk, and judged in O(n log n). A hundred hosts cost no more than two: the error
//! of a purchase is one look into a table. What grows with hosts is the number of connections, and what the lead's
//! link takes in: at 200 bytes a purchase and 10⁵ purchases a second, 20 MB/s. Beyond that the recorder's counts alone
//! should travel ([`Header::unrecorded`](super::Header::unrecorded)): the books by sums stay exact, and only the order
//! is not judged. Or a sample of the buyers is recorded, and all are counted.

mod clock;
mod join;
mod slack;

pub use clock::{ClockReading, HostClock};
pub use join::{ChunkError, HostPart, join_hosts};
pub use slack::Slack;

use serde::{Deserialize, Serialize};

use super::{Header, Purchase, Tally};
use crate::plan::PerBuyer;

/// A machine that had buyers of a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// What it is called: `name#k`, so that two processes on one machine are told apart.
    pub name: String,
    /// The number of its first buyer.
    pub first_buyer: u32,
    /// How many buyers it has: their numbers follow each other.
    pub buyers: u32,
    /// Added to its clock this gives the lead's, in nanoseconds: at the first measurement, where it drifts.
    pub offset_ns: i64,
    /// By how much its clock gained on the lead's, in nanoseconds a second: taken into account in the times.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub drift_ppb: i64,
    /// By how much its times on the lead's clock may be wrong, in nanoseconds, either way.
    pub error_ns: u64,
    /// Since when nothing is known of it, on the history's clock: it died, or its connection did. Its buyers may have
    /// bought from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_ns: Option<u64>,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Host {
    /// Whether this buyer is one of its own.
    #[must_use]
    pub fn has(&self, buyer: u64) -> bool {
        let first = u64::from(self.first_buyer);
        (first..first + u64::from(self.buyers)).contains(&buyer)
    }
}

/// More hosts than this have no number.
pub(in crate::history) const MOST_HOSTS: usize = u16::MAX as usize;

impl Header {
    /// The host that made a purchase; `None` where all were made on one.
    #[must_use]
    pub fn host_of(&self, purchase: &Purchase) -> Option<&Host> {
        self.hosts.get(usize::from(purchase.host).checked_sub(1)?)
    }

    /// How many receipts a buyer leaves with at the latest; it leaves earlier after a purchase that it did not get.
    /// `None` where nothing says when one leaves.
    #[must_use]
    pub fn most_receipts(&self) -> Option<u32> {
        if self.unrecorded != Tally::default() {
            return None;
        }
        match self.plan.as_ref()?.per_buyer {
            PerBuyer::Count(count) => Some(count.get()),
            PerBuyer::All => Some(u32::MAX),
        }
    }

    /// The host of the buyer with this number.
    #[must_use]
    pub fn host_of_buyer(&self, buyer: u64) -> Option<&Host> {
        self.hosts.iter().find(|host| host.has(buyer))
    }
}

/// Says of each purchase which host it is of, by its buyer.
pub(in crate::history) fn settle_hosts(header: &Header, purchases: &mut [Purchase]) {
    if header.hosts.is_empty() {
        return;
    }
    let mut by_first: Vec<(&Host, u16)> = header.hosts.iter().zip(1..).collect();
    by_first.sort_by_key(|(host, _)| host.first_buyer);
    for purchase in purchases {
        let behind = by_first.partition_point(|(host, _)| u64::from(host.first_buyer) <= purchase.buyer);
        let host = behind.checked_sub(1).map(|place| by_first[place]);
        purchase.host = host.filter(|(host, _)| host.has(purchase.buyer)).map_or(0, |(_, number)| number);
    }
}

/// Why a header's hosts can't be.
pub(in crate::history) fn check_hosts(hosts: &[Host]) -> Result<(), String> {
    if hosts.len() > MOST_HOSTS {
        return Err(format!("{} hosts: more than {MOST_HOSTS}", hosts.len()));
    }
    let mut by_first: Vec<&Host> = hosts.iter().filter(|host| host.buyers > 0).collect();
    by_first.sort_by_key(|host| host.first_buyer);
    let end = |host: &Host| u64::from(host.first_buyer) + u64::from(host.buyers);
    match by_first.windows(2).find(|pair| u64::from(pair[1].first_buyer) < end(pair[0])) {
        Some(pair) => Err(format!(
            "buyer {} is of two hosts, {:?} and {:?}",
            pair[1].first_buyer, pair[0].name, pair[1].name
        )),
        None => Ok(()),
    }
}
