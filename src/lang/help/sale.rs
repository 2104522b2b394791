//! The options of a sale, and those that every command has.

use super::Pair;

/// English and Chinese, side by side.
pub(super) const ALL: &[Pair] = &[
    ("How many buyers race, 1 to 30,000", "有多少买家来抢，1 到 30,000"),
    ("How buyers are run", "买家以什么方式执行"),
    (
        "Put N tickets on sale first [default: what the file has]",
        "先放出 N 张票 [默认：文件里有多少就是多少]",
    ),
    ("Take no lock: short for --lock none", "不拿锁：--lock none 的简写"),
    (
        "How buyers keep each other out; flock+posix: they take turns among the kinds [default: flock; none in a database]",
        "买家怎样互相隔开；flock+posix：轮流用这几种锁 [默认：flock；在数据库里：none]",
    ),
    (
        "How the new stock is written [default: overwrite; set in a database]",
        "新库存怎样写 [默认：overwrite；在数据库里：set]",
    ),
    (
        "Which file carries the lock [default: ticket; sidecar for --write rename]",
        "锁放在哪个文件上 [默认：ticket；用 --write rename 时是 sidecar]",
    ),
    (
        "The steps of a purchase in an order of your own, e.g. 'read lock write unlock'",
        "用自己定的次序写出一次购买的步骤，例如 'read lock write unlock'",
    ),
    (
        "The usual words, each with its letter in a schedule: open O, lock L (of the kind that --lock says), read R, think (no step of a schedule), write W (in the way that --write says; with truncate it stands for truncate T and fill F), unlock U. `ticketsim help steps` has them all, those of databases and Redis, too. Without think nobody thinks. A buyer that reads 0 takes only the unlock, if it holds the lock.",
        "常用的词，各带它在调度里的字母：open O，lock L（--lock 所说的那种锁），read R，think（调度里没有这一步），write W（按 --write 的写法；truncate 写法时代表 truncate T 和 fill F），unlock U。全部的词见 `ticketsim help steps`，数据库和 Redis 的也在那里。没有 think 就没有人思考；读到 0 的买家不再走别的步骤，若持锁则只走 unlock。",
    ),
    (
        "A well-known protocol by its name: `ticketsim protocols` lists them",
        "有名字的做法：`ticketsim protocols` 列出全部",
    ),
    (
        "It stands for steps and for the lock that it is known with. --lock on a file, or --isolation in a database, takes another one that it is known with.",
        "它代表一串步骤和通常与之同用的锁。在文件上用 --lock、在数据库里用 --isolation，可以换成它为人所知的另一种。",
    ),
    ("The first N buyers take no lock", "前 N 个买家不拿锁"),
    (
        "The launcher opens the lock's file, and all buyers inherit it over fork(2)",
        "由启动者打开锁所在的文件，所有买家经 fork(2) 继承",
    ),
    (
        "How long a lockfile, or a lease at Redis, lives before it is taken over (--lock lease), or its holder is taken for dead by break-stale, e.g. 50ms [default: 10s for --lock lease]",
        "锁文件或 Redis 上的租约多久之后被接管（--lock lease），或者 break-stale 多久之后认定持有者已死，例如 50ms [默认：用 --lock lease 时 10s]",
    ),
    (
        "A lockfile of a process that is dead is there when the sale begins",
        "售票开始时已有一个死进程留下的锁文件",
    ),
    (
        "The level of the transaction that a purchase is [default: none, each statement for itself]",
        "一次购买所在事务的隔离级别 [默认：none，每条语句各自提交]",
    ),
    ("Have the table forbid a stock below 0", "让表禁止库存小于 0"),
    ("Start a purchase again that the database aborted", "购买被数据库中止后重新来过"),
    ("SQLite's journal [default: wal]", "SQLite 的日志方式 [默认：wal]"),
    (
        "How long SQLite tries again while the database is busy, e.g. 2s or 0 [default: 10s]",
        "数据库忙时 SQLite 重试多久，例如 2s 或 0 [默认：10s]",
    ),
    (
        "MariaDB: whether a change since the snapshot aborts a purchase [default: what the server has; explore: off]",
        "MariaDB：快照之后有了改动，是否中止购买 [默认：按服务器的设置；explore：off]",
    ),
    (
        "What presents the lease's fencing token, so that an older one is rejected [default: none]",
        "哪些步骤出示租约的栅栏令牌，让旧令牌遭到拒绝 [默认：none]",
    ),
    (
        "Sync the file (for a rename: and the folder) before the lock is let go",
        "放锁之前把文件（rename 写法还有文件夹）同步到磁盘",
    ),
    (
        "Purchases that each buyer makes, or `all`: until it is refused [default: 1; all in a run with --protocol]",
        "每个买家购买几次，或 `all`：一直买到售罄 [默认：1；带 --protocol 的运行是 all]",
    ),
    ("The ticket file [default: data/ticket.json]", "票文件 [默认：data/ticket.json]"),
    (
        "Sell from a database or a Redis server: sqlite:PATH, postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE, or redis://HOST/DB",
        "从数据库或 Redis 服务器卖票：sqlite:PATH、postgres://USER@HOST/DATABASE、mysql://USER@HOST/DATABASE 或 redis://HOST/DB",
    ),
    (
        "What an address leaves open comes from where the engine's own client looks: PGHOST, PGUSER, PGPASSWORD, ~/.pgpass and so on; MYSQL_PWD, ~/.my.cnf and so on; REDISCLI_AUTH. mysql:// is MariaDB (MySQL: not tested), and mariadb:// the same. The tables are ticketsim_stock_NAME and, where receipts are counted, ticketsim_receipt_NAME; at Redis (rediss:// for TLS) the keys are ticketsim:stock:NAME and, for leases and their tokens, ticketsim:lease|token|shown:NAME. Nothing else is touched.",
        "地址里没写的，到该引擎自己的客户端会去的地方找：PGHOST、PGUSER、PGPASSWORD、~/.pgpass 等；MYSQL_PWD、~/.my.cnf 等；REDISCLI_AUTH。mysql:// 指 MariaDB（MySQL 未经测试），mariadb:// 也一样。表是 ticketsim_stock_NAME，要数出票记录时还有 ticketsim_receipt_NAME；在 Redis（用 TLS 写 rediss://）上，键是 ticketsim:stock:NAME，租约及其令牌是 ticketsim:lease|token|shown:NAME。别的一概不碰。",
    ),
    (
        "The name of the sale there, a part of the names of its tables or keys",
        "售票在那里的名字，是表名或键名的一部分",
    ),
    (
        "Another name of the ticket file, through another mount, a container's volume or a link; any number of times",
        "票文件的另一个名字，经由另一个挂载点、容器的卷或链接；可以多次给出",
    ),
    (
        "Buyers take turns among --file and these: each opens the file and its lock (a lockfile, a sidecar) through its own. It is proven first that all of them are one file. One path tests one client of a mount alone: whether a lock reaches the other clients, only a sale through several paths can show.",
        "买家轮流使用 --file 和这些名字：各自经自己的那个打开文件和它的锁（锁文件、旁文件）。事先会证明它们都是同一个文件。一个路径只测试挂载点的一个客户端：锁能否管到其他客户端，只有经几个路径的售票才看得出来。",
    ),
    (
        "Remove a lockfile whose holder is dead, instead of saying that it is stuck",
        "持有者已死的锁文件就删掉，而不是说它卡住了",
    ),
    (
        "Give up waiting for the lock after this long, e.g. 250ms: the verdict says `stuck`",
        "等锁等了这么久就放弃，例如 250ms：裁决里说 `stuck`",
    ),
    (
        "Others put tickets on sale meanwhile, under the same lock: judge a stock that rises as theirs",
        "其间有别人在同一把锁下补票：库存上涨就算作他们补的",
    ),
    (
        "What befalls buyers, any number of times: 'kill 2 before write', 'pause 1 after read 500ms', 'expire 1 after read' (a lease), 'kill random 0.01' (before each step with this probability, from the seed)",
        "买家遭遇什么意外，可以多次给出：'kill 2 before write'、'pause 1 after read 500ms'、'expire 1 after read'（租约）、'kill random 0.01'（每一步之前按这个概率，由种子决定）",
    ),
    (
        "Buyer 2 is stopped at a gate before its first write, and there it is killed (SIGKILL); buyer 1 is paused after its first read (SIGSTOP, and SIGCONT after that time); `first` is the buyer that comes there first. Steps are named as in --steps. Buyers have to be processes.",
        "买家 2 在第一次写入之前停在闸门口，并在那里被杀死（SIGKILL）；买家 1 在第一次读取之后被暂停（SIGSTOP，到时间再 SIGCONT）；`first` 是最先走到那里的买家。步骤的名字与 --steps 相同。买家必须是进程。",
    ),
    (
        "Time between reading and writing, e.g. 10ms or 0 [default: 10ms; less with --protocol]",
        "读和写之间的时间，例如 10ms 或 0 [默认：10ms；用 --protocol 时更短]",
    ),
    (
        "Draw think times from think × (1 ± F), F from 0 to 1",
        "思考时间取自 think × (1 ± F)，F 在 0 到 1 之间",
    ),
    (
        "Seed of the think times [default: drawn, and shown]; the order of the processes stays the operating system's",
        "思考时间的种子 [默认：随机抽取，并显示出来]；进程的先后仍由操作系统决定",
    ),
    ("Write the history to a file: JSON lines, one purchase each", "把历史写进文件：JSON 行，每行一次购买"),
    (
        "Write a page that shows the race: one HTML file that needs nothing else",
        "写一个显示这场竞争的网页：一个自成一体的 HTML 文件",
    ),
    (
        "Write a trace for ui.perfetto.dev or chrome://tracing",
        "写一份供 ui.perfetto.dev 或 chrome://tracing 查看的轨迹",
    ),
    ("Print one JSON document instead of text", "打印一个 JSON 文档，代替文本"),
    ("Say the verdict alone", "只说裁决"),
    ("Say more: latencies, fairness, a line for every buyer", "多说一些：延迟、公平性、每个买家一行"),
    ("How progress is shown, on stderr", "进度怎样显示在标准错误上"),
    ("When to colour the output", "何时给输出上色"),
    ("The language of the text output [default: from the locale]", "文本输出的语言 [默认：跟随系统]"),
    (
        "Print the version (with '--version': and the stores that it knows)",
        "打印版本（用 '--version' 时还有它认识的存储）",
    ),
    ("Print this help, in short with '-h'", "打印这份帮助，用 '-h' 是简短的"),
];
