//! `show`, `completions`, `man`, and the help.

use crate::harness::Folder;

#[test]
fn show_says_how_many_are_left() {
    let folder = Folder::with_ticket_file("{\"ticket\": 2}");
    let ran = folder.ticketsim("show");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "2 tickets left in data/ticket.json\n"));
    let (code, document) = folder.json("show");
    assert_eq!((code, &document["remaining"]), (Some(0), &serde_json::json!(2)));
}

#[test]
fn completions_and_man_are_printed() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = folder.ticketsim(&format!("completions {shell}"));
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.contains("ticketsim") && ran.stdout.contains("no-lock"), "{shell}");
    }
    let man = folder.ticketsim("man");
    assert_eq!(man.code, Some(0));
    assert!(man.stdout.contains(".TH ticketsim 1"), "{}", man.stdout);
    assert_eq!(folder.ticketsim("completions tcsh").code, Some(2));
}

#[test]
fn the_help_names_every_option() {
    let help = Folder::new().ticketsim("--help").stdout;
    for option in [
        "--buyers",
        "--tickets",
        "--no-lock",
        "--lock",
        "--lock-timeout",
        "--write",
        "--lock-on",
        "--fsync",
        "--per-buyer",
        "--think",
        "--jitter",
        "--seed",
        "--file",
        "--history",
        "--json",
        "--quiet",
        "--verbose",
        "--color",
        "--progress",
        "--lang",
        "show",
        "completions",
        "man",
        "Exit code",
    ] {
        assert!(help.contains(option), "{option}");
    }
}
