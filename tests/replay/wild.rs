//! Races caught in the wild: a run without gates, its history, the schedule that it followed, and the
//! same again on gated processes.

use std::path::Path;

use ticketsim::plan::{PerBuyer, Plan};
use ticketsim::protocol::file::{Lock, LockOn, Write};
use ticketsim::replay::replay;
use ticketsim::run::run;
use ticketsim::schedule::{Schedule, followed};
use ticketsim::workers::Watch;

use crate::model::gist;
use crate::{QUIET, plan};

/// Whatever the operating system made of it, a replay makes it again.
pub(crate) fn a_race_that_was_caught_is_replayed(folder: &Path) {
    let mut raced = 0;
    for (lock, write) in [
        (Lock::None, Write::Overwrite),
        (Lock::None, Write::Truncate),
        (Lock::None, Write::Rename),
        (Lock::Flock, Write::Overwrite),
        (Lock::Posix, Write::Rename),
        (Lock::Ofd, Write::Truncate),
        (Lock::Lockfile, Write::Overwrite),
        (Lock::Semaphore, Write::Overwrite),
    ] {
        for (buyers, per_buyer, think_ns) in [(6, PerBuyer::ONE, 1_000_000), (4, PerBuyer::All, 0)] {
            for _ in 0..6 {
                // At most 9 tickets: all texts of the file have one length.
                let mut plan = plan(folder, buyers, 9, lock, write);
                plan.per_buyer = per_buyer;
                plan.pace.think_ns = think_ns;
                raced += usize::from(again(&plan));
            }
        }
        let trap = plan(folder, 6, 5, Lock::Flock, Write::Rename)
            .with_choices(|choices| choices.lock_on = LockOn::Ticket);
        raced += usize::from(again(&trap));
    }
    assert!(raced > 5, "{raced} of the runs raced");
}

/// Runs a plan, replays what it came to, and compares. Returns whether it raced.
fn again(plan: &Plan) -> bool {
    let mut watch = Watch { interrupted: &QUIET, begin: &mut |_| {}, progress: &mut |_| {}, start: None };
    let sold = run(plan, &mut watch).expect("a sale");
    let schedule: Schedule =
        followed(&sold.history).unwrap_or_else(|error| panic!("{error}: {:?}", sold.history));
    let replayed = replay(plan, &schedule, &QUIET).unwrap_or_else(|error| panic!("{schedule}: {error}"));
    assert_eq!(replayed.schedule(), schedule);
    let real = gist(&sold.history, &sold.verdict);
    assert_eq!(gist(&replayed.sold.history, &replayed.sold.verdict), real, "{schedule}");
    !sold.verdict.anomalies.is_empty()
}
