//! What goes wrong, said in Chinese: each kind of mistake that people make, and nothing of ours left in English.

use crate::harness::{Folder, Ran};

/// The command with these words, in Chinese.
fn in_chinese(folder: &Folder, words: &[&str]) -> Ran {
    let words = ["--lang", "zh"].into_iter().chain(words.iter().copied());
    Ran::from(folder.command(words).output().expect("ticketsim runs"))
}

/// Mistakes, and what is said of them.
const MISTAKES: &[(&[&str], &str)] = &[
    (&["show"], "没有这个文件；请先用 --tickets N 放出票"),
    (&["show", "--file", "no-member.json"], "没有成员 \"ticket\"；票文件的样子是 {\"ticket\": 1}"),
    (&["show", "--file", "below.json"], "below.json:1:11：\"ticket\" 是 -1，应为不小于 0 的整数"),
    (&["show", "--file", "open.json"], "对象没有写完"),
    (&["show", "--file", "empty.json"], "文件是空的；请用 --tickets N 在里面放出票"),
    (&["show", "--file", "."], "不是普通文件"),
    (&["-t", "1", "--steps", "write"], "--steps：第 1 步（第 1 个字符）\"write\"：它之前没有 read"),
    (&["-t", "1", "--steps", "lok"], "想说的是 lock 吗？"),
    (&["-t", "1", "--protocol", "unlokced"], "\"unlokced\" 的做法；想说的是 unlocked 吗？有的是：locked、"),
    (&["-t", "1", "--store", "sqlite:"], "--store：sqlite: 后面要有文件的路径"),
    (&["--store", "sqlite:x.db"], "x.db：没有这个文件；--tickets N 会建立它"),
    (&["-t", "1", "--store", "redis://127.0.0.1:1"], "那里没有服务器：Connection refused"),
    (&["-t", "1", "--store", "sqlite:x.db", "--lock", "posix"], "SQLite 没有 --lock posix；有的是：none"),
    (&["-t", "1", "--store", "sqlite:x.db", "--sale", "A B"], "\"A B\" 不能用作售票的名字：应为 1 到 40 个"),
    (&["--no-lock", "--lock", "flock"], "--no-lock 和 --lock flock 互相矛盾"),
    (&["-t", "1", "--lock", "row"], "用 --store 说明票在哪个数据库"),
    (&["-n", "3", "-t", "1", "--rogue", "4"], "3 个买家里要有 4 个不拿锁：至多 3 个；请减少 --rogue"),
    (&["explore", "-n", "3", "--rogue", "4"], "3 个买家里要有 4 个不拿锁：至多 3 个；请减少 --rogue"),
    (&["-t", "1", "--restocks", "--no-lock"], "这里没有锁能拦住他们"),
    (&["-t", "1", "--mishap", "kill 20 before write"], "最后一个买家是买家 10"),
    (&["-t", "1", "--html", "."], ".：是文件夹"),
    (&["replay", "L1 R1 L2", "-t", "1"], "第 3 步（L2）：它得等：买家 1 从第 1 步起一直持有锁"),
    (&["replay", "R1", "W1", "-t", "1"], "步骤是 2 个词：请用引号括起来"),
    (&["replay", "RR"], "之一加买家的号码，例如 R1"),
    (&["replay", ""], "调度是空的：至少要有一步"),
    (&["replay", "--from", "old.json"], "schedule_version 是 9；这个 ticketsim 读第 1 版"),
    (&["check", "nosuch"], "nosuch：读不了：No such file or directory"),
    (&["check", "h.jsonl"], "h.jsonl:1：既不是购买"),
    (&["check", "h.csv"], "没有说明哪一列是什么；请说明，例如 --columns"),
    (&["explore", "--expire", "1"], "没有哪一步拿租约"),
    (&["matrix", "--dir", ".", "--dir", ".", "--trials", "1"], "是同一个路径，只测试一个客户端"),
    (&["race", "-n", "2"], "--http：没有说让什么来抢"),
    (&["race", "-n", "2", "-t", "1", "--http", "GET ftp://x"], "--http：\"ftp://x\" 不是 URL"),
    (&["race", "-n", "2", "-t", "1", "--trials", "3", "--", "true"], "每轮之前都要重新放出票；请用 --reset"),
    (&["race", "-t", "1", "--bought", "status=2000", "--http", "GET http://h"], "第 8 列：状态码有三位数字"),
    (&["race", "--from", "bad.toml"], "没有 `stok` 这个成员；有的是 `buyers`"),
    (&["race", "--from", "amount.toml"], "amount.toml:1:13：应为不小于 1 的整数，或 `all`"),
    (&["race", "--from", "twice.toml"], "twice.toml:2:1：成员出现了两次"),
    (&["race", "--from", "word.toml"], "word.toml:1:10：文本要放在引号里"),
    (&["race", "--from", "list.toml"], "list.toml:1:10：类型不对：是文本 \"x\"，应为列表"),
    (&["race", "--from", "none.toml"], "none.toml：http：没有说让什么来抢"),
    (&["race", "-t", "1", "--http", "GET http://h:{port}/"], "不能用变量；--serve 的命令里也要写上 {port}"),
    (&["race", "-t", "1", "--http", "GET http://8.8.8.8/"], "8.8.8.8 既不是本机，也不在内网"),
    (&["race", "-n", "2", "-t", "1", "--users", "bytes.json", "--", "true"], "bytes.json:1：不是 UTF-8 文本"),
    (
        &["race", "-n", "2", "-t", "1", "--users", "uneven.csv", "--", "true"],
        "uneven.csv:3：有 1 个字段，而首行有 2 个",
    ),
    (
        &["race", "-n", "2", "-t", "1", "--users", "nosuch", "--", "true"],
        "--users：nosuch：读不了：No such file",
    ),
    (&["show", "--file", "control.json"], "control.json:1:11：文本里有控制字符；票文件的样子是"),
    (&["lesson", "many", "--count", "0"], "many 课不能有 0 个：应为 1 到"),
    (&["-t", "1", "--seed", "x"], "'x' 不能用作 '--seed <N>' 的值：应为整数"),
    (&["-t", "1", "--think", "5"], "5 后面没有单位：应写成 250ms、2s 或 0 的样子"),
    (&["-t", "1", "--mishap", "pause 1 after read long"], "的值：应为时长，例如 250ms、2s 或 0"),
    (&["race", "-n", "2", "-t", "1", "--timeout", "2 ours", "--", "true"], "\"ours\" 不是时间单位"),
    (&["-t", "1", "--lock", "flock+none"], "`none` 不是锁；让一些买家不拿锁用 --rogue"),
    (&["-t", "1", "--no-lock", "--steps", "lock read write unlock"], "却说了不要锁；请用 --lock 选一种锁"),
    (&["explore", "--kills", "1", "--workers", "thread"], "只有进程才杀得了；请用 --workers process"),
    (&["replay", "--from", "list.json"], "list.json:1:3：个数不对：是 1，应为对象"),
    (&["replay", "--from", "bytes.json"], "bytes.json：读不了：不是 UTF-8 文本：从第 0 字节起读不懂"),
    (&["replay", "--from", "-"], "标准输入:1:1：值没有写完"),
    (&["check", "-"], "标准输入：是空的；历史里每次购买占一行"),
    (&["check", "plan.jsonl"], "plan.jsonl:1:30：类型不对：是整数 `5`，应为对象"),
    (
        &["matrix", "--compare", "empty.json", "empty.json"],
        "不是 JSON 文档：第 1 行第 0 列：值没有写完；应为",
    ),
    (&["matrix", "--compare", "bytes.json", "bytes.json"], "bytes.json：读不了：不是 UTF-8 文本"),
    (&["matrix", "--dir", "nosuch", "--trials", "1"], "os error 2)；--dir 要一个能写的文件夹"),
    (
        &["race", "-n", "2", "--stock", "http://h/s~[", "--", "true"],
        "：[：不是正则表达式：unclosed character class",
    ),
    (&["-t", "1", "--store", "postgres://h/d?sslmode=x"], "sslmode：没有 \"x\" 这种 sslmode：可选"),
    (&["man", "--dir", "empty.json"], "empty.json：建不了这个文件夹：File exists"),
    (&["lesson", "server", "--serve", "65536"], "65,536 不在 0 到 65,535 之间"),
    (&["lesson", "server", "--connect", "x"], "x 的售票窗口：没有这个地址；应为 HOST:PORT，或一个端口"),
    (&["clear"], "clear：用 --store 说明售票在哪里"),
];

