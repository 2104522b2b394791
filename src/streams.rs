//! Streams that may block: a pipe that nobody reads, a FIFO without a reader, a stopped terminal. Waits for them check
//! the flag that an interrupt sets. (A signal handler that only sets a flag does not end a blocked call of the standard
//! library, which retries.)

use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Result, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{SFlag, fstat};

/// How often a wait checks the flag, in milliseconds.
const TICK_MS: u8 = 50;
/// How long an output may stand still before an interrupt ends it: results so far are to be shown even to a slow
/// reader.
const GRACE: Duration = Duration::from_secs(1);
/// How much a pipe takes at once when poll(2) calls it writable (pipe(7): `PIPE_BUF`).
const AT_ONCE: usize = 4096;

/// An interrupt came while a stream blocked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("interrupted while it had to wait for its other end")]
pub struct GivenUp;

/// Whether this is the error of a stream that was given up because of an interrupt.
#[must_use]
pub fn gave_up(error: &Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<GivenUp>)
}

/// A stream that is waited for until an interrupt comes.
#[derive(Debug)]
pub struct Patient<'a, F> {
    stream: F,
    interrupted: &'a AtomicBool,
    /// A regular file never blocks for long.
    regular: bool,
}

impl<'a, F: AsFd> Patient<'a, F> {
    /// Takes a stream, and the flag that an interrupt sets.
    pub fn new(stream: F, interrupted: &'a AtomicBool) -> Self {
        let mode = fstat(stream.as_fd()).map_or(0, |stat| stat.st_mode);
        let regular = mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits();
        Self { stream, interrupted, regular }
    }

    /// Waits until the stream is ready. An interrupt is listened to once nothing has moved for `grace`.
    fn wait(&self, ready: PollFlags, grace: Duration) -> Result<()> {
        if self.regular {
            return Ok(());
        }
        let began = Instant::now();
        loop {
            match poll(&mut [PollFd::new(self.stream.as_fd(), ready)], PollTimeout::from(TICK_MS)) {
                Ok(0) | Err(Errno::EINTR) => check(self.interrupted, began, grace)?,
                Ok(_) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

fn check(interrupted: &AtomicBool, began: Instant, grace: Duration) -> Result<()> {
    if interrupted.load(Ordering::Relaxed) && began.elapsed() >= grace {
        return Err(Error::other(GivenUp));
    }
    Ok(())
}

impl<F: AsFd> Write for Patient<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let part = if self.regular { bytes } else { &bytes[..bytes.len().min(AT_ONCE)] };
        loop {
            self.wait(PollFlags::POLLOUT, GRACE)?;
            match nix::unistd::write(&self.stream, part) {
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                result => return Ok(result?),
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<F: AsFd> Read for Patient<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            // Even if the data does not end: the reader has shown nothing yet.
            check(self.interrupted, Instant::now(), Duration::ZERO)?;
            self.wait(PollFlags::POLLIN, Duration::ZERO)?;
            match nix::unistd::read(&self.stream, buffer) {
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                result => return Ok(result?),
            }
        }
    }
}

fn is_fifo(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|there| there.file_type().is_fifo())
}

/// Opens what is there for reading. A FIFO is waited for when it is read, not here.
///
/// # Errors
/// When the system reports an error.
pub fn open_to_read<'a>(path: &Path, interrupted: &'a AtomicBool) -> Result<Patient<'a, File>> {
    let flags = if is_fifo(path) { libc::O_NONBLOCK } else { 0 };
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    Ok(Patient::new(file, interrupted))
}

/// Opens what is there for writing, emptied, or a new file. A FIFO is waited for until it has a reader.
///
/// # Errors
/// When the system reports an error, or when an interrupt comes before the reader.
pub fn open_to_write<'a>(path: &Path, interrupted: &'a AtomicBool) -> Result<Patient<'a, File>> {
    let began = Instant::now();
    loop {
        let fifo = is_fifo(path);
        let flags = if fifo { libc::O_NONBLOCK } else { 0 };
        match OpenOptions::new().write(true).create(true).truncate(true).custom_flags(flags).open(path) {
            // fifo(7): nobody has it open for reading.
            Err(error) if fifo && error.raw_os_error() == Some(libc::ENXIO) => {
                check(interrupted, began, GRACE)?;
                std::thread::sleep(Duration::from_millis(TICK_MS.into()));
            }
            result => return Ok(Patient::new(result?, interrupted)),
        }
    }
}

/// Writes something optional, such as progress, if it can be written at once.
pub fn write_if_ready(stream: impl AsFd, bytes: &[u8]) {
    let ready = poll(&mut [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)], PollTimeout::ZERO);
    if ready.is_ok_and(|count| count > 0) {
        // If the stream is closed, that is no reason to stop.
        let _ = nix::unistd::write(&stream, &bytes[..bytes.len().min(AT_ONCE)]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufRead as _;

    use super::*;

    fn flag(set: bool) -> AtomicBool {
        AtomicBool::new(set)
    }

    #[test]
    fn a_full_pipe_is_waited_for_until_an_interrupt() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let interrupted = flag(false);
        std::thread::scope(|threads| {
            let writing = threads.spawn(|| Patient::new(writer, &interrupted).write_all(&[b'x'; 1 << 20]));
            std::thread::sleep(Duration::from_millis(300));
            assert!(!writing.is_finished(), "a pipe holds less than that");
            interrupted.store(true, Ordering::Relaxed);
            let error = writing.join().expect("no panic").expect_err("nobody reads");
            assert!(gave_up(&error), "{error}");
        });
        drop(reader);
    }

    #[test]
    fn what_was_done_reaches_a_reader_although_an_interrupt_came_before() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let interrupted = flag(true);
        std::thread::scope(|threads| {
            threads
                .spawn(|| Patient::new(writer, &interrupted).write_all(&[b'x'; 1 << 20]).expect("written"));
            let mut read = Vec::new();
            reader.read_to_end(&mut read).expect("read");
            assert_eq!(read.len(), 1 << 20);
        });
    }

    #[test]
    fn a_fifo_is_waited_for_at_both_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)).expect("a FIFO");
        let calm = flag(false);
        std::thread::scope(|threads| {
            let reading = threads.spawn(|| {
                let fifo = open_to_read(&path, &calm).expect("opened");
                std::io::BufReader::new(fifo).lines().map(|line| line.expect("a line")).collect::<Vec<_>>()
            });
            std::thread::sleep(Duration::from_millis(200));
            assert!(!reading.is_finished(), "no writer yet is no end");
            let mut fifo = open_to_write(&path, &calm).expect("it has a reader");
            fifo.write_all(b"one\ntwo\n").expect("written");
            drop(fifo);
            assert_eq!(reading.join().expect("no panic"), ["one", "two"]);
        });
        // Without the other end an interrupt ends both waits.
        let interrupted = flag(true);
        assert!(gave_up(&open_to_write(&path, &interrupted).expect_err("no reader")));
        let mut fifo = open_to_read(&path, &interrupted).expect("opened");
        assert!(gave_up(&fifo.read(&mut [0; 8]).expect_err("no writer")));
    }
}
