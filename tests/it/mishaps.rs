//! What befalls buyers from outside: killed, paused, their lease at an end. In exploring, in replays, in runs, in a matrix.

use serde_json::{Value, json};

use crate::harness::{Folder, kinds};

fn anomalies(document: &Value) -> Vec<String> {
    let outcomes = document["outcomes"].as_array().expect("outcomes").iter();
    let mut all: Vec<String> = outcomes
        .flat_map(|outcome| outcome["anomalies"].as_array().expect("kinds").clone())
        .map(|k| k.to_string())
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Under flock one kill may lose a ticket, and nothing else; a lockfile stays, and others wait for ever. The control:
/// nobody is killed.
#[test]
fn kills_are_counted_as_steps_of_nature() {
    let folder = Folder::new();
    assert_eq!(folder.json("explore --lock flock").0, Some(0), "the control");
    let (code, document) = folder.json("explore --lock flock --kills 1");
    assert_eq!((code, anomalies(&document)), (Some(1), vec!["\"lost_stock\"".to_owned()]), "{document}");
    assert_eq!(document["setting"]["mishaps"], json!({"kill": "1"}));
    let without = json!({"schedules": "2", "unsound": "0", "only_with_kills": ["lost_stock"]});
    assert_eq!(document["without_kills"], without);
    let (code, document) = folder.json("explore --lock lockfile --kills 1");
    assert_eq!(code, Some(1));
    assert_eq!(anomalies(&document), ["\"lost_stock\"", "\"stuck\""]);
    let text = folder.ticketsim("explore --lock lockfile --kills any").stdout;
    assert!(text.contains("The kills alone did it: without one all of 2 schedules are sound"), "{text}");
    assert!(text.contains("a buyer is killed (K), at any time"), "{text}");
    let (code, _) = folder.json("explore --store postgres --isolation read-committed --lock row --kills 2");
    assert_eq!(code, Some(0), "a transaction ends with its session");
    let rejected = folder.ticketsim("explore --kills 1 --workers thread");
    assert_eq!(rejected.code, Some(2));
    assert!(rejected.stderr.contains("only a process can be"), "{}", rejected.stderr);
}

#[test]
fn a_kill_in_a_schedule_kills_the_real_process() {
    let folder = Folder::new();
    let mut replay = folder.command(["replay", "L1 R1 K1 L2 R2 W2 U2", "--tickets", "1"]);
    let text = String::from_utf8(replay.output().expect("runs").stdout).expect("text");
    assert!(text.contains("buyer 1 is killed: its purchase had changed nothing"), "{text}");
    assert!(text.contains("SOUND"), "{text}");
    let mut replay =
        folder.command(["replay", "L1 R1 W1 K1 L2 R2 U2", "--tickets", "1", "--json", "--times", "20"]);
    let replay = replay.args(["--history", "h.jsonl"]).output().expect("runs");
    let document: Value = serde_json::from_slice(&replay.stdout).expect("a document");
    assert_eq!((replay.status.code(), kinds(&document)), (Some(1), vec!["lost_stock"]));
    assert_eq!((&document["agree"], &document["buyers"][0]["killed_by"]), (&json!(true), &json!(9)));
    let mishap = &document["mishaps"][0];
    assert_eq!(
        (&mishap["buyer"], &mishap["mishap"], &mishap["at"]),
        (&json!(1), &json!("kill"), &json!("K1"))
    );
    // The history says it, and is judged alike.
    let (code, checked) = folder.json("check h.jsonl");
    assert_eq!((code, kinds(&checked)), (Some(1), vec!["lost_stock"]));
    let followed = folder.ticketsim("schedule h.jsonl");
    assert!(followed.stdout.contains("L1 R1 W1 K1 L2 R2 U2"), "{followed:?}");
}

#[test]
fn a_paused_buyer_stands_until_it_goes_on_and_is_let_go_in_the_end() {
    let folder = Folder::new();
    let replay = |steps: &str| {
        let output = folder.command(["replay", steps, "--tickets", "2", "--no-lock"]).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, text) = replay("R1 P1 R2 W2");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("what had begun was finished: G1 W1"), "{text}");
    let (code, text) = replay("R1 P1 W1");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("step 3 (W1): buyer 1 is paused: it goes on with G1"), "{text}");
}

