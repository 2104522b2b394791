//! What is said of the protocols of ticket files.

use super::{Both, Said};

/// `locked`.
pub const LOCKED: Said = Said {
    about: Both { en: "the whole purchase under one lock", zh: "整次购买都在一把锁里" },
    why: Both {
        en: "Nobody else reads from before the read until after the write.",
        zh: "从读取之前到写入之后，没有别人能读。",
    },
    met_in: Both {
        en: "programs that take one lock around read, change and write, and no shortcut",
        zh: "读、改、写都包在同一把锁里、不抄近路的程序",
    },
    fix: Both {
        en: "The lock is advisory: every program that touches the file has to take it, and the same kind.",
        zh: "这把锁是建议性的：每个碰这个文件的程序都得拿它，而且要拿同一种。",
    },
};

/// `unlocked`.
pub const UNLOCKED: Said = Said {
    about: Both { en: "check, then act, without a lock", zh: "先检查再动手，不加锁" },
    why: Both {
        en: "Two read the same stock before either has written: both take the same ticket.",
        zh: "两个人都在对方写入之前读到同一个票数：拿走的是同一张票。",
    },
    met_in: Both {
        en: "pid files that are checked and then written, counters in a JSON or text file, caches on disk",
        zh: "先检查再写入的 pid 文件、放在 JSON 或文本文件里的计数器、磁盘缓存",
    },
    fix: Both {
        en: "Take a lock before the read and keep it until the write is done.",
        zh: "读取之前拿锁，一直握到写完。",
    },
};

/// `read-outside-lock`.
pub const READ_OUTSIDE_LOCK: Said = Said {
    about: Both { en: "the lock guards the write alone", zh: "锁只护住写入" },
    why: Both {
        en: "What was read is old by the time the lock is granted: the write is guarded, the decision is not.",
        zh: "等拿到锁，读到的已经过时：写入有锁护着，决定却没有。",
    },
    met_in: Both {
        en: "save() functions that lock inside, while the object was loaded long before",
        zh: "save() 里面加锁、而对象早就读进来了的程序",
    },
    fix: Both {
        en: "Take the lock before the read, or read again under it and decide by that.",
        zh: "在读取之前拿锁；或者拿到锁后再读一次，按新读到的决定。",
    },
};

/// `unlock-before-write`.
pub const UNLOCK_BEFORE_WRITE: Said = Said {
    about: Both { en: "the lock guards the read alone", zh: "锁只护住读取" },
    why: Both {
        en: "The lock is let go between read and write: the next reader sees the same stock.",
        zh: "读完就放锁再写：下一个读的人看到的还是同一个票数。",
    },
    met_in: Both {
        en: "two helpers, load() and save(), each with a lock of its own, called one after the other",
        zh: "load() 和 save() 两个函数各自加锁、先后调用的程序",
    },
    fix: Both {
        en: "One lock around both, held across the decision.",
        zh: "用一把锁包住两者，中间作决定时也不放。",
    },
};

/// `double-checked`.
pub const DOUBLE_CHECKED: Said = Said {
    about: Both {
        en: "a quick look first, then again under the lock", zh: "先随便看一眼，拿到锁再看一次"
    },
    why: Both {
        en: "The second read, under the lock, decides; the first one only spares the lock when nothing is left.",
        zh: "作决定的是锁里的第二次读；第一次读只是在售罄时省掉拿锁。",
    },
    met_in: Both {
        en: "caches and lazy initialisation: look, lock, look again",
        zh: "缓存和惰性初始化：看一眼、加锁、再看一眼",
    },
    fix: Both {
        en: "Decide by the second read alone; the first may be torn if writers empty the file.",
        zh: "只按第二次读到的决定；若写的人会先清空文件，第一次可能读到半截内容。",
    },
};

