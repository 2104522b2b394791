//! The record of one purchase in shared memory: one cache line, and another one that few purchases use.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, AtomicU64, Ordering};

use crate::fault::{Fault, FaultKind, StoreCode, TornText};
use crate::history::{Outcome, Purchase, Steps, Tries};
use crate::shared::Shareable;
use crate::stock::Stock;

/// One purchase. It fits one cache line, since buyers write a new one each time. Times are nanoseconds since
/// the epoch, 0 if there is none.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Record {
    /// One of the `STATE_…` values: stored last.
    pub(super) state: AtomicU32,
    pub(super) buyer: AtomicU32,
    pub(super) invoke_ns: AtomicU64,
    pub(super) locked_ns: AtomicU64,
    pub(super) read_ns: AtomicU64,
    pub(super) written_ns: AtomicU64,
    pub(super) unlocked_ns: AtomicU64,
    /// The stock that was read.
    pub(super) seen: AtomicI64,
    /// 1 + the fault's place in `FaultKind::ALL`; 0 for none.
    fault: AtomicU32,
    number: AtomicI32,
}

/// Fields that only some purchases have.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct RareFields {
    pub(super) truncated_ns: AtomicU64,
    /// When a step failed.
    pub(super) failed_ns: AtomicU64,
    /// Length, then the bytes of a torn read.
    torn: [AtomicU64; 4],
    sold_from: AtomicI64,
    /// One of the `SOLD_…` values.
    sold: AtomicU32,
    /// When a step without a time of its own ended.
    pub(super) passed_ns: AtomicU64,
    /// How many tries took nothing.
    missed: AtomicU32,
    /// How many tries the store aborted, and its code for the last one.
    aborted: AtomicU32,
    code: AtomicI32,
}

const _: () = assert!(size_of::<Record>() == 64, "a record is one cache line");

// SAFETY: atomics alone, each valid when zero, nothing to drop.
unsafe impl Shareable for Record {}
// SAFETY: as above.
unsafe impl Shareable for RareFields {}

/// Sold from the stock that was seen: one less is written.
const SOLD_AS_SEEN: u32 = 0;
/// The store counts down by itself, and has not said from which stock.
const SOLD_UNSAID: u32 = 1;
/// It has said so: `sold_from` holds.
const SOLD_SAID: u32 = 2;

const STATE_UNUSED: u32 = 0;
/// Begun; nothing has been read.
pub(super) const STATE_BEGUN: u32 = 1;
/// The stock has been read, so `seen` holds.
pub(super) const STATE_READ: u32 = 2;
/// The write has begun: from here on the stock may have changed.
pub(super) const STATE_WRITING: u32 = 3;
/// Committed: plus the outcome's place in `Outcome::ALL`.
pub(super) const STATE_ENDED: u32 = 4;

impl Record {
    /// The recorded purchase, if one was begun. Call it when the buyer has ended: a purchase that is not
    /// committed then was cut off by a kill.
    pub(super) fn purchase(&self, rare: &RareFields, pid: impl Fn(u32) -> Option<u32>) -> Option<Purchase> {
        let state = self.state.load(Ordering::Acquire);
        let killed = Some(Fault::plain(FaultKind::Killed));
        let (outcome, fault) = match state {
            STATE_UNUSED => return None,
            // Before its write a purchase has no effect: it failed.
            STATE_BEGUN | STATE_READ => (Outcome::Failed, killed),
            STATE_WRITING => (Outcome::Unknown, killed),
            _ => (Outcome::ALL[(state - STATE_ENDED) as usize], self.fault()),
        };
        let time = |word: &AtomicU64| Some(word.load(Ordering::Relaxed)).filter(|ns| *ns != 0);
        let steps = Steps {
            locked_ns: time(&self.locked_ns),
            read_ns: time(&self.read_ns),
            truncated_ns: time(&rare.truncated_ns),
            written_ns: time(&self.written_ns),
            unlocked_ns: time(&self.unlocked_ns),
        };
        // It returned when its last step ended, with or without success.
        let (failed_ns, passed_ns) = (time(&rare.failed_ns), time(&rare.passed_ns));
        let of_lock = [steps.locked_ns, steps.unlocked_ns];
        let ends = [steps.read_ns, steps.written_ns, failed_ns, passed_ns];
        let ends = of_lock.into_iter().chain(ends);
        let last_ns = ends.into_iter().max().flatten();
        let buyer = self.buyer.load(Ordering::Relaxed);
        let whole = steps.read_ns.is_some() && fault.is_none_or(|f| f.kind != FaultKind::Torn);
        let seen = whole.then(|| self.seen.load(Ordering::Relaxed));
        Some(Purchase {
            buyer: u64::from(buyer),
            pid: pid(buyer).into(),
            invoke_ns: self.invoke_ns.load(Ordering::Relaxed),
            return_ns: last_ns.filter(|_| state >= STATE_ENDED).into(),
            outcome,
            seen: seen.into(),
            sold_from: rare.sold_from(seen).into(),
            tries: rare.tries(fault).into(),
            steps: steps.into(),
            fault,
            torn: fault.filter(|f| f.kind == FaultKind::Torn).map(|_| Box::new(rare.torn_text())),
            ..Purchase::default()
        })
    }

