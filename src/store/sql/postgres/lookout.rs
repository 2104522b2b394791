//! Who waits at a server of PostgreSQL, and for whom: `pg_blocking_pids` (section 9.26 of its manual), asked on a separate
//! connection.

use std::time::Duration;

use super::plain::Talk;
use crate::store::server::Doing;
use crate::store::sql::address::PostgresAddress;
use crate::store::sql::error::SqlError;
use crate::store::{Lookout, StoreError, Waiting};

/// The setting that makes a session check for a deadlock as soon as it waits. It does not check again, so the session
/// that completes a deadlock is its victim.
const EARLY: &str = "-c deadlock_timeout=1ms";
/// After this time a waiting session has checked.
const HAS_LOOKED: Duration = Duration::from_millis(5);

/// Sees who waits.
pub(in crate::store::sql) struct PostgresLookout {
    talk: Talk<'static>,
    pause: Duration,
}

impl PostgresLookout {
    /// Connects.
    pub(in crate::store::sql) fn open(address: &PostgresAddress) -> Result<Self, SqlError> {
        let is_early = address.options.as_deref().is_some_and(|options| options.contains(EARLY));
        let pause = if is_early { HAS_LOOKED } else { Duration::ZERO };
        Ok(Self { talk: Talk::alone(address)?, pause })
    }
}

impl Lookout for PostgresLookout {
    fn who_waits(&mut self, sessions: &[u64]) -> Result<Vec<Waiting>, StoreError> {
        let pids: Vec<String> = sessions.iter().map(ToString::to_string).collect();
        let select = format!(
            "SELECT pid, array_to_string(pg_blocking_pids(pid), ' ') FROM unnest('{{{}}}'::int[]) AS pid",
            pids.join(",")
        );
        let rows = self.talk.ask(Doing::SeeWhoWaits, &select)?;
        let number = |text: &str| text.parse::<u64>().ok();
        let waiting = rows.iter().filter_map(|row| match row.as_slice() {
            [Some(session), Some(blockers)] if !blockers.is_empty() => {
                let blockers = blockers.split(' ').filter_map(number).collect();
                Some(Waiting { session: number(session)?, blockers })
            }
            _ => None,
        });
        Ok(waiting.collect())
    }

    fn is_there(&mut self, session: u64) -> Result<bool, StoreError> {
        let select = format!("SELECT pid FROM pg_stat_activity WHERE pid = {session}");
        Ok(!self.talk.ask(Doing::SeeWhoIsLeft, &select)?.is_empty())
    }

    fn pause(&self) -> Duration {
        self.pause
    }
}

/// The same address, with sessions that notice a deadlock at once; unchanged if the role may not set that, or the address
/// sets it already.
pub(in crate::store::sql) fn with_early_deadlocks(
    address: &PostgresAddress,
) -> Result<PostgresAddress, SqlError> {
    let options = address.options.clone().unwrap_or_default();
    if options.contains("deadlock_timeout") {
        return Ok(address.clone());
    }
    let is_superuser = Talk::begin(address, String::new())?.ask_one(Doing::ReadRole, "SHOW is_superuser")?;
    let early = if options.is_empty() { EARLY.to_owned() } else { format!("{options} {EARLY}") };
    let options = if is_superuser.as_deref() == Some("on") { Some(early) } else { address.options.clone() };
    Ok(PostgresAddress { options, ..address.clone() })
}
