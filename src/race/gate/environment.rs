//! The shop's environment: the database's address in it is replaced by the gate's.

use std::net::SocketAddr;

/// Where the database is, in all forms in which it may be written down.
#[derive(Clone, Debug)]
pub struct Place {
    /// The names of its host.
    hosts: Vec<String>,
    port: u16,
    /// The kind of database.
    engine: Engine,
    /// The gate's port.
    gate: u16,
}

/// What the addresses of one kind of database have in common.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// The default port.
    pub port: u16,
    /// What a scheme of its URLs contains.
    schemes: &'static [&'static str],
    /// How the names of variables begin that hold a host without a port.
    stems: &'static [&'static str],
}

/// PostgreSQL.
pub const POSTGRES: Engine = Engine {
    port: 5432,
    schemes: &["postgres", "pgsql", "psycopg"],
    stems: &["PG", "DB_", "POSTGRES_", "DATABASE_"],
};
/// Redis.
pub const REDIS: Engine = Engine { port: 6379, schemes: &["redis", "valkey"], stems: &["REDIS_", "CACHE_"] };
/// The gate's host.
const GATE_HOST: &str = "127.0.0.1";

impl Place {
    /// The database at this host with this address, behind a gate at this port.
    #[must_use]
    pub fn new(host: &str, address: SocketAddr, engine: Engine, gate: u16) -> Self {
        let mut hosts = vec![host.to_owned(), address.ip().to_string()];
        if address.ip().is_loopback() {
            hosts.extend(["localhost", "127.0.0.1", "[::1]", "::1"].map(ToOwned::to_owned));
        }
        hosts.sort_by_key(|host| std::cmp::Reverse(host.len()));
        hosts.dedup();
        Self { hosts, port: address.port(), engine, gate }
    }

    /// The variables that have to change, with their new values.
    #[must_use]
    pub fn changed(&self, environment: &[(String, String)]) -> Vec<(String, String)> {
        let mut changed = Vec::new();
        for (name, value) in environment {
            if let Some(new) = self.put(value) {
                changed.push((name.clone(), new));
            } else if let Some(stem) = name.strip_suffix("HOST")
                && self.hosts.contains(value)
            {
                // The host and the port stand in separate variables.
                let of_port = format!("{stem}PORT");
                let port =
                    environment.iter().find(|(name, _)| *name == of_port).map(|(_, port)| port.as_str());
                let is_it = match port {
                    Some(port) => port == self.port.to_string(),
                    None => self.port == self.engine.port && self.engine.stems.contains(&stem),
                };
                if is_it {
                    changed.push((name.clone(), GATE_HOST.to_owned()));
                    changed.push((of_port, self.gate.to_string()));
                }
            }
        }
        changed
    }

    /// The text with the gate's address in place of the database's; `None` if that does not occur.
    #[must_use]
    pub fn put(&self, text: &str) -> Option<String> {
        self.put_pair(text).or_else(|| self.put_words(text))
    }

    /// `host:port`; after `//` or `@` also the host alone, if its port is the default.
    fn put_pair(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        let mut any = false;
        while let Some((at, host)) = self.next_host(rest) {
            let (before, behind) = (&rest[..at], &rest[at + host.len()..]);
            let digits = behind.strip_prefix(':').map(|tail| {
                &tail[..tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len()]
            });
            let alone = digits.is_none_or(str::is_empty);
            let opens = before.is_empty() || before.ends_with(['@', '/', ',', '=', '(', ' ', '"', '\'']);
            let in_url = (before.ends_with('@') || before.ends_with("//"))
                && self.engine.schemes.iter().any(|scheme| before.to_ascii_lowercase().contains(scheme));
            let ends = behind.is_empty() || behind.starts_with(['/', '?', '"', '\'', ' ', '\n']);
            out.push_str(before);
            let taken = match digits {
                Some(digits) if opens && digits == self.port.to_string() => Some(1 + digits.len()),
                _ if alone && in_url && ends && self.port == self.engine.port => Some(0),
                _ => None,
            };
            match taken {
                Some(length) => {
                    out.push_str(&format!("{GATE_HOST}:{}", self.gate));
                    rest = &behind[length..];
                    any = true;
                }
                None => {
                    out.push_str(host);
                    rest = behind;
                }
            }
        }
        out.push_str(rest);
        any.then_some(out)
    }

