//! The words that people read, each in English and Chinese, side by side: the one place that holds
//! them. A text that lacks a language, or a language that lacks a value, does not compile.

pub mod catalogue;
pub mod clocks;
pub mod command_line;
pub mod errors;
pub mod explore;
pub mod gate;
pub mod help;
pub mod hosts;
pub mod lesson;
pub mod matrix;
pub mod names;
pub mod order;
#[allow(dead_code, reason = "the page's script takes most of them from the table")]
pub mod page;
pub mod progress;
pub mod race;
pub mod replay;
pub mod run;
mod said;
pub mod timeline;
pub mod verdict;

use crate::closed_set::closed_set;
use crate::stock::Stock;
pub use said::{Bilingual, InChinese};

closed_set! {
    /// The language of the texts.
    pub enum Lang: "language" {
        /// English.
        En = "en",
        /// Chinese (simplified).
        Zh = "zh",
    }
}

impl Lang {
    /// The language of a locale such as `zh_CN.UTF-8`: English where there are no texts in its own.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        language.parse().unwrap_or(Lang::En)
    }

    /// Several of something, one after the other: `a, b`, or `a、b`.
    #[must_use]
    pub fn list<T: AsRef<str>>(self, items: &[T]) -> String {
        let between = match self {
            Lang::En => ", ",
            Lang::Zh => "、",
        };
        items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(between)
    }

    /// What is said of something besides, in brackets behind it: ` (a)`, or `（a）`.
    #[must_use]
    pub fn in_brackets(self, text: impl std::fmt::Display) -> String {
        match self {
            Lang::En => format!(" ({text})"),
            Lang::Zh => format!("（{text}）"),
        }
    }

    /// The signs between a name and what is said of it, between parts, and between what is less close.
    #[must_use]
    pub const fn signs(self) -> [&'static str; 3] {
        match self {
            Lang::En => [": ", ", ", "; "],
            Lang::Zh => ["：", "，", "；"],
        }
    }

    /// A sentence that was put together of others: Chinese has no blank beside a full-width sign.
    #[must_use]
    pub fn closed_up(self, sentence: String) -> String {
        match self {
            Lang::En => sentence,
            Lang::Zh => ["，", "。", "：", "；", "（", "）", "、"].iter().fold(sentence, |text, sign| {
                text.replace(&format!("{sign} "), sign).replace(&format!(" {sign}"), sign)
            }),
        }
    }

    /// So many of something, in words: `1 ticket`, `2 tickets`, `2 张票`.
    #[must_use]
    pub fn count(self, number: u64, noun: Noun) -> String {
        let (one, many, measure) = noun.words();
        match self {
            Lang::En if number == 1 => format!("1 {one}"),
            Lang::En => format!("{} {many}", grouped(number)),
            Lang::Zh => format!("{} {measure}", grouped(number)),
        }
    }
}

impl Lang {
    /// So many tickets as a store says it, which may be less than none.
    #[must_use]
    pub fn tickets(self, stock: Stock) -> String {
        format!("{}{}", sign(stock), self.count(stock.unsigned_abs(), Noun::Ticket))
    }
}

/// A stock with its thousands set apart.
#[must_use]
pub fn grouped_stock(stock: Stock) -> String {
    format!("{}{}", sign(stock), grouped(stock.unsigned_abs()))
}

fn sign(stock: Stock) -> &'static str {
    if stock < 0 { "−" } else { "" }
}

/// A number with its thousands set apart, as both languages do it.
#[must_use]
pub fn grouped(number: u64) -> String {
    grouped_digits(&number.to_string())
}

/// The digits of a number of any size, its thousands set apart.
#[must_use]
pub fn grouped_digits(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// Tickets.
    Ticket,
    /// Buyers.
    Buyer,
    /// Receipts.
    Receipt,
    /// Purchases.
    Purchase,
    /// Processes.
    Process,
    /// Threads.
    Thread,
    /// Async tasks.
    Task,
    /// Machines.
    Host,
    /// Buyers that come one after the other.
    BuyerInTurn,
    /// Trials of a row.
    Trial,
    /// Rows of a matrix.
    Row,
}

impl Noun {
    /// One of it, many of it, and it with its measure word.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Noun::Ticket => ("ticket", "tickets", "张票"),
            Noun::Buyer => ("buyer", "buyers", "个买家"),
            Noun::Receipt => ("receipt", "receipts", "张收据"),
            Noun::Purchase => ("purchase", "purchases", "次购买"),
            Noun::Process => ("process", "processes", "个进程"),
            Noun::Thread => ("thread", "threads", "个线程"),
            Noun::Task => ("task", "tasks", "个任务"),
            Noun::Host => ("host", "hosts", "台主机"),
            Noun::BuyerInTurn => ("buyer, in turn,", "buyers, one after the other,", "个买家一个接一个"),
            Noun::Trial => ("trial", "trials", "次试验"),
            Noun::Row => ("row", "rows", "行"),
        }
    }
}

