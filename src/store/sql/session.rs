//! One buyer's session with a database: its own connection, prepared statements, and real time.
//!
//! A step is one statement, and at most one round trip. A buyer that waits in the server is woken by a signal when the
//! run is stopped, and cancels its statement.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rand::RngExt as _;

use super::link::{Again, Answer, Link, NoAnswer, Progress};
use crate::buyer::Ending;
use crate::fault::{Fault, FaultKind};
use crate::history::Recorder;
use crate::plan::Pace;
use crate::protocol::sql::SqlChoices;
use crate::protocol::{Action, Reply, StepKind};
use crate::stock::Stock;
use crate::world::{Begun, Session, Timekeeper};

/// One buyer's session. It owns what it needs, so that a thread or a task can take it.
#[derive(Debug)]
pub struct SqlSession {
    time: Timekeeper,
    link: Box<dyn Link>,
    /// Whether a purchase that the engine aborted is tried again.
    retries: bool,
    /// How often the engine has aborted the current purchase.
    aborted: u32,
    /// Whether it was aborted, and has not begun again.
    backs_off: bool,
    /// The action of an async task that is not over, and whether the database has received it.
    under_way: Option<(Action, StepKind, bool)>,
}

/// The longest wait of a purchase after its first abort before it begins again; doubled each time.
const BACK_OFF: Duration = Duration::from_micros(500);
/// The most times that the wait is doubled.
const MOST_DOUBLINGS: u32 = 6;

impl SqlSession {
    /// The session of one buyer, counted from 1, on this connection.
    #[must_use]
    pub fn new(
        link: Box<dyn Link>,
        choices: &SqlChoices,
        recorder: &Recorder,
        pace: Pace,
        buyer: u32,
    ) -> Self {
        Self {
            time: Timekeeper::new(recorder, pace, buyer),
            link,
            retries: choices.retry,
            aborted: 0,
            backs_off: false,
            under_way: None,
        }
    }

    /// How long an aborted purchase waits before it begins again, if it waits now: longer each time, and random, so
    /// that the same two buyers do not meet again.
    fn back_off(&mut self, step: StepKind) -> Option<Duration> {
        if step.lets_go() || !std::mem::take(&mut self.backs_off) {
            return None;
        }
        let most = BACK_OFF * 2_u32.pow(self.aborted.min(MOST_DOUBLINGS));
        Some(most.mul_f64(rand::rng().random_range(0.0..1.0)))
    }

    /// Carries out a statement and returns the reply.
    fn execute(&mut self, action: Action, step: StepKind) -> Reply {
        if let Some(time) = self.back_off(step) {
            let rested = self.time.sleep(time);
            if rested != Reply::Done {
                return rested;
            }
        }
        let carried_out = self.link.execute(step, number_of(action));
        self.conclude(action, step, carried_out)
    }

    /// The reply for the result of a statement.
    fn conclude(&mut self, action: Action, step: StepKind, came: Result<Answer, NoAnswer>) -> Reply {
        match came {
            Ok(answer) => self.reply(action, step, answer),
            Err(NoAnswer::GivenUp) => self.time.given_up(),
            Err(NoAnswer::Fault(fault)) => {
                if self.retries && fault.kind == FaultKind::Aborted {
                    (self.aborted, self.backs_off) = (self.aborted + 1, true);
                }
                Reply::Failed(fault)
            }
        }
    }

    /// Notes the progress of a statement that was begun.
    fn note(&mut self, action: Action, step: StepKind, progress: Result<Progress, NoAnswer>) -> Begun {
        self.under_way = Some((action, step, true));
        let came = match progress {
            Ok(Progress::Asked) => return Begun::Asked,
            Ok(Progress::Busy(time)) => return Begun::Busy(time),
            Ok(Progress::Answered(answer)) => Ok(answer),
            Err(none) => Err(none),
        };
        self.under_way = None;
        Begun::Over(self.conclude(action, step, came))
    }

    fn reply(&self, action: Action, step: StepKind, answer: Answer) -> Reply {
        let missing = Reply::Failed(Fault::plain(FaultKind::Store));
        let changed = answer.rows == 1;
        match action {
            _ if step.reads() => answer.number.map_or(missing, Reply::Stock),
            // A write replaced the stock that was seen, so the new stock is known.
            Action::Write(stock) if changed => Reply::Sold(stock + 1),
            Action::Swap(seen) if changed => Reply::Sold(seen),
            // The run is over, so a swap that missed is not tried again.
            Action::Swap(_) if self.time.stopped() => Reply::stopped(),
            Action::Swap(_) => Reply::Missed,
            Action::Decrement => answer.number.map_or(missing, |left| Reply::Sold(left + 1)),
            Action::Take => answer.number.map_or(Reply::Missed, |left| Reply::Sold(left + 1)),
            Action::Insert | Action::GiveBack if changed => Reply::Done,
            Action::Write(_) | Action::Insert | Action::GiveBack => missing,
            // The engine's own time-out ended the wait.
            Action::Lock if answer.number == Some(0) => Reply::Failed(Fault::plain(FaultKind::LockTimeout)),
            Action::Unlock if answer.number == Some(0) => Reply::Failed(Fault::plain(FaultKind::Unlock)),
            _ => Reply::Done,
        }
    }
}

/// The stock that a statement takes, if it takes one.
const fn number_of(action: Action) -> Stock {
    match action {
        Action::Write(stock) | Action::Swap(stock) => stock,
        _ => 0,
    }
}

impl Session for SqlSession {
    fn perform(&mut self, action: Action) -> Reply {
        if let Some(reply) = self.time.begin() {
            return reply;
        }
        match (action, action.kind()) {
            (Action::Think, _) => self.time.think(),
            (_, None) => Reply::Done,
            (_, Some(step)) => self.execute(action, step),
        }
    }

    fn attempt(&mut self, action: Action) -> Option<Reply> {
        Some(self.perform(action))
    }

    fn begin(&mut self, action: Action) -> Begun {
        if let Some(reply) = self.time.begin() {
            return Begun::Over(reply);
        }
        let Some(step) = action.kind() else { return Begun::Over(Reply::Done) };
        if let Some(time) = self.back_off(step) {
            self.under_way = Some((action, step, false));
            return Begun::Busy(time);
        }
        let progress = self.link.start(step, number_of(action));
        self.note(action, step, progress)
    }

    fn resume(&mut self) -> Begun {
        let Some((action, step, is_sent)) = self.under_way else { return Begun::Over(Reply::stopped()) };
        if is_sent {
            let progress = self.link.resume();
            return self.note(action, step, progress);
        }
        // After the wait nothing has been begun yet.
        if self.time.stopped() {
            self.under_way = None;
            return Begun::Over(Reply::stopped());
        }
        let progress = self.link.start(step, number_of(action));
        self.note(action, step, progress)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.link.descriptor()
    }

    fn think_time(&mut self) -> Duration {
        self.time.draw()
    }

    fn ended(&mut self, _ending: Ending) {
        self.time.ended();
        (self.aborted, self.backs_off) = (0, false);
    }

    fn waits_in_store(&self) -> bool {
        true
    }

    fn number(&self) -> u64 {
        self.link.number()
    }

    fn on_wait(&mut self, again: Again) {
        self.link.on_wait(again);
    }
}
