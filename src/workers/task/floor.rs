//! The threads on which the tasks run: each drives the tasks given to it. All are started before the sale begins;
//! dropping this waits until all have ended.

use std::io;
use std::thread::{Builder, JoinHandle};

use tokio::runtime::{self, Runtime};
use tokio::sync::watch;

/// Threads that drive tasks.
#[derive(Debug)]
pub(in crate::workers) struct Floor {
    closing: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// A runtime that never starts a thread. It can listen to sockets if `listens`.
pub(in crate::workers) fn runtime(listens: bool) -> io::Result<Runtime> {
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_time();
    if listens {
        builder.enable_io();
    }
    builder.build()
}

impl Floor {
    /// Drives each of these runtimes on a thread of its own.
    ///
    /// # Errors
    /// When the system has no thread left; the threads already started have ended again.
    pub(in crate::workers) fn open(runtimes: Vec<Runtime>) -> io::Result<Self> {
        let mut floor = Self { closing: watch::channel(false).0, threads: Vec::new() };
        for runtime in runtimes {
            let mut closing = floor.closing.subscribe();
            let drive = move || {
                // An error means that the floor was dropped, which closes it, too.
                let _ = runtime.block_on(closing.wait_for(|closing| *closing));
            };
            floor.threads.push(Builder::new().name("buyers".to_owned()).spawn(drive)?);
        }
        Ok(floor)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        for thread in self.threads.drain(..) {
            // A task's panic stays with the task.
            let _ = thread.join();
        }
    }
}
