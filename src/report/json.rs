//! The JSON document of a run.

use serde::Serialize;
use serde_json::{Value, json};

use super::figures::{Fairness, Latency, rate_per_s};
use super::words;
use crate::history::{BuyerCount, History, Names, Purchase};
use crate::lang::Lang;
use crate::plan::Plan;
use crate::verdict::{Anomaly, AnomalyKind, Evidence, Ledger, Place, Ruling, Verdict};

/// The version of every JSON document on stdout.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    plan: Option<&'a Plan>,
    command: Option<String>,
    stock: Stock,
    receipts: u64,
    refused: u64,
    failed: u64,
    unanswered: u64,
    oversold: u64,
    outside_sales: u64,
    #[serde(skip_serializing_if = "is_zero")]
    restocked: u64,
    at_once: u64,
    interrupted: bool,
    verdict: Ruling,
    anomalies: Vec<AnomalyRow>,
    unjudged: Vec<String>,
    /// What else failed once the sale was over.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failures: &'a [String],
    launch_s: f64,
    elapsed_s: f64,
    sales_per_s: f64,
    latency_ns: Latency,
    fairness: Fairness,
    buyers: Vec<BuyerRow>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    replay: Option<ReplayPart>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What the document of a replay holds beside that of a run.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayPart {
    /// Every step that was taken.
    pub schedule: String,
    /// How many of them the schedule asked for.
    pub asked: usize,
    /// How many times it was replayed.
    pub times: u32,
    /// Whether all of these came to the same.
    pub agree: bool,
    /// How many replays were asked for, where an interrupt or an error came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times_asked: Option<u32>,
    /// The command that replays it.
    #[serde(skip)]
    pub command: String,
}

#[derive(Serialize)]
struct Stock {
    initial: Option<i64>,
    remaining: Option<i64>,
}

/// An anomaly as every JSON document has it.
#[derive(Serialize)]
pub struct AnomalyRow {
    kind: AnomalyKind,
    count: u64,
    /// The lines of the purchases that it rests on, where the history was read from a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<u32>,
    summary: String,
    evidence: Value,
}

#[derive(Serialize)]
struct BuyerRow {
    buyer: u32,
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

/// The document of a replay, in one line: that of a run, and a little more.
#[must_use]
pub fn of_replay(
    history: &History,
    verdict: &Verdict,
    buyers: &[BuyerCount],
    failures: &[String],
    replay: ReplayPart,
) -> String {
    let command = Some(replay.command.clone());
    to_line(&Document { command, replay: Some(replay), ..document(history, verdict, buyers, failures) })
}

fn document<'a>(
    history: &'a History,
    verdict: &Verdict,
    buyers: &[BuyerCount],
    failures: &'a [String],
) -> Document<'a> {
    let Verdict { ruling, ledger, .. } = verdict;
    let timing = history.header.timing.unwrap_or_default();
    let plan = history.header.plan.as_ref();
    let buyer_row = |buyer: &BuyerCount| BuyerRow {
        buyer: buyer.buyer,
        pid: buyer.pid,
        bought: buyer.tally.bought,
        refused: buyer.tally.refused,
        failed: buyer.tally.failed,
        killed_by: buyer.killed_by,
    };
    Document {
        schema_version: SCHEMA_VERSION,
        plan,
        command: plan.map(Plan::command),
        stock: Stock { initial: ledger.initial, remaining: ledger.remaining },
        receipts: ledger.receipts,
        refused: ledger.refused,
        failed: ledger.failed,
        unanswered: ledger.unanswered,
        oversold: ledger.oversold,
        outside_sales: ledger.outside_sales,
        restocked: ledger.restocked,
        at_once: verdict.at_once,
        interrupted: history.header.interrupted,
        verdict: *ruling,
        anomalies: anomalies(verdict, history),
        unjudged: unjudged(verdict, history),
        failures,
        launch_s: seconds(timing.launch_ns),
        elapsed_s: seconds(timing.elapsed_ns),
        sales_per_s: rate_per_s(ledger.receipts, timing.elapsed_ns),
        latency_ns: Latency::of(history),
        fairness: Fairness::of(buyers),
        buyers: buyers.iter().map(buyer_row).collect(),
        replay: None,
    }
}

/// A document as one line of JSON.
#[must_use]
pub fn to_line(document: &impl Serialize) -> String {
    // Only maps with keys that are no strings, and values that refuse, can fail: there are none.
    serde_json::to_string(document).unwrap_or_default()
}

