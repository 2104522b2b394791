//! `ticketsim check` on what people have: logs of other tools, and several files that are one history.

use std::process::Command;

use serde_json::json;

use crate::harness::{Folder, kinds};

const JTL: &str = "timeStamp,elapsed,label,responseCode,threadName,success\n\
    1700000000100,20,buy,200,users 1-1,true\n\
    1700000000105,30,buy,409,users 1-2,false\n\
    1700000000400,20,buy,200,users 1-3,true\n";

#[test]
fn jmeter_hey_and_k6_are_recognised_and_said() {
    let folder = Folder::new();
    folder.write("results.jtl", JTL);
    let rules = "--bought status=200 --refused status=409";
    let ran = folder.ticketsim(&format!("check results.jtl -t 2 {rules}"));
    assert!(ran.code == Some(1) && ran.stdout.contains("read as jtl (--from jtl)"), "{ran:?}");
    assert!(ran.stdout.contains("a time t lies from t to t + 1.0 ms"), "{ran:?}");
    assert!(ran.stdout.contains("buyer users 1-3 (line 4) got a ticket"), "{ran:?}");
    let (code, document) = folder.json(&format!("check results.jtl -t 2 {rules}"));
    assert_eq!((code, kinds(&document)), (Some(1), vec!["refused_early"]));
    // What no rule matches is shown, and never guessed.
    let ran = folder.ticketsim("check results.jtl -t 2 --bought status=200");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("results.jtl:3") && ran.stderr.contains("409,users 1-2"), "{ran:?}");
    assert!(ran.stderr.contains("--otherwise failed"), "{ran:?}");
    assert_eq!(folder.json("check results.jtl -t 2 --bought status=200 --otherwise failed").0, Some(0));

    let head = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n";
    let row = "0.0215,0.001,0.0005,0.0001,0.02,0.0003,200,0.0001\n";
    folder.write("hey.csv", format!("{head}{row}{row}"));
    let (code, hey) = folder.json("check hey.csv -t 1 --bought status=2xx");
    assert_eq!((code, kinds(&hey), &hey["resolution_ns"]), (Some(1), vec!["oversold"], &json!(100_000)));

    let point = |time: &str, took: f64, status: &str| {
        let data = json!({"time": time, "value": took, "tags": {"status": status, "vu": "7"}});
        format!("{}\n", json!({"type": "Point", "metric": "http_req_duration", "data": data}))
    };
    let metric =
        json!({"type": "Metric", "data": {"name": "http_req_duration"}, "metric": "http_req_duration"});
    let points = point("2026-01-31T12:00:00.123456789+01:00", 12.5, "200")
        + &point("2026-01-31T11:00:00.2Z", 3.25, "504");
    folder.write("k6.json", format!("{metric}\n{points}"));
    let (code, k6) = folder.json("check k6.json -t 2 --bought status=200 --unknown status=504");
    assert_eq!((code, &k6["receipts"], &k6["unanswered"]), (Some(0), &json!(1), &json!(1)), "{k6}");
}

#[test]
fn any_table_is_read_by_its_columns() {
    let folder = Folder::new();
    folder.write(
        "log.csv",
        "who,from,until,what,left,n\nann,1.5,2.5,yes,3,2\n\"bob, jr\",3,4.25,sold out,1,2\n",
    );
    let columns = "--columns buyer=who,start=from,end=until,stock=left,quantity=n --unit s";
    let rules = "--bought what=yes --refused what~^sold";
    let (code, document) = folder.json(&format!("check log.csv -t 3 {columns} {rules}"));
    assert_eq!(
        (code, &document["sold"], &document["refused"]),
        (Some(0), &json!(2), &json!(1)),
        "{document}"
    );
    assert_eq!(document["resolution_ns"], 10_000_000);
    // JSON lines, with paths to members.
    folder.write(
        "log.jsonl",
        "{\"a\":{\"t\":10,\"d\":5},\"code\":200}\n{\"a\":{\"t\":12,\"d\":5},\"code\":200}\n",
    );
    let columns = "--columns start=a.t,elapsed=a.d,status=code --unit ms";
    let (code, document) = folder.json(&format!("check log.jsonl -t 1 {columns} --bought status=200"));
    assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold"]), "{document}");
    for (args, why) in [
        ("", "nobody has said which column is what; say it, as in --columns"),
        ("--columns buyer=who", "no column says when a purchase was called; say it"),
        ("--columns start=from,end=until", "says what came of a purchase; give rules, --bought"),
        ("--columns start=begin,end=until --bought what=yes", "there is no column \"begin\": there are who"),
        ("--columns start=who,end=until --bought what=yes", "log.csv:2: the start: \"ann\" is no time"),
        ("--from ticketsim", "CSV is read by --from csv --columns"),
        ("--from jepsen", "it looks like csv: --from csv"),
        (
            "--columns start=from --bought what=yes",
            "does not say when it returned; name the column, --columns end=",
        ),
        ("--columns colour=red", "unknown column \"colour\": one of buyer,"),
    ] {
        let ran = folder.ticketsim(&format!("check log.csv -t 3 {args}"));
        assert!(ran.code == Some(2) && ran.stderr.contains(why), "{args}: {ran:?}");
    }
}

