//! The real world of one buyer: its own open ticket file, its own lock, and time that passes.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::World;
use crate::buyer::{Action, Reply};
use crate::history::{Fault, FaultKind, Recorder};
use crate::lock::{Locker, Wait};
use crate::plan::{Lock, Pace, Plan, Write};
use crate::ticket_file::{Sighting, TicketFile, scratch_path};

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
    pub fn draw(&mut self) -> Duration {
        if self.pace.think_ns == 0 {
            return Duration::ZERO;
        }
        let factor = 1.0 + self.pace.jitter * self.rng.random_range(-1.0..=1.0);
        Duration::from_nanos((self.pace.think_ns as f64 * factor) as u64)
    }
}

/// The real world, as one buyer has it.
#[derive(Debug)]
pub struct RealWorld<'a> {
    buyer: u32,
    recorder: &'a Recorder,
    ticket_file: TicketFile,
    locker: Locker,
    plan: &'a Plan,
    think_times: ThinkTimes,
}

/// How long a think may go on before it looks whether the run is stopped.
const THINK_SLICE: Duration = Duration::from_millis(20);

impl<'a> RealWorld<'a> {
    /// Opens the ticket file and its lock for one buyer, counted from 1: in the process that will use
    /// them, since flock and OFD locks belong to the open file description.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(plan: &'a Plan, recorder: &'a Recorder, buyer: u32) -> io::Result<Self> {
        Ok(Self {
            buyer,
            recorder,
            ticket_file: TicketFile::open(&plan.file, plan.sale.fsync, &scratch_tag(recorder, buyer))?,
            locker: Locker::open(&plan.sale, &plan.file)?,
            plan,
            think_times: ThinkTimes::new(plan.pace, buyer),
        })
    }

    /// The next think time.
    pub fn think_time(&mut self) -> Duration {
        self.think_times.draw()
    }

    /// As a program does that opens the file for each purchase.
    fn open_lock(&mut self) -> io::Result<()> {
        self.locker = Locker::open(&self.plan.sale, &self.plan.file)?;
        Ok(())
    }

    fn lock(&mut self) -> io::Result<Reply> {
        let (recorder, buyer) = (self.recorder, self.buyer);
        match self.locker.lock(|| recorder.stopped() || recorder.gives_up(buyer))? {
            Wait::Granted => Ok(Reply::Done),
            Wait::GivenUp if recorder.stopped() => Ok(stopped()),
            Wait::GivenUp => Ok(Reply::Failed(Fault::plain(FaultKind::LockTimeout))),
        }
    }

    fn read(&mut self) -> io::Result<Reply> {
        if self.plan.sale.write == Write::Rename {
            self.ticket_file.reopen()?;
        }
        Ok(match self.ticket_file.read()? {
            Sighting::Stock(stock) => Reply::Stock(stock),
            Sighting::Torn(text) => Reply::Torn(text),
        })
    }

    fn think(&mut self) -> Reply {
        let until = Instant::now() + self.think_times.draw();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Reply::Done;
            }
            if self.recorder.stopped() {
                return stopped();
            }
            std::thread::sleep(left.min(THINK_SLICE));
        }
    }

    fn write(&mut self, stock: u64) -> io::Result<()> {
        match self.plan.sale.write {
            Write::Rename => self.ticket_file.replace(stock),
            // Who truncates asks for two steps of their own, never for this one.
            Write::Overwrite | Write::Truncate => self.ticket_file.overwrite(stock),
        }
    }
}

impl World for RealWorld<'_> {
    fn perform(&mut self, action: Action) -> Reply {
        let sale = &self.plan.sale;
        let first = match sale.lock {
            Lock::None => Action::Read,
            _ if sale.replaces_its_lock() => Action::Open,
            _ => Action::Lock,
        };
        if action == first && self.recorder.stopped() {
            return stopped();
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
            Action::Think if self.plan.pace.think_ns == 0 => Reply::Done,
            Action::Think => self.think(),
            Action::Write(stock) => done(self.write(stock), FaultKind::Write),
            Action::Truncate => done(self.ticket_file.truncate(), FaultKind::Write),
            Action::Fill(stock) => done(self.ticket_file.fill(stock), FaultKind::Write),
            Action::Unlock => done(self.locker.unlock(), FaultKind::Unlock),
            Action::Leave => Reply::Done,
        }
    }
}

fn stopped() -> Reply {
    Reply::Failed(Fault::plain(FaultKind::Stopped))
}

/// What tells the temporary files of several buyers, and of several runs, apart.
fn scratch_tag(recorder: &Recorder, buyer: u32) -> String {
    format!("run-{}.buyer-{buyer}", recorder.run_id())
}

/// Removes what a killed buyer may have left beside the ticket file.
pub fn remove_scratch(file: &Path, recorder: &Recorder, buyer: u32) {
    // There is one only if the buyer died between writing and renaming.
    let _ = std::fs::remove_file(scratch_path(file, &scratch_tag(recorder, buyer)));
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
