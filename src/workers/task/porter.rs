//! Threads of our own for what may block, started before the sale. An async runtime starts threads when it
//! finds that it needs them, and where the system has none left (`ulimit -u`) it panics then, or waits for
//! one that never comes; a run must know beforehand that it has all it needs.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

type Errand = Box<dyn FnOnce() + Send>;

/// A thread that runs errands, one after another. Dropping it joins the thread.
#[derive(Debug)]
pub(super) struct Porter {
    errands: Errands,
    thread: Option<JoinHandle<()>>,
}

/// Where a porter takes errands. Anybody may hold one; after the porter has gone none is run.
#[derive(Clone, Debug)]
pub(super) struct Errands(Sender<Option<Errand>>);

impl Porter {
    /// Starts the thread.
    pub(super) fn start(name: &str) -> std::io::Result<Self> {
        let (errands, to_do) = channel::<Option<Errand>>();
        let run = move || {
            while let Ok(Some(errand)) = to_do.recv() {
                errand();
            }
        };
        let thread = Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { errands: Errands(errands), thread: Some(thread) })
    }

    /// Where it takes its errands.
    pub(super) fn errands(&self) -> Errands {
        self.errands.clone()
    }
}

impl Drop for Porter {
    fn drop(&mut self) {
        let _ = self.errands.0.send(None);
        if let Some(thread) = self.thread.take() {
            // No errand's panic reaches it.
            let _ = thread.join();
        }
    }
}

impl Errands {
    /// Has the porter do this, and waits for what came of it without a thread. Its panic becomes one of the
    /// task that asked.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = oneshot::channel::<Result<T, Box<dyn Any + Send>>>();
        let errand = move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            // Who has stopped listening needs no answer.
            let _ = done.send(result);
        };
        let _ = self.0.send(Some(Box::new(errand)));
        match result.await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // The porter goes last, when all tasks have ended.
            Err(_) => std::panic::resume_unwind(Box::new("the porter has gone")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errands_are_run_in_turn_and_a_panic_is_the_askers() {
        let porter = Porter::start("porter").expect("a thread");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let errands = porter.errands();
        let ask = |number: u32| errands.run(move || number + 1);
        assert_eq!(runtime.block_on(async { (ask(1).await, ask(2).await) }), (2, 3));
        let panics = runtime.spawn({
            let errands = porter.errands();
            // Without a word on stderr: resume_unwind calls no hook.
            async move { errands.run(|| std::panic::resume_unwind(Box::new("on purpose"))).await }
        });
        let ended: Result<(), _> = runtime.block_on(panics);
        assert!(ended.expect_err("a panic").is_panic());
        assert_eq!(runtime.block_on(ask(3)), 4, "the porter goes on");
    }
}
