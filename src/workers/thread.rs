//! Buyers as threads of one process: each opens the ticket file and its lock itself, so that locks that
//! belong to the open file description (flock, OFD) keep them apart, and those that belong to the
//! process (POSIX) do not.
//!
//! Each thread runs a lane of buyers, one after the other: a lane of one each is `--workers thread`, one
//! lane of all is `--workers sequential`.

use std::io;
use std::ops::RangeInclusive;
use std::os::unix::thread::JoinHandleExt as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::pthread::pthread_kill;

use super::limits::limits_in_force;
use super::watch_over::{TICK, UnderWay, WAKE_UP, catch_wake_up, watch_over};
use super::{Crew, Watch, WorkersError};
use crate::buyer::{Buyer, Rules};
use crate::history::Recorder;
use crate::plan::Plan;
use crate::store::Store;
use crate::world::{Recorded, drive};

/// Small enough for ten thousand stacks: a purchase needs little, and address space costs page tables.
pub(super) const STACK_BYTES: usize = 256 * 1024;

pub(super) fn run(
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    watch: &mut Watch<'_>,
) -> Result<Crew, WorkersError> {
    run_lanes(plan, recorder, store, watch, (1..=plan.buyers).map(|buyer| buyer..=buyer))
}

pub(super) fn run_lanes(
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    watch: &mut Watch<'_>,
    lanes: impl Iterator<Item = RangeInclusive<u32>>,
) -> Result<Crew, WorkersError> {
    catch_wake_up()?;
    let began = Instant::now();
    let (report, reports) = channel();
    let mut team = Team {
        recorder: recorder.clone(),
        barrier: Arc::default(),
        threads: Vec::new(),
        reports,
        failed: None,
    };
    for lane in lanes {
        let first = *lane.start();
        let part = Part {
            lane: lane.clone(),
            plan: plan.clone(),
            recorder: recorder.clone(),
            store: store.clone(),
            barrier: Arc::clone(&team.barrier),
            report: report.clone(),
        };
        let thread = std::thread::Builder::new().name(format!("buyer-{first}")).stack_size(STACK_BYTES);
        let thread = thread.spawn(move || part.play()).map_err(|source| WorkersError::Thread {
            buyers: plan.buyers,
            started: first - 1,
            source,
            limits: limits_in_force(),
        })?;
        team.threads.push((lane, thread));
        watch.check_start()?;
    }
    drop(report);
    team.await_ready(watch)?;
    let launch_ns = began.elapsed().as_nanos() as u64;
    watch.await_go()?;
    let go_ns = recorder.now_ns();
    team.barrier.open(Passage::Go);
    let interrupted = watch_over(plan, recorder, watch, &mut team)?;
    let left_ns = recorder.now_ns();
    let killed = team.join();
    store.clean_up(recorder, &killed);
    if let Some((buyer, source)) = team.failed.take() {
        return Err(WorkersError::Open { buyer, source });
    }
    Ok(Crew { launch_ns, go_ns, left_ns, interrupted, killed, mishaps: Vec::new() })
}

/// Whether a buyer could open its files.
type Report = (u32, io::Result<()>);

/// The threads under way. Whatever happens to the launcher's code, none outlives it.
struct Team {
    recorder: Recorder,
    barrier: Arc<StartBarrier>,
    /// In the order of their lanes.
    threads: Vec<(RangeInclusive<u32>, JoinHandle<()>)>,
    /// Hangs up when the last thread has left.
    reports: Receiver<Report>,
    /// A buyer that could not open its files after the sale had begun.
    failed: Option<(u32, io::Error)>,
}

impl Team {
    /// Waits until the first buyer of each lane has reported.
    fn await_ready(&self, watch: &mut Watch<'_>) -> Result<(), WorkersError> {
        let mut ready = 0;
        while ready < self.threads.len() {
            watch.check_start()?;
            match self.reports.recv_timeout(TICK) {
                Ok((_, Ok(()))) => ready += 1,
                Ok((buyer, Err(source))) => return Err(WorkersError::Open { buyer, source }),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(WorkersError::Died(None));
                }
            }
        }
        Ok(())
    }

    /// Joins all threads. Returns the first buyer of each that panicked, with signal 0.
    fn join(&mut self) -> Vec<(u32, i32)> {
        let joined = |(lane, thread): (RangeInclusive<u32>, JoinHandle<()>)| {
            thread.join().is_err().then_some((*lane.start(), 0))
        };
        std::mem::take(&mut self.threads).into_iter().filter_map(joined).collect()
    }
}

impl UnderWay for Team {
    fn all_left(&mut self, within: Duration) -> io::Result<bool> {
        match self.reports.recv_timeout(within) {
            Ok((buyer, Err(source))) => {
                self.failed = Some((buyer, source));
                Ok(false)
            }
            Ok((_, Ok(()))) | Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => Ok(true),
        }
    }

    fn wake(&self, buyer: u32) {
        let place = self.threads.partition_point(|(lane, _)| *lane.end() < buyer);
        if let Some((_, thread)) = self.threads.get(place) {
            // It is not joined yet, so its handle is valid even if it has ended.
            let _ = pthread_kill(thread.as_pthread_t(), WAKE_UP);
        }
    }

    fn wake_all(&self, _at_last: bool) {
        for (_, thread) in &self.threads {
            let _ = pthread_kill(thread.as_pthread_t(), WAKE_UP);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if self.threads.is_empty() {
            return;
        }
        // An error before the sale began: all threads are at the barrier, or come to it.
        self.recorder.stop();
        self.barrier.open(Passage::Home);
        self.join();
    }
}

/// What to do after the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    Go,
    Home,
}

/// The start barrier: all wait at it until it opens.
#[derive(Debug, Default)]
struct StartBarrier {
    passage: Mutex<Option<Passage>>,
    opened: Condvar,
}

impl StartBarrier {
    fn open(&self, passage: Passage) {
        *self.passage.lock().unwrap_or_else(PoisonError::into_inner) = Some(passage);
        self.opened.notify_all();
    }

    fn wait(&self) -> Passage {
        let mut passage = self.passage.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(passage) = *passage {
                return passage;
            }
            passage = self.opened.wait(passage).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What one thread needs.
struct Part<S> {
    lane: RangeInclusive<u32>,
    plan: Plan,
    recorder: Recorder,
    store: S,
    barrier: Arc<StartBarrier>,
    report: Sender<Report>,
}

impl<S: Store> Part<S> {
    /// The life of the buyers of one lane, one after the other.
    fn play(self) {
        for buyer in self.lane.clone() {
            self.recorder.set_pid(buyer, thread_id());
            let world = match self.store.open(self.plan.pace, &self.recorder, buyer) {
                Ok(world) => world,
                Err(error) => {
                    // It fails only if the launcher has given up.
                    let _ = self.report.send((buyer, Err(error)));
                    return;
                }
            };
            if buyer == *self.lane.start() {
                let _ = self.report.send((buyer, Ok(())));
                if self.barrier.wait() == Passage::Home {
                    return;
                }
            }
            let mut steps = Buyer::new(Rules::of(&self.plan, buyer));
            drive(&mut steps, &mut Recorded::new(world, self.recorder.pen(buyer)));
        }
    }
}

/// The kernel's number of this thread, as `ps -L` shows it; 0 where there is none.
pub(super) fn thread_id() -> u32 {
    #[cfg(target_os = "linux")]
    let id = nix::unistd::gettid().as_raw() as u32;
    #[cfg(not(target_os = "linux"))]
    let id = 0;
    id
}
