//! Who waits at a server of MariaDB or MySQL: for the row, as the report of the engine's state says (SHOW ENGINE INNODB
//! STATUS; information_schema.INNODB_TRX is too old to see a wait that has just begun), or for a lock by name, as
//! the list of sessions says. The server does not say for whom. The report needs the PROCESS privilege; every user may see
//! its own sessions.

use super::plain::Talk;
use crate::store::server::Doing;
use crate::store::sql::address::MysqlAddress;
use crate::store::sql::error::SqlError;
use crate::store::{Lookout, StoreError, Waiting};

/// Sees who waits.
#[derive(Debug)]
pub(in crate::store::sql) struct MysqlLookout {
    talk: Talk,
}

impl MysqlLookout {
    /// Connects.
    pub(in crate::store::sql) fn open(address: &MysqlAddress) -> Result<Self, SqlError> {
        Ok(Self { talk: Talk::begin(address, String::new())? })
    }

    /// Which of these connections wait.
    pub(in crate::store::sql) fn waiting(&mut self, connections: &[u64]) -> Result<Vec<u64>, SqlError> {
        let doing = Doing::SeeWhoWaits;
        let mut waiting = Vec::new();
        let report = self.talk.ask(doing, "SHOW ENGINE INNODB STATUS").map_err(|error| match error {
            SqlError::NotAllowed { address, said, .. } => SqlError::Blind { address, said },
            other => other,
        })?;
        for row in report {
            waiting.extend(row.get(2).and_then(Option::as_deref).into_iter().flat_map(waiting_in));
        }
        for row in self.talk.ask(doing, "SHOW PROCESSLIST")? {
            let text = |place: usize| row.get(place).and_then(Option::as_deref).unwrap_or_default();
            let Ok(number) = text(0).parse::<u64>() else { continue };
            if text(6) == "User lock" && !self.is_granted(doing, number, text(7))? {
                waiting.push(number);
            }
        }
        waiting.retain(|number| connections.contains(number));
        Ok(waiting)
    }

    /// Whether a session that the list calls waiting for a lock by name has the lock already: the list still says so
    /// until the session's thread has woken up, which takes a while on a busy machine.
    fn is_granted(&mut self, doing: Doing, number: u64, statement: &str) -> Result<bool, SqlError> {
        let Some(name) = lock_named_in(statement) else { return Ok(false) };
        let answer = self.talk.ask(doing, &format!("SELECT IS_USED_LOCK('{name}')"))?;
        let holder = answer.first().and_then(|row| row.first()).and_then(Option::as_deref);
        Ok(holder.is_none_or(|holder| holder.parse() == Ok(number)))
    }
}

/// The name of the lock that a statement asks for, if it needs no quoting.
fn lock_named_in(statement: &str) -> Option<&str> {
    let name = statement.split_once("GET_LOCK(")?.1.split('\'').nth(1)?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c)).then_some(name)
}

impl Lookout for MysqlLookout {
    fn who_waits(&mut self, sessions: &[u64]) -> Result<Vec<Waiting>, StoreError> {
        let waiting = self.waiting(sessions)?.into_iter();
        Ok(waiting.map(|session| Waiting { session, blockers: Vec::new() }).collect())
    }

    fn is_there(&mut self, session: u64) -> Result<bool, StoreError> {
        let rows = self.talk.ask(Doing::SeeWhoIsLeft, "SHOW PROCESSLIST")?;
        let number = session.to_string();
        Ok(rows.iter().any(|row| row.first().and_then(Option::as_deref) == Some(&number)))
    }
}

/// The connections whose transactions wait for a lock, according to a report of the engine's state.
fn waiting_in(report: &str) -> Vec<u64> {
    let transactions = report.split("\n---TRANSACTION ").skip(1);
    let waits = |transaction: &&str| transaction.lines().any(|line| line.starts_with("LOCK WAIT"));
    let number = |transaction: &str| {
        let line = transaction.lines().find_map(|line| line.split_once(" thread id "))?.1;
        line.split([',', ' ']).next()?.parse().ok()
    };
    transactions.filter(waits).filter_map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_lock_is_read_out_of_the_statement() {
        assert_eq!(lock_named_in("SELECT GET_LOCK('ticketsim_stock_a', 10)"), Some("ticketsim_stock_a"));
        assert_eq!(lock_named_in("SELECT GET_LOCK('a\\'b', 10)"), None);
        assert_eq!(lock_named_in("SELECT 1"), None);
    }

    #[test]
    fn who_waits_is_read_out_of_the_report() {
        let report = "\nLATEST DETECTED DEADLOCK\n*** (1) TRANSACTION:\nTRANSACTION 7, ACTIVE 0 sec\nLOCK WAIT 2 lock \
                      struct(s)\nMariaDB thread id 9, OS\n------------\nTRANSACTIONS\n---TRANSACTION 31, ACTIVE 3 sec \
                      starting index read\nmysql tables in use 1, locked 1\nLOCK WAIT 2 lock struct(s), heap size \
                      1128\nMariaDB thread id 12, OS thread handle 1, query id 5 localhost root Updating\nUPDATE t\n\
                      ---TRANSACTION 30, ACTIVE 4 sec\n2 lock struct(s)\nMariaDB thread id 11, OS thread\n---TRANSACTION \
                      (0x7f), not started\n0 lock struct(s)\n---TRANSACTION 32, ACTIVE 1 sec\nLOCK WAIT 2\nMySQL thread \
                      id 13, OS\n";
        assert_eq!(waiting_in(report), [12, 13]);
        assert!(waiting_in("").is_empty());
    }
}
