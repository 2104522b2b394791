//! The words of `replay`, `step` and `schedule`.

use super::texts;

texts! {
    /// The plan of a replay in one line.
    plan_line(buyers, tickets, file, lock, write) {
        en: "{buyers}, each held at a gate before every step, and {tickets} in {file}: {lock}, {write}",
        zh: "{buyers}，每一步前都停在闸门口，{file} 里有 {tickets}：{lock}，{write}",
    }

    /// A step: the lock was taken with others.
    shared(buyer) { en: "buyer {buyer} gets the lock, as one of several", zh: "买家 {buyer} 拿到共享锁" }
    /// A step: a shared lock became one of its own.
    upgraded(buyer) { en: "buyer {buyer} gets the lock for itself alone", zh: "买家 {buyer} 把共享锁升级为独占锁" }
    /// A step: another descriptor was opened and closed.
    closed_other(buyer) {
        en: "buyer {buyer} opens the lock's file once more, and closes that",
        zh: "买家 {buyer} 再次打开锁文件，随即关闭"
    }
    /// A step: the lock's file was removed.
    unlinked(buyer) { en: "buyer {buyer} removes the lock's file", zh: "买家 {buyer} 删除锁文件" }
    /// A step: the lockfile was looked at.
    looked_stale(buyer) {
        en: "buyer {buyer} looks whether the lockfile's holder is dead",
        zh: "买家 {buyer} 查看锁文件的持有者是否已死"
    }
    /// A step: the lockfile was removed, if it was a dead holder's when it was looked at.
    removed_stale(buyer) {
        en: "buyer {buyer} removes the lockfile if its holder was dead",
        zh: "若当时持有者已死，买家 {buyer} 删除锁文件"
    }
    /// A step: a helper process let the lock go.
    helper_unlocked(buyer) {
        en: "buyer {buyer}'s helper process unlocks the file that it has inherited",
        zh: "买家 {buyer} 的辅助进程把继承来的文件解锁"
    }
    /// A step: the lock's file is the one that is locked.
    is_current(buyer) {
        en: "buyer {buyer} sees that the file it locked still has the name",
        zh: "买家 {buyer} 确认锁住的仍是这个名字的文件"
    }
    /// A step: the lock's file is another one.
    is_replaced(buyer) {
        en: "buyer {buyer} sees that the file it locked has lost the name, and begins again",
        zh: "买家 {buyer} 发现锁住的文件已不是这个名字的文件，从头再来"
    }
    /// A step: the file that carries the lock was opened.
    opened(buyer) { en: "buyer {buyer} opens the file to lock", zh: "买家 {buyer} 打开要加锁的文件" }
    /// A step: the lock was granted.
    locked(buyer) { en: "buyer {buyer} gets the lock", zh: "买家 {buyer} 拿到锁" }
    /// A step of nature: a lease expired.
    lease_expires(buyer) {
        en: "buyer {buyer}'s lease expires; it does not notice",
        zh: "买家 {buyer} 的租约过期；它自己不知道"
    }
    /// A step: the stock was read.
    read(buyer, stock) { en: "buyer {buyer} reads {stock}", zh: "买家 {buyer} 读到 {stock}" }
    /// A step: no ticket file was read.
    torn(buyer, text) {
        en: "buyer {buyer} reads {text}: no ticket file",
        zh: "买家 {buyer} 读到 {text}：不是票文件",
    }
    /// A step: the new stock was written.
    wrote(buyer, stock) { en: "buyer {buyer} writes {stock}", zh: "买家 {buyer} 写下 {stock}" }
    /// A step: the file was emptied.
    emptied(buyer) { en: "buyer {buyer} empties the file", zh: "买家 {buyer} 清空文件" }
    /// A step: the file was filled.
    filled(buyer, stock) { en: "buyer {buyer} fills it with {stock}", zh: "买家 {buyer} 填入 {stock}" }
    /// A step: the lock was let go.
    unlocked(buyer) { en: "buyer {buyer} lets the lock go", zh: "买家 {buyer} 放开锁" }
    /// A step: a ticket was taken, as the store says from which stock.
    sold(buyer, stock) { en: "buyer {buyer} takes a ticket from {stock}", zh: "买家 {buyer} 从 {stock} 张里取走一张" }
    /// A step: nothing was taken, since the stock was another.
    missed(buyer) { en: "buyer {buyer} finds another stock, and takes nothing", zh: "买家 {buyer} 发现票数不符，没有取走" }
    /// A step: a receipt was added.
    inserted(buyer) { en: "buyer {buyer} adds a receipt", zh: "买家 {buyer} 添加一张出票记录" }
    /// A step: what was taken below 0 was given back.
    gave_back(buyer) { en: "buyer {buyer} gives back what was not there", zh: "买家 {buyer} 归还多取的一张" }
    /// A step: a transaction that has the right to write has begun.
    began(buyer) { en: "buyer {buyer} begins, with the right to write", zh: "买家 {buyer} 开始事务，并取得写权" }
    /// A step: the stock is watched.
    watches(buyer) { en: "buyer {buyer} watches the stock", zh: "买家 {buyer} 盯住库存" }
    /// A step: the transaction was committed.
    committed(buyer) { en: "buyer {buyer} commits", zh: "买家 {buyer} 提交" }
    /// A step: the transaction was rolled back.
    rolled_back(buyer) { en: "buyer {buyer} rolls back", zh: "买家 {buyer} 回滚" }
    /// A mishap: a buyer is killed between two purchases, or before its first step.
    killed_outside(buyer) { en: "buyer {buyer} is killed, with no purchase under way", zh: "买家 {buyer} 被杀死，没有购买在进行" }
    /// A mishap: a buyer is killed that has read and not written.
    killed_before_write(buyer) {
        en: "buyer {buyer} is killed: its purchase had changed nothing",
        zh: "买家 {buyer} 被杀死：它的购买还没有改动什么",
    }
    /// A mishap: a buyer is killed that has begun to write.
    killed_after_write(buyer) {
        en: "buyer {buyer} is killed: it had begun to change the stock, and holds no receipt",
        zh: "买家 {buyer} 被杀死：它已开始改动库存，却没有拿到票",
    }
    /// A mishap: a buyer is stopped.
    paused(buyer) { en: "buyer {buyer} is paused", zh: "买家 {buyer} 被暂停" }
    /// A mishap: a buyer goes on.
    went_on(buyer) { en: "buyer {buyer} goes on", zh: "买家 {buyer} 继续运行" }
    /// A step: the request waits in the store.
    waits(buyer, holder) { en: "buyer {buyer} waits for buyer {holder}", zh: "买家 {buyer} 在等买家 {holder}" }
    /// The same, where the store does not say for whom.
    waits_by_model(buyer, holder) {
        en: "buyer {buyer} waits, for buyer {holder} as the model has it",
        zh: "买家 {buyer} 在等待，按模型是在等买家 {holder}"
    }
    /// The same, where it is another program.
    waits_for_program(buyer) { en: "buyer {buyer} waits for another program", zh: "买家 {buyer} 在等别的程序" }
    /// The same, where nobody knows for whom.
    waits_somehow(buyer) { en: "buyer {buyer} waits", zh: "买家 {buyer} 在等待" }
    /// `step`: the buyer's request still waits.
    still_waits(buyer, request, place, why) {
        en: "buyer {buyer} still waits for the answer to {request} of step {place}: {why}",
        zh: "买家 {buyer} 还在等第 {place} 步 {request} 的结果：{why}",
    }
    /// `step`: a buyer's line, while its request waits.
    waits_for_answer(buyer, request, place, why) {
        en: "buyer {buyer}  waits for the answer to {request} of step {place}: {why}",
        zh: "买家 {buyer}  等待第 {place} 步 {request} 的结果：{why}",
    }
    /// `step`: what a store holds that knows no transactions.
    stock_now(stock) { en: "stock  {stock}", zh: "票数  {stock}" }
    /// `step`: what a database holds.
    stock_committed(stock) { en: "stock  {stock}, as committed", zh: "票数  {stock}（已提交）" }
    /// `step`: the database has gone another way than its model.
    stock_not_known() { en: "stock  not known: the database and its model have parted", zh: "票数  未知：数据库和模型已经分道" }
    /// `step`: a buyer at a database.
    in_transaction() { en: "in a transaction", zh: "在事务中" }
    /// `step`: the stock of a buyer's snapshot.
    sees(stock) { en: "its snapshot has {stock}", zh: "快照里是 {stock}" }
    /// `step`: what a buyer has written and not committed.
    has_written(stock) { en: "has written {stock}", zh: "已写 {stock}" }
    /// `step`: what a buyer holds.
    has_held(held) { en: "holds {held}", zh: "持有{held}" }
    /// Why it waits: for a buyer.
    kept_by(buyer) { en: "it waits for buyer {buyer}", zh: "在等买家 {buyer}" }
    /// The same, and what that one holds.
    kept_by_holder(buyer, held) {
        en: "it waits for buyer {buyer}, which has held {held}",
        zh: "在等买家 {buyer}，后者持有{held}"
    }
    /// Why it waits: for none of the buyers.
    kept_by_stranger() { en: "another program keeps it waiting", zh: "别的程序让它等着" }
    /// What is held, since a step.
    held_since(held, since) { en: "{held} since step {since}", zh: "{held}（从第 {since} 步起）" }
    /// What is held.
    held_lock() { en: "the lock", zh: "锁" }
    /// What is held.
    held_shared_lock() { en: "the lock in share mode", zh: "共享锁" }
    /// What is held.
    held_row() { en: "the row", zh: "行锁" }
    /// What is held.
    held_shared_row() { en: "the row in share mode", zh: "行的共享锁" }
    /// What is held.
    held_writing() { en: "the right to write", zh: "写权" }
    /// What is held.
    held_pending() { en: "the right to commit next", zh: "下一个提交的权利" }
    /// What is held.
    held_reading() { en: "the right to read", zh: "读权" }
    /// The database and its model differ in a deadlock's victim alone.
    other_victim(place) {
        en: "Step {place}: the database chose another victim of the deadlock than the model, where it is the buyer that asked last.",
        zh: "第 {place} 步：数据库选的死锁牺牲者和模型不同；模型里是最后提出请求的买家。",
    }
    /// The database and its model differ.
    other_answers(place, real, model) {
        en: "Step {place}: the database answered {real}; its model says {model}. Did another program touch the sale?",
        zh: "第 {place} 步：数据库的回答是 {real}；模型说是 {model}。有别的程序动过吗？",
    }
    /// What a buyer was answered.
    answered(buyer, what) { en: "buyer {buyer}: {what}", zh: "买家 {buyer}：{what}" }
    /// No buyer was answered.
    nobody_answered() { en: "nobody", zh: "谁也没有" }
    /// A short answer.
    done() { en: "done", zh: "完成" }
    /// A short answer.
    nothing_taken() { en: "nothing taken", zh: "没有取走" }
    /// A request that has waited is answered.
    goes_on(request, what) { en: "{request} goes on: {what}", zh: "{request} 继续：{what}" }
    /// A step that the system did not carry out.
    failed(buyer, error) { en: "buyer {buyer} can't: {error}", zh: "买家 {buyer} 做不到：{error}" }
    /// After the last step of a purchase: it holds a receipt.
    and_bought() { en: "bought", zh: "买到" }
    /// After the last step of a purchase: sold out.
    and_refused() { en: "refused", zh: "售罄" }
    /// After the last step of a purchase: it failed.
    and_failed() { en: "failed", zh: "失败" }
    /// How many further steps there are.
    more_steps(count) { en: "… and {count} more steps (-v shows them all)", zh: "……还有 {count} 步（-v 全部显示）" }
    /// Some purchases were yet to be finished when the schedule ended.
    finished(steps) {
        en: "The schedule ends in the middle of a purchase; what had begun was finished: {steps}",
        zh: "调度在购买中途结束；已经开始的购买做完了：{steps}",
    }
    /// `--times` that were not all made.
    replays_interrupted(times, asked) {
        en: "interrupted after {times} of {asked} replays",
        zh: "在 {asked} 次重放中的第 {times} 次之后被中断",
    }
    /// All replays came to the same.
    agree(times) {
        en: "{times} replays agree: the same steps, the same history, the same verdict",
        zh: "{times} 次重放一致：步骤、历史、裁决都相同",
    }
    /// One replay came to something else.
    differs(time) {
        en: "replay {time} came to something else than the first: did another program touch the file?",
        zh: "第 {time} 次重放和第一次不同：有别的程序动过文件吗？",
    }
    /// A schedule file says another version of the database.
    other_engine(there, here) {
        en: "the schedule came about on {there}, and this is {here}",
        zh: "这个调度来自 {there}，这里是 {here}",
    }
    /// `--expect`: another verdict came out.
    not_as_expected(expected, came) {
        en: "expected {expected}, and it came out {came}",
        zh: "预期 {expected}，结果是 {came}",
    }
    /// `--expect`: the order can't happen.
    expected_and_forbidden(expected) {
        en: "expected {expected}, and this order can't happen any more",
        zh: "预期 {expected}，而这个顺序已经不会发生",
    }
    /// The command that was meant, after a mistake.
    meant(command) { en: "Did you mean:  {command}", zh: "是不是想要：  {command}" }
    /// The schedule's name, and how to replay it.
    to_replay(command) { en: "To replay it:  {command}", zh: "再放一遍：  {command}" }

    /// `step`: what can be typed.
    step_help() {
        en: "A number lets that buyer take its next step. u: one step back. ?: a hint towards an oversell. q: leave.",
        zh: "输入数字：让那个买家走一步。u：退一步。?：提示怎样超卖。q：离开。",
    }
    /// `step`: what can be typed where a lock is a lease.
    step_help_lease() { en: "x and a number: that buyer's lease expires.", zh: "x 加数字：那个买家的租约过期。" }
    /// `step`: what can be typed where buyers are processes.
    step_help_kill() {
        en: "k, p or g and a number: that buyer is killed, is paused, goes on.",
        zh: "k、p 或 g 加数字：那个买家被杀死、暂停、继续。",
    }
    /// `step`: what can't befall a buyer.
    can_not_befall(buyer, letter) {
        en: "{letter}{buyer} can't be now: a buyer that has left is not killed, one that waits for an answer is not paused, and one that is not paused does not go on",
        zh: "现在不能 {letter}{buyer}：已离开的不能杀死，正等结果的不能暂停，没暂停的不能继续",
    }
    /// `step`: a buyer that takes no step.
    still_paused(buyer) { en: "buyer {buyer} is paused: g{buyer} has it go on", zh: "买家 {buyer} 已暂停：g{buyer} 让它继续" }
    /// `step`: a lease that can't expire.
    can_not_expire(buyer) {
        en: "buyer {buyer} has no lease that could expire now: one does after its L and before its write",
        zh: "买家 {buyer} 现在没有会过期的租约：租约在 L 之后、写入之前才会过期",
    }
    /// `step`: what the ticket file holds.
    file(text) { en: "file  {text}", zh: "文件  {text}" }
    /// `step`: nobody holds the lock.
    lock_free(lock) { en: "lock  {lock}, free", zh: "锁    {lock}，空闲" }
    /// `step`: a buyer holds the lock.
    lock_held(lock, buyer, since) {
        en: "lock  {lock}, held by buyer {buyer} since step {since}",
        zh: "锁    {lock}，买家 {buyer} 从第 {since} 步起持有",
    }
    /// `step`: another program holds the lock.
    lock_foreign(lock) { en: "lock  {lock}, held by another program", zh: "锁    {lock}，别的程序持有" }
    /// `step`: there is no lock.
    lock_none() { en: "lock  none", zh: "锁    无" }
    /// `step`: the schedule so far.
    so_far(steps) { en: "so far  {steps}", zh: "已走  {steps}" }
    /// `step`: a buyer's line: its next step.
    next(buyer, step, what) { en: "buyer {buyer}  next {step}: {what}", zh: "买家 {buyer}  下一步 {step}：{what}" }
    /// `step`: a buyer's line: it has left.
    has_left(buyer, how) { en: "buyer {buyer}  has left: {how}", zh: "买家 {buyer}  已离开：{how}" }
    /// `step`: what it has read.
    has_read(stock) { en: "has read {stock}", zh: "读到过 {stock}" }
    /// `step`: a next step.
    to_lock_shared() { en: "take the lock as one of several", zh: "加共享锁" }
    /// What a buyer does next.
    to_upgrade() { en: "turn its shared lock into one of its own", zh: "把共享锁升级为独占锁" }
    /// What a buyer does next.
    to_close_other() { en: "open the lock's file once more and close that", zh: "再次打开锁文件并关闭" }
    /// What a buyer does next.
    to_unlink() { en: "remove the lock's file", zh: "删除锁文件" }
    /// What a buyer does next.
    to_look_stale() { en: "look whether the lockfile's holder is dead", zh: "查看锁文件的持有者是否已死" }
    /// What a buyer does next.
    to_remove_stale() { en: "remove the lockfile if its holder was dead", zh: "若持有者已死就删除锁文件" }
    /// What a buyer does next.
    to_helper_unlock() { en: "have its helper process unlock", zh: "让辅助进程解锁" }
    /// What a buyer does next.
    to_reopen_check() { en: "see whether the file it locked still has the name", zh: "查看锁住的是否仍是这个名字的文件" }
    /// What a buyer does next.
    to_open() { en: "open the file to lock", zh: "打开要加锁的文件" }
    /// `step`: a next step.
    to_lock() { en: "take the lock", zh: "加锁" }
    /// `step`: a next step.
    to_read() { en: "read the stock", zh: "读库存" }
    /// `step`: a next step.
    to_write(stock) { en: "write {stock}", zh: "写下 {stock}" }
    /// `step`: a next step.
    to_empty() { en: "empty the file", zh: "清空文件" }
    /// `step`: a next step.
    to_fill(stock) { en: "fill it with {stock}", zh: "填入 {stock}" }
    /// `step`: a next step.
    to_unlock() { en: "let the lock go", zh: "放开锁" }
    /// What a buyer does next.
    to_read_for_update() { en: "read the stock and lock its row", zh: "读票数并锁住这一行" }
    /// What a buyer does next.
    to_read_for_share() { en: "read the stock and lock its row against writers", zh: "读票数并以共享方式锁住这一行" }
    /// What a buyer does next.
    to_count() { en: "count the receipts", zh: "数出票记录" }
    /// What a buyer does next.
    to_insert() { en: "add a receipt", zh: "添加一张出票记录" }
    /// What a buyer does next.
    to_decrement() { en: "write one less than there is", zh: "在现有票数上减一" }
    /// What a buyer does next.
    to_swap(from, to) { en: "write {to} if it is still {from}", zh: "若仍是 {from} 则写入 {to}" }
    /// What a buyer does next.
    to_take() { en: "take one if there is one", zh: "有票就取走一张" }
    /// What a buyer does next.
    to_give_back() { en: "give back what was not there", zh: "归还多取的一张" }
    /// What a buyer does next.
    to_lock_until_commit() { en: "take the lock until the commit", zh: "取锁直到提交" }
    /// What a buyer does next.
    to_begin_immediate() { en: "begin with the right to write", zh: "开始事务并取得写权" }
    /// What a buyer does next.
    to_watch() { en: "watch the stock", zh: "盯住库存" }
    /// A next step.
    to_commit() { en: "commit", zh: "提交" }
    /// What a buyer does next.
    to_roll_back() { en: "roll back", zh: "回滚" }
    /// `step`: another program has the lock.
    must_wait(step, buyer, since) {
        en: "{step} has to wait: buyer {buyer} has held the lock since step {since}",
        zh: "{step} 得等：买家 {buyer} 从第 {since} 步起持有锁",
    }
    /// `step`: the lock is another program's.
    waits_for_stranger(step) {
        en: "{step} has to wait: another program holds the lock",
        zh: "{step} 得等：别的程序持有锁",
    }
    /// `step`: a dead process left the lockfile behind.
    lockfile_left(step, path, pid) {
        en: "{step} has to wait: process {pid}, which is gone, left {path} behind; remove it (rm)",
        zh: "{step} 得等：{pid} 号进程已经不在，留下了 {path}；请把它删掉（rm）",
    }
    /// `step`: another program's lockfile.
    lockfile_in_use(step, path, pid) {
        en: "{step} has to wait: process {pid} holds {path} and is running; wait until it lets go",
        zh: "{step} 得等：{pid} 号进程持有 {path}，还在运行；请等它放开",
    }
    /// `step`: a lockfile that names nobody who could be looked for.
    lockfile_nameless(step, path) {
        en: "{step} has to wait: {path} is there, and whether its holder lives can't be found out from here; if nobody uses it, remove it (rm)",
        zh: "{step} 得等：{path} 存在，从这里却查不出持有者是否还在；没人在用就删掉它（rm）",
    }
    /// `step`: the buyer has left.
    no_step_left(buyer) { en: "buyer {buyer} has left: it has no step to take", zh: "买家 {buyer} 已离开，没有步骤可走" }
    /// `step`: there is nothing to go back to.
    at_the_start() { en: "this is the start: no step to take back", zh: "已在起点，没有步骤可退" }
    /// `step`: one step was taken back.
    taken_back(step) {
        en: "took back {step}: new buyers, and the steps before it again",
        zh: "退回 {step}：换一批买家，重走之前的步骤",
    }
    /// `step`: what was typed is nothing.
    not_understood(typed, buyers) {
        en: "{typed}? Type a buyer's number (1 to {buyers}), u, ? or q.",
        zh: "{typed}？请输入买家编号（1 到 {buyers}）、u、? 或 q。",
    }
    /// `step`: how to get to an oversell.
    hint(steps) { en: "to oversell from here: {steps}", zh: "从这里走到超卖：{steps}" }
    /// `step`: it has oversold already.
    hint_done() { en: "it has oversold already", zh: "已经超卖了" }
    /// `step`: there is no way to an oversell.
    no_hint() { en: "no order of the steps left oversells", zh: "剩下的步骤怎么排都不会超卖" }
    /// `step`: the search was given up.
    hint_too_far() {
        en: "no oversell within reach: the orders are too many to try them all",
        zh: "近处没有超卖：排列太多，没法全试",
    }

    /// `schedule`: a schedule that nobody types.
    too_long() {
        en: "To replay it, write it to a file with -o, and take it from there with replay --from.",
        zh: "要重放，先用 -o 写到文件，再用 replay --from 读取。",
    }
    /// `schedule -o`: where it was written.
    written(path) { en: "written to {path}", zh: "已写入 {path}" }
}
