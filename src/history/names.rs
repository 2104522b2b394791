//! The names of buyers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

use serde::Deserialize;
use serde::de::Visitor;

/// The names of buyers, each with a number that no buyer without a name has. Compact: a name takes little
/// more room than its text.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// All names, one after the other.
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
    /// The place of each name. The key is its hash, or the next free number after it.
    places: HashMap<u64, u32>,
    hasher: std::hash::RandomState,
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ends == other.ends
    }
}

impl Names {
    /// The number of the first name. Buyers without a name have lower ones.
    pub const FIRST: u64 = 1 << 63;

    /// The number of the buyer of this name; a new name gets a new number.
    pub fn number(&mut self, name: &str) -> u64 {
        Self::FIRST + u64::from(self.place(name))
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The place of a name among all names, from 0; a new name gets a new place.
    pub fn place(&mut self, name: &str) -> u32 {
        let mut key = self.hasher.hash_one(name);
        while let Some(place) = self.places.get(&key).copied() {
            if self.at(place as usize) == Some(name) {
                return place;
            }
            key = key.wrapping_add(1);
        }
        // A file has at most 2³² lines, so there are no more names.
        let place = self.ends.len() as u32;
        self.places.insert(key, place);
        self.text.push_str(name);
        self.ends.push(self.text.len());
        place
    }

    /// The name of the buyer of this number, if it has one.
    #[must_use]
    pub fn name(&self, buyer: u64) -> Option<&str> {
        self.at(usize::try_from(buyer.checked_sub(Self::FIRST)?).ok()?)
    }

    /// The name at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }
}

/// A buyer, as a line names it.
#[derive(Debug)]
pub(in crate::history) enum BuyerName<'a> {
    Number(u64),
    Text(Cow<'a, str>),
}

/// The number of a buyer of this name. A name that is a number stands for that number.
pub(in crate::history) fn buyer_number(name: &str, names: &mut Names) -> u64 {
    BuyerName::Text(Cow::Borrowed(name)).number(names)
}

impl BuyerName<'_> {
    /// Its name as a text, even if it was a number.
    pub(in crate::history) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }

    /// Its number in a history. A name that is a number stands for that number.
    pub(in crate::history) fn number(&self, names: &mut Names) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => {
                let number = text.parse().ok().filter(|number: &u64| number.to_string() == **text);
                number.filter(|number| *number < Names::FIRST).unwrap_or_else(|| names.number(text))
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for BuyerName<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl<'de> Visitor<'de> for NumberOrText {
            type Value = BuyerName<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name: a whole number from 0 to 2^63 - 1, or a text")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
                if number < Names::FIRST {
                    Ok(BuyerName::Number(number))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
                }
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(BuyerName::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(BuyerName::Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let mut names = Names::default();
        let numbers: Vec<u64> = ["ann", "", "an", "ann", "n", ""].map(|name| names.number(name)).to_vec();
        assert_eq!(numbers, [0, 1, 2, 0, 3, 1].map(|place| Names::FIRST + place));
        assert_eq!(names.name(numbers[0]), Some("ann"));
        assert_eq!(names.name(numbers[1]), Some(""));
        assert_eq!(names.name(7), None);
        assert_eq!(names.name(u64::MAX), None);
    }
}
