//! What people type, and what their terminals can show: numbers, small mistakes, locales, widths.

use crate::harness::{Folder, Ran};

#[test]
fn numbers_are_read_as_people_write_them() {
    let folder = Folder::new();
    let (code, document) = folder.json("-n 1e1 -t 1,000 --per-buyer 2 --think 1ms --jitter 50%");
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["plan"]["buyers"], 10);
    assert_eq!(document["plan"]["tickets"], 1_000);
    assert_eq!(document["plan"]["jitter"], 0.5);
    for (args, says) in [
        ("-t -1", "−1 is too few: a whole number from 0"),
        ("-t ten", "a whole number, such as 10, 1,000 or 1e3"),
        ("-n 1,5", "a whole number"),
        ("--jitter 150%", "0% to 100%"),
        ("--no-lock --lock flock", "say different things"),
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.contains(says), "{args}: {ran:?}");
    }
    assert_eq!(folder.ticketsim("-n 1 -t 1 --no-lock --lock none -q").code, Some(0), "they say the same");
}

#[test]
fn small_mistakes_are_understood() {
    let folder = Folder::new();
    let version = folder.ticketsim("version");
    assert!(version.stdout.contains("stores: ticket files"), "{version:?}");
    assert_eq!((version.code, version.stdout), (Some(0), folder.ticketsim("--version").stdout));
    let by_name = folder.ticketsim("lesson isolation --source");
    assert_eq!((by_name.code, by_name.stdout), (Some(0), folder.ticketsim("lesson 5 --source").stdout));
    assert_eq!(folder.ticketsim("lesson 99").code, Some(2));
    let unquoted = folder.ticketsim("replay R1 R2 W1 W2 -t 1 --no-lock");
    assert!(unquoted.code == Some(2) && unquoted.stderr.contains("replay 'R1 R2 W1 W2'"), "{unquoted:?}");
}

/// The command under a locale.
fn under(folder: &Folder, locale: &str, args: &str) -> Ran {
    let mut command = folder.command(args.split_whitespace());
    command.env("LC_ALL", locale);
    Ran::from(command.output().expect("ticketsim runs"))
}

#[test]
fn a_locale_without_utf8_gets_ascii() {
    let folder = Folder::new();
    for locale in ["C", "en_US.ISO-8859-1", "zh_CN.GBK"] {
        for args in [
            "-n 3 -t 1 --no-lock -v",
            "--help",
            "explore",
            "lesson process --fast",
            "lesson",
            "-n 0",
            "-n 2 -t 1 --json",
            "check no-such-file-é",
        ] {
            let ran = under(&folder, locale, args);
            assert!(ran.stdout.is_ascii() && ran.stderr.is_ascii(), "{locale} {args}: {ran:?}");
        }
    }
    // The controls: a locale of UTF-8, and a language that can't be written otherwise.
    assert!(!under(&folder, "C.UTF-8", "-n 3 -t 1 --no-lock").stdout.is_ascii());
    assert!(!under(&folder, "zh_CN", "-n 3 -t 1 --no-lock").stdout.is_ascii());
    assert!(!under(&folder, "C", "-n 3 -t 1 --no-lock --lang zh").stdout.is_ascii());
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = Folder::new();
    let ran = folder.ticketsim("man --dir man");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let pages = folder.list("man");
    assert!(pages.contains(&"ticketsim.1".to_owned()) && pages.contains(&"ticketsim-explore.1".to_owned()));
    for name in &pages {
        let page = folder.read(&format!("man/{name}"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".TH ticketsim"), "{name}: {page}");
    }
    let page = folder.read("man/ticketsim.1");
    assert!(page.contains(r"\-n|\-\-buyers N"), "options with their values: {page}");
    assert!(page.contains(".nf"), "examples keep their lines: {page}");
}

/// Arguments that can't be read, in Chinese: what is wrong, what may have been meant, how it is called.
#[test]
fn small_mistakes_are_answered_in_chinese() {
    let folder = Folder::new();
    for (args, says) in [
        ("--byers 3", "不认识参数 '--byers'"),
        ("--byers 3", "提示：有相近的：'--buyers'"),
        ("-n 0", "'0' 不能用作 '--buyers <N>' 的值：0 不在 1 到 30,000 之间"),
        ("-n ten", "应为整数，例如 10、1,000 或 1e3"),
        ("-t -1", "−1 太小"),
        ("--lock flok", "'flok' 不能用作 '--lock <KIND>' 的值"),
        ("--lock flok", "有相近的：'flock'"),
        ("--jitter 150%", "应为 0 到 1 的数"),
        ("--seed x", "应为整数，例如 10、1,000 或 1e3"),
        ("--per-buyer 0", "不小于 1 的整数"),
        ("--think soon", "例如 250ms、2s 或 0"),
        ("--mishap nap", "\"nap\" 不是 kill、pause、expire 之一"),
        ("--mishap 'kill 2 before lunch'", "没有 \"lunch\" 这种步骤"),
        ("--buyers", "'--buyers <N>' 要带一个值"),
        ("--steps read --protocol locked", "不能与"),
        ("-q -q", "'--quiet' 只能给出一次"),
        ("show extra", "不认识"),
        ("check", "缺少下列参数："),
        ("explore --store nowhere", "没有 \"nowhere\" 这种存储"),
        ("check x --columns buyer", "应写明一列是什么"),
    ] {
        let words = args.split('\'').enumerate();
        let words = words.flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            _ => vec![part.to_owned()],
        });
        let words: Vec<String> = words.chain(["--lang".to_owned(), "zh".to_owned()]).collect();
        let ran =
            Ran::from(folder.command(words.iter().map(String::as_str)).output().expect("ticketsim runs"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args}: {ran:?}");
        assert!(ran.stderr.starts_with("错误：") && ran.stderr.contains(says), "{args}: {}", ran.stderr);
        assert!(ran.stderr.contains("用 '--help' 看"), "{args}: {}", ran.stderr);
        for english in ["error", "invalid", "Usage", "tip:", " is ", " the "] {
            assert!(!ran.stderr.contains(english), "{args}: {}", ran.stderr);
        }
    }
    // The control: without the language it is English.
    assert!(folder.ticketsim("--byers 3").stderr.starts_with("error: unexpected argument"));
}

#[test]
fn the_help_and_the_manual_are_there_in_chinese() {
    let folder = Folder::new();
    for args in ["--help --lang zh", "help explore --lang zh", "lesson --lang=zh -h", "race --lang zh --help"]
    {
        let ran = folder.ticketsim(args);
        assert!(ran.code == Some(0) && ran.stdout.contains("用法：ticketsim"), "{args}: {ran:?}");
        assert!(!ran.stdout.contains("Usage") && !ran.stdout.contains("[default"), "{args}: {}", ran.stdout);
    }
    let by_locale = under(&folder, "zh_CN.UTF-8", "matrix -h").stdout;
    assert_eq!(by_locale, folder.ticketsim("matrix -h --lang zh").stdout);
    assert!(folder.ticketsim("help steps --lang zh").stdout.starts_with("一次购买的步骤"));
    assert_eq!(folder.ticketsim("steps --lang zh").stdout, folder.ticketsim("help steps --lang zh").stdout);
    assert!(folder.ticketsim("--version --lang zh").stdout.contains("存储：票文件"));
    let page = folder.ticketsim("man --lang zh").stdout;
    assert!(
        page.contains(".SH 概要") && page.contains("有多少买家来抢") && !page.contains("default:"),
        "{page}"
    );
}
