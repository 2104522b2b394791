//! What every race keeps to: it asks as often as it says, asks nobody far away, shows no secret, and its
//! history is an ordinary one.

use super::{Shop, race};
use crate::harness::Folder;

#[test]
fn exactly_as_many_requests_as_it_says() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "");
    let args: Vec<String> = shop.race(3);
    let ran = folder.command(args.iter().map(String::as_str)).output().expect("ticketsim runs");
    let text = String::from_utf8(ran.stdout).expect("UTF-8");
    assert!(
        text.starts_with("20 buyers race for 5 tickets: POST ") && text.contains("60 purchases in 3 trials"),
        "{text}"
    );
    let curl = folder.bash(&format!("curl -s {}", shop.url("/stock")));
    let said: serde_json::Value = serde_json::from_str(&curl.stdout).expect("JSON");
    // 60 purchases, and 3 times put on sale.
    assert_eq!(said["seen"], 63, "{said}");
}

/// What will be sent is said before it is, also where stdout is for a program.
#[test]
fn what_will_be_sent_is_said_in_every_case() {
    let folder = Folder::new();
    for option in ["--json", "--quiet"] {
        let ran = folder.ticketsim(&format!("race -n 3 -t 1 --reset true --trials 2 {option} -- true"));
        assert!(
            ran.stderr.starts_with("3 buyers race for 1 ticket: true, 6 purchases in 2 trials"),
            "{ran:?}"
        );
        assert!(!ran.stdout.contains("3 buyers race"), "{ran:?}");
    }
}

/// A CI server has a case a trial, and of a history what `check` says of it.
#[test]
fn verdicts_go_to_a_ci_server() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "");
    let (code, _) = race(&folder, &shop.race(2), &["--junit", "j.xml", "--history", "h.jsonl"]);
    let junit = folder.read("j.xml");
    assert_eq!(code, Some(1));
    assert!(
        junit.contains("tests=\"2\" failures=\"2\" errors=\"0\"") && junit.contains("oversold"),
        "{junit}"
    );
    assert!(junit.contains("name=\"trial 2\"><failure message=\"unsound\">"), "{junit}");
    assert_eq!(folder.ticketsim("check h.jsonl --junit h.xml").code, Some(1));
    assert!(folder.read("h.xml").contains("name=\"h.jsonl\"><failure message=\"unsound\">"));
    // A locked shop is the control; one that nobody keeps is an error, and no failure.
    let locked = Shop::open(&folder, "--lock --think 0.001");
    assert_eq!(race(&folder, &locked.race(2), &["--junit", "j.xml"]).0, Some(0));
    let junit = folder.read("j.xml");
    assert!(junit.contains("failures=\"0\" errors=\"0\"") && !junit.contains("<failure"), "{junit}");
    let gone = "race -n 2 -t 1 --http http://127.0.0.1:1/ --junit j.xml";
    assert_eq!(folder.ticketsim(gone).code, Some(2));
    let junit = folder.read("j.xml");
    assert!(
        junit.contains("<error message=\"unknown\">") && junit.contains("connections were open"),
        "{junit}"
    );
}

#[test]
fn nobody_far_away_is_asked_without_leave() {
    let folder = Folder::new();
    for args in [
        "race -n 2 -t 1 --http http://192.0.2.1/buy",
        "race -n 2 -t 1 --http http://127.0.0.1:1/buy --stock http://192.0.2.1/stock#$.left",
        "race -n 2 -t 1 --http http://127.0.0.1:1/buy --stock x --serve y --reset http://192.0.2.1/",
        "race -n 2 -t 1 --http http://[2001:db8::1]/buy",
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("--remote") || ran.stderr.contains("POST http://192.0.2.1/"), "{ran:?}");
    }
}

#[test]
fn secrets_are_shown_nowhere() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner limit --lock --think 0.001");
    let mut args = shop.race(1);
    let place =
        args.iter().position(|arg| arg.starts_with("POST") && arg.ends_with("/buy")).expect("the request");
    args[place] = format!("POST http://me:hush1@127.0.0.1:{}/buy?api_key=hush2", shop.port);
    args.extend(
        ["--header", "Authorization: hush3", "--header", "X-Api-Token: hush4", "--html", "page.html"]
            .map(ToOwned::to_owned),
    );
    args.extend(["--history", "h.jsonl", "--trace", "trace.json"].map(ToOwned::to_owned));
    for json in [false, true] {
        let args = args.iter().map(String::as_str).chain(json.then_some("--json"));
        let output = folder.command(args).output().expect("ticketsim runs");
        let all = String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8_lossy(&output.stderr);
        assert!(!all.contains("hush") && all.contains("api_key=***"), "{all}");
    }
    let ran =
        folder.ticketsim("race -t 1 -n 2 --trials 1 -- env API_TOKEN=hush5 ./missing http://x:hush6@h/");
    assert!(ran.stdout.contains("API_TOKEN=***") && !format!("{ran:?}").contains("hush"), "{ran:?}");
    for file in ["page.html", "h.jsonl", "trace.json"] {
        assert!(!folder.read(file).contains("hush"), "{file}");
    }
}

