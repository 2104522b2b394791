//! The plan of a schedule file: the part of a plan that a replay needs, and its JSON.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::closed_set::{ClosedSet, UnknownName};
use crate::plan::{AddressPlan, FilePlan, Given, PerBuyer, Plan, StorePlan, Workers};
use crate::protocol::file::{FileChoices, Lock, LockOn, Others, Trouble, Write};
use crate::protocol::redis::{Fence, RedisChoices, RedisLock};
use crate::protocol::sql::{Engine, Isolation, Journal, SqlChoices, Switch};
use crate::protocol::{AddressChoices, Choices, Protocol, ProtocolError, StoreKind};
use crate::schedule::Schedule;
use crate::stock::Stock;

/// The part of a plan that a replay needs: all but the ticket file and the think times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PlanText", into = "PlanText")]
#[serde(expecting = "an object")]
pub struct SchedulePlan {
    /// How many buyers there are; `None`: as many as the schedule names.
    pub buyers: Option<u32>,
    /// How many tickets are on sale; `None`: the store's own stock.
    pub tickets: Option<Stock>,
    /// What one purchase does, and where, if that is a database.
    pub choices: ScheduleChoices,
    /// How many purchases each buyer makes.
    pub per_buyer: PerBuyer,
    /// How buyers are run; one of [`Workers::IN_STEPS`].
    pub workers: Workers,
    /// The database and its version on which the schedule was found, if known.
    pub engine: Option<String>,
}

/// What one purchase of a schedule does.
#[derive(Clone, Debug, PartialEq)]
pub enum ScheduleChoices {
    /// At a ticket file, which a schedule does not name.
    File(FileChoices),
    /// At a store that has an address.
    At(AddressPlan),
}

impl ScheduleChoices {
    /// The store that it is at; `None` for a ticket file.
    #[must_use]
    pub fn store_kind(&self) -> Option<StoreKind> {
        self.choices().kind()
    }

    /// What one purchase does.
    #[must_use]
    pub fn choices(&self) -> Choices {
        match self {
            ScheduleChoices::File(choices) => Choices::File(*choices),
            ScheduleChoices::At(plan) => plan.choices.into(),
        }
    }

    /// Its store; for a ticket file, at this path.
    fn store(&self, file: &Path) -> StorePlan {
        match self {
            ScheduleChoices::File(choices) => StorePlan::File(FilePlan::new(*choices, file)),
            ScheduleChoices::At(plan) => StorePlan::At(plan.clone()),
        }
    }
}

impl From<StorePlan> for ScheduleChoices {
    fn from(store: StorePlan) -> Self {
        match store {
            StorePlan::File(plan) => ScheduleChoices::File(plan.choices),
            StorePlan::At(plan) => ScheduleChoices::At(plan),
        }
    }
}

