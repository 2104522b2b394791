//! Leads and hosts that die, or are cut off, in the middle of a sale.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::relay::{Manners, Relay};
use super::{Joined, Lead};
use crate::harness::{Folder, alive, children, eventually};

/// A sale that goes on until somebody ends it.
const SALE: &str = "--hosts 2 -n 6 -t 1000000 --think 20ms --per-buyer all --lock flock --json";
/// One second, on a machine that has other things to do.
const A_SECOND: Duration = Duration::from_secs(5);

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("t.json", "{\"ticket\": 1}");
    folder
}

/// Waits until some of so many tickets have been sold. Before the sale there is a number that is larger than any of
/// these, and at first there is one ticket.
fn await_sales(folder: &Folder, tickets: u32) {
    let stock = || -> Option<u32> {
        let text = folder.read("t.json");
        text.trim_start_matches("{\"ticket\": ").split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    eventually("some have been sold", || stock().is_some_and(|stock| (2..tickets).contains(&stock)));
}

/// The buyers of a host: three of them.
fn buyers(host: &Joined<'_>) -> Vec<u32> {
    let pids = children(host.child.id());
    assert_eq!(pids.len(), 3, "{}", host.said());
    pids
}

fn are_gone_within(what: &str, pids: &[u32], time: Duration) {
    let began = Instant::now();
    eventually(what, || pids.iter().all(|pid| !alive(*pid)));
    assert!(began.elapsed() < time, "{what}: {:?}", began.elapsed());
}

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid as i32), signal).expect("it is there");
}

#[test]
fn the_buyers_of_all_hosts_end_when_their_lead_is_killed() {
    let folder = folder();
    let lead = Lead::start(&folder, SALE);
    let hosts = ["a", "b"].map(|name| Joined::start(&folder, lead.port, name, "--via t.json"));
    await_sales(&folder, 1_000_000);
    let buyers: Vec<u32> = hosts.iter().flat_map(buyers).collect();
    send(lead.child.id(), Signal::SIGKILL);
    are_gone_within("the buyers have ended", &buyers, A_SECOND);
    for host in hosts {
        let (code, said) = host.end();
        assert!(code == Some(2) && said.contains("the lead is gone"), "{said}");
    }
    let left = folder.read("t.json");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(folder.read("t.json"), left, "nobody sells any more");
}

/// No word comes any more, and none that none will come: a cable was pulled. Each notices by itself.
#[test]
fn a_host_that_hears_nothing_ends_its_buyers_and_the_others_go_on() {
    let folder = folder();
    let lead = Lead::start(&folder, SALE);
    let relay = Relay::to(lead.port, Manners::default());
    let cut = Joined::start(&folder, relay.port, "cut", "--via t.json");
    eventually("it is there", || lead.said().contains("(1 of 2)"));
    let other = Joined::start(&folder, lead.port, "other", "--via t.json");
    await_sales(&folder, 1_000_000);
    let (its, others) = (buyers(&cut), buyers(&other));
    relay.stall();
    are_gone_within("its buyers have ended", &its, A_SECOND);
    assert!(cut.end().1.contains("nothing was heard"));
    eventually("the lead has noticed", || lead.said().contains("cut#1 is lost"));
    assert!(others.iter().all(|pid| alive(*pid)), "the others go on");
    send(lead.child.id(), Signal::SIGINT);
    let (code, document) = lead.end();
    assert_eq!((code, &document["interrupted"]), (Some(130), &json!(true)), "{document}");
    assert!(
        document["hosts"][0]["lost_ns"].is_u64() && document["hosts"][1]["lost_ns"].is_null(),
        "{document}"
    );
    assert_eq!(
        document["anomalies"],
        json!([]),
        "what the lost one bought is unknown, and no crime: {document}"
    );
    assert_eq!(other.end().0, Some(130));
}

