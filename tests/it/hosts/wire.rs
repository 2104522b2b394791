//! The wire as a test speaks it that is a host, or a lead, of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use ring::hmac;
use serde_json::{Value, json};

use super::TOKEN;

/// The kinds of frames.
pub const WORDS: u8 = 1;
pub const PING: u8 = 2;
pub const PONG: u8 = 3;
pub const PURCHASES: u8 = 4;

pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the lead is there");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    stream
}

/// Comes in as a host does that has the token.
pub fn enter(port: u16) -> TcpStream {
    let mut stream = connect(port);
    let challenge = hear(&mut stream);
    let (its, own, name) = (challenge["challenge"]["nonce"].as_str().expect("a number"), "11", "x");
    let proof = proof("ticketsim host", [its, own, name, "1"]);
    say(&mut stream, &json!({"hello": {"protocol": 1, "name": name, "nonce": own, "proof": proof}}));
    assert!(hear(&mut stream)["welcome"]["proof"].is_string());
    stream
}

/// Lets a host in, as a lead does that has the token.
pub fn welcome(stream: &mut TcpStream) {
    say(stream, &json!({"challenge": {"ticketsim": "0.1.0", "nonce": "00"}}));
    let words = hear(stream);
    let of_hello = |name: &str| words["hello"][name].as_str().expect("a text").to_owned();
    let proof = proof("ticketsim lead", ["00", &of_hello("nonce"), &of_hello("name"), "1"]);
    say(stream, &json!({"welcome": {"proof": proof}}));
}

/// The proof that one side has the token, of what both have seen.
fn proof(side: &str, seen: [&str; 4]) -> String {
    let mut message = Vec::new();
    for part in std::iter::once(side).chain(seen) {
        message.extend((part.len() as u64).to_le_bytes());
        message.extend(part.as_bytes());
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, TOKEN.as_bytes());
    hmac::sign(&key, &message).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32 + 1).to_le_bytes().to_vec();
    frame.push(kind);
    frame.extend(body);
    frame
}

pub fn say(stream: &mut TcpStream, words: &Value) {
    stream.write_all(&framed(WORDS, words.to_string().as_bytes())).expect("sent");
}

/// The next frame: its kind and its body. `None` where the other side has gone.
pub fn frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut frame).ok()?;
    let body = frame.split_off(1);
    Some((frame[0], body))
}

pub fn hear(stream: &mut TcpStream) -> Value {
    let (_, body) = frame(stream).expect("a frame");
    serde_json::from_slice(&body).expect("words")
}
