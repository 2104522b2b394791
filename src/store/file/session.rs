//! The real world of one buyer: its own open ticket file, its own lock, and time that passes.

use std::io;
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::buyer::{Action, Reply};
use crate::fault::{Fault, FaultKind};
use crate::history::Recorder;
use crate::plan::{Lock, Pace, Plan, Sale, Write};
use crate::stock::Stock;
use crate::store::file::lock::{Locker, Meeting, Wait};
use crate::store::file::ticket::{RunTag, Sighting, TicketFile};
use crate::world::World;

/// Think times of one buyer: the same seed and buyer draw the same times, in any release
/// (ChaCha with 8 rounds, which rand promises to keep; each buyer is a stream of it).
#[derive(Debug)]
pub struct ThinkTimes {
    rng: ChaCha8Rng,
    pace: Pace,
}

impl ThinkTimes {
    /// The think times of this buyer.
    #[must_use]
    pub fn new(pace: Pace, buyer: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(pace.seed);
        rng.set_stream(u64::from(buyer));
        Self { rng, pace }
    }

    /// Draws the next one.
    #[inline]
    pub fn draw(&mut self) -> Duration {
        if self.pace.think_ns == 0 {
            return Duration::ZERO;
        }
        let factor = 1.0 + self.pace.jitter * self.rng.random_range(-1.0..=1.0);
        Duration::from_nanos((self.pace.think_ns as f64 * factor) as u64)
    }
}

/// The real world, as one buyer has it. It owns what it needs, so that a thread or a task can take it.
#[derive(Debug)]
pub struct RealWorld {
    buyer: u32,
    recorder: Recorder,
    sale: Sale,
    /// The first action of a purchase.
    first: Action,
    ticket_file: TicketFile,
    locker: Locker,
    meeting: Meeting,
    think_times: ThinkTimes,
}

/// How long a think may go on before it looks whether the run is stopped.
const THINK_SLICE: Duration = Duration::from_millis(20);

impl RealWorld {
    /// Opens the ticket file and its lock for one buyer, counted from 1: in the process that will use
    /// them, since flock and OFD locks belong to the open file description.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(plan: &Plan, recorder: &Recorder, meeting: &Meeting, buyer: u32) -> io::Result<Self> {
        let ticket_file = TicketFile::open(&plan.file, plan.sale.fsync, &RunTag::new(recorder.run_id()))?;
        let first = match plan.sale.lock {
            Lock::None => Action::Read,
            _ if plan.sale.replaces_its_lock() => Action::Open,
            _ => Action::Lock,
        };
        Ok(Self {
            buyer,
            recorder: recorder.clone(),
            sale: plan.sale,
            first,
            locker: Locker::beside(&plan.sale, &ticket_file, meeting)?,
            ticket_file,
            meeting: meeting.clone(),
            think_times: ThinkTimes::new(plan.pace, buyer),
        })
    }

    /// The next think time.
    pub fn think_time(&mut self) -> Duration {
        self.think_times.draw()
    }

    /// Why this action, as the first of a purchase, must not be taken any more: the run is stopped.
    #[must_use]
    #[inline(always)]
    pub fn refusal(&self, action: Action) -> Option<Reply> {
        (action == self.first && self.recorder.stopped()).then(Self::stopped)
    }

    /// The reply to an action that the end of the run cut short.
    #[must_use]
    pub fn stopped() -> Reply {
        Reply::Failed(Fault::plain(FaultKind::Stopped))
    }

    /// As a program does that opens the file for each purchase.
    fn open_lock(&mut self) -> io::Result<()> {
        self.locker = Locker::open(&self.sale, self.ticket_file.path(), &self.meeting)?;
        Ok(())
    }

    #[inline(always)]
    fn lock(&mut self) -> io::Result<Reply> {
        let (recorder, buyer) = (&self.recorder, self.buyer);
        let gives_up = || recorder.stopped() || recorder.gives_up(buyer).is_some();
        Ok(match self.locker.lock(gives_up)? {
            Wait::Granted => Reply::Done,
            Wait::GivenUp if recorder.stopped() => Self::stopped(),
            // A buyer that was stopped (SIGSTOP) learns late that its time is up: the lock may long be free.
            Wait::GivenUp if self.locker.try_lock()? => Reply::Done,
            Wait::GivenUp => recorder.gives_up(buyer).map_or_else(Self::stopped, Reply::Failed),
            Wait::HolderGone { pid } => Reply::Failed(Fault::holder_gone(pid)),
        })
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
                return Self::stopped();
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

impl World for RealWorld {
    // Into the loop that drives the buyer: no reply is passed through memory there.
    #[inline(always)]
    fn perform(&mut self, action: Action) -> Reply {
        if let Some(reply) = self.refusal(action) {
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
            Action::Leave => Reply::Done,
        }
    }

    fn try_lock(&mut self) -> Option<Reply> {
        match self.locker.try_lock() {
            Ok(true) => Some(Reply::Done),
            Ok(false) => None,
            Err(error) => Some(Reply::Failed(Fault::os(FaultKind::Lock, &error))),
        }
    }
}

/// Removes what killed buyers may have left beside the ticket file. All buyers have gone.
pub fn remove_scratch(plan: &Plan, recorder: &Recorder, killed: &[(u32, i32)]) {
    // There is a scratch file only if one of them died between writing and renaming.
    if !killed.is_empty() && plan.sale.write == Write::Rename {
        RunTag::new(recorder.run_id()).clean_up(&plan.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64, buyer: u32) -> Vec<Duration> {
        let pace = Pace { think_ns: 10_000_000, jitter: 0.5, seed };
        let mut times = ThinkTimes::new(pace, buyer);
        (0..100).map(|_| times.draw()).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_times_within_the_jitter() {
        assert_eq!(draws(1, 2), draws(1, 2));
        assert_ne!(draws(1, 2), draws(1, 3));
        assert_ne!(draws(1, 2), draws(2, 2));
        let range = Duration::from_millis(5)..=Duration::from_millis(15);
        assert!(draws(7, 1).iter().all(|time| range.contains(time)));
    }
}
