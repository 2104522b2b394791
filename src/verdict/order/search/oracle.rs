//! The search compared with an independent answer: stateright's linearizability tester, which tries every order, on
//! tens of thousands of small random histories with quantities, give-backs, reads, ties, purchases without an answer,
//! and several items.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester, SequentialSpec};

use crate::history::{Header, History, Outcome, Purchase};
use crate::stock::Stock;
use crate::verdict::{AnomalyKind, Ruling, Unjudged, Verdict, judge};

/// A ticket counter, one purchase at a time.
#[derive(Clone, Debug)]
struct Counter(Stock);

#[derive(Clone, Debug)]
enum Op {
    /// An unanswered one may say which stock it would have found.
    Buy(Stock, Option<Stock>),
    GiveBack(Stock, Option<Stock>),
    Look,
}

#[derive(Clone, Debug, PartialEq)]
enum Ret {
    Bought(Option<Stock>),
    Refused(Option<Stock>),
    Returned(Option<Stock>),
    Saw(Stock),
    Nothing,
}

impl SequentialSpec for Counter {
    type Op = Op;
    type Ret = Ret;

    fn invoke(&mut self, op: &Op) -> Ret {
        let fits = |met: &Option<Stock>, stock: Stock| met.is_none_or(|met| met == stock);
        match op {
            Op::Look => Ret::Saw(self.0),
            Op::Buy(quantity, met) if self.0 >= *quantity && fits(met, self.0) => {
                self.0 -= quantity;
                Ret::Bought(None)
            }
            Op::GiveBack(quantity, met) if fits(met, self.0) => {
                self.0 += quantity;
                Ret::Returned(None)
            }
            Op::Buy(..) | Op::GiveBack(..) => Ret::Nothing,
        }
    }

    fn is_valid_step(&mut self, op: &Op, ret: &Ret) -> bool {
        let fits = |met: &Option<Stock>, stock: Stock| met.is_none_or(|met| met == stock);
        match (op, ret) {
            (Op::Buy(quantity, _), Ret::Bought(met)) if self.0 >= *quantity && fits(met, self.0) => {
                self.0 -= quantity;
                true
            }
            (Op::Buy(quantity, _), Ret::Refused(met)) => self.0 < *quantity && fits(met, self.0),
            (Op::GiveBack(quantity, _), Ret::Returned(met)) if fits(met, self.0) => {
                self.0 += quantity;
                true
            }
            (Op::Look, Ret::Saw(stock)) => self.0 == *stock,
            _ => false,
        }
    }
}

/// Whether some order fits, by trying them all.
fn fits(history: &History) -> bool {
    let header = &history.header;
    let mut tester = LinearizabilityTester::new(Counter(header.initial.expect("an initial stock")));
    let mut events = Vec::new();
    let slack = header.slack();
    for (purchase, thread) in history.purchases.iter().zip(0_u64..) {
        let quantity = Stock::from(purchase.quantity);
        let op = match purchase.outcome {
            Outcome::Read => Op::Look,
            Outcome::Returned => Op::GiveBack(quantity, None),
            Outcome::Unknown if purchase.gives_back => Op::GiveBack(quantity, purchase.sold_from.get()),
            Outcome::Unknown => Op::Buy(quantity, purchase.sold_from.get()),
            _ => Op::Buy(quantity, None),
        };
        let ret = match purchase.outcome {
            Outcome::Failed => continue,
            Outcome::Unknown => None,
            Outcome::Bought => Some(Ret::Bought(purchase.sold_from.get())),
            Outcome::Refused => Some(Ret::Refused(purchase.sold_from.get())),
            Outcome::Returned => Some(Ret::Returned(purchase.sold_from.get())),
            Outcome::Read => Some(Ret::Saw(purchase.seen.get().expect("what it saw"))),
        };
        events.push((slack.called_ns(purchase), 0, thread, Ok(op)));
        if let Some(ret) = ret {
            events.push((slack.returned_ns(purchase), 1, thread, Err(ret)));
        }
    }
    if header.outsiders {
        events.extend((0..4).map(|other| (0, 0, 100 + other, Ok(Op::Buy(1, None)))));
    } else if let Some(remaining) = header.remaining {
        events.push((u64::MAX - 1, 0, 200, Ok(Op::Look)));
        events.push((u64::MAX, 1, 200, Err(Ret::Saw(remaining))));
    }
    events.sort_by_key(|(time, side, thread, _)| (*time, *side, *thread));
    for (.., thread, event) in events {
        match event {
            Ok(op) => tester.on_invoke(thread, op).map(|_| ()),
            Err(ret) => tester.on_return(thread, ret).map(|_| ()),
        }
        .expect("calls before returns");
    }
    tester.is_consistent()
}

