//! The verdict on a history that was read from a file: as text, and as a JSON document.

use std::fmt::Write as _;

use serde::Serialize;

use super::json::{AnomalyRow, SCHEMA_VERSION, anomalies, to_line, unjudged};
use super::text::{ASIDE, ODD, styled, verdict_lines};
use super::words::grouped;
use crate::foreign;
use crate::history::History;
use crate::lang::{Lang, Noun, order as say};
use crate::stock::Stock;
use crate::verdict::{InitialFrom, Ruling, Verdict};

/// A history that was judged.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// The file, or what else was read.
    pub name: &'a str,
    /// What it holds.
    pub history: &'a History,
    /// What is said of it.
    pub verdict: &'a Verdict,
    /// Where the initial stock comes from; `None` where it is not known.
    pub initial_from: Option<InitialFrom>,
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
    refused: u64,
    failed: u64,
    unanswered: u64,
    oversold: u64,
    outside_sales: u64,
    at_once: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_short: Option<u32>,
    anomalies: Vec<AnomalyRow>,
    unjudged: Vec<String>,
}

impl Checked<'_> {
    /// The document, in one line.
    #[must_use]
    pub fn json(&self) -> String {
        let Checked { name, history, verdict, initial_from } = *self;
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
            refused: ledger.refused,
            failed: ledger.failed,
            unanswered: ledger.unanswered,
            oversold: ledger.oversold,
            outside_sales: ledger.outside_sales,
            at_once: verdict.at_once,
            cut_short: history.header.cut_short,
            anomalies: anomalies(verdict, history),
            unjudged: unjudged(verdict, history),
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
        text.push('\n');
        text.push_str(&self.start(lang));
        text.push_str(&verdict_lines(history, verdict, lang));
        if verdict.ruling == Ruling::Sound {
            let _ = writeln!(text, "  {}", say::fits(lang));
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
        if let Some(line) = history.header.cut_short {
            let _ = writeln!(text, "  {}", styled(ODD, say::cut_short(lang, line)));
        }
        text
    }
}
