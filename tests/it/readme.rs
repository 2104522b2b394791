//! The console blocks of the README pages are run, and their output is what they show, but for what
//! differs from run to run: times, rates, seeds, process ids, and which buyer was first.

use std::process::Command;

use regex::Regex;

use crate::harness::Folder;

/// A command of a console block, and what the page shows of its output. A line `...` stands for any
/// lines.
struct Shown {
    line: usize,
    command: String,
    output: String,
}

fn console_blocks(page: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut inside = false;
    for (text, line) in page.lines().zip(1..) {
        if text.starts_with("```") {
            inside = text == "```console";
        } else if let Some(command) = text.strip_prefix("$ ").filter(|_| inside) {
            shown.push(Shown { line, command: command.to_owned(), output: String::new() });
        } else if let Some(last) = shown.last_mut().filter(|_| inside) {
            last.output += text;
            last.output.push('\n');
        }
    }
    shown
}

/// The text without what differs from run to run.
fn steady(text: &str) -> Vec<String> {
    let rules = [
        // A lesson's columns: when, who, process id, and its parent's where it stands in a column.
        (r"\d+\.\d (\S+?)(-\d+)? +\d+ (?: *\d+ )?", "T $1 P "),
        (r"process \d+|\d+ 号进程", "process P"),
        (r"\d+(\.\d+)? 秒", "T"),
        (r"(stock|库存) +[\d─]+", "$1 ~"),
        (r"[─═┈RW]+", "~"),
        (r"seed \d+|种子 \d+", "seed N"),
        (r"pid +\d+", "pid N"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:N"),
        (r"\d+(\.\d+)? (ns|µs|ms|s)\b", "T"),
        (r"[\d,]+ sales a second|每秒卖 [\d,]+ 张", "N sales a second"),
        (r"(buyers|买家) \d+ (and|和) \d+", "$1 N $2 N"),
        (r"(buyer|买家) +\d+", "$1 N"),
        (r" +", " "),
    ];
    let mut text = text.to_owned();
    for (pattern, instead) in rules {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, instead).into_owned();
    }
    let mut lines: Vec<String> = text.trim().lines().map(|line| line.trim().to_owned()).collect();
    // Which buyer came first differs from run to run.
    let is_buyer = |line: &String| line.starts_with("buyer N") || line.starts_with("买家 N");
    lines.chunk_by_mut(|one, next| is_buyer(one) && is_buyer(next)).for_each(<[String]>::sort);
    lines
}

/// Whether the lines are the shown ones, where a shown `...` stands for any.
fn matches(shown: &[String], lines: &[String]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "..." => (0..=lines.len()).any(|skip| matches(rest, &lines[skip..])),
        Some((first, rest)) => lines.first() == Some(first) && matches(rest, &lines[1..]),
    }
}

fn check_page(name: &str) {
    let page = std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).expect("the page");
    let folder = Folder::new();
    let data = format!("{}/data", env!("CARGO_MANIFEST_DIR"));
    let copied = Command::new("cp").args(["-r", &data, "data"]).current_dir(folder.root()).status();
    assert!(copied.expect("cp").success());
    let bin = std::path::Path::new(crate::harness::TICKETSIM).parent().expect("a folder");
    let path = std::env::join_paths(
        [bin.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").expect("PATH"))),
    );
    let path = path.expect("a PATH");
    let mut commands = 0;
    for Shown { line, command, output } in console_blocks(&page) {
        if command.starts_with("cargo ") || command.starts_with("git ") {
            continue;
        }
        commands += 1;
        let run = || {
            let shell = Command::new("sh")
                .args(["-c", &command])
                .current_dir(folder.root())
                .env("PATH", &path)
                .env("LC_ALL", if name.contains("zh") { "zh_CN.UTF-8" } else { "C.UTF-8" })
                .output()
                .expect("a shell");
            String::from_utf8_lossy(&shell.stdout).into_owned() + &String::from_utf8_lossy(&shell.stderr)
        };
        // A race is the system's to decide: on a machine that is busy enough, now and then a buyer comes
        // so late that it is refused even without a lock.
        let shown = steady(&output);
        let mut real = run();
        for _ in 1..5 {
            if matches(&shown, &steady(&real)) {
                break;
            }
            real = run();
        }
        assert!(
            matches(&shown, &steady(&real)),
            "{name}:{line}: $ {command}\n--- shown\n{output}\n--- real\n{real}"
        );
    }
    assert!(commands > 0, "{name}: no console block was found");
}

#[test]
fn the_readme_is_true() {
    check_page("README.md");
}

#[test]
fn the_chinese_readme_is_true() {
    check_page("README.zh-CN.md");
}

#[test]
fn the_comparison_can_fail() {
    let lines = |text: &str| steady(text);
    assert!(matches(&lines("a\n...\nd"), &lines("a\nb\nc\nd")));
    assert!(!matches(&lines("a\n...\nd"), &lines("a\nb")));
    assert_eq!(lines("buyer  3 pid 12  in 1.5 ms"), lines("buyer 14 pid 7 in 200 µs"));
    assert_ne!(lines("10 receipts"), lines("9 receipts"));
}
