//! Translates EDN, as Jepsen writes it, to JSON, one operation at a time. Keywords become texts without their
//! colon, `nil` becomes null, a tagged value its value, a set a list.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::history::line_error::{EdnError, LineError};
use crate::history::mistake::Mistake;

/// The deepest nesting that is read.
const DEEPEST: usize = 64;

/// An operation with its line, or the mistake there.
pub(super) type Op = Result<(u32, String), (u32, Mistake)>;

/// The operations of an EDN text: one after the other, or in lists.
pub(super) fn operations(text: &[u8]) -> impl Iterator<Item = Op> + '_ {
    let mut reader = Reader { text, at: 0, line: 1 };
    let mut depth = 0_usize;
    let mut failed = false;
    std::iter::from_fn(move || {
        while !failed {
            reader.skip();
            let line = reader.line;
            let result = match reader.peek() {
                None if depth > 0 => Err(Mistake::whole(EdnError::EndlessList)),
                None => return None,
                Some(b'[' | b'(') => {
                    reader.step();
                    depth += 1;
                    continue;
                }
                Some(b']' | b')') if depth > 0 => {
                    reader.step();
                    depth -= 1;
                    continue;
                }
                Some(_) => reader.value(0),
            };
            let op = result.and_then(|value| match value {
                Value::Object(_) => Ok((line, value.to_string())),
                _ => Err(Mistake::whole(EdnError::NoOperation)),
            });
            failed = op.is_err();
            return Some(op.map_err(|mistake| (line, mistake)));
        }
        None
    })
}

