//! The gate before shops on PostgreSQL: each with a race is found and replayed 100 of 100 times, each safe one is
//! never reported.

mod drivers;
mod file;
mod manners;
mod redis;
mod scram;
mod trouble;

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::target;
use crate::harness::Folder;
use crate::sql::postgres;

/// A table of a test's own, which goes with it.
struct Tables {
    url: String,
    name: String,
}

impl Tables {
    fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = postgres()?;
        let name = format!("gate_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Some(Self { url, name })
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        let drop = format!("DROP TABLE IF EXISTS {0}, {0}_orders, {0}_seats", self.name);
        let done = std::process::Command::new("psql").args(["-q", &self.url, "-c", &drop]).output();
        assert!(done.is_ok_and(|done| done.status.success()) || std::thread::panicking(), "{drop}");
    }
}

/// Runs the purchases of a shop of this manner behind the gate, with more options: the exit code, the document.
fn gated(tables: &Tables, shop: &str, more: &str) -> (Option<i32>, Value) {
    let gate = format!("--gate {0} --env DATABASE_URL={0}", tables.url);
    let shop = format!("{} {{port}} {shop} --table {}", target("gated.py"), tables.name);
    gated_by(&gate, &shop, more)
}

/// Runs the purchases of a shop of ours behind a gate.
fn gated_by(gate: &str, shop: &str, more: &str) -> (Option<i32>, Value) {
    race_at(gate, &format!("python3 {shop}"), more)
}

