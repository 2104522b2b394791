//! The setup before a race, such as logging in or fetching a token. Each step is a request or a command, and takes
//! variables from the answer.

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;
use serde_json_path::JsonPath;

use super::request::{Cookies, Request};
use super::template::Template;
use super::url::UrlError;
use crate::closed_set::{UnknownName, closed_set};
use crate::rules::{plain, regex_trouble};

closed_set! {
    /// How often a step of the set-up is done.
    pub enum Scope: "scope" {
        /// Once, before the first trial.
        Once = "once",
        /// Before each trial.
        Trial = "trial",
        /// Before each trial, for each buyer.
        Buyer = "buyer",
    }
}

/// Something to be done at the target: by a request, or by a command of the shell.
#[derive(Clone, Debug)]
pub enum Act {
    /// A command of the shell.
    Shell(Template),
    /// A request.
    Http(Request),
}

/// A step of the set-up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How often.
    pub scope: Scope,
    /// What is done.
    pub act: Act,
    /// The variables that it sets, and where their values stand in the answer.
    pub takes: Vec<(String, Extract)>,
}

/// Where a value stands in an answer.
#[derive(Clone, Debug)]
pub enum Extract {
    /// In its JSON.
    Json(JsonPath),
    /// In a header, by its name in small letters.
    Header(String),
    /// In its text (a body or an output): the first group of a regular expression, or the whole match.
    Text(Regex),
    /// In a cookie.
    Cookie(String),
}

/// The answer to a step, from which values can be taken.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The body, or the output.
    pub text: &'a [u8],
    /// The headers, by names in small letters.
    pub headers: &'a [(String, Vec<u8>)],
    /// The buyer's cookies.
    pub cookies: &'a Cookies,
}

/// How a step of the set-up is written.
const FORM: &str = "'buyer: POST http://…/login -> token=json:$.token'";

/// Something to be done at the target, or a step of the set-up, can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Its request has no valid URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It is only a URL.
    #[error("{0:?}: by which method? write `POST {0}`")]
    NoMethod(String),
    /// There is nothing to be done.
    #[error("it is empty: a command, or METHOD URL")]
    Empty,
    /// It has no scope.
    #[error("{0:?}: it takes {FORM}")]
    NoScope(String),
    /// Its scope is unknown.
    #[error("{0}; it takes {FORM}")]
    Scope(UnknownName),
    /// It is not said where the value of a variable stands.
    #[error("{0:?}: it takes NAME=json:PATH")]
    NoPlace(String),
    /// A variable can't have this name.
    #[error("{0:?} is no name of a variable")]
    Name(String),
    /// A quote is never closed.
    #[error("{0:?}: the quote {1} is never closed")]
    Quote(String, char),
    /// It has no valid JSON path.
    #[error("{0:?}: no JSON path: {1}")]
    Path(String, String),
    /// It has no valid regular expression.
    #[error("{0}: no regular expression: {1}")]
    Regex(String, String),
    /// There is no such place in an answer.
    #[error("{0:?}: it takes json:PATH, header:NAME, cookie:NAME, body~REGEX or stdout~REGEX")]
    Place(String),
}

impl Act {
    /// Reads `METHOD URL [BODY]`, or else a command of the shell.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        let text = text.trim();
        if Request::begins(text) {
            return Ok(Act::Http(Request::parse(text)?));
        }
        if super::url::Url::begins(text) {
            return Err(SetupError::NoMethod(text.to_owned()));
        }
        if text.is_empty() {
            return Err(SetupError::Empty);
        }
        Ok(Act::Shell(Template::new(text)))
    }

    /// As it may be shown: without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Act::Shell(command) => super::url::masked(command.source()),
            Act::Http(request) => request.shown(),
        }
    }

    /// The names of its variables.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Act::Shell(command) => command.names().collect(),
            Act::Http(request) => request.names(),
        }
    }
}

impl Setup {
    /// Reads `SCOPE: ACT -> NAME=EXTRACT …`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        let (scope, rest) = text.split_once(':').ok_or_else(|| SetupError::NoScope(text.to_owned()))?;
        let scope: Scope = scope.trim().parse().map_err(SetupError::Scope)?;
        let (act, takes) = rest.rsplit_once(" -> ").unwrap_or((rest, ""));
        Ok(Self { scope, act: Act::parse(act)?, takes: takes_of(takes)? })
    }
}

