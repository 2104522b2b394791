//! Work on large inputs that does not check for interrupts: it runs on a thread of its own, so that an interrupt need
//! not wait for it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::streams::GivenUp;

/// How long a wait is before the flag is looked at again.
const TICK: Duration = Duration::from_millis(50);
/// As the main thread has: a search may go deep.
const STACK_BYTES: usize = 8 << 20;

/// Does some work on a thread of its own, and leaves it there when an interrupt comes: the process is to end
/// then.
///
/// # Errors
/// When it was interrupted, or when there is no thread to be had.
pub(super) fn unless_interrupted<T: Send + 'static>(
    interrupted: &AtomicBool,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    unless_interrupted_while(interrupted, &mut || (), work)
}

/// The same; `tick` is called now and then meanwhile.
///
/// # Errors
/// As there.
pub(super) fn unless_interrupted_while<T: Send + 'static>(
    interrupted: &AtomicBool,
    tick: &mut dyn FnMut(),
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, when_done) = channel();
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let thread = thread.spawn(move || {
        // Nobody listens any more when it was interrupted.
        let _ = done.send(work());
    })?;
    loop {
        match when_done.recv_timeout(TICK) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) if interrupted.load(Ordering::Relaxed) => {
                return Err(io::Error::other(GivenUp));
            }
            Err(RecvTimeoutError::Timeout) => tick(),
            // It panicked, and so does this.
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => return Err(io::Error::other("the work came to nothing")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_or_left() {
        assert_eq!(unless_interrupted(&AtomicBool::new(false), || 7).expect("done"), 7);
        let (_open, never) = channel::<()>();
        let error = unless_interrupted(&AtomicBool::new(true), move || never.recv()).expect_err("left");
        assert!(crate::streams::gave_up(&error), "{error}");
    }
}
