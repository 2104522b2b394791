//! Where gated buyers run: each in its own process, thread or task. A buyer stands at its gate and does what its
//! conductor says; nothing is decided here.

use std::os::unix::thread::JoinHandleExt as _;
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sys::pthread::pthread_kill;
use nix::sys::signal::Signal;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::buyer::Rules;
use crate::history::Recorder;
use crate::plan::Plan;
use crate::store::Store;
use crate::workers::WorkersError;
use crate::workers::children::Children;
use crate::workers::limits::limits_in_force;
use crate::workers::task::floor::{Floor, runtime};
use crate::workers::task::{no_thread, panicked};
use crate::workers::thread::{STACK_BYTES, thread_id};
use crate::workers::watch_over::WAKE_UP;
use crate::world::{AtGate, Gate, Recorded, Session};

/// The processes, threads or tasks of one crew.
pub(super) enum Home {
    /// Each in a process.
    Processes(Children),
    /// Each in a thread of the conductor's process.
    Threads(Threads),
    /// Each a task on a few threads of the conductor's process.
    Tasks(Tasks),
}

impl Home {
    /// Wakes this buyer, counted from 1: there is a message from the conductor.
    pub(super) fn ring(&self, buyer: u32) {
        if let Home::Tasks(tasks) = self {
            tasks.bells[buyer as usize - 1].notify_one();
        }
    }

    /// Waits until a buyer that has hung up is dead and its lock released.
    pub(super) fn await_death(&self, buyer: u32) {
        match self {
            Home::Processes(children) => children.await_death(buyer),
            // Their session is dropped before the gate, so the lock is already released.
            Home::Threads(_) | Home::Tasks(_) => {}
        }
    }

    /// Wakes all buyers that wait in their store.
    pub(super) fn wake_all(&self) {
        match self {
            Home::Processes(children) => children.signal(WAKE_UP),
            Home::Threads(threads) => threads.wake_all(),
            // A task never blocks in its store.
            Home::Tasks(_) => {}
        }
    }

    /// Kills buyers that hang. A thread can't be killed from outside: it is waited for.
    pub(super) fn kill_all(&self) {
        if let Home::Processes(children) = self {
            children.signal(Signal::SIGKILL);
        }
    }

    /// Kills one buyer and waits until it is dead. `false` if it is no process.
    pub(super) fn kill(&self, buyer: u32) -> bool {
        let Home::Processes(children) = self else { return false };
        children.kill(buyer);
        true
    }

    /// Stops one buyer, or lets it go on. `false` if it is no process.
    pub(super) fn pause(&self, buyer: u32, is_to_stop: bool) -> bool {
        let Home::Processes(children) = self else { return false };
        if is_to_stop {
            children.stop(buyer);
        } else {
            children.signal_one(buyer, Signal::SIGCONT);
        }
        true
    }

    /// Lets all stopped buyers go on.
    pub(super) fn go_on(&self) {
        if let Home::Processes(children) = self {
            children.signal(Signal::SIGCONT);
        }
    }

    /// Waits until all have left. Returns those that were killed, and by which signal; 0 stands for a panic.
    pub(super) fn reap(&mut self) -> Vec<(u32, i32)> {
        match self {
            Home::Processes(children) => children.reap(),
            Home::Threads(threads) => threads.join(),
            Home::Tasks(tasks) => tasks.join(),
        }
    }
}

/// What all buyers in the conductor's own process share.
struct Part<S> {
    plan: Plan,
    recorder: Recorder,
    store: S,
}

impl<S: Store> Part<S> {
    fn of(plan: &Plan, recorder: &Recorder, store: &S) -> Self {
        Self { plan: plan.clone(), recorder: recorder.clone(), store: store.clone() }
    }

    /// The life of one buyer in a thread of its own.
    fn live(&self, buyer: u32, gate: Gate) {
        self.recorder.set_pid(buyer, thread_id());
        match self.store.open(self.plan.pace, &self.recorder, buyer) {
            Ok(session) => self.at_gate(buyer, session, gate).drive(),
            Err(error) => gate.tell_last(&error),
        }
    }

