//! The settings of the gate, checked.

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::step::Step;
use crate::foreign;
use crate::plan::PerBuyer;
use crate::race::config::{Config, ConfigError, Mistake, duration, one, several};
use crate::race::plan::{RacePlan, Target};
use crate::rules::regex_trouble;
use crate::store::Address;
use crate::store::redis::RedisAddress;
use crate::store::sql::{self, PostgresAddress};
use crate::verdict::Ruling;

/// Which orders are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// All of them.
    All,
    /// This many random ones.
    Random(u32),
    /// Those with at most this many switches away from a buyer that could go on.
    Depth(u32),
}

impl std::str::FromStr for Orders {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        let wrong = || Mistake::Orders(text.to_owned());
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

impl Database {
    /// Reads an address. What it leaves open is taken from the environment.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        match Address::parse(text)? {
            Address::Sql(sql::Address::Postgres(address)) => Ok(Database::Postgres(*address)),
            Address::Redis(address) if address.tls => Err(Mistake::GateTls),
            Address::Redis(address) => Ok(Database::Redis(address)),
            Address::Sql(_) => Err(Mistake::GateStore),
        }
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Database::Postgres(address) => address.fmt(f),
            Database::Redis(address) => address.fmt(f),
        }
    }
}

/// The settings of the gate.
#[derive(Clone, Debug)]
pub struct GatePlan {
    /// The databases.
    pub databases: Vec<Database>,
    /// Files of the shop that contain their addresses.
    pub files: Vec<PathBuf>,
    /// Which orders.
    pub orders: Orders,
    /// The seed of random orders.
    pub seed: u64,
    /// The only order to run.
    pub order: Option<Vec<Step>>,
    /// The named background statements.
    pub background: Vec<Regex>,
    /// How long a request may neither send a statement nor answer.
    pub patience: Duration,
    /// How often the order that was found is replayed.
    pub replays: u32,
    /// The verdict that is expected.
    pub expect: Option<Ruling>,
}

impl GatePlan {
    /// Checks the settings of the gate; `None` if there is to be no gate. The caller reads the order.
    ///
    /// # Errors
    /// What is wrong, and with which setting.
    pub fn of(config: &Config) -> Result<Option<Self>, ConfigError> {
        if config.gate.is_empty() {
            let no_gate = |setting| Err(ConfigError::new(setting, Mistake::NoGate));
            return config.of_gate().map_or(Ok(None), no_gate);
        }
        let databases: Vec<Database> = several("gate", &config.gate, Database::parse)?;
        if databases.iter().filter(|database| matches!(database, Database::Postgres(_))).count() > 1 {
            return Err(ConfigError::new("gate", Mistake::SeveralPostgres));
        }
        let orders = one("orders", config.orders.as_ref(), str::parse)?;
        if orders.is_some() && config.order.is_some() {
            return Err(ConfigError::new("orders", Mistake::OrdersAndOrder));
        }
        let patience = duration("patience", config.patience.as_ref(), Self::USUAL_PATIENCE)?;
        if patience.is_zero() {
            return Err(ConfigError::new("patience", Mistake::NoTimeToGoOn));
        }
        let replays = config.replays.unwrap_or(Self::REPLAYS);
        if !(1..=Self::MOST_REPLAYS).contains(&replays) {
            let what = Mistake::Number { given: replays, most: Self::MOST_REPLAYS };
            return Err(ConfigError::new("replays", what));
        }
        let expected = |text: &str| text.parse().map_err(|_| Mistake::Expect);
        let expect = one("expect", config.expect.as_ref(), expected)?;
        Ok(Some(Self {
            databases,
            files: config.gate_file.clone(),
            orders: orders.unwrap_or(Orders::All),
            seed: config.order_seed.unwrap_or_else(rand::random),
            order: None,
            background: several("background", &config.background, background)?,
            patience,
            replays,
            expect,
        }))
    }

