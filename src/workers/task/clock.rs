//! Think times of tasks, to the accuracy of the system's timers.
//!
//! tokio's own timer counts whole milliseconds and rounds up, so a think time of 1 ms would become 2 ms. So one thread
//! sleeps until the next alarm, as a thread buyer would sleep, and rings it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// A thread that rings alarms. Dropping it joins the thread.
#[derive(Debug)]
pub(super) struct Clock {
    face: Arc<Face>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Face {
    alarms: Mutex<Alarms>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Alarms {
    next: BinaryHeap<Reverse<Alarm>>,
    set: u64,
    closed: bool,
}

#[derive(Debug)]
struct Alarm {
    at: Instant,
    /// Distinguishes alarms for the same moment.
    number: u64,
    ring: oneshot::Sender<()>,
}

impl Clock {
    /// Starts the thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let face = Arc::new(Face::default());
        let thread = std::thread::Builder::new().name("clock".to_owned()).spawn({
            let face = Arc::clone(&face);
            move || face.run()
        })?;
        Ok(Self { face, thread: Some(thread) })
    }

    /// Sleeps for this long, or until all are rung.
    pub(super) async fn sleep(&self, time: Duration) {
        let (ring, rings) = oneshot::channel();
        {
            let mut alarms = self.face.alarms();
            if alarms.closed {
                return;
            }
            let at = Instant::now() + time;
            let is_next = alarms.next.peek().is_none_or(|Reverse(alarm)| at < alarm.at);
            alarms.set += 1;
            let number = alarms.set;
            alarms.next.push(Reverse(Alarm { at, number, ring }));
            if is_next {
                self.face.changed.notify_one();
            }
        }
        // It is rung, or dropped when all are rung.
        let _ = rings.await;
    }

    /// Rings all alarms now, and later ones as soon as they are set.
    pub(super) fn ring_all(&self) {
        let mut alarms = self.face.alarms();
        alarms.closed = true;
        alarms.next.clear();
        self.face.changed.notify_one();
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.ring_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, it would have ended as well.
            let _ = thread.join();
        }
    }
}

impl Face {
    fn alarms(&self) -> MutexGuard<'_, Alarms> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut alarms = self.alarms();
        while !alarms.closed {
            let now = Instant::now();
            match alarms.next.peek().map(|Reverse(alarm)| alarm.at) {
                None => alarms = self.changed.wait(alarms).unwrap_or_else(PoisonError::into_inner),
                Some(at) if at <= now => {
                    if let Some(Reverse(alarm)) = alarms.next.pop() {
                        // It fails only if nobody listens any more.
                        let _ = alarm.ring.send(());
                    }
                }
                Some(at) => {
                    let waited = self.changed.wait_timeout(alarms, at - now);
                    alarms = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
