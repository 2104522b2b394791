//! Which buyer waits for which, and which step brings which answer, with three buyers: two would not show it.

use super::tables::{chosen, of_choices};
use super::*;
use crate::protocol::sql::{Engine, Isolation, Journal, SqlChoices};

/// The waits of a schedule in words, and its receipts and failed purchases.
fn told(setting: &Setting, schedule: &str) -> (Vec<String>, u64, u64) {
    let steps: Schedule = schedule.parse().expect("a schedule");
    let rehearsal =
        rehearsal(setting, &steps).unwrap_or_else(|error| panic!("{setting:?}: {schedule}: {error}"));
    let waits = rehearsal.waited.iter().map(|waited| {
        let by = steps.0[waited.until.expect("an answer") - 1];
        let ends = if waited.failed { "fails" } else { "goes on" };
        format!("{} for {} until {by}, {ends}", waited.step, waited.holder)
    });
    let end = End::of(&rehearsal.history);
    (waits.collect(), end.receipts, end.failed)
}

fn postgres(steps: &str, level: Isolation) -> Setting {
    of_choices(chosen(SqlChoices::new(Engine::Postgres), steps, level), 3, 1)
}

fn mariadb(steps: &str, level: Isolation) -> Setting {
    of_choices(chosen(SqlChoices::new(Engine::Mysql), steps, level), 3, 1)
}

/// On InnoDB a share request stands in line. A take that finds nothing keeps the row always at repeatable read,
/// otherwise only if it waited for the row.
#[test]
fn mariadb_has_one_queue_and_locks_before_it_looks() {
    let shared = "begin read-for-share write commit";
    let schedule = "R1 R2 W1 R3 W2 C1 C3";
    let (waits, receipts, failed) = told(&mariadb(shared, Isolation::ReadCommitted), schedule);
    assert_eq!(waits, ["W1 for 2 until W2, goes on", "R3 for 1 until C1, goes on"]);
    assert_eq!((receipts, failed), (1, 1));
    let take = "begin take commit";
    let (waits, ..) = told(&mariadb(take, Isolation::ReadCommitted), "D1 D2 D3 C1 C2 C3");
    assert_eq!(waits, ["D2 for 1 until C1, goes on", "D3 for 1 until C2, goes on"]);
    let after = "D1 C1 D2 D3 C2 C3";
    assert_eq!(told(&mariadb(take, Isolation::ReadCommitted), after), (vec![], 1, 0));
    let (waits, ..) = told(&mariadb(take, Isolation::RepeatableRead), after);
    assert_eq!(waits, ["D3 for 2 until C2, goes on"]);
}

/// MariaDB does not detect a circle that leads through GET_LOCK and a row: the buyers in it wait.
#[test]
fn a_circle_through_a_lock_by_name_is_seen_by_nobody() {
    let setting =
        mariadb("lock begin read-for-update unlock lock write commit unlock", Isolation::ReadCommitted);
    let census = census(&Setting { buyers: 2, ..setting }, u64::MAX);
    let stuck = |found: &Found| found.end.anomalies.contains(&AnomalyKind::Stuck);
    assert!(census.found.iter().any(stuck), "{:?}", census.found);
    let postgres =
        postgres("lock begin read-for-update unlock lock write commit unlock", Isolation::ReadCommitted);
    let census = super::census(&Setting { buyers: 2, ..postgres }, u64::MAX);
    assert!(!census.found.iter().any(stuck), "{:?}", census.found);
}

/// A share request overtakes a writer that waits. A waiter waits for one buyer at a time: a second circle is found when
/// the first victim lets go, and it has a second victim.
#[test]
fn a_share_lock_overtakes_a_writer_and_a_second_circle_comes_to_light() {
    let setting = postgres("begin read-for-share write commit", Isolation::ReadCommitted);
    let (waits, receipts, failed) = told(&setting, "R1 R2 W1 R3 W3 W2 C1");
    assert_eq!(waits, ["W1 for 2 until W2, goes on", "W3 for 1 until W2, fails"]);
    assert_eq!((receipts, failed), (1, 2));
}

/// At read committed an UPDATE that finds nothing after its wait keeps the row: the next one must go on waiting.
#[test]
fn a_take_that_found_nothing_after_its_wait_keeps_the_row() {
    let setting = postgres("begin take commit", Isolation::ReadCommitted);
    let (waits, receipts, failed) = told(&setting, "D1 D2 D3 C1 C2 C3");
    assert_eq!(waits, ["D2 for 1 until C1, goes on", "D3 for 1 until C2, goes on"]);
    assert_eq!((receipts, failed), (1, 0));
    // One that finds nothing at once locks nothing.
    assert_eq!(told(&setting, "D1 C1 D2 D3 C3 C2"), (vec![], 1, 0));
}

