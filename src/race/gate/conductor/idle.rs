//! Whether the shop is idle: only then it counts that a request neither sends a statement nor answers. On a loaded
//! machine a running request may take long, and so may a database.

use std::time::{Duration, Instant};

use super::{Conductor, Owner, Result};

/// For so long it is watched.
const WATCH: Duration = Duration::from_millis(20);
/// It is waited for so many times the patience, whatever it does: some are never idle.
const MOST_PATIENCES: u32 = 8;

impl Conductor<'_, '_> {
    /// Whether the shop and its database do nothing for a while, or have done something for too long since this time.
    /// What comes meanwhile is taken.
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
        // What nobody can see may be idle.
        let was = then.zip(self.busy()).is_none_or(|(then, now)| now.was_idle_since(then, began.elapsed()));
        Ok(idle && was)
    }

    /// Whether the database owes an answer to something that has passed.
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

/// Elsewhere nothing can be seen.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Copy)]
pub(super) enum Never {}

#[cfg(not(target_os = "linux"))]
impl Never {
    fn was_idle_since(self, _: Self, _: Duration) -> bool {
        match self {}
    }
}

/// What the threads of the shop stand in.
#[cfg(target_os = "linux")]
pub(super) fn stands_in(group: i32) -> Option<String> {
    Some(crate::race::gate::evidence::of(group)).filter(|told| !told.is_empty())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn stands_in(_: i32) -> Option<String> {
    None
}
