//! One condition: a question about an answer, and the expected result.

use regex::bytes::Regex;
use serde_json::{Number, Value};
use serde_json_path::JsonPath;

use super::Answer;

/// A question about an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// The exit code of a command.
    Exit,
    /// What a command wrote to standard output.
    Stdout,
    /// What a command wrote to standard error.
    Stderr,
    /// The status of an HTTP answer.
    Status,
    /// A header of an HTTP answer, by its name in small letters.
    Header(String),
    /// The body of an HTTP answer.
    Body,
    /// The nodes of its JSON that a path leads to.
    Json(JsonPath),
    /// A column of a table.
    Column(String),
}

/// What is expected.
#[derive(Clone, Debug)]
pub enum Test {
    /// It exists. In JSON, `null` counts as absent.
    There,
    /// It is one of these values.
    OneOf(Vec<Expected>),
    /// A regular expression matches it, or a part of it.
    Matches(Regex),
}

/// A value that is expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// This text; blanks around the answer do not count.
    Text(String),
    /// A code of three digits that begins with this one: `2xx`.
    Hundreds(u8),
}

impl Expected {
    pub(super) fn new(text: &str) -> Self {
        match text.as_bytes() {
            [digit @ b'0'..=b'9', b'x' | b'X', b'x' | b'X'] => Self::Hundreds(*digit),
            _ => Self::Text(text.to_owned()),
        }
    }

    fn is(&self, said: &[u8]) -> bool {
        let said = said.trim_ascii();
        match self {
            Expected::Text(text) => said == text.trim_ascii().as_bytes(),
            Expected::Hundreds(first) => {
                matches!(said, [digit, b'0'..=b'9', b'0'..=b'9'] if digit == first)
            }
        }
    }
}

/// A question and what is expected of its answer.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What is asked.
    pub question: Question,
    /// What is expected.
    pub test: Test,
}

impl Condition {
    /// Whether it holds.
    pub(super) fn holds(&self, answer: &impl Answer) -> bool {
        match &self.question {
            Question::Json(path) => {
                let nodes = answer.json().map(|json| path.query(json).all()).unwrap_or_default();
                nodes.into_iter().any(|node| self.test.holds_for_json(node))
            }
            question => answer.any(question, &mut |said| self.test.holds(said)),
        }
    }
}

impl Test {
    /// Whether a text is as expected.
    #[must_use]
    pub fn holds(&self, said: &[u8]) -> bool {
        match self {
            Test::There => true,
            Test::OneOf(values) => values.iter().any(|value| value.is(said)),
            Test::Matches(regex) => regex.is_match(said),
        }
    }

    fn holds_for_json(&self, node: &Value) -> bool {
        match self {
            Test::There => !node.is_null(),
            Test::OneOf(values) => values.iter().any(|value| match value {
                Expected::Text(text) => json_is(node, text),
                Expected::Hundreds(_) => value.is(plain(node).as_bytes()),
            }),
            Test::Matches(regex) => regex.is_match(plain(node).as_bytes()),
        }
    }
}

/// A JSON node as a text: a string without quotes, everything else as in JSON.
#[must_use]
pub fn plain(node: &Value) -> String {
    match node {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a node has this value, as a string or as the same JSON. Numbers are compared as numbers, so 1 equals 1.0.
fn json_is(node: &Value, text: &str) -> bool {
    match node {
        Value::String(said) => said == text,
        Value::Number(said) => {
            said.to_string() == text
                || text.parse::<Number>().is_ok_and(|number| said.as_f64() == number.as_f64())
        }
        other => serde_json::from_str::<Value>(text).is_ok_and(|value| value == *other),
    }
}
