//! Races by requests: shops on every store, in every manner.

use super::{Shop, assert_caught, assert_sound, race, target};
use crate::harness::{Folder, eventually};

#[test]
fn shops_with_a_race_are_caught_and_shops_with_a_lock_never() {
    for store in ["memory", "file", "sqlite"] {
        let folder = Folder::new();
        let racy = Shop::open(&folder, &format!("--store {store}"));
        assert_caught(race(&folder, &racy.race(20), &[]));
        drop(racy);
        let locked = Shop::open(&folder, &format!("--store {store} --lock --think 0.01"));
        assert_sound(race(&folder, &locked.race(20), &[]));
    }
}

#[test]
fn a_shop_that_says_everything_with_200_is_read_by_its_json() {
    let folder = Folder::new();
    let rules = ["--bought", "status=200 json:$.ok=true", "--refused", "json:$.reason='sold out'"];
    let locked = Shop::open(&folder, "--manner json --lock --think 0.01");
    assert_sound(race(&folder, &locked.race(3), &rules));
    let racy = Shop::open(&folder, "--manner json");
    assert_caught(race(&folder, &racy.race(20), &rules));
    // The status alone misleads: all of them bought.
    let (_, document) = race(&folder, &locked.race(1), &[]);
    assert_eq!(document["trials"][0]["receipts"], 20, "{document}");
}

#[test]
fn a_shop_of_html_with_cookies_and_tokens_in_its_forms() {
    let folder = Folder::new();
    let more = |shop: &Shop| {
        let form = shop.url("/form");
        vec![
            "--setup".to_owned(),
            format!("buyer: GET {form} -> csrf='body~name=\"csrf\" value=\"([0-9a-f]+)\"'"),
            "--form".to_owned(),
            "csrf={csrf}".to_owned(),
            "--bought".to_owned(),
            "body~'is yours'".to_owned(),
            "--refused".to_owned(),
            "body~'sold out'".to_owned(),
        ]
    };
    let locked = Shop::open(&folder, "--manner html --lock --think 0.01");
    let options = more(&locked);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    assert_sound(race(&folder, &locked.race(3), &options));
    let racy = Shop::open(&folder, "--manner html");
    let options = more(&racy);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    assert_caught(race(&folder, &racy.race(20), &options));
    // Without the set-up nobody is let in, and no rule knows what that means.
    let (code, document) = race(&folder, &racy.race(1), &options[2..]);
    assert_eq!((code, &document["trials"][0]["unmatched"]), (Some(2), &20.into()), "{document}");
    assert!(
        document["unmatched"][0]["answer"].as_str().expect("text").contains("Who are you?"),
        "{document}"
    );
}

#[test]
fn a_shop_that_wants_a_token_of_each_buyer() {
    let folder = Folder::new();
    let mut users = "user\n".to_owned();
    for user in 1..=20 {
        users += &format!("\"user {user}, \"\"the\"\" buyer\"\n");
    }
    folder.write("users.csv", users);
    let locked = Shop::open(&folder, "--manner token --lock --think 0.01");
    let setup =
        format!("buyer: POST {} {{\"user\":\"{{user}}\"}} -> token=json:$.token", locked.url("/login"));
    let options = [
        "--users",
        "users.csv",
        "--setup",
        &setup,
        "--header",
        "Authorization: Bearer {token}",
        "--json-body",
        "{\"user\":\"{user}\"}",
    ];
    assert_sound(race(&folder, &locked.race(3), &options));
    let few = folder.ticketsim("race -n 30 -t 1 --http http://127.0.0.1:1/ --users users.csv");
    assert!(few.code == Some(2) && few.stderr.contains("20 rows for 30 buyers"), "{few:?}");
}

#[test]
fn a_stall_is_no_verdict() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner stall --lock");
    let (code, document) = race(&folder, &shop.race(2), &["--timeout", "1s"]);
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    assert_eq!(document["trials"][0]["doubts"], serde_json::json!(["stalled"]), "{document}");
    // Who is still waited for could buy in the next trial: there is none.
    assert_eq!(document["trials"].as_array().map(Vec::len), Some(1), "{document}");
    let fewer = race(&folder, &shop.race(2), &["--timeout", "30s", "-n", "19"]);
    assert_sound(fewer);
}

#[test]
fn an_answer_that_no_rule_matches_makes_it_unknown_and_is_shown() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner limit --lock --think 0.01");
    let (code, document) = race(&folder, &shop.race(1), &[]);
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    let strange = &document["unmatched"][0];
    assert_eq!((&strange["rule"], &strange["count"]), (&"status=429".into(), &10.into()), "{document}");
    let known = ["--bought", "status=200", "--refused", "status=409", "--failed", "status=429"];
    assert_sound(race(&folder, &shop.race(3), &known));
}

#[test]
fn a_stock_that_is_written_after_the_answer_has_time_to_settle() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner later --lock");
    assert_sound(race(&folder, &shop.race(2), &["--settle", "400ms"]));
}