/// A history made by a counter, with up to seven purchases.
fn a_sound_history(rng: &mut ChaCha8Rng) -> History {
    let outsiders = rng.random_bool(0.1);
    let initial: Stock = rng.random_range(0..if outsiders { 4 } else { 7 });
    let (mut left, mut now) = (initial, 10_u64);
    let told = *[0.0, 0.3, 0.7, 1.0].choose(rng).expect("one");
    let lost = *[0.0, 0.0, 0.2, 0.5].choose(rng).expect("one");
    let spread = *[1_u64, 3, 6].choose(rng).expect("one");
    let most = *[1, 2, 3].choose(rng).expect("one");
    let most_purchases = if outsiders { 4 } else { 7 };
    let mut purchases = Vec::new();
    for buyer in 0..rng.random_range(1..=most_purchases) {
        now += rng.random_range(0..3);
        if outsiders && rng.random_bool(0.2) {
            left = (left - 1).max(0);
        }
        let quantity = rng.random_range(1..=most);
        let wanted = Stock::from(quantity);
        let chance = rng.random_range(0.0..1.0);
        let gives_back = chance < 0.25;
        let outcome = match chance {
            _ if rng.random_bool(lost) => Outcome::Unknown,
            chance if chance > 0.95 => Outcome::Failed,
            chance if chance > 0.8 => Outcome::Read,
            _ if gives_back => Outcome::Returned,
            _ if left >= wanted => Outcome::Bought,
            _ => Outcome::Refused,
        };
        let met = left;
        let happens = outcome != Outcome::Unknown || rng.random_bool(0.6);
        match outcome {
            Outcome::Bought => left -= wanted,
            Outcome::Returned => left += wanted,
            Outcome::Unknown if happens && gives_back => left += wanted,
            Outcome::Unknown if happens && left >= wanted => left -= wanted,
            _ => {}
        }
        let (invoke_ns, return_ns) =
            (now - rng.random_range(0..spread.min(now)), now + rng.random_range(0..spread));
        let return_ns = Some(return_ns).filter(|_| outcome != Outcome::Unknown);
        let tells = outcome == Outcome::Read || rng.random_bool(told);
        let stock = Some(met).filter(|_| tells);
        purchases.push(Purchase {
            quantity,
            gives_back: gives_back && outcome == Outcome::Unknown,
            seen: stock.into(),
            sold_from: stock.into(),
            ..Purchase::new(buyer, outcome, invoke_ns, return_ns)
        });
    }
    let remaining = Some(left).filter(|_| rng.random_bool(0.4));
    let resolution_ns = Some(2).filter(|_| rng.random_bool(0.1));
    let clock_error_ns = Some(1).filter(|_| rng.random_bool(0.1));
    let header = Header {
        initial: Some(initial),
        remaining,
        outsiders,
        resolution_ns,
        clock_error_ns,
        ..Header::default()
    };
    History { header, purchases }
}

/// The ways to corrupt a history.
const CORRUPTIONS: &[fn(&mut ChaCha8Rng, &mut Purchase)] = &[
    |rng, p| p.quantity = rng.random_range(1..4),
    |rng, p| {
        if p.sold_from.get().is_some() {
            let stock = Some(rng.random_range(0..7));
            (p.seen, p.sold_from) = (stock.into(), stock.into());
        }
    },
    |rng, p| {
        let (by, earlier) = (rng.random_range(1..10_u64), rng.random_bool(0.5));
        let shift = |time: &mut u64| *time = if earlier { time.saturating_sub(by) } else { *time + by };
        shift(&mut p.invoke_ns);
        let mut returned = p.return_ns.get();
        returned.iter_mut().for_each(shift);
        p.return_ns = returned.into();
    },
    |_, p| {
        p.outcome = match p.outcome {
            Outcome::Bought => Outcome::Refused,
            Outcome::Refused => Outcome::Bought,
            Outcome::Returned => Outcome::Failed,
            other => other,
        };
    },
];

