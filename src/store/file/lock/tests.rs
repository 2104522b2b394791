//! What the manual pages promise of the locks, each beside a control that shows the difference.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::pthread::pthread_kill;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use super::*;
use crate::protocol::file::Write;

/// More than enough for a thread to reach its system call.
const A_WHILE: Duration = Duration::from_millis(150);

pub(super) fn choices(lock: Lock) -> FileChoices {
    FileChoices::new(lock, Write::Overwrite)
}

/// A folder with a ticket file in it.
pub(super) fn shop() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ticket.json");
    std::fs::write(&path, "{\"ticket\": 1}").expect("written");
    (folder, path)
}

fn open(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).open(path).expect("open")
}

const KINDS: &[Lock] = &[
    Lock::Flock,
    Lock::Posix,
    Lock::Ofd,
    Lock::Lockfile,
    Lock::Semaphore,
    Lock::Mkdir,
    Lock::Link,
    Lock::Lease,
];

#[test]
fn each_kind_is_taken_let_go_and_taken_again() {
    for lock in KINDS.iter().copied() {
        let (_folder, path) = shop();
        let common = CommonLock::new(&choices(lock)).expect("made");
        let locker = Locker::open(&choices(lock), &path, &common).expect("open");
        for _ in 0..2 {
            assert!(locker.try_lock().expect("works here"), "{lock}");
            locker.unlock().expect("unlocked");
            assert_eq!(locker.lock(|| true).expect("works here"), LockAnswer::Granted, "{lock}");
            locker.unlock().expect("unlocked");
        }
    }
}

/// Threads of one process, each with its own lock: all kinds keep them apart except POSIX locks, which belong to the
/// process (fcntl_locking(2)).
#[test]
fn within_one_process_all_kinds_exclude_but_posix() {
    for lock in KINDS.iter().copied() {
        let (_folder, path) = shop();
        let common = CommonLock::new(&choices(lock)).expect("made");
        let open = || Locker::open(&choices(lock), &path, &common).expect("open");
        let (one, other) = (open(), open());
        assert!(one.try_lock().expect("works here"));
        assert_eq!(other.try_lock().expect("works here"), lock == Lock::Posix, "{lock}");
    }
}

/// flock and OFD locks belong to the open file description: a duplicate of the descriptor is the same
/// lock, a second open another.
#[test]
fn a_shared_description_is_a_shared_lock() {
    for try_lock in [flock::try_lock, ofd::try_lock] {
        let (_folder, path) = shop();
        let one = open(&path);
        assert!(try_lock(&one).expect("locked"));
        assert!(try_lock(&one.try_clone().expect("dup")).expect("the same lock"));
        assert!(!try_lock(&open(&path)).expect("kept out"));
    }
}

/// Closing any descriptor of the file drops the process's POSIX locks on it. An OFD lock, which
/// conflicts with them, is the witness; flock and OFD survive the same.
#[test]
fn closing_any_descriptor_drops_a_posix_lock() {
    let (_folder, path) = shop();
    let (holder, witness) = (open(&path), open(&path));
    assert!(posix::try_lock(&holder).expect("locked"));
    assert!(!ofd::try_lock(&witness).expect("kept out"));
    drop(open(&path));
    assert!(ofd::try_lock(&witness).expect("the POSIX lock is gone"));
    for try_lock in [flock::try_lock, ofd::try_lock] {
        let (_folder, path) = shop();
        let (holder, witness) = (open(&path), open(&path));
        assert!(try_lock(&holder).expect("locked"));
        drop(open(&path));
        assert!(!try_lock(&witness).expect("still kept out"));
    }
}

/// A child inherits flock and OFD locks with the descriptor: taking them again succeeds. A POSIX lock
/// is its parent's.
#[test]
fn fork_hands_on_flock_and_ofd_but_not_posix() {
    let inherited = |try_lock: fn(&File) -> io::Result<bool>| {
        let (_folder, path) = shop();
        let file = open(&path);
        assert!(try_lock(&file).expect("locked"));
        let mut child = Command::new("true");
        let in_child = move || match try_lock(&file) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Errno::EAGAIN.into()),
            Err(error) => Err(error),
        };
        // SAFETY: between fork and exec it makes a system call, and allocates nothing.
        unsafe { child.pre_exec(in_child) };
        child.status().is_ok()
    };
    assert!(inherited(flock::try_lock));
    assert!(inherited(ofd::try_lock));
    assert!(!inherited(posix::try_lock));
}

