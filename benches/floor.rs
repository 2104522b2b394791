//! The floor: the system calls of a sale, bare, in as many forked processes. Every other figure can be
//! read as a ratio to the one of as many buyers here.

mod yardstick;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ticketsim::protocol::file::Lock;
use yardstick::{bare_sale, restock, settings};

fn floor(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ticket.json");
    let mut group = settings(criterion, "floor".to_owned());
    for buyers in [1, 2, 10, 100] {
        for lock in [Lock::Flock, Lock::None] {
            let purchases = 2_000;
            group.throughput(Throughput::Elements(purchases));
            group.bench_function(BenchmarkId::new(lock.name(), buyers), |bencher| {
                bencher.iter_custom(|times| {
                    let one = |_| {
                        restock(&file, purchases);
                        let bare = bare_sale(&file, buyers, lock, purchases / u64::from(buyers));
                        assert_eq!(bare.sold, purchases);
                        bare.elapsed
                    };
                    (0..times).map(one).sum()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, floor);
criterion_main!(benches);