#[test]
fn a_planned_kill_hits_the_buyer_at_its_step() {
    let folder = Folder::new();
    let run = |args: &[&str]| {
        let usual = ["-n", "3", "-t", "3", "--think", "1ms"];
        let output = folder.command(usual.iter().chain(args).copied()).output().expect("runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // Before its write a buyer has touched nothing, and the system lets its lock go.
    let outputs =
        ["--mishap", "kill 2 before write", "--history", "h.jsonl", "--html", "t.html", "--trace", "t.json"];
    let (code, text, _) = run(&outputs);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("mishaps: kill 2 before write"), "{text}");
    assert!(text.contains("buyer 2 was killed after") && text.contains("(before write)"), "{text}");
    assert!(
        folder
            .read("h.jsonl")
            .contains(r#""mishaps":[{"buyer":2,"mishap":"kill","at":"before write","at_ns":"#)
    );
    assert!(folder.read("t.html").contains("buyer 2 was killed after"));
    assert!(folder.read("t.json").contains(r#""cat":"mishap""#));
    // After it the ticket is gone, and nobody has a receipt.
    let (code, text, _) = run(&["--json", "--mishap", "kill 2 after write"]);
    let document: Value = serde_json::from_str(&text).expect("a document");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["lost_stock"]), "{document}");
    assert_eq!(document["plan"]["mishaps"], json!(["kill 2 after write"]));
    let command = document["command"].as_str().expect("a command");
    assert!(command.contains("--mishap 'kill 2 after write'"), "{command}");
    // A lockfile outlives its holder: the others are told that it is dead, and it is gone afterwards. It serves nobody
    // in turn, so which buyer gets it is not for a test to say.
    let args = "-n 3 -t 20 --think 1ms --lock lockfile --per-buyer all --json --mishap";
    let output = folder.command(args.split(' ').chain(["kill first after lock"])).output().expect("runs");
    let (code, text) = (output.status.code(), output.stdout);
    let document: Value = serde_json::from_slice(&text).expect("a document");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["stuck"]), "{document}");
    assert!(!folder.list("data").iter().any(|name| name.ends_with(".lock")), "{:?}", folder.list("data"));
}

#[test]
fn a_pause_lasts_and_an_expired_lease_is_taken_over() {
    let folder = Folder::new();
    let run = |args: &str, mishap: &str| {
        let usual = format!("-n 2 -t 1 --think 0 --json {args} --mishap");
        let output = folder.command(usual.split_whitespace().chain([mishap])).output().expect("runs");
        let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
        (output.status.code(), document)
    };
    let (code, document) = run("", "pause 1 after read 200ms");
    assert_eq!(code, Some(0), "{document}");
    if let Some(pause) = document["mishaps"].as_array().and_then(|all| all.first()) {
        let lasted = pause["until_ns"].as_u64().expect("an end") - pause["at_ns"].as_u64().expect("a start");
        assert!(lasted >= 200_000_000, "{pause}");
    }
    // Paused beyond its lease, a holder is not alone any more; and so if its lease is ended for it.
    let mut unsound = 0;
    for mishap in ["pause 1 after read 300ms", "expire 1 after read"] {
        for _ in 0..5 {
            let lease =
                if mishap.starts_with("pause") { "--lock lease --lease 50ms" } else { "--lock lease" };
            let (code, document) = run(lease, mishap);
            let happened = document["mishaps"].as_array().is_some_and(|all| !all.is_empty());
            assert!(code == Some(0) || code == Some(1), "{document}");
            unsound += usize::from(happened && code == Some(1));
        }
    }
    assert!(unsound > 0, "a lease that ends early was never seen to sell a ticket twice");
}

#[test]
fn random_kills_come_from_the_seed_and_are_all_accounted_for() {
    let folder = Folder::new();
    let mut seen = 0;
    for seed in 1..=5 {
        let usual = format!("-n 8 -t 40 --per-buyer all --think 0 --seed {seed} --json --mishap");
        let output =
            folder.command(usual.split_whitespace().chain(["kill random 0.02"])).output().expect("runs");
        let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
        let all = document["mishaps"].as_array().cloned().unwrap_or_default();
        let buyers = document["buyers"].as_array().expect("buyers").iter();
        assert_eq!(buyers.filter(|buyer| buyer["killed_by"] == 9).count(), all.len(), "{document}");
        seen += all.len();
        assert!(kinds(&document).iter().all(|kind| *kind == "lost_stock"), "{document}");
    }
    assert!(seen > 0, "nobody was killed");
}

