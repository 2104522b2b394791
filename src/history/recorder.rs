//! The recorder: buyers write to it while they race, in memory that they all share.
//!
//! It must not disturb the race. A record is fixed in size and written by one buyer alone, without
//! locks and without system calls beyond reading the monotonic clock (which Linux serves without
//! entering the kernel). Buyers take records in chunks from one shared counter, so they touch a shared cache
//! line only once per chunk. The word that commits a record is stored last; an unfinished record of a killed
//! buyer stays readable. When the records are used up, the counts of each buyer stay exact.

mod pen;
mod record;
mod sweep;

pub use pen::Pen;
pub use sweep::Swept;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use nix::libc;
use serde::{Deserialize, Serialize};

use super::{Outcome, Purchase};
use crate::fault::{Fault, FaultKind};
use crate::plan::{Exclusion, PerBuyer, Plan};
use crate::shared::{BringIn, Shareable, SharedSlice};
use crate::stock::{Stock, tickets_between};
use record::{RareFields, Record};

/// How many purchases ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Tally {
    /// Receipts.
    pub bought: u64,
    /// Refusals.
    pub refused: u64,
    /// Failures.
    pub failed: u64,
}

/// What all buyers share, on cache lines of its own.
#[derive(Debug)]
#[repr(C, align(128))]
struct Board {
    /// The first record that no buyer has taken.
    next_record: AtomicU64,
    /// Not 0 when the run is to end early.
    stop: AtomicU32,
}

/// In `give_up`: the wait took too long. Larger than any process id.
const TIMED_OUT: u32 = u32::MAX;

/// A buyer's own counters, on a cache line of its own.
#[derive(Debug)]
#[repr(C, align(64))]
struct Slot {
    bought: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    /// Since when it waits for the lock; 0 while it does not.
    waiting_since_ns: AtomicU64,
    pid: AtomicU32,
    /// Not 0 when it is to give up waiting for the lock: [`TIMED_OUT`], or the process id of the dead holder.
    give_up: AtomicU32,
    /// Not 0 while it stands at a gate for a mishap: the number of the mishap, from 1.
    stands: AtomicU32,
}

// SAFETY: atomics alone, each valid when zero, nothing to drop.
unsafe impl Shareable for Board {}
// SAFETY: as above.
unsafe impl Shareable for Slot {}

/// The shared recorder of one run. Clones write to the same memory, and so does a child that inherits one.
#[derive(Clone, Debug)]
pub struct Recorder {
    memory: Arc<Memory>,
}

#[derive(Debug)]
struct Memory {
    board: SharedSlice<Board>,
    slots: SharedSlice<Slot>,
    records: SharedSlice<Record>,
    /// One for each record.
    rare_fields: SharedSlice<RareFields>,
    chunk: u64,
    epoch_ns: u64,
    wall_ns: u64,
    run_id: u64,
}

impl Recorder {
    /// The most purchases that are recorded: 128 MiB of records. Of further ones only counts are kept.
    pub const MOST_RECORDS: u64 = 1 << 21;
    /// At most this many records are brought into memory before the race: 64 MiB.
    const MOST_BROUGHT_IN: u64 = 1 << 20;
    /// Room for this many receipts if others put tickets on sale: 16 MiB.
    const RESTOCKED: u64 = 1 << 18;
    /// 64 KiB of records: as much as Linux maps in one page fault if the pages are already in memory
    /// (`fault_around_bytes`).
    const MOST_CHUNK: u64 = 1024;

    /// A recorder for a run of this plan that starts from this stock.
    ///
    /// # Errors
    /// When the system has no room for the shared mapping.
    pub fn for_plan(plan: &Plan, initial: Stock) -> std::io::Result<Self> {
        let initial = tickets_between(initial, 0);
        let buyers = u64::from(plan.buyers);
        // Others may put more tickets on sale.
        let initial = if plan.restocks { initial.max(Self::RESTOCKED) } else { initial };
        let (purchases, most) = match (plan.per_buyer, plan.exclusion()) {
            (PerBuyer::Count(count), _) => {
                let all = buyers.saturating_mul(u64::from(count.get()));
                (all, all)
            }
            // One receipt per ticket, and one refusal per buyer.
            (PerBuyer::All, Exclusion::Excludes | Exclusion::InTurn) => {
                let all = initial.saturating_add(buyers);
                (all, all)
            }
            // At worst each buyer usually gets each ticket. A late write can raise the stock again, so this
            // is no strict limit.
            (
                PerBuyer::All,
                Exclusion::NoLock
                | Exclusion::RenamedAway
                | Exclusion::SameOwner
                | Exclusion::ClosedAway
                | Exclusion::Unlinked
                | Exclusion::NotCovered
                | Exclusion::Inherited
                | Exclusion::Mixed
                | Exclusion::Rogue
                | Exclusion::HelperUnlocked
                | Exclusion::StaleBroken
                | Exclusion::Leased,
            ) => {
                let all = initial.saturating_add(1).saturating_mul(buyers);
                (all, all.saturating_mul(2))
            }
        };
        Self::with_room(plan.buyers, purchases, most)
    }