/// Declares texts: each becomes a function of the language and of its values, and all of them together
/// the table `ALL` of (name, English, Chinese).
macro_rules! texts {
    ($( $(#[$meta:meta])* $name:ident ( $($value:ident),* ) { en: $en:literal, zh: $zh:literal $(,)? } )+) => {
        $(
            $(#[$meta])*
            #[must_use]
            #[allow(clippy::too_many_arguments, reason = "a sentence has as many values as it has")]
            pub fn $name(lang: $crate::lang::Lang, $($value: impl std::fmt::Display),*) -> String {
                match lang {
                    $crate::lang::Lang::En => format!($en, $($value = $value),*),
                    $crate::lang::Lang::Zh => format!($zh, $($value = $value),*),
                }
            }
        )+

        #[cfg_attr(not(test), allow(dead_code, reason = "tests read it, and the page carries its own"))]
        pub(super) const ALL: &[(&str, &str, &str)] = &[$( (stringify!($name), $en, $zh) ),+];
    };
}
pub(crate) use texts;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table of texts.
    const TABLES: &[&[(&str, &str, &str)]] = &[
        catalogue::ALL,
        clocks::ALL,
        command_line::ALL,
        explore::ALL,
        gate::ALL,
        names::ALL,
        hosts::ALL,
        matrix::ALL,
        order::ALL,
        page::ALL,
        progress::ALL,
        race::ALL,
        replay::ALL,
        run::ALL,
        timeline::ALL,
        verdict::ALL,
    ];

    #[test]
    fn no_text_lacks_a_language() {
        let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        for (name, en, zh) in TABLES.iter().chain(lesson::TABLES).chain(errors::TABLES).copied().flatten() {
            assert!(!en.trim().is_empty() && !en.contains(is_han), "{name}: {en}");
            assert!(zh.contains(is_han), "{name}: {zh}");
        }
    }

    /// The texts of a source: what stands between quotes, before its tests.
    fn literals(source: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let quoted = regex::Regex::new(r#"(?s)"((?:[^"\\]|\\.)*)""#).expect("a pattern");
        let broken = regex::Regex::new(r"\\\n\s*").expect("a pattern");
        let code = code.join("\n");
        let texts = quoted.captures_iter(&code).map(|text| text.extract::<1>().1[0].to_owned());
        texts.map(|text| broken.replace_all(&text, "").replace("\\n", "\n").replace("\\\"", "\"")).collect()
    }

    fn sources(folder: &std::path::Path, all: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                all.extend(literals(&text).into_iter().map(|text| (path.display().to_string(), text)));
            }
        }
    }

    /// What is wrong with how a Chinese text is written.
    fn mistakes(text: &str) -> Vec<String> {
        const RULES: [(&str, &str); 5] = [
            (
                r"[\u{4e00}-\u{9fff}][,;:()?!]|[,;:()?!][\u{4e00}-\u{9fff}]",
                "a half-width sign at a Chinese character",
            ),
            (r"[，。：；（）、！？] [^ ]|[^ ] [，。：；（）、！？]", "a blank beside a full-width sign"),
            (
                r"[\u{4e00}-\u{9fff}][A-Za-z0-9]|[A-Za-z0-9%][\u{4e00}-\u{9fff}]",
                "no blank between Chinese and Latin",
            ),
            (r"\d %", "a blank before a percent sign"),
            (r"被拒(?:[^绝之]|$)|卖光|卖完|撕裂|残缺", "another word than 售罄 or 读到半截"),
        ];
        let rules = RULES.iter().filter_map(|(rule, what)| {
            let found = regex::Regex::new(rule).expect("a pattern").find(text)?;
            Some(format!("{what}, at {:?}: {text}", found.as_str()))
        });
        rules.collect()
    }

    #[test]
    fn chinese_is_written_as_chinese_is() {
        let mut all = Vec::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let chinese: Vec<_> = all.iter().filter(|(_, text)| text.contains(is_han)).collect();
        assert!(chinese.len() > 1_500, "{}", chinese.len());
        let wrong: Vec<String> = chinese
            .iter()
            .flat_map(|(path, text)| mistakes(text).into_iter().map(move |what| format!("{path}: {what}")))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        // The control: what is wrong is found.
        for text in ["票,收据", "（第 3 行） 被告知", "共3张", "95 % 的把握", "2 次被拒，1 次失败"]
        {
            assert_eq!(mistakes(text).len(), 1, "{text}: {:?}", mistakes(text));
        }
        assert_eq!(
            Lang::Zh.closed_up("bob（第 3 行） 被告知：  ticketsim".to_owned()),
            "bob（第 3 行）被告知： ticketsim"
        );
        assert_eq!(Lang::Zh.list(&["1", "2"]), "1、2");
    }

    #[test]
    fn locales_lead_to_languages() {
        assert_eq!(Lang::of_locale("zh_CN.UTF-8"), Lang::Zh);
        assert_eq!(Lang::of_locale("zh-Hans"), Lang::Zh);
        for other in ["", "C", "POSIX", "en_GB.UTF-8", "de_DE", "C.UTF-8"] {
            assert_eq!(Lang::of_locale(other), Lang::En, "{other}");
        }
    }

    #[test]
    fn one_ticket_is_no_plural() {
        assert_eq!(Lang::En.count(1, Noun::Ticket), "1 ticket");
        assert_eq!(Lang::En.count(0, Noun::Receipt), "0 receipts");
        assert_eq!(Lang::Zh.count(2, Noun::Ticket), "2 张票");
        assert_eq!(
            [-1, -1000, 2].map(|stock| Lang::En.tickets(stock)),
            ["−1 ticket", "−1,000 tickets", "2 tickets"]
        );
        assert_eq!(grouped_stock(Stock::MIN), "−9,223,372,036,854,775,808");
        assert_eq!(Lang::En.count(1_234_567, Noun::Buyer), "1,234,567 buyers");
    }
}
