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
