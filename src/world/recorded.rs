//! A world whose every step is recorded.

use super::World;
use crate::buyer::{Action, Ending, Reply};
use crate::history::Pen;

/// Wraps a world and notes each step of its buyer with a pen.
#[derive(Debug)]
pub struct Recorded<W> {
    world: W,
    pen: Pen,
}

impl<W> Recorded<W> {
    /// Records what happens in `world` with `pen`.
    pub fn new(world: W, pen: Pen) -> Self {
        Self { world, pen }
    }

    /// The world inside, for what takes no recording.
    pub fn inner(&mut self) -> &mut W {
        &mut self.world
    }

    /// Notes that time has passed before what comes next, if that is the first step of a purchase.
    pub fn rested(&mut self) {
        self.pen.rested();
    }

    /// Notes that an action begins. [`World::perform`] does so by itself.
    #[inline(always)]
    pub fn before(&mut self, action: Action) {
        self.pen.begin();
        match action {
            Action::Lock => self.pen.waiting(),
            Action::Write(_) | Action::Truncate => self.pen.writing(),
            Action::Open
            | Action::Read
            | Action::Think
            | Action::Fill(_)
            | Action::Unlock
            | Action::Leave => {}
        }
    }

    /// Notes what came of an action. [`World::perform`] does so by itself.
    #[inline(always)]
    pub fn after(&mut self, action: Action, reply: &Reply) {
        let pen = &mut self.pen;
        match (action, reply) {
            (Action::Lock, reply) => pen.waited(*reply == Reply::Done),
            (_, Reply::Stock(stock)) => pen.read(*stock),
            (_, Reply::Torn(text)) => pen.torn(text),
            (_, Reply::Failed(_)) => pen.failed(),
            (Action::Truncate, Reply::Done) => pen.truncated(),
            (Action::Write(_) | Action::Fill(_), Reply::Done) => pen.written(),
            (Action::Unlock, Reply::Done) => pen.unlocked(),
            (Action::Open | Action::Read | Action::Think | Action::Leave, Reply::Done) => {}
        }
    }
}

impl<W: World> World for Recorded<W> {
    #[inline(always)]
    fn perform(&mut self, action: Action) -> Reply {
        self.before(action);
        let reply = self.world.perform(action);
        self.after(action, &reply);
        reply
    }

    /// A purchase begins with the lock that it gets: a lock that is held leaves no trace in the record.
    fn try_lock(&mut self) -> Option<Reply> {
        let reply = self.world.try_lock()?;
        self.before(Action::Lock);
        self.after(Action::Lock, &reply);
        Some(reply)
    }

    #[inline(always)]
    fn ended(&mut self, ending: Ending) {
        self.pen.end(ending.outcome, ending.fault);
        self.world.ended(ending);
    }
}
