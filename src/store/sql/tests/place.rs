//! A database for one test, and its removal.

use super::super::*;
use crate::store::server::Doing;

/// A database. Dropping it removes it.
pub(super) struct Place {
    pub(super) address: Address,
    /// What is removed with it.
    _keeps: Box<dyn std::any::Any>,
}

impl Place {
    /// A file in a folder of its own.
    #[cfg(feature = "sqlite")]
    pub(super) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { address: Address::Sqlite(folder.path().join("shop.db")), _keeps: Box::new(folder) }
    }

    /// A database at the server of PostgreSQL that is there; `None`, with a message, if there is none.
    #[cfg(feature = "postgres")]
    pub(super) fn postgres(test: &str) -> Option<Self> {
        let url = std::env::var("TICKETSIM_POSTGRES");
        let url = url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let Ok(Address::Postgres(server)) = Address::parse(&url) else { panic!("{url:?} is no server") };
        let connected = super::super::postgres::Talk::begin(&server, String::new());
        let mut talk = match connected {
            Ok(talk) => talk,
            Err(error) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} is skipped: {error}");
                eprintln!("skipped: {test}: {error}");
                return None;
            }
        };
        let name = name_of_a_database();
        talk.ask(Doing::Connect, &format!("CREATE DATABASE {name}")).expect("a database");
        drop(talk);
        // So that a deadlock costs no second.
        let options = Some("-c deadlock_timeout=20ms".to_owned());
        let own = address::PostgresAddress { database: name.clone(), options, ..(*server).clone() };
        let keeps = Box::new(Database { server: (*server).clone(), name });
        Some(Self { address: Address::Postgres(Box::new(own)), _keeps: keeps })
    }

    /// A database at the server of MariaDB that is there; `None`, with a message, if there is none.
    #[cfg(feature = "mysql")]
    pub(super) fn mysql(test: &str) -> Option<Self> {
        let url = std::env::var("TICKETSIM_MYSQL");
        let url = url.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/test".to_owned());
        let Ok(Address::Mysql(server)) = Address::parse(&url) else { panic!("{url:?} is no server") };
        let mut talk = match super::super::mysql::Talk::begin(&server, String::new()) {
            Ok(talk) => talk,
            Err(error) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} is skipped: {error}");
                eprintln!("skipped: {test}: {error}");
                return None;
            }
        };
        let name = name_of_a_database();
        talk.ask(Doing::Connect, &format!("CREATE DATABASE {name}")).expect("a database");
        let own = address::MysqlAddress { database: name.clone(), ..(*server).clone() };
        let keeps = Box::new(MysqlDatabase { server: *server, name });
        Some(Self { address: Address::Mysql(Box::new(own)), _keeps: keeps })
    }

    /// A sale there, with the usual name.
    pub(super) fn store(&self, choices: SqlChoices) -> SqlStore {
        SqlStore::new(choices, self.address.clone(), SaleName::default()).expect("a store")
    }

    /// Runs a statement there, like another program.
    pub(super) fn run(&self, statement: &str) {
        let store = self.store(SqlChoices::new(self.address.engine()));
        let mut books = store.books(true).expect("a connection");
        books.apply(Doing::Connect, &[statement.to_owned()]).expect(statement);
    }

    /// The number that a statement selects there.
    pub(super) fn number(&self, select: &str) -> Stock {
        let store = self.store(SqlChoices::new(self.address.engine()));
        let mut books = store.books(false).expect("a connection");
        books.number(Doing::Connect, select).expect(select).expect("a row")
    }
}

/// A name that no other test has.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn name_of_a_database() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("ticketsim_test_{}_{number}", std::process::id())
}

/// A database of MariaDB that is dropped in the end.
#[cfg(feature = "mysql")]
struct MysqlDatabase {
    server: address::MysqlAddress,
    name: String,
}

#[cfg(feature = "mysql")]
impl Drop for MysqlDatabase {
    fn drop(&mut self) {
        let dropped = super::super::mysql::Talk::begin(&self.server, String::new())
            .and_then(|mut talk| talk.ask(Doing::Connect, &format!("DROP DATABASE {}", self.name)));
        if let Err(error) = dropped {
            eprintln!("{} stays: {error}", self.name);
        }
    }
}

/// A database that is dropped in the end.
#[cfg(feature = "postgres")]
struct Database {
    server: address::PostgresAddress,
    name: String,
}

#[cfg(feature = "postgres")]
impl Drop for Database {
    fn drop(&mut self) {
        let dropped =
            super::super::postgres::Talk::begin(&self.server, String::new()).and_then(|mut talk| {
                talk.ask(Doing::Connect, &format!("DROP DATABASE {} WITH (FORCE)", self.name))
            });
        if let Err(error) = dropped {
            eprintln!("{} stays: {error}", self.name);
        }
    }
}
