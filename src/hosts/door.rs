//! The door of a lead: a program that connects has a short time to prove that it has the token. Each connection has a
//! thread, and their number is bounded: strangers keep only each other waiting.

use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::guest::{Event, Newcomer, deliver};
use super::token::{Side, Token, nonce};
use super::trouble::WireError;
use super::wire::{BEAT, Inbox, MOST_AT_THE_DOOR, MOST_FRAME, WRITE_TIME, await_frame, read_some};
use super::words::{Ending, PROTOCOL, ToHost, ToLead, heard, plain_name, said};
use crate::workers::readable;

/// How long a program may take to prove that it has the token.
const TIME_AT_THE_DOOR: Duration = Duration::from_secs(3);
/// How long a program without the token has to wait until it is turned away.
const PENALTY: Duration = Duration::from_secs(1);
/// How long a host waits if all places are taken: another host may just have left, and the lead learns of it soon.
const WAIT_FOR_A_PLACE: Duration = Duration::from_secs(1);
/// The most connections at the door at a time; if one more comes, the first is turned away.
const MOST_AT_A_TIME: usize = 64;

/// The open door. It closes when this is dropped, and cuts all connections there.
#[derive(Debug)]
pub(super) struct Door {
    is_closed: Arc<AtomicBool>,
    /// Whether all places are taken: a host that comes now is told so.
    is_full: Arc<AtomicBool>,
    doorkeeper: Option<JoinHandle<()>>,
}

impl Door {
    /// Listens, and sends an event for each host that may come in.
    ///
    /// # Errors
    /// When the system reports an error.
    pub(super) fn open(
        listener: TcpListener,
        token: &Token,
        events: SyncSender<Event>,
    ) -> std::io::Result<Self> {
        listener.set_nonblocking(true)?;
        let is_closed = Arc::new(AtomicBool::new(false));
        let is_full = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            token: token.clone(),
            events,
            is_closed: Arc::clone(&is_closed),
            is_full: Arc::clone(&is_full),
            waiting: Arc::default(),
            threads: Vec::new(),
            number: 0,
        };
        let doorkeeper =
            std::thread::Builder::new().name("door".to_owned()).spawn(move || keeper.keep(&listener))?;
        Ok(Self { is_closed, is_full, doorkeeper: Some(doorkeeper) })
    }

    /// Says whether all places are taken.
    pub(super) fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
        if let Some(doorkeeper) = self.doorkeeper.take() {
            let _ = doorkeeper.join();
        }
    }
}

struct Keeper {
    token: Token,
    events: SyncSender<Event>,
    is_closed: Arc<AtomicBool>,
    is_full: Arc<AtomicBool>,
    /// The connections at the door, in the order in which they came.
    waiting: Arc<Mutex<Vec<(u64, TcpStream)>>>,
    threads: Vec<JoinHandle<()>>,
    number: u64,
}

impl Keeper {
    fn keep(mut self, listener: &TcpListener) {
        while !self.is_closed.load(Ordering::Relaxed) {
            if !readable(listener, BEAT).unwrap_or(false) {
                continue;
            }
            match listener.accept() {
                Ok((stream, from)) => self.hear(stream, from.ip()),
                // A connection that was closed again is no error, and a lack of open files passes.
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
            self.threads.retain(|thread| !thread.is_finished());
        }
        for (_, stream) in self.waiting.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in self.threads {
            let _ = thread.join();
        }
    }

    /// Listens to a connection on a thread of its own. If no thread can be started, the connection is dropped.
    fn hear(&mut self, stream: TcpStream, address: IpAddr) {
        let Ok(again) = stream.try_clone() else { return };
        self.number += 1;
        let number = self.number;
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MOST_AT_A_TIME {
                let _ = waiting.remove(0).1.shutdown(Shutdown::Both);
            }
            waiting.push((number, again));
        }
        let (token, events) = (self.token.clone(), self.events.clone());
        let (is_closed, is_full) = (Arc::clone(&self.is_closed), Arc::clone(&self.is_full));
        let waiting = Arc::clone(&self.waiting);
        let hear = move || {
            let came = let_in(stream, address, &token, &is_closed);
            // From here on it is not turned away for a newer connection.
            waiting.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| *other != number);
            match came {
                Ok(newcomer) if stays_full(&is_full, &is_closed) => {
                    turn_away(&newcomer.stream, FULL.to_owned());
                }
                // If the lead does not listen any more, the sale is over.
                Ok(newcomer) => drop(deliver(&events, Event::Newcomer(newcomer), &is_closed)),
                Err(_) => {}
            }
        };
        if let Ok(thread) = std::thread::Builder::new().name("at the door".to_owned()).spawn(hear) {
            self.threads.push(thread);
        }
    }
}

