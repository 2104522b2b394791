//! Tests against a Redis server: at `TICKETSIM_REDIS` or its usual address, with keys of the test's own; and against
//! servers that a test starts itself. If there is none, a test reports that it is skipped; with `CI=true` that is a
//! failure.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::fault::FaultKind;
use crate::protocol::redis::Fence;
use crate::protocol::{Action, Reply};
use crate::store::server::Doing;
use crate::world::{Begun, Session as _};

const PACE: Pace = Pace { think_ns: 0, jitter: 0.0, seed: 1 };

fn recorder(buyers: u32) -> Recorder {
    Recorder::new(buyers, 1000).expect("shared memory")
}

fn address(url: &str) -> RedisAddress {
    RedisAddress::parse(url).expect("a Redis server").expect("an address")
}

/// A test's own sale; dropping it removes its keys.
struct Place(RedisStore);

impl Place {
    /// At the running server; `None` is reported.
    fn new(test: &str, steps: &str, fence: Fence) -> Option<Self> {
        let url = std::env::var("TICKETSIM_REDIS");
        let address = address(&url.unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned()));
        if let Err(error) = link::Talk::begin(&address) {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} is skipped: {error}");
            eprintln!("skipped: {test}: {error}");
            return None;
        }
        Some(Self(store(address, steps, fence)))
    }

    fn put(&self, tickets: Stock) {
        let put = Store::put_on_sale(&self.0, Some(tickets), &AtomicBool::new(false));
        assert_eq!(put.expect("tickets"), tickets);
    }

    fn session(&self, recorder: &Recorder, buyer: u32) -> RedisSession {
        Store::open(&self.0, PACE, recorder, buyer).expect("a session")
    }

    /// Sends a command, like another program.
    fn ask(&self, words: &[&str]) -> Option<String> {
        link::Talk::begin(&self.0.address)
            .expect("a connection")
            .text(Doing::Connect, words)
            .expect("an answer")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for key in self.0.keys.all() {
            self.ask(&["DEL", key]);
        }
    }
}

fn store(address: RedisAddress, steps: &str, fence: Fence) -> RedisStore {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id()).parse().expect("a name");
    let choices = RedisChoices { fence, lease_ns: 60_000_000_000, ..RedisChoices::new() };
    let choices = choices.of_steps(steps.parse().expect("words")).expect("choices");
    RedisStore::new(choices, address, name).expect("a store")
}

/// Every action, one after the other, against what the server must answer.
#[test]
fn every_action_is_answered() {
    let Some(place) = Place::new("every action", "lock read write unlock", Fence::None) else { return };
    place.put(3);
    let recorder = recorder(2);
    let mut one = place.session(&recorder, 1);
    for (action, reply) in [
        (Action::Lock, Reply::Done),
        (Action::Read, Reply::Stock(3)),
        (Action::Write(2), Reply::Sold(3)),
        (Action::Unlock, Reply::Done),
        (Action::Decrement, Reply::Sold(2)),
        (Action::GiveBack, Reply::Done),
        (Action::Watch, Reply::Done),
        (Action::Swap(2), Reply::Sold(2)),
    ] {
        assert_eq!(one.perform(action), reply, "{action:?}");
    }
    assert_eq!(place.0.stock_left().expect("a stock"), 1);
    assert_eq!(place.ask(&["EXISTS", &place.0.keys.lease]).as_deref(), Some("0"));
}

#[test]
fn a_swap_misses_where_anybody_has_touched_the_stock() {
    let Some(place) = Place::new("swap", "watch read swap", Fence::None) else { return };
    place.put(5);
    let recorder = recorder(2);
    let (mut one, mut other) = (place.session(&recorder, 1), place.session(&recorder, 2));
    for session in [&mut one, &mut other] {
        assert_eq!(session.perform(Action::Watch), Reply::Done);
        assert_eq!(session.perform(Action::Read), Reply::Stock(5));
    }
    assert_eq!(one.perform(Action::Swap(5)), Reply::Sold(5));
    assert_eq!(other.perform(Action::Swap(5)), Reply::Missed);
    // Without a change in between it goes through.
    assert_eq!(other.perform(Action::Watch), Reply::Done);
    assert_eq!(other.perform(Action::Read), Reply::Stock(4));
    assert_eq!(other.perform(Action::Swap(4)), Reply::Sold(4));
}

