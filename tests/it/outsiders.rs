//! Others may play: programs that take the same flock exclude and are excluded.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::harness::{Folder, alive, children, eventually};

const PYTHON_SHOP: &str = r#"
import fcntl, json, sys
sold = 0
with open("data/ticket.json", "r+") as file:
    print("open", flush=True)
    while True:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        stock = json.loads(text)["ticket"]
        if stock == 0:
            break
        file.seek(0)
        file.write(json.dumps({"ticket": stock - 1}).ljust(len(text)))
        file.flush()
        fcntl.flock(file, fcntl.LOCK_UN)
        sold += 1
print(sold)
"#;

#[test]
fn a_python_shop_sells_from_the_same_file_at_the_same_time() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        eprintln!("SKIPPED: no python3");
        return;
    }
    let folder = Folder::with_ticket_file("{\"ticket\": 50000}\n");
    let mut other = Command::new("python3")
        .args(["-c", PYTHON_SHOP])
        .current_dir(folder.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut lines = BufReader::new(other.stdout.take().expect("a pipe")).lines();
    lines.next().expect("open").expect("text");
    let (code, document) = folder.json("-n 4 --per-buyer all --think 0");
    let outside: u64 = lines.next().expect("a line").expect("text").parse().expect("a count");
    assert!(other.wait().expect("python3 ends").success());
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["verdict"], "sound");
    assert_eq!(document["stock"]["remaining"], 0);
    let initial = document["stock"]["initial"].as_u64().expect("a stock");
    let receipts = document["receipts"].as_u64().expect("receipts");
    // What python sold before our first look is no gap between our own purchases.
    assert_eq!(document["outside_sales"], initial - receipts);
    assert_eq!(receipts + outside, 50000, "each ticket was sold once");
    assert!(outside > 0, "python sold some");
}

#[test]
fn flock_1_keeps_our_buyers_out() {
    let folder = Folder::with_ticket_file("{\"ticket\": 5}");
    let mut holder = Command::new("flock")
        // Without a fork, so that killing it closes the one descriptor that holds the lock.
        .args(["--no-fork", "data/ticket.json", "sh", "-c", "echo held; exec sleep 100"])
        .current_dir(folder.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("flock(1)");
    let mut line = String::new();
    BufReader::new(holder.stdout.take().expect("a pipe")).read_line(&mut line).expect("held");
    let (code, document) = folder.json("-n 3 --lock-timeout 100ms");
    assert_eq!(code, Some(1), "{document}");
    assert_eq!((&document["failed"], &document["receipts"]), (&json!(3), &json!(0)));
    assert_eq!(document["anomalies"][0]["kind"], "stuck");
    assert_eq!(document["anomalies"][0]["count"], 3);
    let wait = &document["anomalies"][0]["evidence"]["waits"][0];
    assert!(wait["waited_ns"].as_u64() >= Some(100_000_000), "{wait}");
    assert!(wait["holder"].is_null(), "none of ours: {wait}");
    // And nobody puts tickets on sale behind the holder's back.
    let ran = folder.ticketsim("-t 9 --lock-timeout 50ms");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("locked by another program"), "{ran:?}");
    assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 5}");
    holder.kill().expect("killed");
    holder.wait().expect("gone");
    // The control: with the holder gone the same command sells.
    eventually("the lock is free", || folder.ticketsim("-n 1 --lock-timeout 100ms").code == Some(0));
}

#[test]
fn our_buyers_keep_flock_1_out() {
    let folder = Folder::with_ticket_file("{\"ticket\": 5}");
    let mut sale = folder
        .command("-n 1 --think 60s --jitter 0".split(' '))
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let is_locked = || {
        let status = Command::new("flock")
            .args(["-n", "data/ticket.json", "true"])
            .current_dir(folder.root())
            .status();
        status.expect("flock(1)").code() == Some(1)
    };
    eventually("the buyer holds the lock", is_locked);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(sale.id() as i32), nix::sys::signal::Signal::SIGINT)
        .expect("sent");
    assert_eq!(sale.wait().expect("ends").code(), Some(130));
    assert!(!alive(sale.id()));
    assert!(!is_locked(), "the lock is free again");
    assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 5}");
}

/// Sells from a file of 3 while another program, which has the lock, makes its stock another one. Returns the
/// exit code and the document.
fn restocked(args: &str, stock: u32) -> (Option<i32>, serde_json::Value) {
    let folder = Folder::with_ticket_file("{\"ticket\": 3}\n");
    let path = folder.path("data/ticket.json");
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).expect("open");
    fs2::FileExt::lock_exclusive(&file).expect("locked");
    let args = format!("-n 2 --per-buyer all --think 1ms --json {args}");
    let sale = folder.command(args.split_whitespace()).stdout(Stdio::piped()).spawn().expect("starts");
    // The stock at the start was read before they were.
    eventually("the buyers are there", || children(sale.id()).len() == 2);
    std::os::unix::fs::FileExt::write_all_at(&file, format!("{{\"ticket\": {stock}}}\n").as_bytes(), 0)
        .expect("restocked");
    fs2::FileExt::unlock(&file).expect("unlocked");
    let output = sale.wait_with_output().expect("ends");
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("a document"))
}

