//! What one purchase does, at any store: what the choices of all stores have in common.

use serde::{Deserialize, Serialize};

use super::file::FileChoices;
use super::redis::{Fence, RedisChoices};
use super::sql::{Isolation, SqlChoices};
use super::{Protocol, StoreKind};

/// The questions that the choices of every store answer. All code that needs to know something about a
/// purchase asks here, so that a new store needs only one more file of choices.
pub trait StoreChoices {
    /// The steps of a purchase.
    fn protocol(&self) -> Protocol;

    /// The steps of a purchase of one buyer, counted from 1.
    fn protocol_of(&self, _buyer: u32) -> Protocol {
        self.protocol()
    }

    /// Whether all buyers take the same steps.
    fn are_alike(&self) -> bool {
        true
    }

    /// Whether a purchase that the store aborted is tried again.
    fn retries(&self) -> bool {
        false
    }

    /// Whether it takes a lease, which can expire.
    fn leases(&self) -> bool {
        false
    }

    /// Whether a request that must wait is sent and waits in the store, until a step of another buyer brings
    /// its answer.
    fn waits_in_store(&self) -> bool {
        false
    }

    /// Which store it is; `None` for a ticket file.
    fn kind(&self) -> Option<StoreKind>;

    /// The names of its locks, as `--lock` takes them.
    fn locks(&self) -> String;

    /// What keeps buyers apart there.
    fn guard(&self) -> Guard;

    /// The command-line options that differ from their defaults.
    fn options(&self) -> Vec<String>;

    /// The options that decide beside the steps and are written before them.
    fn settings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The options that are chosen beside the steps and are written after them.
    fn additions(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What keeps buyers apart at a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    Nothing,
    /// A lock on a ticket file.
    Lock,
    /// A transaction of this level.
    Level(Isolation),
    /// A lease that ends by itself.
    Lease {
        /// For how long it is taken, in nanoseconds.
        lease_ns: u64,
        /// Which requests present its token.
        fence: Fence,
    },
}

impl Guard {
    /// The fence, if a lease has one.
    #[must_use]
    pub fn fence(self) -> Option<Fence> {
        match self {
            Guard::Lease { fence, .. } => Some(fence).filter(|fence| *fence != Fence::None),
            Guard::Nothing | Guard::Lock | Guard::Level(_) => None,
        }
    }
}

/// What one purchase does, at any store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Choices {
    /// At a ticket file.
    File(FileChoices),
    /// At a database.
    Sql(SqlChoices),
    /// At a Redis server.
    Redis(RedisChoices),
}

/// What one purchase does at a store that has an address: any but a ticket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AddressChoices {
    /// At a database.
    Sql(SqlChoices),
    /// At a Redis server.
    Redis(RedisChoices),
}

impl From<AddressChoices> for Choices {
    fn from(choices: AddressChoices) -> Self {
        match choices {
            AddressChoices::Sql(choices) => Choices::Sql(choices),
            AddressChoices::Redis(choices) => Choices::Redis(choices),
        }
    }
}

impl AddressChoices {
    /// The same choices, with a longest wait for a lock, in nanoseconds, where the store has such a setting.
    #[must_use]
    pub const fn with_lock_timeout(self, lock_timeout_ns: Option<u64>) -> Self {
        match self {
            AddressChoices::Sql(choices) => AddressChoices::Sql(SqlChoices { lock_timeout_ns, ..choices }),
            never_waits => never_waits,
        }
    }
}

impl From<SqlChoices> for AddressChoices {
    fn from(choices: SqlChoices) -> Self {
        AddressChoices::Sql(choices)
    }
}

impl From<RedisChoices> for AddressChoices {
    fn from(choices: RedisChoices) -> Self {
        AddressChoices::Redis(choices)
    }
}

impl Choices {
    /// The choices of a store that has an address.
    ///
    /// # Errors
    /// The choices of a ticket file.
    pub const fn at_address(self) -> Result<AddressChoices, FileChoices> {
        match self {
            Choices::File(choices) => Err(choices),
            Choices::Sql(choices) => Ok(AddressChoices::Sql(choices)),
            Choices::Redis(choices) => Ok(AddressChoices::Redis(choices)),
        }
    }

    /// The usual choices of a store.
    #[must_use]
    pub const fn usual(store: StoreKind) -> Self {
        match store {
            StoreKind::Sql(engine) => Choices::Sql(SqlChoices::new(engine)),
            StoreKind::Redis => Choices::Redis(RedisChoices::new()),
        }
    }

    /// The only place that tells the stores apart.
    fn of_store(&self) -> &dyn StoreChoices {
        match self {
            Choices::File(choices) => choices,
            Choices::Sql(choices) => choices,
            Choices::Redis(choices) => choices,
        }
    }

    /// The same choices, with or without trying an aborted purchase again.
    #[must_use]
    pub const fn with_retry(self, retry: bool) -> Self {
        match self {
            Choices::Sql(choices) => Choices::Sql(SqlChoices { retry, ..choices }),
            never_aborted => never_aborted,
        }
    }
}

/// What every store answers: see [`StoreChoices`].
impl Choices {
    /// The steps of a purchase.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.of_store().protocol()
    }

    /// The steps of a purchase of one buyer, counted from 1.
    #[must_use]
    pub fn protocol_of(&self, buyer: u32) -> Protocol {
        self.of_store().protocol_of(buyer)
    }

    /// Whether all buyers take the same steps.
    #[must_use]
    pub fn are_alike(&self) -> bool {
        self.of_store().are_alike()
    }

    /// Whether a purchase that the store aborted is tried again.
    #[must_use]
    pub fn retries(&self) -> bool {
        self.of_store().retries()
    }

    /// Whether it takes a lease, which can expire.
    #[must_use]
    pub fn leases(&self) -> bool {
        self.of_store().leases()
    }

    /// Whether a request that has to wait waits in the store.
    #[must_use]
    pub fn waits_in_store(&self) -> bool {
        self.of_store().waits_in_store()
    }

    /// Which store it is; `None` for a ticket file.
    #[must_use]
    pub fn kind(&self) -> Option<StoreKind> {
        self.of_store().kind()
    }

    /// The names of its locks, as `--lock` takes them.
    #[must_use]
    pub fn locks(&self) -> String {
        self.of_store().locks()
    }

    /// What keeps buyers apart there.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.of_store().guard()
    }

    /// The command-line options that differ from their defaults.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        self.of_store().options()
    }

    /// The options that decide beside the steps and are written before them.
    #[must_use]
    pub fn settings(&self) -> Vec<String> {
        self.of_store().settings()
    }

    /// The options that are chosen beside the steps and are written after them.
    #[must_use]
    pub fn additions(&self) -> Vec<String> {
        self.of_store().additions()
    }
}
