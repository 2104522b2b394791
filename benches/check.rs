//! Reading and judging a history of one million purchases: from memory, as `ticketsim check` does.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use ticketsim::history;
use ticketsim::verdict::{Ruling, judge};

const PURCHASES: u64 = 1_000_000;

/// A sound sale by 64 buyers, who overlap; every receipt says what it was sold from, or none does.
fn a_sale(with_stock: bool) -> String {
    let mut text = format!("{{\"history_version\":1,\"initial\":{PURCHASES},\"remaining\":0}}\n");
    for sold in 0..PURCHASES {
        let at_ns = sold * 1000;
        let (buyer, invoke_ns, return_ns) = (sold % 64, at_ns, at_ns + 40_000);
        let purchase = format_args!(
            "\"buyer\":{buyer},\"invoke_ns\":{invoke_ns},\"return_ns\":{return_ns},\"outcome\":\"bought\""
        );
        // Writing to a String can't fail.
        let _ = if with_stock {
            writeln!(text, "{{{purchase},\"stock\":{}}}", PURCHASES - sold)
        } else {
            writeln!(text, "{{{purchase}}}")
        };
    }
    text
}

fn check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check a million purchases");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .nresamples(10_000)
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(PURCHASES));
    for (name, with_stock) in [("with stock", true), ("without", false)] {
        let text = a_sale(with_stock);
        let read = || history::read(text.as_bytes(), name).expect("a history");
        assert_eq!(judge(&read()).ruling, Ruling::Sound);
        group.bench_function(format!("read, {name}"), |bencher| bencher.iter(|| black_box(read())));
        let history = read();
        group.bench_function(format!("judge, {name}"), |bencher| {
            bencher.iter(|| black_box(judge(&history)));
        });
    }
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
