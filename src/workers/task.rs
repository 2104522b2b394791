//! Buyers as async tasks on a few threads of one process, each with its own open file and lock.
//!
//! Thinking is a timer and occupies no thread, so ten thousand buyers can think at once. The ticket file is read and
//! written on the task's thread, since that only touches the page cache; with `--fsync` a separate thread writes and
//! waits for the disk.
//!
//! **Waiting for a lock** is the only thing that may take for ever, and there is no asynchronous flock(2). A task that
//! calls it occupies a thread that drives tasks. A task that leaves it to a pool of blocking threads occupies one of
//! those; once the pool is full of waiters, a holder that needs the pool can't go on to unlock, and all wait for ever.
//! So a task
//!
//! 1. tries the lock without waiting, and goes on if it gets it;
//! 2. else queues at the doorway, an async semaphore with one permit, which costs no thread and no CPU;
//! 3. inside the doorway, waits for the lock on the doorway's own thread, and leaves the doorway *as soon as it holds
//!    the lock*, not when it unlocks: the doorway orders the waiters and keeps nobody out.
//!
//! **It can't deadlock**, with any number of threads: at most one thread of this process is blocked in a lock call, and
//! the holder does not need that thread. It thinks with a timer, reads and writes on its own thread or on one that
//! waits for no lock, and unlocks with a call that does not wait.
//!
//! **A database** is asked over a socket, and its answer wakes the task. SQLite has no server: if its file is busy, a
//! task tries again after a pause; a separate thread executes its statements, which may wait for the disk but for no
//! other buyer.
//!
//! **All threads are started before the sale begins**; if one can't be started, the sale does not begin.

mod clock;
mod ear;
pub(super) mod floor;
mod porter;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::clock::Clock;
use self::ear::Ear;
use self::floor::{Floor, runtime};
use self::porter::{Errands, Porter};
use super::limits::limits_in_force;
use super::watch_over::{UnderWay, WAKE_UP, catch_wake_up, watch_over};
use super::{Crew, Watch, WorkersError};
use crate::buyer::{Buyer, Rules};
use crate::fault::{Fault, FaultKind};
use crate::history::Recorder;
use crate::plan::Plan;
use crate::protocol::{Action, Reply};
use crate::store::Store;
use crate::world::{Begun, Recorded, Session};

pub(super) fn run(
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    watch: &mut Watch<'_>,
) -> Result<Crew, WorkersError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    run_on(threads, plan, recorder, store, watch)
}

/// Runs the buyers on this many threads, and one at the doorway.
fn run_on(
    threads: usize,
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    watch: &mut Watch<'_>,
) -> Result<Crew, WorkersError> {
    catch_wake_up()?;
    let began = Instant::now();
    // Threads that serve the tasks are started first and end last.
    let doorkeeper = Porter::start("doorway").map_err(no_thread)?;
    let hall = Arc::new(Hall {
        clock: Clock::start().map_err(no_thread)?,
        doorway: Semaphore::new(1),
        doorkeeper: doorkeeper.errands(),
        blocked: Mutex::new(None),
        limit: plan.lock_timeout_ns().map(Duration::from_nanos),
        at_a_file: plan.file().is_some(),
    });
    let disks = (0..if store.waits_for_disk() { threads } else { 0 })
        .map(|_| Porter::start("disk").map_err(no_thread))
        .collect::<Result<Vec<_>, _>>()?;
    let runtimes =
        (0..threads).map(|_| runtime(!hall.at_a_file)).collect::<std::io::Result<Vec<Runtime>>>()?;
    let (go, gate) = watch::channel(false);
    let (presence, left) = channel();
    let mut tasks = JoinSet::new();
    for (buyer, thread) in (1..=plan.buyers).zip((0..threads).cycle()) {
        let world =
            store.open(plan.pace, recorder, buyer).map_err(|source| WorkersError::Open { buyer, source })?;
        let visit = Visit {
            buyer,
            rules: Rules::of(plan, buyer),
            hall: Arc::clone(&hall),
            disk: disks.get(thread).map(Porter::errands),
            gate: gate.clone(),
            _presence: presence.clone(),
        };
        let world = Recorded::new(world, recorder.pen(buyer));
        tasks.spawn_on(async move { visit.shop(world).await }, runtimes[thread].handle());
        watch.check_start()?;
    }
    drop(presence);
    let floor = Floor::open(runtimes).map_err(no_thread)?;
    let launch_ns = began.elapsed().as_nanos() as u64;
    watch.await_go()?;
    let go_ns = recorder.now_ns();
    go.send_replace(true);
    let mut visitors = Visitors { hall, left };
    let interrupted = watch_over(plan, recorder, watch, &mut visitors)?;
    let left_ns = recorder.now_ns();
    let killed = runtime(false)?.block_on(panicked(tasks));
    drop(floor);
    store.clean_up(recorder, &killed);
    Ok(Crew { launch_ns, go_ns, left_ns, interrupted, killed, mishaps: Vec::new() })
}

