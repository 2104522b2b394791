//! A sale that is over is never lost: whatever has become of its outputs and of its ticket file, the verdict is
//! printed, what failed stands beside it, and the exit code is 2.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::harness::{Folder, Ran, children, eventually, have_opened, thinks};

fn start(folder: &Folder, args: &str) -> Child {
    let mut command = folder.command(args.split(' '));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim starts")
}

fn end(child: Child) -> Ran {
    Ran::from(child.wait_with_output().expect("ends"))
}

/// A device that is always full: `No space left on device`.
const FULL: &str = "/dev/full";

#[test]
fn an_output_that_cannot_be_written_takes_nothing_away() {
    let race = ["replay", "R1 R2 W1 W2", "-t", "1", "--no-lock", "--history", "race.jsonl"];
    for (args, says) in [
        (&["-n", "3", "-t", "1", "--think", "0", "--history", FULL][..], "SOUND: 1 receipt for 1 ticket"),
        (&["-n", "3", "-t", "1", "--html", FULL, "--history", "h.jsonl"], "SOUND: 1 receipt for 1 ticket"),
        (&["-n", "3", "-t", "1", "--no-lock", "-q", "--trace", FULL], "UNSOUND: 3 receipts for 1 ticket"),
        (&["replay", "L1 R1 W1 U1", "-t", "1", "--html", FULL], "SOUND: 1 receipt for 1 ticket"),
        (&["replay", "R1 R2 W1 W2", "-t", "1", "--no-lock", "--history", FULL], "UNSOUND: 2 receipts"),
        (&["report", "race.jsonl", "-o", FULL], "UNSOUND: 2 receipts for 1 ticket"),
        (&["report", "race.jsonl", "-o", "page.html", "--trace", FULL], "wrote page.html"),
        (&["matrix", "--trials", "1", "--workers", "task", "--lock", "none", "--html", FULL], "oversold"),
        (&["schedule", "race.jsonl", "-o", FULL], "R1 R2 W1 W2"),
    ] {
        let folder = Folder::new();
        let output = |args: &[&str]| Ran::from(folder.command(args.iter().copied()).output().expect("runs"));
        assert_eq!(output(&race).code, Some(1));
        let ran = output(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(ran.stdout.contains(says), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains("/dev/full: can't be written: No space left"), "{args:?}: {ran:?}");
        assert!(!args.contains(&"h.jsonl") || folder.read("h.jsonl").lines().count() == 4, "{args:?}");
    }
    let (code, document) = Folder::new().json("-n 2 -t 1 --think 0 --history /dev/full");
    assert_eq!((code, &document["verdict"]), (Some(2), &json!("sound")));
    assert!(document["failures"][0].as_str().is_some_and(|why| why.starts_with(FULL)), "{document}");
    // The control: nothing fails, and nothing is said of failures.
    let (code, document) = Folder::new().json("-n 2 -t 1 --think 0 --history h.jsonl");
    assert_eq!((code, &document["failures"]), (Some(0), &Value::Null));
}

/// With nowhere to print to, the files are written all the same.
#[test]
fn a_full_stdout_takes_no_file_away() {
    for json in ["", " --json"] {
        let folder = Folder::new();
        let full = std::fs::File::options().write(true).open(FULL).expect("/dev/full");
        let args = format!("-n 2 -t 1 --think 0 --history h.jsonl{json}");
        let output = folder.command(args.split(' ')).stdout(full).output().expect("runs");
        let ran = Ran::from(output);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("standard output: can't be written"), "{ran:?}");
        assert_eq!(folder.read("h.jsonl").lines().count(), 3, "{ran:?}");
    }
}

#[test]
fn a_ticket_file_that_is_gone_leaves_the_stock_unknown() {
    let deleted = |path: &Path| std::fs::remove_file(path).expect("deleted");
    let folder_deleted =
        |path: &Path| std::fs::remove_dir_all(path.parent().expect("a folder")).expect("deleted");
    // A FIFO has no writer: to wait for one would be for ever.
    let fifo = |path: &Path| {
        std::fs::remove_file(path).expect("deleted");
        mkfifo(path, Mode::from_bits_truncate(0o600)).expect("a FIFO");
    };
    let device = |path: &Path| {
        std::fs::remove_file(path).expect("deleted");
        std::os::unix::fs::symlink("/dev/zero", path).expect("linked");
    };
    type Spoil = fn(&Path);
    let spoils: [(&str, Spoil, &str); 4] = [
        ("deleted", deleted, "No such file or directory"),
        ("folder deleted", folder_deleted, "No such file or directory"),
        ("a FIFO", fifo, "not a regular file"),
        ("a device", device, "not a regular file"),
    ];
    let mut sales = Vec::new();
    for (what, spoil, why) in spoils {
        for workers in ["process", "thread"] {
            let folder = Folder::new();
            let args =
                format!("-n 1 -t 2 --think 4s --jitter 0 --json --history h.jsonl --workers {workers}");
            let launcher = start(&folder, &args);
            sales.push((what, spoil, why, folder, launcher));
        }
    }
    for (_, spoil, _, folder, launcher) in &sales {
        eventually("the buyer thinks", || thinks(launcher.id()));
        spoil(&folder.path("data/ticket.json"));
    }
    for (what, _, why, folder, launcher) in sales {
        let ran = end(launcher);
        assert_eq!(ran.code, Some(2), "{what}: {ran:?}");
        let document: Value = serde_json::from_str(&ran.stdout).expect("a document");
        assert_eq!((&document["verdict"], &document["receipts"]), (&json!("unknown"), &json!(1)), "{what}");
        assert_eq!(document["stock"], json!({"initial": 2, "remaining": null}), "{what}");
        for member in ["unjudged", "failures"] {
            assert!(document[member].to_string().contains(why), "{what}: {document}");
        }
        // And the history says so to its readers.
        let checked = folder.ticketsim("check h.jsonl");
        assert_eq!(checked.code, Some(2), "{checked:?}");
        assert!(checked.stdout.contains("UNKNOWN") && checked.stdout.contains(why), "{checked:?}");
    }
}