#[test]
fn mistakes_are_said_in_chinese() {
    let folder = Folder::new();
    for (name, text) in [
        ("no-member.json", "{\"tickets\":1}"),
        ("below.json", "{\"ticket\":-1}"),
        ("open.json", "{\"ticket\":1"),
        ("empty.json", ""),
        ("old.json", "{\"schedule_version\":9}"),
        ("h.jsonl", "{\"buyer\":\"a\"}\n"),
        ("h.csv", "a,b\n"),
        ("bad.toml", "stok = 1\n"),
        ("list.json", "[1]\n"),
        ("uneven.csv", "name,seat\na,1\nb\n"),
        ("control.json", "{\"ticket\":\"\u{1b}\"}"),
        ("amount.toml", "per-buyer = -1\n"),
        ("twice.toml", "buyers = 2\nbuyers = 3\n"),
        ("word.toml", "buyers = many\n"),
        ("list.toml", "bought = \"x\"\n"),
        ("none.toml", "buyers = 2\n"),
        ("plan.jsonl", "{\"history_version\":2,\"plan\":5}\n"),
    ] {
        folder.write(name, text);
    }
    std::fs::write(folder.path("bytes.json"), b"\xff\xfe").expect("a file");
    for (words, says) in MISTAKES {
        let ran = in_chinese(&folder, words);
        assert_eq!(ran.code, Some(2), "{words:?}: {ran:?}");
        assert!(ran.stderr.starts_with("错误：") && ran.stderr.contains(says), "{words:?}: {}", ran.stderr);
        for english in [" the ", " is ", " takes ", " with ", "error:"] {
            assert!(!ran.stderr.contains(english), "{words:?}: {}", ran.stderr);
        }
    }
    // The control: the same in English.
    let english = folder.ticketsim("show --file nosuch.json");
    assert!(english.stderr.starts_with("error: nosuch.json: no such file"), "{english:?}");
}
