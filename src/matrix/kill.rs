//! Trials in which the holder of the lock is killed: whether others go on, and how soon.

use crate::grade::HolderKilled;
use crate::history::{Befallen, History, Purchase};
use crate::plan::{Plan, Planned, When, Whom, Workers};
use crate::protocol::file::Lock;
use crate::protocol::{Mishap, StepKind};
use crate::run::{RunError, Sold};
use crate::verdict::{AnomalyKind, Ruling};

/// The trial in which the first buyer that comes there is killed while it holds what keeps others out, and has yet to make its sale last:
/// at a database in its transaction, after it has written. `None` where it is no process, or holds nothing.
pub(super) fn killing(trial: &Plan) -> Option<Plan> {
    let steps = trial.store.choices().protocol_of(trial.buyers);
    let mut at = None;
    let (mut locked, mut in_transaction) = (false, false);
    for kind in steps.steps().iter().copied() {
        match kind {
            StepKind::Begin | StepKind::BeginImmediate => in_transaction = true,
            StepKind::Commit | StepKind::Rollback => in_transaction = false,
            StepKind::Unlock => locked = false,
            kind if kind.locks() || kind == StepKind::LockUntilCommit => locked = true,
            kind if kind.sells() && in_transaction => at = Some(kind),
            kind if kind.sells() => break,
            kind if kind.reads() && locked => at = Some(kind),
            _ => {}
        }
    }
    let step = at.filter(|_| trial.workers == Workers::Process)?;
    let whom = Whom::First { when: When::After, step };
    let trial = trial.clone().with_choices(|choices| {
        // A dead holder's lease has to expire before anybody counts as stuck.
        let lease_ns = if choices.lock == Lock::Lease { choices.lease_or_usual_ns() } else { 0 };
        choices.lock_timeout_ns = choices.lock_timeout_ns.map(|ns| ns.saturating_add(lease_ns));
    });
    Some(Plan { mishaps: vec![Planned { mishap: Mishap::Kill, whom, pause_ns: 0 }], ..trial })
}

/// Adds what came of such a trial.
pub(super) fn add(sum: &mut Option<HolderKilled>, sold: Result<Sold, RunError>) {
    let Ok(Sold { history, verdict, .. }) = sold else { return };
    let Some(killed) = history.header.mishaps.first() else { return };
    let sum = sum.get_or_insert_default();
    sum.trials += 1;
    sum.stuck += u32::from(verdict.anomaly(AnomalyKind::Stuck).is_some());
    sum.unsound += u32::from(verdict.ruling == Ruling::Unsound);
    sum.next_ns = sum.next_ns.max(next_ns(&history, killed));
}

/// How long it took until another got the lock, or wrote where there is none.
fn next_ns(history: &History, killed: &Befallen) -> Option<u64> {
    let got_on_ns = |purchase: &Purchase| {
        let steps = purchase.steps.get();
        steps.locked_ns.or(steps.written_ns).filter(|ns| *ns > killed.at_ns && purchase.buyer != killed.buyer)
    };
    let first_ns = history.purchases.iter().filter_map(got_on_ns).min()?;
    Some(first_ns - killed.at_ns)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::protocol::file::{FileChoices, Write};

    #[test]
    fn the_holder_is_killed_where_it_holds() {
        let plan =
            |lock| Plan::on_file(FileChoices::new(lock, Write::Overwrite), Path::new("t.json"), 3, Some(1));
        let planned = |plan: &Plan| killing(plan).map(|plan| plan.mishaps[0].to_string());
        assert_eq!(planned(&plan(Lock::Flock)).as_deref(), Some("kill first after read"));
        assert_eq!(planned(&plan(Lock::None)), None);
        assert_eq!(planned(&Plan { workers: Workers::Thread, ..plan(Lock::Flock) }), None);
        let outside = "read lock write unlock".parse().expect("steps");
        let outside = FileChoices::of_steps(outside, None, None, None).expect("choices");
        assert_eq!(planned(&plan(Lock::Flock).with_choices(|choices| *choices = outside)), None);
    }
}
