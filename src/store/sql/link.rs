//! What a buyer's session asks of a connection with an engine, whichever it is.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::fault::Fault;
use crate::history::Recorder;
use crate::protocol::StepKind;
use crate::stock::Stock;

/// What came of a statement.
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

/// How far a statement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// This came of it.
    Answered(Answer),
    /// It was sent: the answer comes on [`Link::descriptor`].
    Asked,
    /// The database is busy: it is worth another try after this time.
    Busy(Duration),
}

/// One connection, with the statements of a sale prepared.
pub trait Link: Send + std::fmt::Debug {
    /// Carries out the statement of a step; `number` is the stock that it takes, if it takes one. It waits as long
    /// as the engine does, or until the buyer gives up.
    ///
    /// # Errors
    /// When it had no effect, or no answer came.
    fn execute(&mut self, step: StepKind, number: Stock) -> Result<Answer, NoAnswer>;

    /// Begins the same without waiting for another buyer.
    ///
    /// # Errors
    /// When it had no effect, or no answer can come.
    fn start(&mut self, step: StepKind, number: Stock) -> Result<Progress, NoAnswer>;

    /// Goes on with the statement that was begun and is not answered.
    ///
    /// # Errors
    /// When it had no effect, or no answer came.
    fn resume(&mut self) -> Result<Progress, NoAnswer>;

    /// On what answers come, if it is a socket.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// The number by which the engine knows this connection; 0 where it knows none.
    fn number(&self) -> u64 {
        0
    }

    /// What to do whenever a statement has to wait, where the engine asks the connection what to do then: it says
    /// whether to try again.
    fn on_wait(&mut self, _again: Again) {}
}

/// Says whether a statement that has to wait is to be tried again, when the time for that has come.
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

    /// Whether it may give up in this step: what lets go is carried out to its end.
    #[must_use]
    pub const fn may_end_in(step: StepKind) -> bool {
        !matches!(step, StepKind::Rollback | StepKind::Unlock | StepKind::GiveBack)
    }
}

/// How long what is done before and after a sale may wait for other programs.
pub(super) const WAIT_FOR_OTHERS: Duration = Duration::from_secs(10);
