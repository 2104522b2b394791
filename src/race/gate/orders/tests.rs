//! The choice of orders on a model: programs of reads, writes and commits on tables with one row each, with locks and
//! waiting as PostgreSQL has them at read committed. The orders that reduction leaves reach every end that all orders
//! reach.

use std::collections::BTreeSet;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;
use crate::race::gate::step::{Footprint, switches};

/// A statement of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    /// Reads the committed state of a table into the buyer's memory.
    Read(usize),
    /// Writes into a table what depends on the memory and on the state that it finds.
    Write(usize),
    /// Locks a table's row and reads it.
    Lock(usize),
    Commit,
}

const TABLES: usize = 3;

/// A buyer: its program, whether it runs in transactions, what it remembers.
#[derive(Clone, Debug)]
struct Buyer {
    program: Vec<Op>,
    transaction: bool,
    at: usize,
    memory: u64,
    own: [Option<u64>; TABLES],
    holds: BTreeSet<usize>,
    waits_for: Option<usize>,
}

#[derive(Clone, Debug)]
struct Model {
    committed: [u64; TABLES],
    buyers: Vec<Buyer>,
}

fn mixed(one: u64, two: u64) -> u64 {
    (one.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ two).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(29)
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let count = random.random_range(2..=3);
        let buyers = (0..count).map(|buyer| {
            let most = if count == 3 { 2 } else { 4 };
            let transaction = random.random_bool(0.6);
            let mut program: Vec<Op> = (0..random.random_range(1..=most))
                .map(|_| {
                    let table = random.random_range(0..TABLES);
                    match random.random_range(0..4) {
                        0 | 1 => Op::Read(table),
                        2 => Op::Write(table),
                        _ if transaction => Op::Lock(table),
                        _ => Op::Write(table),
                    }
                })
                .collect();
            if transaction {
                program.push(Op::Commit);
            }
            let (own, holds) = ([None; TABLES], BTreeSet::new());
            Buyer { program, transaction, at: 0, memory: buyer, own, holds, waits_for: None }
        });
        Self { committed: [1, 2, 3], buyers: buyers.collect() }
    }

    fn holder(&self, table: usize) -> Option<usize> {
        self.buyers.iter().position(|buyer| buyer.holds.contains(&table))
    }

    fn held(&self) -> Vec<Choice> {
        let choice = |(place, buyer): (usize, &Buyer)| {
            if buyer.waits_for.is_some() {
                return None;
            }
            let op = buyer.program.get(buyer.at)?;
            let name = |table: usize| format!("t{table}");
            let set = |table: usize| [name(table)].into_iter().collect();
            let published = |table| if buyer.transaction { Default::default() } else { set(table) };
            let holds = buyer.holds.iter().map(|table| name(*table)).collect();
            let footprint = match *op {
                Op::Read(table) => Footprint { reads: set(table), ..Footprint::default() },
                Op::Write(table) | Op::Lock(table) => Footprint {
                    reads: set(table),
                    touches: set(table),
                    publishes: published(table),
                    holds,
                    everything: false,
                },
                Op::Commit => Footprint { publishes: holds, ..Footprint::default() },
            };
            let step = Step { buyer: place as u32 + 1, name: format!("{op:?}"), turn: buyer.at as u32 + 1 };
            Some(Choice { step, footprint })
        };
        self.buyers.iter().enumerate().filter_map(choice).collect()
    }

    /// Carries out the next statement of a buyer. One that would wait for somebody who waits for it fails, and its
    /// transaction with it.
    fn go(&mut self, place: usize) {
        let op = self.buyers[place].program[self.buyers[place].at];
        match op {
            Op::Read(table) => {
                let seen = self.buyers[place].own[table].unwrap_or(self.committed[table]);
                self.buyers[place].memory = mixed(self.buyers[place].memory, seen);
                self.buyers[place].at += 1;
            }
            Op::Write(table) | Op::Lock(table) => {
                match self.holder(table).filter(|holder| *holder != place) {
                    Some(mut holder) => {
                        while let Some(next) = self.buyers[holder].waits_for {
                            holder = next;
                        }
                        if holder == place {
                            self.buyers[place].own = [None; TABLES];
                            self.buyers[place].at = self.buyers[place].program.len();
                            self.buyers[place].memory = 0;
                            self.let_go(place);
                        } else {
                            self.buyers[place].waits_for = self.holder(table);
                        }
                    }
                    None => self.take(place, op, table),
                }
            }
            Op::Commit => {
                for table in 0..TABLES {
                    if let Some(own) = self.buyers[place].own[table].take() {
                        self.committed[table] = own;
                    }
                }
                self.buyers[place].at += 1;
                self.let_go(place);
            }
        }
    }

    fn take(&mut self, place: usize, op: Op, table: usize) {
        let committed = self.committed[table];
        let buyer = &mut self.buyers[place];
        buyer.waits_for = None;
        buyer.at += 1;
        let seen = buyer.own[table].unwrap_or(committed);
        if matches!(op, Op::Lock(_)) {
            buyer.memory = mixed(buyer.memory, seen);
            buyer.holds.insert(table);
            return;
        }
        let written = mixed(buyer.memory, seen);
        if buyer.transaction {
            buyer.own[table] = Some(written);
            buyer.holds.insert(table);
        } else {
            self.committed[table] = written;
        }
    }

    fn let_go(&mut self, place: usize) {
        self.buyers[place].holds.clear();
        for other in 0..self.buyers.len() {
            if self.buyers[other].waits_for != Some(place) {
                continue;
            }
            let op = self.buyers[other].program[self.buyers[other].at];
            let (Op::Write(table) | Op::Lock(table)) = op else { continue };
            match self.holder(table) {
                Some(holder) => self.buyers[other].waits_for = Some(holder),
                None => self.take(other, op, table),
            }
        }
    }

    fn end(&self) -> ([u64; TABLES], Vec<u64>) {
        (self.committed, self.buyers.iter().map(|buyer| buyer.memory).collect())
    }
}

