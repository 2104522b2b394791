//! The words of the timeline in the terminal.

use super::texts;

texts! {
    /// The name of a lane.
    buyer(number) { en: "buyer {number}", zh: "买家 {number}" }
    /// The name of the line of the stock.
    stock() { en: "stock", zh: "库存" }
    /// What a purchase came to: a receipt.
    bought(ticket) { en: "bought ticket {ticket}", zh: "买到 {ticket} 号票" }
    /// A receipt for a ticket that was sold before.
    sold_already(ticket) { en: "bought ticket {ticket}, sold already", zh: "买到 {ticket} 号票，早已卖出" }
    /// The same, where there is little room.
    ticket(ticket) { en: "ticket {ticket}", zh: "{ticket} 号票" }
    /// The same, where there is little room.
    ticket_again(ticket) { en: "ticket {ticket} again", zh: "{ticket} 号票，重复" }
    /// A receipt for a ticket that was not there.
    sold_from_nothing(stock) { en: "bought, with {stock} left", zh: "买到，当时余 {stock}" }
    /// A receipt for an unknown ticket.
    bought_some() { en: "bought", zh: "买到" }
    /// Sold out.
    refused() { en: "sold out", zh: "售罄" }
    /// It had no effect.
    failed() { en: "failed", zh: "失败" }
    /// No answer came.
    unanswered() { en: "no answer", zh: "没有答复" }
    /// Tickets were given back.
    given_back() { en: "gave back", zh: "退票" }
    /// Somebody looked at the stock.
    looked(stock) { en: "saw {stock}", zh: "看到 {stock}" }
    /// The legend: letters.
    letters() { en: "R reads the stock, W writes it", zh: "R 读库存，W 写库存" }
    /// The legend: waiting.
    waiting(sign) { en: "{sign} waits for the lock", zh: "{sign} 等锁" }
    /// The legend: holding.
    holding(sign) { en: "{sign} holds it", zh: "{sign} 持锁" }
    /// The legend: between read and write without a lock.
    unlocked(sign) { en: "{sign} thinks, without a lock", zh: "{sign} 思考，没有锁" }
    /// The legend: a mishap.
    killed() { en: "K killed", zh: "K 被杀死" }
    /// The legend: a mishap, and its end.
    paused() { en: "P paused, G goes on", zh: "P 暂停，G 继续" }
    /// The legend: a mishap.
    expired() { en: "X its lease expires", zh: "X 租约过期" }

    /// A file that was written.
    wrote(path) { en: "wrote {path}", zh: "写好了 {path}" }
    /// The terminal has too few columns.
    too_narrow() {
        en: "the terminal is too narrow to draw it: -o timeline.html writes a page",
        zh: "终端太窄，画不下：用 -o timeline.html 写成网页",
    }
    /// There is more to see than a terminal can show.
    too_large() {
        en: "too large to be drawn in a terminal: -o timeline.html writes a page",
        zh: "终端里画不下：用 -o timeline.html 写成网页",
    }
}
