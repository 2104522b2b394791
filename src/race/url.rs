//! Addresses of HTTP servers: how they are read and masked, and whether they are local or private.

use std::net::{IpAddr, Ipv6Addr};

use std::sync::LazyLock;

use regex::Regex;

use super::template::Template;

/// Where a server is: all that a connection needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Its name, or its address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Origin {
    /// As the header `Host` has it.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

/// An address, the variables of its path not yet filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The server.
    pub origin: Origin,
    /// `user:password`, if given.
    pub login: Option<String>,
    /// The path and the query, from the `/` on.
    pub path: Template,
}

/// A text is not a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It has another scheme, or none.
    #[error("{0:?} is no URL: it begins with http:// or https://")]
    Scheme(String),
    /// It has a blank, or a control character.
    #[error("{0:?}: a URL has no blanks; write %20")]
    Blank(String),
    /// A variable stands in its server.
    #[error("{0:?}: the server of a URL takes no variables")]
    Variable(String),
    /// Its server can't be read.
    #[error("{0:?}: no host and port")]
    NoHost(String),
}

impl Url {
    /// Whether a text begins like an address.
    #[must_use]
    pub fn begins(text: &str) -> bool {
        text.starts_with("http://") || text.starts_with("https://")
    }

    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let given = || text.to_owned();
        let (tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => return Err(UrlError::Scheme(given())),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::Blank(given()));
        }
        if Template::new(authority).names().next().is_some() {
            return Err(UrlError::Variable(given()));
        }
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(login.to_owned()), address),
            None => (None, authority),
        };
        let (host, port) = host_and_port(address).ok_or_else(|| UrlError::NoHost(given()))?;
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let origin = Origin { tls, host, port };
        Ok(Self { origin, login, path: Template::new(&encoded(&path)) })
    }

    /// As it may be shown: without its login, and without values that look like secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        let login = if self.login.is_some() { "***@" } else { "" };
        let scheme = if self.origin.tls { "https" } else { "http" };
        let path = self.path.source();
        let path = match path.split_once('?') {
            Some((path, query)) => format!("{path}?{}", masked_query(query)),
            None => path.to_owned(),
        };
        format!("{scheme}://{login}{}{path}", self.origin.authority())
    }
}

/// Encodes characters beyond ASCII as a path requires it.
fn encoded(path: &str) -> String {
    path.chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { super::template::percent_encoded(&c.to_string()) })
        .collect()
}

fn host_and_port(address: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = address.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
    } else {
        match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        }
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
        None => None,
    };
    Some((host.to_owned(), port))
}

/// Whether a name suggests that its value is a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "auth",
        "cookie",
        "token",
        "secret",
        "password",
        "passwd",
        "key",
        "session",
        "signature",
        "sig",
        "pwd",
        "csrf",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// A command as it may be shown: without anything that looks like a secret in its headers, options and addresses.
#[must_use]
pub fn masked(command: &str) -> String {
    static SECRETS: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
        let login = Regex::new("://[^/@\\s]+@").ok()?;
        let value = "(?i)([a-z0-9_-]*(?:auth|token|secret|passw|pwd|key|cookie|session|credential)[a-z0-9_-]*[\"']?\\s*[:=]\\s*[\"']?)(?:(?:bearer|basic|token) )?[^\\s\"'&;]+";
        Some([login, Regex::new(value).ok()?])
    });
    let Some([login, value]) = SECRETS.as_ref() else { return "***".to_owned() };
    value.replace_all(&login.replace_all(command, "://***@"), "${1}***").into_owned()
}

fn masked_query(query: &str) -> String {
    let masked = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    query.split('&').map(masked).collect::<Vec<_>>().join("&")
}

/// Whether an address belongs to this machine or to a private network.
#[must_use]
pub fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let url = Url::parse("http://127.0.0.1:8000/buy/{buyer}?a=1#x").expect("a url");
        assert_eq!(url.origin, Origin { tls: false, host: "127.0.0.1".into(), port: 8000 });
        assert_eq!(url.path.source(), "/buy/{buyer}?a=1");
        let url = Url::parse("https://me:pw@[::1]?q=ü&api_key=7").expect("a url");
        assert_eq!((url.origin.port, url.origin.authority().as_str()), (443, "[::1]"));
        assert_eq!(url.path.source(), "/?q=%C3%BC&api_key=7");
        assert_eq!(url.shown(), "https://***@[::1]/?q=%C3%BC&api_key=***");
        assert_eq!(url.login.as_deref(), Some("me:pw"));
        for bad in [
            "ftp://x/",
            "localhost:80/",
            "http://",
            "http://h:0/",
            "http://h:99999/",
            "http://a b/",
            "http://h/a b",
            "http://{h}/",
            "http://[::1/",
            "http://[x]/",
            "http://h:/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_in_commands_are_masked() {
        for (command, expected) in [
            (
                "curl -H 'Authorization: Bearer abc.d-e' http://u:p@h/?api_key=1&n=2",
                "curl -H 'Authorization: ***' http://***@h/?api_key=***&n=2",
            ),
            (
                "./buy --password=hush --n=3 API_TOKEN=\"x y\"",
                "./buy --password=*** --n=3 API_TOKEN=\"*** y\"",
            ),
            ("python3 shop.py 8000", "python3 shop.py 8000"),
            ("jq .left stock.json", "jq .left stock.json"),
        ] {
            assert_eq!(masked(command), expected);
        }
    }

    #[test]
    fn local_and_private_addresses_are_near() {
        let near = |text: &str| is_near(text.parse().expect("an address"));
        for own in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.16.0.1",
            "::1",
            "fd00::1",
            "0.0.0.0",
            "::ffff:10.0.0.1",
        ] {
            assert!(near(own), "{own}");
        }
        for other in ["8.8.8.8", "172.32.0.1", "169.254.169.254", "2001:db8::1", "::ffff:1.1.1.1"] {
            assert!(!near(other), "{other}");
        }
    }
}
