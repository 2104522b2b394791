//! Hosts and leads that have the token and lie: nobody else comes to harm.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::wire::{PING, PONG, PURCHASES, WORDS, enter, frame, framed, say, welcome};
use super::{Joined, Lead};
use crate::harness::Folder;

const SALE: &str = "--hosts 1 -n 2 -t 1 --think 0 --file t.json --json";
/// What the clock of a liar says at first.
const BEGIN_NS: u64 = 1 << 40;
const HOUR_NS: u64 = 3_600_000_000_000;

/// What a host says that takes part in a sale.
#[derive(Clone, Copy)]
struct Lies {
    /// What it sends after a go at this moment of its sale.
    sells: fn(u64) -> Vec<u8>,
    /// What it says after its end.
    adds: fn() -> Vec<u8>,
    /// By how much later it claims to have answered than it was asked.
    answers_after_ns: u64,
}

/// A purchase as it travels, and when its lock was held, where that is said.
fn purchase(buyer: u32, call_ns: u64, back_ns: u64, stock: i64, locked_ns: Option<u64>) -> Vec<u8> {
    let mask = 0b1110_u16 | if locked_ns.is_some() { 1 << 4 } else { 0 };
    let mut body = mask.to_le_bytes().to_vec();
    body.push(if stock > 0 { 0 } else { 1 });
    body.extend(buyer.to_le_bytes());
    body.extend([call_ns, back_ns].map(u64::to_le_bytes).concat());
    body.extend([stock, stock].map(i64::to_le_bytes).concat());
    locked_ns.iter().for_each(|ns| body.extend(ns.to_le_bytes()));
    body
}

/// Both buyers come, and one of them gets the ticket.
fn honestly(go_ns: u64) -> Vec<u8> {
    let one = purchase(1, go_ns + 10, go_ns + 20, 1, Some(go_ns + 12));
    framed(PURCHASES, &[one, purchase(2, go_ns + 15, go_ns + 30, 0, None)].concat())
}

const HONEST: Lies = Lies { sells: honestly, adds: Vec::new, answers_after_ns: 0 };

fn ended() -> Value {
    let nothing = json!({"bought": 0, "refused": 0, "failed": 0});
    json!({"ended": {"go_ns": 1, "left_ns": 1, "interrupted": false, "unrecorded": nothing}})
}

/// Takes part in a sale, until the lead has enough of it.
fn take_part(port: u16, lies: Lies) -> Option<()> {
    let mut stream = enter(port);
    let began = Instant::now();
    let now_ns = || BEGIN_NS + began.elapsed().as_nanos() as u64;
    let (mut stock, mut epoch_ns) = (json!(0), 0);
    let send = |stream: &mut TcpStream, bytes: &[u8]| stream.write_all(bytes).ok();
    let worded = |words: &Value| framed(WORDS, words.to_string().as_bytes());
    loop {
        let (kind, body) = frame(&mut stream)?;
        if kind == PING {
            let times = [now_ns(), now_ns() + lies.answers_after_ns].map(u64::to_le_bytes).concat();
            send(&mut stream, &framed(PONG, &[body, times].concat()))?;
            continue;
        }
        let words: Value = serde_json::from_slice(&body).expect("words");
        let has = |name: &str| words == name || words.get(name).is_some();
        if has("plan") {
            send(&mut stream, &worded(&json!("shown")))?;
        } else if has("sell") || has("look") {
            stock = words["sell"].get("tickets").unwrap_or(&stock).clone();
            send(&mut stream, &worded(&json!({"stock": {"stock": stock, "why": null}})))?;
        } else if has("prepare") {
            epoch_ns = now_ns();
            send(&mut stream, &worded(&json!({"ready": {"epoch_ns": epoch_ns, "launch_ns": 1}})))?;
        } else if has("go") {
            let go_ns = words["go"]["at_ns"].as_u64().expect("a time");
            while now_ns() < go_ns {
                std::thread::sleep(Duration::from_millis(1));
            }
            send(&mut stream, &(lies.sells)(go_ns - epoch_ns))?;
            send(&mut stream, &worded(&ended()))?;
            send(&mut stream, &(lies.adds)())?;
        } else if has("left") {
            let left = json!({"remaining": 0, "torn": null, "unread": null, "about": null});
            send(&mut stream, &worded(&json!({"left": left})))?;
        }
    }
}

/// What buyers that the lead let go can't have done is no part of the sale, and the rest of it is not called sound.
#[test]
fn what_a_host_cant_have_done_is_not_judged() {
    let lies: [(&str, Lies); 8] = [
        ("", HONEST),
        (
            "before the go",
            Lies { sells: |go| framed(PURCHASES, &purchase(1, go - 1, go, 1, None)), ..HONEST },
        ),
        (
            "in an hour",
            Lies { sells: |go| framed(PURCHASES, &purchase(1, go, go + HOUR_NS, 1, None)), ..HONEST },
        ),
        (
            "a lock of old",
            Lies { sells: |go| framed(PURCHASES, &purchase(1, go, go + 9, 1, Some(0))), ..HONEST },
        ),
        ("a stranger's", Lies { sells: |go| framed(PURCHASES, &purchase(3, go, go + 9, 1, None)), ..HONEST }),
        ("nothing", Lies { sells: |_| framed(PURCHASES, &[]), ..HONEST }),
        ("more after the end", Lies { adds: || honestly(1 << 40), ..HONEST }),
        ("two ends", Lies { adds: || framed(WORDS, ended().to_string().as_bytes()), ..HONEST }),
    ];
    for (what, lies) in lies {
        let folder = Folder::new();
        let lead = Lead::start(&folder, SALE);
        let port = lead.port;
        let liar = std::thread::spawn(move || take_part(port, lies));
        let (code, document) = lead.end();
        liar.join().expect("it ends");
        let (expected, verdict) = if what.is_empty() { (0, "sound") } else { (2, "unknown") };
        assert_eq!((code, &document["verdict"]), (Some(expected), &json!(verdict)), "{what}: {document}");
    }
}

