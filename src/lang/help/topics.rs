//! `ticketsim help steps`, `help locks`, `help anomalies` and `help logging` in Chinese. The lines are as wide as a
//! terminal of 80 columns, since nothing wraps them.

/// The words of `--steps` and the letters of schedules.
pub const STEPS: &str = "\
一次购买的步骤：--steps 的词，以及调度的字母

一次购买就是一串步骤，各个选项是常用的几串步骤的简写：
--lock flock --write overwrite 就是 `lock read think write unlock`。--steps
写下任何别的次序，对的错的都行，用于运行、explore、replay 和 step。做不到的
会报错，说明理由和是第几个词：没有读就写，没有锁就放锁，从不写的步骤。

调度用字母加买家的号码称呼一步：R1 R2 W1 W2。读到 0 之后，购买只再走放开的步骤
（unlock、commit、give-back），结果是售罄。出错就结束购买：马上放锁，不再走。

在每种存储里
  read             R  读库存
  think               让思考时间过去；调度里没有这一步
  write            W  按 --write 的写法写下比读到的少一的数
  lock             L  拿 --lock 所说的锁
  unlock           U  放锁

在票文件上
  open             O  重新打开锁所在的文件；否则买家从一开始就打开着它
  truncate         T  清空文件，
  fill             F  再写入减一后的数：两步，如同 open(\"w\")
  lock-shared      H  与别人共同拿锁（LOCK_SH、F_RDLCK）：flock、posix、ofd
  upgrade          V  把共享锁变成独占锁，按那种锁的办法：flock 中间会放开
  close-other      E  再打开一次锁所在的文件，然后关上：POSIX 锁因此丢失
  unlink           N  删除锁所在的文件（旁文件）
  reopen-check     I  锁住的文件若已不叫那个名字，就重新开始
  break-stale         代表下面两步
  look-stale       Y  看锁文件的持有者是否已死，或锁文件是否比 --lease 更旧，
  remove-stale     J  是的话就删除锁文件
  helper-unlock    A  让继承了锁所在文件的辅助进程来放锁；买家须是进程

在数据库里
  begin               开始一个事务；若此时还不起作用，调度里就没有这一步
  begin-immediate  B  开始一个从一开始就能写的事务（SQLite）
  read-for-update  R  SELECT … FOR UPDATE
  read-for-share   R  SELECT … FOR SHARE
  count            R  读总数减去出票记录
  insert           W  添加一条出票记录
  lock-until-commit L 拿一把到事务结束才放的锁（PostgreSQL）
  commit           C  提交事务
  rollback         Z  撤销事务

在数据库里和 Redis 上
  decrement        D  写下比现有的少一的数，不论读到了什么
  take             D  一条语句：还有票就减一
  swap             S  库存仍是读到的数才减一；否则重读
  give-back        Q  把减到 0 以下的还回去

在 Redis 上
  watch            B  有别人碰过之后，交换就会落空

买家的遭遇，用于 explore、replay 和 --mishap
  kill             K  它被杀，不再走步骤
  pause            P  它被暂停，
  go-on            G  又继续
  expire           X  它的租约到期（--lock lease）

在数据库里，一步就是一个请求。要等的请求已经发出：别的买家走一步，它的答复才到。
";

/// Which lock keeps whom apart.
pub const LOCKS: &str = "\
锁：每种锁隔开谁，持有者被杀之后还剩什么

在票文件上（--lock）
  none       谁也不隔开：这就是竞争
  flock      隔开打开的文件描述：进程，以及各自打开文件的线程。由内核放开。
  posix      只隔开进程：同一进程的线程共用它。由内核放开。
  ofd        隔开打开的文件描述，同 flock；只有 Linux 有。由内核放开。
  lockfile   谁先创建 FILE.lock 归谁。在任何文件系统上都行，但等的人一再重试，
             耗费 CPU。它会留下：其他人 `stuck`（卡住），并说出是哪个进程的错。
             --break-stale 删除它，只要它是在同一次开机、同一个 pid 命名空间里
             拿的，那样才能看出进程已死。
  link       谁先给一个私有文件取名 FILE.lock 归谁（旧的 NFS）。它会留下，同
             lockfile。
  mkdir      谁先建立 FILE.lock.d 归谁。它会留下，也不说是谁的。
  lease      同 lockfile，期限由 --lease 决定（10 s）：之后别人就接管，不论
             持有者死了还是慢了。栅栏令牌要求存储能一次完成比较和写入，
             文件做不到。
  semaphore  属于一次运行的买家，同 Python 的 multiprocessing.Lock。它会一直被
             拿着：启动者看得出来（在 Linux 上），其他人 `stuck`（卡住）。
             --lock-timeout 能结束任何等待。

它们都是建议性的：只要有一个程序不拿锁，锁对谁都不管用。--rogue N 让 N 个买家
不拿锁，--lock flock+posix 让买家轮流用几种锁，--inherit 让所有人共用一个打开的
文件，--stale 放上一个死进程的锁文件。

锁放在哪个文件上（--lock-on）。改名会替换票文件，锁随旧文件而去：所以
--write rename 锁的是它旁边的旁文件。--write rename --lock-on ticket 是陷阱，
专门用来看的。

在数据库里（--lock）
  row         SELECT … FOR UPDATE：读到的那一行，直到事务结束
  row-shared  SELECT … FOR SHARE：只防写入者
  advisory    按名字拿的会话锁：pg_advisory_lock、GET_LOCK
会话不论怎样结束，数据库都会放开它们。--lock-timeout 让 PostgreSQL 和 MariaDB
放弃等待。

在 Redis 上（--lock lease）
  lease      SET NX PX：过了 --lease 就到期，不论持有者在做什么。--fence write
             只在写入时出示令牌，旧持有者可能先写：仍会超卖。--fence read-write
             读的时候也出示，就不会超卖。
";

/// What can go wrong, and what a verdict does not claim.
pub const ANOMALIES: &str = "\
异常：售票会出哪些错，按裁决里的名字列出

  oversold         超卖：收据比票多
  lost_update      丢失更新：两张收据出自同一个库存数
  lost_stock       库存丢失：库存少了却没有收据（买家被杀），或者卖掉的又回来了
  negative_stock   负库存：存储说剩下的票不到 0 张
  torn_read        读到半截：读到的不是一个完整的票文件
  refused_early    过早拒绝：从发起到返回一直有票，却被告知售罄
  returned_twice   退了一张从没买过的票，或退了两次
  over_limit       一个买家持有的收据超过 --limit-per-buyer
  out_of_order     次序矛盾：没有哪种次序既符合时间，又符合同一个票数计数器
  stuck            卡住：有买家一直没等到锁

每个异常都附证据：谁读到什么，离谁写入还有多久。收据是一本账，所有人走后存储里的
库存是另一本账：丢失更新会让库存看上去毫无问题，所以两本账要对。

裁决是正确、出错或无法判定，从不猜测。无法判定的情形：没有票可卖；没有人买到，也
没有人被告知售罄；买家在购买中途被杀，除非库存和收据证明没有妨害；没有哪个买家持
锁时库存却涨了。没有两次购买同时进行时，裁决那一行会说出来（JSON 里是
\"at_once\":1）。

一次正确的运行，只说明这次没有出错，不证明不会出错：N 次里一次都没有，意思是以
95% 的把握，出错的可能低于 3/N。
";

/// How to log purchases, so that `check` can judge them.
pub const LOGGING: &str = r#"怎样记录购买，才能让 `ticketsim check` 判断

每次购买要记下的是：谁，何时发起，何时返回，结果如何。没有答复的购买是
`unknown`：要照实写，它可能已经拿走了票。

用 Python 写成 JSON 行；由 ticketsim check sale.jsonl --tickets 3 判断：

    import json, time
    def logged(buyer, buy):
        line = dict(buyer=buyer, invoke_ns=time.time_ns(), outcome="unknown")
        try:
            line["outcome"] = "bought" if buy() else "refused"
            line["return_ns"] = time.time_ns()
        finally:
            print(json.dumps(line), file=open("sale.jsonl", "a"))

用 SQL（这是 SQLite 的）写进单独的表，放在购买的事务之外：

    CREATE TABLE IF NOT EXISTS sale_log
      (buyer, began, ended, outcome DEFAULT 'unknown');
    INSERT INTO sale_log (buyer, began)
      VALUES ('ann', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
    UPDATE tickets SET stock = stock - 1 WHERE stock > 0;
    UPDATE sale_log
      SET outcome = CASE changes() WHEN 1 THEN 'bought' ELSE 'refused' END,
      ended = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      WHERE buyer = 'ann' AND ended IS NULL;

    sqlite3 -csv -header shop.db 'SELECT * FROM sale_log' > sale.csv
    ticketsim check sale.csv --tickets 3 \
      --columns buyer=buyer,start=began,end=ended,outcome=outcome

其他工具的记录，用规则说明一个回答是什么意思（第一条成立的规则算数）：

    ticketsim check results.jtl --tickets 3 \
      --bought status=200 --refused status=409
    ticketsim check k6.json --tickets 3 --bought status=200 \
      --refused status=409,410 --unknown status=0,504
    ticketsim check hey.csv --tickets 3 --bought status=200 --otherwise failed
    ticketsim check access.jsonl --tickets 3 --unit s \
      --columns buyer=user,end=time,elapsed=took,status=code \
      --bought status=200 --otherwise failed
    ticketsim check history.edn --f purchase=buy,return=cancel

JMeter 的 timeStamp 当作样本的开始（sampleresult.timestamp.start=true）；若它是
结束：--columns end=timeStamp,elapsed=elapsed。
同一份库存的几份日志：check a.jsonl b.jsonl --merge。
"#;
