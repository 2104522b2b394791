//! One sale: plan → workers → history → verdict. Prints nothing.

use std::io;

use crate::history::{BuyerCount, Header, History, Recorder, Tally, Timing};
use crate::plan::{Plan, PlanError};
use crate::stock::Stock;
use crate::store::{Left, Store, StoreError, settled, with_store};
use crate::verdict::{Verdict, judge};
use crate::workers::{self, Crew, Watch, WorkersError};

/// Why a sale could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan can't be run.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The tickets can't be put on sale there.
    #[error(transparent)]
    Store(StoreError),
    /// The buyers could not be run.
    #[error(transparent)]
    Workers(#[from] WorkersError),
    /// There is no memory for the recorder.
    #[error("the recorder's shared memory: {0}")]
    Recorder(io::Error),
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Interrupted => WorkersError::Interrupted.into(),
            other => RunError::Store(other),
        }
    }
}

/// A sale that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Sold {
    /// What happened; its header holds the plan.
    pub history: History,
    /// The verdict on it.
    pub verdict: Verdict,
    /// Each buyer's counts.
    pub buyers: Vec<BuyerCount>,
}

/// Runs the sale of a plan.
///
/// # Errors
/// When it could not be run. The ticket file is unchanged then, except by `--tickets`.
pub fn run(plan: &Plan, watch: &mut Watch<'_>) -> Result<Sold, RunError> {
    plan.check()?;
    workers::check(plan)?;
    let plan = Plan { store: settled(&plan.store)?, ..plan.clone() };
    with_store!(&plan.store, store => run_at(&store, &plan, watch))
}

/// Runs the sale of a plan at its store.
fn run_at(store: &impl Store, plan: &Plan, watch: &mut Watch<'_>) -> Result<Sold, RunError> {
    store.admit(plan.buyers)?;
    let initial = store.put_on_sale(plan.tickets, watch.interrupted)?;
    let plan = Plan { tickets: Some(initial), ..plan.clone() };
    (watch.begin)(&plan);
    let recorder = Recorder::for_plan(&plan, initial).map_err(RunError::Recorder)?;
    let crew = workers::run(&plan, &recorder, store, watch)?;
    Ok(settle(plan, initial, &recorder, &crew, store.left()))
}

/// Collects the result when all buyers have left: history, verdict and counts.
pub(crate) fn settle(plan: Plan, initial: Stock, recorder: &Recorder, crew: &Crew, left: Left) -> Sold {
    let (purchases, unrecorded) = recorder.collect();
    let last_return_ns = purchases.iter().filter_map(|purchase| purchase.return_ns.get()).max();
    let end_ns =
        if unrecorded == Tally::default() { last_return_ns.unwrap_or(crew.left_ns) } else { crew.left_ns };
    let killed_by =
        |buyer| crew.killed.iter().find(|(killed, _)| *killed == buyer).map(|(_, signal)| *signal);
    let buyers = (1..=plan.buyers)
        .map(|buyer| BuyerCount {
            buyer,
            pid: recorder.pid(buyer),
            tally: recorder.tally_of(buyer),
            killed_by: killed_by(buyer),
        })
        .collect();
    let timing = Timing {
        launch_ns: crew.launch_ns,
        go_ns: crew.go_ns,
        elapsed_ns: end_ns.saturating_sub(crew.go_ns),
        go_spread_ns: None,
    };
    let header = Header {
        wall_ns: Some(recorder.wall_ns()),
        unrecorded,
        interrupted: crew.interrupted,
        timing: Some(timing),
        mishaps: crew.mishaps.clone(),
        ..left.header(plan, initial)
    };
    let history = History { header, purchases };
    let verdict = judge(&history);
    Sold { history, verdict, buyers }
}
