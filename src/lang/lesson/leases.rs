//! The words of the lesson `leases`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "a lock that ends by itself, while its holder sleeps",
        zh: "会自己到期的锁，持有者却睡着了",
    }
    /// What will happen.
    predicts(lease) {
        en: "A lease on a file lasts {lease} ms. Its holder will be stopped (SIGSTOP) between\n\
             read and write; another process will take over and buy; then it goes on.",
        zh: "文件上的租约有效 {lease} 毫秒。持有者会在读与写之间被停住（SIGSTOP）；另一个\n\
             进程接手并买票；然后前一个继续。",
    }
    /// A heading.
    lease(unsound, all) {
        en: "Under a lease ({unsound} of {all} orders oversell, if it may end at any time):",
        zh: "用租约（若随时可能到期，{all} 种顺序中有 {unsound} 种超卖）：",
    }
    /// The same pause under a flock.
    flock(unsound, all, schedule, receipts) {
        en: "Under flock ({unsound} of {all}): {schedule}: receipts {receipts}",
        zh: "用 flock（{all} 种中 {unsound} 种）：{schedule}：收据 {receipts} 张",
    }
    /// A claim.
    sold_twice() {
        en: "one ticket was sold twice: both held the lock, one after the other",
        zh: "一张票卖了两次：两人先后持锁",
    }
    /// A claim.
    wrote_last() {
        en: "the first wrote after the second had its receipt, and noticed nothing",
        zh: "后一个拿到收据之后，前一个才写，而且毫无察觉",
    }
    /// A claim.
    outlasts() {
        en: "under flock the pause cost time, and no ticket",
        zh: "用 flock，停住只耽误时间，不多卖票",
    }
    /// Why it is so.
    why() {
        en: "Why: a lease can't tell a slow holder from a dead one. Who is late has to be\n\
             rejected by the store, by a token:  ticketsim protocols lease-fenced",
        zh: "为什么：租约分不清慢的持有者和死的持有者。迟到的人要由存储靠令牌来拒绝：\n\
             ticketsim protocols lease-fenced",
    }
}
