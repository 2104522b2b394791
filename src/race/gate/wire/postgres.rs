//! The protocol of PostgreSQL (chapter 55 of its manual), seen from the middle: greetings, the batches in which a client's
//! messages are answered, and the messages of a server's answers.

use std::collections::BTreeMap;
use std::ops::Range;

use super::NoProtocol;

/// The longest message.
const MOST_MESSAGE: usize = 64 << 20;
/// The longest greeting that a server accepts.
const MOST_GREETING: usize = 10_000;

/// What a client begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It asks for encryption, by TLS or by GSSAPI.
    Encryption,
    /// It cancels a statement of another connection.
    Cancel,
    /// It logs in.
    Startup,
}

/// The greeting at the beginning of these bytes, and its length; `None` if it is not complete.
///
/// # Errors
/// When it is not a greeting.
pub fn greeting(bytes: &[u8]) -> Result<Option<(Greeting, usize)>, NoProtocol> {
    let (Some(length), Some(code)) = (number(bytes, 0), number(bytes, 4)) else { return Ok(None) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if !(8..=MOST_GREETING).contains(&length) {
        return Err(NoProtocol::Greeting);
    }
    let greeting = match code {
        80_877_103 | 80_877_104 => Greeting::Encryption,
        80_877_102 => Greeting::Cancel,
        _ => Greeting::Startup,
    };
    Ok((bytes.len() >= length).then_some((greeting, length)))
}

/// A whole number of four bytes.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The message at the beginning of these bytes: its type, its body, and where the next begins.
///
/// # Errors
/// When no message can have this length.
pub fn message(bytes: &[u8]) -> Result<Option<(u8, Range<usize>)>, NoProtocol> {
    let (Some(kind), Some(length)) = (bytes.first(), number(bytes, 1)) else { return Ok(None) };
    let length = length as usize;
    if !(4..=MOST_MESSAGE).contains(&length) {
        return Err(NoProtocol::Length(length));
    }
    Ok((bytes.len() > length).then_some((*kind, 5..length + 1)))
}

/// How the end of an answer is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The server is ready again.
    Ready,
    /// This many statements are done: the client has only asked for the answers so far.
    Done(u32),
}

/// Messages of a client that are answered together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its bytes, untouched.
    pub bytes: Vec<u8>,
    /// The texts of the statements that it carries out.
    pub texts: Vec<String>,
    /// The words of a command of Redis.
    pub words: Vec<String>,
    /// How its answer ends; `None` if it has no answer of its own.
    pub ends: Option<Ends>,
}

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Something to be answered.
    Batch(Batch),
    /// A message without an answer of its own: data of COPY, a password, the end.
    Aside(Vec<u8>),
}

/// Divides what a client sends into batches.
#[derive(Debug, Default)]
pub struct ClientReader {
    bytes: Vec<u8>,
    /// The texts of its prepared statements.
    prepared: BTreeMap<Vec<u8>, String>,
    /// The texts of its portals.
    portals: BTreeMap<Vec<u8>, String>,
    /// The batch that is not complete.
    batch: Vec<u8>,
    texts: Vec<String>,
}