/// `truncate-before-lock`.
pub const TRUNCATE_BEFORE_LOCK: Said = Said {
    about: Both {
        en: "open(\"w\") empties the file, then the lock is taken",
        zh: "open(\"w\") 先清空文件，然后才拿锁",
    },
    why: Both {
        en: "The file is emptied before the lock is there: the buyer that holds the lock meets an empty file, or loses what it wrote.",
        zh: "还没拿到锁文件就被清空：握着锁的人会读到空文件，或者刚写的内容没了。",
    },
    met_in: Both {
        en: "with open(path, \"w\") as f: flock(f) …, in scripts of every language",
        zh: "各种语言脚本里的 with open(path, \"w\") as f: flock(f) …",
    },
    fix: Both {
        en: "Open with \"r+\" or \"a+\", lock, read, and empty the file only then; or lock another file.",
        zh: "用 \"r+\" 或 \"a+\" 打开，先拿锁、再读，之后才清空；或者锁另一个文件。",
    },
};

/// `shared-only`.
pub const SHARED_ONLY: Said = Said {
    about: Both { en: "the write under a shared lock", zh: "只拿共享锁就写" },
    why: Both {
        en: "A shared lock (LOCK_SH, F_RDLCK) is held by all at once: it keeps out no buyer that takes the same.",
        zh: "共享锁（LOCK_SH、F_RDLCK）可以人人同时持有：挡不住同样拿共享锁的人。",
    },
    met_in: Both {
        en: "readers that write after all: a session file touched \"while reading\", statistics kept by readers",
        zh: "读的人顺手也写的程序：“读的时候”更新会话文件、由读者记的统计",
    },
    fix: Both {
        en: "Take the exclusive lock wherever something is written.", zh: "凡是要写，就拿独占锁。"
    },
};

/// `upgrade`.
pub const UPGRADE: Said = Said {
    about: Both {
        en: "read under a shared lock, then make it exclusive",
        zh: "先在共享锁下读，再升级为独占锁",
    },
    why: Both {
        en: "flock(2) lets the shared lock go before it grants the exclusive one: another writes in between. POSIX and \
             OFD locks keep it, so two that upgrade wait for each other: the kernel tells POSIX (EDEADLK), OFD for ever.",
        zh: "flock(2) 先放掉共享锁再给独占锁：中间别人写了。POSIX 和 OFD 锁不放，于是两个要升级的互相等：POSIX 由内核报 \
             EDEADLK，OFD 永远等下去。",
    },
    met_in: Both {
        en: "\"read-mostly\" stores that promote LOCK_SH to LOCK_EX once they find that they have to write",
        zh: "“多读少写”的存储：发现要写时才把 LOCK_SH 升级成 LOCK_EX",
    },
    fix: Both {
        en: "Take the exclusive lock from the start; or let go, take it, and read again.",
        zh: "一开始就拿独占锁；或者放掉、再拿独占锁、重新读。",
    },
};

/// `unlink-on-release`.
pub const UNLINK_ON_RELEASE: Said = Said {
    about: Both { en: "the lock's file is removed by its holder", zh: "持锁人放锁前删掉锁文件" },
    why: Both {
        en: "A buyer that waits has the removed file open and gets its lock; the next one makes a new file and locks \
             that: two are in.",
        zh: "在等的人打开的是已删除的文件，拿到它的锁；后来的人建了新文件再锁它：两个人都进来了。",
    },
    met_in: Both {
        en: "tidy programs that clean up their .lock file: installers, cron wrappers, build tools",
        zh: "爱收拾的程序会清掉自己的 .lock 文件：安装器、cron 包装脚本、构建工具",
    },
    fix: Both {
        en: "Leave the file there; or, once locked, compare its inode with the one that has the name, and start again.",
        zh: "别删文件；或者拿到锁后比较它的 inode 与现在叫这个名字的文件，不同就重来。",
    },
};

