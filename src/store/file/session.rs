//! One buyer's session on the real ticket file: its own open file, its own lock, and time that passes.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use crate::buyer::Ending;
use crate::fault::{Fault, FaultKind};
use crate::history::Recorder;
use crate::plan::{FilePlan, Pace};
use crate::protocol::file::{Lock, Sale, Write};
use crate::protocol::{Action, Reply};
use crate::stock::Stock;
use crate::store::file::lock::{Locker, Meeting, Wait, carrier};
use crate::store::file::ticket::{RunTag, Sighting, TicketFile};
use crate::world::{Session, ThinkTimes};

/// One buyer's session. It owns what it needs, so that a thread or a task can take it.
#[derive(Debug)]
pub struct FileSession {
    buyer: u32,
    recorder: Recorder,
    sale: Sale,
    /// Whether its next action is the first of a purchase.
    is_fresh: bool,
    ticket_file: TicketFile,
    locker: Locker,
    meeting: Meeting,
    think_times: ThinkTimes,
}

/// How long a think may go on before it looks whether the run is stopped.
const THINK_SLICE: Duration = Duration::from_millis(20);

impl FileSession {
    /// Opens the ticket file and its lock for one buyer, counted from 1: in the process that will use
    /// them, since flock and OFD locks belong to the open file description.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(
        plan: &FilePlan,
        pace: Pace,
        recorder: &Recorder,
        meeting: &Meeting,
        buyer: u32,
    ) -> io::Result<Self> {
        let ticket_file = TicketFile::open(&plan.file, plan.sale.fsync, &RunTag::new(recorder.run_id()))?;
        // A buyer that reads a file anew each time closes the descriptor that it had before: then the lock
        // needs one of its own.
        let locker = if plan.sale.replaces_its_lock() {
            Locker::open(&plan.sale, &plan.file, meeting)?
        } else {
            Locker::beside(&plan.sale, &ticket_file, meeting)?
        };
        Ok(Self {
            buyer,
            recorder: recorder.clone(),
            sale: plan.sale,
            is_fresh: true,
            locker,
            ticket_file,
            meeting: meeting.clone(),
            think_times: ThinkTimes::new(pace, buyer),
        })
    }

    /// Why this action must not be taken any more: it is the first of a purchase, and the run is stopped.
    #[inline(always)]
    fn too_late(&mut self) -> Option<Reply> {
        (std::mem::take(&mut self.is_fresh) && self.recorder.stopped()).then(Reply::stopped)
    }

    /// As a program does that opens the file for each purchase.
    fn open_lock(&mut self) -> io::Result<()> {
        self.locker = Locker::open(&self.sale, self.ticket_file.path(), &self.meeting)?;
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
        lock: impl FnOnce(&Locker, &dyn Fn() -> bool) -> io::Result<Wait>,
        try_lock: impl FnOnce(&Locker) -> io::Result<bool>,
    ) -> io::Result<Reply> {
        let (recorder, buyer) = (&self.recorder, self.buyer);
        let gives_up = || recorder.stopped() || recorder.gives_up(buyer).is_some();
        Ok(match lock(&self.locker, &gives_up)? {
            Wait::Granted => Reply::Done,
            Wait::GivenUp if recorder.stopped() => Reply::stopped(),
            // A buyer that was stopped (SIGSTOP) learns late that its time is up: the lock may long be free.
            Wait::GivenUp if try_lock(&self.locker)? => Reply::Done,
            Wait::GivenUp => recorder.gives_up(buyer).map_or_else(Reply::stopped, Reply::Failed),
            Wait::HolderGone { pid } => Reply::Failed(Fault::holder_gone(pid)),
        })
    }

    /// As a library does that looks into the file and closes it again, and knows of no lock.
    fn close_other(&self) -> io::Result<()> {
        match File::open(carrier(&self.sale, self.ticket_file.path())) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes the file that carries the lock. That another has done so already is no error (`rm -f`).
    fn unlink(&self) -> io::Result<()> {
        match std::fs::remove_file(carrier(&self.sale, self.ticket_file.path())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn reopen_check(&self) -> io::Result<Reply> {
        let is_current = self.locker.is_at(&carrier(&self.sale, self.ticket_file.path()))?;
        Ok(if is_current { Reply::Done } else { Reply::Missed })
    }

    #[inline(always)]
    fn read(&mut self) -> io::Result<Reply> {
        if self.sale.write == Write::Rename {
            self.ticket_file.reopen()?;
        }
        Ok(match self.ticket_file.read()? {
            Sighting::Stock(stock) => Reply::Stock(stock),
            Sighting::Torn(text) => Reply::Torn(text),
        })
    }

    #[inline(always)]
    fn think(&mut self) -> Reply {
        let time = self.think_times.draw();
        if time.is_zero() { Reply::Done } else { self.sleep(time) }
    }

    fn sleep(&self, time: Duration) -> Reply {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Reply::Done;
            }
            if self.recorder.stopped() {
                return Reply::stopped();
            }
            std::thread::sleep(left.min(THINK_SLICE));
        }
    }

    #[inline(always)]
    fn write(&mut self, stock: Stock) -> io::Result<()> {
        match self.sale.write {
            Write::Rename => self.ticket_file.replace(stock),
            // Who truncates asks for two steps of their own, never for this one.
            Write::Overwrite | Write::Truncate => self.ticket_file.overwrite(stock),
        }
    }
}

