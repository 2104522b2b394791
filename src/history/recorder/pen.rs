//! The writing end of the recorder: what one buyer notes while it goes through its purchases.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Record, Recorder, STATE_BEGUN, STATE_ENDED, STATE_READ, STATE_WRITING, Slot};
use crate::history::{Fault, Outcome, TornText};

/// One buyer's writing end.
#[derive(Debug)]
pub struct Pen {
    recorder: Recorder,
    buyer: u32,
    /// The place of the record of the purchase that is open; `None` when there was no room for it.
    current: Option<usize>,
    /// The records of this buyer's chunk that are still unused.
    next: u64,
    end: u64,
    /// When the last step ended: it is also when a purchase returns.
    last_ns: u64,
    open: bool,
}

impl Pen {
    pub(super) fn new(recorder: Recorder, buyer: u32) -> Self {
        Self { recorder, buyer, current: None, next: 0, end: 0, last_ns: 0, open: false }
    }

    /// Opens a purchase, if none is open: it is called now.
    pub fn begin(&mut self) {
        if self.open {
            return;
        }
        self.open = true;
        if self.last_ns == 0 {
            self.last_ns = self.recorder.now_ns();
        }
        // A buyer goes from one purchase straight to the next: the end of the one is the call of the
        // other, and the clock need not be read twice.
        self.current = self.take();
        if let Some(record) = self.record() {
            record.buyer.store(self.buyer, Ordering::Relaxed);
            record.invoke_ns.store(self.last_ns, Ordering::Relaxed);
            record.state.store(STATE_BEGUN, Ordering::Release);
        }
    }

    /// Time has passed since the last purchase ended: the next is called when it begins, not before.
    pub fn rested(&mut self) {
        if !self.open {
            self.last_ns = 0;
        }
    }

    /// From now on it waits for the lock.
    pub fn waiting(&self) {
        self.slot().waiting_since_ns.store(self.last_ns, Ordering::Relaxed);
    }

    /// The wait for the lock ended; granted or not.
    pub fn waited(&mut self, granted: bool) {
        self.slot().waiting_since_ns.store(0, Ordering::Relaxed);
        self.slot().give_up.store(0, Ordering::Relaxed);
        self.stamp(|record| granted.then_some(&record.locked_ns));
    }

    /// The stock was read.
    pub fn read(&mut self, stock: u64) {
        self.stamp(|record| Some(&record.read_ns));
        if let Some(record) = self.record() {
            record.stock.store(stock, Ordering::Relaxed);
            record.state.store(STATE_READ, Ordering::Release);
        }
    }

    /// A read met no ticket file.
    pub fn torn(&mut self, text: &TornText) {
        self.stamp(|record| Some(&record.read_ns));
        if let Some(record) = self.record() {
            record.set_torn(text);
        }
    }

    /// A write begins: from here on the stock may change.
    pub fn writing(&self) {
        if let Some(record) = self.record() {
            record.state.store(STATE_WRITING, Ordering::Release);
        }
    }

    /// The file was emptied.
    pub fn truncated(&mut self) {
        self.stamp(|record| Some(&record.truncated_ns));
    }

    /// The new stock was written.
    pub fn written(&mut self) {
        self.stamp(|record| Some(&record.written_ns));
    }

    /// The lock was let go.
    pub fn unlocked(&mut self) {
        self.stamp(|record| Some(&record.unlocked_ns));
    }

    /// A step failed now; why is said at the [`Pen::end`].
    pub fn failed(&mut self) {
        self.stamp(|_| None);
    }

    /// Ends the purchase: it returned when its last step ended. Commits the record.
    pub fn end(&mut self, outcome: Outcome, fault: Option<Fault>) {
        if let Some(record) = self.record() {
            if let Some(fault) = fault {
                record.set_fault(fault);
            }
            record.return_ns.store(self.last_ns, Ordering::Relaxed);
            let place = Outcome::ALL.iter().position(|member| *member == outcome);
            let state = STATE_ENDED + place.map_or(0, |place| place as u32);
            record.state.store(state, Ordering::Release);
        }
        self.current = None;
        // After the commit: a kill in between leaves a record that is right and a count that is short,
        // never a receipt that was counted and can't be shown.
        let slot = self.slot();
        match outcome {
            Outcome::Bought => count(&slot.bought),
            Outcome::Refused => count(&slot.refused),
            Outcome::Failed | Outcome::Unknown => count(&slot.failed),
        }
        self.open = false;
    }

    fn slot(&self) -> &Slot {
        self.recorder.slot(self.buyer)
    }

    fn record(&self) -> Option<&Record> {
        self.current.map(|place| &self.recorder.memory.records[place])
    }

    /// Reads the clock and stores it in the word of the open record that `field` names.
    fn stamp(&mut self, field: impl Fn(&Record) -> Option<&AtomicU64>) {
        self.last_ns = self.recorder.now_ns();
        if let Some(word) = self.record().and_then(field) {
            word.store(self.last_ns, Ordering::Relaxed);
        }
    }

    fn take(&mut self) -> Option<usize> {
        let memory = &self.recorder.memory;
        if self.next == self.end {
            self.next = memory.board[0].next_record.fetch_add(memory.chunk, Ordering::Relaxed);
            self.end = self.next + memory.chunk;
            memory.records.bring_in(self.next as usize..self.end as usize);
        }
        let place = self.next as usize;
        self.next += 1;
        (place < memory.records.len()).then_some(place)
    }
}

/// Adds one to a counter that this buyer alone writes: no atomic addition is needed.
fn count(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