#[test]
fn a_take_ends_at_nothing_and_knows_its_script_again() {
    let Some(place) = Place::new("take", "take", Fence::None) else { return };
    place.put(2);
    let recorder = recorder(1);
    let mut one = place.session(&recorder, 1);
    assert_eq!(one.perform(Action::Take), Reply::Sold(2));
    // As after a restart: the server has lost its scripts.
    one.scripts[0].name = b"0000000000000000000000000000000000000000".to_vec();
    assert_eq!(one.perform(Action::Take), Reply::Sold(1));
    assert_eq!(one.perform(Action::Take), Reply::Missed);
    assert_eq!(place.0.stock_left().expect("a stock"), 0);
}

/// A lease lets nobody else in until it expires; then its old holder deletes nothing.
#[test]
fn a_lease_is_let_go_by_its_holder_alone() {
    let Some(place) = Place::new("lease", "lock read write unlock", Fence::None) else { return };
    place.put(1);
    let recorder = recorder(2);
    let (mut one, mut other) = (place.session(&recorder, 1), place.session(&recorder, 2));
    assert_eq!(one.attempt(Action::Lock), Some(Reply::Done));
    assert_eq!(other.attempt(Action::Lock), None);
    let left = place.ask(&["PTTL", &place.0.keys.lease]).and_then(|text| text.parse::<i64>().ok());
    assert!(left.is_some_and(|left| left > 0), "it expires by itself: {left:?}");
    let expires = |buyer| {
        let mut books = place.0.books().expect("a connection");
        books.end_lease(&session::of_buyer(&recorder, buyer)).expect("ended")
    };
    assert!(!expires(2), "it is not buyer 2's");
    assert!(expires(1));
    assert_eq!(other.attempt(Action::Lock), Some(Reply::Done));
    assert_eq!(one.perform(Action::Unlock), Reply::Done);
    assert_eq!(one.attempt(Action::Lock), None, "the other has it still");
    assert_eq!(other.perform(Action::Unlock), Reply::Done);
    assert_eq!(one.attempt(Action::Lock), Some(Reply::Done));
}

#[test]
fn an_older_token_is_rejected_once_a_newer_one_was_shown() {
    for (fence, read_is_rejected) in [(Fence::Write, false), (Fence::ReadWrite, true)] {
        let Some(place) = Place::new("fence", "lock read write unlock", fence) else { return };
        place.put(9);
        let recorder = recorder(2);
        let (mut one, mut other) = (place.session(&recorder, 1), place.session(&recorder, 2));
        assert_eq!(one.attempt(Action::Lock), Some(Reply::Done));
        assert!(place.0.books().expect("books").end_lease(&session::of_run(&recorder)).expect("ended"));
        assert_eq!(other.attempt(Action::Lock), Some(Reply::Done));
        assert_eq!((one.token, other.token), (1, 2));
        // Taking the lease shows no token.
        assert_eq!(one.perform(Action::Read), Reply::Stock(9));
        assert_eq!(other.perform(Action::Read), Reply::Stock(9));
        let is_fenced =
            |reply: &Reply| matches!(reply, Reply::Failed(fault) if fault.kind == FaultKind::Fenced);
        assert_eq!(is_fenced(&one.perform(Action::Read)), read_is_rejected, "{fence}");
        assert_eq!(other.perform(Action::Write(8)), Reply::Sold(9));
        assert!(is_fenced(&one.perform(Action::Write(8))), "{fence}");
        assert_eq!(place.0.stock_left().expect("a stock"), 8);
    }
}

