//! A helper process of one buyer: forked before the barrier, it has inherited the open file that carries the lock,
//! and unlocks that when it is told to. What a program does by accident when a child of it, or a library that
//! daemonises, cleans up after itself.
//!
//! It leaves when its buyer does, and dies when that is killed.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

/// A buyer's helper, as the buyer has it in its hands.
#[derive(Debug)]
pub(super) struct Helper {
    socket: Option<UnixStream>,
    pid: Pid,
}

impl Helper {
    /// Starts one that has this open file, and lets go of its lock by `unlock`.
    ///
    /// # Errors
    /// When the system has no room for another process.
    pub(super) fn start(file: &File, unlock: impl Fn(&File) -> io::Result<()>) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        // SAFETY: a buyer that has a helper is a process of one thread (`Plan::check` refuses all others), so no
        // other can hold a lock (of the allocator, say) that the child would wait for; the child never returns.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Self { socket: Some(ours), pid: child }),
            ForkResult::Child => {
                drop(ours);
                serve(theirs, file, unlock);
                // SAFETY: _exit ends this process at once; it touches no memory of ours.
                unsafe { nix::libc::_exit(0) }
            }
        }
    }

    /// Has it unlock, and waits until it has.
    ///
    /// # Errors
    /// When it could not, or is gone.
    pub(super) fn unlock(&mut self) -> io::Result<()> {
        let socket = self.socket.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        socket.write_all(&[1])?;
        let mut errno = [0; 4];
        socket.read_exact(&mut errno)?;
        match i32::from_le_bytes(errno) {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It leaves when nobody is at the other end.
        self.socket = None;
        let _ = waitpid(self.pid, None);
    }
}

/// The helper's life.
fn serve(mut socket: UnixStream, file: &File, unlock: impl Fn(&File) -> io::Result<()>) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    let mut told = [0];
    while socket.read_exact(&mut told).is_ok() {
        let errno = unlock(file).err().map_or(0, |error| error.raw_os_error().unwrap_or(-1));
        if socket.write_all(&errno.to_le_bytes()).is_err() {
            return;
        }
    }
}
