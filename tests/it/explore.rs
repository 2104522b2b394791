//! `ticketsim explore`.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Folder, Ran, catches, eventually};

fn outcomes(document: &Value) -> &Vec<Value> {
    document["outcomes"].as_array().expect("outcomes")
}

#[test]
fn two_buyers_of_one_ticket_come_out_as_documented() {
    let ran = Folder::new().ticketsim("explore --buyers 2 --tickets 1 --no-lock --json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let begin = concat!(
        r#"{"schema_version":1,"schedules":"6","sound":"2","states":7,"complete":true,"outcomes":["#,
        r#"{"receipts":2,"failed":0,"remaining":0,"anomalies":["oversold","lost_update"],"schedules":"4","#,
        r#""probability":"1/2","witness":"R1 R2 W1 W2"},"#,
        r#"{"receipts":1,"failed":0,"remaining":0,"anomalies":[],"schedules":"2","probability":"1/2","witness":"R1 W1 R2"}]"#
    );
    assert!(ran.stdout.starts_with(begin), "{}", ran.stdout);
}

/// The same steps at two levels: the one oversells, the other aborts.
#[test]
fn a_database_needs_no_server_to_be_counted() {
    let folder = Folder::new();
    let (code, document) = folder.json("explore --store postgres --isolation read-committed");
    assert_eq!((code, &document["counting"]), (Some(1), &Value::from("requests")));
    assert_eq!((&document["schedules"], &document["sound"]), (&Value::from("14"), &Value::from("2")));
    let (code, document) = folder.json("explore --store postgres --isolation repeatable-read");
    assert_eq!((code, &document["verdict"]), (Some(0), &Value::from("sound")));
    let failed = outcomes(&document).iter().find(|outcome| outcome["failed"] == 1).expect("an abort");
    assert_eq!(failed["errors"], serde_json::json!({"40001": "12"}));
    let text = folder.ticketsim("explore --store postgres --isolation read-committed").stdout;
    assert!(text.contains("W2 waits for buyer 1 … C1: W2 goes on"), "{text}");
    let (code, document) =
        folder.json("explore --store sqlite --isolation deferred --busy-timeout 0 --retry");
    assert_eq!((code, &document["covered"]["endless"]), (Some(2), &Value::Bool(true)));
    let rejected = folder.ticketsim("explore --store sqlite --isolation serializable");
    assert_eq!(rejected.code, Some(2));
    assert!(rejected.stderr.contains("SQLite has no level serializable"), "{}", rejected.stderr);
}

/// The control stands beside it: the same without the lock.
#[test]
fn a_lock_is_proved_sound_and_no_lock_is_not() {
    let folder = Folder::new();
    let locked = folder.ticketsim("explore --buyers 5 --tickets 3");
    assert_eq!(locked.code, Some(0), "{locked:?}");
    assert!(locked.stdout.contains("every one of the 120 schedules is sound"), "{}", locked.stdout);
    assert!(locked.stdout.contains("a proof, not a sample"), "{}", locked.stdout);
    assert!(locked.stdout.contains("The model leaves out:"), "{}", locked.stdout);
    let control = folder.ticketsim("explore --buyers 5 --tickets 3 --no-lock");
    assert_eq!(control.code, Some(1), "{control:?}");
    assert!(control.stdout.contains("ticketsim replay 'R1 R2"), "{}", control.stdout);
}

#[test]
fn large_numbers_are_exact() {
    let folder = Folder::new();
    let (code, document) = folder.json("explore --buyers 20 --tickets 1 --no-lock");
    assert_eq!((code, &document["complete"]), (Some(1), &Value::Bool(true)));
    let digits = document["schedules"].as_str().expect("a string");
    // About 1.5 × 10³⁷, to the last digit.
    assert_eq!((digits.len(), &digits[..2]), (38, "15"));
    let sound: Vec<_> =
        outcomes(&document).iter().filter(|outcome| outcome["anomalies"] == serde_json::json!([])).collect();
    assert_eq!(sound.len(), 1);
    assert_eq!(sound[0]["probability"], "1/20");
    let (code, document) = folder.json("explore --buyers 10 --tickets 10 --no-lock");
    assert_eq!((code, &document["complete"]), (Some(1), &Value::Bool(true)));
}

