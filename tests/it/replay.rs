//! `replay` and `schedule`: one order of steps, exactly.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::harness::{Folder, Ran, alive, children, dead_pid, eventually, kinds, lockfile_text};

/// Runs the command with this schedule and these further arguments.
fn replay(folder: &Folder, schedule: &str, args: &str) -> Ran {
    let args = ["replay", schedule].into_iter().chain(args.split_whitespace());
    Ran::from(folder.command(args).output().expect("ticketsim runs"))
}

#[test]
fn a_schedule_is_run_step_by_step_and_judged() {
    let folder = Folder::new();
    let ran = replay(&folder, "R1 R2 W1 W2", "--tickets 1 --no-lock");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for line in
        ["  1  R1  buyer 1 reads 1", "  4  W2  buyer 2 writes 0: bought", "UNSOUND: 2 receipts for 1 ticket."]
    {
        assert!(ran.stdout.lines().any(|shown| shown == line), "{line}: {ran:?}");
    }
    // The control: one after the other, without any lock.
    let ran = replay(&folder, "R1 W1 R2", "--tickets 1 --no-lock");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("buyer 2 reads 0: refused"), "{ran:?}");
}

#[test]
fn replays_agree_and_the_document_says_so() {
    let folder = Folder::new();
    let args = "--tickets 2 --no-lock --write truncate --times 50 --history h.jsonl --html h.html --json";
    let ran = replay(&folder, "R1 R2 T1 R3 F1 T2", args);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["schedule"], "R1 R2 T1 R3 F1 T2 F2");
    assert_eq!(
        (&document["asked"], &document["times"], &document["agree"]),
        (&json!(6), &json!(50), &json!(true))
    );
    assert_eq!(
        document["command"],
        "ticketsim replay 'R1 R2 T1 R3 F1 T2 F2' --tickets 2 --no-lock --write truncate"
    );
    assert_eq!(kinds(&document), ["lost_update", "torn_read"]);
    assert!(folder.read("h.html").starts_with("<!"), "a page");
    // The history alone says which schedule it was.
    let ran = folder.ticketsim("schedule h.jsonl -o race.json");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "R1 R2 T1 R3 F1 T2 F2\n"), "{ran:?}");
    assert!(ran.stderr.contains("ticketsim replay --from race.json"), "{ran:?}");
    let (code, again) = folder.json("replay --from race.json");
    assert_eq!(code, Some(1));
    assert_eq!((&again["schedule"], kinds(&again)), (&document["schedule"], kinds(&document)));
}

#[test]
fn a_race_in_the_wild_becomes_a_schedule() {
    let folder = Folder::new();
    let ran = folder.ticketsim("-n 4 -t 1 --no-lock --think 200ms --history h.jsonl");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran = folder.ticketsim("schedule h.jsonl");
    let again = replay(&folder, ran.stdout.trim(), "--tickets 1 --no-lock --quiet");
    assert_eq!(again.code, Some(1), "{ran:?}: {again:?}");
}

#[test]
fn what_the_lock_forbids_is_said_and_nothing_stays_behind() {
    let folder = Folder::new();
    for lock in ["--lock flock", "--write truncate", "--write rename"] {
        let ran = replay(&folder, "L1 R1 L2", &format!("--tickets 1 {lock}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        assert_eq!(
            ran.stderr,
            "error: step 3 (L2): it has to wait: buyer 1 has held the lock since step 1\n"
        );
        // What had begun was finished.
        assert_eq!(folder.ticketsim("show").stdout, "0 tickets left in data/ticket.json\n");
    }
}

#[test]
fn a_lockfile_that_is_in_the_way_is_named_with_its_process() {
    let folder = Folder::with_ticket_file("{\"ticket\": 1}");
    let (dead, alive) = (dead_pid(), std::process::id());
    for (text, said) in [
        (lockfile_text(dead), format!("process {dead}, which is gone, left")),
        (lockfile_text(alive), format!("process {alive} holds")),
        ("none\n".to_owned(), "whether its holder lives can't be found out".to_owned()),
        (format!("{dead}\n"), "whether its holder lives can't be found out".to_owned()),
    ] {
        folder.write("data/ticket.json.lock", text);
        let ran = replay(&folder, "L1", "--lock lockfile");
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(&said) && ran.stderr.contains("data/ticket.json.lock"), "{ran:?}");
    }
}

