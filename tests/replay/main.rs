//! Replays on real processes, threads and tasks, many of them, and the model beside them.
//!
//! The buyers are forked by a launcher that has one thread, so this has a `main` of its own: cargo's
//! harness runs tests in threads. It takes a part of a test's name, as the harness does.

mod conformance;
mod database;
mod engines;
mod mishaps;
mod model;
mod protocols;
mod random;
mod redis;
mod wild;
mod witnesses;

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ticketsim::plan::{PerBuyer, Plan};
use ticketsim::protocol::file::{FileChoices, Lock, LockOn, Write};
use ticketsim::replay::{Conductor, ReplayError, Went, repeat, replay};
use ticketsim::schedule::{Schedule, followed};
use ticketsim::verdict::Ruling;

/// Nobody interrupts.
pub(crate) static QUIET: AtomicBool = AtomicBool::new(false);

type Test = (&'static str, fn(&Path));

const TESTS: &[Test] = &[
    ("a_thousand_replays_agree", a_thousand_replays_agree),
    ("a_held_lock_has_to_be_waited_for", a_held_lock_has_to_be_waited_for),
    ("a_step_out_of_turn_is_named_with_its_position", a_step_out_of_turn_is_named_with_its_position),
    ("what_has_begun_is_finished_and_nothing_is_begun", what_has_begun_is_finished_and_nothing_is_begun),
    ("a_buyer_that_is_killed_ends_the_replay", a_buyer_that_is_killed_ends_the_replay),
    ("another_programs_lock_has_to_be_waited_for_too", another_programs_lock_has_to_be_waited_for_too),
    ("every_witness_ends_as_it_was_explored", model::every_witness_ends_as_it_was_explored),
    ("a_race_that_was_caught_is_replayed", wild::a_race_that_was_caught_is_replayed),
    ("model_and_reality_agree", model::model_and_reality_agree),
    ("the_holder_that_is_named_is_the_one", conformance::the_holder_that_is_named_is_the_one),
    ("threads_of_one_process_share_a_posix_lock", conformance::threads_of_one_process_share_a_posix_lock),
    ("every_schedule_of_two_ends_as_in_the_model", conformance::every_schedule_of_two_ends_as_in_the_model),
    ("every_protocol_ends_as_in_its_model", protocols::every_protocol_ends_as_in_its_model),
    ("every_protocol_agrees_at_random", protocols::every_protocol_agrees_at_random),
    ("a_thousand_replays_of_a_kill_agree", mishaps::a_thousand_replays_of_a_kill_agree),
    ("every_protocol_with_a_kill_ends", mishaps::every_protocol_with_a_kill_ends_as_in_its_model),
    ("every_protocol_with_a_pause_ends", mishaps::every_protocol_with_a_pause_ends_as_without),
    ("every_protocol_with_mishaps_agrees", mishaps::every_protocol_with_mishaps_agrees_at_random),
    ("every_witness_of_a_kill_ends", mishaps::every_witness_of_a_kill_ends_as_it_was_explored),
    ("kills_at_databases_end", mishaps::kills_at_databases_end_as_in_their_models),
    ("kills_at_redis_end", mishaps::kills_at_redis_end_as_in_their_model),
    ("every_witness_of_the_catalogue", witnesses::every_witness_of_the_catalogue_happens_for_real),
    ("the_model_explains_every_run", conformance::the_model_explains_every_run),
    ("conformance_of_postgresql", engines::conformance_of_postgresql),
    ("conformance_of_mariadb", engines::conformance_of_mariadb),
    ("conformance_of_sqlite", engines::conformance_of_sqlite),
    ("conformance_at_random", engines::conformance_at_random),
    ("every_witness_at_a_database", engines::every_witness_at_a_database_ends_as_it_was_explored),
    ("a_race_that_was_caught_at_a_database", engines::a_race_that_was_caught_at_a_database_is_replayed),
    ("conformance_of_redis", redis::conformance_of_redis),
    ("conformance_of_redis_at_random", redis::conformance_of_redis_at_random),
    ("every_witness_at_redis", redis::every_witness_at_redis_ends_as_it_was_explored),
    ("a_lease_that_expires_oversells_every_time", redis::a_lease_that_expires_oversells_every_time),
    ("another_program_at_redis_is_noticed", redis::another_program_at_redis_is_noticed),
    ("a_race_that_was_caught_at_redis_is_replayed", redis::a_race_that_was_caught_at_redis_is_replayed),
    ("a_replay_that_is_cut_off_leaves_no_lease", redis::a_replay_that_is_cut_off_leaves_no_lease),
    ("a_race_at_postgresql_happens_every_time", database::a_race_at_postgresql_happens_every_time),
    (
        "what_a_database_forbids_is_said_with_who_holds_what",
        database::what_a_database_forbids_is_said_with_who_holds_what,
    ),
    (
        "a_replay_that_is_cut_off_at_the_server",
        database::a_replay_that_is_cut_off_leaves_nothing_at_the_server,
    ),
    ("a_deadlock_is_replayed_with_its_victim", database::a_deadlock_is_replayed_with_its_victim),
];

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let exact = given.iter().any(|arg| arg == "--exact");
    let parts: Vec<&str> = given.iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).collect();
    let named = |name: &str| {
        parts.is_empty() || parts.iter().any(|part| if exact { name == *part } else { name.contains(part) })
    };
    let chosen: Vec<&Test> = TESTS.iter().filter(|(name, _)| named(name)).collect();
    let failed: Vec<&str> = match chosen[..] {
        [test] => {
            if here(test) {
                vec![]
            } else {
                vec![test.0]
            }
        }
        _ => abreast(&chosen),
    };
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("FAILED: {}", failed.join(" "));
    ExitCode::FAILURE
}

