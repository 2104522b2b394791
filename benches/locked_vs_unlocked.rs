//! What the lock costs: the same purchases by 1 to 100 processes, under flock and without a lock, with
//! no think time and with 1 ms. Throughput is in sales; time runs from the go to the last purchase.

mod yardstick;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ticketsim::plan::Workers;
use ticketsim::protocol::file::Lock;
use yardstick::{Crowd, settings};

fn locked_vs_unlocked(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    for (name, think_ns, purchases) in [("think 0", 0, 2_000), ("think 1ms", 1_000_000, 100)] {
        let mut group = settings(criterion, format!("locked_vs_unlocked, {name}"));
        for buyers in [1, 2, 10, 100] {
            for lock in [Lock::Flock, Lock::None] {
                let crowd =
                    Crowd { buyers, each: purchases / buyers, workers: Workers::Process, lock, think_ns };
                group.throughput(Throughput::Elements(crowd.purchases()));
                group.bench_function(BenchmarkId::new(lock.name(), buyers), |bencher| {
                    bencher.iter_custom(|times| crowd.time(&file, times));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, locked_vs_unlocked);
criterion_main!(benches);
