//! The gate before shops on Redis.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::gated_by;
use crate::race::target;

/// A key of a test's own, which goes with it.
pub(super) struct Key {
    place: String,
    name: String,
}

fn ask(place: &str, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect(place).ok()?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).ok()?;
    write!(stream, "{command}\r\n").ok()?;
    let mut answer = [0; 256];
    let count = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..count]).into_owned())
}

/// Where a server is.
pub(super) fn place() -> String {
    let place = std::env::var("TICKETSIM_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    place.trim_start_matches("redis://").to_owned()
}

impl Key {
    /// `None`, and a word on it, where no Redis answers. With CI=true that is a failure.
    pub(super) fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let place = place();
        if !ask(&place, "PING").is_some_and(|answer| answer.starts_with("+PONG")) {
            assert!(std::env::var("CI").is_err(), "no Redis at {place}");
            eprintln!("skipped: no Redis at {place}");
            return None;
        }
        let name = format!("gate_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Some(Self { place, name })
    }

    /// Removes another key as well.
    pub(super) fn drop_also(&self, name: &str) {
        ask(&self.place, &format!("DEL {name}"));
    }

    fn gated(&self, shop: &str, times: u32) -> (Option<i32>, Value) {
        let url = format!("redis://{}", self.place);
        let shop = format!("{} {{port}} {shop} --key {}", target("gated_redis.py"), self.name);
        gated_by(&format!("--gate {url} --env REDIS_URL={url}"), &shop, &format!("--replays {times}"))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        ask(&self.place, &format!("DEL {0} {0}:lock", self.name));
    }
}

#[test]
fn shops_with_a_race_are_found_and_replayed() {
    assert_replayed(20);
}

#[test]
#[ignore = "the whole: half a minute"]
fn shops_with_a_race_are_replayed_a_hundred_times() {
    assert_replayed(100);
}

fn assert_replayed(times: u32) {
    for shop in ["racy --pool 2", "check_then_decrement --resp2", "racy --shared"] {
        let Some(key) = Key::new() else { return };
        let (code, document) = key.gated(shop, times);
        assert_eq!((code, &document["verdict"]), (Some(1), &"unsound".into()), "{shop}: {document}");
        let replayed = serde_json::json!({ "same": times, "of": times });
        assert_eq!(document["replayed"], replayed, "{shop}: {document}");
        assert_eq!(document["orders"]["parked"], 0, "{shop}: {document}");
        // Nobody can be asked before what is held on the one connection.
        assert_eq!(document["orders"]["shared"], shop.contains("--shared"), "{shop}: {document}");
    }
}

#[test]
fn safe_shops_are_never_reported() {
    for shop in
        ["watch", "watch --resp2 --pool 2", "lua --pool 2", "decrement", "polling --pool 2", "blocking"]
    {
        let Some(key) = Key::new() else { return };
        let (code, document) = key.gated(shop, 1);
        assert_eq!((code, &document["verdict"]), (Some(0), &"sound".into()), "{shop}: {document}");
        assert!(document["orders"]["run"].as_u64() > Some(1), "{shop}: {document}");
    }
}
