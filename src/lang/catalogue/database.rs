//! What is said of the protocols of databases.

use super::{Both, Said};

/// `check-then-set`.
pub const CHECK_THEN_SET: Said = Said {
    about: Both {
        en: "SELECT the stock, UPDATE it to one less than was read",
        zh: "SELECT 读出库存，再 UPDATE 成读到的减一",
    },
    why: Both {
        en: "Two read the same stock and both write the same number: a ticket is sold twice and the stock looks right. A \
             transaction alone does not help at read committed, nor at MariaDB's default, repeatable read.",
        zh: "两人读到同一个库存，都写回同一个数：一张票卖了两次，库存看着还对。光有事务没用：读已提交挡不住，MariaDB 默认的可重复读也挡不住。",
    },
    met_in: Both {
        en: "ORMs: item = load(id); item.stock -= 1; item.save()",
        zh: "ORM 写法：item = load(id); item.stock -= 1; item.save()",
    },
    fix: Both {
        en: "One statement (UPDATE … SET stock = stock - 1 WHERE stock > 0), SELECT … FOR UPDATE, or a higher level with \
             retries.",
        zh: "用一条语句（UPDATE … SET stock = stock - 1 WHERE stock > 0）、SELECT … FOR UPDATE，或者更高的隔离级别加重试。",
    },
};

/// `check-then-decrement`.
pub const CHECK_THEN_DECREMENT: Said = Said {
    about: Both {
        en: "SELECT to see that there is one, then stock = stock - 1",
        zh: "先 SELECT 看有没有，再 stock = stock - 1",
    },
    why: Both {
        en: "Both see the last ticket and both subtract: nothing is lost, and the stock ends below 0.",
        zh: "两人都看到最后一张票，都减一：更新没有丢，但库存变成负数。",
    },
    met_in: Both {
        en: "shops that know of lost updates and forgot that the check is old by then",
        zh: "知道丢失更新、却忘了检查结果已经过时的商店",
    },
    fix: Both {
        en: "Put the check into the UPDATE (WHERE stock > 0) and look at the number of rows; a CHECK as the last net.",
        zh: "把检查写进 UPDATE（WHERE stock > 0），看影响行数；再用 CHECK 约束兜底。",
    },
};

/// `check-constraint`.
pub const CHECK_CONSTRAINT: Said = Said {
    about: Both {
        en: "the same with CHECK (stock >= 0) on the table",
        zh: "同上，但表上有 CHECK (stock >= 0)",
    },
    why: Both {
        en: "The second decrement would go below 0 and the table rejects it: that purchase fails, with an error.",
        zh: "第二次减一会小于 0，表拒绝它：那次购买报错失败。",
    },
    met_in: Both { en: "schemas that keep their own rules", zh: "自己守规矩的表结构" },
    fix: Both {
        en: "Treat the error as \"sold out\"; it guards relative writes only: an absolute write of 0 passes the check.",
        zh: "把这个错误当作“售罄”；它只护得住相对减法：直接写成 0 照样通过。",
    },
};

/// `select-for-update`.
pub const SELECT_FOR_UPDATE: Said = Said {
    about: Both {
        en: "SELECT … FOR UPDATE, then UPDATE, in one transaction",
        zh: "一个事务里 SELECT … FOR UPDATE，再 UPDATE",
    },
    why: Both {
        en: "The row stays locked from the read to the commit. At repeatable read and above PostgreSQL aborts a purchase \
             that waited (40001): its snapshot was taken before the wait.",
        zh: "从读取到提交，行一直锁着。在可重复读及以上，PostgreSQL 会中止等过的人（40001）：它的快照在等之前就取了。",
    },
    met_in: Both {
        en: "the textbook cure, in most ORMs as with_for_update() or lock!",
        zh: "教科书的办法，多数 ORM 里叫 with_for_update() 或 lock!",
    },
    fix: Both {
        en: "Keep the transaction short, do nothing slow inside; lock rows in one order everywhere.",
        zh: "事务要短，里面别做慢事；各处按同一顺序锁行。",
    },
};

