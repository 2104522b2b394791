//! Which stores there are beside a ticket file.

use super::{redis, sql};

/// Which store it is, where it is no ticket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKind {
    /// A database.
    Sql(sql::Engine),
    /// A Redis server.
    Redis,
}

impl StoreKind {
    /// Every one of them.
    pub fn all() -> impl Iterator<Item = Self> {
        sql::Engine::ALL.iter().copied().map(StoreKind::Sql).chain([StoreKind::Redis])
    }

    /// The name that addresses and documents begin with.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            StoreKind::Sql(engine) => engine.name(),
            StoreKind::Redis => "redis",
        }
    }

    /// What it is called in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            StoreKind::Sql(engine) => engine.title(),
            StoreKind::Redis => redis::TITLE,
        }
    }
}
