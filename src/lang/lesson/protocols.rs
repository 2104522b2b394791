//! The words of the lesson `protocols`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "where the lock stands among the steps decides",
        zh: "锁放在哪一步，决定会不会超卖",
    }
    /// What will happen.
    predicts() {
        en: "Two processes want one ticket, by four protocols. A model counts every order\n\
             of their steps; then one order of each will happen for real, held at gates.",
        zh: "两个进程按四种做法抢一张票。先由模型数遍两人步骤的每一种顺序，再让其中\n\
             一种在真的进程上发生：每个进程在每一步前都停下来等。",
    }
    /// A protocol: its steps, and how many orders go wrong.
    counted(name, steps, unsound, all) {
        en: "{name}: {steps}; {unsound} of {all} orders oversell",
        zh: "{name}：{steps}；{all} 种顺序中有 {unsound} 种超卖",
    }
    /// What an order came to.
    came_to(schedule, receipts) {
        en: "{schedule} happened: receipts for one ticket: {receipts}",
        zh: "{schedule} 发生了：一张票，收据 {receipts} 张",
    }
    /// A claim.
    some_orders_break() {
        en: "each of the first three has orders that oversell",
        zh: "前三种做法都有会超卖的顺序",
    }
    /// A claim.
    it_happens() {
        en: "what the model says of an order is what came of it",
        zh: "模型说这种顺序会怎样，真的就怎样",
    }
    /// A claim.
    locked_has_none() {
        en: "with the lock from before the read until after the write none does",
        zh: "读之前就拿锁、写之后才放，没有一种顺序超卖",
    }
    /// Why it is so.
    why() {
        en: "Why: the read decides, the write sells. A lock that does not cover both leaves\n\
             a gap in which another decides by the same stock.\n\
             All names:  ticketsim protocols",
        zh: "为什么：读的时候作决定，写的时候才卖出。锁若没有同时盖住这两步，中间就有\n\
             空隙，别人会照同一个余票作决定。全部做法：  ticketsim protocols",
    }
}
