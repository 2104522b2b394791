//! `ticketsim check`: histories that anybody made.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Folder, Ran, kinds};

/// A folder with the sample histories of the repository.
fn samples() -> Folder {
    let folder = Folder::new();
    for name in ["data/shop.jsonl", "data/unsound.jsonl", "data/jepsen.jsonl"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        folder.write(name, std::fs::read(path).expect("a sample"));
    }
    folder
}

fn with_stdin(folder: &Folder, args: &str, text: &str) -> Ran {
    let mut command = folder.command(args.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ticketsim runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("read to the end");
    child.wait_with_output().expect("it ends").into()
}

#[test]
fn the_samples_have_their_verdicts() {
    let folder = samples();
    let (code, shop) = folder.json("check data/shop.jsonl");
    assert_eq!(code, Some(0));
    for (member, expected) in [
        ("schema_version", json!(1)),
        ("verdict", json!("sound")),
        ("purchases", json!(5)),
        ("initial", json!(2)),
        ("initial_from", json!("header")),
        ("receipts", json!(2)),
        ("unanswered", json!(1)),
        ("anomalies", json!([])),
    ] {
        assert_eq!(shop[member], expected, "{member}");
    }

    let (code, unsound) = folder.json("check data/unsound.jsonl");
    assert_eq!((code, &unsound["verdict"]), (Some(1), &json!("unsound")));
    let anomaly = &unsound["anomalies"][0];
    assert_eq!((&anomaly["kind"], &anomaly["lines"]), (&json!("refused_early"), &json!([3, 6])));
    let summary = anomaly["summary"].as_str().expect("a sentence");
    assert!(
        summary.contains("buyer eve (line 6) got a ticket") && summary.contains("bob (line 3)"),
        "{summary}"
    );

    let (code, jepsen) = folder.json("check data/jepsen.jsonl");
    assert_eq!((code, kinds(&jepsen)), (Some(1), vec!["lost_update"]));
    assert_eq!((&jepsen["initial"], &jepsen["initial_from"]), (&json!(2), &json!("highest_stock")));
    assert_eq!(jepsen["anomalies"][0]["lines"], json!([3, 4]));
}

#[test]
fn a_stock_below_nothing_is_evidence_and_no_error() {
    let folder = Folder::new();
    let bought = |buyer: u32, at: u32, stocks: &str| {
        format!(
            "{{\"buyer\":{buyer},\"invoke_ns\":{at},\"return_ns\":{},\"outcome\":\"bought\",{stocks}}}\n",
            at + 5
        )
    };
    // Both saw the last ticket; the store counted down to less than nothing.
    let racy = bought(1, 1, "\"stock\":1") + &bought(2, 2, "\"seen\":1,\"sold_from\":0");
    for version in [1, 2] {
        folder.write(
            "h.jsonl",
            format!("{{\"history_version\":{version},\"initial\":1,\"remaining\":-1}}\n{racy}"),
        );
        let (code, racy) = folder.json("check h.jsonl");
        assert_eq!((code, kinds(&racy)), (Some(1), vec!["oversold", "negative_stock"]), "{racy}");
        assert_eq!(racy["remaining"], -1);
        let negative = &racy["anomalies"][1];
        assert_eq!((&negative["count"], &negative["lines"]), (&json!(1), &json!([3])));
        assert_eq!(negative["evidence"]["lowest"], -1);
        let receipt = &negative["evidence"]["receipts"][0];
        assert_eq!((&receipt["seen"], &receipt["sold_from"]), (&json!(1), &json!(0)));
    }
    let text = folder.ticketsim("check h.jsonl").stdout;
    assert!(text.contains("negative stock: the store came down to −1, 1 ticket below nothing"), "{text}");
    assert!(text.contains("buyer 2 (line 3) was sold a ticket from a stock of 0"), "{text}");
    let text = folder.ticketsim("check h.jsonl --lang zh").stdout;
    assert!(text.contains("库存降到了 −1"), "{text}");
    // The control: what was seen may differ from what was sold from, and nothing is wrong with it.
    let apart = bought(1, 1, "\"seen\":2,\"sold_from\":2") + &bought(2, 2, "\"seen\":2,\"sold_from\":1");
    folder.write("h.jsonl", format!("{{\"history_version\":2,\"initial\":2,\"remaining\":0}}\n{apart}"));
    assert_eq!(folder.json("check h.jsonl").0, Some(0));
    // The same stock for both is a ticket that was sold twice.
    folder.write(
        "h.jsonl",
        format!("{{\"history_version\":2,\"initial\":2}}\n{}", apart.replace("from\":1", "from\":2")),
    );
    let (code, twice) = folder.json("check h.jsonl");
    assert_eq!((code, kinds(&twice)), (Some(1), vec!["lost_update"]));
}

#[test]
fn the_initial_stock_comes_from_the_command_the_header_or_the_highest_stock() {
    let folder = samples();
    let (code, short) = folder.json("check data/shop.jsonl --tickets 1");
    assert_eq!((code, &short["initial_from"]), (Some(1), &json!("tickets")));
    assert!(kinds(&short).contains(&"oversold"), "{short}");
    // Without any stock, and with nothing said, there is nothing to count from.
    let bought = "{\"buyer\":1,\"invoke_ns\":1,\"return_ns\":2,\"outcome\":\"bought\"}\n";
    folder.write("h.jsonl", bought);
    let (code, unknown) = folder.json("check h.jsonl");
    assert_eq!((code, &unknown["verdict"], &unknown["initial"]), (Some(2), &json!("unknown"), &Value::Null));
    let (code, _) = folder.json("check h.jsonl --tickets 1");
    assert_eq!(code, Some(0));
    let (code, oversold) = folder.json("check h.jsonl --tickets 0");
    assert_eq!((code, kinds(&oversold)), (Some(1), vec!["oversold"]));
    assert_eq!(oversold["anomalies"][0]["lines"], json!([1]));
    // A receipt that says its stock, and one that does not: there may have been two tickets, or more.
    folder.write("h.jsonl", format!("{bought}{}", bought.replace('}', ",\"stock\":1}")));
    assert_eq!(folder.json("check h.jsonl").0, Some(2));
    assert_eq!(folder.json("check h.jsonl --tickets 2").0, Some(0));
    // It was called when the last ticket had been sold: no initial stock helps.
    let later = bought.replace('1', "3").replace("\"return_ns\":2", "\"return_ns\":4");
    folder.write("h.jsonl", format!("{}{later}", bought.replace('}', ",\"stock\":1}")));
    let (code, unsound) = folder.json("check h.jsonl");
    assert_eq!((code, kinds(&unsound), &unsound["initial"]), (Some(1), vec!["out_of_order"], &Value::Null));
}

#[test]
fn a_run_and_the_check_of_its_history_agree() {
    let folder = Folder::new();
    for (sale, code) in [("", 0), ("--no-lock", 1)] {
        let args = format!("--buyers 8 --tickets 3 --think 2ms {sale} --history h.jsonl");
        let (ran, run) = folder.json(&args);
        let (checked, check) = folder.json("check h.jsonl");
        assert_eq!((ran, checked), (Some(code), Some(code)), "{sale}: {run} {check}");
        assert_eq!(kinds(&run), kinds(&check), "{sale}");
        for member in ["verdict", "receipts", "refused", "oversold"] {
            assert_eq!(run[member], check[member], "{sale}: {member}");
        }
        // The header is line 1.
        let lines = |check: &Value| check["anomalies"][0]["lines"].as_array().cloned().unwrap_or_default();
        assert!(lines(&check).iter().all(|line| (2..=9).contains(&line.as_u64().expect("a line"))));
        assert_eq!(lines(&run), Vec::<Value>::new());
    }
}

#[test]
fn several_histories_and_standard_input_are_judged_each() {
    let folder = samples();
    let ran =
        folder.ticketsim("check data/shop.jsonl data/unsound.jsonl missing.jsonl data/jepsen.jsonl --json");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let documents: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("a document a line")).collect();
    let verdicts: Vec<_> = documents.iter().map(|d| d["verdict"].as_str().expect("a verdict")).collect();
    assert_eq!(verdicts, ["sound", "unsound", "unsound"]);
    assert!(ran.stderr.contains("missing.jsonl: can't be read"), "{}", ran.stderr);
    assert_eq!(folder.ticketsim("check data/shop.jsonl data/unsound.jsonl").code, Some(1));

    let ran = with_stdin(&folder, "check -", &folder.read("data/shop.jsonl"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("-: 5 purchases: 2 bought"), "{}", ran.stdout);
}

#[test]
fn a_broken_line_is_an_error_and_a_cut_one_is_reported() {
    let folder = samples();
    let shop = folder.read("data/shop.jsonl");
    folder.write("broken.jsonl", shop.replacen("\"bob\",", "\"bob\"", 1));
    let ran = folder.ticketsim("check broken.jsonl");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("broken.jsonl:3:15: expected `,` or `}`"), "{}", ran.stderr);

    folder.write("cut.jsonl", &shop[..shop.len() - 12]);
    let (code, cut) = folder.json("check cut.jsonl");
    assert_eq!((code, &cut["cut_short"], &cut["purchases"]), (Some(0), &json!(6), &json!(4)));
    let ran = folder.ticketsim("check cut.jsonl");
    assert!(ran.stdout.contains("line 6 was cut short by its writer"), "{}", ran.stdout);

    for (name, text, message) in [
        ("empty.jsonl", "", "empty.jsonl: empty; a history has"),
        ("ticket.json", "{\"ticket\": 1}\n", "ticket.json:1: neither a purchase"),
        ("binary", "\u{0}\u{1}\u{2}", "binary:1:1: expected a JSON object"),
    ] {
        folder.write(name, text);
        let ran = folder.ticketsim(&format!("check {name}"));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
    }
    assert_eq!(folder.ticketsim("check .").code, Some(2));
    assert_eq!(folder.ticketsim("check").code, Some(2));
}