/// The anomalies of a verdict.
#[must_use]
pub fn anomalies(verdict: &Verdict, history: &History) -> Vec<AnomalyRow> {
    let row = |anomaly: &Anomaly| AnomalyRow {
        kind: anomaly.kind,
        count: anomaly.count,
        lines: lines(anomaly, history),
        summary: summary(anomaly, &verdict.ledger, history),
        evidence: evidence(anomaly, history),
    };
    verdict.anomalies.iter().map(row).collect()
}

fn lines(anomaly: &Anomaly, history: &History) -> Vec<u32> {
    let places = anomaly.places(history);
    let mut lines: Vec<u32> = places.iter().map(|place| history.purchases[*place as usize].line).collect();
    lines.retain(|line| *line > 0);
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// What could not be judged, in sentences.
#[must_use]
pub fn unjudged(verdict: &Verdict, history: &History) -> Vec<String> {
    verdict.unjudged.iter().map(|reason| words::unjudged(reason, history, Lang::En)).collect()
}

/// One sentence, and the first piece of evidence behind it.
fn summary(anomaly: &Anomaly, ledger: &Ledger, history: &History) -> String {
    let mut sentences = vec![words::summary(anomaly, ledger, history, Lang::En)];
    sentences.extend(words::evidence(anomaly, history, Lang::En, 1).into_iter().take(1));
    sentences.join(": ")
}

fn evidence(anomaly: &Anomaly, history: &History) -> Value {
    let purchase = |place: Place| {
        history.purchases.get(place as usize).map(|purchase| row(purchase, &history.header.names))
    };
    let rows = |places: &[Place]| places.iter().map(|place| purchase(*place)).collect::<Vec<_>>();
    match &anomaly.evidence {
        Evidence::Oversold(tickets) if tickets.is_empty() => json!({
            "shared_tickets": [], "receipts_too_many": rows(&anomaly.receipts_too_many(history)),
        }),
        Evidence::Oversold(tickets) => json!({
            "shared_tickets": tickets.iter().map(|ticket| json!({
                "stock": ticket.stock, "receipts": ticket.count, "purchases": rows(&ticket.receipts),
            })).collect::<Vec<_>>(),
        }),
        Evidence::LostUpdates(pairs) => json!({
            "pairs": pairs.iter().map(|pair| json!({
                "stock": pair.stock, "first": purchase(pair.first), "second": purchase(pair.second),
            })).collect::<Vec<_>>(),
        }),
        Evidence::LostStock { missing, extra, suspects } => json!({
            "lost": i64::try_from(i128::from(*missing) - i128::from(*extra)).ok(),
            "missing": missing, "extra": extra, "suspects": rows(suspects),
        }),
        Evidence::NegativeStock { lowest, receipts } => {
            json!({ "lowest": lowest, "receipts": rows(receipts) })
        }
        Evidence::TornReads(reads) => json!({
            "reads": reads.iter().map(|read| json!({
                "reader": read.reader.map(purchase),
                "read": read.reader.and_then(|place| torn(history, place)).or(history.header.left_torn.clone()),
                "writer": read.writer.map(purchase),
            })).collect::<Vec<_>>(),
        }),
        Evidence::OutOfOrder(contradictions) => json!({
            "contradictions": contradictions.iter().map(|contradiction| json!({
                "rule": contradiction.rule(), "purchases": rows(&contradiction.places()),
            })).collect::<Vec<_>>(),
        }),
        Evidence::Stuck(waits) => json!({
            "waits": waits.iter().map(|wait| json!({
                "waiter": purchase(wait.waiter), "waited_ns": wait.waited_ns,
                "holder": wait.holder.map(purchase), "dead_pid": wait.dead_pid,
            })).collect::<Vec<_>>(),
        }),
    }
}

fn torn(history: &History, place: Place) -> Option<String> {
    let text = history.purchases.get(place as usize)?.torn?;
    Some(String::from_utf8_lossy(text.bytes()).into_owned())
}

/// A purchase as evidence: who, what and when.
fn row(purchase: &Purchase, names: &Names) -> Value {
    let buyer = names.name(purchase.buyer).map_or_else(|| json!(purchase.buyer), |name| json!(name));
    let mut row = json!({
        "buyer": buyer, "pid": purchase.pid,
        "invoke_ns": purchase.invoke_ns, "read_ns": purchase.steps.read_ns,
        "written_ns": purchase.steps.written_ns, "return_ns": purchase.return_ns,
    });
    // As in the file of a history: one number where it is the same.
    if purchase.seen == purchase.sold_from {
        row["stock"] = json!(purchase.seen);
    } else {
        row["seen"] = json!(purchase.seen);
        row["sold_from"] = json!(purchase.sold_from);
    }
    if purchase.line > 0 {
        row["line"] = json!(purchase.line);
    }
    row
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