/// `select-for-share`.
pub const SELECT_FOR_SHARE: Said = Said {
    about: Both { en: "SELECT … FOR SHARE, then UPDATE", zh: "SELECT … FOR SHARE，再 UPDATE" },
    why: Both {
        en: "Both hold the row shared and both want to write it: a deadlock, and the database aborts one. No ticket is \
             sold twice; many purchases fail.",
        zh: "两人都持有共享行锁，又都想写：死锁，数据库中止一个。没有一票两卖，但很多购买会失败。",
    },
    met_in: Both {
        en: "code that reads \"for share\" to be polite, and then writes after all",
        zh: "“客气地”用 FOR SHARE 读、之后还是要写的代码",
    },
    fix: Both { en: "FOR UPDATE where a write follows.", zh: "后面要写，就用 FOR UPDATE。" },
};

/// `compare-and-set`.
pub const COMPARE_AND_SET: Said = Said {
    about: Both {
        en: "UPDATE … WHERE stock = what was read; else read again",
        zh: "UPDATE … WHERE stock = 读到的值；不成就重读",
    },
    why: Both {
        en: "The write happens only if nothing has changed since the read.",
        zh: "只有读取之后没人改过，写入才会发生。",
    },
    met_in: Both {
        en: "optimistic locking: a version column, ETags, @Version",
        zh: "乐观锁：版本号列、ETag、@Version",
    },
    fix: Both {
        en: "Look at the number of rows, and try again in a new transaction: at repeatable read the same one reads the \
             same old stock for ever.",
        zh: "要看影响行数，并在新事务里重试：在可重复读里，同一个事务永远读到同一个旧值。",
    },
};

/// `one-statement`.
pub const ONE_STATEMENT: Said = Said {
    about: Both {
        en: "UPDATE … SET stock = stock - 1 WHERE stock > 0",
        zh: "一条语句：UPDATE … SET stock = stock - 1 WHERE stock > 0",
    },
    why: Both {
        en: "Check and write are one statement, and the database carries it out on the newest row.",
        zh: "检查和写入是一条语句，数据库在最新的行上执行它。",
    },
    met_in: Both { en: "shops that sell fast", zh: "卖得快的商店" },
    fix: Both {
        en: "Look at the number of rows. At repeatable read and above PostgreSQL may abort even this one (40001).",
        zh: "要看影响行数。在可重复读及以上，PostgreSQL 连这一条也可能中止（40001）。",
    },
};

/// `lock-then-transaction`.
pub const LOCK_THEN_TRANSACTION: Said = Said {
    about: Both {
        en: "an advisory lock, the transaction inside it", zh: "先拿咨询锁，事务在锁里面"
    },
    why: Both {
        en: "The transaction begins and commits while the lock is held: what it reads is what the last one committed.",
        zh: "事务在持锁期间开始并提交：读到的就是上一个人提交的。",
    },
    met_in: Both {
        en: "job queues and cron guards: pg_advisory_lock, GET_LOCK",
        zh: "任务队列、定时任务防重：pg_advisory_lock、GET_LOCK",
    },
    fix: Both {
        en: "The lock belongs to the session: it survives a rollback, and a connection pool may hand it to the next user.",
        zh: "这把锁属于会话：回滚不会放它，连接池可能把它交给下一个使用者。",
    },
};

/// `transaction-then-lock`.
pub const TRANSACTION_THEN_LOCK: Said = Said {
    about: Both {
        en: "the transaction begins, then takes the lock until its commit",
        zh: "先开始事务，再拿一把到提交为止的锁",
    },
    why: Both {
        en: "Safe at read committed. At repeatable read and above PostgreSQL takes the snapshot before the wait: a purchase \
             that waited reads old stock and is aborted at its write.",
        zh: "读已提交下安全。在可重复读及以上，PostgreSQL 在等待之前就取了快照：等过的人读到旧库存，写的时候被中止。",
    },
    met_in: Both {
        en: "frameworks that open a transaction per request; pg_advisory_xact_lock as its first statement",
        zh: "每个请求自动开事务的框架，第一句就是 pg_advisory_xact_lock",
    },
    fix: Both {
        en: "Take the lock before the transaction begins, or retry what is aborted.",
        zh: "在事务开始之前拿锁，或者重试被中止的。",
    },
};

