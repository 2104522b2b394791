//! How long it takes to count every schedule of a setting, and to draw some of them.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ticketsim::explore::{Sampling, Scheduler, Setting, census, sample};
use ticketsim::protocol::Choices;
use ticketsim::protocol::file::{FileChoices, Lock, LockOn, Write};

fn setting(buyers: u32, tickets: i64, lock: Lock, write: Write) -> Setting {
    let choices = FileChoices { lock_on: LockOn::Ticket, ..FileChoices::new(lock, write) };
    Setting::new(Choices::File(choices), buyers, tickets)
}

fn count(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("explore");
    group.sample_size(10).nresamples(10_000).measurement_time(std::time::Duration::from_secs(2));
    for (name, setting) in [
        ("20 buyers, 1 ticket, no lock", setting(20, 1, Lock::None, Write::Overwrite)),
        ("10 buyers, 10 tickets, no lock", setting(10, 10, Lock::None, Write::Overwrite)),
        ("6 buyers, 3 tickets, no lock, truncate", setting(6, 3, Lock::None, Write::Truncate)),
        ("100 buyers, 10 tickets, flock", setting(100, 10, Lock::Flock, Write::Overwrite)),
    ] {
        let whole = census(&setting, u64::MAX);
        assert!(whole.partial.is_none() && whole.states > 0);
        group.bench_function(name, |bencher| bencher.iter(|| census(black_box(&setting), u64::MAX)));
    }
    group.finish();
}

fn draw(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sample");
    group.sample_size(10).nresamples(10_000).measurement_time(std::time::Duration::from_secs(2));
    let setting = setting(100, 100, Lock::None, Write::Overwrite);
    for (name, scheduler) in [("uniform", Scheduler::Uniform), ("PCT", Scheduler::Pct { depth: 2 })] {
        let sampling = Sampling { draws: 100, scheduler, seed: 1 };
        assert!(sample(&setting, sampling).unsound > 0);
        let name = format!("100 schedules of 100 buyers, {name}");
        group.bench_function(name, |bencher| bencher.iter(|| sample(black_box(&setting), sampling)));
    }
    group.finish();
}

criterion_group!(benches, count, draw);
criterion_main!(benches);
