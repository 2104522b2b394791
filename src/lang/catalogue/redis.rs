//! What is said of the protocols of Redis.

use super::{Both, Said};

/// `get-then-set`.
pub const GET_THEN_SET: Said = Said {
    about: Both {
        en: "GET the stock, SET one less than was read", zh: "GET 读出库存，再 SET 成读到的减一"
    },
    why: Both {
        en: "Two read the same stock and both write the same number: each command is atomic, the pair is not.",
        zh: "两人读到同一个库存，都写回同一个数：每条命令是原子的，两条合起来不是。",
    },
    met_in: Both {
        en: "caches that became a counter: n = get(key); set(key, n - 1)",
        zh: "拿缓存当计数器的程序：n = get(key); set(key, n - 1)",
    },
    fix: Both {
        en: "One script that looks and takes (lua-take); WATCH, MULTI, EXEC where the new value is computed elsewhere.",
        zh: "用一段脚本同时检查和取票（lua-take）；新值要在别处算的，用 WATCH、MULTI、EXEC。",
    },
};

/// `get-then-decrement`.
pub const GET_THEN_DECREMENT: Said = Said {
    about: Both { en: "GET to see that there is one, then DECR", zh: "先 GET 看有没有，再 DECR" },
    why: Both {
        en: "Both see the last ticket and both subtract: nothing is lost, and the stock ends below 0.",
        zh: "两人都看到最后一张票，都减一：更新没有丢，但库存变成负数。",
    },
    met_in: Both {
        en: "flash sales whose DECR is atomic and whose check is a command of its own",
        zh: "DECR 是原子的、检查却是另一条命令的秒杀程序",
    },
    fix: Both {
        en: "Let DECR's answer decide, not the GET before it; or look and take in one script.",
        zh: "让 DECR 的返回值说了算，别信之前的 GET；或者用一段脚本同时检查和取票。",
    },
};

/// `decrement-then-look`.
pub const DECREMENT_THEN_LOOK: Said = Said {
    about: Both { en: "subtract first, and look at what came out", zh: "先减一，再看减成多少" },
    why: Both {
        en: "No ticket is sold twice, but each buyer that comes too late leaves the stock one lower: below 0, for good.",
        zh: "没有一票两卖，但每个来晚的人都让库存再少一：变成负数，再也回不来。",
    },
    met_in: Both {
        en: "counters that sell: if redis.decr(key) >= 0: sell()",
        zh: "拿计数器卖票的程序：if redis.decr(key) >= 0: sell()",
    },
    fix: Both {
        en: "Give back what went below 0; or look and take in one step, so that nothing has to be given back: tickets that \
             are put on sale again with INCRBY would be too few.",
        zh: "减成负数就还回去；或者检查和取票用一步做完，就不用还：否则以后用 INCRBY 补票会少卖。",
    },
};

/// `decrement-and-give-back`.
pub const DECREMENT_AND_GIVE_BACK: Said = Said {
    about: Both {
        en: "subtract first, give back what went below 0", zh: "先减一，减成负数再还回去"
    },
    why: Both {
        en: "Each decrement says what came out: a buyer that gets less than 0 has no ticket and puts back what it took.",
        zh: "每次减一都返回减后的值：小于 0 的人没有票，把减掉的还回去。",
    },
    met_in: Both {
        en: "rate limits and stock in Redis: DECR, and INCR when it was too much",
        zh: "Redis 里的限流和库存：DECR，多减了再 INCR",
    },
    fix: Both {
        en: "A buyer that is killed in between has given nothing back, and the stock is below 0 for a moment: check and take in one \
             statement.",
        zh: "中途被杀就没还，而且库存会短暂为负：最好检查和减一用一条语句。",
    },
};

/// `watch-multi-exec`.
pub const WATCH_MULTI_EXEC: Said = Said {
    about: Both {
        en: "WATCH, GET, and SET in MULTI and EXEC", zh: "WATCH、GET，再在 MULTI/EXEC 里 SET"
    },
    why: Both {
        en: "EXEC does nothing if the key was touched since WATCH: a buyer that was too late begins again.",
        zh: "WATCH 之后有人动过这个键，EXEC 就什么也不做：来晚的人重新开始。",
    },
    met_in: Both {
        en: "client libraries' transaction helpers, which try again by themselves",
        zh: "各客户端库的事务助手，会自动重试",
    },
    fix: Both {
        en: "WATCH before the GET, on a connection of its own (a pool's other user ends the watch). Under load most tries \
             are in vain.",
        zh: "WATCH 要在 GET 之前，而且连接要独占（连接池里的别人会结束监视）。压力大时多数尝试白费。",
    },
};

