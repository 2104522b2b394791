//! Hosts: one sale with buyers on several machines, each with a clock of its own.
//!
//! The times of the purchases are on the lead's clock. Each host's clock was compared with it ([`HostClock`]); what
//! remains uncertain is the host's error. The error is kept beside the times, so that nothing is lost; code that judges
//! or draws the times widens them by it ([`Header::slack`](super::Header::slack)).
//!
//! A host's buyers have consecutive numbers, which the header states: so the buyer of a purchase in a file
//! tells its host.
//!
//! # Limits
//!
//! The lead keeps 128 bytes for each purchase, so 10⁸ purchases take 13 GB, and 10⁹ do not fit a machine of today. They
//! are put on one clock in one pass, and judged in O(n log n). A hundred hosts cost no more than two: the error of a
//! purchase is one look-up in a table. What grows with hosts is the number of connections and the lead's incoming
//! traffic: at 200 bytes per purchase and 10⁵ purchases per second, 20 MB/s. Beyond that, hosts should send only the
//! recorder's counts ([`Header::unrecorded`](super::Header::unrecorded)): the sums stay exact, and only the order is
//! not judged. Or they could record a sample of the buyers, and count all.

mod clock;
mod join;
mod slack;

pub use clock::{ClockReading, HostClock};
pub use join::{ChunkError, HostPart, join_hosts};
pub use slack::Slack;

use serde::{Deserialize, Serialize};

use super::line_error::LineError;
use super::{Header, Purchase, Tally};
use crate::plan::PerBuyer;

/// A machine that had buyers of a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Host {
    /// Its name: `name#k`, so that two processes on one machine have different names.
    pub name: String,
    /// The number of its first buyer.
    pub first_buyer: u32,
    /// How many buyers it has; their numbers are consecutive.
    pub buyers: u32,
    /// What to add to its clock to get the lead's, in nanoseconds: as of the first measurement, if it drifts.
    pub offset_ns: i64,
    /// How much faster than the lead's its clock ran, in nanoseconds per second. The times are already
    /// corrected for it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub drift_ppb: i64,
    /// How far its times on the lead's clock may be off, in nanoseconds, in both directions.
    pub error_ns: u64,
    /// When it was last heard of, on the history's clock, if it or its connection died. Its buyers may have
    /// bought later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_ns: Option<u64>,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Host {
    /// Whether it has this buyer.
    #[must_use]
    pub fn has(&self, buyer: u64) -> bool {
        let first = u64::from(self.first_buyer);
        (first..first + u64::from(self.buyers)).contains(&buyer)
    }
}

/// The most hosts: their numbers are 16 bits wide.
pub const MOST_HOSTS: usize = u16::MAX as usize;

impl Header {
    /// The host that made a purchase; `None` if all were made on one machine.
    #[must_use]
    pub fn host_of(&self, purchase: &Purchase) -> Option<&Host> {
        self.hosts.get(usize::from(purchase.host).checked_sub(1)?)
    }

    /// The number of receipts after which a buyer leaves; it leaves earlier if a purchase ends without a
    /// ticket. `None` if no such number is known.
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

/// Sets the host of each purchase, by its buyer.
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

/// Checks a header's hosts.
pub(in crate::history) fn check_hosts(hosts: &[Host]) -> Result<(), LineError> {
    if hosts.len() > MOST_HOSTS {
        return Err(LineError::TooManyHosts(hosts.len()));
    }
    let mut by_first: Vec<&Host> = hosts.iter().filter(|host| host.buyers > 0).collect();
    by_first.sort_by_key(|host| host.first_buyer);
    let end = |host: &Host| u64::from(host.first_buyer) + u64::from(host.buyers);
    match by_first.windows(2).find(|pair| u64::from(pair[1].first_buyer) < end(pair[0])) {
        Some(pair) => Err(LineError::TwoHosts {
            buyer: pair[1].first_buyer,
            hosts: [pair[0], pair[1]].map(|host| host.name.clone()),
        }),
        None => Ok(()),
    }
}
