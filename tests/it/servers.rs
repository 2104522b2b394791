//! What befalls a sale at PostgreSQL: buyers, launcher and server killed at any moment, and servers that let nobody in.
//! Whatever happens, the verdict accounts for every ticket, and nothing is left on the server.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use serde_json::Value;

use crate::harness::{Folder, children, eventually, kinds};
use crate::sql::postgres;

/// Removes a sale, so that nothing of it is taken for the next.
fn forget(url: &str) {
    ask(url, "DROP TABLE IF EXISTS ticketsim_stock_ticket");
}

/// Waits until some of so many tickets have been sold.
fn await_sales(url: &str, tickets: i64) {
    eventually("some have been sold", || {
        ask(url, "SELECT to_regclass('ticketsim_stock_ticket') IS NOT NULL") == "t"
            && number(url, "SELECT coalesce(min(ticket), 999999) FROM ticketsim_stock_ticket") < tickets
    });
}

/// What psql answers.
fn ask(url: &str, statement: &str) -> String {
    let ran = Command::new("psql").args(["-XAtq", "-c", statement, url]).stdin(Stdio::null()).output();
    let ran = ran.expect("psql, which comes with the server");
    assert!(ran.status.success(), "{statement}: {ran:?}");
    String::from_utf8(ran.stdout).expect("text").trim().to_owned()
}

fn number(url: &str, select: &str) -> i64 {
    ask(url, select).parse().expect(select)
}

/// A database of a test's own at the server that is there, which goes with it.
struct Database {
    server: String,
    name: String,
    url: String,
    folder: Folder,
}

impl Database {
    fn make() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = postgres()?;
        let name = format!("ticketsim_it_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        ask(&server, &format!("CREATE DATABASE {name}"));
        let (place, query) = server.split_once('?').map_or((server.as_str(), None), |(a, b)| (a, Some(b)));
        let (place, _) = place.rsplit_once('/').expect("a database in the address");
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let url = format!("{place}/{name}{query}");
        Some(Self { server, name, url, folder: Folder::new() })
    }

    fn start(&self, options: &str) -> Child {
        start(&self.folder, &self.url, options)
    }

    /// Waits until nobody of ours is there, and holds nothing.
    fn is_left_clean(&self) {
        eventually("no session is left", || {
            number(
                &self.url,
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> \
                 pg_backend_pid()",
            ) == 0
        });
        let locks = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = \
                     current_database() AND pid <> pg_backend_pid()";
        assert_eq!(number(&self.url, locks), 0);
    }

