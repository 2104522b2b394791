//! The ticket file as a store: the file and its locks, a buyer's session, the counter that puts tickets on sale, and a
//! model of all that.

mod counter;
mod helper;
pub mod lock;
mod model;
mod names;
mod session;
pub mod ticket;

use std::sync::atomic::AtomicBool;

pub use counter::{FileError, stock_left};
pub use model::{FileModel, Seat};
pub use names::{NamesError, are_one_folder};
pub use session::FileSession;

use crate::history::Recorder;
use crate::plan::{FilePlan, Pace};
use crate::protocol::Mishap;
use crate::protocol::file::{Lock, LockOn, Write};
use crate::stock::Stock;
use crate::store::{Left, Store, StoreError};
use lock::{CommonLock, carrier, clean_up_private, end_lease, leave_dead, remove_folder, remove_lockfile_of};
use ticket::RunTag;

/// A ticket file, and the part of its lock that all buyers of one run share.
#[derive(Clone, Debug)]
pub struct FileStore {
    plan: FilePlan,
    common: CommonLock,
}

impl FileStore {
    /// The store of this plan.
    ///
    /// # Errors
    /// When the system has no room for that part of the lock.
    pub fn new(plan: &FilePlan) -> Result<Self, StoreError> {
        let common = CommonLock::new(&plan.choices).map_err(|source| counter::no_locking(plan, source))?;
        Ok(Self { plan: plan.clone(), common })
    }
}

impl Store for FileStore {
    type Session = FileSession;

    fn put_on_sale(&self, tickets: Option<Stock>, interrupted: &AtomicBool) -> Result<Stock, StoreError> {
        let stock = counter::put_on_sale(&self.plan, tickets, &self.common, interrupted)?;
        let FilePlan { choices, file, .. } = &self.plan;
        let failed = |source| StoreError::from(counter::no_locking(&self.plan, source));
        if choices.inherit {
            self.common.open_for_all(choices, file).map_err(failed)?;
        }
        if choices.stale {
            self.plan.names().try_for_each(leave_dead).map_err(failed)?;
        }
        Ok(stock)
    }

    fn open(&self, pace: Pace, recorder: &Recorder, buyer: u32) -> std::io::Result<FileSession> {
        FileSession::open(&self.plan, pace, recorder, &self.common, buyer)
    }

    fn files_of_a_buyer(&self) -> u64 {
        let choices = &self.plan.choices;
        let ticket_file = 1;
        let lock = u64::from(choices.lock.has_carrier() && choices.lock_on == LockOn::Sidecar);
        // A lock on a file that is replaced needs a descriptor of its own.
        let lock_again = u64::from(choices.lock.has_carrier() && choices.write == Write::Rename && lock == 0);
        let scratch = u64::from(choices.write == Write::Rename);
        ticket_file + lock + lock_again + scratch
    }

    fn waits_for_disk(&self) -> bool {
        self.plan.choices.fsync
    }

    fn is_taken(&self) -> Option<bool> {
        // Neither of these locks knows its holder.
        if self.plan.choices.lock == Lock::Mkdir {
            return Some(self.plan.names().any(|name| carrier(&self.plan.choices, name).exists()));
        }
        self.common.is_taken()
    }

    fn befall(&self, recorder: &Recorder, buyer: u32, mishap: Mishap) -> Result<bool, StoreError> {
        let failed = |source| StoreError::from(counter::no_locking(&self.plan, source));
        match mishap {
            Mishap::Expire => end_lease(self.plan.name_of(buyer), recorder.pid(buyer)).map_err(failed),
            Mishap::Kill | Mishap::Pause | Mishap::GoOn => Ok(false),
        }
    }

    fn bury(&self, recorder: &Recorder, killed: &[(u32, i32)]) {
        let pids: Vec<u32> = killed.iter().map(|(buyer, _)| recorder.pid(*buyer)).collect();
        self.plan.names().for_each(|name| remove_lockfile_of(name, &pids));
        // A folder does not name its holder.
        let choices = &self.plan.choices;
        let makes_folders =
            choices.lock == Lock::Mkdir || choices.others.kinds().any(|kind| kind == Lock::Mkdir);
        if makes_folders && killed.iter().any(|(buyer, _)| recorder.died_inside(*buyer)) {
            for (buyer, _) in killed.iter().filter(|(buyer, _)| recorder.died_inside(*buyer)) {
                remove_folder(self.plan.name_of(*buyer));
            }
        }
    }

    fn clean_up(&self, recorder: &Recorder, killed: &[(u32, i32)]) {
        // There is a scratch file only if one of them died between writing and renaming.
        if !killed.is_empty() && self.plan.choices.write == Write::Rename {
            self.plan.names().for_each(|name| RunTag::new(recorder.run_id()).clean_up(name));
        }
        if !killed.is_empty() && self.plan.choices.lock == Lock::Link {
            for name in self.plan.names() {
                clean_up_private(name, killed.iter().map(|(buyer, _)| recorder.pid(*buyer)));
            }
        }
    }

    fn left(&self) -> Left {
        stock_left(&self.plan.file)
    }
}
