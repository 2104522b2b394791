//! The counter at a server of MariaDB or MySQL.

use std::time::{Duration, Instant};

use super::{About, Books, Found, Room, Shape, start_of};
use crate::foreign;
use crate::protocol::sql::{Engine, SqlChoices, Switch};
use crate::stock::Stock;
use crate::store::server::{Doing, Limit, Unexpected};
use crate::store::sql::address::MysqlAddress;
use crate::store::sql::dialect::{CHECK, SNAPSHOT_ISOLATION};
use crate::store::sql::error::{OtherTable, SqlError};
use crate::store::sql::link::WAIT_FOR_OTHERS;
use crate::store::sql::mysql::Talk;
use crate::store::sql::name::SaleName;

/// A connection with a server of MariaDB or MySQL.
#[derive(Debug)]
pub(in crate::store::sql) struct MysqlBooks {
    address: MysqlAddress,
    /// Whether snapshot isolation is on, if the sale says so.
    snapshots: Option<Switch>,
    talk: Talk,
}

/// The settings that decide the cost and the durability of a commit, and when a transaction is aborted.
const SETTINGS: [&str; 4] =
    ["innodb_flush_log_at_trx_commit", "sync_binlog", "innodb_lock_wait_timeout", SNAPSHOT_ISOLATION];
/// How many sessions are looked for in one statement.
const AT_ONCE: u32 = 200;

impl MysqlBooks {
    /// Connects.
    pub(in crate::store::sql) fn open(
        address: &MysqlAddress,
        choices: &SqlChoices,
        name: &SaleName,
    ) -> Result<Self, SqlError> {
        let talk = Talk::begin(address, name.stock_table())?;
        Ok(Self { address: address.clone(), snapshots: choices.snapshot_isolation, talk })
    }

    fn one(&mut self, doing: Doing, text: &str) -> Result<Option<String>, SqlError> {
        Ok(self.talk.ask(doing, text)?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// The state of a table, read from the statement that the server would make it with.
    fn shape(&mut self, table: &str, ours: &[&str]) -> Result<Shape, SqlError> {
        let doing = Doing::LookForSale;
        let Some(rows) = self.talk.ask_of_table(doing, &format!("SHOW CREATE TABLE {table}"))? else {
            return Ok(Shape::Missing);
        };
        let text = rows.into_iter().next().and_then(|row| row.into_iter().nth(1)).flatten();
        let text = text.unwrap_or_default();
        let other = |found| Ok(Shape::Other(found));
        let Some((_, body)) = text.split_once("(\n").filter(|_| text.starts_with("CREATE TABLE")) else {
            return other(OtherTable::NotPlain);
        };
        let Some((lines, end)) = body.rsplit_once("\n)") else {
            return other(OtherTable::MadeBy(start_of(body)));
        };
        let lines: Vec<String> = lines.lines().map(plain).collect();
        let check = format!("constraint {CHECK} check (ticket >= 0)");
        let (checks, columns): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| *line == check);
        if columns != ours {
            return other(OtherTable::Columns(start_of(&columns.join(", "))));
        }
        if !end.contains("ENGINE=InnoDB") || end.contains("PARTITION") {
            return other(OtherTable::Options(start_of(end.trim_start())));
        }
        let triggers = format!(
            "SELECT count(*) FROM information_schema.triggers WHERE event_object_schema = DATABASE() \
             AND event_object_table = '{table}'"
        );
        if self.number(doing, &triggers)?.unwrap_or(0) > 0 {
            return other(OtherTable::Triggers);
        }
        Ok(Shape::Ours { constraint: !checks.is_empty() })
    }

    /// The sessions of a run that are left, by the numbers of their connections.
    fn left(&mut self, session: &str, buyers: u32) -> Result<Vec<u64>, SqlError> {
        let mut left = Vec::new();
        for first in (1..=buyers).step_by(AT_ONCE as usize) {
            let last = buyers.min(first.saturating_add(AT_ONCE - 1));
            let used = (first..=last).map(|buyer| format!("IS_USED_LOCK('{session}{buyer}')"));
            let select = format!("SELECT {}", used.collect::<Vec<_>>().join(", "));
            let rows = self.talk.ask(Doing::SeeWhoIsLeft, &select)?;
            left.extend(rows.into_iter().flatten().flatten().filter_map(|text| text.parse::<u64>().ok()));
        }
        Ok(left)
    }
}

/// A line of SHOW CREATE TABLE in one spelling for all servers: without quotes, and without the widths and the second
/// parentheses that some have.
fn plain(line: &str) -> String {
    let line = line.trim().trim_end_matches(',').replace('`', "").to_lowercase();
    line.replace("int(11)", "int").replace("bigint(20)", "bigint").replace("((", "(").replace("))", ")")
}

impl Books for MysqlBooks {
    fn look(&mut self, name: &SaleName) -> Result<Found, SqlError> {
        let stock = ["id int not null", "ticket bigint not null", "primary key (id)"];
        let receipts = ["id bigint not null auto_increment", "ticket bigint not null", "primary key (id)"];
        Ok(Found {
            stock: self.shape(&name.stock_table(), &stock)?,
            receipts: self.shape(&name.receipt_table(), &receipts)?,
        })
    }

