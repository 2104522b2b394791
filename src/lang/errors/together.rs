//! Options that do not go together, and options that another store has.

use crate::lang::texts;

texts! {
    /// An option of ticket files, beside a database.
    of_a_file(option) {
        en: "{option} is of a ticket file, and the tickets are in a database",
        zh: "{option} 用于票文件，而票在数据库里",
    }
    /// An option of databases, beside none.
    of_a_database(option) {
        en: "{option} is of a database: name one with --store",
        zh: "{option} 用于数据库：请用 --store 说明是哪个",
    }
    /// An option of Redis, elsewhere.
    of_redis(option) {
        en: "{option} is of Redis: name a server with --store redis://HOST",
        zh: "{option} 用于 Redis：请用 --store redis://HOST 说明是哪台",
    }
    /// An option of one database, beside another.
    of_another(option, of, store) {
        en: "{option} is of {of}: {store} has no such choice",
        zh: "{option} 用于 {of}：{store} 没有这个选择",
    }
    /// A lock or a write that the store does not have.
    store_has(store, option, given, known) {
        en: "{store} has no {option} {given}; it has: {known}",
        zh: "{store} 没有 {option} {given}；有的是：{known}",
    }
    /// A lock or a write that ticket files do not have.
    file_has(option, given, known) {
        en: "a ticket file has no {option} {given}; it has: {known}. --store says at which database the tickets are, if they are in one",
        zh: "票文件没有 {option} {given}；有的是：{known}。若不是票文件，请用 --store 说明票在哪个数据库",
    }
    /// The place of a lock at a store that has no such file.
    no_lock_file(store) {
        en: "--lock-on says which file carries the lock: {store} has no such file",
        zh: "--lock-on 说的是锁放在哪个文件上：{store} 没有这样的文件",
    }
    /// The place of a lock that is on no file.
    no_carrier(lock) {
        en: "--lock-on says which file carries the lock: --lock {lock} sits on none",
        zh: "--lock-on 说的是锁放在哪个文件上：--lock {lock} 不放在文件上",
    }
    /// Too many kinds of locks.
    too_many_kinds(most) {
        en: "--lock: buyers take turns among {most} kinds at most",
        zh: "--lock：买家至多轮流用 {most} 种",
    }
    /// A lock and none.
    lock_and_none(lock) {
        en: "--no-lock and --lock {lock} say different things: leave one of them out",
        zh: "--no-lock 和 --lock {lock} 互相矛盾：请去掉一个",
    }
    /// A protocol that names its lock.
    protocol_locks(protocol) {
        en: "--protocol: {protocol} says by itself what it locks; leave --lock out",
        zh: "--protocol：{protocol} 自己就说明锁什么；请去掉 --lock",
    }
    /// A protocol that says which of its steps present a token.
    protocol_fences(protocol) {
        en: "--protocol: {protocol} says by itself what presents a token; leave --fence out",
        zh: "--protocol：{protocol} 自己就说明哪一步出示令牌；请去掉 --fence",
    }
    /// A write beside steps.
    steps_write() {
        en: "--write stands for steps: with --steps, one of them says how the stock is changed",
        zh: "--write 代表步骤：有了 --steps，就由其中一步说明怎样改库存",
    }
    /// A lock that no step takes.
    no_step_locks(lock) {
        en: "--steps: no step takes the {lock} lock; leave --lock out",
        zh: "--steps：没有哪一步拿 {lock} 锁；请去掉 --lock",
    }
    /// Steps that take the lease.
    steps_take_the_lease() {
        en: "--steps: they take the lease; leave --lock out",
        zh: "--steps：这些步骤会拿租约；请去掉 --lock",
    }
    /// Steps that do not.
    steps_take_no_lease() {
        en: "--steps: they never take the lease; leave --lock out",
        zh: "--steps：这些步骤从不拿租约；请去掉 --lock",
    }
    /// A row's lock without a transaction.
    row_without_transaction(lock) {
        en: "--lock {lock}: a row stays locked until the end of a transaction; choose one with --isolation",
        zh: "--lock {lock}：行锁到事务结束为止；请用 --isolation 选一种事务",
    }
    /// Too short a lease.
    short_lease() { en: "--lease: a lease lasts 1ms at least", zh: "--lease：租约至少 1ms" }
    /// A lease that no step takes.
    no_lease() {
        en: "--lease is how long --lock lease lasts, and no step takes that lock",
        zh: "--lease 是 --lock lease 的期限，而没有哪一步拿这把锁",
    }
    /// Leases that expire, where there are none.
    nothing_expires() {
        en: "--expire lets leases expire, and no step takes one; say --lock lease, on a ticket file or with --store redis",
        zh: "--expire 让租约到期，而没有哪一步拿租约；请在票文件上或带 --store redis 时用 --lock lease",
    }
    /// Stale locks of a kind that never gets stale.
    never_stale() {
        en: "--break-stale removes a dead holder's lockfile: it goes with --lock lockfile or link",
        zh: "--break-stale 删除已死持有者的锁文件：要与 --lock lockfile 或 link 同用",
    }
    /// A time-out that the store does not have.
    no_lock_timeout(store) {
        en: "--lock-timeout is of a ticket file, of PostgreSQL and of MariaDB: {store} has no such choice",
        zh: "--lock-timeout 用于票文件、PostgreSQL 和 MariaDB：{store} 没有这个选择",
    }
    /// The same at SQLite.
    no_lock_timeout_at_sqlite() {
        en: "--lock-timeout is of a ticket file, of PostgreSQL and of MariaDB: SQLite has no such choice; it has --busy-timeout",
        zh: "--lock-timeout 用于票文件、PostgreSQL 和 MariaDB：SQLite 没有这个选择；它有 --busy-timeout",
    }
    /// A time-out that the store can't count.
    whole_seconds(store) {
        en: "--lock-timeout: {store} counts it in whole seconds, from 1",
        zh: "--lock-timeout：{store} 按整秒计，从 1 起",
    }
    /// The same in its other unit.
    whole_milliseconds(store) {
        en: "--lock-timeout: {store} counts it in whole milliseconds, from 1",
        zh: "--lock-timeout：{store} 按整毫秒计，从 1 起",
    }
    /// Workers on the model of a database.
    workers_of_a_model() {
        en: "--workers is of a ticket file: a database tells buyers apart by their connections",
        zh: "--workers 用于票文件：数据库按连接区分买家",
    }
    /// Workers in a replay on a database.
    replayed_as_processes() {
        en: "--workers is of a ticket file: elsewhere each buyer that is replayed is a process",
        zh: "--workers 用于票文件：在别处，重放的每个买家都是进程",
    }
    /// Kills of what is no process.
    kills_need_processes() {
        en: "--kills kills buyers one by one, and only a process can be killed so; say --workers process",
        zh: "--kills 一个个地杀买家，而只有进程才杀得了；请用 --workers process",
    }
    /// Choices of a ticket file, at a store.
    choices_of_a_file() {
        en: "--store: the choices are those of a ticket file",
        zh: "--store：这些选择是票文件的",
    }
    /// A schedule of a ticket file, at a store.
    schedule_of_a_file() {
        en: "--store: the schedule is of a ticket file",
        zh: "--store：这个调度是票文件的",
    }
    /// A schedule of another store.
    schedule_of_another(own, there) {
        en: "--store: the schedule is of {own}, and that is {there}",
        zh: "--store：这个调度是 {own} 的，而那里是 {there}",
    }
    /// A sale to be cleared that is nowhere.
    clear_where() {
        en: "clear: --store says where the sale is",
        zh: "clear：用 --store 说明售票在哪里",
    }
    /// No token.
    no_token() {
        en: "it takes the token that the lead shows: TICKETSIM_TOKEN=…, or --token",
        zh: "要有主导方显示的口令：TICKETSIM_TOKEN=…，或 --token",
    }
    /// JUnit's XML of the gate.
    junit_of_the_gate() {
        en: "--junit is for races without --gate: take --json with it",
        zh: "--junit 用于不带 --gate 的 race：带 --gate 请用 --json",
    }
    /// Not two files to compare.
    compare_two() { en: "--compare takes two files: a.json b.json", zh: "--compare 要两个文件：a.json b.json" }
    /// A matrix without a subject.
    no_such_subjects() {
        en: "no protocol of that name is known at such a level there: leave out --protocol or --isolation",
        zh: "那里没有这个名字、这个级别的做法：请去掉 --protocol 或 --isolation",
    }
    /// More folders than buyers.
    too_many_folders(most) {
        en: "--dir: at most {most}, one for each buyer of a trial",
        zh: "--dir：至多 {most} 个，一次试验的每个买家一个",
    }
    /// One folder twice.
    same_folder(same, dir) {
        en: "--dir {same} and --dir {dir} are one path, which tests one client: name another mount of it",
        zh: "--dir {same} 和 --dir {dir} 是同一个路径，只测试一个客户端：请给出它的另一个挂载点",
    }
    /// One number for several items.
    one_number(items, header) {
        en: "--tickets is one number, and there are {items} items: say it for each in the header, {header}",
        zh: "--tickets 只是一个数，而票有 {items} 种：请在文件头里逐种写明，{header}",
    }
    /// Pictures of several histories.
    pictures_of_one() {
        en: "--html and --trace show one history: name one, or say --merge if all of them are one",
        zh: "--html 和 --trace 只显示一份历史：请只写一份，若它们合为一份就加 --merge",
    }
    /// Several histories without a page.
    page_of_several() {
        en: "several histories are drawn on one page: -o both.html names it",
        zh: "几份历史画在同一页上：用 -o both.html 说明写到哪里",
    }
    /// A trace of several histories.
    trace_of_one() {
        en: "--trace takes one history; a page takes several",
        zh: "--trace 只要一份历史；网页可以有几份",
    }
    /// Standard input twice.
    stdin_twice() {
        en: "standard input (-) is one history, and is named twice",
        zh: "标准输入（-）只是一份历史，却写了两次",
    }
    /// The counter's options in another lesson.
    of_the_server_lesson() {
        en: "--serve and --connect are the two sides of one lesson: ticketsim lesson server --serve 4000",
        zh: "--serve 和 --connect 是同一节课的两边：ticketsim lesson server --serve 4000",
    }
    /// An option of a lesson without one.
    which_lesson() {
        en: "of which lesson? Name one, or say --all; ticketsim lesson lists them",
        zh: "哪一节课？请写出一节，或用 --all；ticketsim lesson 列出全部",
    }
}
