//! A request as the user writes it, and its bytes with the values of the variables.

use std::collections::BTreeMap;

use super::template::{BadValue, Place, Template, Variables, percent_encoded};
use super::url::{Url, UrlError, is_secret};

/// A request, its variables not yet filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// Where it goes.
    pub url: Url,
    /// Its body, if it has one.
    pub body: Option<Body>,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A text.
    Text(Template),
    /// JSON: values are escaped.
    Json(Template),
    /// A form: names and values.
    Form(Vec<(String, Template)>),
}

/// A header of every request, as soon as its variables have values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Template,
}

/// The cookies of one buyer, by their names.
pub type Cookies = BTreeMap<String, String>;

/// A request, or a part of one, can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It has no valid URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A header has no colon.
    #[error("{0:?}: it takes 'Name: value'")]
    NoColon(String),
    /// A header has an invalid name or value.
    #[error("{0:?}: no header; it takes 'Name: value'")]
    NoHeader(String),
    /// A header gives the length of the body.
    #[error("{0}: the length of a request is counted by itself")]
    Length(String),
    /// A field has no name, or no value.
    #[error("{0:?}: it takes name=value")]
    NoField(String),
}

impl Request {
    /// Reads `METHOD URL [BODY]`: a body that begins with `{` or `[` is JSON, any other is a form or a text.
    /// Without a method it is GET, or POST if there is a body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let (method, rest) = match text.split_once(char::is_whitespace) {
            Some((word, rest)) if is_method(word) => (Some(word.to_owned()), rest.trim_start()),
            _ => (None, text),
        };
        let (url, body) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let url = Url::parse(url)?;
        let body = match body.trim() {
            "" => None,
            body => Some(Body::guess(body)),
        };
        let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
        Ok(Self { method, url, body })
    }

    /// Whether a text begins with a method and a URL.
    #[must_use]
    pub fn begins(text: &str) -> bool {
        let words = text.trim_start().split_once(char::is_whitespace);
        words.is_some_and(|(method, rest)| is_method(method) && Url::begins(rest.trim_start()))
    }

    /// As it may be shown: without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{} {}", self.method, self.url.shown())
    }

    /// The names of its variables.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.url.path.names().collect();
        match &self.body {
            Some(Body::Text(text) | Body::Json(text)) => names.extend(text.names()),
            Some(Body::Form(fields)) => names.extend(fields.iter().flat_map(|(_, value)| value.names())),
            None => {}
        }
        names
    }

    /// Its bytes.
    ///
    /// # Errors
    /// When a value can't stand where it is to go.
    pub fn bytes(
        &self,
        headers: &[Header],
        values: &Variables,
        cookies: &Cookies,
    ) -> Result<Vec<u8>, BadValue> {
        let path = self.url.path.fill(values, Place::Url)?;
        let (body, kind) = self.body.as_ref().map(|body| body.fill(values)).transpose()?.unwrap_or_default();
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut cookies: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        for Header { name, value } in headers {
            // A header is left out while a variable has no value yet, such as a token before the login.
            if !value.names().all(|name| values.contains_key(name)) {
                continue;
            }
            let value = value.fill(values, Place::Header)?;
            if name.eq_ignore_ascii_case("cookie") {
                cookies.insert(0, value);
            } else {
                lines.push((name.clone(), value));
            }
        }
        let mut add = |name: &str, value: Option<String>| {
            let there = lines.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
            if let (false, Some(value)) = (there, value) {
                lines.push((name.to_owned(), value));
            }
        };
        add("Host", Some(self.url.origin.authority()));
        add("User-Agent", Some(concat!("ticketsim/", env!("CARGO_PKG_VERSION")).to_owned()));
        add("Accept", Some("*/*".to_owned()));
        add("Authorization", self.url.login.as_ref().map(|login| basic(login)));
        add("Cookie", (!cookies.is_empty()).then(|| cookies.join("; ")));
        let has_body = self.body.is_some();
        add("Content-Type", (has_body && !kind.is_empty()).then(|| kind.to_owned()));
        let length = has_body || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        add("Content-Length", length.then(|| body.len().to_string()));
        let mut text = format!("{} {path} HTTP/1.1\r\n", self.method);
        for (name, value) in lines {
            text.extend([name.as_str(), ": ", &value, "\r\n"]);
        }
        text.push_str("\r\n");
        text.push_str(&body);
        Ok(text.into_bytes())
    }
}

