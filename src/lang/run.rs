//! The words of a run's text output.

use super::texts;

texts! {
    /// The plan in one line.
    plan_line(buyers, tickets, file, lock, write, pace, seed) {
        en: "{buyers} race for {tickets} in {file}: {lock}, {write}, {pace}, seed {seed}",
        zh: "{buyers}抢 {file} 里的 {tickets}：{lock}，{write}，{pace}，种子 {seed}",
    }
    /// The plan in one line, of one buyer, whom nobody races.
    plan_line_alone(buyers, tickets, file, lock, write, pace, seed) {
        en: "{buyers} alone, {tickets} in {file}: {lock}, {write}, {pace}, seed {seed}",
        zh: "{buyers}独自买 {file} 里的 {tickets}：{lock}，{write}，{pace}，种子 {seed}",
    }
    /// In the plan line: there is no lock.
    no_lock() { en: "no lock", zh: "不加锁" }
    /// In the plan line: the lock, and the file that carries it.
    lock_on_ticket(lock) { en: "{lock}", zh: "{lock} 锁" }
    /// In the plan line: the lock sits on the sidecar.
    lock_on_sidecar(lock) { en: "{lock} on the sidecar", zh: "{lock} 锁（在旁文件上）" }
    /// In the plan line: some take no lock.
    rogues(buyers) { en: "but none for {buyers}", zh: "但有 {buyers}不拿锁" }
    /// In the plan line: one open file for all.
    inherited() { en: "inherited by all", zh: "由所有买家继承" }
    /// In the plan line: how long a lockfile lives.
    lease(time) { en: "lease {time}", zh: "租期 {time}" }
    /// In the plan line: a lockfile is there from the start.
    left_by_the_dead() { en: "a dead process's lockfile is there", zh: "有死进程留下的锁文件" }
    /// In the plan line: how it is written.
    write_by(write) { en: "{write}", zh: "{write} 写法" }
    /// In the plan line: how it is written, and synced.
    write_synced(write) { en: "{write} + fsync", zh: "{write} 写法 + fsync" }
    /// In the plan line: how it is written, and steps in an order of their own.
    write_and_steps(write, steps) { en: "{write}, steps: {steps}", zh: "{write}，步骤：{steps}" }
    /// In the plan line: each statement for itself.
    no_transaction() { en: "each statement for itself", zh: "每条语句各自提交" }
    /// In the plan line: the lock, which its lease ends.
    redis_lease(time) { en: "lease of {time}", zh: "{time} 的租约" }
    /// The same, where steps present its token.
    fenced_lease(time, fence) { en: "lease of {time}, fence {fence}", zh: "{time} 的租约，栅栏 {fence}" }
    /// In the plan line: the transactions' level.
    transaction(level) { en: "{level}", zh: "{level} 级别" }
    /// In the plan line: the steps of a purchase.
    steps(steps) { en: "steps {steps}", zh: "步骤 {steps}" }
    /// In the plan line: the think time and its spread.
    think(think, percent) { en: "think {think} ±{percent}%", zh: "思考 {think} ±{percent}%" }
    /// In the plan line: no think time.
    no_think() { en: "no think time", zh: "不思考" }
    /// In the plan line: several purchases a buyer.
    several_each(number) { en: "up to {number} purchases each", zh: "每人最多买 {number} 次" }
    /// In the plan line: purchases until sold out.
    all_each() { en: "each buys until it is refused", zh: "每人一直买到售罄为止" }
    /// Below the plan line: why its lock keeps nobody out.
    demonstration(why) {
        en: "note: a demonstration of a lock that does not keep buyers apart. {why}",
        zh: "注意：这里演示的是一把隔不开买家的锁。{why}",
    }
    /// Below that: at its first purchase a buyer locks the same file as all others.
    trap_takes_two() {
        en: "It takes a buyer's second purchase to show: --per-buyer 2, or all.",
        zh: "要到买家第二次购买才看得出来：用 --per-buyer 2 或 all。",
    }

    /// A buyer's line: it bought.
    buyer_bought(stock, left) { en: "bought   read {stock}, wrote {left}", zh: "买到   读到 {stock}，写入 {left}" }
    /// A buyer's line: it bought, from another stock than it saw.
    buyer_bought_unseen(seen, stock, left) {
        en: "bought   read {seen}, took it from {stock} to {left}",
        zh: "买到   读到 {seen}，从 {stock} 减到 {left}",
    }
    /// A buyer's line: it bought without looking.
    buyer_took(stock, left) { en: "bought   from {stock} to {left}", zh: "买到   从 {stock} 减到 {left}" }
    /// A buyer's line: it was told that nothing is left, without looking.
    buyer_turned_away() { en: "refused  none left", zh: "售罄   一张不剩" }
    /// A buyer's line: how often its purchase was begun.
    in_tries(words, tries) { en: "{words}, {tries} tries", zh: "{words}，试了 {tries} 次" }
    /// A buyer's line: it bought several.
    buyer_bought_many(count) { en: "bought   {count}", zh: "买到   {count}" }
    /// A buyer's line: it was refused.
    buyer_refused() { en: "refused  read 0", zh: "售罄   读到 0" }
    /// A buyer's line: its purchase failed.
    buyer_failed(why) { en: "failed   {why}", zh: "失败   {why}" }
    /// A buyer's line: who it is.
    buyer(number) { en: "buyer {number}", zh: "买家 {number}" }
    /// A buyer's line: when its last purchase ended, after the go.
    buyer_after(time) { en: "after {time}", zh: "{time} 后" }
    /// A large run's line.
    summary(buyers, purchases, bought, refused, failed) {
        en: "{buyers}, {purchases}: {bought} bought, {refused} refused, {failed} failed",
        zh: "{buyers}，{purchases}：买到 {bought} 次，售罄 {refused} 次，失败 {failed} 次",
    }
    /// In the plan line: what is to befall buyers.
    mishaps(all) { en: "mishaps: {all}", zh: "意外：{all}" }
    /// What befell a buyer: it was killed.
    was_killed(buyer, after, at) { en: "buyer {buyer} was killed after {after} ({at})", zh: "买家 {buyer} 在 {after} 时被杀死（{at}）" }
    /// What befell a buyer: its lease ended.
    lease_ended(buyer, after, at) { en: "buyer {buyer}'s lease expired after {after} ({at})", zh: "买家 {buyer} 的租约在 {after} 时过期（{at}）" }
    /// What befell a buyer: it was paused for some time.
    was_paused(buyer, after, at, time) {
        en: "buyer {buyer} was paused after {after} ({at}), for {time}",
        zh: "买家 {buyer} 在 {after} 时被暂停（{at}），共 {time}",
    }
    /// What befell a buyer: it was paused, and never went on.
    was_stopped(buyer, after, at) { en: "buyer {buyer} was paused after {after} ({at})", zh: "买家 {buyer} 在 {after} 时被暂停（{at}）" }
    /// Further things that befell buyers.
    more_mishaps(count) { en: "… and {count} more", zh: "……还有 {count} 件" }
    /// How a buyer was killed.
    killed_by(signal) { en: "killed by signal {signal}", zh: "被信号 {signal} 杀死" }

    /// A line of progress: how long it has taken.
    progress_after(time, how_far) { en: "{time}: {how_far}", zh: "{time} 后：{how_far}" }

    /// The ledger: the stock at the start.
    ledger_initial() { en: "tickets at the start", zh: "开始时的票数" }
    /// The ledger: receipts.
    ledger_receipts() { en: "receipts", zh: "收据" }
    /// The ledger: the stock at the end.
    ledger_remaining() { en: "tickets left", zh: "剩下的票数" }
    /// The ledger: oversold.
    ledger_oversold() { en: "oversold", zh: "超卖" }
    /// The ledger: sold by others.
    ledger_outside() { en: "sold by other programs", zh: "别的程序卖出" }
    /// The ledger: put on sale by others.
    ledger_restocked() { en: "put on sale by other programs", zh: "别的程序补的票" }
    /// The ledger: no ticket file is left.
    ledger_torn() { en: "no valid file", zh: "文件已损坏" }
    /// The ledger: a number that nobody knows.
    ledger_unknown() { en: "unknown", zh: "不明" }

    /// How long it took.
    pace_of_sales(elapsed, rate, launch) {
        en: "{elapsed} from the go to the last purchase, {rate} sales a second; launched in {launch}",
        zh: "从开抢到最后一次购买用了 {elapsed}，每秒卖 {rate} 张；启动用了 {launch}",
    }
    /// How often purchases were begun, and what the database aborted.
    effort(purchases, tries, aborts, codes) {
        en: "{tries} tries for {purchases}, {aborts} aborted by the database{codes}",
        zh: "{purchases}试了 {tries} 次，其中 {aborts} 次被数据库中止{codes}",
    }
    /// With -v: a row of latencies.
    latency(what, p50, p90, p99, max) {
        en: "{what}  p50 {p50}  p90 {p90}  p99 {p99}  max {max}",
        zh: "{what}  p50 {p50}  p90 {p90}  p99 {p99}  最大 {max}",
    }
    /// With -v: what a latency is of.
    latency_wait() { en: "wait for the lock", zh: "等锁    " }
    /// With -v: what a latency is of.
    latency_hold() { en: "hold the lock    ", zh: "持锁    " }
    /// With -v: what a latency is of.
    latency_purchase() { en: "whole purchase   ", zh: "整次购买" }
    /// With -v: how evenly tickets were spread.
    fairness(jain, most, least) {
        en: "fairness {jain} (Jain's index: 1 is even); the luckiest buyer got {most}, the unluckiest {least}",
        zh: "公平度 {jain}（Jain 指数，1 为完全平均）；最多的买到 {most} 张，最少的 {least} 张",
    }

    /// The last line of a sound run under a lock.
    how_to_break(command) {
        en: "To see the race, take the lock away:  {command}",
        zh: "想看竞争怎么发生，就去掉锁：  {command}",
    }
    /// The last line of an unsound run without a lock.
    how_to_fix(command) {
        en: "To fix it, let them take a lock:  {command}",
        zh: "想修好，就让买家先拿锁：  {command}",
    }
    /// The last line of an unsound run under a lock that does not exclude.
    how_to_mend(command) {
        en: "To fix it, let them take a lock that keeps them apart:  {command}",
        zh: "想修好，就换一把能隔开买家的锁：  {command}",
    }
    /// The last line of an unsound run whose steps leave the stock unlocked for a while.
    how_to_cover(command) {
        en: "To fix it, keep the stock locked from the read to the write:  {command}",
        zh: "想修好，就从读取到写入一直锁住库存：  {command}",
    }
    /// `show`.
    left_in(tickets, file) { en: "{tickets} left in {file}", zh: "{file} 里还有 {tickets}" }
    /// `clear`: the sale's tables are gone.
    cleared(sale, store) { en: "the sale {sale} is gone from {store}", zh: "{store} 里的 {sale} 已删除" }
    /// `clear`: there were none.
    nothing_to_clear(sale, store) { en: "there is no sale {sale} in {store}", zh: "{store} 里没有 {sale}" }
    /// Before what was sold in an interrupted run.
    interrupted() { en: "Interrupted. So far:", zh: "已中断。到目前为止：" }
}
