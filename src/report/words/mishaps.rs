//! Mishaps in words.

use super::span;
use crate::foreign;
use crate::history::{Befallen, History};
use crate::lang::{Lang, run as say};
use crate::protocol::Mishap;

/// One mishap of a buyer, and when, from the go.
#[must_use]
pub fn befallen(one: &Befallen, history: &History, lang: Lang) -> String {
    let go_ns = history.header.timing.map_or(0, |timing| timing.go_ns);
    let after = span(one.at_ns.saturating_sub(go_ns));
    let name = history.header.names.name(one.buyer);
    let buyer = name.map_or_else(|| one.buyer.to_string(), |name| foreign::shown(name).into_owned());
    let at = foreign::shown(&one.at);
    match (one.mishap, one.until_ns) {
        (Mishap::Kill, _) => say::was_killed(lang, buyer, after, at),
        (Mishap::Expire, _) => say::lease_ended(lang, buyer, after, at),
        (Mishap::Pause, Some(until_ns)) => {
            say::was_paused(lang, buyer, after, at, span(until_ns.saturating_sub(one.at_ns)))
        }
        (Mishap::Pause | Mishap::GoOn, _) => say::was_stopped(lang, buyer, after, at),
    }
}