impl ClientReader {
    /// Takes bytes that have come. Returns what is complete.
    ///
    /// # Errors
    /// When it is not the protocol.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Sent>, NoProtocol> {
        self.bytes.extend_from_slice(bytes);
        let mut sent = Vec::new();
        let mut at = 0;
        while let Some((kind, body)) = message(&self.bytes[at..])? {
            let whole = self.bytes[at..at + body.end].to_vec();
            at += body.end;
            sent.extend(self.take(kind, &whole));
        }
        self.bytes.drain(..at);
        Ok(sent)
    }

    fn take(&mut self, kind: u8, whole: &[u8]) -> Option<Sent> {
        let body = &whole[5..];
        if matches!(kind, b'd' | b'c' | b'f' | b'X' | b'p') {
            return Some(Sent::Aside(whole.to_vec()));
        }
        self.batch.extend_from_slice(whole);
        match kind {
            b'Q' => {
                self.texts.push(text(body));
                self.portals.clear();
                self.cut(Some(Ends::Ready))
            }
            // A call of a function by its object ID.
            b'F' => {
                self.texts.push("CALL by_number()".to_owned());
                self.cut(Some(Ends::Ready))
            }
            b'S' => self.cut(Some(Ends::Ready)),
            b'H' => {
                let done = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
                self.cut((done > 0).then_some(Ends::Done(done)))
            }
            _ => {
                self.note(kind, body);
                None
            }
        }
    }

    fn cut(&mut self, ends: Option<Ends>) -> Option<Sent> {
        let (bytes, texts) = (std::mem::take(&mut self.batch), std::mem::take(&mut self.texts));
        Some(Sent::Batch(Batch { bytes, texts, words: Vec::new(), ends }))
    }

    /// Notes which statements are prepared, bound, carried out and closed.
    fn note(&mut self, kind: u8, body: &[u8]) {
        let mut names = body.split(|byte| *byte == 0);
        let first = names.next().unwrap_or_default();
        match kind {
            b'P' => {
                let text = names.next().map(|text| String::from_utf8_lossy(text).into_owned());
                self.prepared.insert(first.to_vec(), text.unwrap_or_default());
            }
            b'B' => {
                let text = self.prepared.get(names.next().unwrap_or_default()).cloned();
                self.portals.insert(first.to_vec(), text.unwrap_or_default());
            }
            b'E' => self.texts.push(self.portals.get(first).cloned().unwrap_or_default()),
            b'C' => match first.split_first() {
                Some((b'S', name)) => drop(self.prepared.remove(name)),
                Some((_, name)) => drop(self.portals.remove(name)),
                None => {}
            },
            _ => {}
        }
    }
}

fn text(body: &[u8]) -> String {
    let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
    String::from_utf8_lossy(&body[..end]).into_owned()
}

/// What is shown of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saw {
    /// How many rows came.
    pub rows: u64,
    /// The first of them, its values joined.
    pub first: Option<String>,
    /// The server's command tags: `UPDATE 1`.
    pub done: Vec<String>,
    /// Its error: the code and the message.
    pub error: Option<(String, String)>,
}

impl Saw {
    /// Takes a message of a server.
    pub fn take(&mut self, kind: u8, body: &[u8]) {
        /// The most that is kept.
        const MOST_DONE: usize = 4;
        match kind {
            b'D' => {
                self.rows += 1;
                if self.first.is_none() {
                    self.first = Some(row(body));
                }
            }
            b'C' if self.done.len() < MOST_DONE => self.done.push(text(body)),
            b'E' => self.error = Some(error(body)),
            _ => {}
        }
    }
}

/// A row's values, joined by commas: the first few. A binary number of eight, four or two bytes is a number.
fn row(body: &[u8]) -> String {
    const MOST_VALUES: usize = 4;
    const MOST_CHARS: usize = 24;
    let mut values = Vec::new();
    let mut at = 2;
    while values.len() < MOST_VALUES
        && let Some(length) = number(body, at)
    {
        at += 4;
        if length == u32::MAX {
            values.push("null".to_owned());
            continue;
        }
        let Some(bytes) = body.get(at..at + length as usize) else { break };
        at += bytes.len();
        values.push(value(bytes).chars().take(MOST_CHARS).collect());
    }
    values.join(", ")
}

fn value(bytes: &[u8]) -> String {
    let plain = |text: &&str| !text.chars().any(char::is_control);
    match (std::str::from_utf8(bytes).ok().filter(plain), bytes.len()) {
        (Some(text), _) => text.to_owned(),
        (None, 1 | 2 | 4 | 8) => {
            let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
            let number = bytes.iter().fold(sign, |sum: i64, byte| sum << 8 | i64::from(*byte));
            number.to_string()
        }
        (None, _) => "…".to_owned(),
    }
}

