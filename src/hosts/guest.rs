//! A host that was let in, as the lead sees it: one thread listens to it, another one speaks to it, so that it keeps
//! neither the lead nor another host waiting.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::chunk;
use super::clock::{Exchange, fastest, ping, ponged};
use super::trouble::{Garbage, WireError};
use super::wire::{BEAT, Frame, HOST_SILENCE, Inbox, Kind, read_some};
use super::words::{ToHost, ToLead, heard, said};
use crate::history::{BuyerCount, Purchase, monotonic_ns};

/// A host that has proven that it has the token.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) stream: TcpStream,
    pub(super) inbox: Inbox,
    pub(super) name: String,
    /// Where it comes from.
    pub(super) address: IpAddr,
}

/// What comes to the lead.
#[derive(Debug)]
pub(super) enum Event {
    /// A host has proven that it has the token.
    Newcomer(Newcomer),
    /// A guest was heard, by the number of its connection.
    Heard(u64, Heard),
}

/// What is heard of a guest.
#[derive(Debug)]
pub(super) enum Heard {
    Words(ToLead),
    Purchases(Vec<Purchase>),
    Counts(Vec<BuyerCount>),
    /// Its clock was measured as often as the lead asked for.
    Measured,
    /// It is gone, for this reason.
    Gone(WireError),
}

/// When a clock is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Long before the sale: it is not used.
    #[default]
    Early,
    /// Right before the go.
    Before,
    /// While buyers buy.
    Meanwhile,
    /// After the last has left.
    After,
}

/// The fastest exchanges: one of each phase, and of each [`SPAN`] of the sale.
#[derive(Debug, Default)]
struct Stamps {
    phase: Phase,
    /// The pings without an answer so far.
    sent: VecDeque<(u64, u64)>,
    answered: u64,
    before: Option<Exchange>,
    meanwhile: Vec<Exchange>,
    after: Option<Exchange>,
}

/// During the sale one exchange is kept for each span of this length, in nanoseconds.
const SPAN: u64 = 5_000_000_000;
/// The most exchanges that are kept during the sale: 14 hours.
const MOST_SPANS: usize = 10_000;
/// The most pings that may be on their way.
const MOST_SENT: usize = 1024;
/// How many exchanges are made before and after a sale, and how long that may take.
const EXCHANGES: u64 = 64;
const MEASURING: Duration = Duration::from_millis(1500);
/// How long a guest may take to hear the last word and to close the connection.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long to wait for an answer before the next ping is sent.
const ANSWER: Duration = Duration::from_millis(500);

/// The clock of a guest, as two threads share it.
#[derive(Debug, Default)]
struct Clock {
    stamps: Mutex<Stamps>,
    answered: Condvar,
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, Stamps> {
        self.stamps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a pong.
    fn back(&self, body: &[u8], back_ns: u64) -> Result<(), WireError> {
        let (number, came_ns, answered_ns) = ponged(body)?;
        let mut stamps = self.lock();
        let Some(place) = stamps.sent.iter().position(|(sent, _)| *sent == number) else { return Ok(()) };
        // Answers come in the order of the pings, so no earlier ping gets an answer any more.
        let sent_ns = stamps.sent.drain(..=place).next_back().map_or(0, |(_, sent_ns)| sent_ns);
        let exchange = Exchange { sent_ns, came_ns, answered_ns, back_ns };
        match stamps.phase {
            Phase::Early => {}
            Phase::Before => stamps.before = fastest(stamps.before.into_iter().chain([exchange])),
            Phase::After => stamps.after = fastest(stamps.after.into_iter().chain([exchange])),
            Phase::Meanwhile => {
                let last =
                    stamps.meanwhile.last().filter(|last| last.sent_ns / SPAN == sent_ns / SPAN).copied();
                if last.is_some() {
                    stamps.meanwhile.pop();
                }
                if stamps.meanwhile.len() < MOST_SPANS {
                    stamps.meanwhile.extend(fastest(last.into_iter().chain([exchange])));
                }
            }
        }
        stamps.answered += 1;
        self.answered.notify_all();
        Ok(())
    }
}

/// What the thread that speaks is to do.
enum Order {
    Say(Vec<u8>),
    Measure(Phase),
}

/// A host that was let in.
#[derive(Debug)]
pub(super) struct Guest {
    /// The number of its connection.
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) address: IpAddr,
    stream: TcpStream,
    orders: Option<Sender<Order>>,
    clock: Arc<Clock>,
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Guest {
    /// Starts the threads of a host that was let in.
    ///
    /// # Errors
    /// When the threads can't be started.
    pub(super) fn new(newcomer: Newcomer, number: u64, events: &SyncSender<Event>) -> std::io::Result<Self> {
        let Newcomer { stream, inbox, name, address } = newcomer;
        let (orders, told) = channel();
        let mut guest = Self {
            number,
            name,
            address,
            stream: stream.try_clone()?,
            orders: Some(orders),
            clock: Arc::default(),
            ends: Arc::default(),
            threads: Vec::new(),
        };
        let speaker = Speaker { stream: stream.try_clone()?, clock: Arc::clone(&guest.clock), number: 0 };
        let (measured, ends) = (events.clone(), Arc::clone(&guest.ends));
        guest.start("speaker", move || {
            // If the connection is broken, the listener notices it.
            let _ = speaker.speak(&told, || deliver(&measured, Event::Heard(number, Heard::Measured), &ends));
        })?;
        let (clock, events, ends) = (Arc::clone(&guest.clock), events.clone(), Arc::clone(&guest.ends));
        guest.start("listener", move || {
            let tell = |what| deliver(&events, Event::Heard(number, what), &ends);
            if let Err(error) = listen(&stream, inbox, &clock, &ends, tell) {
                tell(Heard::Gone(error));
            }
        })?;
        Ok(guest)
    }

    fn start(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        self.threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(body)?);
        Ok(())
    }

