//! What went wrong, as the page lists it.

use super::connectors::{Piece, pieces};
use crate::history::History;
use crate::lang::Lang;
use crate::report::words;
use crate::verdict::{Anomaly, Verdict};

const LANG: Lang = Lang::En;

/// An anomaly as the page lists it.
pub(super) struct Shown {
    pub(super) kind: &'static str,
    pub(super) summary: String,
    /// With their numbers, which run through the whole list, from 0.
    pub(super) pieces: Vec<Numbered>,
    /// How many more there are than pieces.
    pub(super) more: Option<String>,
}

/// A piece of evidence, and its number.
pub(super) struct Numbered {
    pub(super) number: usize,
    pub(super) piece: Piece,
}

/// What went wrong, with its evidence.
pub(super) fn shown(history: &History, verdict: &Verdict) -> Vec<Shown> {
    let mut numbers = 0..;
    let show = |anomaly: &Anomaly| {
        let (pieces, more) = pieces(anomaly, history, LANG);
        Shown {
            kind: anomaly.kind.name(),
            summary: words::summary(anomaly, verdict.ledger_of(anomaly), history, LANG),
            more,
            pieces: pieces
                .into_iter()
                .zip(&mut numbers)
                .map(|(piece, number)| Numbered { number, piece })
                .collect(),
        }
    };
    verdict.anomalies.iter().map(show).collect()
}
