//! What the values of options stand for.

use super::Pair;

/// English and Chinese, side by side.
pub(super) const ALL: &[Pair] = &[
    (
        "Well-known protocols: every order counted, one made to happen",
        "有名字的做法：数遍每种顺序，再让一种发生",
    ),
    ("What a transaction is worth, at SQLite", "事务有多大用处，以 SQLite 为例"),
    ("A lock that ends by itself, while its holder sleeps", "会自己到期的锁，持有者却睡着了"),
    ("Python 3, with nothing but its standard library", "Python 3，只用标准库"),
    (
        "Its numbers add up, and it can't have happened: a refusal that came too early",
        "数字对得上，却不可能发生过：有一次拒绝来得太早",
    ),
    (
        "Sound, with a purchase that failed and one that never got an answer",
        "正确；有一次购买失败，一次没有答复",
    ),
    (
        "Items with a counter each, two tickets at once, a refusal, a give-back, a look",
        "几种票各有库存，一次两张，有拒绝、退票和查看",
    ),
    (
        "Jepsen's operations: two buyers were sold a ticket from the same stock",
        "Jepsen 的操作：两个买家按同一份库存买到了票",
    ),
    ("One operating-system process a buyer, forked", "每个买家一个 fork 出来的操作系统进程"),
    ("One operating-system thread a buyer, all in one process", "每个买家一个操作系统线程，都在一个进程里"),
    (
        "One async task a buyer, on a few threads of one process",
        "每个买家一个异步任务，跑在一个进程的几个线程上",
    ),
    (
        "One buyer after the other, with no concurrency at all: the baseline",
        "买家一个接一个，毫无并发：作为基准",
    ),
    ("No lock: every buyer walks straight in", "没有锁：每个买家都径直进去"),
    (
        "flock(2): belongs to the open file description, released by the kernel",
        "flock(2)：属于打开的文件描述，由内核释放",
    ),
    (
        "fcntl(2) F_SETLKW: belongs to the process, so that its threads are not kept apart",
        "fcntl(2) F_SETLKW：属于进程，所以隔不开它的线程",
    ),
    (
        "fcntl(2) F_OFD_SETLKW: belongs to the open file description; Linux only",
        "fcntl(2) F_OFD_SETLKW：属于打开的文件描述；只有 Linux 有",
    ),
    (
        "FILE.lock, created with O_CREAT|O_EXCL: outlives a holder that is killed",
        "FILE.lock，用 O_CREAT|O_EXCL 创建：持有者被杀后仍在",
    ),
    (
        "A process-shared POSIX semaphore, as Python's multiprocessing.Lock: outlives its holder, too",
        "进程间共享的 POSIX 信号量，同 Python 的 multiprocessing.Lock：持有者死后也还在",
    ),
    (
        "FILE.lock.d, made with mkdir(2): outlives its holder, and names nobody",
        "FILE.lock.d，用 mkdir(2) 建立：持有者死后仍在，也不说是谁的",
    ),
    (
        "FILE.lock, made with link(2) of a private file, as on old NFS: outlives its holder",
        "FILE.lock，由一个私有文件经 link(2) 得来，用于旧的 NFS：持有者死后仍在",
    ),
    (
        "FILE.lock with a time to live: a buyer that finds it older than --lease takes it over",
        "有期限的 FILE.lock：谁发现它比 --lease 更旧，谁就接管",
    ),
    (
        "SELECT … FOR UPDATE: the row that is read is locked until the end of the transaction",
        "SELECT … FOR UPDATE：读到的那一行锁到事务结束",
    ),
    ("SELECT … FOR SHARE: the row is locked against writers", "SELECT … FOR SHARE：锁住那一行，不让写"),
    (
        "A lock of the session, taken before the transaction and let go after it",
        "会话的锁，事务之前拿，事务之后放",
    ),
    (
        "One pwrite over the old text, padded to its length: never a half-written file",
        "用一次 pwrite 盖过旧文本，补齐到原来的长度：绝不会只写半截",
    ),
    (
        "Truncate, then fill, as `open(\"w\")` does: others can meet an empty file",
        "先清空再填写，如 `open(\"w\")` 那样：别人可能碰上空文件",
    ),
    (
        "Write a temporary file and rename it over the old one: readers see old or new",
        "写一个临时文件，再改名盖过旧的：读的人看到的不是旧的就是新的",
    ),
    ("Read, then write one less than was read", "先读，再写下比读到的少一的数"),
    ("Read, then have the database write one less than there is", "先读，再让数据库把现有的数减一"),
    (
        "Read, then write one less if the stock is still what was read; else read again",
        "先读，库存仍是读到的数才减一；否则重读",
    ),
    ("One statement: one less if there is one left", "一条语句：还有票就减一"),
    (
        "Count the receipts, then add one: the stock is the capacity less the receipts",
        "数出票记录，再添加一条：库存等于总数减去出票记录",
    ),
    ("The ticket file itself", "票文件本身"),
    (
        "A file beside it, `<file>.sidecar`, that no write ever replaces",
        "它旁边的文件 `<file>.sidecar`，任何写入都不会替换它",
    ),
    ("No transaction: each statement for itself", "没有事务：每条语句各自提交"),
    (
        "Each statement sees what others have written, committed or not",
        "每条语句都看到别人写下的，不论提交没有",
    ),
    ("Each statement sees what was committed before it", "每条语句看到在它之前已提交的"),
    ("All statements see what was committed before the first", "所有语句看到在第一条之前已提交的"),
    (
        "As if one transaction came after the other, or one of them fails",
        "就像事务一个接一个，否则其中一个失败",
    ),
    (
        "SQLite's BEGIN: a transaction that asks for the right to write when it writes",
        "SQLite 的 BEGIN：写的时候才要求写入权的事务",
    ),
    (
        "SQLite's BEGIN IMMEDIATE: a transaction that has the right to write from the start",
        "SQLite 的 BEGIN IMMEDIATE：从一开始就有写入权的事务",
    ),
    (
        "A rollback journal: readers and a writer that commits keep each other out",
        "回滚日志：读的人和正在提交的写入者互相排斥",
    ),
    (
        "A write-ahead log: readers see a snapshot, one writer at a time",
        "预写日志：读的人看到快照，同时只有一个写入者",
    ),
    ("It is", "中止"),
    ("It is not", "不中止"),
    ("Nothing", "都不出示"),
    ("The write alone", "只在写入时"),
    ("The read and the write", "读和写的时候"),
    (
        "A bar on a terminal, plain lines elsewhere, nothing on short runs",
        "终端上是进度条，别处是普通的行，短的运行什么也不显示",
    ),
    ("Not at all", "不显示"),
    ("Plain lines", "普通的行"),
    (
        "On a terminal, unless NO_COLOR or TERM=dumb says otherwise",
        "终端上就上色，除非 NO_COLOR 或 TERM=dumb 另有说法",
    ),
    ("Always", "总是上色"),
    ("Never", "从不上色"),
    ("English", "英文"),
    ("Chinese (simplified)", "中文（简体）"),
    ("A process starts another one and goes on at once", "一个进程启动另一个，自己马上往下走"),
    ("Waiting for a child, and not waiting for it", "等子进程，和不等子进程"),
    ("Many children, one after another and all at once", "许多子进程，先一个接一个，再一起"),
    ("A process as a type of your own, with a name and a run", "把进程写成自己的类型，有名字，有 run"),
    ("What one process changes, no other one sees", "一个进程改了什么，别的进程都看不见"),
    (
        "Children that end with the program, and one that is told to",
        "随程序一起结束的子进程，和被告知要结束的子进程",
    ),
    ("The ticket sale, with a lock and without", "抢票，加锁和不加锁"),
    ("A ticket counter on the network, one process a connection", "网络上的售票窗口，每个连接一个进程"),
    ("No anomaly, and nothing that could not be judged", "没有异常，也没有无法判定的地方"),
    ("At least one anomaly", "至少有一个异常"),
    (
        "No anomaly was found, but not all could be judged. Never guessed",
        "没有发现异常，但并非都能判定；从不猜测",
    ),
    ("ticketsim's own JSON lines", "ticketsim 自己的 JSON 行"),
    ("Jepsen's operations, in EDN or JSON", "Jepsen 的操作，EDN 或 JSON"),
    (
        "Comma-separated values with a line of names; say which column is what",
        "逗号分隔的值，首行是列名；要说明哪一列是什么",
    ),
    ("JSON lines; say which member is what", "JSON 行；要说明哪个成员是什么"),
    ("JMeter's results, as CSV", "JMeter 的结果，CSV"),
    ("What `hey -o csv` prints", "`hey -o csv` 的输出"),
    ("What `k6 run --out json=FILE` writes", "`k6 run --out json=FILE` 写出的文件"),
    ("Seconds", "秒"),
    ("Milliseconds", "毫秒"),
    ("Microseconds", "微秒"),
    ("Nanoseconds", "纳秒"),
    ("It had no effect on the stock", "对库存没有影响"),
    (
        "No answer ever came: it may or may not have taken effect at any time after its call",
        "一直没有答复：发起之后的任何时候都可能已经生效，也可能没有",
    ),
];
