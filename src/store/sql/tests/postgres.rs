//! A server of PostgreSQL itself.

use std::net::TcpListener;
use std::os::unix::thread::JoinHandleExt as _;
use std::time::Duration;

use super::relay::Relay;
use super::stage::{Outcomes, all_schedules};
use super::*;
use crate::fault::{Fault, StoreCode};
use crate::protocol::Protocol;
use crate::store::server::Doing;
use crate::store::sql::address::{PostgresAddress, PostgresHost, SslMode};

/// Gives a test its database, or skips it with a message.
macro_rules! place {
    ($test:literal) => {
        match Place::postgres($test) {
            Some(place) => place,
            None => return,
        }
    };
}

fn address_of(place: &Place) -> PostgresAddress {
    match &place.address {
        Address::Postgres(address) => (**address).clone(),
        other => panic!("{other}"),
    }
}

fn at(address: PostgresAddress, choices: SqlChoices) -> SqlStore {
    SqlStore::new(choices, Address::Postgres(Box::new(address)), SaleName::default()).expect("a store")
}

#[test]
fn every_action_is_carried_out() {
    let place = place!("every_action_is_carried_out");
    for level in Engine::Postgres.levels().iter().filter(|level| **level != Isolation::None) {
        every_action(&place, *level);
    }
    let locks = "lock begin lock-until-commit read-for-share read-for-update write commit unlock";
    let choices = SqlChoices {
        isolation: Isolation::Serializable,
        lock: SqlLock::Advisory,
        ..SqlChoices::new(Engine::Postgres)
    };
    let store = place.store(choices.of_steps(locks.parse::<Protocol>().expect("steps")).expect("steps"));
    store.put_on_sale(Some(2)).expect("tickets");
    let mut session = store.open(&recorder(1), PACE, 1).expect("a session");
    for (action, reply) in [
        (Action::Lock, Reply::Done),
        (Action::Begin, Reply::Done),
        (Action::LockUntilCommit, Reply::Done),
        (Action::ReadForShare, Reply::Stock(2)),
        (Action::ReadForUpdate, Reply::Stock(2)),
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

/// All schedules of two buyers and one ticket.
fn outcomes(place: &Place, choices: SqlChoices) -> Outcomes {
    let store = place.store(choices.checked().expect("choices"));
    let watcher = place.store(choices);
    let mut books = watcher.books(false).expect("a connection");
    let mut waits = |session: &str| {
        let select = format!(
            "SELECT coalesce(sum(cardinality(pg_blocking_pids(pid))), 0) FROM pg_stat_activity \
             WHERE application_name = '{session}'"
        );
        books.number(Doing::SeeWhoWaits, &select).expect("a number") != Some(0)
    };
    all_schedules(&store, 2, 1, &mut waits)
}

/// A row of the measured table: the steps, the levels, and `outcome ×schedules` for each.
type Row = (&'static str, &'static [Isolation], &'static [(&'static str, u32)]);

/// Each row that was measured of two buyers and one ticket; after the outcome, the codes of its errors.
fn measured() -> Vec<Row> {
    use Isolation::{ReadCommitted as RC, RepeatableRead as RR, Serializable as SER};
    const NONE: &[Isolation] = &[Isolation::None];
    const ALL: &[Isolation] = &[RC, RR, SER];
    const STRICT: &[Isolation] = &[RR, SER];
    vec![
        ("read write", NONE, &[("2/0/0", 4), ("1/0/0", 2)]),
        ("begin read write commit", &[RC], &[("2/0/0", 12), ("1/0/0", 2)]),
        ("begin read write commit", STRICT, &[("1/0/1 40001", 12), ("1/0/0", 2)]),
        ("begin read decrement commit", &[RC], &[("2/-1/0", 12), ("1/0/0", 2)]),
        ("begin read decrement commit", STRICT, &[("1/0/1 40001", 12), ("1/0/0", 2)]),
        ("begin read-for-update write commit", &[RC], &[("1/0/0", 6)]),
        ("begin read-for-update write commit", STRICT, &[("1/0/1 40001", 4), ("1/0/0", 2)]),
        ("begin read-for-share write commit", &[RC], &[("1/0/0", 4), ("1/0/1 40P01", 4)]),
        (
            "begin read-for-share write commit",
            STRICT,
            &[("1/0/1 40001", 2), ("1/0/1 40P01", 4), ("1/0/0", 2)],
        ),
        ("read swap", NONE, &[("1/0/0", 6)]),
        ("take", NONE, &[("1/0/0", 2)]),
        ("begin take commit", &[RC], &[("1/0/0", 4)]),
        ("begin take commit", STRICT, &[("1/0/0", 2), ("1/0/1 40001", 2)]),
        ("begin lock-until-commit read write commit", &[RC], &[("1/0/0", 8)]),
        ("begin lock-until-commit read write commit", STRICT, &[("1/0/1 40001", 6), ("1/0/0", 2)]),
        ("lock begin read write commit unlock", ALL, &[("1/0/0", 10)]),
        ("lock begin read write unlock commit", &[RC], &[("2/0/0", 16), ("1/0/0", 10)]),
        ("lock begin read write unlock commit", STRICT, &[("1/0/1 40001", 16), ("1/0/0", 10)]),
        ("begin read swap commit", &[RC], &[("1/0/0", 14)]),
        ("begin read swap commit", STRICT, &[("1/0/1 40001", 12), ("1/0/0", 2)]),
        ("begin count insert commit", &[RC, RR], &[("2/-1/0", 18), ("1/0/0", 2)]),
        ("begin count insert commit", &[SER], &[("1/0/1 40001", 18), ("1/0/0", 2)]),
    ]
}

