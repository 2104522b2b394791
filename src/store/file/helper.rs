//! A helper process of one buyer: forked before the barrier, it inherits the open file that carries the lock, and
//! unlocks it when told to. It shows what programs do by accident when a child process, or a library that daemonises,
//! cleans up.
//!
//! It leaves when its buyer leaves, and dies when its buyer is killed.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

/// The buyer's handle of its helper.
#[derive(Debug)]
pub(super) struct Helper {
    socket: Option<UnixStream>,
    pid: Pid,
}

impl Helper {
    /// Starts a helper that inherits this open file, and unlocks it with `unlock`.
    ///
    /// # Errors
    /// When the system has no room for another process.
    pub(super) fn start(file: &File, unlock: impl Fn(&File) -> io::Result<()>) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        // SAFETY: a buyer that has a helper is a process of one thread (`Plan::check` rejects all others), so no
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

    /// Makes it unlock, and waits until it has.
    ///
    /// # Errors
    /// When it could not unlock, or is gone.
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
        // The helper leaves when the other end is closed.
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
