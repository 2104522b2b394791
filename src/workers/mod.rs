//! How buyers are run. Each kind of worker starts its buyers behind a barrier, lets them all go at
//! once, and waits until the last has left; all of them drive the same purchase.

mod arrival;
mod children;
mod gated;
mod limits;
#[cfg(target_os = "linux")]
mod orphan;
mod process;
mod sequential;
mod task;
mod thread;
mod trouble;
mod watch_over;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::history::{Befallen, Recorder, Tally};
use crate::plan::{Plan, Workers};
use crate::store::Store;

pub use children::{ForkError, fork_buyer, only_thread, readable};
pub use gated::{Arrival, GatedCrew};

/// Who watches a run while it goes on.
pub struct Watch<'a> {
    /// Set (by a signal handler, say) when the run is to end early.
    pub interrupted: &'a AtomicBool,
    /// Called once, with the plan and its tickets, when they are on sale and no buyer has started.
    pub begin: &'a mut dyn FnMut(&Plan),
    /// Called now and then with the counts so far, from the launcher's own thread.
    pub progress: &'a mut dyn FnMut(Tally),
    /// Who holds the buyers at the start; `None` lets them go as soon as they are ready.
    pub start: Option<&'a mut dyn Start>,
}

/// Who holds the buyers of a run at the start: somebody who lets those of several hosts go at one moment.
pub trait Start {
    /// Called again and again while buyers are being started. Says whether that is to go on.
    fn still_starts(&mut self) -> bool;

    /// All buyers are ready. Returns when they are to go; `false` where they are not.
    fn go(&mut self) -> bool;
}

impl Watch<'_> {
    /// Whether the start of the buyers goes on.
    fn check_start(&mut self) -> Result<(), WorkersError> {
        let goes_on = self.start.as_mut().is_none_or(|start| start.still_starts());
        if goes_on && !self.interrupted.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(WorkersError::Interrupted)
        }
    }

    /// Waits until the buyers, all of which are ready, are to go.
    fn await_go(&mut self) -> Result<(), WorkersError> {
        if self.start.as_mut().is_none_or(|start| start.go()) {
            Ok(())
        } else {
            Err(WorkersError::Interrupted)
        }
    }
}

/// What a run of all buyers came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// From the first start until all buyers were ready, in nanoseconds.
    pub launch_ns: u64,
    /// When all were let go, on the recorder's clock.
    pub go_ns: u64,
    /// When the last had left, on the recorder's clock.
    pub left_ns: u64,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// The buyers that ended otherwise than by leaving, and the signal that killed them.
    pub killed: Vec<(u32, i32)>,
    /// What befell buyers from outside, as the plan said.
    pub mishaps: Vec<Befallen>,
}

/// Why buyers could not be run.
#[derive(Debug, thiserror::Error)]
pub enum WorkersError {
    /// Not all could be started.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// Not all threads could be started.
    #[error(
        "only {started} of {buyers} buyers could be started: thread: {source}{}",
        limits::limits_note(limits)
    )]
    Thread {
        /// How many were asked for.
        buyers: u32,
        /// How many were started, and ended again.
        started: u32,
        /// Why.
        source: io::Error,
        /// The limits in force, in words.
        limits: String,
    },
    /// Not even the few threads that async buyers share could be started.
    #[error(
        "no buyer could be started: the threads that --workers task needs: {source}{}",
        limits::limits_note(limits)
    )]
    TaskThreads {
        /// Why.
        source: io::Error,
        /// The limits in force, in words.
        limits: String,
    },
    /// One process may not have so many files open.
    #[error(
        "{buyers} buyers in one process need {needed} open files, and {limit} are allowed (ulimit -Hn); \
         take fewer, or --workers process"
    )]
    OpenFiles {
        /// How many buyers were asked for.
        buyers: u32,
        /// How many open files they need.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The conductor may not have a gate for each buyer.
    #[error(
        "the conductor keeps a socket open for each of {buyers} buyers, {needed} files in all, and {limit} \
         are allowed (ulimit -Hn); take fewer buyers"
    )]
    Gates {
        /// How many buyers were asked for.
        buyers: u32,
        /// How many open files it needs.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// Buyers without an order that could be chosen.
    #[error(
        "sequential buyers come one after the other: there is no order to choose; take process, thread or task"
    )]
    InTurn,
    /// A buyer could not open its files.
    #[error("buyer {buyer} could not open what it sells from: {source}")]
    Open {
        /// Which buyer.
        buyer: u32,
        /// Why.
        source: io::Error,
    },
    /// A system call of the launcher failed.
    #[error("the launcher failed: {0}")]
    Launcher(#[from] io::Error),
    /// Interrupted before the buyers were let go.
    #[error("interrupted before the sale began")]
    Interrupted,
}

/// Finds out whether the buyers of a plan can be started, before anything is touched.
///
/// # Errors
/// When they can't.
pub fn check(plan: &Plan) -> Result<(), WorkersError> {
    match plan.workers {
        Workers::Process => Ok(process::check(plan)?),
        // How many files they need, their store knows.
        Workers::Thread | Workers::Task => Ok(()),
        Workers::Sequential => Ok(()),
    }
}

/// Runs the buyers of a plan to their end.
///
/// # Errors
/// When they can't all be started. What happens to a buyer later stands in the recorder.
pub fn run(
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    watch: &mut Watch<'_>,
) -> Result<Crew, WorkersError> {
    if matches!(plan.workers, Workers::Thread | Workers::Task) {
        limits::allow_open_files(plan.buyers, store.files_of_a_buyer())?;
    }
    match plan.workers {
        Workers::Process => process::run(plan, recorder, store, watch),
        Workers::Thread => thread::run(plan, recorder, store, watch),
        Workers::Task => task::run(plan, recorder, store, watch),
        Workers::Sequential => sequential::run(plan, recorder, store, watch),
    }
}
