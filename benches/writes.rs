//! The writes beside each other, by 10 processes under flock: overwrite, truncate, rename, and rename
//! with the file and its folder synced, which is what surviving a power loss costs.

mod yardstick;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ticketsim::plan::Workers;
use ticketsim::protocol::file::{FileChoices, Lock, Write};
use yardstick::{Crowd, elapsed, sale, settings};

fn writes(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    let mut group = settings(criterion, "writes".to_owned());
    let kinds =
        [(Write::Overwrite, false), (Write::Truncate, false), (Write::Rename, false), (Write::Rename, true)];
    for (write, fsync) in kinds {
        let each = if fsync { 5 } else { 50 };
        let crowd = Crowd { buyers: 10, each, workers: Workers::Process, lock: Lock::Flock, think_ns: 0 };
        let plan = crowd.plan(&file).with_choices(|choices| {
            *choices = FileChoices { write, lock_on: write.default_lock_on(), fsync, ..*choices };
        });
        let name = if fsync { "rename + fsync" } else { write.name() };
        group.throughput(Throughput::Elements(crowd.purchases()));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| elapsed(&sale(&plan))).sum());
        });
    }
    group.finish();
}

criterion_group!(benches, writes);
criterion_main!(benches);
