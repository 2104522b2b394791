//! The writing end of the recorder: what one buyer notes while it goes through its purchases.

use std::sync::atomic::{AtomicU64, Ordering};

use super::record::{RareFields, Record, STATE_BEGUN, STATE_ENDED, STATE_READ, STATE_WRITING};
use super::{Recorder, Slot};
use crate::fault::{Fault, StoreCode, TornText};
use crate::history::Outcome;
use crate::shared::BringIn;
use crate::stock::Stock;

/// One buyer's writing end.
#[derive(Debug)]
pub struct Pen {
    recorder: Recorder,
    buyer: u32,
    /// The place of the open purchase's record; `None` if there was no room for it.
    current: Option<usize>,
    /// The records of this buyer's chunk that are still unused.
    next: u64,
    end: u64,
    /// When the last step ended; a purchase returns at that time.
    last_ns: u64,
    open: bool,
}

impl Pen {
    pub(super) fn new(recorder: Recorder, buyer: u32) -> Self {
        Self { recorder, buyer, current: None, next: 0, end: 0, last_ns: 0, open: false }
    }

    /// Opens a purchase, called now, unless one is open.
    #[inline(always)]
    pub fn begin(&mut self) {
        if self.open {
            return;
        }
        self.open = true;
        if self.last_ns == 0 {
            self.last_ns = self.recorder.now_ns();
        }
        // A buyer goes straight from one purchase to the next: the end of one is the call of the next, so the
        // clock is read only once.
        self.current = self.take();
        if let Some(record) = self.record() {
            record.buyer.store(self.buyer, Ordering::Relaxed);
            record.invoke_ns.store(self.last_ns, Ordering::Relaxed);
            record.state.store(STATE_BEGUN, Ordering::Release);
        }
    }

    /// Time has passed since the last purchase ended: the call of the next one is not that end.
    pub fn rested(&mut self) {
        if !self.open {
            self.last_ns = 0;
        }
    }

    /// The wait for the lock begins.
    #[inline(always)]
    pub fn waiting(&self) {
        self.slot().waiting_since_ns.store(self.last_ns, Ordering::Relaxed);
    }

    /// The wait for the lock ended, granted or not.
    #[inline(always)]
    pub fn waited(&mut self, granted: bool) {
        let slot = self.slot();
        slot.waiting_since_ns.store(0, Ordering::Relaxed);
        slot.give_up.store(0, Ordering::Relaxed);
        if granted {
            self.stamp(|record| &record.locked_ns);
        } else {
            self.failed();
        }
    }

    /// The stock was read. By default the ticket is sold from this stock, too.
    #[inline(always)]
    pub fn read(&mut self, stock: Stock) {
        self.stamp(|record| &record.read_ns);
        if let Some(record) = self.record() {
            record.seen.store(stock, Ordering::Relaxed);
            record.state.store(STATE_READ, Ordering::Release);
        }
    }

    /// A read found no valid ticket.
    #[cold]
    pub fn torn(&mut self, text: &TornText) {
        self.stamp(|record| &record.read_ns);
        if let Some(rare) = self.rare() {
            rare.set_torn(text);
        }
    }

    /// A write begins: from here on the stock may change.
    #[inline(always)]
    pub fn writing(&self) {
        if let Some(record) = self.record() {
            record.state.store(STATE_WRITING, Ordering::Release);
        }
    }

    /// The store counts down by itself: from here on the stock may change, and only [`Pen::sold_from`] tells
    /// the stock sold from.
    pub fn counting_down(&self) {
        if let Some(rare) = self.rare() {
            rare.set_unsaid();
        }
        self.writing();
    }

    /// The store said from which stock the ticket was taken, whatever was read.
    pub fn sold_from(&self, stock: Stock) {
        if let Some(rare) = self.rare() {
            rare.set_sold_from(stock);
        }
    }

    /// The file was emptied.
    pub fn truncated(&mut self) {
        self.stamp_rare(|rare| &rare.truncated_ns);
    }