#[test]
fn a_key_that_is_not_ours_stays_as_it_is() {
    let Some(place) = Place::new("foreign keys", "take", Fence::None) else { return };
    let key = place.0.keys.stock.clone();
    let rejected = || {
        let put = Store::put_on_sale(&place.0, Some(1), &AtomicBool::new(false));
        put.expect_err("rejected").to_string()
    };
    place.ask(&["RPUSH", &key, "a"]);
    assert!(rejected().contains("it holds a list"), "{}", rejected());
    assert!(place.0.clear().is_err());
    place.ask(&["DEL", &key]);
    place.ask(&["SET", &key, "hello\u{1b}[2J"]);
    let said = rejected();
    assert!(said.contains("it holds \"hello") && !said.contains('\u{1b}'), "{said}");
    assert_eq!(place.ask(&["GET", &key]).as_deref(), Some("hello\u{1b}[2J"));
    place.ask(&["DEL", &key]);
    let none = Store::put_on_sale(&place.0, None, &AtomicBool::new(false)).expect_err("none").to_string();
    assert!(none.contains("there is no sale"), "{none}");
    place.put(4);
    assert_eq!(Store::put_on_sale(&place.0, None, &AtomicBool::new(false)).expect("found"), 4);
    assert!(place.0.clear().expect("cleared") && !place.0.clear().expect("nothing left"));
}

/// A test's own server; dropping it ends it.
struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
    options: Vec<String>,
}

impl Server {
    /// `None` is reported if there is no server program.
    fn start(test: &str, options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        match run_server(port, folder.path(), &options) {
            Ok(child) => Some(Self { child, port, folder, options }),
            Err(error) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} is skipped: {error}");
                eprintln!("skipped: {test}: no redis-server: {error}");
                None
            }
        }
    }

    fn address(&self, who: &str) -> RedisAddress {
        address(&format!("redis://{who}127.0.0.1:{}", self.port))
    }

    fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }

    fn start_again(&mut self) {
        self.kill();
        self.child = run_server(self.port, self.folder.path(), &self.options).expect("a server");
    }
}

fn run_server(port: u16, folder: &std::path::Path, options: &[String]) -> std::io::Result<Child> {
    let port = port.to_string();
    let mut server = Command::new("redis-server");
    server.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]).args(options);
    let child = server.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let since = Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(since.elapsed() < Duration::from_secs(60), "the server came up");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(child)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn put(store: &RedisStore, tickets: Option<Stock>) -> Result<Stock, String> {
    Store::put_on_sale(store, tickets, &AtomicBool::new(false)).map_err(|error| error.to_string())
}

#[test]
fn a_server_that_is_started_anew_without_persistence_has_forgotten_the_stock() {
    let Some(mut server) = Server::start("restart", &[]) else { return };
    let store = store(server.address(""), "take", Fence::None);
    assert_eq!(put(&store, Some(5)), Ok(5));
    let recorder = recorder(1);
    let mut one = Store::open(&store, PACE, &recorder, 1).expect("a session");
    assert_eq!(one.perform(Action::Take), Reply::Sold(5));
    server.start_again();
    // It is not known whether it was carried out; nothing follows.
    for action in [Action::Take, Action::Take] {
        let Reply::Failed(fault) = one.perform(action) else { panic!("the connection is gone") };
        assert_eq!(fault.kind, FaultKind::AnswerLost);
    }
    let left = store.left();
    assert_eq!(left.remaining, Some(0));
    assert!(left.unread.expect("said").contains("has forgotten the stock"));
    assert!(left.about.expect("about").contains("started anew during the sale"));
}

