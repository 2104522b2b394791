//! A process-shared POSIX semaphore that counts one: what Python's `multiprocessing.Lock` is. As there,
//! it is made for one run, and its name is taken back at once, so that nothing of it stays behind.
//!
//! - Excludes: the buyers of one run, whatever they are: processes inherit it, threads and tasks share
//!   it. It has no owner. Another program, or another run, is not kept out.
//! - Survives: its holder. The kernel does not know who holds it, so a buyer that is killed inside
//!   leaves it taken for ever, and the others wait in vain (sem_overview(7)). On Linux the launcher,
//!   whose children they are, sees that and tells them; elsewhere `--lock-timeout` ends it.
//! - Works: on any filesystem, since it lives in memory, and on one machine only.

use std::ffi::CString;
use std::io::{Error, ErrorKind, Result};
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::libc;

use super::LockAnswer;
use super::posix::{tried, wait};

/// The semaphore of one run. Made before its buyers start; children inherit its mapping.
#[derive(Debug)]
pub(super) struct Semaphore {
    sem: NonNull<libc::sem_t>,
}

// SAFETY: a semaphore is made to be used by several threads at once (sem_overview(7)).
unsafe impl Send for Semaphore {}
// SAFETY: as above.
unsafe impl Sync for Semaphore {}

impl Semaphore {
    /// Makes one that is free.
    pub(super) fn new() -> Result<Self> {
        /// How many names are tried: that one is taken is next to impossible unless somebody plants them.
        const MOST_TRIES: u32 = 16;
        let mut result = Self::named(rand::random());
        for _ in 1..MOST_TRIES {
            match &result {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    result = Self::named(rand::random());
                }
                _ => break,
            }
        }
        result
    }

    /// Makes one by way of a name that lives for two system calls. A launcher that is killed between them
    /// leaves it behind, so it is a random one that no later run will meet. macOS takes 31 bytes at most.
    fn named(random: u64) -> Result<Self> {
        let name = CString::new(format!("/ticketsim.{random:016x}"))?;
        let mode: libc::c_uint = 0o600;
        let free: libc::c_uint = 1;
        // SAFETY: the name is a C string, and mode and value are what O_CREAT makes it read.
        let sem = unsafe { libc::sem_open(name.as_ptr(), libc::O_CREAT | libc::O_EXCL, mode, free) };
        if sem == libc::SEM_FAILED {
            return Err(Error::last_os_error());
        }
        // SAFETY: the name is a C string. That it may be gone already does no harm.
        unsafe { libc::sem_unlink(name.as_ptr()) };
        let sem = NonNull::new(sem).ok_or_else(|| Error::from(Errno::EINVAL))?;
        Ok(Self { sem })
    }

    pub(super) fn lock(&self, gives_up: impl Fn() -> bool) -> Result<LockAnswer> {
        // SAFETY: the semaphore is open as long as `self` lives.
        wait(gives_up, || Errno::result(unsafe { libc::sem_wait(self.sem.as_ptr()) }))
    }

    pub(super) fn try_lock(&self) -> Result<bool> {
        // SAFETY: as above.
        tried(Errno::result(unsafe { libc::sem_trywait(self.sem.as_ptr()) }))
    }

    /// Whether it is free at this moment.
    pub(super) fn is_free(&self) -> Result<bool> {
        let mut value = 0;
        // SAFETY: as above, and the value is written to a variable of its own.
        Errno::result(unsafe { libc::sem_getvalue(self.sem.as_ptr(), &raw mut value) })?;
        Ok(value > 0)
    }

    pub(super) fn unlock(&self) -> Result<()> {
        // SAFETY: as above.
        Errno::result(unsafe { libc::sem_post(self.sem.as_ptr()) })?;
        Ok(())
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        // SAFETY: it was opened by `new`, is closed here alone, and not used afterwards.
        unsafe { libc::sem_close(self.sem.as_ptr()) };
    }
}
