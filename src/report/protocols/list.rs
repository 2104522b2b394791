//! The catalogue as a list.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::lang::{Lang, catalogue as say};
use crate::protocol::catalogue::{Case, Entry, Promise, all};
use crate::report::text::{ASIDE, BAD, GOOD, LOUD, styled};

/// All names: those of files first, then those of databases, each with its promise.
#[must_use]
pub fn list(lang: Lang) -> String {
    let width = all().map(|entry| entry.name.len()).max().unwrap_or(0);
    let is_of_files = |entry: &&Entry| stores(entry) == "file";
    let mut text = format!("{}\n", styled(LOUD, say::heading_of_files(lang)));
    for entry in all().filter(is_of_files) {
        let _ = writeln!(
            text,
            "  {:<width$}  {}  {}",
            entry.name,
            marked(entry, lang),
            entry.said.about.of(lang)
        );
    }
    let _ = writeln!(text, "\n{}", styled(LOUD, say::heading_of_databases(lang)));
    for entry in all().filter(|entry| !is_of_files(entry)) {
        let (promise, about) = (marked(entry, lang), entry.said.about.of(lang));
        let stores = styled(ASIDE, format!("({})", stores(entry)));
        let _ = writeln!(text, "  {:<width$}  {promise}  {about} {stores}", entry.name);
    }
    let _ = writeln!(text, "\n{}", styled(ASIDE, say::list_hint(lang)));
    text
}

/// Where it is met.
fn stores(entry: &Entry) -> String {
    entry.cases.iter().map(Case::store).collect::<Vec<_>>().join(", ")
}

/// The promise at its first store in colour, each as wide as the other.
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
