//! How far times may be off when they are compared.

use super::super::{Header, Purchase};

/// How far the times of a history's purchases may be off: by its clocks' error and resolution, and by the
/// errors of its hosts.
///
/// Purchases of one host are on one clock, so its error does not matter between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slack {
    /// For every purchase: before its call, and after its return.
    all_ns: (u64, u64),
    /// The resolution of times: the only uncertainty within one host.
    cut_ns: u64,
    /// The error of each host, by its number; number 0 means no host. Empty if there are no hosts.
    hosts_ns: Vec<u64>,
}

impl Slack {
    fn of(header: &Header) -> Self {
        let hosts = header.hosts.iter().map(|host| host.error_ns);
        let none = header.hosts.iter().take(1).map(|_| 0);
        let hosts_ns = none.chain(hosts).collect();
        let cut_ns = header.resolution_ns.unwrap_or(0);
        if header.books_only {
            return Self { all_ns: (u64::MAX, u64::MAX), cut_ns, hosts_ns };
        }
        let error_ns = header.clock_error_ns.unwrap_or(0);
        Self { all_ns: (error_ns, error_ns.saturating_add(cut_ns)), cut_ns, hosts_ns }
    }

    /// The slack between purchases of one host.
    #[must_use]
    pub fn within_host(&self) -> Self {
        Self { all_ns: (0, self.cut_ns), cut_ns: self.cut_ns, hosts_ns: Vec::new() }
    }

    /// The same, if the hosts' clocks were measured exactly.
    #[must_use]
    pub fn without_hosts(&self) -> Self {
        Self { hosts_ns: self.hosts_ns.iter().map(|_| 0).collect(), ..*self }
    }

    /// One more than the number of hosts; 0 if there are none.
    #[must_use]
    pub fn host_numbers(&self) -> usize {
        self.hosts_ns.len()
    }

    /// The error of a purchase's host.
    #[inline]
    fn host_ns(&self, purchase: &Purchase) -> u64 {
        self.hosts_ns.get(usize::from(purchase.host)).copied().unwrap_or(0)
    }

    /// The earliest time at which it can have been called.
    #[must_use]
    #[inline]
    pub fn called_ns(&self, purchase: &Purchase) -> u64 {
        purchase.invoke_ns.saturating_sub(self.all_ns.0).saturating_sub(self.host_ns(purchase))
    }

    /// The latest time at which it can have returned; never, if no answer came.
    #[must_use]
    #[inline]
    pub fn returned_ns(&self, purchase: &Purchase) -> u64 {
        let return_ns = purchase.return_ns.get().unwrap_or(u64::MAX);
        return_ns.saturating_add(self.all_ns.1).saturating_add(self.host_ns(purchase))
    }

    /// How far two equal times of these purchases may really be apart: the errors of both hosts, if there are two.
    #[must_use]
    pub fn between_ns(&self, one: &Purchase, other: &Purchase) -> u64 {
        if one.host == other.host { 0 } else { self.host_ns(one).saturating_add(self.host_ns(other)) }
    }
}

impl Header {
    /// How far the times of its purchases may be off.
    #[must_use]
    pub fn slack(&self) -> Slack {
        Slack::of(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Host;
    use super::*;
    use crate::history::Outcome;

    #[test]
    fn each_purchase_is_widened_by_its_own_host_s_error() {
        let host = |error_ns| Host { error_ns, ..Host::default() };
        let header = Header {
            hosts: vec![host(5), host(30)],
            clock_error_ns: Some(2),
            resolution_ns: Some(100),
            ..Header::default()
        };
        let of = |host| Purchase { host, ..Purchase::new(1, Outcome::Bought, 1_000, Some(2_000)) };
        let slack = header.slack();
        let span = |slack: &Slack, host| (slack.called_ns(&of(host)), slack.returned_ns(&of(host)));
        assert_eq!([0, 1, 2].map(|host| span(&slack, host)), [(998, 2_102), (993, 2_107), (968, 2_132)]);
        assert_eq!(span(&slack.within_host(), 2), (1_000, 2_100));
        assert_eq!(span(&slack.without_hosts(), 2), (998, 2_102));
        assert_eq!((slack.between_ns(&of(1), &of(2)), slack.between_ns(&of(2), &of(2))), (35, 0));
        assert_eq!(slack.returned_ns(&Purchase::new(1, Outcome::Unknown, 1, None)), u64::MAX);
        let books = Header { books_only: true, ..Header::default() }.slack();
        assert_eq!(span(&books, 0), (0, u64::MAX));
    }
}
