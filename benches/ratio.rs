//! How near the real thing comes to the bare system calls, measured in pairs: real and bare in turn, on
//! the same file, so that a machine whose speed drifts slows both. No criterion here: what counts is the
//! ratio within a pair, not the time: by the clock, and by the processor time of the buyers, which other
//! programs on the machine disturb less. `cargo bench --bench ratio`.

mod yardstick;

use std::path::Path;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use ticketsim::plan::{Lock, PerBuyer};
use yardstick::{Crowd, bare_sale, elapsed, launch, restock, sale};

fn main() {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let quick = std::env::args().any(|arg| arg == "--test");
    let (pairs, scale) = if quick { (1, 100) } else { (15, 1) };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    println!("real ÷ bare, {pairs} pairs each: median (lowest to highest)");
    println!("  {:<34} {:<21} by processor time", "", "by the clock");
    report("sales a second, 10 buyers, flock", pairs, || rate(&file, 10, Lock::Flock, 300_000 / scale));
    for lock in Lock::ALL {
        // One buyer: what the lock itself costs, without the luck of who waits for whom.
        let what = format!("sales a second, 1 buyer, {lock}");
        report(&what, pairs, || rate(&file, 1, *lock, 50_000 / scale));
    }
    let what = format!("time to launch {} buyers", 2_000 / scale);
    report(&what, pairs, || {
        let buyers = 2_000 / scale as u32;
        let mut crowd = Crowd::of_processes(buyers, Lock::Flock).plan(&file);
        crowd.tickets = Some(1);
        let (real, real_cpu) = with_cpu(|| sale(&crowd));
        restock(&file, 1);
        let (bare, bare_cpu) = with_cpu(|| bare_sale(&file, buyers, Lock::Flock, 1));
        [ratio(launch(&real), bare.launch), ratio(real_cpu, bare_cpu)]
    });
}

/// The rate of the real thing over that of the bare one.
fn rate(file: &Path, buyers: u32, lock: Lock, tickets: u64) -> [f64; 2] {
    let mut plan = Crowd::of_processes(buyers, lock).plan(file);
    plan.tickets = Some(tickets);
    plan.per_buyer = PerBuyer::All;
    let (real, real_cpu) = with_cpu(|| sale(&plan));
    restock(file, tickets);
    let (bare, bare_cpu) = with_cpu(|| bare_sale(file, buyers, lock, u64::MAX));
    assert_eq!(bare.sold, tickets, "the yardstick is sound");
    [ratio(bare.elapsed, elapsed(&real)), ratio(bare_cpu, real_cpu)]
}

/// What it returns, and the processor time of the children that it reaped.
fn with_cpu<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let before = children_cpu();
    let value = act();
    (value, children_cpu() - before)
}

fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("getrusage");
    let time = usage.user_time() + usage.system_time();
    Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000)
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn report(what: &str, pairs: usize, mut pair: impl FnMut() -> [f64; 2]) {
    let ratios: Vec<[f64; 2]> = (0..pairs).map(|_| pair()).collect();
    let column = |which: usize| {
        let mut column: Vec<f64> = ratios.iter().map(|pair| pair[which]).collect();
        column.sort_by(f64::total_cmp);
        let (low, high) = (column[0], column[pairs - 1]);
        format!("{:.2} ({low:.2} to {high:.2})", column[pairs / 2])
    };
    println!("  {what:<34} {:<21} {}", column(0), column(1));
}
