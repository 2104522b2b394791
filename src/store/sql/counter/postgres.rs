//! The counter at a server of PostgreSQL.

use std::time::{Duration, Instant};

use super::{About, Books, Found, Room, Shape, start_of};
use crate::foreign;
use crate::protocol::sql::Engine;
use crate::stock::Stock;
use crate::store::server::{Doing, Limit, Unexpected};
use crate::store::sql::address::PostgresAddress;
use crate::store::sql::dialect::CHECK;
use crate::store::sql::error::{OtherTable, SqlError};
use crate::store::sql::link::WAIT_FOR_OTHERS;
use crate::store::sql::name::SaleName;
use crate::store::sql::postgres::Talk;

/// A connection with a server of PostgreSQL.
#[derive(Debug)]
pub(in crate::store::sql) struct PostgresBooks<'a> {
    address: &'a PostgresAddress,
    talk: Talk<'a>,
}

/// The settings that decide the cost and the durability of a commit, and how long a deadlock lasts.
const SETTINGS: [&str; 4] = ["fsync", "synchronous_commit", "full_page_writes", "deadlock_timeout"];

/// Selects how many connections a server allows, and how many it has.
const ROOM: &str = "SELECT current_setting('max_connections')::int, \
     CASE WHEN rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int \
     + coalesce(current_setting('reserved_connections', true), '0')::int END, \
     (SELECT sum(numbackends) FROM pg_stat_database) - 1, rolconnlimit, datconnlimit \
     FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()";

impl<'a> PostgresBooks<'a> {
    /// Connects.
    pub(in crate::store::sql) fn open(
        address: &'a PostgresAddress,
        name: &SaleName,
    ) -> Result<Self, SqlError> {
        Ok(Self { address, talk: Talk::begin(address, name.stock_table())? })
    }

    /// The state of a table: its columns, its checks, and whether it has anything else.
    fn shape(&mut self, table: &str, ours: &str) -> Result<Shape, SqlError> {
        let about = format!(
            "SELECT c.relkind::text || c.relpersistence::text, c.relhastriggers OR c.relhasrules OR c.relispartition, \
             (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) \
             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
             (SELECT string_agg(k.conname, ', ') FROM pg_constraint k WHERE k.conrelid = c.oid AND \
             k.contype IN ('c', 'f', 'x')) FROM pg_class c WHERE c.oid = to_regclass('{table}')"
        );
        let Some(row) = self.talk.ask(Doing::LookForSale, &about)?.into_iter().next() else {
            return Ok(Shape::Missing);
        };
        let text = |place: usize| row.get(place).and_then(|text| text.as_deref()).unwrap_or_default();
        let other = |found| Ok(Shape::Other(found));
        match (text(0), text(1), text(2), text(3)) {
            (kind, ..) if !kind.starts_with('r') => other(OtherTable::NotPlain),
            (kind, ..) if kind != "rp" => other(OtherTable::Unlogged),
            (_, _, columns, _) if columns != ours => other(OtherTable::Columns(start_of(columns))),
            (_, "t", ..) => other(OtherTable::TriggersRulesOrPartitions),
            (_, _, _, "") => Ok(Shape::Ours { constraint: false }),
            (_, _, _, CHECK) => Ok(Shape::Ours { constraint: true }),
            (_, _, _, checks) => other(OtherTable::Constraints(start_of(checks))),
        }
    }
}

impl Books for PostgresBooks<'_> {
    fn look(&mut self, name: &SaleName) -> Result<Found, SqlError> {
        Ok(Found {
            stock: self.shape(&name.stock_table(), "id integer, ticket bigint")?,
            receipts: self.shape(&name.receipt_table(), "ticket bigint")?,
        })
    }

    fn apply(&mut self, doing: Doing, statements: &[String]) -> Result<(), SqlError> {
        // Several statements in one text are one transaction.
        self.talk.ask(doing, &statements.join("; ")).map(drop)
    }

    fn number(&mut self, doing: Doing, select: &str) -> Result<Option<Stock>, SqlError> {
        Ok(self.talk.ask_one(doing, select)?.and_then(|text| text.parse().ok()))
    }

    fn empty(&self, table: &str) -> String {
        format!("TRUNCATE {table}")
    }

    fn about(&mut self) -> Result<About, SqlError> {
        let version = self.talk.ask_one(Doing::ReadVersion, "SHOW server_version")?.unwrap_or_default();
        // The name of a distribution follows a blank.
        let version = foreign::shown(version.split(' ').next().unwrap_or_default()).into_owned();
        let mut settings = Vec::new();
        for name in SETTINGS {
            let is = self.talk.ask_one(Doing::ReadSettings, &format!("SHOW {name}"))?;
            settings.push((name, foreign::shown(&is.unwrap_or_default()).into_owned()));
        }
        let engine = Engine::Postgres;
        Ok(About { engine, product: engine.title(), version, settings })
    }

    fn room(&mut self) -> Result<Option<Room>, SqlError> {
        let row = self.talk.ask(Doing::CountConnections, ROOM)?.into_iter().next().unwrap_or_default();
        let number = |place: usize| -> Option<i64> { row.get(place)?.as_deref()?.parse().ok() };
        let count = |place: usize| number(place).map(|number| number.max(0).unsigned_abs());
        let strange = || SqlError::Strange {
            address: self.address.to_string(),
            engine: Engine::Postgres,
            came: Unexpected::NoRoom,
        };
        let (Some(most), Some(reserved), Some(taken)) = (count(0), count(1), count(2)) else {
            return Err(strange());
        };
        let mut room = Room {
            free: most.saturating_sub(reserved).saturating_sub(taken),
            because: Limit::OfAll { setting: "max_connections", most, reserved, taken },
        };
        // -1: no limit.
        let limit = |place| number(place).and_then(|limit| u64::try_from(limit).ok());
        let of_role = limit(3).map(|most| (most, Limit::OfRole(most)));
        let of_database = limit(4).map(|most| (most, Limit::OfDatabase(most)));
        for (free, because) in of_role.into_iter().chain(of_database) {
            if free < room.free {
                room = Room { free, because };
            }
        }
        Ok(Some(room))
    }

    /// The server finishes the statement of a buyer that was killed while it waited before it notices that the buyer is
    /// gone. A session that does not end is ended.
    fn await_gone(&mut self, application: &str, _: u32) -> Result<(), SqlError> {
        let who = format!("application_name LIKE '{application}%' AND pid <> pg_backend_pid()");
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE {who}");
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        while self.number(Doing::SeeWhoIsLeft, &count)?.unwrap_or(0) > 0 {
            if began.elapsed() > WAIT_FOR_OTHERS {
                let end = format!("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE {who}");
                return self.talk.ask(Doing::EndConnections, &end).map(drop);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        Ok(())
    }
}
