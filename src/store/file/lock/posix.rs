//! POSIX record locks: fcntl(2) with `F_SETLKW`, over the whole file.
//!
//! - Excludes: other processes. It belongs to the process, so the threads and tasks of one process
//!   share it, and all of them get in (fcntl_locking(2)); nor does a child inherit it over fork(2).
//!   It conflicts with OFD locks, and ignores flock(2) on a local Linux filesystem.
//! - Survives: nothing that ends its holder. Worse, it is gone as soon as the process closes *any* descriptor of the
//!   file, even one that was never used for the lock.
//! - Works: on local filesystems and on NFS, where it was the first that did. It is the only kind for
//!   which the kernel looks for deadlocks (`EDEADLK`).

use std::fs::File;
use std::io::{Error, Result};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::LockAnswer;

pub(super) fn lock(file: &File, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
    wait(gives_up, || fcntl(file, FcntlArg::F_SETLKW(&whole_file(libc::F_WRLCK))))
}

pub(super) fn lock_shared(file: &File, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
    wait(gives_up, || fcntl(file, FcntlArg::F_SETLKW(&whole_file(libc::F_RDLCK))))
}

pub(super) fn try_lock_shared(file: &File) -> Result<bool> {
    tried(fcntl(file, FcntlArg::F_SETLK(&whole_file(libc::F_RDLCK))))
}

pub(super) fn unlock(file: &File) -> Result<()> {
    fcntl(file, FcntlArg::F_SETLK(&whole_file(libc::F_UNLCK)))?;
    Ok(())
}

pub(super) fn try_lock(file: &File) -> Result<bool> {
    tried(fcntl(file, FcntlArg::F_SETLK(&whole_file(libc::F_WRLCK))))
}

/// A lock (or unlock) of the whole file, however long it grows: a length of 0 reaches to its end.
pub(super) fn whole_file(kind: i32) -> libc::flock {
    libc::flock { l_type: kind as _, l_whence: libc::SEEK_SET as _, l_start: 0, l_len: 0, l_pid: 0 }
}

/// Makes a blocking call again and again while signals interrupt it, until `gives_up`.
pub(super) fn wait(gives_up: impl Fn() -> bool, call: impl Fn() -> nix::Result<i32>) -> Result<LockAnswer> {
    loop {
        match call() {
            Ok(_) => return Ok(LockAnswer::Granted),
            Err(Errno::EINTR) if gives_up() => return Ok(LockAnswer::GivenUp),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// The result of a call that does not wait: POSIX allows either error for a lock that is held.
pub(super) fn tried(result: nix::Result<i32>) -> Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(Error::from(errno)),
    }
}
