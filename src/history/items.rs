//! The items on sale, if purchases name them: each has a stock of its own.

use super::line_error::LineError;
use super::mistake::Mistake;
use super::{History, Names};
use crate::stock::Stock;

/// The items on sale: each has a stock of its own. Empty if purchases do not name what they bought: then
/// there is one stock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items {
    /// Their names.
    pub names: Names,
    /// The stock of each before the first purchase, if known, in the order of the names.
    pub initial: Vec<Option<Stock>>,
    /// The stock of each after the last purchase.
    pub remaining: Vec<Option<Stock>>,
    /// Whether they are seats: there is one of each.
    pub seats: bool,
}

impl Items {
    /// The item of a purchase that names none, until all purchases have been read.
    pub(in crate::history) const NONE: u32 = u32::MAX;

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether purchases name no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the item of this name; a new name gets a new number.
    pub fn number(&mut self, name: &str) -> u32 {
        let number = self.names.place(name);
        self.initial.resize(self.len(), None);
        self.remaining.resize(self.len(), None);
        number
    }

    /// The name of an item.
    #[must_use]
    pub fn name(&self, item: u32) -> Option<&str> {
        self.names.at(item as usize)
    }
}

/// Checks that all purchases name an item or none does, and gives each item its own stock.
pub(in crate::history) fn settle_items(history: &mut History) -> Result<(), (u32, Mistake)> {
    let header = &mut history.header;
    if header.items.is_empty() {
        history.purchases.iter_mut().for_each(|purchase| purchase.item = 0);
        return Ok(());
    }
    if let Some(nameless) = history.purchases.iter().find(|purchase| purchase.item == Items::NONE) {
        let other = header.items.name(0).unwrap_or_default().to_owned();
        return Err((nameless.line, Mistake::whole(LineError::NoItem(other))));
    }
    let numbers = [(header.initial, "initial"), (header.remaining, "remaining")];
    let number = numbers.into_iter().find(|(stock, _)| stock.is_some());
    if let ([_, _, ..], Some((_, member))) = (header.items.initial.as_slice(), number) {
        let names = (0..3).filter_map(|item| header.items.name(item)).map(str::to_owned).collect();
        let items = header.items.len();
        return Err((1, Mistake::whole(LineError::OneStock { member, items, names })));
    }
    if header.items.len() == 1 {
        header.items.initial[0] = header.items.initial[0].or(header.initial);
        header.items.remaining[0] = header.items.remaining[0].or(header.remaining);
    }
    if header.items.seats {
        header.items.initial.iter_mut().for_each(|initial| *initial = initial.or(Some(1)));
    }
    if header.items.len() == 1 {
        (header.initial, header.remaining) = (header.items.initial[0], header.items.remaining[0]);
    }
    Ok(())
}