    /// A recorder for this many buyers and about this many purchases in all.
    ///
    /// # Errors
    /// When the system has no room for the shared mapping.
    pub fn new(buyers: u32, purchases: u64) -> std::io::Result<Self> {
        Self::with_room(buyers, purchases, purchases)
    }

    /// The same, with room for `most` purchases: unused room costs only addresses.
    fn with_room(buyers: u32, purchases: u64, most: u64) -> std::io::Result<Self> {
        let buyers = u64::from(buyers.max(1));
        let chunk = purchases.div_ceil(buyers).clamp(1, Self::MOST_CHUNK);
        // A buyer may leave most of its last chunk unused.
        let capacity = most.saturating_add(buyers * chunk).min(Self::MOST_RECORDS);
        let memory = Memory {
            board: SharedSlice::new(1)?,
            slots: SharedSlice::new(buyers as usize)?,
            records: SharedSlice::new(capacity as usize)?,
            rare_fields: SharedSlice::new(capacity as usize)?,
            chunk,
            epoch_ns: monotonic_ns(),
            wall_ns: wall_ns(),
            run_id: rand::random(),
        };
        // So that the kernel zeroes the pages before the race, not during a purchase.
        memory.records.bring_in(0..purchases.min(Self::MOST_BROUGHT_IN) as usize, BringIn::Write);
        Ok(Self { memory: Arc::new(memory) })
    }

    /// A number that identifies this run and can't be guessed.
    #[must_use]
    pub fn run_id(&self) -> u64 {
        self.memory.run_id
    }

    /// How many buyers it is for.
    #[must_use]
    pub fn buyers(&self) -> u32 {
        self.memory.slots.len() as u32
    }

