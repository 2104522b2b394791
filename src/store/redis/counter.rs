//! The counter at a Redis server: puts tickets on sale, reads what is left, and removes our keys. It touches only the
//! keys of the sale; if a key of that name holds something else, nothing is changed.

use super::address::RedisAddress;
use super::error::{OtherKey, RedisError};
use super::keys::{Keys, UNLOCK};
use super::link::Talk;
use super::wire::Answer;
use crate::foreign;
use crate::stock::Stock;
use crate::store::server::{Doing, Limit};

/// A connection with the server of a sale, for use before and after it.
#[derive(Debug)]
pub(super) struct Books<'a> {
    talk: Talk<'a>,
    address: &'a RedisAddress,
    keys: &'a Keys,
    name: &'a str,
}

/// A server's information about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    /// An id that changes with each start of the server.
    pub(super) start: String,
    /// Its version, and the settings that matter for a stock.
    pub(super) text: String,
    /// How many clients it allows, and how many it has.
    clients: Option<(u64, u64)>,
}

impl<'a> Books<'a> {
    /// Connects.
    pub(super) fn open(address: &'a RedisAddress, keys: &'a Keys, name: &'a str) -> Result<Self, RedisError> {
        Ok(Self { talk: Talk::begin(address)?, address, keys, name })
    }

    /// Puts this many tickets on sale, or finds those that are on sale. Returns the stock.
    pub(super) fn put_on_sale(&mut self, tickets: Option<Stock>) -> Result<Stock, RedisError> {
        let found = self.look()?;
        let Keys { stock, lease, token, shown } = self.keys;
        match (tickets, found) {
            (Some(tickets), _) if tickets < 0 => Err(RedisError::Tickets(tickets)),
            (Some(tickets), _) => {
                let number = tickets.to_string();
                let set = vec!["SET", stock, &number];
                self.talk.all(Doing::PutOnSale, &[set, vec!["DEL", lease, token, shown]])?;
                Ok(tickets)
            }
            (None, None) => Err(self.no_sale()),
            // Appends nothing, so that a replica or a full server, which rejects writes, is found before the sale.
            (None, Some(left)) => {
                self.talk.ask(Doing::WriteStock, &["APPEND", stock, ""])?;
                Ok(left)
            }
        }
    }

    /// What is left of a sale; `None` if its key does not exist.
    pub(super) fn left(&mut self) -> Result<Option<Stock>, RedisError> {
        self.look()
    }

    /// The same, if there must be a sale.
    pub(super) fn stock_left(&mut self) -> Result<Stock, RedisError> {
        self.look()?.ok_or_else(|| self.no_sale())
    }

    /// Removes the keys of a sale. Returns whether there were any.
    pub(super) fn clear(&mut self) -> Result<bool, RedisError> {
        self.look()?;
        let mut words = vec!["DEL"];
        words.extend(self.keys.all());
        let removed = self.talk.ask(Doing::RemoveSale, &words)?;
        Ok(matches!(removed, Answer::Number(count) if count > 0))
    }

    /// Deletes the lease if its value begins with `owner`: a run, or one buyer. Returns whether it existed.
    pub(super) fn end_lease(&mut self, owner: &str) -> Result<bool, RedisError> {
        let key = &self.keys.lease;
        let value = self.talk.text(Doing::SeeWhoHasLease, &["GET", key])?;
        let Some(value) = value.filter(|value| value.starts_with(owner)) else { return Ok(false) };
        let ended = self.talk.ask(Doing::EndLease, &["EVAL", UNLOCK, "1", key, &value])?;
        Ok(ended == Answer::Number(1))
    }

    /// The server, its version, and the settings that matter.
    pub(super) fn about(&mut self) -> Result<About, RedisError> {
        let said = self.talk.text(Doing::ReadSettings, &["INFO"])?.unwrap_or_default();
        let find = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| foreign::shown(value.trim()).chars().take(64).collect::<String>())
        };
        let mut text = format!("Redis {}", find("redis_version").unwrap_or_default());
        for name in ["role", "aof_enabled", "maxmemory_policy"] {
            text += &find(name).map_or_else(String::new, |value| format!(", {name} {value}"));
        }
        for name in ["appendfsync", "save"] {
            text += &self.setting(name).map_or_else(String::new, |value| format!(", {name} {value}"));
        }
        let number = |name: &str| find(name).and_then(|value| value.parse().ok());
        let clients = number("maxclients").zip(number("connected_clients"));
        Ok(About { start: find("run_id").unwrap_or_default(), text, clients })
    }

    /// A setting, if the server tells it: not every user may ask.
    fn setting(&mut self, name: &str) -> Option<String> {
        let asked = self.talk.ask(Doing::ReadSettings, &["CONFIG", "GET", name]).ok()?;
        let Answer::List(members) = asked else { return None };
        let Some(Answer::Text(value)) = members.get(1) else { return None };
        let value = String::from_utf8_lossy(value);
        let shown: String = foreign::shown(value.trim()).chars().take(64).collect();
        Some(if shown.is_empty() { "off".to_owned() } else { shown })
    }

    /// The stock; `None` if there is none. An error if a key is not ours.
    fn look(&mut self) -> Result<Option<Stock>, RedisError> {
        for key in self.keys.all() {
            let found = self.talk.text(Doing::LookForSale, &["TYPE", key])?.unwrap_or_default();
            if !matches!(found.as_str(), "none" | "string") {
                return Err(self.other_shape(key, OtherKey::Kind(foreign::shown(&found).into_owned())));
            }
        }
        let Some(text) = self.talk.text(Doing::ReadStock, &["GET", &self.keys.stock])? else {
            return Ok(None);
        };
        let strange = || {
            let start: String = text.chars().take(40).collect();
            self.other_shape(&self.keys.stock, OtherKey::Text(foreign::shown(&start).into_owned()))
        };
        text.parse().map(Some).map_err(|_| strange())
    }

    fn other_shape(&self, key: &str, found: OtherKey) -> RedisError {
        RedisError::OtherShape { address: self.address.to_string(), key: key.to_owned(), found }
    }

    fn no_sale(&self) -> RedisError {
        RedisError::NoSale { address: self.address.to_string(), name: self.name.to_owned() }
    }
}

impl About {
    /// How many more clients the server takes, and the setting behind it; `None` if it does not say.
    pub(super) fn room(&self) -> Option<(u64, Limit)> {
        let (most, taken) = self.clients?;
        // Our own connection is closed before the buyers connect.
        let taken = taken.saturating_sub(1);
        let because = Limit::OfAll { setting: "maxclients", most, reserved: 0, taken };
        Some((most.saturating_sub(taken), because))
    }
}
