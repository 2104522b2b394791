//! Model and reality: what the explorer says of a schedule, and what processes come to that follow it.

use std::path::Path;

use ticketsim::explore::{Setting, census, rehearse};
use ticketsim::fault::TornText;
use ticketsim::history::{History, Outcome};
use ticketsim::plan::{Exclusion, PerBuyer, Plan, Workers};
use ticketsim::protocol::StepKind;
use ticketsim::protocol::file::{FileChoices, Lock, LockOn, Write};
use ticketsim::replay::{Conductor, Replayed, Went, replay};
use ticketsim::schedule::{Holder, Schedule, Step, Unfollowed, Why, followed};
use ticketsim::verdict::{AnomalyKind, Verdict, judge};

use crate::random::Random;
use crate::{QUIET, plan};

/// Purchases of which a history does not note every step.
const UNNOTED: [StepKind; 7] = [
    StepKind::Upgrade,
    StepKind::CloseOther,
    StepKind::Unlink,
    StepKind::ReopenCheck,
    StepKind::LookStale,
    StepKind::RemoveStale,
    StepKind::HelperUnlock,
];

/// The steps that a lock's file can be treated with.
const OF_LOCKS: [&str; 8] = [
    "lock-shared read think write unlock",
    "lock-shared read think upgrade write unlock",
    "lock-shared upgrade read write unlock",
    "lock close-other read think write unlock",
    "open lock read close-other write unlock",
    "open lock read think write unlink unlock",
    "open lock reopen-check read think write unlink unlock",
    "open lock reopen-check unlink read write unlock",
];

/// All choices that both know.
fn all_choices() -> Vec<FileChoices> {
    let mut all = Vec::new();
    for lock in Lock::ALL.iter().copied() {
        for write in Write::ALL {
            all.push(FileChoices::new(lock, *write));
        }
    }
    let trap = FileChoices { lock_on: LockOn::Ticket, ..FileChoices::new(Lock::Flock, Write::Rename) };
    all.push(trap);
    for lock in [Lock::Flock, Lock::Posix, Lock::Ofd] {
        for text in OF_LOCKS {
            let steps = text.parse().expect("steps");
            all.push(FileChoices::of_steps(steps, Some(lock), None, None).expect("choices"));
        }
    }
    all
}

/// What is said of a schedule: what both have to agree on.
pub(crate) type Gist =
    (Vec<(u64, Outcome, Option<i64>, Option<TornText>)>, Option<i64>, Vec<(AnomalyKind, u64)>, u64);

pub(crate) fn gist(history: &History, verdict: &Verdict) -> Gist {
    let mut purchases: Vec<_> = history
        .purchases
        .iter()
        .map(|p| (p.buyer, p.outcome, p.seen.get(), p.torn.as_deref().copied(), p.return_ns.get()))
        .collect();
    purchases.sort_by_key(|(buyer, .., return_ns)| (*buyer, *return_ns));
    let purchases =
        purchases.into_iter().map(|(buyer, outcome, stock, torn, _)| (buyer, outcome, stock, torn));
    let anomalies = verdict.anomalies.iter().map(|anomaly| (anomaly.kind, anomaly.count)).collect();
    (purchases.collect(), history.header.remaining, anomalies, verdict.ledger.receipts)
}

pub(crate) fn setting(plan: &Plan) -> Setting {
    let tickets = plan.tickets.expect("tickets");
    Setting::of(plan, tickets)
}

pub(crate) fn assert_agreement(plan: &Plan, replayed: &Replayed) {
    let schedule = replayed.schedule();
    let rehearsed = rehearse(&setting(plan), &schedule).unwrap_or_else(|error| panic!("{schedule}: {error}"));
    let sold = &replayed.sold;
    let (real, model) = (gist(&sold.history, &sold.verdict), gist(&rehearsed, &judge(&rehearsed)));
    assert_eq!(real, model, "{schedule} with {plan:?}");
    // Of what is done to a lock's file a history says nothing.
    if UNNOTED.iter().any(|kind| plan.protocol().has(*kind)) {
        return;
    }
    // The history alone says which schedule it was; but for the opening of files, which it does not note, and,
    // of steps in another order, for what makes no difference: at which of two reads a purchase was refused, say, or
    // whether one who has the lock with others read before another wrote the same stock.
    let found = followed(&sold.history).unwrap_or_else(|error| panic!("{schedule}: {error}"));
    let choices = plan.file().expect("a ticket file").choices;
    let alone = choices.is_alike() && !choices.inherit && choices.lock != Lock::Lease;
    let together = plan.exclusion() == Exclusion::SameOwner || !alone;
    if choices.steps.is_some() || choices.protocol().has(StepKind::Open) || together {
        let again = rehearse(&setting(plan), &found).unwrap_or_else(|error| panic!("{found}: {error}"));
        assert_eq!(gist(&again, &judge(&again)), real, "{schedule}, found as {found}");
    } else {
        assert_eq!(found, schedule);
    }
}

