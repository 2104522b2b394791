//! The interface between a buyer's session and a connection, the same for every engine.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::fault::Fault;
use crate::history::Recorder;
use crate::protocol::StepKind;
use crate::stock::Stock;

/// The result of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The number in the first row, if one came.
    pub number: Option<Stock>,
    /// How many rows it changed.
    pub rows: u64,
}

/// Why a statement had no effect, or was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The engine said so, or the connection is gone.
    Fault(Fault),
    /// The buyer gave up waiting, and the engine has undone the statement.
    GivenUp,
}

/// The progress of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is over, with this answer.
    Answered(Answer),
    /// It was sent: the answer comes on [`Link::descriptor`].
    Asked,
    /// The database is busy: try again after this time.
    Busy(Duration),
}

/// One connection, with prepared statements of a sale.
pub trait Link: Send + std::fmt::Debug {
    /// Carries out the statement of a step; `number` is its parameter, if it has one. It waits as long as the engine
    /// does, or until the buyer gives up.
    ///
    /// # Errors
    /// When it had no effect, or no answer came.
    fn execute(&mut self, step: StepKind, number: Stock) -> Result<Answer, NoAnswer>;

    /// Begins the same without waiting for another buyer.
    ///
    /// # Errors
    /// When it had no effect, or no answer can come.
    fn start(&mut self, step: StepKind, number: Stock) -> Result<Progress, NoAnswer>;

    /// Continues the statement that was begun and is not answered.
    ///
    /// # Errors
    /// When it had no effect, or no answer came.
    fn resume(&mut self) -> Result<Progress, NoAnswer>;

    /// The socket on which answers come, if there is one.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// The number by which the engine knows this connection; 0 if it has none.
    fn number(&self) -> u64 {
        0
    }

    /// Sets the function to call whenever a statement has to wait, for engines that ask the connection whether to try
    /// again.
    fn on_wait(&mut self, _again: Again) {}
}

/// Waits until a statement may be tried again, and returns whether to try it.
pub type Again = Box<dyn FnMut() -> bool + Send>;

/// How long a buyer waits for others: until it is told to give up.
#[derive(Clone, Debug)]
pub struct Patience {
    recorder: Recorder,
    buyer: u32,
}

impl Patience {
    /// The patience of this buyer.
    #[must_use]
    pub fn of(recorder: &Recorder, buyer: u32) -> Self {
        Self { recorder: recorder.clone(), buyer }
    }

    /// Whether it is to give up waiting.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.recorder.stopped() || self.recorder.gives_up(self.buyer).is_some()
    }

    /// Whether it may give up in this step: letting go is always completed.
    #[must_use]
    pub const fn may_end_in(step: StepKind) -> bool {
        !matches!(step, StepKind::Rollback | StepKind::Unlock | StepKind::GiveBack)
    }
}

/// How long work before and after a sale may wait for other programs.
pub(super) const WAIT_FOR_OTHERS: Duration = Duration::from_secs(10);
