//! A server of MariaDB itself. The measured outcomes are MariaDB's. The server may also be MySQL, which has no snapshot
//! isolation; no other difference is known.

use std::net::TcpListener;
use std::os::unix::thread::JoinHandleExt as _;
use std::time::Duration;

use super::relay::Relay;
use super::stage::{Outcomes, all_schedules};
use super::*;
use crate::fault::Fault;
use crate::protocol::sql::Switch;
use crate::store::server::Doing;
use crate::store::sql::address::{MysqlAddress, MysqlHost, SslMode};
use crate::store::sql::mysql::MysqlLookout;

/// Gives a test its database, or skips it with a message.
macro_rules! place {
    ($test:literal) => {
        match Place::mysql($test) {
            Some(place) => place,
            None => return,
        }
    };
}

fn address_of(place: &Place) -> MysqlAddress {
    match &place.address {
        Address::Mysql(address) => (**address).clone(),
        other => panic!("{other}"),
    }
}

fn at(address: MysqlAddress, choices: SqlChoices) -> SqlStore {
    SqlStore::new(choices, Address::Mysql(Box::new(address)), SaleName::default()).expect("a store")
}

fn choices_of(steps: &str, isolation: Isolation) -> SqlChoices {
    let lock = if steps.contains("unlock") { SqlLock::Advisory } else { SqlLock::None };
    let choices = SqlChoices { isolation, lock, ..SqlChoices::new(Engine::Mysql) };
    choices.of_steps(steps.parse().expect("steps")).expect("steps")
}

#[test]
fn every_action_is_carried_out() {
    let place = place!("every_action_is_carried_out");
    for level in Engine::Mysql.levels().iter().filter(|level| **level != Isolation::None) {
        every_action(&place, *level);
    }
    let locks = "lock begin read-for-share read-for-update write commit unlock";
    let store = place.store(choices_of(locks, Isolation::Serializable));
    store.put_on_sale(Some(2)).expect("tickets");
    let mut session = store.open(&recorder(1), PACE, 1).expect("a session");
    for (action, reply) in [
        (Action::Lock, Reply::Done),
        (Action::Begin, Reply::Done),
        (Action::ReadForShare, Reply::Stock(2)),
        (Action::ReadForUpdate, Reply::Stock(2)),
        (Action::Write(2), Reply::Sold(3)),
        (Action::Commit, Reply::Done),
        (Action::Unlock, Reply::Done),
        (Action::Unlock, Reply::Failed(Fault::plain(FaultKind::Unlock))),
    ] {
        assert_eq!(session.perform(action), reply, "{action:?}");
    }
}

#[test]
fn a_sale_is_made_and_cleared_and_others_stay() {
    a_life(&place!("a_sale_is_made_and_cleared_and_others_stay"));
}

#[test]
fn who_is_stopped_buys_no_more() {
    stopping(&place!("who_is_stopped_buys_no_more"));
}

#[test]
fn ten_buyers_take_each_ticket_once() {
    a_rush(&place!("ten_buyers_take_each_ticket_once"));
}

/// A table that looks like ours but is not.
#[test]
fn what_hangs_on_a_table_or_has_no_transactions_is_not_ours() {
    let place = place!("what_hangs_on_a_table_or_has_no_transactions_is_not_ours");
    let store = place.store(SqlChoices::new(Engine::Mysql));
    let table = SaleName::default().stock_table();
    for (made, because) in [
        (
            format!("CREATE TABLE {table} (id INT PRIMARY KEY, ticket BIGINT NOT NULL) ENGINE = MyISAM"),
            "MyISAM",
        ),
        (format!("CREATE TABLE {table} (id INT PRIMARY KEY, ticket BIGINT NOT NULL, KEY (ticket))"), "key t"),
        (format!("CREATE TABLE {table} (id INT PRIMARY KEY, ticket BIGINT UNSIGNED NOT NULL)"), "unsigned"),
    ] {
        place.run(&made);
        let error = store.put_on_sale(Some(1)).expect_err(because).to_string();
        assert!(error.contains("that is not ours") && error.contains(because), "{error}");
        place.run(&format!("DROP TABLE {table}"));
    }
    store.put_on_sale(Some(1)).expect("tickets");
    place.run(&format!("CREATE TRIGGER t BEFORE UPDATE ON {table} FOR EACH ROW SET NEW.ticket = 7"));
    assert!(store.put_on_sale(None).expect_err("a trigger").to_string().contains("triggers"));
}

