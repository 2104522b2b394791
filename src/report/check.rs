//! The verdict on a history that was read from a file: as text, and as a JSON document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::json::{AnomalyRow, SCHEMA_VERSION, anomalies, to_line, unjudged};
use super::text::{ASIDE, ODD, mishap_lines, styled, verdict_lines};
use super::words::{grouped, span};
use crate::foreign;
use crate::history::{Befallen, History, Host};
use crate::lang::{Bilingual, Lang, Noun, order as say};
use crate::stock::Stock;
use crate::verdict::{InitialFrom, ItemVerdict, Ruling, Verdict};

/// A history that was judged.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// The file, or what else was read.
    pub name: &'a str,
    /// What it holds.
    pub history: &'a History,
    /// Its verdict.
    pub verdict: &'a Verdict,
    /// Where the initial stock comes from; `None` if it is not known.
    pub initial_from: Option<InitialFrom>,
    /// What else there is to say about it.
    pub notes: &'a [Note],
}

/// A remark on a history, beside its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// All its times are multiples of this: they seem to be cut.
    Coarse {
        /// The unit that they were cut to, in nanoseconds.
        ns: u64,
        /// Whether an unsound history would not be unsound with such times.
        vanishes: bool,
    },
    /// How it was read.
    Read(Bilingual),
}

/// The lines that were cut short, in sentences.
pub(super) fn cut_short(history: &History, lang: Lang) -> Vec<String> {
    let cut = history.header.cut_lines().into_iter();
    cut.map(|(file, line)| match file {
        Some(file) => say::cut_short_in(lang, foreign::shown(file), line),
        None => say::cut_short(lang, line),
    })
    .collect()
}

/// A duration as the option takes it.
fn exact(ns: u64) -> humantime::FormattedDuration {
    humantime::format_duration(std::time::Duration::from_nanos(ns))
}

