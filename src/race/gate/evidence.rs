//! Why a request neither sends a statement nor answers: the system calls of the shop's threads, and whether any thread
//! runs or is ready to run.

use std::collections::BTreeMap;

/// The most threads that are looked at.
const MOST_THREADS: usize = 2000;

/// The system calls in which the threads of a process group are, the most frequent first; empty if the system does not
/// show them.
#[must_use]
pub fn of(group: i32) -> String {
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    let threads = processes(group)
        .into_iter()
        .flat_map(|pid| numbers(&format!("/proc/{pid}/task")).into_iter().map(move |thread| (pid, thread)));
    for (pid, thread) in threads.take(MOST_THREADS) {
        let Ok(line) = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/syscall")) else {
            continue;
        };
        let number = line.split(' ').next().and_then(|number| number.parse::<i64>().ok());
        if let Some(name) = number.map(name) {
            *calls.entry(name).or_default() += 1;
        }
    }
    let mut calls: Vec<(String, u32)> = calls.into_iter().collect();
    calls.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told = calls.iter().take(6).map(|(name, count)| format!("{name} × {count}"));
    told.collect::<Vec<_>>().join(", ")
}

/// How busy the threads of a process group have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Whether a thread runs, is ready to run, or waits for a disk.
    now: bool,
    /// How long they have run, and waited for a processor, so far.
    spent_ns: u64,
}

impl Busy {
    /// How busy they are now; `None` if the system does not show it.
    #[must_use]
    pub fn of(group: i32) -> Option<Self> {
        let mut busy = Self { now: false, spent_ns: 0 };
        let mut seen = 0;
        for pid in processes(group) {
            for thread in numbers(&format!("/proc/{pid}/task")).into_iter().take(MOST_THREADS) {
                let text = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/{name}"));
                let Ok(stat) = text("stat") else { continue };
                seen += 1;
                let state = stat.rsplit_once(')').and_then(|(_, fields)| fields.trim_start().chars().next());
                busy.now |= matches!(state, Some('R' | 'D'));
                let spent = text("schedstat").unwrap_or_default();
                let times = spent.split_whitespace().take(2).filter_map(|time| time.parse::<u64>().ok());
                busy.spent_ns = busy.spent_ns.saturating_add(times.sum());
            }
        }
        (seen > 0).then_some(busy)
    }

    /// Whether they have done almost nothing since then.
    #[must_use]
    pub fn was_idle_since(self, then: Self, time: std::time::Duration) -> bool {
        // Timers and background jobs take a moment now and then.
        let little = u64::try_from(time.as_nanos() / 4).unwrap_or(u64::MAX);
        !self.now && !then.now && self.spent_ns.saturating_sub(then.spent_ns) < little
    }
}

fn numbers(folder: &str) -> Vec<i32> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The processes of a group.
fn processes(group: i32) -> Vec<i32> {
    let is_of_it = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name, in parentheses, may contain anything: the other fields begin after the last parenthesis.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
        fields.and_then(|fields| fields.split_whitespace().nth(2)?.parse::<i32>().ok()) == Some(group)
    };
    numbers("/proc").into_iter().filter(is_of_it).collect()
}

/// What a thread in this call does.
fn name(number: i64) -> String {
    use nix::libc::*;
    let known = [
        (SYS_futex, "futex (a lock, a pool)"),
        (SYS_clock_nanosleep, "sleep (a timer)"),
        (SYS_flock, "flock (a lock on a file)"),
        (SYS_fcntl, "fcntl (a lock on a file)"),
        (SYS_epoll_pwait, "epoll"),
        (SYS_ppoll, "poll"),
        (SYS_pselect6, "select"),
        (SYS_recvfrom, "recv (an answer)"),
        (SYS_read, "read"),
        (SYS_accept4, "accept"),
        (SYS_accept, "accept"),
        (SYS_wait4, "wait"),
        #[cfg(target_arch = "x86_64")]
        (SYS_epoll_wait, "epoll"),
        #[cfg(target_arch = "x86_64")]
        (SYS_poll, "poll"),
        #[cfg(target_arch = "x86_64")]
        (SYS_select, "select"),
        #[cfg(target_arch = "x86_64")]
        (SYS_nanosleep, "sleep (a timer)"),
    ];
    let found = known.iter().find(|(call, _)| *call == number);
    found.map_or_else(|| format!("call {number}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// Whether a process in its own group is idle for a while.
    fn idle(script: &str) -> bool {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).process_group(0);
        let mut child = command.spawn().expect("a shell");
        let group = i32::try_from(child.id()).expect("a number");
        std::thread::sleep(Duration::from_millis(200));
        let (began, then) = (Instant::now(), Busy::of(group).expect("it is there"));
        std::thread::sleep(Duration::from_millis(60));
        let now = Busy::of(group).expect("it is there");
        let idle = now.was_idle_since(then, began.elapsed());
        let _ =
            nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
        child.wait().expect("its end");
        idle
    }

    #[test]
    fn a_process_that_computes_is_not_idle() {
        assert!(idle("sleep 5"));
        assert!(!idle("while :; do :; done"));
        assert_eq!(Busy::of(i32::MAX), None);
    }
}
