//! Bad input: one clear error that names the place and the way out, exit code 2, nothing touched.

use crate::harness::Folder;

#[test]
fn a_bad_ticket_file_is_left_as_it_is() {
    let cases: &[(&str, &str)] = &[
        ("", "1:1: the file is empty"),
        ("no JSON", "1:2: expected"),
        ("{\"ticket\": 1", "1:12: EOF"),
        ("[1]", "expected an object"),
        ("{\"tickets\": 1}", "there is no member \"ticket\""),
        ("{\n\"ticket\": -3}", "2:11: \"ticket\" is -3"),
        ("{\"ticket\": 1.5}", "1:12: \"ticket\" is 1.5"),
        ("{\"ticket\": \"1\"}", "1:12: \"ticket\" is \"1\""),
        ("{\"ticket\": 99999999999999999999}", "beyond 63 bits"),
    ];
    for (text, what) in cases {
        // In an empty file tickets can be put on sale: there is nothing to lose.
        for tickets in
            ["", "--tickets 5"].into_iter().filter(|tickets| tickets.is_empty() || !text.is_empty())
        {
            let folder = Folder::with_ticket_file(text);
            let ran = folder.ticketsim(tickets);
            assert_eq!(ran.code, Some(2), "{text}: {ran:?}");
            assert!(ran.stderr.contains("data/ticket.json:"), "{text}: {ran:?}");
            assert!(ran.stderr.contains(what), "{text}: {ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
            assert!(!ran.stderr.contains("line 1, column"), "said twice: {ran:?}");
            assert_eq!(ran.stdout, "");
            assert_eq!(folder.read("data/ticket.json"), *text);
            assert_eq!(folder.list("data"), ["ticket.json"]);
        }
    }
}

#[test]
fn a_missing_file_names_the_cure() {
    let folder = Folder::new();
    for command in ["", "show", "--write rename"] {
        let ran = folder.ticketsim(command);
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.stderr.contains("data/ticket.json: no such file") && ran.stderr.contains("--tickets N"),
            "{ran:?}"
        );
    }
    assert_eq!(folder.list("."), [""; 0]);
}

#[test]
fn a_folder_a_device_and_a_hundred_megabytes_are_rejected() {
    let folder = Folder::new();
    for (file, what) in [("--file .", "not a regular file"), ("--file /dev/null", "not a regular file")] {
        for tickets in ["", "--tickets 1"] {
            let ran = folder.ticketsim(&format!("{file} {tickets}"));
            assert_eq!(ran.code, Some(2), "{ran:?}");
            assert!(ran.stderr.contains(what), "{ran:?}");
        }
    }
    let huge = std::fs::File::create(folder.path("huge.json")).expect("a file");
    huge.set_len(100 << 20).expect("a sparse file");
    let ran = folder.ticketsim("--file huge.json -t 1");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("huge.json: 104857600 bytes; a ticket file has at most 65536"), "{ran:?}");
    assert_eq!(huge.metadata().expect("there").len(), 100 << 20);
}

#[test]
fn what_can_not_be_written_is_said_to_be_so() {
    let folder = Folder::new();
    // Nobody, root included, creates files in /proc.
    for command in ["-t 1 --file /proc/ticketsim/ticket.json", "-t 1 --history /proc/h.jsonl"] {
        let ran = folder.ticketsim(command);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.starts_with("error: /proc/") && !ran.stderr.contains("--tickets"), "{ran:?}");
        assert_eq!(ran.stdout, "");
    }
    let ran = folder.ticketsim("-t 1 --history no/such/folder/h.jsonl");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("no/such/folder/h.jsonl"), "{ran:?}");
}

#[test]
fn a_read_only_file_is_rejected() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_ticket_file("{\"ticket\": 3}");
    let path = folder.path("data/ticket.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("read-only");
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        eprintln!("SKIPPED: this user (root?) may write read-only files");
        return;
    }
    let ran = folder.ticketsim("");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("data/ticket.json: can't be opened for writing"), "{ran:?}");
}

