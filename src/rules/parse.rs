//! The text of a rule, read: conditions separated by blanks, each a question, `=` or `~`, and a value.
//!
//! A value, or a condition as a whole, may stand in quotes of either kind; in them there is no escape, and
//! a quote that stands elsewhere is a letter like others, so that a regular expression arrives as it was
//! written. Blanks and signs in the brackets of a JSON path belong to the path.

use regex::bytes::RegexBuilder;
use serde_json_path::JsonPath;

use super::Kind;
use super::condition::{Condition, Expected, Question, Test};

/// No rule needs to be longer; a path is parsed by descent.
const MOST_BYTES: usize = 4096;
/// The deepest brackets of a path.
const DEEPEST: usize = 16;

/// Why a rule can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule:?}, column {column}: {what}")]
pub struct RuleError {
    /// The rule, its start if it is long.
    pub rule: String,
    /// Where in it, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub what: BadRule,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// It is too long.
    #[error("it is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// It is empty.
    #[error("it is empty: {}", examples(*.0))]
    Empty(Kind),
    /// A quote is never closed.
    #[error("the quote {0} is never closed")]
    Quote(char),
    /// Something follows a closing quote.
    #[error("a blank must follow the closing quote {0}")]
    NoBlank(char),
    /// Brackets in brackets in brackets.
    #[error("brackets in brackets, too deep")]
    TooDeep,
    /// There is no question before a sign.
    #[error("nothing is asked here: {}", examples(*.0))]
    NoQuestion(Kind),
    /// It is no path in JSON.
    #[error("no JSON path, such as $.ok or $.items[0].state: {0}")]
    Path(String),
    /// Such answers have nothing of this name.
    #[error("{word:?} can't be asked: {}", examples(*.kind))]
    Unknown {
        /// The word.
        word: String,
        /// What answers.
        kind: Kind,
    },
    /// It is no regular expression.
    #[error("no regular expression: {0}")]
    Regex(String),
    /// It is no exit code.
    #[error("an exit code is a number from 0 to 255, or several: exit=0,3")]
    Exit,
    /// It is no status.
    #[error("a status has three digits, or is 2xx, or several: status=200,409")]
    Status,
}

impl BadRule {
    /// The longest rule, in bytes.
    pub const MOST_BYTES: usize = MOST_BYTES;
}

/// What is wrong, and at which byte.
struct Mistake {
    at: usize,
    what: BadRule,
}

impl Mistake {
    const fn at(at: usize, what: BadRule) -> Self {
        Self { at, what }
    }
}

/// The conditions of a rule.
pub(super) fn conditions(text: &str, kind: Kind) -> Result<Vec<Condition>, RuleError> {
    let told = |mistake: Mistake| RuleError {
        rule: text.chars().take(200).collect(),
        column: text.get(..mistake.at).map_or(1, |before| before.chars().count() + 1),
        what: mistake.what,
    };
    if text.len() > MOST_BYTES {
        return Err(told(Mistake::at(0, BadRule::TooLong)));
    }
    let mut conditions = Vec::new();
    let mut rest = 0;
    while let Some(start) = text[rest..].find(|c: char| !c.is_whitespace()).map(|skip| rest + skip) {
        let (condition, end) = one(text, start, kind).map_err(told)?;
        conditions.push(condition);
        rest = end;
    }
    if conditions.is_empty() {
        return Err(told(Mistake::at(0, BadRule::Empty(kind))));
    }
    Ok(conditions)
}

/// The condition that begins here, and where it ends.
fn one(text: &str, start: usize, kind: Kind) -> Result<(Condition, usize), Mistake> {
    let (inner, end) = match quoted(text, start)? {
        Some((inner, end)) => (inner, end),
        None => (start..start, 0),
    };
    let (from, to) = if end > 0 { (inner.start, inner.end) } else { (start, text.len()) };
    let question_end = question_end(text, from, to, end > 0)?;
    let question = question(text, from, question_end, kind)?;
    let sign = text[question_end..to].chars().next().filter(|c| matches!(c, '=' | '~'));
    let Some(sign) = sign else {
        return Ok((Condition { question, test: Test::There }, end.max(question_end)));
    };
    let value_start = question_end + 1;
    let (value, after) = if end > 0 {
        (value_start..to, end)
    } else {
        match quoted(text, value_start)? {
            Some(quoted) => quoted,
            None => {
                let blank = text[value_start..].find(char::is_whitespace);
                let to = blank.map_or(text.len(), |skip| value_start + skip);
                (value_start..to, to)
            }
        }
    };
    let test = test(&question, sign, &text[value.clone()], value.start)?;
    Ok((Condition { question, test }, after))
}

