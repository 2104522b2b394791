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

/// An overlay of the folder `data`, with what is written in `{at}-upper`.
fn overlay(folder: &Folder, at: &str) -> Option<Mount> {
    for name in ["upper", "work"] {
        std::fs::create_dir_all(folder.path(&format!("{at}-{name}"))).expect("made");
    }
    let layers = format!("lowerdir=data,upperdir={at}-upper,workdir={at}-work");
    std::fs::create_dir_all(folder.path("data")).expect("made");
    std::fs::create_dir_all(folder.path(at)).expect("made");
    let mut mount = Command::new("mount");
    mount.args(["-t", "overlay", "overlay", "-o", &layers, at]).current_dir(folder.root());
    if mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return Some(Mount(folder.path(at)));
    }
    eprintln!("SKIPPED: no overlay can be mounted here");
    None
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
        // Who went by which.
        let paths: Vec<&Value> =
            document["buyers"].as_array().expect("buyers").iter().map(|buyer| &buyer["path"]).collect();
        assert!((paths[0] == "data/t.json" && paths[1] == via) && paths[8] == paths[0], "{document}");
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
    assert_eq!(folder.ticketsim("report h.jsonl -o h.html").code, Some(0));
    assert!(folder.read("h.html").contains("one file by several names: data/t.json = link.json"));
    let ran = folder.ticketsim("schedule h.jsonl");
    assert!(ran.code == Some(2) && ran.stderr.contains("through 2 names: a replay takes one"), "{ran:?}");
}

/// A copy is another file: buyers of both would sell everything twice, and nobody would notice.
#[test]
fn names_that_are_not_one_file_are_rejected() {
    let folder = Folder::new();
    for name in ["data/t.json", "other/t.json", "copy.json"] {
        folder.write(name, "{\"ticket\": 3}");
    }
    for (options, said) in [
        ("--via other/t.json", "are not one folder"),
        ("--via copy.json", "not known to be one file"),
        ("--via missing.json", "missing.json: can't be opened as a name"),
        ("--via data/t.json --via data/t.json -n 2", "3 names of the ticket file and 2 buyers"),
        ("--via data/t.json --inherit", "leave out --inherit, or --via"),
        ("--via data/t.json --restocks", "leave out --restocks, or --via"),
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
        ("--dir data --dir other --protocols", "data and other are not one folder"),
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

/// A lockfile keeps the buyers of both clients apart. What each has read of a file that stays open it keeps, so a sale goes
/// wrong all the same: and that is what the row says.
#[test]
fn a_stale_read_is_not_called_a_lock_that_does_not_hold() {
    let folder = Folder::new();
    let Some(_mounts) = two_clients(&folder) else { return };
    let rows =
        "matrix --trials 15 --workers process --lock flock,lockfile --write overwrite --dir m1 --dir m2";
    let (code, document) = folder.json(rows);
    assert_eq!(code, Some(1), "{document}");
    let row = |lock: &str| {
        let rows = document["rows"].as_array().expect("rows");
        rows.iter().find(|row| row["lock"] == lock).expect("a row").clone()
    };
    let (flock, lockfile) = (row("flock"), row("lockfile"));
    let why = |row: &Value| row["why"].as_str().expect("a sentence").to_owned();
    assert_eq!((&flock["grade"], &lockfile["grade"]), (&Value::from("unsafe"), &Value::from("unsafe")));
    assert!(why(&flock).contains("did NOT keep buyers apart") && flock["stale_reads"].is_null(), "{flock}");
    assert!(why(&lockfile).contains("did keep buyers apart, but one read a stock"), "{lockfile}");
    assert_eq!(lockfile["stale_reads"], lockfile["unsound"], "{lockfile}");
}

/// The catalogue's protocols between two paths: those whose buyers share an open file are left out, and named.
#[test]
fn protocols_are_tried_between_paths_too() {
    let folder = Folder::new();
    let Some(_mount) = Mount::new(&folder, &["mount", "--bind"], "m1") else { return };
    let (_, document) = folder.json("matrix --protocols --trials 1 --dir data --dir m1");
    let names: Vec<&str> = document["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["protocol"].as_str())
        .collect();
    assert_eq!(document["left_out"], Value::from(vec!["inherited-lock"]), "{document}");
    assert!(names.len() > 10 && !names.contains(&"inherited-lock"), "{names:?}");
    let could_not = |row: &&Value| row["why"].as_str().is_some_and(|why| why.contains("Could not be run"));
    let failed: Vec<&Value> = document["rows"].as_array().expect("rows").iter().filter(could_not).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// An overlay keeps the locks of its own files; two of one folder are two folders, as soon as somebody writes; and its
/// upper folder, which is the same one by another path, has locks of its own.
#[test]
fn an_overlay_is_one_client() {
    let folder = Folder::new();
    let Some(_one) = overlay(&folder, "o1") else { return };
    let Some(_other) = overlay(&folder, "o2") else { return };
    let (code, document) = folder.json(&format!("{ROWS} overwrite,rename --dir o1"));
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["tested"]["paths"][0]["filesystem"], "overlay", "{document}");
    let ran = folder.ticketsim("matrix --dir o1 --dir o2");
    assert!(ran.code == Some(2) && ran.stderr.contains("o1 and o2 are not one folder"), "{ran:?}");
    folder.write("data/t.json", "{\"ticket\": 3}");
    let ran = folder.ticketsim("-n 2 --file o1/t.json --via o2/t.json");
    assert!(ran.code == Some(2) && ran.stderr.contains("o1 and o2 are not one folder"), "{ran:?}");
    let rows = "matrix --trials 3 --workers process --lock flock --write overwrite --dir o1 --dir o1-upper";
    let (code, document) = folder.json(rows);
    assert_eq!(code, Some(1), "{document}");
    let of_flock = document["rows"].as_array().expect("rows").iter().find(|row| row["lock"] == "flock");
    let why = of_flock.and_then(|row| row["why"].as_str()).expect("a sentence");
    assert!(why.contains("did NOT keep buyers apart"), "{document}");
}
