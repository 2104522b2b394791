//! A host's place in a sale: its share, and what it has said and sent.

use std::time::{Duration, Instant};

use super::guest::{Guest, Heard};
use super::trouble::{Garbage, HostTrouble, Unseen, WireError};
use super::words::{Ended, ToLead, brief};
use crate::history::{Befallen, BuyerCount, Outcome, Purchase, Recorder, Tally};
use crate::plan::{PerBuyer, Share};
use crate::stock::Stock;
use crate::store::Left;

/// What a lead tells while it gathers its hosts and sells.
#[derive(Debug)]
pub enum Told<'a> {
    /// A host has joined.
    Joined {
        /// What it is called: `name#k`.
        name: &'a str,
        /// Where it comes from.
        address: std::net::IpAddr,
        /// How many are there, and how many are to come in all.
        there: (u32, u32),
    },
    /// A host has left again before the sale began: its place is free.
    LeftAgain {
        /// What it is called.
        name: &'a str,
        /// Why.
        why: &'a HostTrouble,
    },
    /// A host was lost during the sale: nothing is known about it from now on.
    Lost {
        /// What it is called.
        name: &'a str,
        /// Why.
        why: &'a HostTrouble,
    },
}

/// The most mishaps of a host: as many as a recorder holds purchases.
const MOST_MISHAPS: usize = Recorder::MOST_RECORDS as usize;
/// The longest text, in bytes, on where a buyer was at its mishap: that is a word or two.
const MOST_PLACE: usize = 100;
/// How far a host's clock may be ahead of what the lead computes: more than any pause that its connection survives.
const AHEAD: Duration = Duration::from_secs(30);

/// What a host said when its buyers were ready.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    /// The moment on its clock that its times count from.
    pub(super) epoch_ns: u64,
    pub(super) launch_ns: u64,
}

/// One of the hosts of a sale.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) guest: Guest,
    /// `name#k`.
    pub(super) name: String,
    pub(super) share: Share,
    pub(super) has_shown: bool,
    /// The stock that it sees, or why it sees none.
    pub(super) stock: Option<Result<Stock, Unseen>>,
    pub(super) ready: Option<Ready>,
    pub(super) measured: u32,
    /// The moment of the go as the lead has said it, on the clock of its purchases.
    pub(super) go_ns: u64,
    /// When it was told the go.
    pub(super) went: Option<Instant>,
    pub(super) purchases: Vec<Vec<Purchase>>,
    /// The counts of purchases that came, but were not kept.
    pub(super) unkept: Tally,
    pub(super) counts: Vec<BuyerCount>,
    pub(super) mishaps: Vec<Befallen>,
    pub(super) ended: Option<Ended>,
    pub(super) left: Option<Left>,
    /// When it was lost: since then nothing is known about it.
    pub(super) lost: Option<Instant>,
}

impl Seat {
    pub(super) fn new(guest: Guest, host: u32, share: Share) -> Self {
        Self {
            name: format!("{}#{host}", guest.name),
            guest,
            share,
            has_shown: false,
            stock: None,
            ready: None,
            measured: 0,
            go_ns: 0,
            went: None,
            purchases: Vec::new(),
            unkept: Tally::default(),
            counts: Vec::new(),
            mishaps: Vec::new(),
            ended: None,
            left: None,
            lost: None,
        }
    }

    /// How many purchases it has sent.
    fn sent(&self) -> u64 {
        let kept: usize = self.purchases.iter().map(Vec::len).sum();
        kept as u64 + self.unkept.bought + self.unkept.refused + self.unkept.failed
    }

