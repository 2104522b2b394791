//! The matrix: each row graded beside its control, in every form, and the README's.

use serde_json::Value;

use crate::harness::{Folder, Ran, kinds};

fn rows(document: &Value) -> &Vec<Value> {
    document["rows"].as_array().expect("rows")
}

/// The classic claims, each a row: POSIX locks keep processes apart and not threads; a rename takes the
/// lock on the ticket file away; truncating tears, renaming does not, and both lose updates.
#[test]
fn rows_are_as_documented_and_have_their_controls() {
    let folder = Folder::new();
    let (code, document) =
        folder.json("matrix --trials 3 --workers process,thread --lock flock,posix --dir .");
    assert_eq!(code, Some(0), "{document}");
    assert_eq!((&document["schema_version"], &document["trials"]), (&Value::from(1), &Value::from(3)));
    assert_eq!(rows(&document).len(), 2 * (3 + 4 + 4));
    for row in rows(&document) {
        assert_eq!(row["as_documented"], true, "{row}");
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let (workers, lock, write, lock_on) = (text("workers"), text("lock"), text("write"), text("lock_on"));
        let renamed_away = write == "rename" && lock_on == "ticket" && lock != "none";
        let fails = lock == "none" || (workers == "thread" && lock == "posix") || renamed_away;
        assert_eq!(text("grade"), if fails { "unsafe" } else { "safe" }, "{row}");
        assert_eq!(row["fails_below"], if fails { Value::Null } else { Value::from(1.0) }, "{row}");
        // On a loaded machine the race does not show in every trial.
        assert_eq!(row["lost_updates"].as_u64() > Some(0), fails, "{row}");
        if lock == "none" {
            assert_eq!(row["wait_p99_ns"], Value::Null);
        }
        assert!(row["torn_reads"] == 0 || (write == "truncate" && fails), "{row}");
        assert!(row["sales_per_s"].as_f64() > Some(0.0) && text("why").ends_with('.'), "{row}");
    }
    // Nothing stays behind in the folder.
    assert_eq!(folder.list("."), [""; 0]);
}

/// Truncating tears: sooner or later a buyer meets the emptied file. Renaming, as often, never does, and
/// loses updates all the same.
#[test]
fn truncating_tears_and_renaming_does_not() {
    let met = |write: &str| -> bool {
        let folder = Folder::new();
        let args = format!("-n 10 -t 40 --per-buyer all --think 1ms --no-lock --write {write}");
        let (code, document) = folder.json(&args);
        let lost = kinds(&document).contains(&"lost_update");
        assert!(code == Some(1) && (lost || write == "truncate"), "{document}");
        kinds(&document).contains(&"torn_read")
    };
    let tries = (1..=50).find(|_| met("truncate")).expect("a torn read in fifty runs");
    assert!((0..tries.max(5)).all(|_| !met("rename")));
}

/// A mount whose flock does nothing, or fails: a library that is loaded before the C library stands in
/// for it. The first is found out, exit code 1; the second could not be judged, exit code 2.
#[test]
fn locks_that_do_not_work_are_found_out() {
    let folder = Folder::new();
    for (code, body, grade, word) in [
        (1, "return 0;", "unsafe", "NOT AS DOCUMENTED"),
        (2, "errno = ENOLCK; return -1;", "inconclusive", "Could not be run here"),
    ] {
        let source =
            format!("#include <errno.h>\nint flock(int fd, int how) {{ (void)fd; (void)how; {body} }}\n");
        folder.write("flock.c", source);
        let mut cc = std::process::Command::new("cc");
        let cc =
            cc.args(["-shared", "-fPIC", "-o", "flock.so", "flock.c"]).current_dir(folder.root()).status();
        assert!(cc.expect("the C compiler that Rust links with").success());
        let run = |form: &str| -> Ran {
            let args =
                ["matrix", "--workers", "process,task", "--lock", "flock,ofd", "--write", "overwrite", form];
            let mut command = folder.command(args);
            command.env("LD_PRELOAD", folder.path("flock.so")).output().expect("ticketsim runs").into()
        };
        let (shown, json) = (run("--markdown"), run("--json"));
        assert!(shown.stdout.contains(word), "{shown:?}");
        assert_eq!((shown.code, json.code), (Some(code), Some(code)), "{shown:?}");
        let document: Value = serde_json::from_str(&json.stdout).expect("a document");
        for row in rows(&document) {
            let broken = row["lock"] == "flock";
            assert_eq!(row["as_documented"], !broken, "{row}");
            assert!(!broken || row["grade"] == grade, "{row}");
        }
    }
}

