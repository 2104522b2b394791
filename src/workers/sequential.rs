//! Buyers one after the other: each has left before the next one opens the ticket file. The baseline of
//! "synchronous": nobody has to be kept out, and all think times add up.
//!
//! They share one thread, so that the launcher can go on attending to the run.

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
