//! SQLite itself.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::stage::{Outcomes, all_schedules};
use super::*;
use crate::protocol::sql::Journal;

#[test]
fn every_action_is_carried_out() {
    every_action(&Place::sqlite(), Isolation::Deferred);
}

#[test]
fn a_sale_is_made_and_cleared_and_others_stay() {
    a_life(&Place::sqlite());
}

#[test]
fn who_is_stopped_buys_no_more() {
    stopping(&Place::sqlite());
}

#[test]
fn ten_buyers_take_each_ticket_once() {
    a_rush(&Place::sqlite());
}

/// All schedules of two buyers and one ticket, where nobody waits.
fn outcomes(journal: Journal, isolation: Isolation, write: SqlWrite) -> Outcomes {
    let place = Place::sqlite();
    let choices =
        SqlChoices { journal, isolation, write, busy_timeout_ns: 0, ..SqlChoices::new(Engine::Sqlite) };
    all_schedules(&place.store(choices), 2, 1, &mut |_| false)
}

fn table(rows: &[(&str, u32)]) -> Outcomes {
    rows.iter().map(|(outcome, times)| ((*outcome).to_owned(), *times)).collect()
}

#[test]
fn without_waiting_every_schedule_of_two_comes_out_as_measured() {
    for journal in [Journal::Delete, Journal::Wal] {
        let outcomes = |isolation, write| outcomes(journal, isolation, write);
        let (none, set) = (Isolation::None, SqlWrite::Set);
        assert_eq!(outcomes(none, set), table(&[("1/0/0", 2), ("2/0/0", 4)]), "{journal}");
        assert_eq!(outcomes(none, SqlWrite::Swap), table(&[("1/0/0", 6)]), "{journal}");
        assert_eq!(outcomes(none, SqlWrite::Take), table(&[("1/0/0", 2)]), "{journal}");
        assert_eq!(
            outcomes(Isolation::Immediate, set),
            table(&[("1/0/0", 2), ("1/0/1 5", 6)]),
            "{journal} immediate"
        );
        let deferred = outcomes(Isolation::Deferred, set);
        let failed: u32 =
            deferred.iter().filter(|(outcome, _)| outcome.starts_with("1/0/1")).map(|(_, n)| n).sum();
        assert_eq!(
            (failed, deferred.get("1/0/0"), deferred.values().sum()),
            (12, Some(&2), 14),
            "{deferred:?}"
        );
        // A snapshot that is no longer the newest, which only a write-ahead log has.
        assert_eq!(deferred.contains_key("1/0/1 517"), journal == Journal::Wal, "{deferred:?}");
    }
}

#[test]
fn who_waits_for_an_immediate_transaction_gets_its_turn() {
    for journal in [Journal::Delete, Journal::Wal] {
        let place = Place::sqlite();
        let choices =
            SqlChoices { journal, isolation: Isolation::Immediate, ..SqlChoices::new(Engine::Sqlite) };
        let store = place.store(choices);
        store.put_on_sale(Some(2)).expect("tickets");
        let recorder = recorder(2);
        let mut first = store.open(&recorder, PACE, 1).expect("a session");
        assert_eq!(first.perform(Action::BeginImmediate), Reply::Done);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                let mut second = store.open(&recorder, PACE, 2).expect("a session");
                [second.perform(Action::BeginImmediate), second.perform(Action::Read)]
            });
            assert_eq!(first.perform(Action::Read), Reply::Stock(2));
            assert_eq!(first.perform(Action::Write(1)), Reply::Sold(2));
            assert_eq!(first.perform(Action::Commit), Reply::Done);
            assert_eq!(second.join().expect("a buyer"), [Reply::Done, Reply::Stock(1)], "{journal}");
        });
    }
}

#[test]
fn who_waits_gives_up_when_the_run_is_stopped_and_when_its_time_is_up() {
    let place = Place::sqlite();
    let hour = 3_600_000_000_000;
    for busy_timeout_ns in [hour, 30_000_000] {
        let choices = SqlChoices {
            isolation: Isolation::Immediate,
            busy_timeout_ns,
            ..SqlChoices::new(Engine::Sqlite)
        };
        let store = place.store(choices);
        store.put_on_sale(Some(2)).expect("tickets");
        let recorder = recorder(2);
        let mut first = store.open(&recorder, PACE, 1).expect("a session");
        let mut second = store.open(&recorder, PACE, 2).expect("a session");
        assert_eq!(first.perform(Action::BeginImmediate), Reply::Done);
        if busy_timeout_ns == hour {
            std::thread::scope(|scope| {
                let waits = scope.spawn(|| second.perform(Action::BeginImmediate));
                std::thread::sleep(Duration::from_millis(30));
                recorder.stop();
                assert_eq!(waits.join().expect("a buyer"), Reply::stopped());
            });
        } else {
            let busy = second.perform(Action::BeginImmediate);
            assert!(matches!(busy, Reply::Failed(fault) if fault.kind == FaultKind::Aborted), "{busy:?}");
        }
        assert_eq!(first.perform(Action::Rollback), Reply::Done);
    }
}

#[test]
fn files_that_can_not_be_sold_from_are_said_to_be_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = |file: &str, tickets| {
        let address = Address::Sqlite(folder.path().join(file));
        let store = SqlStore::new(SqlChoices::new(Engine::Sqlite), address, SaleName::default());
        let error = store.expect("a store").put_on_sale(tickets).expect_err(file).to_string();
        assert!(error.starts_with(folder.path().to_str().expect("UTF-8")), "{error}");
        error
    };
    assert!(error("none.db", None).contains("no such file"));
    assert!(!folder.path().join("none.db").exists());
    assert!(error("no/folder.db", Some(1)).contains("no such file"));
    std::fs::write(folder.path().join("text.json"), "{\"ticket\": 3}\n".repeat(100)).expect("a file");
    assert!(error("text.json", Some(1)).contains("is no database of SQLite"));
    if !nix::unistd::geteuid().is_root() {
        let path = folder.path().join("read.db");
        let store = SqlStore::new(
            SqlChoices::new(Engine::Sqlite),
            Address::Sqlite(path.clone()),
            SaleName::default(),
        );
        store.expect("a store").put_on_sale(Some(1)).expect("tickets");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).expect("a mode");
        assert!(error("read.db", None).contains("can't be"));
    }
}
