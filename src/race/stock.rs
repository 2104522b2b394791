//! Where the stock of a foreign sale is read, and how its number is found in a text. The trial does the reading.

use std::path::PathBuf;

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;
use serde_json_path::JsonPath;

use super::request::Request;
use super::template::Template;
use super::url::{Url, UrlError};
use crate::rules::{plain, regex_trouble};

/// Where the stock is read.
#[derive(Clone, Debug)]
pub enum StockSource {
    /// A command of the shell prints it.
    Shell(Template),
    /// A server gives it.
    Url {
        /// The request for it.
        request: Request,
        /// Where the number stands in the answer.
        at: NumberAt,
    },
    /// It stands in a file of JSON.
    File {
        /// The file.
        path: PathBuf,
        /// Where it stands.
        at: Formula,
    },
    /// A database of SQLite has it.
    Sqlite {
        /// The file of the database.
        path: PathBuf,
        /// The statement that selects it.
        select: String,
    },
}

/// Where a number stands in a text.
#[derive(Clone, Debug)]
pub enum NumberAt {
    /// In JSON.
    Json(Formula),
    /// Where a regular expression matches: its first group, or the whole match.
    Text(Regex),
}

/// A number in JSON, or the difference or quotient of two.
#[derive(Clone, Debug)]
pub struct Formula {
    first: JsonPath,
    then: Option<(Sign, JsonPath)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Minus,
    Over,
}

/// The source of the stock can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is empty.
    #[error("it is empty: a command that prints the stock, URL#PATH, FILE#PATH")]
    Empty,
    /// A database of SQLite comes without a statement.
    #[error("{0:?}: it takes sqlite:FILE?SELECT …")]
    NoSelect(String),
    /// A server comes without the place of the number.
    #[error("{0:?}: where does the number stand? URL#$.left for JSON, URL~'([0-9]+) left' for text")]
    NoPlace(String),
    /// It has no valid URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It has no valid JSON path.
    #[error("{0:?}: no JSON path such as $.left: {1}")]
    Path(String, String),
    /// It has no valid regular expression.
    #[error("{0}: no regular expression: {1}")]
    Regex(String, String),
}

/// No stock could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStock {
    /// A regular expression does not match.
    #[error("{0} does not match {1}")]
    NoMatch(String, Start),
    /// It is not JSON.
    #[error("no JSON: {0}")]
    NoJson(Start),
    /// A path leads to nothing.
    #[error("{0} leads nowhere in {1}")]
    Nowhere(String, Start),
    /// A path leads to several places.
    #[error("{0} leads to {1} places")]
    Several(String, usize),
    /// The quotient of two numbers is not a whole number.
    #[error("{0} is no whole number")]
    NotWhole(String),
    /// There is no number.
    #[error("no whole number: {0}")]
    NoNumber(Start),
    /// A statement would write.
    #[error("{0:?} writes; it takes a SELECT")]
    Writes(String),
    /// A statement selects no row.
    #[error("{0:?} selects nothing")]
    SelectsNothing(String),
    /// A statement selects something that is not a number.
    #[error("{0:?} selects no number")]
    SelectsNoNumber(String),
    /// What SQLite says.
    #[error("{0}")]
    Sqlite(String),
    /// SQLite was left out of the build.
    #[error("this build has no SQLite")]
    NotBuiltIn,
    /// Its file can't be read.
    #[error("{0}")]
    File(String),
}

/// The start of a text that has no number, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start(Option<String>);

impl Start {
    /// Of this text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let text = text.trim();
        Self((!text.is_empty()).then(|| text.chars().take(80).collect()))
    }

    /// The text; `None` where there was nothing.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(text) => write!(f, "{text:?}"),
            None => f.write_str("(nothing)"),
        }
    }
}

impl StockSource {
    /// Reads `URL#PATH`, `URL~REGEX`, `FILE#PATH`, `sqlite:FILE?SELECT …`; all else is a command.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if Url::begins(text) {
            return Self::of_url(text);
        }
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let (path, select) =
                rest.split_once('?').ok_or_else(|| SourceError::NoSelect(text.to_owned()))?;
            let select = select.trim().to_owned();
            return Ok(Self::Sqlite { path: path.into(), select });
        }
        match text.split_once("#$") {
            Some((path, formula)) if !path.contains(char::is_whitespace) => {
                let at = Formula::parse(&format!("${formula}"))?;
                Ok(Self::File { path: path.into(), at })
            }
            _ => Ok(Self::Shell(Template::new(text))),
        }
    }

    fn of_url(text: &str) -> Result<Self, SourceError> {
        let (url, at) = match text.find(['#', '~']) {
            Some(at) if text[at..].starts_with('#') => {
                (&text[..at], NumberAt::Json(Formula::parse(&text[at + 1..])?))
            }
            Some(at) => {
                let regex = &text[at + 1..];
                let built = RegexBuilder::new(regex).size_limit(1 << 20).build();
                let wrong = |error: regex::Error| SourceError::Regex(regex.to_owned(), regex_trouble(&error));
                (&text[..at], NumberAt::Text(built.map_err(wrong)?))
            }
            None => return Err(SourceError::NoPlace(text.to_owned())),
        };
        let request = Request { method: "GET".to_owned(), url: Url::parse(url)?, body: None };
        Ok(Self::Url { request, at })
    }

    /// As it may be shown: without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Shell(command) => super::url::masked(command.source()),
            Self::Url { request, .. } => request.url.shown(),
            Self::File { path, .. } => path.display().to_string(),
            Self::Sqlite { path, .. } => format!("sqlite:{}", path.display()),
        }
    }
}

