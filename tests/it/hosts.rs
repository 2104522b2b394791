//! One sale on several hosts: a lead and those that join it, each with a clock of its own where that can be had.

mod clocks;
mod deaths;
mod files;
mod liars;
mod port;
mod relay;
mod stores;
mod wire;

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::harness::{Folder, TICKETSIM, eventually};

pub(crate) const TOKEN: &str = "sesame-sesame-sesame";

/// A lead that waits, and what it says, in files of the folder. It is killed when this is dropped.
struct Lead<'a> {
    folder: &'a Folder,
    child: Child,
    port: u16,
}

impl<'a> Lead<'a> {
    fn start(folder: &'a Folder, args: &str) -> Self {
        Self::start_with(folder, &args.split_whitespace().collect::<Vec<_>>())
    }

    fn start_with(folder: &'a Folder, args: &[&str]) -> Self {
        let own = ["lead", "--listen", "127.0.0.1:0"];
        let mut command = folder.command(own.iter().chain(args).copied());
        command.env("TICKETSIM_TOKEN", TOKEN);
        command.stdout(file(folder, "lead.out")).stderr(file(folder, "lead.err"));
        let mut child = command.spawn().expect("ticketsim starts");
        let mut port = None;
        eventually("the lead waits", || {
            let said = folder.read("lead.err");
            assert!(child.try_wait().expect("a child").is_none(), "{said}");
            let at = said.strip_prefix("Waiting at 127.0.0.1:").and_then(|rest| rest.split(' ').next());
            port = at.and_then(|port| port.parse().ok());
            port.is_some()
        });
        Self { folder, child, port: port.expect("a port") }
    }

    /// Waits until it ends: its exit code, and the document that it printed.
    fn end(mut self) -> (Option<i32>, Value) {
        let code = self.child.wait().expect("it ends").code();
        let (out, err) = (self.folder.read("lead.out"), self.folder.read("lead.err"));
        (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
    }

    fn said(&self) -> String {
        self.folder.read("lead.err")
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn file(folder: &Folder, name: &str) -> File {
    File::create(folder.path(name)).expect("a file")
}

/// A host that joins, and what it says. It is killed when this is dropped.
struct Joined<'a> {
    folder: &'a Folder,
    name: String,
    child: Child,
}

impl<'a> Joined<'a> {
    /// Joins at this port under this name.
    fn start(folder: &'a Folder, port: u16, name: &str, args: &str) -> Self {
        Self::start_by(folder, &[], port, name, args)
    }

    /// The same by way of another command, as `unshare` is one.
    fn start_by(folder: &'a Folder, by: &[&str], port: u16, name: &str, args: &str) -> Self {
        let own = format!("join 127.0.0.1:{port} --name {name} {args}");
        let words: Vec<&str> = by.iter().copied().chain([TICKETSIM]).chain(own.split_whitespace()).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(folder.root()).stdin(Stdio::null());
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        command.env("TICKETSIM_TOKEN", TOKEN);
        let (out, err) = (format!("{name}.out"), format!("{name}.err"));
        command.stdout(file(folder, &out)).stderr(file(folder, &err));
        Self { folder, name: name.to_owned(), child: command.spawn().expect("it starts") }
    }

    /// Waits until it ends: its exit code, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("it ends").code();
        (code, self.said())
    }

    fn said(&self) -> String {
        self.folder.read(&format!("{}.out", self.name)) + &self.folder.read(&format!("{}.err", self.name))
    }
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a command is run whose monotonic clock is so many seconds ahead; `None`, and visibly so, where this system has
/// nobody have a clock of its own.
fn with_clock(ahead_s: u64) -> Option<Vec<String>> {
    static CAN: OnceLock<bool> = OnceLock::new();
    let unshare = |ahead_s: u64| {
        let words = ["unshare", "-T", "--monotonic", &ahead_s.to_string(), "--fork", "--kill-child", "--"];
        words.map(str::to_owned).to_vec()
    };
    let can = CAN.get_or_init(|| {
        let words = unshare(5);
        let tried = Command::new(&words[0]).args(&words[1..]).arg("true").stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    });
    if !can {
        eprintln!("SKIPPED: nobody has a clock of its own here (unshare -T)");
    }
    can.then(|| unshare(ahead_s))
}
