//! The words of the matrix: why a combination does as it does, and the table around it.

use super::texts;

texts! {

    /// The page's summary: rows that are not as documented.
    differs(rows) { en: "differs from its documentation: {rows}", zh: "与文档不符：{rows}" }
    /// The page's summary: safe rows.
    holds_here(rows) { en: "holds here: {rows}", zh: "在这里守得住：{rows}" }
    /// The page's summary: unsafe rows.
    does_not_hold(rows) { en: "does not hold: {rows}", zh: "守不住：{rows}" }
    /// The page's summary: rows that say nothing.
    not_shown(rows) { en: "inconclusive: {rows}", zh: "没有定论：{rows}" }
    /// The page: back from a sorted table.
    in_groups() { en: "In groups again", zh: "恢复分组" }
    /// The page: how to sort.
    sort_hint() { en: "A click on a heading sorts.", zh: "点表头排序。" }
    /// A column: when the holder is killed.
    column_killed() { en: "holder killed", zh: "持有者被杀" }
    /// The same, where there is little room.
    short_killed() { en: "killed", zh: "被杀" }
    /// When the holder was killed: others get on after this time.
    killed_goes_on(time) { en: "next after {time}", zh: "{time} 后下一个" }
    /// The same, and something went wrong.
    killed_goes_on_unsound(time, unsound, trials) {
        en: "next after {time}, wrong {unsound}/{trials}",
        zh: "{time} 后下一个，出错 {unsound}/{trials}",
    }
    /// When the holder was killed: nobody was left who could get on.
    killed_nobody() { en: "nobody next", zh: "没有下一个" }
    /// When the holder was killed: others wait for ever.
    killed_stuck(stuck, trials) { en: "stuck {stuck}/{trials}", zh: "卡住 {stuck}/{trials}" }
    /// How to read that column.
    note_killed() {
        en: "Holder killed: in as many further trials the first buyer that has the lock is killed in it; the longest time until the next buyer got on, or in how many nobody ever did.",
        zh: "持有者被杀：另做同样多次试验，第一个拿到锁的买家在持锁时被杀死；列出下一个买家继续之前最长的时间，或有几次再没有人能继续。",
    }
    /// Why: no lock, and the file is overwritten in one go.
    why_none_overwrite() {
        en: "Nothing keeps others out between reading and writing.",
        zh: "读和写之间没有任何东西挡住别人。",
    }
    /// Why: no lock, and the file is emptied first.
    why_none_truncate() {
        en: "Nothing keeps others out, and between emptying and filling they meet an empty file.",
        zh: "没有任何东西挡住别人；清空之后、写入之前，别人会读到空文件。",
    }
    /// Why: no lock, and the file is replaced.
    why_none_rename() {
        en: "A rename is atomic, a purchase is not: nobody meets half a file, but updates get lost.",
        zh: "rename 是原子的，购买不是：没人读到半个文件，但更新会丢。",
    }
    /// Why: flock.
    why_flock() {
        en: "A flock belongs to the open file description, and each buyer opens its own.",
        zh: "flock 属于打开的文件描述，每个买家各自打开一个。",
    }
    /// Why: POSIX locks, and each buyer is a process.
    why_posix() {
        en: "A POSIX lock belongs to the process, and each buyer is one.",
        zh: "POSIX 锁属于进程，每个买家就是一个进程。",
    }
    /// Why: OFD locks.
    why_ofd() {
        en: "An OFD lock belongs to the open file description, and each buyer opens its own.",
        zh: "OFD 锁属于打开的文件描述，每个买家各自打开一个。",
    }
    /// Why: a lockfile.
    why_lockfile() {
        en: "Only one can create the lockfile; the others try again until it is gone.",
        zh: "锁文件只有一个人能创建；别人反复尝试，直到它消失。",
    }
    /// Why: a semaphore.
    why_semaphore() {
        en: "The semaphore counts one, and all buyers of the run share it.",
        zh: "信号量只有一个名额，同一次运行的买家共用它。",
    }
    /// Why: the lock's owner is the process, and all buyers are in one.
    why_same_owner() {
        en: "A POSIX lock belongs to the process, and all buyers are in one: each gets it at once.",
        zh: "POSIX 锁属于进程，而买家都在同一个进程里：人人都能立刻拿到。",
    }
    /// Why: the lock is let go too early, or taken too late.
    why_not_covered() {
        en: "The stock is not locked all the way from the read that decides to the write: another buyer can sell from the same stock in between.",
        zh: "从作出决定的那次读到写入，锁没有一直握着：其间别的买家可以照同一个票数卖票。",
    }
    /// Why: closing another descriptor lets the lock go.
    why_closed_away() {
        en: "A POSIX lock goes with any descriptor of its file that the process closes (fcntl_locking(2)): it is lost before the write.",
        zh: "进程关闭该文件的任何一个描述符，POSIX 锁就没了（fcntl_locking(2)）：写入之前锁已丢失。",
    }
    /// Why: the lock's file is removed.
    why_unlinked() {
        en: "The lock's file is removed: one buyer gets the removed file's lock, another that of the next one.",
        zh: "锁文件被删除：一个买家拿到已删除文件的锁，另一个拿到新文件的锁。",
    }
    /// Why: the locked file is replaced.
    why_renamed_away() {
        en: "Each write replaces the locked file: one buyer holds the old file's lock, another the new one's.",
        zh: "每次写入都换掉带锁的文件：一个买家锁着旧文件，另一个锁着新文件。",
    }
    /// Why: all share the open file.
    why_inherited() {
        en: "All buyers have inherited one open file, and the lock belongs to that (flock(2)): each has it at once.",
        zh: "所有买家继承了同一个打开的文件，而锁属于它（flock(2)）：人人同时持有。",
    }
    /// Why: kinds that ignore each other.
    why_mixed() {
        en: "Some buyers take another kind of lock, and the two kinds ignore each other (fcntl_locking(2)).",
        zh: "有的买家拿另一种锁，而两种锁互不理会（fcntl_locking(2)）。",
    }
    /// Why: some take none.
    why_rogue() {
        en: "The lock is advisory: a buyer that does not ask for it is not kept out, and some do not.",
        zh: "锁是建议性的：不去拿锁的人拦不住，而有人就不拿。",
    }
    /// Why: a helper lets it go.
    why_helper_unlocked() {
        en: "A helper process has inherited the open file, and unlocks it before the write: the lock belongs to both.",
        zh: "辅助进程继承了打开的文件，在写入之前把它解锁：锁是两者共有的。",
    }
    /// Why: lockfiles are removed without a guard.
    why_stale_broken() {
        en: "A buyer that takes a lockfile for a dead holder's removes it: between the look and the removal it can be another's.",
        zh: "以为持有者已死的人会删掉锁文件：从看到删之间，它可能已是别人的。",
    }
    /// Why: the lock ends by itself.
    why_leased() {
        en: "It is kept as long as its lease: a buyer that is slower is in with the next one.",
        zh: "锁只在租期内有效：比租期慢的人，会和下一个人同时在里面。",
    }
    /// Why: a folder is made.
    why_mkdir() {
        en: "Only one can make the folder (mkdir(2)); the others try again until it is gone.",
        zh: "目录只有一个人能建（mkdir(2)）；别人反复尝试，直到它消失。",
    }
    /// Why: a link is made.
    why_link() {
        en: "Only one can give its private file the lockfile's name (link(2)); the others try again.",
        zh: "只有一个人能把自己的文件链接成锁文件的名字（link(2)）；别人反复尝试。",
    }
    /// Why: one after the other.
    why_in_turn() {
        en: "One buyer comes after the other: there is nobody to keep out, so no lock is put to the test.",
        zh: "买家一个接一个：没有人要挡，锁也就没有受到考验。",
    }

    /// Nothing was learnt: the control did not fail.
    control_held() {
        en: "Not put to the test: here its control did not fail either.",
        zh: "没有受到考验：在这里对照组也没出错。",
    }
    /// Nothing was learnt: it could not run.
    could_not_run(reason) { en: "Could not be run here: {reason}.", zh: "在这里无法运行：{reason}。" }
    /// Nothing was learnt: the protocol that it is compared with did not fail.
    control_of_protocol_held(control) {
        en: "Not put to the test: here {control} did not fail either.",
        zh: "没有受到考验：在这里 {control} 也没出错。",
    }
    /// It is promised to be safe, and was not.
    should_be_safe(why) { en: "Here it did NOT keep buyers apart, though: {why}", zh: "在这里没能隔开买家，尽管：{why}" }
    /// It is promised to be safe, and kept buyers apart; what they read was old.
    should_read_the_last(why) {
        en: "Here it did keep buyers apart, but one read a stock that was not the last one written (a cache between them?), \
             though: {why}",
        zh: "在这里买家是隔开的，却有买家读到的不是最后写入的库存（中间有缓存？），尽管：{why}",
    }
    /// It is promised to be safe, and a buyer waited for ever.
    should_not_be_stuck(why) {
        en: "Here a buyer never got the lock, though: {why}",
        zh: "在这里有买家始终拿不到锁，尽管：{why}",
    }
    /// Below the matrix: rows that were left out.
    left_out(names) {
        en: "Left out: {names}. Its buyers share one open file, which has one path.",
        zh: "略去：{names}。它的买家共用一个打开的文件，只有一个路径。",
    }
    /// It is promised to fail, and did not.
    should_be_unsafe(why) { en: "Here it did not fail, although: {why}", zh: "在这里没有出错，尽管：{why}" }

    /// Column.
    column_workers() { en: "workers", zh: "买家形式" }
    /// Column.
    column_protocol() { en: "protocol", zh: "做法" }
    /// Column.
    column_control() { en: "beside", zh: "对照" }
    /// Column.
    column_lock() { en: "lock", zh: "锁" }
    /// Column.
    column_write() { en: "write", zh: "写法" }
    /// Column.
    column_oversold() { en: "oversold", zh: "超卖" }
    /// Column.
    column_lost() { en: "lost updates", zh: "丢失更新" }
    /// Column.
    column_torn() { en: "torn reads", zh: "读到半截" }
    /// Column, in a narrow table.
    short_oversold() { en: "over", zh: "超卖" }
    /// Column, in a narrow table.
    short_lost() { en: "lost", zh: "丢失" }
    /// Column, in a narrow table.
    short_torn() { en: "torn", zh: "半截" }
    /// Column.
    column_sales() { en: "sales/s", zh: "每秒售出" }
    /// Column.
    column_wait() { en: "p99 wait", zh: "等锁 p99" }
    /// Column.
    column_grade() { en: "grade", zh: "评级" }
    /// Column.
    column_why() { en: "why", zh: "原因" }

    /// Column.
    column_store() { en: "store", zh: "数据库" }
    /// Below the table: some leases are to expire.
    leases_expire(times) {
        en: "Where a lease is to expire, it lasts 1 ms, and its buyers think {times} times as long as the others.",
        zh: "租约要过期的那几行：租约为 1 毫秒，买家思考的时间是其他行的 {times} 倍。",
    }
    /// Below the table: some locks are let go just before the commit.
    short_moment(times) {
        en: "Where a lock is let go just before the commit, there are {times} times as many tickets: the moment is short.",
        zh: "在提交前一刻放锁的那几行：票数是其他行的 {times} 倍，因为可乘之机很短。",
    }
    /// Column.
    column_isolation() { en: "isolation", zh: "隔离级别" }
    /// Column.
    column_tries() { en: "tries/sale", zh: "每票尝试" }
    /// Column.
    column_aborts() { en: "aborts/sale", zh: "每票中止" }
    /// Column.
    column_purchase() { en: "p99 purchase", zh: "购买 p99" }
    /// Column, in a narrow table.
    short_tries() { en: "tries", zh: "尝试" }
    /// Column, in a narrow table.
    short_aborts() { en: "aborts", zh: "中止" }
    /// Column, in a narrow table.
    short_purchase() { en: "p99", zh: "购买 p99" }
    /// Why: some orders of two purchases go wrong.
    orders_break(unsound, all, worst) {
        en: "Of the {all} orders of two purchases of one ticket {unsound} are unsound, as {worst} is.",
        zh: "两次购买抢一张票，共 {all} 种顺序，其中 {unsound} 种出错，例如 {worst}。",
    }
    /// Why: none of them goes wrong.
    orders_keep(all) {
        en: "None of the {all} orders of two purchases of one ticket is unsound.",
        zh: "两次购买抢一张票，共 {all} 种顺序，没有一种出错。",
    }
    /// Why: none of them goes wrong, at a price.
    orders_abort(all, failing, codes) {
        en: "None of the {all} orders of two purchases of one ticket is unsound; in {failing} one of them fails ({codes}).",
        zh: "两次购买抢一张票，共 {all} 种顺序，没有一种出错；其中 {failing} 种有一次购买失败（{codes}）。",
    }
    /// Below the table: some rows were tried less often.
    fewer_trials(seconds) {
        en: "Rows with fewer trials had taken {seconds} s by then: a deadlock costs the database's time-out.",
        zh: "试验次数较少的行已经用了 {seconds} 秒：每次死锁都要等数据库超时。",
    }

    /// In the column of locks: the trap.
    on_ticket(lock) { en: "{lock} on ticket", zh: "{lock} 在票文件上" }
    /// In the column of grades: so few trials are no grade.
    no_failure(trials) { en: "no failure in {trials}", zh: "{trials} 次没出错" }
    /// Below the table: how to read that.
    hardly_tried() {
        en: "No failure in N: its control failed, and it did not, in too few trials to say more. `--until 5%` goes on until failures are below 5 %, with 95 % confidence.",
        zh: "N 次没出错：对照组出错了，它没有，但试验太少，不能再多说。`--until 5%` 会一直试到有 95% 的把握，出错率低于 5%。",
    }
    /// In the column of grades.
    safe(percent) { en: "safe <{percent}%", zh: "安全 <{percent}%" }
    /// In the column of grades.
    unsafe_in(failed, trials) { en: "unsafe {failed}/{trials}", zh: "不安全 {failed}/{trials}" }
    /// In the column of grades.
    inconclusive() { en: "inconclusive", zh: "无结论" }
    /// A row that contradicts its documentation.
    not_as_documented() { en: "NOT AS DOCUMENTED", zh: "与文档不符" }

    /// Above the table: what a trial is.
    about(trials, buyers, tickets, think) {
        en: "{trials}: {buyers} race for {tickets} and buy until they are refused, {think}",
        zh: "{trials}：{buyers}抢 {tickets}，买到售罄为止，{think}",
    }
    /// Above the table: how often each row was tried.
    trials_each(trials) { en: "{trials} each", zh: "每行 {trials}" }
    /// Above the table: how often each row was tried that goes on until a bound is reached.
    trials_until(trials, percent) {
        en: "{trials} each, and more until one fails or failures are below {percent}%",
        zh: "每行至少 {trials}，直到有一次出错，或出错率低于 {percent}%",
    }
    /// Two matrices: a grade, beside how often a row failed.
    compared_safe() { en: "safe", zh: "安全" }
    /// The same.
    compared_unsafe() { en: "unsafe", zh: "不安全" }
    /// Two matrices: what differs in a trial.
    compared_trial(name, before, after) { en: "{name}: {before} → {after}", zh: "试验不同，{name}：{before} → {after}" }
    /// Two matrices: behind a change.
    compared_chance() {
        en: " (so few failures that the other matrix may have missed them by chance: take more --trials)",
        zh: "（出错太少，另一张矩阵可能只是碰巧没遇上：加大 --trials）",
    }
    /// Two matrices: a row that the other has not.
    compared_only_in(which, row) { en: "Only in {which}: {row}", zh: "只在 {which} 中：{row}" }
    /// Two matrices: how many rows changed.
    compared(changed, rows) { en: "Grades that changed: {changed} of {rows}.", zh: "{rows}中有 {changed} 行的评级变了。" }
    /// Two matrices: what is not compared.
    compared_grades_alone() {
        en: "Grades alone are compared: figures of speed are of one run each, and nothing says how far they spread.",
        zh: "只比较评级：速度的数字各来自一次运行，看不出波动有多大。",
    }
    /// Two matrices: one of an earlier version.
    compared_unnamed() { en: "it does not say what was tested", zh: "没有写明测试对象" }
    /// Below the table: what one path shows.
    one_path() {
        en: "One path tests one client of a mount: whether locks reach another one, a second --dir to the same folder shows.",
        zh: "一个路径只测试挂载的一个客户端：锁能否管到另一个，要再给一个通向同一目录的 --dir。",
    }
    /// Below the table: what several paths show.
    several_paths(paths) {
        en: "Buyers take turns among the {paths} paths, which were proven to be one folder: locks are graded between them, and so is what a client keeps of a file that it has open.",
        zh: "买家轮流使用这 {paths} 个路径（已证实是同一个目录）：评级针对路径之间的锁，也包括各客户端对已打开文件的缓存。",
    }
    /// Above the table: a folder that was sold in.
    tested_folder(folder) { en: "Tested: {folder}", zh: "测试对象：{folder}" }
    /// Above the table: the machine, the day and the version.
    tested_on(machine) { en: "On: {machine}", zh: "测试环境：{machine}" }
    /// Above the table of protocols: what a trial is.
    about_protocols(trials) {
        en: "{trials}: processes race for tickets and buy until they are refused, arranged as suits the protocol",
        zh: "{trials}：进程抢票，买到售罄为止，按各种做法的需要安排",
    }
    /// Below the table of protocols: how to read a safe grade.
    bound_of_protocols() {
        en: "Safe: no failure in N trials, while the one beside it failed; failures are then below the percentage with 95 % confidence (3/N).",
        zh: "安全：N 次试验没有出错，而旁边的对照出错了；由此有 95% 的把握，出错率低于所示百分比（3/N）。",
    }
    /// Below the table: how to read a safe grade.
    bound() {
        en: "Safe: no failure in N trials, while its control failed; failures are then below the percentage with 95 % confidence (3/N).",
        zh: "安全：N 次试验没有出错，而对照组出错了；由此有 95% 的把握，出错率低于所示百分比（3/N）。",
    }
    /// Below the table: all rows are as documented.
    all_as_documented(rows) { en: "All {rows} are as documented.", zh: "{rows}全部与文档一致。" }
    /// Below the table: the only row is as documented.
    one_as_documented() { en: "The one row is as documented.", zh: "唯一的一行与文档一致。" }
    /// Below the table: some are not.
    some_not_as_documented(count, rows) {
        en: "NOT as documented: {count} of {rows}: what is promised does not hold here.",
        zh: "{rows}中有 {count} 行与文档不符：文档承诺的事在这里不成立。",
    }
    /// Below the table: not all was tried.
    interrupted(tried, planned) {
        en: "Interrupted: {tried} of {planned} tried, the last one perhaps not as often as the others.",
        zh: "被中断：{planned}中只试了 {tried} 行，最后一行的次数可能比别的少。",
    }
    /// Below the table: some could not be judged.
    some_inconclusive(count, rows) {
        en: "Could not be judged here: {count} of {rows}.",
        zh: "{rows}中有 {count} 行在这里无法判断。",
    }
}
