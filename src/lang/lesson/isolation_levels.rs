//! The words of the lesson `isolation-levels`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "what a transaction is worth, at SQLite",
        zh: "事务有多大用处：以 SQLite 为例",
    }
    /// What will happen.
    predicts() {
        en: "Two processes read the stock of a database, and write one less. Each statement\n\
             for itself, one ticket will be sold twice; with BEGIN one of them will be\n\
             aborted; with BEGIN IMMEDIATE the second will wait for the first.",
        zh: "两个进程读数据库里的余票，再写回减一后的数。每条语句各自提交：一张票会卖\n\
             两次；BEGIN：其中一个会被中止；BEGIN IMMEDIATE：后一个会等前一个。",
    }
    /// A level, and what all orders come to.
    level(level, unsound, all, aborting) {
        en: "{level}: of {all} orders {unsound} oversell, in {aborting} one is aborted",
        zh: "{level}：{all} 种顺序中 {unsound} 种超卖，{aborting} 种有一个被中止",
    }
    /// What an order came to.
    came_to(schedule, receipts, failed, waited) {
        en: "{schedule} happened: receipts {receipts}, aborted {failed}, waited {waited}",
        zh: "{schedule} 发生了：收据 {receipts} 张，中止 {failed} 次，等待 {waited} 次",
    }
    /// A claim.
    none_oversells() {
        en: "each statement for itself: both read 1, both write 0, both get a receipt",
        zh: "每条语句各自提交：两人都读到 1，都写 0，都拿到收据",
    }
    /// A claim.
    deferred_aborts(code) {
        en: "BEGIN: a buyer that writes too late is told so (code {code}), and sells nothing",
        zh: "BEGIN：要写得太晚的人被告知（代码 {code}），什么也没卖出",
    }
    /// A claim.
    immediate_waits() {
        en: "BEGIN IMMEDIATE: the second waits until the first commits; nobody is aborted",
        zh: "BEGIN IMMEDIATE：后一个等到前一个提交；没有人被中止",
    }
    /// Why it is so.
    why() {
        en: "Why: a transaction keeps what it has read, or says that it could not. Other\n\
             engines, other levels:  ticketsim matrix --store sqlite:PATH",
        zh: "为什么：事务要么保住自己读到的，要么说明没保住。别的引擎、别的级别：\n\
             ticketsim matrix --store sqlite:PATH",
    }
}