impl Session for FileSession {
    // Into the loop that drives the buyer: no reply is passed through memory there.
    #[inline(always)]
    fn perform(&mut self, action: Action) -> Reply {
        if let Some(reply) = self.too_late() {
            return reply;
        }
        let done = |result: io::Result<()>, kind| match result {
            Ok(()) => Reply::Done,
            Err(error) => Reply::Failed(Fault::os(kind, &error)),
        };
        let failed = |kind| move |error| Reply::Failed(Fault::os(kind, &error));
        match action {
            Action::Open => done(self.open_lock(), FaultKind::Lock),
            Action::Lock => self.lock().unwrap_or_else(failed(FaultKind::Lock)),
            Action::Read => self.read().unwrap_or_else(failed(FaultKind::Read)),
            Action::Think => self.think(),
            Action::Write(stock) => done(self.write(stock), FaultKind::Write),
            Action::Truncate => done(self.ticket_file.truncate(), FaultKind::Write),
            Action::Fill(stock) => done(self.ticket_file.fill(stock), FaultKind::Write),
            Action::Unlock => done(self.locker.unlock(), FaultKind::Unlock),
            Action::LockShared => self.lock_shared().unwrap_or_else(failed(FaultKind::Lock)),
            Action::Upgrade => self.lock().unwrap_or_else(failed(FaultKind::Lock)),
            Action::CloseOther => done(self.close_other(), FaultKind::Lock),
            Action::Unlink => done(self.unlink(), FaultKind::Unlock),
            Action::ReopenCheck => self.reopen_check().unwrap_or_else(failed(FaultKind::Lock)),
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
            | Action::Rollback => Reply::Failed(Fault::plain(FaultKind::Store)),
        }
    }

    fn attempt(&mut self, action: Action) -> Option<Reply> {
        let shared = match action {
            Action::Lock | Action::Upgrade => false,
            Action::LockShared => true,
            _ => return Some(self.perform(action)),
        };
        let is_fresh = self.is_fresh;
        if let Some(reply) = self.too_late() {
            return Some(reply);
        }
        let tried = if shared { self.locker.try_lock_shared() } else { self.locker.try_lock() };
        match tried {
            Ok(true) => Some(Reply::Done),
            Ok(false) => {
                self.is_fresh = is_fresh;
                None
            }
            Err(error) => Some(Reply::Failed(Fault::os(FaultKind::Lock, &error))),
        }
    }

    /// flock(2): a lock that is turned into another is let go first, whenever the new one is granted.
    fn asks(&mut self, action: Action) {
        if action == Action::Upgrade && self.sale.lock == Lock::Flock {
            // If that fails, the upgrade does as well, and says so.
            let _ = self.locker.unlock();
        }
    }

    fn think_time(&mut self) -> Duration {
        self.think_times.draw()
    }

    #[inline(always)]
    fn ended(&mut self, _ending: Ending) {
        self.is_fresh = true;
    }
}
