//! Buyers as processes: forked by a launcher that has exactly one thread.
//!
//! Children inherit the plan, the recorder's mapping and the start pipe. Each child opens the ticket file and its lock
//! itself, reports with one byte that it is ready, and waits at the barrier: a read of the start pipe, which ends for
//! all children when the launcher closes its end.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::pipe;

use super::arrival::{self, Arrived};
use super::children::{Children, ForkError, check_limit, only_thread, readable};
#[cfg(target_os = "linux")]
use super::orphan::killed_inside;
use super::trouble::{self, Trouble};
use super::watch_over::{TICK, UnderWay, WAKE_UP, catch_wake_up, watch_over};
use super::{Crew, Watch, WorkersError};
use crate::buyer::{Buyer, Rules};
use crate::history::{Befallen, Recorder};
use crate::plan::Plan;
use crate::protocol::Mishap;
use crate::store::Store;
use crate::world::{Recorded, Troubled, drive};

/// The children; the pipe of which each holds an end, so that it hangs up when the last has left; the recorder and the
/// store.
struct Family<'a, S> {
    children: &'a Children,
    ready: &'a File,
    recorder: &'a Recorder,
    store: &'a S,
    plan: &'a Plan,
    trouble: Trouble,
}

impl<S: Store> UnderWay for Family<'_, S> {
    fn all_left(&mut self, within: Duration) -> io::Result<bool> {
        if self.plan.mishaps.is_empty() {
            return readable(self.ready, within);
        }
        let until = Instant::now() + within;
        loop {
            if self.recorder.stopped() {
                self.trouble.end(self.recorder, self.children);
            } else {
                self.trouble.look(self.plan, self.recorder, self.children, self.store);
            }
            let left = until.saturating_duration_since(Instant::now());
            if readable(self.ready, left.min(trouble::LOOK))? {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
        }
    }

    fn wake(&self, buyer: u32) {
        self.children.signal_one(buyer, WAKE_UP);
    }

    #[cfg(target_os = "linux")]
    fn dead_holder(&self) -> Option<u32> {
        let buyer = killed_inside(self.children, self.recorder, self.store)?;
        Some(self.children.pid(buyer))
    }

    fn wake_all(&self, at_last: bool) {
        self.children.signal(if at_last { Signal::SIGKILL } else { WAKE_UP });
    }
}

/// Checks, before anything is touched, that this process may fork this many children.
pub(super) fn check(plan: &Plan) -> Result<(), ForkError> {
    only_thread()?;
    check_limit(plan.buyers)
}

pub(super) fn run(
    plan: &Plan,
    recorder: &Recorder,
    store: &impl Store,
    watch: &mut Watch<'_>,
) -> Result<Crew, WorkersError> {
    let mut children = Children::new(plan.buyers)?;
    catch_wake_up()?;
    let (start_read, start_write) = pipe().map_err(io::Error::from)?;
    let (ready_read, ready_write) = pipe().map_err(io::Error::from)?;
    let began = Instant::now();
    let mut ends = ChildEnds { start_read, start_write: Some(start_write), ready: ready_write.into() };
    for buyer in 1..=plan.buyers {
        children.add(|| be_buyer(plan, recorder, store, buyer, &mut ends))?;
        watch.check_start()?;
    }
    let ChildEnds { start_read, start_write, ready } = ends;
    drop((start_read, ready));
    let mut ready_read = File::from(ready_read);
    await_ready(&mut ready_read, &mut children, watch)?;
    let launch_ns = began.elapsed().as_nanos() as u64;
    watch.await_go()?;
    let go_ns = recorder.now_ns();
    drop(start_write);
    let trouble = Trouble::default();
    let mut family = Family { children: &children, ready: &ready_read, recorder, store, plan, trouble };
    let interrupted = watch_over(plan, recorder, watch, &mut family)?;
    let mishaps = family.trouble.happened();
    let left_ns = recorder.now_ns();
    let killed = children.reap();
    store.clean_up(recorder, &killed);
    let on_purpose = |(buyer, _): &&(u32, i32)| {
        let of_its = |one: &Befallen| one.buyer == u64::from(*buyer) && one.mishap == Mishap::Kill;
        mishaps.iter().any(of_its)
    };
    store.bury(recorder, &killed.iter().filter(on_purpose).copied().collect::<Vec<_>>());
    Ok(Crew { launch_ns, go_ns, left_ns, interrupted, killed, mishaps })
}

/// The ends of the two pipes that a child inherits.
struct ChildEnds {
    start_read: OwnedFd,
    start_write: Option<OwnedFd>,
    ready: File,
}

/// The life of one buyer process. Returns its exit code.
fn be_buyer(plan: &Plan, recorder: &Recorder, store: &impl Store, buyer: u32, ends: &mut ChildEnds) -> u8 {
    ends.start_write = None;
    recorder.set_pid(buyer, std::process::id());
    let world = match store.open(plan.pace, recorder, buyer) {
        Ok(world) => world,
        Err(error) => {
            arrival::not_opened(&mut ends.ready, buyer, &error);
            return 0;
        }
    };
    if arrival::ready(&mut ends.ready).is_err() || !wait_at_barrier(&ends.start_read) {
        return 0;
    }
    let mut buyer_steps = Buyer::new(Rules::of(plan, buyer));
    let mut recorded = Recorded::new(world, recorder.pen(buyer));
    if plan.mishaps.iter().any(|planned| planned.may_befall(buyer)) {
        drive(&mut buyer_steps, &mut Troubled::new(recorded, recorder, plan, buyer));
    } else {
        drive(&mut buyer_steps, &mut recorded);
    }
    0
}

/// Waits until the launcher closes its end of the start pipe.
fn wait_at_barrier(start: &OwnedFd) -> bool {
    loop {
        match nix::unistd::read(start, &mut [0]) {
            Ok(_) => return true,
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}

/// Waits until every child has reported.
fn await_ready(ready: &mut File, children: &mut Children, watch: &mut Watch<'_>) -> Result<(), WorkersError> {
    let mut reports = 0;
    let mut unread = Vec::new();
    let mut bytes = [0; 4096];
    while reports < children.len() {
        watch.check_start()?;
        if !readable(ready, TICK)? {
            // A child that was killed before it reported will never report.
            if let Some(status) = children.take_dead() {
                return Err(WorkersError::Died(Some(format!("{status:?}"))));
            }
            continue;
        }
        let count = ready.read(&mut bytes)?;
        if count == 0 {
            return Err(WorkersError::Died(None));
        }
        unread.extend(&bytes[..count]);
        while let Some(arrived) = arrival::take(&mut unread) {
            match arrived {
                Arrived::Ready => reports += 1,
                Arrived::NotOpened { buyer, why } => return Err(WorkersError::Open { buyer, source: why }),
            }
        }
    }
    Ok(())
}