#[test]
fn a_folder_that_can_not_be_used_is_an_error_with_a_way_out() {
    let ran = Folder::new().ticketsim("matrix --dir missing");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("missing") && ran.stderr.contains("--dir takes a folder"), "{ran:?}");
    let ran = Folder::new().ticketsim("matrix --trials 0");
    assert_eq!(ran.code, Some(2));
}

#[test]
fn the_sequential_baseline_teaches_nothing_and_says_so() {
    let (code, document) =
        Folder::new().json("matrix --trials 1 --workers sequential --lock flock --write overwrite");
    assert_eq!(code, Some(0));
    for row in rows(&document) {
        assert_eq!(
            (&row["grade"], &row["expected"]),
            (&Value::from("inconclusive"), &Value::from("inconclusive"))
        );
    }
}

#[test]
fn the_page_stands_alone() {
    let folder = Folder::new();
    let ran =
        folder.ticketsim("matrix --trials 1 --workers task --lock semaphore --write overwrite --html m.html");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("All 2 rows are as documented"), "{ran:?}");
    let page = folder.read("m.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains(">semaphore</td>"), "{page}");
    assert!(
        !page.contains("http:") && !page.contains("https:") && !page.contains("src="),
        "it loads nothing"
    );
}

/// The matrix beside the benchmarks is what its command prints, but for the figures of speed and the odd trial in
/// which a race happened not to show.
#[test]
fn the_readme_shows_the_matrix_that_its_command_prints() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/README.md")).expect("a README");
    let begin = "<!-- ticketsim ";
    let start = readme.find(begin).expect("the command above the matrix");
    let (command, rest) = readme[start + begin.len()..].split_once(" -->").expect("its end");
    assert!(command.starts_with("matrix ") && command.contains("--markdown"), "{command}");
    let ran = Folder::new().ticketsim(command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let table = |text: &str| -> Vec<String> {
        let rows = text.lines().skip_while(|line| !line.starts_with('|'));
        rows.take_while(|line| line.starts_with('|')).map(steady).collect()
    };
    assert_eq!(table(rest), table(&ran.stdout));
    assert!(table(rest).len() > 20);
}

/// A row without its figures of speed and its counts.
fn steady(row: &str) -> String {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    // "no failure in 5" is a word, too.
    let grade = cells[9].trim_end_matches(|c: char| c.is_ascii_digit() || "/<% ".contains(c));
    [cells[1], cells[2], cells[3], grade, cells[10]].join(" | ")
}