    /// Nanoseconds since the recorder's epoch, on the monotonic clock; never 0.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        monotonic_ns().saturating_sub(self.memory.epoch_ns).max(1)
    }

    /// The wall-clock time at the epoch, in nanoseconds since 1970.
    #[must_use]
    pub fn wall_ns(&self) -> u64 {
        self.memory.wall_ns
    }

    /// The writing end of one buyer, counted from 1. Each buyer has one, used by one thread at a time.
    #[must_use]
    pub fn pen(&self, buyer: u32) -> Pen {
        Pen::new(self.clone(), buyer)
    }

    /// Notes the process (or thread) id of a buyer.
    pub fn set_pid(&self, buyer: u32, pid: u32) {
        self.slot(buyer).pid.store(pid, Ordering::Relaxed);
    }

    /// The process id noted for a buyer; 0 if none was.
    #[must_use]
    pub fn pid(&self, buyer: u32) -> u32 {
        self.slot(buyer).pid.load(Ordering::Relaxed)
    }

    /// Tells all buyers to begin no more purchases, and to end one in which they wait or think.
    pub fn stop(&self) {
        self.memory.board[0].stop.store(1, Ordering::Relaxed);
    }

    /// Whether [`Recorder::stop`] was called, by any process.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.memory.board[0].stop.load(Ordering::Relaxed) != 0
    }

    /// Tells every buyer that has waited for the lock for more than `limit_ns` to give up. Returns the buyers
    /// that have to be woken for that.
    #[must_use]
    pub fn time_out(&self, limit_ns: u64) -> Vec<u32> {
        let now_ns = self.now_ns();
        let mut late = Vec::new();
        for (slot, buyer) in self.memory.slots.iter().zip(1..) {
            let since_ns = slot.waiting_since_ns.load(Ordering::Relaxed);
            if since_ns != 0 && now_ns.saturating_sub(since_ns) >= limit_ns {
                slot.give_up.store(TIMED_OUT, Ordering::Relaxed);
                late.push(buyer);
            }
        }
        late
    }

    /// Tells every buyer that waits for the lock to give up: this process died while holding the lock, which
    /// stays locked. The buyers have to be woken for that.
    pub fn holder_gone(&self, pid: u32) {
        for slot in self.memory.slots.iter() {
            if slot.waiting_since_ns.load(Ordering::Relaxed) != 0 {
                slot.give_up.store(pid, Ordering::Relaxed);
            }
        }
    }

    /// Notes that a buyer stands at a gate for the mishap of this number, counted from 1, until [`Recorder::let_go`].
    pub fn stand(&self, buyer: u32, number: u32) {
        self.slot(buyer).stands.store(number, Ordering::Release);
    }

    /// The number of the mishap for which a buyer stands at a gate, counted from 1; `None` if it stands at none.
    #[must_use]
    pub fn stands(&self, buyer: u32) -> Option<u32> {
        Some(self.slot(buyer).stands.load(Ordering::Acquire)).filter(|number| *number != 0)
    }

    /// Releases a buyer from its gate.
    pub fn let_go(&self, buyer: u32) {
        self.slot(buyer).stands.store(0, Ordering::Release);
    }

    /// Since when a buyer waits for the lock; 0 while it does not.
    #[must_use]
    pub fn waiting_since_ns(&self, buyer: u32) -> u64 {
        self.slot(buyer).waiting_since_ns.load(Ordering::Relaxed)
    }

    /// Whether this buyer, which has ended, noted that it got the lock but not that it unlocked.
    #[must_use]
    pub fn died_inside(&self, buyer: u32) -> bool {
        self.taken_records().iter().any(|record| record.is_inside(buyer))
    }

    /// Why this buyer is to give up waiting for the lock; `None` if it is not.
    #[must_use]
    pub fn gives_up(&self, buyer: u32) -> Option<Fault> {
        match self.slot(buyer).give_up.load(Ordering::Relaxed) {
            0 => None,
            TIMED_OUT => Some(Fault::plain(FaultKind::LockTimeout)),
            pid => Some(Fault::holder_gone(pid)),
        }
    }

    /// The exact counts of one buyer.
    #[must_use]
    pub fn tally_of(&self, buyer: u32) -> Tally {
        let slot = self.slot(buyer);
        Tally {
            bought: slot.bought.load(Ordering::Relaxed),
            refused: slot.refused.load(Ordering::Relaxed),
            failed: slot.failed.load(Ordering::Relaxed),
        }
    }

    /// The exact counts of all buyers together, even while they race.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for buyer in 1..=self.memory.slots.len() as u32 {
            let tally = self.tally_of(buyer);
            sum.bought += tally.bought;
            sum.refused += tally.refused;
            sum.failed += tally.failed;
        }
        sum
    }

    /// The recorded purchases, in the order of their calls, and the counts of those for which there was no
    /// room. Call it when all buyers have ended: a purchase that is not committed then was cut off by a kill.
    #[must_use]
    pub fn collect(&self) -> (Vec<Purchase>, Tally) {
        let pid = |buyer| Some(self.pid(buyer)).filter(|pid| *pid != 0);
        let mut purchases: Vec<Purchase> = self
            .taken_records()
            .iter()
            .zip(&*self.memory.rare_fields)
            .filter_map(|(record, rare)| record.purchase(rare, pid))
            .collect();
        purchases.sort_by_key(|purchase| (purchase.invoke_ns, purchase.buyer));
        let mut unrecorded = self.tally();
        for purchase in &purchases {
            let count = match purchase.outcome {
                Outcome::Bought => &mut unrecorded.bought,
                Outcome::Refused => &mut unrecorded.refused,
                // A killed buyer has not counted its last purchase.
                Outcome::Failed | Outcome::Unknown if is_killed(purchase) => continue,
                Outcome::Failed | Outcome::Unknown => &mut unrecorded.failed,
                Outcome::Returned | Outcome::Read => continue,
            };
            *count = count.saturating_sub(1);
        }
        (purchases, unrecorded)
    }

    fn taken_records(&self) -> &[Record] {
        let taken = self.memory.board[0].next_record.load(Ordering::Acquire) as usize;
        &self.memory.records[..taken.min(self.memory.records.len())]
    }

    fn slot(&self, buyer: u32) -> &Slot {
        &self.memory.slots[buyer as usize - 1]
    }
}

/// CLOCK_MONOTONIC in nanoseconds: the same clock in every process (clock_gettime(2)). Called directly, since
/// a buyer reads it four times per purchase: a wrapper costs 1 % of the cheapest purchase.
#[inline(always)]
pub(crate) fn monotonic_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime(2) writes one timespec, which is a local variable. It can fail only for a clock that does
    // not exist, and then leaves the zeros.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// CLOCK_REALTIME, the wall clock, in nanoseconds.
pub(crate) fn wall_ns() -> u64 {
    let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether the purchase was cut off by a kill.
fn is_killed(purchase: &Purchase) -> bool {
    purchase.fault.is_some_and(|fault| fault.kind == FaultKind::Killed)
}

#[cfg(test)]
mod tests;