/// The same operations as EDN and as JSON, one a line and in a list.
fn operations() -> [(&'static str, String); 4] {
    let edn = [
        "{:type :invoke, :f :buy, :value nil, :process 0, :time 10, :index 0}",
        "{:type :info, :f :kill, :process :nemesis, :time 11, :value #{\"n1\"}, :index 1}",
        "{:type :invoke, :f :buy, :value nil, :process -1, :time 12.5, :index 2}",
        "{:type :ok, :f :buy, :value 1, :process 0, :time 20, :index 3}",
        "{:type :fail, :f :buy, :error [:sold-out 3], :process -1, :time 21, :index 4}",
        "#jepsen.history.Op{:type :invoke, :f :cancel, :process 0, :time 22, :index 5}",
        "{:type :ok, :f :cancel, :process 0, :time 23, :index 6}",
    ];
    let json = [
        json!({"type": "invoke", "f": "buy", "value": null, "process": 0, "time": 10, "index": 0}),
        json!({"type": "info", "f": "kill", "process": "nemesis", "time": 11, "value": ["n1"], "index": 1}),
        json!({"type": "invoke", "f": "buy", "process": -1, "time": 12.5, "index": 2}),
        json!({"type": "ok", "f": "buy", "value": 1, "process": 0, "time": 20, "index": 3}),
        json!({"type": "fail", "f": "buy", "error": ["sold-out", 3], "process": -1, "time": 21, "index": 4}),
        json!({"type": "invoke", "f": "cancel", "process": 0, "time": 22, "index": 5}),
        json!({"type": "ok", "f": "cancel", "process": 0, "time": 23, "index": 6}),
    ]
    .map(|op| op.to_string());
    [
        ("lines.edn", edn.join("\n")),
        ("vector.edn", format!("[{}]", edn.join("\n "))),
        ("lines.json", json.join("\n")),
        ("array.json", format!("[{}]", json.join(",\n"))),
    ]
}

#[test]
fn jepsen_is_read_as_jepsen_writes_it() {
    let folder = Folder::new();
    for (name, text) in operations() {
        folder.write(name, text);
        let (code, document) = folder.json(&format!("check {name} -t 1"));
        assert_eq!(code, Some(0), "{name}: {document}");
        let counts = ["receipts", "refused", "returned"].map(|member| document[member].clone());
        assert_eq!(counts, [1, 1, 1].map(|count| json!(count)), "{name}: {document}");
    }
    assert!(folder.ticketsim("check vector.edn -t 1").stdout.contains("read as jepsen"));
    for other in ["ticketsim", "csv --columns start=a,end=b --otherwise failed"] {
        let ran = folder.ticketsim(&format!("check lines.edn --from {other}"));
        assert!(ran.code == Some(2) && ran.stderr.contains("it looks like jepsen: --from jepsen"), "{ran:?}");
    }
    folder.write("lines.gz", b"\x1f\x8b\x08\x00, ,");
    let ran = folder.ticketsim("check lines.gz");
    assert!(ran.code == Some(2) && ran.stderr.contains("it is compressed; pipe it in"), "{ran:?}");
    // What has no meaning here is not passed over in silence.
    let ran = folder.ticketsim("check lines.json -t 1 --bought status=200");
    assert!(
        ran.code == Some(0) && ran.stdout.contains("jepsen says it itself, and they were not asked"),
        "{ran:?}"
    );
    // Without times their order counts; a mutex is bought and given back.
    let op = |kind: &str, process: u32| format!("{{:type {kind}, :f :acquire, :process {process}}}\n");
    folder.write("mutex.edn", op(":invoke", 0) + &op(":ok", 0) + &op(":invoke", 1) + &op(":ok", 1));
    let (code, document) = folder.json("check mutex.edn -t 1");
    assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold"]), "{document}");
    assert!(document["notes"].to_string().contains("operations without a time"), "{document}");
    // Times that contradict the order, and values that only echo.
    let odd = "{:type :invoke :f :buy :value 5 :process 0 :time 30}\n{:type :ok :f :buy :value 5 :process 0 :time 20}";
    folder.write("odd.edn", odd);
    let (code, document) = folder.json("check odd.edn -t 1");
    assert_eq!(code, Some(0), "{document}");
    let notes = document["notes"].to_string();
    assert!(notes.contains("contradict the order") && notes.contains("only repeats the value"), "{notes}");
    for (text, why) in [
        (
            "{:type :invoke :f :sell :process 0}",
            "x.edn:1: \"f\" is \"sell\", and nobody has said what that does",
        ),
        ("{:type :invoke\n :f :buy", "x.edn:1: it ends in the middle"),
    ] {
        folder.write("x.edn", text);
        let ran = folder.ticketsim("check x.edn -t 1");
        assert!(ran.code == Some(2) && ran.stderr.contains(why), "{ran:?}");
    }
    folder.write("x.edn", odd.replace(":buy", ":sell"));
    assert_eq!(folder.json("check x.edn -t 1 --f purchase=sell").0, Some(0));
}

/// Two runs on one stock, each sound by itself, that sold the same tickets.
#[test]
fn two_files_are_one_history() {
    let folder = Folder::new();
    let file = |wall_ns: &str, buyer: &str| {
        let line = |from: u32, stock: u32| {
            format!(
                "{{\"buyer\":\"{buyer}\",\"invoke_ns\":{from},\"return_ns\":{},\"outcome\":\"bought\",\"stock\":{stock}}}\n",
                from + 4
            )
        };
        format!("{{\"history_version\":2,\"initial\":2{wall_ns}}}\n{}{}", line(1, 2), line(6, 1))
    };
    for (walls, note) in [([",\"wall_ns\":1000", ",\"wall_ns\":1002"], false), (["", ""], true)] {
        folder.write("a.jsonl", file(walls[0], "ann"));
        folder.write("b.jsonl", file(walls[1], "bob"));
        assert_eq!(folder.ticketsim("check a.jsonl b.jsonl").code, Some(0), "each by itself");
        let (code, document) = folder.json("check a.jsonl b.jsonl --merge");
        assert_eq!((code, kinds(&document)), (Some(1), vec!["oversold", "lost_update"]), "{document}");
        assert_eq!(document["notes"].to_string().contains("no clock in common"), note, "{document}");
        // Both stand on a line 2: their files tell them apart.
        let pairs = document["anomalies"][1]["evidence"].to_string();
        let tells = |file: &str| pairs.contains(&format!("\"line\":2,\"file\":\"{file}\""));
        assert!(tells("a.jsonl") && tells("b.jsonl"), "{pairs}");
        let (lines, files) = (&document["anomalies"][1]["lines"], &document["anomalies"][1]["files"]);
        assert_eq!(
            (lines, files),
            (&json!([2, 3, 2, 3]), &json!(["a.jsonl", "a.jsonl", "b.jsonl", "b.jsonl"]))
        );
        let text = folder.ticketsim("check a.jsonl b.jsonl --merge --html p.html").stdout;
        assert!(text.contains("ann (a.jsonl:2)") && text.contains("bob (b.jsonl:2)"), "{text}");
        assert!(folder.read("p.html").contains("b.jsonl"), "the page, too");
    }
    // What a writer did not finish is told with its file.
    folder.write("b.jsonl", file(",\"wall_ns\":1002", "bob") + "{\"buyer\":");
    let text = folder.ticketsim("check a.jsonl b.jsonl --merge").stdout;
    assert!(text.contains("b.jsonl:4 was cut short by its writer"), "{text}");
    // Two real runs, one after the other: the second goes on where the first left off.
    assert_eq!(folder.ticketsim("-n 3 -t 5 --think 0 --history a.jsonl").code, Some(0));
    assert_eq!(folder.ticketsim("-n 3 --think 0 --history b.jsonl").code, Some(0));
    let (code, document) = folder.json("check a.jsonl b.jsonl --merge");
    assert_eq!(
        (code, &document["receipts"], &document["initial"]),
        (Some(0), &json!(5), &json!(5)),
        "{document}"
    );
    // The second put its own tickets on sale: two sales.
    assert_eq!(folder.ticketsim("-n 3 -t 5 --think 0 --history b.jsonl").code, Some(0));
    let ran = folder.ticketsim("check a.jsonl b.jsonl --merge");
    assert!(ran.code == Some(2) && ran.stderr.contains("these are two sales"), "{ran:?}");
}

#[test]
fn verdicts_go_to_a_ci_server_and_onto_a_page() {
    let folder = Folder::new();
    folder.write("results.jtl", JTL);
    folder.write("none.jsonl", "");
    let rules = "-t 2 --bought status=200 --refused status=409";
    let ran =
        folder.ticketsim(&format!("check results.jtl {rules} --html p.html --trace t.json --junit j.xml"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let junit = folder.read("j.xml");
    assert!(
        junit.contains("<testsuite name=\"results.jtl\" tests=\"1\" failures=\"1\" errors=\"0\">"),
        "{junit}"
    );
    assert!(junit.contains("<failure message=\"unsound\">") && junit.contains("refused early"), "{junit}");
    assert!(folder.read("p.html").contains("refused_early") && folder.read("t.json").contains("traceEvents"));
    let ran = folder.ticketsim("check none.jsonl --junit j.xml");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(folder.read("j.xml").contains("<error message=\"unread\">"));
    let ran = folder.ticketsim(&format!("report results.jtl {rules} -o p2.html"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
}

/// The lines that `help logging` shows, run as they stand there.
#[test]
fn the_lines_of_help_logging_work() {
    let folder = Folder::new();
    let help = folder.ticketsim("help logging");
    assert_eq!(help.code, Some(0), "{help:?}");
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        eprintln!("SKIPPED: no python3");
        return;
    }
    let lines = |from: &str, count: usize| -> String {
        let shown = help.stdout.lines().skip_while(|line| !line.contains(from)).take(count);
        shown.map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect()
    };
    let python = |code: String| {
        let status = Command::new("python3").args(["-c", &code]).current_dir(folder.root()).status();
        assert!(status.expect("python3").success(), "{code}");
    };
    let race = "for buyer, left in zip('abc', [2, 1, 0]): logged(buyer, lambda: left > 0)\n";
    python(lines("import json, time", 8) + race);
    let (code, document) = folder.json("check sale.jsonl --tickets 2");
    assert_eq!(
        (code, &document["receipts"], &document["refused"]),
        (Some(0), &json!(2), &json!(1)),
        "{document}"
    );

    folder.write("sale.sql", lines("CREATE TABLE IF NOT EXISTS sale_log", 9));
    python(
        "import sqlite3, csv\n\
         db = sqlite3.connect(':memory:', isolation_level=None)\n\
         db.executescript('CREATE TABLE tickets (stock); INSERT INTO tickets VALUES (2)')\n\
         for buyer in ('ann', 'bob', 'cy'): db.executescript(open('sale.sql').read().replace('ann', buyer))\n\
         rows = db.execute('SELECT * FROM sale_log')\n\
         out = csv.writer(open('sale.csv', 'w'))\n\
         out.writerow([column[0] for column in rows.description])\n\
         out.writerows(rows)\n"
            .to_owned(),
    );
    let columns = "--columns buyer=buyer,start=began,end=ended,outcome=outcome";
    let (code, document) = folder.json(&format!("check sale.csv --tickets 2 {columns}"));
    assert_eq!(
        (code, &document["receipts"], &document["refused"]),
        (Some(0), &json!(2), &json!(1)),
        "{document}"
    );
}
