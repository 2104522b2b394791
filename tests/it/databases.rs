//! `replay`, `step` and `schedule` at databases.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Folder, Ran, kinds};

const RACE: &str = "R1 R2 W1 W2";

fn run<'a>(folder: &Folder, args: impl IntoIterator<Item = &'a str>) -> Ran {
    Ran::from(folder.command(args).output().expect("ticketsim runs"))
}

fn replay(folder: &Folder, schedule: &str, args: &str) -> Ran {
    run(folder, ["replay", schedule].into_iter().chain(args.split_whitespace()))
}

#[test]
fn an_order_of_requests_happens_at_sqlite_every_time() {
    let folder = Folder::new();
    let args = "--store sqlite:shop.db -t 1 --times 20 --json --history h.jsonl --html h.html";
    let ran = replay(&folder, RACE, args);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!((&document["times"], &document["agree"]), (&json!(20), &json!(true)));
    assert_eq!(kinds(&document), ["oversold", "lost_update"]);
    assert!(document.get("differs").is_none() && document.get("waits").is_none(), "{document}");
    assert!(folder.read("h.html").starts_with("<!"));
    // The control: the level that has the right to write from the start.
    let ran = replay(&folder, "B1 B2 R1 W1 C1", "--store sqlite:shop.db -t 1 --isolation immediate");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for line in [
        "  2  B2  buyer 2 waits, for buyer 1 as the model has it",
        "  5  C1  buyer 1 commits: bought",
        "         B2 goes on: buyer 2 begins, with the right to write",
        "SOUND: 1 receipt for 1 ticket, and no ticket was sold twice.",
    ] {
        assert!(ran.stdout.lines().any(|shown| shown == line), "{line}: {ran:?}");
    }
}

#[test]
fn what_waits_is_shown_with_its_answer_and_what_can_not_be_with_its_reason() {
    let folder = Folder::new();
    let at = "--store sqlite:shop.db -t 1 --isolation immediate";
    let ran = replay(&folder, "B1 B2 R2", at);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert_eq!(
        ran.stderr,
        "error: step 3 (R2): buyer 2 still waits for the answer to B2 of step 2: it waits for buyer 1, which has \
         held the right to write since step 1\n"
    );
    let ran = replay(&folder, "B1 B2", &format!("{at} --json"));
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["schedule"], "B1 B2 R1 W1 C1 R2 C2");
    let wait = json!([{"step": 2, "request": "B2", "holder": 1, "says": "model", "until": 5}]);
    assert_eq!(document["waits"], wait);
}