fn choices_of(steps: &str, isolation: Isolation) -> SqlChoices {
    let lock = if steps.contains("unlock") { SqlLock::Advisory } else { SqlLock::None };
    let choices = SqlChoices { isolation, lock, ..SqlChoices::new(Engine::Postgres) };
    choices.of_steps(steps.parse().expect("steps")).expect("steps")
}

fn table(rows: &[(&str, u32)]) -> Outcomes {
    rows.iter().map(|(outcome, times)| ((*outcome).to_owned(), *times)).collect()
}

#[test]
fn every_schedule_of_two_comes_out_as_measured() {
    let place = place!("every_schedule_of_two_comes_out_as_measured");
    for (steps, levels, rows) in measured() {
        for level in levels {
            assert_eq!(outcomes(&place, choices_of(steps, *level)), table(rows), "{steps} at {level}");
        }
    }
}

#[test]
fn with_a_check_and_with_retry_every_schedule_of_two_comes_out_as_measured() {
    use Isolation::{ReadCommitted, RepeatableRead, Serializable};
    let place = place!("with_a_check_and_with_retry_every_schedule_of_two_comes_out_as_measured");
    let decrement = "begin read decrement commit";
    let checked = |level| SqlChoices { constraint: true, ..choices_of(decrement, level) };
    let rows = table(&[("1/0/1 23514", 12), ("1/0/0", 2)]);
    assert_eq!(outcomes(&place, checked(ReadCommitted)), rows);
    assert_eq!(outcomes(&place, checked(RepeatableRead)), table(&[("1/0/1 40001", 12), ("1/0/0", 2)]));
    for steps in ["begin read write commit", decrement] {
        let tried = |level| SqlChoices { retry: true, ..choices_of(steps, level) };
        for level in [RepeatableRead, Serializable] {
            assert_eq!(outcomes(&place, tried(level)), table(&[("1/0/0", 14)]), "{steps} at {level}");
        }
    }
}