/// A go is said four round trips ahead: a clock that says of itself that it is an hour off keeps nobody waiting.
#[test]
fn a_clock_that_nobody_can_tell_ends_the_sale_before_it_begins() {
    let folder = Folder::new();
    let mut lead = Lead::start(&folder, SALE);
    let port = lead.port;
    let liar = std::thread::spawn(move || take_part(port, Lies { answers_after_ns: HOUR_NS, ..HONEST }));
    assert_eq!(lead.child.wait().expect("it ends").code(), Some(2));
    assert!(lead.said().contains("x#1: its clock can't be told"), "{}", lead.said());
    liar.join().expect("it ends");
}

/// A reason of 200,000 characters is told in short.
#[test]
fn a_long_story_is_cut_short() {
    let folder = Folder::new();
    let lead = Lead::start(&folder, SALE);
    let mut stream = enter(lead.port);
    say(&mut stream, &json!({"refused": {"why": format!("\u{1b}[2J{}", "x".repeat(200_000))}}));
    while frame(&mut stream).is_some() {}
    crate::harness::eventually("it was let go", || lead.said().contains("has left again"));
    let said = lead.said();
    assert!(said.contains("\\u{1b}[2Jxxx") && said.len() < 2000, "{}", said.len());
}

/// A plan of Redis, at this address.
fn plan(url: &str) -> Value {
    json!({"plan": {"host": 1, "plan": {
        "buyers": 1, "tickets": 1, "workers": "process", "store": "redis", "lock": "none", "write": "set",
        "steps": "read write", "url": url, "name": "liars", "per_buyer": 1, "think_ns": 0, "jitter": 0.0,
        "seed": "1", "hosts": 1
    }}})
}

/// Starts a host with a password in its environment, which joins a lead of ours.
fn joined<'a>(folder: &'a Folder, args: &str) -> (Joined<'a>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let host = Joined::start_by(folder, &["env", "REDISCLI_AUTH=open-sesame"], port, "a", args);
    let (mut stream, _) = listener.accept().expect("it comes");
    welcome(&mut stream);
    (host, stream)
}

/// What a host sends first to a server at an address that its lead, or it itself, has named.
fn first_words(names_it_itself: bool) -> String {
    let folder = Folder::new();
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("redis://{}", server.local_addr().expect("an address"));
    let args = if names_it_itself { format!("--store {url}") } else { String::new() };
    let (host, mut lead) = joined(&folder, &args);
    say(&mut lead, &plan(&url));
    say(&mut lead, &json!("look"));
    let (mut its, _) = server.accept().expect("it comes");
    let mut bytes = [0; 1024];
    let count = its.read(&mut bytes).expect("it says something");
    drop(host);
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// A lead can say of any address that the store is there.
#[test]
fn a_leads_address_gets_no_password_of_this_host() {
    let words = first_words(false);
    assert!(!words.is_empty() && !words.contains("open-sesame"), "{words}");
    // Control: where this host has said so itself, the password goes.
    let words = first_words(true);
    assert!(words.contains("open-sesame"), "{words}");
}

#[test]
fn a_leads_address_leads_to_no_file_of_this_host() {
    for (url, part) in [
        ("rediss://127.0.0.1:1/0?cacert=/etc/passwd", "cacert"),
        ("redis://127.0.0.1:1/0?cacert=/etc/passwd", "no such parameter"),
    ] {
        let folder = Folder::new();
        let (host, mut lead) = joined(&folder, "");
        say(&mut lead, &plan(url));
        // What the host says before it goes.
        let told = frame(&mut lead).map(|(_, body)| String::from_utf8_lossy(&body).into_owned());
        assert!(told.as_ref().is_some_and(|told| told.contains(part)), "{told:?}");
        say(&mut lead, &json!({"over": {"ending": {"refused": "as you like"}}}));
        let (code, said) = host.end();
        assert!(code == Some(2) && said.contains("the lead's address of the store"), "{said}");
    }
}

/// A lead waits for the answer to each word; one that does not gets none.
#[test]
fn a_lead_that_only_talks_is_left() {
    let folder = Folder::new();
    let (host, mut lead) = joined(&folder, "");
    let look = framed(WORDS, b"\"look\"");
    // It may go before it has read all of that.
    let _ = lead.write_all(&framed(WORDS, plan("redis://127.0.0.1:1").to_string().as_bytes()));
    let _ = lead.write_all(&look.repeat(10_000));
    let (code, said) = host.end();
    assert!(code == Some(2) && said.contains("more words than can be heeded"), "{said}");
}
