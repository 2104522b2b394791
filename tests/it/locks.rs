//! Kinds of workers and of locks, through the command: what holds, what does not, and what a killed
//! holder leaves behind.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Folder, alive, children, dead_pid, eventually, kinds, lockfile_text};

fn start(folder: &Folder, args: &str) -> Child {
    let mut command = folder.command(args.split(' '));
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("ticketsim starts")
}

/// What a started command printed, and its exit code.
fn end(mut child: Child) -> (Option<i32>, Value) {
    let mut stdout = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("text");
    let code = child.wait().expect("ends").code();
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout:?}")))
}

/// Every kind of worker under every kind of lock, beside the same without: the lock holds where its
/// documentation says so, and is announced as a demonstration where not.
#[test]
fn a_lock_holds_where_it_tells_the_workers_apart() {
    for workers in ["process", "thread", "task", "sequential"] {
        for lock in ["none", "flock", "posix", "ofd", "lockfile", "semaphore"] {
            let folder = Folder::new();
            let args = format!("-n 8 -t 8 --per-buyer all --think 1ms --workers {workers} --lock {lock}");
            let (code, document) = folder.json(&args);
            let in_turn = workers == "sequential";
            let same_owner = lock == "posix" && ["thread", "task"].contains(&workers);
            let fails = !in_turn && (lock == "none" || same_owner);
            assert_eq!(code, Some(i32::from(fails)), "{args}: {document}");
            assert_eq!(document["verdict"], if fails { "unsound" } else { "sound" }, "{args}");
            assert_eq!(kinds(&document).contains(&"oversold"), fails, "{args}");
            assert_eq!(document["plan"]["workers"], workers);
        }
    }
    let shown = Folder::new().ticketsim("-t 1 --think 0 --workers thread --lock posix");
    assert!(shown.stdout.contains("A POSIX lock belongs to the process"), "{shown:?}");
    let shown = Folder::new().ticketsim("-t 1 --think 0 --write rename --lock-on ticket");
    assert!(shown.stdout.contains("Each write replaces the locked file"), "{shown:?}");
}

/// A lock that keeps nobody out lets every buyer have every ticket: all of that is recorded, and judged.
#[test]
fn purchases_under_a_lock_that_does_not_exclude_are_all_recorded() {
    for (args, follows) in [
        ("-n 6 -t 60 --think 100us --lock posix --workers thread", true),
        ("-n 6 -t 60 --think 100us --lock posix --workers task", true),
        ("-n 3 -t 9 --think 1ms --write rename --lock-on ticket", true),
        // The control: a lock that excludes sells each ticket once.
        ("-n 6 -t 60 --think 0 --lock ofd --workers thread", false),
    ] {
        let folder = Folder::new();
        let (code, document) = folder.json(&format!("{args} --per-buyer all --history h.jsonl"));
        assert_eq!(code, Some(i32::from(follows)), "{args}: {document}");
        assert_eq!(document["unjudged"], Value::Array(Vec::new()), "{args}: {document}");
        let [receipts, refused] = ["receipts", "refused"].map(|member| document[member].as_u64());
        let purchases = receipts.zip(refused).map(|(receipts, refused)| receipts + refused);
        let lines = folder.read("h.jsonl").lines().count() as u64 - 1;
        assert_eq!(Some(lines), purchases, "{args}: a line each: {document}");
        let schedule = folder.ticketsim("schedule h.jsonl");
        let reads = schedule.stdout.split(' ').filter(|step| step.starts_with('R')).count() as u64;
        assert_eq!(reads, lines, "{args}: {}", schedule.stderr);
    }
}

/// The kernel takes a killed holder's flock and fcntl locks back; a lockfile stays, and the others say
/// whose it is; with `--break-stale` they remove it and go on.
#[test]
fn what_a_killed_holder_leaves_behind() {
    for (lock, ends) in [
        ("flock", "goes on"),
        ("posix", "goes on"),
        ("ofd", "goes on"),
        ("lockfile", "is stuck"),
        ("lockfile --break-stale", "goes on"),
        ("semaphore --lock-timeout 1s", "is stuck"),
        #[cfg(target_os = "linux")]
        ("semaphore", "is stuck"),
    ] {
        let folder = Folder::with_ticket_file("{\"ticket\": 9}");
        // The first purchase is made at once; then the holder thinks for long, and is killed in thought.
        let args = format!("-n 3 --think 1500ms --jitter 0 --json --lock {lock}");
        let launcher = start(&folder, &args);
        eventually("the buyers are there", || children(launcher.id()).len() == 3);
        let buyers = children(launcher.id());
        // Who thinks is the holder: it alone sleeps in clock_nanosleep(2). A lockfile names it.
        let holder = || match std::fs::read_to_string(folder.path("data/ticket.json.lock")) {
            Ok(text) => text.lines().next().and_then(|line| line.parse().ok()),
            Err(_) if lock.starts_with("lockfile") => None,
            Err(_) => buyers.iter().copied().find(|pid| sleeps(*pid)),
        };
        eventually("one holds the lock", || holder().is_some());
        let victim = holder().expect("a holder");
        kill(Pid::from_raw(victim as i32), Signal::SIGKILL).expect("killed");
        let (code, document) = end(launcher);
        let killed = document["buyers"].as_array().expect("buyers").iter().find(|b| b["killed_by"] == 9);
        assert_eq!(killed.expect("one was killed")["pid"], victim, "{lock}: {document}");
        assert_eq!(document["stock"]["remaining"], 9 - document["receipts"].as_u64().expect("a number"));
        if ends == "goes on" {
            assert_eq!((code, &document["receipts"]), (Some(0), &Value::from(2)), "{lock}: {document}");
            continue;
        }
        assert_eq!((code, kinds(&document)), (Some(1), vec!["stuck"]), "{lock}: {document}");
        // On a slow machine one may have bought before.
        let (stuck, bought) = (&document["anomalies"][0]["count"], &document["receipts"]);
        assert_eq!(stuck.as_u64().zip(bought.as_u64()).map(|(a, b)| a + b), Some(2), "{lock}: {document}");
        let wait = &document["anomalies"][0]["evidence"]["waits"][0];
        assert_eq!(wait["holder"]["pid"], victim, "{lock}: {document}");
        if lock == "lockfile" {
            let summary = document["anomalies"][0]["summary"].as_str().expect("a summary");
            assert!(summary.contains(&victim.to_string()) && summary.contains("--break-stale"), "{summary}");
        }
        if lock == "semaphore" {
            assert_eq!(wait["dead_pid"], victim, "{document}");
        }
    }
}

