//! Histories whose purchases were made on several hosts, each with a clock of its own: judged by `check`.

use serde_json::{Value, json};

use crate::harness::{Folder, kinds};

/// A sale of 3 tickets by two hosts. By the clocks, the last ticket was sold 50 µs before the last but one was called
/// for; `errors_ns` says how far each may be wrong.
fn a_history(errors_ns: [u64; 2], lost_ns: Option<u64>) -> String {
    let header = json!({
        "history_version": 2, "initial": 3, "remaining": 0,
        "hosts": [
            {"name": "ann#1", "first_buyer": 1, "buyers": 2, "offset_ns": -1_200_000_000, "error_ns": errors_ns[0]},
            {"name": "bob#2", "first_buyer": 3, "buyers": 2, "offset_ns": 35_000, "error_ns": errors_ns[1],
             "lost_ns": lost_ns},
        ],
    });
    let bought = |buyer: u32, invoke_ns: u64, return_ns: u64, stock: i64| json!({"buyer": buyer, "invoke_ns": invoke_ns, "return_ns": return_ns, "outcome": "bought", "stock": stock});
    let lines =
        [header, bought(1, 1_000, 500_000, 3), bought(3, 1_000, 600_000, 1), bought(2, 650_000, 950_000, 2)];
    lines.map(|line| line.to_string()).join("\n")
}

fn checked(folder: &Folder, errors_ns: [u64; 2], lost_ns: Option<u64>) -> (Option<i32>, Value) {
    folder.write("h.jsonl", a_history(errors_ns, lost_ns));
    folder.json("check h.jsonl")
}

#[test]
fn a_clock_s_error_is_no_race_and_the_control_is_one() {
    let folder = Folder::new();
    let (code, sound) = checked(&folder, [40_000, 60_000], None);
    assert_eq!((code, &sound["verdict"], &sound["within_error"]), (Some(0), &json!("sound"), &json!(1)));
    assert_eq!(sound["hosts"][0]["name"], "ann#1");
    assert_eq!(
        (&sound["hosts"][1]["offset_ns"], &sound["hosts"][1]["error_ns"]),
        (&json!(35_000), &json!(60_000))
    );
    // Its purchases are on one clock with each other, so what overlapped is known.
    assert_eq!(sound["at_once"], 2);

    let (code, unsound) = checked(&folder, [20_000, 20_000], None);
    assert_eq!((code, kinds(&unsound)), (Some(1), vec!["out_of_order"]));
    let evidence = &unsound["anomalies"][0]["evidence"]["contradictions"][0]["purchases"];
    assert_eq!((&evidence[0]["host"], &evidence[1]["host"]), (&json!("bob#2"), &json!("ann#1")));
}

#[test]
fn what_clocks_leave_open_is_said_in_both_languages() {
    let folder = Folder::new();
    folder.write("h.jsonl", a_history([40_000, 60_000], None));
    let text = folder.ticketsim("check h.jsonl").stdout;
    for words in [
        "ann#1  2 buyers, clock −1.2 s ±40 µs",
        "clocks agree to ±100 µs",
        "1 purchase would be out of order",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    folder.write("h.jsonl", a_history([40_000, 60_000_000], None));
    assert!(folder.ticketsim("check h.jsonl").stdout.contains("can hardly show"));
    let text = folder.ticketsim("check --lang zh h.jsonl").stdout;
    assert!(text.contains("2 个买家，时钟 −1.2 s ±40 µs") && text.contains("时钟误差达"), "{text}");
}

#[test]
fn a_lost_host_is_never_called_sound() {
    let folder = Folder::new();
    let (code, unknown) = checked(&folder, [40_000, 60_000], Some(1_000_000));
    assert_eq!((code, &unknown["verdict"]), (Some(2), &json!("unknown")));
    let why = unknown["unjudged"][0].as_str().expect("a sentence");
    assert!(why.contains("bob#2 was lost in mid-sale: what 2 buyers"), "{why}");
}

#[test]
fn histories_of_several_hosts_are_merged_with_their_hosts() {
    let folder = Folder::new();
    let with_wall = |ns: u64| {
        a_history([40_000, 60_000], None)
            .replace("\"initial\"", &format!("\"wall_ns\":{ns},\"initial\""))
            .replace("\"remaining\":0", "\"remaining\":1")
    };
    let one = with_wall(5_000);
    // The other sold nothing; its second host is the one that would make a purchase of the first out of order.
    let failed = r#"{"buyer":3,"invoke_ns":1,"return_ns":2,"outcome":"failed"}"#;
    let other = format!("{}\n{failed}", with_wall(9_000).lines().next().expect("a header"));
    folder.write("one.jsonl", one.replace("\"remaining\":1", "\"remaining\":0"));
    folder.write("other.jsonl", other.replace("\"remaining\":1", "\"remaining\":0"));
    let (code, merged) = folder.json("check --merge one.jsonl other.jsonl");
    let names: Vec<&str> =
        merged["hosts"].as_array().expect("hosts").iter().filter_map(|host| host["name"].as_str()).collect();
    assert_eq!(
        names,
        ["ann#1 of one.jsonl", "bob#2 of one.jsonl", "ann#1 of other.jsonl", "bob#2 of other.jsonl"]
    );
    assert_eq!((code, &merged["verdict"], &merged["within_error"]), (Some(0), &json!("sound"), &json!(1)));
}

#[test]
fn hosts_that_cant_be_are_rejected_at_their_place() {
    let folder = Folder::new();
    folder.write("h.jsonl", a_history([1, 1], None).replace("\"first_buyer\":3", "\"first_buyer\":2"));
    let ran = folder.ticketsim("check h.jsonl");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("h.jsonl:1: \"hosts\": buyer 2 is of two hosts"), "{}", ran.stderr);
}
