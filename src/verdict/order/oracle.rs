//! The rule compared with an independent one: stateright's linearizability tester, which tries every order.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand::seq::{IndexedMutRandom as _, IndexedRandom as _};
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester, SequentialSpec};

use super::*;
use crate::history::Header;
use crate::stock::Stock;
use crate::verdict::{Ruling, Unjudged, Verdict};

/// What a ticket counter does, one purchase at a time.
#[derive(Clone, Debug)]
struct Counter(Stock);

#[derive(Clone, Debug)]
enum Op {
    /// A purchase; an unanswered one may say which stock it would have been sold from.
    Buy(Option<Stock>),
    /// A read of the stock at the end.
    Look,
}

#[derive(Clone, Debug, PartialEq)]
enum Ret {
    Bought(Option<Stock>),
    Refused(Option<Stock>),
    Left(Stock),
}

impl SequentialSpec for Counter {
    type Op = Op;
    type Ret = Ret;

    fn invoke(&mut self, op: &Op) -> Ret {
        match op {
            Op::Look => Ret::Left(self.0),
            Op::Buy(claimed) if self.0 > 0 && claimed.is_none_or(|claimed| claimed == self.0) => {
                self.0 -= 1;
                Ret::Bought(Some(self.0 + 1))
            }
            Op::Buy(_) => Ret::Refused(None),
        }
    }

    fn is_valid_step(&mut self, _: &Op, ret: &Ret) -> bool {
        match ret {
            Ret::Bought(stock) if self.0 > 0 && stock.is_none_or(|stock| stock == self.0) => {
                self.0 -= 1;
                true
            }
            Ret::Bought(_) => false,
            Ret::Refused(stock) => self.0 == 0 && stock.is_none_or(|stock| stock == 0),
            Ret::Left(stock) => self.0 == *stock,
        }
    }
}

/// Whether some order fits from this initial stock, by trying them all.
fn fits_from(history: &History, initial: Stock) -> bool {
    let mut tester = LinearizabilityTester::new(Counter(initial));
    let header = &history.header;
    let mut unseen = Vec::new();
    if header.outsiders {
        unseen.extend((0..initial).map(|_| Op::Buy(None)));
    }
    if header.cut_short.is_some() {
        unseen.push(Op::Buy(None));
    }
    // Each purchase is a thread of its own: those of one buyer may overlap. At the same instant calls
    // come before returns: intervals are closed.
    let mut events = Vec::new();
    for (purchase, thread) in history.purchases.iter().zip(0..) {
        let ret = match purchase.outcome {
            // These histories have no reads and no give-backs.
            Outcome::Failed | Outcome::Returned | Outcome::Read => continue,
            Outcome::Bought => Some(Ret::Bought(purchase.sold_from.get())),
            Outcome::Refused => Some(Ret::Refused(purchase.sold_from.get())),
            Outcome::Unknown => None,
        };
        events.push((purchase.invoke_ns, 0, thread, Ok(Op::Buy(purchase.sold_from.get()))));
        if let Some(ret) = ret {
            events.push((purchase.return_ns.get().expect("a return"), 1, thread, Err(ret)));
        }
    }
    for (op, thread) in unseen.into_iter().zip(1000..) {
        events.push((0, 0, thread, Ok(op)));
    }
    if let Some(remaining) = header.remaining.filter(|_| !header.outsiders) {
        events.push((u64::MAX - 1, 0, 2000, Ok(Op::Look)));
        events.push((u64::MAX, 1, 2000, Err(Ret::Left(remaining))));
    }
    events.sort_by_key(|(time, side, thread, _)| (*time, *side, *thread));
    for (_, _, thread, event) in events {
        match event {
            Ok(op) => tester.on_invoke(thread, op).map(|_| ()),
            Err(ret) => tester.on_return(thread, ret).map(|_| ()),
        }
        .expect("calls before returns");
    }
    tester.is_consistent()
}