    fn at_gate<Q: Session>(&self, buyer: u32, session: Q, gate: Gate) -> AtGate<Q> {
        AtGate::new(Rules::of(&self.plan, buyer), Recorded::new(session, self.recorder.pen(buyer)), gate)
    }
}

/// Buyers in threads. Dropping this joins them, so their gates have to be closed before.
#[derive(Default)]
pub(super) struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Starts the next buyer.
    pub(super) fn add(
        &mut self,
        plan: &Plan,
        recorder: &Recorder,
        store: &impl Store,
        gate: Gate,
    ) -> Result<(), WorkersError> {
        let (started, part) = (self.0.len() as u32, Part::of(plan, recorder, store));
        let buyer = started + 1;
        let thread = std::thread::Builder::new().name(format!("buyer-{buyer}")).stack_size(STACK_BYTES);
        let thread = thread.spawn(move || part.live(buyer, gate)).map_err(|source| WorkersError::Thread {
            buyers: plan.buyers,
            started,
            source,
            limits: limits_in_force(),
        })?;
        self.0.push(thread);
        Ok(())
    }

    fn wake_all(&self) {
        for thread in &self.0 {
            // It is not joined yet, so its handle is valid even if it has ended.
            let _ = pthread_kill(thread.as_pthread_t(), WAKE_UP);
        }
    }

    fn join(&mut self) -> Vec<(u32, i32)> {
        let threads = std::mem::take(&mut self.0).into_iter().zip(1..);
        threads.filter_map(|(thread, buyer)| thread.join().is_err().then_some((buyer, 0))).collect()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.join();
    }
}

/// Buyers as tasks, which have no thread to wait at their gates: a bell tells each when there is a message. Dropping
/// this waits for their ends, so their gates have to be closed, and the bells rung, before.
pub(super) struct Tasks {
    tasks: JoinSet<u32>,
    bells: Vec<Arc<Notify>>,
    /// Drives only the wait for the last task.
    waiter: Runtime,
    /// Drives the tasks, so it has to outlive them.
    _floor: Floor,
}

impl Tasks {
    /// Starts all buyers, each at its gate, in their order.
    pub(super) fn start(
        plan: &Plan,
        recorder: &Recorder,
        store: &impl Store,
        gates: Vec<Gate>,
    ) -> Result<Self, WorkersError> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let runtimes = (0..threads).map(|_| runtime(false)).collect::<std::io::Result<Vec<Runtime>>>()?;
        let part = Part::of(plan, recorder, store);
        let (mut tasks, mut bells) = (JoinSet::new(), Vec::new());
        for ((gate, buyer), thread) in gates.into_iter().zip(1..).zip((0..threads).cycle()) {
            let session = store
                .open(plan.pace, recorder, buyer)
                .map_err(|source| WorkersError::Open { buyer, source })?;
            let (at_gate, bell) = (part.at_gate(buyer, session, gate), Arc::new(Notify::new()));
            bells.push(Arc::clone(&bell));
            tasks.spawn_on(live(buyer, at_gate, bell), runtimes[thread].handle());
        }
        let floor = Floor::open(runtimes).map_err(no_thread)?;
        Ok(Self { tasks, bells, waiter: runtime(false)?, _floor: floor })
    }

    fn join(&mut self) -> Vec<(u32, i32)> {
        self.waiter.block_on(panicked(std::mem::take(&mut self.tasks)))
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.join();
    }
}

/// The life of one buyer as a task.
async fn live<Q: Session>(buyer: u32, mut at_gate: AtGate<Q>, bell: Arc<Notify>) -> u32 {
    at_gate.arrive();
    while !at_gate.has_left() {
        bell.notified().await;
        if !at_gate.go() {
            break;
        }
    }
    buyer
}
