//! Killed buyers: every order of steps and kills one by one, and the effect of one kill under each lock.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::explore::shop::{JudgedPast, Shop};
use crate::protocol::Allowed;
use crate::protocol::sql::{Engine, Isolation, SqlChoices, SqlLock};
use crate::schedule::Step;
use crate::verdict::AnomalyKind;
use crate::world::Model;

fn killing(setting: Setting, kills: u32) -> Setting {
    let mishaps = setting.mishaps.with(Mishap::Kill, Allowed::Most(kills));
    Setting { mishaps, ..setting }
}

#[test]
fn every_order_of_steps_and_kills_one_by_one_gives_the_same_counts() {
    let mut schedules = 0;
    for lock in
        [Lock::None, Lock::Flock, Lock::Posix, Lock::Lockfile, Lock::Semaphore, Lock::Mkdir, Lock::Link]
    {
        for write in Write::ALL.iter().copied() {
            for (buyers, tickets) in [(1, 1), (2, 0), (2, 1), (2, 2)] {
                for kills in [1, 2] {
                    schedules += compare(&killing(setting(buyers, tickets, lock, write), kills));
                }
            }
        }
    }
    schedules += compare(&killing(setting(3, 1, Lock::Flock, Write::Overwrite), 1));
    schedules += compare(&killing(several(setting(2, 3, Lock::Flock, Write::Overwrite), 2), 1));
    schedules += compare(&killing(on_ticket(setting(2, 2, Lock::Flock, Write::Rename)), 1));
    schedules += compare(&killing(on_ticket(setting(2, 2, Lock::Posix, Write::Rename)), 1));
    for text in ["lock-shared read upgrade write unlock", "open lock reopen-check read write unlink unlock"] {
        for lock in [Lock::Flock, Lock::Ofd] {
            schedules += compare(&killing(steps_under(lock, text, 2, 1), 1));
        }
    }
    assert!(schedules > 6_000, "{schedules} schedules only");
}

/// The anomalies of all schedules.
fn kinds(setting: &Setting) -> BTreeSet<AnomalyKind> {
    let census = census(setting, MAX_STATES);
    assert_eq!(census.partial, None);
    census.found.iter().flat_map(|found| found.end.anomalies.iter().copied()).collect()
}

/// If the system releases a dead holder's lock, one kill can only leave a ticket gone without a receipt. If the lock
/// outlives its holder, others may wait for ever, too. The control: nobody is killed.
#[test]
fn one_kill_may_lose_a_ticket_under_a_lock_that_is_let_go_and_leave_others_stuck_under_one_that_is_not() {
    use AnomalyKind::{LostStock, Stuck};
    for (lock, expected) in [
        (Lock::Flock, &[LostStock][..]),
        (Lock::Posix, &[LostStock]),
        (Lock::Ofd, &[LostStock]),
        (Lock::Lease, &[LostStock]),
        (Lock::Lockfile, &[LostStock, Stuck]),
        (Lock::Link, &[LostStock, Stuck]),
        (Lock::Mkdir, &[LostStock, Stuck]),
        (Lock::Semaphore, &[LostStock, Stuck]),
    ] {
        for (buyers, tickets) in [(2, 1), (2, 2), (3, 2)] {
            let spared = setting(buyers, tickets, lock, Write::Overwrite);
            assert_eq!(kinds(&spared), BTreeSet::new(), "{lock}: the control");
            let killed = kinds(&killing(spared, 1));
            assert_eq!(killed.into_iter().collect::<Vec<_>>(), expected, "{lock} {buyers} {tickets}");
        }
    }
    // A dead holder's lockfile that is removed under its guard keeps nobody out.
    let choices = FileChoices { break_stale: true, ..FileChoices::new(Lock::Lockfile, Write::Overwrite) };
    let setting = killing(Setting::new(Choices::File(choices), 3, 2), 2);
    assert_eq!(kinds(&setting).into_iter().collect::<Vec<_>>(), [LostStock]);
}

