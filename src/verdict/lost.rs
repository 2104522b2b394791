//! Lost hosts: their buyers may have gone on to buy, unseen.
//!
//! It is not known what such a buyer bought, nor how often: until it is refused, or as often as the plan allows. It may
//! hold receipts that nobody has seen. So the books prove less. Tickets that are gone without a receipt may be theirs,
//! so they are no anomaly. Receipts that were never reported may exceed the stock, so the sale is not called sound.
//! Anomalies among the known receipts still count.

use std::collections::HashMap;

use crate::history::{History, Outcome};

/// A host that was lost during the sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// Its place among the header's hosts.
    pub(super) host: u16,
    /// How many of its buyers may have gone on.
    pub(super) buyers: u32,
}

/// The hosts that were lost before all of their buyers had left.
pub(super) fn of(history: &History) -> Vec<Lost> {
    let header = &history.header;
    if header.hosts.iter().all(|host| host.lost_ns.is_none()) {
        return Vec::new();
    }
    // A buyer leaves after a purchase without a ticket, or when it has as many as it wanted. A purchase without an
    // answer may still have been under way.
    let mut held: HashMap<(u16, u64), u32> = HashMap::new();
    let mut left = vec![0_u32; header.hosts.len() + 1];
    let most = header.most_receipts();
    for purchase in &history.purchases {
        if header.host_of(purchase).is_none_or(|host| host.lost_ns.is_none()) {
            continue;
        }
        let held = held.entry((purchase.host, purchase.buyer)).or_default();
        if *held == LEFT {
            continue;
        }
        *held += u32::from(purchase.outcome == Outcome::Bought);
        let not_got = matches!(purchase.outcome, Outcome::Refused | Outcome::Failed);
        if most.is_some_and(|most| not_got || *held >= most) {
            *held = LEFT;
            left[usize::from(purchase.host)] += 1;
        }
    }
    let hosts = header.hosts.iter().zip(0..).filter(|(host, _)| host.lost_ns.is_some());
    let lost = hosts.map(|(host, place)| {
        let buyers = host.buyers.saturating_sub(left[usize::from(place) + 1]);
        Lost { host: place, buyers }
    });
    lost.filter(|lost| lost.buyers > 0).collect()
}

/// A buyer that has left.
const LEFT: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Header, Host, Purchase};
    use crate::plan::Plan;
    use crate::protocol::file::{FileChoices, Lock, Write};

    #[test]
    fn who_had_left_before_is_not_lost() {
        let host = |first_buyer, lost_ns| Host { first_buyer, buyers: 3, lost_ns, ..Host::default() };
        let plan = Plan::on_file(FileChoices::new(Lock::Flock, Write::Overwrite), "t".as_ref(), 6, None);
        let history = |per_buyer: &str, purchases: &[(u64, Outcome)]| {
            let plan = Plan { per_buyer: per_buyer.parse().expect("a count"), ..plan.clone() };
            let purchase = |(buyer, outcome): &(u64, Outcome)| Purchase {
                host: if *buyer < 4 { 1 } else { 2 },
                ..Purchase::new(*buyer, *outcome, 1, Some(2))
            };
            let hosts = vec![host(1, None), host(4, Some(9))];
            let header = Header { hosts, plan: Some(plan), ..Header::default() };
            History { header, purchases: purchases.iter().map(purchase).collect() }
        };
        let lost = |buyers| vec![Lost { host: 1, buyers }];
        use Outcome::{Bought, Failed, Refused, Unknown};
        assert_eq!(of(&history("1", &[])), lost(3));
        assert_eq!(of(&history("1", &[(4, Bought), (5, Failed), (1, Bought)])), lost(1));
        assert_eq!(of(&history("1", &[(4, Bought), (5, Failed), (6, Refused)])), []);
        assert_eq!(of(&history("1", &[(4, Bought), (5, Failed), (6, Unknown)])), lost(1));
        assert_eq!(of(&history("all", &[(4, Bought), (5, Bought), (6, Refused)])), lost(2));
        assert_eq!(of(&history("2", &[(4, Bought), (4, Bought), (5, Bought), (6, Refused)])), lost(1));
        let mut foreign = history("1", &[(4, Bought)]);
        foreign.header.plan = None;
        assert_eq!(of(&foreign), lost(3), "nothing says when a buyer leaves");
    }
}