/// All schedules of two buyers and one ticket.
fn outcomes(place: &Place, choices: SqlChoices) -> Outcomes {
    let store = place.store(choices.checked().expect("choices"));
    let watcher = place.store(choices);
    let mut books = watcher.books(false).expect("a connection");
    let mut lookout = MysqlLookout::open(&address_of(place)).expect("a connection");
    let mut waits = |session: &str| {
        let number =
            books.number(Doing::Connect, &format!("SELECT IS_USED_LOCK('{session}')")).expect("a number");
        // A buyer that has left does not wait.
        let Some(number) = number.map(i64::unsigned_abs) else { return false };
        lookout.waiting(&[number]).expect("a look") == [number]
    };
    all_schedules(&store, 2, 1, &mut waits)
}

const NONE: &[Isolation] = &[Isolation::None];
const RU: Isolation = Isolation::ReadUncommitted;
const RC: Isolation = Isolation::ReadCommitted;
const RR: Isolation = Isolation::RepeatableRead;
const SER: Isolation = Isolation::Serializable;
const ALL: &[Isolation] = &[RU, RC, RR, SER];
const BELOW: &[Isolation] = &[RU, RC, RR];

/// A row of the measured table: the steps, the levels, `receipts/left/failed codes ×schedules` of each end; and those
/// with snapshot isolation, where they are other ones.
type Row = (&'static str, &'static [Isolation], &'static str, Option<&'static str>);

const PLAIN: &[Row] = &[
    ("read write", NONE, "2/0/0 ×4; 1/0/0 ×2", None),
    ("begin read write commit", &[RU], "1/0/0 ×6; 2/0/0 ×8", None),
    ("begin read write commit", &[RC], "2/0/0 ×12; 1/0/0 ×2", None),
    ("begin read write commit", &[RR], "2/0/0 ×12; 1/0/0 ×2", Some("1/0/1 1020 ×12; 1/0/0 ×2")),
    (
        "begin read write commit",
        &[SER],
        "1/0/0 ×4; 1/0/1 1213 ×4",
        Some("1/0/1 1020 ×2; 1/0/1 1213 ×4; 1/0/0 ×2"),
    ),
    ("begin read decrement commit", &[RU], "1/0/0 ×6; 2/-1/0 ×8", None),
    ("begin read decrement commit", &[RC], "2/-1/0 ×12; 1/0/0 ×2", None),
    ("begin read decrement commit", &[RR], "2/-1/0 ×12; 1/0/0 ×2", Some("1/0/1 1020 ×12; 1/0/0 ×2")),
    ("begin read-for-update write commit", BELOW, "1/0/0 ×6", Some("1/0/0 ×6")),
    ("begin read-for-update write commit", &[SER], "1/0/0 ×6", Some("1/0/1 1020 ×4; 1/0/0 ×2")),
    ("begin read-for-share write commit", BELOW, "1/0/0 ×4; 1/0/1 1213 ×4", None),
    (
        "begin read-for-share write commit",
        &[SER],
        "1/0/0 ×4; 1/0/1 1213 ×4",
        Some("1/0/1 1020 ×2; 1/0/1 1213 ×4; 1/0/0 ×2"),
    ),
    ("read swap", NONE, "1/0/0 ×6", None),
    ("take", NONE, "1/0/0 ×2", None),
    ("begin take commit", BELOW, "1/0/0 ×4", None),
    ("begin take commit", &[SER], "1/0/0 ×4", Some("1/0/0 ×2; 1/0/1 1020 ×2")),
];