/// At repeatable read all takes that wait for a row fail when it has changed.
#[test]
fn takes_that_wait_behind_a_change_all_abort() {
    let setting = postgres("begin take commit", Isolation::RepeatableRead);
    let (waits, receipts, failed) = told(&setting, "D1 D2 D3 C1");
    assert_eq!(waits, ["D2 for 1 until C1, fails", "D3 for 1 until C1, fails"]);
    assert_eq!((receipts, failed), (1, 2));
}

/// The snapshot is taken when the lock is requested, not when it is granted; a lock before BEGIN takes none.
#[test]
fn waiting_takes_the_snapshot_first() {
    let inside = postgres("begin lock-until-commit read write commit", Isolation::RepeatableRead);
    let (_, receipts, failed) = told(&inside, "L1 L2 L3 R1 W1 C1 R2 W2 R3 W3");
    assert_eq!((receipts, failed), (1, 2));
    let outside = postgres("lock begin read write commit unlock", Isolation::RepeatableRead);
    let (waits, receipts, failed) = told(&outside, "L1 L2 L3 R1 W1 C1 U1 R2 C2 U2 R3 C3 U3");
    assert_eq!(waits, ["L2 for 1 until U1, goes on", "L3 for 1 until U2, goes on"]);
    assert_eq!((receipts, failed), (1, 0));
}

/// A reader that then writes fails, so the commit goes through, so waiting reads go through: all in one step.
#[test]
fn one_failure_lets_a_commit_and_its_readers_go() {
    let usual = SqlChoices { journal: Journal::Delete, ..SqlChoices::new(Engine::Sqlite) };
    let setting = of_choices(chosen(usual, "begin read write commit", Isolation::Deferred), 3, 1);
    let (waits, receipts, failed) = told(&setting, "R1 R2 W1 C1 R3 W2 C3");
    assert_eq!(waits, ["C1 for 2 until W2, goes on", "R3 for 1 until W2, goes on"]);
    assert_eq!((receipts, failed), (1, 1));
}

#[test]
fn a_buyer_that_waits_sends_nothing() {
    let setting = postgres("begin read write commit", Isolation::ReadCommitted);
    for (text, message) in [
        (
            "R1 R2 W1 W2 C2",
            "step 5 (C2): buyer 2 still waits for the answer to W2 of step 4: it waits for buyer 1",
        ),
        ("R1 R2 W1 W2", "step 5: the schedule ends here, but buyer 1 has not left"),
        ("R1 C1", "step 2 (C1): buyer 1's next step is W1"),
    ] {
        let error = rehearse(&setting, &text.parse().expect("a schedule")).expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}

/// If aborted purchases are tried again while nobody commits, there is no longest schedule; if each abort is caused by
/// another's commit, there is one.
#[test]
fn what_can_be_tried_again_for_ever_is_said_to_be_so() {
    let busy = SqlChoices { busy_timeout_ns: 0, ..SqlChoices::new(Engine::Sqlite) };
    let endless = of_choices(chosen(busy, "begin read write commit --retry", Isolation::Deferred), 2, 1);
    let coverage = census(&endless, u64::MAX).partial.expect("no end");
    assert_eq!(coverage.stopped, Stopped::Endless);
    for level in [Isolation::ReadCommitted, Isolation::RepeatableRead] {
        let setting = postgres("begin read-for-share write commit --retry", level);
        assert_eq!(census(&Setting { buyers: 2, ..setting }, u64::MAX).partial, None);
    }
}

/// In settings too large to enumerate: all schedules with the same past end alike.
#[test]
fn schedules_of_one_course_in_a_database_are_judged_alike() {
    use rand::SeedableRng as _;
    let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(1);
    let usual = SqlChoices::new(Engine::Postgres);
    for (steps, level, per_buyer) in [
        ("begin read write commit", Isolation::ReadCommitted, 2),
        ("begin read decrement commit", Isolation::ReadCommitted, 2),
        ("begin read write commit", Isolation::RepeatableRead, 2),
        ("begin count insert commit", Isolation::ReadCommitted, 2),
        ("lock begin read write unlock commit", Isolation::ReadCommitted, 3),
        ("decrement give-back", Isolation::None, 2),
    ] {
        let setting = several(of_choices(chosen(usual, steps, level), 5, 6), per_buyer);
        let mut ends: HashMap<JudgedPast, End> = HashMap::new();
        for _ in 0..500 {
            let (past, schedule) = random_schedule(&setting, &mut rng);
            let end = End::of(&rehearse(&setting, &schedule).expect("followed"));
            assert_eq!(*ends.entry(past).or_insert(end.clone()), end, "{setting:?}: {schedule}");
        }
    }
}