#[test]
fn a_target_that_dies_is_no_verdict_and_is_started_again_where_it_is_served() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner dies");
    let (code, document) = race(&folder, &shop.race(5), &["--timeout", "2s"]);
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    assert_eq!(document["trials"].as_array().map(Vec::len), Some(1), "{document}");
    assert!(document["trials"][0]["why"].is_string(), "{document}");
    // Nobody is there at all now.
    let (code, document) = race(&folder, &shop.race(1), &[]);
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    let port = shop.port.to_string();
    let serve = format!("exec python3 {} --manner dies --port {port}", target("shop.py"));
    let (code, document) = race(&folder, &shop.race(3), &["--serve", &serve, "--timeout", "10s"]);
    assert_eq!((code, &document["restarts"]), (Some(2), &2.into()), "{document}");
    assert_eq!(document["trials"].as_array().map(Vec::len), Some(3), "{document}");
    eventually("the shop is closed", || std::net::TcpStream::connect(("127.0.0.1", shop.port)).is_err());
}

#[test]
fn a_shop_that_is_busy_has_failed_and_not_refused() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner busy --think 0.01");
    let rules = ["--bought", "status=200", "--refused", "status=409", "--failed", "status=503"];
    let (code, document) = race(&folder, &shop.race(3), &rules);
    assert_eq!((code, &document["verdict"]), (Some(0), &"sound".into()), "{document}");
    assert!(document["trials"][0]["failed"].as_u64() > Some(0), "{document}");
    // Who takes it for sold out is told otherwise: stock remained.
    let wrong = ["--bought", "status=200", "--refused", "status=409,503"];
    let (_, document) = race(&folder, &shop.race(3), &wrong);
    let refused = document["trials"][0]["refused"].as_u64();
    assert!(refused > Some(0), "{document}");
}

#[test]
fn a_shop_over_tls() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner tls --lock --think 0.01");
    let over_tls: Vec<String> = shop.race(3).iter().map(|arg| arg.replace("http://", "https://")).collect();
    let authority = target("tls/ca.pem");
    assert_sound(race(&folder, &over_tls, &["--cacert", &authority]));
    assert_sound(race(&folder, &over_tls, &["--insecure"]));
    let (code, document) = race(&folder, &over_tls, &[]);
    assert_eq!(code, Some(2), "{document}");
    let why = document["trials"][0]["why"].as_str().expect("why");
    assert!(why.contains("TLS") && why.contains("certificate"), "{why}");
}

#[test]
fn buyers_that_go_on_until_they_are_refused() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--lock --think 0 --tickets 100");
    let args: Vec<String> = shop.race(2).iter().map(|arg| arg.replace("?n=5", "?n=100")).collect();
    let (code, document) = race(&folder, &args, &["--tickets", "100", "--per-buyer", "all"]);
    assert_eq!(code, Some(0), "{document}");
    for trial in document["trials"].as_array().expect("trials") {
        assert_eq!((&trial["receipts"], &trial["refused"]), (&100.into(), &20.into()), "{document}");
    }
    let (code, document) = race(&folder, &args, &["--tickets", "100", "--per-buyer", "3"]);
    assert_eq!((code, &document["trials"][0]["receipts"]), (Some(0), &60.into()), "{document}");
}

#[test]
fn a_shop_that_answers_before_a_request_is_whole_is_noticed() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--manner hasty --lock --think 0.01");
    let (_, document) = race(&folder, &shop.race(3), &["--json-body", "{\"user\":\"{buyer}\"}"]);
    let trials = document["trials"].as_array().expect("trials");
    assert!(trials[0]["early"].as_u64() > Some(0), "{document}");
    // From then on its body is held back as well.
    for trial in &trials[1..] {
        assert_eq!((&trial["early"], &trial["verdict"]), (&0.into(), &"sound".into()), "{document}");
    }
}

#[test]
fn a_thousand_buyers_go_together_and_a_go_is_spread_on_purpose() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--lock --think 0");
    let more = ["--buyers", "1000", "--timeout", "120s"];
    let (code, document) = race(&folder, &shop.race(1), &more);
    let trial = &document["trials"][0];
    assert_eq!(
        (code, &trial["receipts"], &trial["refused"]),
        (Some(0), &5.into(), &995.into()),
        "{document}"
    );
    assert!(trial["overlap"]["at_once"].as_u64() > Some(2), "{document}");
    let (_, document) = race(&folder, &shop.race(1), &["--spread", "300ms"]);
    assert!(document["spread_ns"].as_u64() >= Some(290_000_000), "{document}");
}

#[test]
fn a_name_that_leads_to_several_addresses() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "--lock --think 0.01");
    let by_name: Vec<String> = shop.race(1).iter().map(|arg| arg.replace("127.0.0.1", "localhost")).collect();
    assert_sound(race(&folder, &by_name, &[]));
}

#[test]
fn it_stops_at_the_first_that_is_caught() {
    let folder = Folder::new();
    let shop = Shop::open(&folder, "");
    let (code, document) = race(&folder, &shop.race(20), &["--until-caught", "--pause", "1ms"]);
    assert_eq!((code, document["trials"].as_array().map(Vec::len)), (Some(1), Some(1)), "{document}");
}
