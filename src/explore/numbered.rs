//! Values that are kept once each and known by their numbers.

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

/// All values that were met, and their numbers.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    all: Vec<Rc<T>>,
    numbers: HashMap<Rc<T>, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Eq + Hash> Numbered<T> {
    /// The number of a value; a new one if it was not met before.
    pub(super) fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        let number = self.all.len() as u32;
        let value = Rc::new(value);
        self.all.push(Rc::clone(&value));
        self.numbers.insert(value, number);
        number
    }

    /// The number of a value that was met.
    pub(super) fn known(&self, value: &T) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    /// The value of a number that was given.
    pub(super) fn of(&self, number: u32) -> &T {
        &self.all[number as usize]
    }
}
