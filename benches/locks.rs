//! The locks beside each other: the same purchases by 2 and by 10 processes under every kind.

mod yardstick;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ticketsim::plan::Workers;
use ticketsim::protocol::file::Lock;
use yardstick::{Crowd, settings};

fn locks(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    let mut group = settings(criterion, "locks".to_owned());
    for buyers in [2, 10] {
        for lock in Lock::ALL {
            let crowd =
                Crowd { buyers, each: 2_000 / buyers, workers: Workers::Process, lock: *lock, think_ns: 0 };
            group.throughput(Throughput::Elements(crowd.purchases()));
            group.bench_function(BenchmarkId::new(lock.name(), buyers), |bencher| {
                bencher.iter_custom(|times| crowd.time(&file, times));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, locks);
criterion_main!(benches);
