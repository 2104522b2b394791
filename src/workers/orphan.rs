//! Whether the buyers wait for the dead. A semaphore has no owner: when a buyer is killed that holds it,
//! nobody is told, and all others wait for ever. But the launcher knows its children.

use super::children::{Children, Fate};
use crate::history::Recorder;
use crate::store::Store;
use crate::store::file::lock::state_of;

/// The buyer that was killed while it held the semaphore for which all who live wait; `None` as long as
/// that can't be said for certain.
///
/// It is certain if at one moment the semaphore is taken while every living buyer waits for it. Looking
/// at many takes longer than a moment, so they are looked at twice: a buyer that sleeps in the same wait
/// both times has waited all the while, and what all of them did all the while, they did at the moment
/// in between.
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
        // Between the call and its note nothing but the lock puts a buyer to sleep.
        (since_ns != 0 && state_of(children.pid(*buyer)) == Some('S')).then_some(since_ns)
    };
    let look = || living.iter().map(waits).collect::<Option<Vec<u64>>>();
    let first = look()?;
    taken()?;
    if look()? != first {
        return None;
    }
    // It may have died before it could note that it has the lock.
    killed.iter().copied().find(|buyer| recorder.died_inside(*buyer)).or(killed.first().copied())
}
