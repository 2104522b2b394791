//! Our own threads for blocking work, started before the sale. An async runtime starts threads when it needs them; if
//! the system has none left (`ulimit -u`), it panics or waits for ever. A run must know beforehand that it has all
//! threads.

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

/// Sends errands to a porter. Any number of copies may exist; after the porter has ended no errand is run.
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

    /// A handle to send it errands.
    pub(super) fn errands(&self) -> Errands {
        self.errands.clone()
    }
}

impl Drop for Porter {
    fn drop(&mut self) {
        let _ = self.errands.0.send(None);
        if let Some(thread) = self.thread.take() {
            // A panic in an errand does not reach the thread.
            let _ = thread.join();
        }
    }
}

impl Errands {
    /// Runs this on the porter's thread, and waits for the result without a thread. A panic there becomes a panic of
    /// the asking task.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = oneshot::channel::<Result<T, Box<dyn Any + Send>>>();
        let errand = move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            // It fails only if nobody waits for the result any more.
            let _ = done.send(result);
        };
        let _ = self.0.send(Some(Box::new(errand)));
        match result.await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // Can't be: the porter ends after all tasks.
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
            // resume_unwind calls no panic hook, so nothing appears on stderr.
            async move { errands.run(|| std::panic::resume_unwind(Box::new("on purpose"))).await }
        });
        let ended: Result<(), _> = runtime.block_on(panics);
        assert!(ended.expect_err("a panic").is_panic());
        assert_eq!(runtime.block_on(ask(3)), 4, "the porter goes on");
    }
}
