//! Everything that a run needs, checked: no clap type, no environment, no I/O.
//!
//! A [`Plan`] serialises to the `plan` object of every JSON document, history and page, and
//! [`Plan::command`] gives the command that repeats it.

mod exclusion;
mod given;
mod mishaps;
mod names;
mod share;
mod workers;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lang::Bilingual;
use crate::lang::errors::options as say;
use crate::protocol::StepKind;
use crate::protocol::file::{FileChoices, Lock};
use crate::protocol::redis::RedisChoices;
use crate::protocol::sql::SqlChoices;
use crate::protocol::{Choices, Protocol};
use crate::shell::{shell_quoted, shell_quoted_path};
use crate::stock::Stock;

pub use exclusion::Exclusion;
pub use given::Given;
pub use mishaps::{MishapError, Planned, When, Whom};
pub use share::Share;
pub use workers::Workers;

/// How many purchases a buyer makes. It leaves earlier if a purchase ends without a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PerBuyer {
    /// At most this many.
    Count(NonZeroU32),
    /// Until it is refused.
    All,
}

impl PerBuyer {
    /// One purchase.
    pub const ONE: PerBuyer = PerBuyer::Count(NonZeroU32::MIN);
}

impl std::fmt::Display for PerBuyer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PerBuyer::Count(count) => count.fmt(f),
            PerBuyer::All => f.pad("all"),
        }
    }
}

impl std::str::FromStr for PerBuyer {
    type Err = Bilingual;
    fn from_str(text: &str) -> Result<Self, Bilingual> {
        match text {
            "all" => Ok(PerBuyer::All),
            _ => text.parse().map(PerBuyer::Count).map_err(|_| Bilingual::of(say::no_purchases)),
        }
    }
}

impl Serialize for PerBuyer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            PerBuyer::Count(count) => serializer.serialize_u32(count.get()),
            PerBuyer::All => serializer.serialize_str("all"),
        }
    }
}

impl<'de> Deserialize<'de> for PerBuyer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Count(NonZeroU32),
            Word(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Count(count) => Ok(PerBuyer::Count(count)),
            Either::Word(word) => word.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// How long buyers think between reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// The middle of the think times, in nanoseconds.
    pub think_ns: u64,
    /// Think times are drawn evenly from `think_ns` × (1 ± `jitter`); 0 to 1.
    pub jitter: f64,
    /// The seed of the think times. A string in JSON: 64 bits do not fit a JavaScript number.
    #[serde(with = "seed_as_text")]
    pub seed: u64,
}

mod seed_as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(seed)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the stock is kept, and what one purchase does there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StorePlan {
    /// In a database. It comes first, since serde tries it first: a document with a `store` means this.
    Sql(SqlPlan),
    /// At a Redis server. Its documents have a `store`, too.
    Redis(RedisPlan),
    /// In a ticket file.
    File(FilePlan),
}

/// A ticket file, and what one purchase does to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilePlan {
    /// What one purchase does.
    #[serde(flatten)]
    pub choices: FileChoices,
    /// The ticket file. Documents have it as text: bytes that are no UTF-8 are replaced.
    #[serde(serialize_with = "path_as_text")]
    pub file: PathBuf,
    /// Other names of the same file, through other mounts or links. Buyers use all names in rotation; each
    /// opens the file and its lock through its own name.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "names::as_text")]
    pub via: Vec<PathBuf>,
}

/// A store that has an address, and what one purchase does there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressPlan<S> {
    /// What one purchase does.
    #[serde(flatten)]
    pub choices: S,
    /// The store's address, without its password.
    pub url: String,
    /// How the address was given. It is never written to a document.
    #[serde(skip)]
    pub given: Given,
    /// The name of the sale, which is a part of the names of its tables or keys.
    pub name: String,
}

/// A database, and what one purchase does to it.
pub type SqlPlan = AddressPlan<SqlChoices>;

/// A Redis server, and what one purchase does there.
pub type RedisPlan = AddressPlan<RedisChoices>;