#[test]
fn a_race_is_shown_although_its_ticket_file_is_gone() {
    let folder = Folder::new();
    let launcher = start(&folder, "-n 3 -t 1 --no-lock --think 4s --jitter 0");
    eventually("the buyers are there", || children(launcher.id()).len() == 3);
    eventually("all of them think", || children(launcher.id()).into_iter().all(thinks));
    std::fs::remove_file(folder.path("data/ticket.json")).expect("deleted");
    let ran = end(launcher);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains("UNSOUND: 3 receipts for 1 ticket"), "{ran:?}");
    assert!(
        ran.stdout.lines().any(|line| line.contains("tickets left") && line.ends_with("unknown")),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("can't be read after the sale"), "{ran:?}");
}

/// A name need not be text: what is to be written as text replaces what is none, and nothing is lost.
#[test]
fn a_ticket_file_whose_name_is_no_text_is_sold_from_and_told() {
    let folder = Folder::new();
    let name = OsStr::from_bytes(b"a'\xff\x1b.json");
    let sell = |options: &[&str]| {
        let mut command = folder.command(options.iter().copied());
        Ran::from(
            command.args(["-n", "2", "-t", "1", "--think", "0", "--file"]).arg(name).output().expect("runs"),
        )
    };
    let ran = sell(&["--history", "h.jsonl", "--html", "page.html", "--trace", "trace.json", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!((&document["verdict"], &document["failures"]), (&json!("sound"), &Value::Null));
    assert_eq!(folder.ticketsim("check h.jsonl").code, Some(0));
    // The command names the file so that a shell finds it.
    let command = document["command"].as_str().expect("a command").to_owned();
    let again = folder.bash(&command.replacen("ticketsim", crate::harness::TICKETSIM, 1));
    assert_eq!(again.code, Some(0), "{command}: {again:?}");
    let tickets = std::fs::read_dir(folder.root())
        .expect("a folder")
        .filter(|entry| entry.as_ref().expect("an entry").file_name().as_bytes().starts_with(b"a'"));
    assert_eq!(tickets.count(), 1, "no other file was made: {command}");
}

/// Who steps by hand looks at the file again and again: a FIFO in its place is not waited for.
#[test]
fn a_fifo_in_the_place_of_the_ticket_file_does_not_stop_a_step() {
    let folder = Folder::new();
    let mut command = folder.command("step -n 2 -t 2 --no-lock".split(' '));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ticketsim starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let file = folder.path("data/ticket.json");
    eventually("the buyers are there", || have_opened(child.id(), 2, "data/ticket.json".as_ref()));
    std::fs::remove_file(&file).expect("deleted");
    mkfifo(&file, Mode::from_bits_truncate(0o600)).expect("a FIFO");
    stdin.write_all(b"1\n1\nq\n").expect("typed");
    drop(stdin);
    let ran = end(child);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains("UNKNOWN") && ran.stdout.contains("not a regular file"), "{ran:?}");
}

/// A row that can't be run says why; the others are run and shown.
#[test]
fn a_matrix_goes_on_after_a_row_that_cannot_be_run() {
    let folder = Folder::new();
    // Ten threads keep ten files open; one buyer after the other needs one or two.
    let ran = folder.bash(&format!(
        "ulimit -n 16; {} matrix --workers thread,sequential --lock none --write overwrite --trials 1 --markdown",
        crate::harness::TICKETSIM
    ));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let row = |workers: &str| {
        ran.stdout.lines().find(|line| line.starts_with(&format!("| {workers} "))).expect("a row")
    };
    assert!(row("thread").contains("Could not be run here: 10 buyers in one process need"), "{ran:?}");
    assert!(!row("sequential").contains("Could not"), "{ran:?}");
}
