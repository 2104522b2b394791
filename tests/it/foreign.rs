//! Text that others control (names, paths, ticket files, arguments, members of JSON) commands no terminal and
//! turns no page around, by whichever entrance it comes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use serde_json::{Value, json};
use ticketsim::foreign::is_harmful;

use crate::harness::{Folder, Ran};

/// The title of the terminal, a cleared screen, DEL, C1's CSI, a text that is turned around, and one that is not
/// seen.
const EVIL: &str = "\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{7f}\u{9b}2J\u{202e}\u{2066}\u{200b}\u{1b}[8m";

fn run(folder: &Folder, args: &[&str]) -> Ran {
    Ran::from(folder.command(args.iter().copied()).output().expect("runs"))
}

/// What a terminal would obey, or a reader not see; colours are off in a pipe, so there are none of ours.
fn harmful(text: &str) -> String {
    text.chars().filter(|c| is_harmful(*c) && *c != '\n' && *c != '\t').collect()
}

fn assert_harmless(what: &str, ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        assert_eq!(harmful(text), "", "{what}: {ran:?}");
    }
}

#[test]
fn errors_quote_what_they_met_without_obeying_it() {
    let folder = Folder::with_ticket_file("{\"ticket\": 1}");
    let member = json!({ EVIL: 1 }).to_string();
    folder.write("schedule.json", format!("{{\"schedule_version\":1,\"plan\":{member},\"steps\":\"R1\"}}"));
    folder.write("steps.json", json!({"schedule_version": 1, "plan": {}, "steps": EVIL}).to_string());
    folder.write(
        "lock.json",
        json!({"schedule_version": 1, "plan": {"lock": EVIL}, "steps": "R1"}).to_string(),
    );
    folder.write("outcome.jsonl", json!({"buyer": 1, "invoke_ns": 1, "outcome": EVIL}).to_string());
    folder.write("type.jsonl", json!({"process": 1, "type": EVIL, "f": "buy"}).to_string());
    folder.write("function.jsonl", json!({"process": 1, "type": "invoke", "f": EVIL}).to_string());
    folder.write("process.jsonl", json!({"process": EVIL, "type": "ok", "f": "buy"}).to_string());
    folder.write("plan.jsonl", json!({"history_version": 1, "plan": {EVIL: EVIL, "lock": EVIL}}).to_string());
    folder.write("torn.json", EVIL);
    let named = format!("{EVIL}.json");
    for args in [
        &["replay", "--from", "schedule.json"][..],
        &["replay", "--from", "steps.json"],
        &["replay", "--from", "lock.json"],
        &["replay", EVIL],
        &["replay", "R1", "--from", EVIL],
        &["check", "outcome.jsonl"],
        &["check", "type.jsonl"],
        &["check", "function.jsonl"],
        &["check", "process.jsonl"],
        &["check", "plan.jsonl"],
        &["report", EVIL],
        &["schedule", EVIL],
        &["show", "--file", "torn.json"],
        &["show", "--file", EVIL],
        &["--file", EVIL],
        &["--file", "torn.json"],
        &["-t", "1", "--history", "no/such/\u{1b}[2J"],
        &["matrix", "--dir", EVIL],
        &["matrix", "--lock", EVIL],
        &["--lock", EVIL],
        &["--think", EVIL],
        &["--buyers", EVIL],
        &[EVIL],
        &["--\u{1b}[2J"],
        &["lesson", EVIL],
        &["lesson", "server", "--connect", EVIL],
        &["explore", "-n", EVIL],
        &["step", "--file", EVIL],
        &["step", "--write", EVIL, "--color", "always"],
        &["--file", &named],
    ] {
        let ran = run(&folder, args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
        let colours =
            |text: &str| text.replace("\u{1b}[31m", "").replace("\u{1b}[0m", "").replace("\u{1b}[1m", "");
        let ran = Ran { stderr: colours(&ran.stderr), ..ran };
        assert_harmless(&format!("{args:?}"), &ran);
    }
    // An argument need not be UTF-8.
    let raw = OsString::from_vec(b"--file=\x9b2J\xff".to_vec());
    let output = folder.command([]).arg(raw).output().expect("runs");
    assert_harmless("raw bytes", &Ran::from(output));
}

#[test]
fn reports_show_names_and_paths_without_obeying_them() {
    let folder = Folder::new();
    let buyers = [json!(EVIL), json!("bob"), json!(format!("{EVIL}2"))];
    let lines = buyers.iter().map(|buyer| {
        json!({"buyer": buyer, "invoke_ns": 1, "return_ns": 9, "outcome": "bought", "stock": 1}).to_string()
    });
    let header = json!({
        "history_version": 1, "initial": 1, "left_torn": EVIL, "unread": EVIL, "replay": EVIL,
    });
    let torn = json!({"buyer": EVIL, "invoke_ns": 2, "return_ns": 8, "read_ns": 3, "outcome": "failed",
                      "fault": "torn", "torn": EVIL});
    let all: Vec<String> = [header.to_string(), torn.to_string()].into_iter().chain(lines).collect();
    let name = format!("{EVIL}.jsonl");
    folder.write(&name, all.join("\n"));
    for lang in ["en", "zh"] {
        for args in [
            &["check", &name, "--lang", lang][..],
            &["report", &name, "-o", "page.html", "--trace", "trace.json", "--lang", lang],
        ] {
            let ran = run(&folder, args);
            assert_eq!(ran.code, Some(1), "{args:?}: {ran:?}");
            assert!(ran.stdout.contains(r"\u{1b}]0;PWNED"), "it is told: {ran:?}");
            assert_harmless(&format!("{args:?}"), &ran);
        }
    }
    for file in ["page.html", "trace.json"] {
        assert_eq!(harmful(&folder.read(file)), "", "{file}");
    }
    // A document says the same, in JSON's own escapes.
    let ran = run(&folder, &["check", "--json", &name]);
    assert_harmless("check --json", &ran);
    let document: Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!(document["history"], name);
    let first = &document["anomalies"][0]["evidence"]["shared_tickets"][0]["purchases"][0];
    assert_eq!(first["buyer"], EVIL);
}

#[test]
fn a_ticket_file_of_any_name_is_sold_from_and_shown() {
    let folder = Folder::new();
    let name = format!("it's {EVIL}.json");
    for args in [
        &["-n", "2", "-t", "1", "--think", "0"][..],
        &["-n", "2", "-t", "1", "--think", "0", "--html", "page.html", "--trace", "trace.json"],
        &["replay", "L1 R1 W1 U1", "-t", "1"],
        &["show"],
        &["step", "-t", "1"],
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["--file", &name]).collect();
        let ran = run(&folder, &args);
        // Nobody takes a step there, so nothing is learnt.
        let code = if args[0] == "step" { 2 } else { 0 };
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
        assert!(ran.stdout.contains("PWNED"), "{args:?}: {ran:?}");
        assert_harmless(&format!("{args:?}"), &ran);
    }
    for file in ["page.html", "trace.json"] {
        assert_eq!(harmful(&folder.read(file)), "", "{file}");
    }
    // The command that repeats it can be read, and leads a shell to the same file.
    let ran = run(&folder, &["-n", "2", "-t", "1", "--think", "0", "--json", "--file", &name]);
    assert_harmless("--json", &ran);
    let document: Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!(document["plan"]["file"], name);
    let command = document["command"].as_str().expect("a command");
    assert_eq!(harmful(command), "");
    let printed = folder.bash(&format!("printf %s {}", command.rsplit_once("--file ").expect("the file").1));
    assert_eq!(printed.stdout, name, "{command}");
}

#[test]
fn what_a_buyer_meets_in_the_file_is_shown_without_being_obeyed() {
    let folder = Folder::with_ticket_file(&json!({ "ticket": 1, EVIL: EVIL }).to_string());
    let ran = folder.bash(&format!(
        "printf '1\\n\\033]0;x\\a\\n' | {} step --no-lock; printf '\\033[2J\\302\\2332J' > torn.json",
        crate::harness::TICKETSIM
    ));
    assert!(ran.stdout.contains("PWNED"), "{ran:?}");
    assert_harmless("step", &ran);
}
