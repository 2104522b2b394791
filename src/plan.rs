//! Everything that a run needs, checked: no clap type, no environment, no I/O.
//!
//! A [`Plan`] serialises to the `plan` object of every JSON document, history and page, and
//! [`Plan::command`] gives the command that repeats it.

mod command;
mod error;
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
use crate::protocol::{AddressChoices, Choices, Protocol};
use crate::stock::Stock;

pub use error::{OneHost, OneName, PlanError};
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
#[serde(expecting = "an object")]
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
    /// At a store that has an address. It comes first, since serde tries it first: a document with a `store` means this.
    At(AddressPlan),
    /// In a ticket file.
    File(FilePlan),
}

/// A ticket file, and what one purchase does to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
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
#[serde(expecting = "an object")]
pub struct AddressPlan<C = AddressChoices> {
    /// What one purchase does.
    #[serde(flatten)]
    pub choices: C,
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

impl<C> AddressPlan<C> {
    /// The same place, with other choices.
    #[must_use]
    pub fn with<D>(&self, choices: D) -> AddressPlan<D> {
        let Self { url, given, name, .. } = self;
        AddressPlan { choices, url: url.clone(), given: given.clone(), name: name.clone() }
    }
}

impl<C: Into<AddressChoices>> From<AddressPlan<C>> for StorePlan {
    fn from(AddressPlan { choices, url, given, name }: AddressPlan<C>) -> Self {
        StorePlan::At(AddressPlan { choices: choices.into(), url, given, name })
    }
}

impl StorePlan {
    /// These choices in the sale `name` at the address `url`, which was `given` so; for a ticket file, at the
    /// usual path.
    #[must_use]
    pub fn new(choices: Choices, url: String, given: Given, name: String) -> Self {
        match choices.at_address() {
            Ok(choices) => StorePlan::At(AddressPlan { choices, url, given, name }),
            Err(choices) => StorePlan::File(FilePlan::new(choices, Plan::DEFAULT_FILE.as_ref())),
        }
    }

    /// What one purchase does.
    #[must_use]
    pub fn choices(&self) -> Choices {
        match self {
            StorePlan::File(plan) => Choices::File(plan.choices),
            StorePlan::At(plan) => plan.choices.into(),
        }
    }

    /// The ticket file, if it is one.
    #[must_use]
    pub const fn file(&self) -> Option<&FilePlan> {
        match self {
            StorePlan::File(plan) => Some(plan),
            StorePlan::At(_) => None,
        }
    }

    /// The address without a password, and the name of the sale there; `None` for a ticket file.
    #[must_use]
    pub fn address(&self) -> Option<(&str, &str)> {
        match self {
            StorePlan::File(_) => None,
            StorePlan::At(plan) => Some((&plan.url, &plan.name)),
        }
    }
}

/// Everything that a run needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
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
        PlanError::check_rogues(&self.store.choices(), self.buyers)?;
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

    /// How its buyers are run when their steps are taken one at a time in a chosen order. To a database the kind of
    /// workers makes no difference: it knows only connections.
    #[must_use]
    pub fn workers_in_steps(&self) -> Workers {
        if self.file().is_some() { self.workers.in_steps() } else { Workers::Process }
    }

    /// The ticket file of a command that names none.
    pub const DEFAULT_FILE: &str = "data/ticket.json";
    /// The sale of a command that names none.
    pub const DEFAULT_SALE: &str = "ticket";
    /// The think time of a command that names none.
    pub const DEFAULT_THINK: Duration = Duration::from_millis(10);
    /// The jitter of a command that names none.
    pub const DEFAULT_JITTER: f64 = 0.5;
}