    /// Cuts the connection.
    pub(super) fn cut(&self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Says something. If the connection is broken, the listener notices it.
    pub(super) fn tell(&self, words: &ToHost) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(Order::Say(said(words)));
        }
    }

    /// Has its clock measured; [`Heard::Measured`] comes when that is done.
    pub(super) fn measure(&self, phase: Phase) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(Order::Measure(phase));
        }
    }

    /// From now on the exchanges of the regular pings belong to this phase.
    pub(super) fn enter(&self, phase: Phase) {
        self.clock.lock().phase = phase;
    }

    /// The exchanges that were kept, in the order of time.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        let stamps = self.clock.lock();
        stamps.before.iter().chain(&stamps.meanwhile).chain(&stamps.after).copied().collect()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // What was said is still sent, and the host reads it before this side closes. If this side closed with data
        // that nobody has read, the system would discard it (a reset, RFC 2525, section 2.17).
        self.orders = None;
        let began = Instant::now();
        while self.threads.iter().any(|thread| !thread.is_finished()) && began.elapsed() < FAREWELL {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.cut();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Hands an event to the lead, which may be busy, unless all is over.
pub(super) fn deliver(events: &SyncSender<Event>, mut event: Event, is_over: &AtomicBool) -> bool {
    loop {
        match events.try_send(event) {
            Ok(()) => return true,
            Err(TrySendError::Disconnected(_)) => return false,
            Err(TrySendError::Full(again)) => event = again,
        }
        if is_over.load(Ordering::Relaxed) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The thread that speaks to a guest.
struct Speaker {
    stream: TcpStream,
    clock: Arc<Clock>,
    number: u64,
}

impl Speaker {
    fn speak(mut self, told: &Receiver<Order>, measured: impl Fn() -> bool) -> Result<(), WireError> {
        let result = self.go_on(told, measured);
        let _ = self.stream.shutdown(Shutdown::Write);
        result
    }

    fn go_on(&mut self, told: &Receiver<Order>, measured: impl Fn() -> bool) -> Result<(), WireError> {
        let mut next = Instant::now();
        loop {
            match told.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Order::Say(bytes)) => (&self.stream).write_all(&bytes)?,
                Ok(Order::Measure(phase)) => {
                    self.measure(phase)?;
                    if !measured() {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.ping()?;
                    next = Instant::now() + BEAT;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn ping(&mut self) -> Result<(), WireError> {
        self.number += 1;
        let bytes = ping(self.number);
        {
            let mut stamps = self.clock.lock();
            if stamps.sent.len() >= MOST_SENT {
                stamps.sent.pop_front();
            }
            // Nothing else happens between this and the write, so the time belongs to the way there.
            stamps.sent.push_back((self.number, monotonic_ns()));
        }
        Ok((&self.stream).write_all(&bytes)?)
    }

    /// Makes one exchange after the other, so that none waits behind another.
    fn measure(&mut self, phase: Phase) -> Result<(), WireError> {
        self.clock.lock().phase = phase;
        let began = Instant::now();
        for _ in 0..EXCHANGES {
            if began.elapsed() >= MEASURING {
                break;
            }
            let before = self.clock.lock().answered;
            self.ping()?;
            let stamps = self.clock.lock();
            let waits = |stamps: &mut Stamps| stamps.answered == before;
            drop(self.clock.answered.wait_timeout_while(stamps, ANSWER, waits));
        }
        Ok(())
    }
}

/// The thread that listens to a guest, until it is gone or the lead has ended the connection.
fn listen(
    stream: &TcpStream,
    mut inbox: Inbox,
    clock: &Clock,
    ends: &AtomicBool,
    tell: impl Fn(Heard) -> bool,
) -> Result<(), WireError> {
    let mut heard_at = Instant::now();
    while !ends.load(Ordering::Relaxed) {
        read_some(stream, &mut inbox)?;
        let now_ns = monotonic_ns();
        while let Some(Frame { kind, body }) = inbox.take()? {
            heard_at = Instant::now();
            let what = match kind {
                Kind::Pong => {
                    clock.back(&body, now_ns)?;
                    continue;
                }
                Kind::Words => Heard::Words(heard(&Frame { kind, body })?),
                Kind::Purchases => Heard::Purchases(chunk::purchases(&body)?),
                Kind::Counts => Heard::Counts(chunk::counted(&body)?),
                Kind::Ping => return Err(Garbage::Ping.into()),
            };
            if !tell(what) {
                return Ok(());
            }
            // This thread may have waited for the lead.
            heard_at = Instant::now();
        }
        if heard_at.elapsed() >= HOST_SILENCE {
            return Err(WireError::Silent(heard_at.elapsed()));
        }
    }
    Ok(())
}