/// Whether some order fits; from any initial stock, if it is not known.
fn fits(history: &History) -> bool {
    if let Some(initial) = history.header.initial {
        return fits_from(history, initial);
    }
    let highest = receipts(history).filter_map(|receipt| receipt.sold_from.get()).max().unwrap_or(0);
    let remaining = history.header.remaining.unwrap_or(0);
    let most = highest + remaining + history.purchases.len() as Stock;
    (highest..=most).any(|initial| fits_from(history, initial))
}

fn receipts(history: &History) -> impl Iterator<Item = &Purchase> {
    history.purchases.iter().filter(|purchase| purchase.outcome == Outcome::Bought)
}

fn a_purchase(outcome: Outcome, invoke_ns: u64, return_ns: u64, stock: Option<Stock>) -> Purchase {
    let return_ns = Some(return_ns).filter(|_| outcome != Outcome::Unknown);
    Purchase {
        seen: stock.into(),
        sold_from: stock.into(),
        ..Purchase::new(1, outcome, invoke_ns, return_ns)
    }
}

/// A history made by a counter, with up to six purchases, so that all orders can be tried.
fn a_sound_history(rng: &mut ChaCha8Rng) -> History {
    let initial = rng.random_range(0..5_i64);
    let mut left = initial;
    let mut now = 10_u64;
    // How often a purchase says its stock; how often an answer is lost; how far calls and returns are from the moment
    // of the effect.
    let told = *[0.0, 0.5, 1.0, 1.0].choose(rng).expect("one");
    let lost = *[0.0, 0.0, 0.3, 0.6].choose(rng).expect("one");
    let spread = *[1_u64, 3, 6].choose(rng).expect("one");
    let outsiders = initial < 4 && rng.random_bool(0.15);
    let mut purchases = Vec::new();
    for _ in 0..rng.random_range(0..=6) {
        now += rng.random_range(0..3);
        if outsiders && rng.random_bool(0.3) {
            left = (left - 1).max(0);
        }
        let (invoke_ns, return_ns) =
            (now - rng.random_range(0..spread.min(now)), now + rng.random_range(0..spread));
        let stock = left;
        let outcome = match rng.random_range(0.0..1.0) {
            chance if chance < lost => Outcome::Unknown,
            chance if chance > 0.95 => Outcome::Failed,
            _ if left == 0 => Outcome::Refused,
            _ => Outcome::Bought,
        };
        let took_effect = outcome == Outcome::Bought || outcome == Outcome::Unknown && rng.random_bool(0.6);
        if took_effect {
            left = (left - 1).max(0);
        }
        // An unanswered purchase can say only a stock above 0.
        let tells = rng.random_bool(told) && (outcome != Outcome::Unknown || stock > 0);
        purchases.push(a_purchase(outcome, invoke_ns, return_ns, Some(stock).filter(|_| tells)));
    }
    let header = Header {
        initial: Some(initial).filter(|_| rng.random_bool(0.8)),
        remaining: Some(left).filter(|_| rng.random_bool(0.3)),
        outsiders,
        cut_short: Some(9).filter(|_| rng.random_bool(0.1)),
        ..Header::default()
    };
    History { header, purchases }
}

/// The ways to corrupt a history.
const CORRUPTIONS: &[fn(&mut ChaCha8Rng, &mut History)] =
    &[swap_two_stocks, duplicate_a_receipt, shift_a_time, drop_a_purchase, refuse_while_stock_remained];

fn some_place(rng: &mut ChaCha8Rng, history: &History, outcome: Outcome) -> Option<usize> {
    let places: Vec<Place> = crate::verdict::places(history, outcome).collect();
    places.choose(rng).map(|place| *place as usize)
}

