//! Where a process id is valid. The same number means another process in another pid namespace (a container has its
//! own, and may share the host's name and files), on another machine, and after a reboot. So a lockfile states all of
//! these beside the number (pid_namespaces(7)).

use std::ffi::OsStr;
use std::fmt::Write as _;

use nix::errno::Errno;
use nix::unistd::Pid;

/// The place where this process's ids are valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    /// The lines of a lockfile below the process id.
    text: String,
    /// Whether these lines identify the place.
    certain: bool,
}

impl Home {
    /// This process's own place.
    pub(super) fn here() -> Self {
        let host = nix::unistd::gethostname().unwrap_or_default();
        Self::new(&host, boot().as_deref(), pid_namespace())
    }

    fn new(host: &OsStr, boot: Option<&str>, pid_namespace: Option<u64>) -> Self {
        let mut text = format!("{}\n", host.to_string_lossy());
        if let (Some(boot), Some(pid_namespace)) = (boot, pid_namespace) {
            // Writing to a String can't fail.
            let _ = write!(text, "boot {boot}\npid namespace {pid_namespace}\n");
        }
        // Other systems have no pid namespaces, and the host's name has to do.
        let certain = cfg!(not(target_os = "linux")) || (boot.is_some() && pid_namespace.is_some());
        Self { text, certain }
    }

    /// The text of a lockfile of this process.
    pub(super) fn lockfile_text(&self) -> String {
        self.lockfile_text_of(std::process::id())
    }

    /// The text of a lockfile of that process at this place.
    pub(super) fn lockfile_text_of(&self, pid: u32) -> String {
        format!("{pid}\n{}", self.text)
    }

    /// The process that a lockfile's text names, if its number is valid here. A lockfile from another or unknown place
    /// names no process that could be checked.
    pub(super) fn named_in_lease(&self, text: &[u8]) -> Option<u32> {
        let text = String::from_utf8_lossy(text);
        let (lockfile, _) = text.split_once("lease ")?;
        self.named(lockfile.as_bytes())
    }

    /// The same for a lockfile without further lines.
    pub(super) fn named(&self, text: &[u8]) -> Option<u32> {
        let text = String::from_utf8_lossy(text);
        let (pid, home) = text.split_once('\n')?;
        let pid = pid.trim().parse().ok().filter(|pid| *pid > 0)?;
        (self.certain && home == self.text).then_some(pid)
    }
}

/// The random id of this boot (random(4)).
fn boot() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(boot.trim().to_owned())
}

/// The pid namespace of this process: its number is unique on the machine while it exists, and its processes end with
/// it.
fn pid_namespace() -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Some(std::fs::metadata("/proc/self/ns/pid").ok()?.ino())
}

/// Whether there is no such process here any more, or only a zombie, which holds nothing.
pub(super) fn is_gone(pid: u32) -> bool {
    let Some(target) = i32::try_from(pid).ok().filter(|pid| *pid > 0) else {
        return false;
    };
    if nix::sys::signal::kill(Pid::from_raw(target), None) == Err(Errno::ESRCH) {
        return true;
    }
    let state = state_of(pid);
    // A process is also shown as a zombie if only its first thread has ended.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    matches!(state, Some('Z' | 'X')) && threads <= 1
}

/// The state of a process as the system shows it in /proc (Linux): `S` sleeps, `R` runs, `Z` is a zombie.
/// `None` if there is no such process, no /proc, or only that of another pid namespace, where the number means another
/// process.
#[must_use]
pub fn state_of(pid: u32) -> Option<char> {
    let shown = std::fs::read_link("/proc/self").ok()?;
    if shown.to_str()?.parse() != Ok(std::process::id()) {
        return None;
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The state follows the name, which is in parentheses and may contain any character: proc(5).
    stat.rsplit(')').next()?.trim_start().chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(host: &str, boot: Option<&str>, pid_namespace: Option<u64>) -> Home {
        Home::new(OsStr::new(host), boot, pid_namespace)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pid_counts_only_where_all_of_its_place_is_known_and_the_same() {
        let here = home("shop", Some("b1"), Some(7));
        let says = |home: &Home| here.named(format!("4711\n{}", home.text).as_bytes());
        assert_eq!(says(&here), Some(4711), "the control");
        for (elsewhere, what) in [
            (home("shop", Some("b1"), Some(8)), "a container that shares the host's name"),
            (home("shop", Some("b2"), Some(7)), "another machine, or another start"),
            (home("mall", Some("b1"), Some(7)), "another host"),
            (home("shop", None, Some(7)), "no boot"),
            (home("shop", Some("b1"), None), "no namespace"),
        ] {
            assert_eq!(says(&elsewhere), None, "{what}");
            if elsewhere.certain {
                let text = format!("4711\n{}", elsewhere.text);
                assert_eq!(elsewhere.named(text.as_bytes()), Some(4711), "{what}: at home");
            }
        }
        // A process that does not know its own place can't know another's.
        let lost = home("shop", None, None);
        assert_eq!(lost.named(format!("4711\n{}", lost.text).as_bytes()), None);
    }

    #[test]
    fn a_text_that_names_nobody_names_nobody() {
        let here = Home::here();
        for pid in ["", "0", "-1", "x", "99999999999"] {
            assert_eq!(here.named(format!("{pid}\n{}", here.text).as_bytes()), None, "{pid}");
        }
        for text in [&b""[..], b"4711", b"4711\n", b"\xff\n\xff\n"] {
            assert_eq!(here.named(text), None);
        }
        assert_eq!(here.named(here.lockfile_text().as_bytes()), Some(std::process::id()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_there_and_no_sibling_is_mistaken_for_it() {
        assert!(Home::here().certain);
        assert!(!is_gone(std::process::id()) && !is_gone(0) && !is_gone(u32::MAX));
        assert!(matches!(state_of(std::process::id()), Some('R' | 'S')));
    }
}