/// `lua-take`.
pub const LUA_TAKE: Said = Said {
    about: Both { en: "one script: one less if there is one left", zh: "一段脚本：还有就减一" },
    why: Both {
        en: "The server runs a script from its beginning to its end with nobody in between.",
        zh: "服务器把脚本从头跑到尾，中间没有别人。",
    },
    met_in: Both {
        en: "shops that have been oversold before: EVALSHA, or a FUNCTION",
        zh: "吃过超卖亏的商店：EVALSHA 或 FUNCTION",
    },
    fix: Both {
        en: "It is done whether the answer arrives or not: after a cut connection nobody knows whether a ticket went. And a \
             server that restarts without persistence has forgotten the stock.",
        zh: "回答没到，脚本也可能做完了：断线之后没人知道票是否已取。没有持久化的服务器重启后会忘掉库存。",
    },
};

/// `lease`.
pub const LEASE: Said = Said {
    about: Both {
        en: "SET NX PX, read, write, compare-and-delete",
        zh: "SET NX PX 拿租约，读、写，再比较并删除",
    },
    why: Both {
        en: "One holds the key at a time, as long as each is done before its lease ends: nothing here expires.",
        zh: "同一时刻只有一个人持有这个键，前提是每人都在租约到期前做完：这里没有租约过期。",
    },
    met_in: Both {
        en: "the lock of the Redis manual, and of most libraries that are called distributed locks",
        zh: "Redis 手册里的锁，以及多数所谓的分布式锁库",
    },
    fix: Both {
        en: "A pause longer than the lease (a collector, a page fault, a slow disk) is all it takes: see lease-expires.",
        zh: "只要停顿比租约长（垃圾回收、缺页、慢磁盘），就守不住：见 lease-expires。",
    },
};

/// `lease-expires`.
pub const LEASE_EXPIRES: Said = Said {
    about: Both {
        en: "the same, where a holder is slower than its lease", zh: "同上，但持有者比租约慢"
    },
    why: Both {
        en: "The lease of a slow holder ends, another takes it and reads; then the first wakes up and writes what it had read.",
        zh: "慢的持有者租约到期，别人拿到租约读了库存；然后前一个醒来，把旧的读数减一写回。",
    },
    met_in: Both {
        en: "every lock with a time-out whose holder is not told that the time is over",
        zh: "凡是带超时、到期又不通知持有者的锁",
    },
    fix: Both {
        en: "A token that grows with each grant, compared by the store itself at the read and at the write (lease-fenced); \
             or no lock: one script. A longer lease only makes it rarer.",
        zh: "用每次授予都变大的令牌，由存储自己在读和写时比较（lease-fenced）；或者不用锁，用一段脚本。租约再长也只是少发生。",
    },
};

/// `lease-fenced-write`.
pub const LEASE_FENCED_WRITE: Said = Said {
    about: Both {
        en: "the lease's token is compared at the write alone", zh: "只在写入时比较租约的令牌"
    },
    why: Both {
        en: "The old holder writes before the store has seen the new token: its write passes, and the new holder, which has \
             read before that, writes over it.",
        zh: "旧持有者写入时，存储还没见过新令牌：这次写入通过；而新持有者早已读过，又把它盖掉。",
    },
    met_in: Both {
        en: "textbook fencing: \"the storage checks the token on every write\"",
        zh: "教科书式的防护令牌：“存储在每次写入时检查令牌”",
    },
    fix: Both {
        en: "Show the token with the read, too: from then on the store rejects the old one (lease-fenced).",
        zh: "读的时候也出示令牌：从那时起存储就拒绝旧令牌（lease-fenced）。",
    },
};

/// `lease-fenced`.
pub const LEASE_FENCED: Said = Said {
    about: Both { en: "the token is compared at the read and at the write", zh: "读和写都比较令牌" },
    why: Both {
        en: "Once the new holder has read, the store knows its token and rejects the old holder's: that purchase fails.",
        zh: "新持有者一读，存储就知道了新令牌，从此拒绝旧持有者：那次购买失败。",
    },
    met_in: Both {
        en: "stores with a version of their own: a script, an ETag, a zxid, a generation",
        zh: "自带版本的存储：脚本、ETag、zxid、generation",
    },
    fix: Both {
        en: "Comparing and writing have to be one step in the store, and the tokens have to outlive a restart.",
        zh: "比较和写入必须在存储里一步完成，令牌也要熬得过重启。",
    },
};
