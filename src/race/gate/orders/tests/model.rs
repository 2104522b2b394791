//! Programs of reads, writes and commits on tables with one row each, with locks, waiting and snapshots as in
//! PostgreSQL.

use std::collections::BTreeSet;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use crate::race::gate::step::{Choice, Footprint, Hold, Step};

/// A statement of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Reads the state of a table that it sees into the buyer's memory.
    Read(usize),
    /// Writes into a table a value that depends on the memory and on the state that it finds.
    Write(usize),
    /// The same, if that state is odd.
    Take(usize),
    /// Locks a table's row and reads it.
    Lock(usize),
    Commit,
    Rollback,
}

impl Op {
    /// The table that it writes or locks.
    pub fn table(self) -> Option<usize> {
        match self {
            Op::Write(table) | Op::Take(table) | Op::Lock(table) => Some(table),
            Op::Read(_) | Op::Commit | Op::Rollback => None,
        }
    }
}

pub const TABLES: usize = 3;

/// A state of all tables, and how often each was changed.
pub type State = ([u64; TABLES], [u32; TABLES]);

/// A buyer: its program, whether it runs in transactions, and whether these see one state throughout; what it remembers.
#[derive(Clone, Debug)]
pub struct Buyer {
    pub program: Vec<Op>,
    pub transaction: bool,
    pub snapshot: bool,
    pub at: usize,
    pub memory: u64,
    pub saw: Option<State>,
    pub own: [Option<u64>; TABLES],
    pub holds: BTreeSet<usize>,
    pub waits_for: Option<usize>,
    pub let_go: u32,
}

impl Buyer {
    /// Whether its next statement has a condition.
    pub fn takes(&self) -> bool {
        matches!(self.program.get(self.at), Some(Op::Take(_)))
    }
}

/// Whether a buyer's statement may be left out if it waits.
pub type Later = fn(&Buyer) -> bool;

#[derive(Clone, Debug)]
pub struct Model {
    pub committed: State,
    pub buyers: Vec<Buyer>,
    pub later: Later,
    /// Whether two buyers have waited for each other.
    pub deadlock: bool,
}

fn mixed(one: u64, two: u64) -> u64 {
    (one.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ two).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(29)
}

fn program(random: &mut ChaCha8Rng, most: usize, transaction: bool) -> Vec<Op> {
    let mut program = Vec::new();
    for _ in 0..random.random_range(1..=most) {
        let table = random.random_range(0..TABLES);
        program.push(match random.random_range(0..5) {
            0 | 1 => Op::Read(table),
            2 => Op::Write(table),
            3 => Op::Take(table),
            _ if transaction => Op::Lock(table),
            _ => Op::Write(table),
        });
        if transaction && random.random_bool(0.1) {
            program.push(Op::Commit);
        }
    }
    if transaction {
        program.push(if random.random_bool(0.9) { Op::Commit } else { Op::Rollback });
    }
    program
}

