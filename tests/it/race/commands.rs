//! Races of commands.

use serde_json::Value;

use super::{assert_caught, assert_sound, race, target};
use crate::harness::{Folder, alive, children, eventually};

/// A race of commands in this folder.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(ToOwned::to_owned).collect()
}

fn of_commands(folder: &Folder, options: &str, more: &[&str]) -> (Option<i32>, Value) {
    race(folder, &words(&format!("race --tickets 5 --settle 10ms {options}")), more)
}

#[test]
fn programs_that_sell_from_a_file_or_a_database() {
    for (store, reset, stock) in [
        ("file", "echo 5 > left.txt", "cat left.txt"),
        (
            "sqlite",
            "rm -f shop.db; sqlite3 shop.db 'CREATE TABLE shop (left INTEGER); INSERT INTO shop VALUES (5)'",
            "sqlite:shop.db?SELECT left FROM shop",
        ),
    ] {
        let folder = Folder::new();
        let script = target("buy.py");
        let more = |trials, manner: &[&'static str]| {
            let options = ["-n", "8", "--reset", reset, "--stock", stock, "--trials", trials];
            let program = ["--", "python3", "-I", "-S", &script, store];
            of_commands(&folder, "", &[&options[..], &program, manner].concat())
        };
        assert_caught(more("20", &[]));
        assert_sound(more("10", &["--lock"]));
    }
}

#[test]
fn a_script_of_the_shell_under_flock_and_without() {
    let folder = Folder::new();
    folder.write(
        "buy.sh",
        "left=$(cat left); [ $left -gt 0 ] || exit 1; sleep 0.05; echo $((left - 1)) > left",
    );
    let more = |first: &'static [&'static str]| {
        let options = ["--reset", "echo 5 > left", "--stock", "cat left", "--trials", "3", "--"];
        options
            .into_iter()
            .chain(first.iter().copied())
            .chain(["sh", "buy.sh", "{buyer}"])
            .collect::<Vec<_>>()
    };
    assert_sound(of_commands(&folder, "", &more(&["flock", "guard"])));
    let (code, document) = of_commands(&folder, "", &more(&[]));
    assert_eq!((code, &document["rate"]["caught"]), (Some(1), &3.into()), "{document}");
}

#[test]
fn a_stock_below_nothing_is_evidence() {
    let folder = Folder::new();
    // A decrement that does not look first, under a lock: the receipts are too many, and the stock says so.
    folder.write("buy.sh", "flock guard sh -c 'echo $(($(cat left) - 1)) > left'");
    let more = ["--reset", "echo 5 > left", "--stock", "cat left", "--", "sh", "buy.sh"];
    let (code, document) = of_commands(&folder, "", &more);
    assert_eq!((code, &document["trials"][0]["after"]), (Some(1), &(-15).into()), "{document}");
}

#[test]
fn rules_on_output_and_on_json() {
    let folder = Folder::new();
    folder.write(
        "buy.sh",
        "exec 9> guard; flock 9; left=$(cat left); if [ $left -gt 0 ]; then echo $((left - 1)) > left; \
         echo '{\"ok\":true}'; else echo 'sold out' >&2; fi",
    );
    let options = ["--reset", "echo 5 > left", "--stock", "cat left"];
    let rules = ["--bought", "exit=0 json:$.ok=true", "--refused", "exit=0 stderr~'sold out'"];
    let command = ["--", "sh", "buy.sh"];
    let with = |rules: &[&'static str]| [&options[..], rules, &command].concat();
    assert_sound(of_commands(&folder, "", &with(&rules)));
    // The exit code alone misleads.
    let (_, document) = of_commands(&folder, "", &with(&[]));
    assert_eq!(document["trials"][0]["receipts"], 20, "{document}");
    let (code, document) = of_commands(&folder, "", &with(&rules[..2]));
    assert_eq!((code, &document["unmatched"][0]["rule"]), (Some(2), &"exit=0".into()), "{document}");
}

#[test]
fn what_nobody_could_have_shown_is_unknown() {
    let folder = Folder::new();
    let doubts = |more: &[&str]| {
        let (code, document) = of_commands(&folder, "", more);
        assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
        document["trials"][0]["doubts"].clone()
    };
    folder.write("left", "5");
    assert_eq!(doubts(&["-n", "1", "--", "true"]), serde_json::json!(["nothing_overlapped", "too_few"]));
    assert_eq!(
        doubts(&["--stock", "cat left", "--", "sh", "-c", "sleep 0.1; exit 3"]),
        serde_json::json!(["nothing_bought"])
    );
    // Its output says that it sold, and its exit code that it was refused: one of them misleads.
    folder.write("misread.sh", "flock guard sh -c 'echo $(($(cat left) - 1)) > left'; sleep 0.1; exit 1");
    let misread = ["-n", "5", "--stock", "cat left", "--reset", "echo 5 > left", "--", "sh", "misread.sh"];
    assert_eq!(doubts(&misread), serde_json::json!(["nothing_bought"]));
    assert_eq!(doubts(&["-n", "5", "--", "sleep", "0.1"]), serde_json::json!(["too_few"]));
    let (code, document) =
        of_commands(&folder, "", &["--tickets", "0", "--", "sh", "-c", "sleep 0.1; exit 1"]);
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
}

#[test]
fn without_a_stock_the_receipts_are_judged_alone() {
    let folder = Folder::new();
    let ran = folder.ticketsim("race -n 8 -t 5 -- sleep 0.1");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout.contains("without --stock") && ran.stdout.contains("8 receipts for 5 tickets"),
        "{ran:?}"
    );
}

