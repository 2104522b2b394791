//! Rules: the meaning of other programs' answers. The user's rules read the outcome of a purchase from an HTTP status,
//! a command's output, or a column of a log.
//!
//! ```text
//! --bought 'status=200 json:$.ok=true'  --refused status=409,410  --refused 'body~"sold out"'
//! ```
//!
//! A [`Rule`] is a conjunction of conditions, separated by blanks; several rules for one outcome are
//! alternatives. The first that holds wins, in the order bought, refused, failed, unknown. Of a command's rules, those
//! about its exit code come first: what it printed before a crash is no receipt. If no rule holds, there is no outcome,
//! never a guess.
//!
//! The possible questions depend on the [`Kind`] of the answer. The module reads nothing itself: an answer is any
//! [`Answer`].

mod condition;
mod parse;

use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer};
use serde_json::Value;

pub use condition::{Condition, Question, plain};
pub(crate) use parse::regex_trouble;
pub use parse::{BadRule, RuleError};

/// What answers: it decides which questions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A command: `exit`, `stdout`, `stderr`, and `json:PATH` of its output.
    Command,
    /// An HTTP server: `status`, `header:NAME`, `body`, and `json:PATH` of its body.
    Http,
    /// A line of a table: its columns, by their names.
    Table,
}

/// Something that can be asked.
pub trait Answer {
    /// Whether any text that answers the question `holds`: a header may occur several times, and a killed command has
    /// no exit code.
    fn any(&self, question: &Question, holds: &mut dyn FnMut(&[u8]) -> bool) -> bool;

    /// What it says as JSON, if it is JSON.
    fn json(&self) -> Option<&Value> {
        None
    }
}

/// Conditions that hold together.
#[derive(Clone, Debug)]
pub struct Rule {
    text: String,
    conditions: Vec<Condition>,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// When it can't be understood, or asks what such an answer does not have.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, RuleError> {
        let conditions = parse::conditions(text, kind)?;
        Ok(Self { text: text.trim().to_owned(), conditions })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether all of its conditions hold.
    #[must_use]
    pub fn holds(&self, answer: &impl Answer) -> bool {
        self.conditions.iter().all(|condition| condition.holds(answer))
    }

    /// What it asks: for a table, the columns that must be there.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.conditions.iter().map(|condition| &condition.question)
    }

    fn asks_the_exit_code(&self) -> bool {
        self.questions().any(|question| *question == Question::Exit)
    }
}

/// The rules of all outcomes, in the order in which they are tried. Of the outcomes only their order is known here.
#[derive(Clone, Debug)]
pub struct Rules<O> {
    rules: Vec<(O, Rule)>,
}

impl<O> Default for Rules<O> {
    fn default() -> Self {
        Self { rules: Vec::new() }
    }
}

impl<O: Copy + Ord> Rules<O> {
    /// Reads rules, each with the outcome that it stands for, in any order.
    ///
    /// # Errors
    /// When one can't be understood.
    pub fn parse<'a>(rules: impl IntoIterator<Item = (O, &'a str)>, kind: Kind) -> Result<Self, RuleError> {
        let rule = |(outcome, text)| Ok((outcome, Rule::parse(text, kind)?));
        let mut rules = rules.into_iter().map(rule).collect::<Result<Vec<_>, RuleError>>()?;
        rules.sort_by_key(|(outcome, rule)| (!rule.asks_the_exit_code(), *outcome));
        Ok(Self { rules })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The outcome of the first rule that holds, and that rule; `None` if none holds, which must never count as a
    /// refusal.
    #[must_use]
    pub fn outcome(&self, answer: &impl Answer) -> Option<(O, &Rule)> {
        self.iter().find(|(_, rule)| rule.holds(answer))
    }

    /// All of them, in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = (O, &Rule)> {
        self.rules.iter().map(|(outcome, rule)| (*outcome, rule))
    }
}

impl<O: Copy + Serialize> Serialize for Rules<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a, O> {
            outcome: O,
            rule: &'a str,
        }
        let mut rows = serializer.serialize_seq(Some(self.rules.len()))?;
        for (outcome, rule) in &self.rules {
            rows.serialize_element(&Row { outcome, rule: rule.text() })?;
        }
        rows.end()
    }
}

#[cfg(test)]
mod tests;