/// `unlock-before-commit`.
pub const UNLOCK_BEFORE_COMMIT: Said = Said {
    about: Both {
        en: "the lock is let go before the transaction is committed", zh: "事务还没提交就放锁"
    },
    why: Both {
        en: "The next one gets the lock and reads what was committed last: the old stock. Only dirty reads (MariaDB's read \
             uncommitted) see the new one, and may see what is then rolled back.",
        zh: "下一个人拿到锁，读到的是上次提交的内容：旧库存。只有脏读（MariaDB 的读未提交）看得到新的，也可能看到随后回滚的。",
    },
    met_in: Both {
        en: "a lock in a decorator or a context manager inside the one that commits: Spring's @Transactional outside, \
             synchronized inside",
        zh: "锁在装饰器或上下文里面、提交在外面：外层 @Transactional，里层 synchronized",
    },
    fix: Both { en: "Commit first, unlock afterwards.", zh: "先提交，再放锁。" },
};

/// `count-then-insert`.
pub const COUNT_THEN_INSERT: Said = Said {
    about: Both {
        en: "COUNT the bookings, INSERT one if there is room",
        zh: "COUNT 已有订单，有空位就 INSERT 一条",
    },
    why: Both {
        en: "Both count before either has inserted, and no row is written by both: snapshots do not help (write skew), \
             serializable does.",
        zh: "两人都在对方插入之前数完，而且没有一行是两人都写的：快照挡不住（写偏斜），可串行化才行。",
    },
    met_in: Both {
        en: "bookings, seats, quotas, \"at most N per user\"",
        zh: "预订、座位、配额、“每人最多 N 个”",
    },
    fix: Both {
        en: "Serializable with retries; or lock one row that stands for the whole; or a unique number for each seat.",
        zh: "可串行化加重试；或者锁一行代表整体的行；或者每个座位一个唯一编号。",
    },
};

/// `retry-aborted`.
pub const RETRY_ABORTED: Said = Said {
    about: Both {
        en: "check, then set, at repeatable read, and again when aborted",
        zh: "在可重复读下先查后写，被中止就重来",
    },
    why: Both {
        en: "The database aborts the second writer (40001), and its purchase starts again with a new snapshot. At read \
             committed, and at MariaDB's repeatable read, nothing is aborted, so nothing is retried, and it oversells.",
        zh: "数据库中止第二个写的人（40001），那次购买带着新快照重来。读已提交和 MariaDB 的可重复读不会中止，也就没有重试，照样超卖。",
    },
    met_in: Both {
        en: "retry decorators around a transaction", zh: "给事务套上重试装饰器的程序"
    },
    fix: Both {
        en: "Retry the whole transaction with its reads; wait a random time; know every code (MariaDB's 1020 is HY000).",
        zh: "连读取一起重试整个事务；随机等一会儿；认全错误码（MariaDB 的 1020 是 HY000）。",
    },
};

/// `begin-deferred`.
pub const BEGIN_DEFERRED: Said = Said {
    about: Both {
        en: "SQLite's BEGIN: read first, ask for the write later",
        zh: "SQLite 的 BEGIN：先读，要写时才申请",
    },
    why: Both {
        en: "A reader that wants to write while another has written gets SQLITE_BUSY at once: busy_timeout never helps. No \
             ticket is sold twice; purchases fail.",
        zh: "别人写过之后，读者再想写会立刻得到 SQLITE_BUSY：busy_timeout 不管用。没有一票两卖，但购买会失败。",
    },
    met_in: Both {
        en: "every library whose transactions begin with plain BEGIN: \"database is locked\" under load",
        zh: "默认用 BEGIN 开事务的库：一有压力就“database is locked”",
    },
    fix: Both {
        en: "BEGIN IMMEDIATE where a write follows, and a busy_timeout.",
        zh: "后面要写就用 BEGIN IMMEDIATE，并设 busy_timeout。",
    },
};

/// `begin-immediate`.
pub const BEGIN_IMMEDIATE: Said = Said {
    about: Both {
        en: "SQLite's BEGIN IMMEDIATE: the right to write from the start",
        zh: "SQLite 的 BEGIN IMMEDIATE：一开始就拿写权",
    },
    why: Both {
        en: "One writer at a time, and it reads after it has got the right to write.",
        zh: "同一时刻只有一个写者，而且它拿到写权之后才读。",
    },
    met_in: Both { en: "SQLite behind web servers", zh: "网站后面的 SQLite" },
    fix: Both {
        en: "Set busy_timeout: without it the second one fails at once.",
        zh: "要设 busy_timeout：不设的话第二个立刻失败。",
    },
};