/// `unlink-checked`.
pub const UNLINK_CHECKED: Said = Said {
    about: Both {
        en: "the same, and the buyer that gets the lock looks whether its file is still there",
        zh: "同上，但拿到锁的人先看锁的还是不是那个文件",
    },
    why: Both {
        en: "A buyer whose locked file has lost its name begins again: only one holds the file that has the name.",
        zh: "发现锁住的文件已没有名字的人会重来：握着有名字的那个文件的，只有一个。",
    },
    met_in: Both {
        en: "careful lock-file libraries: fstat after flock, stat of the name, and a loop",
        zh: "细心的锁文件库：flock 之后 fstat，再 stat 文件名，循环",
    },
    fix: Both {
        en: "Compare device and inode, both; remove the file only while it is locked.",
        zh: "设备号和 inode 都要比；只在握着锁时删文件。",
    },
};

/// `renamed-away`.
pub const RENAMED_AWAY: Said = Said {
    about: Both {
        en: "an atomic rename over the file that is locked", zh: "用原子 rename 换掉带锁的文件"
    },
    why: Both {
        en: "Each write puts another file in the place of the locked one: a buyer that waited gets the old file's \
             lock, the next one the new file's.",
        zh: "每次写入都用另一个文件换掉带锁的那个：在等的人拿到旧文件的锁，后来的人拿到新文件的锁。",
    },
    met_in: Both {
        en: "\"atomic write\" helpers (write a temporary file, rename) added to programs that lock the data file itself",
        zh: "本来锁数据文件本身、后来又换成“原子写”（写临时文件再 rename）的程序",
    },
    fix: Both {
        en: "Lock a file beside it that nobody ever replaces (--lock-on sidecar, the default for --write rename).",
        zh: "锁旁边一个谁也不会换掉的文件（--lock-on sidecar，也是 --write rename 的默认）。",
    },
};

/// `close-drops-posix`.
pub const CLOSE_DROPS_POSIX: Said = Said {
    about: Both {
        en: "another descriptor of the locked file is closed", zh: "关闭了带锁文件的另一个描述符"
    },
    why: Both {
        en: "A POSIX lock goes when the process closes any descriptor of the file (fcntl_locking(2)), one that had nothing \
             to do with the lock, too. flock and OFD locks stay.",
        zh: "进程关闭该文件的任何描述符，POSIX 锁就没了（fcntl_locking(2)），哪怕那个描述符与锁无关。flock 和 OFD 锁不受影响。",
    },
    met_in: Both {
        en: "a library that peeks into the same file (a config reader, a backup, a checksum) inside the locked part",
        zh: "在持锁期间，某个库也打开同一个文件看一眼（读配置、备份、算校验和）",
    },
    fix: Both {
        en: "Take OFD locks (or flock), or lock a file that nothing else opens.",
        zh: "改用 OFD 锁（或 flock），或者锁一个别的代码不会打开的文件。",
    },
};

/// `stale-break-guarded`.
pub const STALE_BREAK_GUARDED: Said = Said {
    about: Both {
        en: "a dead holder's lockfile is removed under a lock of its own",
        zh: "在另一把锁的保护下清除死人留下的锁文件",
    },
    why: Both {
        en: "The buyer that removes it holds a flock meanwhile and looks again under it: no other lockfile can be hit.",
        zh: "清除的人先拿住一把 flock，在里面再看一次：不会误删别人的锁文件。",
    },
    met_in: Both {
        en: "daemons that survive kill -9 of themselves: package managers, mail delivery",
        zh: "自己被 kill -9 也要能恢复的守护进程：包管理器、邮件投递",
    },
    fix: Both {
        en: "A pid counts only on its own host, boot and pid namespace: a lockfile of elsewhere has to be waited for.",
        zh: "pid 只在本机、本次启动、本 pid 命名空间内有意义：别处留下的锁文件只能等。",
    },
};

