//! How near the real thing comes to the bare system calls, measured in pairs: real and bare in turn, on
//! the same file, so that a machine whose speed drifts slows both. No criterion here: what counts is the
//! ratio within a pair, not the time: by the clock, and by the processor time of the buyers, which other
//! programs on the machine disturb less. `cargo bench --bench ratio`, with a part of a line's name
//! (`-- flock`) for that line alone.

mod yardstick;

use std::path::Path;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use ticketsim::plan::PerBuyer;
use ticketsim::protocol::file::Lock;
use yardstick::{Crowd, bare_sale, elapsed, launch, restock, sale};

fn main() {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let quick = std::env::args().any(|arg| arg == "--test");
    let scale = if quick { 100 } else { 1 };
    let named: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    println!("real ÷ bare, the median of all pairs (and the middle half of them)");
    println!("  {:<35} {:>5} {:<21} by processor time", "", "pairs", "by the clock");
    let line = |what: &str, pairs: usize, pair: &dyn Fn(bool) -> [f64; 2]| {
        if named.is_empty() || named.iter().any(|name| what.contains(name)) {
            report(what, if quick { 1 } else { pairs }, pair);
        }
    };
    let tickets = 300_000 / scale;
    line("sales a second, 10 buyers, flock", 11, &|turned| rate(&file, 10, Lock::Flock, tickets, turned));
    // The lockfile takes its time.
    let tickets = |lock: Lock| (if lock == Lock::Lockfile { 2_000 } else { 10_000 }) / scale;
    for lock in Lock::ALL {
        // One buyer: what the lock itself costs, without the luck of who waits for whom. Many short
        // pairs tell more than few long ones: the machine's speed changes less within them.
        let what = format!("sales a second, 1 buyer, {lock}");
        line(&what, 51, &|turned| rate(&file, 1, *lock, tickets(*lock), turned));
    }
    for lock in Lock::ALL.iter().filter(|lock| **lock != Lock::None) {
        let what = format!("sales a second, 2 buyers, {lock}");
        line(&what, 25, &|turned| rate(&file, 2, *lock, tickets(*lock), turned));
    }
    let buyers = 2_000 / scale as u32;
    line(&format!("time to launch {buyers} buyers"), 11, &|turned| launched(&file, buyers, turned));
}

/// The rate of the real thing over that of the bare one.
fn rate(file: &Path, buyers: u32, lock: Lock, tickets: u64, turned: bool) -> [f64; 2] {
    let mut plan = Crowd::of_processes(buyers, lock).plan(file);
    plan.tickets = Some(tickets as i64);
    plan.per_buyer = PerBuyer::All;
    let [clock, processor] = pair(
        turned,
        || elapsed(&sale(&plan)),
        || {
            restock(file, tickets);
            let bare = bare_sale(file, buyers, lock, u64::MAX);
            assert_eq!(bare.sold, tickets, "the yardstick is sound");
            bare.elapsed
        },
    );
    // What takes longer sells at a lower rate.
    [clock.recip(), processor.recip()]
}

/// The time that the real thing takes to launch so many buyers, over that of the bare one.
fn launched(file: &Path, buyers: u32, turned: bool) -> [f64; 2] {
    let mut plan = Crowd::of_processes(buyers, Lock::Flock).plan(file);
    plan.tickets = Some(1);
    pair(
        turned,
        || launch(&sale(&plan)),
        || {
            restock(file, 1);
            bare_sale(file, buyers, Lock::Flock, 1).launch
        },
    )
}

/// One pair: the times of the real thing over those of the bare one, by the clock and by the processor
/// time of the children. Every other pair is turned around, lest coming first be an advantage.
fn pair(turned: bool, real: impl Fn() -> Duration, bare: impl Fn() -> Duration) -> [f64; 2] {
    let (first, second): (&dyn Fn() -> Duration, &dyn Fn() -> Duration) =
        if turned { (&bare, &real) } else { (&real, &bare) };
    let first = with_cpu(first);
    let second = with_cpu(second);
    let ((real, real_cpu), (bare, bare_cpu)) = if turned { (second, first) } else { (first, second) };
    [ratio(real, bare), ratio(real_cpu, bare_cpu)]
}

/// What it returns, and the processor time of the children that it reaped.
fn with_cpu(act: impl Fn() -> Duration) -> (Duration, Duration) {
    let before = children_cpu();
    let time = act();
    (time, children_cpu() - before)
}

fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("getrusage");
    let time = usage.user_time() + usage.system_time();
    Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000)
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn report(what: &str, pairs: usize, pair: &dyn Fn(bool) -> [f64; 2]) {
    let ratios: Vec<[f64; 2]> = (0..pairs).map(|number| pair(number % 2 == 1)).collect();
    let column = |which: usize| {
        let mut column: Vec<f64> = ratios.iter().map(|pair| pair[which]).collect();
        column.sort_by(f64::total_cmp);
        let (low, high) = (column[pairs / 4], column[(pairs * 3 / 4).min(pairs - 1)]);
        format!("{:.2} ({low:.2} to {high:.2})", column[pairs / 2])
    };
    println!("  {what:<35} {pairs:>5} {:<21} {}", column(0), column(1));
}