/// The system has no thread left.
pub(super) fn no_thread(source: std::io::Error) -> WorkersError {
    WorkersError::TaskThreads { source, limits: limits_in_force() }
}

/// The thread that waits for the lock: valid while it is in [`Hall::blocked`].
#[derive(Clone, Copy, Debug)]
struct BlockedThread(Pthread);

// SAFETY: the handle is a number or, with some C libraries, a pointer that only they look into; it is
// handed to pthread_kill(3) alone, which any thread may call.
unsafe impl Send for BlockedThread {}

/// What the tasks share.
#[derive(Debug)]
struct Hall {
    clock: Clock,
    /// Lets one task at a time wait for the lock on the doorway's thread.
    doorway: Semaphore,
    /// The doorway's thread.
    doorkeeper: Errands,
    /// The buyer that waits there now, and the thread.
    blocked: Mutex<Option<(u32, BlockedThread)>>,
    limit: Option<Duration>,
    /// Whether the store is a ticket file: there only the lock may have to be waited for.
    at_a_file: bool,
}

impl Hall {
    /// Waits for the lock on this thread, which may block and can be woken.
    fn wait_for_lock(&self, buyer: u32, world: &mut impl Session, action: Action) -> Reply {
        let blocked = |who| *self.blocked.lock().unwrap_or_else(PoisonError::into_inner) = who;
        blocked(Some((buyer, BlockedThread(pthread_self()))));
        let reply = world.perform(action);
        blocked(None);
        reply
    }

    /// Wakes the thread that waits for the lock, if it waits for a buyer that `is_meant`.
    fn wake(&self, is_meant: impl Fn(u32) -> bool) {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((buyer, BlockedThread(thread))) = *blocked
            && is_meant(buyer)
        {
            // The thread can't leave while its entry is locked, so its handle is valid.
            let _ = pthread_kill(thread, WAKE_UP);
        }
    }
}

/// One task's part.
struct Visit {
    buyer: u32,
    /// How it buys.
    rules: Rules,
    hall: Arc<Hall>,
    /// The thread that waits for the disk, if writes are to be on it.
    disk: Option<Errands>,
    /// The start barrier: opened by `true`.
    gate: watch::Receiver<bool>,
    /// Hangs up when the task is gone.
    _presence: Sender<std::convert::Infallible>,
}

