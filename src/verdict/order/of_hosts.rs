//! Sales on several hosts with inexact clocks: a true sale stays sound, whatever the clocks say, and what they do prove
//! is found exactly.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;

use crate::history::{Header, History, Host, Outcome, Purchase};
use crate::stock::Stock;
use crate::verdict::{AnomalyKind, Ruling, Unjudged, judge};

/// A clock that is off by at most its error, by a different amount from moment to moment; its times keep their order.
struct Clock {
    error_ns: u64,
    /// How far it is ahead at the start. Below, how much it gains or loses in 1000 ns.
    ahead_ns: i64,
    gains: i64,
}

impl Clock {
    fn any(rng: &mut ChaCha8Rng) -> Self {
        let error_ns = *[0_i64, 5, 40, 300].get(rng.random_range(0..4)).expect("one");
        let ahead_ns = rng.random_range(-error_ns..=error_ns);
        Self { error_ns: error_ns.unsigned_abs(), ahead_ns, gains: rng.random_range(-500..=500) }
    }

    fn says(&self, true_ns: u64) -> u64 {
        let error_ns = self.error_ns.cast_signed();
        let gained = self.gains * true_ns.cast_signed() / 1000;
        let off = (self.ahead_ns + gained).clamp(-error_ns, error_ns);
        (1_000 + true_ns).saturating_add_signed(off)
    }
}

/// A true sale: each purchase takes effect at one moment between its call and its return, which are recorded on its
/// host's clock. `told` is the probability that a receipt says its stock.
fn a_true_sale(rng: &mut ChaCha8Rng, told: f64) -> History {
    let clocks: Vec<Clock> = (0..rng.random_range(2..5)).map(|_| Clock::any(rng)).collect();
    let initial = rng.random_range(1..10_i64);
    let (mut left, mut now_ns) = (initial, 100_u64);
    let mut purchases = Vec::new();
    for _ in 0..rng.random_range(2..16) {
        now_ns += rng.random_range(0..30);
        let host = rng.random_range(0..clocks.len());
        let says = |ns| clocks[host].says(ns);
        let (called_ns, returned_ns) = (now_ns - rng.random_range(0..40), now_ns + rng.random_range(0..40));
        let outcome = if left > 0 { Outcome::Bought } else { Outcome::Refused };
        let lost = rng.random_bool(0.1);
        let purchase = Purchase {
            host: host as u16 + 1,
            ..Purchase::new(
                host as u64 + 1,
                if lost { Outcome::Unknown } else { outcome },
                says(called_ns),
                Some(says(returned_ns)).filter(|_| !lost),
            )
        };
        let tells = rng.random_bool(told) && !lost;
        purchases.push(if tells { purchase.from_stock(left) } else { purchase });
        left = (left - 1).max(0);
    }
    let host = |(clock, number): (&Clock, u32)| Host {
        name: format!("h#{number}"),
        first_buyer: number,
        buyers: 1,
        error_ns: clock.error_ns,
        ..Host::default()
    };
    let header = Header {
        initial: Some(initial),
        remaining: Some(left).filter(|_| rng.random_bool(0.5)),
        hosts: clocks.iter().zip(1..).map(host).collect(),
        ..Header::default()
    };
    History { header, purchases }
}

/// The same history, as if its clocks were exact.
fn taken_at_its_word(mut history: History) -> History {
    history.header.hosts.iter_mut().for_each(|host| host.error_ns = 0);
    history
}