fn swap_two_stocks(rng: &mut ChaCha8Rng, history: &mut History) {
    let one = some_place(rng, history, Outcome::Bought);
    let other = some_place(rng, history, Outcome::Bought);
    if let (Some(one), Some(other)) = (one, other) {
        let stock = history.purchases[one].sold_from;
        history.purchases[one].sold_from = history.purchases[other].sold_from;
        history.purchases[other].sold_from = stock;
    }
}

fn duplicate_a_receipt(rng: &mut ChaCha8Rng, history: &mut History) {
    if let Some(place) = some_place(rng, history, Outcome::Bought) {
        history.purchases.push(history.purchases[place].clone());
    }
}

fn shift_a_time(rng: &mut ChaCha8Rng, history: &mut History) {
    if let Some(purchase) = history.purchases.choose_mut(rng) {
        let earlier = rng.random_bool(0.5);
        let by = rng.random_range(1..10);
        let shift = |time: &mut u64| *time = if earlier { time.saturating_sub(by) } else { *time + by };
        shift(&mut purchase.invoke_ns);
        let mut returned = purchase.return_ns.get();
        returned.iter_mut().for_each(shift);
        purchase.return_ns = returned.into();
    }
}

fn drop_a_purchase(rng: &mut ChaCha8Rng, history: &mut History) {
    if !history.purchases.is_empty() {
        history.purchases.remove(rng.random_range(0..history.purchases.len()));
    }
}

fn refuse_while_stock_remained(rng: &mut ChaCha8Rng, history: &mut History) {
    if let Some(place) = some_place(rng, history, Outcome::Bought) {
        history.purchases[place].outcome = Outcome::Refused;
        if rng.random_bool(0.8) {
            history.purchases[place].sold_from = None.into();
        }
    }
}

/// Whether to ask the tester: its time grows with the number of orders. And an initial stock below one that was seen is
/// an anomaly by another rule (`torn_read`).
fn is_for_the_tester(history: &History) -> bool {
    let header = &history.header;
    let initial = header.initial.unwrap_or(Stock::MAX);
    let happened = |p: &&Purchase| matches!(p.outcome, Outcome::Bought | Outcome::Refused);
    let outsiders = if header.outsiders { initial.min(9) as usize } else { 0 };
    let threads = history.purchases.len() + outsiders + usize::from(header.cut_short.is_some());
    threads <= 7
        && history
            .purchases
            .iter()
            .filter(happened)
            .all(|purchase| purchase.sold_from.get().is_none_or(|stock| stock <= initial))
}

/// Whether the order was left undecided.
fn open(verdict: &Verdict) -> bool {
    verdict.unjudged.iter().any(|reason| matches!(reason, Unjudged::Order(_)))
}

/// Compares the ruling with the tester's. Returns whether the tester was asked and found no order.
fn agree(history: &History) -> Result<bool, TestCaseError> {
    let verdict = crate::verdict::judge(history);
    // With other sellers, lost stock is reported although an order fits.
    let lost = history.header.outsiders && verdict.anomaly(AnomalyKind::LostStock).is_some();
    if lost || !is_for_the_tester(history) {
        return Ok(false);
    }
    if open(&verdict) {
        // Only with these the order may be left undecided.
        let open_known = |p: &Purchase| p.outcome == Outcome::Unknown && p.sold_from.get().is_some();
        prop_assert!(history.purchases.iter().any(open_known));
        prop_assert!(receipts(history).any(|receipt| receipt.sold_from.get().is_none()));
        return Ok(false);
    }
    let fits = fits(history);
    prop_assert_eq!(verdict.ruling != Ruling::Unsound, fits, "{:#?}\n{:#?}", history, verdict);
    Ok(!fits)
}

/// Only the purchases of a piece of evidence, while others may sell.
fn alone(history: &History, contradiction: &Contradiction) -> History {
    let places = contradiction.places();
    let purchases = places.iter().map(|place| history.purchases[*place as usize].clone()).collect();
    let header = Header { initial: history.header.initial, outsiders: true, ..Header::default() };
    History { header, purchases }
}