const LOCKED: &[Row] = &[
    ("begin lock read write commit unlock", ALL, "1/0/0 ×10", None),
    ("begin lock read write unlock commit", &[RU], "1/0/0 ×34", None),
    ("begin lock read write unlock commit", &[RC], "2/0/0 ×16; 1/0/0 ×10", None),
    ("begin lock read write unlock commit", &[RR], "2/0/0 ×16; 1/0/0 ×10", Some("1/0/1 1020 ×16; 1/0/0 ×10")),
    ("begin lock read write unlock commit", &[SER], "1/0/0 ×18", Some("1/0/0 ×10; 1/0/1 1020 ×8")),
    ("begin read swap commit", &[RU, RC, RR], "1/0/0 ×14", None),
    ("begin read swap commit", &[SER], "1/0/0 ×4; 1/0/1 1213 ×4", None),
    ("begin count insert commit", &[RU], "2/-1/0 ×12; 1/0/0 ×6", None),
    ("begin count insert commit", &[RC, RR], "2/-1/0 ×18; 1/0/0 ×2", Some("2/-1/0 ×18; 1/0/0 ×2")),
    (
        "begin count insert commit",
        &[SER],
        "1/0/0 ×4; 1/0/1 1213 ×4",
        Some("1/0/1 1020 ×2; 1/0/1 1213 ×4; 1/0/0 ×2"),
    ),
];

const TRIED: &[Row] = &[
    ("begin read decrement commit --constraint", &[RU], "1/0/0 ×6; 1/0/1 4025 ×8", None),
    ("begin read decrement commit --constraint", &[RC], "1/0/1 4025 ×12; 1/0/0 ×2", None),
    (
        "begin read decrement commit --constraint",
        &[RR],
        "1/0/1 4025 ×12; 1/0/0 ×2",
        Some("1/0/1 1020 ×12; 1/0/0 ×2"),
    ),
    ("begin read write commit --retry", &[RC], "2/0/0 ×12; 1/0/0 ×2", None),
    ("begin read write commit --retry", &[RR], "2/0/0 ×12; 1/0/0 ×2", Some("1/0/0 ×14")),
    ("begin read write commit --retry", &[SER], "1/0/0 ×12", Some("1/0/0 ×12")),
];

fn table(text: &str) -> Outcomes {
    let row = |row: &str| {
        let (outcome, times) = row.split_once(" ×").expect("a row");
        (outcome.to_owned(), times.parse().expect("a number"))
    };
    text.split("; ").map(row).collect()
}

fn check(place: &Place, rows: &[Row]) {
    let has_snapshots = place.number(
        "SELECT count(*) FROM information_schema.system_variables WHERE \
                                      variable_name = 'innodb_snapshot_isolation'",
    ) == 1;
    for (steps, levels, off, on) in rows {
        let (steps, option) = steps.split_once(" --").unwrap_or((steps, ""));
        for (is, expected) in [(Switch::Off, Some(*off)), (Switch::On, *on)] {
            let Some(expected) = expected.filter(|_| is == Switch::Off || has_snapshots) else { continue };
            for level in *levels {
                let snapshot_isolation = has_snapshots.then_some(is);
                let (constraint, retry) = (option == "constraint", option == "retry");
                let choices =
                    SqlChoices { snapshot_isolation, constraint, retry, ..choices_of(steps, *level) };
                assert_eq!(outcomes(place, choices), table(expected), "{steps} at {level}, snapshots {is}");
            }
        }
    }
}

#[test]
fn every_schedule_of_two_comes_out_as_measured() {
    check(&place!("every_schedule_of_two_comes_out_as_measured"), PLAIN);
}

