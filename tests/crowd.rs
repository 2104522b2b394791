//! Ten thousand processes. In a program of its own, which cargo runs by itself: beside them nothing else gets on.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

#[test]
fn ten_thousand_buyers_of_one_ticket_run_to_a_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = Command::new(env!("CARGO_BIN_EXE_ticketsim"))
        .args("-n 10000 -t 1 --think 0 --json --file ticket.json".split(' '))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("ticketsim runs");
    let document: Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(ran.status.code(), Some(0), "{}", document["verdict"]);
    assert_eq!((&document["receipts"], &document["refused"]), (&json!(1), &json!(9999)));
}
