//! Which clients wait at a Redis server, according to its list of clients.

use crate::store::redis::{RedisAddress, RedisError, RedisTalk};
use crate::store::server::Doing;

/// A connection for questions.
#[derive(Debug)]
pub struct RedisWatch<'a> {
    talk: RedisTalk<'a>,
}

impl<'a> RedisWatch<'a> {
    /// Connects, and checks that it may see the list.
    ///
    /// # Errors
    /// When the server can't be reached, does not accept the login, or shows no list.
    pub fn begin(address: &'a RedisAddress) -> Result<Self, RedisError> {
        if !cfg!(feature = "redis") {
            return Err(RedisError::NotBuiltIn);
        }
        let mut watch = Self { talk: RedisTalk::begin(address)? };
        watch.clients()?;
        Ok(watch)
    }

    /// Whether the client that comes from this port waits.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn waits(&mut self, port: i32) -> Result<bool, RedisError> {
        let clients = self.clients()?;
        let flags = line(&clients, port).and_then(|line| field(line, "flags="));
        Ok(flags.is_some_and(|flags| flags.contains('b')))
    }

    /// Whether there is such a client.
    pub fn knows(&mut self, port: i32) -> bool {
        // If the server does not answer, that is noticed elsewhere.
        self.clients().map_or(true, |clients| line(&clients, port).is_some())
    }

    fn clients(&mut self) -> Result<String, RedisError> {
        Ok(self.talk.text(Doing::SeeWhoWaits, &["CLIENT", "LIST"])?.unwrap_or_default())
    }
}

/// The line of the client that comes from this port.
fn line(clients: &str, port: i32) -> Option<&str> {
    let end = format!(":{port}");
    clients.lines().find(|line| field(line, "addr=").is_some_and(|place| place.ends_with(&end)))
}

/// A field of a client's line.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split(' ').find_map(|field| field.strip_prefix(name))
}
