//! The JSON document of a gated race.

use serde_json::{Value, json};

use super::gate::why_line;
use crate::lang::Lang;
use crate::race::gate::plan::GatePlan;
use crate::race::gate::step::written;
use crate::race::gate::{Gated, Judged, RanStep};
use crate::race::heat::{Ended, Judged as Answer, Made};
use crate::race::plan::RacePlan;
use crate::report::json::{SCHEMA_VERSION, anomalies, to_line};

/// The document, in one line.
#[must_use]
pub fn of_gate(plan: &RacePlan, gate: &GatePlan, gated: &Gated, output_failures: &[String]) -> String {
    let count = &gated.count;
    let mut document = json!({
        "schema_version": SCHEMA_VERSION,
        "verdict": gated.ruling,
        "why": gated.why.as_ref().map(|why| why_line(why, gated, Lang::En)),
        "race": {
            "target": plan.target.shown(),
            "buyers": plan.buyers,
            "tickets": plan.tickets,
            "databases": gate.databases.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "orders": {
            "asked": gated.orders.to_string(),
            "seed": gate.seed,
            "run": count.orders,
            "known": count.known,
            "unsound": count.unsound,
            "unjudged": count.unknown,
            "first_unsound": count.first_unsound,
            "parked": count.parked,
            "shared": count.shared,
            "evidence": count.evidence,
            "ends": count.ends.len(),
            "reduced": gated.reduced,
            "checked": gated.checked,
            "time_ns": u64::try_from(count.time.as_nanos()).unwrap_or(u64::MAX),
        },
        "background": gated.background,
        "replayed": gated.replayed.map(|(same, of)| json!({ "same": same, "of": of })),
        "replay_time_ns": u64::try_from(gated.replay_time.as_nanos()).unwrap_or(u64::MAX),
        "order": gated.shown.as_ref().map(|judged| written(&judged.order())),
        "shown": gated.shown.as_ref().map(order),
    });
    if !output_failures.is_empty() {
        document["output_failures"] = json!(output_failures);
    }
    to_line(&document)
}

fn order(judged: &Judged) -> Value {
    let anomaly_rows = judged.shown.as_ref().map(|full| anomalies(&full.verdict, &full.history));
    json!({
        "verdict": judged.trial.ruling,
        "switches": judged.switches(),
        "before": judged.trial.before,
        "after": judged.trial.after,
        "receipts": judged.trial.receipts,
        "parked": judged.ran.parked,
        "steps": judged.ran.taken.iter().map(step).collect::<Vec<_>>(),
        "purchases": judged.ran.heat.made.iter().map(purchase).collect::<Vec<_>>(),
        "anomalies": anomaly_rows,
    })
}

fn step(taken: &RanStep) -> Value {
    let saw = &taken.saw;
    json!({
        "step": taken.choice.step.to_string(),
        "buyer": taken.choice.step.buyer,
        "statement": taken.text,
        "rows": saw.rows,
        "first": saw.first,
        "done": saw.done,
        "error": saw.error.as_ref().map(|(code, said)| json!({ "code": code, "said": said })),
        "waited_for": taken.waited_for,
        "woken_by": taken.woken_by.map(|place| place + 1),
    })
}

fn purchase(made: &Made) -> Value {
    let outcome = match &made.ended {
        Ended::Judged(Answer::Outcome(outcome)) => json!(outcome),
        Ended::Judged(Answer::Unmatched) | Ended::Broken(_) | Ended::Stalled => json!("unknown"),
    };
    json!({ "buyer": made.buyer, "outcome": outcome })
}