#[test]
fn a_program_that_is_not_there_or_hangs_is_told() {
    let folder = Folder::new();
    let why = |more: &[&str]| {
        let (code, document) = of_commands(&folder, "", more);
        assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
        document["trials"][0]["why"].as_str().map(ToOwned::to_owned)
    };
    assert!(why(&["--", "./no-such-program"]).is_some_and(|why| why.contains("no-such-program")));
    assert!(
        why(&["--reset", "echo broken >&2; exit 4", "--", "true"])
            .is_some_and(|why| why.contains("exit code 4: broken"))
    );
    assert!(why(&["--stock", "echo many", "--", "true"]).is_some_and(|why| why.contains("no whole number")));
    assert!(why(&["--stock", "echo 4", "--", "true"]).is_some_and(|why| why.contains("4 before the race")));
    let (code, document) = of_commands(&folder, "--timeout 300ms -n 3", &["--", "sleep", "1000"]);
    assert_eq!((code, &document["trials"][0]["unknown"]), (Some(2), &3.into()), "{document}");
}

#[test]
fn copies_have_no_input_a_folder_and_values_of_their_own() {
    let folder = Folder::new();
    folder.write("shop/seen", "");
    let script = "read line && exit 5; echo $TICKETSIM_BUYER $1 $WHO $TICKETSIM_TRIAL >> seen; sleep 0.1";
    let more = [
        "-n",
        "6",
        "--chdir",
        "shop",
        "--env",
        "WHO=me-{buyer}",
        "--reset",
        ": > seen",
        "--",
        "sh",
        "-c",
        script,
        "sh",
        "{n}",
    ];
    let (code, document) = of_commands(&folder, "--per-buyer 2", &more);
    assert_eq!((code, &document["trials"][0]["receipts"]), (Some(1), &12.into()), "{document}");
    let seen = folder.read("shop/seen");
    let mut lines: Vec<&str> = seen.lines().collect();
    lines.sort_unstable();
    assert_eq!((lines[0], lines[11]), ("1 1 me-1 1", "6 2 me-6 1"), "{seen}");
}

