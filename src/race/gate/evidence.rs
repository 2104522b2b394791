//! What a request may be waiting for that neither asks nor answers: the system calls in which the shop's threads stand.

use std::collections::BTreeMap;

/// So many threads are looked at.
const MOST_THREADS: usize = 2000;

/// The calls in which the threads of a process group stand, the most frequent first; empty where nothing can be seen.
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

fn numbers(folder: &str) -> Vec<i32> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The processes of a group.
fn processes(group: i32) -> Vec<i32> {
    let is_of_it = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name, in parentheses, may hold anything: the fields begin after the last of them.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
        fields.and_then(|fields| fields.split_whitespace().nth(2)?.parse::<i32>().ok()) == Some(group)
    };
    numbers("/proc").into_iter().filter(is_of_it).collect()
}

/// What a thread does that stands in this call.
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