type Ends = BTreeSet<([u64; TABLES], Vec<u64>)>;

/// Carries an order out; what came of it, unless the chooser knows it.
fn run(start: &Model, chooser: &mut impl Chooser) -> Option<Model> {
    let mut model = start.clone();
    loop {
        let held = model.held();
        if held.is_empty() {
            assert_eq!(chooser.end(), None);
            assert!(model.buyers.iter().all(|buyer| buyer.waits_for.is_none()), "{model:?}");
            return Some(model);
        }
        match chooser.choose(&held) {
            Pick::Place(place) => model.go(held[place].step.buyer as usize - 1),
            Pick::Known => return None,
            differs @ Pick::Differs { .. } => panic!("{differs:?}"),
        }
    }
}

/// All ends, how many orders were carried out, and how many were left.
fn explore(start: &Model, mut tree: Tree) -> (Ends, u64, u64) {
    let (mut ends, mut whole, mut known) = (Ends::new(), 0, 0);
    loop {
        tree.begin();
        match run(start, &mut tree) {
            Some(model) => {
                ends.insert(model.end());
                whole += 1;
            }
            None => known += 1,
        }
        if !tree.advance() {
            return (ends, whole, known);
        }
    }
}

fn compare(seeds: std::ops::Range<u64>) -> (u64, u64) {
    let (mut all_orders, mut reduced_orders) = (0, 0);
    for seed in seeds {
        let start = Model::new(seed);
        let (all, orders, known) = explore(&start, Tree::all(false));
        let (reduced, fewer, _) = explore(&start, Tree::all(true));
        assert_eq!(all, reduced, "seed {seed}: {start:?}");
        assert!(fewer <= orders && known == 0, "seed {seed}");
        (all_orders, reduced_orders) = (all_orders + orders, reduced_orders + fewer);
    }
    (all_orders, reduced_orders)
}

#[test]
fn reduction_reaches_every_end_that_all_orders_reach() {
    let (all, reduced) = compare(0..300);
    assert!(reduced * 2 < all, "{reduced} of {all}");
}

#[test]
#[ignore = "the whole: some minutes"]
fn reduction_reaches_every_end_that_all_orders_reach_on_many_programs() {
    compare(300..20_000);
}

/// The control: if nothing depended on anything, ends would be lost.
#[test]
fn without_dependence_ends_are_lost() {
    struct Blind(Tree);
    impl Chooser for Blind {
        fn choose(&mut self, held: &[Choice]) -> Pick {
            let blind = held
                .iter()
                .map(|choice| Choice { step: choice.step.clone(), footprint: Footprint::default() });
            self.0.choose(&blind.collect::<Vec<_>>())
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
    Choice { step: Step { buyer, name: name.to_owned(), turn: 1 }, footprint }
}

/// Two programs of so many steps that all depend on each other.
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
                let Pick::Place(place) = tree.choose(&held) else { panic!("an order") };
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
    // Who goes on last goes on first: few switches come first.
    assert_eq!(switches(&all[0]), 1);
    // Which begins is free; a switch is one away from a buyer that could go on.
    assert_eq!(two.orders(Tree::few_switches(0)).len(), 2);
    let few = two.orders(Tree::few_switches(1));
    assert!(few.len() > 2 && few.iter().all(|order| switches(order) <= 2), "{few:?}");
    assert_eq!(two.orders(Tree::few_switches(9)).len(), 10);
}

#[test]
fn what_differs_is_named() {
    let mut given = Given::strictly(super::super::step::parse("1:a, 2:b").expect("steps"));
    let held = [choice(1, "a"), choice(2, "a")];
    assert_eq!(given.choose(&held), Pick::Place(0));
    let differs = Pick::Differs { step: 2, expected: "2:b".into(), held: "1:a, 2:a".into() };
    assert_eq!(given.choose(&held), differs);
    assert_eq!(given.end(), Some(Pick::Differs { step: 2, expected: "2:b".into(), held: String::new() }));
    let mut tree = Tree::all(true);
    assert_eq!(tree.choose(&held), Pick::Place(0));
    tree.begin();
    assert!(matches!(tree.choose(&held[..1]), Pick::Differs { step: 1, .. }));
}

#[test]
fn shorter_orders_keep_each_buyers_own() {
    let steps = super::super::step::parse("1:a, 2:a, 1:b, 2:b, 1:c").expect("steps");
    let shorter = shorter(&steps);
    assert!(!shorter.is_empty());
    for order in &shorter {
        assert!(switches(order) < switches(&steps), "{order:?}");
        let own = |buyer| order.iter().filter(move |step| step.buyer == buyer).map(|step| step.name.as_str());
        assert_eq!((own(1).collect::<String>(), own(2).collect::<String>()), ("abc".into(), "ab".into()));
    }
}