    /// The new stock was written.
    #[inline(always)]
    pub fn written(&mut self) {
        self.stamp(|record| &record.written_ns);
    }

    /// The buyer unlocked.
    #[inline(always)]
    pub fn unlocked(&mut self) {
        self.stamp(|record| &record.unlocked_ns);
    }

    /// A step without a time of its own ended.
    pub fn passed(&mut self) {
        self.stamp_rare(|rare| &rare.passed_ns);
    }

    /// A step failed now; [`Pen::end`] says why.
    #[cold]
    pub fn failed(&mut self) {
        self.stamp_rare(|rare| &rare.failed_ns);
    }

    /// Nothing was taken, since the store had changed: another try follows.
    #[cold]
    pub fn missed(&mut self) {
        self.passed();
        self.undone();
        if let Some(rare) = self.rare() {
            rare.add_missed();
        }
    }

    /// The write has changed nothing, or its ticket was given back: a kill now leaves no effect.
    pub fn undone(&self) {
        if let Some(record) = self.record() {
            record.state.store(STATE_BEGUN, Ordering::Release);
        }
    }

    /// The store aborted this try, and said why.
    #[cold]
    pub fn aborted(&self, code: StoreCode) {
        self.undone();
        if let Some(rare) = self.rare() {
            rare.add_aborted(code);
        }
    }

    /// Ends the purchase: it returned when its last step ended. Commits the record.
    #[inline(always)]
    pub fn end(&mut self, outcome: Outcome, fault: Option<Fault>) {
        if let Some(record) = self.record() {
            if let Some(fault) = fault {
                record.set_fault(fault);
            }
            record.state.store(STATE_ENDED + outcome as u32, Ordering::Release);
        }
        self.current = None;
        // Counted after the commit: a kill in between leaves a correct record and a count that is one too
        // low, never a counted receipt without a record.
        let slot = self.slot();
        match outcome {
            Outcome::Bought => count(&slot.bought),
            Outcome::Refused => count(&slot.refused),
            Outcome::Failed | Outcome::Unknown => count(&slot.failed),
            // Ticketsim's own buyers only buy.
            Outcome::Returned | Outcome::Read => {}
        }
        self.open = false;
    }

    fn slot(&self) -> &Slot {
        self.recorder.slot(self.buyer)
    }

    fn record(&self) -> Option<&Record> {
        self.current.map(|place| &self.recorder.memory.records[place])
    }

    fn rare(&self) -> Option<&RareFields> {
        self.current.map(|place| &self.recorder.memory.rare_fields[place])
    }

    /// Reads the clock and stores the time in this field of the open record.
    #[inline(always)]
    fn stamp(&mut self, field: impl Fn(&Record) -> &AtomicU64) {
        self.last_ns = self.recorder.now_ns();
        if let Some(record) = self.record() {
            field(record).store(self.last_ns, Ordering::Relaxed);
        }
    }

    /// As [`Pen::stamp`], for the rare fields.
    fn stamp_rare(&mut self, field: impl Fn(&RareFields) -> &AtomicU64) {
        self.last_ns = self.recorder.now_ns();
        if let Some(rare) = self.rare() {
            field(rare).store(self.last_ns, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn take(&mut self) -> Option<usize> {
        if self.next == self.end {
            self.take_chunk();
        }
        let place = self.next as usize;
        self.next += 1;
        (place < self.recorder.memory.records.len()).then_some(place)
    }

    #[cold]
    fn take_chunk(&mut self) {
        let memory = &self.recorder.memory;
        self.next = memory.board[0].next_record.fetch_add(memory.chunk, Ordering::Relaxed);
        self.end = self.next + memory.chunk;
        memory.records.bring_in(self.next as usize..self.end as usize, BringIn::Map);
    }
}

/// Adds one to a counter that only this buyer writes, so no atomic addition is needed.
fn count(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
