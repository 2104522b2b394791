//! The words of an exploration.

use super::texts;

texts! {
    /// The first line: what is explored.
    setting(buyers, tickets, lock, write) {
        en: "Sale of {tickets} to {buyers}: {lock}, {write}",
        zh: "{buyers}抢 {tickets}：{lock}，{write}",
    }
    /// How many schedules there are, and over how many states they were counted.
    counted(schedules, states) {
        en: "{schedules}, counted over {states} states of a model",
        zh: "{schedules}，在模型的 {states} 个状态上数出来",
    }
    /// How many states a census met before it stopped.
    stopped(states) {
        en: "stopped at the bound of {states} states of a model",
        zh: "到达模型 {states} 个状态的上限，没有数完",
    }
    /// How many states a census met before it was interrupted.
    told_to_stop(states) {
        en: "interrupted after {states} states of a model",
        zh: "走过模型的 {states} 个状态后被中断，没有数完",
    }
    /// A census without an end.
    endless(states) {
        en: "stopped after {states} states of a model: an aborted purchase can be tried again for ever, so there is no longest schedule",
        zh: "走过模型的 {states} 个状态后停下：被中止的购买可以一直重试，所以没有最长的调度",
    }
    /// A request that has to wait, and the step that brings its answer.
    waits(step, holder, by) {
        en: "{step} waits for buyer {holder} … {by}: {step} goes on",
        zh: "{step} 等买家 {holder} …… {by}：{step} 继续",
    }
    /// The same, where the answer is an error.
    waits_and_fails(step, holder, by) {
        en: "{step} waits for buyer {holder} … {by}: {step} fails",
        zh: "{step} 等买家 {holder} …… {by}：{step} 失败",
    }
    /// A sample that was told to stop.
    draws_interrupted(draws, asked) {
        en: "interrupted after {draws} of {asked} draws: what follows is of those",
        zh: "在 {asked} 次抽取中的第 {draws} 次之后被中断：以下只包括这些",
    }
    /// How many schedules were drawn evenly.
    drawn_evenly(draws, seed) {
        en: "{draws} drawn on a model, each step evenly among the buyers that can step; seed {seed}",
        zh: "在模型上抽取 {draws}，每一步在能走的买家中均匀挑选；种子 {seed}",
    }
    /// How many schedules were drawn by priorities.
    drawn_by_priority(draws, depth, seed) {
        en: "{draws} drawn on a model by random priorities (PCT) of depth {depth}; seed {seed}",
        zh: "在模型上按随机优先级（PCT，深度 {depth}）抽取 {draws}；种子 {seed}",
    }
    /// One schedule.
    one_schedule() { en: "1 schedule", zh: "1 种调度" }
    /// Several schedules.
    schedules(count) { en: "{count} schedules", zh: "{count} 种调度" }

    /// The beginning of a long schedule, and how many steps it has.
    cut_short(beginning, steps) {
        en: "{beginning} … ({steps} steps; --json has them all)",
        zh: "{beginning} ……（共 {steps} 步；--json 里有全部）",
    }

    /// Heading: receipts.
    receipts() { en: "receipts", zh: "收据" }
    /// Heading: the stock at the end.
    left() { en: "left", zh: "剩票" }
    /// Heading: purchases that failed.
    failed() { en: "failed", zh: "失败" }
    /// Heading: what went wrong.
    anomalies() { en: "anomalies", zh: "异常" }
    /// Heading: the number of schedules.
    schedules_heading() { en: "schedules", zh: "调度数" }
    /// Heading: the number of draws.
    draws_heading() { en: "draws", zh: "抽中次数" }
    /// Heading: the probability.
    probability() { en: "probability", zh: "概率" }
    /// Heading: the share of the draws.
    share() { en: "share", zh: "占比" }
    /// Heading: the shortest schedule that ends so.
    shortest() { en: "shortest", zh: "最短的调度" }
    /// In the table: nothing went wrong.
    none() { en: "none", zh: "无" }
    /// In the table: the file is no ticket file at the end.
    torn() { en: "torn", zh: "半截" }

    /// The ruling: all sound.
    all_sound(schedules) {
        en: "SOUND: every one of the {schedules} is sound. For this model that is a proof, not a sample.",
        zh: "正确：全部 {schedules}都正确。对这个模型来说，这是证明，不是抽样。",
    }
    /// The ruling: there is one schedule, and it is sound.
    the_one_is_sound() {
        en: "SOUND: there is one schedule, and it is sound.",
        zh: "正确：只有一种调度，而且它是正确的。",
    }
    /// The ruling: some unsound.
    some_unsound(unsound, schedules, probability) {
        en: "UNSOUND: {unsound} of {schedules} go wrong. A scheduler that picks evenly among the buyers that can step meets one with probability {probability}.",
        zh: "出错：{schedules}里有 {unsound} 种会出错。每一步在能走的买家中均匀挑选的调度器，碰上一种的概率是 {probability}。",
    }
    /// The ruling: some unsound among those that were counted.
    unsound_so_far(unsound) {
        en: "UNSOUND: {unsound} that go wrong were found, though not all schedules were counted.",
        zh: "出错：没有数完，但已经找到 {unsound}会出错。",
    }
    /// The ruling: not all were counted.
    unknown() {
        en: "UNKNOWN: not all schedules were counted, and none of those that were goes wrong.",
        zh: "无法判定：没有数完，数过的调度都没有出错。",
    }
    /// What was covered when the bound was met.
    covered(steps, schedules, probability) {
        en: "Every order of the first {steps} steps was followed: {schedules} end within them. A scheduler that picks evenly among the buyers that can step takes one of those with probability {probability}.",
        zh: "前 {steps} 步的每一种顺序都走过了：其中 {schedules}已经走完。每一步在能走的买家中均匀挑选的调度器，走到它们之一的概率是 {probability}。",
    }
    /// What was covered when the bound was met: the beginnings alone.
    covered_none(steps) {
        en: "Every order of the first {steps} steps was followed; no schedule ends within them.",
        zh: "前 {steps} 步的每一种顺序都走过了；没有一种调度在这以内走完。",
    }
    /// What to do about a bound that was met.
    raise_bound(count, sample) {
        en: "To go on: --max-states {count}, or draw some at random:  {sample}",
        zh: "想继续：--max-states {count}，或者随机抽取：  {sample}",
    }
    /// The ruling: a sample found something.
    sample_unsound(unsound, draws, share, low, high) {
        en: "UNSOUND: {unsound} of {draws} drawn go wrong: {share}, with 95 % confidence {low} to {high} of what this scheduler draws.",
        zh: "出错：抽取的 {draws}里有 {unsound} 种出错：{share}；这个调度器抽出的调度里，出错的比例有 95% 的把握在 {low} 到 {high} 之间。",
    }
    /// The ruling: a sample found nothing.
    sample_unknown(draws, bound) {
        en: "UNKNOWN: none of the {draws} drawn goes wrong. With 95 % confidence that is so of all but at most {bound} (3/N) of what this scheduler draws. A sample is no proof.",
        zh: "无法判定：抽取的 {draws}没有一种出错。有 95% 的把握说，这个调度器抽出的调度里出错的比例低于 {bound}（3/N）。抽样不是证明。",
    }
    /// What PCT promises.
    power(depth, steps, power) {
        en: "A race that takes {depth} ordered steps, in schedules of up to {steps} steps, would have been met with probability {power} or more.",
        zh: "在不超过 {steps} 步的调度里，需要 {depth} 步按次序发生的竞争，至少有 {power} 的概率会被碰到。",
    }

    /// What the model leaves out of kills where none may come.
    killed() { en: "buyers that are killed", zh: "被杀死的买家" }
    /// The same at a ticket file.
    killed_midway() { en: "buyers that are killed", zh: "买到一半被杀死的买家" }
    /// What it leaves out of them where some may.
    killed_in_a_step() { en: "buyers that are killed in the middle of a step", zh: "走到一步当中被杀死的买家" }
    /// A mishap, and how many of it.
    kills(most) { en: "a buyer is killed (K), at most {most} in a schedule", zh: "买家被杀死（K），每种调度里至多 {most} 个" }
    /// A mishap, however many of it.
    any_kills() { en: "a buyer is killed (K), at any time", zh: "买家被杀死（K），随时可能" }
    /// What kills alone did: nothing.
    kills_do_nothing(all) {
        en: "The kills do no harm: without them there are {all}, all sound as well.",
        zh: "杀死买家没有造成损害：没有它时有 {all}，同样全部正确。",
    }
    /// What kills alone did: all of it.
    kills_did_all(all, kinds) {
        en: "The kills alone did it: without one all of {all} are sound; with them comes {kinds}.",
        zh: "全是杀死买家造成的：没有它时 {all}全部正确；有了它才出现：{kinds}。",
    }
    /// What kills alone did: nothing that does not come without them.
    kills_did_none(unsound, all) {
        en: "The kills alone did nothing new: without one {unsound} of {all} go wrong, in the same ways.",
        zh: "杀死买家没有带来新的错误：没有它时 {all} 里就有 {unsound} 种以同样的方式出错。",
    }
    /// What kills alone did: some of it.
    kills_did_some(unsound, all, kinds) {
        en: "Without a kill {unsound} of {all} go wrong; with kills alone comes {kinds}.",
        zh: "没有杀死买家时 {all} 里有 {unsound} 种出错；只有杀死买家才会出现：{kinds}。",
    }

    /// What the model leaves out.
    leaves_out(killed) {
        en: "The model leaves out: {killed} and machines that lose power in the middle of a purchase; reads and writes that fail or are cut short; other programs that ignore the lock; a lock that does not do what its manual says on your filesystem; time, so nobody gives up waiting.",
        zh: "模型没有考虑：{killed}或断电的机器；失败或只完成一部分的读写；不理会锁的其他程序；在你的文件系统上不像手册所说那样工作的锁；时间，所以没有人会等不及。",
    }
    /// What the models of databases leave out.
    leaves_out_of_database(killed) {
        en: "The model leaves out: {killed}, connections that are cut and servers that fail; other programs at the same tables; time, so nobody gives up waiting and no time-out ends a wait; what the engine does otherwise than the versions that were measured.",
        zh: "模型没有考虑：{killed}、断开的连接和出故障的服务器；同时使用这些表的其他程序；时间，所以没有人会等不及，也没有超时；引擎与所测版本不同的行为。",
    }
    /// What the model of a Redis server leaves out.
    leaves_out_of_redis(killed) {
        en: "The model leaves out: {killed}, connections that are cut, servers that fail or forget, replicas that lag behind; other programs at the same keys; time, so a lease expires when --expire lets it, and not when its time is over.",
        zh: "模型没有考虑：{killed}、断开的连接、出故障或丢失数据的服务器、落后的副本；同时使用这些键的其他程序；时间，所以租约在 --expire 允许时过期，而不是到时间才过期。",
    }
    /// The mishaps that may come.
    with_mishaps(mishaps) {
        en: "Steps of nature are counted like buyers' steps, and picked as evenly: {mishaps}",
        zh: "自然发生的步骤和买家的步骤一样计数，也同样均匀地被挑中：{mishaps}",
    }
    /// A mishap, and how many of it.
    expiries(most) { en: "a lease expires (X), at most {most} in a schedule", zh: "租约过期（X），每种调度里至多 {most} 次" }
    /// A mishap, however many of it.
    any_expiries() { en: "a lease expires (X), at any time, each once", zh: "租约过期（X），随时可能，每份租约一次" }
    /// How far a count has got.
    counting(states, steps, share) {
        en: "counting: {states} states after {steps} steps; {share} of the probability has ended",
        zh: "正在数：{steps} 步之后 {states} 个状态；概率中已走完 {share}",
    }
    /// How to make a witness happen.
    to_replay(command) {
        en: "To make the worst of them happen for real:  {command}",
        zh: "想让其中最糟的一种真的发生：  {command}",
    }
    /// Where to find how to make a long witness happen.
    replay_in_json() {
        en: "To make the worst of them happen for real, take its replay command from --json.",
        zh: "想让其中最糟的一种真的发生：重放命令太长，请从 --json 里取。",
    }
    /// A lock that keeps nobody out, and too few buyers to see it.
    too_few_to_show() {
        en: "Two buyers are too few to show what is wrong with this lock:  --buyers 3",
        zh: "两个买家还看不出这把锁的毛病：  --buyers 3",
    }
    /// How to explore the same under a lock.
    to_lock(command) {
        en: "To see what a lock makes of it:  {command}",
        zh: "想看加锁之后怎样：  {command}",
    }
    /// How to explore the same with a lock that excludes.
    to_sidecar(command) {
        en: "To see what a lock on a file that no write replaces makes of it:  {command}",
        zh: "想看把锁放在不会被换掉的文件上怎样：  {command}",
    }

    /// On the page: where all schedules begin.
    page_start() { en: "start", zh: "开始" }
    /// On the page: the sign of sound ends.
    page_sound() { en: "sound", zh: "正确" }
    /// On the page: the sign of unsound ends.
    page_unsound() { en: "unsound", zh: "出错" }
    /// On the page: what a click does.
    page_click() {
        en: "A column a step; an edge is as wide as the probability that flows through it. A click on one shows a schedule.",
        zh: "一列是一步；线的粗细是流过它的概率。点一条线，看经过它的一种调度。",
    }
    /// On the page: before a schedule.
    page_schedule() { en: "Schedule:", zh: "调度：" }
    /// On the page: before a command.
    page_command() { en: "Make it happen:", zh: "让它发生：" }
    /// On the page: the file is no ticket file in the end.
    page_torn() { en: "a torn file", zh: "半截的文件" }
    /// On the page: how schedules end.
    page_end(receipts, left) { en: "{receipts} sold, {left} left", zh: "卖出 {receipts}，剩 {left}" }
    /// On the page: purchases failed, too.
    page_failed(words, failed) { en: "{words}, {failed} failed", zh: "{words}，失败 {failed}" }
    /// On the page: a step, and how likely a schedule comes over it.
    page_edge(letters, share) { en: "{letters}: {share}", zh: "{letters}，概率 {share}" }
    /// On the page: not all states are drawn.
    page_thinned(drawn, states, share) {
        en: "Thinned: {drawn} of {states} states are drawn, the likeliest of each step; {share} of the probability ends in them.",
        zh: "有删减：{states} 个状态中画了每一步最可能的 {drawn} 个，概率的 {share} 在其中结束。",
    }
}
