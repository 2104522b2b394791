//! One buyer's session on the real ticket file: its own open file, its own lock, and real time.

use std::fs::File;
use std::io;
use std::time::Duration;

use crate::buyer::Ending;
use crate::fault::{Fault, FaultKind};
use crate::history::Recorder;
use crate::plan::{FilePlan, Pace};
use crate::protocol::file::{FileChoices, Lock, Write};
use crate::protocol::{Action, Reply, StepKind};
use crate::stock::Stock;
use crate::store::file::helper::Helper;
use crate::store::file::lock::{CommonLock, LockAnswer, Locker, carrier};
use crate::store::file::ticket::{RunTag, Sighting, TicketFile};
use crate::world::{Session, Timekeeper};

/// One buyer's session. It owns what it needs, so that a thread or a task can take it.
#[derive(Debug)]
pub struct FileSession {
    time: Timekeeper,
    choices: FileChoices,
    ticket_file: TicketFile,
    locker: Locker,
    common: CommonLock,
    /// The helper process that inherited the lock's file, if it is to unlock it.
    helper: Option<Helper>,
    /// Whether it has found the lockfile's holder dead and is about to remove the lockfile.
    found_dead: bool,
    /// Whether it is held before each step, so that no time passes.
    by_hand: bool,
}

impl FileSession {
    /// Opens the ticket file and its lock for one buyer, counted from 1: in the process that will use
    /// them, since flock and OFD locks belong to the open file description.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn open(
        plan: &FilePlan,
        pace: Pace,
        recorder: &Recorder,
        common: &CommonLock,
        buyer: u32,
    ) -> io::Result<Self> {
        let choices = plan.choices.of_buyer(buyer);
        let name = plan.name_of(buyer);
        let ticket_file = TicketFile::open(name, plan.choices.fsync, &RunTag::new(recorder.run_id()))?;
        // A buyer that opens the file anew for each read closes the descriptor before, so the lock needs its own.
        let locker = if choices.replaces_its_lock() {
            Locker::open(&choices, name, common)?
        } else {
            Locker::beside(&choices, &ticket_file, common)?
        };
        let needs_helper = choices.protocol().has(StepKind::HelperUnlock);
        let helper = if needs_helper { locker.helper()? } else { None };
        Ok(Self {
            time: Timekeeper::new(recorder, pace, buyer),
            choices,
            locker,
            ticket_file,
            common: common.clone(),
            helper,
            found_dead: false,
            by_hand: false,
        })
    }

    /// Like a program that opens the file for each purchase.
    fn open_lock(&mut self) -> io::Result<()> {
        self.locker = Locker::open(&self.choices, self.ticket_file.path(), &self.common)?;
        Ok(())
    }

    #[inline(always)]
    fn lock(&mut self) -> io::Result<Reply> {
        self.wait_for(|locker, gives_up| locker.lock(gives_up), Locker::try_lock)
    }

    #[inline(never)]
    fn lock_shared(&mut self) -> io::Result<Reply> {
        self.wait_for(|locker, gives_up| locker.lock_shared(gives_up), Locker::try_lock_shared)
    }

    #[inline(always)]
    fn wait_for(
        &self,
        lock: impl FnOnce(&Locker, &dyn Fn() -> bool) -> io::Result<LockAnswer>,
        try_lock: impl FnOnce(&Locker) -> io::Result<bool>,
    ) -> io::Result<Reply> {
        Ok(match lock(&self.locker, &|| self.time.gives_up())? {
            LockAnswer::Granted => Reply::Done,
            LockAnswer::GivenUp if self.time.stopped() => Reply::stopped(),
            // A stopped buyer (SIGSTOP) learns late that it is to give up: the lock may be free by then.
            LockAnswer::GivenUp if try_lock(&self.locker)? => Reply::Done,
            LockAnswer::GivenUp => self.time.given_up(),
            LockAnswer::HolderGone { pid } => Reply::Failed(Fault::holder_gone(pid)),
        })
    }

    /// Like a library that reads the file and closes it again, without knowing of the lock.
    fn close_other(&self) -> io::Result<()> {
        match File::open(carrier(&self.choices, self.ticket_file.path())) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes the file that carries the lock. If it is already gone, that is no error (`rm -f`).
    fn unlink(&self) -> io::Result<()> {
        match std::fs::remove_file(carrier(&self.choices, self.ticket_file.path())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Like programs that find a lockfile: first they look and decide, then they remove it.
    #[inline(never)]
    fn look_stale(&mut self) -> Reply {
        self.found_dead = self.locker.looks_stale(self.by_hand);
        Reply::Done
    }

    #[inline(never)]
    fn remove_stale(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.found_dead) { self.locker.remove_stale() } else { Ok(()) }
    }

    #[inline(never)]
    fn helper_unlock(&mut self) -> io::Result<()> {
        self.helper.as_mut().map_or_else(|| Err(io::ErrorKind::NotFound.into()), Helper::unlock)
    }

    fn reopen_check(&self) -> io::Result<Reply> {
        let is_current = self.locker.is_at(&carrier(&self.choices, self.ticket_file.path()))?;
        Ok(if is_current { Reply::Done } else { Reply::Missed })
    }

    #[inline(always)]
    fn read(&mut self) -> io::Result<Reply> {
        if self.choices.write == Write::Rename {
            self.ticket_file.reopen()?;
        }
        Ok(match self.ticket_file.read()? {
            Sighting::Stock(stock) => Reply::Stock(stock),
            Sighting::Torn(text) => Reply::Torn(text),
        })
    }

    #[inline(always)]
    fn write(&mut self, stock: Stock) -> io::Result<()> {
        match self.choices.write {
            Write::Rename => self.ticket_file.replace(stock),
            // With `truncate` a buyer asks for two other steps, never for this one.
            Write::Overwrite | Write::Truncate => self.ticket_file.overwrite(stock),
        }
    }
}

impl Session for FileSession {
    // Inlined into the loop that drives the buyer, so that no reply is passed through memory.
    #[inline(always)]
    fn perform(&mut self, action: Action) -> Reply {
        if let Some(reply) = self.time.begin() {
            return reply;
        }
        let done = |result: io::Result<()>, kind| match result {
            Ok(()) => Reply::Done,
            Err(error) => Reply::Failed(Fault::os(kind, &error)),
        };
        let failed = |kind| move |error| Reply::Failed(Fault::os(kind, &error));
        let failed_lock = |error| Reply::Failed(Fault::of_lock(&error));
        match action {
            Action::Open => done(self.open_lock(), FaultKind::Lock),
            Action::Lock => self.lock().unwrap_or_else(failed_lock),
            Action::Read => self.read().unwrap_or_else(failed(FaultKind::Read)),
            Action::Think => self.time.think(),
            Action::Write(stock) => done(self.write(stock), FaultKind::Write),
            Action::Truncate => done(self.ticket_file.truncate(), FaultKind::Write),
            Action::Fill(stock) => done(self.ticket_file.fill(stock), FaultKind::Write),
            Action::Unlock => done(self.locker.unlock(), FaultKind::Unlock),
            Action::LockShared => self.lock_shared().unwrap_or_else(failed_lock),
            Action::Upgrade => self.lock().unwrap_or_else(failed_lock),
            Action::CloseOther => done(self.close_other(), FaultKind::Lock),
            Action::Unlink => done(self.unlink(), FaultKind::Unlock),
            Action::ReopenCheck => self.reopen_check().unwrap_or_else(failed(FaultKind::Lock)),
            Action::LookStale => self.look_stale(),
            Action::RemoveStale => done(self.remove_stale(), FaultKind::Lock),
            Action::HelperUnlock => done(self.helper_unlock(), FaultKind::Unlock),
            Action::Leave => Reply::Done,
            // The choices of a ticket file have no such step.
            Action::Begin
            | Action::BeginImmediate
            | Action::ReadForUpdate
            | Action::ReadForShare
            | Action::Count
            | Action::Insert
            | Action::Decrement
            | Action::Swap(_)
            | Action::Take
            | Action::GiveBack
            | Action::LockUntilCommit
            | Action::Commit
            | Action::Rollback
            | Action::Watch => Reply::Failed(Fault::plain(FaultKind::Store)),
        }
    }

    fn attempt(&mut self, action: Action) -> Option<Reply> {
        let shared = match action {
            Action::Lock | Action::Upgrade => false,
            Action::LockShared => true,
            _ => return Some(self.perform(action)),
        };
        let locker = &self.locker;
        self.time.attempt(|| {
            match if shared { locker.try_lock_shared() } else { locker.try_lock_by_hand() } {
                Ok(granted) => granted.then_some(Reply::Done),
                Err(error) => Some(Reply::Failed(Fault::of_lock(&error))),
            }
        })
    }

    fn by_hand(&mut self) {
        self.by_hand = true;
    }

    /// flock(2): a change of the lock first releases the old one, even if the new one is granted later.
    fn asks(&mut self, action: Action) {
        if action == Action::Upgrade && self.choices.lock == Lock::Flock {
            // If this fails, the upgrade fails as well, and reports it.
            let _ = self.locker.unlock();
        }
    }

    fn think_time(&mut self) -> Duration {
        self.time.draw()
    }

    #[inline(always)]
    fn ended(&mut self, _ending: Ending) {
        self.time.ended();
    }
}