/// flock(1) hands its descriptor to the command that it runs (except with `-o`): if flock is killed, the lock stays as
/// long as that command lives.
#[test]
fn a_killed_holders_flock_stays_while_its_child_has_the_descriptor() {
    for (options, stays) in [("--", true), ("-o", false)] {
        let (_folder, path) = shop();
        let script = "echo $$; exec sleep 60";
        let mut holder = Command::new("flock")
            .args([options, &path.to_string_lossy(), "sh", "-c", script])
            .stdout(Stdio::piped())
            .spawn()
            .expect("flock(1)");
        let mut line = String::new();
        let out = holder.stdout.take().expect("its output");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
        let child = Pid::from_raw(line.trim().parse().expect("the child's process id"));
        let witness = open(&path);
        assert!(!flock::try_lock(&witness).expect("held"));
        holder.kill().expect("killed");
        holder.wait().expect("reaped");
        assert_eq!(!flock::try_lock(&witness).expect("works here"), stays, "{options}");
        kill(child, Signal::SIGKILL).expect("its child ends, too");
        assert_eq!(flock::lock(&witness, || false).expect("released"), LockAnswer::Granted);
    }
}

/// On a local Linux filesystem flock and fcntl locks ignore each other; POSIX and OFD locks conflict.
#[test]
fn flock_and_fcntl_ignore_each_other() {
    let (_folder, path) = shop();
    let (holder, other) = (open(&path), open(&path));
    assert!(flock::try_lock(&holder).expect("locked"));
    assert!(!flock::try_lock(&other).expect("flock against flock"));
    assert!(ofd::try_lock(&other).expect("flock against OFD"));
    assert!(!posix::try_lock(&holder).expect("OFD against POSIX"));
}

/// All locks are advisory: a program that does not ask is not kept out.
#[test]
fn who_ignores_the_lock_gets_in() {
    for lock in KINDS.iter().copied() {
        let (_folder, path) = shop();
        let common = CommonLock::new(&choices(lock)).expect("made");
        let locker = Locker::open(&choices(lock), &path, &common).expect("open");
        assert!(locker.try_lock().expect("locked"));
        std::fs::write(&path, "{\"ticket\": 0}").expect("written in spite of the lock");
    }
}

/// A rename leaves the lock on the old file: a buyer that opens the name afterwards locks the new one. The sidecar is
/// never replaced.
#[test]
fn a_renamed_file_leaves_its_lock_behind() {
    for lock in [Lock::Flock, Lock::Posix, Lock::Ofd] {
        for (lock_on, two_holders) in [(LockOn::Ticket, true), (LockOn::Sidecar, false)] {
            let (folder, path) = shop();
            let choices = FileChoices { lock_on, write: Write::Rename, ..choices(lock) };
            let common = CommonLock::new(&choices).expect("made");
            let one = Locker::open(&choices, &path, &common).expect("open");
            assert!(one.try_lock().expect("locked"));
            let fresh = folder.path().join("fresh");
            std::fs::write(&fresh, "{\"ticket\": 0}").expect("written");
            std::fs::rename(&fresh, &path).expect("renamed");
            // OFD stands in for POSIX here, which can't conflict within one process.
            let other = if lock == Lock::Posix { Lock::Ofd } else { lock };
            let other = Locker::open(&FileChoices { lock: other, ..choices }, &path, &common).expect("open");
            assert_eq!(other.try_lock().expect("works here"), two_holders, "{lock} {lock_on}");
        }
    }
}

static INTERRUPTED: AtomicU32 = AtomicU32::new(0);

/// Lets SIGUSR2 interrupt a system call and be counted.
fn count_interrupts() {
    extern "C" fn count(_: i32) {
        INTERRUPTED.fetch_add(1, Ordering::Relaxed);
    }
    let action = SigAction::new(SigHandler::Handler(count), SaFlags::empty(), SigSet::empty());
    // SAFETY: an atomic addition is safe in a signal handler.
    unsafe { sigaction(Signal::SIGUSR2, &action) }.expect("a handler");
}

/// Runs `wait` on a thread and sends signals to it until `enough`, or until it ends.
fn interrupt<T: Send>(wait: impl FnOnce() -> T + Send, enough: impl Fn() -> bool) -> T {
    std::thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let waiter = scope.spawn(move || {
            ready.send(nix::sys::pthread::pthread_self()).expect("a listener");
            wait()
        });
        let thread = is_ready.recv().expect("its handle");
        while !waiter.is_finished() && !enough() {
            // The scope joins it later, so its handle is valid.
            pthread_kill(thread, Signal::SIGUSR2).expect("sent");
            std::thread::sleep(Duration::from_millis(5));
        }
        waiter.join().expect("no panic")
    })
}

