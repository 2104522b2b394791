//! A text in both languages: the page carries both, and shows the one that its reader has chosen.

use askama::Template;

use crate::lang::{Lang, page as say};

/// A text in English and Chinese.
#[derive(Clone, Debug, Template)]
#[template(
    source = r#"<span class="en" lang="en">{{ en }}</span><span class="zh" lang="zh-Hans">{{ zh }}</span>"#,
    ext = "html"
)]
pub(super) struct Both {
    pub(super) en: String,
    pub(super) zh: String,
}

impl Both {
    /// What is said in each language.
    pub(super) fn of(say: impl Fn(Lang) -> String) -> Self {
        Self { en: say(Lang::En), zh: say(Lang::Zh) }
    }

    /// The text of this name, which has no placeholders.
    pub(super) fn named(name: &str) -> Self {
        Self::of(|lang| say::named(name, lang).to_owned())
    }

    /// Several texts, joined in both languages.
    pub(super) fn each(say: impl Fn(Lang) -> Vec<String>) -> Vec<Self> {
        say(Lang::En).into_iter().zip(say(Lang::Zh)).map(|(en, zh)| Self { en, zh }).collect()
    }

    /// The text in one of them.
    pub(super) fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}

/// The name of a language, as markup says it.
pub(super) const fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Zh => "zh-Hans",
    }
}
