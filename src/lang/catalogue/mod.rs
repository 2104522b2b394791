//! The words of the catalogue of protocols: those around an entry, and one file a kind of store for the entries.

pub mod database;
pub mod file;
pub mod redis;

use super::{Lang, texts};

/// A sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Both {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

impl Both {
    /// It in one language.
    #[must_use]
    pub const fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

/// What is said of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it is, in half a sentence.
    pub about: Both,
    /// Why it keeps its promise, or how it breaks it.
    pub why: Both,
    /// The kind of program that it is met in.
    pub met_in: Both,
    /// How it is mended, or what to mind.
    pub fix: Both,
}

texts! {
    /// Above the list: protocols of ticket files.
    heading_of_files() { en: "On a file", zh: "在文件上" }
    /// Above the list: protocols of databases.
    heading_of_databases() { en: "In a database", zh: "在数据库里" }
    /// Above the list: protocols of Redis.
    heading_of_redis() { en: "At Redis", zh: "在 Redis 里" }
    /// Below the list.
    list_hint() {
        en: "One of them:  ticketsim protocols NAME",
        zh: "看其中一个：  ticketsim protocols NAME",
    }
    /// The promise: it keeps buyers apart.
    keeps() { en: "keeps", zh: "守得住" }
    /// The promise: it lets a race happen.
    breaks() { en: "breaks", zh: "守不住" }
    /// The first line of an entry.
    title(name, about) { en: "{name}: {about}", zh: "做法 {name}：{about}" }
    /// Heading of a line.
    steps() { en: "steps", zh: "步骤" }
    /// Heading of a line.
    store() { en: "at", zh: "位置" }
    /// Heading of a line: why it breaks.
    goes_wrong() { en: "goes wrong", zh: "怎么出错" }
    /// Heading of a line: why it holds.
    holds() { en: "holds", zh: "为何守得住" }
    /// Heading of a line: the shortest schedule.
    shortest() { en: "shortest", zh: "最短的调度" }
    /// Heading of a line: the programs that do it.
    met_in() { en: "met in", zh: "见于" }
    /// Heading of a line: how it is mended.
    fix() { en: "fix", zh: "修法" }
    /// Heading of a line: what to mind of one that holds.
    mind() { en: "mind", zh: "留意" }
    /// Heading of a line: the same under other locks, or at other levels.
    also() { en: "also", zh: "另外" }
    /// Heading of a line: the protocol to compare it with.
    beside() { en: "beside it", zh: "对照" }
    /// What the schedule comes to, and how many there are.
    comes_to(outcome, unsound, schedules) {
        en: "{outcome}; so do {unsound} of {schedules}",
        zh: "{outcome}；{schedules} 种里有 {unsound} 种会出错",
    }
    /// What all schedules come to.
    all_hold(schedules, buyers, tickets) {
        en: "all {schedules} orders of {buyers} and {tickets} are sound",
        zh: "{buyers}、{tickets}的全部 {schedules} 种顺序都正确",
    }
    /// What a schedule comes to: receipts and anomalies.
    outcome(receipts, tickets, anomalies) {
        en: "{receipts} for {tickets}: {anomalies}",
        zh: "{tickets}换来 {receipts}：{anomalies}",
    }
    /// Before the three commands.
    to_see_it() { en: "To see it:", zh: "想亲眼看到：" }
}