    /// Takes what was heard from it. At most `room` more purchases are kept.
    ///
    /// # Errors
    /// Why it can't go on.
    pub(super) fn take(&mut self, heard: Heard, room: &mut u64, sold: &mut Tally) -> Result<(), HostTrouble> {
        // Its buyers come to the barrier once, buy after the go, and have ended when it says so.
        let is_late = match &heard {
            Heard::Words(ToLead::Ready { .. }) => self.ready.is_some(),
            Heard::Words(ToLead::Mishaps(_) | ToLead::Ended(_)) | Heard::Counts(_) | Heard::Purchases(_) => {
                self.went.is_none() || self.ended.is_some()
            }
            _ => false,
        };
        if is_late {
            return Err(garbage(Garbage::OutOfPlace));
        }
        match heard {
            Heard::Words(ToLead::Shown) => self.has_shown = true,
            Heard::Words(ToLead::Stock { stock, why, by_leads_address }) => {
                let unseen = || Unseen { why: brief(why.unwrap_or_default()), by_leads_address };
                self.stock = Some(stock.ok_or_else(unseen));
            }
            Heard::Words(ToLead::Ready { epoch_ns, launch_ns }) => {
                self.ready = Some(Ready { epoch_ns, launch_ns });
            }
            Heard::Words(ToLead::Mishaps(mishaps)) => self.take_mishaps(mishaps)?,
            Heard::Words(ToLead::Ended(ended)) => self.ended = Some(ended),
            Heard::Words(ToLead::Left(left)) => self.left = Some(left.into()),
            Heard::Words(ToLead::Unable { why }) => return Err(HostTrouble::Said(brief(why))),
            Heard::Words(ToLead::Hello { .. }) => return Err(garbage(Garbage::LateGreeting)),
            Heard::Measured => self.measured += 1,
            Heard::Counts(counts) => self.take_counts(counts)?,
            Heard::Purchases(purchases) => self.take_purchases(purchases, room, sold)?,
            Heard::Gone(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn take_counts(&mut self, counts: Vec<BuyerCount>) -> Result<(), HostTrouble> {
        let buyers = self.share.plan.buyers;
        let are_its_own = counts.iter().all(|count| (1..=buyers).contains(&count.buyer));
        if !are_its_own || self.counts.len() + counts.len() > buyers as usize {
            return Err(garbage(Garbage::Counts));
        }
        self.counts.extend(counts);
        Ok(())
    }

    fn take_mishaps(&mut self, mishaps: Vec<Befallen>) -> Result<(), HostTrouble> {
        let is_long = |befallen: &Befallen| befallen.at.len() > MOST_PLACE;
        if self.mishaps.len() + mishaps.len() > MOST_MISHAPS || mishaps.iter().any(is_long) {
            return Err(garbage(Garbage::Mishaps));
        }
        self.mishaps.extend(mishaps);
        Ok(())
    }

    fn take_purchases(
        &mut self,
        mut all: Vec<Purchase>,
        room: &mut u64,
        sold: &mut Tally,
    ) -> Result<(), HostTrouble> {
        let buyers = u64::from(self.share.plan.buyers);
        let since = self.went.map_or(Duration::ZERO, |went| went.elapsed()) + AHEAD;
        let sale_ns = self.go_ns..=self.go_ns.saturating_add(since.as_nanos() as u64);
        let can_be = |one: &Purchase| {
            let steps = one.steps.get();
            let times =
                [steps.locked_ns, steps.read_ns, steps.truncated_ns, steps.written_ns, steps.unlocked_ns];
            (1..=buyers).contains(&one.buyer)
                && one.return_ns.get().is_none_or(|back| back >= one.invoke_ns)
                && sale_ns.contains(&one.invoke_ns)
                && times.into_iter().chain([one.return_ns.get()]).flatten().all(|ns| sale_ns.contains(&ns))
        };
        if all.is_empty()
            || self.sent() + all.len() as u64 > Recorder::MOST_RECORDS
            || !all.iter().all(can_be)
        {
            return Err(garbage(Garbage::Purchases));
        }
        all.iter().for_each(|one| count(sold, one));
        let kept = all.len().min(usize::try_from(*room).unwrap_or(usize::MAX));
        all.drain(kept..).for_each(|one| count(&mut self.unkept, &one));
        *room -= kept as u64;
        self.purchases.push(all);
        Ok(())
    }

    /// Notes that it is lost.
    pub(super) fn lose(&mut self) {
        self.guest.cut();
        self.lost = Some(Instant::now());
    }

    /// How long ago it was lost.
    pub(super) fn lost_for(&self) -> Option<Duration> {
        self.lost.map(|since| since.elapsed())
    }

    /// Whether its buyers have ended, or it is lost.
    pub(super) fn is_done(&self) -> bool {
        self.ended.is_some() || self.lost.is_some()
    }

    /// The time on its clock from which it may have made purchases that never came here. A buyer that may have gone on
    /// may have called its next purchase when its last known one returned. `None` if no buyer can have gone on.
    pub(super) fn unknown_since_ns(&self) -> Option<u64> {
        // No buyer buys before the go.
        let go_ns = Some(self.go_ns);
        if self.unkept != Tally::default() {
            return go_ns;
        }
        let mut buyers: Vec<(u32, Option<u64>)> = vec![(0, go_ns); self.share.plan.buyers as usize];
        for purchase in self.purchases.iter().flatten() {
            let (bought, until) = &mut buyers[purchase.buyer as usize - 1];
            *bought += 1;
            // A buyer leaves after a refusal and after a failure.
            *until = match (purchase.outcome, purchase.return_ns.get()) {
                (Outcome::Bought, Some(back)) => until.map(|until| until.max(back)),
                _ => None,
            };
        }
        let most = match self.share.plan.per_buyer {
            PerBuyer::Count(count) => count.get(),
            PerBuyer::All => u32::MAX,
        };
        buyers.into_iter().filter(|(bought, _)| *bought < most).filter_map(|(_, until)| until).min()
    }
}

fn garbage(what: Garbage) -> HostTrouble {
    WireError::Garbage(what).into()
}

/// Counts a purchase.
pub(super) fn count(tally: &mut Tally, purchase: &Purchase) {
    match purchase.outcome {
        Outcome::Bought => tally.bought += 1,
        Outcome::Refused => tally.refused += 1,
        Outcome::Failed | Outcome::Unknown => tally.failed += 1,
        Outcome::Returned | Outcome::Read => {}
    }
}
