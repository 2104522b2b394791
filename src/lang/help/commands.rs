//! What the commands are for, and the headings of their options.

use super::Pair;

/// English and Chinese, side by side.
pub(super) const ALL: &[Pair] = &[
    ("N real buyers race to buy tickets from one JSON file", "N 个真实的买家抢一个 JSON 文件里的票"),
    (
        "Each buyer is a process of its own: it locks the file, reads how many tickets are left, thinks, and writes one less. Under the lock exactly as many tickets are sold as there are. With --no-lock all of them read the same number, and the race shows.",
        "每个买家是一个单独的进程：锁住文件，读还剩几张票，思考一下，写回减一后的数。有锁时，卖出的票和放出的一样多；用 --no-lock，所有人读到同一个数，竞争就显现出来。",
    ),
    (
        "Learn how processes work, up to the ticket sale: eleven lessons that run",
        "学习进程如何工作，一直讲到抢票：十一节真能运行的课",
    ),
    (
        "Well-known protocols, right and wrong, by name: what goes wrong, where it is met, how it is mended",
        "有名字的做法，对的错的：会出什么错、见于哪里、怎么修",
    ),
    (
        "Count every order of the buyers' steps, on a model, and how each ends",
        "在模型上数遍买家步骤的每一种次序，以及各自的结局",
    ),
    ("Run one order of steps, exactly, on real processes", "让一种步骤次序在真实的进程上精确地走一遍"),
    ("Replay by hand: let one buyer go one step at a time", "手动重放：每次让一个买家走一步"),
    ("Say which schedule a recorded history followed", "说出一份记录下来的历史走的是哪种调度"),
    ("Judge histories of sales, of ticketsim or any other program", "判断售票的历史，不论是谁记下的"),
    ("Show a history: in the terminal, as a page, as a trace", "显示一份历史：在终端里、成网页、成轨迹"),
    (
        "Run every combination of workers, lock and write, and grade it",
        "把执行方式、锁、写法的每种组合都跑一遍，并评级",
    ),
    (
        "Each row of the matrix is several real sales on real files: 10 buyers race for 20 tickets and buy until they are refused. A combination is safe when none of its trials went wrong while the same without the lock did. With --dir it tells whether the locks of a mount (NFS, FUSE, a container's volume) keep what their documentation promises.",
        "矩阵的每一行是在真实文件上的几次真实售票：10 个买家抢 20 张票，一直买到售罄。没有一次试验出错、而不加锁的同样做法出过错，这种组合才算安全。用 --dir 可以看出某个挂载点（NFS、FUSE、容器的卷）上的锁是否像文档说的那样管用。",
    ),
    ("Race somebody else's program or endpoint, and judge it", "让别人的程序或接口来抢票，并作出判断"),
    ("Say how many tickets are left", "说出还剩多少张票"),
    (
        "Remove what a sale has at a database or a Redis server: its tables, or keys",
        "清除一次售票在数据库或 Redis 里的东西：它的表或键",
    ),
    ("The words of --steps, and the letters of schedules", "--steps 的词，以及调度的字母"),
    (
        "Which lock keeps whom apart, and what is left of it when its holder is killed",
        "哪种锁隔开谁，持有者被杀之后还剩什么",
    ),
    ("What can go wrong with a sale, by the names that verdicts have", "售票会出哪些错，按裁决里的名字列出"),
    ("How to log purchases, so that check can judge them", "怎样记录购买，才能让 check 判断"),
    ("The same as --version", "与 --version 相同"),
    ("Print completions for a shell", "打印某种 shell 的补全脚本"),
    (
        "Print the manual page, or write one a command into a folder",
        "打印手册页，或把每个命令的手册页写进一个文件夹",
    ),
    ("Print this message or the help of the given subcommand(s)", "打印这份说明，或某个命令的帮助"),
    ("Sale", "售票"),
    ("Lock and write", "锁与写法"),
    ("Database", "数据库"),
    ("Mishaps", "意外"),
    ("Pace", "节奏"),
    ("Output", "输出"),
    ("About", "关于"),
    ("Lesson", "课程"),
    ("Bounds", "限度"),
    ("Logs of others", "别人的日志"),
    ("Judging", "判断"),
    ("Target", "目标"),
    ("Answers and stock", "回答与库存"),
    ("Gate", "闸门"),
];