impl Body {
    fn guess(body: &str) -> Self {
        if body.starts_with(['{', '[']) && !body.starts_with("[]=") {
            return Body::Json(Template::new(body));
        }
        let fields: Option<Vec<(String, Template)>> =
            body.split('&').map(|pair| field(pair).ok().filter(|(name, _)| !name.contains(' '))).collect();
        fields.map_or_else(|| Body::Text(Template::new(body)), Body::Form)
    }

    /// Its text, and the type of its content.
    fn fill(&self, values: &Variables) -> Result<(String, &'static str), BadValue> {
        Ok(match self {
            Body::Text(text) => (text.fill(values, Place::Plain)?, "text/plain"),
            Body::Json(text) => (text.fill(values, Place::Json)?, "application/json"),
            Body::Form(fields) => {
                let mut pairs = Vec::new();
                for (name, value) in fields {
                    let value = value.fill(values, Place::Plain)?;
                    pairs.push(format!("{}={}", percent_encoded(name), percent_encoded(&value)));
                }
                (pairs.join("&"), "application/x-www-form-urlencoded")
            }
        })
    }
}

impl Header {
    /// Reads `Name: value`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let (name, value) = text.split_once(':').ok_or_else(|| RequestError::NoColon(text.to_owned()))?;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) || value.contains(['\r', '\n', '\0']) {
            return Err(RequestError::NoHeader(name.to_owned()));
        }
        let framing = ["content-length", "transfer-encoding"];
        if framing.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Err(RequestError::Length(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), value: Template::new(value.trim()) })
    }

    /// As it may be shown: without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        let value = if is_secret(&self.name) { "***" } else { self.value.source() };
        format!("{}: {value}", self.name)
    }
}

/// Reads `name=value` of a form.
///
/// # Errors
/// What is wrong with it.
pub fn field(text: &str) -> Result<(String, Template), RequestError> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), Template::new(value))),
        _ => Err(RequestError::NoField(text.to_owned())),
    }
}

fn is_method(word: &str) -> bool {
    (3..=10).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn basic(login: &str) -> String {
    format!("Basic {}", data_encoding::BASE64.encode(login.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(request: &str, headers: &[&str], values: &[(&str, &str)], cookies: &[(&str, &str)]) -> String {
        let own = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let headers: Vec<Header> =
            headers.iter().map(|text| Header::parse(text).expect("a header")).collect();
        let request = Request::parse(request).expect("a request");
        let bytes = request.bytes(&headers, &own(values), &own(cookies)).expect("bytes");
        String::from_utf8(bytes)
            .expect("text")
            .replace(concat!("ticketsim/", env!("CARGO_PKG_VERSION")), "UA")
    }

    #[test]
    fn requests_as_they_are_sent() {
        assert_eq!(
            text("GET http://h:8000/a/{buyer}", &[], &[("buyer", "7")], &[]),
            "GET /a/7 HTTP/1.1\r\nHost: h:8000\r\nUser-Agent: UA\r\nAccept: */*\r\n\r\n"
        );
        assert_eq!(
            text(
                "POST http://u:p@h/b {\"user\": \"{name}\"}",
                &["X-Token: {token}", "user-agent: me"],
                &[("name", "a\"b")],
                &[("sid", "1"), ("x", "y")]
            ),
            "POST /b HTTP/1.1\r\nuser-agent: me\r\nHost: h\r\nAccept: */*\r\nAuthorization: Basic dTpw\r\n\
             Cookie: sid=1; x=y\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"user\": \"a\\\"b\"}"
        );
        let form =
            text("http://h/c name={name}&b=1", &["Cookie: a=b"], &[("name", "a b&c")], &[("sid", "1")]);
        assert!(form.starts_with("POST /c ") && form.ends_with("\r\n\r\nname=a%20b%26c&b=1"), "{form}");
        assert!(form.contains("Cookie: a=b; sid=1\r\n"), "{form}");
        assert!(text("POST http://h/", &[], &[], &[]).contains("Content-Length: 0\r\n"));
    }

    #[test]
    fn bad_headers_and_requests_are_rejected() {
        for bad in ["no colon", ": x", "a b: c", "Content-Length: 7", "A: b\r\nC: d"] {
            assert!(Header::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "GET", "GET /path", "get http://h/", "POST ftp://h/"] {
            assert!(Request::parse(bad).is_err(), "{bad}");
        }
        assert!(Request::begins("POST http://h/x") && !Request::begins("./reset.sh 5"));
        assert!(!Request::begins("curl -X POST http://h/x"));
        assert_eq!(Header::parse("Authorization: Bearer x").expect("a header").shown(), "Authorization: ***");
    }
}