/// PostgreSQL itself says who waits, and for whom; and what was recorded there is replayed there.
#[test]
fn what_waits_at_postgresql_waits_in_the_engine() {
    let Some(url) = crate::sql::postgres() else { return };
    let folder = Folder::new();
    let at = format!("--store {url} --sale it_waits_{}", std::process::id());
    let args = format!("{at} -t 1 --isolation read-committed --history h.jsonl");
    let ran = replay(&folder, "R1 R2 W1 W2 C1", &args);
    let run_too =
        folder.ticketsim(&format!("{at} -n 3 -t 2 --isolation read-committed --history run.jsonl --quiet"));
    let scheduled = folder.ticketsim("schedule h.jsonl -o race.json");
    let again = folder.ticketsim(&format!("replay --from race.json --expect unsound --quiet {at}"));
    let of_run = folder.ticketsim("schedule run.jsonl -o run.json");
    let run_again = folder.ticketsim("replay --from run.json --quiet");
    let cleared = folder.ticketsim(&format!("clear {at}"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for line in [
        "  4  W2  buyer 2 waits for buyer 1",
        "  5  C1  buyer 1 commits: bought",
        "         W2 goes on: buyer 2 takes a ticket from 1",
        "  6  C2  buyer 2 commits: bought",
        "The schedule ends in the middle of a purchase; what had begun was finished: C2",
        "UNSOUND: 2 receipts for 1 ticket.",
    ] {
        assert!(ran.stdout.lines().any(|shown| shown == line), "{line}: {ran:?}");
    }
    assert_eq!(scheduled.stdout, "R1 R2 W1 W2 C1 C2\n", "{scheduled:?}");
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(of_run.code, Some(0), "{of_run:?}");
    assert_eq!(run_again.code, run_too.code, "{of_run:?} {run_again:?} {run_too:?}");
    assert_eq!(cleared.code, Some(0), "{cleared:?}");
}

/// MariaDB says that a session waits, and not for which. Its repeatable read loses updates, unless snapshots count; and
/// a run there is replayed as the server was then.
#[test]
fn what_waits_at_mariadb_waits_in_the_engine() {
    let Some(url) = crate::sql::mariadb() else { return };
    let folder = Folder::new();
    let at = format!("--store {url} --sale it_waits_{}", std::process::id());
    let args = format!("{at} -t 1 --isolation repeatable-read");
    let ran = replay(&folder, "R1 R2 W1 W2 C1", &args);
    let cured = replay(&folder, "R1 R2 W1 W2 C1", &format!("{args} --snapshot-isolation on --json"));
    let locked = "begin lock read write unlock commit";
    let by_name = ["replay", "L1 L2 R1 W1 U1 R2 W2 C1 U2 C2", "--steps", locked];
    let by_name = run(&folder, by_name.into_iter().chain(args.split_whitespace()));
    let run_too = folder.ticketsim(&format!("{args} -n 3 --history run.jsonl --quiet"));
    let of_run = folder.ticketsim("schedule run.jsonl -o run.json");
    let run_again = folder.ticketsim("replay --from run.json --quiet");
    let cleared = folder.ticketsim(&format!("clear {at}"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for line in
        ["  4  W2  buyer 2 waits, for buyer 1 as the model has it", "UNSOUND: 2 receipts for 1 ticket."]
    {
        assert!(ran.stdout.lines().any(|shown| shown == line), "{line}: {ran:?}");
    }
    let document: Value = serde_json::from_str(&cured.stdout).expect("one document");
    assert_eq!((cured.code, &document["receipts"], &document["failed"]), (Some(0), &json!(1), &json!(1)));
    assert!(document["codes"].to_string().contains("1020"), "{document}");
    assert!(by_name.code == Some(1) && by_name.stdout.contains("L2  buyer 2 waits"), "{by_name:?}");
    assert_eq!(of_run.code, Some(0), "{of_run:?}");
    assert_eq!(run_again.code, run_too.code, "{of_run:?} {run_again:?} {run_too:?}");
    assert_eq!(cleared.code, Some(0), "{cleared:?}");
}

/// Whatever `explore` says that can happen at SQLite, the command that it gives makes happen.
#[test]
fn explore_gives_the_command_that_replays() {
    for options in ["", "--isolation deferred --busy-timeout 0", "--write insert --journal delete"] {
        let folder = Folder::new();
        let (code, document) = folder.json(&format!("explore --store sqlite {options}"));
        let Some(command) = document["replay"].as_str() else {
            assert_eq!(code, Some(0), "{document}");
            continue;
        };
        let command = command.replacen("ticketsim", crate::harness::TICKETSIM, 1);
        let ran = folder.bash(&format!("{command} --json"));
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let replayed: Value = serde_json::from_str(&ran.stdout).expect("one document");
        let worst = &document["outcomes"][0];
        assert_eq!(
            (&replayed["receipts"], &replayed["stock"]["remaining"], &json!(kinds(&replayed))),
            (&worst["receipts"], &worst["remaining"], &worst["anomalies"])
        );
        assert_eq!(replayed["schedule"], worst["witness"]);
    }
}

/// A schedule file is a test for somebody's CI: of a race, and of its cure.
#[test]
fn a_schedule_file_is_a_regression_test() {
    let folder = Folder::new();
    let ran = replay(&folder, RACE, "--store sqlite:shop.db -t 1 --history h.jsonl");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran = folder.ticketsim("schedule h.jsonl -o race.json");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "R1 R2 W1 W2\n"), "{ran:?}");
    let file: Value = serde_json::from_str(&folder.read("race.json")).expect("a schedule file");
    let plan = &file["plan"];
    assert_eq!((&plan["store"], &plan["isolation"]), (&json!("sqlite"), &json!("none")), "{file}");
    assert_eq!((&plan["steps"], &plan["url"]), (&json!("read think write"), &json!("sqlite:shop.db")));
    assert!(plan["engine"].as_str().is_some_and(|engine| engine.starts_with("SQLite 3.")), "{file}");
    for (expect, code) in [("unsound", 0), ("sound", 1), ("unknown", 1)] {
        let ran = folder.ticketsim(&format!("replay --from race.json --expect {expect} --quiet"));
        assert_eq!(ran.code, Some(code), "{expect}: {ran:?}");
        assert_eq!(ran.stderr.contains("expected"), code == 1, "{expect}: {ran:?}");
    }
    // Somewhere else, and where it is not.
    let ran = folder.ticketsim("replay --from race.json --store sqlite:other.db --expect unsound --times 3");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(folder.path("other.db").exists());
    let ran = folder.ticketsim("replay --from race.json --store postgres://nobody@127.0.0.1:1/x");
    assert!(ran.code == Some(2) && ran.stderr.contains("the schedule is of SQLite"), "{ran:?}");
    // The cure: the order can't happen any more, and that is not what was expected.
    let cured = folder.read("race.json").replace("read think write", "take").replace("\"set\"", "\"take\"");
    folder.write("cured.json", cured);
    let ran = folder.ticketsim("replay --from cured.json --expect unsound");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("this order can't happen any more"), "{ran:?}");
    assert_eq!(folder.ticketsim("replay --from cured.json").code, Some(2));
    for (member, said) in [
        ("\"lock_on\": \"sidecar\"", "are of a ticket file"),
        ("\"isolation\": \"serializable\"", "SQLite has no level serializable"),
        ("\"lock\": \"flock\"", "unknown kind of lock"),
    ] {
        folder.write("bad.json", format!("{{\"schedule_version\": 1, \"plan\": {{\"store\": \"sqlite\", {member}}}, \"steps\": \"R1\"}}"));
        let ran = folder.ticketsim("replay --from bad.json");
        assert!(ran.code == Some(2) && ran.stderr.contains(said), "{ran:?}");
    }
}

/// A race that was caught in a run says in which order it can have happened.
#[test]
fn a_run_at_a_database_gives_a_schedule() {
    for options in ["--write set", "--isolation deferred", "--isolation immediate --per-buyer 2"] {
        let folder = Folder::new();
        let ran =
            folder.ticketsim(&format!("--store sqlite:shop.db -n 4 -t 3 {options} --history h.jsonl --json"));
        let sold: Value = serde_json::from_str(&ran.stdout).expect("one document");
        let ran = folder.ticketsim("schedule h.jsonl -o race.json");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let (_, again) = folder.json("replay --from race.json");
        for member in ["receipts", "refused", "failed", "verdict"] {
            assert_eq!(again[member], sold[member], "{options}, {member}: {ran:?}");
        }
        assert_eq!(again["stock"]["remaining"], sold["stock"]["remaining"], "{options}: {ran:?}");
    }
}

#[test]
fn a_transaction_is_stepped_by_hand() {
    let folder = Folder::new();
    let args = "step --store sqlite:shop.db --tickets 1 --isolation immediate";
    let mut command = folder.command(args.split(' '));
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ticketsim runs");
    child.stdin.take().expect("a pipe").write_all(b"1\n2\n2\n1\n1\nu\n1\n1\n2\n").expect("typed");
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut shown = ran.stdout.lines();
    for line in [
        "stock  1, as committed",
        "buyer 1  next B1: begin with the right to write",
        "1  B1  buyer 1 begins, with the right to write",
        "         in a transaction, its snapshot has 1, holds the right to write since step 1",
        "2  B2  buyer 2 waits, for buyer 1 as the model has it",
        "buyer 2  waits for the answer to B2 of step 2: it waits for buyer 1, which has held the right to write since step 1",
        "buyer 2 still waits for the answer to B2 of step 2: it waits for buyer 1, which has held the right to write since step 1",
        "4  W1  buyer 1 takes a ticket from 1",
        "         in a transaction, its snapshot has 1, has written 0, holds the right to write since step 1",
        "took back W1: new buyers, and the steps before it again",
        "5  C1  buyer 1 commits: bought",
        "   B2 goes on: buyer 2 begins, with the right to write",
        "stock  0, as committed",
        "6  R2  buyer 2 reads 0",
        "SOUND: 1 receipt for 1 ticket, and no ticket was sold twice.",
    ] {
        assert!(shown.any(|other| other == line), "{line:?}, in this order: {ran:?}");
    }
}
