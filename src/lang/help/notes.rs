//! What stands below the options of a command, in Chinese: how it ends, examples, the steps.

use super::Notes;

/// The commands that have notes.
pub(super) const ALL: &[Notes] =
    &[SALE, PROTOCOLS, EXPLORE, REPLAY, STEP, SCHEDULE, CHECK, REPORT, MATRIX, RACE, LEAD, JOIN];

const SALE: Notes = Notes {
    command: "ticketsim",
    short: "退出码：0 这次售票正确，1 抓到了竞争，2 没能运行或无法判定，130 被中断。",
    long: "\
退出码：
  0    这次售票正确
  1    出错：抓到了竞争
  2    没能运行或无法判定
  130  被中断

例子：
  ticketsim --buyers 10 --tickets 1
      十个进程，一张票，有 flock(2) 锁
  ticketsim --buyers 10 --tickets 1 --no-lock
      同样的抢法，不加锁：看它超卖
  ticketsim -t 5 --steps 'read think lock write unlock'
      拿得太晚的锁
  ticketsim -n 100 -t 1000 --per-buyer all --think 0 -v
      卖得有多快",
};

const PROTOCOLS: Notes = Notes {
    command: "protocols",
    short: "\
凡是有 --protocol 的地方（运行、explore、replay 和 step），名字都代表一串步骤和一把锁。
`ticketsim matrix --protocols` 把文件上的各种做法真跑一遍，每种都与它的对照放在一起。",
    long: "",
};

const EXPLORE: Notes = Notes {
    command: "explore",
    short: "\
退出码：0 每种调度都正确，1 有的调度出错，2 不明：没能全部数完。

步骤：L 拿锁，R 读，W 写（用 --write truncate 时是 T 清空和 F 填写），U 放锁，后面跟买家的号码；O 只在 --write rename --lock-on ticket 时有，打开要锁的文件。

用 --store 时一步就是一个请求，可能得等：L 拿锁，R 读或数，W 写或插入，S 交换，D 减一或拿走，C 提交，U 放锁；B 开始，只在 --isolation immediate 时有，那时它才起作用。

用 --store redis 时：L 拿租约（发现被拿走就再试，那不算一步），R 读，W 写，S 交换，D 减一或拿走，B 监视，Q 归还，U 放锁；X 只在 --expire 时有，是外界的一步：那个买家的租约到期，在它的 L 之后、W 之前。

K 只在 --kills 时有，也是外界的一步：那个买家被杀。它握着的由系统或服务器放开，比持有者活得久的锁除外；它写下的留在那里，或随它的事务回滚。",
    long: "",
};

const REPLAY: Notes = Notes {
    command: "replay",
    short: "",
    long: "\
一步是一个字母加买家的号码：
  L  拿锁    R  读库存    U  放锁
  W  写下减一后的数；用 --write truncate 时代之以
  T  清空文件，然后  F  填写
  O  打开要锁的文件（--write rename --lock-on ticket：在 L 之前）
用 --steps 时，每个词在它的位置上是一步：open O、lock L、read R、write W、truncate T、fill F、unlock U、lock-shared H、upgrade V、close-other E、unlink N、reopen-check I、look-stale Y、remove-stale J、helper-unlock A。
买家的遭遇也是一步：K 它被杀（SIGKILL），P 它被暂停（SIGSTOP），G 它继续（SIGCONT）。

每个买家在每一步之前都停在闸门口，轮到才走：它是一个单独的进程，用 --workers 也可以是线程或任务。调度结束时已经开始的购买会做完，不再开始新的。锁不允许的次序，会说明在哪一步、谁持有锁，退出码为 2。

例子：
  ticketsim replay 'R1 R2 W1 W2' --tickets 1 --no-lock
  ticketsim replay 'L1 R1 W1 U1 L2 R2 U2' --tickets 1
  ticketsim replay 'R1 T1 R2 F1' --tickets 1 --no-lock --write truncate
  ticketsim replay 'R1 R2 W1 W2' --tickets 1 --no-lock --times 1000
  ticketsim replay 'R1 R2 L1 W1 U1 L2 W2 U2' --tickets 1 \\
      --steps 'read lock write unlock'
  ticketsim replay 'R1 R2 W1 W2 C1 C2' --store postgres:///shop \\
      --isolation read-committed --tickets 1
  ticketsim replay 'L1 R1 X1 L2 R2 W1 U1 W2 U2' --store redis:// \\
      --lock lease --fence write --tickets 1
  ticketsim replay 'L1 R1 K1 L2 R2 W2 U2' --tickets 1
  ticketsim replay --from race.json --expect sound

在数据库里一步就是一个请求：要等的请求已经发出，由引擎说出它在等。在 Redis 上 X 是外界的一步：那个买家的租约真的到期，其间别的租约都不到期。",
};

