//! The choice of orders, without I/O. At each point of a run, a chooser says which of the held statements goes on. What
//! it has seen decides what it tries next.
//!
//! [`Tree`] tries all orders, depth first. With reduction it leaves out orders that differ from a tried one only in the
//! order of independent steps (sleep sets, Godefroid 1996): a step that was tried at a point sleeps in the later
//! branches until a step is taken that it depends on. Every final state is still reached; only other ways to it are
//! left out. A step that has to wait, and has the same effect after the wait as if it had come later, is left out until
//! one of those it waits for releases something.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::step::{Choice, Hold, Step, written};

/// What goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The statement at this place among those that are held.
    Place(usize),
    /// None: all that follows was tried before, except for the order of steps that do not depend on each other.
    Known,
    /// None: the held statements are not those of the run before, or not those of the order.
    Differs {
        /// Which step of the order, from 1.
        step: usize,
        /// The step that was expected.
        expected: String,
        /// What is held instead.
        held: String,
    },
}

/// Chooses which statement goes on.
pub trait Chooser {
    /// Which of these goes on, with these holds of the buyers.
    fn choose(&mut self, held: &[Choice], holds: &[Hold]) -> Pick;

    /// The chosen step has to wait until one of these holds is released, and has the same effect then as if it had come
    /// later. Returns whether the end of the run is known now.
    fn waits(&mut self, _: &[Hold]) -> bool {
        false
    }

    /// Nothing is held any more.
    fn end(&mut self) -> Option<Pick> {
        None
    }

    /// The same order is run once more, from its beginning.
    fn again(&mut self);
}

fn names(held: &[Choice]) -> String {
    written(held.iter().map(|choice| &choice.step))
}

/// A point of a run at which there is a choice.
#[derive(Clone, Debug)]
struct Node {
    held: Vec<Choice>,
    /// Steps that need not be tried here.
    sleep: Vec<Step>,
    /// Steps that would wait here, and for which holds.
    waits: Vec<(Choice, Vec<Hold>)>,
    /// Steps that were tried before the current one.
    tried: Vec<usize>,
    present: usize,
}

/// All orders, depth first.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    depth: usize,
    reduce: bool,
    /// Whether steps that wait are tried nevertheless.
    wait: bool,
    /// The most switches away from a buyer that could go on.
    most_switches: Option<u32>,
}

impl Tree {
    /// All orders; with reduction, only one of several that differ in nothing that can matter.
    #[must_use]
    pub fn all(reduce: bool) -> Self {
        Self { reduce, wait: !reduce, ..Self::default() }
    }

    /// With reduction, but steps that wait are tried nevertheless.
    #[must_use]
    pub fn with_waits() -> Self {
        Self { reduce: true, wait: true, ..Self::default() }
    }

    /// All orders with at most this many switches away from a buyer that could go on.
    #[must_use]
    pub fn few_switches(most: u32) -> Self {
        Self { most_switches: Some(most), wait: true, ..Self::default() }
    }

    /// Begins a run.
    pub fn begin(&mut self) {
        self.depth = 0;
    }

    /// Whether it leaves out orders.
    #[must_use]
    pub fn reduces(&self) -> bool {
        self.reduce
    }

    /// Goes on to the next order, after a run. False if there is none.
    pub fn advance(&mut self) -> bool {
        // A run that ended early has not reached the nodes below.
        self.nodes.truncate(self.depth.max(1));
        while let Some(mut node) = self.nodes.pop() {
            node.tried.push(node.present);
            if let Some(next) = self.untried(&node) {
                self.nodes.push(Node { present: next, ..node });
                return true;
            }
        }
        false
    }

    /// A step of this node that is still to be tried: first one that may have to wait, so that it need not be tried again
    /// further down, then one of the buyer that went on last.
    fn untried(&self, node: &Node) -> Option<usize> {
        let last = self.nodes.last().map(|node| node.held[node.present].step.buyer);
        let open = |place: &usize| {
            let step = &node.held[*place].step;
            !node.tried.contains(place)
                && !node.sleep.contains(step)
                && !node.waits.iter().any(|(waiting, _)| waiting.step == *step)
                && self.may_switch(node, *place, last)
        };
        let mut places: Vec<usize> = (0..node.held.len()).filter(open).collect();
        places.sort_by_key(|place| {
            let choice = &node.held[*place];
            let may_wait = !self.wait && choice.later && node.held.iter().any(|other| other.may_stop(choice));
            (!may_wait, Some(choice.step.buyer) != last)
        });
        places.first().copied()
    }

    fn may_switch(&self, node: &Node, place: usize, last: Option<u32>) -> bool {
        let Some(most) = self.most_switches else { return true };
        let switches = |held: &[Choice], place: usize, last: Option<u32>| {
            last.is_some_and(|last| {
                held[place].step.buyer != last && held.iter().any(|choice| choice.step.buyer == last)
            })
        };
        let mut count = 0;
        let mut before = None;
        for node in &self.nodes {
            count += u32::from(switches(&node.held, node.present, before));
            before = Some(node.held[node.present].step.buyer);
        }
        count + u32::from(switches(&node.held, place, last)) <= most
    }

    /// The steps that sleep after the last node: those that slept there or were tried, and do not depend on the step that
    /// is taken.
    fn sleep(&self) -> Vec<Step> {
        let Some(parent) = self.nodes.last().filter(|_| self.reduce) else { return Vec::new() };
        let present = &parent.held[parent.present];
        let slept = parent.held.iter().filter(|choice| parent.sleep.contains(&choice.step));
        let waits = |choice: &&Choice| !parent.waits.iter().any(|(waiting, _)| waiting.step == choice.step);
        let tried = parent.tried.iter().map(|place| &parent.held[*place]).filter(waits);
        let stays = slept.chain(tried).filter(|choice| !choice.depends(present));
        stays.map(|choice| choice.step.clone()).collect()
    }
}

