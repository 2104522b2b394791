//! Values of options that can't be read, and options that do not go together.

use humantime::DurationError;

use crate::lang::{Lang, texts};

texts! {
    /// A name that is not in its set.
    unknown_name(what, given, known) {
        en: "unknown {what} {given}: one of {known}",
        zh: "没有 {given} 这种{what}：可选 {known}",
    }
    /// No number.
    no_number() { en: "a whole number, such as 10, 1,000 or 1e3", zh: "应为整数，例如 10、1,000 或 1e3" }
    /// Too small a number.
    too_few(number, least) {
        en: "{number} is too few: a whole number from {least}",
        zh: "{number} 太小：应为不小于 {least} 的整数",
    }
    /// A number out of its range.
    not_within(number, least, most) {
        en: "{number} is not within {least} to {most}",
        zh: "{number} 不在 {least} 到 {most} 之间",
    }
    /// No number, as the standard library says it.
    no_whole_number() { en: "not a whole number", zh: "不是整数，或者太大" }
    /// Nor one with a fraction.
    no_fraction() { en: "not a number", zh: "不是数" }
    /// An interrupt came while something was waited for.
    given_up() { en: "interrupted while it had to wait for its other end", zh: "等待另一端时被中断" }
    /// Words that are no duration.
    not_a_duration() { en: "it takes a duration, e.g. 250ms, 2s or 0", zh: "应为时长，例如 250ms、2s 或 0" }
    /// A number without a unit.
    no_unit(number) {
        en: "{number} of what? It takes a unit, e.g. 250ms, 2s or 0",
        zh: "{number} 后面没有单位：应写成 250ms、2s 或 0 的样子",
    }
    /// A unit that is not known.
    unknown_unit(unit) {
        en: "{unit} is no unit of time; it takes a duration, e.g. 250ms, 2s or 0",
        zh: "{unit} 不是时间单位：应写成 250ms、2s 或 0 的样子",
    }
    /// A duration beyond what can be counted.
    beyond_durations() { en: "too long, or finer than a nanosecond", zh: "太长，或比一纳秒还细" }
    /// Too long a duration.
    too_long() { en: "at most a day", zh: "最多一天" }
    /// No jitter.
    no_jitter() { en: "a number from 0 to 1, or 0% to 100%", zh: "应为 0 到 1 的数，或 0% 到 100%" }
    /// No share of trials.
    no_bound() {
        en: "a share of the trials from 0.01% to 15% (20 trials), such as 5%",
        zh: "应为试验次数的百分比，0.01% 到 15%（20 次试验），例如 5%",
    }
    /// Too few buyers to race.
    takes_two(most) { en: "a race takes two: 2 to {most}", zh: "至少两个买家才抢得起来：2 到 {most}" }
    /// No column.
    no_column() {
        en: "it takes what a column is and its name: buyer=threadName",
        zh: "应写明一列是什么、叫什么名字：buyer=threadName",
    }
    /// No deed.
    no_deed() {
        en: "it takes a deed and a function's name: purchase=buy",
        zh: "应写明动作和函数的名字：purchase=buy",
    }
    /// No number of purchases.
    no_purchases() { en: "a whole number from 1, or `all`", zh: "应为不小于 1 的整数，或 `all`" }
    /// No number of mishaps.
    no_mishaps() { en: "a whole number from 0, or `any`", zh: "应为不小于 0 的整数，或 `any`" }
    /// How mishaps are written.
    like_a_mishap() {
        en: "write it like 'kill 2 before write', 'pause 1 after read 500ms', 'expire 1 after read' or 'kill random 0.01'",
        zh: "请写成 'kill 2 before write'、'pause 1 after read 500ms'、'expire 1 after read' 或 'kill random 0.01' 的样子",
    }
    /// No mishap.
    no_mishap(word, like) { en: "{word} is not kill, pause or expire; {like}", zh: "{word} 不是 kill、pause、expire 之一；{like}" }
    /// No probability.
    no_probability(word) { en: "{word} is no probability: above 0, up to 1", zh: "{word} 不是概率：应大于 0，至多为 1" }
    /// No buyer.
    no_buyer(word, like) {
        en: "{word} is no buyer's number: they count from 1; {like}",
        zh: "{word} 不是买家的号码：号码从 1 数起；{like}",
    }
    /// No time of a pause.
    how_long(like) { en: "how long is the pause? {like}", zh: "暂停多久？{like}" }
    /// Too long a pause.
    pause_too_long() { en: "that pause is too long", zh: "这个暂停太长了" }
    /// A word too many.
    too_much(word, like) { en: "{word} is too much; {like}", zh: "{word} 多余了；{like}" }
}

/// What is wrong with a duration that can't be read.
#[must_use]
pub fn no_duration(lang: Lang, text: &str) -> String {
    match humantime::parse_duration(text) {
        Err(DurationError::UnknownUnit { unit, value, .. }) if unit.is_empty() => no_unit(lang, value),
        Err(DurationError::UnknownUnit { unit, .. }) => unknown_unit(lang, format!("{unit:?}")),
        Err(DurationError::NumberOverflow) => beyond_durations(lang),
        _ => not_a_duration(lang),
    }
}
