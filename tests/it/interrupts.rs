//! Ctrl-C ends every command with 130, also one that waits for the other end of a pipe; what was done until
//! then is shown, and is said to be partial.

use std::os::fd::AsRawFd;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use serde_json::Value;

use crate::harness::{Folder, Ran, catches, children, eventually};

fn start(folder: &Folder, args: &[&str]) -> Child {
    let mut command = folder.command(args.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim starts")
}

fn interrupt(child: Child) -> Ran {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("interrupted");
    Ran::from(child.wait_with_output().expect("ends"))
}

/// Whether a process sleeps in poll(2), or in another call that waits.
fn waits(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S'))
}

/// How much processor time a process has had, in ticks of mostly a hundredth of a second.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let user = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(11)?.parse().ok());
    user.unwrap_or(0)
}

#[test]
fn a_matrix_shows_the_rows_that_were_tried() {
    for form in ["", "--json", "--markdown"] {
        let folder = Folder::new();
        let args = "matrix --workers task --trials 400 --dir . --html m.html";
        let args: Vec<&str> = args.split(' ').chain((!form.is_empty()).then_some(form)).collect();
        let child = start(&folder, &args);
        let trials = || {
            let within = folder.list(".").into_iter().find(|name| name.starts_with("ticketsim-matrix-"));
            within.map_or(0, |name| folder.list(&name).len())
        };
        eventually("some trials are over", || trials() > 5);
        let ran = interrupt(child);
        assert_eq!(ran.code, Some(130), "{ran:?}");
        if form == "--json" {
            let document: Value = serde_json::from_str(&ran.stdout).expect("a document");
            let rows = document["rows"].as_array().expect("rows");
            assert!(!rows.is_empty() && rows.len() < 21, "{document}");
            assert_eq!(document["rows_planned"], 21, "{document}");
            assert!(rows[0]["trials"].as_u64() > Some(0), "{document}");
        } else {
            assert!(ran.stdout.contains("Interrupted: ") && ran.stdout.contains("of 21 rows"), "{ran:?}");
            assert!(ran.stdout.contains("Nothing keeps others out"), "the first row: {ran:?}");
        }
        assert!(folder.read("m.html").contains("of 21 rows"), "the page says so, too");
        assert_eq!(folder.list("."), ["m.html"], "nothing else stays");
    }
}

#[test]
fn a_sample_shows_what_was_drawn() {
    for json in [false, true] {
        let folder = Folder::new();
        let mut args = vec!["explore", "--sample", "1000000000", "-n", "3", "--no-lock", "--seed", "1"];
        args.extend(json.then_some("--json"));
        let child = start(&folder, &args);
        eventually("it has drawn some", || ticks(child.id()) > 20);
        let ran = interrupt(child);
        assert_eq!(ran.code, Some(130), "{ran:?}");
        if json {
            let document: Value = serde_json::from_str(&ran.stdout).expect("a document");
            assert_eq!(document["asked"], 1_000_000_000, "{document}");
            let rows = document["outcomes"].as_array().expect("outcomes").iter();
            let sum: u64 = rows.map(|row| row["draws"].as_u64().expect("a number")).sum();
            assert_eq!(document["draws"].as_u64(), Some(sum), "{document}");
        } else {
            assert!(ran.stdout.contains("interrupted after ") && ran.stdout.contains("UNSOUND"), "{ran:?}");
        }
    }
}

#[test]
fn replays_that_were_made_are_shown() {
    let folder = Folder::new();
    let args = ["replay", "R1 R2 W1 W2", "-t", "1", "--no-lock", "--times", "1000000", "--json"];
    let child = start(&folder, &args);
    eventually("the first buyers are there", || children(child.id()).len() == 2);
    let first = children(child.id());
    eventually("the first replay is over", || {
        let now = children(child.id());
        !now.is_empty() && now.iter().all(|pid| !first.contains(pid))
    });
    let ran = interrupt(child);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!((&document["verdict"], &document["times_asked"]), (&"unsound".into(), &1_000_000.into()));
    assert!((1..1_000_000).contains(&document["times"].as_u64().expect("a number")), "{document}");
}

