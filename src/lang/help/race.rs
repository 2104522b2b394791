//! The options of races of other people's programs, and of the last few commands.

use super::Pair;

/// English and Chinese, side by side.
pub(super) const ALL: &[Pair] = &[
    ("How many buyers race [default: 20]", "有多少买家来抢 [默认：20]"),
    (
        "How many tickets are on sale [default: what --stock says before the race]",
        "有多少张票可卖 [默认：开抢前 --stock 所说的]",
    ),
    ("A request: METHOD URL", "一个请求：METHOD URL"),
    ("Its body, as it is", "请求正文，原样发出"),
    ("Its body, JSON", "请求正文，JSON"),
    ("A field of its body, a form", "请求正文里表单的一个字段"),
    ("A header, of every request whose variables have values", "请求头，凡变量有值的请求都带上"),
    ("A command and its arguments, run once for each buyer", "命令及其参数，每个买家运行一次"),
    ("A variable in the environment of the commands", "命令的环境变量"),
    ("The working folder of the commands", "命令的工作文件夹"),
    ("Trust the certificates in this file (PEM), and no others", "只信任这个文件（PEM）里的证书"),
    ("Trust any certificate", "信任任何证书"),
    (
        "Allow servers that are neither this machine nor in a private network",
        "允许既不是本机、也不在内网的服务器",
    ),
    (
        "Purchases of each buyer: a number, or all, until it is refused [default: 1]",
        "每个买家购买几次：一个数，或 all，即一直买到售罄 [默认：1]",
    ),
    (
        "Spread the go evenly over this time, on purpose [default: 0]",
        "故意把放行均匀地分散在这段时间里 [默认：0]",
    ),
    ("How long an answer may take [default: 10s]", "一个回答最多等多久 [默认：10s]"),
    ("How many trials [default: 1]", "试验几轮 [默认：1]"),
    ("Stop at the first trial that is caught", "抓到第一轮就停"),
    ("How long to wait between trials [default: 0]", "两轮之间等多久 [默认：0]"),
    (
        "What says the stock: a command, URL#JSONPATH, URL~REGEX, FILE#JSONPATH, sqlite:FILE?SELECT",
        "由什么说出库存：命令、URL#JSONPATH、URL~REGEX、FILE#JSONPATH、sqlite:FILE?SELECT",
    ),
    (
        "How long after the last answer the stock is read, until two readings agree [default: 200ms]",
        "最后一个回答之后多久读库存，直到两次读数一致 [默认：200ms]",
    ),
    (
        "What puts the tickets on sale before each trial: a command, or METHOD URL",
        "每轮之前由什么放出票：命令，或 METHOD URL",
    ),
    ("A rule: what means that it bought", "规则：什么表示买到"),
    ("A rule: what means that it was sold out", "规则：什么表示售罄"),
    ("A rule: what means that it had no effect", "规则：什么表示没有生效"),
    ("A rule: what leaves open whether it bought", "规则：什么情况下不知道是否买到"),
    (
        "A table of CSV: its columns are variables, a row for each buyer",
        "一张 CSV 表：各列是变量，每个买家一行",
    ),
    (
        "Done before the race: 'SCOPE: ACT -> NAME=json:PATH', the scope once, trial or buyer",
        "开抢前要做的事：'SCOPE: ACT -> NAME=json:PATH'，SCOPE 是 once、trial 或 buyer",
    ),
    (
        "The command that starts the target; it is ended in the end. {port}, here and in the addresses, is a port that is free",
        "启动目标的命令；结束时会把它停掉。{port} 在这里和各个地址里都是一个空闲端口",
    ),
    (
        "Hold every statement of the shop before this database, and run the purchases in every order of them: postgres://USER@HOST:PORT/DATABASE, redis://HOST:PORT. -- COMMAND starts the shop, and finds the gate in its environment",
        "在这个数据库前面拦住商店的每条语句，让几次购买按语句的每一种次序各走一遍：postgres://USER@HOST:PORT/DATABASE、redis://HOST:PORT。-- COMMAND 启动商店，商店在环境变量里找到闸门",
    ),
    (
        "A file of the shop in which the database's address stands: it has the gate's until the end",
        "商店写有数据库地址的文件：结束之前里面换成闸门的地址",
    ),
    (
        "Which orders: all, random:N, or depth:K, those with at most K switches [default: all]",
        "走哪些次序：all、random:N 或 depth:K，即切换不超过 K 次的那些 [默认：all]",
    ),
    (
        "One order alone, from a file: 1:SELECT seats, 2:SELECT seats, 1:UPDATE seats",
        "只走一种次序，取自文件：1:SELECT seats, 2:SELECT seats, 1:UPDATE seats",
    ),
    ("Statements that match run in the background, and pass", "匹配的语句算作后台语句，直接放过"),
    (
        "How long a request may neither ask nor answer before another goes on [default: 1s]",
        "请求既不发语句也不回答，过多久就让别的请求先走 [默认：1s]",
    ),
    ("How often the order that oversells is replayed [default: 100]", "会超卖的次序重放几次 [默认：100]"),
    ("What orders at random are drawn from", "随机次序由哪个种子抽取"),
    ("The verdict that makes the exit code 0: sound, or unsound", "哪个裁决使退出码为 0：sound 或 unsound"),
    (
        "Write the history of the worst trial to a file: JSON lines, one purchase each",
        "把最坏的一轮的历史写进文件：JSON 行，每行一次购买",
    ),
    (
        "Write the verdict on each trial for a CI server, as JUnit's XML",
        "把每一轮的裁决写成 JUnit 的 XML，供 CI 服务器读取",
    ),
    (
        "Read all this from a file of TOML; options of the command line come before it",
        "从一个 TOML 文件读取这一切；命令行的选项优先",
    ),
    ("Print such a file, with a comment on each of its lines", "打印这样一个文件，每一行都有注释"),
    ("The ticket file", "票文件"),
    ("Which shell", "哪种 shell"),
    (
        "Write the pages of all commands into this folder, instead of printing the one on the whole",
        "把所有命令的手册页写进这个文件夹，而不是打印总的那一页",
    ),
];