#[test]
fn mistyped_options_are_explained() {
    let folder = Folder::new();
    for (args, what) in [
        ("--buyerz 3", "--buyers"),
        ("--buyers 0", "1 to 30,000"),
        ("--buyers 30001", "1 to 30,000"),
        ("--buyers ten", "--buyers"),
        ("--tickets -1", "too few"),
        ("--lock flick", "flock"),
        ("--lock flock --no-lock", "say different things"),
        ("--write scribble", "overwrite"),
        ("--think 5", "e.g. 250ms"),
        ("--jitter 2", "from 0 to 1"),
        ("--per-buyer 0", "or `all`"),
        ("shwo", "show"),
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.contains(what), "{args}: {ran:?}");
        assert_eq!(folder.list("."), [""; 0], "{args}");
    }
}

#[test]
fn more_buyers_than_processes_are_allowed_are_rejected_with_the_limit() {
    let folder = Folder::new();
    let script = format!("ulimit -u 50 && exec {} -n 1000 -t 1", crate::harness::TICKETSIM);
    let ran = folder.bash(&script);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("1000 buyers are more than the limit of 50 processes"), "{ran:?}");
    assert_eq!(folder.list("."), [""; 0], "nothing was put on sale");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = Folder::new();
    let script = format!("{} -n 30 -t 1 -v --no-lock | head -1", crate::harness::TICKETSIM);
    let ran = folder.bash(&script);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_pipe_is_no_ticket_file_and_is_not_waited_for() {
    let folder = Folder::new();
    nix::unistd::mkfifo(&folder.path("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    for command in ["--file pipe", "--file pipe -t 1", "show --file pipe"] {
        let ran = folder.ticketsim(command);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("pipe: not a regular file"), "{ran:?}");
    }
}

#[test]
fn nothing_is_written_over_what_is_sold_from() {
    let folder = Folder::with_ticket_file("{\"ticket\": 3}");
    std::os::unix::fs::symlink("data/ticket.json", folder.path("link")).expect("a link");
    for outputs in [
        "--history data/ticket.json",
        "--html ./data/ticket.json",
        "--trace link",
        "--history data/ticket.json.lock",
        "--history same --html same",
    ] {
        let ran = folder.ticketsim(&format!("-n 2 {outputs}"));
        assert_eq!(ran.code, Some(2), "{outputs}: {ran:?}");
        assert!(ran.stderr.contains("name another one"), "{outputs}: {ran:?}");
        assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 3}");
    }
}

/// The only record of a race that was caught is not replaced by its own picture.
#[test]
fn nothing_is_written_over_the_history_that_is_read() {
    let folder = Folder::new();
    assert_eq!(folder.ticketsim("-n 2 -t 1 --no-lock --think 200ms -q --history race.jsonl").code, Some(1));
    let race = folder.read("race.jsonl");
    for command in [
        "report race.jsonl -o ./race.jsonl",
        "report race.jsonl --trace race.jsonl",
        "schedule race.jsonl -o race.jsonl",
    ] {
        let ran = folder.ticketsim(command);
        assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
        assert!(ran.stderr.contains("name another one"), "{command}: {ran:?}");
        assert_eq!(folder.read("race.jsonl"), race, "{command}");
    }
    assert_eq!(folder.ticketsim("report race.jsonl -o race.html").code, Some(1), "the control");
}

/// A link leads to the file: its lockfile is the file's, and a rename replaces the file, not the link.
#[test]
fn a_link_is_sold_from_as_the_file_that_it_leads_to() {
    let folder = Folder::with_ticket_file("{\"ticket\": 9}");
    std::os::unix::fs::symlink("data/ticket.json", folder.path("link.json")).expect("a link");
    for (sale, left) in [("--write rename", 6), ("--lock lockfile", 3), ("--write truncate", 0)] {
        let (code, _) = folder.json(&format!("-n 3 --think 0 --file link.json {sale}"));
        assert_eq!(code, Some(0), "{sale}");
        assert!(folder.path("link.json").is_symlink());
        assert_eq!(folder.read("data/ticket.json").trim(), format!("{{\"ticket\": {left}}}"), "{sale}");
    }
    assert_eq!(folder.list("."), ["data", "link.json"], "nothing lies beside the link");
}
