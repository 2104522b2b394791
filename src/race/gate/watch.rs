//! Asks the server which sessions wait for which, and how its tables depend on each other, on a connection of its own
//! that bypasses the gate.

mod redis;

use std::collections::BTreeMap;

pub use redis::RedisWatch;

use super::alike::{Alike, Columns};
use super::statement::{Statement, Tables};
use crate::store::server::Doing;
use crate::store::sql::{PostgresAddress, PostgresTalk, SqlError};

/// What statements do not show of the tables.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Tables that are connected by foreign keys: a write to one reads the others, and may lock them.
    keys: BTreeMap<String, Tables>,
    /// Views, and tables with triggers, rules, partitions or row security: a statement on them may do more than it says.
    opaque: Tables,
    /// Whether transactions see one state from beginning to end by default.
    pub snapshot: bool,
    /// The unique keys of a table.
    uniques: BTreeMap<String, Vec<Columns>>,
    /// The columns of a table's unique and foreign keys.
    in_keys: BTreeMap<String, Columns>,
    /// Tables whose keys are not certain: there are several tables of the name, or unusual keys.
    odd: Tables,
}

impl Schema {
    /// The tables that a write to these may read or lock.
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

/// Stands for all tables.
const ALL: &str = "*";

impl Schema {
    /// Whether a statement has the same effect after a wait as if it had come later. Returns the tables for which this
    /// holds as long as no statement changes their rows' keys.
    #[must_use]
    pub fn alike(&self, statement: &Statement) -> Option<Tables> {
        match statement.alike.as_ref()? {
            Alike::Lock => Some(Tables::new()),
            Alike::Row { table, by } => {
                let keys = self.uniques.get(table)?;
                let none = Columns::new();
                let in_keys = self.in_keys.get(table).unwrap_or(&none);
                let holds = keys.iter().any(|key| key.is_subset(by))
                    && by.is_subset(in_keys)
                    && in_keys.is_disjoint(&statement.changes.sets)
                    && !self.odd.contains(table)
                    && !self.opaque.contains(table);
                holds.then(|| [table.clone()].into())
            }
        }
    }

    /// The tables of which a statement adds, removes or renames rows, or which it may lock as a whole.
    #[must_use]
    pub fn changed(&self, statement: &Statement) -> Tables {
        let changes = &statement.changes;
        let named: Tables = statement.reads.union(&statement.touches).cloned().collect();
        if changes.anything || self.is_opaque(&named) {
            return Self::everything();
        }
        let mut rows = changes.rows.clone();
        if changes.cascades {
            rows = self.beside(&rows);
        }
        for table in &statement.touches {
            let in_keys = self.in_keys.get(table);
            if self.odd.contains(table) || in_keys.is_some_and(|columns| !columns.is_disjoint(&changes.sets))
            {
                rows.extend(self.beside(&[table.clone()].into()));
            }
        }
        rows
    }

    /// All tables: waiting makes a difference.
    #[must_use]
    pub fn everything() -> Tables {
        [ALL.to_owned()].into()
    }

