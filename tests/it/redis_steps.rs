//! `replay`, `step`, `schedule`, `protocols` and `matrix` at a Redis server.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Ran, TICKETSIM, kinds};
use crate::redis::Shop;

/// The old holder writes before the server has seen the new token.
const RACE: &str = "L1 R1 X1 L2 R2 W1 U1 W2 U2";

fn replay(shop: &Shop, schedule: &str, args: &str) -> Ran {
    let words = ["replay", schedule].into_iter().chain(args.split_whitespace());
    let words = words.chain(shop.place.split_whitespace());
    Ran::from(shop.folder.command(words).output().expect("ticketsim runs"))
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn a_lease_expires_in_a_replay_and_its_ticket_is_sold_twice() {
    let Some(shop) = Shop::new() else { return };
    let args = "-t 1 --lock lease --fence write --times 20 --history h.jsonl --html h.html";
    let ran = replay(&shop, RACE, args);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    for line in [
        "  3  X1  buyer 1's lease expires; it does not notice",
        "  4  L2  buyer 2 gets the lock",
        "UNSOUND: 2 receipts for 1 ticket.",
        "20 replays agree: the same steps, the same history, the same verdict",
    ] {
        assert!(ran.stdout.lines().any(|shown| shown == line), "{line}: {ran:?}");
    }
    assert!(ran.stdout.contains(&format!("ticketsim replay '{RACE}' --tickets 1")), "{ran:?}");
    // What was recorded is a test for somebody's CI, here and elsewhere.
    let scheduled = shop.folder.ticketsim("schedule h.jsonl -o race.json");
    assert_eq!(
        (scheduled.code, scheduled.stdout.as_str()),
        (Some(0), &*format!("{RACE}\n")),
        "{scheduled:?}"
    );
    let file: Value = serde_json::from_str(&shop.folder.read("race.json")).expect("JSON");
    assert_eq!((&file["plan"]["store"], &file["plan"]["fence"]), (&json!("redis"), &json!("write")));
    let from = format!("replay --from race.json {} --quiet", shop.place);
    assert_eq!(shop.folder.ticketsim(&format!("{from} --expect unsound")).code, Some(0));
    assert_eq!(shop.folder.ticketsim(&format!("{from} --expect sound")).code, Some(1));
    let elsewhere = shop.folder.ticketsim("replay --from race.json --store sqlite:shop.db");
    assert!(elsewhere.stderr.contains("the schedule is of Redis, and that is SQLite"), "{elsewhere:?}");
    // The cure: the read presents the token, too, and the old holder's is rejected.
    let cured = replay(&shop, "L1 R1 X1 L2 R2 W1 W2 U2", "-t 1 --lock lease --fence read-write --json");
    let cured_document = document(&cured);
    assert_eq!((cured.code, &cured_document["receipts"]), (Some(0), &json!(1)), "{cured:?}");
    assert!(cured_document["codes"].to_string().contains("FENCED"), "{cured_document}");
    let forbidden = replay(&shop, RACE, "-t 1 --lock lease --fence read-write --expect unsound");
    assert_eq!(forbidden.code, Some(1), "{forbidden:?}");
    let waits = replay(&shop, "L1 L2", "-t 1 --lock lease");
    assert_eq!(
        (waits.code, waits.stderr.as_str()),
        (Some(2), "error: step 2 (L2): it has to wait: buyer 1 has held the lock since step 1\n")
    );
    let early = replay(&shop, "R1 X1", "-t 1");
    assert!(early.code == Some(2) && early.stderr.contains("step 2 (X1): that can't befall"), "{early:?}");
    let threads = replay(&shop, "R1", "-t 1 --workers thread");
    assert!(threads.stderr.contains("each buyer that is replayed is a process"), "{threads:?}");
}

/// Whatever `explore` says that can happen, the command that it gives makes happen.
#[test]
fn explore_of_redis_gives_the_command_that_replays() {
    let Some(shop) = Shop::new() else { return };
    for (options, url) in [
        ("", "redis://"),
        ("--write decrement", "redis://"),
        ("--lock lease --expire 1", "redis://"),
        ("--protocol lease-fenced-write", "redis://"),
        ("--protocol decrement-then-look", "redis://"),
    ] {
        let (code, explored) = shop.folder.json(&format!("explore --store redis {options}"));
        assert_eq!(code, Some(1), "{explored}");
        let command = explored["replay"].as_str().expect("a command");
        assert!(command.ends_with(&format!("--store {url}")), "{command}");
        let command = command.replacen("ticketsim", TICKETSIM, 1);
        let command = command.replace(&format!("--store {url}"), &shop.place);
        let ran = shop.folder.bash(&format!("{command} --json"));
        let replayed = document(&ran);
        let worst = &explored["outcomes"][0];
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_eq!(
            (&replayed["receipts"], &replayed["stock"]["remaining"], &json!(kinds(&replayed))),
            (&worst["receipts"], &worst["remaining"], &worst["anomalies"]),
            "{options}"
        );
        assert_eq!(replayed["schedule"], worst["witness"]);
    }
}

#[test]
fn a_lease_is_stepped_by_hand() {
    let Some(shop) = Shop::new() else { return };
    let args = format!("step -t 1 --lock lease {}", shop.place);
    let mut command = shop.folder.command(args.split_whitespace());
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ticketsim runs");
    let typed = "x1\n1\n2\n1\n?\nx1\n2\nu\n2\n2\n1\n1\n2\n2\n";
    child.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("typed");
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    let mut shown = ran.stdout.lines();
    for line in [
        "x and a number: that buyer's lease expires.",
        "stock  1",
        "buyer 1 has no lease that could expire now: one does after its L and before its write",
        "1  L1  buyer 1 gets the lock",
        "L2 has to wait: buyer 1 has held the lock since step 1",
        "2  R1  buyer 1 reads 1",
        "to oversell from here: X1 L2 R2 W1 U1 W2 U2",
        "3  X1  buyer 1's lease expires; it does not notice",
        "4  L2  buyer 2 gets the lock",
        "took back L2: new buyers, and the steps before it again",
        "4  L2  buyer 2 gets the lock",
        "5  R2  buyer 2 reads 1",
        "UNSOUND: 2 receipts for 1 ticket.",
    ] {
        assert!(shown.any(|other| other == line), "{line:?}, in this order: {}", ran.stdout);
    }
}

#[test]
fn the_protocols_of_redis_have_their_screens_and_their_names() {
    let Some(shop) = Shop::new() else { return };
    let list = shop.folder.ticketsim("protocols").stdout;
    let (_, at_redis) = list.split_once("At Redis\n").expect("a heading");
    for name in [
        "get-then-set",
        "get-then-decrement",
        "decrement-then-look",
        "decrement-and-give-back",
        "watch-multi-exec",
        "lua-take",
        "lease ",
        "lease-expires",
        "lease-fenced-write",
        "lease-fenced ",
    ] {
        assert!(at_redis.contains(&format!("  {name}")), "{name}: {list}");
    }
    let screen = shop.folder.ticketsim("protocols lease-fenced-write").stdout;
    for part in [
        "redis, --lock lease --fence write --expire 1: breaks",
        "lock read think write unlock",
        RACE,
        "2 receipts for 1 ticket: oversold, lost_update; so do 24 of 86",
        "lease-fenced",
        "ticketsim explore --protocol lease-fenced-write --store redis",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert!(screen.lines().count() < 24, "one screen: {screen}");
    // What it tells to run does run.
    let (code, explored) = shop.folder.json("explore --protocol lease-fenced-write");
    assert_eq!((code, &explored["outcomes"][0]["witness"]), (Some(1), &json!(RACE)), "{explored}");
    let (code, explored) = shop.folder.json("explore --protocol lease-fenced-write --expire 0");
    assert_eq!(code, Some(0), "{explored}");
    let ran = replay(&shop, RACE, "--protocol lease-fenced-write --tickets 1 --json");
    assert_eq!((ran.code, kinds(&document(&ran))), (Some(1), vec!["oversold", "lost_update"]));
    let at =
        |options: &str| shop.folder.json(&format!("{} -n 10 -t 20 --per-buyer all {options}", shop.place));
    for (name, code) in
        [("lease-expires", 1), ("lease-fenced-write", 1), ("lease-fenced", 0), ("lua-take", 0)]
    {
        let (left, document) = at(&format!("--protocol {name} --think 3ms"));
        assert_eq!(left, Some(code), "{name}: {document}");
    }
    for (args, said) in [
        ("explore --protocol lease --lock lease --store redis", "leave --lock out"),
        ("explore --protocol lease --fence write --store redis", "leave --fence out"),
        (
            "explore --protocol lua-take --store sqlite",
            "lua-take is no protocol of sqlite; it is one of: redis",
        ),
        ("--protocol lua-take -t 1", "--store says at which"),
    ] {
        let ran = shop.folder.ticketsim(args);
        assert!(ran.code == Some(2) && ran.stderr.contains(said), "{args}: {ran:?}");
    }
}

#[test]
fn redis_does_as_documented_and_beside_a_database() {
    let Some(shop) = Shop::new() else { return };
    let url = shop.place.split_whitespace().nth(1).expect("an address");
    let (code, matrix) = shop.folder.json(&format!("matrix --store {url} --trials 2"));
    assert_eq!(code, Some(0), "{matrix}");
    let rows = matrix["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 10);
    for row in rows {
        assert_eq!((&row["as_documented"], &row["isolation"]), (&json!(true), &json!("–")), "{row}");
    }
    let engine = matrix["stores"][0]["engine"].as_str().expect("an engine");
    for setting in ["Redis ", "aof_enabled", "appendfsync", "save "] {
        assert!(engine.contains(setting), "{setting}: {engine}");
    }
    let options =
        format!("--store sqlite:shop.db --store {url} --protocol one-statement,lua-take --trials 1");
    let args = format!("matrix {options} --markdown");
    let mut command = shop.folder.command(args.split_whitespace());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim runs");
    let name = format!("matrix_{}_1", child.id());
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let table: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with('|')).collect();
    assert!(table[0].starts_with("| store | protocol | isolation |"), "{ran:?}");
    assert!(
        table.iter().any(|line| line.starts_with("| Redis ") && line.contains("| lua-take | – |")),
        "{ran:?}"
    );
    let left = shop.folder.ticketsim(&format!("show --store {url} --sale {name}"));
    assert!(left.stderr.contains("there is no sale"), "nothing stays: {left:?}");
    assert_eq!(shop.folder.list("."), [""; 0]);
}