impl Visit {
    /// The life of one buyer.
    async fn shop<S: Session + Send + 'static>(mut self, mut world: Recorded<S>) -> u32 {
        // An error means that the launcher has given up instead.
        if self.gate.wait_for(|open| *open).await.is_err() {
            return self.buyer;
        }
        let mut steps = Buyer::new(self.rules);
        let mut ear = Ear::default();
        loop {
            let action = steps.next();
            let reply = match action {
                Action::Leave => return self.buyer,
                Action::Think => self.think(&mut world).await,
                other if !self.hall.at_a_file => {
                    let reply;
                    (world, reply) = self.ask(world, other, &mut ear).await;
                    reply
                }
                Action::Lock | Action::LockShared | Action::Upgrade => {
                    let reply;
                    (world, reply) = self.lock(world, action).await;
                    reply
                }
                Action::Write(_) | Action::Fill(_) if self.disk.is_some() => {
                    let reply;
                    (world, reply) = self.on_disk(world, move |world| world.perform(action)).await;
                    reply
                }
                other => world.perform(other),
            };
            if let Some(ending) = steps.accept(reply) {
                world.ended(ending);
                // Without think time and with a free lock it would never yield the thread.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Runs work that waits for a disk on the thread for that.
    async fn on_disk<S: Session + Send + 'static, T: Send + 'static>(
        &self,
        mut world: Recorded<S>,
        work: impl FnOnce(&mut Recorded<S>) -> T + Send + 'static,
    ) -> (Recorded<S>, T) {
        let work = move || {
            let done = work(&mut world);
            (world, done)
        };
        match &self.disk {
            Some(disk) => disk.run(work).await,
            None => work(),
        }
    }

    /// Asks a database, and waits for the answer without a thread.
    async fn ask<S: Session + Send + 'static>(
        &self,
        mut world: Recorded<S>,
        action: Action,
        ear: &mut Ear,
    ) -> (Recorded<S>, Reply) {
        world.before(action);
        let mut begun;
        (world, begun) = self.on_disk(world, move |world| world.inner().begin(action)).await;
        let reply = loop {
            match begun {
                Begun::Over(reply) => break reply,
                Begun::Asked => {
                    ear.attune(world.inner().descriptor());
                    ear.listen().await;
                }
                Begun::Busy(time) => self.hall.clock.sleep(time).await,
            }
            (world, begun) = self.on_disk(world, |world| world.inner().resume()).await;
        };
        world.after(action, &reply);
        (world, reply)
    }

    async fn think(&self, world: &mut Recorded<impl Session>) -> Reply {
        world.before(Action::Think);
        let until = Instant::now() + world.think_time();
        let left = || until.saturating_duration_since(Instant::now());
        if !left().is_zero() {
            self.hall.clock.sleep(left()).await;
        }
        // If the run is stopped, all timers end early.
        let reply = if left().is_zero() { Reply::Done } else { Reply::stopped() };
        world.after(Action::Think, &reply);
        reply
    }

    /// Takes the lock, as the module's documentation says.
    async fn lock<S: Session + Send + 'static>(
        &self,
        mut world: Recorded<S>,
        action: Action,
    ) -> (Recorded<S>, Reply) {
        world.before(action);
        let at_once = world.inner().attempt(action);
        let (mut world, reply) = match at_once {
            Some(reply) => (world, reply),
            None => self.lock_patiently(world, action).await,
        };
        world.after(action, &reply);
        (world, reply)
    }

    async fn lock_patiently<S: Session + Send + 'static>(
        &self,
        mut world: Recorded<S>,
        action: Action,
    ) -> (Recorded<S>, Reply) {
        let hall = Arc::clone(&self.hall);
        let turn = match self.hall.limit {
            Some(limit) => timeout(limit, self.hall.doorway.acquire()).await,
            None => Ok(self.hall.doorway.acquire().await),
        };
        let turn = match turn {
            Ok(Ok(turn)) => turn,
            // The doorway is closed when the run is stopped.
            Ok(Err(_)) => return (world, Reply::stopped()),
            // Like a buyer that gives up waiting for the lock: it tries once more, since the lock may be free by now.
            Err(_) => {
                let late = || Reply::Failed(Fault::plain(FaultKind::LockTimeout));
                let reply = world.inner().attempt(action).unwrap_or_else(late);
                return (world, reply);
            }
        };
        let buyer = self.buyer;
        let wait = move || {
            let reply = hall.wait_for_lock(buyer, world.inner(), action);
            (world, reply)
        };
        let waited = self.hall.doorkeeper.run(wait).await;
        drop(turn);
        waited
    }
}

/// The tasks under way, for the launcher.
struct Visitors {
    hall: Arc<Hall>,
    left: Receiver<std::convert::Infallible>,
}

impl UnderWay for Visitors {
    fn all_left(&mut self, within: Duration) -> std::io::Result<bool> {
        Ok(self.left.recv_timeout(within) == Err(RecvTimeoutError::Disconnected))
    }

    /// Tasks in the queue at the doorway watch the clock themselves.
    fn wake(&self, buyer: u32) {
        self.hall.wake(|blocked| blocked == buyer);
    }

    fn wake_all(&self, _at_last: bool) {
        self.hall.doorway.close();
        self.hall.clock.ring_all();
        self.hall.wake(|_| true);
    }
}

/// Waits until the last task is done. Returns those that panicked, with signal 0.
pub(super) async fn panicked(mut tasks: JoinSet<u32>) -> Vec<(u32, i32)> {
    let mut came_home = vec![false; tasks.len()];
    while let Some(done) = tasks.join_next().await {
        if let Ok(buyer) = done {
            came_home[buyer as usize - 1] = true;
        }
    }
    came_home.into_iter().zip(1..).filter(|(home, _)| !home).map(|(_, buyer)| (buyer, 0)).collect()
}

#[cfg(test)]
mod tests;
