//! Several items: each has its own stock and is judged by itself; the worst ruling is that of the whole.

use serde::Serialize;

use super::{InitialFrom, Ledger, Place, Ruling, Unjudged, Verdict};
use crate::history::{Header, History, Items, Names, Purchase};

/// The verdict on one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemVerdict {
    /// Its name.
    pub item: String,
    /// Sound, unsound or unknown.
    pub verdict: Ruling,
    /// Its tickets, counted.
    #[serde(flatten)]
    pub ledger: Ledger,
    /// Where its initial stock comes from.
    #[serde(skip)]
    pub initial_from: Option<InitialFrom>,
}

/// Judges each item by itself with `judge`, and combines the verdicts.
pub(super) fn judge_each(
    history: &mut History,
    mut judge: impl FnMut(&mut History) -> (Verdict, Option<InitialFrom>),
) -> Verdict {
    let mut all = Verdict::sound();
    let mut unjudged: Vec<Unjudged> = Vec::new();
    for (Part { history: mut part, places }, item) in split(history).into_iter().zip(0_u32..) {
        let (verdict, initial_from) = judge(&mut part);
        history.header.items.initial[item as usize] = part.header.initial;
        add(&mut all.ledger, &verdict.ledger, all.items.is_empty());
        all.within_error = all.within_error.saturating_add(verdict.within_error);
        let to = |place: Place| places[place as usize];
        for mut anomaly in verdict.anomalies {
            anomaly.item = Some(item);
            anomaly.map_places(to);
            all.anomalies.push(anomaly);
        }
        for mut reason in verdict.unjudged {
            reason.map_places(to);
            if !unjudged.contains(&reason) {
                unjudged.push(reason);
            }
        }
        let name = history.header.items.name(item).unwrap_or_default().to_owned();
        let item = ItemVerdict { item: name, verdict: verdict.ruling, ledger: verdict.ledger, initial_from };
        all.items.push(item);
    }
    all.unjudged = unjudged;
    all
}

/// One item's part of a history.
struct Part {
    history: History,
    /// The places of its purchases in the whole history.
    places: Vec<Place>,
}

fn split(history: &History) -> Vec<Part> {
    let header = &history.header;
    let part = |item: u32| {
        let place = item as usize;
        let items = Items { seats: header.items.seats, ..Items::default() };
        let header = Header {
            initial: header.items.initial[place],
            remaining: header.items.remaining[place],
            names: Names::default(),
            orders: Names::default(),
            items,
            limit_per_buyer: None,
            ..header.without_names()
        };
        Part { history: History { header, purchases: Vec::new() }, places: Vec::new() }
    };
    let mut parts: Vec<Part> = (0..header.items.len() as u32).map(part).collect();
    for (purchase, place) in history.purchases.iter().zip(0..) {
        let part = &mut parts[purchase.item as usize];
        part.history.purchases.push(Purchase { item: 0, ..purchase.clone() });
        part.places.push(place);
    }
    parts
}

/// Adds the counts of one item. The sum of a stock is known only if it is known for each item.
fn add(all: &mut Ledger, one: &Ledger, first: bool) {
    let sum = |all: Option<i64>, one: Option<i64>| {
        if first { one } else { all.zip(one).map(|(all, one)| all.saturating_add(one)) }
    };
    all.initial = sum(all.initial, one.initial);
    all.remaining = sum(all.remaining, one.remaining);
    let Ledger { initial: _, remaining: _, receipts, sold, returned, looks, refused, failed, .. } = *one;
    for (to, more) in [
        (&mut all.receipts, receipts),
        (&mut all.sold, sold),
        (&mut all.returned, returned),
        (&mut all.looks, looks),
        (&mut all.refused, refused),
        (&mut all.failed, failed),
        (&mut all.unanswered, one.unanswered),
        (&mut all.oversold, one.oversold),
        (&mut all.outside_sales, one.outside_sales),
        (&mut all.restocked, one.restocked),
    ] {
        *to = to.saturating_add(more);
    }
}