    /// Whether it is a purchase of this buyer that got the lock and neither unlocked nor ended.
    pub(super) fn is_inside(&self, buyer: u32) -> bool {
        let noted = |word: &AtomicU64| word.load(Ordering::Relaxed) != 0;
        let begun = STATE_BEGUN..STATE_ENDED;
        self.buyer.load(Ordering::Relaxed) == buyer
            && begun.contains(&self.state.load(Ordering::Acquire))
            && noted(&self.locked_ns)
            && !noted(&self.unlocked_ns)
    }

    fn fault(&self) -> Option<Fault> {
        let place = self.fault.load(Ordering::Relaxed).checked_sub(1)?;
        let kind = FaultKind::ALL[place as usize];
        Some(Fault { kind, number: self.number.load(Ordering::Relaxed) })
    }

    pub(super) fn set_fault(&self, fault: Fault) {
        self.fault.store(fault.kind as u32 + 1, Ordering::Relaxed);
        self.number.store(fault.number, Ordering::Relaxed);
    }
}

impl RareFields {
    fn torn_text(&self) -> TornText {
        let mut bytes = [0; 32];
        for (word, chunk) in self.torn.iter().zip(bytes.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        TornText::new(&bytes[1..=usize::from(bytes[0])])
    }

    fn sold_from(&self, seen: Option<Stock>) -> Option<Stock> {
        match self.sold.load(Ordering::Acquire) {
            SOLD_AS_SEEN => seen,
            SOLD_SAID => Some(self.sold_from.load(Ordering::Relaxed)),
            _ => None,
        }
    }

    fn tries(&self, fault: Option<Fault>) -> Tries {
        let [missed, aborted] = [&self.missed, &self.aborted].map(|count| count.load(Ordering::Relaxed));
        // The last abort ended the purchase: no try followed it.
        let was_last = fault.is_some_and(|fault| fault.kind == FaultKind::Aborted);
        let said = fault.is_some_and(Fault::is_of_store);
        Tries {
            count: 1 + missed + aborted.saturating_sub(u32::from(was_last)),
            aborted,
            code: StoreCode(if said { 0 } else { self.code.load(Ordering::Relaxed) }),
        }
    }

    /// Notes that a try took nothing and another one follows.
    pub(super) fn add_missed(&self) {
        self.missed.store(self.missed.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Notes that the store aborted a try.
    pub(super) fn add_aborted(&self, code: StoreCode) {
        self.aborted.store(self.aborted.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.code.store(code.0, Ordering::Relaxed);
    }

    /// Notes that the store counts down by itself.
    pub(super) fn set_unsaid(&self) {
        self.sold.store(SOLD_UNSAID, Ordering::Release);
    }

    /// Notes the stock that the store counted down from.
    pub(super) fn set_sold_from(&self, stock: Stock) {
        self.sold_from.store(stock, Ordering::Relaxed);
        self.sold.store(SOLD_SAID, Ordering::Release);
    }

    pub(super) fn set_torn(&self, text: &TornText) {
        let mut bytes = [0; 32];
        bytes[0] = text.bytes().len() as u8;
        bytes[1..=text.bytes().len()].copy_from_slice(text.bytes());
        for (word, chunk) in self.torn.iter().zip(bytes.chunks_exact(8)) {
            let mut eight = [0; 8];
            eight.copy_from_slice(chunk);
            word.store(u64::from_le_bytes(eight), Ordering::Relaxed);
        }
    }
}
