//! When a lockfile counts as left behind, and how many get in when it is broken.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nix::errno::Errno;

use super::super::tests::{choices, shop};
use super::super::{CommonLock, Locker};
use super::path as path_of;
use super::*;
use crate::protocol::file::{FileChoices, Lock};

/// The id of a process that has just ended.
fn dead_pid() -> u32 {
    let mut child = Command::new("true").spawn().expect("a process");
    child.wait().expect("reaped");
    child.id()
}

/// The text of a lockfile of a process of this place.
fn text_of(pid: u32) -> String {
    let ours = Home::here().lockfile_text();
    format!("{pid}\n{}", ours.split_once('\n').expect("lines").1)
}

fn lockfile_choices(break_stale: bool) -> FileChoices {
    FileChoices { break_stale, ..choices(Lock::Lockfile) }
}

#[test]
fn a_dead_holders_lockfile_is_reported_and_removed_only_on_request() {
    let (_folder, path) = shop();
    let pid = dead_pid();
    std::fs::write(path_of(&path), text_of(pid)).expect("written");
    let common = CommonLock::new(&lockfile_choices(false)).expect("made");
    let keeper = Locker::open(&lockfile_choices(false), &path, &common).expect("open");
    assert_eq!(keeper.lock(|| false).expect("works here"), LockAnswer::HolderGone { pid });
    assert_eq!(keeper.while_left_behind(|| 7).expect("works here"), Some(7));
    assert!(path_of(&path).exists());
    let breaker = Locker::open(&lockfile_choices(true), &path, &common).expect("open");
    assert_eq!(breaker.lock(|| false).expect("works here"), LockAnswer::Granted);
    assert_eq!(keeper.while_left_behind(|| 7).expect("works here"), None);
    assert!(!keeper.try_lock().expect("held by a process that lives"));
}

/// The controls: a lockfile of a living process, of another host or container, of an unknown place, and one without a
/// process id.
#[test]
fn a_lockfile_is_not_broken_on_suspicion() {
    let own = std::process::id();
    let dead = dead_pid();
    for text in [
        text_of(own),
        format!("{dead}\nanother.host.invalid\n"),
        text_of(dead).replace("pid namespace ", "pid namespace 1"),
        text_of(dead).replace("boot ", "boot 0"),
        format!("{dead}\n"),
        String::new(),
        "0\n".to_owned(),
    ] {
        let (_folder, path) = shop();
        std::fs::write(path_of(&path), &text).expect("written");
        let common = CommonLock::new(&lockfile_choices(true)).expect("made");
        let breaker = Locker::open(&lockfile_choices(true), &path, &common).expect("open");
        let asked = AtomicU32::new(0);
        let thrice = || asked.fetch_add(1, Ordering::Relaxed) >= 3;
        assert_eq!(breaker.lock(thrice).expect("works here"), LockAnswer::GivenUp, "{text:?}");
        assert_eq!(std::fs::read_to_string(path_of(&path)).expect("still there"), text);
    }
}

/// If a holder unlocks and ends between the check of the lockfile and the check of the process, it has left nothing
/// behind: the lockfile there now is another's. The control: it is still its own.
#[test]
fn a_holder_that_has_just_left_is_not_taken_for_dead() {
    let (_folder, path) = shop();
    let lock = Lockfile::new(&path, &lockfile_choices(true), &Home::here());
    let (dead, alive) = (dead_pid(), std::process::id());
    for (then, found) in [(Some(alive), None), (None, None), (Some(dead), Some(dead))] {
        let mut texts = [Some(dead), then].into_iter().map(|pid| pid.map(|pid| text_of(pid).into_bytes()));
        let holder = lock.dead_holder_in(|| texts.next().expect("two looks"));
        assert_eq!(holder, found);
    }
}

