//! The options of lessons, explorations, replays, histories and matrices.

use super::Pair;

/// English and Chinese, side by side.
pub(super) const ALL: &[Pair] = &[
    ("Which lesson; without one, they are listed", "哪一节课；不写就列出全部"),
    ("Give all lessons, in the order of the course", "按课程的次序上完所有的课"),
    ("Judge a history that comes with the command", "判断一份随命令附带的历史"),
    (
        "lock: write a small program whose purchase is left to you, and say how `ticketsim race` judges it",
        "lock：写出一个小程序，购买那一步留给你补全，并说明 `ticketsim race` 怎么判",
    ),
    ("Cut the pauses to a quarter", "把停顿缩短到四分之一"),
    (
        "Print what was measured as one JSON document instead of text",
        "把测得的结果打印成一个 JSON 文档，代替文本",
    ),
    ("Show the lesson's program instead of running it", "显示这节课的程序，而不运行它"),
    (
        "How many children (many: up to 500) or clients (server: up to 200) [default: 10]",
        "多少个子进程（many：至多 500）或客户（server：至多 200）[默认：10]",
    ),
    (
        "server: open a ticket counter on this port of 127.0.0.1, until Ctrl-C",
        "server：在 127.0.0.1 的这个端口开一个售票窗口，直到 Ctrl-C",
    ),
    (
        "server: be a customer of the counter at this address (host:port, or a port on 127.0.0.1)",
        "server：到这个地址的窗口当顾客（HOST:PORT，或 127.0.0.1 上的一个端口）",
    ),
    ("server --serve: the ticket file to sell from", "server --serve：从哪个票文件卖票"),
    ("server --serve: put N tickets on sale first", "server --serve：先放出 N 张票"),
    (
        "One of them: its steps, what goes wrong, where it is met, how it is mended, the commands to see it",
        "其中一种：步骤、会出什么错、见于哪里、怎么修、用哪些命令看到它",
    ),
    (
        "As it is at this store: sqlite, postgres, mysql or redis",
        "它在这种存储上的样子：sqlite、postgres、mysql 或 redis",
    ),
    ("Print one list of JSON instead of text", "打印一个 JSON 列表，代替文本"),
    (
        "How many buyers race, 1 to 30,000 [default: 2, or as many as --protocol needs to show]",
        "有多少买家来抢，1 到 30,000 [默认：2，或 --protocol 要显出问题所需的人数]",
    ),
    (
        "How many tickets are on sale [default: 1, or as many as --protocol needs to show]",
        "有多少张票可卖 [默认：1，或 --protocol 要显出问题所需的票数]",
    ),
    (
        "Where the tickets are, instead of a file: sqlite, postgres, mysql or redis; no server is needed",
        "票不在文件里，而在哪里：sqlite、postgres、mysql 或 redis；不需要服务器",
    ),
    (
        "What each buyer is; those of one process share a POSIX lock",
        "每个买家是什么；同一进程里的买家共用一把 POSIX 锁",
    ),
    (
        "Leases that expire in one schedule at most, or `any`: --lock lease [default: 0; any with --lease on a file; or what --protocol is about]",
        "一种调度里至多有几个租约到期，或 `any`：--lock lease [默认：0；在文件上给了 --lease 就是 any；或按 --protocol 的需要]",
    ),
    (
        "Buyers that are killed in one schedule at most, or `any`: at any moment between two steps [default: 0]",
        "一种调度里至多有几个买家被杀，或 `any`：在两步之间的任何时刻 [默认：0]",
    ),
    (
        "Purchases that each buyer makes, or `all`: until it is refused",
        "每个买家购买几次，或 `all`：一直买到售罄",
    ),
    ("Stop at so many states; what was covered is said", "数到这么多状态就停；走到了哪里会说明"),
    ("Draw N schedules at random instead of counting all", "随机抽取 N 种调度，而不是全部数完"),
    (
        "Draw by random priorities (PCT): best for races that take D steps in order",
        "按随机的优先级抽取（PCT）：最适合要有 D 步按次序发生的竞争",
    ),
    ("Seed of the sample [default: drawn, and shown]", "抽样的种子 [默认：随机抽取，并显示出来]"),
    (
        "Write the graph of states as one self-contained HTML page, too",
        "另把状态图写成一个自成一体的 HTML 网页",
    ),
    ("The steps in their order, e.g. 'R1 R2 W1 W2'", "按次序写出的步骤，例如 'R1 R2 W1 W2'"),
    (
        "Take plan and steps from a schedule file; `-` is standard input",
        "从调度文件取计划和步骤；`-` 是标准输入",
    ),
    (
        "How many buyers there are [default: as many as the schedule names]",
        "有多少买家 [默认：调度里说到几个就是几个]",
    ),
    (
        "Replay it N times, each with new buyers, and say whether all agree",
        "重放 N 次，每次用新的买家，并说出各次是否一致",
    ),
    (
        "Exit with 0 if this verdict comes out, and with 1 if another does, or the store forbids the order: a test against a race that came back, or was to stay away",
        "得出这个裁决则退出码为 0，得出别的、或存储不允许这种次序则为 1：用作测试，看一种竞争是否又来了，或确实没有再来",
    ),
    ("Show every step, however many", "每一步都显示，不论有多少"),
    ("How many buyers there are", "有多少买家"),
    (
        "A history that ticketsim wrote with --history; `-` is standard input",
        "ticketsim 用 --history 写出的历史；`-` 是标准输入",
    ),
    (
        "Write a schedule file, with the plan, for `replay --from`",
        "把调度连同计划写进文件，供 `replay --from` 使用",
    ),
    ("Files; - is standard input", "文件；- 是标准输入"),
    ("What they are written in [default: guessed, and said]", "用什么格式写成 [默认：自己猜，并说出来]"),
    (
        "Which column or member is what: buyer=, start=, end=, elapsed=, status=, outcome=, stock=, quantity=, item=, order=",
        "哪一列或哪个成员是什么：buyer=、start=、end=、elapsed=、status=、outcome=、stock=、quantity=、item=、order=",
    ),
    ("The unit of times that are numbers", "时间若是数字，用什么单位"),
    (
        "What a line says that was bought: COLUMN=VALUE,… or COLUMN~REGEX",
        "什么样的行表示买到：COLUMN=VALUE,… 或 COLUMN~REGEX",
    ),
    ("What a line says that was refused: sold out", "什么样的行表示售罄"),
    ("What a line says that had no effect", "什么样的行表示没有生效"),
    (
        "What a line says that may have had an effect or not, such as a time-out",
        "什么样的行表示可能生效、也可能没有，例如超时",
    ),
    ("What a line is that no rule matches [default: an error]", "没有规则匹配的行算什么 [默认：报错]"),
    (
        "What the functions of Jepsen's operations do: purchase=, return=, read=",
        "Jepsen 操作里的函数各做什么：purchase=、return=、read=",
    ),
    (
        "Judge all of them as one history: several logs of one stock",
        "把它们合为一份历史来判断：同一份库存的几份日志",
    ),
    (
        "The stock at the start [default: the header's, or else the highest that a purchase says]",
        "开始时的库存 [默认：文件头所说的，没有则取各次购买所说的最大值]",
    ),
    (
        "To what its times were cut: one that was cut to whole milliseconds lies from t to t + 1 ms [default: the header's, or the unit of a format that is coarse]",
        "时间精确到多少：截到整毫秒的时间，真值在 t 与 t + 1 ms 之间 [默认：文件头所说的，或粗略格式自己的单位]",
    ),
    (
        "By how much its clocks may be wrong, either way [default: the header's]",
        "时钟前后可能差多少 [默认：文件头所说的]",
    ),
    (
        "The most receipts that one buyer may hold: more are `over_limit`",
        "一个买家至多可持有几张收据：再多就是 `over_limit`",
    ),
    ("Write the verdicts for a CI server, as JUnit's XML", "把裁决写成 JUnit 的 XML，供 CI 服务器读取"),
    (
        "Print one JSON document a history, each on a line, instead of text",
        "每份历史打印一个 JSON 文档，各占一行，代替文本",
    ),
    ("Files, each a history; - is standard input", "文件，每个是一份历史；- 是标准输入"),
    (
        "Write a page that shows it: one HTML file that needs nothing else",
        "写一个显示它的网页：一个自成一体的 HTML 文件",
    ),
    ("Trials of each row, at least", "每一行至少试验几次"),
    (
        "Try a row on until it fails, or failures lie below this share with 95 % confidence (3/N): 5% takes 60 trials",
        "一行一直试到出错，或以 95% 的把握出错率低于这个比例（3/N）：5% 要 60 次试验",
    ),
    ("Buyers of a trial [default: 10]", "每次试验的买家数 [默认：10]"),
    ("Tickets of a trial [default: 20; 13 with --store]", "每次试验的票数 [默认：20；带 --store 时 13]"),
    (
        "How long a buyer thinks between reading and writing, give or take half of it [default: 1ms]",
        "买家在读和写之间思考多久，上下浮动一半 [默认：1ms]",
    ),
    (
        "The protocols of ticket files instead (`ticketsim protocols`), each beside the one it is compared with",
        "改为测试票文件的各种做法（`ticketsim protocols`），每种与它的对照放在一起",
    ),
    (
        "These kinds of workers alone, separated by commas [default: all of them; process with --store]",
        "只测这几种执行方式，用逗号隔开 [默认：全部；带 --store 时是 process]",
    ),
    (
        "These kinds of locks alone (and none, as the control) [default: those of the manual pages]",
        "只测这几种锁（以及作为对照的 none）[默认：手册页里有的那些]",
    ),
    ("These kinds of writes alone", "只测这几种写法"),
    (
        "Sell from files in this folder: do the locks of its filesystem work? Several paths to one folder: do they reach from one to the other? [default: the system's folder for temporary files]",
        "从这个文件夹里的文件卖票：它所在文件系统的锁管用吗？几个路径通向同一个文件夹：锁能从一个管到另一个吗？[默认：系统的临时文件夹]",
    ),
    (
        "One path tests one client of a mount alone. With --dir twice or more (two mounts of one share, two containers' volumes), buyers take turns among the paths, which are first proven to be one folder: what is written through one is read through the other.",
        "一个路径只测试挂载点的一个客户端。给出两个以上 --dir（同一共享的两个挂载点、两个容器的卷），买家就轮流使用这些路径，事先会证明它们是同一个文件夹：从一个写入的，能从另一个读到。",
    ),
    (
        "Grade the protocols of databases and Redis instead: sqlite:PATH, postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or redis://HOST/DB; several make one table",
        "改为给数据库和 Redis 的各种做法评级：sqlite:PATH、postgres://USER@HOST/DATABASE、mysql://USER@HOST/DATABASE 或 redis://HOST/DB；几个合成一张表",
    ),
    (
        "Each protocol of the catalogue at each level that it is known at, beside its control. The tables and keys that it makes are its own, and go with it.",
        "目录里的每种做法，在它为人所知的每个级别上，与它的对照放在一起。它建的表和键是自己的，用完就清除。",
    ),
    ("These protocols alone (and the control of each)", "只测这几种做法（以及各自的对照）"),
    (
        "These levels alone (and the control of each row), where there are levels",
        "只测这几个级别（以及每行的对照），如果有级别的话",
    ),
    (
        "Try each row as often with its holder killed (process buyers): whether others get on, and how soon",
        "每一行再试同样多次，杀死持有者（买家是进程）：看别人能否继续，要多久",
    ),
    ("Seed of the think times [default: drawn]", "思考时间的种子 [默认：随机抽取]"),
    (
        "Say what changed from one matrix to another, as --json printed them: grades, and what was tested",
        "说出 --json 打印的两份矩阵之间有什么变化：评级，以及测试的对象",
    ),
    ("Print Markdown instead of text", "打印 Markdown，代替文本"),
    ("Write one self-contained HTML page, too", "另写一个自成一体的 HTML 网页"),
];
