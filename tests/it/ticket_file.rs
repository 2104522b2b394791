//! Ticket files of every length: whichever program puts tickets on sale in them, and however they are sold, what
//! else the file says stays; and a file that holds nothing can be begun again.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Folder, TICKETSIM, eventually};

/// A ticket file of so many bytes, in which the number stands before everything else.
fn text(stock: u64, length: usize) -> String {
    let start = format!("{{\"ticket\":{stock},\"a\":1,\"x\":\"");
    format!("{start}{}\"}}", "y".repeat(length - start.len() - 2))
}

/// The file is JSON, has this stock, and the members that it had.
fn assert_whole(folder: &Folder, stock: u64, length: usize, what: &str) {
    let document: Value = serde_json::from_str(&folder.read("data/ticket.json"))
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut expected: Value = serde_json::from_str(&text(9, length)).expect("JSON");
    expected["ticket"] = stock.into();
    assert_eq!(document, expected, "{what}");
    assert_eq!(folder.list("data").iter().filter(|name| name.ends_with(".tmp")).count(), 0, "{what}");
}

/// Every kind of write × lengths around a page × numbers that need more room, as much, or less.
#[test]
fn tickets_are_put_on_sale_in_long_files_without_a_loss() {
    for length in [40, 4093, 4096, 4097, 9000] {
        for tickets in [3, 10, 1_234_567] {
            for write in ["overwrite", "truncate", "rename"] {
                for lock in ["flock", "lockfile"] {
                    let folder = Folder::with_ticket_file(&text(9, length));
                    let args = format!("-n 2 -t {tickets} --think 0 --write {write} --lock {lock}");
                    let (code, document) = folder.json(&args);
                    let what = format!("{length} bytes, {args}");
                    assert_eq!(code, Some(0), "{what}: {document}");
                    assert_whole(&folder, tickets - 2, length, &what);
                }
            }
        }
    }
}

/// The other commands that put tickets on sale.
#[test]
fn every_command_puts_tickets_on_sale_without_a_loss() {
    for length in [4096, 9000] {
        for (command, left) in [
            ("replay R1 -t 1234567 --no-lock", 1_234_566),
            ("step -t 1234567", 1_234_567),
            ("-n 4 --workers thread -t 1234567 --think 0", 1_234_563),
            ("-n 4 --workers task -t 1234567 --think 0 --write rename", 1_234_563),
            ("-n 4 --workers sequential -t 1234567 --think 0 --write truncate", 1_234_563),
        ] {
            let folder = Folder::with_ticket_file(&text(9, length));
            let ran = folder.ticketsim(command);
            // Where nobody has taken a step nothing can be said of the sale.
            let code = if command.starts_with("step") { 2 } else { 0 };
            assert_eq!(ran.code, Some(code), "{command}: {ran:?}");
            assert_whole(&folder, left, length, command);
        }
        let folder = Folder::with_ticket_file(&text(9, length));
        let args = "lesson server --serve 0 --tickets 1234567 --file data/ticket.json";
        let mut counter = folder
            .command(args.split(' '))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        eventually("they are on sale", || folder.read("data/ticket.json").contains("1234567"));
        kill(Pid::from_raw(counter.id() as i32), Signal::SIGINT).expect("closed");
        assert_eq!(counter.wait().expect("ends").code(), Some(130));
        assert_whole(&folder, 1_234_567, length, args);
    }
}

/// The longest ticket file has no room for a longer number: it is left as it is.
#[test]
fn what_has_no_room_is_left_as_it_is() {
    let full = text(9, 64 * 1024);
    let folder = Folder::with_ticket_file(&full);
    let ran = folder.ticketsim("-t 10");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("65537 bytes; a ticket file has at most 65536"), "{ran:?}");
    assert_eq!(folder.read("data/ticket.json"), full);
    assert_eq!(folder.ticketsim("-n 1 -t 8").code, Some(0), "the control");

    // The system's own limit: 8 blocks of 1024 bytes are just what there is.
    let full = text(9, 8192);
    let folder = Folder::with_ticket_file(&full);
    let ran = folder.bash(&format!("ulimit -f 8; {TICKETSIM} -t 10"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("data/ticket.json: can't be written"), "{ran:?}");
    assert_eq!(folder.read("data/ticket.json"), full);
}

/// What a buyer leaves behind that is killed between emptying and filling the file.
#[test]
fn an_empty_file_says_how_to_go_on_and_does() {
    for write in ["overwrite", "truncate", "rename"] {
        let folder = Folder::with_ticket_file("");
        for command in ["--no-lock", "show", "replay R1", "step"] {
            let ran = folder.ticketsim(command);
            assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
            let said = "data/ticket.json:1:1: the file is empty; put tickets on sale in it with --tickets N";
            assert!(ran.stderr.contains(said), "{command}: {ran:?}");
            assert_eq!(folder.read("data/ticket.json"), "", "{command}");
        }
        let (code, document) = folder.json(&format!("-n 3 -t 5 --think 0 --write {write}"));
        assert_eq!((code, &document["stock"]["remaining"]), (Some(0), &Value::from(2)), "{document}");
        assert_eq!(folder.read("data/ticket.json").trim_end(), "{\"ticket\": 2}");
    }
}

/// The same from the start: the buyer is killed where it hurts, held there by a replay.
#[test]
fn a_kill_between_emptying_and_filling_has_a_way_out() {
    use std::io::Write as _;
    let folder = Folder::new();
    let mut command = folder.command("step -n 1 -t 3 --no-lock --write truncate".split(' '));
    let mut step =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    step.stdin.as_mut().expect("a pipe").write_all(b"1\n1\n").expect("typed");
    let emptied = || folder.path("data/ticket.json").metadata().is_ok_and(|file| file.len() == 0);
    eventually("the file is empty", emptied);
    step.kill().expect("killed, and its buyer with it");
    step.wait().expect("reaped");
    assert!(folder.ticketsim("-n 1").stderr.contains("--tickets N"));
    let ran = folder.ticketsim("-n 1 -t 3 --write truncate");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(folder.read("data/ticket.json").trim_end(), "{\"ticket\": 2}");
}
