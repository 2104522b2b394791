//! Buyers that are each held at their own gate before every step. A conductor decides who goes next; nothing is decided
//! here.

mod home;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::WorkersError;
use super::children::{Children, readable};
use super::limits::allow_gates;
use super::watch_over::{TICK, catch_wake_up};
use crate::buyer::Rules;
use crate::history::Recorder;
use crate::plan::{Plan, Workers};
use crate::store::Store;
use crate::world::{AtGate, Baton, Gate, Recorded, Told};
use home::{Home, Tasks, Threads};

/// How long a buyer may take to answer after an interrupt, before it is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// The result of letting a buyer go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The buyer sent this message, and is at its next gate (or has left, if it has no next step).
    Told(Told),
    /// The buyer is dead.
    Died,
    /// The conductor was interrupted, and the buyer did not answer in time.
    GivenUp,
}

/// Buyers at their gates. They end when it is dropped.
pub struct GatedCrew {
    batons: Vec<Baton>,
    home: Home,
    /// The number by which the store knows each buyer's session.
    sessions: Vec<u64>,
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
        catch_wake_up()?;
        let mut crew = Self::start(plan, recorder, store)?;
        for buyer in 1..=plan.buyers {
            match crew.await_told(buyer, interrupted)? {
                Arrival::Told(Told::NotOpened(0)) => {
                    let why = crew.batons[buyer as usize - 1].last_words();
                    return Err(WorkersError::Open { buyer, source: io::Error::other(why) });
                }
                Arrival::Told(Told::NotOpened(errno)) => {
                    return Err(WorkersError::Open { buyer, source: io::Error::from_raw_os_error(errno) });
                }
                Arrival::Told(Told::Ready(session)) => crew.sessions.push(session),
                Arrival::Told(_) => return Err(io::Error::from(io::ErrorKind::InvalidData).into()),
                Arrival::Died => return Err(WorkersError::Died(None)),
                Arrival::GivenUp => return Err(WorkersError::Interrupted),
            }
        }
        Ok(crew)
    }

    /// Starts the buyers.
    fn start(plan: &Plan, recorder: &Recorder, store: &impl Store) -> Result<Self, WorkersError> {
        allow_gates(plan, store.files_of_a_buyer())?;
        let (mut batons, sessions) = (Vec::new(), Vec::new());
        match plan.workers {
            Workers::Process => {
                let mut children = Children::new(plan.buyers)?;
                for buyer in 1..=plan.buyers {
                    let (baton, gate) = Gate::pair()?;
                    batons.push(baton);
                    children.add(|| {
                        // Otherwise this child would keep the others' gates open when the conductor closes them.
                        batons.clear();
                        be_buyer(plan, recorder, store, buyer, gate)
                    })?;
                }
                Ok(Self { batons, sessions, home: Home::Processes(children) })
            }
            Workers::Thread => {
                let mut crew = Self { batons, sessions, home: Home::Threads(Threads::default()) };
                for _ in 1..=plan.buyers {
                    let (baton, gate) = Gate::pair()?;
                    crew.batons.push(baton);
                    if let Home::Threads(threads) = &mut crew.home {
                        threads.add(plan, recorder, store, gate)?;
                    }
                }
                Ok(crew)
            }
            Workers::Task => {
                let mut gates = Vec::new();
                for _ in 1..=plan.buyers {
                    let (baton, gate) = Gate::pair()?;
                    batons.push(baton);
                    gates.push(gate);
                }
                Ok(Self { batons, sessions, home: Home::Tasks(Tasks::start(plan, recorder, store, gates)?) })
            }
            Workers::Sequential => Err(WorkersError::InTurn),
        }
    }

    /// Lets one buyer, counted from 1, go one step, and does not wait for it. Returns `false` when it is dead.
    ///
    /// # Errors
    /// When a system call of the conductor fails.
    pub fn send(&mut self, buyer: u32) -> io::Result<bool> {
        let said = self.batons[buyer as usize - 1].let_go();
        self.home.ring(buyer);
        match said {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.died(buyer);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The buyer's next message, if one comes within this time.
    ///
    /// # Errors
    /// When a system call of the conductor fails.
    pub fn hear(&mut self, buyer: u32, within: Duration) -> io::Result<Option<Arrival>> {
        if !readable(&self.batons[buyer as usize - 1], within)? {
            return Ok(None);
        }
        self.listen(buyer).map(Some)
    }

    /// Whether a buyer has sent a message that was not read yet.
    ///
    /// # Errors
    /// When a system call of the conductor fails.
    pub fn has_told(&self, buyer: u32) -> io::Result<bool> {
        readable(&self.batons[buyer as usize - 1], Duration::ZERO)
    }

    /// How many buyers there are.
    #[must_use]
    pub fn buyers(&self) -> u32 {
        self.batons.len() as u32
    }

    /// The number by which the store knows a buyer's session.
    #[must_use]
    pub fn session(&self, buyer: u32) -> u64 {
        self.sessions[buyer as usize - 1]
    }

    /// Makes one buyer, counted from 1, give up its next step.
    ///
    /// # Errors
    /// As [`GatedCrew::send`].
    pub fn give_up(&mut self, buyer: u32, interrupted: &AtomicBool) -> io::Result<Arrival> {
        let said = self.batons[buyer as usize - 1].give_up();
        self.home.ring(buyer);
        match said {
            Ok(()) => self.await_told(buyer, interrupted),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(self.died(buyer)),
            Err(error) => Err(error),
        }
    }

    /// Kills one buyer, counted from 1, and waits until it and everything that inherited its files are dead. `false` if
    /// it is no process.
    pub fn kill(&self, buyer: u32) -> bool {
        self.home.kill(buyer)
    }

    /// Stops one buyer, counted from 1, and waits until it is stopped; or lets it go on. `false` if it is no process.
    pub fn pause(&self, buyer: u32, is_to_stop: bool) -> bool {
        self.home.pause(buyer, is_to_stop)
    }

    fn await_told(&mut self, buyer: u32, interrupted: &AtomicBool) -> io::Result<Arrival> {
        let mut interrupted_since: Option<Instant> = None;
        loop {
            if let Some(arrival) = self.hear(buyer, TICK)? {
                return Ok(arrival);
            }
            if interrupted.load(Ordering::Relaxed)
                && interrupted_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE
            {
                return Ok(Arrival::GivenUp);
            }
        }
    }

    fn listen(&mut self, buyer: u32) -> io::Result<Arrival> {
        match self.batons[buyer as usize - 1].listen() {
            Ok(told) => Ok(Arrival::Told(told)),
            // The connection is reset if the buyer died with unread messages.
            Err(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Ok(self.died(buyer)),
                _ => Err(error),
            },
        }
    }

    /// A buyer has hung up. Waits until it is dead, since only then the kernel has released its lock.
    fn died(&self, buyer: u32) -> Arrival {
        self.home.await_death(buyer);
        Arrival::Died
    }

    /// Closes all gates and waits until every buyer has left. Returns those that were killed, and by
    /// which signal.
    #[must_use]
    pub fn dismiss(mut self, store: &impl Store, recorder: &Recorder) -> Vec<(u32, i32)> {
        self.close_gates();
        self.home.go_on();
        // A buyer at its gate leaves at once; one that waits in its store gives up and cancels its request; one that
        // hangs in a system call is not waited for without limit.
        let deadline = Instant::now() + PATIENCE;
        let mut soon = Instant::now() + TICK;
        while !self.batons.iter_mut().all(|baton| hangs_up(baton, soon)) {
            if soon >= deadline {
                self.home.kill_all();
                break;
            }
            recorder.stop();
            self.home.wake_all();
            soon = (Instant::now() + TICK).min(deadline);
        }
        let killed = self.home.reap();
        store.clean_up(recorder, &killed);
        store.bury(recorder, &killed);
        killed
    }

    /// Makes all buyers leave at once.
    fn close_gates(&self) {
        for (baton, buyer) in self.batons.iter().zip(1..) {
            baton.close();
            self.home.ring(buyer);
        }
    }
}

impl Drop for GatedCrew {
    fn drop(&mut self) {
        self.close_gates();
    }
}

/// Waits until the buyer at the other end has left; `false` if it has not by the deadline.
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
fn be_buyer(plan: &Plan, recorder: &Recorder, store: &impl Store, buyer: u32, gate: Gate) -> u8 {
    recorder.set_pid(buyer, std::process::id());
    match store.open(plan.pace, recorder, buyer) {
        Ok(session) => {
            AtGate::new(Rules::of(plan, buyer), Recorded::new(session, recorder.pen(buyer)), gate).drive();
        }
        Err(error) => gate.tell_last(&error),
    }
    0
}
