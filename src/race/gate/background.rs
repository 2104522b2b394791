//! Background statements, which no purchase causes. They are learned while the shop is idle, or named by the user, and
//! pass the gate.

use std::collections::BTreeSet;

use regex::Regex;

/// The statements that run in the background.
#[derive(Clone, Debug, Default)]
pub struct Background {
    named: Vec<Regex>,
    learned: BTreeSet<String>,
}

/// The most texts that are learned.
const MOST_TEXTS: usize = 1000;

impl Background {
    /// With the named ones; others can be learned.
    #[must_use]
    pub fn new(named: Vec<Regex>) -> Self {
        Self { named, learned: BTreeSet::new() }
    }

    /// Whether all of these run in the background.
    #[must_use]
    pub fn has(&self, texts: &[String]) -> bool {
        let known = |text: &String| {
            self.learned.contains(&bare(text)) || self.named.iter().any(|regex| regex.is_match(text))
        };
        !texts.is_empty() && texts.iter().all(known)
    }

    /// Learns these. False if all were known.
    pub fn learn(&mut self, texts: &[String]) -> bool {
        let mut new = false;
        for text in texts {
            if self.learned.len() < MOST_TEXTS {
                new |= self.learned.insert(bare(text));
            }
        }
        new
    }

    /// The learned ones.
    pub fn learned(&self) -> impl Iterator<Item = &str> {
        self.learned.iter().map(String::as_str)
    }
}

/// A text without its numbers and strings, which differ from time to time.
#[must_use]
pub fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let in_word = bare.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
        if c == '\'' {
            while chars.next().is_some_and(|c| c != '\'') {}
            bare.push('?');
        } else if c.is_ascii_digit() && !in_word {
            while chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '.').is_some() {}
            bare.push('?');
        } else if c.is_whitespace() {
            if !bare.ends_with(' ') {
                bare.push(' ');
            }
        } else {
            bare.push(c);
        }
    }
    bare.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_make_no_difference() {
        assert_eq!(
            bare("UPDATE  t1 SET a = 12.5,\n b = 'it''s', c = $1"),
            "UPDATE t1 SET a = ?, b = ??, c = $1"
        );
        let mut background = Background::new(vec![Regex::new("^SELECT .* jobs").expect("a regex")]);
        assert!(background.learn(&["DELETE FROM holds WHERE until < 5".to_owned()]));
        assert!(background.has(&["DELETE FROM holds WHERE until < 77".to_owned()]));
        assert!(background.has(&["SELECT * FROM jobs".to_owned()]));
        assert!(!background.has(&[]) && !background.has(&["DELETE FROM seats".to_owned()]));
    }
}