/// fs2 0.4.3 gives up when a signal interrupts the wait; our lock asks whether to give up, and otherwise goes on
/// waiting.
#[test]
fn a_signal_does_not_end_the_wait_for_a_lock() {
    count_interrupts();
    for lock in [Lock::Flock, Lock::Ofd, Lock::Semaphore, Lock::Lockfile] {
        let (_folder, path) = shop();
        let common = CommonLock::new(&choices(lock)).expect("made");
        let open = || Locker::open(&choices(lock), &path, &common).expect("open");
        let (holder, waiter) = (open(), open());
        assert!(holder.try_lock().expect("locked"));
        let asked = AtomicU32::new(0);
        let told_to = AtomicBool::new(false);
        let ask = || {
            asked.fetch_add(1, Ordering::Relaxed);
            told_to.load(Ordering::Relaxed)
        };
        // Asked at least twice, so it went on waiting after the first signal.
        let enough = || {
            told_to.store(asked.load(Ordering::Relaxed) >= 2, Ordering::Relaxed);
            false
        };
        assert_eq!(
            interrupt(|| waiter.lock(ask).expect("works here"), enough),
            LockAnswer::GivenUp,
            "{lock}"
        );
        assert!(asked.load(Ordering::Relaxed) >= 2, "{lock}");
        assert!(!waiter.try_lock().expect("still held by the other"), "{lock}");
    }
    let (_folder, path) = shop();
    let (holder, waiter) = (open(&path), open(&path));
    assert!(flock::try_lock(&holder).expect("locked"));
    let control = interrupt(|| fs2::FileExt::lock_exclusive(&waiter), || false);
    assert_eq!(control.expect_err("interrupted").kind(), io::ErrorKind::Interrupted);
}

/// Two that wait for each other's lock wait for ever: flock and OFD do not detect deadlocks.
#[test]
fn flock_and_ofd_do_not_detect_a_deadlock() {
    count_interrupts();
    for lock in [Lock::Flock, Lock::Ofd] {
        let ((_folder, one), (_other_folder, other)) = (shop(), shop());
        let common = CommonLock::new(&choices(lock)).expect("made");
        let open = |path: &Path| Locker::open(&choices(lock), path, &common).expect("open");
        let held = (open(&one), open(&other));
        assert!(held.0.try_lock().expect("locked") && held.1.try_lock().expect("locked"));
        let ended = AtomicU32::new(0);
        let begun = std::time::Instant::now();
        let late = || begun.elapsed() > A_WHILE;
        let cross = |path: &Path| {
            let wait = open(path).lock(late).expect("no EDEADLK");
            ended.fetch_add(1, Ordering::Relaxed);
            wait
        };
        std::thread::scope(|scope| {
            let waits = [&other, &one].map(|path| scope.spawn(|| interrupt(|| cross(path), || false)));
            std::thread::sleep(A_WHILE / 2);
            assert!(late() || ended.load(Ordering::Relaxed) == 0, "{lock}");
            assert_eq!(waits.map(|wait| wait.join().expect("no panic")), [LockAnswer::GivenUp; 2], "{lock}");
        });
    }
}

/// Two processes that wait for each other: the kernel rejects the wait that closes the circle.
#[test]
fn posix_locks_detect_a_deadlock() {
    let ((_folder, one), (_other_folder, other)) = (shop(), shop());
    let (one, other) = (open(&one), open(&other));
    assert!(posix::try_lock(&one).expect("locked"));
    let (is_ready, ready) = nix::unistd::pipe().expect("a pipe");
    // SAFETY: the child makes system calls and leaves by _exit; it neither allocates nor locks anything
    // of this process.
    let child = match unsafe { fork() }.expect("fork") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let held =
                matches!(posix::try_lock(&other), Ok(true)) && nix::unistd::write(&ready, &[0]).is_ok();
            let code = match posix::lock(&one, || false) {
                Ok(_) if held => 0,
                Err(error) if error.raw_os_error() == Some(Errno::EDEADLK as i32) => 1,
                _ => 2,
            };
            // SAFETY: it ends the child at once.
            unsafe { nix::libc::_exit(code) }
        }
    };
    drop(ready);
    assert_eq!(nix::unistd::read(&is_ready, &mut [0]).expect("the child holds its lock"), 1);
    let crossed = posix::lock(&other, || false);
    posix::unlock(&one).expect("unlocked");
    let WaitStatus::Exited(_, code) = waitpid(child, None).expect("reaped") else { panic!("killed") };
    match crossed {
        Err(error) => {
            assert_eq!((error.raw_os_error(), code), (Some(Errno::EDEADLK as i32), 0));
        }
        Ok(_) => assert_eq!(code, 1, "one of the two must have failed"),
    }
}

