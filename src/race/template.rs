//! Texts with `{variables}`, and the form that a value must have in its place.
//!
//! A name in braces that is not a variable stays unchanged: `awk '{print}'` and JSON have braces, too. A template can
//! list its names, so that typing errors can be reported.

use std::collections::BTreeMap;

/// The values of variables, by their names.
pub type Variables = BTreeMap<String, String>;

/// The longest text with variables.
const MOST_BYTES: usize = 1 << 20;

/// A text with variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// Where a value is put. This decides how it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An argument, an environment variable, or a body: unchanged, without NUL.
    Plain,
    /// A path or a query of a URL: percent-encoded.
    Url,
    /// A string in JSON: escaped.
    Json,
    /// A header: without line ends.
    Header,
    /// A shell command: only characters that the shell takes literally.
    Shell,
}

/// A value that can't be put into its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value of {{{name}}} can't be put into {place}: {value:?}")]
pub struct BadValue {
    /// The variable.
    pub name: String,
    /// Where it was to go.
    pub place: Place,
    /// The start of the value.
    pub value: String,
}

impl Template {
    /// Reads a text. Every text is one.
    #[must_use]
    pub fn new(source: &str) -> Self {
        let source: String = source.chars().take(MOST_BYTES).collect();
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source.as_str();
        while let Some(open) = rest.find('{') {
            let (before, from_brace) = rest.split_at(open);
            text.push_str(before);
            match from_brace[1..].split_once('}') {
                Some((name, after)) if is_name(name) => {
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Variable(name.to_owned()));
                    rest = after;
                }
                _ => {
                    text.push('{');
                    rest = &from_brace[1..];
                }
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Self { source, parts }
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of its variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with the values in it.
    ///
    /// # Errors
    /// When a value can't stand there.
    pub fn fill(&self, values: &Variables, place: Place) -> Result<String, BadValue> {
        let mut text = String::with_capacity(self.source.len() + 16);
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(name) => match values.get(name) {
                    Some(value) => text.push_str(&place.fit(name, value)?),
                    None => text.extend(["{", name, "}"]),
                },
            }
        }
        Ok(text)
    }
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl Place {
    fn fit(self, name: &str, value: &str) -> Result<String, BadValue> {
        let fits = match self {
            Place::Plain => !value.contains('\0'),
            Place::Header => !value.contains(['\r', '\n', '\0']),
            Place::Shell => value.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c)),
            Place::Url | Place::Json => true,
        };
        if !fits {
            let (name, value) = (name.to_owned(), value.chars().take(40).collect());
            return Err(BadValue { name, place: self, value });
        }
        Ok(match self {
            Place::Plain | Place::Header | Place::Shell => value.to_owned(),
            Place::Url => percent_encoded(value),
            Place::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Place::Plain => "an argument",
            Place::Url => "a URL",
            Place::Json => "JSON",
            Place::Header => "a header",
            Place::Shell => "a shell command (its environment has it as $TICKETSIM_NAME)",
        })
    }
}

/// A text as one part of a path or a form: all characters are encoded but the unreserved ones of RFC 3986.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A random UUID (RFC 9562, version 4).
#[must_use]
pub fn fresh_uuid() -> String {
    let bits = rand::random::<u128>() & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn variables_are_filled_in_and_other_braces_stay() {
        let values = values(&[("buyer", "7"), ("name", "O'Hara \"x\" & co/ü")]);
        let fill = |text: &str, place| Template::new(text).fill(&values, place).expect("a text");
        assert_eq!(fill(r#"{"user":"{buyer}"}"#, Place::Json), r#"{"user":"7"}"#);
        assert_eq!(fill("{{buyer}} {print} {", Place::Plain), "{7} {print} {");
        assert_eq!(fill(r#"{"n":"{name}"}"#, Place::Json), r#"{"n":"O'Hara \"x\" & co/ü"}"#);
        assert_eq!(fill("/u/{name}", Place::Url), "/u/O%27Hara%20%22x%22%20%26%20co%2F%C3%BC");
        assert_eq!(Template::new("{a} {buyer} {b c}").names().collect::<Vec<_>>(), ["a", "buyer"]);
    }

    #[test]
    fn identifiers_are_of_version_4_and_differ() {
        let (one, other) = (fresh_uuid(), fresh_uuid());
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[14..15], one.matches('-').count()), (36, "4", 4));
        assert!("89ab".contains(&one[19..20]), "{one}");
    }

    #[test]
    fn a_value_that_would_become_something_else_is_rejected() {
        let values = values(&[("a", "x; rm -rf /"), ("b", "x\r\nHost: y"), ("c", "\0"), ("d", "a.b-c")]);
        let fill = |text: &str, place| Template::new(text).fill(&values, place);
        assert!(fill("echo {a}", Place::Shell).is_err() && fill("echo {a}", Place::Plain).is_ok());
        assert!(fill("{b}", Place::Header).is_err() && fill("{c}", Place::Plain).is_err());
        assert_eq!(fill("echo {d}", Place::Shell).expect("a word"), "echo a.b-c");
    }
}