#[test]
fn a_bound_ends_in_unknown_with_what_was_covered() {
    let folder = Folder::new();
    let (code, document) = folder.json("explore --buyers 20 --tickets 5 --no-lock --max-states 50");
    assert_eq!(
        (code, &document["complete"], &document["verdict"]),
        (Some(2), &false.into(), &"unknown".into())
    );
    assert!(document["covered"]["steps"].as_u64() > Some(0), "{document}");
    let ran = folder.ticketsim("explore --buyers 20 --tickets 5 --no-lock --max-states 50");
    assert!(ran.stdout.contains("UNKNOWN") && ran.stdout.contains("Every order of the first"), "{ran:?}");
}

#[test]
fn a_sample_finds_the_race_or_says_what_not_finding_it_means() {
    let folder = Folder::new();
    let race = "explore --buyers 100 --tickets 50 --no-lock --sample 200 --seed 5";
    for depth in ["", " --depth 2"] {
        let (code, document) = folder.json(&format!("{race}{depth}"));
        assert_eq!((code, &document["verdict"]), (Some(1), &"unsound".into()), "{document}");
        assert_eq!(folder.json(&format!("{race}{depth}")).1, document, "a seed repeats it");
    }
    let locked = folder.ticketsim("explore --buyers 100 --tickets 50 --sample 200 --seed 5");
    assert_eq!(locked.code, Some(2), "{locked:?}");
    assert!(locked.stdout.contains("1.5 % (3/N)"), "{}", locked.stdout);
    let (_, document) = folder.json("explore --buyers 100 --tickets 50 --sample 200");
    assert_eq!(document["confidence"]["high"], 0.015);
}

#[test]
fn what_does_not_go_together_is_said_so() {
    let folder = Folder::new();
    for (args, word) in [
        ("explore --buyers 0", "--buyers"),
        ("explore --depth 2", "--sample"),
        ("explore --sample 5 --max-states 7", "--max-states"),
        ("explore --lock flock --no-lock", "--no-lock"),
        ("explore --max-states 0", "--max-states"),
        ("explore --fsync", "--fsync"),
        ("explore --lock lockfile --write rename --lock-on ticket", "--lock-on"),
        ("explore --lock semaphore --lock-on sidecar", "--lock-on"),
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.contains(word), "{args}: {}", ran.stderr);
    }
    // Nothing is sold: there is no file before, and none after.
    assert!(folder.list(".").is_empty());
}

