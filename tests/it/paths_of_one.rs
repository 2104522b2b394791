//! One ticket file by several names, and one folder by several paths: whether locks reach from one to the other.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Folder, kinds};

/// A sale in which all buyers meet, so that a lock which does not keep them apart is found out.
const SALE: &str = "-n 10 -t 40 --per-buyer all --think 1ms --file data/t.json";

/// A folder that is mounted at another place as well, until this is dropped.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// Mounts `data` of a folder at `at`; `None`, and visibly so, where this machine lets nobody mount.
    fn new(folder: &Folder, command: &[&str], at: &str) -> Option<Self> {
        let (program, args) = command.split_first().expect("a command");
        let is_there =
            Command::new("which").arg(program).stdout(Stdio::null()).status().is_ok_and(|s| s.success());
        assert!(is_there || std::env::var_os("CI").is_none(), "{program} is not installed");
        std::fs::create_dir_all(folder.path(at)).expect("made");
        std::fs::create_dir_all(folder.path("data")).expect("made");
        let mut mount = Command::new(program);
        let mounted =
            mount.args(args).args(["data", at]).current_dir(folder.root()).stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder.path(at)));
        }
        eprintln!("SKIPPED: nothing can be mounted with {program} here");
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        for command in [&["umount", "-l"][..], &["fusermount", "-uz"]] {
            let done =
                Command::new(command[0]).args(&command[1..]).arg(&self.0).stderr(Stdio::null()).status();
            if done.is_ok_and(|status| status.success()) {
                return;
            }
        }
    }
}

/// Two mounts of one folder by bindfs, m1 and m2.
pub(crate) fn two_clients(folder: &Folder) -> Option<[Mount; 2]> {
    let mount = |at| Mount::new(folder, &["bindfs"], at);
    Some([mount("m1")?, mount("m2")?])
}

/// A flock sits on the file, whatever it is called; a lockfile lies beside the name that a buyer knows.
#[test]
fn a_hard_link_shares_the_flock_and_not_the_lockfile() {
    let folder = Folder::with_ticket_file("{\"ticket\": 1}");
    folder.write("data/t.json", "{\"ticket\": 1}");
    std::fs::hard_link(folder.path("data/t.json"), folder.path("link.json")).expect("linked");
    std::os::unix::fs::symlink(folder.path("data"), folder.path("same")).expect("linked");
    for (options, code) in [
        ("--lock flock --via link.json", 0),
        ("--lock lockfile --via same/t.json", 0),
        ("--lock lockfile --via link.json", 1),
        ("--lock flock --lock-on sidecar --via link.json", 1),
    ] {
        let (ran, document) = folder.json(&format!("{SALE} {options}"));
        assert_eq!(ran, Some(code), "{options}: {document}");
        assert_eq!(kinds(&document).contains(&"lost_update"), code == 1, "{options}: {document}");
        let via = options.rsplit(' ').next().expect("a name");
        assert_eq!(document["plan"]["via"], Value::from(vec![via]), "{document}");
    }
    let ran = folder.ticketsim(&format!("{SALE} --via link.json --history h.jsonl"));
    assert!(ran.code == Some(0) && ran.stdout.contains("data/t.json = link.json"), "{ran:?}");
    assert!(
        folder
            .read("h.jsonl")
            .lines()
            .next()
            .is_some_and(|header| header.contains("\"via\":[\"link.json\"]"))
    );
    assert_eq!(folder.ticketsim("check h.jsonl").code, Some(0));
    let ran = folder.ticketsim("schedule h.jsonl");
    assert!(ran.code == Some(2) && ran.stderr.contains("through 2 names (--via)"), "{ran:?}");
}

