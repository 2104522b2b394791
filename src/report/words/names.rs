//! The members of closed sets in a word, for tables and lists.

use crate::history::{Doubt, Outcome};
use crate::lang::{Lang, grouped, names as say};
use crate::verdict::{AnomalyKind, Ruling};

/// The name of an anomaly; in English it is the one that JSON has.
#[must_use]
pub fn anomaly_name(kind: AnomalyKind, lang: Lang) -> String {
    match kind {
        AnomalyKind::Oversold => say::oversold(lang),
        AnomalyKind::LostUpdate => say::lost_update(lang),
        AnomalyKind::LostStock => say::lost_stock(lang),
        AnomalyKind::NegativeStock => say::negative_stock(lang),
        AnomalyKind::TornRead => say::torn_read(lang),
        AnomalyKind::OutOfOrder => say::out_of_order(lang),
        AnomalyKind::RefusedEarly => say::refused_early(lang),
        AnomalyKind::ReturnedTwice => say::returned_twice(lang),
        AnomalyKind::OverLimit => say::over_limit(lang),
        AnomalyKind::Stuck => say::stuck(lang),
    }
}

/// An anomaly and how often it occurred: `oversold × 3`.
#[must_use]
pub fn counted_anomaly(kind: AnomalyKind, count: u64, lang: Lang) -> String {
    format!("{} × {}", anomaly_name(kind, lang), grouped(count))
}

/// The name of an outcome; in English it is the one that JSON has.
#[must_use]
pub fn outcome_name(outcome: Outcome, lang: Lang) -> String {
    match outcome {
        Outcome::Bought => say::bought(lang),
        Outcome::Refused => say::refused(lang),
        Outcome::Failed => say::failed(lang),
        Outcome::Unknown => say::unknown(lang),
        Outcome::Returned => say::returned(lang),
        Outcome::Read => say::read(lang),
    }
}

/// The name of a ruling; in English it is the one that JSON has.
#[must_use]
pub fn ruling_name(ruling: Ruling, lang: Lang) -> String {
    match ruling {
        Ruling::Sound => say::is_sound(lang),
        Ruling::Unsound => say::is_unsound(lang),
        Ruling::Unknown => say::is_unknown(lang),
    }
}

/// What a race could not show, in a word; in English it is the name that JSON has.
#[must_use]
pub fn doubt_name(doubt: Doubt, lang: Lang) -> String {
    match doubt {
        Doubt::NothingOverlapped => say::nothing_overlapped(lang),
        Doubt::NothingBought => say::nothing_bought(lang),
        Doubt::TooFew => say::too_few(lang),
        Doubt::Unmatched => say::unmatched(lang),
        Doubt::Stalled => say::stalled(lang),
        Doubt::Restless => say::restless(lang),
        Doubt::Died => say::died(lang),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, said: impl Fn(T, Lang) -> String) {
        for one in all {
            assert_eq!(said(*one, Lang::En), name(*one));
            assert!(!said(*one, Lang::Zh).is_ascii(), "{}", name(*one));
        }
    }

    #[test]
    fn english_names_are_those_of_json_and_chinese_ones_are_chinese() {
        assert_names(AnomalyKind::ALL, AnomalyKind::name, anomaly_name);
        assert_names(Outcome::ALL, Outcome::name, outcome_name);
        assert_names(Ruling::ALL, Ruling::name, ruling_name);
        assert_names(Doubt::ALL, Doubt::name, doubt_name);
    }
}
