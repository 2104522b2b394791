//! The catalogue as a list.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::lang::{Lang, catalogue as say};
use crate::protocol::Guard;
use crate::protocol::catalogue::{Case, Entry, Promise, all};
use crate::report::text::{ASIDE, BAD, GOOD, LOUD, styled};

/// All names: those of files first, then those of databases and those of Redis, each with its promise.
#[must_use]
pub fn list(lang: Lang) -> String {
    let width = all().map(|entry| entry.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (heading, group) in [
        (say::heading_of_files(lang), Group::Files),
        (say::heading_of_databases(lang), Group::Databases),
        (say::heading_of_redis(lang), Group::Redis),
    ] {
        let _ = writeln!(text, "{}", styled(LOUD, heading));
        for entry in all().filter(|entry| entry.cases.first().is_some_and(|case| Group::of(case) == group)) {
            let (promise, about) = (marked(entry, lang), entry.said.about.of(lang));
            let _ = writeln!(text, "  {:<width$}  {promise}  {about}{}", entry.name, stores(entry, lang));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}", styled(ASIDE, say::list_hint(lang)));
    text
}

/// Protocols that stand together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Files,
    Databases,
    Redis,
}

impl Group {
    fn of(case: &Case) -> Self {
        let choices = case.usual().choices;
        match (choices.kind(), choices.guard()) {
            (None, _) => Group::Files,
            (_, Guard::Level(_)) => Group::Databases,
            _ => Group::Redis,
        }
    }
}

/// Where it is found, unless its heading says so.
fn stores(entry: &Entry, lang: Lang) -> String {
    let stores = entry.cases.iter().map(Case::store).collect::<Vec<_>>();
    if entry.cases.len() == 1 && entry.cases.iter().all(|case| Group::of(case) != Group::Databases) {
        return String::new();
    }
    styled(ASIDE, lang.in_brackets(lang.list(&stores)))
}

/// The promise at its first store, in colour; all are equally wide.
fn marked(entry: &Entry, lang: Lang) -> String {
    let promise = entry.cases.first().map_or(Promise::Keeps, |case| case.usual().promise);
    let (words, style) = word(promise, lang);
    let width = [Promise::Keeps, Promise::Breaks].map(|one| word(one, lang).0.width());
    let room = width.into_iter().max().unwrap_or(0) - words.width();
    styled(style, words) + &" ".repeat(room)
}

/// A promise in words, and its colour.
pub(super) fn word(promise: Promise, lang: Lang) -> (String, anstyle::Style) {
    match promise {
        Promise::Keeps => (say::keeps(lang), GOOD),
        Promise::Breaks => (say::breaks(lang), BAD),
    }
}
