//! What makes trouble for a lock: kinds that ignore each other, buyers that take none, an open file that all have
//! inherited, helpers that unlock, lockfiles of the dead; and the matrix of protocols.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Folder, children, eventually, kinds};

/// Each beside its control: the same without the trouble, or with a lock that does not mind it.
#[test]
fn trouble_shows_and_its_control_does_not() {
    let race = "-n 8 -t 20 --per-buyer all --think 1ms";
    for (options, code) in [
        ("--lock flock+posix", 1),
        ("--lock posix+ofd", 0),
        ("--lock flock --rogue 1", 1),
        ("--lock flock --rogue 0", 0),
        ("--lock flock --inherit", 1),
        ("--lock ofd --inherit", 1),
        ("--lock posix --inherit", 0),
        ("--lock mkdir", 0),
        ("--lock link", 0),
        ("--lock lease", 0),
        ("--lock lease --lease 1ms --think 6ms", 1),
        ("--lock lockfile --stale --break-stale", 0),
    ] {
        let folder = Folder::new();
        let options =
            if options.contains("--think") { options.to_owned() } else { format!("{options} --think 1ms") };
        let args = format!("{} {options}", race.trim_end_matches(" --think 1ms"));
        let (left, document) = folder.json(&args);
        assert_eq!(left, Some(code), "{args}: {document}");
        if code == 1 {
            assert!(kinds(&document).contains(&"lost_update"), "{args}: {document}");
        }
        let command = document["command"].as_str().expect("a command");
        let again = folder.json(command.strip_prefix("ticketsim ").expect("our command")).1;
        assert_eq!(again["plan"], document["plan"], "{command}");
        // Nothing of ours stays behind but the guard, which is never removed.
        let left: Vec<String> =
            folder.list("data").into_iter().filter(|name| name.contains(".lock")).collect();
        assert!(left.iter().all(|name| name == "ticket.json.lock.guard"), "{options}: {left:?}");
    }
}

/// The helper shares the open file: what it unlocks is unlocked. A POSIX lock is each process's own.
#[test]
fn a_helper_lets_go_of_what_it_has_inherited() {
    let folder = Folder::new();
    for (lock, code) in [("flock", 1), ("ofd", 1), ("posix", 0)] {
        let args = format!("-n 6 -t 20 --protocol helper-unlocks --lock {lock} --json");
        let ran = folder.ticketsim(&args);
        assert_eq!(ran.code, Some(code), "{lock}: {ran:?}");
    }
    let threads = folder.ticketsim("-n 3 -t 3 --protocol helper-unlocks --workers thread");
    assert_eq!(threads.code, Some(2), "{threads:?}");
    assert!(threads.stderr.contains("--workers process"), "{}", threads.stderr);
}

/// Killed in mid-purchase: what outlives its holder keeps all others out, and it is said who is to blame.
#[test]
fn a_killed_holder_leaves_folder_and_link_behind() {
    for lock in ["mkdir", "link"] {
        let folder = Folder::new();
        let args = format!("-n 3 -t 3 --lock {lock} --think 30s --jitter 0 --json");
        let mut command = folder.command(args.split_whitespace());
        let child = command.stdout(std::process::Stdio::piped()).spawn().expect("ticketsim runs");
        let place =
            folder.path(if lock == "link" { "data/ticket.json.lock" } else { "data/ticket.json.lock.d" });
        eventually("one of them has it, and all are there", || {
            place.exists() && children(child.id()).len() == 3
        });
        let holder = match std::fs::read_to_string(&place) {
            Ok(text) => text.lines().next().and_then(|pid| pid.parse().ok()).expect("a pid"),
            Err(_) => calmest(&children(child.id())),
        };
        kill(Pid::from_raw(holder as i32), Signal::SIGKILL).expect("killed");
        let output = child.wait_with_output().expect("waited");
        let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
        assert!(kinds(&document).contains(&"stuck"), "{lock}: {document}");
        let told = document.to_string();
        assert!(told.contains(&holder.to_string()), "{lock}: {told}");
    }
}

/// The process that sleeps longest at a time: the one that thinks, since those that wait try again more often.
fn calmest(pids: &[u32]) -> u32 {
    let wakes = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let before: Vec<u64> = pids.iter().map(|pid| wakes(*pid)).collect();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let grown = pids.iter().zip(before).map(|(pid, before)| (wakes(*pid) - before, *pid));
    grown.min().expect("a buyer").1
}

#[test]
fn what_does_not_go_together_is_said() {
    let folder = Folder::new();
    for (args, said) in [
        ("explore --inherit --lock lockfile", "sits on no file"),
        ("explore --no-lock --rogue 1", "nobody takes one"),
        ("explore --lock flock --lease 1s", "does not end by itself"),
        ("explore --lock mkdir --stale", "names no holder"),
        ("explore --lock flock+none", "`none` is no lock; --rogue has some"),
        ("explore --lock flock+nolock", "invalid value"),
        ("explore --lock flock+posix+ofd+lockfile+mkdir", "4 kinds at most"),
        ("explore --store postgres --rogue 1", "--rogue is of a ticket file"),
        ("explore --protocol locked --rogue 1", "cannot be used with"),
        ("explore --inherit --write rename --lock-on ticket", "has inherited nothing"),
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.contains(said), "{args}: {}", ran.stderr);
    }
}

/// The whole catalogue of files, for real: every row is as promised, in every form.
#[test]
fn protocols_are_graded_as_promised() {
    let folder = Folder::new();
    let (code, document) = folder.json("matrix --protocols --trials 2 --html rows.html --dir .");
    let rows = document["rows"].as_array().expect("rows");
    for row in rows {
        assert_eq!(row["as_documented"], true, "{row}");
    }
    assert_eq!(code, Some(0), "{document}");
    let grade = |protocol: &str, lock: &str| {
        let row = rows.iter().find(|row| row["protocol"] == protocol && row["lock"] == lock);
        row.unwrap_or_else(|| panic!("{protocol} with {lock}"))["grade"].as_str().expect("a grade")
    };
    assert_eq!(
        (grade("close-drops-posix", "posix"), grade("close-drops-posix", "flock")),
        ("unsafe", "safe")
    );
    assert_eq!((grade("unlink-on-release", "flock"), grade("unlink-checked", "flock")), ("unsafe", "safe"));
    let stuck =
        rows.iter().find(|row| row["protocol"] == "upgrade" && row["lock"] == "posix").expect("a row");
    assert!(stuck["stuck"].as_u64() > Some(0), "the kernel found the deadlock: {stuck}");
    assert!(folder.read("rows.html").contains("unlink-checked"));
    assert_eq!(folder.ticketsim("matrix --protocols --lock flock").code, Some(2));
}