/// Runs a test in this process.
fn here((name, test): &Test) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let passed = std::panic::catch_unwind(|| test(folder.path())).is_ok();
    let left: Vec<String> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".tmp"))
        .collect();
    let passed = passed && left.is_empty();
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    passed
}

/// Runs each test in a process of its own, some at a time: most of what they do is to wait for a buyer. Returns those
/// that failed.
fn abreast(tests: &[&Test]) -> Vec<&'static str> {
    let at_a_time = std::env::var("RUST_TEST_THREADS").ok().and_then(|number| number.parse().ok());
    let at_a_time: usize = at_a_time.filter(|number| *number > 0).unwrap_or(4);
    let mut waiting = tests.iter();
    let mut running: Vec<(&str, Child, File)> = Vec::new();
    let mut failed = Vec::new();
    loop {
        while running.len() < at_a_time
            && let Some((name, _)) = waiting.next()
        {
            let output = tempfile::tempfile().expect("a file");
            running.push((name, start(name, &output), output));
        }
        if running.is_empty() {
            return failed;
        }
        std::thread::sleep(Duration::from_millis(5));
        running.retain_mut(|(name, child, output)| {
            let Some(status) = child.try_wait().expect("a child") else { return true };
            output.rewind().expect("rewound");
            std::io::copy(output, &mut std::io::stdout()).expect("printed");
            if !status.success() {
                failed.push(*name);
            }
            false
        });
    }
}

/// Starts this program with one test, and with what else it was given.
fn start(name: &str, output: &File) -> Child {
    let same = || output.try_clone().expect("a file");
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name])
        .args(std::env::args().skip(1).filter(|arg| arg.starts_with('-')))
        .stdin(Stdio::null())
        .stdout(same())
        .stderr(same())
        .spawn()
        .expect("started")
}

/// Whether all is to be tried that there is time for.
pub(crate) fn all() -> bool {
    std::env::args().any(|arg| arg == "--all" || arg == "--ignored")
}

/// A plan for a replay in this folder.
pub(crate) fn plan(folder: &Path, buyers: u32, tickets: i64, lock: Lock, write: Write) -> Plan {
    Plan::on_file(FileChoices::new(lock, write), &folder.join("ticket.json"), buyers, Some(tickets))
}

