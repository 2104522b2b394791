//! Whether the shop is idle. Only then does it mean something that a request neither sends a statement nor answers: on a
//! loaded machine a running request may take long, and so may a database.

use std::time::{Duration, Instant};

use super::{Conductor, Owner, Result};

/// How long it is watched.
const WATCH: Duration = Duration::from_millis(20);
/// After this many times the patience it counts as idle, whatever it does: some shops are never idle.
const MOST_PATIENCES: u32 = 8;

impl Conductor<'_, '_> {
    /// Whether the shop and its database do nothing for a while, or have been busy for too long since this time. What
    /// comes meanwhile is taken.
    pub(super) fn is_idle(&mut self, since: Instant) -> Result<bool> {
        let (began, then) = (Instant::now(), self.busy());
        let mut idle = !self.is_owed();
        while began.elapsed() < WATCH {
            self.move_on(WATCH.saturating_sub(began.elapsed()).max(Duration::from_millis(1)))?;
            idle &= !self.is_owed();
        }
        if since.elapsed() > self.stage.patience * MOST_PATIENCES {
            return Ok(true);
        }
        // If the shop can't be watched, it may be idle.
        let was = then.zip(self.busy()).is_none_or(|(then, now)| now.was_idle_since(then, began.elapsed()));
        Ok(idle && was)
    }

    /// Whether the database still owes an answer to a statement that has passed.
    fn is_owed(&self) -> bool {
        let owner = |id: &u64| self.notes.get(id).and_then(|note| note.owner);
        let links = self.stage.proxy.links();
        links.filter(|(_, link)| link.owes_passing()).any(|(id, _)| owner(&id) != Some(Owner::Background))
    }

    #[cfg(target_os = "linux")]
    fn busy(&self) -> Option<crate::race::gate::evidence::Busy> {
        crate::race::gate::evidence::Busy::of(self.stage.group?)
    }

    #[cfg(not(target_os = "linux"))]
    fn busy(&self) -> Option<Never> {
        None
    }
}

/// Other systems do not show it.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Copy)]
pub(super) enum Never {}

#[cfg(not(target_os = "linux"))]
impl Never {
    fn was_idle_since(self, _: Self, _: Duration) -> bool {
        match self {}
    }
}

/// The system calls in which the shop's threads are.
#[cfg(target_os = "linux")]
pub(super) fn stands_in(group: i32) -> Option<String> {
    Some(crate::race::gate::evidence::of(group)).filter(|told| !told.is_empty())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn stands_in(_: i32) -> Option<String> {
    None
}
