//! Buyers as processes, each held at a gate of its own before every step: for a conductor that decides
//! who goes next. Nothing is decided here.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::WorkersError;
use super::attend::TICK;
use super::brood::{Brood, readable};
use super::limits::allow_gates;
use crate::buyer::{Buyer, Rules};
use crate::history::Recorder;
use crate::plan::Plan;
use crate::store::Store;
use crate::world::{Baton, Gate, Recorded, Told, drive_gated};

/// How long a buyer may take to answer once all is to end, before it is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// What came of letting a buyer go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The buyer told this, and is at its next gate (or has left, if it has no next step).
    Told(Told),
    /// The buyer is dead.
    Died,
    /// The conductor was interrupted, and the buyer did not answer in the time that it had left.
    GivenUp,
}

/// Buyers that stand at their gates. They end when it is dropped.
pub struct GatedCrew {
    brood: Brood,
    batons: Vec<Baton>,
}

impl GatedCrew {
    /// Starts the buyers of a plan, and waits until each has opened its files and stands at its first
    /// gate.
    ///
    /// # Errors
    /// When they can't all be started, or when interrupted: none is left running then.
    pub fn launch(
        plan: &Plan,
        recorder: &Recorder,
        store: &impl Store,
        interrupted: &AtomicBool,
    ) -> Result<Self, WorkersError> {
        allow_gates(plan)?;
        let mut crew = Self { brood: Brood::new(plan.buyers)?, batons: Vec::new() };
        for buyer in 1..=plan.buyers {
            let (baton, mut gate) = Gate::pair()?;
            crew.batons.push(baton);
            let batons = &mut crew.batons;
            crew.brood.add(|| {
                // Else this buyer would keep the others' gates open when the conductor closes them.
                batons.clear();
                be_buyer(plan, recorder, store, buyer, &mut gate)
            })?;
        }
        for buyer in 1..=plan.buyers {
            match crew.await_told(buyer, interrupted)? {
                Arrival::Told(Told::NotOpened(errno)) => {
                    return Err(WorkersError::Open { buyer, source: io::Error::from_raw_os_error(errno) });
                }
                Arrival::Told(_) => {}
                Arrival::Died => return Err(io::Error::other("a buyer died before the sale").into()),
                Arrival::GivenUp => return Err(WorkersError::Interrupted),
            }
        }
        Ok(crew)
    }

    /// Lets one buyer, counted from 1, go one step, and waits until it has taken it.
    ///
    /// # Errors
    /// When a system call of the conductor fails.
    pub fn let_go(&mut self, buyer: u32, interrupted: &AtomicBool) -> io::Result<Arrival> {
        let said = self.batons[buyer as usize - 1].let_go();
        self.after_saying(said, buyer, interrupted)
    }

    fn after_saying(
        &mut self,
        said: io::Result<()>,
        buyer: u32,
        interrupted: &AtomicBool,
    ) -> io::Result<Arrival> {
        match said {
            Ok(()) => self.await_told(buyer, interrupted),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(self.died(buyer)),
            Err(error) => Err(error),
        }
    }

    /// Has one buyer, counted from 1, give its next step up.
    ///
    /// # Errors
    /// As [`GatedCrew::let_go`].
    pub fn give_up(&mut self, buyer: u32, interrupted: &AtomicBool) -> io::Result<Arrival> {
        let said = self.batons[buyer as usize - 1].give_up();
        self.after_saying(said, buyer, interrupted)
    }

    fn await_told(&mut self, buyer: u32, interrupted: &AtomicBool) -> io::Result<Arrival> {
        let baton = &mut self.batons[buyer as usize - 1];
        let mut interrupted_since: Option<Instant> = None;
        while !readable(baton, TICK)? {
            if interrupted.load(Ordering::Relaxed)
                && interrupted_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE
            {
                return Ok(Arrival::GivenUp);
            }
        }
        match baton.listen() {
            Ok(told) => Ok(Arrival::Told(told)),
            // It is reset when the buyer died before it had heard all.
            Err(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Ok(self.died(buyer)),
                _ => Err(error),
            },
        }
    }

    /// A buyer has hung up. Its lock is let go once it is quite dead.
    fn died(&self, buyer: u32) -> Arrival {
        self.brood.await_death(buyer);
        Arrival::Died
    }

    /// Closes all gates and waits until every buyer has left. Returns those that were killed, and by
    /// which signal.
    #[must_use]
    pub fn dismiss(mut self, store: &impl Store, recorder: &Recorder) -> Vec<(u32, i32)> {
        self.batons.iter().for_each(Baton::close);
        // A buyer at its gate leaves at once; one that hangs in a system call is not waited for for ever.
        let deadline = Instant::now() + PATIENCE;
        if !self.batons.iter_mut().all(|baton| hangs_up(baton, deadline)) {
            self.brood.signal(Signal::SIGKILL);
        }
        let killed = self.brood.reap();
        store.clean_up(recorder, &killed);
        killed
    }
}

/// Waits until the buyer at the other end has left; `false` if it has not by then.
fn hangs_up(baton: &mut Baton, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match readable(baton, left) {
            Ok(true) if baton.listen().is_err() => return true,
            Ok(true) => {}
            Ok(false) if !left.is_zero() => {}
            Ok(false) | Err(_) => return false,
        }
    }
}

/// The life of one buyer process. Returns its exit code.
fn be_buyer(plan: &Plan, recorder: &Recorder, store: &impl Store, buyer: u32, gate: &mut Gate) -> u8 {
    recorder.set_pid(buyer, std::process::id());
    let world = match store.open(plan.pace, recorder, buyer) {
        Ok(world) => world,
        Err(error) => {
            gate.tell(Told::NotOpened(error.raw_os_error().unwrap_or(0)));
            return 0;
        }
    };
    gate.tell(Told::Ready);
    let mut steps = Buyer::new(Rules::of(plan, buyer));
    drive_gated(&mut steps, &mut Recorded::new(world, recorder.pen(buyer)), gate);
    0
}