/// Without a header, any stock counts, whichever purchase says it: also one that no answer came for, or a refusal.
#[test]
fn the_highest_stock_may_be_said_by_any_purchase() {
    let ann = "{\"buyer\":\"ann\",\"invoke_ns\":10,\"outcome\":\"unknown\",\"stock\":2}\n";
    let bob = "{\"buyer\":\"bob\",\"invoke_ns\":20,\"return_ns\":30,\"outcome\":\"bought\",\"stock\":1}\n";
    let refused = |stock| {
        format!("{{\"buyer\":1,\"invoke_ns\":1,\"return_ns\":2,\"outcome\":\"refused\",\"stock\":{stock}}}\n")
    };
    let folder = Folder::new();
    for (text, tickets, verdict, initial) in [
        (format!("{ann}{bob}"), "", "sound", json!(2)),
        // From one ticket it fits as well: ann's purchase need not have happened.
        (format!("{ann}{bob}"), "-t 1", "sound", json!(1)),
        (refused(0), "", "unknown", json!(0)),
        (refused(5), "", "unsound", json!(5)),
    ] {
        folder.write("h.jsonl", &text);
        let (_, document) = folder.json(&format!("check h.jsonl {tickets}"));
        assert_eq!((&document["verdict"], &document["initial"]), (&json!(verdict), &initial), "{document}");
    }
    // Sold after it was sold out: that fits no start, though none is known.
    let late = bob.replace(",\"stock\":1", "");
    folder.write("h.jsonl", refused(0).replace(",\"stock\":0", "") + &late);
    let (code, document) = folder.json("check h.jsonl");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["refused_early"]), "{document}");
    folder.write("h.jsonl", bob.replace("\"stock\":1", "\"stock\":7"));
    let ran = folder.ticketsim("check h.jsonl -t 3");
    assert!(ran.stdout.contains("a stock was read that is above all that was ever on sale"), "{ran:?}");
}

