//! Sales at a Redis server, as the command makes them, where one answers; and at servers that a test starts itself.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Folder, Ran, children, eventually, thinks};
use crate::servers::{accounts_for_all, accounts_for_the_killed, moment};

/// Where Redis is; `None`, and a word on it, where none answers. With CI=true that is a failure.
pub(crate) fn redis() -> Option<String> {
    let url = std::env::var("TICKETSIM_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let answers = Folder::new().ticketsim(&format!("show --store {url} --sale nobody_has_this"));
    if answers.stderr.contains("there is no sale nobody_has_this") {
        return Some(url);
    }
    assert!(std::env::var("CI").is_err(), "no Redis at {url}: {answers:?}");
    eprintln!("skipped: no Redis at {url}");
    None
}

/// A sale of a test's own, whose keys go with it.
pub(crate) struct Shop {
    pub(crate) folder: Folder,
    pub(crate) place: String,
}

impl Shop {
    pub(crate) fn new() -> Option<Self> {
        Some(Self::at(&redis()?))
    }

    fn at(url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("it_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Self { folder: Folder::new(), place: format!("--store {url} --sale {name}") }
    }

    /// A sale: the exit code, and the document.
    fn sell(&self, options: &str) -> (Option<i32>, Value) {
        self.folder.json(&format!("{} -n 10 -t 1 {options}", self.place))
    }

    /// What is left of the sale that is under way.
    fn left(&self) -> Option<i64> {
        let shown = self.folder.ticketsim(&format!("show {} --json", self.place));
        serde_json::from_str::<Value>(&shown.stdout).ok()?["remaining"].as_i64()
    }

    fn is_caught(&self, options: &str) {
        let caught = (0..20).any(|_| {
            let (code, document) = self.sell(options);
            let unsound = document["verdict"] == "unsound";
            assert_eq!(code, Some(i32::from(unsound)), "{options}: {document}");
            unsound
        });
        assert!(caught, "{options}");
    }

    fn is_safe(&self, options: &str) {
        for _ in 0..4 {
            let (code, document) = self.sell(options);
            assert_eq!((code, &document["verdict"]), (Some(0), &"sound".into()), "{options}: {document}");
            assert_eq!((&document["receipts"], &document["stock"]["remaining"]), (&1.into(), &0.into()));
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.folder.ticketsim(&format!("clear {}", self.place));
    }
}

#[test]
fn redis_oversells_and_is_cured() {
    let Some(shop) = Shop::new() else { return };
    for control in ["", "--write decrement", "--steps decrement", "--lock lease --lease 20ms --think 50ms"] {
        shop.is_caught(control);
    }
    for cure in ["--write take --think 0", "--write swap", "--lock lease", "--lock lease --fence read-write"]
    {
        shop.is_safe(cure);
    }
    for workers in ["thread", "task", "sequential"] {
        shop.is_safe(&format!("--write take --workers {workers}"));
        shop.is_safe(&format!("--lock lease --think 1ms --workers {workers}"));
    }
    for workers in ["thread", "task"] {
        shop.is_caught(&format!("--workers {workers}"));
        shop.is_caught(&format!("--workers {workers} --lock lease --lease 20ms --think 50ms"));
        shop.is_safe(&format!("--workers {workers} --write swap --think 1ms"));
        shop.is_safe(&format!("--workers {workers} --lock lease --think 1ms --fence read-write"));
    }
    let gives_back = shop.folder.ticketsim(&format!("{} -n 10 -t 1 --quiet --steps", shop.place));
    assert_eq!(gives_back.code, Some(2), "a word is missing");
    let script =
        format!("{} {} -n 10 -t 1 --steps 'decrement give-back'", crate::harness::TICKETSIM, shop.place);
    let ran = shop.folder.bash(&script);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn the_stock_of_redis_is_shown_and_cleared() {
    let Some(shop) = Shop::new() else { return };
    let (code, document) = shop.folder.json(&format!("{} -n 3 -t 5 --write take", shop.place));
    assert_eq!((code, &document["stock"]["remaining"]), (Some(0), &2.into()));
    assert!(document["engine"].as_str().expect("an engine").starts_with("Redis "), "{document}");
    assert_eq!(document["plan"]["store"], "redis");
    let (_, shown) = shop.folder.json(&format!("show {}", shop.place));
    assert_eq!(shown["remaining"], 2);
    let again = shop.folder.ticketsim(&format!("{} -n 1 --write take", shop.place));
    assert_eq!(again.code, Some(0), "it goes on with what is there: {again:?}");
    assert_eq!(shop.folder.ticketsim(&format!("clear {}", shop.place)).code, Some(0));
    let gone = shop.folder.ticketsim(&format!("show {}", shop.place));
    assert!(gone.code == Some(2) && gone.stderr.contains("there is no sale"), "{gone:?}");
}

/// A buyer that is killed with the lease in hand keeps the others waiting for the whole lease, and no longer.
#[test]
fn a_killed_holder_of_a_lease_is_waited_for() {
    let Some(shop) = Shop::new() else { return };
    let args = format!("{} -n 3 -t 5 --lock lease --lease 1s --think 300ms --jitter 0 --json", shop.place);
    let mut command = shop.folder.command(args.split_whitespace());
    let child = command.stdout(Stdio::piped()).spawn().expect("ticketsim runs");
    let mut victim = None;
    eventually("a buyer thinks, with the lease in hand", || {
        victim = children(child.id()).into_iter().find(|pid| thinks(*pid));
        victim.is_some()
    });
    kill(Pid::from_raw(victim.expect("a buyer") as i32), Signal::SIGKILL).expect("killed");
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    let receipts = document["receipts"].as_i64().expect("receipts");
    assert!((2..=3).contains(&receipts), "{document}");
    let remaining = document["stock"]["remaining"].as_i64().expect("a stock");
    assert!((4..=5).contains(&(remaining + receipts)), "{document}");
}

/// A buyer that is killed, whenever that is, takes at most one ticket with it.
#[test]
fn a_buyer_killed_at_redis_at_any_moment_is_accounted_for() {
    let Some(shop) = Shop::new() else { return };
    let ways = ["--write take --think 0", "--lock lease --lease 2s --think 1ms", "--write swap --think 1ms"];
    for number in 0..12 {
        let how = ways[number as usize % ways.len()];
        let tickets = if number % 3 == 0 { 20_000 } else { 300 };
        shop.folder.ticketsim(&format!("clear {}", shop.place));
        let args = format!("{} -n 5 -t {tickets} --per-buyer all --json {how}", shop.place);
        let mut command = shop.folder.command(args.split_whitespace());
        let child = command.stdout(Stdio::piped()).spawn().expect("ticketsim runs");
        // One that is killed before it is ready leaves nothing to account for: the sale can't begin.
        eventually("some are sold", || shop.left().is_some_and(|left| left < tickets));
        std::thread::sleep(moment(number));
        let victim = children(child.id()).get(number as usize % 5).copied();
        if let Some(victim) = victim {
            // It may be gone already.
            let _ = kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL);
        }
        let ran = Ran::from(child.wait_with_output().expect("waited"));
        let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        match victim {
            Some(victim) => accounts_for_the_killed(&document, tickets, victim),
            None => accounts_for_all(&document, tickets),
        }
    }
}

/// A server of a test's own, which goes with it. `None`, and a word on it, where there is no program for it.
struct Server(Child, u16);

impl Server {
    fn start(port: u16) -> Option<Self> {
        Self::start_with(port, &[])
    }

    /// The same with further options.
    fn start_with(port: u16, options: &[&str]) -> Option<Self> {
        let port = if port == 0 {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            free.local_addr().expect("an address").port()
        } else {
            port
        };
        let mut server = Command::new("redis-server");
        server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]).args(options);
        match server.stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(child) => {
                let server = Self(child, port);
                eventually("the server came up", || {
                    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
                });
                Some(server)
            }
            Err(error) => {
                assert!(std::env::var("CI").is_err(), "no redis-server: {error}");
                eprintln!("skipped: no redis-server: {error}");
                None
            }
        }
    }
}

