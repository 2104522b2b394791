//! Who waits at a server of MariaDB or MySQL: for the row, as the report of the engine's state says (SHOW ENGINE INNODB
//! STATUS; information_schema.INNODB_TRX is too old to see a wait that has just begun), or for a lock by name, as
//! the list of sessions says. For whom is said nowhere. The report takes the PROCESS privilege; sessions of one's own
//! anybody may see.

use super::plain::Talk;
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

    /// Those of these connections that wait.
    pub(in crate::store::sql) fn waiting(&mut self, connections: &[u64]) -> Result<Vec<u64>, SqlError> {
        let doing = "looking who waits";
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
            if text(6) == "User lock" {
                waiting.extend(text(0).parse::<u64>());
            }
        }
        waiting.retain(|number| connections.contains(number));
        Ok(waiting)
    }
}

impl Lookout for MysqlLookout {
    fn who_waits(&mut self, sessions: &[u64]) -> Result<Vec<Waiting>, StoreError> {
        let waiting = self.waiting(sessions)?.into_iter();
        Ok(waiting.map(|session| Waiting { session, blockers: Vec::new() }).collect())
    }
}

/// The connections whose transactions wait for a lock, by a report of the engine's state.
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
