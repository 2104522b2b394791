//! What lead and hosts say to each other. All of it is data: nothing in it is carried out but the buyers of a plan.

use serde::{Deserialize, Serialize};

use super::trouble::{Garbage, WireError};
use super::wire::{Frame, Kind, framed};
use crate::history::{Befallen, Tally};
use crate::plan::Plan;
use crate::stock::Stock;
use crate::store::Left;
use crate::verdict::Ruling;

/// The version of the protocol. If the two sides have different ones, the host is turned away.
pub(super) const PROTOCOL: u32 = 1;

/// What the lead says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToHost {
    /// The first word: a number to prove the token with.
    Challenge { ticketsim: String, nonce: String },
    /// The host has proven it, and this is the lead's proof.
    Welcome { proof: String },
    /// The plan of the sale, and the number of this host, from 1.
    Plan { plan: Box<Plan>, host: u32 },
    /// Put this many tickets on sale, and say what is on sale then.
    Sell { tickets: Stock },
    /// Say what is on sale.
    Look,
    /// Bring the buyers to the barrier: this is the stock.
    Prepare { initial: Stock },
    /// Let them go at this time of your clock.
    Go { at_ns: u64 },
    /// End the sale.
    Stop,
    /// Say what is left.
    Left,
    /// That is all.
    Over { ending: Ending },
}

/// How a sale ended, for its hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    /// It was judged so.
    Judged(Ruling),
    /// It was interrupted.
    Interrupted,
    /// It never began, or this host is not taken, for this reason. Version 1 of the protocol calls this `refused`.
    #[serde(rename = "refused")]
    Rejected(String),
}

/// What a host says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToLead {
    /// Its answer to the challenge.
    Hello { protocol: u32, name: String, nonce: String, proof: String },
    /// It has understood the plan, and can run its share.
    Shown,
    /// The stock as this host sees it; or why it sees none, and whether it looked at the address that the lead has for the
    /// store.
    Stock {
        stock: Option<Stock>,
        why: Option<String>,
        #[serde(default)]
        by_leads_address: bool,
    },
    /// It can't go on, for this reason. Version 1 of the protocol calls this `refused`.
    #[serde(rename = "refused")]
    Unable { why: String },
    /// Its buyers are at the barrier. The times of its purchases count from this epoch, on its clock.
    Ready { epoch_ns: u64, launch_ns: u64 },
    /// The mishaps of its buyers.
    Mishaps(Vec<Befallen>),
    /// All its buyers have ended, and everything they did was sent. Times count from the epoch.
    Ended(Ended),
    /// This is left.
    Left(LeftText),
}

/// How a host's share ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Ended {
    pub(super) go_ns: u64,
    pub(super) left_ns: u64,
    pub(super) interrupted: bool,
    pub(super) unrecorded: Tally,
}

/// What is left, as a host sees it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct LeftText {
    remaining: Option<Stock>,
    torn: Option<String>,
    unread: Option<String>,
    about: Option<String>,
}

impl From<Left> for LeftText {
    fn from(left: Left) -> Self {
        let Left { remaining, torn, unread, about } = left;
        Self { remaining, torn, unread, about }
    }
}

impl From<LeftText> for Left {
    fn from(left: LeftText) -> Self {
        let LeftText { remaining, torn, unread, about } = left;
        let [torn, unread, about] = [torn, unread, about].map(|text| text.map(brief));
        Self { remaining, torn, unread, about }
    }
}

/// Words as they are sent.
pub(super) fn said(words: &impl Serialize) -> Vec<u8> {
    // Only maps with keys that are no strings, and values that report an error, can fail: there are none.
    framed(Kind::Words, &serde_json::to_vec(words).unwrap_or_default())
}

/// Words as they came.
pub(super) fn heard<'a, T: Deserialize<'a>>(frame: &'a Frame) -> Result<T, WireError> {
    if frame.kind != Kind::Words {
        return Err(Garbage::NoWords.into());
    }
    serde_json::from_slice(&frame.body).map_err(|error| Garbage::Words(error.to_string()).into())
}

/// A host's name as it may stand in a table and a file: short, and of harmless characters.
pub(super) fn plain_name(name: &str) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.chars().take(40).map(harmless).collect();
    if name.is_empty() { "host".to_owned() } else { name }
}

/// The beginning of a text from another program.
pub(super) fn brief(text: String) -> String {
    match text.char_indices().nth(MOST_SAID) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// How many characters of a text from another program are kept.
const MOST_SAID: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_harmless_and_a_sentence_is_one() {
        assert_eq!(plain_name("db-1.example"), "db-1.example");
        assert_eq!(plain_name("a\u{1b}[31m#é"), "a__31m__");
        assert_eq!(plain_name(""), "host");
        assert_eq!(plain_name(&"x".repeat(1000)).len(), 40);
        assert_eq!(brief("短".repeat(1001)), "短".repeat(1000) + "…");
        assert_eq!(brief("x".repeat(1000)), "x".repeat(1000));
    }

    #[test]
    fn version_1_keeps_its_words() {
        let json = |words: &ToLead| serde_json::to_string(words).expect("json");
        let rejected = ToHost::Over { ending: Ending::Rejected("why".to_owned()) };
        let rejected = serde_json::to_string(&rejected).expect("json");
        assert_eq!(rejected, r#"{"over":{"ending":{"refused":"why"}}}"#);
        assert_eq!(json(&ToLead::Unable { why: "why".to_owned() }), r#"{"refused":{"why":"why"}}"#);
        // An earlier host does not say where it looked.
        let seen = serde_json::from_str(r#"{"stock":{"stock":null,"why":"why"}}"#).expect("words");
        assert!(matches!(seen, ToLead::Stock { by_leads_address: false, .. }), "{}", json(&seen));
    }
}