#[test]
fn every_schedule_of_two_with_locks_by_name_or_counts_comes_out_as_measured() {
    check(&place!("every_schedule_of_two_with_locks_by_name_or_counts_comes_out_as_measured"), LOCKED);
}

#[test]
fn with_a_check_and_with_retry_every_schedule_of_two_comes_out_as_measured() {
    check(&place!("with_a_check_and_with_retry_every_schedule_of_two_comes_out_as_measured"), TRIED);
}

#[test]
fn who_waits_in_the_server_takes_its_statement_back_when_the_run_is_stopped() {
    let place = place!("who_waits_in_the_server_takes_its_statement_back_when_the_run_is_stopped");
    catch_wake_up();
    for steps in ["begin read-for-update write commit", "begin lock read write commit unlock"] {
        let store = place.store(choices_of(steps, Isolation::ReadCommitted));
        store.put_on_sale(Some(3)).expect("tickets");
        let recorder = recorder(2);
        let first_step = if steps.contains("unlock") { Action::Lock } else { Action::ReadForUpdate };
        let mut first = store.open(&recorder, PACE, 1).expect("a session");
        first.perform(Action::Begin);
        assert!(matches!(first.perform(first_step), Reply::Done | Reply::Stock(3)));
        let mut second = store.open(&recorder, PACE, 2).expect("a session");
        let number = format!("SELECT IS_USED_LOCK('{}2')", of_run(&recorder));
        let number = place.number(&number).unsigned_abs();
        let second = std::thread::spawn(move || {
            second.perform(Action::Begin);
            let read = second.perform(first_step);
            [read, second.perform(Action::Rollback)]
        });
        let mut lookout = MysqlLookout::open(&address_of(&place)).expect("a connection");
        while lookout.waiting(&[number]).expect("a look").is_empty() {}
        recorder.stop();
        while !second.is_finished() {
            nix::sys::pthread::pthread_kill(second.as_pthread_t(), nix::sys::signal::Signal::SIGUSR1)
                .expect("a thread");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(second.join().expect("a buyer"), [Reply::stopped(), Reply::Done], "{steps}");
        assert_eq!(first.perform(Action::Write(2)), Reply::Sold(3));
        assert_eq!(first.perform(Action::Commit), Reply::Done);
        drop(first);
        store.await_gone(&recorder).expect("a server");
        let used = format!("SELECT count(IS_USED_LOCK('{}2'))", of_run(&recorder));
        assert_eq!(place.number(&used), 0);
        assert_eq!(store.stock_left().expect("a stock"), 2);
    }
}

#[test]
fn a_session_that_the_server_ends_loses_its_answer() {
    let place = place!("a_session_that_the_server_ends_loses_its_answer");
    let store = place.store(choices_of("begin read write commit", Isolation::ReadCommitted));
    store.put_on_sale(Some(3)).expect("tickets");
    let recorder = recorder(1);
    let mut session = store.open(&recorder, PACE, 1).expect("a session");
    session.perform(Action::Begin);
    assert_eq!(session.perform(Action::Read), Reply::Stock(3));
    assert_eq!(session.perform(Action::Write(2)), Reply::Sold(3));
    let number = place.number(&format!("SELECT IS_USED_LOCK('{}1')", of_run(&recorder)));
    place.run(&format!("KILL CONNECTION {number}"));
    let lost = session.perform(Action::Commit);
    assert!(matches!(lost, Reply::Failed(fault) if fault.kind == FaultKind::AnswerLost), "{lost:?}");
    assert_eq!(session.perform(Action::Read), lost, "and stays so");
    store.await_gone(&recorder).expect("a server");
    assert_eq!(store.stock_left().expect("a stock"), 3, "what was not committed is gone");
}

#[test]
fn who_is_not_let_in_is_told_why_without_a_password() {
    let place = place!("who_is_not_let_in_is_told_why_without_a_password");
    let address = address_of(&place);
    let error = |address: MysqlAddress| {
        let error = at(address, SqlChoices::new(Engine::Mysql)).put_on_sale(Some(1));
        let error = error.expect_err("not let in").to_string();
        assert!(!error.contains("sesame") && error.starts_with("mysql://"), "{error}");
        error
    };
    let missing = MysqlAddress { database: "ticketsim_no_such_database".to_owned(), ..address.clone() };
    assert!(error(missing).contains("there is no database \"ticketsim_no_such_database\""));
    let password = Some("open sesame".to_owned());
    let nobody = MysqlAddress { user: "ticketsim_nobody".to_owned(), password, ..address.clone() };
    assert!(error(nobody).contains("\"ticketsim_nobody\" is not let in: Access denied"));
    let unknown = MysqlAddress { user: "ticketsim_nobody".to_owned(), password: None, ..address.clone() };
    assert!(error(unknown).contains("no password was at hand"));
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let host = MysqlHost::Name("127.0.0.1".to_owned());
    let closed = MysqlAddress { host: host.clone(), port: free, ..address.clone() };
    assert!(error(closed).contains("no server there"));
    // It accepts connections, as a listener's queue does, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let silent = MysqlAddress { host, port, connect_timeout: Duration::from_secs(1), ..address };
    assert!(error(silent).contains("no answer within 1s; is that a server of MariaDB or MySQL?"));
}

/// A buyer that is killed while its statement waits may still buy: the server goes on waiting, and then executes it. The
/// stock is read after that session has ended, and no receipt tells of the purchase.
#[test]
fn a_waiter_that_is_gone_still_buys() {
    let place = place!("a_waiter_that_is_gone_still_buys");
    let address = address_of(&place);
    let MysqlHost::Name(name) = address.host.clone() else { return };
    let relay = Relay::before(&name, address.port);
    let holds = place.store(choices_of("begin read-for-update write commit", Isolation::ReadCommitted));
    holds.put_on_sale(Some(5)).expect("tickets");
    let recorder = recorder(2);
    let mut first = holds.open(&recorder, PACE, 1).expect("a session");
    first.perform(Action::Begin);
    assert_eq!(first.perform(Action::ReadForUpdate), Reply::Stock(5));
    let take = SqlChoices { write: SqlWrite::Take, ..SqlChoices::new(Engine::Mysql) };
    let takes = at(MysqlAddress { port: relay.port, ..address.clone() }, take);
    let mut second = takes.open(&recorder, PACE, 2).expect("a session");
    let number = place.number(&format!("SELECT IS_USED_LOCK('{}2')", of_run(&recorder))).unsigned_abs();
    let second = std::thread::spawn(move || second.perform(Action::Take));
    let mut lookout = MysqlLookout::open(&address).expect("a connection");
    while lookout.waiting(&[number]).expect("a look").is_empty() {}
    relay.cut();
    let lost = second.join().expect("a buyer");
    assert!(matches!(lost, Reply::Failed(fault) if fault.kind == FaultKind::AnswerLost), "{lost:?}");
    assert_eq!(first.perform(Action::Commit), Reply::Done);
    drop(first);
    holds.await_gone(&recorder).expect("a server");
    assert_eq!(holds.stock_left().expect("a stock"), 4, "a ticket without a receipt");
}

/// A user with rights on one database, and none to see what others do, may do all that a run needs.
#[test]
fn a_user_without_the_process_privilege_sells_and_can_not_see_who_waits() {
    let place = place!("a_user_without_the_process_privilege_sells_and_can_not_see_who_waits");
    let address = address_of(&place);
    let user = format!("tst_{}", &address.database["ticketsim_test_".len()..]);
    place.run(&format!("CREATE USER {user} IDENTIFIED BY 'open sesame'"));
    place.run(&format!("GRANT ALL ON {}.* TO {user}", address.database));
    let own =
        MysqlAddress { user: user.clone(), password: Some("open sesame".to_owned()), ..address.clone() };
    let sells = || -> Result<i64, SqlError> {
        let choices = choices_of("begin lock read write commit unlock", Isolation::ReadCommitted);
        let store = at(own.clone(), choices);
        store.most_connections()?;
        store.put_on_sale(Some(2))?;
        let recorder = recorder(1);
        let mut session = store.open(&recorder, PACE, 1)?;
        for (action, reply) in [
            (Action::Begin, Reply::Done),
            (Action::Lock, Reply::Done),
            (Action::Read, Reply::Stock(2)),
            (Action::Write(1), Reply::Sold(2)),
            (Action::Commit, Reply::Done),
            (Action::Unlock, Reply::Done),
        ] {
            assert_eq!(session.perform(action), reply, "{action:?}");
        }
        drop(session);
        store.await_gone(&recorder)?;
        store.about()?;
        store.stock_left()
    };
    let sold = sells();
    let blind = MysqlLookout::open(&own).and_then(|mut lookout| lookout.waiting(&[1]));
    place.run(&format!("DROP USER {user}"));
    assert_eq!(sold.expect("a sale"), 1);
    let error = blind.expect_err("blind").to_string();
    assert!(
        error.contains("who waits there can't be seen") && error.contains("PROCESS privilege"),
        "{error}"
    );
    assert!(!error.contains("sesame"), "{error}");
}

#[test]
fn a_user_that_may_only_read_is_found_out_before_the_sale() {
    let place = place!("a_user_that_may_only_read_is_found_out_before_the_sale");
    let address = address_of(&place);
    let user = format!("tsr_{}", &address.database["ticketsim_test_".len()..]);
    place.store(SqlChoices::new(Engine::Mysql)).put_on_sale(Some(3)).expect("tickets");
    place.run(&format!("CREATE USER {user} IDENTIFIED BY 'open sesame'"));
    place.run(&format!("GRANT SELECT ON {}.* TO {user}", address.database));
    let own = MysqlAddress { user: user.clone(), password: Some("open sesame".to_owned()), ..address };
    let reader = at(own, SqlChoices::new(Engine::Mysql));
    let [sell, make, look] = [reader.put_on_sale(None), reader.put_on_sale(Some(1)), reader.stock_left()];
    place.run(&format!("DROP USER {user}"));
    assert!(matches!(sell, Err(SqlError::NotAllowed { .. })), "{sell:?}");
    assert!(matches!(make, Err(SqlError::NotAllowed { .. })), "{make:?}");
    assert_eq!(look.expect("a stock"), 3);
}

#[test]
fn the_engine_and_what_decides_are_told() {
    let place = place!("the_engine_and_what_decides_are_told");
    let store = place.store(SqlChoices { snapshot_isolation: None, ..SqlChoices::new(Engine::Mysql) });
    let about = store.about().expect("an engine");
    assert!(["MariaDB", "MySQL"].contains(&about.product), "{about:?}");
    let room = store.most_connections().expect("a server").expect("a limit");
    assert!(room.free > 0 && room.because.to_string().contains("max_"), "{room:?}");
    if about.settings.iter().any(|(name, _)| *name == "innodb_snapshot_isolation") {
        for (is, told) in [(Switch::On, "ON"), (Switch::Off, "OFF")] {
            let choices = SqlChoices { snapshot_isolation: Some(is), ..SqlChoices::new(Engine::Mysql) };
            let about = place.store(choices).about().expect("an engine").to_string();
            assert!(about.contains(&format!("innodb_snapshot_isolation {told}")), "{about}");
        }
    }
    let narrow =
        at(MysqlAddress { ssl_mode: SslMode::Require, ..address_of(&place) }, SqlChoices::new(Engine::Mysql));
    let has_tls = place.number("SELECT @@have_ssl = 'YES'") == 1;
    let told = narrow.stock_left().expect_err("no sale").to_string();
    assert!(told.contains(if has_tls { "no sale" } else { "TLS: the server has none" }), "{told}");
}
