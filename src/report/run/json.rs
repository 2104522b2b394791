//! The JSON document of a run.

use std::borrow::Cow;

use serde::Serialize;

use crate::history::{Befallen, BuyerCount, History, Host};
use crate::plan::Plan;
use crate::report::figures::{Effort, Fairness, Latency, rate_per_s};
use crate::report::json::{AnomalyRow, SCHEMA_VERSION, anomalies, to_line, unjudged};
use crate::verdict::{Ruling, Verdict};

/// The document of a run.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    schema_version: u32,
    plan: Option<&'a Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'a str>,
    pub(crate) command: Option<String>,
    stock: Stock,
    receipts: u64,
    sold: u64,
    #[serde(skip_serializing_if = "is_zero")]
    returned: u64,
    refused: u64,
    failed: u64,
    unanswered: u64,
    oversold: u64,
    outside_sales: u64,
    #[serde(skip_serializing_if = "is_zero")]
    restocked: u64,
    at_once: u64,
    /// The hosts, if there were several.
    #[serde(skip_serializing_if = "<[Host]>::is_empty")]
    hosts: &'a [Host],
    /// How long after the first host the last one let its buyers go.
    #[serde(skip_serializing_if = "Option::is_none")]
    go_spread_ns: Option<u64>,
    /// How many purchases are out of order by less than the errors of their hosts' clocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    within_error: Option<u64>,
    interrupted: bool,
    /// The mishaps.
    #[serde(skip_serializing_if = "<[Befallen]>::is_empty")]
    mishaps: &'a [Befallen],
    verdict: Ruling,
    anomalies: Vec<AnomalyRow>,
    unjudged: Vec<String>,
    /// What else failed after the sale.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failures: &'a [String],
    launch_s: f64,
    elapsed_s: f64,
    sales_per_s: f64,
    latency_ns: Latency,
    /// At a database.
    #[serde(flatten)]
    effort: Option<Effort>,
    fairness: Fairness,
    buyers: Vec<BuyerRow<'a>>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct Stock {
    initial: Option<i64>,
    remaining: Option<i64>,
}

#[derive(Serialize)]
struct BuyerRow<'a> {
    buyer: u32,
    /// Where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    /// By which name it opened the ticket file, if that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    pid: u32,
    bought: u64,
    refused: u64,
    failed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    killed_by: Option<i32>,
}

/// The document of a run, in one line. `failures` is what else failed: outputs that could not be written.
#[must_use]
pub fn of_run(history: &History, verdict: &Verdict, buyers: &[BuyerCount], failures: &[String]) -> String {
    to_line(&document(history, verdict, buyers, failures))
}

/// The result of a run, as its document has it.
pub(crate) fn document<'a>(
    history: &'a History,
    verdict: &Verdict,
    buyers: &[BuyerCount],
    failures: &'a [String],
) -> Document<'a> {
    let Verdict { ruling, ledger, .. } = verdict;
    let timing = history.header.timing.unwrap_or_default();
    let plan = history.header.plan.as_ref();
    let names =
        plan.and_then(Plan::file).filter(|file| !file.via.is_empty() && history.header.hosts.is_empty());
    let buyer_row = |buyer: &BuyerCount| BuyerRow {
        buyer: buyer.buyer,
        host: history.header.host_of_buyer(buyer.buyer.into()).map(|host| host.name.as_str()),
        path: names.map(|file| file.name_of(buyer.buyer).to_string_lossy()),
        pid: buyer.pid,
        bought: buyer.tally.bought,
        refused: buyer.tally.refused,
        failed: buyer.tally.failed,
        killed_by: buyer.killed_by,
    };
    Document {
        schema_version: SCHEMA_VERSION,
        plan,
        engine: history.header.engine.as_deref(),
        command: plan.map(Plan::command),
        stock: Stock { initial: ledger.initial, remaining: ledger.remaining },
        receipts: ledger.receipts,
        sold: ledger.sold,
        returned: ledger.returned,
        refused: ledger.refused,
        failed: ledger.failed,
        unanswered: ledger.unanswered,
        oversold: ledger.oversold,
        outside_sales: ledger.outside_sales,
        restocked: ledger.restocked,
        at_once: verdict.at_once,
        hosts: &history.header.hosts,
        go_spread_ns: timing.go_spread_ns,
        within_error: (!history.header.hosts.is_empty()).then_some(verdict.within_error),
        interrupted: history.header.interrupted,
        mishaps: &history.header.mishaps,
        verdict: *ruling,
        anomalies: anomalies(verdict, history),
        unjudged: unjudged(verdict, history),
        failures,
        launch_s: seconds(timing.launch_ns),
        elapsed_s: seconds(timing.elapsed_ns),
        sales_per_s: rate_per_s(ledger.receipts, timing.elapsed_ns),
        latency_ns: Latency::of(history),
        effort: plan.is_some_and(|plan| plan.file().is_none()).then(|| Effort::of(history)),
        fairness: Fairness::of(buyers),
        buyers: buyers.iter().map(buyer_row).collect(),
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