impl Tree {
    /// The steps that still wait after the last node: all holds that they wait for are still there.
    fn waiting(&self, holds: &[Hold]) -> Vec<(Choice, Vec<Hold>)> {
        let Some(parent) = self.nodes.last() else { return Vec::new() };
        let present = &parent.held[parent.present];
        let still = |(choice, on): &&(Choice, Vec<Hold>)| {
            on.iter().all(|hold| holds.contains(hold)) && !present.may_change(choice)
        };
        parent.waits.iter().filter(still).cloned().collect()
    }
}

impl Chooser for Tree {
    fn choose(&mut self, held: &[Choice], holds: &[Hold]) -> Pick {
        if let Some(node) = self.nodes.get(self.depth) {
            let same = node.held.len() == held.len()
                && node.held.iter().all(|was| held.iter().any(|choice| choice.step == was.step));
            if !same {
                return Pick::Differs {
                    step: self.depth + 1,
                    expected: names(&node.held),
                    held: names(held),
                };
            }
            let step = &node.held[node.present].step;
            self.depth += 1;
            return held.iter().position(|choice| choice.step == *step).map_or(Pick::Known, Pick::Place);
        }
        let (sleep, waits) = (self.sleep(), self.waiting(holds));
        let mut node = Node { held: held.to_vec(), sleep, waits, tried: Vec::new(), present: 0 };
        let Some(first) = self.untried(&node) else { return Pick::Known };
        node.present = first;
        self.nodes.push(node);
        self.depth += 1;
        Pick::Place(first)
    }

    fn waits(&mut self, on: &[Hold]) -> bool {
        let is_new = self.depth == self.nodes.len();
        match self.nodes.last_mut() {
            Some(node) if is_new && !self.wait => {
                let choice = node.held[node.present].clone();
                node.waits.retain(|(waiting, _)| waiting.step != choice.step);
                node.waits.push((choice, on.to_vec()));
                true
            }
            _ => false,
        }
    }

    fn end(&mut self) -> Option<Pick> {
        let node = self.nodes.get(self.depth)?;
        let expected = names(&node.held);
        Some(Pick::Differs { step: self.depth + 1, expected, held: String::new() })
    }

    fn again(&mut self) {
        self.begin();
    }
}

/// Random orders: at each point, each of the held statements is equally likely.
#[derive(Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// With a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }
}

impl Chooser for Random {
    fn choose(&mut self, held: &[Choice], _: &[Hold]) -> Pick {
        Pick::Place(self.0.random_range(0..held.len().max(1)))
    }

    fn again(&mut self) {}
}

/// One order, step by step.
#[derive(Clone, Debug)]
pub struct Given {
    steps: Vec<Step>,
    at: usize,
    /// Whether it chooses freely when the order can't be followed or has ended.
    lenient: bool,
    last: Option<u32>,
}

impl Given {
    /// Exactly this order.
    #[must_use]
    pub fn strictly(steps: Vec<Step>) -> Self {
        Self { steps, at: 0, lenient: false, last: None }
    }

    /// This order as far as it can be followed: steps that do not occur are left out.
    #[must_use]
    pub fn loosely(steps: Vec<Step>) -> Self {
        Self { steps, at: 0, lenient: true, last: None }
    }
}

impl Chooser for Given {
    fn choose(&mut self, held: &[Choice], _: &[Hold]) -> Pick {
        while let Some(step) = self.steps.get(self.at) {
            if let Some(place) = held.iter().position(|choice| choice.step == *step) {
                self.at += 1;
                self.last = Some(step.buyer);
                return Pick::Place(place);
            }
            if !self.lenient {
                let expected = step.to_string();
                return Pick::Differs { step: self.at + 1, expected, held: names(held) };
            }
            self.at += 1;
        }
        if !self.lenient {
            return Pick::Differs { step: self.at + 1, expected: String::new(), held: names(held) };
        }
        // The buyer that went on last goes on.
        let place = held.iter().position(|choice| Some(choice.step.buyer) == self.last).unwrap_or(0);
        self.last = held.get(place).map(|choice| choice.step.buyer);
        Pick::Place(place)
    }

    fn end(&mut self) -> Option<Pick> {
        let step = self.steps.get(self.at).filter(|_| !self.lenient)?;
        Some(Pick::Differs { step: self.at + 1, expected: step.to_string(), held: String::new() })
    }

    fn again(&mut self) {
        (self.at, self.last) = (0, None);
    }
}

/// Orders with fewer switches than this one, the most promising first: blocks of one buyer's steps moved together.
#[must_use]
pub fn shorter(steps: &[Step]) -> Vec<Vec<Step>> {
    use super::step::switches;
    let mut candidates: Vec<Vec<Step>> = Vec::new();
    for from in 0..steps.len() {
        for to in 0..steps.len() {
            let mut moved = steps.to_vec();
            let step = moved.remove(from);
            moved.insert(to, step);
            let order = |steps: &[Step], buyer: u32| {
                steps.iter().filter(|step| step.buyer == buyer).cloned().collect::<Vec<_>>()
            };
            let buyer = steps[from].buyer;
            if order(&moved, buyer) == order(steps, buyer)
                && switches(&moved) < switches(steps)
                && !candidates.contains(&moved)
            {
                candidates.push(moved);
            }
        }
    }
    candidates.sort_by_key(|steps| switches(steps));
    candidates
}

#[cfg(test)]
mod tests;
