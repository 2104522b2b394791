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
pub mod order;
#[allow(dead_code, reason = "the page's script takes most of them from the table")]
pub mod page;
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
        hosts::ALL,
        matrix::ALL,
        order::ALL,
        page::ALL,
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
