//! Where a Redis server is: `redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]`, `rediss://` with TLS. Its printed form has no
//! password, so it can be shown to anybody, and given to the tool again.

use std::path::PathBuf;

use crate::foreign;
use crate::store::sql::address::{Url, escaped, wrong};
use crate::store::sql::{HostPart, NoAddress, PartMistake};

/// Where a Redis server is, and the user for it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress {
    /// The machine.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user; `None` for the default one.
    pub user: Option<String>,
    /// The number of the database.
    pub database: u32,
    /// Whether to use TLS.
    pub tls: bool,
    /// The trusted authorities, if not the system's.
    pub authorities: Option<PathBuf>,
    /// The password from the address; it is never printed.
    pub(super) password: Option<String>,
}

/// The default port.
const PORT: u16 = 6379;
/// The default machine.
const HOST: &str = "127.0.0.1";

impl RedisAddress {
    /// Reads an address. A missing password comes from `REDISCLI_AUTH`, as in the server's own client. `None` if it is
    /// not the address of a Redis server.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Option<Result<Self, NoAddress>> {
        Self::parse_in(text, &|name| std::env::var(name).ok())
    }

    /// Reads an address that another host has named: no password of this host goes there, and none of its files is read.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse_strangers(text: &str) -> Option<Result<Self, NoAddress>> {
        Some(Self::parse_in(text, &|_| None)?.and_then(|address| match address.authorities {
            Some(_) => Err(NoAddress::OfThisHost(HostPart::Parameter("cacert"))),
            None => Ok(address),
        }))
    }

    /// The same, in this environment.
    fn parse_in(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Option<Result<Self, NoAddress>> {
        let (tls, rest) = match (text.strip_prefix("redis://"), text.strip_prefix("rediss://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return None,
        };
        let given = environment("REDISCLI_AUTH").filter(|password| !password.is_empty());
        Some(Self::read(tls, rest).map(|address| {
            let password = address.password.clone().or(given);
            Self { password, ..address }
        }))
    }

    fn read(tls: bool, text: &str) -> Result<Self, NoAddress> {
        let url = Url::read(text)?;
        let host = url.host.unwrap_or_else(|| HOST.to_owned());
        if host.contains(foreign::is_harmful) || host.contains(char::is_whitespace) {
            return Err(wrong("host", PartMistake::NoMachine(foreign::shown(&host).into_owned())));
        }
        let number = |part: &str, text: &Option<String>, usual: u32, from: u32, most: u32| match text {
            None => Ok(usual),
            Some(text) => {
                text.parse().ok().filter(|number| (from..=most).contains(number)).ok_or_else(|| {
                    let given = foreign::shown(text).into_owned();
                    wrong(part, PartMistake::Number { given, from, most })
                })
            }
        };
        let port = number("port", &url.port, u32::from(PORT), 1, u32::from(u16::MAX))?;
        let mut authorities = None;
        for (name, value) in url.parameters {
            if !tls || name != "cacert" {
                return Err(wrong(&foreign::shown(&name), PartMistake::OnlyAuthorities));
            }
            authorities = value.map(PathBuf::from);
        }
        Ok(Self {
            host,
            port: u16::try_from(port).unwrap_or(PORT),
            user: url.user,
            database: number("database", &url.database, 0, 0, i32::MAX as u32)?,
            tls,
            authorities,
            password: url.password,
        })
    }

    /// The password, if there is one.
    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

impl std::fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://", if self.tls { "rediss" } else { "redis" })?;
        if let Some(user) = &self.user {
            write!(f, "{}@", escaped(user))?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&escaped(&self.host))?;
        }
        write!(f, ":{}/{}", self.port, self.database)?;
        match &self.authorities {
            Some(path) => write!(f, "?cacert={}", escaped(&path.to_string_lossy())),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> RedisAddress {
        RedisAddress::parse_in(text, &|_| None).expect(text).expect(text)
    }

    #[test]
    fn an_address_has_its_parts_and_prints_no_password() {
        let address = parsed("redis://shop:s%40cret@db.example:6380/3");
        assert_eq!((address.host.as_str(), address.port, address.database), ("db.example", 6380, 3));
        assert_eq!((address.user.as_deref(), address.password()), (Some("shop"), Some("s@cret")));
        assert_eq!(address.to_string(), "redis://shop@db.example:6380/3");
        assert!(!format!("{address:?}").contains("cret"));
        assert_eq!(parsed("redis://").to_string(), "redis://127.0.0.1:6379/0");
        assert_eq!(parsed("redis://:word@[::1]").to_string(), "redis://[::1]:6379/0");
        assert_eq!(parsed("redis://:word@[::1]").password(), Some("word"));
        let secured = parsed("rediss://host?cacert=/etc/ca.pem");
        assert!(secured.tls && secured.authorities == Some("/etc/ca.pem".into()));
        for text in ["redis://127.0.0.1:6379/0", "rediss://host:1/2?cacert=%2Fetc%2Fca.pem"] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn the_environment_has_the_password_where_the_address_is_silent() {
        let environment = |name: &str| (name == "REDISCLI_AUTH").then(|| "word".to_owned());
        let address = |text| RedisAddress::parse_in(text, &environment).expect("ours").expect("one");
        assert_eq!(address("redis://host").password(), Some("word"));
        assert_eq!(address("redis://:other@host").password(), Some("other"));
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for (text, message) in [
            ("redis://host:x", "port: \"x\": it takes a number from 1 to 65535"),
            ("redis://host/x", "database: \"x\""),
            ("redis://[::1", "no ] closes"),
            ("redis://a b", "is no name of a machine"),
            ("redis://host?sslmode=require", "sslmode: no such parameter"),
            ("redis://host?cacert=x", "with rediss://"),
            ("redis://%zz@host", "user: a % stands before"),
        ] {
            let error = RedisAddress::parse_in(text, &|_| None).expect("ours").expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!(RedisAddress::parse_in("postgres://x", &|_| None).is_none());
    }
}