/// Threads of one process share a POSIX lock (fcntl_locking(2)), so the schedule of their race is one that threads
/// take again, and tasks; processes can't, which is the control.
#[test]
fn a_race_of_threads_is_replayed_by_threads() {
    let folder = Folder::new();
    for workers in ["thread", "task"] {
        let ran = folder.ticketsim(&format!(
            "-n 3 -t 1 --workers {workers} --lock posix --think 100ms --history h.jsonl"
        ));
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let ran = folder.ticketsim("schedule h.jsonl");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let option = format!("--workers {workers} --lock posix");
        assert!(ran.stdout.starts_with('L') && ran.stderr.contains(&option), "{ran:?}");
        let steps = ran.stdout.trim().to_owned();
        assert_eq!(folder.ticketsim("schedule h.jsonl -o s.json").code, Some(0));
        assert!(
            folder.read("s.json").contains(&format!("\"workers\": \"{workers}\"")),
            "{}",
            folder.read("s.json")
        );
        let again = folder.ticketsim("replay --from s.json --json");
        let document: serde_json::Value = serde_json::from_str(&again.stdout).expect("a document");
        assert_eq!((again.code, &document["schedule"]), (Some(1), &serde_json::json!(steps)), "{again:?}");
        let command = document["command"].as_str().expect("a command");
        assert!(command.contains(&option), "{command}");
        let ran = replay(&folder, &steps, "--tickets 1 --lock posix");
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("it has to wait: buyer "), "{ran:?}");
    }
    // What the model counts for them, it counts for threads alone.
    for (options, code) in [("--workers thread --lock posix", 1), ("--lock posix", 0), ("--workers task", 0)]
    {
        assert_eq!(folder.ticketsim(&format!("explore -n 2 -t 1 {options}")).code, Some(code), "{options}");
    }
}

#[test]
fn by_hand_a_thread_is_let_go() {
    let folder = Folder::new();
    let steps = r"printf '1\n2\n1\n2\n1\n2\nu\nq\n'";
    let ran = folder.bash(&format!(
        "{steps} | {} step -n 2 -t 1 --workers thread --lock posix",
        crate::harness::TICKETSIM
    ));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("2 threads") && ran.stdout.contains("oversold"), "{ran:?}");
}

