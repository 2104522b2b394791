//! The choice of orders on a model: programs of reads, writes and commits on tables with one row each, with locks,
//! waiting and snapshots as in PostgreSQL. The orders that reduction leaves reach every end that all orders reach.

mod model;

use std::collections::BTreeSet;

use super::*;
use crate::race::gate::step::{Footprint, switches};
use model::{Buyer, Later, Model, Op, TABLES};

type Ends = BTreeSet<([u64; TABLES], Vec<u64>)>;

/// Carries out an order. Returns its end, unless the chooser knows it.
fn run(start: &Model, chooser: &mut impl Chooser) -> Option<Model> {
    let mut model = start.clone();
    loop {
        let held = model.held();
        if held.is_empty() {
            assert_eq!(chooser.end(), None);
            assert!(model.buyers.iter().all(|buyer| buyer.waits_for.is_none()), "{model:?}");
            return Some(model);
        }
        match chooser.choose(&held, &model.holds()) {
            Pick::Place(place) => {
                let buyer = held[place].step.buyer as usize - 1;
                model.go(buyer);
                let waits_for = model.buyers[buyer].waits_for.filter(|_| held[place].later);
                let of = |whom: usize| model.holds().into_iter().find(|hold| hold.buyer as usize == whom + 1);
                if waits_for.and_then(of).is_some_and(|hold| chooser.waits(&[hold])) {
                    return None;
                }
            }
            Pick::Known => return None,
            differs @ Pick::Differs { .. } => panic!("{differs:?}"),
        }
    }
}

/// All ends, how many orders were carried out, and how many were left.
fn explore(start: &Model, tree: Tree) -> (Ends, u64, u64) {
    let (ends, whole, known, _) = walk(start, tree);
    (ends, whole, known)
}

/// The orders that are left if waits make no difference. They may make one if two buyers wait for each other.
fn explore_left(start: &Model) -> (Ends, u64, u64) {
    let (ends, whole, known, deadlock) = walk(start, Tree::all(true));
    if deadlock { explore(start, Tree::with_waits()) } else { (ends, whole, known) }
}

fn walk(start: &Model, mut tree: Tree) -> (Ends, u64, u64, bool) {
    let (mut ends, mut whole, mut known, mut deadlock) = (Ends::new(), 0, 0, false);
    loop {
        tree.begin();
        match run(start, &mut tree) {
            Some(model) => {
                deadlock |= model.deadlock;
                ends.insert(model.end());
                whole += 1;
            }
            None => known += 1,
        }
        if !tree.advance() {
            return (ends, whole, known, deadlock);
        }
    }
}

/// How many orders there are, and how many are left, with or without those that wait.
fn compare(seeds: std::ops::Range<u64>) -> (u64, u64, u64) {
    let (mut all_orders, mut waiting_orders, mut left_orders) = (0, 0, 0);
    for seed in seeds {
        let start = Model::new(seed);
        let (all, orders, known) = explore(&start, Tree::all(false));
        let (waiting, fewer, _) = explore(&start, Tree::with_waits());
        let (left, fewest, _) = explore_left(&start);
        assert_eq!(all, waiting, "seed {seed}: {start:?}");
        assert_eq!(all, left, "seed {seed}: {start:?}");
        assert!(fewest <= fewer && fewer <= orders && known == 0, "seed {seed}");
        all_orders += orders;
        waiting_orders += fewer;
        left_orders += fewest;
    }
    (all_orders, waiting_orders, left_orders)
}

#[test]
fn reduction_reaches_every_end_that_all_orders_reach() {
    let (all, waiting, left) = compare(0..300);
    assert!(waiting * 2 < all && left < waiting, "{left} of {waiting} of {all}");
}

#[test]
#[ignore = "the whole: some minutes"]
fn reduction_reaches_every_end_that_all_orders_reach_on_many_programs() {
    compare(300..20_000);
}

/// The controls: a wait makes a difference if a snapshot is taken before it, if there are conditions besides the row's
/// key (the row stays locked after the wait), and if another buyer may wait for the one that waits.
#[test]
fn waits_make_a_difference_where_they_are_kept() {
    let all_and_left =
        |start: Model| (explore(&start, Tree::all(false)).0, explore(&start, Tree::all(true)).0);
    let lost = |seed: &u64| {
        let (all, left) = all_and_left(Model { later: |buyer| buyer.holds.is_empty(), ..Model::new(*seed) });
        all != left
    };
    assert!((0..150).filter(lost).count() > 2);
    let buyer = |program: &[Op]| Buyer {
        program: program.into(),
        transaction: true,
        snapshot: false,
        ..Model::new(0).buyers[0].clone()
    };
    let cross = vec![
        buyer(&[Op::Write(0), Op::Write(1), Op::Commit]),
        buyer(&[Op::Write(1), Op::Write(0), Op::Commit]),
    ];
    let condition = vec![
        buyer(&[Op::Take(2), Op::Lock(1), Op::Commit]),
        buyer(&[Op::Take(2), Op::Commit, Op::Lock(1), Op::Lock(2), Op::Commit]),
    ];
    let rules: [(Vec<Buyer>, Later); 2] = [(cross, |_| true), (condition, |buyer| buyer.holds.is_empty())];
    for (buyers, later) in rules {
        let start = Model { buyers, ..Model::new(0) };
        let (all, left) = all_and_left(start.clone());
        assert_eq!(all, left, "{start:?}");
        let (all, left) = all_and_left(Model { later, ..start });
        assert_ne!(all, left);
    }
}

