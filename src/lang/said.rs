//! What lower rooms say of what went wrong: a text in both languages, and errors that say themselves in Chinese.

use std::error::Error;
use std::fmt;

use super::Lang;

/// A text in both languages, where it is not known yet who reads it. It shows itself in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bilingual {
    en: String,
    zh: String,
}

impl Bilingual {
    /// The text in each language.
    pub fn of(say: impl Fn(Lang) -> String) -> Self {
        Self { en: say(Lang::En), zh: say(Lang::Zh) }
    }

    /// The text in English, and the same in Chinese.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// What is the same in every language: a name, or the words of another program.
    pub fn same(text: impl fmt::Display) -> Self {
        Self::of(|_| text.to_string())
    }

    /// In this language.
    #[must_use]
    pub fn said(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}

impl fmt::Display for Bilingual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

impl Error for Bilingual {}

/// An error that says itself in Chinese. Its English is its `Display`.
pub trait InChinese {
    /// What went wrong, in Chinese.
    fn in_chinese(&self) -> String;

    /// What went wrong, in this language.
    fn said(&self, lang: Lang) -> String
    where
        Self: fmt::Display,
    {
        match lang {
            Lang::En => self.to_string(),
            Lang::Zh => self.in_chinese(),
        }
    }

    /// What went wrong, in both languages.
    fn bilingual(&self) -> Bilingual
    where
        Self: fmt::Display,
    {
        Bilingual::of(|lang| InChinese::said(self, lang))
    }
}

impl InChinese for Bilingual {
    fn in_chinese(&self) -> String {
        self.zh.clone()
    }
}
