//! One sale on several hosts: the part of each host.

use super::{OneHost, Plan, PlanError, StorePlan, Whom, Workers};

/// The share of one host: a plan of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The number of its first buyer among those of all hosts, from 1.
    pub first_buyer: u32,
    /// This host's plan: its buyers are counted from 1.
    pub plan: Plan,
}

impl Plan {
    /// The most hosts of one sale.
    pub const MOST_HOSTS: u32 = 1_000;

    /// Rejects choices that do not work on several hosts.
    pub(super) fn check_hosts(&self) -> Result<(), PlanError> {
        let hosts = self.hosts;
        if hosts == 0 {
            return Ok(());
        }
        if hosts > Self::MOST_HOSTS {
            return Err(PlanError::Hosts(hosts));
        }
        if hosts > self.buyers {
            return Err(PlanError::IdleHosts { hosts, buyers: self.buyers });
        }
        if self.tickets.is_none() {
            return Err(PlanError::HostsNeedTickets);
        }
        let is_first = self.mishaps.iter().any(|mishap| matches!(mishap.whom, Whom::First { .. }));
        let choices = self.file().map(|file| file.choices);
        for (is_given, what) in [
            (self.workers == Workers::Sequential, OneHost::Sequential),
            (self.restocks, OneHost::Restocks),
            (is_first, OneHost::First),
            (choices.is_some_and(|choices| choices.inherit), OneHost::Inherit),
            (choices.is_some_and(|choices| !choices.others.is_empty()), OneHost::SeveralLocks),
            (self.file().is_some_and(|file| !file.via.is_empty()), OneHost::SeveralNames),
        ] {
            if is_given {
                return Err(PlanError::OneHostAlone(what));
            }
        }
        Ok(())
    }

    /// The share of a host, counted from 1. Buyers are divided evenly; if that leaves a remainder, some hosts
    /// have one more. Each host draws its think times from a seed of its own, derived from the plan's.
    #[must_use]
    pub fn share(&self, host: u32) -> Share {
        let hosts = self.hosts.max(1);
        let (each, more) = (self.buyers / hosts, self.buyers % hosts);
        let before = host.saturating_sub(1);
        let first = before * each + before.min(more);
        let buyers = each + u32::from(host <= more);
        let mut plan = Plan { buyers, hosts: 0, ..self.clone() };
        plan.pace.seed = self.pace.seed.wrapping_add(u64::from(first));
        if let StorePlan::File(file) = &mut plan.store {
            file.choices.rogues = file.choices.rogues.saturating_sub(first).min(buyers);
        }
        plan.mishaps.retain_mut(|mishap| match &mut mishap.whom {
            Whom::Buyer { buyer, .. } => {
                let is_here = (first + 1..=first + buyers).contains(buyer);
                *buyer = buyer.saturating_sub(first);
                is_here
            }
            Whom::First { .. } | Whom::Random(_) => true,
        });
        Share { first_buyer: first + 1, plan }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::FilePlan;
    use crate::protocol::file::{FileChoices, Lock, Write};

    fn plan(buyers: u32, hosts: u32) -> Plan {
        let choices = FileChoices { rogues: 4, ..FileChoices::new(Lock::Flock, Write::Overwrite) };
        Plan { hosts, ..Plan::on_file(choices, Path::new("t.json"), buyers, Some(10)) }
    }

    #[test]
    fn shares_follow_each_other_and_are_all() {
        for (buyers, hosts) in [(10, 3), (3, 3), (300, 7), (5, 1), (30_000, 1_000)] {
            let plan = plan(buyers, hosts);
            let (mut next, mut rogues) = (1, 0);
            for host in 1..=hosts {
                let share = plan.share(host);
                assert_eq!(share.first_buyer, next, "{buyers} on {hosts}, host {host}");
                assert!(share.plan.buyers.abs_diff(buyers / hosts) <= 1);
                next += share.plan.buyers;
                rogues += share.plan.file().expect("a file").choices.rogues;
                assert_eq!(share.plan.check(), Ok(()));
            }
            assert_eq!((next - 1, rogues), (buyers, 4.min(buyers)), "{buyers} on {hosts}");
        }
    }

    #[test]
    fn a_mishap_goes_to_the_host_of_its_buyer() {
        let mishaps: Vec<_> =
            ["kill 5 before write", "kill random 0.5"].map(|text| text.parse().expect("one")).into();
        let plan = Plan { mishaps, ..plan(10, 3) };
        let of = |host| plan.share(host).plan.mishaps.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(of(1), ["kill random 0.5"]);
        assert_eq!(of(2), ["kill 1 before write", "kill random 0.5"]);
        assert_eq!(of(3), ["kill random 0.5"]);
    }

    #[test]
    fn what_one_host_alone_has_is_rejected() {
        let usual = plan(10, 3);
        assert_eq!(usual.check(), Ok(()));
        let other = |change: &dyn Fn(&mut Plan)| {
            let mut plan = usual.clone();
            change(&mut plan);
            plan.check().expect_err("rejected")
        };
        assert_eq!(other(&|plan| plan.hosts = 11), PlanError::IdleHosts { hosts: 11, buyers: 10 });
        assert_eq!(other(&|plan| plan.tickets = None), PlanError::HostsNeedTickets);
        let alone = PlanError::OneHostAlone;
        assert_eq!(other(&|plan| plan.workers = Workers::Sequential), alone(OneHost::Sequential));
        let first = |plan: &mut Plan| plan.mishaps = vec!["kill first before write".parse().expect("one")];
        assert_eq!(other(&first), alone(OneHost::First));
        let file = FilePlan { via: vec!["other".into()], ..usual.file().expect("a file").clone() };
        assert_eq!(other(&|plan| plan.store = StorePlan::File(file.clone())), alone(OneHost::SeveralNames));
    }
}
