//! Reading and judging a history of one million purchases, as `ticketsim check` does: the times of both, and both
//! together as a ratio to what nobody can do without, reading the bytes of the file and finding the line ends.

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput};
use ticketsim::history;
use ticketsim::verdict::{Ruling, judge};

const PURCHASES: u64 = 1_000_000;

/// What the lines of a history say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// Who, when, and what came of it.
    Plain,
    /// The stock, too.
    WithStock,
    /// All that a run of our own notes, 195 bytes.
    OfARun,
}

/// A sound sale by 64 buyers, who overlap.
fn a_sale(purchases: u64, lines: Lines) -> String {
    let mut text = format!("{{\"history_version\":1,\"initial\":{purchases},\"remaining\":0}}\n");
    for sold in 0..purchases {
        // One after the other they hold the lock; each waits for the most of its time.
        let at_ns = 10_000_000_000 + sold * 1000;
        let (buyer, invoke_ns) = (sold % 64, at_ns - (sold % 7) * 9_000);
        let left = purchases - sold;
        // Writing to a String can't fail.
        let _ = match lines {
            Lines::Plain => writeln!(
                text,
                "{{\"buyer\":{buyer},\"invoke_ns\":{invoke_ns},\"return_ns\":{},\"outcome\":\"bought\"}}",
                at_ns + 900
            ),
            Lines::WithStock => writeln!(
                text,
                "{{\"buyer\":{buyer},\"invoke_ns\":{invoke_ns},\"return_ns\":{},\"outcome\":\"bought\",\"stock\":{left}}}",
                at_ns + 900
            ),
            Lines::OfARun => writeln!(
                text,
                "{{\"buyer\":{buyer},\"pid\":{},\"invoke_ns\":{invoke_ns},\"return_ns\":{},\"outcome\":\"bought\",\
                 \"stock\":{left},\"locked_ns\":{},\"read_ns\":{},\"written_ns\":{},\"unlocked_ns\":{}}}",
                4_700 + buyer,
                at_ns + 900,
                at_ns + 100,
                at_ns + 300,
                at_ns + 700,
                at_ns + 900
            ),
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
    for (name, lines) in
        [("with stock", Lines::WithStock), ("without", Lines::Plain), ("of a run", Lines::OfARun)]
    {
        let text = a_sale(PURCHASES, lines);
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

/// Reads a file in the same blocks, on one thread, and finds its line ends.
fn line_ends(path: &Path) -> usize {
    let mut file = File::open(path).expect("the file");
    let mut block = vec![0; 1 << 18];
    let mut lines = 0;
    loop {
        let length = file.read(&mut block).expect("read");
        if length == 0 {
            return lines;
        }
        lines += block[..length].iter().filter(|byte| **byte == b'\n').count();
    }
}

/// Pairs: one after the other in each, so that a machine whose speed drifts slows both.
fn ratio(purchases: u64, pairs: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.jsonl");
    let time = |act: &dyn Fn()| {
        let began = Instant::now();
        act();
        began.elapsed().as_secs_f64()
    };
    println!("reading and judging {purchases} purchases ÷ reading the bytes and finding the line ends");
    for (name, lines) in [("with stock", Lines::WithStock), ("of a run", Lines::OfARun)] {
        std::fs::write(&path, a_sale(purchases, lines)).expect("written");
        let bare = || assert_eq!(black_box(line_ends(&path)) as u64, purchases + 1);
        let whole = || {
            let history = history::read_file(&path, &AtomicBool::new(false)).expect("a history");
            assert_eq!(black_box(judge(&history)).ruling, Ruling::Sound);
        };
        let mut taken: Vec<(f64, f64)> = (0..pairs).map(|_| (time(&bare), time(&whole))).collect();
        taken.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
        let (bare, whole) = taken[pairs / 2];
        let of = |place: usize| taken[place].1 / taken[place].0;
        println!(
            "  {name:<12} {:.1} ({:.1} to {:.1})   {:.0} ms ÷ {:.0} ms",
            whole / bare,
            of(pairs / 4),
            of((pairs * 3 / 4).min(pairs - 1)),
            whole * 1e3,
            bare * 1e3
        );
    }
}

fn main() {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    if std::env::args().any(|arg| arg == "--test") {
        return ratio(1_000, 1);
    }
    if !std::env::args().any(|arg| arg == "ratio") {
        let mut criterion = Criterion::default().configure_from_args();
        check(&mut criterion);
        criterion.final_summary();
    }
    ratio(PURCHASES, 11);
}
