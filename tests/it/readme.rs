//! The console blocks of all pages for readers are run, and their output is what they show, but for what differs from
//! run to run: times, rates, seeds, process ids, and which buyer was first. Tables are held to what they list.

use std::collections::BTreeSet;
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

fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).expect("the page")
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
    let page = page(name);
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
fn the_page_on_samples_is_true() {
    check_page("data/README.md");
}

/// A page that is longer is not read.
#[test]
fn the_readmes_are_short() {
    for name in ["README.md", "README.zh-CN.md"] {
        let lines = page(name).lines().count();
        assert!(
            lines <= 320,
            "{name}: {lines} lines: what is reference belongs into the help, or beside its subject"
        );
    }
}

/// The names in the first column of a page's table, which stand in backticks.
fn first_column(page: &str) -> BTreeSet<String> {
    let name = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    page.lines().filter_map(name).collect()
}

/// The names of the files in a folder of the project, but for what a sale leaves behind (as .gitignore has it).
fn files(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).expect("a folder");
    let entries = entries.map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.map(|file| file.file_name().into_string().expect("text"));
    let left_behind =
        |name: &String| name.starts_with('.') || name.ends_with(".lock") || name.ends_with(".sidecar");
    names.filter(|name| !left_behind(name)).collect()
}

/// Every sample has its row, and every row its sample.
#[test]
fn the_samples_are_all_described() {
    let mut there = files("data");
    there.remove("README.md");
    // A sale makes it.
    there.insert("ticket.json".to_owned());
    assert_eq!(first_column(&page("data/README.md")), there);
}

/// Every benchmark has its row, every row its benchmark, and what the page calls there is.
#[test]
fn the_benchmarks_are_all_described() {
    let name = |file: String| file.strip_suffix(".rs").map(str::to_owned);
    let there: BTreeSet<String> = files("benches").into_iter().filter_map(name).collect();
    let benches = page("benches/README.md");
    assert_eq!(first_column(&benches), there);
    let called = Regex::new(r"--bench (\w+)").expect("a pattern");
    for page in [&benches, &page("README.md"), &page("README.zh-CN.md")] {
        let called = called.captures_iter(page).map(|found| found[1].to_owned());
        for bench in called.filter(|bench| bench != "NAME") {
            assert!(there.contains(&bench), "there is no benchmark {bench}");
        }
    }
}

/// What the catalogue promises of a protocol at an engine and a level: whether it keeps.
fn promised(catalogue: &serde_json::Value, engine: &str, protocol: &str, isolation: &str) -> bool {
    let store = match engine.split(' ').next().expect("a name") {
        "SQLite" => "sqlite",
        "PostgreSQL" => "postgres",
        "MariaDB" => "mysql",
        "Redis" => "redis",
        other => panic!("{other}: no engine"),
    };
    let of_store = |row: &&serde_json::Value| row["name"] == protocol && row["store"] == store;
    let row = catalogue.as_array().expect("rows").iter().find(of_store);
    let row = row.unwrap_or_else(|| panic!("{protocol} is not known at {store}"));
    let variants = row["variants"].as_array().expect("variants");
    let at_level = |variant: &&serde_json::Value| store == "redis" || variant["isolation"] == isolation;
    let variant = variants.iter().find(at_level).unwrap_or_else(|| panic!("{protocol} at {isolation}"));
    variant["promise"] == "keeps"
}

/// Whether a cell says safe; nothing where it says nothing.
fn safe(cell: &str) -> Option<bool> {
    let grades =
        [("unsafe ", false), ("不安全 ", false), ("safe <", true), ("安全 <", true), ("no failure", true)];
    let grade = grades.iter().find(|(words, _)| cell.starts_with(words)).map(|(_, safe)| *safe);
    grade.or_else(|| cell.ends_with(" 次没出错").then_some(true))
}