fn takes_of(text: &str) -> Result<Vec<(String, Extract)>, SetupError> {
    let mut takes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').ok_or_else(|| SetupError::NoPlace(rest.to_owned()))?;
        let name_is_good = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !name_is_good || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(SetupError::Name(name.to_owned()));
        }
        let (extract, after) = match value.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            Some(quote) => {
                value[1..].split_once(quote).ok_or_else(|| SetupError::Quote(value.to_owned(), quote))?
            }
            None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        takes.push((name.to_owned(), Extract::parse(extract)?));
        rest = after.trim_start_matches([',', ' ']);
    }
    Ok(takes)
}

impl Extract {
    /// Reads `json:PATH`, `header:NAME`, `cookie:NAME`, `body~REGEX` or `stdout~REGEX`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        if let Some(path) = text.strip_prefix("json:") {
            let path = JsonPath::parse(path);
            return path
                .map(Self::Json)
                .map_err(|error| SetupError::Path(text.to_owned(), error.to_string()));
        }
        if let Some(name) = text.strip_prefix("header:") {
            return Ok(Self::Header(name.to_ascii_lowercase()));
        }
        if let Some(name) = text.strip_prefix("cookie:") {
            return Ok(Self::Cookie(name.to_owned()));
        }
        match text.split_once('~') {
            Some(("body" | "stdout", regex)) => RegexBuilder::new(regex)
                .size_limit(1 << 20)
                .build()
                .map(Self::Text)
                .map_err(|error| SetupError::Regex(regex.to_owned(), regex_trouble(&error))),
            _ => Err(SetupError::Place(text.to_owned())),
        }
    }

    /// The value in an answer, without blanks around it.
    #[must_use]
    pub fn value(&self, reply: Reply<'_>) -> Option<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match self {
            Self::Json(path) => {
                let json: Value = serde_json::from_slice(reply.text).ok()?;
                path.query(&json).first().filter(|node| !node.is_null()).map(plain)
            }
            Self::Header(name) => {
                reply.headers.iter().find(|(other, _)| other == name).map(|(_, value)| text(value))
            }
            Self::Cookie(name) => reply.cookies.get(name).cloned(),
            Self::Text(regex) => {
                let groups = regex.captures(reply.text)?;
                groups.get(1).or(groups.get(0)).map(|found| text(found.as_bytes()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_and_takes_its_values() {
        let setup = Setup::parse(
            "buyer: POST http://h/login {\"user\":\"{buyer}\"} -> token=json:$.t id=header:X-Id \
             csrf='body~name=\"c\" value=\"([^\"]+)\"' sid=cookie:sid",
        )
        .expect("a step");
        assert_eq!(setup.scope, Scope::Buyer);
        assert!(
            matches!(&setup.act, Act::Http(request) if request.method == "POST" && request.body.is_some())
        );
        let cookies = Cookies::from([("sid".to_owned(), "s1".to_owned())]);
        let reply = |text: &'static str| Reply { text: text.as_bytes(), headers: &[], cookies: &cookies };
        let values = |text| setup.takes.iter().map(|(_, take)| take.value(reply(text))).collect::<Vec<_>>();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(values(r#"{"t":"abc"}"#), [some("abc"), None, None, some("s1")]);
        assert_eq!(values(r#"<input name="c" value="77">"#), [None, None, some("77"), some("s1")]);
        let headers = [("x-id".to_owned(), b" 9 ".to_vec())];
        let reply = Reply { text: b"", headers: &headers, cookies: &cookies };
        assert_eq!(setup.takes[1].1.value(reply), some("9"));
        let shell = Setup::parse("once: ./token.sh -> t=stdout~.+").expect("a step");
        assert!(matches!(shell.act, Act::Shell(_)) && shell.takes.len() == 1);
    }

    #[test]
    fn bad_steps_are_rejected() {
        for bad in [
            "POST http://h/",
            "always: x",
            "buyer: http://h/",
            "buyer: ",
            "buyer: x -> token",
            "buyer: x -> t=json:[",
            "buyer: x -> t=body~(",
            "buyer: x -> t='body~x",
            "buyer: x -> a b=json:$",
            "buyer: x -> t=xml:/",
        ] {
            assert!(Setup::parse(bad).is_err(), "{bad}");
        }
    }
}