impl StorePlan {
    /// These choices in the sale `name` at the address `url`, which was `given` so; for a ticket file, at the
    /// usual path.
    #[must_use]
    pub fn new(choices: Choices, url: String, given: Given, name: String) -> Self {
        match choices {
            Choices::File(choices) => StorePlan::File(FilePlan::new(choices, Plan::DEFAULT_FILE.as_ref())),
            Choices::Sql(choices) => StorePlan::Sql(AddressPlan { choices, url, given, name }),
            Choices::Redis(choices) => StorePlan::Redis(AddressPlan { choices, url, given, name }),
        }
    }

    /// What one purchase does.
    #[must_use]
    pub const fn choices(&self) -> Choices {
        match self {
            StorePlan::File(plan) => Choices::File(plan.choices),
            StorePlan::Sql(plan) => Choices::Sql(plan.choices),
            StorePlan::Redis(plan) => Choices::Redis(plan.choices),
        }
    }

    /// The ticket file, if it is one.
    #[must_use]
    pub const fn file(&self) -> Option<&FilePlan> {
        match self {
            StorePlan::File(plan) => Some(plan),
            _ => None,
        }
    }

    /// The address without a password, and the name of the sale there; `None` for a ticket file.
    #[must_use]
    pub fn address(&self) -> Option<(&str, &str)> {
        match self {
            StorePlan::File(_) => None,
            StorePlan::Sql(AddressPlan { url, name, .. })
            | StorePlan::Redis(AddressPlan { url, name, .. }) => Some((url, name)),
        }
    }
}