/// Each grade that a page shows of a protocol at an engine is what the catalogue promises: how many were compared.
fn graded_as_promised(name: &str, catalogue: &serde_json::Value) -> usize {
    let page = page(name);
    let mut head: Vec<&str> = Vec::new();
    let mut compared = 0;
    let mut compare = |engine: &str, protocol: &str, isolation: &str, safe: bool| {
        let keeps = promised(catalogue, engine, protocol, isolation);
        assert_eq!(safe, keeps, "{name}: {protocol} at {engine}, {isolation}");
        compared += 1;
    };
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells.iter().any(|cell| ["protocol", "做法"].contains(cell)) {
            head = cells;
        } else if head.get(1) == Some(&"store") {
            let grade = head.iter().position(|cell| *cell == "grade").expect("grades");
            safe(cells[grade]).into_iter().for_each(|safe| compare(cells[1], cells[2], cells[3], safe));
        } else if head.len() == cells.len() {
            let graded = head.iter().zip(&cells).filter_map(|(engine, cell)| Some((engine, safe(cell)?)));
            graded.for_each(|(engine, safe)| compare(engine, cells[1], cells[2], safe));
        }
    }
    // Those of Redis, which has no levels, stand in a sentence.
    let of_redis =
        page.split("Redis 7.0").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let pattern = Regex::new(r"([a-z-]{4,})\s+((?:un)?safe\s+[<\d]|(?:不)?安全\s+[<\d])").expect("a pattern");
    for found in pattern.captures_iter(of_redis) {
        let grade = found[2].split_whitespace().collect::<Vec<_>>().join(" ") + " ";
        compare("Redis", &found[1], "", safe(&grade).expect("a grade"));
    }
    compared
}

#[test]
fn the_tables_of_engines_are_what_the_catalogue_promises() {
    let (_, catalogue) = Folder::new().json("protocols");
    for (name, grades) in [("README.md", 18), ("README.zh-CN.md", 18), ("benches/README.md", 121)] {
        assert_eq!(graded_as_promised(name, &catalogue), grades, "{name}");
    }
    let count =
        catalogue.as_array().expect("rows").iter().map(|row| row["name"].as_str()).collect::<BTreeSet<_>>();
    for name in ["README.md", "README.zh-CN.md"] {
        assert!(
            page(name).contains(&format!(" {}", count.len())),
            "{name}: there are {} protocols",
            count.len()
        );
    }
}

/// What a page links to is there, headings included.
#[test]
fn the_links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#:]*)(?:#([^)]+))?\)").expect("a pattern");
    for name in ["README.md", "README.zh-CN.md", "data/README.md", "benches/README.md"] {
        let text = page(name);
        for found in link.captures_iter(&text) {
            let target = if found[1].is_empty() { name } else { &found[1] };
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
            assert!(path.exists(), "{name}: {target}");
            let Some(heading) = found.get(2) else { continue };
            let headings = page(target)
                .lines()
                .filter_map(|line| Some(anchor(line.strip_prefix('#')?)))
                .collect::<Vec<_>>();
            assert!(
                headings.iter().any(|it| it == heading.as_str()),
                "{name}: #{}: {headings:?}",
                heading.as_str()
            );
        }
    }
}

/// The anchor that a heading has on a page: small letters, hyphens for blanks, no punctuation.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn the_comparison_can_fail() {
    let lines = |text: &str| steady(text);
    assert!(matches(&lines("a\n...\nd"), &lines("a\nb\nc\nd")));
    assert!(!matches(&lines("a\n...\nd"), &lines("a\nb")));
    assert_eq!(lines("buyer  3 pid 12  in 1.5 ms"), lines("buyer 14 pid 7 in 200 µs"));
    assert_ne!(lines("10 receipts"), lines("9 receipts"));
    assert_eq!((safe("unsafe 3/3"), safe("安全 <9%"), safe("–")), (Some(false), Some(true), None));
    assert_eq!((safe("no failure in 17"), safe("17 次没出错")), (Some(true), Some(true)));
    assert_eq!(
        anchor("## The gate: every order of your shop's own"),
        "the-gate-every-order-of-your-shops-own"
    );
}