/// A semaphore has no owner: a child that is killed inside leaves it taken. The control unlocks it.
#[test]
fn a_killed_holder_leaves_the_semaphore_taken() {
    for lets_go in [false, true] {
        let semaphore = semaphore::Semaphore::new().expect("a semaphore");
        // SAFETY: the child works on the semaphore's memory alone and is killed or leaves by _exit.
        let child = match unsafe { fork() }.expect("fork") {
            ForkResult::Parent { child } => child,
            ForkResult::Child => {
                let taken = matches!(semaphore.try_lock(), Ok(true));
                let let_go = !lets_go || semaphore.unlock().is_ok();
                if taken && let_go {
                    let _ = nix::sys::signal::raise(Signal::SIGKILL);
                }
                // SAFETY: it ends the child at once.
                unsafe { nix::libc::_exit(1) }
            }
        };
        assert!(matches!(waitpid(child, None), Ok(WaitStatus::Signaled(_, Signal::SIGKILL, _))));
        assert_eq!(semaphore.try_lock().expect("works here"), lets_go);
    }
}

/// A semaphore leaves no name behind, and a name that an earlier run left does no harm.
#[test]
#[cfg(target_os = "linux")]
fn a_semaphore_leaves_no_name() {
    let names = || {
        let entries = std::fs::read_dir("/dev/shm").into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("sem.ticketsim.")).collect::<std::collections::HashSet<_>>()
    };
    let before = names();
    let semaphores: Vec<_> = (0..3).map(|_| semaphore::Semaphore::new().expect("one")).collect();
    assert!(semaphores.iter().all(|one| one.try_lock().expect("free")), "each is one of its own");
    // Names of other runs at this moment disappear as well.
    let begun = std::time::Instant::now();
    while names().difference(&before).next().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", names());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A lease that is over is taken over, and its old holder does not remove the new holder's lockfile. The control is a
/// lease that is not over.
#[test]
fn a_lease_that_is_up_is_anothers() {
    for (lease_ns, is_up) in [(1, true), (3_600_000_000_000, false)] {
        let (_folder, path) = shop();
        let choices = FileChoices { lease_ns: Some(lease_ns), ..choices(Lock::Lease) };
        let common = CommonLock::new(&choices).expect("made");
        let open = || Locker::open(&choices, &path, &common).expect("open");
        let (slow, next) = (open(), open());
        assert!(slow.try_lock().expect("works here"));
        assert_eq!(next.try_lock().expect("works here"), is_up);
        if is_up {
            slow.unlock().expect("nothing of its own is left");
            assert!(lockfile_path(&path).exists(), "it is the next one's");
        } else {
            assert!(!next.try_lock_by_hand().expect("works here"), "nobody has ended it");
            assert!(!end_lease(&path, 1).expect("a lockfile"), "it is not that process's");
            assert!(end_lease(&path, std::process::id()).expect("a lockfile"));
            assert!(next.try_lock_by_hand().expect("works here"), "now it is up");
        }
        next.unlock().expect("let go");
        assert!(!lockfile_path(&path).exists());
    }
}

/// A dead holder's lockfile is found, by its process id and by its age, and removed without a second check, even if it
/// is another's by then. The control is a living holder's.
#[test]
fn what_is_taken_for_dead_is_removed_whosever_it_is_by_then() {
    let (_folder, path) = shop();
    let steps = "break-stale lock read write unlock".parse().expect("steps");
    let choices = FileChoices::of_steps(steps, Some(Lock::Lockfile), None, None).expect("choices");
    let common = CommonLock::new(&choices).expect("made");
    let open = |choices: &FileChoices| Locker::open(choices, &path, &common).expect("open");
    let (one, other) = (open(&choices), open(&choices));
    assert!(!one.looks_stale(false), "there is none");
    leave_dead(&path).expect("left");
    assert!(one.looks_stale(false) && other.looks_stale(false));
    one.remove_stale().expect("removed");
    assert!(one.try_lock().expect("works here"));
    assert!(!other.looks_stale(false), "its holder lives");
    // It has checked before.
    other.remove_stale().expect("removed");
    assert!(other.try_lock().expect("two are in"));
    one.unlock().expect("the other's");
    other.unlock().expect("there is none, as it was removed");
    let by_age = FileChoices { lease_ns: Some(1), ..choices };
    assert!(one.try_lock().expect("works here"));
    assert!(open(&by_age).looks_stale(false), "older than a nanosecond");
    one.unlock().expect("let go");
    assert!(!open(&by_age).looks_stale(true), "there is none");
}
