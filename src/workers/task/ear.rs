//! What a task listens with while a database works for it.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout};

/// After this time a task looks around, whether its run is stopped.
const LOOK_AROUND: Duration = Duration::from_millis(50);
/// How often a task looks for an answer that the system can't wake it for.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Listens to the one socket of a session, from the first time on.
#[derive(Debug, Default)]
pub(super) struct Ear(Option<AsyncFd<OwnedFd>>);

impl Ear {
    /// Has it listen there.
    pub(super) fn attune(&mut self, descriptor: Option<BorrowedFd<'_>>) {
        if self.0.is_none() {
            // The system may have no room for one more to listen: then the task looks again and again.
            self.0 = descriptor.and_then(|descriptor| listen_to(descriptor.try_clone_to_owned().ok()?));
        }
    }

    /// Waits until something can be read there, or it is time to look around.
    pub(super) async fn listen(&self) {
        let Some(ear) = &self.0 else { return sleep(LOOK_AGAIN).await };
        if let Ok(Ok(mut ready)) = timeout(LOOK_AROUND, ear.readable()).await {
            // All that has come is read next; what comes later wakes again.
            ready.clear_ready();
        }
    }
}

fn listen_to(own: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is a duplicate that belongs to what is made here, which closes it when it is dropped and
    // not before, and never hands it out.
    unsafe { AsyncFd::register_with_interest(own, Interest::READABLE) }.ok()
}
