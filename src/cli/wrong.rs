//! What the command line itself finds wrong: errors that are said in both languages where they come up.

use std::error::Error;
use std::fmt;

use crate::lang::{Bilingual, Lang};

/// An error in these words.
pub(super) fn wrong(say: impl Fn(Lang) -> String) -> anyhow::Error {
    Bilingual::of(say).into()
}

/// An error in these words, unless this holds.
pub(super) fn ensure(holds: bool, say: impl Fn(Lang) -> String) -> anyhow::Result<()> {
    if holds { Ok(()) } else { Err(wrong(say)) }
}

/// A sentence in front of an error, which is its cause.
#[derive(Debug)]
pub(super) struct Sentence {
    words: Bilingual,
    cause: anyhow::Error,
}

impl Sentence {
    pub(super) fn said(&self, lang: Lang) -> &str {
        self.words.said(lang)
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words.fmt(f)
    }
}

impl Error for Sentence {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_ref())
    }
}

/// Puts a sentence in front of an error. What is the same in both languages, an option or a path, is anyhow's `context`.
pub(super) trait Saying<T> {
    fn saying(self, say: impl Fn(Lang) -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Saying<T> for Result<T, E> {
    fn saying(self, say: impl Fn(Lang) -> String) -> anyhow::Result<T> {
        self.map_err(|error| Sentence { words: Bilingual::of(say), cause: error.into() }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::said::said;
    use crate::lang::errors::inputs as say;

    #[test]
    fn a_sentence_is_said_in_both_languages_and_keeps_its_cause() {
        let failed: Result<(), _> = Err(std::io::Error::other("full"));
        let error = failed.saying(|lang| say::not_writable(lang, "a.json")).expect_err("an error");
        assert_eq!(format!("{error:#}"), "a.json: can't be written: full");
        let in_chinese: Vec<String> = error.chain().map(|error| said(error, Lang::Zh)).collect();
        assert_eq!(in_chinese, ["a.json：写不了", "full"]);
        assert!(error.chain().any(<dyn Error>::is::<std::io::Error>));
        assert!(ensure(true, say::no_plan).is_ok());
        let error = ensure(false, say::no_plan).expect_err("an error");
        assert_eq!(said(error.as_ref(), Lang::Zh), "这份历史里没有计划");
    }
}
