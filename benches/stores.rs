//! How near buyers at a database come to the bare statements, measured in pairs, in turn, on the same database:
//! at PostgreSQL to `pgbench -n -M prepared -c 10` with the same statement, at MariaDB to `mariadb-slap
//! --concurrency=10` (threads over its C client library), at SQLite to a loop over the same prepared statements, at Redis
//! to `redis-benchmark -c 10` with the same script (EVALSHA, no pipelining). What counts is the ratio within a pair. `cargo bench --bench stores`, with a part of a
//! line's name (`-- sqlite`) for that line alone; a server is looked for as the tests do.

use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe};
use ticketsim::buyer::{Buyer, Rules};
use ticketsim::history::Recorder;
use ticketsim::plan::{Pace, PerBuyer};
use ticketsim::protocol::Protocol;
use ticketsim::protocol::redis::{RedisChoices, RedisWrite};
use ticketsim::protocol::sql::{Engine, Journal, SqlChoices, SqlWrite};
use ticketsim::shared::SharedSlice;
use ticketsim::store::Store;
use ticketsim::store::redis::{RedisAddress, RedisStore};
use ticketsim::store::sql::address::{MysqlHost, PostgresHost};
use ticketsim::store::sql::{Address, SaleName, SqlStore};
use ticketsim::workers::{fork_buyer, only_thread};
use ticketsim::world::{Recorded, drive};

/// As many clients as the yardstick has.
const BUYERS: u32 = 10;
/// Who tries again while the database is busy is not served in turn: on a slow disk one may wait for all others.
const PATIENCE: Duration = Duration::from_secs(300);
const PACE: Pace = Pace { think_ns: 0, jitter: 0.0, seed: 1 };

fn main() {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let quick = std::env::args().any(|arg| arg == "--test");
    let named: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let pairs = if quick { 1 } else { 15 };
    println!(
        "sales a second, {BUYERS} buyers: ours ÷ bare, the median of {pairs} pairs (and the middle half)"
    );
    let line = |what: &str, pair: &dyn Fn(bool) -> [f64; 2]| {
        if named.is_empty() || named.iter().any(|name| what.contains(name.as_str())) {
            report(what, pairs, pair);
        }
    };
    let scale = if quick { 100 } else { 1 };
    at_sqlite(&line, scale);
    at_postgres(&line, scale);
    at_mysql(&line, scale);
    at_redis(&line, scale);
}

type Line<'a> = &'a dyn Fn(&str, &dyn Fn(bool) -> [f64; 2]);

fn at_sqlite(line: Line<'_>, scale: i64) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.db");
    for (journal, tickets) in [(Journal::Wal, 1_000), (Journal::Delete, 300)] {
        let busy_timeout_ns = PATIENCE.as_nanos() as u64;
        let take =
            SqlChoices { write: SqlWrite::Take, journal, busy_timeout_ns, ..SqlChoices::new(Engine::Sqlite) };
        let store = SqlStore::new(take, Address::Sqlite(file.clone()), SaleName::default()).expect("a store");
        let tickets = tickets / scale;
        line(&format!("sqlite {journal}, take"), &|turned| {
            pair(turned, || ours(&store, take.protocol(), tickets), || bare_sqlite(&store, &file, tickets))
        });
    }
}

fn at_postgres(line: Line<'_>, scale: i64) {
    let url = std::env::var("TICKETSIM_POSTGRES");
    let url = url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let address = Address::parse(&url).expect("an address");
    let name: SaleName = format!("bench_{}", std::process::id()).parse().expect("a name");
    let take = SqlChoices { write: SqlWrite::Take, ..SqlChoices::new(Engine::Postgres) };
    let store = SqlStore::new(take, address.clone(), name).expect("a store");
    if let Err(error) = store.about() {
        println!("  skipped: postgres: {error}");
        return;
    }
    let tickets = 4_000 / scale;
    line("postgres, take", &|turned| {
        pair(turned, || ours(&store, take.protocol(), tickets), || pgbench(&store, &address, tickets))
    });
    store.clear().expect("cleared");
}

fn at_mysql(line: Line<'_>, scale: i64) {
    let url = std::env::var("TICKETSIM_MYSQL");
    let url = url.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/test".to_owned());
    let address = Address::parse(&url).expect("an address");
    let name: SaleName = format!("bench_{}", std::process::id()).parse().expect("a name");
    let take = SqlChoices { write: SqlWrite::Take, ..SqlChoices::new(Engine::Mysql) };
    let store = SqlStore::new(take, address.clone(), name).expect("a store");
    if let Err(error) = store.about() {
        println!("  skipped: mariadb: {error}");
        return;
    }
    let tickets = 4_000 / scale;
    line("mariadb, take", &|turned| {
        pair(turned, || ours(&store, take.protocol(), tickets), || mariadb_slap(&store, &address, tickets))
    });
    store.clear().expect("cleared");
}

