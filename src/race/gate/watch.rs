//! Who waits for whom at the server, and how its tables hang together: asked on a connection of its own, past the
//! gate.

mod redis;

use std::collections::BTreeMap;

pub use redis::RedisWatch;

use super::statement::Tables;
use crate::store::sql::{PostgresAddress, PostgresTalk, SqlError};

/// What a schema has that a statement does not say.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Tables that belong together by foreign keys: a write of one looks at the others, and may lock them.
    keys: BTreeMap<String, Tables>,
    /// Tables of which a write, and views of which anything, may do more than it says: triggers, rules.
    opaque: Tables,
    /// Whether transactions see one state throughout unless they say otherwise.
    pub snapshot: bool,
}

impl Schema {
    /// The tables that a write of these may look at or lock.
    #[must_use]
    pub fn beside(&self, written: &Tables) -> Tables {
        let mut all = written.clone();
        let mut open: Vec<&String> = written.iter().collect();
        while let Some(table) = open.pop() {
            for other in self.keys.get(table).into_iter().flatten() {
                if all.insert(other.clone()) {
                    open.push(other);
                }
            }
        }
        all
    }

    /// Whether a statement that names these may do more than it says.
    #[must_use]
    pub fn is_opaque(&self, tables: &Tables) -> bool {
        !self.opaque.is_disjoint(tables)
    }
}

/// A connection for questions.
#[derive(Debug)]
pub struct Watch<'a> {
    talk: PostgresTalk<'a>,
}

/// Foreign keys, in both directions; triggers, rules and views.
const SCHEMA: &str = "SELECT 'k', a.relname, b.relname FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid \
     JOIN pg_class b ON b.oid = k.confrelid WHERE k.contype = 'f' AND a.oid <> b.oid \
     UNION ALL SELECT 'o', c.relname, '' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND (c.relkind IN ('v', 'm', 'f', 'p') OR c.relrowsecurity \
     OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid) \
     OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid) \
     OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal))";

impl<'a> Watch<'a> {
    /// Connects.
    ///
    /// # Errors
    /// When the server does not let it in.
    pub fn begin(address: &'a PostgresAddress) -> Result<Self, SqlError> {
        Ok(Self { talk: PostgresTalk::begin(address, String::new())? })
    }

    /// What the statements do not say.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn schema(&mut self) -> Result<Schema, SqlError> {
        let mut schema = Schema::default();
        for row in self.talk.ask("reading the schema", SCHEMA)? {
            let mut row = row.into_iter().flatten();
            match (row.next().as_deref(), row.next(), row.next()) {
                (Some("k"), Some(one), Some(other)) => {
                    schema.keys.entry(one.clone()).or_default().insert(other.clone());
                    schema.keys.entry(other).or_default().insert(one);
                }
                (Some("o"), Some(table), _) => drop(schema.opaque.insert(table)),
                _ => {}
            }
        }
        // Our own connection asks for read committed: what the server, a database or a role says elsewhere counts.
        let roles = "SELECT string_agg(lower(array_to_string(setconfig, ' ')), ' ') FROM pg_db_role_setting";
        let roles = self.talk.ask_one("reading the settings", roles)?.unwrap_or_default();
        let server = "SELECT string_agg(lower(setting), ' ') FROM pg_file_settings \
             WHERE name = 'default_transaction_isolation'";
        // Not everybody may read the server's file; it rarely says anything of it.
        let server = self.talk.ask_one("reading the settings", server).ok().flatten().unwrap_or_default();
        let says = |text: &str| text.contains("serializable") || text.contains("repeatable read");
        schema.snapshot = says(&roles) || says(&server);
        Ok(schema)
    }

    /// For whom a process waits, if it does.
    fn blockers(&mut self, pid: i32) -> Result<Option<Vec<i32>>, SqlError> {
        let ask = format!("SELECT array_to_string(pg_blocking_pids({pid}), ',')");
        let list = self.talk.ask_one("looking who waits", &ask)?.unwrap_or_default();
        let pids: Vec<i32> = list.split(',').filter_map(|pid| pid.parse().ok()).collect();
        Ok((!pids.is_empty()).then_some(pids))
    }
}

/// Who is asked, past one of the gate's doors.
#[derive(Debug)]
pub enum Watcher<'a> {
    /// PostgreSQL.
    Postgres(Watch<'a>),
    /// Redis.
    Redis(RedisWatch),
}

impl Watcher<'_> {
    /// For whom a connection waits, if it does: empty where the server does not say.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn blockers(&mut self, pid: i32) -> Result<Option<Vec<i32>>, String> {
        match self {
            Watcher::Postgres(watch) => watch.blockers(pid).map_err(|error| error.to_string()),
            Watcher::Redis(watch) => Ok(watch.waits(pid)?.then(Vec::new)),
        }
    }
}
