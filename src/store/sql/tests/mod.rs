//! Tests against the engines themselves. SQLite is there always; a server of PostgreSQL where `TICKETSIM_POSTGRES`
//! or its usual address leads to one, and one of MariaDB where `TICKETSIM_MYSQL` or its usual address does, in a
//! database of the test's own. Where there is none, a test says that it is skipped; with `CI=true` that is a failure.

mod place;
mod stage;

#[cfg(feature = "postgres")]
mod cluster;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql")]
mod mysql_server;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod relay;
#[cfg(feature = "sqlite")]
mod sqlite;

use super::*;
use crate::fault::FaultKind;
use crate::protocol::sql::{Isolation, SqlLock, SqlWrite};
use crate::protocol::{Action, Reply};
use crate::world::Session as _;
use place::Place;

/// No thinking.
const PACE: Pace = Pace { think_ns: 0, jitter: 0.0, seed: 1 };

fn recorder(buyers: u32) -> Recorder {
    Recorder::new(buyers, 1000).expect("shared memory")
}

/// As whom a server of a test's own runs: it does not run as root.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn runs_as(name: &str) -> Option<nix::unistd::User> {
    let is_root = nix::unistd::geteuid().is_root();
    is_root.then(|| nix::unistd::User::from_name(name).ok().flatten().expect("a user that a server runs as"))
}

/// As many sessions as the server takes: one more is told that it is full.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn until_full(store: &SqlStore, recorder: &Recorder) -> Vec<SqlSession> {
    let mut sessions = Vec::new();
    loop {
        match store.open(recorder, PACE, sessions.len() as u32 + 1) {
            Ok(session) => sessions.push(session),
            Err(full) => {
                assert!(matches!(full, SqlError::Full { .. }), "{full:?}");
                return sessions;
            }
        }
    }
}

/// Every action that an engine has, one after the other, by one buyer, against what it must answer.
fn every_action(place: &Place, level: Isolation) {
    let engine = place.address.engine();
    let steps = |text: &str, isolation: Isolation| {
        let choices = SqlChoices { isolation, ..SqlChoices::new(engine) };
        place.store(choices.of_steps(text.parse().expect("steps")).expect("steps of this engine"))
    };
    let recorder = recorder(1);
    let store = steps("begin read write commit", level);
    assert_eq!(store.put_on_sale(Some(5)).expect("tickets on sale"), 5);
    let mut session = store.open(&recorder, PACE, 1).expect("a session");
    let mut does = |action, reply| assert_eq!(session.perform(action), reply, "{engine} {action:?}");
    does(Action::Begin, Reply::Done);
    does(Action::Read, Reply::Stock(5));
    does(Action::Write(4), Reply::Sold(5));
    does(Action::Rollback, Reply::Done);
    does(Action::Begin, Reply::Done);
    does(Action::Commit, Reply::Done);
    does(Action::Read, Reply::Stock(5));
    does(Action::Think, Reply::Done);
    does(Action::Write(3), Reply::Sold(4));
    drop(session);

    let store = steps("decrement give-back", Isolation::None);
    let mut session = store.open(&recorder, PACE, 1).expect("a session");
    let mut does = |action, reply| assert_eq!(session.perform(action), reply, "{engine} {action:?}");
    for from in [3, 2, 1, 0] {
        does(Action::Decrement, Reply::Sold(from));
    }
    does(Action::GiveBack, Reply::Done);
    drop(session);
    assert_eq!(store.stock_left().expect("a stock"), 0);
    assert_eq!(store.put_on_sale(Some(2)).expect("tickets"), 2);

    let mut session = steps("read swap", Isolation::None).open(&recorder, PACE, 1).expect("a session");
    let mut does = |action, reply| assert_eq!(session.perform(action), reply, "{engine} {action:?}");
    does(Action::Swap(3), Reply::Missed);
    does(Action::Swap(2), Reply::Sold(2));
    drop(session);
    let mut session = steps("take", Isolation::None).open(&recorder, PACE, 1).expect("a session");
    let mut does = |action, reply| assert_eq!(session.perform(action), reply, "{engine} {action:?}");
    does(Action::Take, Reply::Sold(1));
    does(Action::Take, Reply::Missed);
    drop(session);

    let store = steps("count insert", Isolation::None);
    assert!(matches!(store.put_on_sale(None), Err(SqlError::OtherSale { .. })), "no receipts are kept yet");
    assert_eq!(store.put_on_sale(Some(2)).expect("tickets"), 2);
    let mut session = store.open(&recorder, PACE, 1).expect("a session");
    let mut does = |action, reply| assert_eq!(session.perform(action), reply, "{engine} {action:?}");
    does(Action::Count, Reply::Stock(2));
    does(Action::Insert, Reply::Done);
    does(Action::Count, Reply::Stock(1));
    drop(session);
    assert_eq!(store.put_on_sale(None).expect("what is on sale"), 1);
    assert_eq!(store.stock_left().expect("a stock"), 1);
}