/// Somebody puts tickets on sale in the middle of a locked run: no fault of our buyers. That the stock rose
/// is named, by who read what before and after. Declared, it is judged.
#[test]
fn a_restock_under_the_lock_is_not_called_a_race() {
    let (code, document) = restocked("", 9);
    assert_eq!((code, &document["verdict"]), (Some(2), &json!("unknown")), "{document}");
    assert_eq!(document["anomalies"], json!([]), "{document}");
    let why = document["unjudged"].to_string();
    assert!(why.contains("3 were there at the start") && why.contains("another program wrote"), "{document}");
    assert!(why.contains("read 9 next") && why.contains("--restocks"), "{document}");

    let (code, document) = restocked("--restocks", 9);
    assert_eq!((code, &document["verdict"]), (Some(0), &json!("sound")), "{document}");
    let command = document["command"].as_str().expect("a command");
    assert!(command.contains("--restocks"), "{command}");
    assert_eq!((&document["receipts"], &document["restocked"]), (&json!(9), &json!(6)), "{document}");

    // The control: what others sell meanwhile is no rise.
    let (code, document) = restocked("", 2);
    assert_eq!((code, &document["outside_sales"]), (Some(0), &json!(1)), "{document}");
}

/// Puts one more ticket on sale, as one who holds the lock does.
fn put_one_on_sale(file: &std::fs::File) {
    let text = std::io::read_to_string(std::io::BufReader::new(rewound(file))).expect("read");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let one_more = format!("{{\"ticket\": {}}}", digits.parse::<u32>().expect("a stock") + 1);
    let padded = format!("{one_more:<width$}\n", width = text.len() - 1);
    std::os::unix::fs::FileExt::write_all_at(file, padded.as_bytes(), 0).expect("restocked");
}

fn rewound(mut file: &std::fs::File) -> &std::fs::File {
    std::io::Seek::rewind(&mut file).expect("rewound");
    file
}

/// A restock between any two purchases, as often as the lock comes around: none of them is called a race, and where
/// they are declared the books hold every one.
#[test]
fn of_many_restocks_under_the_lock_none_is_called_a_race() {
    const TICKETS: u64 = 300;
    for (declared, code, verdict) in [("--restocks", 0, "sound"), ("", 2, "unknown")] {
        let folder = Folder::with_ticket_file(&format!("{{\"ticket\": {TICKETS}}}\n"));
        let path = folder.path("data/ticket.json");
        let file = std::fs::OpenOptions::new().read(true).write(true).open(path).expect("open");
        let args = format!("-n 4 --per-buyer all --think 200us --json {declared}");
        fs2::FileExt::lock_exclusive(&file).expect("locked");
        let sale = folder.command(args.split_whitespace()).stdout(Stdio::piped()).spawn().expect("starts");
        eventually("the buyers are there", || children(sale.id()).len() == 4);
        let mut put = 0;
        while put < 98 && !children(sale.id()).is_empty() {
            put_one_on_sale(&file);
            put += 1;
            fs2::FileExt::unlock(&file).expect("unlocked");
            std::thread::yield_now();
            fs2::FileExt::lock_exclusive(&file).expect("locked");
        }
        fs2::FileExt::unlock(&file).expect("unlocked");
        let output = sale.wait_with_output().expect("ends");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
        assert_eq!((output.status.code(), &document["verdict"]), (Some(code), &json!(verdict)), "{document}");
        assert_eq!(document["anomalies"], json!([]), "{document}");
        let receipts = document["receipts"].as_u64().expect("receipts");
        let left = document["stock"]["remaining"].as_u64().expect("a stock");
        // What came too late to be sold may have come too late to be counted.
        assert!(receipts + left <= TICKETS + put && receipts > TICKETS, "{put} were put on sale: {document}");
        if !declared.is_empty() {
            assert_eq!(document["restocked"], receipts + left - TICKETS, "{document}");
        }
    }
}

/// Where no lock keeps others out, nothing tells a restock from a lost update.
#[test]
fn restocks_are_declared_for_a_lock_alone() {
    let folder = Folder::with_ticket_file("{\"ticket\": 3}\n");
    for args in ["--no-lock", "--lock posix --workers thread", "--no-lock --workers sequential"] {
        let ran = folder.ticketsim(&format!("--restocks {args}"));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("leave --restocks out, or take a lock that does"), "{ran:?}");
    }
    assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 3}\n");
}
