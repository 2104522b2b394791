//! The rules of the layout: who may import whom, and how long a file may get.

use std::path::{Path, PathBuf};

/// The order of the modules, the ground first: each names those alone that stand before it. Those on one line
/// do not name each other.
const FLOORS: &[&[&str]] = &[
    &["closed_set", "foreign", "shared", "paths", "streams", "rules", "stock"],
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
    &["replay", "matrix", "race"],
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

/// The module below src/ that a file belongs to.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("below src");
    let first = below.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file, without its tests and its comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source");
    let text = text.split("#[cfg(test)]\nmod tests").next().expect("the code").to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules of this crate that a text names: `crate::name`, also from `use crate::{a, b}`.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let word =
            |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            assert!(
                !group.contains('{') || group.find('}') < group.find('{'),
                "no nested group after `crate::`"
            );
            let members = group.split('}').next().expect("a group").split(',');
            names.extend(members.map(|member| word(member.trim())));
        } else {
            names.push(word(rest));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn imports_point_one_way() {
    for path in sources() {
        let module = module_of(&path);
        if ROOF.contains(&module.as_str()) {
            continue;
        }
        let floor = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
        let own = floor(&module).unwrap_or_else(|| panic!("{module} stands on no floor of tests/tidy.rs"));
        for name in named(&code(&path)) {
            let allowed = name == module || floor(&name).is_some_and(|floor| floor < own);
            assert!(allowed, "{}: {module} may not use {name}", path.display());
        }
    }
}

#[test]
fn only_cli_knows_clap_and_few_print() {
    for path in sources() {
        let (module, code) = (module_of(&path), code(&path));
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
    for path in sources().iter().filter(|path| !path.ends_with("tests.rs")) {
        let (module, code) = (module_of(path), code(path));
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
    assert_eq!(named("use crate::plan::Plan;\nuse crate::{world, lock::Locker};"), ["plan", "world", "lock"]);
    assert_eq!(named("fn f() -> crate::plan::Lock"), ["plan"]);
}