/// A copy is another file: buyers of both would sell everything twice, and nobody would be the wiser.
#[test]
fn names_that_are_not_one_file_are_refused() {
    let folder = Folder::new();
    for name in ["data/t.json", "other/t.json", "copy.json"] {
        folder.write(name, "{\"ticket\": 3}");
    }
    for (options, said) in [
        ("--via other/t.json", "are not one folder"),
        ("--via copy.json", "not known to be one file"),
        ("--via missing.json", "missing.json: can't be opened as a name"),
        ("--via data/t.json --via data/t.json -n 2", "3 names of the ticket file and 2 buyers"),
        ("--via data/t.json --inherit", "--inherit goes with one name"),
        ("--via data/t.json --restocks", "--restocks goes with one name"),
        ("--via data/t.json --store sqlite:x.db", "--via is of a ticket file"),
    ] {
        let file = if options.contains("--store") { "" } else { "--file data/t.json" };
        let ran = folder.ticketsim(&format!("{file} {options}"));
        assert!(
            ran.code == Some(2) && ran.stderr.contains(said) && ran.stdout.is_empty(),
            "{options}: {ran:?}"
        );
    }
    assert_eq!(folder.list("other"), ["t.json"]);
    for (dirs, said) in [
        ("--dir data --dir other", "data and other are not one folder"),
        ("--dir data --dir ./data", "are one path"),
        ("--dir data --dir other --protocols", "--protocols takes one --dir"),
    ] {
        let ran = folder.ticketsim(&format!("matrix {dirs}"));
        assert!(ran.code == Some(2) && ran.stderr.contains(said) && ran.stdout.is_empty(), "{dirs}: {ran:?}");
    }
    assert_eq!((folder.list("data"), folder.list("other")), (vec!["t.json".into()], vec!["t.json".into()]));
}

const ROWS: &str = "matrix --trials 3 --workers process --lock flock,ofd,posix,lockfile --write";

/// The control: a bind mount is the same filesystem, and locks reach through it.
#[test]
fn locks_reach_through_a_bind_mount() {
    let folder = Folder::new();
    let Some(_mount) = Mount::new(&folder, &["mount", "--bind"], "m1") else { return };
    let (code, document) = folder.json(&format!("{ROWS} overwrite,rename --dir data --dir m1"));
    assert_eq!(code, Some(0), "{document}");
    let paths = document["tested"]["paths"].as_array().expect("paths");
    assert_eq!(paths.len(), 2, "{document}");
    assert!(paths[1]["path"].as_str().is_some_and(|path| path.ends_with("/m1")), "{document}");
    let shown = folder
        .ticketsim("matrix --trials 1 --workers task --lock flock --write overwrite --dir data --dir m1");
    assert!(shown.stdout.contains("Buyers take turns among the 2 paths"), "{shown:?}");
}

/// Two bindfs mounts are two clients: each knows its own locks alone. One of them by itself keeps every promise, which
/// is why one path is not enough; what the filesystem itself does for both, a lockfile, holds. (Where a file is opened
/// anew for each read: each client keeps what it has read of one that stays open.)
#[test]
fn locks_that_do_not_reach_the_other_client_are_found_out() {
    let folder = Folder::new();
    let Some(_mounts) = two_clients(&folder) else { return };
    let (alone, document) = folder.json(&format!("{ROWS} rename --dir m1"));
    assert_eq!(alone, Some(0), "{document}");
    let kind = document["tested"]["paths"][0]["filesystem"].as_str().expect("a type");
    assert!(kind.starts_with("fuse"), "{document}");
    let (code, document) = folder.json(&format!("{ROWS} rename --dir m1 --dir m2"));
    assert_eq!(code, Some(1), "{document}");
    for row in document["rows"].as_array().expect("rows") {
        let is_file_s = matches!(row["lock"].as_str(), Some("flock" | "ofd" | "posix"));
        let fails = is_file_s || row["lock"] == "none";
        assert_eq!(row["grade"], if fails { "unsafe" } else { "safe" }, "{row}");
        // A lock on the file that each write replaces fails anywhere.
        assert_eq!(row["as_documented"], !is_file_s || row["lock_on"] == "ticket", "{row}");
    }
    assert_eq!(folder.list("data"), [""; 0], "nothing stays behind");
    // And a sale through both says so, too; through one it is sound. (Each has a file of its own, since a client knows
    // for a while how long a file was.)
    for (name, lock, via, code) in
        [("a", "flock", false, 0), ("b", "flock", true, 1), ("c", "lockfile", true, 0)]
    {
        folder.write(&format!("data/{name}.json"), "{\"ticket\": 100}");
        let via = if via { format!("--via m2/{name}.json") } else { String::new() };
        let sale = "-n 10 -t 100 --per-buyer all --think 1ms --write rename";
        let (ran, document) = folder.json(&format!("{sale} --lock {lock} --file m1/{name}.json {via}"));
        assert_eq!(ran, Some(code), "{name}: {document}");
        assert_eq!(kinds(&document).contains(&"lost_update"), code == 1, "{document}");
    }
}
