//! Reading and judging a history of one million purchases, as `ticketsim check` does: the times of both, and both
//! together as a ratio to what nobody can do without, reading the bytes of the file and finding the line ends. And what it
//! costs to put the purchases of four hosts on one clock first.

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput};
use ticketsim::history::{self, ClockReading, Header, HostClock, HostPart, Purchase, join_hosts};
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

/// The purchases of a sale, as four hosts bring them: each a quarter, in chunks, on a clock of its own.
fn of_four_hosts(purchases: &[Purchase]) -> Vec<HostPart> {
    let part = |number: u64| {
        let offset_ns = (number * 35_000_000).cast_signed();
        let reading = |host_ns| ClockReading { host_ns, offset_ns, error_ns: 40_000 };
        let mut clock = HostClock::new(reading(0));
        clock.add(reading(1 << 50));
        let mut part = HostPart::new(format!("host#{number}"), 16, clock);
        let own: Vec<Purchase> = purchases.iter().filter(|p| p.buyer / 16 == number).cloned().collect();
        for chunk in own.chunks(4_096) {
            let on_its_clock = |purchase: &Purchase| Purchase {
                buyer: purchase.buyer % 16 + 1,
                invoke_ns: purchase.invoke_ns - offset_ns.unsigned_abs(),
                return_ns: purchase.return_ns.get().map(|ns| ns - offset_ns.unsigned_abs()).into(),
                ..purchase.clone()
            };
            part.take(chunk.iter().map(on_its_clock).collect()).expect("its own");
        }
        part
    };
    (0..4).map(part).collect()
}

/// Putting the purchases of four hosts on one clock and judging them, beside judging the same ones as one host's.
fn hosts(purchases: u64, pairs: usize) {
    let text = a_sale(purchases, Lines::WithStock);
    let one = history::read(text.as_bytes(), "a sale").expect("a history");
    let header =
        || Header { initial: one.header.initial, remaining: one.header.remaining, ..Header::default() };
    let mut taken: Vec<(f64, f64)> = (0..pairs)
        .map(|_| {
            let parts = of_four_hosts(&one.purchases);
            let began = Instant::now();
            assert_eq!(black_box(judge(&one)).ruling, Ruling::Sound);
            let bare = began.elapsed().as_secs_f64();
            let began = Instant::now();
            let joined = join_hosts(header(), 0, parts).expect("one history");
            assert_eq!(black_box(judge(&joined)).ruling, Ruling::Sound);
            (bare, began.elapsed().as_secs_f64())
        })
        .collect();
    taken.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
    let (bare, whole) = taken[pairs / 2];
    println!("joining and judging {purchases} purchases of four hosts ÷ judging them as one host's");
    println!("  {:.1}   {:.0} ms ÷ {:.0} ms", whole / bare, whole * 1e3, bare * 1e3);
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
        hosts(1_000, 1);
        return ratio(1_000, 1);
    }
    if !std::env::args().any(|arg| arg == "ratio") {
        let mut criterion = Criterion::default().configure_from_args();
        check(&mut criterion);
        criterion.final_summary();
    }
    ratio(PURCHASES, 11);
    hosts(PURCHASES, 11);
}
