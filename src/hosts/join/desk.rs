//! What a host does for its lead while its launcher runs the buyers: it answers, sends what they did, and learns when to
//! stop.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::link::Link;
use crate::history::{Recorder, Swept, monotonic_ns};
use crate::hosts::chunk::{CHUNK, chunk};
use crate::hosts::trouble::{Garbage, WireError};
use crate::hosts::words::{Ending, ToHost, ToLead, heard, said};
use crate::workers::Start;

/// The most bytes that may wait to be sent; beyond that, purchases stay in the recorder.
const MOST_UNSENT: usize = 4 << 20;
/// The most words that may wait for their answer: a lead waits for the answer to each.
const MOST_HEARD: usize = 16;
/// How long a single wait is.
const LOOK: Duration = Duration::from_millis(50);
/// A go that lies further ahead is rejected.
const MOST_AHEAD_NS: u64 = 60_000_000_000;
/// A sleeper wakes up late: the last part of the wait for the go is spent awake.
const AWAKE: Duration = Duration::from_micros(200);

/// A host's end of the connection, and what waits to be sent or answered.
pub(super) struct Desk<'a> {
    pub(super) link: Link,
    /// Set when this host is to stop by itself.
    interrupted: &'a AtomicBool,
    /// Set when the buyers are to stop, for whatever reason.
    stops: &'a AtomicBool,
    /// What the lead has said and this host has not answered yet.
    heard: VecDeque<ToHost>,
    /// Why the lead is gone.
    pub(super) lost: Option<WireError>,
    pub(super) ending: Option<Ending>,
    /// Whether the stock could not be seen where the lead says that it is.
    pub(super) saw_nothing_there: bool,
    /// The recorder of the buyers, once they have started.
    recorder: Option<(Recorder, Swept)>,
    launched: Instant,
}

impl<'a> Desk<'a> {
    pub(super) fn new(link: Link, interrupted: &'a AtomicBool, stops: &'a AtomicBool) -> Self {
        Self {
            link,
            interrupted,
            stops,
            heard: VecDeque::new(),
            lost: None,
            ending: None,
            saw_nothing_there: false,
            recorder: None,
            launched: Instant::now(),
        }
    }

    pub(super) fn say(&mut self, words: &ToLead) {
        self.link.send(&said(words));
    }

    /// From now on sends what this recorder holds.
    pub(super) fn follow(&mut self, recorder: &Recorder) {
        self.recorder = Some((recorder.clone(), Swept::default()));
        self.launched = Instant::now();
    }

    /// Reads, answers and sends. Returns whether the buyers are to go on.
    pub(super) fn attend(&mut self) -> bool {
        if self.lost.is_none() {
            let frames =
                self.link.attend().and_then(|frames| frames.iter().map(heard).collect::<Result<Vec<_>, _>>());
            match frames {
                Ok(words) => words.into_iter().for_each(|words| self.heed(words)),
                Err(error) => self.lost = Some(error),
            }
        }
        let is_over =
            self.lost.is_some() || self.ending.is_some() || self.interrupted.load(Ordering::Relaxed);
        if is_over {
            self.stops.store(true, Ordering::Relaxed);
        }
        !self.stops.load(Ordering::Relaxed)
    }

    fn heed(&mut self, words: ToHost) {
        match words {
            ToHost::Stop => self.stops.store(true, Ordering::Relaxed),
            ToHost::Over { ending } => self.ending = Some(ending),
            _ if self.heard.len() >= MOST_HEARD => {
                self.lost = Some(Garbage::TooMany.into());
            }
            other => self.heard.push_back(other),
        }
    }

    /// Waits for the next thing to do. `None` if there is nothing more.
    pub(super) fn next(&mut self) -> Option<ToHost> {
        loop {
            let goes_on = self.attend();
            // The lead is gone.
            if self.lost.is_some() {
                return None;
            }
            if let Some(words) = self.heard.pop_front() {
                return Some(words);
            }
            if !goes_on {
                return None;
            }
            self.link.wait(LOOK);
        }
    }

    /// The same once the buyers have ended: that they were told to stop does not end this.
    pub(super) fn next_after(&mut self) -> Option<ToHost> {
        loop {
            self.attend();
            if self.lost.is_some() {
                return None;
            }
            if let Some(words) = self.heard.pop_front() {
                return Some(words);
            }
            // A host that was interrupted, and has sent everything, need not wait for others.
            let may_go = self.interrupted.load(Ordering::Relaxed) && self.link.unsent() == 0;
            if self.ending.is_some() || may_go {
                return None;
            }
            self.link.wait(LOOK);
        }
    }

    /// Sends purchases that have ended, as long as few enough bytes wait to be sent.
    pub(super) fn send_ended(&mut self) {
        while let Some((recorder, swept)) = &mut self.recorder
            && self.lost.is_none()
            && self.link.unsent() < MOST_UNSENT
        {
            let purchases = recorder.sweep(swept, CHUNK);
            if purchases.is_empty() {
                break;
            }
            self.link.send(&chunk(&purchases));
        }
    }

    /// Sends everything else, when no buyer runs any more. Returns the counts of the purchases that were not recorded or sent.
    pub(super) fn send_rest(&mut self) -> crate::history::Tally {
        let Some((recorder, mut swept)) = self.recorder.take() else { return Default::default() };
        loop {
            let purchases = recorder.sweep_rest(&mut swept, CHUNK);
            if purchases.is_empty() {
                return recorder.unswept(&swept);
            }
            self.link.send(&chunk(&purchases));
            while self.link.unsent() >= MOST_UNSENT && self.lost.is_none() {
                self.attend();
                self.link.wait(LOOK);
            }
            if self.lost.is_some() {
                return recorder.unswept(&swept);
            }
        }
    }
}

/// The desk, for a launcher that calls it from several places.
pub(super) struct Barrier<'d, 'a>(pub(super) &'d std::cell::RefCell<Desk<'a>>);

impl Start for Barrier<'_, '_> {
    fn still_starts(&mut self) -> bool {
        self.0.borrow_mut().attend()
    }

    fn go(&mut self) -> bool {
        let mut desk = self.0.borrow_mut();
        let Some((recorder, _)) = &desk.recorder else { return false };
        let (epoch_ns, launch_ns) = (recorder.epoch_ns(), desk.launched.elapsed().as_nanos() as u64);
        desk.say(&ToLead::Ready { epoch_ns, launch_ns });
        let at_ns = match desk.next() {
            Some(ToHost::Go { at_ns }) => at_ns,
            Some(_) => {
                desk.lost = Some(Garbage::NoGo.into());
                return false;
            }
            None => return false,
        };
        let ahead = || Duration::from_nanos(at_ns.saturating_sub(monotonic_ns()));
        if ahead() > Duration::from_nanos(MOST_AHEAD_NS) {
            desk.lost = Some(Garbage::FarGo.into());
            return false;
        }
        // As long as the go is far ahead, there is time to listen.
        while ahead() > 2 * LOOK {
            if !desk.attend() {
                return false;
            }
            desk.link.wait(LOOK);
        }
        std::thread::sleep(ahead().saturating_sub(AWAKE));
        while !ahead().is_zero() {
            std::hint::spin_loop();
        }
        true
    }
}