fn error(body: &[u8]) -> (String, String) {
    let field = |letter: u8| {
        let mut fields = body.split(|byte| *byte == 0);
        let found = fields.find(|field| field.first() == Some(&letter));
        found.map(|field| String::from_utf8_lossy(&field[1..]).into_owned()).unwrap_or_default()
    };
    (field(b'C'), field(b'M'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() + 4) as u32;
        [&[kind], &length.to_be_bytes()[..], body].concat()
    }

    fn batches(sent: &[Sent]) -> Vec<(Vec<&str>, Option<Ends>)> {
        sent.iter()
            .filter_map(|sent| match sent {
                Sent::Batch(batch) => Some((batch.texts.iter().map(String::as_str).collect(), batch.ends)),
                Sent::Aside(_) => None,
            })
            .collect()
    }

    #[test]
    fn what_is_sent_is_cut_where_it_is_answered_and_no_byte_is_lost() {
        let all = [
            put(b'Q', b"BEGIN\0"),
            put(b'P', b"s1\0SELECT left FROM seats\0\0\0"),
            put(b'D', b"Ss1\0"),
            put(b'H', b""),
            put(b'B', b"\0s1\0\0\0\0\0\0\0"),
            put(b'E', b"\0\0\0\0\0"),
            put(b'H', b""),
            put(b'S', b""),
            put(b'P', b"\0UPDATE a SET b = 1\0\0\0"),
            put(b'B', b"\0\0\0\0\0\0\0\0"),
            put(b'E', b"\0\0\0\0\0"),
            put(b'S', b""),
            put(b'X', b""),
        ]
        .concat();
        let expected = vec![
            (vec!["BEGIN"], Some(Ends::Ready)),
            (vec![], None),
            (vec!["SELECT left FROM seats"], Some(Ends::Done(1))),
            (vec![], Some(Ends::Ready)),
            (vec!["UPDATE a SET b = 1"], Some(Ends::Ready)),
        ];
        for step in [1, 3, 7, all.len()] {
            let mut reader = ClientReader::default();
            let sent: Vec<Sent> =
                all.chunks(step).flat_map(|bytes| reader.feed(bytes).expect("the protocol")).collect();
            assert_eq!(batches(&sent), expected, "{step}");
            let bytes = |sent: &Sent| match sent {
                Sent::Batch(batch) => batch.bytes.clone(),
                Sent::Aside(bytes) => bytes.clone(),
            };
            assert_eq!(sent.iter().flat_map(bytes).collect::<Vec<u8>>(), all);
        }
        assert!(ClientReader::default().feed(b"GET / HTTP/1.1\r\n").is_err());
    }

    #[test]
    fn greetings_are_told_apart() {
        let greet = |code: u32| [8_u32.to_be_bytes(), code.to_be_bytes()].concat();
        assert_eq!(greeting(&greet(80_877_103)), Ok(Some((Greeting::Encryption, 8))));
        assert_eq!(greeting(&greet(196_608)[..5]), Ok(None));
        assert!(greeting(b"GET / HTTP/1.1\r\n").is_err());
    }

    #[test]
    fn what_an_answer_says() {
        let mut saw = Saw::default();
        saw.take(b'D', b"\0\x02\0\0\0\x02ab\xff\xff\xff\xff");
        saw.take(b'D', b"\0\x01\0\0\0\x01x");
        saw.take(b'C', b"SELECT 2\0");
        saw.take(b'E', b"SERROR\0C40001\0Mno\0\0");
        assert_eq!((saw.rows, saw.first.as_deref()), (2, Some("ab, null")));
        assert_eq!((saw.done, saw.error), (vec!["SELECT 2".into()], Some(("40001".into(), "no".into()))));
        assert_eq!(
            [value(b"\0\0\0\x05"), value(b"\xff\xff\xff\xff"), value("5".as_bytes())],
            ["5", "-1", "5"]
        );
    }
}
