//! How near the real thing comes to the bare system calls, measured in pairs: bare and real in turn,
//! on the same file, so that a machine whose speed drifts slows both. `cargo bench --bench ratio`.

mod yardstick;

use std::time::Duration;

use ticketsim::plan::{Lock, PerBuyer};
use yardstick::{bare_sale, elapsed, launch, plan, sale};

fn main() {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let quick = std::env::args().any(|arg| arg == "--test");
    let pairs = if quick { 1 } else { 15 };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    println!("real ÷ bare, {pairs} pairs each: median (lowest to highest)");

    let tickets = if quick { 3_000 } else { 300_000 };
    report("sales a second, 10 buyers, flock", pairs, || {
        let plan = plan(&file, 10, tickets, Lock::Flock);
        let real = sale(&plan);
        std::fs::write(&file, format!("{{\"ticket\": {tickets}}}")).expect("restocked");
        let bare = bare_sale(&file, 10, true, u64::MAX);
        assert_eq!(bare.sold, tickets, "the yardstick is sound");
        // Rates: the time of the bare one over that of the real one.
        ratio(bare.elapsed, elapsed(&real))
    });

    let buyers = if quick { 50 } else { 2_000 };
    report("time to launch 2,000 buyers", pairs, || {
        let mut plan = plan(&file, buyers, 1, Lock::Flock);
        plan.per_buyer = PerBuyer::ONE;
        let real = sale(&plan);
        std::fs::write(&file, "{\"ticket\": 1}").expect("restocked");
        ratio(launch(&real), bare_sale(&file, buyers, true, 1).launch)
    });
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn report(what: &str, pairs: usize, mut pair: impl FnMut() -> f64) {
    let mut ratios: Vec<f64> = (0..pairs).map(|_| pair()).collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[0], ratios[pairs - 1]);
    println!("  {what:<34} {:.2} ({low:.2} to {high:.2})", ratios[pairs / 2]);
}