#[test]
fn who_waits_in_the_server_takes_its_statement_back_when_the_run_is_stopped() {
    let place = place!("who_waits_in_the_server_takes_its_statement_back_when_the_run_is_stopped");
    crate::store::sql::tests::catch_wake_up();
    let store = place.store(choices_of("begin read-for-update write commit", Isolation::ReadCommitted));
    store.put_on_sale(Some(3)).expect("tickets");
    let recorder = recorder(2);
    let mut first = store.open(&recorder, PACE, 1).expect("a session");
    first.perform(Action::Begin);
    assert_eq!(first.perform(Action::ReadForUpdate), Reply::Stock(3));
    let (waiter, waiting) = (store.clone(), recorder.clone());
    let second = std::thread::spawn(move || {
        let mut second = waiter.open(&waiting, PACE, 2).expect("a session");
        second.perform(Action::Begin);
        let read = second.perform(Action::ReadForUpdate);
        [read, second.perform(Action::Rollback)]
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0";
    while place.number(waits) == 0 {}
    recorder.stop();
    while !second.is_finished() {
        nix::sys::pthread::pthread_kill(second.as_pthread_t(), nix::sys::signal::Signal::SIGUSR1)
            .expect("a thread");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(second.join().expect("a buyer"), [Reply::stopped(), Reply::Done]);
    assert_eq!(first.perform(Action::Write(2)), Reply::Sold(3));
    assert_eq!(first.perform(Action::Commit), Reply::Done);
    drop(first);
    store.await_gone(&recorder).expect("a server");
    assert_eq!(place.number("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ticketsim % buyer %' AND datname = current_database()"), 0);
    assert_eq!(store.stock_left().expect("a stock"), 2);
}

#[test]
fn a_cut_connection_loses_the_answer_and_leaves_nothing_behind() {
    let place = place!("a_cut_connection_loses_the_answer_and_leaves_nothing_behind");
    let address = address_of(&place);
    let PostgresHost::Name(name) = address.host.clone() else { return };
    let relay = Relay::before(&name, address.port);
    let choices = choices_of("begin read-for-update write commit", Isolation::ReadCommitted);
    let host = PostgresHost::Name("127.0.0.1".to_owned());
    let store = at(PostgresAddress { host, port: relay.port, ..address }, choices);
    store.put_on_sale(Some(3)).expect("tickets");
    let recorder = recorder(1);
    let mut session = store.open(&recorder, PACE, 1).expect("a session");
    session.perform(Action::Begin);
    assert_eq!(session.perform(Action::ReadForUpdate), Reply::Stock(3));
    assert_eq!(session.perform(Action::Write(2)), Reply::Sold(3));
    relay.cut();
    let lost = Reply::Failed(Fault::of_store(FaultKind::AnswerLost, StoreCode::of_state("08006")));
    assert_eq!(session.perform(Action::Commit), lost);
    assert_eq!(session.perform(Action::Read), lost, "and stays so");
    store.await_gone(&recorder).expect("a server");
    // The server got no COMMIT.
    assert_eq!(store.stock_left().expect("a stock"), 3);
}

/// The server has committed, and its answer gets lost: the purchase is unknown, not failed, and the ticket is gone.
#[test]
fn a_connection_that_is_cut_during_commit_is_unknown() {
    use crate::buyer::{Buyer, Rules};
    use crate::history::Outcome;
    let place = place!("a_connection_that_is_cut_during_commit_is_unknown");
    let address = address_of(&place);
    let PostgresHost::Name(name) = address.host.clone() else { return };
    let relay = Relay::before(&name, address.port);
    let choices = choices_of("begin read-for-update write commit", Isolation::ReadCommitted);
    let host = PostgresHost::Name("127.0.0.1".to_owned());
    let store = at(PostgresAddress { host, port: relay.port, ..address }, choices);
    store.put_on_sale(Some(3)).expect("tickets");
    let recorder = recorder(1);
    let mut session = store.open(&recorder, PACE, 1).expect("a session");
    let rules = Rules { protocol: choices.protocol(), per_buyer: crate::plan::PerBuyer::ONE, retry: false };
    let mut buyer = Buyer::new(rules);
    let ending = loop {
        let action = buyer.next();
        if action == Action::Commit {
            relay.cut_with_the_next_answer(true);
        }
        let reply = session.perform(action);
        if let Some(ending) = buyer.accept(reply) {
            break ending;
        }
    };
    relay.cut_with_the_next_answer(false);
    assert_eq!(ending.outcome, Outcome::Unknown);
    drop(session);
    store.await_gone(&recorder).expect("a server");
    // The server got the COMMIT: in the end the ticket is gone.
    assert_eq!(place.number("SELECT ticket FROM ticketsim_stock_ticket"), 2);
}

#[test]
fn a_session_that_the_server_ends_loses_its_answer_too() {
    let place = place!("a_session_that_the_server_ends_loses_its_answer_too");
    let store = place.store(SqlChoices::new(Engine::Postgres));
    store.put_on_sale(Some(3)).expect("tickets");
    let mut session = store.open(&recorder(1), PACE, 1).expect("a session");
    assert_eq!(session.perform(Action::Read), Reply::Stock(3));
    let end = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = \
               current_database() AND pid <> pg_backend_pid()";
    assert_eq!(place.number(end), 1);
    let lost = session.perform(Action::Write(2));
    assert!(matches!(lost, Reply::Failed(fault) if fault.kind == FaultKind::AnswerLost), "{lost:?}");
}

#[test]
fn who_is_not_let_in_is_told_why_without_a_password() {
    let place = place!("who_is_not_let_in_is_told_why_without_a_password");
    let address = address_of(&place);
    let error = |address: PostgresAddress| {
        let error = at(address, SqlChoices::new(Engine::Postgres)).put_on_sale(Some(1));
        let error = error.expect_err("not let in").to_string();
        assert!(!error.contains("sesame") && error.starts_with("postgres://"), "{error}");
        error
    };
    let missing = PostgresAddress { database: "ticketsim_no_such_database".to_owned(), ..address.clone() };
    assert!(error(missing).contains("there is no database \"ticketsim_no_such_database\""));
    let nobody = PostgresAddress { user: "ticketsim_nobody".to_owned(), ..address.clone() };
    assert!(error(nobody).contains("\"ticketsim_nobody\" is not let in"));
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let host = PostgresHost::Name("127.0.0.1".to_owned());
    let closed = PostgresAddress { host: host.clone(), port: free, ..address.clone() };
    assert!(error(closed).contains("no server there"));
    // It accepts connections, as a listener's queue does, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    for ssl_mode in [SslMode::Disable, SslMode::Require] {
        let connect_timeout = Duration::from_secs(1);
        let silent =
            PostgresAddress { host: host.clone(), port, ssl_mode, connect_timeout, ..address.clone() };
        assert!(error(silent).contains("no answer within 1s"));
    }
}

#[test]
fn a_role_that_may_only_read_is_found_out_before_the_sale() {
    let place = place!("a_role_that_may_only_read_is_found_out_before_the_sale");
    let PostgresAddress { database, .. } = address_of(&place);
    let role = format!("{database}_reader");
    let store = place.store(SqlChoices::new(Engine::Postgres));
    store.put_on_sale(Some(3)).expect("tickets");
    place.run(&format!("CREATE ROLE {role} LOGIN; GRANT SELECT ON ticketsim_stock_ticket TO {role}"));
    let reader = at(
        PostgresAddress { user: role.clone(), options: None, ..address_of(&place) },
        SqlChoices::new(Engine::Postgres),
    );
    let results = [reader.put_on_sale(None), reader.put_on_sale(Some(1)), reader.stock_left()];
    place.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    let [sell, make, look] = results;
    assert!(matches!(sell, Err(SqlError::NotAllowed { .. })), "{sell:?}");
    assert!(matches!(make, Err(SqlError::NotAllowed { .. })), "{make:?}");
    assert_eq!(look.expect("a stock"), 3);
}

#[test]
fn more_buyers_than_the_server_takes_are_counted_beforehand() {
    let place = place!("more_buyers_than_the_server_takes_are_counted_beforehand");
    let room = place.store(SqlChoices::new(Engine::Postgres)).most_connections().expect("a server");
    let room = room.expect("a limit");
    assert!(room.because.to_string().contains("max_connections = "), "{room:?}");
    place.run(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 0', current_database()); END $$",
    );
    let room = place.store(SqlChoices::new(Engine::Postgres)).most_connections().expect("a server");
    let room = room.expect("a limit");
    assert!(
        room.free == 0 && room.because.to_string().contains("database's CONNECTION LIMIT is 0"),
        "{room:?}"
    );
}

#[test]
fn tls_is_spoken_where_it_is_asked_for() {
    let place = place!("tls_is_spoken_where_it_is_asked_for");
    let address = address_of(&place);
    let has_tls = place.number("SELECT (current_setting('ssl') = 'on')::int") == 1;
    let is_tls = "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    let through = |ssl_mode| {
        let store = at(PostgresAddress { ssl_mode, ..address.clone() }, SqlChoices::new(Engine::Postgres));
        store.books(false).and_then(|mut books| books.number(Doing::Connect, is_tls))
    };
    assert_eq!(through(SslMode::Disable).expect("a server"), Some(0));
    assert_eq!(through(SslMode::Prefer).expect("a server"), Some(i64::from(has_tls)));
    match through(SslMode::Require) {
        Ok(number) => assert!(has_tls && number == Some(1)),
        Err(error) => assert!(!has_tls && error.to_string().contains("the server has none"), "{error}"),
    }
    // No trusted authority has signed the certificate of a server for tests.
    let verified = through(SslMode::VerifyFull).expect_err("a certificate of its own");
    assert!(matches!(verified, SqlError::Tls { .. }), "{verified}");
    if has_tls {
        let choices = SqlChoices { write: SqlWrite::Take, ..SqlChoices::new(Engine::Postgres) };
        let store = at(PostgresAddress { ssl_mode: SslMode::Require, ..address.clone() }, choices);
        store.put_on_sale(Some(1)).expect("tickets");
        let mut session = store.open(&recorder(1), PACE, 1).expect("a session");
        assert_eq!(session.perform(Action::Take), Reply::Sold(1));
        assert_eq!(session.perform(Action::Take), Reply::Missed);
    }
}
