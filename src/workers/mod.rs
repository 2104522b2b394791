//! How buyers are run. Each kind of worker starts its buyers behind a barrier, lets them all go at once, and waits
//! until the last one has left. All kinds drive the same buyer.

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
pub use limits::{LimitName, Limits};

/// The caller's view of a run while it goes on.
pub struct Watch<'a> {
    /// Set, for example by a signal handler, when the run is to end early.
    pub interrupted: &'a AtomicBool,
    /// Called once, with the plan and its tickets, when they are on sale and no buyer has started.
    pub begin: &'a mut dyn FnMut(&Plan),
    /// Called now and then with the counts so far, on the launcher's own thread.
    pub progress: &'a mut dyn FnMut(Tally),
    /// Decides when the buyers start; `None` lets them go as soon as they are ready.
    pub start: Option<&'a mut dyn Start>,
}

/// Decides when the buyers of a run start: used to let the buyers of several hosts go at the same moment.
pub trait Start {
    /// Called repeatedly while buyers are being started. Returns whether to go on.
    fn still_starts(&mut self) -> bool;

    /// All buyers are ready. Returns `true` when they are to go, `false` if they are not to.
    fn go(&mut self) -> bool;
}

impl Watch<'_> {
    /// Checks that the start of the buyers is to go on.
    fn check_start(&mut self) -> Result<(), WorkersError> {
        let goes_on = self.start.as_mut().is_none_or(|start| start.still_starts());
        if goes_on && !self.interrupted.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(WorkersError::Interrupted)
        }
    }

    /// Waits until the buyers, which are all ready, are to go.
    fn await_go(&mut self) -> Result<(), WorkersError> {
        if self.start.as_mut().is_none_or(|start| start.go()) {
            Ok(())
        } else {
            Err(WorkersError::Interrupted)
        }
    }
}

/// The result of running all buyers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// From the first start until all buyers were ready, in nanoseconds.
    pub launch_ns: u64,
    /// When all were released, on the recorder's clock.
    pub go_ns: u64,
    /// When the last had left, on the recorder's clock.
    pub left_ns: u64,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// The buyers that did not leave by themselves, and the signal that killed each.
    pub killed: Vec<(u32, i32)>,
    /// The planned mishaps that came.
    pub mishaps: Vec<Befallen>,
}

/// Why buyers could not be run.
#[derive(Debug, thiserror::Error)]
pub enum WorkersError {
    /// Not all processes could be started.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// Not all threads could be started.
    #[error("only {started} of {buyers} buyers could be started: thread: {source}{limits}")]
    Thread {
        /// How many buyers were asked for.
        buyers: u32,
        /// How many were started, and ended again.
        started: u32,
        /// Why.
        source: io::Error,
        /// The limits in force.
        limits: Limits,
    },
    /// The few threads that async buyers share could not be started.
    #[error("no buyer could be started: the threads that async buyers share: {source}{limits}")]
    TaskThreads {
        /// Why.
        source: io::Error,
        /// The limits in force.
        limits: Limits,
    },
    /// One process may not open that many files.
    #[error("{buyers} buyers in one process need {needed} open files, and {limit} are allowed (ulimit -Hn)")]
    OpenFiles {
        /// How many buyers were asked for.
        buyers: u32,
        /// How many open files they need.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The conductor may not open a socket for each buyer's gate.
    #[error(
        "the conductor keeps a socket open for each of {buyers} buyers, {needed} files in all, and {limit} \
         are allowed (ulimit -Hn)"
    )]
    Gates {
        /// How many buyers were asked for.
        buyers: u32,
        /// How many open files it needs.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The order of sequential buyers can't be chosen.
    #[error("sequential buyers come one after the other: there is no order to choose")]
    InTurn,
    /// A buyer could not open its files.
    #[error("buyer {buyer} could not open what it sells from: {source}")]
    Open {
        /// Which buyer.
        buyer: u32,
        /// Why.
        source: io::Error,
    },
    /// A buyer died before it was ready; how, if that is known.
    #[error("a buyer died before the sale{}", .0.as_ref().map(|how| format!(": {how}")).unwrap_or_default())]
    Died(Option<String>),
    /// A system call of the launcher failed.
    #[error("the launcher failed: {0}")]
    Launcher(#[from] io::Error),
    /// Interrupted before the buyers were released.
    #[error("interrupted before the sale began")]
    Interrupted,
}

/// Checks whether the buyers of a plan can be started, before anything is touched.
///
/// # Errors
/// When they can't.
pub fn check(plan: &Plan) -> Result<(), WorkersError> {
    match plan.workers {
        Workers::Process => Ok(process::check(plan)?),
        // Only the store knows how many files they need, so `run` checks that.
        Workers::Thread | Workers::Task => Ok(()),
        Workers::Sequential => Ok(()),
    }
}

/// Runs the buyers of a plan to their end.
///
/// # Errors
/// When they can't all be started. What happens to a buyer later is in the recorder.
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
