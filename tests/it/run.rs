//! The sale: safe under the lock, oversold without it.

use serde_json::{Value, json};
use ticketsim::plan::Pace;
use ticketsim::world::ThinkTimes;

use crate::harness::{Folder, kinds};

/// Safety, and its control: the same run without the lock fails.
#[test]
fn one_ticket_is_sold_once_under_the_lock_and_many_times_without() {
    let folder = Folder::new();
    for _ in 0..20 {
        let (code, locked) = folder.json("--buyers 10 --tickets 1 --think 2ms");
        assert_eq!(code, Some(0), "{locked}");
        assert_eq!(
            (&locked["verdict"], &locked["receipts"], &locked["refused"]),
            (&json!("sound"), &json!(1), &json!(9))
        );
        assert_eq!(locked["stock"], json!({"initial": 1, "remaining": 0}));
    }
    for _ in 0..20 {
        let (code, unlocked) = folder.json("--buyers 10 --tickets 1 --no-lock --think 50ms");
        assert_eq!(code, Some(1), "{unlocked}");
        assert_eq!(unlocked["verdict"], "unsound");
        assert_eq!(kinds(&unlocked), ["oversold", "lost_update"]);
        let receipts = unlocked["receipts"].as_u64().expect("a count");
        assert!(receipts > 1, "{unlocked}");
        assert_eq!(unlocked["oversold"], receipts - 1);
    }
}

#[test]
fn every_write_is_safe_under_the_lock_and_unsafe_without() {
    let folder = Folder::new();
    for write in ["overwrite", "truncate", "rename", "rename --fsync"] {
        let sale = format!("-n 8 -t 30 --per-buyer all --think 200us --write {write}");
        let (code, locked) = folder.json(&sale);
        assert_eq!(code, Some(0), "{locked}");
        assert_eq!((&locked["receipts"], &locked["refused"]), (&json!(30), &json!(8)));
        assert_eq!(locked["outside_sales"], 0);
        let (code, unlocked) = folder.json(&format!("{sale} --no-lock"));
        assert_eq!(code, Some(1), "{unlocked}");
        assert!(kinds(&unlocked).contains(&"lost_update"), "{unlocked}");
        let torn = unlocked["anomalies"].as_array().expect("anomalies").iter();
        let torn = torn.filter(|anomaly| anomaly["kind"] == "torn_read").count();
        assert!(write == "truncate" || torn == 0, "only truncating tears: {unlocked}");
    }
    assert!(folder.list("data").iter().all(|name| !name.ends_with(".tmp")), "{:?}", folder.list("data"));
}

/// Truncate-then-fill without a lock: somebody meets the empty file, sooner or later.
#[test]
fn a_torn_read_is_caught_with_its_bytes() {
    let folder = Folder::new();
    for _ in 0..200 {
        let (_, document) = folder.json("-n 20 -t 1000 --per-buyer 50 --think 0 --write truncate --no-lock");
        let anomalies = document["anomalies"].as_array().expect("anomalies");
        if let Some(torn) = anomalies.iter().find(|anomaly| anomaly["kind"] == "torn_read") {
            let read = &torn["evidence"]["reads"][0];
            assert_eq!(read["read"], "", "{torn}");
            assert!(read["reader"]["buyer"].is_u64(), "{torn}");
            return;
        }
    }
    panic!("no torn read in 200 runs of 1,000 purchases");
}

#[test]
fn the_document_has_what_it_promises() {
    let folder = Folder::new();
    let (_, document) = folder.json("--buyers 10 --tickets 1 --seed 42");
    let plan = json!({
        "buyers": 10, "tickets": 1, "workers": "process", "lock": "flock", "lock_on": "ticket",
        "write": "overwrite", "fsync": false, "steps": "lock read think write unlock", "per_buyer": 1, "think_ns": 10_000_000, "jitter": 0.5,
        "seed": "42", "file": "data/ticket.json",
    });
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["plan"], plan);
    assert_eq!(document["anomalies"], json!([]));
    for figure in ["launch_s", "elapsed_s", "sales_per_s"] {
        assert!(document[figure].as_f64().expect("a number") > 0.0, "{figure}");
    }
    for latency in ["wait", "hold", "purchase"] {
        let of = |percentile: &str| document["latency_ns"][latency][percentile].as_u64().expect("a number");
        assert!(0 < of("p50") && of("p50") <= of("p90") && of("p90") <= of("p99") && of("p99") <= of("max"));
    }
    assert!(document["latency_ns"]["hold"]["max"].as_u64() >= Some(5_000_000), "it holds while it thinks");
    assert_eq!(document["fairness"], json!({"jain": 0.1, "most": 1, "least": 0}));
    let buyers = document["buyers"].as_array().expect("buyers");
    assert_eq!(buyers.len(), 10);
    let pids: std::collections::HashSet<_> = buyers.iter().map(|buyer| buyer["pid"].as_u64()).collect();
    assert_eq!(pids.len(), 10, "processes of their own");
    let sum = |count: &str| buyers.iter().map(|buyer| buyer[count].as_u64().expect("a count")).sum::<u64>();
    assert_eq!((sum("bought"), sum("refused"), sum("failed")), (1, 9, 0));
}