/// The life of a sale: made, sold from, looked at, rejected where it is another, removed.
fn a_life(place: &Place) {
    let engine = place.address.engine();
    let plain = place.store(SqlChoices::new(engine));
    place.run("CREATE TABLE theirs (a int)");
    assert!(matches!(plain.put_on_sale(None), Err(SqlError::NoSale { .. })), "{engine}");
    assert!(matches!(plain.put_on_sale(Some(-1)), Err(SqlError::Tickets(-1))), "{engine}");
    assert_eq!(plain.put_on_sale(Some(7)).expect("tickets"), 7);
    assert_eq!(plain.put_on_sale(None).expect("tickets"), 7);
    let constrained = place.store(SqlChoices { constraint: true, ..SqlChoices::new(engine) });
    assert!(matches!(constrained.put_on_sale(None), Err(SqlError::OtherSale { .. })), "{engine}");
    assert_eq!(constrained.put_on_sale(Some(1)).expect("tickets"), 1);
    assert!(matches!(plain.put_on_sale(None), Err(SqlError::OtherSale { .. })), "{engine}");
    let recorder = recorder(1);
    let choices = SqlChoices { constraint: true, write: SqlWrite::Decrement, ..SqlChoices::new(engine) };
    let mut session = place.store(choices).open(&recorder, PACE, 1).expect("a session");
    assert_eq!(session.perform(Action::Decrement), Reply::Sold(1));
    let rejected = session.perform(Action::Decrement);
    assert!(matches!(rejected, Reply::Failed(fault) if fault.kind == FaultKind::Constraint), "{rejected:?}");
    drop(session);
    assert_eq!(place.number("SELECT count(*) FROM theirs"), 0, "it is still there");
    let about = constrained.about().expect("an engine");
    assert!(about.engine == engine && about.version.contains('.') && about.settings.len() >= 2, "{about:?}");

    // Beside it another sale; each is cleared alone.
    let other =
        SqlStore::new(SqlChoices::new(engine), place.address.clone(), "other".parse().expect("a name"));
    let other = other.expect("a store");
    assert_eq!(other.put_on_sale(Some(3)).expect("tickets"), 3);
    assert!(constrained.clear().expect("cleared"));
    assert!(!constrained.clear().expect("nothing left to clear"));
    assert_eq!(other.stock_left().expect("a stock"), 3);
    assert!(matches!(constrained.stock_left(), Err(SqlError::NoSale { .. })));

    // What is not ours stays as it is.
    let table = SaleName::default().stock_table();
    for foreign in [
        format!("CREATE TABLE {table} (id int, ticket text)"),
        format!("CREATE VIEW {table} AS SELECT 1 AS id, 2 AS ticket"),
    ] {
        place.run(&foreign);
        for rejected in [plain.put_on_sale(Some(1)), plain.put_on_sale(None), plain.clear().map(i64::from)] {
            assert!(matches!(rejected, Err(SqlError::OtherShape { .. })), "{engine}: {rejected:?}");
        }
        let kind = if foreign.contains("VIEW") { "VIEW" } else { "TABLE" };
        place.run(&format!("DROP {kind} {table}"));
    }
}

/// A run that is stopped: no purchase begins any more, and one that thinks or waits is dropped.
fn stopping(place: &Place) {
    let engine = place.address.engine();
    let store = place.store(SqlChoices::new(engine));
    store.put_on_sale(Some(5)).expect("tickets");
    let recorder = recorder(1);
    let slow = Pace { think_ns: 3_600_000_000_000, ..PACE };
    let mut session = store.open(&recorder, slow, 1).expect("a session");
    assert_eq!(session.perform(Action::Read), Reply::Stock(5));
    recorder.stop();
    assert_eq!(session.perform(Action::Think), Reply::stopped());
    drop(session);
    let mut session = store.open(&recorder, PACE, 1).expect("a session");
    assert_eq!(session.perform(Action::Read), Reply::stopped());
    drop(session);
    assert_eq!(store.stock_left().expect("a stock"), 5);
}

/// Ten buyers in threads, each with its own session, until they are refused: no ticket is sold twice where one
/// statement takes it, and the two books agree.
fn a_rush(place: &Place) {
    let engine = place.address.engine();
    let choices = SqlChoices { write: SqlWrite::Take, ..SqlChoices::new(engine) };
    let store = place.store(choices);
    let tickets = 100;
    store.put_on_sale(Some(tickets)).expect("tickets");
    let recorder = recorder(10);
    let sold: Vec<i64> = std::thread::scope(|scope| {
        let buy = |buyer| {
            let (store, recorder) = (&store, &recorder);
            scope.spawn(move || {
                let mut session = store.open(recorder, PACE, buyer).expect("a session");
                let next = || match session.perform(Action::Take) {
                    Reply::Sold(from) => Some(from),
                    Reply::Missed => None,
                    other => panic!("{other:?}"),
                };
                std::iter::from_fn(next).collect::<Vec<_>>()
            })
        };
        let buyers: Vec<_> = (1..=10).map(buy).collect();
        buyers.into_iter().flat_map(|buyer| buyer.join().expect("a buyer")).collect()
    });
    let mut all = sold.clone();
    all.sort_unstable();
    assert_eq!(all, (1..=tickets).collect::<Vec<_>>());
    assert_eq!(store.stock_left().expect("a stock"), 0);
}

/// The locks of an engine that has none of ours are rejected before anything is sent.
#[test]
fn a_store_is_one_of_the_engine_of_its_steps() {
    let address = Address::parse("sqlite:shop.db").expect("an address");
    let choices = SqlChoices { lock: SqlLock::Advisory, ..SqlChoices::new(Engine::Postgres) };
    let error = SqlStore::new(choices, address, SaleName::default()).expect_err("another engine");
    assert!(error.to_string().contains("sqlite:shop.db is no PostgreSQL"), "{error}");
}

/// Lets SIGUSR1 interrupt a system call, as the launcher of a run does.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn catch_wake_up() {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
    extern "C" fn wake_up(_: i32) {}
    let action = SigAction::new(SigHandler::Handler(wake_up), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, which is safe at any moment.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.expect("a handler");
}
