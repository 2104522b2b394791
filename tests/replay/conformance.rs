//! Model and reality, the whole product: every lock with every write at every place for the lock, and purchases
//! in orders of their own, right and wrong, on every kind of worker. All schedules of two buyers, step by step; and
//! runs, whose histories the model has to explain.
//!
//! With the argument `--all` (`cargo test --test replay -- --all`): those of three buyers, too, and more runs.

use std::path::Path;

use ticketsim::buyer::Rules;
use ticketsim::plan::{PerBuyer, Plan, Workers};
use ticketsim::protocol::Protocol;
use ticketsim::protocol::file::{FileChoices, Lock, LockOn, Write};
use ticketsim::replay::replay;
use ticketsim::run::run;
use ticketsim::schedule::{Schedule, Step, followed};
use ticketsim::store::file::FileModel;
use ticketsim::workers::Watch;
use ticketsim::world::{Contender, Model as _};

use crate::model::assert_agreement;
use crate::{QUIET, plan, steps};

/// Orders of steps, right and wrong.
const PROTOCOLS: &[&str] = &[
    "read write",
    "lock read write unlock",
    "read lock write unlock",
    "read lock read write unlock",
    "lock read unlock lock write unlock",
    "lock read unlock lock read write unlock",
    "lock read unlock read write",
    "lock unlock read write",
    "read truncate fill",
    "truncate read fill",
    "lock read truncate fill unlock",
    "read truncate lock fill unlock",
    "open read lock write unlock",
];

/// Every way to sell from a ticket file.
fn sales() -> Vec<FileChoices> {
    let mut sales = Vec::new();
    for lock in Lock::ALL.iter().copied() {
        for write in Write::ALL.iter().copied() {
            for lock_on in LockOn::ALL.iter().copied() {
                // A lock that sits on no file has no place.
                if lock.has_carrier() || lock_on == write.default_lock_on() {
                    sales.push(FileChoices { lock_on, ..FileChoices::new(lock, write) });
                }
            }
        }
    }
    for text in PROTOCOLS {
        let own: Protocol = text.parse().expect("words");
        for write in [None, Some(Write::Rename)] {
            for lock_on in [None, Some(LockOn::Ticket)] {
                sales.extend(FileChoices::of_steps(own, None, lock_on, write).ok());
            }
        }
    }
    sales
}

/// All schedules of these buyers, as the model has them.
pub(crate) fn schedules(choices: &FileChoices, workers: Workers, buyers: u32, tickets: i64) -> Vec<Schedule> {
    let model = FileModel::new(choices, workers, tickets);
    let contender = |buyer: u32| {
        let protocol = choices.of_buyer(buyer).protocol();
        let rules = Rules { protocol, per_buyer: PerBuyer::ONE, retry: false };
        Contender::new(rules, model.seat(buyer as usize - 1))
    };
    let contenders: Vec<Contender<FileModel>> = (1..=buyers).map(contender).collect();
    let mut found = Vec::new();
    go_on(&model, &contenders, &mut Vec::new(), &mut found);
    found
}

fn go_on(
    model: &FileModel,
    contenders: &[Contender<FileModel>],
    taken: &mut Vec<Step>,
    found: &mut Vec<Schedule>,
) {
    let mut ends = true;
    for place in 0..contenders.len() {
        if !contenders[place].can_step(model) {
            continue;
        }
        ends = false;
        let (mut model, mut contenders) = (model.clone(), contenders.to_vec());
        let took = contenders[place].step(&mut model).expect("a step");
        taken.push(Step { letter: took.letter, buyer: place as u32 + 1 });
        go_on(&model, &contenders, taken, found);
        taken.pop();
    }
    if ends {
        found.push(Schedule(taken.clone()));
    }
}

pub(crate) fn every_schedule_of_two_ends_as_in_the_model(folder: &Path) {
    let sizes: &[(u32, i64)] =
        if crate::all() { &[(2, 1), (2, 2), (3, 1), (3, 2)] } else { &[(2, 1), (2, 2)] };
    let (mut replayed, mut unsound) = (0, 0);
    let sales = sales();
    for (choices, workers) in
        sales.iter().flat_map(|choices| Workers::IN_STEPS.iter().map(move |kind| (choices, *kind)))
    {
        for (buyers, tickets) in sizes.iter().copied() {
            let plan = plan(folder, buyers, tickets, choices.lock, choices.write)
                .with_choices(|own| *own = *choices);
            let plan = Plan { workers, ..plan };
            // Three buyers of many steps have more schedules than there is time for: every tenth or so.
            let all = schedules(choices, workers, buyers, tickets);
            for schedule in all.iter().step_by(1 + all.len() / 2_000) {
                let real = replay(&plan, schedule, &QUIET)
                    .unwrap_or_else(|error| panic!("{schedule} with {choices:?} on {workers}: {error}"));
                assert_eq!(real.schedule(), *schedule, "{choices:?} on {workers}");
                assert_agreement(&plan, &real);
                replayed += 1;
                unsound += usize::from(!real.sold.verdict.anomalies.is_empty());
            }
        }
    }
    println!("  {replayed} schedules of {} sales, {unsound} of them unsound", sales.len());
    assert!(unsound * 10 > replayed && unsound < replayed, "both sides of the matter were seen");
}

