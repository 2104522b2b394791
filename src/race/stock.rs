//! Where the stock of a foreign sale is read, and how its number is found in the text. The trial does the reading.

use std::path::PathBuf;

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;
use serde_json_path::JsonPath;

use super::request::Request;
use super::template::Template;
use super::url::Url;
use crate::rules::plain;

/// Where the stock is read.
#[derive(Clone, Debug)]
pub enum StockSource {
    /// A command of the shell prints it.
    Shell(Template),
    /// A server says it.
    Url {
        /// What is asked.
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
    /// In its JSON.
    Json(Formula),
    /// Where a regular expression matches: its first group, or all of it.
    Text(Regex),
}

/// A number in JSON, or what two of them come to.
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

impl StockSource {
    /// Reads `URL#PATH`, `URL~REGEX`, `FILE#PATH`, `sqlite:FILE?SELECT …`; all else is a command.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty: a command that prints the stock, URL#PATH, FILE#PATH".to_owned());
        }
        if Url::begins(text) {
            return Self::of_url(text);
        }
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let (path, select) =
                rest.split_once('?').ok_or_else(|| format!("{text:?}: it takes sqlite:FILE?SELECT …"))?;
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

    fn of_url(text: &str) -> Result<Self, String> {
        let (url, at) = match text.find(['#', '~']) {
            Some(at) if text[at..].starts_with('#') => {
                (&text[..at], NumberAt::Json(Formula::parse(&text[at + 1..])?))
            }
            Some(at) => {
                let regex = RegexBuilder::new(&text[at + 1..]).size_limit(1 << 20).build();
                let regex =
                    regex.map_err(|error| format!("{}: no regular expression: {error}", &text[at + 1..]))?;
                (&text[..at], NumberAt::Text(regex))
            }
            None => {
                return Err(format!(
                    "{text:?}: where does the number stand? URL#$.left for JSON, URL~'([0-9]+) left' for text"
                ));
            }
        };
        let request = Request { method: "GET".to_owned(), url: Url::parse(url)?, body: None };
        Ok(Self::Url { request, at })
    }

    /// As it may be shown.
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
    pub fn number(&self, text: &[u8]) -> Result<i64, String> {
        match self {
            NumberAt::Json(formula) => formula.number(text),
            NumberAt::Text(regex) => {
                let found = regex.captures(text).and_then(|groups| groups.get(1).or(groups.get(0)));
                let found = found.ok_or_else(|| format!("{regex} does not match {}", start_of(text)))?;
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
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = |text: &str| {
            JsonPath::parse(text.trim())
                .map_err(|error| format!("{text:?}: no JSON path such as $.left: {error}"))
        };
        // A blank, a sign, a blank and the next path: in a filter a sign stands before no `$`.
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
    pub fn number(&self, text: &[u8]) -> Result<i64, String> {
        let json: Value = serde_json::from_slice(text).map_err(|_| format!("no JSON: {}", start_of(text)))?;
        let first = number_at(&self.first, &json)?;
        let Some((sign, path)) = &self.then else { return Ok(first) };
        let then = number_at(path, &json)?;
        let result = match sign {
            Sign::Minus => first.checked_sub(then),
            Sign::Over if then != 0 && first % then == 0 => first.checked_div(then),
            Sign::Over => None,
        };
        let sign = if *sign == Sign::Minus { '-' } else { '/' };
        result.ok_or_else(|| format!("{first} {sign} {then} is no whole number"))
    }
}

fn number_at(path: &JsonPath, json: &Value) -> Result<i64, String> {
    let nodes = path.query(json).all();
    match nodes.as_slice() {
        [node] => whole_number(plain(node).as_bytes()),
        [] => Err(format!("{path} leads nowhere in {}", start_of(json.to_string().as_bytes()))),
        _ => Err(format!("{path} leads to {} places", nodes.len())),
    }
}

/// A whole number, blanks around it left out; `5.0` is one as well.
///
/// # Errors
/// What there was instead.
pub fn whole_number(text: &[u8]) -> Result<i64, String> {
    let said = String::from_utf8_lossy(text);
    let digits = said.trim();
    let digits = match digits.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => digits,
    };
    digits.parse().map_err(|_| format!("no whole number: {}", start_of(text)))
}

/// The start of a text that was no number, in one line.
fn start_of(text: &[u8]) -> String {
    if text.trim_ascii().is_empty() {
        return "(nothing)".to_owned();
    }
    format!("{:?}", String::from_utf8_lossy(text).trim().chars().take(80).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_number(source: &str, text: &str) -> Result<i64, String> {
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