fn at_redis(line: Line<'_>, scale: i64) {
    let url = std::env::var("TICKETSIM_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let address = RedisAddress::parse(&url).expect("a Redis server").expect("an address");
    let name: SaleName = format!("bench_{}", std::process::id()).parse().expect("a name");
    let take = RedisChoices { write: RedisWrite::Take, ..RedisChoices::new() };
    let store = RedisStore::new(take, address.clone(), name.clone()).expect("a store");
    if let Err(error) = store.about() {
        println!("  skipped: redis: {error}");
        return;
    }
    if let Err(error) = Command::new("redis-benchmark").arg("--version").output() {
        println!("  skipped: redis-benchmark: {error}");
        return;
    }
    let tickets = 40_000 / scale;
    line("redis, take", &|turned| {
        let bare = || redis_benchmark(&store, &address, &name, tickets);
        pair(turned, || ours(&store, take.protocol(), tickets), bare)
    });
    store.clear().expect("cleared");
}

/// The same script by Redis' own yardstick; the seconds that as many sales would take.
fn redis_benchmark(store: &RedisStore, address: &RedisAddress, name: &SaleName, tickets: i64) -> f64 {
    store.put_on_sale(Some(tickets), &AtomicBool::new(false)).expect("tickets");
    let place = ["-h".to_owned(), address.host.clone(), "-p".to_owned(), address.port.to_string()];
    let ask = |program: &str, words: &[&str]| {
        let ran = Command::new(program).args(&place).args(words).output().expect(program);
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
        said
    };
    let take = "if tonumber(redis.call('GET', KEYS[1]) or '0') <= 0 then return false end\n\
                return redis.call('DECR', KEYS[1])";
    let script = ask("redis-cli", &["SCRIPT", "LOAD", take]);
    let (clients, requests) = (BUYERS.to_string(), tickets.to_string());
    let key = format!("ticketsim:stock:{name}");
    let database = address.database.to_string();
    let words = ["-c", &clients, "-n", &requests, "--dbnum", &database, "--csv"];
    let said = ask("redis-benchmark", &[&words[..], &["EVALSHA", script.trim(), "1", &key]].concat());
    assert_eq!(store.stock_left().expect("a stock"), 0, "each ticket once: {said}");
    // Below the names of the columns: the command, and how many of it a second.
    let rate = said.lines().last().and_then(|line| line.split("\",\"").nth(1)?.parse::<f64>().ok());
    tickets as f64 / rate.unwrap_or_else(|| panic!("a rate: {said}"))
}

/// Sells all tickets by processes, each with its session, recorded; the seconds that it took.
fn ours<S: Store>(store: &S, protocol: Protocol, tickets: i64) -> f64 {
    Store::put_on_sale(store, Some(tickets), &AtomicBool::new(false)).expect("tickets");
    let recorder = Recorder::new(BUYERS, tickets as u64 + u64::from(BUYERS)).expect("shared memory");
    let seconds = crowd(|buyer| {
        let session = Store::open(store, PACE, &recorder, buyer).expect("a session");
        let mut recorded = Recorded::new(session, recorder.pen(buyer));
        let rules = Rules { protocol, per_buyer: PerBuyer::All, retry: false };
        move || drive(&mut Buyer::new(rules), &mut recorded)
    });
    assert_eq!(recorder.tally().bought, tickets as u64, "each ticket once");
    assert_eq!(store.left().remaining, Some(0));
    seconds
}

/// The same statement, prepared, in a loop.
fn bare_sqlite(store: &SqlStore, file: &Path, tickets: i64) -> f64 {
    store.put_on_sale(Some(tickets)).expect("tickets");
    let take =
        "UPDATE ticketsim_stock_ticket SET ticket = ticket - 1 WHERE id = 1 AND ticket > 0 RETURNING ticket";
    crowd(|_| {
        let connection = rusqlite::Connection::open(file).expect("a connection");
        connection.busy_timeout(PATIENCE).expect("a time-out");
        connection.prepare_cached(take).expect("a statement");
        move || {
            let mut statement = connection.prepare_cached(take).expect("a statement");
            loop {
                let mut rows = statement.query([]).expect("a try");
                if rows.next().expect("a row").is_none() {
                    return;
                }
                assert!(rows.next().expect("the end").is_none());
            }
        }
    })
}

/// The same statements by PostgreSQL's own yardstick; the seconds that as many sales would take.
fn pgbench(store: &SqlStore, address: &Address, tickets: i64) -> f64 {
    let Address::Postgres(server) = address else { unreachable!("a server") };
    // It sells each ticket once, as ours does.
    store.put_on_sale(Some(tickets)).expect("tickets");
    let table = format!("ticketsim_stock_bench_{}", std::process::id());
    let take =
        format!("UPDATE {table} SET ticket = ticket - 1 WHERE id = 1 AND ticket > 0 RETURNING ticket;\n");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), take).expect("a script");
    let mut pgbench = Command::new("pgbench");
    pgbench.args(["-n", "-M", "prepared", "-c", &BUYERS.to_string()]);
    pgbench.args(["-t", &(tickets / i64::from(BUYERS)).to_string(), "-f"]).arg(file.path());
    pgbench.args(["-p", &server.port.to_string(), "-U", &server.user]);
    if let PostgresHost::Name(host) = &server.host {
        pgbench.args(["-h", host]);
    }
    let password = server.password().unwrap_or_default();
    let ran = pgbench.arg(&server.database).env("PGPASSWORD", password).output().expect("pgbench");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let tps =
        said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    tickets as f64 / tps.expect("a rate")
}

