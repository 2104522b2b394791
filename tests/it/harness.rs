//! A folder of a test's own, and the command in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The command under test. (`current_exe` would be the test binary.)
pub const TICKETSIM: &str = env!("CARGO_BIN_EXE_ticketsim");

/// A folder that is removed with all that is in it.
pub struct Folder {
    folder: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("ticketsim-test-").tempdir().expect("a folder");
        Self { folder }
    }

    /// A folder with this text as its ticket file.
    pub fn with_ticket_file(text: &str) -> Self {
        let folder = Self::new();
        folder.write("data/ticket.json", text);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    /// The names of all that lies in a folder, sorted.
    pub fn list(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(name)).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }

    /// The command with these arguments, in this folder, with an environment that says nothing of
    /// colours and languages.
    pub fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(TICKETSIM);
        command.args(args).current_dir(self.root()).stdin(Stdio::null());
        for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the command with these arguments, separated by spaces.
    pub fn ticketsim(&self, args: &str) -> Ran {
        let output = self.command(args.split_whitespace()).output().expect("ticketsim runs");
        Ran::from(output)
    }

    /// Runs a script of bash in this folder.
    pub fn bash(&self, script: &str) -> Ran {
        let bash = Command::new("bash").args(["-c", script]).current_dir(self.root()).output();
        Ran::from(bash.expect("bash runs"))
    }

    /// Runs the command with these arguments and `--json`, and parses what it prints.
    pub fn json(&self, args: &str) -> (Option<i32>, Value) {
        let ran = self.ticketsim(&format!("{args} --json"));
        let value = serde_json::from_str(&ran.stdout);
        (ran.code, value.unwrap_or_else(|error| panic!("{error}: {ran:?}")))
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// The kinds of a document's anomalies.
pub fn kinds(document: &Value) -> Vec<&str> {
    let anomalies = document["anomalies"].as_array().expect("anomalies");
    anomalies.iter().map(|anomaly| anomaly["kind"].as_str().expect("a kind")).collect()
}

/// Waits until something holds, for as long as a loaded machine may take.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed().as_secs() < 60, "still waiting until {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Whether a process catches interrupts (proc(5): SigCgt): before that it would die by one.
pub fn catches(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & (1 << (nix::libc::SIGINT - 1)) != 0)
}

/// Whether so many buyers of this launcher have the file open: what is done to its name later finds them ready.
pub fn have_opened(launcher: u32, buyers: usize, file: &Path) -> bool {
    let has = |pid: &u32| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|fd| std::fs::read_link(fd.path()).ok()).any(|target| target.ends_with(file))
    };
    children(launcher).iter().filter(|pid| has(pid)).count() == buyers
}

/// The processes that have this one as their parent, whichever of its threads forked them. The kernel keeps the list:
/// to look through all of /proc takes seconds while other tests run ten thousand buyers.
pub fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Whether a process is there and is no zombie.
pub fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| Some(stat.rsplit_once(')')?.1.trim_start().chars().next()? != 'Z'))
        .unwrap_or(false)
}

/// A process id that was in use a moment ago, and is not any more.
pub fn dead_pid() -> u32 {
    let mut child = Command::new("true").spawn().expect("a process");
    child.wait().expect("reaped");
    child.id()
}

/// What a process of this place with this number writes into a lockfile.
pub fn lockfile_text(pid: u32) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let host = nix::unistd::gethostname().expect("a name").into_string().expect("text");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("/proc");
    let namespace = std::fs::metadata("/proc/self/ns/pid").expect("/proc").ino();
    format!("{pid}\n{host}\nboot {}\npid namespace {namespace}\n", boot.trim())
}

/// Whether a process, one of its threads or one of its children sleeps for a time of its own choice, as a buyer
/// that thinks does.
pub fn thinks(pid: u32) -> bool {
    let sleeps = |path: std::path::PathBuf| {
        let call = std::fs::read_to_string(path.join("syscall")).unwrap_or_default();
        let number = call.split(' ').next().and_then(|number| number.parse::<i64>().ok());
        number == Some(nix::libc::SYS_clock_nanosleep)
    };
    let threads = |pid: u32| std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    std::iter::once(pid).chain(children(pid)).flat_map(threads).any(|thread| sleeps(thread.path()))
}
