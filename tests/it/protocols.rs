//! The catalogue of protocols: the list, one screen each, JSON; and its names wherever a purchase is carried out,
//! counted or replayed.

use serde_json::Value;

use crate::harness::{Folder, kinds};

/// What `explore` and `replay` say of each entry agrees with what the catalogue promises of it.
#[test]
fn each_promise_is_what_counting_says_and_each_witness_of_a_file_replays() {
    let folder = Folder::new();
    let listed = folder.ticketsim("protocols --json");
    let listed: Vec<Value> = serde_json::from_str(&listed.stdout).expect("a list");
    let mut broken = 0;
    for row in &listed {
        let text = |name: &str| row[name].as_str().unwrap_or_else(|| panic!("{name}: {row}"));
        let (name, store) = (text("name"), text("store"));
        assert!(!text("why").is_empty() && !text("steps").is_empty() && !text("lock").is_empty(), "{row}");
        let place = if store == "file" { String::new() } else { format!(" --store {store}") };
        let (code, document) = folder.json(&format!("explore --protocol {name}{place}"));
        let breaks = text("promise") == "breaks";
        assert_eq!(code, Some(i32::from(breaks)), "{name} at {store}: {document}");
        assert_eq!(row["witness"].is_string(), breaks, "{row}");
        if !breaks || store != "file" {
            continue;
        }
        broken += 1;
        let outcomes = document["outcomes"].as_array().expect("outcomes");
        let ends = outcomes.iter().find(|outcome| outcome["witness"] == row["witness"]).expect("its outcome");
        let options = format!("--buyers {} --tickets {}", row["buyers"], row["tickets"]);
        let witness = text("witness");
        let ran = folder.bash(&format!(
            "{} replay '{witness}' --protocol {name} {options} --json",
            crate::harness::TICKETSIM
        ));
        let replayed: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{name}: {ran:?}"));
        assert_eq!(ran.code, Some(1), "{name}: {replayed}");
        assert_eq!(replayed["receipts"], ends["receipts"], "{name}: {replayed}");
        assert_eq!(Value::from(kinds(&replayed)), ends["anomalies"], "{name}: {replayed}");
    }
    assert!(listed.len() > 30 && broken > 7, "{} rows, {broken} witnesses", listed.len());
}

#[test]
fn a_screen_says_what_goes_wrong_and_how_to_see_it() {
    let folder = Folder::new();
    let list = folder.ticketsim("protocols").stdout;
    for part in ["On a file", "unlink-on-release", "In a database", "count-then-insert", "breaks", "keeps"] {
        assert!(list.contains(part), "{part}: {list}");
    }
    let screen = folder.ticketsim("protocols upgrade").stdout;
    for part in [
        "lock-shared read think upgrade write unlock",
        "H1 H2 R1 R2 V1 W1 U1 V2 W2 U2",
        "2 receipts for 1 ticket: oversold, lost_update; so do 12 of 14",
        "posix breaks, ofd breaks",
        "ticketsim explore --protocol upgrade",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert!(screen.lines().count() < 24, "one screen: {screen}");
    let chinese = folder.ticketsim("protocols check-then-set --lang zh").stdout;
    assert!(chinese.contains("修法") && chinese.contains("R1 R2 W1 W2 C1 C2"), "{chinese}");
    // What it tells to run does run, and shows it.
    let told = screen.lines().find_map(|line| line.trim().strip_prefix("ticketsim --")).expect("a command");
    let (code, document) = folder.json(&format!("--{told}"));
    assert_eq!(code, Some(1), "{document}");
    assert!(kinds(&document).contains(&"lost_update"), "{document}");
}

/// The same name under another lock that it is known with: the trap of one is no trap under another.
#[test]
fn a_name_takes_the_locks_and_levels_that_it_is_known_with() {
    let folder = Folder::new();
    for (args, code) in [
        ("explore --protocol close-drops-posix", 1),
        ("explore --protocol close-drops-posix --lock flock", 0),
        ("explore --protocol check-then-set", 1),
        ("explore --protocol check-then-set --isolation serializable", 0),
        ("explore --protocol check-then-set --store sqlite --isolation immediate", 0),
        ("-n 8 -t 20 --protocol close-drops-posix", 1),
        ("-n 8 -t 20 --protocol close-drops-posix --lock ofd", 0),
        ("-n 8 -t 20 --protocol upgrade --lock ofd", 1),
    ] {
        let ran = folder.ticketsim(&format!("{args} --json"));
        assert_eq!(ran.code, Some(code), "{args}: {ran:?}");
    }
    let store = "--store sqlite:shop.db -n 8 -t 1";
    let (code, document) = folder.json(&format!("{store} --protocol check-then-set --think 20ms"));
    assert_eq!((code, document["plan"]["steps"].as_str()), (Some(1), Some("read think write")), "{document}");
    assert_eq!(folder.json(&format!("{store} --protocol one-statement")).0, Some(0));
}

#[test]
fn what_a_name_does_not_stand_for_is_said() {
    let folder = Folder::new();
    for (args, said) in [
        ("explore --protocol chek-then-set", "did you mean check-then-set? There are: locked,"),
        ("explore --protocol locked --steps read", "'--steps"),
        ("explore --protocol locked --no-lock", "cannot be used with '--no-lock'"),
        (
            "explore --protocol locked --lock none",
            "locked is not known with lock none; it is known with: flock,",
        ),
        (
            "explore --protocol locked --store postgres",
            "locked is no protocol of postgres; it is one of: file",
        ),
        ("--protocol check-then-set -t 1", "--store says at which"),
        ("explore --protocol check-then-set --store postgres --lock row", "leave --lock out"),
        ("explore --protocol select-for-update --isolation none", "not known with level none"),
        ("protocols lokced", "did you mean locked?"),
        ("replay R1 --from x.json --protocol locked", "cannot be used with"),
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.contains(said), "{args}: {}", ran.stderr);
    }
    assert!(folder.list(".").is_empty());
}
