//! The command line.

use std::sync::atomic::AtomicBool;

use ticketsim::plan::{Lock, LockOn, Pace, PerBuyer, Plan, Sale, Workers, Write};
use ticketsim::workers::Watch;

fn main() -> Result<(), ticketsim::run::RunError> {
    let sale = Sale {
        lock: Lock::Flock,
        lock_on: LockOn::Ticket,
        write: Write::Overwrite,
        fsync: false,
        lock_timeout_ns: None,
    };
    let plan = Plan {
        buyers: 10,
        tickets: Some(1),
        workers: Workers::Process,
        sale,
        per_buyer: PerBuyer::ONE,
        pace: Pace { think_ns: 10_000_000, jitter: 0.5, seed: 1 },
        file: Plan::DEFAULT_FILE.into(),
    };
    let mut watch = Watch { interrupted: &AtomicBool::new(false), progress: &mut |_| {} };
    println!("{}", ticketsim::run::run(&plan, &mut watch)?.verdict.ruling);
    Ok(())
}
