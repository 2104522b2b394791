//! What the gate is told, checked.

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::step::Step;
use crate::store::redis::RedisAddress;
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
