//! What comes to a lead's port: strangers, impostors, and those that say nothing.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use super::wire::{connect, enter, hear, say};
use super::{Joined, Lead, TOKEN};
use crate::harness::{Folder, eventually};

const SALE: &str = "--hosts 2 -n 6 -t 30 --think 1ms --per-buyer all --file t.json --json";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("t.json", "{\"ticket\": 1}");
    folder
}

/// Two hosts join, and the sale is what it would have been without the strangers.
fn is_undisturbed(lead: Lead<'_>) {
    let hosts = ["a", "b"].map(|name| Joined::start(lead.folder, lead.port, name, "--via t.json"));
    let (code, document) = lead.end();
    assert_eq!((code, &document["receipts"]), (Some(0), &json!(30)), "{document}");
    for host in hosts {
        let (code, said) = host.end();
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn garbage_idlers_and_scanners_disturb_nobody() {
    let folder = folder();
    let lead = Lead::start(&folder, SALE);
    let mut strangers: Vec<TcpStream> = (0..100).map(|_| connect(lead.port)).collect();
    for (stream, garbage) in strangers.iter_mut().zip([
        &b"GET / HTTP/1.1\r\nHost: lead\r\n\r\n"[..],
        &[0xff; 4096],
        &[0, 0, 0, 0],
        &[2, 0, 0, 0, 1],
        b"\x04\x00\x00\x00\x01nil",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]) {
        // The lead may have turned it away already.
        let _ = stream.write_all(garbage);
    }
    let mut slow = connect(lead.port);
    let dripping = std::thread::spawn(move || {
        // A frame of 200 bytes, of which one comes now and then.
        let _ = slow.write_all(&[200, 0, 0, 0]);
        while slow.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    is_undisturbed(lead);
    dripping.join().expect("it was turned away");
}

#[test]
fn a_wrong_token_is_turned_away_after_a_second_without_a_hint() {
    let folder = folder();
    let lead = Lead::start(&folder, SALE);
    let began = Instant::now();
    let wrong = Joined::start(&folder, lead.port, "wrong", "--via t.json --token another-word-entirely");
    let (code, said) = wrong.end();
    assert!(code == Some(2) && said.contains("turned away"), "{said}");
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(!lead.said().contains("wrong"), "{}", lead.said());
    is_undisturbed(lead);
    let none = folder.command(["join", "127.0.0.1:1"]).output().expect("it runs");
    assert_eq!(none.status.code(), Some(2));
    for args in ["lead --hosts 1 -n 1 -t 1 --token short", "join 127.0.0.1 --token short"] {
        let ran = folder.ticketsim(args);
        assert!(ran.code == Some(2) && ran.stderr.contains("at least 16 characters"), "{ran:?}");
    }
}

/// A program that listens in the place of the lead does not have the token: its plan is not looked at.
#[test]
fn an_impostor_leads_nobody() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let host = Joined::start(&folder, port, "a", "--via t.json");
    let (mut stream, _) = listener.accept().expect("it comes");
    say(&mut stream, &json!({"challenge": {"ticketsim": "0.1.0", "nonce": "00"}}));
    let hello = hear(&mut stream);
    assert!(!hello.to_string().contains(TOKEN), "the token is not sent: {hello}");
    // Its own proof, sent back.
    say(&mut stream, &json!({"welcome": {"proof": hello["hello"]["proof"]}}));
    let (code, said) = host.end();
    assert!(code == Some(2) && said.contains("does not know the token"), "{said}");
    let silent = Joined::start(&folder, port, "b", "--via t.json");
    let (code, said) = silent.end();
    assert!(code == Some(2) && said.contains("nobody leads a sale there"), "{said}");
}

/// Who has the token and then says what is none is let go, and its place is another's.
#[test]
fn a_host_that_says_nonsense_leaves_its_place_to_another() {
    let folder = folder();
    let lead = Lead::start(&folder, SALE);
    for nonsense in
        [&b"\x05\x00\x00\x00\x04\x00\x00\x00\x00"[..], b"\xff\xff\xff\xff\x01", b"\x03\x00\x00\x00\x01{}"]
    {
        let mut stream = enter(lead.port);
        stream.write_all(nonsense).expect("sent");
        // It closes, whatever it says before.
        while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
    }
    eventually("all were let go", || lead.said().matches("has left again").count() == 3);
    is_undisturbed(lead);
}

#[test]
fn one_more_host_than_asked_for_is_told_so() {
    let folder = folder();
    let lead = Lead::start(&folder, &SALE.replace("-t 30", "-t 300"));
    let hosts = ["a", "b"].map(|name| Joined::start(&folder, lead.port, name, "--via t.json"));
    eventually("both are there", || lead.said().contains("(2 of 2)"));
    let (code, said) = Joined::start(&folder, lead.port, "c", "--via t.json").end();
    assert!(code == Some(2) && said.contains("all hosts of this sale have joined"), "{said}");
    assert_eq!(lead.end().0, Some(0));
    hosts.into_iter().for_each(|host| assert_eq!(host.end().0, Some(0)));
}

/// A host that can't take part leaves its place to another, which may knock before the lead has heard of that.
#[test]
fn the_place_of_a_host_that_can_not_take_part_is_free_at_once() {
    let folder = folder();
    let lead = Lead::start(&folder, &SALE.replace("--hosts 2", "--hosts 1"));
    for _ in 0..5 {
        let (code, said) = Joined::start(&folder, lead.port, "a", "").end();
        assert!(code == Some(2) && said.contains("--via"), "{said}");
    }
    let (code, said) = Joined::start(&folder, lead.port, "b", "--via t.json").end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(lead.end().0, Some(0));
}
