//! How buyers are run.

use crate::closed_set::closed_set;

closed_set! {
    /// How buyers are run.
    pub enum Workers: "kind of worker" {
        /// One operating-system process a buyer, forked.
        Process = "process",
        /// One operating-system thread a buyer, all in one process.
        Thread = "thread",
        /// One async task a buyer, on a few threads of one process.
        Task = "task",
        /// One buyer after the other, with no concurrency at all: the baseline.
        Sequential = "sequential",
    }
}

impl Workers {
    /// The kinds that can be held before each step.
    pub const IN_STEPS: &'static [Workers] = &[Workers::Process, Workers::Thread, Workers::Task];

    /// The kind to use when steps are taken one at a time in a chosen order: the same, except for sequential buyers.
    #[must_use]
    pub const fn in_steps(self) -> Self {
        match self {
            Workers::Process | Workers::Thread | Workers::Task => self,
            Workers::Sequential => Workers::Process,
        }
    }

    /// The option that chooses it, unless it is the usual one.
    pub(super) fn option(self) -> Option<String> {
        (self != Workers::Process).then(|| format!("--workers {self}"))
    }
}