#[test]
fn the_history_of_a_replay_knows_its_steps() {
    let folder = Folder::new();
    let ran = replay(&folder, "R1 R2 W1 W2", "--tickets 1 --no-lock --history h.jsonl --html one.html");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(folder.read("h.jsonl").contains(r#""replay":"R1 R2 W1 W2""#));
    folder.ticketsim("report h.jsonl -o two.html");
    for page in ["one.html", "two.html"] {
        assert!(folder.read(page).contains("R1 R2 W1 W2"), "{page} has the command");
    }
}

#[test]
fn mistakes_are_named_with_their_position() {
    let folder = Folder::new();
    for (schedule, args, said) in [
        ("R1 M2", "-t 1", "step 2 (character 4) is \"M2\""),
        ("", "-t 1", "the schedule is empty"),
        ("R1 R1", "-t 1 --no-lock", "step 2 (R1): buyer 1's next step is W1"),
        ("R1", "-t 1", "step 1 (R1): buyer 1's next step is L1"),
        (
            "R3",
            "-t 1 --no-lock --buyers 2",
            "step 1 (R3): the last buyer is buyer 2; take more with --buyers",
        ),
        ("R1", "-t 1 --no-lock --lock-timeout 1s", "unexpected argument '--lock-timeout'"),
        ("R1", "-t 1 --no-lock --times 0", "--times"),
    ] {
        let ran = replay(&folder, schedule, args);
        assert_eq!(ran.code, Some(2), "{schedule}: {ran:?}");
        assert!(ran.stderr.contains(said), "{schedule}: {ran:?}");
    }
    folder.write("s.json", "{\"schedule_version\": 1,\n \"plan\": {},\n \"steps\": \"R1 R2 M1\"}");
    let ran = folder.ticketsim("replay --from s.json -t 1");
    assert!(ran.code == Some(2) && ran.stderr.contains("cannot be used with"), "{ran:?}");
    let ran = folder.ticketsim("replay --from s.json");
    assert!(ran.code == Some(2) && ran.stderr.contains("s.json:3:18: step 3 (character 7)"), "{ran:?}");
    let ran = folder.ticketsim("replay --from /dev/zero");
    assert!(ran.code == Some(2) && ran.stderr.contains("longer than 16 MiB"), "{ran:?}");
    let ran = folder.ticketsim("replay --from none.json");
    let said = "error: none.json: can't be read: No such file or directory (os error 2)\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), said));
}

/// The likeliest mistakes are answered with the command that was meant, and that command works.
#[test]
fn mistakes_are_answered_with_the_command_that_was_meant() {
    let race = "ticketsim replay 'R1 R2 W1 W2' --tickets 1 --no-lock";
    for (args, meant, code) in [
        ("'R1 R2 W1 W2' -t 1", race, 1),
        ("R1 R2 W1 W2 -t 1 --no-lock", race, 1),
        ("R1 R2 -t 1 W1 W2", race, 1),
        ("'r1 r2 w1 w2' -t 1 --no-lock", race, 1),
        ("R1,R2,W1,W2 -t 1 --no-lock", race, 1),
        ("R1, R2, W1, W2 -t 1", race, 1),
        ("R1R2W1W2 -t 1 --lock ofd", race, 1),
        ("r1 -t 1 --no-lock --times 3 -q", "ticketsim replay R1 --tickets 1 --no-lock --times 3 --quiet", 0),
        ("'L1 R1 W1 U1' -t 1 --no-lock", "ticketsim replay 'L1 R1 W1 U1' --tickets 1", 0),
        (
            "'R1 T1 R2 F1' -t 1 --no-lock",
            "ticketsim replay 'R1 T1 R2 F1' --tickets 1 --no-lock --write truncate",
            1,
        ),
        ("'R1 R3 W1 W3' -t 1 -n 2 --no-lock", "ticketsim replay 'R1 R3 W1 W3' --tickets 1 --no-lock", 1),
        (
            "'R1 W1 R1 W1' -t 2 --no-lock",
            "ticketsim replay 'R1 W1 R1 W1' --tickets 2 --no-lock --per-buyer 2",
            0,
        ),
    ] {
        let folder = Folder::new();
        let ticketsim = crate::harness::TICKETSIM;
        let ran = folder.bash(&format!("{ticketsim} replay {args}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args}: {ran:?}");
        assert!(ran.stderr.contains(&format!("Did you mean:  {meant}\n")), "{args}: {ran:?}");
        let again = folder.bash(&meant.replacen("ticketsim", ticketsim, 1));
        assert_eq!(again.code, Some(code), "{meant}: {again:?}");
        let ran = folder.bash(&format!("{ticketsim} replay {args} --lang zh"));
        assert!(ran.stderr.contains(&format!("是不是想要：  {meant}\n")), "{args}: {ran:?}");
    }
    // Without `replay`, and in a file.
    let folder = Folder::new();
    for args in ["'R1 R2 W1 W2' --tickets 1 --no-lock", "R1 R2 W1 W2 --tickets 1 --no-lock"] {
        let ran = folder.bash(&format!("{} {args}", crate::harness::TICKETSIM));
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.ends_with(&format!("Did you mean:  {race}\n")), "{args}: {ran:?}");
    }
    folder.write("s.json", "{\"schedule_version\": 1, \"plan\": {}, \"steps\": \"r1, r2, w1, w2\"}");
    let ran = folder.ticketsim("replay --from s.json");
    assert!(ran.code == Some(2) && ran.stderr.contains("did you mean \"R1 R2 W1 W2\"?"), "{ran:?}");
    // The controls: what no other plan mends is answered with the error alone.
    for args in ["'L1 R1 L2' -t 1", "'W1' -t 1 --no-lock", "'R1 X1' -t 1", "race.json -t 1"] {
        let folder = Folder::new();
        let ran = folder.bash(&format!("{} replay {args}", crate::harness::TICKETSIM));
        assert_eq!((ran.code, ran.stderr.contains("Did you mean")), (Some(2), false), "{args}: {ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{args}: {ran:?}");
    }
}

#[test]
fn a_history_that_names_no_schedule_is_rejected() {
    let folder = Folder::new();
    folder.ticketsim("-n 2 -t 0 --history h.jsonl");
    let whole = folder.read("h.jsonl");
    let (header, _) = whole.split_once('\n').expect("a header");
    let purchase = r#"{"buyer":1,"invoke_ns":1,"return_ns":2,"outcome":"refused","stock":0}"#;
    let killed = r#"{"buyer":1,"invoke_ns":1,"outcome":"failed","fault":"killed"}"#;
    let foreign = r#"{"history_version":1,"initial":0}"#;
    for (text, said) in [
        (
            format!("{header}\n{purchase}\n"),
            "line 2: the purchase of buyer 1 has no times of its inner steps",
        ),
        (format!("{header}\n{killed}\n"), "line 2: the purchase of buyer 1 ended with killed"),
        (format!("{foreign}\n{purchase}\n"), "holds no plan"),
    ] {
        folder.write("bad.jsonl", text);
        let ran = folder.ticketsim("schedule bad.jsonl");
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("bad.jsonl") && ran.stderr.contains(said), "{ran:?}");
    }
}

/// A conductor in the middle of many replays.
fn long_replay(folder: &Folder) -> std::process::Child {
    let args = ["replay", "L1 R1 W1 U1 L2 R2 U2", "--tickets", "1", "--times", "1000000"];
    let conductor = folder.command(args).stdout(Stdio::piped()).spawn().expect("ticketsim runs");
    eventually("buyers are there", || !children(conductor.id()).is_empty());
    conductor
}

#[test]
fn killing_the_conductor_leaves_no_process() {
    let folder = Folder::new();
    let mut conductor = long_replay(&folder);
    let mut buyers = Vec::new();
    eventually("both buyers are seen", || {
        buyers = children(conductor.id());
        buyers.len() == 2
    });
    kill(Pid::from_raw(conductor.id() as i32), Signal::SIGKILL).expect("killed");
    conductor.wait().expect("waited");
    for buyer in buyers {
        eventually("the buyer is gone", || !alive(buyer));
    }
    assert!(["0", "1"].iter().any(|left| folder.read("data/ticket.json").contains(left)));
    assert_eq!(folder.ticketsim("show").code, Some(0), "the file is valid");
}

#[test]
fn ctrl_c_ends_a_replay_in_good_order() {
    let folder = Folder::new();
    let conductor = long_replay(&folder);
    kill(Pid::from_raw(conductor.id() as i32), Signal::SIGINT).expect("interrupted");
    let ran = Ran::from(conductor.wait_with_output().expect("waited"));
    assert_eq!(ran.code, Some(130), "{ran:?}");
    // What was replayed until then is shown; that may be nothing yet.
    assert!(ran.stdout.is_empty() || ran.stdout.contains("SOUND: 1 receipt for 1 ticket"), "{ran:?}");
    assert_eq!(folder.ticketsim("show").code, Some(0), "the file is valid");
}