impl Server {
    /// What it answers to another client.
    fn ask(&self, words: &str) -> String {
        let mut socket = std::net::TcpStream::connect(("127.0.0.1", self.1)).expect("a connection");
        socket.write_all(format!("{words}\r\n").as_bytes()).expect("sent");
        let mut answer = [0; 64];
        let length = socket.read(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    /// A sale of 200 tickets under way there, in which buyers think: some have been sold.
    fn under_way(&self, shop: &Shop, options: &str) -> Child {
        let args = format!("{} -n 4 -t 200 --jitter 0 --per-buyer 20 --json {options}", shop.place);
        let mut command = shop.folder.command(args.split_whitespace());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim runs");
        let name = shop.place.rsplit(' ').next().expect("a name");
        let stock = || self.ask(&format!("GET ticketsim:stock:{name}"));
        eventually("tickets are sold", || stock().starts_with("$3\r\n1"));
        child
    }
}

/// What came of a sale in which every ticket is accounted for.
fn accounted(child: Child) -> Value {
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    accounts_for_all(&document, 200);
    document
}

/// A server that is killed in mid-sale and keeps what it has said is done has lost nothing; and what it never said
/// is unknown, not failed.
#[test]
fn a_server_that_is_killed_and_persists_accounts_for_every_ticket() {
    let kept = Folder::new();
    let folder = kept.path("").to_string_lossy().into_owned();
    let options = ["--appendonly", "yes", "--appendfsync", "always", "--dir", &folder];
    for sale in ["--write decrement", "--lock lease --lease 1s", "--write swap"] {
        let Some(server) = Server::start_with(0, &options) else { return };
        let port = server.1;
        let shop = Shop::at(&format!("redis://127.0.0.1:{port}"));
        let child = server.under_way(&shop, &format!("{sale} --think 20ms"));
        drop(server);
        let again = Server::start_with(port, &options).expect("a server");
        let document = accounted(child);
        assert!(document["receipts"].as_i64() > Some(0), "it was under way: {document}");
        assert!(document["engine"].to_string().contains("started anew during the sale"), "{document}");
        drop((shop, again));
    }
}

/// A connection that is cut in mid-sale: what was asked may have been done, so nobody says that it was not.
#[test]
fn connections_that_are_cut_leave_nothing_unaccounted() {
    let Some(server) = Server::start(0) else { return };
    let shop = Shop::at(&format!("redis://127.0.0.1:{}", server.1));
    for workers in ["process", "thread", "task"] {
        let options = format!("--lock lease --lease 1s --think 20ms --workers {workers}");
        shop.folder.ticketsim(&format!("clear {}", shop.place));
        let child = server.under_way(&shop, &options);
        server.ask("CLIENT KILL TYPE normal");
        let document = accounted(child);
        assert_eq!(document["codes"]["CUT"], 4, "{workers}: {document}");
    }
}

/// A server that is gone for good: nobody knows what is left, and that is said.
#[test]
fn a_server_that_is_gone_leaves_the_verdict_open() {
    let Some(server) = Server::start(0) else { return };
    let shop = Shop::at(&format!("redis://127.0.0.1:{}", server.1));
    let child = server.under_way(&shop, "--write decrement --think 50ms");
    drop(server);
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!((ran.code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    assert!(document["stock"]["remaining"].is_null() && ran.stderr.contains("no server there"), "{ran:?}");
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("reaped");
    }
}

/// The books say what a server has forgotten that is started anew in the middle of a sale.
#[test]
fn a_server_that_forgets_is_lost_stock() {
    let Some(server) = Server::start(0) else { return };
    let port = server.1;
    let shop = Shop::at(&format!("redis://127.0.0.1:{port}"));
    let args = format!("{} -n 4 -t 1000 --think 300ms --jitter 0 --per-buyer all --json", shop.place);
    let mut command = shop.folder.command(args.split_whitespace());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim runs");
    eventually("a buyer thinks", || children(child.id()).into_iter().any(thinks));
    drop(server);
    let again = Server::start(port).expect("a server");
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    drop(again);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!((ran.code, &document["verdict"]), (Some(1), &"unsound".into()), "{ran:?}");
    let kinds = document["anomalies"].as_array().expect("anomalies").iter();
    assert!(kinds.into_iter().any(|anomaly| anomaly["kind"] == "lost_stock"), "{document}");
    assert!(document.to_string().contains("has forgotten the stock"), "{document}");
    let engine = document["engine"].as_str().expect("an engine");
    assert!(engine.contains("started anew during the sale"), "{engine}");
}

#[test]
fn what_can_not_be_sold_at_redis_is_one_error() {
    let folder = Folder::new();
    for (args, said) in [
        ("--store redis://127.0.0.1:1 -t 1", "no server there"),
        ("--store redis://127.0.0.1:x", "port"),
        ("--store redis://host/db", "database"),
        ("--store redis://127.0.0.1:1 --isolation serializable", "--isolation is of a database"),
        ("--store redis://127.0.0.1:1 --lock lease --fsync", "--fsync is of a ticket file"),
        ("--store redis://127.0.0.1:1 --lock flock", "it has: none, lease"),
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(said), "{args}: {ran:?}");
    }
    let ran = folder.ticketsim("show --store redis://shop:s3cret@127.0.0.1:1/2");
    assert!(ran.stderr.contains("redis://shop@127.0.0.1:1/2") && !ran.stderr.contains("s3cret"), "{ran:?}");
}
