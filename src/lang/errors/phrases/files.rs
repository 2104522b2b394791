//! Of ticket files, schedules and lessons.

/// English and Chinese, side by side.
pub(super) const ALL: &[(&str, &str)] = &[
    ("the file is empty", "文件是空的"),
    ("there is no member \"ticket\"", "没有成员 \"ticket\""),
    ("\"ticket\" is {}, not a whole number from 0", "\"ticket\" 是 {}，应为不小于 0 的整数"),
    ("\"ticket\" is {}, beyond 63 bits (at most {})", "\"ticket\" 是 {}，超出 63 位（至多 {}）"),
    ("the member \"ticket\" stands twice", "成员 \"ticket\" 出现了两次"),
    ("can't be read", "读不了"),
    ("can't be written", "写不了"),
    ("can't be created", "建不了"),
    ("can't be opened for writing", "不能打开来写"),
    ("can't be opened to lock it", "不能打开来加锁"),
    ("can't carry the lock", "不能用来放锁"),
    ("can't be locked to look at the lockfile", "不能加锁去看锁文件"),
    ("--write rename needs a folder that can be written", "--write rename 要有能写的文件夹"),
    ("can't be opened as a name of the ticket file", "不能当作票文件的名字打开"),
    (
        "nothing can be written there to prove that its names are one",
        "那里什么也写不了，无法证明几个名字是同一个文件",
    ),
    (
        "is a link, and ticketsim follows none there; remove it (rm)",
        "是一个链接，ticketsim 在这里不跟随链接；请删掉它（rm）",
    ),
    (
        "process {}, which is gone, left {} behind; remove it (rm)",
        "已经不在的进程 {} 留下了 {}；请删掉它（rm）",
    ),
    ("process {} holds {} and is running; wait until it lets go", "正在运行的进程 {} 拿着 {}；请等它放开"),
    (
        "{} is there, and whether its holder lives can't be found out from here; if nobody uses it, remove it (rm)",
        "{} 在那里，从这里看不出持有者是否还活着；若没有程序在用，请删掉它（rm）",
    ),
    ("{}; did you mean {}?", "{}；想说的是 {} 吗？"),
    ("the steps are one string, like {}", "步骤应为一个字符串，例如 {}"),
    (
        "\"fence\" is of Redis, and the plan's \"store\" is a database",
        "\"fence\" 用于 Redis，而计划的 \"store\" 是数据库",
    ),
    (
        "\"lock_on\", \"fsync\" and \"workers\" are of a ticket file: the plan names a \"store\"",
        "\"lock_on\"、\"fsync\" 和 \"workers\" 用于票文件：计划里写了 \"store\"",
    ),
    (
        "\"{}\" is of a database, and the plan's \"store\" is Redis",
        "\"{}\" 用于数据库，而计划的 \"store\" 是 Redis",
    ),
    ("\"{}\" is of a database: the plan names no \"store\"", "\"{}\" 用于数据库：计划里没有 \"store\""),
    (
        "{} names no sale: it takes 1 to {} of a-z, 0-9 and _, a letter first",
        "{} 不能用作售票的名字：应为 1 到 {} 个 a-z、0-9 和 _，以字母开头",
    ),
    ("rule {}, column {}: {}", "规则 {} 第 {} 列：{}"),
    ("a buyer died before the sale: {}", "售票前有买家死了：{}"),
    ("the buyers died before the sale", "买家在售票前死了"),
    ("the cgroup's pids.max", "cgroup 的 pids.max"),
];
