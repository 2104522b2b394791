//! The effect of kills: a census with kills compared with the same one without.

use std::collections::BTreeSet;

use num_bigint::BigUint;
use num_traits::Zero as _;
use serde::Serialize;

use super::chance::amount;
use super::schedules;
use crate::explore::Census;
use crate::lang::{Lang, explore as say};
use crate::report::words::anomaly_name;
use crate::verdict::AnomalyKind;

/// What goes wrong without a kill, and what only with one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Kills {
    /// How many schedules there are without a kill: a string, since the number may be too large for JSON.
    schedules: String,
    /// How many of these are unsound.
    unsound: String,
    /// What goes wrong with kills alone.
    only_with_kills: Vec<AnomalyKind>,
    #[serde(skip)]
    counts: (BigUint, BigUint),
}

impl Kills {
    /// `spared` is the same census without kills.
    pub(super) fn of(census: &Census, spared: &Census) -> Self {
        let kinds = |census: &Census| {
            let all = census.found.iter().flat_map(|found| found.end.anomalies.iter().copied());
            all.collect::<BTreeSet<AnomalyKind>>()
        };
        let only_with_kills = kinds(census).difference(&kinds(spared)).copied().collect();
        let unsound = &spared.schedules - &spared.sound;
        Self {
            schedules: spared.schedules.to_string(),
            unsound: unsound.to_string(),
            only_with_kills,
            counts: (spared.schedules.clone(), unsound),
        }
    }

    /// In a sentence.
    pub(super) fn words(&self, lang: Lang) -> String {
        let (all, unsound) = &self.counts;
        let names: Vec<String> = self.only_with_kills.iter().map(|kind| anomaly_name(*kind, lang)).collect();
        let names = lang.list(&names);
        match (unsound.is_zero(), names.is_empty()) {
            (true, true) => say::kills_do_nothing(lang, schedules(all, lang)),
            (true, false) => say::kills_did_all(lang, schedules(all, lang), names),
            (false, true) => say::kills_did_none(lang, amount(unsound), schedules(all, lang)),
            (false, false) => say::kills_did_some(lang, amount(unsound), schedules(all, lang), names),
        }
    }
}
