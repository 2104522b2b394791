//! Everything that a race needs, checked: no clap type, no environment, no I/O.

use std::path::PathBuf;
use std::time::Duration;

use super::request::{Header, Request};
use super::setup::{Act, Setup};
use super::stock::StockSource;
use super::template::Template;
use super::url::{Origin, masked};
use crate::history::Outcome;
use crate::plan::PerBuyer;
use crate::rules::{Kind, Rules};

/// What the buyers race for.
#[derive(Clone, Debug)]
pub enum Target {
    /// A program and its arguments.
    Command(Vec<Template>),
    /// A request.
    Http(Request),
}

impl Target {
    /// Which kind of answer it gives.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Target::Command(_) => Kind::Command,
            Target::Http(_) => Kind::Http,
        }
    }

    /// As it may be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Target::Command(words) => {
                let word = |word: &Template| crate::shell::shell_quoted(&masked(word.source()));
                words.iter().map(word).collect::<Vec<_>>().join(" ")
            }
            Target::Http(request) => request.shown(),
        }
    }
}

/// Whom to trust over TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The file with the certificates to trust instead of the system's.
    pub cacert: Option<PathBuf>,
    /// Whether to trust any certificate.
    pub insecure: bool,
}

/// The buyers' own values: a table with one row for each buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// A row for each buyer.
    pub rows: Vec<Vec<String>>,
}

/// Everything that a race needs.
#[derive(Clone, Debug)]
pub struct RacePlan {
    /// How many buyers race.
    pub buyers: u32,
    /// How many tickets there are, if the user says it.
    pub tickets: Option<i64>,
    /// What they race for.
    pub target: Target,
    /// How many purchases each makes.
    pub per_buyer: PerBuyer,
    /// The time over which the go is spread on purpose.
    pub spread: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long to wait after the last answer before the stock is read.
    pub settle: Duration,
    /// How many trials.
    pub trials: u32,
    /// Whether to stop at the first unsound trial.
    pub until_caught: bool,
    /// How long to wait between trials.
    pub pause: Duration,
    /// What the answers mean.
    pub rules: Rules<Outcome>,
    /// Whether these are the usual rules, because none were given.
    pub usual_rules: bool,
    /// Where the stock is read.
    pub stock: Option<StockSource>,
    /// What puts the tickets on sale again, before each trial.
    pub reset: Option<Act>,
    /// What is done before the buyers can buy.
    pub setup: Vec<Setup>,
    /// The command that starts the target.
    pub serve: Option<String>,
    /// What is added to its environment.
    pub serve_env: Vec<(String, String)>,
    /// The buyers' own values.
    pub users: Users,
    /// Headers of every request.
    pub headers: Vec<Header>,
    /// The environment of every command.
    pub env: Vec<(String, Template)>,
    /// The working folder of every command.
    pub chdir: Option<PathBuf>,
    /// Whom to trust over TLS.
    pub trust: Trust,
    /// Whether servers elsewhere may be asked.
    pub remote: bool,
}

/// The rules that apply if none are given.
#[must_use]
pub fn usual_rules(kind: Kind) -> Rules<Outcome> {
    let usual: &[(Outcome, &str)] = match kind {
        Kind::Command => {
            &[(Outcome::Bought, "exit=0"), (Outcome::Refused, "exit=1"), (Outcome::Failed, "exit")]
        }
        Kind::Http => &[
            (Outcome::Bought, "status=2xx"),
            (Outcome::Refused, "status=409,410"),
            (Outcome::Unknown, "status=5xx"),
        ],
        Kind::Table => &[],
    };
    // These are constants, and a test reads them.
    Rules::parse(usual.iter().copied(), kind).unwrap_or_default()
}

impl RacePlan {
    /// How many buyers race by default.
    pub const USUAL_BUYERS: u32 = 20;
    /// The most buyers of a race by requests: each has a connection of its own.
    pub const MOST_BUYERS: u32 = 10_000;
    /// The most buyers of a race by commands: each is a process of its own.
    pub const MOST_COPIES: u32 = 2_000;
    /// The most trials.
    pub const MOST_TRIALS: u32 = 100_000;
    /// The most purchases of one trial: each is kept until it is judged.
    pub const MOST_PURCHASES: u64 = 1_000_000;

    /// How many purchases there are in a trial; `None` if the buyers go on until they are refused.
    #[must_use]
    pub fn purchases(&self) -> Option<u64> {
        match self.per_buyer {
            PerBuyer::Count(count) => Some(u64::from(self.buyers) * u64::from(count.get())),
            PerBuyer::All => None,
        }
    }

    /// Every server that is asked for anything.
    pub fn origins(&self) -> Vec<&Origin> {
        let request = |act: &'_ Act| match act {
            Act::Http(_) => true,
            Act::Shell(_) => false,
        };
        let mut origins = Vec::new();
        if let Target::Http(target) = &self.target {
            origins.push(&target.url.origin);
        }
        if let Some(StockSource::Url { request, .. }) = &self.stock {
            origins.push(&request.url.origin);
        }
        let acts = self.reset.iter().chain(self.setup.iter().map(|setup| &setup.act));
        for act in acts.filter(|act| request(act)) {
            if let Act::Http(request) = act {
                origins.push(&request.url.origin);
            }
        }
        origins.sort();
        origins.dedup();
        origins
    }

    /// The names in braces that are not variables: typing errors, or literal braces.
    #[must_use]
    pub fn unknown_variables(&self) -> Vec<String> {
        let mut names: Vec<&str> = match &self.target {
            Target::Command(words) => words.iter().flat_map(Template::names).collect(),
            Target::Http(request) => request.names(),
        };
        names.extend(self.headers.iter().flat_map(|header| header.value.names()));
        names.extend(self.env.iter().flat_map(|(_, value)| value.names()));
        names.extend(self.reset.iter().flat_map(Act::names));
        names.extend(self.setup.iter().flat_map(|setup| setup.act.names()));
        let own = ["buyer", "trial", "uuid", "n"];
        let known = |name: &str| {
            own.contains(&name)
                || self.users.columns.iter().any(|column| column == name)
                || self.setup.iter().any(|setup| setup.takes.iter().any(|(take, _)| take == name))
        };
        let mut unknown: Vec<String> =
            names.into_iter().filter(|name| !known(name)).map(ToOwned::to_owned).collect();
        unknown.sort();
        unknown.dedup();
        unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_rules_are_rules() {
        assert_eq!(usual_rules(Kind::Command).iter().count(), 3);
        assert_eq!(usual_rules(Kind::Http).iter().count(), 3);
        assert!(usual_rules(Kind::Table).is_empty());
    }
}