impl Model {
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let count = random.random_range(2..=3);
        let buyers = (0..count).map(|buyer| {
            let most = if count == 3 { 2 } else { 4 };
            let transaction = random.random_bool(0.7);
            let snapshot = transaction && random.random_bool(0.2);
            let program = program(&mut random, most, transaction);
            let (own, holds) = ([None; TABLES], BTreeSet::new());
            let (memory, saw, waits_for) = (buyer, None, None);
            Buyer { program, transaction, snapshot, at: 0, memory, saw, own, holds, waits_for, let_go: 0 }
        });
        let later: Later = |buyer| !buyer.snapshot && buyer.holds.is_empty() && !buyer.takes();
        Self { committed: ([1, 2, 3], [0; TABLES]), buyers: buyers.collect(), later, deadlock: false }
    }

    pub fn holder(&self, table: usize) -> Option<usize> {
        self.buyers.iter().position(|buyer| buyer.holds.contains(&table))
    }

    pub fn holds(&self) -> Vec<Hold> {
        let holding = self.buyers.iter().enumerate().filter(|(_, buyer)| !buyer.holds.is_empty());
        holding.map(|(place, buyer)| Hold { buyer: place as u32 + 1, number: buyer.let_go }).collect()
    }

    pub fn held(&self) -> Vec<Choice> {
        let choice = |(place, buyer): (usize, &Buyer)| {
            if buyer.waits_for.is_some() {
                return None;
            }
            let op = buyer.program.get(buyer.at)?;
            let name = |table: usize| format!("t{table}");
            let set = |table: usize| [name(table)].into_iter().collect();
            let published = |table| if buyer.transaction { Default::default() } else { set(table) };
            let holds = buyer.holds.iter().map(|table| name(*table)).collect();
            let everything = buyer.snapshot;
            let footprint = match *op {
                Op::Read(table) => Footprint { reads: set(table), everything, ..Footprint::default() },
                Op::Write(table) | Op::Take(table) | Op::Lock(table) => Footprint {
                    reads: set(table),
                    touches: set(table),
                    publishes: published(table),
                    holds,
                    everything,
                },
                Op::Commit | Op::Rollback => {
                    Footprint { publishes: holds, everything, ..Footprint::default() }
                }
            };
            let step = Step { buyer: place as u32 + 1, name: format!("{op:?}"), turn: buyer.at as u32 + 1 };
            Some(Choice { step, footprint, later: (self.later)(buyer) })
        };
        let all: Vec<Choice> = self.buyers.iter().enumerate().filter_map(choice).collect();
        // One waiter for each lock, as at the gate: a statement that would queue behind it is held back, unless another waits
        // for its buyer.
        let free = |choice: &&Choice| {
            let buyer = choice.step.buyer as usize - 1;
            let queues = |other: &Buyer| {
                let waits = other.waits_for.and(other.program.get(other.at)).and_then(|op| op.table());
                waits.is_some() && waits == self.buyers[buyer].program[self.buyers[buyer].at].table()
            };
            let is_waited_for = self.buyers.iter().any(|other| other.waits_for == Some(buyer));
            is_waited_for || !self.buyers.iter().any(queues)
        };
        let free: Vec<Choice> = all.iter().filter(free).cloned().collect();
        if free.is_empty() { all } else { free }
    }

    /// What a buyer sees of a table.
    pub fn seen(&self, place: usize, table: usize) -> u64 {
        let buyer = &self.buyers[place];
        buyer.own[table].unwrap_or(buyer.saw.unwrap_or(self.committed).0[table])
    }

    /// Carries out the next statement of a buyer. If it would wait for a buyer that waits for it, its transaction is
    /// aborted.
    pub fn go(&mut self, place: usize) {
        let op = self.buyers[place].program[self.buyers[place].at];
        if self.buyers[place].snapshot && self.buyers[place].saw.is_none() {
            self.buyers[place].saw = Some(self.committed);
        }
        match op {
            Op::Read(table) => {
                self.buyers[place].memory = mixed(self.buyers[place].memory, self.seen(place, table));
                self.buyers[place].at += 1;
            }
            // A row that does not match when the statement is sent is not waited for.
            Op::Take(table) if self.seen(place, table).is_multiple_of(2) => self.buyers[place].at += 1,
            Op::Write(table) | Op::Take(table) | Op::Lock(table) => {
                let Some(holder) = self.holder(table).filter(|holder| *holder != place) else {
                    return self.take(place, op, table);
                };
                let mut last = holder;
                while let Some(next) = self.buyers[last].waits_for {
                    last = next;
                }
                self.deadlock |= last == place;
                if last == place || self.has_changed(place, table) {
                    self.fail(place);
                } else {
                    self.buyers[place].waits_for = Some(holder);
                }
            }
            Op::Commit | Op::Rollback => {
                for table in 0..TABLES {
                    if let Some(own) = self.buyers[place].own[table].take().filter(|_| op == Op::Commit) {
                        self.put(table, own);
                    }
                }
                self.buyers[place].at += 1;
                self.let_go(place);
            }
        }
    }

    pub fn put(&mut self, table: usize, value: u64) {
        self.committed.0[table] = value;
        self.committed.1[table] += 1;
    }

    /// Whether another buyer has changed a row since this buyer's snapshot.
    pub fn has_changed(&self, place: usize, table: usize) -> bool {
        self.buyers[place].saw.is_some_and(|saw| saw.1[table] != self.committed.1[table])
    }

    pub fn fail(&mut self, place: usize) {
        let buyer = &mut self.buyers[place];
        (buyer.own, buyer.at, buyer.memory) = ([None; TABLES], buyer.program.len(), 0);
        self.let_go(place);
    }

    pub fn take(&mut self, place: usize, op: Op, table: usize) {
        self.buyers[place].waits_for = None;
        if self.has_changed(place, table) {
            return self.fail(place);
        }
        let committed = self.committed.0[table];
        let buyer = &mut self.buyers[place];
        buyer.at += 1;
        let seen = buyer.own[table].unwrap_or(committed);
        if buyer.transaction {
            // The row stays locked, whether it matches or not.
            buyer.holds.insert(table);
        }
        let written = mixed(buyer.memory, seen);
        match op {
            Op::Lock(_) => buyer.memory = written,
            Op::Take(_) if seen.is_multiple_of(2) => {}
            _ if buyer.transaction => buyer.own[table] = Some(written),
            _ => self.put(table, written),
        }
    }

    pub fn let_go(&mut self, place: usize) {
        self.buyers[place].holds.clear();
        self.buyers[place].saw = None;
        self.buyers[place].let_go += 1;
        for other in 0..self.buyers.len() {
            if self.buyers[other].waits_for != Some(place) {
                continue;
            }
            let op = self.buyers[other].program[self.buyers[other].at];
            let (Op::Write(table) | Op::Take(table) | Op::Lock(table)) = op else { continue };
            match self.holder(table) {
                // If the row was changed meanwhile, the wait is over.
                Some(_) if self.has_changed(other, table) => {
                    self.buyers[other].waits_for = None;
                    self.fail(other);
                }
                Some(holder) => self.buyers[other].waits_for = Some(holder),
                None => self.take(other, op, table),
            }
        }
    }

    pub fn end(&self) -> ([u64; TABLES], Vec<u64>) {
        (self.committed.0, self.buyers.iter().map(|buyer| buyer.memory).collect())
    }
}
