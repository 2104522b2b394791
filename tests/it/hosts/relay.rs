//! A relay between a host and its lead: it delays what passes, each way by itself, cuts the connection, or lets nothing
//! pass any more.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::RngExt as _;

/// What a relay does to what passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// How long everything takes, there and back.
    pub there: Duration,
    pub back: Duration,
    /// And up to so much more, drawn anew each time.
    pub jitter: Duration,
}

/// A relay for one connection after the other.
pub struct Relay {
    pub port: u16,
    ends: Arc<AtomicBool>,
    stalls: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    pub fn to(port: u16, manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("set");
        let (ends, stalls): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (over, stands, kept) = (Arc::clone(&ends), Arc::clone(&stalls), Arc::clone(&streams));
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let Ok((near, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                let far = TcpStream::connect(("127.0.0.1", port)).expect("the lead is there");
                near.set_nonblocking(false).expect("set");
                let again = |stream: &TcpStream| stream.try_clone().expect("a stream");
                kept.lock().expect("whole").extend([again(&near), again(&far)]);
                pass(again(&near), again(&far), (manners.there, manners.jitter), &stands);
                pass(far, near, (manners.back, manners.jitter), &stands);
            }
        });
        Self { port: own, ends, stalls, streams, thread: Some(thread) }
    }

    /// Lets nothing pass any more, and says so to nobody: a cable that was pulled.
    pub fn stall(&self) {
        self.stalls.store(true, Ordering::Relaxed);
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        for stream in self.streams.lock().expect("whole").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        self.cut();
        self.thread.take().map(JoinHandle::join);
    }
}

/// Passes on what comes, in its order, each part when its time has come.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    (delay, jitter): (Duration, Duration),
    stalls: &Arc<AtomicBool>,
) {
    to.set_nodelay(true).expect("set");
    let (due, comes) = channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut bytes = [0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let more = jitter.mul_f64(rand::rng().random_range(0.0..1.0));
            if due.send((Instant::now() + delay + more, bytes[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    let stalls = Arc::clone(stalls);
    std::thread::spawn(move || {
        for (at, bytes) in comes {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if !stalls.load(Ordering::Relaxed) && to.write_all(&bytes).is_err() {
                return;
            }
        }
        if !stalls.load(Ordering::Relaxed) {
            let _ = to.shutdown(Shutdown::Write);
        }
    });
}
