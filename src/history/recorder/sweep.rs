//! Takes purchases out of the recorder while buyers race, so that a host can send them during the run.

use std::sync::atomic::Ordering;

use super::record::STATE_ENDED;
use super::{Recorder, Tally, is_killed};
use crate::history::{Outcome, Purchase};
use crate::plan::{PerBuyer, Plan};
use crate::stock::{Stock, tickets_between};

/// How far the sweeps of a recorder have come.
#[derive(Debug, Default)]
pub struct Swept {
    /// All records before this one have been taken, or are in `open`.
    known: usize,
    /// For each chunk that is not used up: its first record that was not taken, and its end.
    open: Vec<(usize, usize)>,
    /// The counts of what was taken, as buyers count.
    counted: Tally,
}

impl Recorder {
    /// A recorder for one host's share of a sale. The run is to show whether the lock works across hosts, so
    /// there is room for as many purchases as without a lock.
    ///
    /// # Errors
    /// When the system has no room for the shared mapping.
    pub fn for_share(plan: &Plan, initial: Stock) -> std::io::Result<Self> {
        let buyers = u64::from(plan.buyers);
        let initial = tickets_between(initial, 0);
        match plan.per_buyer {
            PerBuyer::Count(count) => Self::new(plan.buyers, buyers.saturating_mul(u64::from(count.get()))),
            PerBuyer::All => {
                let most = initial.saturating_add(1).saturating_mul(buyers).saturating_mul(2);
                Self::with_room(plan.buyers, initial.saturating_add(buyers), most)
            }
        }
    }

    /// The epoch, in nanoseconds on this host's monotonic clock.
    #[must_use]
    pub fn epoch_ns(&self) -> u64 {
        self.memory.epoch_ns
    }

    /// Takes purchases that have ended since the last sweep, at most about `most` of them.
    #[must_use]
    pub fn sweep(&self, swept: &mut Swept, most: usize) -> Vec<Purchase> {
        self.sweep_where(swept, most, |state| state >= STATE_ENDED)
    }

    /// Takes the rest, including purchases cut off by a kill, when all buyers have ended. Empty once all were taken.
    #[must_use]
    pub fn sweep_rest(&self, swept: &mut Swept, most: usize) -> Vec<Purchase> {
        loop {
            let taken = self.sweep_where(swept, most, |_| true);
            if !taken.is_empty() || swept.open.is_empty() {
                return taken;
            }
        }
    }

    /// The counts of purchases for which there was no room. Call it when everything was swept.
    #[must_use]
    pub fn unswept(&self, swept: &Swept) -> Tally {
        let (all, counted) = (self.tally(), swept.counted);
        Tally {
            bought: all.bought.saturating_sub(counted.bought),
            refused: all.refused.saturating_sub(counted.refused),
            failed: all.failed.saturating_sub(counted.failed),
        }
    }

    fn sweep_where(&self, swept: &mut Swept, most: usize, may: impl Fn(u32) -> bool) -> Vec<Purchase> {
        let records = self.taken_records();
        let chunk = self.memory.chunk as usize;
        while swept.known < records.len() {
            let end = (swept.known + chunk).min(records.len());
            swept.open.push((swept.known, end));
            swept.known = end;
        }
        let pid = |buyer| Some(self.pid(buyer)).filter(|pid| *pid != 0);
        let mut taken = Vec::new();
        let counted = &mut swept.counted;
        swept.open.retain_mut(|(next, end)| {
            while *next < *end && taken.len() < most {
                let (record, rare) = (&records[*next], &self.memory.rare_fields[*next]);
                if !may(record.state.load(Ordering::Acquire)) {
                    break;
                }
                if let Some(purchase) = record.purchase(rare, pid) {
                    counted.add(&purchase);
                    taken.push(purchase);
                }
                *next += 1;
            }
            *next < *end
        });
        taken
    }
}

impl Tally {
    /// Counts a purchase as its buyer does: a killed buyer does not count its last purchase.
    fn add(&mut self, purchase: &Purchase) {
        match purchase.outcome {
            Outcome::Bought => self.bought += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Failed | Outcome::Unknown if is_killed(purchase) => {}
            Outcome::Failed | Outcome::Unknown => self.failed += 1,
            Outcome::Returned | Outcome::Read => {}
        }
    }
}
