//! In turn or at once: 100 purchases of 100 buyers, run one after the other, as threads, as async tasks
//! and as processes, thinking for 0, 1 and 10 ms. Without a lock the thinking overlaps; under a lock it
//! can't, and concurrent becomes one after another again.

mod yardstick;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ticketsim::plan::Workers;
use ticketsim::protocol::file::Lock;
use yardstick::{Crowd, settings};

fn sync_vs_async(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    for think_ms in [0, 1, 10] {
        let mut group = settings(criterion, format!("sync_vs_async, think {think_ms}ms"));
        for lock in [Lock::None, Lock::Flock] {
            for workers in [Workers::Sequential, Workers::Thread, Workers::Task, Workers::Process] {
                let crowd = Crowd { buyers: 100, each: 1, workers, lock, think_ns: think_ms * 1_000_000 };
                group.throughput(Throughput::Elements(crowd.purchases()));
                group.bench_function(BenchmarkId::new(workers.name(), lock.name()), |bencher| {
                    bencher.iter_custom(|times| crowd.time(&file, times));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, sync_vs_async);
criterion_main!(benches);