/// What reads waits for a FIFO's writer, and for a pipe that says nothing.
#[test]
fn a_reader_can_be_interrupted() {
    for args in [
        &["check", "good.jsonl", "fifo", "good.jsonl"][..],
        &["check", "good.jsonl", "-", "good.jsonl"],
        &["report", "fifo"],
        &["report", "-"],
        &["schedule", "fifo"],
        &["schedule", "-"],
        &["replay", "--from", "fifo"],
        &["replay", "--from", "-"],
        &["race", "--from", "fifo"],
        &["step", "-n", "2", "-t", "1", "--no-lock"],
    ] {
        let folder = Folder::new();
        folder.write(
            "good.jsonl",
            "{\"buyer\":1,\"invoke_ns\":1,\"return_ns\":2,\"outcome\":\"bought\",\"stock\":1}\n",
        );
        mkfifo(&folder.path("fifo"), Mode::from_bits_truncate(0o600)).expect("a FIFO");
        let mut command = folder.command(args.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("ticketsim starts");
        let stdin = child.stdin.take();
        eventually("it can be interrupted", || catches(child.id()));
        if args[0] == "check" {
            let stdout = child.stdout.as_ref().expect("a pipe");
            eventually("the first history is judged", || unread(stdout) > 0);
        }
        eventually("it waits", || waits(child.id()));
        let ran = interrupt(child);
        drop(stdin);
        assert_eq!(ran.code, Some(130), "{args:?}: {ran:?}");
        if args[0] == "check" {
            assert_eq!(ran.stdout.matches("SOUND").count(), 1, "{args:?}: {ran:?}");
            assert!(ran.stderr.contains("interrupted: 1 of 3 histories"), "{args:?}: {ran:?}");
        }
    }
}

#[test]
fn an_output_without_a_reader_can_be_interrupted() {
    for option in ["--history", "--html", "--trace"] {
        let folder = Folder::new();
        mkfifo(&folder.path("fifo"), Mode::from_bits_truncate(0o600)).expect("a FIFO");
        let child = start(&folder, &["-n", "2", "-t", "1", "--think", "0", option, "fifo"]);
        eventually("the sale is over", || {
            folder.path("data/ticket.json").exists()
                && folder.read("data/ticket.json").contains('0')
                && children(child.id()).is_empty()
        });
        let ran = interrupt(child);
        assert_eq!(ran.code, Some(130), "{option}: {ran:?}");
        assert!(ran.stdout.contains("SOUND: 1 receipt for 1 ticket"), "{option}: {ran:?}");
        assert!(ran.stderr.contains("fifo: can't be written"), "{option}: {ran:?}");
    }
    // The control: with a reader all of it arrives.
    let folder = Folder::new();
    mkfifo(&folder.path("fifo"), Mode::from_bits_truncate(0o600)).expect("a FIFO");
    let child = start(&folder, &["-n", "2", "-t", "1", "--think", "0", "--history", "fifo"]);
    assert_eq!(folder.read("fifo").lines().count(), 3);
    assert_eq!(Ran::from(child.wait_with_output().expect("ends")).code, Some(0));
}

/// A pipe that nobody empties, as below a pager that was stopped.
#[test]
fn a_full_pipe_can_be_interrupted() {
    let folder = Folder::new();
    folder.write("h.jsonl", "{\"buyer\":1,\"invoke_ns\":1,\"return_ns\":2,\"outcome\":\"bought\"}\n");
    let many = ["check"].into_iter().chain(std::iter::repeat_n("h.jsonl", 1000)).collect::<Vec<_>>();
    for args in [
        &["-n", "3000", "-t", "1", "--think", "0", "--workers", "thread", "-v"][..],
        &["-n", "3000", "-t", "1", "--think", "0", "--workers", "thread", "--json"],
        &many,
    ] {
        let mut child = start(&folder, args);
        let stdout = child.stdout.take().expect("a pipe");
        // Linux has 64 KiB of room in a pipe; all of these print more.
        eventually("the pipe is full", || unread(&stdout) >= 60_000);
        let ran = interrupt(child);
        drop(stdout);
        assert_eq!(ran.code, Some(130), "{args:?}: {ran:?}");
    }
}

/// How many bytes wait in a pipe.
fn unread(pipe: &impl AsRawFd) -> i32 {
    let mut count = 0;
    // SAFETY: FIONREAD writes a number to the variable, and nothing else.
    unsafe { nix::libc::ioctl(pipe.as_raw_fd(), nix::libc::FIONREAD, &raw mut count) };
    count
}
