//! The part below the picture: how long the run took, and small histories as a table.

use super::both::Both;
use super::lanes::{Extent, buyer_name};
use crate::foreign;
use crate::history::{History, Purchase};
use crate::lang::{Lang, page as say};
use crate::report::figures::{Latency, Percentiles};
use crate::report::words::{self, grouped_stock, span};
use crate::stock::Stock;

/// The most purchases that the page lists in a table, too.
pub const MOST_ROWS: usize = 200;

/// How long a part of the purchases took.
pub(super) struct LatencyRow {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Percentiles: the name of each, and its value.
    pub(super) cells: [(&'static str, String); 4],
}

/// A purchase in the table.
pub(super) struct Row {
    pub(super) buyer: String,
    pub(super) pid: String,
    pub(super) outcome: Both,
    pub(super) class: &'static str,
    pub(super) stock: Both,
    pub(super) called: String,
    pub(super) waited: String,
    pub(super) held: String,
    pub(super) took: String,
    pub(super) note: Both,
}

/// How long the run took, if there is anything to measure.
pub(super) fn latency(history: &History) -> Vec<LatencyRow> {
    let latency = Latency::of(history);
    let row = |name, about, figures: Percentiles| LatencyRow {
        name,
        about,
        cells: [
            ("half_within", figures.p50),
            ("90 %", figures.p90),
            ("99 %", figures.p99),
            ("longest", figures.max),
        ]
        .map(|(part, ns)| (part, span(ns))),
    };
    let rows = [
        (row("wait", "wait_about", latency.wait), latency.wait.max),
        (row("hold", "hold_about", latency.hold), latency.hold.max),
        (row("purchase", "purchase_about", latency.purchase), latency.purchase.max),
    ];
    // Nothing to measure: there was no lock, or no purchase returned.
    rows.into_iter().filter(|(_, max)| *max > 0).map(|(row, _)| row).collect()
}

/// The purchases as a table, unless there are too many.
pub(super) fn rows(history: &History, extent: Extent, again: &[bool]) -> Option<Vec<Row>> {
    if history.purchases.len() > MOST_ROWS {
        return None;
    }
    let mut purchases: Vec<(&Purchase, bool)> = history.purchases.iter().zip(again.iter().copied()).collect();
    purchases.sort_by_key(|(purchase, _)| purchase.invoke_ns);
    Some(purchases.into_iter().map(|(purchase, again)| row(history, purchase, extent, again)).collect())
}

/// What a purchase saw, and what it was sold from if that is different.
fn stock_cell(purchase: &Purchase, lang: Lang) -> String {
    let said = |stock: Option<Stock>| stock.map(grouped_stock).unwrap_or_default();
    match (purchase.seen.get(), purchase.sold_from.get()) {
        (seen, sold_from) if seen == sold_from => said(seen),
        (seen, None) => said(seen),
        (None, sold_from) => say::cell_sold_from(lang, "–", said(sold_from)),
        (seen, sold_from) => say::cell_sold_from(lang, said(seen), said(sold_from)),
    }
}

/// Why it failed, which ticket was sold a second time, and how often the database aborted it before.
fn note(purchase: &Purchase, again: bool, lang: Lang) -> String {
    let again = again.then(|| say::sold_already(lang));
    let tries = purchase.tries.get();
    let tries = (tries.count > 1).then(|| match (tries.aborted, purchase.store_code()) {
        (aborted @ 1.., Some(code)) => say::tried_aborted(lang, tries.count, aborted, code),
        _ => say::tried(lang, tries.count),
    });
    words::fault(purchase, lang).into_iter().chain(again).chain(tries).collect::<Vec<_>>().join("; ")
}

fn row(history: &History, purchase: &Purchase, extent: Extent, again: bool) -> Row {
    let between = |from_ns: Option<u64>, until_ns: Option<u64>| {
        let length = until_ns.zip(from_ns).and_then(|(until_ns, from_ns)| until_ns.checked_sub(from_ns));
        length.map(span).unwrap_or_default()
    };
    let steps = purchase.steps.get();
    Row {
        buyer: match history.header.host_of(purchase) {
            Some(host) => format!("{} · {}", buyer_name(history, purchase.buyer), foreign::shown(&host.name)),
            None => buyer_name(history, purchase.buyer),
        },
        pid: purchase.pid.get().map(|pid| pid.to_string()).unwrap_or_default(),
        outcome: Both::named(super::data::outcome_text(purchase.outcome)),
        class: if again { "oversold" } else { purchase.outcome.name() },
        stock: Both::of(|lang| stock_cell(purchase, lang)),
        called: span(purchase.invoke_ns - extent.from_ns),
        waited: between(Some(purchase.invoke_ns), steps.locked_ns),
        held: between(steps.locked_ns, steps.unlocked_ns),
        took: between(Some(purchase.invoke_ns), purchase.return_ns.get()),
        note: Both::of(|lang| note(purchase, again, lang)),
    }
}