/// Whatever the operating system makes of a run, the model can explain it, on every kind of worker.
pub(crate) fn the_model_explains_every_run(folder: &Path) {
    let rounds = if crate::all() { 40 } else { 1 };
    let mut raced = 0;
    for _ in 0..rounds {
        for choices in sales() {
            for workers in Workers::ALL.iter().copied() {
                let base = plan(folder, 4, 3, choices.lock, choices.write).with_choices(|own| *own = choices);
                let mut plan = Plan { workers, ..base };
                plan.pace.think_ns = 200_000;
                let mut watch =
                    Watch { interrupted: &QUIET, begin: &mut |_| {}, progress: &mut |_| {}, start: None };
                let sold = run(&plan, &mut watch).expect("a sale");
                if let Err(error) = followed(&sold.history) {
                    panic!("{workers}, {choices:?}: {error}: {:?}", sold.history);
                }
                raced += usize::from(!sold.verdict.anomalies.is_empty());
            }
        }
    }
    assert!(raced > 5, "{raced} of the runs raced");
}

/// A POSIX lock on a file that is replaced is lost by reading: who holds it is for the model to say.
pub(crate) fn the_holder_that_is_named_is_the_one(folder: &Path) {
    let trap = |lock| {
        plan(folder, 3, 3, lock, Write::Rename).with_choices(|choices| choices.lock_on = LockOn::Ticket)
    };
    let text = "O1 L1 R1 O2 L2 O3 L3";
    let error = replay(&trap(Lock::Posix), &steps(text), &QUIET).expect_err("buyer 2 has it");
    assert_eq!(error.to_string(), "step 7 (L3): it has to wait: buyer 2 has held the lock since step 5");
    // The control: flock belongs to what was opened, and reading lets nothing go.
    let error = replay(&trap(Lock::Flock), &steps(text), &QUIET).expect_err("buyer 1 has it");
    assert_eq!(error.to_string(), "step 5 (L2): it has to wait: buyer 1 has held the lock since step 2");
    // The history of such a replay says which schedule it was, but for when files were opened.
    let whole = "O1 L1 R1 O2 L2 W1 R2 U1 W2 U2 O3 L3 R3 W3 U3";
    let replayed = replay(&trap(Lock::Posix), &steps(whole), &QUIET).expect("two hold it at once");
    let found = followed(&replayed.sold.history).expect("explained");
    let without_opening = |schedule: &Schedule| {
        let text = schedule.to_string();
        text.split(' ').filter(|step| !step.starts_with('O')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_opening(&found), without_opening(&steps(whole)));
}

/// A POSIX lock belongs to the process (fcntl_locking(2)): threads and tasks take it together, and sell a ticket
/// twice; every other kind keeps them apart, as it keeps processes.
pub(crate) fn threads_of_one_process_share_a_posix_lock(folder: &Path) {
    let text = "L1 L2 R1 R2 W1 W2 U1 U2";
    for workers in Workers::IN_STEPS.iter().copied() {
        for lock in Lock::ALL.iter().copied().filter(|lock| *lock != Lock::None) {
            let plan = Plan { workers, ..plan(folder, 2, 1, lock, Write::Overwrite) };
            let replayed = replay(&plan, &steps(text), &QUIET);
            if lock == Lock::Posix && workers != Workers::Process {
                let replayed = replayed.expect("both have it");
                assert_eq!(replayed.sold.verdict.ledger.oversold, 1, "{workers}");
                assert_agreement(&plan, &replayed);
            } else {
                let error = replayed.expect_err("one has it").to_string();
                assert!(error.contains("buyer 1 has held"), "{lock} {workers}: {error}");
            }
            // Nobody is left, or the next processes could not be forked.
            ticketsim::workers::only_thread().expect("all threads have ended");
        }
    }
    // Who comes one after the other has no order to choose.
    let in_turn = Plan { workers: Workers::Sequential, ..plan(folder, 2, 1, Lock::None, Write::Overwrite) };
    let error = replay(&in_turn, &steps("R1 R2 W1 W2"), &QUIET).expect_err("no schedule");
    assert!(error.to_string().contains("come one after the other"), "{error}");
}