#[test]
fn chinese_has_the_same_numbers() {
    let ran = Folder::new().ticketsim("explore --buyers 2 --tickets 1 --no-lock --lang zh");
    for word in ["R1 R2 W1 W2", "概率", "超卖、丢失更新", "最短的调度"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
}

#[test]
fn the_command_of_a_document_repeats_it() {
    let folder = Folder::new();
    for args in [
        "explore --buyers 3 --tickets 1 --no-lock",
        "explore --buyers 3 --tickets 1 --no-lock --max-states 5",
        "explore --buyers 5 --tickets 1 --no-lock --sample 20 --depth 2 --seed 7",
    ] {
        let (code, document) = folder.json(args);
        let command = document["command"].as_str().expect("a command");
        assert_eq!(command, format!("ticketsim {args}"));
        let words = command.strip_prefix("ticketsim ").expect("our command");
        assert_eq!(folder.json(words), (code, document.clone()));
    }
}

#[test]
fn a_command_that_nobody_can_paste_is_not_shown() {
    let args = "explore --buyers 80 --tickets 20 --no-lock --sample 20 --seed 4";
    let ran = Folder::new().ticketsim(args);
    assert!(!ran.stdout.contains("ticketsim replay"), "{}", ran.stdout);
    assert!(ran.stdout.contains("take its replay command from --json"), "{}", ran.stdout);
}

#[test]
fn a_lock_that_two_buyers_can_not_break_is_not_praised() {
    let folder = Folder::new();
    let trap = "explore --tickets 2 --write rename --lock-on ticket";
    let two = folder.ticketsim(&format!("{trap} --buyers 2"));
    assert_eq!(two.code, Some(0), "{two:?}");
    assert!(two.stdout.contains("too few to show what is wrong with this lock:  --buyers 3"), "{two:?}");
    assert_eq!(folder.ticketsim(&format!("{trap} --buyers 3")).code, Some(1));
}

#[test]
fn ctrl_c_ends_an_exploration_with_what_was_covered() {
    let folder = Folder::new();
    let args = "explore --buyers 60 --tickets 40 --no-lock --max-states 4000000000";
    let mut command = folder.command(args.split_whitespace());
    let child = command.stdout(Stdio::piped()).spawn().expect("ticketsim runs");
    eventually("it catches the signal", || catches(child.id()));
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("interrupted");
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(ran.stdout.contains("interrupted after") && ran.stdout.contains("Every order"), "{ran:?}");
}

/// A count that takes its time says how far it is: on a terminal, and nowhere else.
#[test]
fn a_long_count_says_how_far_it_is_on_a_terminal() {
    let folder = Folder::new();
    let count = "explore -n 30 -t 30 --no-lock --json --max-states 400000";
    let began = std::time::Instant::now();
    let ran = folder.ticketsim(count);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), ""), "{ran:?}");
    if began.elapsed().as_millis() < 1500 {
        // Too fast to have anything to say.
        return;
    }
    // A terminal, by util-linux.
    let shown = folder.bash(&format!("script -qefc '{} {count}' /dev/null", crate::harness::TICKETSIM));
    assert!(shown.stdout.contains("of the probability has ended"), "{shown:?}");
}

/// The lease that expires, and the token that does not save it; the control shows it with the read, too.
#[test]
fn a_lease_expires_and_a_token_helps_where_the_read_shows_it() {
    let folder = Folder::new();
    let lease = "explore --store redis --lock lease";
    let none = folder.ticketsim(&format!("{lease} --fence write"));
    assert_eq!(none.code, Some(0), "nothing expires unless it is said: {none:?}");
    let ran = folder.ticketsim(&format!("{lease} --expire 1 --fence write"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for said in ["86 schedules", "Steps of nature", "at most 1 in a schedule", "L1 R1 X1 L2 R2 W1 U1 W2 U2"] {
        assert!(ran.stdout.contains(said), "{said}: {ran:?}");
    }
    let (_, json) = folder.json(&format!("{lease} --expire any --fence read-write"));
    assert_eq!(json["verdict"], "sound");
    assert_eq!(json["setting"]["mishaps"]["expire"], "any");
    assert_eq!(json["setting"]["fence"], "read-write");
    let command = json["command"].as_str().expect("a command").strip_prefix("ticketsim ").expect("ours");
    assert_eq!(folder.json(command).1, json, "its command says the same");
    let zh = folder.ticketsim(&format!("{lease} --expire any --lang zh"));
    assert!(zh.stdout.contains("租约过期（X），随时可能"), "{zh:?}");
    for (args, said) in [
        ("--store redis --expire 1", "--expire lets leases expire, and no step takes one"),
        ("--store postgres --expire 1", "--expire lets leases expire"),
        ("--store redis --steps 'begin read write commit'", "Redis has no such step"),
        ("--store etcd", "unknown store \"etcd\": one of sqlite"),
    ] {
        let ran = folder.bash(&format!("{} explore {args}", crate::harness::TICKETSIM));
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.contains(said), "{args}: {ran:?}");
    }
}
