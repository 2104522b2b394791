//! The words of `check`, and of purchases that contradict each other in their order.

use super::texts;

texts! {
    /// `check`: an interrupt came before all histories were judged.
    check_interrupted(done, all) {
        en: "interrupted: {done} of {all} histories were judged",
        zh: "被中断：{all} 份历史记录只判断了 {done} 份",
    }
    /// out_of_order, in one sentence.
    out_of_order() {
        en: "out of order: no order of the purchases fits both their times and a counter that only goes down",
        zh: "次序矛盾：没有一种购买顺序既符合时间，又符合只减不增的票数",
    }
    /// refused_early, in one sentence.
    refused_early() {
        en: "refused early: a buyer was told that too few were left, and enough were",
        zh: "过早拒绝：有人被告知票不够，其实还够",
    }
    /// No order has a place for a refusal.
    no_place_refused(buyer, tickets) {
        en: "buyer {buyer} was refused {tickets}, and from its call to its return as many were left in every order",
        zh: "买家 {buyer} 要 {tickets}，被告知不够，但从调用到返回，无论按什么顺序都还剩这么多",
    }
    /// No order has a place for a refusal that says its stock.
    no_place_refused_from(buyer, tickets, stock) {
        en: "buyer {buyer} was refused {tickets} from a stock of {stock}, which no order leads to between its call and its return",
        zh: "买家 {buyer} 在库存 {stock} 时要 {tickets}，被告知不够，但从调用到返回，没有哪种顺序会到这个库存",
    }
    /// No order has a place for a look.
    no_place_look(buyer, stock) {
        en: "buyer {buyer} saw {stock}, which no order leads to between its call and its return",
        zh: "买家 {buyer} 看到 {stock}，但从调用到返回，没有哪种顺序会到这个库存",
    }
    /// No order has a place for a give-back.
    no_place_return(buyer, tickets, stock) {
        en: "buyer {buyer} gave back {tickets} to a stock of {stock}, which no order leads to between its call and its return",
        zh: "买家 {buyer} 在库存 {stock} 时退了 {tickets}，但从调用到返回，没有哪种顺序会到这个库存",
    }
    /// No order has a place for a receipt.
    no_place_bought(buyer, tickets) {
        en: "buyer {buyer} bought {tickets}, and in no order were as many left between its call and its return",
        zh: "买家 {buyer} 买到 {tickets}，但从调用到返回，无论按什么顺序都没有这么多票",
    }
    /// No order has a place for a receipt that says its stock.
    no_place_bought_from(buyer, tickets, stock) {
        en: "buyer {buyer} bought {tickets} from a stock of {stock}, which no order leads to between its call and its return",
        zh: "买家 {buyer} 在库存 {stock} 时买到 {tickets}，但从调用到返回，没有哪种顺序会到这个库存",
    }
    /// No order leads to what remained.
    no_place_in_the_end(stock) {
        en: "{stock} were left in the end, which no order leads to",
        zh: "最后剩下 {stock}，没有哪种顺序会到这个库存",
    }
    /// …with whom it overlaps.
    among(buyers) { en: " (among those of buyers {buyers})", zh: "（同时进行的还有买家 {buyers} 的购买）" }
    /// The ruling: unsound, because of the order alone.
    unsound() {
        en: "UNSOUND: these purchases can't all have happened to one counter.",
        zh: "出错：这些购买不可能都发生在同一个计数器上。",
    }
    /// A buyer of a history that was read from a file.
    on_line(buyer, line) { en: "{buyer} (line {line})", zh: "{buyer}（第 {line} 行）" }
    /// The same, of several files that are one history.
    on_line_of(buyer, file, line) { en: "{buyer} ({file}:{line})", zh: "{buyer}（{file} 第 {line} 行）" }

    /// A refusal that read a stock.
    refused_with_stock(buyer, stock) {
        en: "buyer {buyer} was refused, and had read {stock}",
        zh: "买家 {buyer} 读到 {stock}，却被告知售罄",
    }
    /// The stock went up.
    backwards(first, low, gap, second, high) {
        en: "buyer {second} was sold a ticket from {high}, and began {gap} after buyer {first} was done, who was sold one from {low}: stock does not come back",
        zh: "买家 {first} 从库存 {low} 买到票，{gap} 之后买家 {second} 才开始，却从库存 {high} 买到票：库存不会涨回去",
    }
    /// Sold out, and yet sold.
    sold_after_refusal(refused, gap, bought) {
        en: "buyer {bought} got a ticket, and began {gap} after buyer {refused} was told that nothing was left",
        zh: "买家 {refused} 被告知售罄，{gap} 之后买家 {bought} 才开始，却买到了票",
    }
    /// Sold out, and yet tickets were left.
    left_after_refusal(buyer, tickets) {
        en: "buyer {buyer} was told that nothing was left, and {tickets} remained in the end",
        zh: "买家 {buyer} 被告知售罄，最后却还剩 {tickets}",
    }
    /// One ticket that nobody bought.
    nobody_bought(ticket) { en: "nobody can have bought ticket {ticket}", zh: "没有人可能买到第 {ticket} 号票" }
    /// Several tickets that nobody bought.
    nobody_bought_any(high, low) {
        en: "nobody can have bought tickets {high} to {low}",
        zh: "没有人可能买到第 {high} 到第 {low} 号票",
    }
    /// Several tickets, some of which nobody bought.
    nobody_bought_some(missing, high, low) {
        en: "{missing} of the tickets {high} to {low} nobody can have bought",
        zh: "第 {high} 到第 {low} 号票里，有 {missing} 张没有人可能买到",
    }
    /// …between a receipt and what follows.
    and_after(buyer, stock) {
        en: ", after buyer {buyer} began, who was sold one from {stock},",
        zh: "（从库存 {stock} 买到票的买家 {buyer} 开始之后）",
    }
    /// …and yet a later one was sold.
    yet_sold(buyer, stock) {
        en: " before buyer {buyer} was done, who was sold one from {stock}",
        zh: "，而买家 {buyer} 已经从库存 {stock} 买到票",
    }
    /// …and yet a buyer was refused.
    yet_refused(buyer) {
        en: " before buyer {buyer} was told that nothing was left",
        zh: "，而买家 {buyer} 已被告知售罄",
    }
    /// …and yet they are gone.
    yet_gone() { en: ", and yet it was gone in the end", zh: "，最后却没有了" }
    /// A receipt without a ticket.
    no_ticket_for(buyers) {
        en: "there was no ticket for buyer {buyers}",
        zh: "没有票可以卖给买家 {buyers}",
    }
    /// More receipts than tickets in a stretch.
    crowded(receipts, tickets, buyers) {
        en: "{receipts} (buyers {buyers}) can only be for {tickets}",
        zh: "{receipts}（买家 {buyers}）只可能对应 {tickets}",
    }
    /// …below a ticket.
    below_ticket(stock, buyer) {
        en: ": after ticket {stock}, sold to buyer {buyer}",
        zh: "：在卖给买家 {buyer} 的第 {stock} 号票之后",
    }
    /// …and above another.
    and_above_ticket(stock, buyer) {
        en: ", and before ticket {stock}, sold to buyer {buyer}",
        zh: "，并在卖给买家 {buyer} 的第 {stock} 号票之前",
    }
    /// …above a ticket.
    above_ticket(stock, buyer) {
        en: ": before ticket {stock}, sold to buyer {buyer}",
        zh: "：在卖给买家 {buyer} 的第 {stock} 号票之前",
    }

    /// Not judged: an order.
    undecided(purchases) {
        en: "whether an order fits was not decided: it hangs on {purchases}, with too many ways for them to have gone",
        zh: "无法断定是否有合适的顺序：取决于 {purchases}，可能的走法太多",
    }
    /// A line that was cut short.
    cut_short(line) {
        en: "line {line} was cut short by its writer: it is judged as a purchase that may have happened or not",
        zh: "第 {line} 行没有写完：按可能发生、也可能没发生的购买来判断",
    }

    /// The same, in one of several files.
    cut_short_in(file, line) {
        en: "{file}:{line} was cut short by its writer: it is judged as a purchase that may have happened or not",
        zh: "{file}:{line} 没有写完：按可能发生、也可能没发生的购买来判断",
    }

    /// What a history holds.
    holds(name, purchases, bought, refused, failed, unanswered) {
        en: "{name}: {purchases}: {bought} bought, {refused} refused, {failed} failed, {unanswered} without an answer",
        zh: "{name}：{purchases}：{bought} 次买到，{refused} 次售罄，{failed} 次失败，{unanswered} 次没有答复",
    }
    /// …and tickets that were given back.
    and_returned(tickets) { en: ", {tickets} given back", zh: "，退回 {tickets}" }
    /// …and who looked.
    and_looks(count) { en: ", looked at {count} ×", zh: "，{count} 次查看库存" }
    /// Members that nothing was made of.
    ignored(members) { en: "ignored: {members}", zh: "未识别而忽略：{members}" }
    /// To what times were cut.
    resolution(span) { en: "a time t lies from t to t + {span} (its resolution)", zh: "时间 t 在 t 到 t + {span} 之间（分辨率）" }
    /// By how much clocks may be wrong.
    clock_error(span) { en: "a time may be wrong by {span} either way (the clocks' error)", zh: "时间前后可能差 {span}（时钟误差）" }
    /// All times are round.
    coarse(span) {
        en: "every time is a whole multiple of {span}: if they were cut to that, say --resolution {span}",
        zh: "所有时间都是 {span} 的整数倍：如果是截断出来的，请加 --resolution {span}",
    }
    /// All times are round, and that may be all.
    coarse_and_vanishes(span) {
        en: "every time is a whole multiple of {span}: if they were cut to that, nothing of this is proven (--resolution {span})",
        zh: "所有时间都是 {span} 的整数倍：如果是截断出来的，以上就都不成立（--resolution {span}）",
    }
    /// Files whose clocks can't be compared.
    no_common_clock() {
        en: "these files have no clock in common (wall_ns in their headers): the books alone are judged, not the order",
        zh: "这些文件没有共同的时钟（文件头里的 wall_ns）：只核对账目，不判断顺序",
    }
    /// How many items there are.
    items(all, sound) { en: "{all} items, {sound} of them sound", zh: "共 {all} 种商品，其中 {sound} 种正确" }
    /// What sound means where more than tickets is sold.
    fits_all() {
        en: "there is an order of all of it that fits the times and one counter",
        zh: "有一种顺序，既符合所有时间，又符合同一个计数器",
    }
    /// The stock at the start, from the header.
    from_header(tickets) { en: "{tickets} at the start (from the header)", zh: "开始时有 {tickets}（据文件头）" }
    /// The stock at the start, from the command line.
    from_tickets(tickets) { en: "{tickets} at the start (from --tickets)", zh: "开始时有 {tickets}（据 --tickets）" }
    /// The stock at the start, from the highest stock.
    from_highest(tickets) {
        en: "{tickets} at the start (the highest stock that a purchase says)",
        zh: "开始时有 {tickets}（据各次购买里最高的库存）",
    }
    /// What sound means.
    fits() {
        en: "there is an order of the purchases that fits their times and one ticket counter",
        zh: "有一种购买顺序，既符合时间，又符合同一个票数计数器",
    }
}