/// `inherited-lock`.
pub const INHERITED_LOCK: Said = Said {
    about: Both {
        en: "the lock's file is opened once, before the fork", zh: "锁文件在 fork 之前只打开一次"
    },
    why: Both {
        en: "flock and OFD locks belong to the open file, and all children have inherited the same: each holds the lock \
             at once. A POSIX lock belongs to the process and is not inherited.",
        zh: "flock 和 OFD 锁属于打开的文件，而所有子进程继承的是同一个：人人同时持有。POSIX 锁属于进程，不会被继承。",
    },
    met_in: Both {
        en: "pre-forking servers and multiprocessing pools that open their lock file in the parent",
        zh: "预先 fork 的服务器、在父进程里打开锁文件的 multiprocessing 进程池",
    },
    fix: Both {
        en: "Open the lock's file after the fork, in each process.",
        zh: "fork 之后在每个进程里各自打开锁文件。",
    },
};

/// `helper-unlocks`.
pub const HELPER_UNLOCKS: Said = Said {
    about: Both {
        en: "a child that inherited the descriptor unlocks it",
        zh: "继承了描述符的子进程把锁解开",
    },
    why: Both {
        en: "The lock belongs to the open file, which parent and child share: an unlock by either lets go for both. A POSIX \
             lock is the parent's alone.",
        zh: "锁属于打开的文件，父子共用：谁解锁都等于两者都放。POSIX 锁只属于父进程。",
    },
    met_in: Both {
        en: "a child that runs its parent's clean-up (atexit, destructors, with blocks) when it leaves",
        zh: "子进程退出时执行了父进程的清理代码（atexit、析构函数、with 块）",
    },
    fix: Both {
        en: "Open with O_CLOEXEC, leave forked children by _exit, or close the descriptor there (closing lets go of nothing \
             while the parent has it).",
        zh: "用 O_CLOEXEC 打开，fork 出的子进程用 _exit 离开，或在子进程里关掉描述符（父进程还开着时，关闭不会放锁）。",
    },
};

/// `mixed-kinds`.
pub const MIXED_KINDS: Said = Said {
    about: Both { en: "some take flock(2), others fcntl(2)", zh: "有的用 flock(2)，有的用 fcntl(2)" },
    why: Both {
        en: "On a local Linux filesystem the two kinds ignore each other: each side keeps out its own alone. (On NFS they \
             meet, since flock is made of fcntl there.)",
        zh: "在本地 Linux 文件系统上两种锁互不理会：各自只挡得住自己人。（在 NFS 上会相遇，因为那里的 flock 由 fcntl 实现。）",
    },
    met_in: Both {
        en: "programs of two languages at one file: Python's fcntl.flock and lockf, Java's FileLock, flock(1) in a script",
        zh: "两种语言的程序碰同一个文件：Python 的 fcntl.flock 与 lockf、Java 的 FileLock、脚本里的 flock(1)",
    },
    fix: Both {
        en: "Agree on one kind, and say which in the file's documentation.",
        zh: "约定用同一种，并写进这个文件的文档。",
    },
};

/// `one-rogue`.
pub const ONE_ROGUE: Said = Said {
    about: Both { en: "one program that does not ask for the lock", zh: "有一个程序不去拿锁" },
    why: Both {
        en: "Locks are advisory: a program that does not ask is not kept out, and breaks it for all the others.",
        zh: "锁是建议性的：不去拿的人拦不住，而且连累所有人。",
    },
    met_in: Both {
        en: "an admin's script, an editor, a backup that restores, an old version that is still running",
        zh: "管理员的脚本、编辑器、会恢复文件的备份、还在运行的旧版本",
    },
    fix: Both {
        en: "Give the file one owner that all others have to ask: a daemon, or a database.",
        zh: "让文件只有一个主人，其他人都得经过它：守护进程，或者数据库。",
    },
};

