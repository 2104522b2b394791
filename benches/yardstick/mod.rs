//! The yardstick: the system calls of a sale, bare. As many forked processes as a run has buyers, each
//! in a loop of flock, pread, pwrite, unlock on a file of its own opening; nothing is parsed as JSON,
//! recorded or judged. Figures of the real thing are read as a ratio to it.

// Each benchmark that includes this file uses a part of it.
#![allow(dead_code)]

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe};
use ticketsim::plan::{Lock, LockOn, Pace, PerBuyer, Plan, Sale, Workers, Write};
use ticketsim::run::{Sold, run};
use ticketsim::shared::SharedSlice;
use ticketsim::verdict::Ruling;
use ticketsim::workers::{Watch, fork_buyer, only_thread};

/// What a crowd of bare processes took.
#[derive(Clone, Copy, Debug)]
pub struct Bare {
    /// From the first fork until all were ready.
    pub launch: Duration,
    /// From the go to the last sale.
    pub elapsed: Duration,
    /// How many sold.
    pub sold: u64,
}

/// Forks `buyers` processes that each open the file and wait at a barrier, then sell what is there.
/// With `locked`, under flock(2); each sells at most `each`.
pub fn bare_sale(file: &Path, buyers: u32, locked: bool, each: u64) -> Bare {
    only_thread().expect("benchmarks fork from one thread");
    let ended = SharedSlice::<AtomicU64>::new(buyers as usize).expect("a mapping");
    let sold = SharedSlice::<AtomicU64>::new(buyers as usize).expect("a mapping");
    let (start_read, start_write) = pipe().expect("a pipe");
    let (ready_read, ready_write) = pipe().expect("a pipe");
    let began = Instant::now();
    let mut start_write = Some(start_write);
    let pids: Vec<Pid> = (0..buyers as usize)
        .map(|place| {
            fork_buyer("bare", || {
                start_write = None;
                let ticket_file = OpenOptions::new().read(true).write(true).open(file).expect("open");
                nix::unistd::write(&ready_write, &[0]).expect("ready");
                nix::unistd::read(&start_read, &mut [0]).expect("go");
                let count = sell(&ticket_file, locked, each);
                ended[place].store(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
                sold[place].store(count, Ordering::Relaxed);
                0
            })
            .expect("fork")
        })
        .collect();
    drop((ready_write, start_read));
    File::from(ready_read).read_exact(&mut vec![0; buyers as usize]).expect("all ready");
    let launch = began.elapsed();
    let go_ns = began.elapsed().as_nanos() as u64;
    drop(start_write.take());
    for pid in pids {
        waitpid(pid, None).expect("reaped");
    }
    let end_ns = ended.iter().map(|word| word.load(Ordering::Relaxed)).max().unwrap_or(go_ns);
    let sold = sold.iter().map(|word| word.load(Ordering::Relaxed)).sum();
    Bare { launch, elapsed: Duration::from_nanos(end_ns - go_ns), sold }
}

/// The loop itself: `{"ticket": N}`, its number written over in place.
fn sell(ticket_file: &File, locked: bool, each: u64) -> u64 {
    let mut text = [0; 64];
    let mut sold = 0;
    while sold < each {
        if locked {
            // SAFETY: flock(2) on an open descriptor touches no memory.
            assert_eq!(unsafe { nix::libc::flock(ticket_file.as_raw_fd(), nix::libc::LOCK_EX) }, 0);
        }
        let length = ticket_file.read_at(&mut text, 0).expect("read");
        let digits = text[11..length].iter().take_while(|byte| byte.is_ascii_digit());
        let (width, stock) = digits.fold((0, 0_u64), |(n, v), d| (n + 1, v * 10 + u64::from(d - b'0')));
        if stock > 0 {
            use std::io::Write as _;
            let new = stock - 1;
            write!(&mut text[11..11 + width], "{new:<width$}").expect("it fits");
            // The brace follows the number: spaces go behind it.
            ticket_file.write_at(&text[..length], 0).expect("write");
        }
        if locked {
            // SAFETY: as above.
            assert_eq!(unsafe { nix::libc::flock(ticket_file.as_raw_fd(), nix::libc::LOCK_UN) }, 0);
        }
        if stock == 0 {
            break;
        }
        sold += 1;
    }
    sold
}

/// A plan on a file, without think time.
pub fn plan(file: &Path, buyers: u32, tickets: u64, lock: Lock) -> Plan {
    let write = Write::Overwrite;
    Plan {
        buyers,
        tickets: Some(tickets),
        workers: Workers::Process,
        sale: Sale {
            lock,
            lock_on: LockOn::Ticket,
            write,
            fsync: false,
            lock_timeout_ns: None,
            break_stale: false,
        },
        per_buyer: PerBuyer::All,
        pace: Pace { think_ns: 0, jitter: 0.0, seed: 1 },
        file: file.to_owned(),
    }
}

/// Runs a plan. A run that was not what it should have been can't look fast: it panics.
pub fn sale(plan: &Plan) -> Sold {
    let mut watch = Watch { interrupted: &AtomicBool::new(false), begin: &mut |_| {}, progress: &mut |_| {} };
    let sold = run(plan, &mut watch).expect("the sale runs");
    let ledger = &sold.verdict.ledger;
    assert_eq!(ledger.failed + ledger.unanswered, 0, "{ledger:?}");
    if plan.sale.lock != Lock::None {
        assert_eq!(sold.verdict.ruling, Ruling::Sound, "{:?}", sold.verdict);
    }
    sold
}

/// From the go to the last purchase's end.
pub fn elapsed(sold: &Sold) -> Duration {
    Duration::from_nanos(sold.history.header.timing.expect("a run").elapsed_ns)
}

/// From the first fork until all were ready.
pub fn launch(sold: &Sold) -> Duration {
    Duration::from_nanos(sold.history.header.timing.expect("a run").launch_ns)
}