/// What stands in the quotes that begin here, and where the text goes on behind them.
fn quoted(text: &str, start: usize) -> Result<Option<(std::ops::Range<usize>, usize)>, Mistake> {
    let Some(quote) = text[start..].chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Ok(None);
    };
    let inside = start + 1;
    let Some(length) = text[inside..].find(quote) else {
        return Err(Mistake::at(start, BadRule::Quote(quote)));
    };
    let end = inside + length + 1;
    if text[end..].chars().next().is_some_and(|c| !c.is_whitespace()) {
        return Err(Mistake::at(end, BadRule::NoBlank(quote)));
    }
    Ok(Some((inside..inside + length, end)))
}

/// Where the question ends: at the first `=` or `~`, or a blank, that stands in no brackets.
fn question_end(text: &str, from: usize, to: usize, blanks_belong: bool) -> Result<usize, Mistake> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (offset, c) in text[from..to].char_indices() {
        let at = from + offset;
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) if depth > 0 => quote = Some(c),
            ('[' | '(', None) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(Mistake::at(at, BadRule::TooDeep));
                }
            }
            (']' | ')', None) => depth = depth.saturating_sub(1),
            ('=' | '~', None) if depth == 0 => return Ok(at),
            (c, None) if c.is_whitespace() && depth == 0 && !blanks_belong => return Ok(at),
            _ => {}
        }
    }
    Ok(to)
}

fn question(text: &str, from: usize, to: usize, kind: Kind) -> Result<Question, Mistake> {
    let word = &text[from..to];
    if word.is_empty() {
        return Err(Mistake::at(from, BadRule::NoQuestion(kind)));
    }
    if kind == Kind::Table {
        return Ok(Question::Column(word.to_owned()));
    }
    if let Some(path) = word.strip_prefix("json:") {
        let path_at = from + "json:".len();
        let path = JsonPath::parse(path).map_err(|error| {
            let at = path_at + error.position().saturating_sub(1).min(path.len());
            let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(from);
            Mistake::at(at, BadRule::Path(error.message().to_owned()))
        })?;
        return Ok(Question::Json(path));
    }
    match (kind, word.split_once(':')) {
        (Kind::Command, None) if word == "exit" => Ok(Question::Exit),
        (Kind::Command, None) if word == "stdout" => Ok(Question::Stdout),
        (Kind::Command, None) if word == "stderr" => Ok(Question::Stderr),
        (Kind::Http, None) if word == "status" => Ok(Question::Status),
        (Kind::Http, None) if word == "body" => Ok(Question::Body),
        (Kind::Http, Some(("header", name))) if !name.is_empty() => {
            Ok(Question::Header(name.to_ascii_lowercase()))
        }
        _ => Err(Mistake::at(from, BadRule::Unknown { word: word.to_owned(), kind })),
    }
}

fn test(question: &Question, sign: char, value: &str, at: usize) -> Result<Test, Mistake> {
    if sign == '~' {
        let regex = RegexBuilder::new(value).size_limit(1 << 20).build();
        return regex.map(Test::Matches).map_err(|error| Mistake::at(at, regex_mistake(&error)));
    }
    let several = matches!(question, Question::Status | Question::Exit | Question::Column(_));
    let values: Vec<Expected> = if several {
        value.split(',').map(|value| Expected::new(value.trim())).collect()
    } else {
        vec![Expected::Text(value.to_owned())]
    };
    let is_code = |value: &Expected| match (question, value) {
        (Question::Status, Expected::Hundreds(first)) => (b'1'..=b'5').contains(first),
        (Question::Status, Expected::Text(text)) => {
            text.parse::<u16>().is_ok_and(|code| (100..=999).contains(&code))
        }
        (Question::Exit, Expected::Text(text)) => text.parse::<u8>().is_ok(),
        (Question::Exit, Expected::Hundreds(_)) => false,
        _ => true,
    };
    if values.iter().all(is_code) {
        return Ok(Test::OneOf(values));
    }
    Err(Mistake::at(
        at,
        match question {
            Question::Exit => BadRule::Exit,
            _ => BadRule::Status,
        },
    ))
}

/// The last line of what the crate says: the others show the pattern, which the message has already.
fn regex_mistake(error: &regex::Error) -> BadRule {
    BadRule::Regex(regex_trouble(error))
}

/// What is wrong with a regular expression, in one line: the library draws the expression, too, over several.
pub(crate) fn regex_trouble(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

fn examples(kind: Kind) -> &'static str {
    match kind {
        Kind::Command => "a rule is made of exit=0, stdout~REGEX, stderr~REGEX, json:PATH=VALUE",
        Kind::Http => {
            "a rule is made of status=200, status=2xx, body~REGEX, header:NAME~REGEX, json:PATH=VALUE"
        }
        Kind::Table => "a rule is made of COLUMN=VALUE[,VALUE], COLUMN~REGEX",
    }
}
