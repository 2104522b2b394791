//! Sales from databases, as the command makes them: SQLite always, PostgreSQL and MariaDB where they
//! answer.

use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Folder, children, eventually, kinds, thinks};

/// Of so many tries a race that is there is caught at least once, on however busy a machine.
const TRIES: u32 = 20;

/// Where PostgreSQL is; `None`, and a word on it, where none answers. With CI=true that is a failure.
pub fn postgres() -> Option<String> {
    server("PostgreSQL", "TICKETSIM_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
}

/// The same of MariaDB.
pub fn mariadb() -> Option<String> {
    server("MariaDB", "TICKETSIM_MYSQL", "mysql://root@127.0.0.1:3306/test")
}

fn server(product: &str, variable: &str, usual: &str) -> Option<String> {
    let url = std::env::var(variable).unwrap_or(usual.to_owned());
    let folder = Folder::new();
    let answers = folder.ticketsim(&format!("show --store {url} --sale nobody_has_this"));
    if answers.stderr.contains("nobody_has_this") && !answers.stderr.contains("no server") {
        return Some(url);
    }
    assert!(std::env::var("CI").is_err(), "no {product} at {url}: {answers:?}");
    eprintln!("skipped: no {product} at {url}");
    None
}

/// A sale of a test's own at a database, whose tables go with it.
struct Shop {
    folder: Folder,
    place: String,
}

impl Shop {
    fn sqlite() -> Self {
        Self { folder: Folder::new(), place: "--store sqlite:shop.db".to_owned() }
    }

    fn postgres() -> Option<Self> {
        Some(Self::at(&postgres()?))
    }

    fn mariadb() -> Option<Self> {
        Some(Self::at(&mariadb()?))
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

    fn is_caught(&self, options: &str) -> bool {
        (0..TRIES).any(|_| {
            let (code, document) = self.sell(options);
            let unsound = document["verdict"] == "unsound";
            assert_eq!(code, Some(i32::from(unsound)), "{options}: {document}");
            unsound
        })
    }

    fn is_safe(&self, options: &str) {
        for _ in 0..5 {
            let (code, document) = self.sell(options);
            assert_eq!(
                (code, &document["verdict"]),
                (Some(0), &Value::from("sound")),
                "{options}: {document}"
            );
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
fn sqlite_oversells_and_is_cured() {
    let shop = Shop::sqlite();
    assert!(shop.is_caught("--write set"), "the control");
    assert!(shop.is_caught("--write decrement"), "the control");
    for cure in ["--write take --think 0", "--isolation immediate", "--isolation immediate --journal delete"]
    {
        shop.is_safe(cure);
    }
    shop.is_safe("--write swap");
    shop.is_safe("--isolation deferred --retry");
    for workers in ["thread", "sequential"] {
        shop.is_safe(&format!("--write take --workers {workers}"));
    }
    assert!(shop.is_caught("--write set --workers thread"), "the control");
}

#[test]
fn postgresql_oversells_and_is_cured() {
    let Some(shop) = Shop::postgres() else { return };
    for control in ["", "--isolation read-committed", "--isolation read-committed --write decrement"] {
        assert!(shop.is_caught(control), "{control}");
    }
    for cure in [
        "--write take --think 0",
        "--write swap",
        "--isolation read-committed --lock row",
        "--isolation read-committed --lock advisory",
        "--isolation repeatable-read --retry",
        "--isolation serializable --write insert --retry",
    ] {
        shop.is_safe(cure);
    }
    assert!(shop.is_caught("--isolation repeatable-read --write insert"), "write skew");
    assert!(shop.is_caught("--write decrement --workers thread"), "the control");
}

#[test]
fn mariadb_oversells_and_is_cured() {
    let Some(shop) = Shop::mariadb() else { return };
    for control in [
        "",
        "--isolation repeatable-read --snapshot-isolation off",
        "--isolation read-committed --write decrement",
    ] {
        assert!(shop.is_caught(control), "{control}");
    }
    for cure in [
        "--write take --think 0",
        "--write swap",
        "--isolation repeatable-read --lock row",
        "--isolation read-committed --lock advisory",
        "--isolation repeatable-read --snapshot-isolation on --retry",
        "--isolation serializable --write insert --retry",
    ] {
        shop.is_safe(cure);
    }
    assert!(
        shop.is_caught("--isolation repeatable-read --snapshot-isolation on --write insert"),
        "write skew"
    );
    let (_, document) = shop.sell("--isolation repeatable-read --snapshot-isolation on --think 0");
    let engine = document["engine"].as_str().expect("an engine");
    assert!(engine.contains("innodb_snapshot_isolation ON"), "{engine}");
    let (_, usual) = shop.sell("--write take --think 0");
    assert!(usual["plan"]["snapshot_isolation"].is_string(), "as the server has it: {usual}");
    assert_eq!(
        (&document["plan"]["store"], &document["plan"]["snapshot_isolation"]),
        (&"mysql".into(), &"on".into())
    );
}

/// Without `--retry` what the database aborts has failed, and is said with its code.
#[test]
fn an_abort_is_a_failure_with_its_code() {
    let Some(shop) = Shop::postgres() else { return };
    let codes: Vec<String> = (0..TRIES)
        .flat_map(|_| {
            let options = "--isolation repeatable-read --history h.jsonl";
            let (code, document) = shop.sell(options);
            assert_eq!((code, &document["receipts"]), (Some(0), &1.into()), "{document}");
            shop.folder.read("h.jsonl").lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|line| line.contains("\"fault\":\"aborted\""))
        .collect();
    assert!(!codes.is_empty(), "somebody was aborted");
    assert!(
        codes.iter().all(|line| line.contains("\"code\":\"40001\"") && !line.contains("errno")),
        "{codes:?}"
    );
}

/// With `--retry` it begins again: the document, the history and the table say how often, and why.
#[test]
fn what_is_tried_again_says_how_often_and_why() {
    let Some(shop) = Shop::postgres() else { return };
    let number = |value: &Value| value.as_u64().expect("a number");
    let (document, lines) = (0..TRIES)
        .find_map(|_| {
            let (code, document) = shop.sell("--isolation repeatable-read --retry --history h.jsonl");
            assert_eq!((code, &document["failed"]), (Some(0), &0.into()), "{document}");
            (document["aborts"] != 0).then(|| (document, shop.folder.read("h.jsonl")))
        })
        .expect("somebody was aborted");
    let lines = lines.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).expect("a purchase"));
    let (mut tries, mut aborts, mut coded) = (0, 0, 0);
    for line in lines {
        let tried = line["tries"].as_u64().unwrap_or(1);
        (tries, aborts) = (tries + tried, aborts + line["aborts"].as_u64().unwrap_or(0));
        assert_eq!(tried > 1, line["code"] == "40001", "{line}");
        coded += u64::from(tried > 1);
    }
    assert_eq!((tries, aborts), (number(&document["tries"]), number(&document["aborts"])), "{document}");
    assert_eq!((tries, &document["codes"]["40001"]), (10 + aborts, &coded.into()), "{document}");

    let shown = (0..TRIES).map(|_| {
        let options = "-n 10 -t 1 --isolation repeatable-read --retry --color never";
        shop.folder.ticketsim(&format!("{} {options}", shop.place)).stdout
    });
    let said = |text: &String| text.contains(" aborted by the database (40001)") && text.contains(" tries");
    assert!(shown.into_iter().any(|text| said(&text)), "the table says so, too");
}

/// A swap that met another stock is another try, and nobody's abort.
#[test]
fn a_swap_that_missed_is_another_try() {
    let shop = Shop::sqlite();
    let is_counted = (0..TRIES).any(|_| {
        let (_, document) = shop.sell("--write swap");
        assert_eq!(
            (&document["aborts"], &document["codes"]),
            (&0.into(), &serde_json::json!({})),
            "{document}"
        );
        document["tries"].as_u64() > Some(10)
    });
    assert!(is_counted);
}

#[test]
fn the_document_says_store_level_steps_and_version() {
    let shop = Shop::sqlite();
    let (_, document) = shop.sell("--isolation immediate --think 0");
    let plan = &document["plan"];
    assert_eq!((&plan["store"], &plan["isolation"]), (&"sqlite".into(), &"immediate".into()), "{document}");
    assert_eq!(plan["steps"], "begin-immediate read think write commit");
    assert_eq!((&plan["url"], &plan["name"]), (&"sqlite:shop.db".into(), &"ticket".into()));
    let engine = document["engine"].as_str().expect("an engine");
    assert!(engine.starts_with("SQLite 3.") && engine.contains("journal_mode wal"), "{engine}");
    let again = document["command"].as_str().expect("a command").replace("ticketsim ", "");
    assert_eq!(shop.folder.json(&again).0, Some(0), "{again}");
}

#[test]
fn what_is_left_is_shown_and_what_is_ours_is_removed() {
    let shop = Shop::sqlite();
    shop.sell("--write take --think 0");
    let shown = shop.folder.ticketsim("show --store sqlite:shop.db");
    assert_eq!((shown.code, shown.stdout.as_str()), (Some(0), "0 tickets left in sqlite:shop.db\n"));
    assert_eq!(shop.folder.ticketsim("clear --store sqlite:shop.db").code, Some(0));
    assert_eq!(shop.folder.ticketsim("show --store sqlite:shop.db").code, Some(2), "it is gone");
    assert_eq!(
        shop.folder.ticketsim("clear --store sqlite:shop.db").code,
        Some(0),
        "nothing to do is no error"
    );
}

#[test]
fn what_can_not_be_is_rejected_before_anything_is_done() {
    let folder = Folder::new();
    for (options, said) in [
        ("--store mongo://x -t 1", "no store: it takes sqlite:PATH"),
        ("--store sqlite:shop.db", "no such file"),
        ("--store sqlite:shop.db -t 1 --fsync", "--fsync is of a ticket file"),
        ("--store sqlite:shop.db -t 1 --lock-timeout 1s", "SQLite has no such choice; it has --busy-timeout"),
        ("--store sqlite:shop.db -t 1 --isolation serializable", "SQLite has no level serializable"),
        ("--store postgres://nobody@127.0.0.1:1/x -t 1", "no server there"),
        ("--store mysql://nobody@127.0.0.1:1/x -t 1", "no server there"),
        ("--store mysql://nobody@127.0.0.1/ -t 1", "database: none is named"),
        ("--store sqlite:shop.db -t 1 --snapshot-isolation on", "--snapshot-isolation is of MariaDB"),
        ("--store sqlite:shop.db --file x.json -t 1", "--file is of a ticket file"),
        ("show --store sqlite:shop.db --file x.json", "cannot be used with"),
        ("clear", "--store says where the sale is"),
        ("--sale x -t 1", "--store"),
    ] {
        let ran = folder.ticketsim(options);
        assert_eq!(ran.code, Some(2), "{options}: {ran:?}");
        assert!(ran.stderr.contains(said), "{options}: {ran:?}");
    }
    assert!(folder.list(".").is_empty(), "nothing was made");
}

/// A buyer that is killed leaves nothing behind, and the verdict accounts for its ticket.
#[test]
fn a_killed_buyer_is_accounted_for() {
    killed(&Shop::sqlite(), "--isolation immediate");
    if let Some(shop) = Shop::mariadb() {
        killed(&shop, "--isolation read-committed --lock row");
    }
}

fn killed(shop: &Shop, options: &str) {
    let options = format!("{} -n 20 -t 20 {options} --think 200ms --jitter 0 --json", shop.place);
    let mut command = shop.folder.command(options.split(' '));
    let run = command.stdout(Stdio::piped()).spawn().expect("started");
    // Opening a database may sleep as well.
    let left = || {
        let shown = shop.folder.ticketsim(&format!("show {} --json", shop.place));
        serde_json::from_str::<Value>(&shown.stdout).ok()?["remaining"].as_i64()
    };
    eventually("the first is sold", || left().is_some_and(|left| left < 20));
    // A buyer in its transaction thinks.
    let thinker = || children(run.id()).into_iter().find(|pid| thinks(*pid));
    let mut victim = None;
    eventually("a buyer thinks", || {
        victim = thinker();
        victim.is_some()
    });
    let victim = victim.expect("a buyer");
    kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL).expect("killed");
    let ran = run.wait_with_output().expect("it ends");
    let document: Value = serde_json::from_slice(&ran.stdout).expect("a document");
    // The transaction of the dead was rolled back, unless it had just been committed.
    let number = |value: &Value| value.as_i64().expect("a number");
    let (receipts, left) = (number(&document["receipts"]), number(&document["stock"]["remaining"]));
    assert!(receipts >= 19 && receipts + left == 20, "{document}");
    assert_ne!(document["verdict"], "unsound", "{document}");
    assert_eq!(
        document["buyers"].as_array().expect("buyers").iter().filter(|b| b["killed_by"] == 9).count(),
        1
    );
}

/// Async tasks wait for a database without a thread: more of them than threads wait for each other's rows, and for
/// the one right to write.
#[test]
fn tasks_wait_for_each_other_without_a_thread() {
    let shops = [
        Some((Shop::sqlite(), "--isolation immediate")),
        Shop::postgres().map(|shop| (shop, "--isolation read-committed --lock row")),
        Shop::mariadb().map(|shop| (shop, "--isolation read-committed --lock row")),
    ];
    for (shop, cure) in shops.into_iter().flatten() {
        for cure in [cure, "--write swap", "--write take --think 0"] {
            shop.is_safe(&format!("{cure} --workers task"));
        }
        assert!(shop.is_caught("--workers task"), "the control");
        let (code, document) = shop
            .folder
            .json(&format!("{} -n 50 -t 200 --per-buyer all --think 1ms {cure} --workers task", shop.place));
        assert_eq!(
            (code, &document["receipts"], &document["failed"]),
            (Some(0), &200.into(), &0.into()),
            "{document}"
        );
    }
    for shop in [Shop::postgres(), Shop::mariadb()].into_iter().flatten() {
        for cure in
            ["--isolation read-committed --lock advisory", "--isolation serializable --write insert --retry"]
        {
            shop.is_safe(&format!("{cure} --workers task"));
        }
    }
}

/// A buyer that waits for too long fails, and is stuck, whether the server or ticketsim counts the time.
#[test]
fn a_lock_is_waited_for_no_longer_than_that() {
    let Some(shop) = Shop::postgres() else { return };
    for (lock, workers) in [("row", "process"), ("advisory", "process"), ("row", "task")] {
        let options = format!("--isolation read-committed --lock {lock} --workers {workers}");
        let options =
            format!("-n 2 -t 2 {options} --think 2s --jitter 0 --lock-timeout 200ms --history h.jsonl");
        let (code, document) = shop.folder.json(&format!("{} {options}", shop.place));
        assert_eq!(
            (code, &document["receipts"], &document["failed"]),
            (Some(1), &1.into(), &1.into()),
            "{document}"
        );
        assert_eq!(kinds(&document), ["stuck"], "{document}");
        let history = shop.folder.read("h.jsonl");
        assert!(history.contains("\"fault\":\"lock_timeout\",\"code\":\"55P03\""), "{history}");
        assert_eq!(document["plan"]["lock_timeout_ns"], 200_000_000_u64);
        assert!(document["command"].as_str().is_some_and(|command| command.contains("--lock-timeout 200ms")));
    }
}

/// MariaDB counts it in seconds, for rows and for named locks.
#[test]
fn mariadb_waits_for_a_lock_no_longer_than_that() {
    let Some(shop) = Shop::mariadb() else { return };
    for (lock, code) in [("row", "1205"), ("advisory", "")] {
        let options = format!("--isolation read-committed --lock {lock} -n 2 -t 2 --think 3s --jitter 0");
        let options = format!("{} {options} --lock-timeout 1s --history h.jsonl", shop.place);
        let (exit, document) = shop.folder.json(&options);
        assert_eq!((exit, &document["receipts"], &document["failed"]), (Some(1), &1.into(), &1.into()));
        assert_eq!(kinds(&document), ["stuck"], "{document}");
        let history = shop.folder.read("h.jsonl");
        assert!(history.contains("\"fault\":\"lock_timeout\"") && history.contains(code), "{history}");
    }
    let rejected = shop.folder.ticketsim(&format!("{} -t 1 --lock-timeout 200ms", shop.place));
    assert!(rejected.code == Some(2) && rejected.stderr.contains("in whole seconds, from 1"), "{rejected:?}");
}
