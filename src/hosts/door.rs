//! The door of a lead: whoever knocks there has a short time to prove that it has the token. Each is heard on a thread
//! of its own, and there are not many at a time: strangers keep nobody waiting but each other.

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

/// How long somebody may take to prove that it has the token.
const TIME_AT_THE_DOOR: Duration = Duration::from_secs(3);
/// After how long somebody who has not got it is turned away.
const PENALTY: Duration = Duration::from_secs(1);
/// How long a host waits for a place where all are taken: another may just have left, and the lead learns of it soon.
const WAIT_FOR_A_PLACE: Duration = Duration::from_secs(1);
/// So many may stand at the door at a time; for one more the first is turned away.
const MOST_AT_A_TIME: usize = 64;

/// The open door. It closes when this is dropped; nobody stands at it any more then.
#[derive(Debug)]
pub(super) struct Door {
    is_closed: Arc<AtomicBool>,
    /// Whether nobody else is taken: who comes now is told.
    is_full: Arc<AtomicBool>,
    doorkeeper: Option<JoinHandle<()>>,
}

impl Door {
    /// Listens, and tells of those who may come in.
    ///
    /// # Errors
    /// When the system refuses.
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

    /// Says whether somebody else is taken.
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
    /// Who stands at the door, in the order in which they came.
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
                // That it went away again is no error; that there are no files left passes.
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

    /// Hears somebody on a thread of its own. Where there is none to be had, the stream is dropped.
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
            // From here on nobody turns it away for one more.
            waiting.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| *other != number);
            match came {
                Ok(newcomer) if stays_full(&is_full, &is_closed) => {
                    turn_away(&newcomer.stream, FULL.to_owned());
                }
                // That nobody listens means that the sale is over.
                Ok(newcomer) => drop(deliver(&events, Event::Newcomer(newcomer), &is_closed)),
                Err(_) => {}
            }
        };
        if let Ok(thread) = std::thread::Builder::new().name("at the door".to_owned()).spawn(hear) {
            self.threads.push(thread);
        }
    }
}

/// Lets somebody in that proves to have the token. Who does not is turned away after a second, whatever was wrong.
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
    // Who goes, or makes room for others, keeps no thread busy.
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

/// What is said to one more than was asked for.
pub(super) const FULL: &str = "all hosts of this sale have joined";

/// Tells somebody who has the token why it is not taken, and lets it go.
pub(super) fn turn_away(stream: &TcpStream, why: String) {
    use std::io::Write as _;
    let mut stream_to = stream;
    if stream_to.write_all(&said(&ToHost::Over { ending: Ending::Rejected(why) })).is_err() {
        return;
    }
    // Until it goes, so that what it sends meanwhile takes nothing back.
    let _ = stream.shutdown(Shutdown::Write);
    let (began, mut inbox) = (Instant::now(), Inbox::new(MOST_FRAME));
    while began.elapsed() < PENALTY && read_some(stream, &mut inbox).is_ok() {
        inbox = Inbox::new(MOST_FRAME);
    }
}