    /// Checks that a race can be run behind the gate.
    ///
    /// # Errors
    /// What is wrong, and with which setting.
    pub fn check(&self, plan: &RacePlan) -> Result<(), ConfigError> {
        let buyers = plan.buyers;
        if !(2..=Self::MOST_BUYERS).contains(&buyers) {
            let what = Mistake::GateBuyers { buyers, most: Self::MOST_BUYERS };
            return Err(ConfigError::new("buyers", what));
        }
        if plan.per_buyer != PerBuyer::ONE {
            return Err(ConfigError::new("per-buyer", Mistake::GatePurchases));
        }
        if plan.reset.is_none() {
            return Err(ConfigError::new("reset", Mistake::GateWithoutReset));
        }
        if matches!(plan.target, Target::Command(_)) {
            return Err(ConfigError::new("http", Mistake::GateCommand));
        }
        if let Some(step) = self.order.iter().flatten().find(|step| step.buyer > buyers) {
            let step = foreign::shown(&step.to_string()).into_owned();
            let what = Mistake::NoSuchBuyer { step, buyers };
            return Err(ConfigError::new("order", what));
        }
        Ok(())
    }

    /// The most replays.
    const MOST_REPLAYS: u32 = 10_000;
    /// How long a request may neither send a statement nor answer, by default.
    pub const USUAL_PATIENCE: Duration = Duration::from_secs(1);
    /// How often an order is replayed by default.
    pub const REPLAYS: u32 = 100;
    /// The most buyers.
    pub const MOST_BUYERS: u32 = 6;
    /// The most orders.
    pub const MOST_ORDERS: u64 = 100_000;
    /// The longest time that orders are tried.
    pub const MOST_TIME: Duration = Duration::from_secs(15 * 60);
}

/// Reads a pattern of background statements.
fn background(text: &str) -> Result<Regex, Mistake> {
    let regex = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
    regex.map_err(|error| Mistake::Regex(text.to_owned(), regex_trouble(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Option<GatePlan>, ConfigError> {
        GatePlan::of(&Config::parse(text).expect("toml"))
    }

    #[test]
    fn a_file_says_what_the_command_line_says() {
        let whole = "gate = ['postgres://u@h/db', 'redis://h/1']\norders = 'depth:2'\npatience = '2s'\nreplays = 7\n\
                     background = ['^DELETE']\norder-seed = 5\nexpect = 'unsound'\ngate-file = ['.env']";
        let plan = plan(whole).expect("a plan").expect("a gate");
        assert_eq!((plan.databases.len(), plan.orders, plan.replays, plan.seed), (2, Orders::Depth(2), 7, 5));
        assert_eq!((plan.patience.as_secs(), plan.background.len()), (2, 1));
        assert_eq!((plan.expect, plan.files), (Some(Ruling::Unsound), vec![".env".into()]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_setting() {
        assert!(plan("tickets = 1").expect("a plan").is_none());
        for (text, setting) in [
            ("orders = 'all'", "orders"),
            ("patience = '1s'", "patience"),
            ("gate = ['sqlite:x.db']", "gate"),
            ("gate = ['mysql://u@h/db']", "gate"),
            ("gate = ['rediss://h']", "gate"),
            ("gate = ['postgres://u@h/db', 'postgres://u@g/db']", "gate"),
            ("gate = ['redis://h']\norders = 'some'", "orders"),
            ("gate = ['redis://h']\norders = 'all'\norder = 'x.order'", "orders"),
            ("gate = ['redis://h']\npatience = '0'", "patience"),
            ("gate = ['redis://h']\nreplays = 0", "replays"),
            ("gate = ['redis://h']\nexpect = 'fine'", "expect"),
            ("gate = ['redis://h']\nbackground = ['(']", "background"),
        ] {
            assert_eq!(plan(text).expect_err(text).setting, setting, "{text}");
        }
    }

    /// The addresses are those of the stores, whatever stands in them.
    #[test]
    fn the_gate_takes_the_addresses_that_the_stores_take() {
        for (url, shown) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379/0"),
            ("redis://ann:s%40cret@[::1]:6380/2", "redis://ann@[::1]:6380/2"),
            ("postgres://shop@127.0.0.1/shop", "postgres://shop@127.0.0.1:5432/shop"),
        ] {
            assert_eq!(Database::parse(url).expect(url).to_string(), shown);
        }
        for (url, said) in [
            ("rediss://127.0.0.1", "no TLS behind it"),
            ("redis://127.0.0.1:0", "port"),
            ("sqlite:shop.db", "postgres://… or redis://…"),
            ("mysql://127.0.0.1/shop", "postgres://… or redis://…"),
            ("mongo://x", "no store"),
        ] {
            let error = Database::parse(url).expect_err(url).to_string();
            assert!(error.contains(said), "{url}: {error}");
        }
    }
}