pub(crate) fn steps(text: &str) -> Schedule {
    text.parse().expect("a schedule")
}

fn a_thousand_replays_agree(folder: &Path) {
    for (lock, write, text, ruling) in [
        (Lock::None, Write::Overwrite, "R1 R2 W1 R3 W2", Ruling::Unsound),
        (Lock::None, Write::Truncate, "R1 T1 R2 F1 R3", Ruling::Unsound),
        (Lock::None, Write::Rename, "R1 R2 W2 W1 R3", Ruling::Unsound),
        (Lock::Flock, Write::Overwrite, "L2 R2 W2 U2 L1 R1 U1 L3 R3 U3", Ruling::Sound),
        (Lock::Flock, Write::Rename, "L2 R2 W2 U2 L1 R1 U1 L3 R3 U3", Ruling::Sound),
    ] {
        let plan = plan(folder, 3, 1, lock, write);
        let (repeated, cut) = repeat(&plan, &steps(text), 200, &QUIET).expect("replayed");
        assert!(cut.is_none(), "{text}: {cut:?}");
        assert!(repeated.differs.is_none(), "{text}: {:?}", repeated.differs);
        assert_eq!(repeated.first.sold.verdict.ruling, ruling, "{text}");
        assert_eq!(repeated.first.schedule(), steps(text));
        assert_eq!(repeated.first.asked, repeated.first.steps.len());
        assert_eq!(followed(&repeated.first.sold.history), Ok(steps(text)));
    }
}

fn a_held_lock_has_to_be_waited_for(folder: &Path) {
    let unlocked = plan(folder, 2, 1, Lock::None, Write::Overwrite);
    let raced = replay(&unlocked, &steps("R1 R2 W1 W2"), &QUIET).expect("replayed");
    assert_eq!(raced.sold.verdict.ledger.oversold, 1, "the control: without the lock it oversells");
    for lock in Lock::ALL.iter().copied().filter(|lock| *lock != Lock::None) {
        let locked = plan(folder, 2, 1, lock, Write::Overwrite);
        for (text, said) in [
            ("L1 L2 R1 R2", "step 2 (L2): it has to wait: buyer 1 has held the lock since step 1"),
            ("L2 R2 L1", "step 3 (L1): it has to wait: buyer 2 has held the lock since step 1"),
        ] {
            let error = replay(&locked, &steps(text), &QUIET).expect_err(text);
            assert_eq!(error.to_string(), said, "{lock}");
            assert_no_children();
            // What had begun was finished: the file is one, and the ticket is sold.
            assert_eq!(
                ticketsim::store::file::ticket::load(&folder.join("ticket.json")).expect("a ticket file"),
                0
            );
        }
    }
    // The well-known trap: a lock on a file that each write replaces.
    let trap = plan(folder, 3, 3, Lock::Flock, Write::Rename)
        .with_choices(|choices| choices.lock_on = LockOn::Ticket);
    let raced = replay(&trap, &steps("O1 L1 R1 O2 W1 U1 L2 O3 L3 R2 R3 W2 W3 U2 U3"), &QUIET);
    assert_eq!(raced.expect("two hold a lock each").sold.verdict.ruling, Ruling::Unsound);
    let error = replay(&trap, &steps("O1 O2 L1 R1 W1 O3 L3 L2"), &QUIET).expect_err("the old file");
    assert_eq!(error.to_string(), "step 8 (L2): it has to wait: buyer 1 has held the lock since step 3");
}

fn a_step_out_of_turn_is_named_with_its_position(folder: &Path) {
    let plan = plan(folder, 2, 1, Lock::None, Write::Overwrite);
    for (text, said) in [
        ("R1 R2 R1 W2", "step 3 (R1): buyer 1's next step is W1"),
        ("L1", "step 1 (L1): buyer 1's next step is R1"),
        ("R1 W1 R1", "step 3 (R1): buyer 1 has left"),
        ("R1 R3", "step 2 (R3): the last buyer is buyer 2"),
    ] {
        let error = replay(&plan, &steps(text), &QUIET).expect_err(text);
        assert_eq!(error.to_string(), said);
        assert_no_children();
    }
}