#[test]
fn what_can_not_befall_buyers_is_rejected_with_the_reason() {
    let folder = Folder::new();
    for (args, mishap, said) in [
        ("-n 2 -t 1 --workers thread", "kill 1 before write", "--workers process"),
        ("-n 2 -t 1", "kill 3 before write", "the last buyer is buyer 2"),
        ("-n 2 -t 1 --no-lock", "kill 1 before lock", "its steps are: read think write"),
        ("-n 2 -t 1", "expire 1 after read", "--lock lease"),
        ("-n 2 -t 1", "kill 1 sometime", "write it like 'kill 2 before write'"),
        ("-n 2 -t 1", "pause 1 after read", "how long is the pause?"),
    ] {
        let output =
            folder.command(args.split_whitespace().chain(["--mishap", mishap])).output().expect("runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{mishap}: {stderr}");
        assert!(stderr.contains(said), "{mishap}: {stderr}");
    }
}

/// flock is let go with its holder, a lockfile is not; the control without a lock has no holder.
#[test]
fn a_matrix_says_what_comes_of_a_killed_holder() {
    let folder = Folder::new();
    let args = "matrix --workers process --lock flock,lockfile --write overwrite --trials 2 --kill";
    let (code, document) = folder.json(args);
    assert_eq!(code, Some(0), "{document}");
    let rows = document["rows"].as_array().expect("rows");
    let killed = |lock: &str| &rows.iter().find(|row| row["lock"] == lock).expect("a row")["killed"];
    assert_eq!(killed("none"), &Value::Null);
    assert_eq!((&killed("flock")["trials"], &killed("flock")["stuck"]), (&json!(2), &json!(0)));
    assert!(killed("flock")["next_ns"].as_u64().expect("a time") > 0);
    assert_eq!(killed("lockfile")["stuck"], json!(2));
    let text = folder.ticketsim(&format!("{args} --markdown")).stdout;
    assert!(text.contains("holder killed") && text.contains("stuck 2/2"), "{text}");
}

/// What a killed buyer had not committed is rolled back; the control kills it between its commit and its receipt.
#[test]
fn a_killed_buyers_transaction_is_rolled_back_for_real() {
    let folder = Folder::new();
    let run = |mishap: &str| {
        let args = "-n 3 -t 3 --think 0 --store sqlite:shop.db --isolation immediate --json --mishap";
        let output = folder.command(args.split(' ').chain([mishap])).output().expect("runs");
        let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
        (output.status.code(), document)
    };
    let (code, document) = run("kill 2 after write");
    assert_eq!(
        (code, &document["receipts"], &document["stock"]["remaining"]),
        (Some(0), &json!(2), &json!(1))
    );
    let (code, document) = run("kill 2 after commit");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["lost_stock"]), "{document}");
    let (code, document) =
        folder.json("matrix --store sqlite:shop.db --protocol one-statement --trials 1 --kill");
    assert_eq!(code, Some(0), "{document}");
    let rows = document["rows"].as_array().expect("rows").iter();
    let killed: Vec<&Value> =
        rows.filter(|row| row["isolation"] == "immediate").map(|row| &row["killed"]).collect();
    assert_eq!((&killed[0]["trials"], &killed[0]["unsound"]), (&json!(1), &json!(0)), "{killed:?}");
}

/// By hand, too: the real process is killed, and the other gets on; a step back brings new buyers.
#[test]
fn a_buyer_is_killed_and_paused_by_hand() {
    use std::io::Write as _;
    let folder = Folder::new();
    let step = |lines: &str| {
        let mut command = folder.command(["step", "--buyers", "2", "--tickets", "1"]);
        let command = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("runs");
        child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("typed");
        let output = child.wait_with_output().expect("ends");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, text) = step("1\n1\n1\nk1\n2\n2\n2\n");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("buyer 1 is killed: it had begun to change the stock"), "{text}");
    assert!(text.contains("a ticket is gone") || text.contains("lost") || text.contains("UNSOUND"), "{text}");
    let (code, text) = step("1\np1\n1\ng2\ng1\n1\n1\n1\n");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("buyer 1 is paused: g1 has it go on"), "{text}");
    assert!(text.contains("G2 can't be now"), "{text}");
    let (code, text) = step("1\nk1\nu\n1\n1\n1\n");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("took back K1"), "{text}");
}