/// Which member of a schedule file's plan is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanMistake {
    /// A member names something that is not known.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// The steps of a purchase, or what goes with them.
    #[error(transparent)]
    Steps(#[from] ProtocolError),
    /// A member that only databases have, and the plan names no store.
    #[error("\"{0}\" is of a database: the plan names no \"store\"")]
    NoStore(&'static str),
    /// A member that only databases have, and the store is Redis.
    #[error("\"{0}\" is of a database, and the plan's \"store\" is Redis")]
    OfDatabase(&'static str),
    /// Members that only ticket files have, and the plan names a store.
    #[error("\"lock_on\", \"fsync\" and \"workers\" are of a ticket file: the plan names a \"store\"")]
    OfFile,
    /// A member that only Redis has, and the store is a database.
    #[error("\"fence\" is of Redis, and the plan's \"store\" is a database")]
    OfRedis,
}

/// A [`SchedulePlan`] as it is written in a schedule file. Absent members have the command line's defaults; a `store`
/// member names a server or database.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[serde(expecting = "an object")]
pub(super) struct PlanText {
    #[serde(skip_serializing_if = "Option::is_none")]
    buyers: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<Stock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<StoreKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<Isolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Protocol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    write: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_on: Option<LockOn>,
    #[serde(skip_serializing_if = "is_not")]
    fsync: bool,
    #[serde(skip_serializing_if = "is_not")]
    break_stale: bool,
    #[serde(skip_serializing_if = "Others::is_empty")]
    other_locks: Others,
    #[serde(skip_serializing_if = "Option::is_none")]
    rogue: Option<u32>,
    #[serde(skip_serializing_if = "is_not")]
    inherit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_ns: Option<u64>,
    #[serde(skip_serializing_if = "is_not")]
    stale: bool,
    #[serde(skip_serializing_if = "is_not")]
    constraint: bool,
    #[serde(skip_serializing_if = "is_not")]
    retry: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<Journal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    busy_timeout_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_isolation: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fence: Option<Fence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    per_buyer: Option<PerBuyer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workers: Option<Workers>,
}

const fn is_not(is: &bool) -> bool {
    !*is
}

/// A member by its name.
fn member<T: ClosedSet>(text: Option<&str>) -> Result<Option<T>, UnknownName> {
    text.map(str::parse).transpose()
}

impl TryFrom<PlanText> for SchedulePlan {
    type Error = PlanMistake;

    fn try_from(text: PlanText) -> Result<Self, PlanMistake> {
        let choices = match text.store {
            None => ScheduleChoices::File(text.choices_of_file()?),
            Some(kind) => {
                let choices = match kind {
                    StoreKind::Sql(engine) => text.choices_of_database(engine)?.into(),
                    StoreKind::Redis => text.choices_of_redis()?.into(),
                };
                let url = text.url.clone().unwrap_or_else(|| kind.usual_url().to_owned());
                let name = text.name.clone().unwrap_or_else(|| Plan::DEFAULT_SALE.to_owned());
                ScheduleChoices::At(AddressPlan { choices, url, given: Given::default(), name })
            }
        };
        let PlanText { buyers, tickets, engine, per_buyer, workers, .. } = text;
        let (per_buyer, workers) = (per_buyer.unwrap_or(PerBuyer::ONE), workers.unwrap_or(Workers::Process));
        Ok(Self { buyers, tickets, choices, per_buyer, workers: workers.in_steps(), engine })
    }
}

impl PlanText {
    fn choices_of_file(&self) -> Result<FileChoices, PlanMistake> {
        let elsewhere =
            [("url", self.url.is_some()), ("name", self.name.is_some()), ("fence", self.fence.is_some())];
        let mut given = self.of_databases().into_iter().chain(elsewhere);
        if let Some((name, _)) = given.find(|(_, is_given)| *is_given) {
            return Err(PlanMistake::NoStore(name));
        }
        let (lock, write) = (member::<Lock>(self.lock.as_deref())?, member::<Write>(self.write.as_deref())?);
        let choices = match self.steps {
            Some(steps) => FileChoices::of_steps(steps, lock, self.lock_on, write)?,
            None => {
                let usual = FileChoices::new(lock.unwrap_or(Lock::Flock), write.unwrap_or(Write::Overwrite));
                FileChoices { lock_on: self.lock_on.unwrap_or(usual.lock_on), ..usual }
            }
        };
        let Self { fsync, break_stale, other_locks, inherit, lease_ns, stale, .. } = *self;
        let trouble = Trouble { other_locks, rogue: self.rogue.unwrap_or(0), inherit, lease_ns, stale };
        Ok(trouble.onto(FileChoices { fsync, break_stale, ..choices })?)
    }

    /// The members that only databases have, and whether each is given.
    fn of_databases(&self) -> [(&'static str, bool); 6] {
        [
            ("isolation", self.isolation.is_some()),
            ("constraint", self.constraint),
            ("retry", self.retry),
            ("journal", self.journal.is_some()),
            ("busy_timeout_ns", self.busy_timeout_ns.is_some()),
            ("snapshot_isolation", self.snapshot_isolation.is_some()),
        ]
    }

    /// Rejects members that only a ticket file has.
    fn none_of_a_file(&self) -> Result<(), PlanMistake> {
        if self.lock_on.is_some() || self.fsync || self.workers.is_some() {
            return Err(PlanMistake::OfFile);
        }
        Ok(())
    }

    fn choices_of_redis(&self) -> Result<RedisChoices, PlanMistake> {
        self.none_of_a_file()?;
        if let Some((name, _)) = self.of_databases().into_iter().find(|(_, is_given)| *is_given) {
            return Err(PlanMistake::OfDatabase(name));
        }
        let usual = RedisChoices::new();
        let choices = RedisChoices {
            lock: member::<RedisLock>(self.lock.as_deref())?.unwrap_or(usual.lock),
            lease_ns: self.lease_ns.unwrap_or(usual.lease_ns),
            fence: self.fence.unwrap_or(usual.fence),
            write: member(self.write.as_deref())?.unwrap_or(usual.write),
            steps: None,
        };
        let choices = self.steps.map_or_else(|| choices.checked(), |steps| choices.of_steps(steps));
        Ok(choices?)
    }

    fn choices_of_database(&self, engine: Engine) -> Result<SqlChoices, PlanMistake> {
        self.none_of_a_file()?;
        if self.fence.is_some() {
            return Err(PlanMistake::OfRedis);
        }
        let usual = SqlChoices::new(engine);
        let choices = SqlChoices {
            isolation: self.isolation.unwrap_or(usual.isolation),
            lock: member(self.lock.as_deref())?.unwrap_or(usual.lock),
            write: member(self.write.as_deref())?.unwrap_or(usual.write),
            constraint: self.constraint,
            retry: self.retry,
            journal: self.journal.unwrap_or(usual.journal),
            busy_timeout_ns: self.busy_timeout_ns.unwrap_or(usual.busy_timeout_ns),
            snapshot_isolation: self.snapshot_isolation,
            ..usual
        };
        let choices = self.steps.map_or_else(|| choices.checked(), |steps| choices.of_steps(steps));
        Ok(choices?)
    }
}

impl PlanText {
    /// The members of these choices beside the others.
    fn with_database(self, choices: SqlChoices) -> Self {
        let only_here = choices.engine == Engine::Sqlite;
        Self {
            isolation: Some(choices.isolation),
            steps: Some(choices.protocol()),
            lock: Some(choices.lock.to_string()),
            write: Some(choices.write.to_string()),
            constraint: choices.constraint,
            retry: choices.retry,
            journal: only_here.then_some(choices.journal),
            busy_timeout_ns: only_here.then_some(choices.busy_timeout_ns),
            snapshot_isolation: choices.snapshot_isolation,
            ..self
        }
    }

    /// The members of these choices beside the others.
    fn with_redis(self, choices: RedisChoices) -> Self {
        Self {
            steps: Some(choices.protocol()),
            lock: Some(choices.lock.to_string()),
            write: Some(choices.write.to_string()),
            lease_ns: (choices.lock == RedisLock::Lease).then_some(choices.lease_ns),
            fence: (choices.fence != Fence::None).then_some(choices.fence),
            ..self
        }
    }
}

impl From<SchedulePlan> for PlanText {
    fn from(plan: SchedulePlan) -> Self {
        let SchedulePlan { buyers, tickets, choices, per_buyer, workers, engine } = plan;
        let workers = Some(workers).filter(|workers| *workers != Workers::Process);
        let common = Self { buyers, tickets, engine, per_buyer: Some(per_buyer), workers, ..Self::default() };
        match choices {
            ScheduleChoices::File(choices) => {
                let Trouble { other_locks, rogue, inherit, lease_ns, stale } = Trouble::of(&choices);
                Self {
                    steps: Some(choices.protocol()),
                    lock: Some(choices.lock.to_string()),
                    write: Some(choices.write.to_string()),
                    lock_on: (choices.lock_on != choices.write.default_lock_on()).then_some(choices.lock_on),
                    fsync: choices.fsync,
                    break_stale: choices.break_stale,
                    other_locks,
                    rogue: (rogue > 0).then_some(rogue),
                    inherit,
                    lease_ns,
                    stale,
                    ..common
                }
            }
            ScheduleChoices::At(AddressPlan { choices, url, name, .. }) => {
                let store = Choices::from(choices).kind();
                let common = Self { store, url: Some(url), name: Some(name), ..common };
                match choices {
                    AddressChoices::Sql(choices) => common.with_database(choices),
                    AddressChoices::Redis(choices) => common.with_redis(choices),
                }
            }
        }
    }
}

impl SchedulePlan {
    /// The part of this plan that a replay needs.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let choices = match &plan.store {
            StorePlan::File(file) => ScheduleChoices::File(FileChoices {
                lock_timeout_ns: None,
                break_stale: false,
                ..file.choices
            }),
            elsewhere => elsewhere.clone().into(),
        };
        Self {
            buyers: Some(plan.buyers),
            tickets: plan.tickets,
            choices,
            per_buyer: plan.per_buyer,
            workers: plan.workers_in_steps(),
            engine: None,
        }
    }

    /// The plan of a replay of `steps`; for a ticket file, on the file `file`. Buyers do not think: the schedule says
    /// when each goes on.
    #[must_use]
    pub fn plan(&self, steps: &Schedule, file: &Path) -> Plan {
        let buyers = self.buyers.unwrap_or_else(|| steps.buyers());
        let plan = Plan::on_file(FileChoices::usual(), file, buyers, self.tickets);
        let store = self.choices.store(file);
        Plan { store, per_buyer: self.per_buyer, workers: self.workers, ..plan }
    }
}
