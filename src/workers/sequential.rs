//! Buyers one after the other: each has left before the next one opens the ticket file. The synchronous baseline:
//! nobody has to be kept out, and all think times add up.
//!
//! They share one thread, so that the launcher's own thread can watch the run.

use super::{Crew, Watch, WorkersError, thread};
use crate::history::Recorder;
use crate::plan::Plan;
use crate::store::Store;

pub(super) fn run(
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    watch: &mut Watch<'_>,
) -> Result<Crew, WorkersError> {
    thread::run_lanes(plan, recorder, store, watch, std::iter::once(1..=plan.buyers))
}