/// A host is killed in the middle of the sale. The others sell what is left, and the verdict accounts for what it may
/// have bought.
#[test]
fn a_host_that_is_killed_takes_its_buyers_with_it_and_nobody_elses() {
    let folder = folder();
    let lead = Lead::start(&folder, &SALE.replace("1000000", "1000"));
    let victim = Joined::start(&folder, lead.port, "victim", "--via t.json");
    eventually("it is there", || lead.said().contains("(1 of 2)"));
    let other = Joined::start(&folder, lead.port, "other", "--via t.json");
    await_sales(&folder, 1000);
    let buyers = buyers(&victim);
    send(victim.child.id(), Signal::SIGKILL);
    are_gone_within("its buyers have ended", &buyers, A_SECOND);
    let (code, document) = lead.end();
    assert_eq!(document["anomalies"], json!([]), "{document}");
    assert_ne!(code, Some(1), "{document}");
    assert_eq!(document["stock"], json!({"initial": 1000, "remaining": 0}), "the others went on: {document}");
    let [receipts, unanswered] =
        ["receipts", "unanswered"].map(|name| document[name].as_u64().expect("a number"));
    assert!(receipts <= 1000 && receipts + unanswered > 0, "{document}");
    assert!(document["hosts"][0]["lost_ns"].is_u64(), "{document}");
    assert_eq!(document["buyers"][0]["host"], json!("victim#1"), "{document}");
    assert_eq!(document["buyers"][5]["host"], json!("other#2"), "{document}");
    assert_eq!(other.end().0, Some(0));
}

/// The connection is cut while a lock keeps nobody apart: that the one is lost hides nothing of what the other did.
#[test]
fn a_race_is_caught_although_a_host_is_cut_off() {
    let folder = folder();
    let lead = Lead::start(&folder, &SALE.replace("--lock flock", "--no-lock").replace("1000000", "400"));
    let relay = Relay::to(lead.port, Manners::default());
    let cut = Joined::start(&folder, relay.port, "cut", "--via t.json");
    let other = Joined::start(&folder, lead.port, "other", "--via t.json");
    await_sales(&folder, 390);
    relay.cut();
    let (code, document) = lead.end();
    assert_eq!((code, &document["verdict"]), (Some(1), &json!("unsound")), "{document}");
    assert_eq!((cut.end().0, other.end().0), (Some(2), Some(0)));
}

#[test]
fn an_interrupt_at_the_lead_ends_all_hosts_and_shows_what_was_done() {
    let folder = folder();
    let lead = Lead::start(&folder, &format!("{SALE} --history h.jsonl"));
    let hosts = ["a", "b"].map(|name| Joined::start(&folder, lead.port, name, "--via t.json"));
    await_sales(&folder, 1_000_000);
    send(lead.child.id(), Signal::SIGINT);
    let (code, document) = lead.end();
    assert_eq!((code, &document["interrupted"]), (Some(130), &json!(true)), "{document}");
    let receipts = document["receipts"].as_u64().expect("receipts");
    let left = folder.read("t.json");
    assert!(
        left.contains(&format!("{}", 1_000_000 - receipts)),
        "not one is unaccounted for: {left}, {receipts}"
    );
    for host in hosts {
        assert_eq!(host.end().0, Some(130));
    }
    assert!(folder.read("h.jsonl").lines().count() as u64 > receipts);
    // Before the sale began there is nothing to show.
    let waiting = Lead::start(&folder, SALE);
    send(waiting.child.id(), Signal::SIGINT);
    let mut waiting = waiting;
    assert_eq!(waiting.child.wait().expect("it ends").code(), Some(130));
}

/// Interrupted at one host: its buyers stop, and all that they did is with the lead.
#[test]
fn an_interrupt_at_a_host_ends_that_one() {
    let folder = folder();
    let lead = Lead::start(&folder, &SALE.replace("1000000", "1000"));
    let one = Joined::start(&folder, lead.port, "one", "--via t.json");
    let other = Joined::start(&folder, lead.port, "other", "--via t.json");
    await_sales(&folder, 1000);
    send(one.child.id(), Signal::SIGINT);
    assert_eq!(one.end().0, Some(130));
    let (code, document) = lead.end();
    assert_eq!((code, &document["interrupted"]), (Some(130), &json!(true)), "{document}");
    assert_eq!((&document["receipts"], &document["unanswered"]), (&json!(1000), &json!(0)), "{document}");
    assert_eq!(document["anomalies"], json!([]), "{document}");
    assert_eq!(other.end().0, Some(0));
}
