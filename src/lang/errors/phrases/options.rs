//! Of options that do not go together.

/// English and Chinese, side by side.
pub(super) const ALL: &[(&str, &str)] = &[
    (
        "--junit is for races without --gate: take --json with it",
        "--junit 用于不带 --gate 的 race：带 --gate 请用 --json",
    ),
    ("no port is free", "没有空闲的端口"),
    ("{}: no such folder", "{}：没有这个文件夹"),
    ("{}: longer than {} bytes", "{}：超过 {} 字节"),
    ("longer than {} bytes", "超过 {} 字节"),
    (
        "--lock-on says which file carries the lock: {} has no such file",
        "--lock-on 说的是锁放在哪个文件上：{} 没有这样的文件",
    ),
    (
        "--lock-on says which file carries the lock: --lock {} sits on none",
        "--lock-on 说的是锁放在哪个文件上：--lock {} 不放在文件上",
    ),
    ("--lock: {} has: {}", "--lock：{} 有的是：{}"),
    ("--write: {} has: {}", "--write：{} 有的是：{}"),
    ("--lock: buyers take turns among {} kinds at most", "--lock：买家至多轮流用 {} 种"),
    (
        "--protocol: {}; --store says at which database the tickets are",
        "--protocol：{}；用 --store 说明票在哪个数据库",
    ),
    (
        "--protocol: {} says by itself what it locks; leave --lock out",
        "--protocol：{} 自己就说明锁什么；请去掉 --lock",
    ),
    (
        "--protocol: {} says by itself what presents a token; leave --fence out",
        "--protocol：{} 自己就说明哪一步出示令牌；请去掉 --fence",
    ),
    (
        "--no-lock and --lock {} say different things: leave one of them out",
        "--no-lock 和 --lock {} 互相矛盾：请去掉一个",
    ),
    (
        "{}. That is what a ticket file has; --store says at which database the tickets are",
        "{}。这是票文件的情形；用 --store 说明票在哪个数据库",
    ),
    ("unknown {} \"{}\": one of {}", "没有 \"{2}\" 这种{1}：可选 {3}"),
    (
        "--expire lets leases expire, and no step takes one: --lock lease, on a ticket file or with --store redis",
        "--expire 让租约到期，而没有哪一步拿租约：请在票文件上或带 --store redis 时用 --lock lease",
    ),
    (
        "--workers is of a ticket file: a database tells buyers apart by their connections",
        "--workers 用于票文件：数据库按连接区分买家",
    ),
    (
        "--kills kills buyers one by one, and only a process can be: --workers process",
        "--kills 一个个地杀买家，而只有进程才杀得了：--workers process",
    ),
    ("--compare takes two files: a.json b.json", "--compare 要两个文件：a.json b.json"),
    (
        "{} and {} have no row in common: they are matrices of different things",
        "{} 和 {} 没有一行相同：它们是不同东西的矩阵",
    ),
    (
        "no protocol of that name is known at such a level there: leave out --protocol or --isolation",
        "那里没有这个名字、这个级别的做法：请去掉 --protocol 或 --isolation",
    ),
    ("it is a ticket file", "这是票文件"),
    (
        "no folder can be made for the trials; --dir takes a folder that can be written",
        "不能为试验建文件夹；--dir 要一个能写的文件夹",
    ),
    ("--dir: at most {}, one for each buyer of a trial", "--dir：至多 {} 个，一次试验的每个买家一个"),
    (
        "--dir {} and --dir {} are one path, which tests one client: name another mount of it",
        "--dir {} 和 --dir {} 是同一个路径，只测试一个客户端：请给出它的另一个挂载点",
    ),
    (
        "--serve and --connect are the two sides of one lesson: ticketsim lesson server --serve 4000",
        "--serve 和 --connect 是同一节课的两边：ticketsim lesson server --serve 4000",
    ),
    (
        "of which lesson? Name one, or say --all; ticketsim lesson lists them",
        "哪一节课？请写出一节，或用 --all；ticketsim lesson 列出全部",
    ),
    ("{}: is a folder", "{}：是文件夹"),
    ("{}: can't be written", "{}：写不了"),
    ("{}: can't be read", "{}：读不了"),
    (
        "{}: is a ticket file, or has the name of one on its way to its place; name another one",
        "{}：是票文件，或与正在写的票文件同名；请换一个",
    ),
    (
        "{}: would be written over a file that this command reads or writes; name another one",
        "{}：会盖掉这个命令要读或要写的文件；请换一个",
    ),
    (
        "--{} is of a ticket file's lock, and the tickets are in a database",
        "--{} 用于票文件的锁，而票在数据库里",
    ),
    ("{} is of a ticket file, and the tickets are in a database", "{} 用于票文件，而票在数据库里"),
    ("standard output: can't be written", "标准输出：写不了"),
    (
        "--tickets is one number, and there are {} items: say it for each in the header, {}",
        "--tickets 只是一个数，而票有 {} 种：请在文件头里逐种写明，{}",
    ),
    ("--store: the choices are those of a ticket file", "--store：这些选择是票文件的"),
    (
        "several histories are drawn on one page: -o both.html names it",
        "几份历史画在同一页上：用 -o both.html 说明写到哪里",
    ),
    ("--trace takes one history; a page takes several", "--trace 只要一份历史；网页可以有几份"),
    ("standard input (-) is one history, and is named twice", "标准输入（-）只是一份历史，却写了两次"),
    (
        "--lock {}: a row stays locked until the end of a transaction; choose one with --isolation",
        "--lock {}：行锁到事务结束为止；请用 --isolation 选一种事务",
    ),
    (
        "--write stands for steps: with --steps, one of them says how the stock is changed",
        "--write 代表步骤：有了 --steps，就由其中一步说明怎样改库存",
    ),
    ("--steps: no step takes the {} lock; leave --lock out", "--steps：没有哪一步拿 {} 锁；请去掉 --lock"),
    ("--steps: they take the lease; leave --lock out", "--steps：这些步骤会拿租约；请去掉 --lock"),
    ("--steps: they never take the lease; leave --lock out", "--steps：这些步骤从不拿租约；请去掉 --lock"),
    ("--{} is of {}: {} has no such choice", "--{} 用于 {}：{} 没有这个选择"),
    ("--{} is of a database: name one with --store", "--{} 用于数据库：请用 --store 说明是哪个"),
    (
        "--break-stale removes a dead holder's lockfile: it goes with --lock lockfile or link",
        "--break-stale 删除已死持有者的锁文件：要与 --lock lockfile 或 link 同用",
    ),
    (
        "--lock-timeout is of a ticket file, of PostgreSQL and of MariaDB: {} has no such choice{}",
        "--lock-timeout 用于票文件、PostgreSQL 和 MariaDB：{} 没有这个选择{}",
    ),
    ("--lock-timeout: {} counts it in whole {}, from 1", "--lock-timeout：{} 按整{}计，从 1 起"),
    ("; it has --busy-timeout", "；它有 --busy-timeout"),
    ("seconds", "秒"),
    ("milliseconds", "毫秒"),
    ("the history holds no plan", "这份历史里没有计划"),
    ("{}: nobody can replay this schedule: {}", "{}：这个调度谁也重放不了：{}"),
    ("clear: --store says where the sale is", "clear：用 --store 说明售票在哪里"),
    ("--lease: a lease lasts 1ms at least", "--lease：租约至少 1ms"),
    (
        "--lease is how long --lock lease lasts, and no step takes that lock",
        "--lease 是 --lock lease 的期限，而没有哪一步拿这把锁",
    ),
    ("--fence is of Redis: --store redis://HOST", "--fence 用于 Redis：--store redis://HOST"),
    (
        "--html and --trace show one history: name one, or say --merge if all of them are one",
        "--html 和 --trace 只显示一份历史：请只写一份，若它们合为一份就加 --merge",
    ),
    (
        "the steps are {} words: put them in quotes, so that they are one",
        "步骤是 {} 个词：请用引号括起来，使它们成为一个词",
    ),
    ("the schedule is empty: it takes at least one step, like R1", "调度是空的：至少要有一步，例如 R1"),
    ("--store: the schedule is of a ticket file", "--store：这个调度是票文件的"),
    ("--store: the schedule is of {}, and that is {}", "--store：这个调度是 {} 的，而那里是 {}"),
    (
        "--workers is of a ticket file: elsewhere each buyer that is replayed is a process",
        "--workers 用于票文件：在别处，重放的每个买家都是进程",
    ),
    (
        "{}step {} ({}) can't be taken although the schedule is right: did another program touch {}?",
        "{}第 {} 步（{}）走不了，虽然调度没错：是别的程序动过 {} 吗？",
    ),
    ("replay {}: ", "第 {} 次重放："),
    ("a ticket file", "票文件"),
    ("MariaDB or MySQL", "MariaDB 或 MySQL"),
    ("MariaDB and MySQL", "MariaDB 和 MySQL"),
];