/// Every outcome of small sizes: its witness, on processes.
pub(crate) fn every_witness_ends_as_it_was_explored(folder: &Path) {
    let mut replayed_count = 0;
    for choices in all_choices() {
        for (buyers, tickets) in [(1, 0), (2, 1), (2, 2), (3, 1), (3, 2)] {
            let mut plan = plan(folder, buyers, tickets, choices.lock, choices.write);
            plan = plan.with_choices(|own| *own = choices);
            let census = census(&setting(&plan), 1_000_000);
            assert!(census.partial.is_none());
            for found in &census.found {
                let replayed = replay(&plan, &found.witness, &QUIET)
                    .unwrap_or_else(|error| panic!("{}: {error}", found.witness));
                assert_eq!(replayed.schedule(), found.witness, "a witness is whole");
                let verdict = &replayed.sold.verdict;
                assert_eq!(verdict.ledger.receipts, found.end.receipts, "{}", found.witness);
                assert_eq!(replayed.sold.history.header.remaining, found.end.remaining, "{}", found.witness);
                let kinds: Vec<_> = verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect();
                assert_eq!(kinds, found.end.anomalies, "{}", found.witness);
                assert_agreement(&plan, &replayed);
                replayed_count += 1;
            }
        }
    }
    assert!(replayed_count > 100, "{replayed_count} witnesses");
}

/// Reality picks the steps at random, and meets the real lock; the model has to come to the same, and
/// to let those wait whom the lock let wait.
pub(crate) fn model_and_reality_agree(folder: &Path) {
    let mut random = Random::new(7);
    let (mut schedules, mut waits, mut unsound) = (0, 0, 0);
    let all = all_choices();
    let rounds = if crate::all() { 20_000 } else { 5_000 };
    for round in 0..rounds {
        // Half of them without a lock, where there is more to go wrong.
        let of = if round % 2 == 0 { Write::ALL.len() } else { all.len() };
        let choices = all[random.below(of as u64) as usize];
        let buyers = if random.below(3) == 0 { 3 } else { 2 };
        let mut plan = plan(folder, buyers, random.below(4) as i64, choices.lock, choices.write);
        plan = plan.with_choices(|own| *own = choices);
        plan.per_buyer = if random.below(4) == 0 { PerBuyer::All } else { PerBuyer::ONE };
        plan.workers = Workers::IN_STEPS[random.below(Workers::IN_STEPS.len() as u64) as usize];
        let (replayed, waited) = a_random_replay(&plan, &mut random);
        assert_agreement(&plan, &replayed);
        for (before, step, holder) in &waited {
            let mut schedule: Schedule = before.clone();
            schedule.0.push(*step);
            let error = rehearse(&setting(&plan), &schedule).expect_err("the real lock let it wait");
            let expected = Unfollowed::at(schedule.0.len(), *step, Why::Locked(*holder));
            assert_eq!(error, expected, "{schedule}");
        }
        schedules += 1;
        waits += waited.len();
        unsound += usize::from(!replayed.sold.verdict.anomalies.is_empty());
    }
    println!(
        "  {schedules} schedules, {unsound} of them unsound, {waits} steps that had to wait for the lock"
    );
    assert!(unsound > 1000 && waits > 1000, "both sides of the matter were seen");
}

/// A step that had to wait, what was taken before it, and who held the lock.
pub(crate) type Waited = (Schedule, Step, Holder);

/// Lets buyers go at random until all have left. Returns also what had to wait for the lock, and when.
pub(crate) fn a_random_replay(plan: &Plan, random: &mut Random) -> (Replayed, Vec<Waited>) {
    let mut session = Conductor::start(plan, &QUIET).expect("started");
    let mut waited = Vec::new();
    // Who had to wait asks again when something has happened.
    let mut waiting: Vec<u32> = Vec::new();
    loop {
        let can_ask = |buyer: &u32| session.next_step(*buyer).is_some() && !waiting.contains(buyer);
        let able: Vec<u32> = (1..=plan.buyers).filter(can_ask).collect();
        if able.is_empty() {
            break;
        }
        let buyer = able[random.below(able.len() as u64) as usize];
        let step = session.next_step(buyer).expect("it can step");
        match session.step(buyer, &QUIET).expect("a step") {
            Went::Took(taken) => {
                assert_eq!(taken.step, step);
                waiting.clear();
            }
            Went::MustWait(holder) => {
                waiting.push(buyer);
                let before = Schedule(session.taken().iter().map(|taken| taken.step).collect());
                waited.push((before, step, holder.expect("one of ours holds it")));
            }
            other => unreachable!("it has a step, and a file keeps it at its gate: {other:?}"),
        }
    }
    let replayed = session.finish(&QUIET).expect("finished");
    assert_eq!(replayed.asked, replayed.steps.len(), "all had left");
    (replayed, waited)
}