#[test]
fn what_a_server_rejects_is_one_clear_error() {
    let Some(server) = Server::start("errors", &["--requirepass", "s3cret", "--maxclients", "40"]) else {
        return;
    };
    let at = |who: &str| store(server.address(who), "take", Fence::None);
    for (who, said) in [("", "NOAUTH"), (":wr0ng@", "WRONGPASS"), ("nobody:wr0ng@", "WRONGPASS")] {
        let error = put(&at(who), Some(1)).expect_err(who);
        assert!(error.contains(said) && !error.contains("wr0ng"), "{error}");
        assert_eq!(error.contains("no password was at hand"), who.is_empty(), "{error}");
    }
    let open = at(":s3cret@");
    assert_eq!(put(&open, Some(3)), Ok(3));
    let many = Store::admit(&open, 50).expect_err("too many").to_string();
    assert!(many.contains("maxclients = 40"), "{many}");
    assert!(Store::admit(&open, 10).is_ok());
    let mut talk = link::Talk::begin(&open.address).expect("a connection");
    // A full server writes nothing more, and the stock stays.
    talk.ask(Doing::Connect, &["CONFIG", "SET", "maxmemory", "1"]).expect("set");
    for tickets in [Some(1), None] {
        let error = put(&open, tickets).expect_err("full");
        assert!(error.contains("OOM"), "{error}");
    }
    talk.ask(Doing::Connect, &["CONFIG", "SET", "maxmemory", "0"]).expect("set");
    talk.ask(Doing::Connect, &["REPLICAOF", "127.0.0.1", "1"]).expect("a replica");
    for tickets in [Some(1), None] {
        let error = put(&open, tickets).expect_err("a replica");
        assert!(error.contains("is not allowed") && error.contains("READONLY"), "{error}");
    }
    talk.ask(Doing::Connect, &["REPLICAOF", "NO", "ONE"]).expect("a master");
    assert_eq!(put(&open, None), Ok(3));
}

/// Over TLS everything works as without, but only for clients that trust the server's authority.
#[test]
fn a_server_is_sold_from_over_tls() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let file = |name: &str| format!("{}/tests/targets/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let (tls_port, key, own, authority) =
        (port.to_string(), file("server.key"), file("server.pem"), file("ca.pem"));
    let options = ["--tls-port", &tls_port, "--tls-key-file", &key, "--tls-cert-file", &own];
    let more = ["--tls-ca-cert-file", &authority, "--tls-auth-clients", "no"];
    let Some(server) = Server::start("TLS", &[&options[..], &more].concat()) else { return };
    let at = |url: &str| store(address(url), "lock read write unlock", Fence::None);
    let trusted = at(&format!("rediss://127.0.0.1:{port}?cacert={}", authority.replace('/', "%2F")));
    assert_eq!(put(&trusted, Some(3)), Ok(3));
    let recorder = recorder(2);
    let mut one = Store::open(&trusted, PACE, &recorder, 1).expect("a session");
    for (action, reply) in
        [(Action::Lock, Reply::Done), (Action::Read, Reply::Stock(3)), (Action::Write(2), Reply::Sold(3))]
    {
        assert_eq!(one.perform(action), reply, "{action:?}");
    }
    // The same for an async session.
    let mut other = Store::open(&trusted, PACE, &recorder, 2).expect("a session");
    let mut begun = other.begin(Action::Read);
    let since = Instant::now();
    while begun == Begun::Asked && since.elapsed() < Duration::from_secs(10) {
        begun = other.resume();
    }
    assert_eq!(begun, Begun::Over(Reply::Stock(2)));
    let stranger =
        put(&at(&format!("rediss://127.0.0.1:{port}")), Some(1)).expect_err("an authority of its own");
    assert!(stranger.contains("TLS:"), "{stranger}");
    let plain = put(&at(&format!("redis://127.0.0.1:{port}")), Some(1)).expect_err("it wants TLS");
    assert!(plain.contains("cut") || plain.contains("no Redis server"), "{plain}");
    // A port without TLS does not answer, and waits for more.
    let secured = address(&format!("rediss://127.0.0.1:{}", server.port));
    let silent = wire::Broken::TimedOut.at(&secured).to_string();
    assert!(silent.contains("does it speak TLS (else redis://)?"), "{silent}");
}

#[test]
fn who_is_no_server_is_told_from_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let web = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut socket, _) = listener.accept().expect("a client");
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let store = store(address(&format!("redis://127.0.0.1:{port}")), "take", Fence::None);
    let error = put(&store, Some(1)).expect_err("no such server");
    assert!(error.contains("no Redis server"), "{error}");
    web.join().expect("done");
    let error = put(&store, Some(1)).expect_err("nobody there");
    assert!(error.contains("no server there"), "{error}");
}