/// The operations of a JSON text: one after the other, or in one list.
pub(super) fn json_operations(text: &[u8]) -> Box<dyn Iterator<Item = Op> + '_> {
    let line_of = |error: &serde_json::Error| u32::try_from(error.line().max(1)).unwrap_or(u32::MAX);
    if text.trim_ascii_start().starts_with(b"[") {
        return match serde_json::from_slice::<Vec<&RawValue>>(text) {
            Err(error) => Box::new(std::iter::once(Err((line_of(&error), error.into())))),
            Ok(ops) => {
                let mut line = 1;
                let mut before = 0;
                Box::new(ops.into_iter().map(move |op| {
                    let at = op.get().as_ptr().addr() - text.as_ptr().addr();
                    line += text[before..at].iter().filter(|byte| **byte == b'\n').count() as u32;
                    before = at;
                    Ok((line, op.get().to_owned()))
                }))
            }
        };
    }
    let lines = text.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.trim_ascii().is_empty());
    Box::new(lines.map(|(text, line)| {
        let text = std::str::from_utf8(text).map_err(|_| (line, Mistake::whole(LineError::NoText)))?;
        Ok((line, text.trim().to_owned()))
    }))
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.line += u32::from(byte == b'\n');
        Some(byte)
    }

    /// Skips blanks, commas and comments.
    fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b';' => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.step();
                    }
                }
                b',' => {
                    self.step();
                }
                byte if byte.is_ascii_whitespace() => {
                    self.step();
                }
                _ => return,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Mistake> {
        if depth > DEEPEST {
            return Err(Mistake::whole(EdnError::TooDeep));
        }
        self.skip();
        match self.peek() {
            None => Err(Mistake::whole(EdnError::EndsWithin)),
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(b']', depth),
            Some(b'(') => self.list(b')', depth),
            Some(b'"') => self.text(),
            Some(b'#') => {
                self.step();
                match self.peek() {
                    Some(b'{') => self.list(b'}', depth),
                    Some(b'_') => {
                        self.step();
                        self.value(depth + 1)?;
                        self.value(depth + 1)
                    }
                    _ => {
                        // A tag tells Clojure the type; the value alone is enough here.
                        self.word();
                        self.value(depth + 1)
                    }
                }
            }
            Some(b'\\') => {
                self.step();
                let mut letter = String::new();
                letter.extend(self.step().map(char::from));
                letter.push_str(&self.word());
                Ok(Value::String(letter))
            }
            Some(b']' | b')' | b'}') => Err(Mistake::whole(EdnError::StrayBracket)),
            Some(_) => {
                let word = self.word();
                if word.is_empty() {
                    return Err(Mistake::whole(EdnError::NoEdn));
                }
                Ok(atom(&word))
            }
        }
    }

    /// Letters up to a blank or a bracket.
    fn word(&mut self) -> String {
        let from = self.at;
        let ends = |byte: u8| byte.is_ascii_whitespace() || b",;\"()[]{}".contains(&byte);
        while self.peek().is_some_and(|byte| !ends(byte)) {
            self.step();
        }
        String::from_utf8_lossy(&self.text[from..self.at]).into_owned()
    }

    fn list(&mut self, close: u8, depth: usize) -> Result<Value, Mistake> {
        self.step();
        let mut list = Vec::new();
        loop {
            self.skip();
            if self.peek() == Some(close) {
                self.step();
                return Ok(Value::Array(list));
            }
            list.push(self.value(depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Mistake> {
        self.step();
        let mut map = Map::new();
        loop {
            self.skip();
            if self.peek() == Some(b'}') {
                self.step();
                return Ok(Value::Object(map));
            }
            let key = match self.value(depth + 1)? {
                Value::String(key) => key,
                other => other.to_string(),
            };
            let value = self.value(depth + 1)?;
            map.insert(key, value);
        }
    }

    fn text(&mut self) -> Result<Value, Mistake> {
        self.step();
        let mut bytes = Vec::new();
        loop {
            match self.step() {
                None => return Err(Mistake::whole(EdnError::EndlessText)),
                Some(b'"') => return Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned())),
                Some(b'\\') => bytes.push(match self.step() {
                    Some(b'n') => b'\n',
                    Some(b't') => b'\t',
                    Some(b'r') => b'\r',
                    Some(other) => other,
                    None => b'\\',
                }),
                Some(other) => bytes.push(other),
            }
        }
    }
}

/// A keyword, a number, or another word.
fn atom(word: &str) -> Value {
    match word {
        "nil" => return Value::Null,
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if let Some(keyword) = word.strip_prefix(':') {
        return Value::String(keyword.to_owned());
    }
    let number = word.strip_suffix(['N', 'M']).unwrap_or(word);
    let number = number.strip_prefix('+').unwrap_or(number);
    match serde_json::from_str::<serde_json::Number>(number) {
        Ok(number) => Value::Number(number),
        Err(_) => Value::String(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_become_json() {
        let text = b"; a comment\n[{:type :invoke, :f :buy, :value nil, :process 0, :time 10, :index 0}\n \
            #jepsen.history.Op{:type :ok :f :buy :value #{1 2N} :process -1 :error [:a \"b\\n\" \\c]} #_{:x 1}\n\
            {:process :nemesis, :time 1.5e3, :at #inst \"2020\"}]";
        let ops: Vec<_> =
            operations(text).map(|op| op.unwrap_or_else(|(line, _)| panic!("line {line}"))).collect();
        let expected = [
            (2, r#"{"type":"invoke","f":"buy","value":null,"process":0,"time":10,"index":0}"#),
            (3, r#"{"type":"ok","f":"buy","value":[1,2],"process":-1,"error":["a","b\n","c"]}"#),
            (3, r#"{"process":"nemesis","time":1500.0,"at":"2020"}"#),
        ];
        assert_eq!(ops, expected.map(|(line, op)| (line, op.to_owned())));
    }

    #[test]
    fn what_is_broken_is_named_with_its_line() {
        for (text, at) in [("{:a 1}\n{:a", 2), ("[{:a 1}", 1), ("\n\"x", 2), ("{:a 1}\n3", 2), ("}", 1)] {
            let error = operations(text.as_bytes()).find_map(Result::err).map(|(line, _)| line);
            assert_eq!(error, Some(at), "{text}");
        }
        let deep = "[".repeat(10) + &"{:a ".repeat(1000);
        assert!(operations(deep.as_bytes()).any(|op| op.is_err()));
    }
}
