//! `step`: replay by hand, driven by a pipe.

use std::io::Write as _;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Folder, Ran, children, eventually};

/// Types these lines.
fn step(folder: &Folder, args: &str, lines: &str) -> Ran {
    let mut command = folder.command(["step"].into_iter().chain(args.split_whitespace()));
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ticketsim runs");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("typed");
    Ran::from(child.wait_with_output().expect("waited"))
}

fn assert_shows(ran: &Ran, lines: &[&str]) {
    let mut shown = ran.stdout.lines();
    for line in lines {
        assert!(shown.any(|other| other == *line), "{line:?}, in this order: {ran:?}");
    }
}

#[test]
fn a_race_is_stepped_by_hand_back_and_forth() {
    let folder = Folder::new();
    let ran = step(&folder, "--buyers 2 --tickets 1 --no-lock", "1\n2\n?\n1\nu\n2\n?\n1\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    assert_shows(
        &ran,
        &[
            "file  {\"ticket\": 1}",
            "lock  none",
            "buyer 1  next R1: read the stock",
            "> 1",
            "1  R1  buyer 1 reads 1",
            "buyer 1  next W1: write 0  (has read 1)",
            "> ?",
            "to oversell from here: W1 W2",
            "3  W1  buyer 1 writes 0: bought",
            "file  {\"ticket\": 0}",
            "took back W1: new buyers, and the steps before it again",
            "file  {\"ticket\": 1}",
            "so far  R1 R2",
            "3  W2  buyer 2 writes 0: bought",
            "to oversell from here: W1",
            "4  W1  buyer 1 writes 0: bought",
            "UNSOUND: 2 receipts for 1 ticket.",
            "To replay it:  ticketsim replay 'R1 R2 W2 W1' --tickets 1 --no-lock",
        ],
    );
}

#[test]
fn the_lock_is_shown_with_its_holder() {
    let folder = Folder::with_ticket_file("{ \"show\": \"Käthe\",\n \"ticket\": 1 }");
    let ran = step(&folder, "", "u\n1\n2\n?\n9\nx\n1\nq\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_shows(
        &ran,
        &[
            "file  { \"show\": \"Käthe\", \"ticket\": 1 }",
            "lock  flock, free",
            "this is the start: no step to take back",
            "1  L1  buyer 1 gets the lock",
            "lock  flock, held by buyer 1 since step 1",
            "L2 has to wait: buyer 1 has held the lock since step 1",
            "no order of the steps left oversells",
            "9? Type a buyer's number (1 to 2), u, ? or q.",
            "x? Type a buyer's number (1 to 2), u, ? or q.",
            "2  R1  buyer 1 reads 1",
            "The schedule ends in the middle of a purchase; what had begun was finished: W1 U1",
            "SOUND: 1 receipt for 1 ticket, and no ticket was sold twice.",
        ],
    );
}

#[test]
fn the_end_of_the_input_leaves() {
    let folder = Folder::new();
    let ran = step(&folder, "--tickets 3 --no-lock --write truncate", "1\n1");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_shows(
        &ran,
        &[
            "2  T1  buyer 1 empties the file",
            "file  an empty file",
            "  3  F1  buyer 1 fills it with 2: bought",
        ],
    );
    assert_eq!(folder.ticketsim("show").stdout, "2 tickets left in data/ticket.json\n");
}

#[test]
fn ctrl_c_at_the_prompt_leaves_no_process() {
    let folder = Folder::new();
    let mut command = folder.command(["step", "--tickets", "1"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ticketsim runs");
    eventually("buyers are there", || children(child.id()).len() == 2);
    let buyers = children(child.id());
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("interrupted");
    let stdin = child.stdin.take();
    assert_eq!(child.wait().expect("waited").code(), Some(130));
    drop(stdin);
    assert!(buyers.iter().all(|buyer| !crate::harness::alive(*buyer)));
}

/// What was stepped by hand is drawn like any other history.
#[test]
fn a_race_that_was_stepped_is_a_page() {
    let folder = Folder::new();
    let ran = step(&folder, "--buyers 2 --tickets 1 --no-lock --html by-hand.html", "1\n2\n1\n2\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    let page = folder.read("by-hand.html");
    assert!(page.contains("<title>2 buyers, 1 ticket, no lock: unsound"), "{page:.400}");
    let ran = step(&folder, "--buyers 2 --tickets 1 --html nowhere/page.html", "1\n");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("nowhere/page.html"), "{ran:?}");
}
