//! One thread for all tasks and one at the doorway, and the deadlock that the doorway avoids.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::plan::{Pace, PerBuyer, Workers};
use crate::protocol::file::{FileChoices, Lock, Write};
use crate::store::file::FileStore;
use crate::store::file::lock::{CommonLock, Locker};

fn plan(lock: Lock, buyers: u32, file: std::path::PathBuf) -> Plan {
    Plan {
        workers: Workers::Task,
        per_buyer: PerBuyer::All,
        pace: Pace { think_ns: 1_000_000, jitter: 0.5, seed: 1 },
        ..Plan::on_file(FileChoices::new(lock, Write::Overwrite), &file, buyers, Some(20))
    }
}

fn sell(plan: &Plan) -> crate::history::Tally {
    std::fs::write(&plan.file().expect("a ticket file").file, "{\"ticket\": 20}").expect("written");
    let recorder = Recorder::for_plan(plan, 20).expect("a recorder");
    let store = FileStore::new(plan.file().expect("a ticket file")).expect("a store");
    let mut watch = Watch {
        interrupted: &AtomicBool::new(false),
        begin: &mut |_| {},
        progress: &mut |_| {},
        start: None,
    };
    let crew = run_on(1, plan, &recorder, &store, &mut watch).expect("a run");
    assert_eq!(crew.killed, []);
    recorder.tally()
}

#[test]
fn fifty_buyers_share_a_thread_and_a_doorway() {
    let folder = tempfile::tempdir().expect("a folder");
    for lock in [Lock::Flock, Lock::Ofd, Lock::Lockfile, Lock::Semaphore] {
        let tally = sell(&plan(lock, 50, folder.path().join(format!("{lock}.json"))));
        assert_eq!((tally.bought, tally.refused, tally.failed), (20, 50, 0), "{lock}");
    }
}

/// The doorway keeps nobody out: with a lock that does not exclude tasks, the sale oversells as if there were no lock.
#[test]
fn the_doorway_is_no_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    for lock in [Lock::Posix, Lock::None] {
        let tally = sell(&plan(lock, 10, folder.path().join(format!("{lock}.json"))));
        assert!(tally.bought > 20, "{lock}: {tally:?}");
    }
}

/// The reason for the doorway. Waiters fill the pool; the holder needs the pool to go on and unlock, but never gets its
/// turn.
#[test]
fn without_the_doorway_a_full_pool_is_a_deadlock() {
    let folder = tempfile::tempdir().expect("a folder");
    let (choices, file) =
        (FileChoices::new(Lock::Flock, Write::Overwrite), folder.path().join("ticket.json"));
    std::fs::write(&file, "{\"ticket\": 20}").expect("written");
    let common = CommonLock::new(&choices).expect("made");
    let open = || Arc::new(Locker::open(&choices, &file, &common).expect("open"));
    // One thread for tasks, and one for blocking calls.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.max_blocking_threads(1).enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let holder = open();
        assert!(holder.try_lock().expect("locked"));
        let waiter = open();
        let waits = tokio::task::spawn_blocking({
            let waiter = Arc::clone(&waiter);
            move || waiter.lock(|| false).expect("locked at last")
        });
        let unlocks = tokio::task::spawn_blocking({
            let holder = Arc::clone(&holder);
            move || holder.unlock()
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!waits.is_finished() && !unlocks.is_finished(), "both are stuck");
        // The way out: the holder unlocks on its own thread. Then all go on.
        holder.unlock().expect("unlocked");
        waits.await.expect("granted");
        unlocks.await.expect("done").expect("unlocked");
    });
}
