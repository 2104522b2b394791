//! flock(2), taken through fs2: the lock that `flock(1)` and Python's `fcntl.flock` take, too.
//!
//! - Excludes: every other open file description of the same file, in the same process or another
//!   (flock(2)). It is advisory: programs that do not ask for it are not kept out.
//! - Survives: nothing that ends its holder. The kernel releases it with the last descriptor, so a
//!   SIGKILLed buyer frees it, unless a child of it still holds the descriptor.
//! - Works: on local filesystems; on NFS Linux emulates it by fcntl byte-range locks.
//!
//! A shared lock that becomes exclusive is released in between (flock(2)): another waiter may get it first.
//!
//! fs2 is called only by its full path: `std::fs::File` has methods of the same names, which would be used silently.
//! fs2 does not retry when a signal interrupts the wait, so that is done here.

use std::fs::File;
use std::io::{ErrorKind, Result};

use super::LockAnswer;

pub(super) fn lock(file: &File, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
    wait(gives_up, || fs2::FileExt::lock_exclusive(file))
}

pub(super) fn lock_shared(file: &File, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
    wait(gives_up, || fs2::FileExt::lock_shared(file))
}

fn wait(gives_up: impl Fn() -> bool, call: impl Fn() -> Result<()>) -> Result<LockAnswer> {
    loop {
        match call() {
            Ok(()) => return Ok(LockAnswer::Granted),
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                if gives_up() {
                    return Ok(LockAnswer::GivenUp);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn unlock(file: &File) -> Result<()> {
    fs2::FileExt::unlock(file)
}

pub(super) fn try_lock(file: &File) -> Result<bool> {
    tried(fs2::FileExt::try_lock_exclusive(file))
}

pub(super) fn try_lock_shared(file: &File) -> Result<bool> {
    tried(fs2::FileExt::try_lock_shared(file))
}

fn tried(result: Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_out_another_open_of_the_same_file_until_it_is_let_go() {
        let path = tempfile::NamedTempFile::new().expect("a file");
        let (one, other) = (path.reopen().expect("open"), path.reopen().expect("open"));
        assert_eq!(lock(&one, || false).expect("locked"), LockAnswer::Granted);
        assert!(!try_lock(&other).expect("kept out"));
        unlock(&one).expect("unlocked");
        assert!(try_lock(&other).expect("free again"));
    }

    /// The control: a shared description, as from an inherited descriptor, keeps nobody out.
    #[test]
    fn a_shared_open_file_description_does_not_exclude() {
        let path = tempfile::NamedTempFile::new().expect("a file");
        let one = path.reopen().expect("open");
        let same = one.try_clone().expect("dup");
        assert_eq!(lock(&one, || false).expect("locked"), LockAnswer::Granted);
        assert!(try_lock(&same).expect("the same lock"));
    }
}
