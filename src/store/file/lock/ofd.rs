//! Open file description locks: fcntl(2) with `F_OFD_SETLKW`, over the whole file. Linux only.
//!
//! - Excludes: every other open file description of the same file, in the same process or another,
//!   and POSIX locks (fcntl_locking(2)). It ignores flock(2) on a local filesystem. Its holder can't be found:
//!   `F_OFD_GETLK` answers with process −1.
//! - Survives: nothing that ends its holder. The kernel releases it with the last descriptor of the
//!   open file description; closing another descriptor of the file does not touch it.
//! - Works: on local filesystems since Linux 3.15, and on NFS, where it reaches other clients. The
//!   kernel does not look for deadlocks.

use std::fs::File;
use std::io::Result;

use super::LockAnswer;

#[cfg(target_os = "linux")]
mod fcntl_ofd {
    use super::{File, LockAnswer, Result};
    use crate::store::file::lock::posix::{tried, wait, whole_file};
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_RDLCK, F_UNLCK, F_WRLCK};

    pub(crate) fn lock(file: &File, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
        wait(gives_up, || fcntl(file, FcntlArg::F_OFD_SETLKW(&whole_file(F_WRLCK))))
    }

    pub(crate) fn lock_shared(file: &File, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
        wait(gives_up, || fcntl(file, FcntlArg::F_OFD_SETLKW(&whole_file(F_RDLCK))))
    }

    pub(crate) fn try_lock_shared(file: &File) -> Result<bool> {
        tried(fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file(F_RDLCK))))
    }

    pub(crate) fn unlock(file: &File) -> Result<()> {
        fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file(F_UNLCK)))?;
        Ok(())
    }

    pub(crate) fn try_lock(file: &File) -> Result<bool> {
        tried(fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file(F_WRLCK))))
    }
}

#[cfg(not(target_os = "linux"))]
mod fcntl_ofd {
    use super::{File, LockAnswer, Result};
    use std::io::{Error, ErrorKind};

    fn unsupported() -> Error {
        Error::new(ErrorKind::Unsupported, "OFD locks exist on Linux only")
    }

    pub(crate) fn lock(_: &File, _: impl Fn() -> bool) -> Result<LockAnswer> {
        Err(unsupported())
    }

    pub(crate) fn lock_shared(_: &File, _: impl Fn() -> bool) -> Result<LockAnswer> {
        Err(unsupported())
    }

    pub(crate) fn try_lock_shared(_: &File) -> Result<bool> {
        Err(unsupported())
    }

    pub(crate) fn unlock(_: &File) -> Result<()> {
        Err(unsupported())
    }

    pub(crate) fn try_lock(_: &File) -> Result<bool> {
        Err(unsupported())
    }
}

pub(super) use fcntl_ofd::{lock, lock_shared, try_lock, try_lock_shared, unlock};