/// The contradictions that the rule reports.
fn contradictions(history: &History) -> Vec<Contradiction> {
    let of = |anomaly: Anomaly| match anomaly.evidence {
        Evidence::OutOfOrder(contradictions) => contradictions,
        _ => Vec::new(),
    };
    crate::verdict::judge(history).anomalies.into_iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10000))]

    #[test]
    fn it_agrees_with_the_tester_on_sound_and_spoilt_histories(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut history = a_sound_history(&mut rng);
        prop_assert!(!agree(&history)?);
        for _ in 0..rng.random_range(1..3) {
            let corrupt = CORRUPTIONS.choose(&mut rng).expect("one");
            corrupt(&mut rng, &mut history);
            agree(&history)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Judged from the highest stock that any purchase says, a history made by a counter is never unsound; and it is
    /// sound if every receipt says its stock.
    #[test]
    fn no_initial_stock_makes_no_sound_history_unsound(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut history = a_sound_history(&mut rng);
        history.header.initial = None;
        let highest = history.purchases.iter().filter_map(|purchase| purchase.sold_from.get()).max();
        let told = receipts(&history).all(|receipt| receipt.sold_from.get().is_some());
        let (verdict, from) = crate::verdict::judge_from(&mut history, None);
        // With other sellers, lost stock is reported although an order fits.
        let lost = history.header.outsiders && verdict.anomaly(AnomalyKind::LostStock).is_some();
        prop_assume!(!lost);
        let text = format!("{history:#?}\n{verdict:#?}");
        prop_assert!(verdict.ruling != Ruling::Unsound, "{}", text);
        // If nothing was on sale, or no purchase ended, nothing is proven.
        let shown = verdict.unjudged.iter().all(|reason| matches!(reason, Unjudged::Order(_)));
        if told && highest.is_some() && shown {
            prop_assert_eq!(verdict.ruling, Ruling::Sound, "{}", text);
            prop_assert_eq!((history.header.initial, from.is_some()), (highest, true));
        }
    }
}

/// Each kind of corruption, on the same number of sound histories: it must be found whenever the tester finds it, and
/// that must be often.
#[test]
fn every_corruption_is_caught_where_the_tester_says_so() {
    for (corrupt, name) in CORRUPTIONS.iter().zip(0..) {
        let mut caught = 0;
        for seed in 0..2000 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut history = a_sound_history(&mut rng);
            corrupt(&mut rng, &mut history);
            caught += u32::from(agree(&history).unwrap_or_else(|error| panic!("corruption {name}: {error}")));
        }
        assert!(caught > 50, "corruption {name}: the tester found {caught} of 2000 to be out of order");
    }
}

/// The evidence alone is already a contradiction, and every kind occurs.
#[test]
fn evidence_contradicts_a_counter_by_itself() {
    let mut kinds = std::collections::BTreeMap::new();
    let mut undecided = 0;
    for seed in 0..40_000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut history = a_sound_history(&mut rng);
        CORRUPTIONS.choose(&mut rng).expect("one")(&mut rng, &mut history);
        undecided += u32::from(open(&crate::verdict::judge(&history)));
        for contradiction in contradictions(&history) {
            let kind = contradiction.rule();
            *kinds.entry(kind).or_insert(0_u32) += 1;
            // These two also need the number of other receipts, or the remaining stock.
            let by_itself = !matches!(
                contradiction,
                Contradiction::Unsold { .. } | Contradiction::LeftAfterRefusal { .. }
            ) && (kind != "crowded" || history.header.remaining.is_none());
            let alone = alone(&history, &contradiction);
            if by_itself && is_for_the_tester(&alone) {
                assert!(!fits(&alone), "{contradiction:?}\n{alone:#?}");
            }
        }
    }
    // These corruptions make no receipt from 0.
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    assert!(kinds.values().all(|count| *count >= 10), "{kinds:?}");
    assert!(undecided < 40, "{undecided} of 40000 undecided");
}
