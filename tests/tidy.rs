//! The rules of the layout: who may import whom, and how long a file may get.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The order of the modules, the ground first: each names those alone that stand before it. Those on one line
/// do not name each other.
const FLOORS: &[&[&str]] = &[
    &["charset", "closed_set", "foreign", "shared", "paths", "streams", "rules", "stock", "noted", "wrapped"],
    &["shell", "tls"],
    &["fault", "lang"],
    &["protocol"],
    &["plan"],
    &["history"],
    &["buyer"],
    &["verdict", "grade"],
    &["world"],
    &["store"],
    &["schedule"],
    &["workers", "explore"],
    &["run"],
    &["replay", "matrix", "race", "hosts"],
    &["report"],
    &["lesson"],
];

/// Modules that may name any other.
const ROOF: &[&str] = &["cli", "lib", "main"];
/// Modules that may print.
const MAY_PRINT: &[&str] = &["cli", "report", "lesson", "main"];

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 20, "the sources were found");
    files
}

/// The code of a file, without its tests and its comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source");
    let text = text.split("#[cfg(test)]\nmod tests").next().expect("the code").to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The path of a module: `["report", "page"]`, for src/report/page/mod.rs.
type Module = Vec<String>;

/// The module that a file below src/ is.
fn path_of(file: &Path) -> Module {
    let below = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("below src");
    let mut path: Module = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let last = path.pop().expect("a name");
    if last != "mod.rs" {
        path.push(last.trim_end_matches(".rs").to_owned());
    }
    path
}

/// What the code of a module names of this crate, as `crate::…` or `super::…`, each with its whole path.
fn named(code: &str, module: &[String]) -> BTreeSet<Module> {
    let mut names = BTreeSet::new();
    for (start, word) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let before = code[..start].chars().next_back();
        // The second of `super::super::` is read with the first.
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let parent = &module[..module.len().saturating_sub(1)];
        let base = if word == "crate::" { &[][..] } else { parent };
        tree(&code[start + word.len()..], base, &mut names);
    }
    names
}

/// Reads one branch of what stands behind `use`; returns the rest of the text.
fn tree<'a>(text: &'a str, base: &[String], names: &mut BTreeSet<Module>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest, base, names).trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let mut path = base.to_vec();
    match word {
        "super" => drop(path.pop()),
        "self" | "" => {}
        word => path.push(word.to_owned()),
    }
    if let Some(rest) = rest.strip_prefix("::") {
        return tree(rest, &path, names);
    }
    names.insert(path);
    let rest = rest.trim_start();
    let alias = rest
        .strip_prefix("as ")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'));
    alias.unwrap_or(rest)
}

/// Whether a file below src/ is one of tests.
fn is_of_tests(file: &Path) -> bool {
    path_of(file).iter().any(|name| name == "tests")
}

/// All modules but those of tests, and what each names.
fn modules() -> BTreeMap<Module, BTreeSet<Module>> {
    let mut modules = BTreeMap::new();
    let mut of_tests: BTreeSet<Module> = BTreeSet::new();
    for file in sources() {
        let path = path_of(&file);
        let text = std::fs::read_to_string(&file).expect("a source");
        for rest in text.split("#[cfg(test)]\nmod ").skip(1) {
            let name = rest.split([';', ' ']).next().expect("a name").to_owned();
            of_tests.insert([path.clone(), vec![name]].concat());
        }
        let names = named(&code(&file), &path);
        modules.insert(path, names);
    }
    modules.retain(|path, _| !of_tests.iter().any(|test| path.starts_with(test)));
    modules
}

/// Which siblings in a folder name which: by folder, a module's last name and those of the modules that it, or
/// what is in it, names.
fn siblings() -> BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> {
    let modules = modules();
    let mut folders: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (module, names) in &modules {
        for name in names {
            let shared = module.iter().zip(name).take_while(|(one, other)| one == other).count();
            let (Some(one), Some(other)) = (module.get(shared), name.get(shared)) else { continue };
            // What is no module stands in the folder's mod.rs.
            if modules.contains_key(&name[..=shared]) {
                let folder = folders.entry(module[..shared].to_vec()).or_default();
                folder.entry(one.clone()).or_default().insert(other.clone());
            }
        }
    }
    folders
}

