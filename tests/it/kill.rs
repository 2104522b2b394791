//! Killed buyers, killed launchers, and Ctrl-C: nothing is lost, nothing stays behind.

use std::io::Read as _;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::harness::{Folder, alive, children, eventually, kinds};

fn start(folder: &Folder, args: &str) -> Child {
    folder
        .command(args.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ticketsim starts")
}

fn send(pid: u32, signal: Signal) {
    // It may be gone already.
    let _ = kill(Pid::from_raw(pid as i32), signal);
}

fn name_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// The buyers of a launcher, once all of them have taken their names.
fn buyers_of(launcher: u32, count: usize) -> Vec<u32> {
    let named = || {
        let mut pids = children(launcher);
        pids.retain(|pid| name_of(*pid).starts_with("buyer-"));
        pids
    };
    eventually("all buyers are there", || named().len() == count);
    named()
}

#[test]
fn ps_shows_buyers_by_name_and_they_die_with_their_launcher() {
    let folder = Folder::new();
    let mut launcher = start(&folder, "-n 5 -t 1 --think 60s");
    let buyers = buyers_of(launcher.id(), 5);
    let mut names: Vec<String> = buyers.iter().map(|pid| name_of(*pid)).collect();
    names.sort();
    assert_eq!(names, ["buyer-1", "buyer-2", "buyer-3", "buyer-4", "buyer-5"]);
    launcher.kill().expect("SIGKILL");
    launcher.wait().expect("reaped");
    eventually("the buyers are gone", || buyers.iter().all(|pid| !alive(*pid)));
    assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 1}\n");
}

#[test]
fn interrupts_stop_the_sale_in_good_order() {
    for (signal, write) in
        [(Signal::SIGINT, "truncate"), (Signal::SIGTERM, "rename"), (Signal::SIGHUP, "overwrite")]
    {
        let folder = Folder::new();
        let args =
            format!("-n 8 -t 1000000 --per-buyer all --think 1ms --write {write} --json --history h.jsonl");
        let mut launcher = start(&folder, &args);
        let buyers = buyers_of(launcher.id(), 8);
        eventually("some are sold", || !folder.read("data/ticket.json").contains("1000000"));
        // As a terminal does: to the launcher and to the buyers.
        for pid in buyers.iter().chain([&launcher.id()]) {
            send(*pid, signal);
        }
        let mut stdout = String::new();
        launcher.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("text");
        assert_eq!(launcher.wait().expect("ends").code(), Some(130), "{signal}");
        assert!(buyers.iter().all(|pid| !alive(*pid)), "{signal}");
        let document: Value = serde_json::from_str(&stdout).expect("a document");
        assert_eq!((&document["interrupted"], &document["verdict"]), (&json!(true), &json!("unknown")));
        assert_eq!(document["anomalies"], json!([]));
        // Not one ticket is unaccounted for.
        let receipts = document["receipts"].as_u64().expect("receipts");
        let left: Value = serde_json::from_str(&folder.read("data/ticket.json")).expect("a whole file");
        assert_eq!(left["ticket"], 1_000_000 - receipts, "{signal}");
        assert!(folder.read("h.jsonl").lines().count() as u64 > receipts);
        assert_eq!(folder.list("data").iter().filter(|name| name.ends_with(".tmp")).count(), 0);
    }
}

#[test]
fn an_interrupt_reaches_a_buyer_that_waits_for_the_lock_of_another_program() {
    let folder = Folder::with_ticket_file("{\"ticket\": 5}");
    let file = std::fs::File::open(folder.path("data/ticket.json")).expect("open");
    fs2::FileExt::lock_exclusive(&file).expect("locked");
    for args in ["-n 3", "-n 3 -t 7"] {
        let mut launcher = start(&folder, args);
        if args == "-n 3" {
            buyers_of(launcher.id(), 3);
        } else {
            // The launcher itself waits, to put tickets on sale.
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        send(launcher.id(), Signal::SIGINT);
        assert_eq!(launcher.wait().expect("ends").code(), Some(130));
    }
    assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 5}");
}

