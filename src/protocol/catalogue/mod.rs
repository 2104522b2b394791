//! The catalogue: well-known protocols, right and wrong, each with a name and a reputation. One table, as data.
//!
//! An entry has a [`Case`] for each store where it exists: the choices or steps that it stands for there, its
//! promise under each lock (of a file) or at each level (of a database), and the smallest sale that shows it.
//! Without a lock or level, a name stands for the first one. Other modules run, count, replay or grade the
//! plain [`Choices`] that they get from here; they do not know the names.

mod database;
mod file;
mod redis;

pub use database::DatabaseRecipe;
pub use file::{FileRecipe, Trial};
pub use redis::RedisRecipe;

use super::{Choices, Mishaps, StoreKind};
use crate::closed_set::closed_set;
use crate::lang::catalogue::Said;
use crate::stock::Stock;

closed_set! {
    /// The promise of a protocol.
    pub enum Promise: "promise" {
        /// No order of its steps sells a ticket twice, or leaves a buyer waiting for ever.
        Keeps = "keeps",
        /// Some order of its steps does.
        Breaks = "breaks",
    }
}

/// A protocol with a name.
#[derive(Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its description.
    pub said: &'static Said,
    /// The entry to compare it with: the same protocol with the fix, or without it.
    pub control: &'static str,
    /// The stores where it exists; the first one is shown first.
    pub cases: &'static [Case],
}

/// A protocol at one store.
#[derive(Debug, PartialEq)]
pub struct Case {
    /// What it stands for there.
    pub recipe: Recipe,
    /// How many buyers the smallest sale needs to show the promise.
    pub buyers: u32,
    /// How many tickets that sale has.
    pub tickets: Stock,
}

/// What a protocol stands for at a store.
#[derive(Debug, PartialEq)]
pub enum Recipe {
    /// On a ticket file.
    File(FileRecipe),
    /// In a database.
    Database(DatabaseRecipe),
    /// At a Redis server.
    Redis(RedisRecipe),
}

/// A protocol under one lock, or at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The name of the lock, or of the level.
    pub name: &'static str,
    /// What is promised.
    pub promise: Promise,
    /// What a purchase does.
    pub choices: Choices,
    /// How many mishaps may come in one schedule, for a protocol about mishaps.
    pub mishaps: Mishaps,
}

/// Why a name can't be looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// No protocol has this name.
    #[error("no protocol is called {given:?}; {}: {known}", meant(*nearest))]
    Unknown {
        /// The name that was given, at most its first 40 characters.
        given: String,
        /// The most similar name, if there is one.
        nearest: Option<&'static str>,
        /// All names.
        known: String,
    },
    /// The protocol does not exist at this store.
    #[error("{name} is no protocol of {store}; it is one of: {stores}", store = store.map_or("a ticket file", StoreKind::name))]
    OtherStore {
        /// The protocol.
        name: &'static str,
        /// The store; `None` for a ticket file.
        store: Option<StoreKind>,
        /// The stores where it exists.
        stores: String,
    },
    /// The protocol is not known under this lock, or at this level.
    #[error("{name} is not known with {what} {given}; it is known with: {known}")]
    OtherVariant {
        /// The protocol.
        name: &'static str,
        /// Whether it is a lock or a level.
        what: VariedBy,
        /// The lock or level that was given.
        given: &'static str,
        /// The locks or levels with which it is known.
        known: String,
    },
}

/// What the variants of a protocol differ by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariedBy {
    /// On a ticket file: by the lock.
    Lock,
    /// In a database: by the level of isolation.
    Level,
}

impl std::fmt::Display for VariedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            VariedBy::Lock => "lock",
            VariedBy::Level => "level",
        })
    }
}

/// The name of a store, or of a ticket file.
fn store_name(store: Option<StoreKind>) -> &'static str {
    store.map_or("file", StoreKind::name)
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| "there are".to_owned(), |nearest| format!("did you mean {nearest}? There are"))
}

/// The entries of all stores, one table for each kind of store.
const TABLES: &[&[Entry]] = &[file::ENTRIES, database::ENTRIES, redis::ENTRIES];

/// All entries, in their order.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    TABLES.iter().copied().flatten()
}

/// How similar a name has to be to be suggested; 1 is the same.
const LIKE: f64 = 0.8;

/// The entry of this name.
///
/// # Errors
/// When there is none.
pub fn entry(name: &str) -> Result<&'static Entry, CatalogueError> {
    all().find(|entry| entry.name == name).ok_or_else(|| {
        let likeness =
            |entry: &'static Entry| (strsim::jaro_winkler(&name.to_lowercase(), entry.name), entry.name);
        let nearest = all().map(likeness).filter(|(likeness, _)| *likeness >= LIKE);
        let nearest = nearest.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name);
        let known = all().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
        CatalogueError::Unknown { given: name.chars().take(40).collect(), nearest, known }
    })
}

