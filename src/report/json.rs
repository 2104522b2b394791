//! What all JSON documents have in common: their version, and the anomalies of a verdict.

use serde::Serialize;
use serde_json::{Value, json};

use super::words;
use crate::history::{History, Purchase};
use crate::lang::Lang;
use crate::verdict::{Anomaly, AnomalyKind, Evidence, Ledger, MOST_TOLD, Place, Verdict};

/// The version of every JSON document on stdout.
pub const SCHEMA_VERSION: u32 = 1;

/// An anomaly as every JSON document has it.
#[derive(Serialize)]
pub struct AnomalyRow {
    kind: AnomalyKind,
    /// The item that it is about, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    count: u64,
    /// The lines of the purchases that it rests on, if the history was read from a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<u32>,
    /// The file of each of these lines, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    summary: String,
    evidence: Value,
}

/// A document as one line of JSON.
#[must_use]
pub fn to_line(document: &impl Serialize) -> String {
    // Only maps with keys that are no strings, and values that report an error, can fail: there are none.
    serde_json::to_string(document).unwrap_or_default()
}

/// The anomalies of a verdict.
#[must_use]
pub fn anomalies(verdict: &Verdict, history: &History) -> Vec<AnomalyRow> {
    let row = |anomaly: &Anomaly| {
        let told = anomaly.told();
        let (lines, files) = lines(&told, history);
        AnomalyRow {
            kind: anomaly.kind,
            item: anomaly.item.and_then(|item| history.header.items.name(item)).map(str::to_owned),
            count: anomaly.count,
            lines,
            files,
            summary: summary(anomaly, verdict.ledger_of(anomaly), history),
            evidence: evidence(&told, history),
        }
    };
    verdict.anomalies.iter().map(row).collect()
}

/// The lines that an anomaly rests on, and their files, if there are several.
fn lines(anomaly: &Anomaly, history: &History) -> (Vec<u32>, Vec<String>) {
    let header = &history.header;
    let line = |place: &Place| (header.part_of(*place), history.purchases[*place as usize].line);
    let mut lines: Vec<(Option<usize>, u32)> = anomaly.places(history).iter().map(line).collect();
    lines.retain(|(_, line)| *line > 0);
    lines.sort_unstable();
    lines.dedup();
    let files = lines.iter().filter_map(|(part, _)| Some(header.parts[(*part)?].name.clone())).collect();
    (lines.into_iter().map(|(_, line)| line).collect(), files)
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
    let purchase =
        |place: Place| history.purchases.get(place as usize).map(|purchase| row(history, purchase, place));
    let rows = |places: &[Place]| places.iter().map(|place| purchase(*place)).collect::<Vec<_>>();
    match &anomaly.evidence {
        Evidence::Oversold(tickets) if tickets.is_empty() => json!({
            "shared_tickets": [], "receipts_too_many": rows(&too_many(anomaly, history)),
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
        Evidence::ReturnedTwice(given_back) => json!({
            "returns": given_back.iter().map(|given| json!({
                "purchase": purchase(given.place), "order": order(history, given.place), "held": given.held,
            })).collect::<Vec<_>>(),
        }),
        Evidence::OverLimit(holders) => json!({
            "buyers": holders.iter().map(|holder| json!({
                "receipts": holder.count, "purchases": rows(&holder.receipts),
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

/// The receipts that came when nothing was left, up to the most that are shown.
fn too_many(anomaly: &Anomaly, history: &History) -> Vec<Place> {
    let mut places = anomaly.receipts_too_many(history);
    places.truncate(MOST_TOLD);
    places
}

/// The name of a purchase's order.
fn order(history: &History, place: Place) -> Option<&str> {
    let order = history.purchases.get(place as usize)?.order.checked_sub(1)?;
    history.header.orders.at(order as usize)
}

fn torn(history: &History, place: Place) -> Option<String> {
    let text = history.purchases.get(place as usize)?.torn.as_ref()?;
    Some(String::from_utf8_lossy(text.bytes()).into_owned())
}

/// A purchase as evidence: who, what and when.
fn row(history: &History, purchase: &Purchase, place: Place) -> Value {
    let header = &history.header;
    let buyer = header.names.name(purchase.buyer).map_or_else(|| json!(purchase.buyer), |name| json!(name));
    let mut row = json!({
        "buyer": buyer, "pid": purchase.pid.get(),
        "invoke_ns": purchase.invoke_ns, "read_ns": purchase.steps.get().read_ns,
        "written_ns": purchase.steps.get().written_ns, "return_ns": purchase.return_ns.get(),
    });
    if let Some(host) = header.host_of(purchase) {
        row["host"] = json!(host.name);
    }
    // As in the file of a history: one number if both are equal.
    if purchase.seen.get() == purchase.sold_from.get() {
        row["stock"] = json!(purchase.seen.get());
    } else {
        row["seen"] = json!(purchase.seen.get());
        row["sold_from"] = json!(purchase.sold_from.get());
    }
    if purchase.quantity != 1 {
        row["quantity"] = json!(purchase.quantity);
    }
    if purchase.line > 0 {
        row["line"] = json!(purchase.line);
        if let Some(part) = header.part_of(place) {
            row["file"] = json!(header.parts[part].name);
        }
    }
    row
}
