//! The stores other than a ticket file.

use serde::{Deserialize, Serialize};

use super::{redis, sql};
use crate::closed_set::UnknownName;

/// A store other than a ticket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKind {
    /// A database.
    Sql(sql::Engine),
    /// A Redis server.
    Redis,
}

impl StoreKind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        sql::Engine::ALL.iter().copied().map(StoreKind::Sql).chain([StoreKind::Redis])
    }

    /// Its name in addresses and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            StoreKind::Sql(engine) => engine.name(),
            StoreKind::Redis => "redis",
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            StoreKind::Sql(engine) => engine.title(),
            StoreKind::Redis => redis::TITLE,
        }
    }
}

impl StoreKind {
    /// The shortest address: the rest comes from the environment. Of SQLite, a file in the current folder.
    #[must_use]
    pub const fn usual_url(self) -> &'static str {
        match self {
            StoreKind::Sql(engine) => engine.usual_url(),
            StoreKind::Redis => "redis://",
        }
    }
}

impl StoreKind {
    /// The unit of its lock time-out, in nanoseconds; `None` where it has no such setting.
    #[must_use]
    pub const fn lock_timeout_unit_ns(self) -> Option<u64> {
        match self {
            StoreKind::Sql(engine) => engine.lock_timeout_unit_ns(),
            StoreKind::Redis => None,
        }
    }
}

impl std::str::FromStr for StoreKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::all().find(|store| store.name() == text).ok_or_else(|| UnknownName {
            what: "store",
            given: text.chars().take(40).collect(),
            known: Self::all().map(Self::name).collect::<Vec<_>>().join(", "),
        })
    }
}

impl Serialize for StoreKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for StoreKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