/// A note in a sentence.
fn words(note: &Note, lang: Lang) -> String {
    match note {
        Note::Coarse { ns, vanishes: false } => say::coarse(lang, exact(*ns)),
        Note::Coarse { ns, vanishes: true } => say::coarse_and_vanishes(lang, exact(*ns)),
        Note::Read(text) => foreign::shown(text.said(lang)).into_owned(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    history: &'a str,
    verdict: Ruling,
    purchases: usize,
    initial: Option<Stock>,
    initial_from: Option<InitialFrom>,
    remaining: Option<Stock>,
    receipts: u64,
    sold: u64,
    returned: u64,
    looks: u64,
    refused: u64,
    failed: u64,
    unanswered: u64,
    oversold: u64,
    outside_sales: u64,
    at_once: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_short: Option<u32>,
    /// The mishaps.
    #[serde(skip_serializing_if = "<[Befallen]>::is_empty")]
    mishaps: &'a [Befallen],
    anomalies: Vec<AnomalyRow>,
    unjudged: Vec<String>,
    #[serde(skip_serializing_if = "<[ItemVerdict]>::is_empty")]
    items: &'a [ItemVerdict],
    ignored: &'a BTreeMap<String, u64>,
    resolution_ns: Option<u64>,
    clock_error_ns: Option<u64>,
    /// The hosts, if there are several.
    #[serde(skip_serializing_if = "<[Host]>::is_empty")]
    hosts: &'a [Host],
    /// How many purchases are out of order by less than the errors of their hosts' clocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    within_error: Option<u64>,
    notes: Vec<String>,
}

impl Checked<'_> {
    /// The document, in one line.
    #[must_use]
    pub fn json(&self) -> String {
        let Checked { name, history, verdict, initial_from, .. } = *self;
        let ledger = &verdict.ledger;
        to_line(&Document {
            schema_version: SCHEMA_VERSION,
            history: name,
            verdict: verdict.ruling,
            purchases: history.purchases.len(),
            initial: ledger.initial,
            initial_from,
            remaining: ledger.remaining,
            receipts: ledger.receipts,
            sold: ledger.sold,
            returned: ledger.returned,
            looks: ledger.looks,
            refused: ledger.refused,
            failed: ledger.failed,
            unanswered: ledger.unanswered,
            oversold: ledger.oversold,
            outside_sales: ledger.outside_sales,
            at_once: verdict.at_once,
            cut_short: history.header.cut_short,
            mishaps: &history.header.mishaps,
            anomalies: anomalies(verdict, history),
            unjudged: unjudged(verdict, history),
            items: &verdict.items,
            ignored: &history.header.ignored,
            resolution_ns: history.header.resolution_ns,
            clock_error_ns: history.header.clock_error_ns,
            hosts: &history.header.hosts,
            within_error: (!history.header.hosts.is_empty()).then_some(verdict.within_error),
            notes: self.notes.iter().map(|note| words(note, Lang::En)).collect(),
        })
    }

    /// What it holds, and the verdict with its evidence.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let Checked { name, history, verdict, .. } = *self;
        let ledger = &verdict.ledger;
        let purchases = lang.count(history.purchases.len() as u64, Noun::Purchase);
        let numbers = [ledger.receipts, ledger.refused, ledger.failed, ledger.unanswered].map(grouped);
        let [bought, refused, failed, unanswered] = numbers;
        let mut text = say::holds(lang, foreign::shown(name), purchases, bought, refused, failed, unanswered);
        if ledger.returned > 0 {
            text.push_str(&say::and_returned(lang, lang.count(ledger.returned, Noun::Ticket)));
        }
        if ledger.looks > 0 {
            text.push_str(&say::and_looks(lang, grouped(ledger.looks)));
        }
        text.push('\n');
        text.push_str(&self.start(lang));
        mishap_lines(&mut text, history, lang);
        text.push_str(&verdict_lines(history, verdict, lang));
        text.push_str(&self.items(lang));
        if verdict.ruling == Ruling::Sound {
            let fits = if ledger.returned + ledger.looks == 0 && ledger.sold == ledger.receipts {
                say::fits(lang)
            } else {
                say::fits_all(lang)
            };
            let _ = writeln!(text, "  {fits}");
        }
        text
    }

    /// What it is judged from: the initial stock and where that comes from, and a line that was cut short.
    #[must_use]
    pub fn start(&self, lang: Lang) -> String {
        let Checked { history, verdict: Verdict { ledger, .. }, initial_from, .. } = *self;
        let mut text = String::new();
        let tickets = lang.tickets(ledger.initial.unwrap_or(0));
        let start = initial_from.map(|from| match from {
            InitialFrom::Header => say::from_header(lang, tickets),
            InitialFrom::Tickets => say::from_tickets(lang, tickets),
            InitialFrom::HighestStock => say::from_highest(lang, tickets),
        });
        if let Some(start) = start {
            let _ = writeln!(text, "  {}", styled(ASIDE, start));
        }
        for cut in cut_short(history, lang) {
            let _ = writeln!(text, "  {}", styled(ODD, cut));
        }
        let header = &history.header;
        if !header.ignored.is_empty() {
            let members: Vec<String> = header
                .ignored
                .iter()
                .map(|(name, count)| format!("{} ({count}×)", foreign::shown(name)))
                .collect();
            let _ = writeln!(text, "  {}", styled(ODD, say::ignored(lang, lang.list(&members))));
        }
        if let Some(resolution_ns) = header.resolution_ns.filter(|ns| *ns > 0) {
            let _ = writeln!(text, "  {}", styled(ASIDE, say::resolution(lang, span(resolution_ns))));
        }
        if let Some(error_ns) = header.clock_error_ns.filter(|ns| *ns > 0) {
            let _ = writeln!(text, "  {}", styled(ASIDE, say::clock_error(lang, span(error_ns))));
        }
        text.push_str(&super::hosts::lines(history, self.verdict, lang));
        for note in self.notes {
            let _ = writeln!(text, "  {}", styled(ODD, words(note, lang)));
        }
        text
    }

    /// The items that are not sound, and how many there are in all.
    fn items(&self, lang: Lang) -> String {
        /// The most items that are named.
        const MOST: usize = 20;
        let items = &self.verdict.items;
        if items.is_empty() {
            return String::new();
        }
        let odd: Vec<&ItemVerdict> = items.iter().filter(|item| item.verdict != Ruling::Sound).collect();
        let mut text = String::new();
        for item in odd.iter().take(MOST) {
            let _ = writeln!(text, "  {}: {}", foreign::shown(&item.item), item.verdict);
        }
        let (all, sound) = (grouped(items.len() as u64), grouped((items.len() - odd.len()) as u64));
        let _ = writeln!(text, "  {}", say::items(lang, all, sound));
        text
    }
}
