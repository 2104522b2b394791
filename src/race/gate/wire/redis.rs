//! The protocol of Redis (RESP2 and RESP3), seen from the middle: commands, and the values that answer them.

use super::NoProtocol;

/// The longest value.
const MOST_VALUE: usize = 64 << 20;
/// The deepest value.
const MOST_DEPTH: usize = 32;

/// The length of the value at the beginning of these bytes; `None` if it is not complete.
///
/// # Errors
/// When they are not of the protocol.
pub fn value(bytes: &[u8]) -> Result<Option<usize>, NoProtocol> {
    length(bytes, MOST_DEPTH)
}

fn length(bytes: &[u8], depth: usize) -> Result<Option<usize>, NoProtocol> {
    if bytes.len() > MOST_VALUE || depth == 0 {
        return Err(NoProtocol::LongValue);
    }
    let Some((line, begin)) = line(bytes) else { return Ok(None) };
    let (kind, rest) = line.split_first().map_or((0, line), |(kind, rest)| (*kind, rest));
    match kind {
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => Ok(Some(begin)),
        b'$' | b'=' | b'!' => match number(rest)? {
            -1 => Ok(Some(begin)),
            size => {
                let end = begin + usize::try_from(size).map_err(|_| strange(line))? + 2;
                Ok((bytes.len() >= end).then_some(end))
            }
        },
        b'*' | b'~' | b'>' => several(bytes, begin, number(rest)?, depth),
        b'%' => several(bytes, begin, number(rest)?.saturating_mul(2), depth),
        // Attributes: a map, and the value that it describes.
        b'|' => several(bytes, begin, number(rest)?.saturating_mul(2) + 1, depth),
        _ => Err(strange(line)),
    }
}

fn several(bytes: &[u8], begin: usize, count: i64, depth: usize) -> Result<Option<usize>, NoProtocol> {
    let mut end = begin;
    for _ in 0..count.max(0) {
        match length(&bytes[end..], depth - 1)? {
            Some(length) => end += length,
            None => return Ok(None),
        }
    }
    Ok(Some(end))
}

/// The first line, and where the next begins.
fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = &bytes[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
}

fn number(text: &[u8]) -> Result<i64, NoProtocol> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|n| *n >= -1)
        .ok_or_else(|| strange(text))
}

fn strange(line: &[u8]) -> NoProtocol {
    NoProtocol::Redis(String::from_utf8_lossy(line).chars().take(40).collect())
}

/// The command at the beginning of these bytes: its words and its length. A line without a `*` is a command, too.
///
/// # Errors
/// When they are not of the protocol.
pub fn command(bytes: &[u8]) -> Result<Option<(Vec<String>, usize)>, NoProtocol> {
    if bytes.first() != Some(&b'*') {
        let words = line(bytes).map(|(line, end)| {
            let text = String::from_utf8_lossy(line).into_owned();
            (text.split_whitespace().map(ToOwned::to_owned).collect(), end)
        });
        return Ok(words);
    }
    let Some(end) = value(bytes)? else { return Ok(None) };
    let mut words = Vec::new();
    let mut at = line(bytes).map_or(end, |(_, at)| at);
    while at < end {
        let Some((head, begin)) = line(&bytes[at..end]) else { break };
        let size = head.strip_prefix(b"$").map(number).transpose()?.ok_or_else(|| strange(head))?;
        let size = usize::try_from(size).map_err(|_| strange(head))?;
        words.push(String::from_utf8_lossy(&bytes[at + begin..at + begin + size]).into_owned());
        at += begin + size + 2;
    }
    Ok(Some((words, end)))
}

/// A value in short, for a reader.
pub fn told(bytes: &[u8]) -> String {
    const MOST_CHARS: usize = 60;
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some((line, begin)) = line(rest) {
        rest = &rest[begin..];
        let (kind, text) = line.split_first().map_or((0, line), |(kind, rest)| (*kind, rest));
        let text = String::from_utf8_lossy(text).into_owned();
        match kind {
            b'$' | b'=' if text != "-1" => {
                let size = text.parse().unwrap_or(0).min(rest.len());
                parts.push(String::from_utf8_lossy(&rest[..size]).into_owned());
                rest = &rest[(size + 2).min(rest.len())..];
            }
            b'*' | b'%' | b'~' | b'>' | b'|' if text != "-1" => {}
            b'$' | b'*' | b'_' => parts.push("nil".to_owned()),
            _ => parts.push(text),
        }
        if parts.len() > 8 {
            parts.push("…".to_owned());
            break;
        }
    }
    let all = if parts.is_empty() { "()".to_owned() } else { parts.join(", ") };
    all.chars().take(MOST_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_both_versions_are_measured() {
        for whole in [
            "+OK\r\n",
            "-ERR no\r\n",
            ":5\r\n",
            "$5\r\nhello\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "*2\r\n:1\r\n$1\r\na\r\n",
            "_\r\n",
            "#t\r\n",
            ",1.5\r\n",
            "%1\r\n+a\r\n*1\r\n:1\r\n",
            ">2\r\n+x\r\n+y\r\n",
            "=7\r\ntxt:abc\r\n",
            "|1\r\n+a\r\n+b\r\n:1\r\n",
            "*0\r\n",
        ] {
            let bytes = whole.as_bytes();
            assert_eq!(value(bytes), Ok(Some(bytes.len())), "{whole:?}");
            for cut in 0..bytes.len() {
                assert_eq!(value(&bytes[..cut]), Ok(None), "{whole:?} {cut}");
            }
        }
        assert!(value(b"hello\r\n").is_err() && value(b"$x\r\n").is_err());
        assert!(value("*1\r\n".repeat(40).as_bytes()).is_err());
    }

    #[test]
    fn commands_and_answers_are_read() {
        let get = b"*2\r\n$3\r\nGET\r\n$4\r\nleft\r\n+x";
        assert_eq!(command(get), Ok(Some((vec!["GET".into(), "left".into()], get.len() - 2))));
        assert_eq!(command(b"PING\r\n"), Ok(Some((vec!["PING".into()], 6))));
        assert_eq!(command(&get[..9]), Ok(None));
        assert_eq!(
            [told(b"*2\r\n+OK\r\n:4\r\n"), told(b"$-1\r\n"), told(b"-ERR no\r\n")],
            ["OK, 4", "nil", "ERR no"]
        );
    }
}