const STEP: Notes = Notes {
    command: "step",
    short: "",
    long: "\
输入买家的号码让它走下一步；u 退回一步（换一批买家，把之前的步骤重走一遍）；? 给出通向超卖的最短走法；q 离开。所有买家都走了就结束，q 或输入到头也结束：这时已经开始的购买会做完。
在 Redis 上用 --lock lease 时，x1 让买家 1 的租约到期。

它读的是普通的行，所以可以用管道驱动：
  printf '1\\n2\\n1\\n2\\n' | ticketsim step --buyers 2 --tickets 1 --no-lock
  ticketsim step --tickets 1 --store sqlite:shop.db --isolation deferred",
};

const SCHEDULE: Notes = Notes {
    command: "schedule",
    short: "",
    long: "\
标准输出上只有调度，重放它的命令在标准错误上：
  ticketsim --buyers 3 --tickets 1 --no-lock --history race.jsonl
  ticketsim schedule race.jsonl -o race.json
  ticketsim replay --from race.json",
};

const CHECK: Notes = Notes {
    command: "check",
    short: "",
    long: "\
历史是一个 JSON 行的文件：文件头可有可无，之后每行一次购买。Jepsen 的操作（EDN 或 JSON）、JMeter 的 JTL、hey 的 CSV 和 k6 的 JSON 会自动认出；其他的 CSV 或 JSON 行用 --columns 和规则来读：ticketsim help logging。

  {\"history_version\":2,\"initial\":2}
  {\"buyer\":\"ann\",\"invoke_ns\":10,\"return_ns\":25,\"outcome\":\"bought\",\"stock\":2}
  {\"buyer\":\"bob\",\"invoke_ns\":12,\"return_ns\":40,\"outcome\":\"bought\",\"stock\":1}
  {\"buyer\":\"cy\",\"invoke_ns\":41,\"return_ns\":50,\"outcome\":\"refused\"}

结果（outcome）是 bought（买到）、refused（售罄）、failed（没有生效）、unknown（一直没有答复，也就没有 return_ns）、returned（退票）或 read（有人看了一眼）。quantity、item、seat 和 order 可以写上。stock 是卖出这张票时的库存，可以省略。

退出码：0 全部正确，1 有一份出错，2 有一份读不了或无法判定。",
};

const REPORT: Notes = Notes {
    command: "report",
    short: "\
历史是什么样子，见 `ticketsim check --help`；运行时用 `--history PATH` 写出一份。
几份历史画在同一页上，上下排列，共用一条时间轴。
退出码：0 全部正确，1 有一份出错，2 有一份读不了、无法判定或写不出来。",
    long: "",
};

const MATRIX: Notes = Notes {
    command: "matrix",
    short: "\
退出码：0 每一行都与文档相符，1 有一行不符，2 有一行没能运行或无法判定，130 被中断。
用 --compare 时：0 评级都没变，1 有变化，2 无法比较。",
    long: "",
};

const RACE: Notes = Notes {
    command: "race",
    short: "",
    long: "\
规则：--bought、--refused、--failed、--unknown 各带几个要同时成立的条件，用空格隔开；同一选项再给一次，就是另一种可能。按这个次序，第一条成立的规则算数。
  请求  status=200  status=2xx  status=409,410  header:NAME~REGEX  body~REGEX
  命令  exit=0  stdout~REGEX  stderr~REGEX（关于退出码的规则先于其他一切）
  都行  json:PATH  json:PATH=VALUE  json:PATH~REGEX（看正文，或看输出）
值里有空格就加引号：body~'sold out'。一条规则都没有时：退出码 0 是买到，1 是售罄，其余是失败；2xx 是买到，409 和 410 是售罄，5xx 和没有答复是不明。没有规则匹配的回答，使裁决成为无法判定。

请求用 HTTP/1.1 发出，各用各的连接，服务器支持 HTTP/2 也是如此；重定向就是回答，不会跟随。

变量写在花括号里：{buyer}、{trial}、{uuid}、n（这个买家的第几次购买）、--users 的各列，以及 --setup 取得的值；命令也能在 $TICKETSIM_BUYER 等环境变量里找到它们。

退出码：0 没有一轮抓到，1 抓到了，2 没能运行或无法判定，130 被中断。

例子：
  ticketsim race -n 20 -t 5 --reset './reset.sh 5' --stock './stock.sh' \\
      -- ./buy.sh {buyer}
  ticketsim race -n 20 -t 5 --http 'POST http://127.0.0.1:8000/buy' \\
      --json-body '{\"user\":\"{buyer}\"}' \\
      --stock 'http://127.0.0.1:8000/stock#$.left' \\
      --reset 'POST http://127.0.0.1:8000/reset?n=5' \\
      --bought 'status=200 json:$.ok=true' --refused 'status=409' --trials 20
  ticketsim race --from shop.toml
  ticketsim race --gate postgres://127.0.0.1/shop -n 2 -t 1 \\
      --http 'POST http://127.0.0.1:8000/buy' \\
      --stock 'http://127.0.0.1:8000/stock#$.left' \\
      --reset 'POST http://127.0.0.1:8000/reset?n=1' -- ./shop.sh",
};

const LEAD: Notes = Notes {
    command: "lead",
    short: "",
    long: "\
在一台主机上，以及在其余每台主机上：

  ticketsim lead --listen 0.0.0.0 --hosts 3 --store postgres://db/shop -n 300 -t 100
  TICKETSIM_TOKEN=… ticketsim join LEAD

售票经过各主机都够得着的存储进行；主导方和主机只负责起跑、收集和判断。在数据库或 Redis 里，票由主导方放出，最后也由它说出余票。共享文件夹里的票文件，每台主机有自己的路径（join --via PATH）：票由第一台主机放出，主导方不必看得见它。开售之前，每台主机都要看到放在那里的一个数，以保证大家卖的是同一份库存。--store 里的密码不会离开本机：需要密码的主机用 join --store 自己说明存储在哪里：其中没写的，来自该引擎客户端查找的地方。

售票前后各测一次时钟；每个时钟可能差多少会说明，也会计入：只有不论时钟误差如何都成立时，才算一次购买先于另一次。

一台主机失去联系，什么也不会因此结束：其余主机继续，它可能买了什么则不明。主导方不论怎样结束，所有主机上的买家都在一秒之内结束。连接不加密：要经过别人的网络，请用隧道（ssh -L）。

race 和 matrix 只在一台主机上；--restocks、--inherit、几种锁并用的 --lock、--workers sequential 也是。

退出码：与一次运行相同。0 售票正确，1 抓到了竞争，2 没能运行或无法判定，130 被中断。",
};

const JOIN: Notes = Notes {
    command: "join",
    short: "",
    long: "\
它先显示将要运行什么，再运行自己那份买家，并把他们做了什么送回去。它只运行主导方计划里的买家，而且主导方必须知道口令。票文件或 SQLite 文件在本机的什么地方，要在这里说明：主导方的路径一概不用。

存储在哪里由主导方说时，它只连到那里，本机的东西一概不带去：密码和设置（PGPASSWORD、~/.pgpass、~/.my.cnf、REDISCLI_AUTH 等）只用于 --store 的地址。有口令的主导方可以让本机运行一次运行所允许的那么多买家，去任何一处不要密码的这类存储。

退出码：0 运行完成（结果在主导方），2 被拒之门外、做不了自己那份或失去了主导方，130 被中断。",
};
