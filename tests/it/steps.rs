//! `--steps`: purchases in an order of your own, wherever a purchase is carried out, counted or replayed.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Folder, Ran, kinds};

/// The order that reads before it locks, and the control, which reads again under the lock.
const LATE: &str = "read think lock write unlock";
const AGAIN: &str = "read think lock read write unlock";

/// Runs a command whose words a shell would split, `--steps '…'` among them.
fn sh(folder: &Folder, command: &str) -> Ran {
    folder.bash(&format!("{} {command}", crate::harness::TICKETSIM))
}

fn sh_json(folder: &Folder, command: &str) -> (Option<i32>, Value) {
    let ran = sh(folder, &format!("{command} --json"));
    let document = serde_json::from_str(&ran.stdout);
    (ran.code, document.unwrap_or_else(|error| panic!("{error}: {ran:?}")))
}

#[test]
fn every_kind_of_worker_takes_them_and_says_so() {
    for workers in ["process", "thread", "task"] {
        for (steps, code) in [(LATE, 1), (AGAIN, 0)] {
            let folder = Folder::new();
            let options = format!("-n 8 -t 3 --workers {workers} --think 50ms --steps '{steps}'");
            let (left, document) = sh_json(&folder, &format!("{options} --history h.jsonl"));
            assert_eq!(left, Some(code), "{workers}, {steps}: {document}");
            assert_eq!(document["plan"]["steps"], steps);
            assert!(folder.read("h.jsonl").contains(&format!("\"steps\":\"{steps}\"")));
            let command = document["command"].as_str().expect("a command");
            assert!(command.contains(&format!("--steps '{steps}'")), "{command}");
            assert_eq!(kinds(&document).contains(&"oversold"), code == 1);
            let ran = sh(&folder, &options);
            assert!(ran.stdout.contains(&format!("flock, overwrite, steps: {steps}, think 50ms")), "{ran:?}");
            // The history alone says in which order they took the steps.
            let schedule = folder.ticketsim("schedule h.jsonl");
            assert_eq!(schedule.code, Some(0), "{schedule:?}");
        }
    }
    let folder = Folder::new();
    let (code, document) = sh_json(&folder, &format!("-n 8 -t 3 --workers sequential --steps '{LATE}'"));
    assert_eq!((code, &document["receipts"]), (Some(0), &json!(3)), "nobody is there to race with");
}

#[test]
fn the_usual_steps_are_no_steps_of_ones_own() {
    let folder = Folder::new();
    let (_, document) = sh_json(&folder, "-n 1 -t 1 --steps 'lock read think write unlock'");
    assert_eq!(document["plan"]["steps"], "lock read think write unlock");
    assert!(!document["command"].as_str().expect("a command").contains("--steps"), "{document}");
    let (_, plain) = sh_json(&folder, "-n 1 -t 1 --write truncate --no-lock");
    assert_eq!(plain["plan"]["steps"], "read think truncate fill");
}

#[test]
fn other_locks_and_writes_go_with_them() {
    for (options, code) in [
        ("--lock ofd --steps 'lock read write unlock'", 0),
        ("--lock semaphore --write truncate --steps 'read lock read write unlock'", 0),
        ("--lock lockfile --steps 'lock read truncate fill unlock'", 0),
        ("--write rename --steps 'lock read write unlock'", 0),
        ("--write rename --lock-on ticket --steps 'open lock read write unlock'", 0),
        // It opens nothing before it locks, so it locks what is there then.
        ("--fsync --lock posix --steps 'lock read write unlock'", 0),
    ] {
        let folder = Folder::new();
        let (left, document) = sh_json(&folder, &format!("-n 1 -t 2 --per-buyer all {options}"));
        assert_eq!((left, &document["receipts"]), (Some(code), &json!(2)), "{options}: {document}");
    }
    // A file that is emptied is met empty; the control fills it under the lock.
    let folder = Folder::new();
    let explore = |steps: &str| sh_json(&folder, &format!("explore -n 2 -t 2 --steps '{steps}'"));
    let (code, document) = explore("read truncate lock fill unlock");
    let outcomes = document["outcomes"].as_array().expect("outcomes").clone();
    assert_eq!(code, Some(1));
    assert!(outcomes.iter().any(|end| end["failed"] == 1 && end["receipts"] == 1), "{document}");
    assert_eq!(explore("lock read truncate fill unlock").0, Some(0));
}

