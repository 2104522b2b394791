//! The locks as bare system calls.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use nix::libc;
use ticketsim::protocol::file::Lock;

/// A kind of lock, and what it takes beside the ticket file.
pub enum BareLock {
    None,
    Flock,
    Posix,
    Ofd,
    Lockfile(PathBuf),
    Mkdir(PathBuf),
    Link {
        lockfile: PathBuf,
        private: PathBuf,
    },
    /// What lets go looks whether it is still its own, under a guard.
    Lease {
        lockfile: PathBuf,
        guard: PathBuf,
    },
    Semaphore(NonNull<libc::sem_t>),
}

impl BareLock {
    pub fn new(lock: Lock, file: &Path) -> Self {
        match lock {
            Lock::None => BareLock::None,
            Lock::Flock => BareLock::Flock,
            Lock::Posix => BareLock::Posix,
            Lock::Ofd => BareLock::Ofd,
            Lock::Lockfile => BareLock::Lockfile(file.with_extension("bare-lock")),
            Lock::Mkdir => BareLock::Mkdir(file.with_extension("bare-lock")),
            Lock::Link => BareLock::Link {
                lockfile: file.with_extension("bare-lock"),
                private: file.with_extension(format!("bare-{:016x}", rand::random::<u64>())),
            },
            Lock::Lease => BareLock::Lease {
                lockfile: file.with_extension("bare-lock"),
                guard: file.with_extension("bare-guard"),
            },
            Lock::Semaphore => BareLock::Semaphore(semaphore()),
        }
    }

    pub fn lock(&self, file: &File) {
        match self {
            BareLock::None => {}
            BareLock::Flock => flock(file, libc::LOCK_EX),
            BareLock::Posix => fcntl(file, libc::F_SETLKW, libc::F_WRLCK),
            BareLock::Ofd => fcntl(file, libc::F_OFD_SETLKW, libc::F_WRLCK),
            BareLock::Lockfile(path) | BareLock::Lease { lockfile: path, .. } => {
                until_granted(|| create(path));
            }
            BareLock::Mkdir(path) => until_granted(|| std::fs::create_dir(path)),
            BareLock::Link { lockfile, private } => until_granted(|| {
                // Each buyer has inherited the same name.
                let private = private.with_extension(std::process::id().to_string());
                create(&private)?;
                let linked = std::fs::hard_link(&private, lockfile);
                std::fs::remove_file(&private)?;
                linked
            }),
            // SAFETY: the semaphore was initialised, and is never destroyed.
            BareLock::Semaphore(sem) => assert_eq!(unsafe { libc::sem_wait(sem.as_ptr()) }, 0),
        }
    }

    pub fn unlock(&self, file: &File) {
        match self {
            BareLock::None => {}
            BareLock::Flock => flock(file, libc::LOCK_UN),
            BareLock::Posix => fcntl(file, libc::F_SETLK, libc::F_UNLCK),
            BareLock::Ofd => fcntl(file, libc::F_OFD_SETLK, libc::F_UNLCK),
            BareLock::Lockfile(path) | BareLock::Link { lockfile: path, .. } => {
                std::fs::remove_file(path).expect("removed");
            }
            BareLock::Mkdir(path) => std::fs::remove_dir(path).expect("removed"),
            BareLock::Lease { lockfile, guard } => {
                let guard = OpenOptions::new().write(true).create(true).truncate(false).open(guard);
                flock(&guard.expect("a guard"), libc::LOCK_EX);
                let own = std::fs::read_to_string(lockfile).expect("read");
                assert_eq!(own, format!("{}\n", std::process::id()));
                std::fs::remove_file(lockfile).expect("removed");
            }
            // SAFETY: as above.
            BareLock::Semaphore(sem) => assert_eq!(unsafe { libc::sem_post(sem.as_ptr()) }, 0),
        }
    }
}

/// Tries until it is granted, as often as it can.
fn until_granted(try_lock: impl Fn() -> std::io::Result<()>) {
    while let Err(error) = try_lock() {
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        std::thread::yield_now();
    }
}

fn create(path: &Path) -> std::io::Result<()> {
    let mut lockfile = OpenOptions::new().write(true).create_new(true).open(path)?;
    writeln!(lockfile, "{}", std::process::id())
}

fn flock(file: &File, operation: i32) {
    // SAFETY: flock(2) on an open descriptor touches no memory.
    assert_eq!(unsafe { libc::flock(file.as_raw_fd(), operation) }, 0);
}

fn fcntl(file: &File, command: i32, kind: i32) {
    // SAFETY: all zeros is a valid flock structure: the whole file, from its start.
    let mut range: libc::flock = unsafe { std::mem::zeroed() };
    range.l_type = kind as libc::c_short;
    range.l_whence = libc::SEEK_SET as libc::c_short;
    // SAFETY: fcntl(2) reads a flock structure, which lives until it returns.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const range) }, 0);
}

/// A semaphore of one, in memory that children inherit; a few bytes that live as long as the benchmark.
fn semaphore() -> NonNull<libc::sem_t> {
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh mapping at an address that the kernel picks replaces nothing.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, flags, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    let sem = NonNull::new(memory.cast::<libc::sem_t>()).expect("a mapping");
    // SAFETY: the mapping is large enough for a semaphore, aligned to a page, and stays mapped.
    assert_eq!(unsafe { libc::sem_init(sem.as_ptr(), 1, 1) }, 0);
    sem
}
