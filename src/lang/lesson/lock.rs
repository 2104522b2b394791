//! The words of the lesson `lock`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "the ticket sale, with a lock and without",
        zh: "抢票，有锁与没有锁",
    }
    /// What will happen.
    predicts() {
        en: "Ten buyers want one ticket: each reads the stock, pauses twice, and writes one\n\
             less. With a lock they will queue, and one will get it; without, several will.",
        zh: "十个买家抢一张票。每人先读出余票，停顿两次，再把减一后的数写回去。有锁：\n\
             大家排队，只有一个人买到。没有锁：大家读到的都是同一个 1，一张票会卖好几次。",
    }
    /// A heading.
    with_lock(parent) {
        en: "With a lock: ten children of process {parent}",
        zh: "有锁：{parent} 号进程的十个子进程",
    }
    /// A heading.
    without_lock(parent) {
        en: "Without a lock: ten children of process {parent}",
        zh: "没有锁：{parent} 号进程的十个子进程",
    }
    /// A buyer's result.
    got_a_ticket() { en: "got a ticket", zh: "买到票了" }
    /// A buyer's result.
    no_ticket() { en: "no ticket", zh: "没买到票" }
    /// A buyer's result.
    crashed() { en: "crashed", zh: "崩溃了" }
    /// Of the sales without pauses.
    torn(reads, text) {
        en: "No lock, no pauses: {reads} reads fell into a write and met {text}, no ticket file.",
        zh: "锁和停顿都去掉：有 {reads} 次恰好读在别人清空与写回之间，读到 {text}。",
    }
    /// Of the sales without pauses.
    not_torn() {
        en: "No lock, no pauses: this time no read fell between emptying and filling.",
        zh: "锁和停顿都去掉：这一次没有人恰好在别人清空文件、还没写回的瞬间去读。",
    }
    /// A claim.
    one_ticket_with_lock() {
        en: "with a lock: one ticket, nine refusals, 0 left",
        zh: "有锁：一人买到，九人没买到，余票 0",
    }
    /// A claim.
    lock_makes_a_queue(seconds) {
        en: "with a lock they queue: ten times two pauses, {seconds} s",
        zh: "有锁就要排队：十个人、每人停顿两次，共 {seconds} 秒",
    }
    /// A claim.
    oversold_without_lock(receipts) {
        en: "without a lock one ticket was sold {receipts} times",
        zh: "没有锁：一张票卖了 {receipts} 次",
    }
    /// Why it is so.
    why() {
        en: "Why: read, think, write are three steps; others come in between. A lock makes\n\
             them one for all who ask for it. Evidence:  ticketsim --tickets 1 --no-lock",
        zh: "为什么：读、想、写是三步，别人会插进来。锁把这三步变成一步，只要人人都先拿锁。\n\
             想看证据：  ticketsim --tickets 1 --no-lock",
    }
}