#[test]
fn its_history_is_an_ordinary_one() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "");
    let (code, document) = race(&folder, &shop.race(1), &["--history", "h.jsonl", "--html", "page.html"]);
    assert_eq!(code, Some(1), "{document}");
    let (code, checked) = folder.json("check h.jsonl");
    assert_eq!((code, &checked["receipts"]), (Some(1), &document["trials"][0]["receipts"]), "{checked}");
    assert!(folder.read("page.html").contains("<html"));
    assert_eq!(folder.ticketsim("report h.jsonl").code, Some(1));
    // What it could not show stands in its history, too.
    let shop = Shop::open(&folder, "--manner limit --lock");
    assert_eq!(race(&folder, &shop.race(1), &["--history", "h.jsonl"]).0, Some(2));
    let ran = folder.ticketsim("check h.jsonl");
    assert!(ran.code == Some(2) && ran.stdout.contains("no rule matches"), "{ran:?}");
}

#[test]
fn a_race_from_a_file_and_what_is_wrong_in_it() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--lock --think 0.001");
    let url = |path: &str| shop.url(path);
    folder.write(
        "shop.toml",
        format!(
            "buyers = 10\ntickets = 5\nhttp = 'POST {}'\njson-body = '{{\"user\":\"{{buyer}}\"}}'\n\
             stock = '{}'\nreset = 'POST {}'\ntrials = 2\nsettle = '20ms'\nbought = ['status=200']\n\
             refused = ['status=409']\n",
            url("/buy"),
            url("/stock#$.capacity - $.left"),
            url("/reset?n=5")
        ),
    );
    // The file's stock is the number of tickets that are sold: not what is wanted, and it is said.
    let (code, document) = folder.json("race --from shop.toml");
    assert_eq!(code, Some(2), "{document}");
    let (code, document) = folder.json(&format!("race --from shop.toml --stock {}", url("/stock#$.left")));
    assert_eq!((code, &document["race"]["buyers"]), (Some(0), &10.into()), "{document}");
    for (text, place) in [
        ("buyers = 10\nstok = 'x'\n", "bad.toml:2:1: unknown field `stok`"),
        ("buyers = ten\n", "bad.toml:1:10: "),
        (
            "tickets = 1\nhttp = 'POST http://127.0.0.1:1/'\nbought = [\n  'status=ok',\n]\n",
            "bad.toml:4:3: rule",
        ),
        ("tickets = 1\nhttp = 'POST nowhere'\n", "bad.toml:2:8: "),
        ("tickets = 1\n", "bad.toml: http: nothing says what is raced"),
    ] {
        folder.write("bad.toml", text);
        let ran = folder.ticketsim("race --from bad.toml");
        assert!(ran.code == Some(2) && ran.stderr.contains(place), "{place}: {ran:?}");
    }
    let ran = folder.ticketsim("race --init");
    assert_eq!(ran.code, Some(0));
    folder.write("init.toml", &ran.stdout);
    // Nobody listens there, or something that is no shop does.
    assert_eq!(
        folder.ticketsim("race --from init.toml --trials 1 --timeout 2s --http http://127.0.0.1:1/").code,
        Some(2)
    );
}

/// A trial that can't be carried through says in the reader's language why, and which option helps.
#[test]
fn a_trial_that_stops_says_why_and_what_helps() {
    let folder = Folder::new();
    for (args, said) in [
        (
            "-t 3 --stock @echo_4 --lang en",
            "trial 1: the stock is 4 before the race, and the plan says 3 tickets; leave -t out, or put them on \
             sale with --reset",
        ),
        (
            "-t 3 --stock @echo_4 --lang zh",
            "第 1 轮：开始前库存是 4，而计划里是 3 张票；请去掉 -t，或用 --reset 放出票",
        ),
        ("-t 3 --stock @echo_many --lang zh", "第 1 轮：库存：echo many：不是整数：\"many\""),
        ("-t 3 --reset @exit_4 --lang zh", "第 1 轮：重新放票：exit 4：退出码 4"),
    ] {
        let args: Vec<String> = args
            .split_whitespace()
            .map(|word| word.strip_prefix('@').map_or(word.to_owned(), |command| command.replace('_', " ")))
            .collect();
        let args = ["race"].into_iter().chain(args.iter().map(String::as_str)).chain(["--", "true"]);
        let output = folder.command(args).output().expect("ticketsim runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.code() == Some(2) && text.contains(said), "{said}: {text}");
    }
}

#[test]
fn bad_options_are_told_by_their_name() {
    let folder = Folder::new();
    for (args, said) in [
        ("race", "--http: nothing says what is raced"),
        ("race -- true", "--tickets: nothing says how many tickets"),
        ("race -t 1 --trials 2 -- true", "on sale again before each; say how with --reset"),
        ("race -t 1 --bought status=200 -- true", "--bought: rule \"status=200\", column 1"),
        ("race -t 1 --http http://h:x/", "--http:"),
        ("race -t 1 -n 0 -- true", "--buyers:"),
        ("race -t 1 --http http://127.0.0.1:1/ --header nonsense", "--header:"),
        ("race -t 1 --setup nonsense -- true", "--setup:"),
        ("race -t 1 --users missing.csv -- true", "missing.csv"),
        ("race --from missing.toml", "missing.toml"),
        (
            "race -t 1 --http http://127.0.0.1:1/ --body x --form a=b",
            "take one of --body, --json-body, --form",
        ),
        ("race -t 1 --patience 1s -- true", "--patience: it is for the gate, and there is none; say --gate"),
        ("race -t 1 --chdir missing -- true", "--chdir: missing: no such folder"),
    ] {
        let ran = folder.ticketsim(args);
        assert!(ran.code == Some(2) && ran.stderr.contains(said), "{args}: {ran:?}");
    }
}