/// The same statements by MariaDB's own yardstick; the seconds that they took.
fn mariadb_slap(store: &SqlStore, address: &Address, tickets: i64) -> f64 {
    let Address::Mysql(server) = address else { unreachable!("a server") };
    store.put_on_sale(Some(tickets)).expect("tickets");
    let table = format!("{}.ticketsim_stock_bench_{}", server.database, std::process::id());
    let take = format!("UPDATE {table} SET ticket = LAST_INSERT_ID(ticket - 1) WHERE id = 1 AND ticket > 0");
    let mut slap = Command::new("mariadb-slap");
    // Without --no-drop it would drop the database in the end.
    slap.args(["--no-drop", "--iterations=1", &format!("--create-schema={}", server.database)]);
    slap.args([format!("--concurrency={BUYERS}"), format!("--number-of-queries={tickets}")]);
    slap.args([format!("--user={}", server.user), format!("--query={take}")]);
    match &server.host {
        MysqlHost::Name(host) => slap.args([format!("--host={host}"), format!("--port={}", server.port)]),
        MysqlHost::Usual | MysqlHost::Socket(_) => {
            slap.args(server.socket().map(|path| format!("--socket={}", path.display())))
        }
    };
    let ran = slap.env("MYSQL_PWD", server.password().unwrap_or_default()).output().expect("mariadb-slap");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let seconds = said.split("all queries: ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    assert_eq!(store.stock_left().expect("a stock"), 0, "as many statements as tickets");
    seconds.expect("a time")
}

/// Forks a crowd, each made ready first, and lets them go together; the seconds to the last one's end.
fn crowd<G: FnOnce()>(make: impl Fn(u32) -> G) -> f64 {
    only_thread().expect("benchmarks fork from one thread");
    let ended = SharedSlice::<AtomicU64>::new(BUYERS as usize).expect("a mapping");
    let (start_read, start_write) = pipe().expect("a pipe");
    let (ready_read, ready_write) = pipe().expect("a pipe");
    let mut start_write = Some(start_write);
    let epoch = Instant::now();
    let mut live = |buyer: u32| {
        start_write = None;
        let go = make(buyer);
        nix::unistd::write(&ready_write, &[0]).expect("ready");
        nix::unistd::read(&start_read, &mut [0]).expect("go");
        go();
        ended[buyer as usize - 1].store(epoch.elapsed().as_nanos() as u64, Ordering::Relaxed);
        0
    };
    let pids: Vec<Pid> =
        (1..=BUYERS).map(|buyer| fork_buyer("buyer", || live(buyer)).expect("fork")).collect();
    drop((ready_write, start_read));
    std::fs::File::from(ready_read).read_exact(&mut [0; BUYERS as usize]).expect("all ready");
    let went = epoch.elapsed();
    drop(start_write.take());
    for pid in pids {
        waitpid(pid, None).expect("reaped");
    }
    let end = ended.iter().map(|end| end.load(Ordering::Relaxed)).max().unwrap_or(0);
    (Duration::from_nanos(end).saturating_sub(went)).as_secs_f64()
}

/// The seconds of ours and of the bare one. Every other pair is turned around, lest coming first be an advantage.
fn pair(turned: bool, ours: impl Fn() -> f64, bare: impl Fn() -> f64) -> [f64; 2] {
    if turned {
        let bare = bare();
        [ours(), bare]
    } else {
        [ours(), bare()]
    }
}

fn report(what: &str, pairs: usize, pair: &dyn Fn(bool) -> [f64; 2]) {
    let mut ratios: Vec<f64> = (0..pairs)
        .map(|number| {
            let [ours, bare] = pair(number % 2 == 1);
            // What takes longer sells at a lower rate.
            bare / ours
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[pairs / 4], ratios[(pairs * 3 / 4).min(pairs - 1)]);
    println!("  {what:<25} {:.2} ({low:.2} to {high:.2})", ratios[pairs / 2]);
}