/// Removing a stale lockfile without a guard lets two in: the slower one removes what the faster one has just created.
/// Ours checks again under the guard.
#[test]
fn breaking_a_stale_lockfile_lets_one_in_only() {
    let (_folder, path) = shop();
    let stale = || std::fs::write(path_of(&path), text_of(dead_pid())).expect("written");
    let common = CommonLock::new(&lockfile_choices(true)).expect("made");
    let open = || Locker::open(&lockfile_choices(true), &path, &common).expect("open");

    // Both have found the dead holder. Without a guard:
    stale();
    let mut holders = 0;
    for careless in [open(), open()] {
        std::fs::remove_file(path_of(&path)).expect("removed");
        holders += u32::from(careless.try_lock().expect("works here"));
    }
    assert_eq!(holders, 2);

    // With the guard:
    stale();
    let mut holders = 0;
    for careful in [
        Lockfile::new(&path, &lockfile_choices(true), &Home::here()),
        Lockfile::new(&path, &lockfile_choices(true), &Home::here()),
    ] {
        careful.break_stale().expect("works here");
        holders += u32::from(careful.try_lock().expect("works here"));
    }
    assert_eq!(holders, 1);
}

/// Many threads that all find a stale lockfile, again and again: never two inside.
#[test]
fn a_crowd_that_breaks_stale_lockfiles_is_still_kept_apart() {
    let (_folder, path) = shop();
    let (inside, crowded, broken) = (AtomicU32::new(0), AtomicBool::new(false), AtomicU32::new(0));
    let pid = dead_pid();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for round in 0..10 {
                    let lock = Lockfile::new(&path, &lockfile_choices(true), &Home::here());
                    assert_eq!(lock.lock(|| false).expect("works here"), LockAnswer::Granted);
                    crowded.fetch_or(inside.fetch_add(1, Ordering::SeqCst) > 0, Ordering::SeqCst);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    if round % 2 == 0 {
                        // As if it had died inside.
                        std::fs::write(path_of(&path), text_of(pid)).expect("written");
                        broken.fetch_add(1, Ordering::Relaxed);
                    } else {
                        lock.unlock().expect("unlocked");
                    }
                }
            });
        }
    });
    assert!(!crowded.load(Ordering::SeqCst));
    assert_eq!(broken.load(Ordering::Relaxed), 8 * 5);
}

/// A guard that is held for ever does not keep waiters from giving up, and a wrong file in the guard's place is
/// reported.
#[test]
fn a_guard_that_is_not_to_be_had_holds_nobody_up() {
    let (folder, path) = shop();
    std::fs::write(path_of(&path), text_of(dead_pid())).expect("written");
    let guard = open_own(&guard_path(&path)).expect("a guard");
    assert!(flock::try_lock(&guard).expect("works here"));
    let lock = Lockfile::new(&path, &lockfile_choices(true), &Home::here());
    let asked = AtomicU32::new(0);
    let gives_up = || asked.fetch_add(1, Ordering::Relaxed) >= 10;
    assert_eq!(lock.left_behind().expect("works here"), None);
    assert_eq!(lock.lock(gives_up).expect("works here"), LockAnswer::GivenUp);
    drop(guard);
    assert_eq!(lock.lock(|| false).expect("works here"), LockAnswer::Granted, "the control");

    std::fs::write(path_of(&path), text_of(dead_pid())).expect("written");
    std::fs::remove_file(guard_path(&path)).expect("removed");
    std::os::unix::fs::symlink("victim", guard_path(&path)).expect("a link");
    let error = lock.lock(|| false).expect_err("no guard behind a link");
    assert_eq!(error.raw_os_error(), Some(Errno::ELOOP as i32));
    assert!(!folder.path().join("victim").exists());
}

/// Whatever has the lockfile's name counts as held by an unknown holder, and waiters can give up.
#[test]
fn what_is_no_lockfile_is_neither_followed_nor_waited_for_nor_broken() {
    for what in ["/dev/zero", "nowhere", "pipe"] {
        let (_folder, path) = shop();
        let place = path_of(&path);
        if what == "pipe" {
            nix::unistd::mkfifo(&place, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        } else {
            std::os::unix::fs::symlink(what, &place).expect("a link");
        }
        let lock = Lockfile::new(&path, &lockfile_choices(true), &Home::here());
        let asked = AtomicU32::new(0);
        let gives_up = || asked.fetch_add(1, Ordering::Relaxed) >= 10;
        assert_eq!(lock.left_behind().expect("works here"), None, "{what}");
        assert_eq!(lock.lock(gives_up).expect("works here"), LockAnswer::GivenUp, "{what}");
        assert!(place.symlink_metadata().is_ok(), "{what}: still there");
        let occupied = occupied(&path).expect("it is there");
        assert_eq!((occupied.pid, occupied.gone), (None, false), "{what}");
    }
}