#[test]
fn the_same_seed_draws_the_same_think_times() {
    let folder = Folder::new();
    // One buyer: its thinks are all that differs from run to run.
    let think_ns = |args: &str| {
        let ran = folder.ticketsim(&format!(
            "-n 1 -t 5 --per-buyer all --think 20ms --jitter 1 --history h.jsonl {args}"
        ));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let history = folder.read("h.jsonl");
        let purchases =
            history.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        purchases
            .filter(|purchase| purchase["outcome"] == "bought")
            .map(|purchase| purchase["written_ns"].as_u64().unwrap() - purchase["read_ns"].as_u64().unwrap())
            .collect::<Vec<u64>>()
    };
    // However late a loaded machine wakes it, a buyer thinks at least as long as its seed drew for it.
    let pace = Pace { think_ns: 20_000_000, jitter: 1.0, seed: 7 };
    let mut drawn = ThinkTimes::new(pace, 1);
    let drawn: Vec<u64> = (0..5).map(|_| drawn.draw().as_nanos() as u64).collect();
    for thinks in [think_ns("--seed 7"), think_ns("--seed 7")] {
        assert_eq!(thinks.len(), 5);
        assert!(thinks.iter().zip(&drawn).all(|(took, drew)| took >= drew), "{thinks:?} {drawn:?}");
    }
}

#[test]
fn the_history_has_a_header_and_a_line_a_purchase() {
    let folder = Folder::new();
    let ran = folder.ticketsim("-n 4 -t 2 --think 0 --history h.jsonl");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let history = folder.read("h.jsonl");
    let lines: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["history_version"], 2);
    // Some time after this was written, and before the clocks of the year 2262 run over.
    assert!(lines[0]["wall_ns"].as_u64().is_some_and(|wall_ns| wall_ns > 1_700_000_000_000_000_000));
    assert_eq!((&lines[0]["initial"], &lines[0]["remaining"]), (&json!(2), &json!(0)));
    assert_eq!(lines[0]["plan"]["buyers"], 4);
    assert_eq!(lines.len(), 5);
    for purchase in &lines[1..] {
        let time = |name: &str| purchase[name].as_u64().unwrap_or_else(|| panic!("{name}: {purchase}"));
        assert!(time("invoke_ns") <= time("locked_ns") && time("locked_ns") <= time("read_ns"));
        assert!(time("read_ns") <= time("unlocked_ns") && time("unlocked_ns") <= time("return_ns"));
    }
}

#[test]
fn the_ticket_file_keeps_its_other_members() {
    let text = "{\"show\": \"Aida\", \"ticket\": 12,\n \"price\": 1.50}\n";
    for write in ["overwrite", "truncate", "rename"] {
        let folder = Folder::with_ticket_file(text);
        let (code, _) = folder.json(&format!("-n 3 --think 0 --write {write}"));
        assert_eq!(code, Some(0));
        let padding = if write == "overwrite" { " \n" } else { "\n" };
        assert_eq!(
            folder.read("data/ticket.json"),
            text.replace("12", "9").replace("}\n", &format!("}}{padding}"))
        );
        let (code, _) = folder.json(&format!("-n 3 -t 1000 --think 0 --write {write}"));
        assert_eq!(code, Some(0));
        assert_eq!(folder.read("data/ticket.json").trim_end(), text.replace("12", "997").trim_end());
    }
}

