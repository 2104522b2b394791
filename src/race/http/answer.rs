//! The answer of an HTTP server, read as its bytes come in.

use std::cell::OnceCell;

use serde_json::Value;

use crate::race::broken::NoHttp;
use crate::race::request::Cookies;
use crate::rules::{Answer, Question};

/// The longest head of an answer.
const MOST_HEAD: usize = 64 << 10;
/// The most of a body that is kept; the rest is read and dropped.
pub const MOST_BODY: usize = 256 << 10;
/// The most headers of an answer.
const MOST_HEADERS: usize = 128;

/// An answer.
#[derive(Debug, Default)]
pub struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers, by their names in small letters.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The start of its body.
    pub body: Vec<u8>,
    /// Whether the body was longer than the part that is kept.
    pub cut: bool,
    /// Whether the connection can be used again.
    pub keep_alive: bool,
    json: OnceCell<Option<Value>>,
}

impl HttpAnswer {
    /// The values of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_slice())
    }

    /// Notes the cookies that it sets, and removes those that it deletes.
    pub fn set_cookies(&self, cookies: &mut Cookies) {
        /// Nobody needs more.
        const MOST_COOKIES: usize = 64;
        for line in self.header("set-cookie") {
            let line = String::from_utf8_lossy(line);
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let over = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
            if value.is_empty() || over {
                cookies.remove(name.trim());
            } else if cookies.len() < MOST_COOKIES {
                cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

impl Answer for HttpAnswer {
    fn any(&self, question: &Question, holds: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match question {
            Question::Status => holds(self.status.to_string().as_bytes()),
            Question::Header(name) => self.header(name).any(holds),
            Question::Body => holds(&self.body),
            Question::Exit | Question::Stdout | Question::Stderr => false,
            Question::Json(_) | Question::Column(_) => false,
        }
    }

    fn json(&self) -> Option<&Value> {
        let parsed = || if self.cut { None } else { serde_json::from_slice(&self.body).ok() };
        self.json.get_or_init(parsed).as_ref()
    }
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// This many bytes are still to come.
    Length(u64),
    /// By chunks; how far they are read.
    Chunked(Chunk),
    /// The body ends with the connection.
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    /// The line with the size of the next one.
    Size,
    /// This many bytes of it are still to come.
    Data(u64),
    /// The line end after it.
    End,
    /// The trailer, line by line.
    Trailer,
}

/// Reads one answer from bytes as they come.
#[derive(Debug, Default)]
pub struct AnswerReader {
    pending: Vec<u8>,
    answer: HttpAnswer,
    framing: Option<Framing>,
    began: bool,
    /// Whether the request asked only for the head.
    head_alone: bool,
}

impl AnswerReader {
    /// Reads the answer to this request.
    #[must_use]
    pub fn to(request: &[u8]) -> Self {
        Self { head_alone: request.starts_with(b"HEAD "), ..Self::default() }
    }

    /// Whether any byte of an answer has come.
    #[must_use]
    pub fn began(&self) -> bool {
        self.began
    }

    /// Takes bytes that have come. Returns the answer once it is complete.
    ///
    /// # Errors
    /// When it is not HTTP.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<HttpAnswer>, NoHttp> {
        self.began |= !bytes.is_empty();
        self.pending.extend_from_slice(bytes);
        while self.framing.is_none() {
            if !self.head()? {
                return Ok(None);
            }
        }
        if self.body()? { Ok(Some(std::mem::take(self).answer)) } else { Ok(None) }
    }

    /// The connection has ended. Returns the answer if this is how its end is marked.
    pub fn end(&mut self) -> Option<HttpAnswer> {
        (self.framing == Some(Framing::UntilClose)).then(|| std::mem::take(self).answer)
    }

    /// Reads the head, if it is complete.
    fn head(&mut self) -> Result<bool, NoHttp> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let length = match head.parse(&self.pending) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if self.pending.len() <= MOST_HEAD => return Ok(false),
            Ok(httparse::Status::Partial) => {
                return Err(NoHttp::LongHead(MOST_HEAD));
            }
            Err(error) => {
                let start = String::from_utf8_lossy(&self.pending).chars().take(40).collect();
                return Err(NoHttp::Head { why: error.to_string(), start });
            }
        };
        let status = head.code.unwrap_or(0);
        let old = head.version == Some(0);
        let headers: Vec<(String, Vec<u8>)> = head
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec()))
            .collect();
        self.pending.drain(..length);
        // 100 Continue and the like come before the answer.
        if (100..200).contains(&status) && status != 101 {
            return Ok(true);
        }
        self.answer = HttpAnswer { status, headers, ..HttpAnswer::default() };
        let says = |name: &str, word: &str| {
            self.answer
                .header(name)
                .any(|value| String::from_utf8_lossy(value).to_ascii_lowercase().contains(word))
        };
        self.answer.keep_alive = !says("connection", "close") && (!old || says("connection", "keep-alive"));
        self.framing = Some(self.framing_of(status)?);
        Ok(true)
    }

    fn framing_of(&self, status: u16) -> Result<Framing, NoHttp> {
        let chunked =
            self.answer.header("transfer-encoding").any(|value| value.eq_ignore_ascii_case(b"chunked"));
        let length = self.answer.header("content-length").next().map(String::from_utf8_lossy);
        Ok(match length {
            // The answer to HEAD describes the body that GET would get, but has none.
            _ if self.head_alone || matches!(status, 101 | 204 | 304) => Framing::Length(0),
            _ if chunked => Framing::Chunked(Chunk::Size),
            Some(length) => {
                Framing::Length(length.trim().parse().map_err(|_| NoHttp::Length(length.into_owned()))?)
            }
            None => Framing::UntilClose,
        })
    }

    /// Reads what has come of the body. True if it is complete.
    fn body(&mut self) -> Result<bool, NoHttp> {
        loop {
            match self.framing {
                None => return Ok(false),
                Some(Framing::Length(0)) => return Ok(true),
                Some(Framing::Length(left)) => {
                    let taken = self.take(left);
                    if taken == 0 {
                        return Ok(false);
                    }
                    self.framing = Some(Framing::Length(left - taken));
                }
                Some(Framing::UntilClose) => {
                    self.answer.keep_alive = false;
                    self.take(u64::MAX);
                    return Ok(false);
                }
                Some(Framing::Chunked(chunk)) => match self.chunk(chunk)? {
                    Some(Some(next)) => self.framing = Some(Framing::Chunked(next)),
                    Some(None) => return Ok(true),
                    None => return Ok(false),
                },
            }
        }
    }

    /// Reads on in the chunks. Returns what comes next, or that this was the end; `None` if more bytes are needed.
    fn chunk(&mut self, chunk: Chunk) -> Result<Option<Option<Chunk>>, NoHttp> {
        if let Chunk::Data(left) = chunk {
            let taken = self.take(left);
            return Ok(match left - taken {
                0 => Some(Some(Chunk::End)),
                _ if taken == 0 => None,
                left => Some(Some(Chunk::Data(left))),
            });
        }
        let Some(line) = self.line()? else { return Ok(None) };
        let size = || {
            let digits = line.split(';').next().unwrap_or_default().trim();
            u64::from_str_radix(digits, 16).map_err(|_| NoHttp::Chunk(digits.to_owned()))
        };
        Ok(Some(match chunk {
            Chunk::Size => match size()? {
                0 => Some(Chunk::Trailer),
                size => Some(Chunk::Data(size)),
            },
            Chunk::Trailer if line.is_empty() => None,
            Chunk::Trailer => Some(Chunk::Trailer),
            Chunk::End | Chunk::Data(_) => Some(Chunk::Size),
        }))
    }

    /// The next line, without its end, if it is complete.
    fn line(&mut self) -> Result<Option<String>, NoHttp> {
        let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') else {
            if self.pending.len() > MOST_HEAD {
                return Err(NoHttp::LongLine);
            }
            return Ok(None);
        };
        let line = String::from_utf8_lossy(&self.pending[..end]).trim_end_matches('\r').to_owned();
        self.pending.drain(..=end);
        Ok(Some(line))
    }

    /// Moves at most this many bytes into the body. Returns how many there were.
    fn take(&mut self, most: u64) -> u64 {
        let there = usize::try_from(most).unwrap_or(usize::MAX).min(self.pending.len());
        let room = MOST_BODY.saturating_sub(self.answer.body.len());
        self.answer.body.extend_from_slice(&self.pending[..there.min(room)]);
        self.answer.cut |= there > room;
        self.pending.drain(..there);
        there as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                           5;x=y\r\nhello\r\n7\r\n, world\r\n0\r\nX: y\r\n\r\n";

    fn read_in(pieces: &[&[u8]]) -> Result<Option<HttpAnswer>, NoHttp> {
        let mut reader = AnswerReader::default();
        for piece in pieces {
            if let Some(answer) = reader.feed(piece)? {
                return Ok(Some(answer));
            }
        }
        Ok(reader.end())
    }

    #[test]
    fn answers_of_every_framing_are_read() {
        let read = |text: &str| read_in(&[text.as_bytes()]).expect("HTTP").expect("whole");
        let answer = read(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=\r\n\r\nhello",
        );
        assert_eq!(
            (answer.status, answer.body.as_slice(), answer.keep_alive),
            (200, b"hello".as_slice(), true)
        );
        let mut cookies = Cookies::from([("b".to_owned(), "0".to_owned())]);
        answer.set_cookies(&mut cookies);
        assert_eq!(cookies, Cookies::from([("a".to_owned(), "1".to_owned())]));
        let answer = read("HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\nall the rest");
        assert_eq!((answer.body.as_slice(), answer.keep_alive), (b"all the rest".as_slice(), false));
        assert_eq!(read(CHUNKED).body, b"hello, world");
        assert_eq!(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").status, 204);
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MOST_BODY + 1));
        let answer = read(&long);
        assert!(answer.cut && answer.body.len() == MOST_BODY);
    }

    #[test]
    fn an_answer_to_head_is_its_head_whatever_length_it_says() {
        for length in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""] {
            let mut reader = AnswerReader::to(b"HEAD / HTTP/1.1\r\n\r\n");
            let answer = reader.feed(format!("HTTP/1.1 200 OK\r\n{length}\r\n").as_bytes());
            let answer = answer.expect("HTTP").expect("whole");
            assert!(answer.status == 200 && answer.body.is_empty() && answer.keep_alive, "{length}");
        }
        // The control: as an answer to GET it is not complete.
        let mut reader = AnswerReader::to(b"GET / HTTP/1.1\r\n\r\n");
        let answer = reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        assert!(answer.expect("HTTP").is_none());
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        assert!(read_in(&[b"SSH-2.0-OpenSSH\r\n"]).is_err());
        assert!(read_in(&[b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]).is_err());
        assert!(read_in(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]).is_err());
        assert!(read_in(&[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"]).expect("HTTP").is_none());
        let endless = vec![b'a'; MOST_HEAD + 100];
        assert!(read_in(&[b"HTTP/1.1 200 OK\r\nX: ", &endless]).is_err());
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(cuts in proptest::collection::vec(0..CHUNKED.len(), 0..5)) {
            let mut cuts = cuts;
            cuts.extend([0, CHUNKED.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &CHUNKED.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read_in(&pieces).expect("HTTP").expect("whole").body, b"hello, world");
        }

        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_in(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &bytes]);
            let _ = read_in(&[&bytes]);
        }
    }
}