#[test]
fn receipts_too_many_are_evidence_where_no_ticket_is_known() {
    let folder = Folder::new();
    let line = |at: u64| {
        format!(
            "{{\"buyer\":\"b{at}\",\"invoke_ns\":{at},\"return_ns\":{},\"outcome\":\"bought\"}}\n",
            at + 9
        )
    };
    folder.write("h.jsonl", (1..=4).map(line).collect::<String>());
    let sentence = "when buyer b4 (line 4) got a receipt, nothing was left of 3 tickets";
    let ran = folder.ticketsim("check h.jsonl -t 3");
    assert!(ran.code == Some(1) && ran.stdout.contains(sentence), "{ran:?}");
    let (_, document) = folder.json("check h.jsonl -t 3");
    let oversold = &document["anomalies"][0];
    assert_eq!((&oversold["kind"], &oversold["lines"]), (&json!("oversold"), &json!([4])), "{document}");
    assert_eq!(oversold["evidence"]["receipts_too_many"][0]["buyer"], json!("b4"), "{document}");
    let ran = folder.ticketsim("report h.jsonl -t 3 -o page.html");
    assert!(ran.code == Some(1) && folder.read("page.html").contains(sentence), "{ran:?}");
}

#[test]
fn a_report_says_what_it_is_judged_from() {
    let folder = samples();
    let shop = folder.read("data/shop.jsonl");
    folder.write("cut.jsonl", &shop[..shop.len() - 12]);
    let ran = folder.ticketsim("report cut.jsonl");
    for part in ["line 6 was cut short by its writer", "2 tickets at the start (from the header)"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
}

#[test]
fn a_second_sale_after_the_first_was_done_is_told_with_the_time_between() {
    let folder = Folder::new();
    let line = |call: u64, returned: u64, steps: &str| {
        format!(
            "{{\"buyer\":\"b{call}\",\"invoke_ns\":{call},\"return_ns\":{returned},\"outcome\":\"bought\",\"stock\":1{steps}}}\n"
        )
    };
    for (first, second, said) in [
        ("", "", "began 5 ns after buyer b1 (line 1) was done"),
        (
            ",\"read_ns\":2,\"written_ns\":4",
            ",\"read_ns\":11,\"written_ns\":12",
            "buyer b10 (line 2) read 1, although buyer b1 (line 1) had written 0 7 ns before",
        ),
    ] {
        folder.write("h.jsonl", line(1, 5, first) + &line(10, 12, second));
        let ran = folder.ticketsim("check h.jsonl -t 1");
        assert!(ran.stdout.contains(said) && !ran.stdout.contains("over it"), "{said}: {}", ran.stdout);
    }
}

#[test]
fn a_refusal_of_jepsens_may_be_a_list() {
    let folder = Folder::new();
    let event = |kind: &str, time: u64, error: &str| {
        format!("{{\"process\":0,\"type\":\"{kind}\",\"f\":\"buy\",\"time\":{time}{error}}}\n")
    };
    let text = event("invoke", 1, "") + &event("fail", 2, ",\"error\":[\"sold-out\",\"none left\"]");
    folder.write("h.jsonl", text);
    let (_, document) = folder.json("check h.jsonl -t 0");
    assert_eq!((&document["refused"], &document["failed"]), (&json!(1), &json!(0)), "{document}");
}

/// Writes lines of purchases, each at a time of its own, and judges them.
fn judged(folder: &Folder, header: &str, lines: &[&str], args: &str) -> (Option<i32>, Value) {
    let mut text = format!("{header}\n");
    for (line, at) in lines.iter().zip(1..) {
        let (from, until) = (at * 1001, at * 1001 + 10);
        text += &format!("{{\"buyer\":\"b{at}\",\"invoke_ns\":{from},\"return_ns\":{until},{line}}}\n");
    }
    folder.write("h.jsonl", text);
    folder.json(&format!("check h.jsonl {args}"))
}

const V1: &str = r#"{"history_version":1,"initial":3}"#;

/// What a history says and we do not understand is said, not ignored.
#[test]
fn nothing_is_ignored_in_silence() {
    let folder = Folder::new();
    // By whatever name, in both versions.
    for word in ["quantity", "qty", "count", "amount"] {
        for version in [1, 2] {
            let header = format!("{{\"history_version\":{version},\"initial\":3}}");
            let two = format!("\"outcome\":\"bought\",\"{word}\":2");
            let (code, document) = judged(&folder, &header, &[&two, &two], "");
            assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold"]), "{document}");
            assert_eq!((&document["receipts"], &document["sold"]), (&json!(2), &json!(4)));
            assert_eq!((&document["oversold"], &document["ignored"]), (&json!(1), &json!({})));
        }
    }
    let text = folder.ticketsim("check h.jsonl").stdout;
    assert!(text.contains("2 receipts of 4 tickets for 3 tickets, 1 too many"), "{text}");

    let lines = [r#""outcome":"bought","stok":3"#, r#""outcome":"bought","stok":2,"note":[{"a":1}]"#];
    let (code, document) = judged(&folder, V1, &lines, "");
    assert_eq!((code, &document["ignored"]), (Some(0), &json!({"note": 1, "stok": 2})));
    let text = folder.ticketsim("check h.jsonl").stdout;
    assert!(text.contains("ignored: note (1×), stok (2×)"), "{text}");

    let (code, document) = judged(&folder, V1, &[r#""outcome":"BOUGHT""#], "");
    assert_eq!((code, &document["receipts"]), (Some(0), &json!(1)));
    folder.write("h.jsonl", r#"{"buyer":1,"invoke_ns":1,"return_ns":2,"outcome":"sold"}"#);
    let ran = folder.ticketsim("check h.jsonl");
    let known = "unknown outcome \"sold\": one of bought, refused, failed, unknown, returned, read";
    assert!(ran.code == Some(2) && ran.stderr.contains(known), "{ran:?}");
    for (line, why) in [
        (r#""outcome":"bought","quantity":0"#, "\"quantity\" is 0: it takes a whole number from 1"),
        (r#""outcome":"bought","quantity":1,"qty":2"#, "\"quantity\" and \"qty\" say the same"),
        (r#""outcome":"read""#, "a read needs the member \"stock\""),
    ] {
        folder.write("h.jsonl", format!("{V1}\n{{\"buyer\":1,\"invoke_ns\":1,\"return_ns\":2,{line}}}\n"));
        let ran = folder.ticketsim("check h.jsonl");
        assert!(ran.code == Some(2) && ran.stderr.contains(&format!("h.jsonl:2: {why}")), "{ran:?}");
    }
}

#[test]
fn each_item_has_a_counter_of_its_own() {
    let folder = Folder::new();
    let header = r#"{"history_version":2,"initial":{"gold":1,"silver":2},"remaining":{"gold":0,"silver":1}}"#;
    let gold = r#""outcome":"bought","item":"gold""#;
    let silver = r#""outcome":"bought","sku":"silver""#;
    let (code, document) = judged(&folder, header, &[gold, silver], "");
    assert_eq!((code, &document["items"][0]["item"]), (Some(0), &json!("gold")), "{document}");
    assert_eq!(document["items"][1]["verdict"], "sound");
    let (code, document) = judged(&folder, header, &[gold, gold, silver], "");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold"]), "{document}");
    assert_eq!(
        (&document["anomalies"][0]["item"], &document["items"][0]["oversold"]),
        (&json!("gold"), &json!(1))
    );
    let text = folder.ticketsim("check h.jsonl").stdout;
    assert!(text.contains("item gold: oversold") && text.contains("2 items, 1 of them sound"), "{text}");
    // One number for both is no stock of either.
    for (header, args) in [(V1, ""), ("{\"history_version\":2}", "-t 3")] {
        folder.write(
            "h.jsonl",
            folder.read("h.jsonl").replacen(
                folder.read("h.jsonl").lines().next().expect("a line"),
                header,
                1,
            ),
        );
        let ran = folder.ticketsim(&format!("check h.jsonl {args}"));
        assert!(ran.code == Some(2) && ran.stderr.contains("one number, and there are 2 items"), "{ran:?}");
    }

    // There is one of each seat, and the evidence says who holds it twice.
    let seat = |name: &str| format!("\"outcome\":\"bought\",\"seat\":\"{name}\"");
    let (code, document) =
        judged(&folder, "{\"history_version\":2}", &[&seat("A1"), &seat("A2"), &seat("A1")], "");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold"]), "{document}");
    let text = folder.ticketsim("check h.jsonl").stdout;
    assert!(text.contains("seat A1 was sold 2 times: to buyers b1 (line 2), b3 (line 4)"), "{text}");
    // A line without an item, among others that have one.
    let (code, _) = judged(&folder, "{\"history_version\":2}", &[&seat("A1"), &seat("A2")], "");
    assert_eq!(code, Some(0));
    let mixed = folder.read("h.jsonl").replace(",\"seat\":\"A2\"", "");
    folder.write("h.jsonl", mixed);
    let ran = folder.ticketsim("check h.jsonl");
    assert!(ran.code == Some(2) && ran.stderr.contains("h.jsonl:3: it names no item"), "{ran:?}");
}

#[test]
fn give_backs_and_looks_are_judged() {
    let folder = Folder::new();
    let one = "{\"history_version\":2,\"initial\":1,\"remaining\":0}";
    let (bought, returned) = (r#""outcome":"bought","order":7"#, r#""outcome":"returned","order":7"#);
    let other = r#""outcome":"bought","order":"eight""#;
    let saw = |stock: u32| format!("\"outcome\":\"read\",\"stock\":{stock}");
    let (code, document) = judged(&folder, one, &[bought, &saw(0), returned, &saw(1), other, &saw(0)], "");
    assert_eq!(
        (code, &document["returned"], &document["looks"]),
        (Some(0), &json!(1), &json!(3)),
        "{document}"
    );
    // The control: without the give-back the second is one too many.
    let (code, document) = judged(&folder, one, &[bought, other], "");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold"]), "{document}");
    // Sold before it came back: as many in the end as there were, and one too many meanwhile.
    let (code, document) = judged(&folder, one, &[bought, other, returned], "");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold"]), "{document}");
    let (code, document) = judged(&folder, one, &[bought, &saw(1)], "");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["out_of_order"]), "{document}");
    assert_eq!(document["anomalies"][0]["lines"], json!([3]));
    // Given back twice; given back and never bought.
    for lines in [&[bought, returned, returned][..], &[returned, bought]] {
        let two = "{\"history_version\":2,\"initial\":2}";
        let (code, document) = judged(&folder, two, lines, "");
        assert_eq!((code, kinds(&document)), (Some(1), vec!["returned_twice"]), "{document}");
    }
    let text = folder.ticketsim("check h.jsonl").stdout;
    assert!(text.contains("buyer b1 (line 2) gave back 1 ticket of order 7, which had 0 left"), "{text}");
    // Refused two where two were left all the time.
    let two = r#""outcome":"refused","quantity":2"#;
    let (code, document) = judged(&folder, "{\"history_version\":2,\"initial\":2}", &[two], "");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["refused_early"]), "{document}");
    let (code, _) = judged(&folder, "{\"history_version\":2,\"initial\":1}", &[two], "");
    assert_eq!(code, Some(0));
}

#[test]
fn a_buyer_may_hold_so_many() {
    let folder = Folder::new();
    let line = |at: u32| {
        format!("{{\"buyer\":\"ann\",\"invoke_ns\":{at},\"return_ns\":{at},\"outcome\":\"bought\"}}\n")
    };
    folder.write("h.jsonl", line(1) + &line(3) + &line(5));
    assert_eq!(folder.json("check h.jsonl -t 3 --limit-per-buyer 3").0, Some(0));
    let (code, document) = folder.json("check h.jsonl -t 3 --limit-per-buyer 2");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["over_limit"]), "{document}");
    assert_eq!(document["anomalies"][0]["lines"], json!([1, 2, 3]));
    let text = folder.ticketsim("check h.jsonl -t 3 --limit-per-buyer 2").stdout;
    assert!(text.contains("buyer ann holds 3 receipts (lines 1, 2, 3)"), "{text}");
}

/// Times that were cut prove less than they seem to.
#[test]
fn clocks_are_taken_for_no_better_than_they_are() {
    let folder = Folder::new();
    let purchase = |buyer: u32, from_ms: u32, until_ms: u32, outcome: &str| {
        let [from, until] = [from_ms, until_ms].map(|ms| u64::from(ms) * 1_000_000);
        format!(
            "{{\"buyer\":{buyer},\"invoke_ns\":{from},\"return_ns\":{until},\"outcome\":\"{outcome}\"}}\n"
        )
    };
    // Refused at the millisecond in which the last ticket was sold, and one later.
    let at =
        |refused_ms: u32| purchase(1, 1, refused_ms, "refused") + &purchase(2, refused_ms + 1, 9, "bought");
    folder.write("h.jsonl", at(4));
    let ran = folder.ticketsim("check h.jsonl -t 1");
    assert!(
        ran.code == Some(1) && ran.stdout.contains("nothing of this is proven (--resolution 1ms)"),
        "{ran:?}"
    );
    for args in ["--resolution 1ms", "--clock-error 500us"] {
        let ran = folder.ticketsim(&format!("check h.jsonl -t 1 {args}"));
        assert!(ran.code == Some(0) && !ran.stdout.contains("whole multiple"), "{ran:?}");
    }
    assert_eq!(folder.json("check h.jsonl -t 1 --resolution 0").0, Some(1));
    folder.write(
        "h.jsonl",
        format!("{{\"history_version\":2,\"initial\":1,\"resolution_ns\":1000000}}\n{}", at(4)),
    );
    let (code, document) = folder.json("check h.jsonl");
    assert_eq!((code, &document["resolution_ns"]), (Some(0), &json!(1_000_000)));
    // What is beyond it stays proven.
    let far = purchase(1, 1, 4, "refused") + &purchase(2, 8, 9, "bought");
    folder.write("h.jsonl", far);
    let ran = folder.ticketsim("check h.jsonl -t 1");
    assert!(
        ran.code == Some(1) && ran.stdout.contains("if they were cut to that, say --resolution"),
        "{ran:?}"
    );
    assert_eq!(folder.json("check h.jsonl -t 1 --resolution 1ms").0, Some(1));
}