/// A transaction ends with its session: a kill can lose a ticket only if it is sold before the end of the purchase.
#[test]
fn a_killed_buyers_transaction_is_rolled_back() {
    for engine in Engine::ALL.iter().copied() {
        let usual = SqlChoices::new(engine);
        let isolation =
            if engine == Engine::Sqlite { Isolation::Immediate } else { Isolation::ReadCommitted };
        let lock = if engine == Engine::Sqlite { SqlLock::None } else { SqlLock::Row };
        let choices = SqlChoices { isolation, lock, ..usual };
        for (buyers, tickets) in [(2, 1), (2, 2), (3, 2)] {
            let setting = killing(Setting::new(Choices::Sql(choices), buyers, tickets), 1);
            assert_eq!(kinds(&setting), BTreeSet::new(), "{engine} {buyers} {tickets}");
        }
    }
    // Outside a transaction, a waiting statement is carried out even if its buyer is dead.
    let steps = "lock read write unlock".parse().expect("steps");
    let choices = SqlChoices::new(Engine::Postgres).of_steps(steps).expect("choices");
    let setting = killing(Setting::new(Choices::Sql(choices), 2, 1), 1);
    assert_eq!(kinds(&setting).into_iter().collect::<Vec<_>>(), [AnomalyKind::LostStock]);
}

/// A schedule drawn evenly, and its past.
fn drawn<M: Model>(model: M, setting: &Setting, rng: &mut rand::rngs::ChaCha8Rng) -> (JudgedPast, Schedule) {
    use rand::seq::IteratorRandom as _;
    let mut shop = Shop::new(setting, model);
    let mut steps = Vec::new();
    while shop.able().next().is_some() {
        let Some((place, turn)) = shop.turns().choose(rng) else { break };
        let letter = shop.take(place, turn, |_| ()).expect("it can come");
        steps.push(Step { letter, buyer: place as u32 + 1 });
    }
    (shop.ended(), Schedule(steps))
}

/// In settings too large to enumerate: all schedules with the same past end alike.
#[test]
fn schedules_of_one_course_are_judged_alike_though_buyers_are_killed() {
    use rand::SeedableRng as _;
    let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(5);
    let mut settings = Vec::new();
    for lock in [Lock::None, Lock::Flock, Lock::Lockfile] {
        for write in [Write::Overwrite, Write::Truncate] {
            settings.push(killing(several(setting(4, 5, lock, write), 2), 3));
        }
    }
    for engine in Engine::ALL.iter().copied() {
        let levels = engine.levels().iter().copied();
        for isolation in levels {
            let choices = SqlChoices { isolation, ..SqlChoices::new(engine) };
            settings.push(killing(several(Setting::new(Choices::Sql(choices), 4, 5), 2), 3));
        }
    }
    for setting in settings {
        let mut ends: HashMap<JudgedPast, End> = HashMap::new();
        for _ in 0..300 {
            let (past, schedule) = with_model_of!(setting, model => drawn(model, &setting, &mut rng));
            let end = End::of(&rehearse(&setting, &schedule).expect("followed"));
            assert_eq!(*ends.entry(past).or_insert(end.clone()), end, "{setting:?}: {schedule}");
        }
    }
}

/// A paused buyer takes no step until it goes on; a mishap at an impossible moment is an error.
#[test]
fn a_paused_buyer_takes_no_step_and_a_dead_one_none_at_all() {
    let setting = setting(2, 1, Lock::Flock, Write::Overwrite);
    let follow = |text: &str| rehearse(&setting, &text.parse().expect("steps"));
    let history = follow("L1 P1 R1 W1 U1 L2 R2 U2").expect_err("it is paused");
    assert_eq!(history.to_string(), "step 3 (R1): buyer 1 is paused: it goes on with G1");
    assert!(follow("L1 P1 G1 R1 W1 U1 L2 R2 U2").is_ok());
    for (text, said) in [
        ("G1", "step 1 (G1): that can't befall this buyer now: a buyer goes on that was paused"),
        ("L1 R1 K1 W1", "step 4 (W1): buyer 1 has left"),
        ("L1 R1 K1 K1", "step 4 (K1): buyer 1 has left"),
        ("L1 R1 W1 U1 K1", "step 5 (K1): buyer 1 has left"),
        ("X1", "step 1 (X1): that can't befall this buyer now"),
    ] {
        let error = follow(text).expect_err(text).to_string();
        assert!(error.starts_with(said), "{text}: {error}");
    }
}
