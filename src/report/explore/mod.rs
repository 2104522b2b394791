//! An exploration, as text and as JSON.

mod chance;
mod json;
mod kills;
mod page;
mod text;

pub use json::{census_json, sample_json};
pub use page::{MOST_OF_A_COLUMN, graph_page};
pub use text::{census_text, sample_text};

use num_bigint::BigUint;
use num_rational::Ratio;
use num_traits::One as _;

use super::words::grouped;
use crate::explore::{Census, Sample, Setting};
use crate::lang::{Lang, explore as say};
use crate::protocol::Mishap;
use crate::verdict::Ruling;
use chance::{amount, exact_and_decimal, percent};

/// A number of schedules, in words.
fn schedules(count: &BigUint, lang: Lang) -> String {
    if count.is_one() { say::one_schedule(lang) } else { say::schedules(lang, amount(count)) }
}

/// What the model of a setting leaves out.
fn leaves_out(setting: &Setting, lang: Lang) -> String {
    let kills = setting.mishaps.allow(Mishap::Kill);
    let choices = setting.choices;
    let is_file = choices.kind().is_none();
    let killed = match is_file {
        _ if kills => say::killed_in_a_step(lang),
        true => say::killed_midway(lang),
        false => say::killed(lang),
    };
    match is_file {
        true => say::leaves_out(lang, killed),
        false if choices.waits_in_store() => say::leaves_out_of_database(lang, killed),
        false => say::leaves_out_of_redis(lang, killed),
    }
}

/// The ruling on a census in one sentence.
pub(crate) fn census_summary(census: &Census, lang: Lang) -> String {
    let all = schedules(&census.schedules, lang);
    let unsound = &census.schedules - &census.sound;
    match (census.ruling(), &census.partial) {
        (Ruling::Sound, _) if census.schedules.is_one() => say::the_one_is_sound(lang),
        (Ruling::Sound, _) => say::all_sound(lang, all),
        (Ruling::Unsound, None) => {
            let wrong = census.found.iter().filter(|found| !found.end.is_sound());
            let probability: Ratio<BigUint> = wrong.map(|found| &found.probability).sum();
            say::some_unsound(lang, amount(&unsound), all, exact_and_decimal(&probability))
        }
        (Ruling::Unsound, Some(_)) => say::unsound_so_far(lang, schedules(&unsound, lang)),
        (Ruling::Unknown, _) => say::unknown(lang),
    }
}

/// The ruling on a sample in one sentence.
fn sample_summary(sample: &Sample, lang: Lang) -> String {
    let draws = sample.sampling.draws;
    let (low, high) = sample.bounds();
    let all = schedules(&draws.into(), lang);
    if sample.ruling() == Ruling::Unknown {
        return say::sample_unknown(lang, all, percent(high));
    }
    let share = percent(sample.unsound as f64 / draws as f64);
    say::sample_unsound(lang, grouped(sample.unsound), all, share, percent(low), percent(high))
}