#[test]
fn several_purchases_each_and_until_refused() {
    let folder = Folder::new();
    let (_, two) = folder.json("-n 3 -t 10 --per-buyer 2 --think 0");
    assert_eq!(
        (&two["receipts"], &two["refused"], &two["stock"]["remaining"]),
        (&json!(6), &json!(0), &json!(4))
    );
    let (_, all) = folder.json("-n 3 -t 10 --per-buyer all --think 0");
    assert_eq!(
        (&all["receipts"], &all["refused"], &all["stock"]["remaining"]),
        (&json!(10), &json!(3), &json!(0))
    );
    assert_eq!(all["plan"]["per_buyer"], "all");
}

#[test]
fn text_tells_the_story() {
    let folder = Folder::new();
    let ran = folder.ticketsim("-n 10 -t 1 --no-lock");
    assert_eq!(ran.code, Some(1));
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("10 processes race for 1 ticket in data/ticket.json: no lock, "), "{ran:?}");
    assert!(lines[0].contains(", seed "), "{ran:?}");
    for part in
        ["bought   read 1, wrote 0", "UNSOUND", "oversold: ", "lost update: ", "both read 1", "before buyer"]
    {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(lines.last().expect("a line").ends_with("ticketsim --buyers 10 --tickets 1"), "{ran:?}");
    assert!(!ran.stdout.contains('\u{1b}'), "no colour into a pipe");
    let locked = folder.ticketsim("-n 10 -t 1 --color always");
    assert!(locked.stdout.contains("\u{1b}[32m"), "green");
    assert!(locked.stdout.contains("--no-lock"), "how to break it");
    let quiet = folder.ticketsim("-n 10 -t 1 -q");
    assert_eq!(quiet.stdout.lines().count(), 1);
    let chinese = folder.ticketsim("-n 10 -t 1 --no-lock --lang zh");
    assert!(chinese.stdout.contains("超卖"), "{}", chinese.stdout);
}

/// What a run could not have shown is said.
#[test]
fn nothing_on_sale_and_nothing_at_a_time_are_told() {
    let folder = Folder::new();
    assert_eq!(folder.ticketsim("-t 1 -n 2 --think 0").code, Some(0));
    let ran = folder.ticketsim("--no-lock");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains("nothing was on sale") && ran.stdout.contains("--tickets N"), "{ran:?}");

    let (code, alone) = folder.json("-n 1 -t 3 --per-buyer all --think 0");
    assert_eq!((code, &alone["at_once"], &alone["verdict"]), (Some(0), &json!(1), &json!("sound")));
    let ran = folder.ticketsim("-n 1 -t 3 --per-buyer all --think 0");
    assert!(ran.stdout.contains("but no two purchases overlapped, so no race could show."), "{ran:?}");
    // Buyers in turn are not meant to overlap.
    let ran = folder.ticketsim("-n 3 -t 2 --workers sequential --think 0");
    assert!(ran.code == Some(0) && !ran.stdout.contains("overlapped"), "{ran:?}");
    // The control: these think while the others wait.
    let (code, together) = folder.json("-n 4 -t 3 --think 20ms");
    assert_eq!(code, Some(0), "{together}");
    assert!(together["at_once"].as_u64() > Some(1), "{together}");
    assert!(!folder.ticketsim("-n 4 -t 3 --think 20ms").stdout.contains("overlapped"));
}

/// One line says why a verdict is unknown, too; and what is not there has no figures.
#[test]
fn quiet_says_why_and_verbose_measures_what_there_was() {
    let folder = Folder::new();
    let ran = folder.ticketsim("-n 3 -t 0 -q");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.lines().count() > 1 && ran.stdout.contains("nothing was on sale"), "{ran:?}");
    let ran = folder.ticketsim("-n 40 -t 5 --no-lock -v");
    assert!(ran.stdout.contains("whole purchase") && !ran.stdout.contains("0 ns"), "{ran:?}");
    assert!(!ran.stdout.contains("wait for the lock") && !ran.stdout.contains("hold the lock"), "{ran:?}");
    let ran = folder.ticketsim("-n 40 -t 5 --per-buyer 2 -v --think 0");
    assert!(ran.stdout.contains("wait for the lock") && ran.stdout.contains("hold the lock"), "{ran:?}");
    // 40 buyers made more purchases than they are.
    let ran = folder.ticketsim("-n 40 -t 5 --per-buyer all --think 0");
    assert!(ran.stdout.contains("40 buyers, 45 purchases: 5 bought, 40 refused, 0 failed"), "{ran:?}");
}