    fn waiting(&self) -> i64 {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND \
                     cardinality(pg_blocking_pids(pid)) > 0";
        number(&self.url, waits)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        ask(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn start(folder: &Folder, url: &str, options: &str) -> Child {
    let mut command = folder.command(["--store", url, "--json", "--progress", "never"]);
    command.args(options.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("ticketsim starts")
}

fn document(run: Child) -> Value {
    let ran = run.wait_with_output().expect("it ends");
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn send(pid: u32, signal: Signal) {
    // It may be gone already.
    let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
}

/// Receipts, and purchases that nobody answered, account for every ticket that is gone.
pub(crate) fn accounts_for_all(document: &Value, tickets: i64) {
    without_a_receipt(document, tickets);
    assert_ne!(document["verdict"], "unsound", "{document}");
}

/// How many tickets are gone without a receipt: no more than purchases that nobody answered.
fn without_a_receipt(document: &Value, tickets: i64) -> i64 {
    let number = |value: &Value| value.as_i64().unwrap_or_else(|| panic!("no number: {document}"));
    let gone = tickets - number(&document["stock"]["remaining"]);
    let (receipts, unanswered) = (number(&document["receipts"]), number(&document["unanswered"]));
    assert!(receipts <= gone && gone <= receipts + unanswered, "{document}");
    gone - receipts
}

/// The same where this buyer was killed. Between its commit and its receipt it takes one ticket with it: that, and that it
/// was this buyer, is the only thing that may be said against the sale.
pub(crate) fn accounts_for_the_killed(document: &Value, tickets: i64, victim: u32) {
    let lost = without_a_receipt(document, tickets);
    if document["verdict"] == "unsound" {
        assert_eq!((lost, kinds(document)), (1, vec!["lost_stock"]), "{document}");
        let anomaly = &document["anomalies"][0];
        assert_eq!((&anomaly["count"], &anomaly["evidence"]["extra"]), (&1.into(), &0.into()), "{document}");
        assert_eq!(anomaly["evidence"]["suspects"][0]["pid"], victim, "{document}");
    }
}

/// A moment that is another each time: from 0 to 63 ms, in the order of a de Bruijn-like stride.
pub(crate) fn moment(number: u32) -> Duration {
    Duration::from_millis(u64::from(number * 37 % 64))
}

#[test]
fn a_buyer_killed_at_any_moment_is_accounted_for() {
    let Some(database) = Database::make() else { return };
    for (number, how) in (0..).zip([
        "--isolation read-committed --lock row --think 1ms",
        "--write take --think 0",
        "--isolation serializable --retry --think 1ms",
        "--lock advisory --isolation read-committed --think 1ms",
        "--isolation repeatable-read --write decrement --retry --think 1ms",
        "--write swap --think 1ms",
    ]) {
        forget(&database.url);
        let run = database.start(&format!("-n 5 -t 300 --per-buyer all {how}"));
        await_sales(&database.url, 300);
        std::thread::sleep(moment(number));
        let victim = children(run.id()).get(number as usize % 5).copied();
        if let Some(victim) = victim {
            send(victim, Signal::SIGKILL);
        }
        let document = document(run);
        match victim {
            Some(victim) => accounts_for_the_killed(&document, 300, victim),
            None => accounts_for_all(&document, 300),
        }
        database.is_left_clean();
    }
}

#[test]
fn a_launcher_that_is_killed_leaves_nothing_on_the_server() {
    let Some(database) = Database::make() else { return };
    for how in ["--lock advisory --isolation read-committed", "--isolation read-committed --lock row"] {
        forget(&database.url);
        let mut run = database.start(&format!("-n 5 -t 9999 --per-buyer all --think 2ms {how}"));
        await_sales(&database.url, 9999);
        run.kill().expect("SIGKILL");
        run.wait().expect("reaped");
        database.is_left_clean();
        assert!(number(&database.url, "SELECT ticket FROM ticketsim_stock_ticket") > 0);
    }
}

/// Who is killed while its statement waits may still buy: the server goes on waiting, and sees only afterwards that
/// nobody is there. In a transaction it does not, since nobody commits.
#[test]
fn a_killed_waiter_may_still_buy_and_is_accounted_for() {
    let Some(database) = Database::make() else { return };
    for (steps, level, left) in [("think take", "none", 4), ("think begin take commit", "read-committed", 5)]
    {
        // It thinks first, so that it is there before the row is held.
        let options = ["-n", "1", "-t", "5", "--think", "2s", "--jitter", "0", "--isolation", level];
        let mut run = database.folder.command(["--store", &database.url, "--json", "--steps", steps]);
        let run = run.args(options).stdout(Stdio::piped()).spawn().expect("ticketsim starts");
        let buyer = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name \
                     LIKE 'ticketsim % buyer %'";
        eventually("the buyer is there", || number(&database.url, buyer) == 1);
        let mut holder = Command::new("psql");
        holder.args(["-Xq", &database.url]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut holder = holder.spawn().expect("psql");
        let mut words = holder.stdin.take().expect("a pipe");
        words
            .write_all(b"BEGIN; SELECT ticket FROM ticketsim_stock_ticket WHERE id = 1 FOR UPDATE;\n")
            .expect("sent");
        eventually("the row is held", || {
            let holds = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in \
                         transaction'";
            number(&database.url, holds) == 1
        });
        eventually("the buyer waits", || database.waiting() == 1);
        for buyer in children(run.id()) {
            send(buyer, Signal::SIGKILL);
        }
        eventually("it is gone", || children(run.id()).iter().all(|pid| !crate::harness::alive(*pid)));
        words.write_all(b"ROLLBACK;\n").expect("sent");
        drop(words);
        holder.wait().expect("psql ends");
        let document = document(run);
        assert_eq!((&document["receipts"], &document["unanswered"]), (&0.into(), &1.into()), "{document}");
        assert_eq!(document["stock"]["remaining"], left, "{document}");
        accounts_for_all(&document, 5);
        database.is_left_clean();
    }
}

/// A server of a test's own, which may be killed. It goes with its folder.
struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    process: Option<Child>,
}

impl Server {
    fn make() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let found =
            versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
        let Some(programs) = found else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "there is no initdb");
            eprintln!("skipped: there is no initdb");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("ticketsim-pg-").tempdir().expect("a folder");
        let mut server = Self { folder, programs, process: None };
        if let Some(user) = runs_as() {
            std::os::unix::fs::chown(server.folder.path(), Some(user.uid.as_raw()), None).expect("an owner");
        }
        let data = server.folder.path().join("data");
        let mut initdb = server.program("initdb");
        initdb.args(["-U", "owner", "-A", "trust", "--no-sync", "-D"]).arg(data);
        let made = initdb.output().expect("initdb");
        assert!(made.status.success(), "{made:?}");
        server.up();
        Some(server)
    }

    fn url(&self) -> String {
        format!("postgres://owner@/postgres?host={}", self.folder.path().display())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some(user) = runs_as() {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Starts it, once those whom its killed postmaster has left behind are gone, and waits until it lets one in.
    fn up(&mut self) {
        let began = Instant::now();
        loop {
            let settings = ["fsync=on", "shared_buffers=8MB", "max_connections=20", "listen_addresses="];
            let mut server = self.program("postgres");
            server.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
            server.args(settings.iter().flat_map(|setting| ["-c", setting]));
            let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
            let mut process = server.stdout(Stdio::null()).stderr(log).spawn().expect("a server");
            while process.try_wait().expect("a process").is_none() {
                let says =
                    Command::new("psql").args(["-XAtqc", "SELECT 1", &self.url()]).output().expect("psql");
                if says.status.success() {
                    self.process = Some(process);
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills it: the postmaster, which can say no word to anybody.
    fn kill(&mut self) {
        let mut process = self.process.take().expect("a server");
        process.kill().expect("SIGKILL");
        process.wait().expect("reaped");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // At once, with all of its processes.
            send(process.id(), Signal::SIGQUIT);
            let _ = process.wait();
        }
    }
}

/// A server does not run as root.
fn runs_as() -> Option<User> {
    let is_root = nix::unistd::geteuid().is_root();
    is_root.then(|| User::from_name("postgres").ok().flatten().expect("a user that a server runs as"))
}

/// A server that is killed in the middle of a sale and comes up again: every ticket is accounted for.
#[test]
fn a_server_that_is_killed_in_mid_sale_and_restarted_loses_no_ticket() {
    let Some(mut server) = Server::make() else { return };
    let folder = Folder::new();
    for (number, how) in (0..).zip([
        "--isolation read-committed --lock row --think 1ms --workers process",
        "--write take --think 0 --workers process",
        "--isolation read-committed --lock row --think 1ms --workers task",
    ]) {
        forget(&server.url());
        let run = start(&folder, &server.url(), &format!("-n 5 -t 99999 --per-buyer all {how}"));
        await_sales(&server.url(), 99_990);
        std::thread::sleep(moment(number));
        server.kill();
        server.up();
        let document = document(run);
        accounts_for_all(&document, 99_999);
        assert!(document["receipts"].as_i64() > Some(0), "{document}");
    }
}

/// One clear error, and exit code 2, in time.
#[test]
fn servers_that_let_nobody_in_are_one_clear_error() {
    let folder = Folder::new();
    // It accepts, as a listener's queue does, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let silent_url = format!("postgres://nobody@127.0.0.1:{port}/shop?connect_timeout=1");
    let mut cases = vec![
        (silent_url, "no answer within 1s"),
        ("postgres://nobody@127.0.0.1:1/shop".to_owned(), "no server there"),
    ];
    if let Some(url) = postgres() {
        let (place, _) = url.rsplit_once('/').expect("a database in the address");
        cases.push((format!("{place}/ticketsim_no_such"), "there is no database \"ticketsim_no_such\""));
    }
    for (url, said) in cases {
        for command in [
            format!("--store {url} -t 1"),
            format!("show --store {url}"),
            format!("clear --store {url}"),
            format!("matrix --store {url}"),
        ] {
            let began = Instant::now();
            let ran = folder.ticketsim(&command);
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{command}: {ran:?}");
            assert!(ran.stderr.contains(said) && ran.stderr.lines().count() == 1, "{command}: {ran:?}");
            assert!(began.elapsed() < Duration::from_secs(30), "{command}");
        }
    }
}