/// Everything that a run needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How many buyers race, 1 to [`Plan::MOST_BUYERS`].
    pub buyers: u32,
    /// How many tickets are put on sale first; `None` sells the stock that is there.
    pub tickets: Option<Stock>,
    /// How buyers are run.
    pub workers: Workers,
    /// Where the stock is kept, and what one purchase does there.
    #[serde(flatten)]
    pub store: StorePlan,
    /// How many purchases each buyer makes.
    pub per_buyer: PerBuyer,
    /// How long buyers think.
    #[serde(flatten)]
    pub pace: Pace,
    /// Whether others put tickets on sale during the run, under the same lock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restocks: bool,
    /// The mishaps planned for its buyers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mishaps: Vec<Planned>,
    /// How many hosts its buyers run on, when hosts join a lead; 0 when all buyers run here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hosts: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn path_as_text<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Why a plan can't be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Zero buyers, or too many.
    #[error("{0} buyers: it takes 1 to {most}", most = Plan::MOST_BUYERS)]
    Buyers(u32),
    /// A negative number of tickets.
    #[error("{0} tickets: it takes a whole number from 0")]
    Tickets(Stock),
    /// Others are to put tickets on sale under the lock, but it keeps nobody apart.
    #[error(
        "--restocks says that others put tickets on sale under the lock, and here no lock keeps them out: \
         leave it out, or take a lock that does"
    )]
    RestocksWithoutLock,
    /// A helper process is to unlock, but these workers can't have one.
    #[error(
        "helper-unlock needs a helper process that has inherited the lock's file: buyers have to be processes, \
         --workers process"
    )]
    HelperNeedsProcess,
    /// Not every name of the ticket file would be used.
    #[error(
        "{names} names of the ticket file and {buyers} buyers: a name that no buyer opens tests nothing; take at \
         least as many --buyers as there are names (--file, and each --via)"
    )]
    IdleNames {
        /// How many names there are.
        names: usize,
        /// How many buyers.
        buyers: u32,
    },
    /// This option works only with one name of the file: a lock may not reach from one name to another.
    #[error("{0} goes with one name of the ticket file: leave out {0}, or --via")]
    OneNameAlone(&'static str),
    /// A planned mishap is not possible.
    #[error("--mishap '{mishap}': {why}")]
    Mishap {
        /// The mishap.
        mishap: Planned,
        /// Why it is not possible.
        why: MishapError,
    },
    /// No hosts, or too many.
    #[error("{0} hosts: it takes 1 to {most}", most = Plan::MOST_HOSTS)]
    Hosts(u32),
    /// More hosts than buyers.
    #[error("{hosts} hosts and {buyers} buyers: each host takes a share of at least one; take more --buyers")]
    IdleHosts {
        /// How many hosts there are.
        hosts: u32,
        /// How many buyers.
        buyers: u32,
    },
    /// This works on one host only.
    #[error("{0} is a matter of one host: on several it would not be what it says; leave it out")]
    OneHostAlone(&'static str),
    /// Without a number of tickets nobody could tell whether all hosts sell from the same stock.
    #[error("several hosts sell what was put on sale for them: say how much with --tickets")]
    HostsNeedTickets,
    /// A jitter outside 0 to 1.
    #[error("jitter {0}: it takes a number from 0 to 1")]
    Jitter(f64),
}

impl Plan {
    /// The most buyers of a run: below Linux's default limit of 32,768 process ids.
    pub const MOST_BUYERS: u32 = 30_000;

    /// Rejects a plan that can't be run.
    ///
    /// # Errors
    /// When a number is out of range, or choices do not fit together.
    pub fn check(&self) -> Result<(), PlanError> {
        if !(1..=Self::MOST_BUYERS).contains(&self.buyers) {
            return Err(PlanError::Buyers(self.buyers));
        }
        if let Some(tickets) = self.tickets.filter(|tickets| *tickets < 0) {
            return Err(PlanError::Tickets(tickets));
        }
        let excludes = matches!(self.exclusion(), Exclusion::Excludes | Exclusion::InTurn);
        let has_lock = self.file().is_some_and(|file| file.choices.lock != Lock::None);
        if self.restocks && !(excludes && has_lock) {
            return Err(PlanError::RestocksWithoutLock);
        }
        if self.workers != Workers::Process && self.protocol().has(StepKind::HelperUnlock) {
            return Err(PlanError::HelperNeedsProcess);
        }
        if !(0.0..=1.0).contains(&self.pace.jitter) {
            return Err(PlanError::Jitter(self.pace.jitter));
        }
        self.check_names()?;
        self.check_hosts()?;
        self.mishaps.iter().try_for_each(|mishap| {
            mishap.check(self).map_err(|why| PlanError::Mishap { mishap: *mishap, why })
        })
    }

    /// The usual plan of a sale from a ticket file: buyers are processes that buy once and do not think.
    #[must_use]
    pub fn on_file(choices: FileChoices, file: &Path, buyers: u32, tickets: Option<Stock>) -> Self {
        Self {
            buyers,
            tickets,
            workers: Workers::Process,
            store: StorePlan::File(FilePlan::new(choices, file)),
            per_buyer: PerBuyer::ONE,
            pace: Pace { think_ns: 0, jitter: 0.0, seed: 0 },
            restocks: false,
            mishaps: Vec::new(),
            hosts: 0,
        }
    }

    /// The same plan with another purchase on its ticket file. A plan for a database stays as it is.
    #[must_use]
    pub fn with_choices(mut self, change: impl FnOnce(&mut FileChoices)) -> Self {
        if let StorePlan::File(plan) = &mut self.store {
            change(&mut plan.choices);
        }
        self
    }

    /// The ticket file and what one purchase does to it; `None` for other stores.
    #[must_use]
    pub const fn file(&self) -> Option<&FilePlan> {
        self.store.file()
    }

    /// The steps of a purchase.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.store.choices().protocol()
    }

    /// How long a buyer waits for the lock before it gives up, in nanoseconds; `None` waits for ever.
    #[must_use]
    pub fn lock_timeout_ns(&self) -> Option<u64> {
        self.file()?.choices.lock_timeout_ns
    }

    /// Whether the lock of this plan keeps its buyers apart, or why it does not.
    #[must_use]
    pub fn exclusion(&self) -> Exclusion {
        match self.file() {
            Some(plan) => Exclusion::of(&plan.choices, self.workers),
            None if self.workers == Workers::Sequential => Exclusion::InTurn,
            // For a database, its model decides.
            None => Exclusion::NoLock,
        }
    }

    /// The command that repeats this run, with the same plan and the same think times.
    #[must_use]
    pub fn command(&self) -> String {
        self.command_with(Some(self.pace.seed))
    }

    /// The command that runs the same plan with new think times.
    #[must_use]
    pub fn command_for_any_seed(&self) -> String {
        self.command_with(None)
    }

    fn command_with(&self, seed: Option<u64>) -> String {
        let mut words = vec!["ticketsim".to_owned()];
        if self.hosts > 0 {
            words.push(format!("lead --hosts {}", self.hosts));
        }
        words.push(format!("--buyers {}", self.buyers));
        if let Some(tickets) = self.tickets {
            words.push(format!("--tickets {tickets}"));
        }
        words.extend(self.workers.option());
        words.extend(self.store_options());
        words.extend(self.restocks.then(|| "--restocks".to_owned()));
        words.extend(self.mishaps.iter().map(|mishap| format!("--mishap '{mishap}'")));
        words.extend(self.pace_options());
        words.extend(seed.map(|seed| format!("--seed {seed}")));
        words.extend(self.place_options());
        words.join(" ")
    }

    /// The options that say where the stock is kept.
    fn place_options(&self) -> Vec<String> {
        if let Some((url, name)) = self.store.address() {
            let choices = (name != Self::DEFAULT_SALE).then(|| format!("--sale {}", shell_quoted(name)));
            return std::iter::once(format!("--store {}", shell_quoted(url))).chain(choices).collect();
        }
        let file = self.file().filter(|plan| plan.file != Path::new(Self::DEFAULT_FILE));
        let file = file.map(|plan| format!("--file {}", shell_quoted_path(&plan.file)));
        let via = self.file().into_iter().flat_map(|plan| &plan.via);
        file.into_iter().chain(via.map(|name| format!("--via {}", shell_quoted_path(name)))).collect()
    }

    /// How its buyers are run when their steps are taken one at a time in a chosen order. To a database the kind of
    /// workers makes no difference: it knows only connections.
    #[must_use]
    pub fn workers_in_steps(&self) -> Workers {
        if self.file().is_some() { self.workers.in_steps() } else { Workers::Process }
    }

    /// The command that replays these steps under this plan. The steps name `named` buyers.
    #[must_use]
    pub fn replay_command(&self, steps: &str, named: u32) -> String {
        let mut words = vec![format!("ticketsim replay {}", shell_quoted(steps))];
        if self.buyers != named {
            words.push(format!("--buyers {}", self.buyers));
        }
        if let Some(tickets) = self.tickets {
            words.push(format!("--tickets {tickets}"));
        }
        words.extend(self.workers_in_steps().option());
        words.extend(self.store_options());
        words.extend(self.place_options());
        words.join(" ")
    }

    /// The ticket file of a command that names none.
    pub const DEFAULT_FILE: &str = "data/ticket.json";
    /// The sale of a command that names none.
    pub const DEFAULT_SALE: &str = "ticket";
    /// The think time of a command that names none.
    pub const DEFAULT_THINK: Duration = Duration::from_millis(10);
    /// The jitter of a command that names none.
    pub const DEFAULT_JITTER: f64 = 0.5;

    /// The options that say what a purchase does, where they differ from their defaults.
    fn store_options(&self) -> Vec<String> {
        let mut options = self.store.choices().options();
        if self.per_buyer != PerBuyer::ONE {
            options.push(format!("--per-buyer {}", self.per_buyer));
        }
        options
    }

    /// The options on think times, without the seed, where they differ from their defaults.
    fn pace_options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let think = Duration::from_nanos(self.pace.think_ns);
        let think_text = shell_quoted(&humantime::format_duration(think).to_string());
        if think != Self::DEFAULT_THINK {
            options.push(format!("--think {think_text}"));
        }
        // An exact comparison is right: the default is a literal, not a computed number.
        if self.pace.jitter != Self::DEFAULT_JITTER {
            options.push(format!("--jitter {}", self.pace.jitter));
        }
        options
    }
}