impl Entry {
    /// Its case at this store, or on a ticket file where `store` is `None`.
    ///
    /// # Errors
    /// When it does not exist there.
    pub fn case(&'static self, store: Option<StoreKind>) -> Result<&'static Case, CatalogueError> {
        self.cases.iter().find(|case| case.kind() == store).ok_or_else(|| {
            let stores = self.cases.iter().map(Case::store).collect::<Vec<_>>().join(", ");
            CatalogueError::OtherStore { name: self.name, store, stores }
        })
    }
}

impl Case {
    /// Its store; `None` for a ticket file.
    #[must_use]
    pub fn kind(&self) -> Option<StoreKind> {
        match &self.recipe {
            Recipe::File(_) => None,
            Recipe::Database(recipe) => Some(StoreKind::Sql(recipe.engine)),
            Recipe::Redis(_) => Some(StoreKind::Redis),
        }
    }

    /// The name of its store.
    #[must_use]
    pub fn store(&self) -> &'static str {
        store_name(self.kind())
    }

    /// How it is tried on real files; `None` at other stores.
    #[must_use]
    pub const fn trial(&self) -> Option<Trial> {
        match &self.recipe {
            Recipe::File(recipe) => Some(recipe.trial),
            Recipe::Database(_) | Recipe::Redis(_) => None,
        }
    }

    /// Whether the kind of lock on a ticket file makes a difference: then each kind gets a row of its own.
    #[must_use]
    pub const fn differs_by_lock(&self) -> bool {
        match &self.recipe {
            Recipe::File(recipe) => recipe.differs_by_lock,
            Recipe::Database(_) | Recipe::Redis(_) => false,
        }
    }

    /// All its variants. The first one is what the name alone stands for.
    #[must_use]
    pub fn variants(&self) -> Vec<Variant> {
        match &self.recipe {
            Recipe::File(recipe) => recipe.variants(),
            Recipe::Database(recipe) => recipe.variants(),
            Recipe::Redis(recipe) => recipe.variants(),
        }
    }

    /// What the name alone stands for.
    ///
    /// # Panics
    /// Never: every case has a variant, as a test checks.
    #[must_use]
    pub fn usual(&self) -> Variant {
        self.variants()[0]
    }

    /// The variant with this lock, or at this level; the usual one, if none is named.
    ///
    /// # Errors
    /// When there is none.
    pub fn variant(
        &self,
        entry: &'static Entry,
        given: Option<&'static str>,
    ) -> Result<Variant, CatalogueError> {
        let variants = self.variants();
        let what = if self.kind().is_none() { VariedBy::Lock } else { VariedBy::Level };
        let Some(given) = given else { return Ok(variants[0]) };
        variants.iter().find(|variant| variant.name == given).copied().ok_or_else(|| {
            let known = variants.iter().map(|variant| variant.name).collect::<Vec<_>>().join(", ");
            CatalogueError::OtherVariant { name: entry.name, what, given, known }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::protocol::sql::Engine;

    #[test]
    fn names_are_told_apart_and_lead_to_their_controls() {
        let names: BTreeSet<&str> = all().map(|entry| entry.name).collect();
        assert_eq!(names.len(), all().count());
        for each in all() {
            assert!(each.name != each.control && names.contains(each.control), "{}", each.name);
            assert!(each.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", each.name);
            let stores: BTreeSet<&str> = each.cases.iter().map(Case::store).collect();
            assert_eq!(stores.len(), each.cases.len(), "{}", each.name);
            assert!(!stores.is_empty() && each.cases.iter().all(|case| !case.variants().is_empty()));
        }
    }

    /// A protocol that breaks is compared with one that keeps, and the other way round.
    #[test]
    fn a_protocol_and_its_control_promise_the_opposite() {
        for each in all() {
            let control = entry(each.control).expect("a control");
            for case in each.cases {
                let store = case.store();
                let beside =
                    control.cases.iter().find(|case| case.store() == store).expect("at the same store");
                let promises = (case.usual().promise, beside.usual().promise);
                let both_keep = promises == (Promise::Keeps, Promise::Keeps);
                assert!(promises.0 != promises.1 && !both_keep, "{} at {store}", each.name);
            }
        }
    }

    #[test]
    fn a_wrong_name_is_told_what_there_is() {
        let error = entry("chek-then-set").expect_err("no such name").to_string();
        assert!(error.contains("did you mean check-then-set?") && error.contains("renamed-away"), "{error}");
        let postgres = Some(StoreKind::Sql(Engine::Postgres));
        let error = entry("locked").expect("an entry").case(postgres).expect_err("no case");
        assert_eq!(error.to_string(), "locked is no protocol of postgres; it is one of: file");
        let upgrade = entry("upgrade").expect("an entry");
        let case = upgrade.case(None).expect("a case");
        assert_eq!(case.variant(upgrade, Some("posix")).expect("a variant").name, "posix");
        let error = case.variant(upgrade, Some("lockfile")).expect_err("never shared");
        assert!(error.to_string().contains("known with: flock, posix, ofd"), "{error}");
    }

    #[test]
    fn no_text_lacks_a_language() {
        let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        for each in all() {
            let Said { about, why, met_in, fix } = each.said;
            for text in [why, met_in, fix] {
                assert!(text.zh.contains(is_han), "{}: {}", each.name, text.zh);
            }
            for text in [about, why, met_in, fix] {
                assert!(!text.en.is_empty() && !text.en.contains(is_han), "{}: {}", each.name, text.en);
                assert!(!text.zh.is_empty(), "{}", each.name);
            }
        }
    }
}