/// A killed buyer's lock is released, the file stays whole, the others go on, and what it took is
/// accounted for: `lost_stock` where it had written without a receipt.
#[test]
fn buyers_killed_at_any_moment_lose_nothing() {
    let folder = Folder::new();
    let mut killed = 0;
    for round in 0..10_u64 {
        let (write, tickets) = if round % 2 == 0 { ("overwrite", 60_000) } else { ("rename", 6_000) };
        let args = format!("-n 6 -t {tickets} --per-buyer all --think 0 --write {write} --json");
        folder.write("data/ticket.json", format!("{{\"ticket\": {tickets}}}\n"));
        let mut launcher = start(&folder, &args);
        let sold_some =
            || !folder.read("data/ticket.json").contains(&format!(" {tickets}}}")) || !alive(launcher.id());
        eventually("some are sold", sold_some);
        std::thread::sleep(std::time::Duration::from_millis(2 * round));
        for pid in children(launcher.id()).into_iter().filter(|pid| alive(*pid)).take(4) {
            send(pid, Signal::SIGKILL);
        }
        let mut stdout = String::new();
        launcher.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("text");
        launcher.wait().expect("ends");
        let document: Value = serde_json::from_str(&stdout).expect("a document");
        assert_eq!(document["stock"]["remaining"], 0, "the others sold the rest: {document}");
        let buyers = document["buyers"].as_array().expect("buyers").iter();
        killed += buyers.filter(|buyer| buyer["killed_by"] == 9).count();
        let missing = tickets - document["receipts"].as_u64().expect("receipts");
        if missing == 0 {
            assert_eq!(document["verdict"], "sound", "{document}");
        } else {
            assert_eq!(kinds(&document), ["lost_stock"], "{document}");
            assert_eq!(document["anomalies"][0]["evidence"]["missing"], missing);
        }
        assert_eq!(document["outside_sales"], 0);
        assert_eq!(folder.list("data").iter().filter(|name| name.ends_with(".tmp")).count(), 0);
    }
    assert!(killed > 0, "no buyer was killed in time");
}

/// Nobody came to an end, so nothing was shown: that all tickets are still there is no sound sale.
#[test]
fn a_sale_in_which_all_were_killed_is_not_called_sound() {
    for lock in ["flock", "none"] {
        let folder = Folder::new();
        let mut launcher = start(&folder, &format!("-n 3 -t 5 --think 60s --lock {lock} --json"));
        let buyers = buyers_of(launcher.id(), 3);
        // In thought, and waiting for the lock of a buyer that thinks.
        std::thread::sleep(std::time::Duration::from_millis(200));
        buyers.iter().for_each(|pid| send(*pid, Signal::SIGKILL));
        let mut stdout = String::new();
        launcher.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("text");
        assert_eq!(launcher.wait().expect("ends").code(), Some(2), "{stdout}");
        let document: Value = serde_json::from_str(&stdout).expect("a document");
        assert_eq!((&document["verdict"], &document["anomalies"]), (&json!("unknown"), &json!([])));
        let why = document["unjudged"].to_string();
        assert!(why.contains("nobody bought and nobody was refused"), "{document}");
        assert_eq!(document["stock"], json!({"initial": 5, "remaining": 5}), "what is known is said");
    }
}

/// A waiter that is stopped beyond its time: the lock is free when it goes on, so it takes it, and nobody
/// is blamed.
#[test]
fn a_waiter_that_was_stopped_takes_a_lock_that_is_free() {
    let folder = Folder::new();
    let mut launcher = start(&folder, "-n 2 -t 5 --think 2s --jitter 0 --lock-timeout 3s --json");
    let buyers = buyers_of(launcher.id(), 2);
    let waits = |pid: &u32| {
        let locks = std::fs::read_to_string("/proc/locks").expect("the kernel's list of locks");
        locks.lines().any(|line| line.contains("->") && line.split(' ').any(|word| word == pid.to_string()))
    };
    eventually("one waits", || buyers.iter().any(waits));
    let waiter = *buyers.iter().find(|pid| waits(pid)).expect("the waiter");
    send(waiter, Signal::SIGSTOP);
    eventually("the holder has left", || buyers.iter().filter(|pid| alive(**pid)).count() == 1);
    std::thread::sleep(std::time::Duration::from_millis(3500));
    send(waiter, Signal::SIGCONT);
    let mut stdout = String::new();
    launcher.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("text");
    assert_eq!(launcher.wait().expect("ends").code(), Some(0), "{stdout}");
    let document: Value = serde_json::from_str(&stdout).expect("a document");
    assert_eq!((&document["receipts"], &document["failed"]), (&json!(2), &json!(0)), "{document}");
}

/// A stopped holder: the others time out, and the verdict says who held the lock.
#[test]
fn a_stuck_holder_is_named() {
    let folder = Folder::new();
    let mut launcher = start(&folder, "-n 4 -t 4 --think 60s --lock-timeout 100ms --json");
    let buyers = buyers_of(launcher.id(), 4);
    eventually("three have given up", || buyers.iter().filter(|pid| alive(**pid)).count() == 1);
    let holder = *buyers.iter().find(|pid| alive(**pid)).expect("the holder");
    send(launcher.id(), Signal::SIGINT);
    let mut stdout = String::new();
    launcher.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("text");
    assert_eq!(launcher.wait().expect("ends").code(), Some(130));
    let document: Value = serde_json::from_str(&stdout).expect("a document");
    assert_eq!(kinds(&document), ["stuck"]);
    assert_eq!(document["anomalies"][0]["count"], 3);
    for wait in document["anomalies"][0]["evidence"]["waits"].as_array().expect("waits") {
        assert_eq!(wait["holder"]["pid"], holder, "{wait}");
    }
}
