//! The gate before shops that use the drivers most shops use: psycopg with its pool, asyncpg with its own.

use std::process::Command;

use super::{Tables, race_at};
use crate::race::target;

/// A Python that has the drivers; `None`, and a word on it, where there is none. With CI=true that is a failure.
fn python() -> Option<String> {
    let python = std::env::var("TICKETSIM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import psycopg_pool, asyncpg"]).output();
    if has.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(std::env::var("CI").is_err(), "{python} has no psycopg_pool and asyncpg");
    eprintln!("skipped: {python} has no psycopg_pool and asyncpg (TICKETSIM_PYTHON names another)");
    None
}

#[test]
fn shops_with_drivers_from_their_packages() {
    let Some(python) = python() else { return };
    for driver in ["psycopg", "asyncpg"] {
        // What the drivers and their pools say themselves passes: a read, a write and a commit are left. Of their orders
        // those are left out in which a write, or a locking read, waits.
        for (manner, code, verdict, orders) in [("racy", 1, "unsound", 4), ("safe", 0, "sound", 2)] {
            let Some(tables) = Tables::new() else { return };
            let gate = format!("--gate {0} --env DATABASE_URL={0}", tables.url);
            let script = target("gated_drivers.py");
            let shop = format!("{python} {script} {{port}} {driver} {manner} {}", tables.name);
            let (exit, document) = race_at(&gate, &shop, "--replays 20");
            assert_eq!((exit, &document["verdict"]), (Some(code), &verdict.into()), "{shop}: {document}");
            assert_eq!(document["orders"]["run"], orders, "{shop}: {document}");
            if manner == "racy" {
                let replayed = serde_json::json!({ "same": 20, "of": 20 });
                assert_eq!(document["replayed"], replayed, "{shop}: {document}");
            }
        }
    }
}
