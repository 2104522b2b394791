//! The spread of release of a race by requests, beside that of a bare loop: as many connections to the same server
//! with all but a byte sent, and then a loop of one thread that does nothing but send(2) the bytes. What the
//! system takes to deliver a byte to a socket of its own is in both; what is ours is the ratio. Measured in pairs,
//! one after the other, so that a machine whose speed drifts slows both. `cargo bench --bench release`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a request has before its last byte.
const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: bare\r\n\r";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn main() {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let quick = std::env::args().any(|arg| arg == "--test");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = listener.local_addr().expect("its address");
    std::thread::spawn(move || serve(&listener));
    println!(
        "the spread of release, in ms: a race, a bare loop, and the ratio (the middle half of all pairs)"
    );
    for (buyers, pairs) in [(20, 41), (200, 41)] {
        let mut pairs: Vec<(f64, f64)> = (0..if quick { 1 } else { pairs })
            .map(|number| {
                // Every other pair is turned around, lest coming first be an advantage.
                let early = (number % 2 == 0).then(|| bare(server, buyers));
                let raced = raced(server, buyers);
                (raced, early.unwrap_or_else(|| bare(server, buyers)))
            })
            .collect();
        let fastest =
            pairs.iter().fold((f64::MAX, f64::MAX), |best, pair| (best.0.min(pair.0), best.1.min(pair.1)));
        pairs.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
        let ratio = |place: usize| pairs[place.min(pairs.len() - 1)].0 / pairs[place.min(pairs.len() - 1)].1;
        let middle = pairs[pairs.len() / 2];
        println!(
            "  {buyers:>3} buyers: {:.2} ÷ {:.2} = {:.2} ({:.2} to {:.2}); the fastest of each: {:.2} ÷ {:.2} = {:.2}",
            middle.0,
            middle.1,
            ratio(pairs.len() / 2),
            ratio(pairs.len() / 4),
            ratio(pairs.len() * 3 / 4),
            fastest.0,
            fastest.1,
            fastest.0 / fastest.1,
        );
    }
}

/// A server of one thread that answers each request when it is whole.
fn serve(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a listener");
    let mut open: Vec<(TcpStream, Vec<u8>)> = Vec::new();
    loop {
        let listens = PollFd::new(listener.as_fd(), PollFlags::POLLIN);
        let reads = open.iter().map(|(stream, _)| PollFd::new(stream.as_fd(), PollFlags::POLLIN));
        let mut all: Vec<PollFd<'_>> = std::iter::once(listens).chain(reads).collect();
        if poll(&mut all, PollTimeout::NONE).is_err() {
            continue;
        }
        let mut ready = all.iter().map(|fd| fd.any().unwrap_or(false)).collect::<Vec<_>>().into_iter();
        drop(all);
        let arrived = ready.next() == Some(true);
        let mut still = |(stream, request): &mut (TcpStream, Vec<u8>)| {
            if ready.next() != Some(true) {
                return true;
            }
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes) {
                Ok(0) | Err(_) => return false,
                Ok(count) => request.extend_from_slice(&bytes[..count]),
            }
            if request.ends_with(b"\r\n\r\n") {
                request.clear();
                return stream.write_all(ANSWER).is_ok();
            }
            true
        };
        open.retain_mut(&mut still);
        while arrived && let Ok((stream, _)) = listener.accept() {
            open.push((stream, Vec::new()));
        }
    }
}

/// The spread of a race of so many buyers, in milliseconds.
fn raced(server: SocketAddr, buyers: usize) -> f64 {
    let output = Command::new(env!("CARGO_BIN_EXE_ticketsim"))
        .args(["race", "--json", "--tickets", "1", "--buyers", &buyers.to_string()])
        .args(["--http", &format!("GET http://{server}/")])
        .output()
        .expect("ticketsim runs");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(document["trials"][0]["receipts"], buyers, "every request was answered: {document}");
    document["trials"][0]["spread_ns"].as_f64().expect("a spread") / 1e6
}

/// The same of a bare loop.
fn bare(server: SocketAddr, buyers: usize) -> f64 {
    let open = |_| {
        let mut stream = TcpStream::connect(server).expect("connected");
        stream.set_nodelay(true).expect("no delay");
        stream.write_all(HEAD).expect("written");
        std::thread::sleep(Duration::from_millis(1));
        stream
    };
    let mut streams: Vec<TcpStream> = (0..buyers).map(open).collect();
    std::thread::sleep(Duration::from_millis(20));
    let before_all = before_all(true);
    let began = Instant::now();
    for stream in &mut streams {
        let _ = stream.write(b"\n");
    }
    let spread = began.elapsed();
    if before_all {
        self::before_all(false);
    }
    for stream in &mut streams {
        stream.read_exact(&mut vec![0; ANSWER.len()]).expect("an answer");
    }
    spread.as_secs_f64() * 1e3
}

/// Puts this thread before all others, as a race does at its go, where the system allows it; and back.
fn before_all(raise: bool) -> bool {
    use nix::libc::{SCHED_FIFO, SCHED_OTHER, sched_param, sched_setscheduler};
    let (policy, sched_priority) = if raise { (SCHED_FIFO, 1) } else { (SCHED_OTHER, 0) };
    let parameter = sched_param { sched_priority };
    // SAFETY: 0 is this thread, and the parameter lives during the call.
    unsafe { sched_setscheduler(0, policy, &raw const parameter) == 0 }
}