/// A circle among modules that name each other, if there is one: its first module stands at its end, too.
fn circle(names: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        names: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        let last = way.last().expect("a module").clone();
        for next in names.get(&last).into_iter().flatten() {
            if let Some(place) = way.iter().position(|module| module == next) {
                return Some([&way[place..], std::slice::from_ref(next)].concat());
            }
            if !done.contains(next) {
                way.push(next.clone());
                if let Some(found) = walk(names, way, done) {
                    return Some(found);
                }
                way.pop();
            }
        }
        done.insert(last);
        None
    }
    let mut done = BTreeSet::new();
    names.keys().find_map(|module| walk(names, &mut vec![module.clone()], &mut done))
}

#[test]
fn imports_point_one_way() {
    for (path, names) in modules() {
        let module = &path.first().expect("a name")[..];
        if ROOF.contains(&module) {
            continue;
        }
        let floor = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
        let own = floor(module).unwrap_or_else(|| panic!("{module} stands on no floor of tests/tidy.rs"));
        for name in names.iter().filter_map(|name| name.first()) {
            let allowed = name == module || floor(name).is_some_and(|floor| floor < own);
            assert!(allowed, "{}: it may not use {name}", path.join("::"));
        }
    }
}

/// A verdict knows the history alone: what it has to know of the plan stands in the history's header, so that
/// a history that was read is judged as the run was that made it.
#[test]
fn verdicts_do_not_name_the_plan() {
    let of_verdict = |path: &PathBuf| path_of(path)[0] == "verdict" && !is_of_tests(path);
    for path in sources().into_iter().filter(of_verdict) {
        let code = code(&path);
        let mut words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        assert!(!words.any(|word| ["plan", "Plan"].contains(&word)), "{}: the plan", path.display());
    }
}

#[test]
fn no_siblings_name_each_other_in_a_circle() {
    for (folder, names) in siblings() {
        if let Some(circle) = circle(&names) {
            panic!("src/{}: {}", folder.join("/"), circle.join(" names "));
        }
    }
}

#[test]
fn only_cli_knows_clap_and_few_print() {
    for path in sources().into_iter().filter(|path| !is_of_tests(path)) {
        let (module, code) = (path_of(&path).swap_remove(0), code(&path));
        assert!(
            !code.contains("clap") || ["cli", "main"].contains(&module.as_str()),
            "{}: clap",
            path.display()
        );
        let prints = ["print!(", "println!(", "eprint!(", "eprintln!(", "io::stdout()", "io::stderr()"];
        let prints = prints.iter().any(|print| code.contains(print));
        assert!(!prints || MAY_PRINT.contains(&module.as_str()), "{}: it prints", path.display());
    }
}

/// Temporary files are made in one place, whose errors name none of them. Files come into being there, or
/// exclusively, or where the user has named them (`streams`; the lesson writes in a folder of its own).
#[test]
fn files_come_into_being_in_few_places() {
    let at_will = ["File::create", "create(true)", "fs::write("];
    for path in sources().iter().filter(|path| !is_of_tests(path)) {
        let (module, code) = (path_of(path).swap_remove(0), code(path));
        let makes = at_will.iter().any(|call| code.contains(call));
        assert!(
            !makes || ["streams", "lesson"].contains(&module.as_str()),
            "{}: it makes files",
            path.display()
        );
        let names = code.contains("tempfile::") && !code.contains("-> anyhow::Result<tempfile::TempDir>");
        assert!(!names || module == "paths", "{}: temporary files of its own", path.display());
    }
}

