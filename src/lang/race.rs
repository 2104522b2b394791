//! The words of a race of foreign buyers.

use super::texts;

texts! {
    /// Not judged: nothing overlapped.
    nothing_overlapped() {
        en: "nothing raced: no two purchases were under way at one time",
        zh: "没有竞争：没有任何两次购买同时进行",
    }
    /// Not judged: nobody bought.
    nothing_bought() {
        en: "nobody bought anything, although tickets were on sale: is it asked rightly?",
        zh: "有票可卖，却没有人买到：请求写对了吗？",
    }
    /// Not judged: too few purchases.
    too_few() {
        en: "no more purchases than tickets, and no stock to compare the receipts with: take more buyers, or --stock",
        zh: "购买次数不比票多，又没有库存可以核对收据：增加买家，或给出 --stock",
    }
    /// Not judged: unmatched answers.
    unmatched() {
        en: "there were answers that no rule matches: whether they bought is not known",
        zh: "有些回答没有规则匹配：不知道它们是否买到",
    }
    /// Not judged: stalled purchases.
    stalled() {
        en: "there were purchases without an answer in time (--timeout)",
        zh: "有些购买在限定时间内没有答复（--timeout）",
    }
    /// Not judged: the stock had not come to rest.
    restless() {
        en: "the stock went on changing after the race: give it more time, --settle",
        zh: "竞争结束后库存仍在变化：多给些时间，用 --settle",
    }
    /// Not judged: the target died.
    died() { en: "the target died, or its stock could not be read", zh: "目标死了，或者读不到它的库存" }

    /// What will be done: before it begins.
    plan_line(buyers, tickets, target, requests, trials) {
        en: "{buyers} race for {tickets}: {target}, {requests} in {trials}",
        zh: "{buyers}抢{tickets}：{target}，{trials}，共 {requests}",
    }
    /// In the plan line: as many as the stock says.
    tickets_as_said() { en: "what the stock says", zh: "库存里的票" }
    /// In the plan line: how many purchases.
    purchases(number) { en: "{number} purchases", zh: "{number} 次购买" }
    /// In the plan line: one purchase.
    one_purchase() { en: "1 purchase", zh: "1 次购买" }
    /// In the plan line: purchases until they are refused.
    purchases_open() { en: "purchases until refused", zh: "一直买到售罄" }
    /// In the plan line: how many trials.
    trials(number) { en: "{number} trials", zh: "{number} 轮" }
    /// In the plan line: one trial.
    one_trial() { en: "1 trial", zh: "1 轮" }
    /// The rules that hold, since none were given.
    usual_rules(rules) { en: "rules (the usual ones): {rules}", zh: "规则（默认）：{rules}" }
    /// The rules that hold.
    rules(rules) { en: "rules: {rules}", zh: "规则：{rules}" }
    /// A name in braces that is no variable.
    unknown_variable(name) {
        en: "note: {{{name}}} is no variable, and is sent as it stands",
        zh: "注意：{{{name}}} 不是变量，原样发送",
    }
    /// There is no stock.
    one_book() {
        en: "note: without --stock the receipts alone are judged: a lost update can hide behind one book",
        zh: "注意：没有 --stock，只能核对收据：只看一本账，可能看不出丢失的更新",
    }

    /// The heading of a column: the trial.
    column_trial() { en: "trial", zh: "轮" }
    /// The heading of a column: receipts.
    column_bought() { en: "bought", zh: "买到" }
    /// The heading of a column: refused.
    column_refused() { en: "refused", zh: "售罄" }
    /// The heading of a column: failed.
    column_failed() { en: "failed", zh: "失败" }
    /// The heading of a column: unknown.
    column_unknown() { en: "unknown", zh: "不明" }
    /// The heading of a column: the stock.
    column_stock() { en: "stock", zh: "库存" }
    /// The heading of a column: how many at once.
    column_at_once() { en: "at once", zh: "同时" }
    /// The heading of a column: the spread of release.
    column_spread() { en: "spread", zh: "放行差" }
    /// The heading of a column: the verdict.
    column_verdict() { en: "verdict", zh: "判定" }
    /// So many trials are not shown.
    more_trials(number) { en: "… and {number} more (--json has them all)", zh: "……还有 {number} 轮（--json 里都有）" }

    /// The ruling in a row.
    row_sound() { en: "sound", zh: "正确" }
    /// The ruling in a row.
    row_unsound() { en: "UNSOUND", zh: "出错" }
    /// The ruling in a row.
    row_unknown() { en: "unknown", zh: "无法判定" }
    /// The trial that is shown in full.
    worst(trial) { en: "trial {trial}:", zh: "第 {trial} 轮：" }
    /// The rate.
    rate(caught, judged, low, high) {
        en: "caught in {caught} of {judged} trials: {low} % to {high} % of all, with 95 % confidence",
        zh: "{judged} 轮中抓到 {caught} 轮：以 95% 的把握，占全部的 {low}% 到 {high}%",
    }
    /// The rate, where nothing was caught.
    rate_none(judged, high) {
        en: "caught in 0 of {judged} trials: below {high} % of all, with 95 % confidence",
        zh: "{judged} 轮中一轮也没抓到：以 95% 的把握，低于全部的 {high}%",
    }
    /// The release and the overlap of the trial that is shown.
    released(spread, at_once, pairs, buyers) {
        en: "{buyers} let go within {spread}; up to {at_once} under way at one time, {pairs} pairs overlapped",
        zh: "{buyers}在 {spread} 内放行；最多 {at_once}同时进行，{pairs} 对互相重叠",
    }
    /// Purchases without an answer.
    broken(number, why) { en: "no answer × {number}: {why}", zh: "没有答复 × {number}：{why}" }
    /// Some were not ready at the go.
    late(number) {
        en: "note: {number} had no connection at the go, and went when they had one",
        zh: "注意：放行时有 {number} 个还没有连接，连上后才放行",
    }
    /// Some answered before their request was whole.
    early(number) {
        en: "note: {number} were answered before the last byte of their request; their purchases count from its first byte, and further trials hold its body back, too",
        zh: "注意：有 {number} 个请求的最后一个字节还没发出就得到了回答；它们的购买从第一个字节算起，以后各轮连请求体一起留到放行",
    }
    /// Answers that no rule matches.
    unmatched_head(number) {
        en: "answers that no rule matches ({number}):",
        zh: "没有规则匹配的回答（{number} 个）：",
    }
    /// What to do about one.
    suggestion(outcome, rule) {
        en: "say what it means, e.g. --{outcome} '{rule}' (there are --bought, --refused, --failed, --unknown)",
        zh: "请说明它的意思，例如 --{outcome} '{rule}'（有 --bought、--refused、--failed、--unknown）",
    }
    /// So many trials could not be judged.
    not_judged(trials) { en: "not judged: {trials}", zh: "无法判定：{trials}" }
    /// Why it ended early.
    ended(trial, why) { en: "trial {trial}: {why}", zh: "第 {trial} 轮：{why}" }
    /// It was interrupted.
    interrupted(done) { en: "interrupted: {done} trials were done", zh: "已中断：完成了 {done} 轮" }
    /// All of it is sound.
    all_sound(trials) { en: "SOUND in all {trials} trials", zh: "{trials} 轮全部正确" }
}
