//! A process-shared POSIX semaphore with one permit, like Python's `multiprocessing.Lock`. As there, it is made for one
//! run, and its name is removed at once, so that nothing stays behind.
//!
//! - Excludes: the buyers of one run, of any kind: processes inherit it, threads and tasks share it. It has no owner.
//!   Other programs and other runs are not kept out.
//! - Survives: its holder. The kernel does not know the holder, so a buyer that is killed inside leaves it taken for
//!   ever, and the others wait in vain (sem_overview(7)). On Linux the launcher, as their parent, sees that and tells
//!   them; elsewhere `--lock-timeout` ends the wait.
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
    /// Makes a free semaphore.
    pub(super) fn new() -> Result<Self> {
        /// How many random names are tried. A name is hardly ever taken, unless another program creates it on purpose.
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

    /// Makes one under a name that exists only for two system calls. A launcher that is killed in between leaves the
    /// name behind, so it is random and no later run uses it. macOS allows 31 bytes.
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

    /// Whether it is free now.
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
