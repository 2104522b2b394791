//! What waiting for a lock costs: the CPU time that 100 buyers use while one holds the lock and thinks,
//! beyond what the same run uses without the wait. `cargo bench --bench waiting`.

use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use ticketsim::grade::Combination;
use ticketsim::plan::{Exclusion, Workers};
use ticketsim::protocol::file::{Lock, Write};

fn main() {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let quick = std::env::args().any(|arg| arg == "--test");
    let wait = Duration::from_secs(if quick { 1 } else { 2 });
    println!("100 buyers wait {wait:?} for one that thinks: CPU time, in percent of one core");
    for &workers in Workers::ALL {
        for &lock in Lock::ALL {
            let write = Write::Overwrite;
            let combination = Combination { workers, lock, write, lock_on: write.default_lock_on() };
            // Where nobody is kept out, nobody waits.
            if combination.exclusion() == Exclusion::Excludes && !(quick && lock != Lock::Flock) {
                let cpu =
                    cpu_time(workers, lock, wait).saturating_sub(cpu_time(workers, lock, Duration::ZERO));
                let percent = cpu.as_secs_f64() / wait.as_secs_f64() * 100.0;
                println!("  {workers:<8} {lock:<10} {percent:5.1} %");
            }
        }
    }
}

/// The CPU time of a run of the command, its buyers included.
fn cpu_time(workers: Workers, lock: Lock, think: Duration) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let before = children_cpu();
    let status = Command::new(env!("CARGO_BIN_EXE_ticketsim"))
        .args([
            "--buyers",
            "101",
            "--tickets",
            "1",
            "--jitter",
            "0",
            "--think",
            &format!("{}ms", think.as_millis()),
        ])
        .args(["--workers", workers.name(), "--lock", lock.name()])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("ticketsim runs").success(), "{workers} {lock}: the sale is sound");
    children_cpu() - before
}

fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage");
    let duration = |time: nix::sys::time::TimeVal| {
        Duration::new(
            time.tv_sec().unsigned_abs(),
            1000 * u32::try_from(time.tv_usec()).expect("below a second"),
        )
    };
    duration(usage.user_time()) + duration(usage.system_time())
}
