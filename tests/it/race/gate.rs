//! The gate before shops on PostgreSQL: each with a race is found and replayed 100 of 100 times, each safe one is
//! never reported.

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
        let drop = format!("DROP TABLE IF EXISTS {0}, {0}_orders", self.name);
        let done = std::process::Command::new("psql").args(["-q", &self.url, "-c", &drop]).output();
        assert!(done.is_ok_and(|done| done.status.success()) || std::thread::panicking(), "{drop}");
    }
}

/// Runs the purchases of a shop of this manner behind the gate, with more options: the exit code, the document.
fn gated(tables: &Tables, shop: &str, more: &str) -> (Option<i32>, Value) {
    let folder = Folder::new();
    let args = format!(
        "race --gate {0} -n 2 -t 1 --json --env DATABASE_URL={0} --http POST@http://127.0.0.1:{{port}}/buy \
         --stock http://127.0.0.1:{{port}}/stock#$.left --reset POST@http://127.0.0.1:{{port}}/reset?n=1 {more} -- \
         python3 {1} {{port}} {shop} --table {2}",
        tables.url,
        target("gated.py"),
        tables.name
    );
    let args: Vec<String> = args.split_whitespace().map(|word| word.replace("POST@", "POST ")).collect();
    let output = folder.command(args.iter().map(String::as_str)).output().expect("ticketsim runs");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let document = serde_json::from_str(&stdout);
    let document = document
        .unwrap_or_else(|error| panic!("{error}: {stdout} {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), document)
}

/// Asserts that the shop oversells in some order, which comes again 100 of 100 times.
fn assert_found(shop: &str, more: &str) -> Option<Value> {
    let tables = Tables::new()?;
    let (code, document) = gated(&tables, shop, more);
    assert_eq!((code, &document["verdict"]), (Some(1), &"unsound".into()), "{shop}: {document}");
    assert_eq!(document["replayed"], serde_json::json!({ "same": 100, "of": 100 }), "{shop}: {document}");
    Some(document)
}

/// Asserts that no order of the shop's statements oversells.
fn assert_sound(shop: &str, more: &str) -> Option<Value> {
    let tables = Tables::new()?;
    let (code, document) = gated(&tables, shop, more);
    assert_eq!((code, &document["verdict"]), (Some(0), &"sound".into()), "{shop}: {document}");
    assert!(document["orders"]["run"].as_u64() > Some(1), "{shop}: {document}");
    Some(document)
}

#[test]
fn shops_with_a_race_are_found_and_replayed() {
    let Some(document) = assert_found("racy --pool 4", "") else { return };
    // All six orders of two reads and two writes, but for those that differ in nothing.
    assert!(document["orders"]["run"].as_u64() <= Some(6), "{document}");
    assert_eq!(document["shown"]["switches"], 2, "{document}");
    assert_found("racy_transaction --extended", "");
    assert_found("receipts --pool 2 --extended", "");
    assert_found("late_commit", "");
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
    let Some(document) = assert_sound("with_mutex --pool 3", "--patience 150ms") else { return };
    assert!(document["orders"]["parked"].as_u64() > Some(0), "{document}");
    assert_sound("racy_transaction --pool 1", "--patience 150ms");
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
    let (code, document) = gated(&tables, "racy", &format!("--order {racy} --expect unsound"));
    assert_eq!((code, &document["verdict"]), (Some(0), &"unsound".into()), "{document}");
    let (code, _) = gated(&tables, "racy", &format!("--order {racy} --expect sound"));
    assert_eq!(code, Some(1));
    let (code, document) = gated(&tables, "one_statement", &format!("--order {racy} --expect unsound"));
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    let why = document["why"].as_str().expect("why");
    assert_eq!(why, format!("step 1: expected 1:SELECT {own}; held: 1:UPDATE {own}, 2:UPDATE {own}"));
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