/// Runs the purchases of a shop that this command starts behind a gate.
fn race_at(gate: &str, shop: &str, more: &str) -> (Option<i32>, Value) {
    let folder = Folder::new();
    let buyers = if more.contains("--buyers") { "" } else { "-n 2" };
    let args = format!(
        "race {gate} {buyers} -t 1 --json --http POST@http://127.0.0.1:{{port}}/buy \
         --stock http://127.0.0.1:{{port}}/stock#$.left --reset POST@http://127.0.0.1:{{port}}/reset?n=1 {more} -- \
         {shop}"
    );
    let args: Vec<String> = args.split_whitespace().map(|word| word.replace("POST@", "POST ")).collect();
    let output = folder.command(args.iter().map(String::as_str)).output().expect("ticketsim runs");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let document = serde_json::from_str(&stdout);
    let document = document
        .unwrap_or_else(|error| panic!("{error}: {stdout} {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), document)
}

/// Asserts that the shop oversells in some order, which comes again every time.
fn assert_found(shop: &str, more: &str) -> Option<Value> {
    assert_replayed(shop, &format!("{more} --replays 10"), 10)
}

/// The same, replayed so often.
fn assert_replayed(shop: &str, more: &str, times: u32) -> Option<Value> {
    let tables = Tables::new()?;
    let (code, document) = gated(&tables, shop, more);
    assert_eq!((code, &document["verdict"]), (Some(1), &"unsound".into()), "{shop}: {document}");
    assert_eq!(document["replayed"], serde_json::json!({ "same": times, "of": times }), "{shop}: {document}");
    Some(document)
}

/// Asserts that no order of the shop's statements oversells.
fn assert_sound(shop: &str, more: &str) -> Option<Value> {
    assert_sound_of(shop, more, 2)
}

/// The same, of so many orders at least.
fn assert_sound_of(shop: &str, more: &str, orders: u64) -> Option<Value> {
    let tables = Tables::new()?;
    let (code, document) = gated(&tables, shop, more);
    assert_eq!((code, &document["verdict"]), (Some(0), &"sound".into()), "{shop}: {document}");
    assert!(document["orders"]["run"].as_u64() >= Some(orders), "{shop}: {document}");
    Some(document)
}

#[test]
fn shops_with_a_race_are_found_and_replayed() {
    let Some(document) = assert_replayed("racy --pool 4", "", 100) else { return };
    // All six orders of two reads and two writes, but for those that differ in nothing.
    assert!(document["orders"]["run"].as_u64() <= Some(6), "{document}");
    assert_eq!(document["shown"]["switches"], 2, "{document}");
    assert_found("racy_transaction --extended", "");
    assert_found("receipts --pool 2 --extended", "");
    assert_found("late_commit", "");
}

#[test]
#[ignore = "the whole: some minutes"]
fn shops_with_a_race_are_replayed_a_hundred_times() {
    for shop in [
        "racy_transaction --extended",
        "receipts --pool 2 --extended",
        "late_commit",
        "racy --think 0.02",
        "racy --workers 2 --pool 2",
        "racy_transaction --pool 2 --job 0.02",
        "racy --extended --binary --pool 2",
        "pipelined --extended",
        "copied --pool 2",
        "two_connections --pool 4",
        "each",
        "next_seat",
        "hidden",
    ] {
        if assert_replayed(shop, "", 100).is_none() {
            return;
        }
    }
}

#[test]
fn safe_shops_are_never_reported() {
    for shop in [
        "for_update --pool 3 --extended",
        "one_statement",
        "optimistic --pool 2",
        "serializable",
        "advisory --extended",
        "polling --pool 2",
    ] {
        assert_sound(shop, "");
    }
}

#[test]
fn a_shop_that_thinks_at_random_is_found_nevertheless() {
    assert_found("racy --think 0.02", "");
}

#[test]
fn a_job_in_the_background_passes() {
    let Some(document) = assert_found("racy_transaction --pool 2 --job 0.02", "") else { return };
    assert_eq!(document["background"].as_array().map(Vec::len), Some(1), "{document}");
    assert_sound("for_update --job 0.03", "");
}

#[test]
fn a_lock_of_the_shops_own_is_seen_as_patience() {
    let Some(document) = assert_sound_of("with_mutex --pool 3", "--patience 150ms", 1) else { return };
    assert!(document["orders"]["parked"].as_u64() > Some(0), "{document}");
    let evidence = document["orders"]["evidence"].as_str().expect("evidence");
    assert!(evidence.contains("futex") || evidence.contains("recv"), "{evidence}");
    assert_sound_of("racy_transaction --pool 1", "--patience 150ms", 1);
}

#[test]
fn three_buyers_and_two_workers() {
    let Some(document) = assert_found("racy_transaction --pool 3", "--buyers 3 --orders depth:1") else {
        return;
    };
    assert!(document["orders"]["run"].as_u64() > Some(6), "{document}");
    assert_found("racy --workers 2 --pool 2", "");
    assert_sound("for_update --workers 2", "");
}

/// What else decides than the order makes a verdict impossible: it is said, and how.
#[test]
fn a_shop_with_a_cache_of_its_own_is_not_judged() {
    let Some(tables) = Tables::new() else { return };
    let (code, document) = gated(&tables, "cached", "");
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    let why = document["why"].as_str().expect("why");
    assert!(why.starts_with("two runs of one order differ"), "{why}");
}

/// A shop that gives up while its statement is held has not answered: that is no outcome.
#[test]
fn a_shop_that_gives_up_while_it_is_held_is_not_judged() {
    let Some(tables) = Tables::new() else { return };
    let (code, document) = gated(&tables, "slow --give-up 0.2", "--patience 5s");
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    let why = document["why"].as_str().expect("why");
    assert!(why.starts_with("the shop closed its connection"), "{why}");
}

/// Two requests that wait for a lock of the shop's own can't be told apart when one of them goes on.
#[test]
fn requests_that_can_not_be_told_apart_are_ambiguous() {
    let Some(tables) = Tables::new() else { return };
    let (code, document) = gated(&tables, "with_mutex --pool 4", "--buyers 3 --patience 150ms");
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    assert!(document["why"].as_str().expect("why").starts_with("ambiguous"), "{document}");
}

#[test]
fn a_shop_that_reads_a_file_finds_the_gate_in_it() {
    let Some(tables) = Tables::new() else { return };
    let folder = Folder::new();
    folder.write("shop.ini", format!("database = {}\n", tables.url));
    let path = folder.path("shop.ini").display().to_string();
    let gate = format!("--gate {} --gate-file {path}", tables.url);
    let shop = format!("{} {{port}} racy --table {} --config {path}", target("gated.py"), tables.name);
    let (code, document) = gated_by(&gate, &shop, "");
    assert_eq!((code, &document["verdict"]), (Some(1), &"unsound".into()), "{document}");
    assert_eq!(folder.read("shop.ini"), format!("database = {}\n", tables.url));
    assert_eq!(folder.list("."), ["shop.ini"]);
}

#[test]
fn the_screen_of_the_page_is_real() {
    the_screen_is_real("README.md", "en");
}

#[test]
fn the_screen_of_the_chinese_page_is_real() {
    the_screen_is_real("README.zh-CN.md", "zh");
}

/// The page shows what really comes, but for the table's name and what differs from run to run.
fn the_screen_is_real(page: &str, lang: &str) {
    let Some(tables) = Tables::new() else { return };
    let page = std::fs::read_to_string(format!("{}/{page}", env!("CARGO_MANIFEST_DIR"))).expect("the page");
    let block = page.split("```text\n$ ticketsim race --gate ").nth(1).expect("the screen");
    let block = block.split("```").next().expect("its end");
    let folder = Folder::new();
    let args = format!(
        "race --lang {lang} --gate {0} -n 2 -t 1 --env DATABASE_URL={0} --http POST@http://127.0.0.1:{{port}}/buy --stock \
         http://127.0.0.1:{{port}}/stock#$.left --reset POST@http://127.0.0.1:{{port}}/reset?n=1 -- python3 {1} {{port}} \
         racy --pool 4 --table {2}",
        tables.url,
        target("gated.py"),
        tables.name
    );
    let args: Vec<String> = args.split_whitespace().map(|word| word.replace("POST@", "POST ")).collect();
    let output = folder.command(args.iter().map(String::as_str)).output().expect("ticketsim runs");
    let real = String::from_utf8(output.stdout).expect("UTF-8").replace(&tables.name, "seats");
    let number = regex::Regex::new(r"[\d,]+ orders a second|每秒 [\d,]+ 种次序").expect("a regex");
    let steady = |text: &str| -> Vec<String> {
        let text = number.replace_all(text, "N orders a second").into_owned();
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let real = steady(&real);
    let mut from = 0;
    // The command may take several lines.
    let output = block.lines().skip_while(|line| line.ends_with('\\')).skip(1);
    for piece in output.collect::<Vec<_>>().join("\n").split("...\n") {
        let piece = steady(piece.trim_matches('\n'));
        let place = real[from..].windows(piece.len()).position(|lines| lines == piece.as_slice());
        from += place.unwrap_or_else(|| panic!("{piece:#?} is not in {real:#?}"));
    }
}

#[test]
fn orders_at_random_and_with_few_switches() {
    let Some(document) = assert_found("receipts", "--orders depth:1") else { return };
    assert_eq!(document["orders"]["reduced"], false, "{document}");
    assert_found("receipts", "--orders random:20");
    let document = assert_sound("one_statement", "--orders random:10").expect("PostgreSQL");
    assert_eq!(document["orders"]["run"], 10, "{document}");
}

#[test]
fn an_order_in_a_file_is_followed_or_its_first_difference_named() {
    let Some(tables) = Tables::new() else { return };
    let folder = Folder::new();
    let own = &tables.name;
    let write = |name: &str, order: String| {
        folder.write(name, order);
        folder.path(name).display().to_string()
    };
    let racy = write(
        "racy.order",
        format!("# found\n1:SELECT {own}, 2:SELECT {own}, 1:UPDATE {own},\n2:UPDATE {own}\n"),
    );
    let page = folder.path("order.html").display().to_string();
    let (code, document) = gated(
        &tables,
        "racy",
        &format!("--order {racy} --expect unsound --html {page} --history {page}.jsonl"),
    );
    assert_eq!((code, &document["verdict"]), (Some(0), &"unsound".into()), "{document}");
    let text = folder.read("order.html");
    assert!(text.contains(&format!("UPDATE {own} SET left_over = 0")) && !text.contains("<script"), "{text}");
    let judged = folder.ticketsim("check order.html.jsonl");
    assert_eq!(judged.code, Some(1), "{judged:?}");
    let (code, _) = gated(&tables, "racy", &format!("--order {racy} --expect sound"));
    assert_eq!(code, Some(1));
    let (code, document) = gated(&tables, "one_statement", &format!("--order {racy} --expect unsound"));
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    let why = document["why"].as_str().expect("why");
    assert_eq!(why, format!("step 1: expected 1:SELECT {own}; held: 1:UPDATE {own}, 2:UPDATE {own}"));
}

/// A shop that somebody starts by hand is waited for, with the gate's address before its eyes.
#[test]
fn a_shop_that_somebody_else_starts() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let Some(tables) = Tables::new() else { return };
    let folder = Folder::new();
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a port").port();
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let (buy, reset) = (format!("POST {}", url("/buy")), format!("POST {}", url("/reset?n=1")));
    let words =
        ["race", "--gate", &tables.url, "-n", "2", "-t", "1", "--json", "--replays", "5", "--http", &buy];
    let books = ["--stock", &url("/stock#$.left"), "--reset", &reset];
    let mut command = folder.command(words.into_iter().chain(books));
    let mut gate = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim runs");
    let said = BufReader::new(gate.stderr.take().expect("its words")).lines();
    let place = said.map(|line| line.expect("text")).find_map(|line| {
        let place = line.split_whitespace().find(|word| word.starts_with("127.0.0.1:"))?;
        line.contains("waiting for it").then(|| place.to_owned())
    });
    let place = place.expect("the gate's address");
    let database = tables.url.rsplit_once('/').expect("a database").1;
    let mut shop = Command::new("python3")
        .args([&target("gated.py"), &port.to_string(), "racy", "--table", &tables.name])
        .env("DATABASE_URL", format!("postgres://postgres@{place}/{database}"))
        .spawn()
        .expect("python3 runs");
    let output = gate.wait_with_output().expect("its end");
    shop.kill().and_then(|()| shop.wait()).expect("its end");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &document["verdict"]), (Some(1), &"unsound".into()), "{document}");
}

#[test]
fn a_shop_that_does_not_use_the_gate_is_told_how() {
    let Some(url) = postgres() else { return };
    let folder = Folder::new();
    let race = "-n 2 -t 1 --http http://127.0.0.1:1/ --reset true";
    let unnamed = folder.ticketsim(&format!("race --gate {url} {race} -- true"));
    assert!(unnamed.code == Some(2) && unnamed.stderr.contains("no environment variable"), "{unnamed:?}");
    let many =
        folder.ticketsim(&format!("race --gate {url} -n 7 -t 1 --http http://127.0.0.1:1/ --reset true"));
    assert!(many.code == Some(2) && many.stderr.contains("2 to 6"), "{many:?}");
    let file = folder.ticketsim(&format!("race --gate sqlite:x.db {race}"));
    assert!(file.code == Some(2) && file.stderr.contains("--gate"), "{file:?}");
}