/// 10 schedules and 12: held against a brute force of their own in src/explore/tests.rs.
#[test]
fn explore_counts_them() {
    let folder = Folder::new();
    let (code, late) = sh_json(&folder, "explore -n 2 -t 1 --steps 'read lock write unlock'");
    assert_eq!((code, &late["schedules"], &late["sound"]), (Some(1), &json!("10"), &json!("4")));
    let worst = &late["outcomes"][0];
    assert_eq!((&worst["schedules"], &worst["probability"]), (&json!("6"), &json!("3/4")));
    assert_eq!(
        (&worst["receipts"], &worst["failed"], &worst["remaining"]),
        (&json!(2), &json!(0), &json!(0))
    );
    assert_eq!(late["setting"]["steps"], "read lock write unlock");
    let (code, again) = sh_json(&folder, "explore -n 2 -t 1 --steps 'read lock read write unlock'");
    assert_eq!((code, &again["schedules"], &again["sound"]), (Some(0), &json!("12"), &json!("12")));
    let text = sh(&folder, "explore -n 2 -t 1 --steps 'read lock write unlock'").stdout;
    assert!(text.contains("2 buyers: flock, overwrite, steps: read lock write unlock\n"), "{text}");
    // The command that it ends with makes the worst of them happen.
    let replay = text.lines().find_map(|line| line.split_once("ticketsim replay ")).expect("a command").1;
    let ran = sh(&folder, &format!("replay {replay} --file t.json"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("oversold: 2 receipts for 1 ticket"), "{ran:?}");
    let (code, sampled) = sh_json(&folder, "explore -n 2 -t 1 --steps 'read lock write unlock' --sample 50");
    assert_eq!((code, &sampled["setting"]["steps"]), (Some(1), &json!("read lock write unlock")));
    assert_eq!(sampled["outcomes"][0]["failed"], 0);
}

#[test]
fn a_replay_a_step_and_a_schedule_file_take_them() {
    let folder = Folder::new();
    let raced = sh(&folder, "replay 'R1 R2 L1 W1 U1 L2 W2 U2' -t 1 --steps 'read lock write unlock'");
    assert_eq!(raced.code, Some(1), "{raced:?}");
    assert!(raced.stdout.contains("flock, overwrite, steps: read lock write unlock\n"), "{raced:?}");
    let kept_out = sh(&folder, "replay 'R1 R2 L1 L2' -t 1 --steps 'read lock write unlock'");
    assert_eq!(kept_out.code, Some(2));
    assert!(kept_out.stderr.contains("step 4 (L2): it has to wait: buyer 1 has held the lock since step 3"));
    let other = sh(&folder, "replay 'L1 R1 W1 U1' -t 1 --steps 'read lock write unlock'");
    assert!(other.stderr.contains("step 1 (L1): buyer 1's next step is R1"), "{other:?}");
    assert!(
        other.stderr.contains("Did you mean:  ticketsim replay 'L1 R1 W1 U1' --tickets 1\n"),
        "{other:?}"
    );

    // A run's history becomes a schedule file, which says the steps, and is replayed without the option.
    sh(&folder, &format!("-n 3 -t 1 --think 50ms --steps '{LATE}' --history h.jsonl"));
    assert_eq!(folder.ticketsim("schedule h.jsonl -o s.json").code, Some(0));
    let file: Value = serde_json::from_str(&folder.read("s.json")).expect("JSON");
    assert_eq!(file["plan"]["steps"], LATE);
    let again = folder.ticketsim("replay --from s.json");
    assert_eq!(again.code, Some(1), "{again:?}");
    folder.write("s.json", r#"{"schedule_version":1,"plan":{"steps":"read wriet"},"steps":"R1"}"#);
    let error = folder.ticketsim("replay --from s.json").stderr;
    assert!(error.contains("s.json:1:") && error.contains("did you mean write?"), "{error}");
}

#[test]
fn by_hand_each_step_has_its_place() {
    let folder = Folder::new();
    let mut child = folder
        .command(["step", "-t", "1", "--steps", "read lock write unlock"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ticketsim runs");
    child.stdin.take().expect("a pipe").write_all(b"1\n2\n1\n2\n?\n").expect("typed");
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for said in [
        "steps: read lock write unlock",
        "buyer 1  next L1: take the lock  (has read 1)",
        "L2 has to wait: buyer 1 has held the lock since step 3",
        "to oversell from here: W1 U1 L2 W2 U2",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
}

#[test]
fn what_can_not_be_is_rejected_with_its_place_and_the_way_out() {
    let folder = Folder::new();
    for (options, said) in [
        ("--steps 'lock write read unlock'", "step 2 (character 6), \"write\": there is no read before it"),
        ("--steps 'unlock read write'", "step 1 (character 1), \"unlock\": there is no lock before it"),
        ("--steps 'lock read write'", "step 1 (character 1), \"lock\": no unlock follows it"),
        ("--steps 'lock read think unlock'", "no step writes"),
        ("--steps 'read  wriet'", "step 2 (character 7), \"wriet\": no such step; did you mean write?"),
        ("--steps 'read take'", "step 2 (character 6), \"take\""),
        ("--steps ''", "a purchase has steps, like: lock read think write unlock"),
        ("--no-lock --steps 'lock read write unlock'", "it takes a lock, and there is to be none"),
        ("--lock posix --steps 'read write'", "no step takes the posix lock: add lock and unlock"),
        ("--lock semaphore --steps 'open lock read write unlock'", "sits on no file that could be opened"),
        ("--write rename --steps 'read truncate fill'", "there is nothing to rename"),
        ("--steps $'read \\e[2J write'", "no such step"),
    ] {
        for command in ["", "explore", "replay R1", "step"] {
            let ran = sh(&folder, &format!("{command} -t 1 {options}"));
            assert_eq!(ran.code, Some(2), "{command} {options}: {ran:?}");
            assert!(ran.stderr.contains(said), "{command} {options}: {ran:?}");
            assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
        }
    }
    assert!(!folder.path("data").exists(), "nothing was touched");
    let matrix = sh(&folder, "matrix --steps 'read write'");
    assert_eq!(matrix.code, Some(2), "a matrix has protocols of its own");
}

#[test]
fn the_help_says_words_and_letters() {
    let folder = Folder::new();
    for command in ["", "explore", "replay", "step"] {
        let help = sh(&folder, &format!("{command} --help")).stdout;
        let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in ["lock L", "read R", "write W", "unlock U", "truncate T and fill F"] {
            assert!(help.contains(said), "{command}: {said}");
        }
    }
}

/// What an exploration says to try next is another sale, and it does what is said of it.
#[test]
fn the_way_out_is_another_sale() {
    let folder = Folder::new();
    for (steps, code, hint, then) in [
        ("read lock write unlock", 1, "keep the stock locked from the read to the write:  ticketsim ", 0),
        ("read lock read write unlock", 0, "take the lock away:  ticketsim ", 1),
    ] {
        let ran = sh(&folder, &format!("explore -n 2 -t 1 --steps '{steps}'"));
        assert_eq!(ran.code, Some(code), "{ran:?}");
        let next = ran.stdout.lines().find_map(|line| line.split_once(hint)).expect(hint).1;
        assert_eq!(sh(&folder, next).code, Some(then), "{next}");
    }
}

/// A header is somebody else's word: a number in it is no reason to reserve memory.
#[test]
fn a_header_with_too_many_buyers_is_rejected() {
    let folder = Folder::new();
    folder.bash(&format!("{} -n 2 -t 1 --history h.jsonl", crate::harness::TICKETSIM));
    let history = folder.read("h.jsonl");
    let control = folder.ticketsim("schedule h.jsonl");
    assert_eq!(control.code, Some(0), "{control:?}");
    folder.write("h.jsonl", history.replace("\"buyers\":2,", "\"buyers\":2147483648,"));
    let ran = folder.ticketsim("schedule h.jsonl");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.stdout, control.stdout, "the schedule is known all the same");
    assert!(
        ran.stderr.contains("nobody can replay this schedule: 2147483648 buyers: it takes 1 to 30000"),
        "{ran:?}"
    );
}