#[test]
fn an_interrupt_leaves_no_process_and_shows_what_was_done() {
    let folder = Folder::new();
    folder.write("buy.sh", "echo $$ >> pids; sleep 1000 & echo $! >> pids; wait");
    let ticketsim = folder
        .command(["race", "-n", "5", "-t", "1", "--json", "--timeout", "100s", "--", "sh", "buy.sh"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("ticketsim runs");
    let pids = || if folder.path("pids").exists() { folder.read("pids") } else { String::new() };
    eventually("all have begun", || pids().lines().count() == 10);
    assert_eq!(children(ticketsim.id()).len(), 5);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(ticketsim.id()).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("a signal");
    let output = ticketsim.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(
        (&document["interrupted"], &document["trials"][0]["unknown"]),
        (&true.into(), &5.into()),
        "{document}"
    );
    let left = || pids().lines().filter(|pid| alive(pid.parse().expect("a pid"))).count();
    eventually("nobody is left", || left() == 0);
}

#[test]
fn when_it_is_killed_its_copies_die_with_it() {
    let folder = Folder::new();
    let mut ticketsim = folder
        .command(["race", "-n", "5", "-t", "1", "--timeout", "100s", "--", "sleep", "1000"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("ticketsim runs");
    eventually("all have begun", || children(ticketsim.id()).len() == 5);
    let copies = children(ticketsim.id());
    ticketsim.kill().expect("killed");
    ticketsim.wait().expect("dead");
    eventually("nobody is left", || !copies.iter().any(|pid| alive(*pid)));
}

#[test]
fn two_hundred_copies_go_together() {
    let folder = Folder::new();
    let more = [
        "-n",
        "200",
        "--tickets",
        "200",
        "--reset",
        "rm -f sold-*",
        "--stock",
        "echo $((200 - $(ls | grep -c sold-)))",
    ];
    let more: Vec<&str> =
        more.into_iter().chain(["--", "sh", "-c", ": > sold-$TICKETSIM_UUID; sleep 0.3"]).collect();
    let (code, document) = of_commands(&folder, "--timeout 120s", &more);
    let trial = &document["trials"][0];
    assert_eq!((code, &trial["receipts"], &trial["after"]), (Some(0), &200.into(), &0.into()), "{document}");
}

#[test]
fn a_served_target_ends_with_an_interrupt() {
    let folder = Folder::new();
    let serve = format!("exec python3 {} --manner stall --port {{port}} --tickets 100", target("shop.py"));
    let ticketsim = folder
        .command(["race", "-n", "30", "--timeout", "100s", "--serve", &serve])
        .args([
            "--http",
            "POST http://127.0.0.1:{port}/buy",
            "--stock",
            "http://127.0.0.1:{port}/stock#$.left",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("ticketsim runs");
    eventually("the shop is open", || children(ticketsim.id()).len() == 1);
    let shop = children(ticketsim.id())[0];
    let pid = nix::unistd::Pid::from_raw(i32::try_from(ticketsim.id()).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("a signal");
    assert_eq!(ticketsim.wait_with_output().expect("it ends").status.code(), Some(130));
    assert!(!alive(shop), "the shop is closed");
}

#[test]
fn steps_of_the_set_up_have_their_scopes() {
    let folder = Folder::new();
    let steps = [
        "once: echo o >> once; echo o-$$ -> a=stdout~o-.+",
        "trial: echo t-{trial} -> b=stdout~.+",
        "buyer: echo {a}-{b}-{buyer} -> c=stdout~.+",
    ];
    let more: Vec<&str> = steps.iter().flat_map(|step| ["--setup", step]).collect();
    let rest = [
        "-n",
        "3",
        "--trials",
        "2",
        "--reset",
        "true",
        "--",
        "sh",
        "-c",
        "echo $1 $TICKETSIM_C >> seen; sleep 0.1",
        "sh",
        "{c}",
    ];
    let more: Vec<&str> = more.into_iter().chain(rest).collect();
    let (_, document) = of_commands(&folder, "", &more);
    assert_eq!(document["trials"][1]["receipts"], 3, "{document}");
    assert_eq!(folder.read("once"), "o\n");
    let seen = folder.read("seen");
    let mut lines: Vec<&str> = seen.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 6, "{seen}");
    for line in lines {
        let (argument, environment) = line.split_once(' ').expect("two words");
        assert!(argument == environment && argument.starts_with("o-") && argument.contains("-t-"), "{seen}");
    }
}

#[test]
fn what_a_copy_writes_is_kept_to_a_limit() {
    let folder = Folder::new();
    let script = "head -c 20000000 /dev/zero; echo lost; head -c 20000000 /dev/zero >&2; exit 0";
    let more =
        ["-n", "6", "--bought", "exit=0 stdout~^.", "--failed", "stdout~lost", "--", "sh", "-c", script];
    let (code, document) = of_commands(&folder, "", &more);
    assert_eq!((code, &document["trials"][0]["receipts"]), (Some(1), &6.into()), "{document}");
}

#[test]
fn a_program_that_runs_as_another_user_waits_at_a_barrier() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let program = folder.path("sleep");
    std::fs::copy("/bin/sleep", &program).expect("copied");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o4755)).expect("set");
    // A traced program would run as its caller.
    let (code, document) = of_commands(&folder, "", &["-n", "8", "--", "./sleep", "0.5"]);
    let trial = &document["trials"][0];
    assert_eq!(
        (code, &trial["receipts"], &trial["overlap"]["at_once"]),
        (Some(1), &8.into(), &8.into()),
        "{document}"
    );
}