    /// This engine commits each statement that makes or drops a table. If one fails, those before it stay: then there is no
    /// stock, which is reported, and tickets can be put on sale anew.
    fn apply(&mut self, doing: Doing, statements: &[String]) -> Result<(), SqlError> {
        self.talk.ask(doing, "START TRANSACTION")?;
        for statement in statements {
            self.talk.ask(doing, statement)?;
        }
        self.talk.ask(doing, "COMMIT").map(drop)
    }

    fn number(&mut self, doing: Doing, select: &str) -> Result<Option<Stock>, SqlError> {
        Ok(self.one(doing, select)?.and_then(|text| text.parse().ok()))
    }

    fn empty(&self, table: &str) -> String {
        format!("DELETE FROM {table}")
    }

    fn about(&mut self) -> Result<About, SqlError> {
        let version = self.one(Doing::ReadVersion, "SELECT VERSION()")?.unwrap_or_default();
        if let Some(is) = self.snapshots {
            self.talk.ask(Doing::ReadSettings, &format!("SET SESSION {SNAPSHOT_ISOLATION} = {is}"))?;
        }
        let names = SETTINGS.map(|name| format!("'{name}'")).join(", ");
        // The server's values, which buyers have, except for what the sale sets.
        let select = format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})");
        let rows = self.talk.ask(Doing::ReadSettings, &select)?;
        let value = |name: &'static str| {
            let mut rows = rows.iter();
            let row = rows.find(|row| row.first().is_some_and(|first| first.as_deref() == Some(name)))?;
            let said = self.snapshots.filter(|_| name == SNAPSHOT_ISOLATION);
            let is = foreign::shown(row.get(1)?.as_deref()?).into_owned();
            Some((name, said.map_or(is, |said| said.name().to_uppercase())))
        };
        let product = if version.to_lowercase().contains("mariadb") { "MariaDB" } else { "MySQL" };
        Ok(About {
            engine: Engine::Mysql,
            product,
            // The name of a distribution follows a dash.
            version: foreign::shown(version.split('-').next().unwrap_or_default()).into_owned(),
            settings: SETTINGS.into_iter().filter_map(value).collect(),
        })
    }

    fn room(&mut self) -> Result<Option<Room>, SqlError> {
        let doing = Doing::CountConnections;
        let rows = self.talk.ask(doing, "SELECT @@max_connections, @@max_user_connections")?;
        let limits: Vec<u64> =
            rows.into_iter().flatten().flatten().filter_map(|text| text.parse().ok()).collect();
        let connected = self.talk.ask(doing, "SHOW GLOBAL STATUS LIKE 'Threads_connected'")?;
        let connected = connected.into_iter().flatten().flatten().nth(1).and_then(|text| text.parse().ok());
        let ([most, most_of_user], Some(connected)) = (limits.as_slice(), connected) else {
            return Err(SqlError::Strange {
                address: self.address.to_string(),
                engine: Engine::Mysql,
                came: Unexpected::NoRoom,
            });
        };
        // Our own connection is closed before the buyers connect.
        let taken: u64 = u64::saturating_sub(connected, 1);
        let free = most.saturating_sub(taken);
        Ok(Some(match *most_of_user {
            // 0: no limit.
            of_user @ 1.. if of_user < free => Room {
                free: of_user,
                because: Limit::OfUser { setting: "max_user_connections", most: of_user },
            },
            _ => Room {
                free,
                because: Limit::OfAll { setting: "max_connections", most: *most, reserved: 0, taken },
            },
        }))
    }

    /// The server finishes the statement of a buyer that was killed while it waited before it notices that the buyer is
    /// gone. A session that does not end is ended.
    fn await_gone(&mut self, session: &str, buyers: u32) -> Result<(), SqlError> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let left = self.left(session, buyers)?;
            if left.is_empty() {
                return Ok(());
            }
            if began.elapsed() > WAIT_FOR_OTHERS {
                for number in left {
                    // It is no error if the session has just ended.
                    let _ = self.talk.ask(Doing::EndConnections, &format!("KILL CONNECTION {number}"));
                }
                return Ok(());
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_spelt_in_one_way_for_all_servers() {
        for line in ["  `id` int(11) NOT NULL,", "  `id` int NOT NULL,"] {
            assert_eq!(plain(line), "id int not null");
        }
        for line in [
            "  CONSTRAINT `ticketsim_not_below_0` CHECK (`ticket` >= 0)",
            "  CONSTRAINT `ticketsim_not_below_0` CHECK ((`ticket` >= 0)),",
        ] {
            assert_eq!(plain(line), format!("constraint {CHECK} check (ticket >= 0)"));
        }
    }
}
