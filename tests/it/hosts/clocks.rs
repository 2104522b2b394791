//! Hosts with clocks of their own, behind a network that takes its time.

use std::time::Duration;

use serde_json::{Value, json};

use super::relay::{Manners, Relay};
use super::{Joined, Lead, with_clock};
use crate::harness::{Folder, kinds};

/// By how many seconds the clocks of the hosts are ahead of the lead's.
const AHEAD_S: [u64; 3] = [0, 1_000, 86_400];

/// Three hosts with three clocks sell from one ticket file, each behind a relay. The lead's exit code and document.
fn sell(folder: &Folder, options: &str, manners: Manners) -> Option<(Option<i32>, Value)> {
    let lead =
        Lead::start(folder, &format!("--hosts 3 -n 9 -t 60 --think 1ms --per-buyer all --json {options}"));
    let relays: Vec<Relay> = AHEAD_S.iter().map(|_| Relay::to(lead.port, manners)).collect();
    let mut hosts = Vec::new();
    for ((ahead_s, relay), name) in AHEAD_S.iter().zip(&relays).zip(["a", "b", "c"]) {
        let by = with_clock(*ahead_s)?;
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        hosts.push((*ahead_s, Joined::start_by(folder, &by, relay.port, name, "--via t.json")));
    }
    let (code, document) = lead.end();
    for (_, host) in hosts {
        let (code, said) = host.end();
        assert_eq!(code, Some(0), "{said}");
    }
    Some((code, document))
}

/// Whether each host's clock is what it is, as far as the lead says that it knows it. The time namespaces really differ
/// by that.
fn are_true(document: &Value) {
    let hosts = document["hosts"].as_array().expect("hosts");
    assert_eq!(hosts.len(), 3, "{document}");
    for host in hosts {
        let name = host["name"].as_str().expect("a name");
        // Who came first was seated first.
        let place = ["a", "b", "c"].iter().position(|own| name.starts_with(own)).expect("one of them");
        let truly_ns = -(AHEAD_S[place] as i64) * 1_000_000_000;
        let (offset_ns, error_ns) = (&host["offset_ns"], &host["error_ns"]);
        let (offset_ns, error_ns) = (offset_ns.as_i64().expect("a number"), error_ns.as_u64().expect("one"));
        assert!(offset_ns.abs_diff(truly_ns) <= error_ns, "{host}: it is {truly_ns}");
        assert!(error_ns < 1_000_000_000, "{host}: that says nothing");
    }
}

/// Whatever the clocks and the network do, a sale that was sound is sound, and one that was not is not.
#[test]
fn clocks_and_delays_change_no_verdict() {
    let ms = Duration::from_millis;
    let trials = std::env::var("TICKETSIM_TRIALS").ok().and_then(|trials| trials.parse().ok()).unwrap_or(4);
    for trial in 0..trials {
        let folder = Folder::with_ticket_file("{\"ticket\": 1}");
        folder.write("t.json", "{\"ticket\": 1}");
        // All of the delay may be on one way: half the round trip is needed then.
        let there = ms(if trial % 2 == 0 { 0 } else { 5 });
        let manners = Manners { there, back: ms(0), jitter: ms(5) };
        let Some((code, document)) = sell(&folder, "--lock flock", manners) else { return };
        assert_eq!((code, &document["verdict"]), (Some(0), &json!("sound")), "{document}");
        assert_eq!((&document["receipts"], &document["unjudged"]), (&json!(60), &json!([])), "{document}");
        are_true(&document);
        let Some((code, document)) = sell(&folder, "--no-lock", manners) else { return };
        assert_eq!((code, &document["verdict"]), (Some(1), &json!("unsound")), "{document}");
        are_true(&document);
    }
}

/// Control: a judge that takes the hosts' times as they are, without their clocks, raises a false alarm. Not if the host
/// whose clock is behind sold all tickets before the others came: then even wrong clocks contradict nothing, and the
/// sale is made again.
#[test]
fn without_their_offsets_a_sound_sale_looks_unsound() {
    let folder = Folder::new();
    for _ in 0..10 {
        folder.write("t.json", "{\"ticket\": 1}");
        let sold = sell(&folder, "--lock flock --history h.jsonl", Manners::default());
        let Some((code, document)) = sold else { return };
        assert_eq!(code, Some(0), "{document}");
        assert_eq!(folder.ticketsim("check h.jsonl").code, Some(0));
        folder.write("plain.jsonl", as_each_clock_had_it(&folder.read("h.jsonl")));
        let (code, document) = folder.json("check plain.jsonl");
        let kinds = kinds(&document);
        if code == Some(1) && kinds.iter().any(|kind| ["out_of_order", "refused_early"].contains(kind)) {
            return;
        }
    }
    panic!("ten sales, and no wrong clock contradicted any of them");
}

/// A history with the times that each host's own clock had, counted from the same moment of it.
fn as_each_clock_had_it(text: &str) -> String {
    let mut lines = text.lines();
    let mut header: Value = serde_json::from_str(lines.next().expect("a header")).expect("JSON");
    let hosts = header["hosts"].take();
    header.as_object_mut().expect("an object").remove("hosts");
    let mut plain = format!("{header}\n");
    for line in lines {
        let mut purchase: Value = serde_json::from_str(line).expect("JSON");
        let buyer = purchase["buyer"].as_u64().expect("a buyer");
        let is_its = |host: &&Value| {
            let first = host["first_buyer"].as_u64().expect("a number");
            (first..first + host["buyers"].as_u64().expect("a number")).contains(&buyer)
        };
        let host = hosts.as_array().expect("hosts").iter().find(is_its).expect("a host");
        let offset_ns = host["offset_ns"].as_i64().expect("a number");
        for (name, value) in purchase.as_object_mut().expect("an object") {
            if name.ends_with("_ns") {
                *value = json!(value.as_i64().expect("a time") - offset_ns);
            }
        }
        plain += &format!("{purchase}\n");
    }
    plain
}
