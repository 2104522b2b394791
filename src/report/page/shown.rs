//! The page's list of anomalies.

use super::both::Both;
use super::connectors::{Piece, pieces};
use crate::history::History;
use crate::lang::Lang;
use crate::report::words;
use crate::verdict::{Anomaly, Verdict};

/// An anomaly as the page lists it.
pub(super) struct Shown {
    pub(super) kind: &'static str,
    pub(super) summary: Both,
    /// The evidence, numbered from 0 through the whole list.
    pub(super) pieces: Vec<Numbered>,
    /// How many pieces were left out.
    pub(super) more: Option<Both>,
}

/// A piece of evidence, and its number.
pub(super) struct Numbered {
    pub(super) number: usize,
    pub(super) piece: Piece,
    pub(super) sentence: Both,
}

/// What went wrong, with its evidence.
pub(super) fn shown(history: &History, verdict: &Verdict) -> Vec<Shown> {
    let mut numbers = 0..;
    let show = |anomaly: &Anomaly| {
        let ((english, en), (chinese, zh)) =
            (pieces(anomaly, history, Lang::En), pieces(anomaly, history, Lang::Zh));
        let both = english.into_iter().zip(chinese).zip(&mut numbers);
        let number = |((piece, zh), number): ((Piece, Piece), usize)| Numbered {
            number,
            sentence: Both { en: piece.sentence.clone(), zh: zh.sentence },
            piece,
        };
        Shown {
            kind: anomaly.kind.name(),
            summary: Both::of(|lang| words::summary(anomaly, verdict.ledger_of(anomaly), history, lang)),
            more: en.zip(zh).map(|(en, zh)| Both { en, zh }),
            pieces: both.map(number).collect(),
        }
    };
    verdict.anomalies.iter().map(show).collect()
}