/// The control: if nothing depended on anything, ends would be lost.
#[test]
fn without_dependence_ends_are_lost() {
    struct Blind(Tree);
    impl Chooser for Blind {
        fn choose(&mut self, held: &[Choice], holds: &[Hold]) -> Pick {
            let blind = held.iter().map(|choice| Choice {
                step: choice.step.clone(),
                footprint: Footprint::default(),
                later: false,
            });
            self.0.choose(&blind.collect::<Vec<_>>(), holds)
        }

        fn again(&mut self) {}
    }
    let mut lost = 0;
    for seed in 0..60 {
        let start = Model::new(seed);
        let (all, ..) = explore(&start, Tree::all(false));
        let mut blind = Blind(Tree::all(true));
        let mut ends = Ends::new();
        loop {
            blind.0.begin();
            ends.extend(run(&start, &mut blind).map(|model| model.end()));
            if !blind.0.advance() {
                break;
            }
        }
        lost += u32::from(ends != all);
    }
    assert!(lost > 10, "{lost}");
}

fn choice(buyer: u32, name: &str) -> Choice {
    let footprint = Footprint { everything: true, ..Footprint::default() };
    Choice { step: Step { buyer, name: name.to_owned(), turn: 1 }, footprint, later: false }
}

/// Two programs of this many steps that all depend on each other.
struct Two(Vec<Choice>, Vec<Choice>);

impl Two {
    fn orders(&self, mut tree: Tree) -> Vec<Vec<Step>> {
        let mut orders = Vec::new();
        loop {
            tree.begin();
            let (mut one, mut two, mut order) = (self.0.iter(), self.1.iter(), Vec::new());
            let (mut first, mut second) = (one.next(), two.next());
            loop {
                let held: Vec<Choice> = first.into_iter().chain(second).cloned().collect();
                if held.is_empty() {
                    break;
                }
                let Pick::Place(place) = tree.choose(&held, &[]) else { panic!("an order") };
                let step = held[place].step.clone();
                if step.buyer == 1 {
                    first = one.next();
                } else {
                    second = two.next();
                }
                order.push(step);
            }
            orders.push(order);
            if !tree.advance() {
                return orders;
            }
        }
    }
}

#[test]
fn orders_are_counted_exactly() {
    let two = Two(
        ["a", "b", "c"].map(|name| choice(1, name)).into(),
        ["a", "b"].map(|name| choice(2, name)).into(),
    );
    let all = two.orders(Tree::all(true));
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (10, 10));
    // The buyer that went on last goes on first: orders with few switches come first.
    assert_eq!(switches(&all[0]), 1);
    // The first buyer is no switch; a switch is one away from a buyer that could go on.
    assert_eq!(two.orders(Tree::few_switches(0)).len(), 2);
    let few = two.orders(Tree::few_switches(1));
    assert!(few.len() > 2 && few.iter().all(|order| switches(order) <= 2), "{few:?}");
    assert_eq!(two.orders(Tree::few_switches(9)).len(), 10);
}

#[test]
fn what_differs_is_named() {
    let mut given = Given::strictly(super::super::step::parse("1:a, 2:b").expect("steps"));
    let held = [choice(1, "a"), choice(2, "a")];
    assert_eq!(given.choose(&held, &[]), Pick::Place(0));
    let differs = Pick::Differs { step: 2, expected: "2:b".into(), held: "1:a, 2:a".into() };
    assert_eq!(given.choose(&held, &[]), differs);
    assert_eq!(given.end(), Some(Pick::Differs { step: 2, expected: "2:b".into(), held: String::new() }));
    let mut tree = Tree::all(true);
    assert_eq!(tree.choose(&held, &[]), Pick::Place(0));
    tree.begin();
    assert!(matches!(tree.choose(&held[..1], &[]), Pick::Differs { step: 1, .. }));
}

#[test]
fn shorter_orders_keep_each_buyers_order() {
    let steps = super::super::step::parse("1:a, 2:a, 1:b, 2:b, 1:c").expect("steps");
    let shorter = shorter(&steps);
    assert!(!shorter.is_empty());
    for order in &shorter {
        assert!(switches(order) < switches(&steps), "{order:?}");
        let own = |buyer| order.iter().filter(move |step| step.buyer == buyer).map(|step| step.name.as_str());
        assert_eq!((own(1).collect::<String>(), own(2).collect::<String>()), ("abc".into(), "ab".into()));
    }
}