impl NumberAt {
    /// The number in a text.
    ///
    /// # Errors
    /// What there was instead.
    pub fn number(&self, text: &[u8]) -> Result<i64, NoStock> {
        match self {
            NumberAt::Json(formula) => formula.number(text),
            NumberAt::Text(regex) => {
                let found = regex.captures(text).and_then(|groups| groups.get(1).or(groups.get(0)));
                let found = found.ok_or_else(|| NoStock::NoMatch(regex.to_string(), Start::of(text)))?;
                whole_number(found.as_bytes())
            }
        }
    }
}

impl Formula {
    /// Reads `PATH`, `PATH - PATH` or `PATH / PATH`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let path = |text: &str| {
            JsonPath::parse(text.trim())
                .map_err(|error| SourceError::Path(text.to_owned(), error.to_string()))
        };
        // A blank, a sign, a blank and the next path. (In a filter, no sign stands before a `$`.)
        for (sign, text_of_sign) in [(Sign::Minus, " - $"), (Sign::Over, " / $")] {
            if let Some(at) = text.find(text_of_sign) {
                let (first, then) = (path(&text[..at])?, path(&text[at + 3..])?);
                return Ok(Self { first, then: Some((sign, then)) });
            }
        }
        Ok(Self { first: path(text)?, then: None })
    }

    /// The number in a text of JSON.
    ///
    /// # Errors
    /// What there was instead.
    pub fn number(&self, text: &[u8]) -> Result<i64, NoStock> {
        let json: Value = serde_json::from_slice(text).map_err(|_| NoStock::NoJson(Start::of(text)))?;
        let first = number_at(&self.first, &json)?;
        let Some((sign, path)) = &self.then else { return Ok(first) };
        let then = number_at(path, &json)?;
        let result = match sign {
            Sign::Minus => first.checked_sub(then),
            Sign::Over if then != 0 && first % then == 0 => first.checked_div(then),
            Sign::Over => None,
        };
        let sign = if *sign == Sign::Minus { '-' } else { '/' };
        result.ok_or_else(|| NoStock::NotWhole(format!("{first} {sign} {then}")))
    }
}

fn number_at(path: &JsonPath, json: &Value) -> Result<i64, NoStock> {
    let nodes = path.query(json).all();
    match nodes.as_slice() {
        [node] => whole_number(plain(node).as_bytes()),
        [] => Err(NoStock::Nowhere(path.to_string(), Start::of(json.to_string().as_bytes()))),
        _ => Err(NoStock::Several(path.to_string(), nodes.len())),
    }
}

/// A whole number, without blanks around it; `5.0` is one, too.
///
/// # Errors
/// What there was instead.
pub fn whole_number(text: &[u8]) -> Result<i64, NoStock> {
    let said = String::from_utf8_lossy(text);
    let digits = said.trim();
    let digits = match digits.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => digits,
    };
    digits.parse().map_err(|_| NoStock::NoNumber(Start::of(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_number(source: &str, text: &str) -> Result<i64, NoStock> {
        match StockSource::parse(source).expect("a source") {
            StockSource::Url { at, .. } => at.number(text.as_bytes()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_are_found() {
        let json = r#"{"left":5,"capacity":10,"booked":12,"cents":900,"price":300,"text":" 7 ","f":5.0,"half":0.5,"a":[1,2]}"#;
        let number = |path: &str| url_number(&format!("http://h/stock#{path}"), json);
        assert_eq!(number("$.left"), Ok(5));
        assert_eq!(number("$.capacity - $.booked"), Ok(-2));
        assert_eq!(number("$.cents / $.price"), Ok(3));
        assert_eq!(number("$.text"), Ok(7));
        assert_eq!(number("$.f"), Ok(5));
        for bad in ["$.half", "$.missing", "$.a[*]", "$", "$.cents / $.left", "$.left / $.missing"] {
            assert!(number(bad).is_err() || bad == "$.cents / $.left", "{bad}");
        }
        assert!(url_number("http://h/#$.left", "<html>").is_err());
        assert_eq!(url_number("http://h/~(\\d+) left", "<b>12 left</b>"), Ok(12));
        assert_eq!(url_number("http://h/~-?\\d+", "left: -3"), Ok(-3));
        assert!(url_number("http://h/~(\\d+) left", "sold out").is_err());
    }

    #[test]
    fn sources_are_told_apart() {
        let shell = |text: &str| matches!(StockSource::parse(text), Ok(StockSource::Shell(_)));
        assert!(shell("./stock.sh") && shell("jq .left x.json") && shell("curl -s http://h/stock"));
        assert!(shell("cat a | grep '#$.x'"));
        assert!(matches!(StockSource::parse("s.json#$.left"), Ok(StockSource::File { .. })));
        let sqlite = StockSource::parse("sqlite:shop.db?SELECT left FROM t").expect("a source");
        assert!(matches!(sqlite, StockSource::Sqlite { select, .. } if select == "SELECT left FROM t"));
        for bad in ["", "http://h/stock", "http://h/#left", "sqlite:shop.db", "s.json#$.["] {
            assert!(StockSource::parse(bad).is_err(), "{bad}");
        }
    }
}
