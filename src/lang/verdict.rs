//! The words of a verdict: what went wrong, for people who have never heard of it, and the evidence.

use super::texts;

texts! {
    /// The ruling: sound.
    sound(receipts, tickets) {
        en: "SOUND: {receipts} for {tickets}, and no ticket was sold twice.",
        zh: "正确：{tickets}，发出 {receipts}，没有哪张票卖了两次。",
    }
    /// The ruling: sound, where no race could show.
    sound_apart(receipts, tickets) {
        en: "SOUND: {receipts} for {tickets}, and no ticket was sold twice; but no two purchases overlapped, so no race could show.",
        zh: "正确：{tickets}，发出 {receipts}，没有哪张票卖了两次；但没有两次购买同时进行，竞争无从显现。",
    }
    /// The ruling: unsound.
    unsound(receipts, tickets) {
        en: "UNSOUND: {receipts} for {tickets}.",
        zh: "出错：{tickets}，却发出 {receipts}。",
    }
    /// The ruling: unsound, though there are not too many receipts.
    unsound_otherwise() { en: "UNSOUND: the sale went wrong.", zh: "出错：这次售票出了问题。" }
    /// The ruling: unknown.
    unknown() { en: "UNKNOWN: not all could be judged.", zh: "无法判定：有些情况不清楚。" }

    /// oversold, in one sentence.
    oversold(receipts, tickets, extra) {
        en: "oversold: {receipts} for {tickets}, {extra} too many",
        zh: "超卖：{tickets}发出了 {receipts}，多了 {extra} 张",
    }
    /// oversold: who shares a ticket.
    same_ticket(stock, count, buyers) {
        en: "ticket {stock} was sold {count} times: to buyers {buyers}",
        zh: "{stock} 号票卖了 {count} 次，买家是 {buyers}",
    }

    /// oversold: a receipt too many, where it is not known for which ticket.
    all_had_gone(buyer, tickets) {
        en: "when buyer {buyer} got a receipt, nothing was left of {tickets}",
        zh: "买家 {buyer} 拿到收据时，{tickets}已经一张不剩",
    }

    /// lost_update, in one sentence.
    lost_update(count) {
        en: "lost update: {count} × a ticket was sold that had been sold already",
        zh: "丢失更新：有 {count} 次，卖出的是早已卖掉的票",
    }
    /// lost_update: the usual case.
    both_read(first, second, stock, gap, left) {
        en: "buyers {first} and {second} both read {stock}: buyer {second} did so {gap} before buyer {first} wrote {left}",
        zh: "买家 {first} 和 {second} 都读到 {stock}；买家 {second} 读的时候，离买家 {first} 写入 {left} 还有 {gap}",
    }
    /// lost_update: the old stock had come back.
    read_again(first, second, stock, gap, left) {
        en: "buyer {second} read {stock} again, {gap} after buyer {first} had written {left}: an older stock had been written over it",
        zh: "买家 {first} 写入 {left}，过了 {gap}，买家 {second} 又读到 {stock}：旧库存盖掉了新库存",
    }
    /// lost_update: nothing tells why the old stock was read.
    read_although(first, second, stock, gap, left) {
        en: "buyer {second} read {stock}, although buyer {first} had written {left} {gap} before",
        zh: "尽管买家 {first} 在 {gap} 前已写入 {left}，买家 {second} 仍读到 {stock}",
    }
    /// lost_update: one after the other.
    same_stock_later(first, second, stock, gap) {
        en: "buyer {second} was sold a ticket from a stock of {stock}, and began {gap} after buyer {first} was done, who was sold the same one",
        zh: "买家 {first} 在库存为 {stock} 时买到票，{gap} 之后买家 {second} 才开始，买到的却是同一张",
    }
    /// lost_update: nothing is known of the times.
    same_stock(first, second, stock) {
        en: "buyers {first} and {second} were both sold a ticket from a stock of {stock}",
        zh: "买家 {first} 和 {second} 都是在库存为 {stock} 时买到的票",
    }

    /// lost_stock, missing.
    stock_missing(tickets) {
        en: "lost stock: {tickets} left the stock, and nobody holds a receipt for it",
        zh: "库存丢失：{tickets}从库存里消失了，却没有人拿到收据",
    }
    /// lost_stock: who may have taken it.
    died_writing(buyer, stock) {
        en: "buyer {buyer} was killed while it sold ticket {stock}: the ticket is gone, the receipt was never given",
        zh: "买家 {buyer} 在买 {stock} 号票的途中被杀死：票没了，收据也没拿到",
    }
    /// lost_stock, too much.
    stock_extra(tickets) {
        en: "lost stock, the other way: {tickets} in the stock again although it was sold: a write with an older stock put it back",
        zh: "库存多出：{tickets}明明已经卖掉，又回到了库存：有人把旧库存写了回去",
    }

    /// negative_stock, in one sentence.
    negative_stock(lowest, tickets) {
        en: "negative stock: the store came down to {lowest}, {tickets} below nothing",
        zh: "库存为负：库存降到了 {lowest}，比零少了 {tickets}",
    }
    /// negative_stock: who was sold a ticket that was not there.
    sold_from_nothing(buyer, stock) {
        en: "buyer {buyer} was sold a ticket from a stock of {stock}",
        zh: "买家 {buyer} 从库存 {stock} 买到了票",
    }

    /// torn_read, in one sentence.
    torn_read(count) {
        en: "torn read: {count} × the file was read while it was no valid ticket file",
        zh: "读到半截：有 {count} 次读到的不是完整的票文件",
    }
    /// torn_read, in one sentence, where only stocks that are too high were read.
    stock_too_high(count) {
        en: "torn read: {count} × a stock was read that is above all that was ever on sale",
        zh: "读到不可能的库存：有 {count} 次读到的库存比开售以来的任何库存都多",
    }
    /// torn_read: what was read, in the middle of whose write.
    torn_in_write(reader, text, gap, writer) {
        en: "buyer {reader} read {text}, {gap} after buyer {writer} had emptied the file and before it was filled again",
        zh: "买家 {reader} 读到 {text}：买家 {writer} 在 {gap} 前清空了文件，还没写回",
    }
    /// torn_read: what was read, while another buyer emptied the file.
    torn_beside_write(reader, text, writer) {
        en: "buyer {reader} read {text}, just as buyer {writer} emptied the file to fill it again",
        zh: "买家 {reader} 读到 {text}：买家 {writer} 正好清空了文件，还没写好",
    }
    /// torn_read: what was read.
    torn_text(reader, text) { en: "buyer {reader} read {text}", zh: "买家 {reader} 读到 {text}" }
    /// torn_read: a stock above all that was on sale.
    stock_from_nowhere(reader, stock) {
        en: "buyer {reader} read {stock}, more than was ever on sale",
        zh: "买家 {reader} 读到 {stock}，比开售以来的任何库存都多",
    }
    /// torn_read: the file after the sale.
    left_torn(text) { en: "after the sale the file holds {text}", zh: "售票结束后文件里是 {text}" }

    /// Receipts, and how many tickets they are for.
    of_tickets(receipts, tickets) { en: "{receipts} of {tickets}", zh: "{receipts}（共 {tickets}）" }
    /// Tickets, and how many were given back.
    and_given_back(tickets, returned) { en: "{tickets} and {returned} given back", zh: "{tickets}（另退回 {returned} 张）" }
    /// An anomaly of one of several items.
    of_item(item, sentence) { en: "item {item}: {sentence}", zh: "商品 {item}：{sentence}" }
    /// An anomaly of a seat.
    of_seat(seat, sentence) { en: "seat {seat}: {sentence}", zh: "座位 {seat}：{sentence}" }
    /// oversold: a seat.
    same_seat(seat, count, buyers) {
        en: "seat {seat} was sold {count} times: to buyers {buyers}",
        zh: "座位 {seat} 卖了 {count} 次，买家是 {buyers}",
    }
    /// returned_twice, in one sentence.
    returned_twice(count) {
        en: "returned twice: {count} × tickets were given back that had not been bought, or had been given back before",
        zh: "重复退票：有 {count} 次退回的票没买过，或者早已退过",
    }
    /// returned_twice: who gave back what.
    gave_back(buyer, tickets, order, held) {
        en: "buyer {buyer} gave back {tickets} of order {order}, which had {held} left to give back",
        zh: "买家 {buyer} 退了订单 {order} 的 {tickets}，而这个订单只剩 {held} 张可退",
    }
    /// over_limit, in one sentence.
    over_limit(receipts, limit) {
        en: "over the limit: {receipts} beyond {limit} for each buyer",
        zh: "超过限购：每个买家限 {limit} 张收据，多出 {receipts}",
    }
    /// over_limit: who holds how many.
    holds(buyer, receipts) { en: "buyer {buyer} holds {receipts}", zh: "买家 {buyer} 有 {receipts}" }
    /// The same, of one receipt.
    holds_line(buyer, receipts, line) {
        en: "buyer {buyer} holds {receipts} (line {line})",
        zh: "买家 {buyer} 有 {receipts}（第 {line} 行）",
    }
    /// over_limit: who holds how many, and where they stand.
    holds_lines(buyer, receipts, lines) {
        en: "buyer {buyer} holds {receipts} (lines {lines})",
        zh: "买家 {buyer} 有 {receipts}（第 {lines} 行）",
    }
    /// stuck, in one sentence.
    stuck(buyers) { en: "stuck: {buyers} never got the lock", zh: "卡住：{buyers}一直没拿到锁" }
    /// stuck: one of ours holds it.
    waited_for(waiter, waited, holder) {
        en: "buyer {waiter} waited {waited} and gave up; buyer {holder} held the lock",
        zh: "买家 {waiter} 等了 {waited} 后放弃；锁在买家 {holder} 手里",
    }
    /// stuck: the kernel found a circle of waits.
    waited_in_circle(waiter) {
        en: "buyer {waiter} and others waited for each other: the kernel did not let it wait (EDEADLK)",
        zh: "买家 {waiter} 与别人互相等待：内核拒绝让它等下去（EDEADLK）",
    }
    /// stuck: the holder is dead, and its lockfile stays.
    waited_for_dead(waiter, pid) {
        en: "buyer {waiter} can't get the lock: process {pid} left its lockfile behind when it died; --break-stale removes it",
        zh: "买家 {waiter} 拿不到锁：进程 {pid} 死后留下了锁文件；--break-stale 会删掉它",
    }
    /// stuck: the holder is dead, and took the semaphore with it.
    waited_for_dead_inside(waiter, pid) {
        en: "buyer {waiter} can't get the lock: process {pid} was killed while it held the semaphore, which nobody takes back; flock would have been released",
        zh: "买家 {waiter} 拿不到锁：进程 {pid} 拿着信号量时被杀死，没有人会收回它；换成 flock，内核会释放",
    }
    /// stuck: the holder is dead, and the folder that is the lock stays.
    waited_for_dead_with_folder(waiter, pid) {
        en: "buyer {waiter} can't get the lock: process {pid} was killed while it had it, and nobody removes its folder (rmdir)",
        zh: "买家 {waiter} 拿不到锁：进程 {pid} 持锁时被杀死，没有人删掉它的目录（rmdir）",
    }
    /// Not judged: the stock after the sale.
    stock_unread(why) {
        en: "the stock after the sale is not known: it can't be read: {why}",
        zh: "售票结束后的库存不得而知：无法读取：{why}",
    }
    /// stuck: no buyer is known to have held it.
    waited_in_vain(waiter, waited) {
        en: "buyer {waiter} waited {waited} and gave up; who held the lock is not known: no buyer on record did",
        zh: "买家 {waiter} 等了 {waited} 后放弃；谁持有锁不得而知：记录里没有买家持有它",
    }

    /// How many further pieces of evidence there are.
    and_more(count) { en: "and {count} more like it", zh: "还有 {count} 处类似" }

    /// Not judged: the recorder was full.
    unrecorded(count) {
        en: "counted without room to record more than that: {count}; what stock they met is not known",
        zh: "{count}只计了数，没有空间记录：不知道它们各自的库存读数",
    }
    /// Not judged: no initial stock.
    no_initial() {
        en: "the stock at the start is not known: say it with --tickets",
        zh: "不知道开始时的库存：用 --tickets 指定",
    }
    /// Not judged: others put tickets on sale meanwhile.
    restocked() {
        en: "another program put tickets on sale meanwhile: what was sold twice, or came back, can't be told",
        zh: "期间有别的程序补了票：无法判断哪些票卖了两次或又回到库存",
    }
    /// Not judged: the stock was raised by another program.
    rose(before, after, again) {
        en: "{before}, and {after}, while no buyer of ours was in between{again}: another program wrote. It may have put tickets on sale (then say --restocks), or written an older stock back",
        zh: "{before}，{after}，其间我们的买家都没动过{again}：写入的是别的程序。也许是补了票（那就加上 --restocks），也许是把旧库存写了回去",
    }
    /// …what the stock was before.
    rise_left_by(buyer, stock) { en: "buyer {buyer} left {stock}", zh: "买家 {buyer} 走时库存为 {stock}" }
    /// …what the stock was at the start.
    rise_left_at_start(stock) { en: "{stock} were there at the start", zh: "开始时库存为 {stock}" }
    /// …what it was then.
    rise_met_by(buyer, stock) { en: "buyer {buyer} read {stock} next", zh: "接着买家 {buyer} 读到 {stock}" }
    /// …what it was in the end.
    rise_met_at_end(stock) { en: "{stock} were left in the end", zh: "最后库存为 {stock}" }
    /// …how often more.
    rise_again(times) { en: " (and {times} times more)", zh: "（另有 {times} 次）" }
    /// Not judged: there was nothing to sell.
    nothing_on_sale() {
        en: "nothing was on sale: no race can show where nothing is sold; put tickets on sale with --tickets N",
        zh: "没有票在卖：无票可抢，就看不出竞争；用 --tickets N 放票",
    }
    /// Not judged: nobody came to an end.
    nothing_answered() {
        en: "nobody bought and nobody was refused: not one purchase says anything of the stock",
        zh: "没有人买到，也没有人被告知售罄：没有一次购买能说明库存",
    }
    /// Not judged: some were killed.
    killed(buyers, before, writing, books) {
        en: "{buyers} killed in the middle of a purchase, {before} before it wrote and {writing} while it wrote: {books}",
        zh: "{buyers}中途被杀死，其中 {before} 个还没写，{writing} 个正在写：{books}",
    }
    /// …what the books say.
    books(initial, remaining) {
        en: "{initial} at the start, {remaining} in the end, and the receipts do not account for the difference",
        zh: "开始时有 {initial}，最后剩 {remaining}，收据对不上这个差额",
    }
    /// …what the books do not say.
    books_unknown() { en: "what was left is not known", zh: "不知道还剩多少" }
    /// Not judged: the run was interrupted.
    interrupted() { en: "the run was interrupted before its end", zh: "运行在结束前被中断" }
    /// Not judged: a system call failed.
    system_error(buyer, doing, error) {
        en: "buyer {buyer} could not {doing}: {error}",
        zh: "买家 {buyer} 无法{doing}：{error}",
    }
    /// What could not be done.
    doing_lock() { en: "take the lock", zh: "加锁" }
    /// What could not be done.
    doing_unlock() { en: "let the lock go", zh: "解锁" }
    /// What could not be done.
    doing_read() { en: "read the ticket file", zh: "读票文件" }
    /// What could not be done.
    doing_write() { en: "write the ticket file", zh: "写票文件" }

    /// Why a purchase failed.
    fault_timeout() { en: "gave up waiting for the lock", zh: "等锁超时" }
    /// Why a purchase failed.
    fault_deadlock() { en: "a deadlock on the lock (EDEADLK)", zh: "锁发生死锁（EDEADLK）" }
    /// Why a purchase failed.
    fault_holder_gone(pid) { en: "the lock's holder, process {pid}, is dead", zh: "锁的持有者（进程 {pid}）已死" }
    /// Why a purchase failed.
    fault_torn(text) { en: "read {text}", zh: "读到 {text}" }
    /// Why a purchase failed.
    fault_stopped() { en: "stopped with the run", zh: "随整个运行一起停止" }
    /// Why a purchase failed.
    fault_aborted(code) { en: "aborted by the database ({code})", zh: "被数据库中止（{code}）" }
    /// Why a purchase failed: a CHECK forbade the new stock.
    fault_constraint(code) { en: "the table's CHECK forbade it ({code})", zh: "表的 CHECK 约束不允许（{code}）" }
    /// Why a purchase failed: the store rejected a step.
    fault_fenced() { en: "rejected: a newer fencing token has been seen", zh: "被拒绝：已经有更新的栅栏令牌" }
    /// Why a purchase failed.
    fault_store(code) { en: "the store rejected a step ({code})", zh: "存储拒绝了一步（{code}）" }
    /// Why it is not known how a purchase ended: the answer was lost.
    fault_answer_lost() { en: "the connection was cut before the answer came", zh: "答复到来之前连接断了" }
    /// Why a purchase failed: its process was killed.
    fault_killed() { en: "killed in the middle of it", zh: "中途被杀死" }
    /// A text of no bytes at all.
    empty_text() { en: "an empty file", zh: "空文件" }
}
