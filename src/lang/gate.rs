//! The words of the gate.

// Without PostgreSQL there is none.
#![cfg_attr(not(feature = "postgres"), allow(dead_code))]

use super::texts;

texts! {
    /// Where the gate is open, before a shop that we start.
    open(gate, database) {
        en: "gate open at {gate}, before {database}",
        zh: "闸门已在 {gate} 打开，后面是 {database}",
    }
    /// Where the gate is open, before a shop that the user starts.
    set_address(gate) {
        en: "give the shop {gate} as its database (sslmode=disable), and start it; waiting for it",
        zh: "请让商店把 {gate} 当作它的数据库（sslmode=disable），然后启动它；正在等它",
    }
    /// What was learned.
    background(texts) { en: "background, passes: {texts}", zh: "后台语句，放行：{texts}" }
    /// All orders.
    all_orders(orders, unsound) {
        en: "all {orders} orders of the statements at the gate; {unsound} of them are unsound",
        zh: "闸门处语句的全部 {orders} 种次序；其中 {unsound} 种出错",
    }
    /// One order.
    one_order() { en: "1 order, as given", zh: "1 种次序，按给定的" }
    /// Orders at random.
    random_orders(orders, unsound) {
        en: "{orders} orders at random; {unsound} of them are unsound",
        zh: "随机 {orders} 种次序；其中 {unsound} 种出错",
    }
    /// Some of all orders: it ended early.
    some_orders(orders, unsound) {
        en: "{orders} orders, and not all there are; {unsound} of them are unsound",
        zh: "{orders} 种次序，还不是全部；其中 {unsound} 种出错",
    }
    /// Orders with few switches.
    few_switches(orders, most, unsound) {
        en: "{orders} orders, those with at most {most} switches; {unsound} of them are unsound",
        zh: "{orders} 种次序，切换不超过 {most} 次；其中 {unsound} 种出错",
    }
    /// The bound of a sample without any unsound order.
    bound(high) {
        en: "below {high} % of the orders as they are drawn, with 95 % confidence",
        zh: "以 95% 的把握，低于这样抽取的次序的 {high}%",
    }
    /// Orders that were left out.
    reduced(checked) {
        en: "left out: orders that differ from one of these only in steps that touch different tables, or in who waits where a wait makes no difference ({checked} that were run nevertheless came to the same ends)",
        zh: "略去：与其中某一种只在涉及不同表的步骤上、或在等待与否无关紧要之处不同的次序（仍然运行了 {checked} 种，结局相同）",
    }
    /// How fast.
    speed(rate) { en: "{rate} orders a second", zh: "每秒 {rate} 种次序" }
    /// Runs that ran into the patience.
    parked(number, patience) {
        en: "note: in {number} of them a request neither asked nor answered for {patience}, and another went on: a lock of its own, a pool, a timer?",
        zh: "注意：其中 {number} 种里有请求在 {patience} 内既不发语句也不回答，于是让别的请求先走：是它自己的锁、连接池、还是定时器？",
    }
    /// In which system calls the shop's threads stood then.
    evidence(calls) { en: "  the shop's threads stood in {calls}", zh: "  当时商店的线程停在：{calls}" }
    /// Requests that share a connection.
    shared() {
        en: "note: requests share a connection, and a statement behind one that is held can't be asked first: there are fewer orders than with a connection each",
        zh: "注意：请求共用一个连接，排在被拦住的语句后面的语句不能先执行：次序比各用一个连接时少",
    }
    /// Sound: there is one order.
    sound_only() {
        en: "SOUND in the only order of the statements at the gate",
        zh: "闸门处语句只有一种次序，它是正确的",
    }
    /// All orders: there is one.
    only_order(unsound) {
        en: "1 order of the statements at the gate; {unsound} of them unsound",
        zh: "闸门处语句只有 1 种次序；其中 {unsound} 种出错",
    }
    /// The order that is shown.
    shortest(switches, same, of) {
        en: "the shortest that is unsound turns {switches} times from one buyer to another; replayed, it came to the same {same} of {of} times:",
        zh: "最短的出错次序在买家之间切换 {switches} 次；重放 {of} 次，{same} 次结果相同：",
    }
    /// The order that is shown, which was not replayed.
    order_shown() { en: "the order:", zh: "次序：" }
    /// The heading of a column.
    buyer(number) { en: "buyer {number}", zh: "买家 {number}" }
    /// Rows of an answer.
    rows(number) { en: "{number} rows", zh: "{number} 行" }
    /// One row of an answer.
    row(first) { en: "1 row: {first}", zh: "1 行：{first}" }
    /// Rows of an answer, the first of them.
    rows_first(number, first) { en: "{number} rows: {first} …", zh: "{number} 行：{first}……" }
    /// It waited.
    waits(whom) { en: "waits for {whom}", zh: "等待 {whom}" }
    /// It waited for a connection of no buyer.
    others() { en: "others", zh: "其他人" }
    /// It goes on.
    woken(said) { en: "goes on: {said}", zh: "继续：{said}" }
    /// The order as a file.
    as_file(order) { en: "order: {order}", zh: "次序：{order}" }
    /// How to replay it.
    how_to_replay() {
        en: "written into a file, --order FILE makes it happen again, and --expect unsound makes that a test",
        zh: "写进文件后，用 --order FILE 可以重演，用 --expect unsound 可以把它变成测试",
    }
    /// Sound.
    sound_all(orders) {
        en: "SOUND in all {orders} orders of the statements at the gate",
        zh: "闸门处语句的全部 {orders} 种次序都正确",
    }
    /// Sound, as far as it was tried.
    sound_some(orders) { en: "SOUND in the {orders} orders that were tried", zh: "试过的 {orders} 种次序都正确" }
    /// It can't be judged.
    unknown(why) { en: "UNKNOWN: {why}", zh: "无法判定：{why}" }
    /// What was found is shown, and the rest was not done.
    ended_early(why) { en: "it ended before its time: {why}", zh: "提前结束：{why}" }
    /// It was expected otherwise.
    expected(expected, is) { en: "expected {expected}, and it is {is}", zh: "期望是 {expected}，实际是 {is}" }
    /// It is as expected.
    as_expected(is) { en: "{is}, as expected", zh: "{is}，与期望相符" }

    /// Why: interrupted.
    interrupted() { en: "interrupted", zh: "已中断" }
    /// Why: nothing came through the gate.
    nothing_came(gate) {
        en: "purchases were made, and no statement came through the gate: does the shop use {gate} as its database?",
        zh: "有购买，却没有语句经过闸门：商店用 {gate} 作它的数据库了吗？",
    }
    /// Why: an order can't be followed.
    differs(step, expected, held) {
        en: "step {step}: expected {expected}; held: {held}",
        zh: "第 {step} 步：期望 {expected}；正被拦住的：{held}",
    }
    /// No step.
    nothing() { en: "nothing", zh: "无" }
    /// Why: two runs differ.
    unsteady(one, other) {
        en: "two runs of one order differ, so something else decides (a cache, a limit, a random number, a retry):\n  {one}\n  {other}",
        zh: "同一次序的两次运行不同，说明还有别的因素（缓存、限流、随机数、重试）：\n  {one}\n  {other}",
    }
    /// Why: ambiguous.
    ambiguous(statement, buyers) {
        en: "ambiguous: {statement} may be of any of the buyers {buyers}, and nothing tells whose",
        zh: "无法分辨：{statement} 可能属于买家 {buyers} 中的任何一个",
    }
    /// Why: closed while held.
    closed(statement) {
        en: "the shop closed its connection while a statement was held or waited ({statement}): give it a longer time-out",
        zh: "语句被拦住或在等待时，商店关闭了连接（{statement}）：请把它的超时调长",
    }
    /// Why: the database closed a connection.
    lost(statement) {
        en: "the database closed a connection on which a statement was held or waited ({statement})",
        zh: "语句被拦住或在等待时，数据库关闭了连接（{statement}）",
    }
    /// Why: at the database nobody waits.
    no_session(step) {
        en: "{step} is not answered, and the database knows no session that asked it: is there a pooler between the gate and the database? Put the gate behind it, before the database itself",
        zh: "{step} 没有得到回答，而数据库不认识发出它的会话：闸门和数据库之间有连接池程序吗？请把闸门放在它后面、数据库前面",
    }
    /// Why: nothing goes on.
    stuck(what) {
        en: "nothing goes on within the time of an answer (--timeout): {what}",
        zh: "在回答的限定时间（--timeout）内毫无进展：{what}",
    }
    /// Why nothing goes on: a buyer neither asks nor answers.
    silent(buyer) { en: "buyer {buyer} neither asks nor answers", zh: "买家 {buyer} 既不发语句也不回答" }
    /// Why: ever new statements come in the background.
    strangers() {
        en: "ever new statements come in the background: name them, --background REGEX",
        zh: "后台不断出现新的语句：请用 --background 正则 说明",
    }
    /// Why: no end of statements.
    no_end(number) { en: "there is no end of statements: {number} and more", zh: "语句没完没了：已有 {number} 条以上" }
    /// Why: the budget is spent.
    budget(orders) {
        en: "there are more orders than may be tried: {orders} were, and none of them is unsound; take --orders random:500 or depth:3, or fewer buyers",
        zh: "次序太多，试不完：试过 {orders} 种，没有出错的；请用 --orders random:500 或 depth:3，或减少买家",
    }
    /// Why: orders that can't be judged.
    unjudged(orders) {
        en: "{orders} of the orders could not be judged: answers that no rule matches, or a stock that can't be read?",
        zh: "有 {orders} 种次序无法判定：有规则不匹配的回答，还是读不到库存？",
    }
}
