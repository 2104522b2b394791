//! A folder as a lock: `<file>.lock.d`, made with mkdir(2), in which only one can succeed, and removed to unlock.
//!
//! - Excludes: everybody who makes the same folder before writing, in any process, thread or task.
//! - Survives: its holder. A killed buyer leaves it behind, and it does not name its holder: nobody gets in, and nobody
//!   can tell why. On Linux the launcher, as the parent of the buyers, sees that and tells the others.
//! - Works: on any filesystem, so it is popular in shell scripts.

use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use super::LockAnswer;
use super::polling::poll;
use crate::paths::beside;

/// One buyer's end of it.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder of the ticket file `file`.
    pub(super) fn new(file: &Path) -> Self {
        Self(path(file))
    }

    pub(super) fn lock(&self, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
        poll(gives_up, || self.try_lock(), || Ok(None))
    }

    pub(super) fn try_lock(&self) -> Result<bool> {
        match std::fs::create_dir(&self.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn unlock(&self) -> Result<()> {
        std::fs::remove_dir(&self.0)
    }
}

/// Removes the folder that a dead holder has left. Errors are ignored.
pub fn remove_folder(file: &Path) {
    let _ = std::fs::remove_dir(path(file));
}

/// The folder that is the lock of a ticket file.
pub(super) fn path(file: &Path) -> PathBuf {
    beside(file, ".lock.d")
}