/// Every document says what was tried on what, and two of them can be held against each other.
#[test]
fn a_matrix_names_what_it_tested_and_is_compared_with_another() {
    let folder = Folder::new();
    let args = "matrix --trials 3 --workers thread --lock flock,posix --write overwrite --dir . --json";
    let first = folder.ticketsim(args);
    assert_eq!(first.code, Some(0), "{first:?}");
    let document: Value = serde_json::from_str(&first.stdout).expect("a document");
    let tested = &document["tested"];
    let root = folder.root().canonicalize().expect("a folder");
    assert_eq!(tested["paths"][0]["path"], root.to_str().expect("text"), "{tested}");
    assert_eq!(tested["version"], env!("CARGO_PKG_VERSION"));
    for text in [&tested["date"], &tested["host"], &tested["kernel"], &tested["paths"][0]["options"]] {
        assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{tested}");
    }
    let stat = folder.bash("findmnt -n -o FSTYPE --target .").stdout;
    assert!(stat.is_empty() || tested["paths"][0]["filesystem"] == stat.trim(), "{stat}: {tested}");
    folder.write("a.json", &first.stdout);
    let same = folder.ticketsim("matrix --compare a.json a.json");
    assert!(same.code == Some(0) && same.stdout.contains("changed: 0 of 3 rows"), "{same:?}");
    assert!(same.stdout.contains(root.to_str().expect("text")), "{same:?}");
    // A world in which flock does not keep threads apart.
    let mut other = document.clone();
    for row in other["rows"].as_array_mut().expect("rows") {
        if row["lock"] == "flock" {
            (row["grade"], row["unsound"], row["as_documented"]) = ("unsafe".into(), 3.into(), false.into());
        }
    }
    folder.write("b.json", other.to_string());
    let (code, compared) = folder.json("matrix --compare a.json b.json");
    assert_eq!(code, Some(1), "{compared}");
    let changed = compared["changed"].as_array().expect("changes");
    assert_eq!(changed.len(), 1, "{compared}");
    assert_eq!(
        (&changed[0]["before"]["grade"], &changed[0]["after"]["grade"]),
        (&"safe".into(), &"unsafe".into())
    );
    folder.write("no.json", "{\"verdict\":\"sound\"}");
    folder.write("long.json", " ".repeat((1 << 20) + 1));
    for (files, said) in [
        ("a.json no.json", "no.json: no matrix"),
        ("long.json a.json", "long.json: longer than"),
        ("a.json missing.json", "missing.json"),
    ] {
        let ran = folder.ticketsim(&format!("matrix --compare {files}"));
        assert!(ran.code == Some(2) && ran.stderr.contains(said) && ran.stdout.is_empty(), "{ran:?}");
    }
}

/// Rows without a failure go on until failures are shown to be rare; those that failed are done. A trial has as many
/// buyers as were asked for.
#[test]
fn rows_are_tried_until_a_bound_is_reached() {
    let folder = Folder::new();
    let args = "matrix --until 15% --trials 2 --workers process,sequential --lock flock --write overwrite \
                --buyers 4 --tickets 9 --think 500us --dir .";
    let (code, document) = folder.json(args);
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(
        (&document["buyers"], &document["tickets"], &document["think_ns"], &document["until"]),
        (&4.into(), &9.into(), &500_000.into(), &0.15.into())
    );
    for row in rows(&document) {
        let is_safe = row["grade"] == "safe";
        assert_eq!(is_safe, row["workers"] == "process" && row["lock"] == "flock", "{row}");
        assert!(if is_safe { row["trials"] == 20 } else { row["trials"].as_u64() < Some(20) }, "{row}");
        assert_eq!(row["fails_below"], if is_safe { 0.15.into() } else { Value::Null }, "{row}");
    }
    let few = "matrix --trials 3 --workers thread --lock flock --write overwrite --dir .";
    for (lang, grade) in [("en", "no failure in 3"), ("zh", "3 次没出错")] {
        let ran = folder.ticketsim(&format!("{few} --lang {lang}"));
        assert!(ran.stdout.contains(grade) && ran.stdout.contains("--until 5%"), "{ran:?}");
        assert!(!ran.stdout.contains("100%") && !ran.stdout.contains("safe <"), "{ran:?}");
    }
    for (option, said) in
        [("--until 20%", "0.01% to 15%"), ("--buyers 1", "takes two"), ("--until x", "such as 5%")]
    {
        let ran = folder.ticketsim(&format!("matrix {option}"));
        assert!(ran.code == Some(2) && ran.stderr.contains(said), "{ran:?}");
    }
}