/// Whether a process sleeps for a time of its own choice.
fn sleeps(pid: u32) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    let number = call.split(' ').next().and_then(|number| number.parse::<i64>().ok());
    number == Some(nix::libc::SYS_clock_nanosleep)
}

/// A lockfile that an earlier program left behind.
#[test]
fn a_lockfile_of_a_dead_program_is_reported_with_its_cure() {
    for tickets in ["", " -t 5"] {
        let folder = Folder::with_ticket_file("{\"ticket\": 3}");
        let pid = dead_pid();
        folder.write("data/ticket.json.lock", lockfile_text(pid));
        let args = format!("-n 4 --think 0 --lock lockfile{tickets}");
        let (code, document) = folder.json(&args);
        assert_eq!((code, kinds(&document)), (Some(1), vec!["stuck"]), "{document}");
        let summary = document["anomalies"][0]["summary"].as_str().expect("a summary");
        assert!(summary.contains(&pid.to_string()) && summary.contains("--break-stale"), "{summary}");
        assert_eq!(document["anomalies"][0]["evidence"]["waits"][0]["dead_pid"], pid);
        let (code, document) = folder.json(&format!("{args} --break-stale"));
        assert_eq!((code, &document["verdict"]), (Some(0), &Value::from("sound")), "{document}");
        assert!(!folder.list("data").contains(&"ticket.json.lock".to_owned()));
    }
}

/// Stopping and timing out work for every kind of worker: a waiter is woken wherever it waits.
#[test]
fn waiters_of_every_kind_are_timed_out_and_stopped() {
    for workers in ["process", "thread", "task", "sequential"] {
        for lock in ["flock", "posix", "ofd", "lockfile", "semaphore"] {
            // In turn nobody waits, and threads don't wait for a POSIX lock.
            let waits = workers == "process" || (workers != "sequential" && lock != "posix");
            let folder = Folder::new();
            let timeout = if waits { "--lock-timeout 50ms" } else { "--lock-timeout 60s" };
            let args = format!("-n 5 -t 5 --think 60s --json --workers {workers} --lock {lock} {timeout}");
            let launcher = start(&folder, &args);
            let began = Instant::now();
            eventually("it sells", || folder.path("data/ticket.json").exists());
            std::thread::sleep(Duration::from_millis(400));
            kill(Pid::from_raw(launcher.id() as i32), Signal::SIGINT).expect("interrupted");
            let (code, document) = end(launcher);
            assert_eq!(code, Some(130), "{args}: {document}");
            assert!(began.elapsed() < Duration::from_secs(30), "{args}: it thinks no minute");
            let stuck =
                document["anomalies"].as_array().expect("anomalies").iter().any(|a| a["kind"] == "stuck");
            assert_eq!(stuck, waits, "{args}: {document}");
        }
    }
}

#[test]
fn ten_thousand_tasks_think_at_once() {
    let folder = Folder::new();
    // With tickets enough each of them thinks, whenever it comes: a hundred seconds, one after the other.
    let (code, document) = folder.json("-n 10000 -t 20000 --think 10ms --no-lock --workers task");
    assert_eq!((code, &document["receipts"]), (Some(1), &Value::from(10_000)));
    assert!(document["elapsed_s"].as_f64().expect("seconds") < 20.0);
    let (code, document) = folder.json("-n 2000 -t 1 --think 10ms --workers task");
    assert_eq!((code, &document["receipts"]), (Some(0), &Value::from(1)), "{}", document["anomalies"]);
}

#[test]
fn options_that_contradict_each_other_are_rejected() {
    for (args, word) in [
        ("--lock lockfile --lock-on ticket", "--lock-on"),
        ("--lock semaphore --lock-on sidecar", "--lock-on"),
        ("--lock flock --break-stale", "--break-stale"),
    ] {
        let ran = Folder::new().ticketsim(&format!("-t 1 {args}"));
        assert_eq!((ran.code, ran.stderr.contains(word)), (Some(2), true), "{args}: {ran:?}");
    }
}

#[test]
fn no_buyer_thread_outlives_the_run() {
    let folder = Folder::new();
    let mut launcher = start(&folder, "-n 3 -t 3 --think 60s --workers thread");
    let threads = || std::fs::read_dir(format!("/proc/{}/task", launcher.id())).map_or(0, Iterator::count);
    eventually("the threads are there", || threads() == 4);
    assert!(children(launcher.id()).is_empty());
    kill(Pid::from_raw(launcher.id() as i32), Signal::SIGTERM).expect("stopped");
    let pid = launcher.id();
    assert_eq!(launcher.wait().expect("ends").code(), Some(130));
    assert!(!alive(pid));
}
