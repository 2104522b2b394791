//! What `check` says of histories that one counter can't have had.

use serde_json::json;

use crate::harness::{Folder, kinds};

/// The tickets, the purchases (of b1 on line 1, and so on: call, return, outcome, stock), what is
/// said, and the lines.
type Case<'a> = (u64, &'a [(u64, u64, &'a str, &'a str)], &'a str, &'a [u64]);

const CONTRADICTIONS: &[Case<'_>] = &[
    (
        2,
        &[(1, 2, "bought", "2"), (3, 4, "refused", "1")],
        "buyer b2 (line 2) was refused, and had read 1",
        &[2],
    ),
    (
        2,
        &[(5, 6, "bought", "2"), (1, 2, "bought", "1")],
        "buyer b1 (line 1) was sold a ticket from 2, and began 3 ns after buyer b2 (line 2) was done, \
         who was sold one from 1: stock does not come back",
        &[1, 2],
    ),
    (
        3,
        &[(5, 6, "bought", ""), (5, 6, "bought", ""), (1, 2, "refused", "")],
        "buyer b1 (line 1) got a ticket, and began 3 ns after buyer b3 (line 3) was told that nothing was left",
        &[1, 3],
    ),
    (
        2,
        &[(1, 2, "bought", "2"), (3, 4, "refused", "")],
        "nobody can have bought ticket 1 before buyer b2 (line 2) was told that nothing was left",
        &[2],
    ),
    (
        2,
        &[(1, 2, "bought", "1")],
        "nobody can have bought ticket 2 before buyer b1 (line 1) was done, who was sold one from 1",
        &[1],
    ),
    (
        5,
        &[(1, 9, "bought", "4"), (1, 2, "bought", ""), (5, 9, "bought", "3"), (5, 9, "bought", "1")],
        "nobody can have bought ticket 2, after buyer b3 (line 3) began, who was sold one from 3, \
         before buyer b4 (line 4) was done, who was sold one from 1",
        &[3, 4],
    ),
    (
        3,
        &[(1, 2, "bought", "2"), (3, 4, "bought", ""), (5, 6, "bought", "1")],
        "there was no ticket for buyer b2 (line 2): after ticket 2, sold to buyer b1 (line 1), \
         and before ticket 1, sold to buyer b3 (line 3)",
        &[1, 2, 3],
    ),
];

/// Each contradiction is told in words that name the purchases, and their lines are in the JSON.
#[test]
fn every_contradiction_is_told() {
    let folder = Folder::new();
    for (tickets, purchases, sentence, lines) in CONTRADICTIONS {
        let mut text = String::new();
        for ((invoke, returned, outcome, stock), buyer) in purchases.iter().zip(1..) {
            let stock = if stock.is_empty() { "null" } else { stock };
            text += &format!(
                "{{\"buyer\":\"b{buyer}\",\"invoke_ns\":{invoke},\"return_ns\":{returned},\
                 \"outcome\":\"{outcome}\",\"stock\":{stock}}}\n"
            );
        }
        folder.write("h.jsonl", text);
        let ran = folder.ticketsim(&format!("check h.jsonl --tickets {tickets}"));
        assert!(ran.code == Some(1) && ran.stdout.contains(sentence), "{sentence}\n{}", ran.stdout);
        let (_, document) = folder.json(&format!("check h.jsonl --tickets {tickets}"));
        let anomalies = document["anomalies"].as_array().expect("anomalies");
        let told = anomalies
            .iter()
            .find(|a| a["kind"] == "out_of_order" || a["kind"] == "refused_early")
            .expect("one");
        assert_eq!(told["lines"], json!(lines), "{sentence}");
    }
}

/// That stock came back is told beside a lost update, unless the history shows the writes: then the lost
/// update is why.
#[test]
fn what_a_lost_update_explains_is_not_told_twice() {
    let folder = Folder::new();
    let history = |inner: bool| {
        let purchases = [(1, 20, 2), (2, 9, 2), (3, 10, 1), (11, 30, 1)];
        let line = |(call, returned, stock): (u64, u64, u64)| {
            let steps =
                if inner { format!(",\"read_ns\":{call},\"written_ns\":{returned}") } else { String::new() };
            format!(
                "{{\"buyer\":{call},\"invoke_ns\":{call},\"return_ns\":{returned},\"outcome\":\"bought\",\
                 \"stock\":{stock}{steps}}}\n"
            )
        };
        let last = line((40, 50, 2));
        purchases.map(line).concat() + &last
    };
    for (inner, expected) in
        [(false, vec!["oversold", "lost_update", "out_of_order"]), (true, vec!["oversold", "lost_update"])]
    {
        folder.write("h.jsonl", history(inner));
        let (code, document) = folder.json("check h.jsonl --tickets 2");
        assert_eq!((code, kinds(&document)), (Some(1), expected), "{document}");
    }
}
