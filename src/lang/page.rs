//! The words of the page. It carries both languages, so its script takes them from here, too: the whole table
//! travels in the page, and what stands in braces is filled in there.

use super::{Lang, texts};

/// The text of this name, as the table has it; the name itself where there is none.
#[must_use]
pub fn named(name: &str, lang: Lang) -> &str {
    ALL.iter().find(|(known, ..)| *known == name).map_or(name, |(_, en, zh)| match lang {
        Lang::En => en,
        Lang::Zh => zh,
    })
}

/// All texts: name, English, Chinese.
#[must_use]
pub fn table() -> &'static [(&'static str, &'static str, &'static str)] {
    ALL
}

texts! {
    /// The ruling.
    ruling_sound() { en: "sound", zh: "正确" }
    /// The ruling.
    ruling_unsound() { en: "unsound", zh: "出错" }
    /// The ruling.
    ruling_unknown() { en: "unknown", zh: "无法判定" }
    /// Figures of the books.
    at_the_start() { en: "tickets at the start", zh: "开售时的票" }
    /// Figures of the books.
    receipts() { en: "receipts", zh: "收据" }
    /// Figures of the books.
    refused() { en: "refused", zh: "售罄" }
    /// Figures of the books.
    failed() { en: "failed", zh: "失败" }
    /// Figures of the books.
    without_an_answer() { en: "without an answer", zh: "没有答复" }
    /// Figures of the books.
    left() { en: "tickets left", zh: "余票" }
    /// Figures of the books.
    sold_by_others() { en: "sold by others", zh: "别人卖出" }
    /// Figures of the books.
    put_on_sale_by_others() { en: "put on sale by others", zh: "别人上架" }
    /// Figures of the books.
    oversold() { en: "oversold", zh: "超卖" }
    /// The title, where no plan is known.
    no_lock() { en: "no lock", zh: "无锁" }
    /// The title: a lock of Redis.
    lock_of(kind) { en: "lock {kind}", zh: "锁 {kind}" }
    /// A fact of the plan.
    until_refused() { en: "until refused", zh: "买到售罄为止" }
    /// A fact of the plan.
    each(count) { en: "{count} a buyer", zh: "每人 {count} 次" }
    /// A fact of the plan.
    think(time, percent) { en: "think {time} ± {percent} %", zh: "思考 {time} ± {percent}%" }
    /// A fact of the plan.
    lock_timeout(time) { en: "lock timeout {time}", zh: "等锁上限 {time}" }
    /// A fact of the plan.
    seed(seed) { en: "seed {seed}", zh: "种子 {seed}" }
    /// Before the command.
    run_it_again() { en: "Run it again:", zh: "再跑一次：" }
    /// A button.
    copy() { en: "Copy", zh: "复制" }
    /// What the button says then.
    copied() { en: "Copied", zh: "已复制" }
    /// What the button says where it may not copy.
    selected() { en: "Selected", zh: "已选中" }
    /// A heading.
    timeline() { en: "Timeline", zh: "时间线" }
    /// The legend's name.
    legend() { en: "Legend", zh: "图例" }
    /// The legend: the pale band of a purchase.
    under_way() { en: "from call to return", zh: "从开始到结束" }
    /// The legend.
    waits_for_lock() { en: "waits for the lock", zh: "等锁" }
    /// The legend.
    holds_it() { en: "holds it", zh: "持锁" }
    /// The legend.
    waits_for_row() { en: "waits for the row", zh: "等行锁" }
    /// The legend.
    has_row() { en: "has locked it", zh: "持行锁" }
    /// The legend.
    in_transaction() { en: "in a transaction (■ committed, ✕ rolled back)", zh: "事务中（■ 提交，✕ 回滚）" }
    /// The legend.
    vain_tries() { en: "tries that came to nothing", zh: "白费的尝试" }
    /// The legend.
    reads() { en: "reads", zh: "读" }
    /// The legend.
    thinks() { en: "thinks", zh: "思考" }
    /// The legend.
    writes() { en: "writes", zh: "写" }
    /// The legend.
    file_is_empty() { en: "file is empty", zh: "文件是空的" }
    /// The legend: an outcome.
    outcome_bought() { en: "bought", zh: "买到" }
    /// The legend: an outcome.
    outcome_refused() { en: "refused", zh: "售罄" }
    /// The legend: an outcome.
    outcome_failed() { en: "failed", zh: "失败" }
    /// The legend: an outcome.
    outcome_unknown() { en: "no answer", zh: "没有答复" }
    /// The legend: an outcome.
    outcome_returned() { en: "given back", zh: "退票" }
    /// The legend: an outcome.
    outcome_read() { en: "looked", zh: "看了库存" }
    /// The legend, the table and a title: a receipt for a ticket that was sold before.
    sold_already() { en: "sold already", zh: "早已卖出" }
    /// The legend.
    anomaly() { en: "anomaly", zh: "异常" }
    /// The legend: what had no room in the record.
    not_recorded() { en: "not recorded", zh: "没有记录" }
    /// In the legend: by how much a host's times may be wrong.
    clock_error() { en: "its clock's error", zh: "时钟误差" }
    /// In the legend: a host that was lost.
    host_lost() { en: "host lost: nothing is known", zh: "主机失联：情况不明" }
    /// Beside what is known of a purchase: its host.
    tip_host() { en: "host", zh: "主机" }
    /// Beside the plan: a ticket file with several names.
    by_names(names) { en: "one file by several names: {names}", zh: "同一个文件的几个名字：{names}" }
    /// In the hatched part of the picture.
    not_recorded_many(count) { en: "not recorded: {count} purchases", zh: "没有记录：{count} 次购买" }
    /// Below the picture.
    not_recorded_note(count) {
        en: "{count} purchases had no room in the record: they are counted above, and not drawn (hatched).",
        zh: "有 {count} 次购买没有记录的余地：上面的数字算了它们，图里没有画（斜线部分）。",
    }
    /// Below the picture, where statements that write may have waited for a row.
    waits_unseen_note() {
        en: "A statement that writes is drawn where it ends: what stands before it may be thinking, or waiting for the row.",
        zh: "写入的语句画在它结束的时刻：在它之前，可能是在思考，也可能是在等行锁。",
    }
    /// The label of the search.
    buyer_label() { en: "Buyer", zh: "买家" }
    /// In the empty search.
    search_hint() { en: "number, name or pid", zh: "编号、名字或进程号" }
    /// A button.
    by_number() { en: "By number", zh: "按编号" }
    /// What the button does.
    by_number_title() { en: "Order the lanes by number or name, not by turn (o)", zh: "按编号或名字排，不按先后（o）" }
    /// A button.
    zoom_out() { en: "Zoom out (-)", zh: "缩小（-）" }
    /// A button.
    zoom_in() { en: "Zoom in (+)", zh: "放大（+）" }
    /// A button.
    all() { en: "All", zh: "全部" }
    /// What the button does.
    all_title() { en: "See all (Esc)", zh: "看全部（Esc）" }
    /// A button.
    png_title() { en: "Keep the picture as a PNG file", zh: "把图存成 PNG 文件" }
    /// A button.
    bigger() { en: "Bigger type, for a projector (b)", zh: "放大字号，投影用（b）" }
    /// A button.
    switch_language() { en: "In Chinese", zh: "换成英文" }
    /// What the picture is, for a reader who can't see it.
    timeline_role() { en: "timeline", zh: "时间线" }
    /// What the picture is, for a reader who can't see it.
    timeline_label(title) { en: "{title}: a lane for each buyer, time from left to right", zh: "{title}：每个买家一行，时间从左到右" }
    /// The keys, for a reader with a keyboard.
    keys() {
        en: "Drag to move, *Ctrl* + wheel or *+* *−* to zoom, double-click a purchase to fill the view with it, *,* *.* purchase by purchase, *n* *p* anomaly by anomaly, *Space* plays, *j* *l* one event back or on, *[* *]* row height, *o* order, */* find a buyer, *Esc* see all.",
        zh: "拖动平移，*Ctrl* + 滚轮或 *+* *−* 缩放，双击一次购买让它占满画面，*,* *.* 逐次购买，*n* *p* 逐个异常，*空格* 播放，*j* *l* 退或进一个事件，*[* *]* 行高，*o* 排序，*/* 找买家，*Esc* 看全部。",
    }
    /// The gestures, for fingers.
    gestures() {
        en: "Drag sideways to move, pinch to zoom, tap a purchase to see it, tap it twice to fill the view with it.",
        zh: "横向拖动平移，双指缩放，点一次购买看详情，连点两下让它占满画面。",
    }
    /// A heading.
    went_wrong() { en: "What went wrong", zh: "出了什么错" }
    /// The legend.
    mishap_letters() { en: "K killed, P paused, G goes on, X lease expires", zh: "K 被杀死，P 暂停，G 继续，X 租约过期" }
    /// A heading.
    befell() { en: "What befell buyers", zh: "买家遭遇了什么" }
    /// A heading.
    how_long() { en: "How long it took", zh: "用了多久" }
    /// A chart.
    wait() { en: "wait", zh: "等锁" }
    /// What it shows.
    wait_about() { en: "from the call until the lock was granted", zh: "从调用到拿到锁" }
    /// A chart.
    hold() { en: "hold", zh: "持锁" }
    /// What it shows.
    hold_about() { en: "from the grant until the lock was let go", zh: "从拿到锁到放开锁" }
    /// A chart.
    purchase() { en: "purchase", zh: "购买" }
    /// What it shows.
    purchase_about() { en: "from the call to the return", zh: "从调用到返回" }
    /// Below a chart.
    half_within() { en: "half within", zh: "半数不超过" }
    /// Below a chart.
    longest() { en: "longest", zh: "最长" }
    /// A chart, for a reader who can't see it.
    distribution(count, low, high) {
        en: "distribution of {count} durations from {low} to {high}",
        zh: "{count} 个时长的分布，从 {low} 到 {high}",
    }
    /// A bar of a chart.
    between(count, low, high) { en: "{count} between {low} and {high}", zh: "{low} 到 {high} 之间有 {count} 个" }
    /// Above the table.
    as_a_table(purchases) {
        en: "The same as a table: {purchases} in the order of their calls",
        zh: "同样的内容列成表：{purchases}，按调用先后",
    }
    /// The table.
    col_buyer() { en: "buyer", zh: "买家" }
    /// The table, and a tip.
    col_process() { en: "process", zh: "进程" }
    /// The table.
    col_outcome() { en: "outcome", zh: "结果" }
    /// The table, and a tip.
    col_stock() { en: "stock read", zh: "读到的库存" }
    /// The table.
    col_called() { en: "called at", zh: "调用于" }
    /// The table, and a tip.
    col_waited() { en: "waited", zh: "等了" }
    /// The table, and a tip.
    col_held() { en: "held", zh: "持锁" }
    /// The table, and a tip.
    col_took() { en: "took", zh: "用了" }
    /// The table, and a tip.
    col_why() { en: "why", zh: "原因" }
    /// In the table: what it was sold from, where that is not what it read.
    cell_sold_from(seen, sold) { en: "{seen} (sold from {sold})", zh: "{seen}（从 {sold} 卖出）" }
    /// In the table.
    tried_aborted(tries, aborted, code) { en: "{tries} tries, {aborted} aborted ({code})", zh: "试了 {tries} 次，{aborted} 次被中止（{code}）" }
    /// In the table, and a tip.
    tried(tries) { en: "{tries} tries", zh: "试了 {tries} 次" }
    /// Where no script runs.
    no_script() { en: "The timeline is drawn by a script, which is switched off here.", zh: "时间线由脚本画出，而这里禁用了脚本。" }

    /// The name of a lane.
    buyer(name) { en: "buyer {name}", zh: "买家 {name}" }
    /// A title.
    buyer_did(sign, buyer, outcome) { en: "{sign} {buyer}: {outcome}", zh: "{sign} {buyer}的结果：{outcome}" }
    /// Beside the stock.
    stock() { en: "stock", zh: "库存" }
    /// Beside the stock, where only receipts tell it.
    by_receipts() { en: "by receipts", zh: "按收据算" }
    /// A line of the stock.
    in_the_file(stock) { en: "stock in the store: {stock}", zh: "店里的库存：{stock}" }
    /// A line of the stock.
    minus_receipts(stock) { en: "tickets − receipts: {stock}", zh: "票 − 收据：{stock}" }
    /// At the end of a bar.
    bought_ticket(ticket) { en: "bought ticket {ticket}", zh: "买到 {ticket} 号票" }
    /// At the end of a bar.
    again_ticket(ticket) { en: "ticket {ticket}, sold already", zh: "{ticket} 号票，早已卖出" }
    /// At the end of a bar.
    again_short(ticket) { en: "{ticket} again", zh: "又卖 {ticket} 号" }
    /// At the end of a bar.
    nothing_left() { en: "bought, with nothing left", zh: "买到，当时已无余票" }
    /// At the end of a bar.
    nothing_left_short() { en: "nothing left", zh: "已无余票" }
    /// At the end of a bar.
    bought_from(stock) { en: "bought, with {stock} left", zh: "买到，当时余 {stock}" }
    /// At the end of a bar.
    from_stock(stock) { en: "from {stock}", zh: "余 {stock}" }
    /// At the end of a bar.
    refused_sold_out() { en: "refused: sold out", zh: "售罄，没买到" }
    /// At the end of a bar.
    gave_back() { en: "gave back", zh: "退了票" }
    /// At the end of a bar.
    saw(stock) { en: "saw {stock}", zh: "看到 {stock}" }
    /// At the end of a bar.
    no_answer_why(why) { en: "no answer: {why}", zh: "没有答复：{why}" }
    /// Why: what a database said.
    by_the_database(fault, code) { en: "{fault} by the database ({code})", zh: "数据库{fault}（{code}）" }
    /// Why: with the system's number.
    with_errno(fault, number) { en: "{fault} (errno {number})", zh: "{fault}（错误号 {number}）" }
    /// Why: the process that died.
    with_process(fault, number) { en: "{fault} (process {number})", zh: "{fault}（进程 {number}）" }
    /// A fault.
    fault_lock_timeout() { en: "lock timeout", zh: "等锁超时" }
    /// A fault.
    fault_holder_gone() { en: "holder gone", zh: "持锁者已死" }
    /// A fault.
    fault_deadlock() { en: "deadlock", zh: "死锁" }
    /// A fault.
    fault_lock() { en: "lock", zh: "加锁出错" }
    /// A fault.
    fault_unlock() { en: "unlock", zh: "解锁出错" }
    /// A fault.
    fault_torn() { en: "torn", zh: "读到半截" }
    /// A fault.
    fault_read() { en: "read", zh: "读取出错" }
    /// A fault.
    fault_write() { en: "write", zh: "写入出错" }
    /// A fault.
    fault_aborted() { en: "aborted", zh: "中止" }
    /// A fault.
    fault_constraint() { en: "rejected", zh: "约束拒绝" }
    /// A fault.
    fault_fenced() { en: "fenced", zh: "令牌过旧，被挡下" }
    /// A fault.
    fault_store() { en: "rejected", zh: "拒绝" }
    /// A fault.
    fault_answer_lost() { en: "answer lost", zh: "答复丢失" }
    /// A fault.
    fault_stopped() { en: "stopped", zh: "被中断" }
    /// A fault.
    fault_killed() { en: "killed", zh: "被杀死" }

    /// A tip.
    tip_ticket() { en: "ticket", zh: "票" }
    /// A tip.
    none_was_left() { en: "none was left", zh: "已无余票" }
    /// A tip.
    tip_sold_from() { en: "sold from", zh: "卖自库存" }
    /// A tip.
    tip_tries() { en: "tries", zh: "尝试" }
    /// A tip.
    tip_met() { en: "met", zh: "读到" }
    /// A tip.
    tip_called() { en: "called", zh: "调用" }
    /// A tip.
    tip_locked() { en: "locked", zh: "拿到锁" }
    /// A tip.
    tip_read() { en: "read", zh: "读到" }
    /// A tip.
    tip_read_locked() { en: "read, row locked", zh: "读到，锁住行" }
    /// A tip.
    tip_emptied() { en: "emptied", zh: "清空" }
    /// A tip.
    tip_written() { en: "written", zh: "写好" }
    /// A tip.
    tip_unlocked() { en: "unlocked", zh: "放开锁" }
    /// A tip.
    tip_committed() { en: "committed", zh: "提交" }
    /// A tip.
    tip_returned() { en: "returned", zh: "返回" }
    /// A tip.
    tip_in_transaction() { en: "in a transaction", zh: "事务用时" }
    /// A tip.
    tip_read_to_written() { en: "read → written", zh: "读到 → 写好" }
    /// A tip.
    tip_tickets() { en: "tickets", zh: "张数" }
    /// A tip.
    tip_file() { en: "file", zh: "文件" }
    /// A tip.
    tip_line() { en: "line", zh: "行" }
    /// A tip.
    tip_at() { en: "at", zh: "时刻" }
    /// A tip: a moment.
    at_time(time) { en: "at {time}", zh: "在 {time}" }
    /// A tip: tries.
    tip_tried(tries, aborted, code) { en: "{tries}, {aborted} aborted{code}", zh: "{tries} 次，{aborted} 次被中止{code}" }
    /// A tip.
    tip_stock() { en: "stock in the store", zh: "店里的库存" }
    /// A tip.
    tip_owed() { en: "tickets minus receipts", zh: "票减收据" }

    /// Who was looked for.
    no_such_buyer(wanted) { en: "no buyer {wanted}, and no such process", zh: "没有买家 {wanted}，也没有这个进程" }
    /// Who was found.
    found_buyer(buyer, purchases) { en: "{buyer}: {purchases}", zh: "找到{buyer}：{purchases}" }
    /// Counted.
    one_purchase() { en: "1 purchase", zh: "1 次购买" }
    /// Counted.
    many_purchases(count) { en: "{count} purchases", zh: "{count} 次购买" }
    /// What is in view.
    in_view(time) { en: "{time} in view", zh: "画面里有 {time}" }
    /// Which lanes.
    which_lanes(first, last, lanes) { en: ", lanes {first}–{last} of {lanes}", zh: "，第 {first}–{last} 行，共 {lanes} 行" }
    /// All drawn.
    each_drawn(seen, all) { en: ". {seen} of {all} purchases in sight, each drawn.", zh: "。看得到 {all} 次购买中的 {seen} 次，每次都画了。" }
    /// Not all drawn.
    thinned(thin, seen) {
        en: ". {thin} of {seen} purchases here are too close to be drawn one by one: each column of pixels shows what is in it (full height bought, or sold already, lower half refused, upper half failed, middle waiting; the darker, the more of that time was spent on it). Zoom in to see them all.",
        zh: "。这里 {seen} 次购买中有 {thin} 次挤得没法一次次画：每列像素表示其中有什么（整高是买到或早已卖出，下半是售罄，上半是失败，中间是等待；越深，花在上面的时间越多）。放大就能全部看到。",
    }
    /// Arrows that lie on each other.
    crowded(arrows, drawn) {
        en: " {arrows} anomalies in sight, drawn as {drawn} arrows; n goes from one to the next.",
        zh: " 看得到 {arrows} 个异常，画成 {drawn} 个箭头；按 n 逐个看。",
    }

    /// Buttons of the playback.
    play() { en: "Play (Space)", zh: "播放（空格）" }
    /// Buttons of the playback.
    pause() { en: "Pause (Space)", zh: "暂停（空格）" }
    /// Buttons of the playback.
    step_back() { en: "One event back (j)", zh: "退一个事件（j）" }
    /// Buttons of the playback.
    step_on() { en: "One event on (l)", zh: "进一个事件（l）" }
    /// Buttons of the playback.
    speed() { en: "Speed (< >)", zh: "速度（< >）" }
    /// Buttons of the playback.
    scrub() { en: "The moment shown", zh: "显示的时刻" }
    /// What the playback is.
    playback() { en: "Playback", zh: "回放" }
    /// The moment, in words.
    moment(time, stock) { en: "{time}: stock {stock}", zh: "{time}：库存 {stock}" }
    /// The moment: who has the lock.
    moment_holder(buyers) { en: "{buyers} holds the lock", zh: "{buyers}持锁" }
    /// The moment: nobody has the lock.
    moment_free() { en: "the lock is free", zh: "锁空着" }
    /// The moment: how many do what.
    moment_count(count, state) { en: "{count} {state}", zh: "{count} 个{state}" }
    /// A buyer's state.
    state_before() { en: "not yet called", zh: "还没开始" }
    /// A buyer's state.
    state_waiting() { en: "waits", zh: "在等" }
    /// A buyer's state.
    state_trying() { en: "tries again", zh: "在重试" }
    /// A buyer's state.
    state_called() { en: "has called", zh: "已调用" }
    /// A buyer's state.
    state_holding() { en: "has the lock", zh: "拿到锁" }
    /// A buyer's state.
    state_read(stock) { en: "has read {stock}", zh: "读到 {stock}" }
    /// A buyer's state, of many.
    state_thinking() { en: "thinking", zh: "在思考" }
    /// A buyer's state.
    state_emptied() { en: "emptied the file", zh: "清空了文件" }
    /// A buyer's state.
    state_wrote() { en: "has written", zh: "写好了" }
}