/// An option is named by `cli`, which says which one helps: errors and other texts of lower rooms know none. A command
/// that repeats a plan is written in few places.
#[test]
fn only_cli_names_options() {
    let may = ["cli", "lang", "main"];
    // They write a plan or its choices as a command.
    let commands = [
        "explore/mod.rs",
        "lesson/exercise.rs",
        "plan/command.rs",
        "plan/workers.rs",
        "protocol/file.rs",
        "protocol/redis.rs",
        "protocol/sql.rs",
        "report/explore/json.rs",
        "report/explore/text.rs",
        "report/protocols/mod.rs",
        "report/protocols/text.rs",
    ];
    let mut seen = BTreeSet::new();
    let mut elsewhere = Vec::new();
    for path in sources().iter().filter(|path| !is_of_tests(path)) {
        let code = code(path);
        let text = |line: &&str| line.split('"').skip(1).any(names_an_option);
        let Some(line) = code.lines().find(text) else { continue };
        let file = path.to_string_lossy().replace('\\', "/");
        match commands.iter().find(|name| file.ends_with(&format!("/src/{name}"))) {
            Some(name) => drop(seen.insert(*name)),
            None if may.contains(&path_of(path)[0].as_str()) => {}
            None => elsewhere.push(format!("{file}: {}", line.trim())),
        }
    }
    assert!(elsewhere.is_empty(), "an option is named outside of cli:\n{}", elsewhere.join("\n"));
    assert_eq!(seen.len(), commands.len(), "only these are needed: {seen:?}");
}

/// Whether a text names an option, such as `--lock`: two dashes and a letter, not within a word.
fn names_an_option(text: &str) -> bool {
    text.match_indices("--").any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + 2..].chars().next();
        after.is_some_and(|sign| sign.is_ascii_lowercase()) && before.is_none_or(|sign| !"-<!".contains(sign))
    })
}

/// One more store is a file of choices, a folder, and an arm in these: other code that wants to know something of a store
/// asks its choices.
#[test]
fn a_store_is_named_in_few_places() {
    let may = ["protocol", "store", "race"];
    let may_alone = ["schedule/file/plan.rs", "cli/choices.rs"];
    let mut seen = 0;
    for path in sources().iter().filter(|path| !is_of_tests(path)) {
        let code = code(path);
        let names =
            ["Choices", "StorePlan", "StoreKind"].iter().any(|kind| code.contains(&format!("{kind}::Redis")));
        seen += usize::from(names);
        let room = path_of(path).swap_remove(0);
        let is_one = may.contains(&room.as_str()) || may_alone.iter().any(|end| path.ends_with(end));
        assert!(!names || is_one, "{}: it names a store; ask its choices (StoreChoices)", path.display());
    }
    assert!(seen >= 5, "the scan sees them: {seen}");
}

#[test]
fn files_stay_short_and_say_what_they_are_for() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).expect("a source");
        let lines = text.lines().count();
        assert!(lines < 500, "{}: {lines} lines", path.display());
        assert!(text.starts_with("//!"), "{}: no word on what it is for", path.display());
    }
    let main = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs")).expect("main.rs");
    assert!(main.lines().count() < 40, "main.rs hands off");
}

#[test]
fn the_scan_sees_what_it_should() {
    let here = ["report".to_owned(), "page".to_owned(), "lanes".to_owned()];
    let named = |code| named(code, &here).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(
        named("use crate::plan::Plan;\nuse crate::{world::{self, Model as M}, lock};"),
        ["lock", "plan::Plan", "world", "world::Model"]
    );
    assert_eq!(named("fn f() -> crate::plan::Lock"), ["plan::Lock"]);
    assert_eq!(
        named("use super::columns;\nuse super::super::words::*;\nsuper::super::json::f(super::g)"),
        ["report::json::f", "report::page::columns", "report::page::g", "report::words"]
    );
    assert!(named("let subcrate::x = y::super::z;").is_empty());
    // All that there is.
    let siblings = siblings();
    assert!(siblings[&vec![]]["report"].contains("verdict"));
    assert!(siblings[&vec!["report".to_owned()]]["run"].contains("words"));
}

#[test]
fn the_search_finds_circles_alone() {
    let names = |pairs: &[(&str, &[&str])]| {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(one, others)| ((*one).to_owned(), set(others))).collect()
    };
    assert_eq!(circle(&names(&[("a", &["b", "c"]), ("b", &["c"])])), None);
    let found = circle(&names(&[("a", &["b"]), ("b", &["c"]), ("c", &["d", "b"])]));
    assert_eq!(found, Some(["b", "c", "b"].map(str::to_owned).to_vec()));
}