fn what_has_begun_is_finished_and_nothing_is_begun(folder: &Path) {
    let truncating = plan(folder, 3, 2, Lock::None, Write::Truncate);
    let replayed = replay(&truncating, &steps("R2 T2 R1"), &QUIET).expect("replayed");
    assert_eq!((replayed.schedule(), replayed.asked), (steps("R2 T2 R1 F2"), 3));
    let mut greedy = plan(folder, 2, 5, Lock::Flock, Write::Overwrite);
    greedy.per_buyer = PerBuyer::All;
    let replayed = replay(&greedy, &steps("L1 R1 W1 U1 L2"), &QUIET).expect("replayed");
    assert_eq!(replayed.schedule(), steps("L1 R1 W1 U1 L2 R2 W2 U2"));
    assert_eq!(replayed.sold.verdict.ledger.receipts, 2);
    assert_eq!(replayed.sold.verdict.ruling, Ruling::Sound);
    // Buyer 1 has opened the file, but buyer 2 has its lock: so buyer 2 is finished first.
    let trap = plan(folder, 2, 2, Lock::Flock, Write::Rename)
        .with_choices(|choices| choices.lock_on = LockOn::Ticket);
    let replayed = replay(&trap, &steps("O1 O2 L2 R2"), &QUIET).expect("replayed");
    assert_eq!(replayed.schedule(), steps("O1 O2 L2 R2 W2 U2 L1 R1 W1 U1"));
}

fn a_buyer_that_is_killed_ends_the_replay(folder: &Path) {
    use nix::sys::signal::{Signal, kill};
    let plan = plan(folder, 2, 1, Lock::Flock, Write::Truncate);
    let mut session = Conductor::start(&plan, &QUIET).expect("started");
    for buyer in [1, 1, 1] {
        assert!(matches!(session.step(buyer, &QUIET), Ok(Went::Took(_))));
    }
    assert!(matches!(session.step(2, &QUIET), Ok(Went::MustWait(Some(holder))) if holder.buyer == 1));
    let victim = children().into_iter().min().expect("a child");
    kill(nix::unistd::Pid::from_raw(victim), Signal::SIGKILL).expect("killed");
    // The kernel lets the lock go; the file stays emptied, which is the weakness of this write.
    let error = session.step(1, &QUIET).expect_err("nobody answers");
    assert!(matches!(error, ReplayError::Died { step: 4, buyer: 1 }), "{error}");
    assert!(matches!(session.step(2, &QUIET), Ok(Went::Took(_))));
    let replayed = session.finish(&QUIET).expect("the other finishes");
    assert_eq!(replayed.sold.verdict.ruling, Ruling::Unsound);
    assert_eq!(replayed.sold.buyers[0].killed_by, Some(9));
    assert_no_children();
}

fn another_programs_lock_has_to_be_waited_for_too(folder: &Path) {
    let plan = plan(folder, 1, 1, Lock::Flock, Write::Overwrite);
    let mut session = Conductor::start(&plan, &QUIET).expect("started");
    let file = std::fs::File::open(folder.join("ticket.json")).expect("open");
    fs2::FileExt::lock_exclusive(&file).expect("locked");
    assert_eq!(session.step(1, &QUIET).expect("tried"), Went::MustWait(None));
    fs2::FileExt::unlock(&file).expect("unlocked");
    assert!(matches!(session.step(1, &QUIET), Ok(Went::Took(_))));
    assert_eq!(session.finish(&QUIET).expect("finished").sold.verdict.ruling, Ruling::Sound);
}

/// The processes of this one that are left.
fn children() -> Vec<i32> {
    let list = std::fs::read_to_string("/proc/thread-self/children");
    list.unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

pub(crate) fn assert_no_children() {
    assert_eq!(children(), [0; 0]);
}
