//! What the gate is told, checked.

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::step::Step;
use crate::store::sql::PostgresAddress;

/// Which orders are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// All of them.
    All,
    /// So many at random.
    Random(u32),
    /// Those with at most so many switches away from a buyer that could go on.
    Depth(u32),
}

impl std::str::FromStr for Orders {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?}: it takes all, random:N or depth:K");
        if text == "all" {
            return Ok(Orders::All);
        }
        let (word, number) = text.split_once(':').ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        match word {
            "random" if (1..=100_000).contains(&number) => Ok(Orders::Random(number)),
            "depth" if number <= 100 => Ok(Orders::Depth(number)),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for Orders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Orders::All => f.write_str("all"),
            Orders::Random(count) => write!(f, "random:{count}"),
            Orders::Depth(most) => write!(f, "depth:{most}"),
        }
    }
}

/// Where a server of Redis is.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// As whom.
    pub user: Option<String>,
    /// With what; it is never printed.
    pub(super) password: Option<String>,
}

impl RedisAddress {
    /// Reads what stands behind `redis://`: `[[USER]:PASSWORD@]HOST[:PORT][/NUMBER]`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let place = text.split(['/', '?']).next().unwrap_or_default();
        let (login, place) = match place.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, place),
        };
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "6379"));
        let port = port.parse().ok().filter(|port| *port > 0);
        let port = port.ok_or("redis: the port is a number from 1 to 65535")?;
        if host.is_empty() {
            return Err("redis: it takes redis://HOST:PORT".to_owned());
        }
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or(("", login))) {
            Some((user, password)) => (Some(user.to_owned()), Some(password.to_owned())),
            None => (None, None),
        };
        Ok(Self { host: host.to_owned(), port, user, password })
    }
}

impl std::fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "redis://{}:{}", self.host, self.port)
    }
}

impl std::fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisAddress({self})")
    }
}

/// A database that the gate stands before.
#[derive(Clone, Debug)]
pub enum Database {
    /// PostgreSQL.
    Postgres(PostgresAddress),
    /// Redis.
    Redis(RedisAddress),
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Database::Postgres(address) => address.fmt(f),
            Database::Redis(address) => address.fmt(f),
        }
    }
}

/// What the gate is told.
#[derive(Clone, Debug)]
pub struct GatePlan {
    /// The databases.
    pub databases: Vec<Database>,
    /// Files of the shop in which they stand.
    pub files: Vec<PathBuf>,
    /// Which orders.
    pub orders: Orders,
    /// What orders at random are drawn from.
    pub seed: u64,
    /// One order alone.
    pub order: Option<Vec<Step>>,
    /// What runs in the background, where it is named.
    pub background: Vec<Regex>,
    /// How long a request may neither ask nor answer.
    pub patience: Duration,
    /// How often the order that was found is replayed.
    pub replays: u32,
}

impl GatePlan {
    /// How long a request may neither ask nor answer, unless it is said.
    pub const USUAL_PATIENCE: Duration = Duration::from_secs(1);
    /// How often an order is replayed.
    pub const REPLAYS: u32 = 100;
    /// The most buyers.
    pub const MOST_BUYERS: u32 = 6;
    /// The most orders.
    pub const MOST_ORDERS: u64 = 100_000;
    /// How long orders are tried at most.
    pub const MOST_TIME: Duration = Duration::from_secs(15 * 60);
}
