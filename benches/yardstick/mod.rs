//! What all benchmarks share: the sales that they time, and the yardstick, which is the system calls of
//! a sale, bare: as many forked processes as a run has buyers, each in a loop of lock, pread, pwrite,
//! unlock on a file of its own opening; nothing is parsed as JSON, recorded or judged. Figures of the
//! real thing are read as a ratio to it.

// Each benchmark that includes this file uses a part of it.
#![allow(dead_code)]

mod bare_lock;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe};
use ticketsim::plan::{Pace, PerBuyer, Plan, Workers};
use ticketsim::protocol::file::{FileChoices, Lock, LockOn, Write};
use ticketsim::run::{Sold, run};
use ticketsim::shared::SharedSlice;
use ticketsim::verdict::Ruling;
use ticketsim::workers::{Watch, fork_buyer, only_thread};

use bare_lock::BareLock;

/// A group whose samples are whole runs: few of them, each of the same number of runs.
pub fn settings(criterion: &mut Criterion, name: String) -> BenchmarkGroup<'_, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        // Ten samples have no more to say; a hundred thousand would take longer than the runs.
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    group
}

/// Some buyers that make the same number of purchases each, from a stock that lasts for all of them:
/// the number of sales is the same with a lock and without.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub buyers: u32,
    pub each: u32,
    pub workers: Workers,
    pub lock: Lock,
    pub think_ns: u64,
}

impl Crowd {
    /// Processes that buy once each and do not think.
    pub fn of_processes(buyers: u32, lock: Lock) -> Self {
        Self { buyers, each: 1, workers: Workers::Process, lock, think_ns: 0 }
    }

    pub fn purchases(&self) -> u64 {
        u64::from(self.buyers) * u64::from(self.each)
    }

    pub fn plan(&self, file: &Path) -> Plan {
        let write = Write::Overwrite;
        let choices = FileChoices { lock_on: LockOn::Ticket, ..FileChoices::new(self.lock, write) };
        Plan {
            workers: self.workers,
            per_buyer: NonZeroU32::new(self.each).map_or(PerBuyer::All, PerBuyer::Count),
            pace: Pace { think_ns: self.think_ns, jitter: 0.0, seed: 1 },
            ..Plan::on_file(choices, file, self.buyers, Some(self.purchases() as i64))
        }
    }

    /// The time of so many sales, from the go to the last purchase's end.
    pub fn time(&self, file: &Path, times: u64) -> Duration {
        let plan = self.plan(file);
        (0..times).map(|_| elapsed(&sale(&plan))).sum()
    }
}

/// Runs a plan. A run that was not what it should have been can't look fast: it panics.
pub fn sale(plan: &Plan) -> Sold {
    let mut watch = Watch {
        interrupted: &AtomicBool::new(false),
        begin: &mut |_| {},
        progress: &mut |_| {},
        start: None,
    };
    let sold = run(plan, &mut watch).expect("the sale runs");
    let ledger = &sold.verdict.ledger;
    assert_eq!(ledger.failed + ledger.unanswered, 0, "{ledger:?}");
    let locked = plan.file().is_some_and(|file| file.choices.lock != Lock::None);
    let apart = locked || plan.workers == Workers::Sequential || plan.buyers == 1;
    if apart {
        assert_eq!(sold.verdict.ruling, Ruling::Sound, "{:?}", sold.verdict);
    } else if plan.pace.think_ns > 0 {
        // The control: buyers that think without a lock get in each other's way.
        assert_eq!(sold.verdict.ruling, Ruling::Unsound, "{:?}", sold.verdict);
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

/// Puts tickets on sale for the bare processes.
pub fn restock(file: &Path, tickets: u64) {
    std::fs::write(file, format!("{{\"ticket\": {tickets}}}")).expect("restocked");
}

/// Forks `buyers` processes that each open the file and wait at a barrier, then sell what is there, at
/// most `each`.
pub fn bare_sale(file: &Path, buyers: u32, lock: Lock, each: u64) -> Bare {
    only_thread().expect("benchmarks fork from one thread");
    let ended = SharedSlice::<AtomicU64>::new(buyers as usize).expect("a mapping");
    let sold = SharedSlice::<AtomicU64>::new(buyers as usize).expect("a mapping");
    let bare_lock = BareLock::new(lock, file);
    let (start_read, start_write) = pipe().expect("a pipe");
    let (ready_read, ready_write) = pipe().expect("a pipe");
    let began = Instant::now();
    let mut start_write = Some(start_write);
    let mut live = |place: usize| {
        start_write = None;
        let ticket_file = OpenOptions::new().read(true).write(true).open(file).expect("open");
        nix::unistd::write(&ready_write, &[0]).expect("ready");
        nix::unistd::read(&start_read, &mut [0]).expect("go");
        let count = sell(&ticket_file, &bare_lock, each);
        ended[place].store(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        sold[place].store(count, Ordering::Relaxed);
        0
    };
    let pids: Vec<Pid> =
        (0..buyers as usize).map(|place| fork_buyer("bare", || live(place)).expect("fork")).collect();
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

/// The loop itself, on `{"ticket": N}`, the number written over in place.
fn sell(ticket_file: &File, lock: &BareLock, each: u64) -> u64 {
    const NUMBER: usize = "{\"ticket\": ".len();
    let mut text = [0; 64];
    let mut sold = 0;
    while sold < each {
        lock.lock(ticket_file);
        let length = ticket_file.read_at(&mut text, 0).expect("read");
        let digits = text[NUMBER..length].iter().take_while(|byte| byte.is_ascii_digit());
        let (width, stock) = digits.fold((0, 0_u64), |(n, v), d| (n + 1, v * 10 + u64::from(d - b'0')));
        if stock > 0 {
            let new = stock - 1;
            write!(&mut text[NUMBER..NUMBER + width], "{new:<width$}").expect("it fits");
            ticket_file.write_at(&text[..length], 0).expect("write");
        }
        lock.unlock(ticket_file);
        if stock == 0 {
            break;
        }
        sold += 1;
    }
    sold
}