fn spoil(rng: &mut ChaCha8Rng, history: &mut History) {
    if rng.random_bool(0.2) {
        history.header.remaining = Some(rng.random_range(0..7));
    } else if rng.random_bool(0.1) {
        history.purchases.remove(rng.random_range(0..history.purchases.len()));
    } else if let Some(place) = (0..history.purchases.len()).collect::<Vec<_>>().choose(rng) {
        CORRUPTIONS.choose(rng).expect("one")(rng, &mut history.purchases[*place]);
    }
}

fn is_open(verdict: &Verdict) -> bool {
    verdict.unjudged.iter().any(|reason| matches!(reason, Unjudged::Order(_)))
}

/// Compares the ruling with the tester's. Returns whether the tester found no order; `None` if the ruling left it open.
fn agree(history: &History) -> Result<Option<bool>, TestCaseError> {
    let verdict = judge(history);
    if is_open(&verdict) {
        return Ok(None);
    }
    let fits = fits(history);
    let expected = !fits;
    // A stock higher than any that was possible is reported by another rule.
    let beyond = verdict.anomaly(AnomalyKind::TornRead).is_some() && fits;
    // With other sellers, a risen stock is reported although an order fits.
    let rose = history.header.outsiders && verdict.anomaly(AnomalyKind::LostStock).is_some();
    if !beyond && !rose {
        prop_assert_eq!(verdict.ruling == Ruling::Unsound, expected, "{:#?}\n{:#?}", history, verdict);
    }
    Ok(Some(expected))
}

/// Tens of thousands of histories, sound and corrupted: each ruling agrees with the tester's, and fewer than 3 % are
/// left open.
#[test]
fn it_agrees_with_every_order_tried() {
    let (mut open, mut unsound, mut all) = (0, 0, 0);
    for seed in 0..12_000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut history = a_sound_history(&mut rng);
        let sound = agree(&history).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_ne!(sound, Some(true), "seed {seed}: a counter made it\n{history:#?}");
        for _ in 0..2 {
            if history.purchases.is_empty() {
                break;
            }
            spoil(&mut rng, &mut history);
            let found = agree(&history).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            all += 1;
            open += u32::from(found.is_none());
            unsound += u32::from(found == Some(true));
        }
    }
    assert!(unsound > 5_000, "{unsound} of {all} unsound");
    assert!(open * 100 < all * 3, "{open} of {all} left open");
}

/// Each of several items gets the verdict that its history alone would get, and the whole gets the worst one.
#[test]
fn several_items_are_judged_one_by_one() {
    for seed in 0..3_000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut parts: Vec<History> = (0..3).map(|_| a_sound_history(&mut rng)).collect();
        for part in &mut parts {
            (part.header.outsiders, part.header.resolution_ns, part.header.clock_error_ns) =
                (false, None, None);
            if rng.random_bool(0.5) {
                spoil(&mut rng, part);
            }
        }
        let mut whole = History::default();
        for (part, name) in parts.iter().zip(["a", "b", "c"]) {
            let item = whole.header.items.number(name);
            whole.header.items.initial[item as usize] = part.header.initial;
            whole.header.items.remaining[item as usize] = part.header.remaining;
            whole.purchases.extend(part.purchases.iter().map(|p| Purchase { item, ..p.clone() }));
        }
        let alone: Vec<Verdict> = parts.iter().map(judge).collect();
        let verdict = judge(&whole);
        let rulings: Vec<Ruling> = verdict.items.iter().map(|item| item.verdict).collect();
        assert_eq!(rulings, alone.iter().map(|verdict| verdict.ruling).collect::<Vec<_>>(), "seed {seed}");
        let worst = |ruling| rulings.contains(&ruling);
        let expected = if worst(Ruling::Unsound) {
            Ruling::Unsound
        } else if worst(Ruling::Unknown) {
            Ruling::Unknown
        } else {
            Ruling::Sound
        };
        assert_eq!(verdict.ruling, expected, "seed {seed}");
        let receipts: u64 = alone.iter().map(|verdict| verdict.ledger.receipts).sum();
        assert_eq!(verdict.ledger.receipts, receipts);
        for anomaly in &verdict.anomalies {
            let of_item = |place: &u32| Some(whole.purchases[*place as usize].item) == anomaly.item;
            assert!(anomaly.places(&whole).iter().all(of_item), "seed {seed}: {anomaly:?}");
        }
    }
}
