//! The data that the page's script needs beside the stream of purchases, as one JSON document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::both::Both;
use super::columns::Columns;
use super::lanes::{Extent, Lane, buyer_name};
use super::shown::{Numbered, Shown};
use super::transaction::Transactions;
use crate::fault::{Fault, FaultKind};
use crate::foreign;
use crate::history::{Befallen, History, Host, Outcome, Purchase, Tally, Timing};
use crate::report::{hosts, words};
use crate::stock::Stock;
use crate::verdict::{Ruling, Verdict};

/// What the script needs beside the stream. Numbers beyond 2⁵³ travel as strings.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    count: usize,
    span_ns: u64,
    initial: Option<Stock>,
    remaining: Option<Stock>,
    outcomes: Vec<&'static str>,
    faults: Vec<&'static str>,
    /// Whether there are several items, each with a stock of its own.
    several: bool,
    /// The files that the history was read from, if there are several.
    files: Vec<&'a str>,
    lane_buyers: Vec<String>,
    lane_tracks: Vec<u32>,
    /// The host of each lane, from 1; empty if there are no hosts.
    lane_hosts: Vec<u16>,
    hosts: Vec<HostData<'a>>,
    torn: Vec<(u32, [String; 2])>,
    /// How many purchases were not recorded because the recorder was full, and when the last of all returned.
    unrecorded: u64,
    /// Whether a statement that writes may have waited for a row: only the end of a statement is recorded.
    waits_unseen: bool,
    whole_ns: u64,
    left_torn: Option<Cow<'a, str>>,
    sound: bool,
    /// What the times say about transactions, if there are any.
    transactions: Option<Transactions>,
    /// The words of the codes that a database gave.
    codes: BTreeMap<i32, String>,
    pieces: Vec<PieceData<'a>>,
    /// Mishaps: the lane, the letter, when, and until when.
    mishaps: Vec<(usize, &'static str, u64, Option<u64>)>,
}

/// A host, for the heading of its lanes.
#[derive(Serialize)]
struct HostData<'a> {
    name: Cow<'a, str>,
    about: [String; 2],
    /// How far its times may be off.
    error_ns: u64,
    /// When it was lost.
    lost_ns: Option<u64>,
}

#[derive(Serialize)]
struct PieceData<'a> {
    kind: &'static str,
    sentence: [&'a str; 2],
    purchases: Vec<u32>,
    /// From one moment of a purchase to a moment of another.
    connector: Option<(u32, u64, u32, u64)>,
    window: Option<(u64, u64)>,
}

impl<'a> Data<'a> {
    pub(super) fn new(
        history: &'a History,
        verdict: &Verdict,
        lanes: &[Lane],
        extent: Extent,
        columns: &Columns,
        shown: &'a [Shown],
    ) -> Self {
        let rank = |place: u32| columns.rank[place as usize];
        let since = |ns: u64| ns.saturating_sub(extent.from_ns);
        let piece = |kind, Numbered { piece, sentence, .. }: &'a Numbered| PieceData {
            kind,
            sentence: [&sentence.en, &sentence.zh],
            purchases: piece.places.iter().map(|place| rank(*place)).collect(),
            connector: piece.connector.map(|c| (rank(c.from), since(c.from_ns), rank(c.to), since(c.to_ns))),
            window: piece.window_ns.map(|(from_ns, until_ns)| (since(from_ns), since(until_ns))),
        };
        let torn = |(purchase, place): (&Purchase, u32)| {
            let text = purchase.torn.as_ref()?;
            let Both { en, zh } = Both::of(|lang| words::torn_text(text, lang));
            Some((rank(place), [en, zh]))
        };
        let mishap = |one: &Befallen| {
            let lane = lanes.iter().position(|lane| lane.buyer == one.buyer)?;
            Some((lane, one.mishap.letter().name(), since(one.at_ns), one.until_ns.map(since)))
        };
        let host = |host: &'a Host| {
            let Both { en, zh } = Both::of(|lang| hosts::about(host, history, lang));
            let (name, lost_ns) = (foreign::shown(&host.name), host.lost_ns.map(since));
            HostData { name, about: [en, zh], error_ns: host.error_ns, lost_ns }
        };
        let pieces_of =
            |shown: &'a Shown| shown.pieces.iter().map(move |numbered| piece(shown.kind, numbered));
        Self {
            count: history.purchases.len(),
            span_ns: extent.length_ns(),
            initial: history.header.initial.or(verdict.ledger.initial),
            several: verdict.items.len() > 1,
            remaining: history.header.remaining,
            unrecorded: unrecorded(history),
            waits_unseen: history
                .header
                .plan
                .as_ref()
                .is_some_and(|plan| plan.store.choices().waits_in_store() && plan.buyers > 1),
            whole_ns: whole_ns(history, extent),
            outcomes: Outcome::ALL.iter().map(|outcome| outcome.name()).collect(),
            faults: FaultKind::ALL.iter().map(|fault| fault.name()).collect(),
            files: history.header.parts.iter().map(|part| part.name.as_str()).collect(),
            lane_buyers: lanes.iter().map(|lane| buyer_name(history, lane.buyer)).collect(),
            lane_tracks: lanes.iter().map(|lane| lane.track).collect(),
            lane_hosts: lanes
                .iter()
                .map(|lane| lane.host)
                .filter(|_| !history.header.hosts.is_empty())
                .collect(),
            hosts: history.header.hosts.iter().map(host).collect(),
            torn: history.purchases.iter().zip(0..).filter_map(torn).collect(),
            left_torn: history.header.left_torn.as_deref().map(foreign::shown),
            sound: verdict.ruling == Ruling::Sound,
            transactions: Transactions::of(history),
            codes: codes(history),
            pieces: shown.iter().flat_map(pieces_of).collect(),
            mishaps: history.header.mishaps.iter().filter_map(mishap).collect(),
        }
    }
}

/// The codes that the database gave, of faults and of tries that it aborted.
fn codes(history: &History) -> BTreeMap<i32, String> {
    let of_fault =
        |purchase: &Purchase| purchase.fault.filter(|fault| fault.is_of_store()).map(Fault::store_code);
    let of_tries = |purchase: &Purchase| Some(purchase.tries.get().code).filter(|code| code.0 != 0);
    let all = history
        .purchases
        .iter()
        .flat_map(|purchase| of_fault(purchase).into_iter().chain(of_tries(purchase)));
    all.map(|code| (code.0, code.to_string())).collect()
}

/// How many purchases were not recorded because the recorder was full.
pub(super) fn unrecorded(history: &History) -> u64 {
    let Tally { bought, refused, failed } = history.header.unrecorded;
    bought.saturating_add(refused).saturating_add(failed)
}

/// How long the whole run took from the first call. That is longer than the record if the record is not complete.
fn whole_ns(history: &History, extent: Extent) -> u64 {
    let ended_ns = |timing: Timing| timing.go_ns.saturating_add(timing.elapsed_ns);
    let timing = history.header.timing.filter(|_| unrecorded(history) > 0);
    timing.map_or(extent.until_ns, ended_ns).max(extent.until_ns) - extent.from_ns
}

/// The name of an outcome's text.
pub(super) const fn outcome_text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Bought => "outcome_bought",
        Outcome::Refused => "outcome_refused",
        Outcome::Failed => "outcome_failed",
        Outcome::Unknown => "outcome_unknown",
        Outcome::Returned => "outcome_returned",
        Outcome::Read => "outcome_read",
    }
}
