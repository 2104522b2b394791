//! How a task waits for a database's answer.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout};

/// How often a waiting task checks whether its run is stopped.
const LOOK_AROUND: Duration = Duration::from_millis(50);
/// How often a task checks for an answer if the system can't wake it.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Listens to the socket of one session, once it is known.
#[derive(Debug, Default)]
pub(super) struct Ear(Option<AsyncFd<OwnedFd>>);

impl Ear {
    /// Sets the socket, the first time.
    pub(super) fn attune(&mut self, descriptor: Option<BorrowedFd<'_>>) {
        if self.0.is_none() {
            // If the system can't watch one more socket, the task polls.
            self.0 = descriptor.and_then(|descriptor| listen_to(descriptor.try_clone_to_owned().ok()?));
        }
    }

    /// Waits until something can be read there, or it is time for a check.
    pub(super) async fn listen(&self) {
        let Some(ear) = &self.0 else { return sleep(LOOK_AGAIN).await };
        if let Ok(Ok(mut ready)) = timeout(LOOK_AROUND, ear.readable()).await {
            // The caller reads everything that has come; later data wakes again.
            ready.clear_ready();
        }
    }
}

fn listen_to(own: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is a duplicate that belongs to what is made here, which closes it when it is dropped and
    // not before, and never hands it out.
    unsafe { AsyncFd::register_with_interest(own, Interest::READABLE) }.ok()
}
