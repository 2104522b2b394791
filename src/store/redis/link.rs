//! A connection with a Redis server that has been let in.

use std::time::{Duration, Instant};

use super::address::RedisAddress;
use super::error::RedisError;
use super::wire::{Answer, Broken, ServerError, Wire};

/// Connects under a name, which the server shows to whoever asks it, and is let in.
pub(super) fn enter(address: &RedisAddress, session: &str) -> Result<Wire, RedisError> {
    let mut wire = Wire::open(address)?;
    let database = address.database.to_string();
    let mut asked: Vec<&'static str> = Vec::new();
    if let Some(password) = address.password() {
        let words: &[&[u8]] = match &address.user {
            Some(user) => &[b"AUTH", user.as_bytes(), password.as_bytes()],
            None => &[b"AUTH", password.as_bytes()],
        };
        wire.put(words);
        asked.push("being let in");
    }
    wire.put(&[b"SELECT", database.as_bytes()]);
    wire.put(&[b"CLIENT", b"SETNAME", session.as_bytes()]);
    asked.extend(["choosing the database", "giving the session a name"]);
    wire.send().map_err(|broken| broken.at(address))?;
    let mut refused = None;
    for doing in asked {
        let answer = wire.receive(|| false).map_err(|broken| broken.at(address))?;
        if let Answer::Error(error) = answer {
            // Some servers give no names.
            refused = refused.or(Some((doing, error)).filter(|(doing, _)| !doing.ends_with("name")));
        }
    }
    match refused {
        Some((doing, error)) => Err(refusal(address, doing, &error)),
        None => Ok(wire),
    }
}

/// An error of the server, as the errors of stores have it.
pub(super) fn refusal(address: &RedisAddress, doing: &'static str, error: &ServerError) -> RedisError {
    let (place, said) = (address.to_string(), error.said.clone());
    match error.word.as_str() {
        "NOAUTH" | "WRONGPASS" | "DENIED" => {
            RedisError::NotLetIn { address: place, said, had_password: address.password().is_some() }
        }
        "ERR" if doing == "being let in" => RedisError::NotLetIn { address: place, said, had_password: true },
        "ERR" if said.contains("max number of clients") => RedisError::Full { address: place, said },
        "READONLY" | "NOPERM" => RedisError::NotAllowed { address: place, doing, said },
        _ => RedisError::Refused { address: place, doing, said },
    }
}

/// A connection for what is done before and after a sale, and for questions: what goes wrong is told in the words of a
/// store.
#[derive(Debug)]
pub struct Talk<'a> {
    wire: Wire,
    address: &'a RedisAddress,
}

impl<'a> Talk<'a> {
    /// Connects.
    ///
    /// # Errors
    /// When nobody is there, or does not let it in.
    pub fn begin(address: &'a RedisAddress) -> Result<Self, RedisError> {
        Ok(Self { wire: enter(address, "ticketsim")?, address })
    }

    /// The answer to a command.
    pub(super) fn ask(&mut self, doing: &'static str, words: &[&str]) -> Result<Answer, RedisError> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        match self.wire.ask(&words).map_err(|broken| broken.at(self.address))? {
            Answer::Error(error) => Err(refusal(self.address, doing, &error)),
            answer => Ok(answer),
        }
    }

    /// The text that a command answers; `None` where it is nothing.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub fn text(&mut self, doing: &'static str, words: &[&str]) -> Result<Option<String>, RedisError> {
        Ok(match self.ask(doing, words)? {
            Answer::Text(text) => Some(String::from_utf8_lossy(&text).into_owned()),
            Answer::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// All of these commands, or none.
    pub(super) fn all(&mut self, doing: &'static str, commands: &[Vec<&str>]) -> Result<(), RedisError> {
        self.wire.put(&[b"MULTI"]);
        for command in commands {
            let words: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
            self.wire.put(&words);
        }
        self.wire.put(&[b"EXEC"]);
        let broken = |broken: Broken| broken.at(self.address);
        self.wire.send().map_err(broken)?;
        let mut refused = None;
        for _ in 0..commands.len() + 2 {
            let answer = self.wire.receive(|| false).map_err(broken)?;
            let members = if let Answer::List(members) = answer { members } else { vec![answer] };
            let error = members.into_iter().find_map(|answer| match answer {
                Answer::Error(error) => Some(error),
                _ => None,
            });
            refused = refused.or(error);
        }
        refused.map_or(Ok(()), |error| Err(refusal(self.address, doing, &error)))
    }
}

/// How long an answer may take to come after the run was stopped; the launcher waits a little longer before it
/// loses patience.
pub(super) const LAST_WORD: Duration = Duration::from_millis(1500);

/// Says, whenever it is asked, whether a wait that is to end has been given its last moment.
pub(super) fn last_word(is_over: impl Fn() -> bool) -> impl FnMut() -> bool {
    let mut since: Option<Instant> = None;
    move || is_over() && since.get_or_insert_with(Instant::now).elapsed() > LAST_WORD
}