/// Lets in a host that proves to have the token. Any other is turned away after a second, whatever was wrong.
fn let_in(
    stream: TcpStream,
    address: IpAddr,
    token: &Token,
    is_closed: &AtomicBool,
) -> Result<Newcomer, WireError> {
    use std::io::Write as _;
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(BEAT))?;
    stream.set_write_timeout(Some(WRITE_TIME))?;
    let began = Instant::now();
    let own = nonce();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    (&stream).write_all(&said(&ToHost::Challenge { ticketsim: version, nonce: own.clone() }))?;
    let mut inbox = Inbox::new(MOST_AT_THE_DOOR);
    let is_over = || is_closed.load(Ordering::Relaxed);
    let hello = await_frame(&stream, &mut inbox, TIME_AT_THE_DOOR, is_over).and_then(|frame| heard(&frame));
    if let Ok(ToLead::Hello { protocol, name, nonce: its, proof }) = hello {
        let version = protocol.to_string();
        let seen = [own.as_str(), &its, &name, &version];
        if token.is_proof(&proof, Side::Host, &seen) {
            let proof = token.proof(Side::Lead, &seen);
            (&stream).write_all(&said(&ToHost::Welcome { proof }))?;
            if protocol == PROTOCOL {
                inbox.allow(MOST_FRAME);
                return Ok(Newcomer { stream, inbox, name: plain_name(&name), address });
            }
            let why =
                format!("it speaks version {protocol} of the protocol, and the lead version {PROTOCOL}");
            turn_away(&stream, why);
            return Err(WireError::Closed);
        }
    }
    // A connection that is closed, by whatever side, keeps no thread busy.
    while began.elapsed() < PENALTY && !is_over() && read_some(&stream, &mut inbox).is_ok() {
        inbox = Inbox::new(MOST_AT_THE_DOOR);
    }
    Err(WireError::Closed)
}

/// Whether all places stay taken for a moment.
fn stays_full(is_full: &AtomicBool, is_closed: &AtomicBool) -> bool {
    let until = Instant::now() + WAIT_FOR_A_PLACE;
    while is_full.load(Ordering::Relaxed) {
        if is_closed.load(Ordering::Relaxed) || Instant::now() >= until {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// What is said to a host beyond those that were asked for.
pub(super) const FULL: &str = "all hosts of this sale have joined";

/// Tells a host that has the token why it is not taken, and closes the connection.
pub(super) fn turn_away(stream: &TcpStream, why: String) {
    use std::io::Write as _;
    let mut stream_to = stream;
    if stream_to.write_all(&said(&ToHost::Over { ending: Ending::Rejected(why) })).is_err() {
        return;
    }
    // Reads until the host closes: if data came that nobody has read, the system would discard what was said.
    let _ = stream.shutdown(Shutdown::Write);
    let (began, mut inbox) = (Instant::now(), Inbox::new(MOST_FRAME));
    while began.elapsed() < PENALTY && read_some(stream, &mut inbox).is_ok() {
        inbox = Inbox::new(MOST_FRAME);
    }
}