/// `mkdir`.
pub const MKDIR: Said = Said {
    about: Both { en: "mkdir(2) as a lock", zh: "用 mkdir(2) 当锁" },
    why: Both {
        en: "Only one can make the folder: test and set in one call, on every filesystem.",
        zh: "目录只有一个人能建：检查和设置是同一个调用，任何文件系统都行。",
    },
    met_in: Both {
        en: "shell scripts: while ! mkdir lock.d; do sleep 1; done",
        zh: "shell 脚本：while ! mkdir lock.d; do sleep 1; done",
    },
    fix: Both {
        en: "Who is killed inside leaves it behind for ever, and it names nobody; waiting is polling.",
        zh: "里面的人被杀就永远留下它，而且不知道是谁的；等锁只能轮询。",
    },
};

/// `link`.
pub const LINK: Said = Said {
    about: Both { en: "link(2) of a private file as a lock", zh: "把私有文件 link(2) 成锁文件" },
    why: Both {
        en: "Only one can give its file the lockfile's name, on old NFS, too, where O_EXCL was none.",
        zh: "只有一个人能把自己的文件链接成锁文件的名字，老的 NFS 也行（那里的 O_EXCL 不可靠）。",
    },
    met_in: Both {
        en: "mail delivery: dotlockfile, liblockfile, procmail",
        zh: "邮件投递：dotlockfile、liblockfile、procmail",
    },
    fix: Both {
        en: "Who is killed inside leaves it behind; over NFS look at the link count, since an answer may get lost.",
        zh: "里面的人被杀会留下它；在 NFS 上要看链接数，因为应答可能丢失。",
    },
};

/// `stale-break-by-pid`.
pub const STALE_BREAK_BY_PID: Said = Said {
    about: Both {
        en: "a lockfile is removed because its pid is dead",
        zh: "因为锁文件里的 pid 已死就删掉它",
    },
    why: Both {
        en: "Two find the same dead pid. One removes the lockfile and makes its own; then the other removes that one: two \
             are in.",
        zh: "两个人看到同一个死 pid。一个删掉锁文件、建了自己的；另一个接着把新的也删了：两个人都进来了。",
    },
    met_in: Both {
        en: "daemons and their pid files: if ! kill -0 $(cat pid); then rm pid; fi",
        zh: "守护进程的 pid 文件：if ! kill -0 $(cat pid); then rm pid; fi",
    },
    fix: Both {
        en: "Remove it under a lock of its own and look again there (--break-stale), or use flock: the kernel lets that go.",
        zh: "在另一把锁里再看一次才删（--break-stale）；或者改用 flock：持有者一死内核就放。",
    },
};

/// `stale-break-by-age`.
pub const STALE_BREAK_BY_AGE: Said = Said {
    about: Both { en: "a lockfile is removed because it is old", zh: "因为锁文件太旧就删掉它" },
    why: Both {
        en: "A slow holder is taken for a dead one: its lockfile is removed while it is still at it.",
        zh: "慢的持有者被当成死人：它还在干活，锁文件就被删了。",
    },
    met_in: Both {
        en: "cron jobs and installers: find lock -mmin +5 -delete",
        zh: "定时任务、安装器：find lock -mmin +5 -delete",
    },
    fix: Both {
        en: "No age is long enough. Use a lock that ends with its holder (flock), or have the holder touch its file.",
        zh: "多久都不够。用随持有者结束的锁（flock），或者让持有者不断 touch 锁文件。",
    },
};

/// `lease-on-file`.
pub const LEASE_ON_FILE: Said = Said {
    about: Both { en: "a lockfile with a time to live", zh: "有租期的锁文件" },
    why: Both {
        en: "The holder is paused beyond its lease, another takes over, and then the first one writes: nothing tells it.",
        zh: "持有者停顿超过租期，别人接手，然后前一个人照样写入：没有谁告诉它。",
    },
    met_in: Both {
        en: "leader election by a file on a shared mount, distributed cron, lock files with \"expires\" in them",
        zh: "在共享挂载上用文件选主、分布式 cron、里面写着过期时间的锁文件",
    },
    fix: Both {
        en: "What is written to has to check a fencing token, and a file can't: use a store that compares and writes at once.",
        zh: "被写的一方要核对隔离令牌，而文件做不到：改用能一次完成比较和写入的存储。",
    },
};
