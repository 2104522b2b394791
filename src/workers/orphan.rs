//! Whether all buyers wait for a dead one. A semaphore has no owner: if its holder is killed, nobody is told, and all
//! others wait for ever. But the launcher knows its children.

use super::children::{Children, Fate};
use crate::history::Recorder;
use crate::store::Store;
use crate::store::file::lock::state_of;

/// The buyer that was killed while it held the semaphore, if all living buyers wait for it; `None` as long as that is
/// not certain.
///
/// It is certain if at one moment the semaphore is taken while every living buyer waits for it. Checking many buyers
/// takes longer than a moment, so they are checked twice: a buyer that is in the same wait both times has waited all
/// the time, so all of them waited at the moment between the two checks.
pub(super) fn killed_inside(children: &Children, recorder: &Recorder, store: &impl Store) -> Option<u32> {
    let taken = || store.is_taken().filter(|taken| *taken);
    taken()?;
    let (mut living, mut killed) = (Vec::new(), Vec::new());
    for buyer in 1..=children.len() {
        match children.fate(buyer) {
            Fate::Lives => living.push(buyer),
            Fate::Killed => killed.push(buyer),
            Fate::Left => {}
        }
    }
    if killed.is_empty() {
        return None;
    }
    let waits = |buyer: &u32| {
        let since_ns = recorder.waiting_since_ns(*buyer);
        // While it notes that it waits, only the lock can put a buyer to sleep.
        (since_ns != 0 && state_of(children.pid(*buyer)) == Some('S')).then_some(since_ns)
    };
    let look = || living.iter().map(waits).collect::<Option<Vec<u64>>>();
    let first = look()?;
    taken()?;
    if look()? != first {
        return None;
    }
    // It may have died before it could note that it got the lock.
    killed.iter().copied().find(|buyer| recorder.died_inside(*buyer)).or(killed.first().copied())
}
