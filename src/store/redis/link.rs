//! Logging in to a Redis server, and a connection for plain commands.

use std::time::{Duration, Instant};

use super::address::RedisAddress;
use super::error::RedisError;
use super::wire::{Answer, Broken, ServerError, Wire};
use crate::store::server::Doing;

/// Connects and logs in, under a name that the server shows in its list of clients.
pub(super) fn enter(address: &RedisAddress, session: &str) -> Result<Wire, RedisError> {
    let mut wire = Wire::open(address)?;
    let database = address.database.to_string();
    let mut asked = Vec::new();
    if let Some(password) = address.password() {
        let words: &[&[u8]] = match &address.user {
            Some(user) => &[b"AUTH", user.as_bytes(), password.as_bytes()],
            None => &[b"AUTH", password.as_bytes()],
        };
        wire.put(words);
        asked.push(Doing::LogIn);
    }
    wire.put(&[b"SELECT", database.as_bytes()]);
    wire.put(&[b"CLIENT", b"SETNAME", session.as_bytes()]);
    asked.extend([Doing::ChooseDatabase, Doing::NameSession]);
    wire.send().map_err(|broken| broken.at(address))?;
    let mut rejected = None;
    for doing in asked {
        let answer = wire.receive(|| false).map_err(|broken| broken.at(address))?;
        if let Answer::Error(error) = answer {
            // Some servers do not support names.
            rejected = rejected.or(Some((doing, error)).filter(|(doing, _)| *doing != Doing::NameSession));
        }
    }
    match rejected {
        Some((doing, error)) => Err(rejection(address, doing, &error)),
        None => Ok(wire),
    }
}

/// The store's error for an error of the server.
pub(super) fn rejection(address: &RedisAddress, doing: Doing, error: &ServerError) -> RedisError {
    let (place, said) = (address.to_string(), error.said.clone());
    match error.word.as_str() {
        "NOAUTH" | "WRONGPASS" | "DENIED" => {
            RedisError::NotLetIn { address: place, said, had_password: address.password().is_some() }
        }
        "ERR" if doing == Doing::LogIn => RedisError::NotLetIn { address: place, said, had_password: true },
        "ERR" if said.contains("max number of clients") => RedisError::Full { address: place, said },
        "READONLY" | "NOPERM" => RedisError::NotAllowed { address: place, doing, said },
        _ => RedisError::Rejected { address: place, doing, said },
    }
}

/// A connection for use before and after a sale, and for questions.
#[derive(Debug)]
pub struct Talk<'a> {
    wire: Wire,
    address: &'a RedisAddress,
}

impl<'a> Talk<'a> {
    /// Connects.
    ///
    /// # Errors
    /// When there is no server, or it rejects the login.
    pub fn begin(address: &'a RedisAddress) -> Result<Self, RedisError> {
        Ok(Self { wire: enter(address, "ticketsim")?, address })
    }

    /// The answer to a command.
    pub(super) fn ask(&mut self, doing: Doing, words: &[&str]) -> Result<Answer, RedisError> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        match self.wire.ask(&words).map_err(|broken| broken.at(self.address))? {
            Answer::Error(error) => Err(rejection(self.address, doing, &error)),
            answer => Ok(answer),
        }
    }

    /// The text that a command answers; `None` for nil.
    ///
    /// # Errors
    /// When the server does not answer, or answers with an error.
    pub fn text(&mut self, doing: Doing, words: &[&str]) -> Result<Option<String>, RedisError> {
        Ok(match self.ask(doing, words)? {
            Answer::Text(text) => Some(String::from_utf8_lossy(&text).into_owned()),
            Answer::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// Runs all of these commands, or none.
    pub(super) fn all(&mut self, doing: Doing, commands: &[Vec<&str>]) -> Result<(), RedisError> {
        self.wire.put(&[b"MULTI"]);
        for command in commands {
            let words: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
            self.wire.put(&words);
        }
        self.wire.put(&[b"EXEC"]);
        let broken = |broken: Broken| broken.at(self.address);
        self.wire.send().map_err(broken)?;
        let mut rejected = None;
        for _ in 0..commands.len() + 2 {
            let answer = self.wire.receive(|| false).map_err(broken)?;
            let members = if let Answer::List(members) = answer { members } else { vec![answer] };
            let error = members.into_iter().find_map(|answer| match answer {
                Answer::Error(error) => Some(error),
                _ => None,
            });
            rejected = rejected.or(error);
        }
        rejected.map_or(Ok(()), |error| Err(rejection(self.address, doing, &error)))
    }
}

/// How long an answer may take after the run was stopped; the launcher's own limit is a little longer.
pub(super) const LAST_WORD: Duration = Duration::from_millis(1500);

/// Returns a function that says whether this last time has passed since `is_over` became true.
pub(super) fn last_word(is_over: impl Fn() -> bool) -> impl FnMut() -> bool {
    let mut since: Option<Instant> = None;
    move || is_over() && since.get_or_insert_with(Instant::now).elapsed() > LAST_WORD
}
