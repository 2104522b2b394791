//! What the addresses of all servers have in common: the parts of a URL. `%` and two digits to the base 16 stand for a
//! sign that would end a part.

use super::{NoAddress, PartMistake};
use crate::foreign;

/// `[user[:password]@][host][:port][/database][?name=value&…]`, without its scheme; `None` where a part is empty.
#[derive(Default)]
pub(in crate::store) struct Url {
    pub(in crate::store) user: Option<String>,
    pub(in crate::store) password: Option<String>,
    pub(in crate::store) host: Option<String>,
    pub(in crate::store) port: Option<String>,
    pub(in crate::store) database: Option<String>,
    /// The parameters behind the `?`.
    pub(in crate::store) parameters: Vec<(String, Option<String>)>,
}

impl Url {
    pub(in crate::store) fn read(text: &str) -> Result<Self, NoAddress> {
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (place, database) = text.split_once('/').unwrap_or((text, ""));
        let (who, place) = place.rsplit_once('@').unwrap_or(("", place));
        let (user, password) = who.split_once(':').map_or((who, None), |(user, word)| (user, Some(word)));
        if place.contains(',') {
            return Err(wrong("host", PartMistake::Several));
        }
        let (host, port) = match place.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(Some((host, rest))) => (host, rest.strip_prefix(':').unwrap_or(rest)),
            Some(None) => return Err(wrong("host", PartMistake::NoBracket)),
            None => place.split_once(':').unwrap_or((place, "")),
        };
        let mut parameters = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.push((name.to_owned(), plain(name, value)?));
        }
        Ok(Self {
            user: plain("user", user)?,
            password: password.map(|word| plain("password", word)).transpose()?.flatten(),
            host: plain("host", host)?,
            port: plain("port", port)?,
            database: plain("database", database)?,
            parameters,
        })
    }
}

pub(in crate::store) fn wrong(part: &str, wrong: PartMistake) -> NoAddress {
    NoAddress::Part { part: part.to_owned(), wrong }
}

/// This is no port.
pub(super) fn no_port(given: &str) -> NoAddress {
    let given = foreign::shown(given).into_owned();
    wrong("port", PartMistake::Number { given, from: 1, most: u32::from(u16::MAX) })
}

/// The name that this process runs under.
pub(super) fn own_name() -> Option<String> {
    nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.name)
}

/// The text with its `%`s resolved; `None` where it is empty.
fn plain(part: &str, text: &str) -> Result<Option<String>, NoAddress> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.filter(|code| *code != 0).ok_or_else(|| wrong(part, PartMistake::Percent))?);
        rest = &rest[2..];
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong(part, PartMistake::NoText))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// The text with `%`s, so that it can stand in a URL, and on a terminal.
pub(in crate::store) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
