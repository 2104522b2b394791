//! The steps of an order, and what each touches. This decides which steps may be swapped.

use std::collections::BTreeSet;

use super::statement::Tables;

/// One statement of one buyer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// The buyer, from 1.
    pub buyer: u32,
    /// Its verb and its tables.
    pub name: String,
    /// How many times the buyer has sent a statement of this name, this one included.
    pub turn: u32,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.buyer, self.name)?;
        if self.turn > 1 {
            write!(f, "#{}", self.turn)?;
        }
        Ok(())
    }
}

/// What a step touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// The tables whose committed state it reads.
    pub reads: Tables,
    /// The tables that it writes or locks.
    pub touches: Tables,
    /// The tables that its transaction has written or locked before.
    pub holds: Tables,
    /// The tables whose locks it releases, or whose new state it commits.
    pub publishes: Tables,
    /// Whether it may do anything.
    pub everything: bool,
}

impl Footprint {
    /// Adds what another step touches.
    pub fn join(&mut self, other: &Self) {
        self.reads.extend(other.reads.iter().cloned());
        self.touches.extend(other.touches.iter().cloned());
        self.holds.extend(other.holds.iter().cloned());
        self.publishes.extend(other.publishes.iter().cloned());
        self.everything |= other.everything;
    }

    /// Whether the order of these two can matter.
    #[must_use]
    pub fn depends(&self, other: &Self) -> bool {
        let meet = |one: &BTreeSet<String>, two: &BTreeSet<String>| one.intersection(two).next().is_some();
        let publishes = |one: &Self, two: &Self| {
            [&two.reads, &two.touches, &two.publishes].into_iter().any(|tables| meet(&one.publishes, tables))
        };
        // Two steps whose buyers hold something and ask for more may wait for each other: the last one to ask makes a
        // deadlock.
        let may_close = |one: &Self| !one.holds.is_empty() && !one.touches.is_empty();
        self.everything
            || other.everything
            || may_close(self) && may_close(other)
            || meet(&self.touches, &other.touches)
            || publishes(self, other)
            || publishes(other, self)
    }
}

/// What a buyer holds, until it releases any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The buyer, from 1.
    pub buyer: u32,
    /// How often it may have released something before.
    pub number: u32,
}

/// A step that may come next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The step.
    pub step: Step,
    /// What it touches.
    pub footprint: Footprint,
    /// Whether it has the same effect after a wait as if it had come later.
    pub later: bool,
}

impl Choice {
    /// Whether the order of these two can matter. The order of one buyer's steps always does.
    #[must_use]
    pub fn depends(&self, other: &Self) -> bool {
        self.step.buyer == other.step.buyer || self.footprint.depends(&other.footprint)
    }

    /// Whether its buyer holds something that another asks for.
    #[must_use]
    pub fn may_stop(&self, other: &Self) -> bool {
        self.step.buyer != other.step.buyer
            && (other.footprint.everything || !self.footprint.holds.is_disjoint(&other.footprint.touches))
    }

    /// Whether this step may end the wait of another although no hold is released.
    #[must_use]
    pub fn may_change(&self, waiting: &Self) -> bool {
        let (publishes, waiting) = (&self.footprint.publishes, &waiting.footprint);
        self.footprint.everything
            || !publishes.is_disjoint(&waiting.reads)
            || !publishes.is_disjoint(&waiting.touches)
    }
}

/// An order can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It is empty.
    #[error("it has no steps")]
    Empty,
    /// A word is no step.
    #[error("{0:?} is no step: it takes BUYER:VERB TABLES, like 1:SELECT seats")]
    NoStep(String),
}

/// Reads an order: steps between commas or line ends; a line that begins with `#` is a remark.
///
/// # Errors
/// When a word is not a step.
pub fn parse(text: &str) -> Result<Vec<Step>, OrderError> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let steps = words.map(parse_step).collect::<Result<Vec<Step>, OrderError>>()?;
    if steps.is_empty() { Err(OrderError::Empty) } else { Ok(steps) }
}

fn parse_step(word: &str) -> Result<Step, OrderError> {
    let wrong = || OrderError::NoStep(word.to_owned());
    let (buyer, rest) = word.split_once(':').ok_or_else(wrong)?;
    let buyer = buyer.trim().parse().ok().filter(|buyer| *buyer > 0).ok_or_else(wrong)?;
    let (name, turn) = match rest.rsplit_once('#') {
        Some((name, turn)) => (name, turn.trim().parse().map_err(|_| wrong())?),
        None => (rest, 1),
    };
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || turn == 0 { Err(wrong()) } else { Ok(Step { buyer, name, turn }) }
}

/// An order as it is written down.
#[must_use]
pub fn written<'a>(steps: impl IntoIterator<Item = &'a Step>) -> String {
    steps.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// How often an order switches from one buyer to another.
#[must_use]
pub fn switches(steps: &[Step]) -> usize {
    steps.windows(2).filter(|pair| pair[0].buyer != pair[1].buyer).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(reads: &[&str], touches: &[&str], publishes: &[&str]) -> Footprint {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (reads, touches, publishes) = (set(reads), set(touches), set(publishes));
        Footprint { reads, touches, publishes, ..Footprint::default() }
    }

    #[test]
    fn orders_are_written_and_read() {
        let text = "1:SELECT seats, 2:SELECT orders+seats#2, 1:UPDATE a & COMMIT";
        let steps = parse(&format!("# found\n{}\n", text.replace(", 1", ",\n 1"))).expect("steps");
        assert_eq!(written(&steps), text);
        assert_eq!((steps[1].turn, switches(&steps)), (2, 2));
        for bad in ["", "SELECT", "0:SELECT", "1:", "1:SELECT#x", "1:SELECT#0"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_depends_on_what() {
        let read = footprint(&["a"], &[], &[]);
        let write = footprint(&["a"], &["a"], &[]);
        let commit = footprint(&[], &[], &["a"]);
        let other = footprint(&["b"], &["b"], &["b"]);
        assert!(!read.depends(&read) && !read.depends(&write) && !read.depends(&other));
        assert!(write.depends(&write) && write.depends(&commit) && read.depends(&commit));
        assert!(!other.depends(&write) && !other.depends(&commit));
        let holding = |touches, holds: &str| Footprint {
            holds: [holds.to_owned()].into(),
            ..footprint(&[], touches, &[])
        };
        assert!(
            holding(&["a"], "b").depends(&holding(&["b"], "a"))
                && !holding(&[], "b").depends(&holding(&["b"], "a"))
        );
        let mut both = read.clone();
        both.join(&other);
        assert!(both.depends(&commit) && both.depends(&footprint(&["b"], &[], &[])));
        let any = Footprint { everything: true, ..Footprint::default() };
        assert!(any.depends(&read) && read.depends(&any));
    }
}