/// Whether two purchases contradict each other, by comparing all pairs.
fn contradicts_itself(history: &History) -> bool {
    let error_ns = |p: &Purchase| history.header.host_of(p).map_or(0, |host| host.error_ns);
    let came_first = |one: &Purchase, other: &Purchase| {
        let between_ns = if one.host == other.host { 0 } else { error_ns(one) + error_ns(other) };
        one.return_ns.get().is_some_and(|returned_ns| returned_ns + between_ns < other.invoke_ns)
    };
    let pairs =
        history.purchases.iter().flat_map(|one| history.purchases.iter().map(move |other| (one, other)));
    pairs.into_iter().any(|(one, other)| {
        let wrong = match (one.outcome, other.outcome) {
            (Outcome::Bought, Outcome::Bought) => one.sold_from.get() < other.sold_from.get(),
            (Outcome::Refused, Outcome::Bought) => true,
            _ => false,
        };
        wrong && came_first(one, other)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_clock_makes_a_true_sale_unsound(seed in any::<u64>(), told in prop_oneof![Just(1.0), Just(0.5), Just(0.0)]) {
        let history = a_true_sale(&mut ChaCha8Rng::seed_from_u64(seed), told);
        let verdict = judge(&history);
        prop_assert!(verdict.ruling != Ruling::Unsound, "{verdict:#?}\n{history:#?}");
        let answered = history.purchases.iter().all(|p| p.outcome != Outcome::Unknown);
        let open = |reason: &Unjudged| matches!(reason, Unjudged::NothingAnswered);
        if answered && !verdict.unjudged.iter().any(open) {
            prop_assert_eq!(verdict.ruling, Ruling::Sound);
        }
    }

    /// If every receipt says its stock, exactly the contradictions within each host and, as far as the clocks allow,
    /// between hosts are found.
    #[test]
    fn what_clocks_show_is_found_exactly(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut history = a_true_sale(&mut rng, 1.0);
        history.purchases.retain(|purchase| purchase.outcome != Outcome::Unknown);
        for _ in 0..rng.random_range(1..3) {
            let (one, other) = (rng.random_range(0..9), rng.random_range(0..9));
            if one.max(other) < history.purchases.len() {
                // Exchange the tickets and outcomes of two purchases.
                let purchase = |place: usize| history.purchases[place].clone();
                let (first, second) = (purchase(one), purchase(other));
                let put = |into: &mut Purchase, of: &Purchase| {
                    (into.outcome, into.seen, into.sold_from) = (of.outcome, of.seen, of.sold_from);
                };
                put(&mut history.purchases[one], &second);
                put(&mut history.purchases[other], &first);
            }
        }
        // Missing tickets have another name, so leave them out.
        history.header.outsiders = true;
        history.header.remaining = None;
        let verdict = judge(&history);
        prop_assert_eq!(verdict.ruling == Ruling::Unsound, contradicts_itself(&history), "{:#?}\n{:#?}", verdict, history);
    }
}

/// The controls: if clocks are assumed to be exact, true sales often look unsound; if all intervals are widened alike,
/// the order on one host's clock is missed.
#[test]
fn clocks_at_their_word_raise_false_alarms_and_one_host_s_order_counts() {
    let (mut alarms, mut hidden, mut within) = (0, 0, 0);
    for seed in 0..1000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let history = a_true_sale(&mut rng, 1.0);
        let open = judge(&history).within_error;
        let bare = judge(&taken_at_its_word(history));
        let in_pairs = bare.anomaly(AnomalyKind::OutOfOrder).or(bare.anomaly(AnomalyKind::RefusedEarly));
        alarms += u32::from(bare.ruling == Ruling::Unsound);
        hidden += u32::from(open > 0);
        within += u32::from(open > 0 && in_pairs.is_some());
    }
    assert!(alarms > 100, "{alarms} of 1000 true sales");
    assert!(hidden > 100 && hidden == within, "what is said to be within the errors is: {hidden}, {within}");
    // Two purchases of one host, the later one from the higher stock: 5 ns apart on a clock with an error of 1 ms.
    let on = |host: u16, stock: Stock, at_ns: u64| Purchase {
        host,
        ..Purchase::new(host.into(), Outcome::Bought, at_ns, Some(at_ns + 10)).from_stock(stock)
    };
    let host = |number| Host { first_buyer: number, buyers: 1, error_ns: 1_000_000, ..Host::default() };
    let judged = |hosts: [u16; 2]| {
        let header = Header { initial: Some(2), hosts: vec![host(1), host(2)], ..Header::default() };
        judge(&History { header, purchases: vec![on(hosts[0], 1, 100), on(hosts[1], 2, 115)] }).ruling
    };
    assert_eq!(judged([1, 1]), Ruling::Unsound);
    assert_eq!(judged([1, 2]), Ruling::Sound);
}

/// A host is lost in the middle of a true sale: its later purchases and those that had not ended are not known. No
/// anomaly is reported, and nothing is called sound.
#[test]
fn a_lost_host_s_tickets_are_nobody_s_fault() {
    let (mut alarms, mut lost_some) = (0, 0);
    for seed in 0..2000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let told = [0.0, 0.5, 1.0][rng.random_range(0..3)];
        let mut history = a_true_sale(&mut rng, told);
        let lost_ns = 1_000 + rng.random_range(0..300);
        let before = history.purchases.len();
        history.purchases.retain(|p| p.host != 1 || p.return_ns.get().is_some_and(|ns| ns < lost_ns));
        lost_some += u32::from(history.purchases.len() < before);
        history.header.outsiders = rng.random_bool(0.5);
        let told_of_it = |told: bool| {
            let mut history = history.clone();
            history.header.hosts[0].lost_ns = told.then_some(lost_ns);
            judge(&history)
        };
        let verdict = told_of_it(true);
        assert_eq!(verdict.ruling, Ruling::Unknown, "{verdict:#?}\n{history:#?}");
        assert!(verdict.unjudged.contains(&Unjudged::HostLost { host: 0, buyers: 1 }));
        alarms += u32::from(told_of_it(false).ruling == Ruling::Unsound);
    }
    assert!(lost_some > 1000 && alarms > 200, "the control: {alarms} false alarms of {lost_some}");
}