    /// Whether one of these tables was changed.
    #[must_use]
    pub fn meets(assumed: &Tables, changed: &Tables) -> bool {
        changed.contains(ALL) || !assumed.is_disjoint(changed)
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

/// Keys and their columns; tables whose keys are not certain.
const KEYS: &str = "WITH own AS (SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')) \
     SELECT 'u', c.relname, string_agg(a.attname, chr(10)) FROM own c JOIN pg_index i ON i.indrelid = c.oid \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) \
     WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL \
     GROUP BY c.relname, i.indexrelid \
     UNION ALL SELECT 'c', c.relname, a.attname FROM own c JOIN pg_constraint k ON k.contype = 'f' AND c.oid = k.conrelid \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey) \
     UNION ALL SELECT 'm', c.relname, '' FROM own c JOIN pg_index i ON i.indrelid = c.oid \
     WHERE i.indisunique AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL OR NOT i.indimmediate) OR i.indisexclusion \
     UNION ALL SELECT 'm', relname, '' FROM own GROUP BY relname HAVING count(*) > 1";

impl<'a> Watch<'a> {
    /// Connects.
    ///
    /// # Errors
    /// When the server can't be reached, or does not accept the login.
    pub fn begin(address: &'a PostgresAddress) -> Result<Self, SqlError> {
        Ok(Self { talk: PostgresTalk::begin(address, String::new())? })
    }

    /// Reads what the statements do not show.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn schema(&mut self) -> Result<Schema, SqlError> {
        let mut schema = Schema::default();
        for row in self.talk.ask(Doing::ReadSchema, SCHEMA)? {
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
        for row in self.talk.ask(Doing::ReadKeys, KEYS)? {
            let mut row = row.into_iter().flatten();
            let (Some(kind), Some(table), Some(columns)) = (row.next(), row.next(), row.next()) else {
                continue;
            };
            let columns: Columns = columns.lines().map(ToOwned::to_owned).collect();
            match kind.as_str() {
                "m" => drop(schema.odd.insert(table)),
                "u" => {
                    schema.in_keys.entry(table.clone()).or_default().extend(columns.clone());
                    schema.uniques.entry(table).or_default().push(columns);
                }
                _ => schema.in_keys.entry(table).or_default().extend(columns),
            }
        }
        // Our own connection asks for read committed, so the settings of the server, the database and the role are read.
        let roles = "SELECT string_agg(lower(array_to_string(setconfig, ' ')), ' ') FROM pg_db_role_setting";
        let roles = self.talk.ask_one(Doing::ReadSettings, roles)?.unwrap_or_default();
        let server = "SELECT string_agg(lower(setting), ' ') FROM pg_file_settings \
             WHERE name = 'default_transaction_isolation'";
        // Not every role may read the server's file, and it rarely has this setting.
        let server = self.talk.ask_one(Doing::ReadSettings, server).ok().flatten().unwrap_or_default();
        let says = |text: &str| text.contains("serializable") || text.contains("repeatable read");
        schema.snapshot = says(&roles) || says(&server);
        Ok(schema)
    }

    /// Whether the server has such a process.
    fn knows(&mut self, pid: i32) -> bool {
        let ask = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
        // If the server does not answer, that is noticed elsewhere.
        self.talk.ask_one(Doing::SeeWhoAsks, &ask).ok().flatten().is_none_or(|count| count != "0")
    }

    /// The processes that this one waits for; `None` if it does not wait.
    fn blockers(&mut self, pid: i32) -> Result<Option<Vec<i32>>, SqlError> {
        let ask = format!("SELECT array_to_string(pg_blocking_pids({pid}), ',')");
        let list = self.talk.ask_one(Doing::SeeWhoWaits, &ask)?.unwrap_or_default();
        let pids: Vec<i32> = list.split(',').filter_map(|pid| pid.parse().ok()).collect();
        Ok((!pids.is_empty()).then_some(pids))
    }
}

/// The connection that bypasses one of the gate's doors.
#[derive(Debug)]
pub enum Watcher<'a> {
    /// PostgreSQL.
    Postgres(Watch<'a>),
    /// Redis.
    Redis(RedisWatch<'a>),
}

impl Watcher<'_> {
    /// Whether the server knows a connection.
    pub fn knows(&mut self, pid: i32) -> bool {
        match self {
            Watcher::Postgres(watch) => watch.knows(pid),
            Watcher::Redis(watch) => watch.knows(pid),
        }
    }

    /// The connections that this one waits for; `None` if it does not wait, empty if the server does not say.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn blockers(&mut self, pid: i32) -> Result<Option<Vec<i32>>, String> {
        match self {
            Watcher::Postgres(watch) => watch.blockers(pid).map_err(|error| error.to_string()),
            Watcher::Redis(watch) => {
                let waits = watch.waits(pid).map_err(|error| error.to_string())?;
                Ok(waits.then(Vec::new))
            }
        }
    }
}
