//! Limits that a system sets: threads, processes and file sizes. Each is an error that names it, and nothing
//! is left behind.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Folder, Ran, TICKETSIM};

/// A folder in which anybody may work, with a copy of the command that anybody may run.
fn open_folder() -> Folder {
    let folder = Folder::new();
    std::fs::copy(TICKETSIM, folder.path("ticketsim")).expect("copied");
    for (path, mode) in [("ticketsim", 0o755), (".", 0o777)] {
        std::fs::set_permissions(folder.path(path), std::fs::Permissions::from_mode(mode)).expect("set");
    }
    folder
}

/// Runs a script as a user of its own, who has no other process: root is exempt from `ulimit -u`.
fn as_somebody(folder: &Folder, user: u32, script: &str) -> Option<Ran> {
    let become_user =
        format!("setpriv --reuid={user} --regid={user} --clear-groups timeout -s KILL 60 bash -c");
    let works = folder.bash(&format!("{become_user} true")).code == Some(0);
    works.then(|| folder.bash(&format!("{become_user} '{script}'")))
}

/// With no thread, or with one less than it takes, async buyers are rejected: none panics, none hangs, and
/// there is never a verdict on half of them.
#[test]
fn async_buyers_without_threads_are_rejected_with_the_limit() {
    let folder = open_folder();
    for (place, options) in ["", "--fsync", "--no-lock", "--write rename"].into_iter().enumerate() {
        let user = 54_000 + place as u32;
        let mut rejected = 0;
        for limit in 1..=8 {
            let script = format!(
                "ulimit -u {limit}; exec ./ticketsim -n 6 -t 6 --think 1ms --workers task --file {place}.json {options} -q"
            );
            let Some(ran) = as_somebody(&folder, user, &script) else {
                eprintln!("SKIPPED: only root can become somebody else");
                return;
            };
            if ran.code == Some(2) {
                rejected += 1;
                assert!(ran.stderr.contains(&format!("ulimit -u {limit}")), "{ran:?}");
                assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{ran:?}");
            } else {
                assert!(matches!(ran.code, Some(0 | 1)), "{limit} {options}: {ran:?}");
                assert_eq!(ran.stderr, "", "{limit} {options}");
            }
        }
        assert!(rejected >= 3, "it takes more than two threads: {options}");
        let script = format!(
            "ulimit -u 100; exec ./ticketsim -n 6 -t 6 --workers task --file {place}.json {options} -q"
        );
        let ran = as_somebody(&folder, user, &script).expect("it worked before");
        assert!(matches!(ran.code, Some(0 | 1)), "the control: {options}: {ran:?}");
    }
}

/// The same of every other kind of worker, and of the commands that hold their buyers at gates.
#[test]
fn no_command_panics_or_hangs_where_processes_are_few() {
    let folder = open_folder();
    for limit in [1, 2, 4] {
        for command in [
            "-n 6 -t 6 --think 0 -q --workers process",
            "-n 6 -t 6 --think 0 -q --workers thread",
            "-n 6 -t 6 --think 0 -q --workers sequential",
            "replay \"R1 R2 R3 R4 W1 W2\" -t 9 --no-lock -q",
            "step -n 6 -t 9 --no-lock",
            "lesson many --fast --count 8 --json",
            "matrix --trials 1 --lock flock --write overwrite --json",
        ] {
            let script = format!("ulimit -u {limit}; exec ./ticketsim {command} </dev/null");
            let Some(ran) = as_somebody(&folder, 54_100, &script) else {
                eprintln!("SKIPPED: only root can become somebody else");
                return;
            };
            assert!(matches!(ran.code, Some(0..=2)), "{limit} {command}: {ran:?}");
            assert!(!ran.stderr.contains("panicked"), "{limit} {command}: {ran:?}");
        }
    }
}

/// What is written beyond the limit of file sizes fails as on a full disk. The sale is not lost for that, no
/// temporary file and no semaphore stays, and no error names one.
#[test]
fn a_limit_of_file_sizes_is_an_error_and_no_end() {
    for output in ["--html page.html", "--trace trace.json", "--history h.jsonl"] {
        let folder = Folder::new();
        let args = "-n 8 -t 8 --per-buyer all --think 0 --lock semaphore --lang en";
        let ran = folder.bash(&format!("ulimit -f 1; {TICKETSIM} {args} {output}"));
        assert_eq!(ran.code, Some(2), "{output}: {ran:?}");
        let name = output.split(' ').nth(1).expect("a name");
        assert!(ran.stderr.contains(&format!("{name}: can't be written")), "{output}: {ran:?}");
        assert!(ran.stderr.contains("File too large"), "{output}: {ran:?}");
        assert!(!ran.stderr.contains(".tmp"), "{output}: {ran:?}");
        assert!(ran.stdout.contains("8 receipts for 8 tickets"), "the sale is told: {ran:?}");
        assert_eq!(folder.list("."), ["data"], "{output}");
        assert_eq!(folder.list("data"), ["ticket.json"], "{output}");
    }
    let folder = Folder::new();
    assert_eq!(folder.ticketsim("-n 2 -t 1 --no-lock -q --history h.jsonl").code, Some(1));
    for command in [
        "report h.jsonl -o page.html",
        "report h.jsonl --trace t.json",
        "matrix --trials 1 --lock none --html m.html",
    ] {
        let ran = folder.bash(&format!("ulimit -f 0; {TICKETSIM} {command}"));
        assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
        assert!(ran.stderr.contains("File too large") && !ran.stderr.contains(".tmp"), "{command}: {ran:?}");
        assert_eq!(folder.list("."), ["data", "h.jsonl"], "{command}");
    }
    // Nor can tickets be put on sale in a new file.
    let folder = Folder::new();
    let ran = folder.bash(&format!("ulimit -f 0; {TICKETSIM} -t 5"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("data/ticket.json: can't be created: File too large"), "{ran:?}");
    assert_eq!(folder.list("data"), [""; 0]);
}

/// Errors name what the user knows: the folder that was asked for, never the name of a temporary file.
#[test]
fn no_error_names_a_temporary_file() {
    let folder = Folder::new();
    for command in [
        "lesson many --fast",
        "lesson lock --fast",
        "lesson server --fast",
        "matrix --trials 1 --lock none",
        "matrix --trials 1 --lock none --dir no/such/folder",
        "-t 1 --history no/such/folder/h.jsonl",
        "-t 1 --html /proc/page.html",
    ] {
        let output = folder.command(command.split(' ')).env("TMPDIR", "no/such/folder").output();
        let ran = Ran::from(output.expect("ticketsim runs"));
        assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
        assert!(ran.stderr.contains("no/such/folder") || ran.stderr.contains("/proc"), "{command}: {ran:?}");
        assert!(!ran.stderr.contains(".tmp") && !ran.stderr.contains("ticketsim-"), "{command}: {ran:?}");
    }
}
