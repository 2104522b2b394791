//! A session whose every step is recorded.

use std::time::Duration;

use super::Session;
use crate::buyer::Ending;
use crate::fault::{Fault, FaultKind};
use crate::history::Pen;
use crate::protocol::{Action, Reply};

/// Wraps a session and records each step of its buyer with a pen.
#[derive(Debug)]
pub struct Recorded<S> {
    session: S,
    pen: Pen,
}

impl<S> Recorded<S> {
    /// Records what happens in `session` with `pen`.
    pub fn new(session: S, pen: Pen) -> Self {
        Self { session, pen }
    }

    /// The inner session, for actions that are not recorded.
    pub fn inner(&mut self) -> &mut S {
        &mut self.session
    }

    /// Notes that time has passed, if the next step is the first of a purchase.
    pub fn rested(&mut self) {
        self.pen.rested();
    }

    /// Notes that an action was given up, since it would wait for ever. Returns the reply for the buyer.
    pub fn give_up(&mut self, action: Action) -> Reply {
        let reply = Reply::Failed(Fault::plain(FaultKind::LockTimeout));
        self.before(action);
        self.after(action, &reply);
        reply
    }

    /// Notes that an action begins. [`Session::perform`] does so by itself.
    #[inline(always)]
    pub fn before(&mut self, action: Action) {
        self.pen.begin();
        match action {
            Action::Lock
            | Action::LockShared
            | Action::Upgrade
            | Action::LockUntilCommit
            | Action::BeginImmediate => self.pen.waiting(),
            Action::Write(_)
            | Action::Truncate
            | Action::Fill(_)
            | Action::Insert
            | Action::Decrement
            | Action::Swap(_)
            | Action::Take => self.pen.writing(),
            Action::Open
            | Action::Read
            | Action::Think
            | Action::Unlock
            | Action::CloseOther
            | Action::Unlink
            | Action::ReopenCheck
            | Action::LookStale
            | Action::RemoveStale
            | Action::HelperUnlock
            | Action::Begin
            | Action::ReadForUpdate
            | Action::ReadForShare
            | Action::Count
            | Action::GiveBack
            | Action::Commit
            | Action::Rollback
            | Action::Watch
            | Action::Leave => {}
        }
    }

    /// Notes the reply to an action. [`Session::perform`] does so by itself.
    #[inline(always)]
    pub fn after(&mut self, action: Action, reply: &Reply) {
        let pen = &mut self.pen;
        match (action, reply) {
            (
                Action::Lock
                | Action::LockShared
                | Action::Upgrade
                | Action::LockUntilCommit
                | Action::BeginImmediate,
                reply,
            ) => {
                pen.waited(*reply == Reply::Done);
                note_abort(pen, reply);
            }
            (_, Reply::Stock(stock)) => pen.read(*stock),
            (_, Reply::Torn(text)) => pen.torn(text),
            (_, Reply::Failed(_)) => {
                pen.failed();
                note_abort(pen, reply);
            }
            (Action::Truncate, Reply::Done) => pen.truncated(),
            (Action::Write(_) | Action::Fill(_), Reply::Done) => pen.written(),
            (Action::Unlock, Reply::Done) => pen.unlocked(),
            (Action::Open | Action::Read | Action::Think | Action::Leave, Reply::Done) => {}
            (_, Reply::Sold(from)) => {
                pen.sold_from(*from);
                pen.written();
            }
            (Action::Insert, Reply::Done) => pen.written(),
            (Action::Commit, Reply::Done) => pen.unlocked(),
            (Action::Take, Reply::Missed) | (Action::GiveBack, Reply::Done) => {
                pen.passed();
                pen.undone();
            }
            (_, Reply::Done) => pen.passed(),
            (_, Reply::Missed) => pen.missed(),
        }
    }
}

/// Notes the store's code for a try that it aborted.
fn note_abort(pen: &Pen, reply: &Reply) {
    if let Reply::Failed(fault) = reply
        && fault.kind == FaultKind::Aborted
    {
        pen.aborted(fault.store_code());
    }
}

impl<S: Session> Session for Recorded<S> {
    #[inline(always)]
    fn perform(&mut self, action: Action) -> Reply {
        self.before(action);
        let reply = self.session.perform(action);
        self.after(action, &reply);
        reply
    }

    /// An action that would have to wait is not recorded: a purchase begins with its first granted step.
    fn attempt(&mut self, action: Action) -> Option<Reply> {
        match action {
            Action::Lock | Action::LockShared | Action::Upgrade if !self.session.waits_in_store() => {
                let reply = self.session.attempt(action)?;
                self.before(action);
                self.after(action, &reply);
                Some(reply)
            }
            _ => Some(self.perform(action)),
        }
    }

    fn asks(&mut self, action: Action) {
        self.session.asks(action);
    }

    fn think_time(&mut self) -> Duration {
        self.session.think_time()
    }

    #[inline(always)]
    fn ended(&mut self, ending: Ending) {
        self.pen.end(ending.outcome, ending.fault);
        self.session.ended(ending);
    }
}