    fn next_host<'a>(&'a self, text: &str) -> Option<(usize, &'a str)> {
        self.hosts
            .iter()
            .filter_map(|host| Some((text.find(host.as_str())?, host.as_str())))
            .min_by_key(|(at, host)| (*at, std::cmp::Reverse(host.len())))
    }

    /// `host=… port=…`, the form of libpq.
    fn put_words(&self, text: &str) -> Option<String> {
        let words: Vec<&str> = text.split(' ').collect();
        let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let host = value("host").or_else(|| value("hostaddr"))?;
        let port = value("port");
        let is_it = self.hosts.iter().any(|known| known == host)
            && port.map_or(self.port == self.engine.port, |port| port == self.port.to_string());
        if !is_it {
            return None;
        }
        let put = |word: &&str| match word.split_once('=') {
            Some((name @ ("host" | "hostaddr"), _)) => format!("{name}={GATE_HOST}"),
            Some(("port", _)) => format!("port={}", self.gate),
            _ => (*word).to_owned(),
        };
        let mut put: Vec<String> = words.iter().map(put).collect();
        if port.is_none() {
            put.push(format!("port={}", self.gate));
        }
        Some(put.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_all_their_forms() {
        let place = Place::new("localhost", "127.0.0.1:5432".parse().expect("an address"), POSTGRES, 7000);
        for (text, put) in [
            ("postgres://u:p@localhost:5432/shop", Some("postgres://u:p@127.0.0.1:7000/shop")),
            ("postgresql+asyncpg://127.0.0.1/shop?x=1", Some("postgresql+asyncpg://127.0.0.1:7000/shop?x=1")),
            ("jdbc:postgresql://[::1]:5432/shop", Some("jdbc:postgresql://127.0.0.1:7000/shop")),
            ("host=localhost dbname=shop", Some("host=127.0.0.1 dbname=shop port=7000")),
            ("dbname=shop port=5432 host=127.0.0.1", Some("dbname=shop port=7000 host=127.0.0.1")),
            ("127.0.0.1:5432", Some("127.0.0.1:7000")),
            (
                "{\"db\": \"localhost:5432\", \"web\": \"localhost:8000\"}",
                Some("{\"db\": \"127.0.0.1:7000\", \"web\": \"localhost:8000\"}"),
            ),
            ("postgres://localhost:54321/shop", None),
            ("http://localhost:8000/", None),
            ("http://localhost/", None),
            ("redis://localhost:6379", None),
            ("mylocalhost:5432", None),
            ("host=localhost port=6000", None),
        ] {
            assert_eq!(place.put(text).as_deref(), put, "{text}");
        }
    }

    #[test]
    fn a_host_and_a_port_in_separate_variables() {
        let place = Place::new("db.local", "10.0.0.9:5433".parse().expect("an address"), POSTGRES, 7000);
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let environment = own(&[
            ("DB_HOST", "db.local"),
            ("DB_PORT", "5433"),
            ("REDIS_HOST", "db.local"),
            ("REDIS_PORT", "6379"),
            ("PGHOST", "db.local"),
        ]);
        assert_eq!(place.changed(&environment), own(&[("DB_HOST", "127.0.0.1"), ("DB_PORT", "7000")]));
        let place = Place::new("127.0.0.1", "127.0.0.1:5432".parse().expect("an address"), POSTGRES, 7000);
        assert_eq!(
            place.changed(&own(&[("PGHOST", "127.0.0.1")])),
            own(&[("PGHOST", "127.0.0.1"), ("PGPORT", "7000")])
        );
        assert!(place.changed(&own(&[("HOST", "127.0.0.1"), ("PORT", "8000")])).is_empty());
        let redis = Place::new("localhost", "127.0.0.1:6379".parse().expect("an address"), REDIS, 7001);
        assert_eq!(redis.put("redis://localhost/0").as_deref(), Some("redis://127.0.0.1:7001/0"));
        assert_eq!(redis.put("postgres://localhost/0"), None);
    }
}
