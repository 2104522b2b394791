//! A server that locks rows, as data: one row with the stock, a table of receipts and one advisory lock.
//!
//! The differences between such servers are in [`Ways`]; here is what they have in common:
//!
//! - A statement is *sent*, and may have to wait. Waiters stand in one queue in the order of asking. When a lock is
//!   released, the first waiter that can go on does so, then the next, all within the same step.
//! - A waiter waits for one buyer at a time, the first of those in its way: holders in the order in which they got the
//!   lock, then earlier waiters, if the queue is fair. If these waits form a circle, the one that asked last is the
//!   victim.
//! - A transaction keeps its locks until its end. A statement outside a transaction is its own transaction, at read
//!   committed.
//! - If a released waiter fails, or changes nothing and keeps no lock, the next waiter goes on.
//!
//! Everything of one buyer is in its seat, and places in the queue are counted from 0 without gaps, so buyers with
//! equal seats are interchangeable.

mod queue;

use super::statement::{changed, finds};
use super::ways::{Begins, Receipts, Sees, Ways};
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::protocol::{Action, Mishap, Reply};
use crate::stock::Stock;
use crate::world::{Held, Model, OwnState};
use queue::{close_gaps, queue};

/// How a row is locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Hold {
    #[default]
    No,
    Share,
    Exclusive,
}

/// The snapshot of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Snapshot {
    stock: Stock,
    receipts: Stock,
    /// Whether another has changed the row since.
    stale: bool,
    /// Whether another has added a receipt since.
    outrun: bool,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    action: Action,
    /// How many other waiters asked before.
    place: u32,
}

/// One buyer's own part of a [`RowModel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    in_transaction: bool,
    snapshot: Option<Snapshot>,
    /// The stock that it has written but not committed.
    written: Option<Stock>,
    /// Receipts that it has added but not committed.
    inserted: Stock,
    row: Hold,
    /// How many of those that share the row got it before.
    turn: u32,
    /// Whether it keeps others from inserting receipts, and how many did before.
    gap: Option<u32>,
    /// Whether it has the advisory lock for its session.
    session_lock: bool,
    /// Whether it has the advisory lock until the end of its transaction.
    transaction_lock: bool,
    asked: Option<Asked>,
    /// Whether it becomes the victim of its circle, even if another asked last.
    doomed: bool,
    /// Whether its buyer was killed while it waited: the request is still served, then the server notices.
    is_dead: bool,
}

impl Seat {
    fn has_advisory(&self) -> bool {
        self.session_lock || self.transaction_lock
    }

    /// Ends the transaction without committing.
    fn end(&mut self) {
        let Self { session_lock, asked, doomed, is_dead, .. } = *self;
        *self = Self { session_lock, asked, doomed, is_dead, ..Self::default() };
    }
}

/// The table, and the rules of its server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowModel {
    ways: Ways,
    /// Whether the stock is the capacity less the receipts.
    by_receipts: bool,
    capacity: Stock,
    /// The committed value.
    stock: Stock,
    /// The committed value.
    receipts: Stock,
}

impl RowModel {
    pub(super) fn with_ways(ways: Ways, by_receipts: bool, tickets: Stock) -> Self {
        Self { ways, by_receipts, capacity: tickets, stock: tickets, receipts: 0 }
    }

    /// What a plain statement of this buyer sees of the row.
    fn visible(&self, seats: &[Seat], who: usize) -> Stock {
        let seat = &seats[who];
        let others = match (self.ways.sees, seat.snapshot) {
            (Sees::Snapshot, Some(snapshot)) => snapshot.stock,
            (Sees::Newest, _) => seats.iter().find_map(|seat| seat.written).unwrap_or(self.stock),
            _ => self.stock,
        };
        seat.written.unwrap_or(others)
    }

    /// The stock by a plain count of this buyer.
    fn counted(&self, seats: &[Seat], who: usize) -> Stock {
        let seat = &seats[who];
        let receipts = match (self.ways.sees, seat.snapshot) {
            (Sees::Snapshot, Some(snapshot)) => snapshot.receipts + seat.inserted,
            (Sees::Newest, _) => self.receipts + seats.iter().map(|seat| seat.inserted).sum::<Stock>(),
            _ => self.receipts + seat.inserted,
        };
        self.capacity - receipts
    }

    /// Called before each statement, even one that will wait: some statements take the snapshot.
    fn look_around(&self, seat: &mut Seat, action: Action) {
        let takes = match self.ways.snapshot {
            None => false,
            Some(Begins::Any) => true,
            Some(Begins::PlainRead) => matches!(action, Action::Read | Action::Count),
            Some(Begins::OnTable) => {
                !matches!(action, Action::Lock | Action::LockUntilCommit | Action::Unlock)
            }
        };
        // A statement outside a transaction is its own transaction, and ends with its answer.
        let is_one = seat.in_transaction || self.ways.snapshot == Some(Begins::OnTable);
        if takes && is_one && seat.snapshot.is_none() {
            let Self { stock, receipts, .. } = *self;
            seat.snapshot = Some(Snapshot { stock, receipts, stale: false, outrun: false });
        }
    }

    /// How a statement locks the row.
    fn hold(&self, seat: &Seat, action: Action) -> Hold {
        match action {
            Action::Read | Action::Count if self.ways.reads_lock && seat.in_transaction => Hold::Share,
            Action::Read | Action::Count | Action::Insert => Hold::No,
            Action::Lock | Action::LockUntilCommit => Hold::No,
            Action::ReadForShare => Hold::Share,
            _ => Hold::Exclusive,
        }
    }

    /// Carries out a request; `None` if it has to wait.
    fn attempt(&mut self, seats: &mut [Seat], who: usize, action: Action, waited: bool) -> Option<Reply> {
        let hold = self.hold(&seats[who], action);
        match action {
            Action::Read if hold == Hold::No => Some(Reply::Stock(self.visible(seats, who))),
            Action::Count if hold == Hold::No => Some(Reply::Stock(self.counted(seats, who))),
            Action::Count => self.count_locked(seats, who, hold),
            Action::Lock | Action::LockUntilCommit => {
                if self.in_the_way(seats, who, action).is_some() {
                    return None;
                }
                let seat = &mut seats[who];
                match action {
                    Action::Lock => seat.session_lock = true,
                    _ => seat.transaction_lock = seat.in_transaction,
                }
                Some(Reply::Done)
            }
            Action::Insert if self.in_the_way(seats, who, action).is_some() => None,
            Action::Insert => Some(self.insert(seats, who)),
            _ => self.attempt_row(seats, who, action, waited),
        }
    }

    /// A read that locks, or a write.
    fn attempt_row(&mut self, seats: &mut [Seat], who: usize, action: Action, waited: bool) -> Option<Reply> {
        let ways = self.ways;
        if ways.looks_first && !waited && !finds(action, self.visible(seats, who)) {
            return Some(Reply::Missed);
        }
        let is_stale = seats[who].snapshot.is_some_and(|snapshot| snapshot.stale);
        let stale = ways.stale.filter(|_| is_stale);
        if let Some(stale) = stale.filter(|stale| !stale.waits) {
            return Some(aborted(stale.code));
        }
        if self.in_the_way(seats, who, action).is_some() {
            return None;
        }
        if let Some(stale) = stale {
            return Some(aborted(stale.code));
        }
        let newest = seats[who].written.unwrap_or(self.stock);
        let is_found = finds(action, newest);
        // If WHERE does not match after a wait, the lock stays.
        if is_found || waited || ways.keeps_missed {
            let hold = self.hold(&seats[who], action);
            lock_row(seats, who, hold);
        }
        if !is_found {
            return Some(Reply::Missed);
        }
        let Some((left, reply)) = changed(action, newest) else { return Some(Reply::Stock(newest)) };
        if let Some(code) = ways.check.filter(|_| left < 0) {
            return Some(Reply::Failed(Fault::of_store(FaultKind::Constraint, code)));
        }
        if seats[who].in_transaction {
            seats[who].written = Some(left);
        } else {
            self.change(seats, who, left);
        }
        Some(reply)
    }

    /// A count that locks its row and the receipts until its transaction ends.
    fn count_locked(&self, seats: &mut [Seat], who: usize, hold: Hold) -> Option<Reply> {
        if self.in_the_way(seats, who, Action::Count).is_some() {
            return None;
        }
        let is_stale = seats[who].snapshot.is_some_and(|snapshot| snapshot.stale || snapshot.outrun);
        if let Some(stale) = self.ways.stale.filter(|_| is_stale) {
            return Some(aborted(stale.code));
        }
        lock_row(seats, who, hold);
        let before = seats.iter().filter(|seat| seat.gap.is_some()).count() as u32;
        seats[who].gap.get_or_insert(before);
        Some(Reply::Stock(self.capacity - self.receipts - seats[who].inserted))
    }

    fn insert(&mut self, seats: &mut [Seat], who: usize) -> Reply {
        if self.is_outrun(&seats[who]) {
            return self.outrun();
        }
        if seats[who].in_transaction {
            seats[who].inserted += 1;
        } else {
            self.add(seats, who, 1);
        }
        Reply::Done
    }

    /// Whether another has added a receipt that this buyer's count has not seen, at a level where that matters.
    fn is_outrun(&self, seat: &Seat) -> bool {
        self.ways.receipts == Receipts::FirstCommitted
            && seat.snapshot.is_some_and(|snapshot| snapshot.outrun)
    }

    fn outrun(&self) -> Reply {
        aborted(self.ways.stale.map_or(self.ways.deadlock, |stale| stale.code))
    }

    /// Commits a change of the row.
    fn change(&mut self, seats: &mut [Seat], who: usize, stock: Stock) {
        self.stock = stock;
        for (_, seat) in seats.iter_mut().enumerate().filter(|(other, _)| *other != who) {
            if let Some(snapshot) = &mut seat.snapshot {
                snapshot.stale = true;
            }
        }
    }

    /// Commits receipts.
    fn add(&mut self, seats: &mut [Seat], who: usize, receipts: Stock) {
        self.receipts += receipts;
        for (_, seat) in seats.iter_mut().enumerate().filter(|(other, _)| *other != who) {
            if let Some(snapshot) = &mut seat.snapshot {
                snapshot.outrun = true;
            }
        }
    }

    fn commit(&mut self, seats: &mut [Seat], who: usize) -> Reply {
        let seat = seats[who];
        if seat.inserted > 0 && self.is_outrun(&seat) {
            return self.outrun();
        }
        if let Some(stock) = seat.written {
            self.change(seats, who, stock);
        }
        if seat.inserted > 0 {
            self.add(seats, who, seat.inserted);
        }
        seats[who].end();
        Reply::Done
    }

    /// Answers a request. If it failed, its transaction ends at once: the server releases locks at the error.
    fn answer(seats: &mut [Seat], who: usize, reply: Reply, answers: &mut Vec<(usize, Reply)>) {
        if matches!(reply, Reply::Failed(_)) {
            seats[who].end();
        }
        if !seats[who].in_transaction {
            seats[who].snapshot = None;
        }
        if std::mem::take(&mut seats[who].is_dead) {
            // A statement outside a transaction has taken effect; everything else ends with the session.
            seats[who] = Seat::default();
            return;
        }
        seats[who].asked = None;
        answers.push((who, reply));
    }

    /// Lets waiters go on, and breaks deadlocks, until nothing moves any more.
    fn settle(&mut self, seats: &mut [Seat], answers: &mut Vec<(usize, Reply)>) {
        loop {
            let queue = queue(seats);
            let next = queue.iter().find_map(|who| {
                let action = seats[*who].asked?.action;
                Some((*who, self.attempt(seats, *who, action, true)?))
            });
            let next = next.or_else(|| Some((self.victim(seats, &queue)?, aborted(self.ways.deadlock))));
            match next {
                Some((who, reply)) => Self::answer(seats, who, reply, answers),
                None => break,
            }
        }
        close_gaps(seats);
    }

    /// The first of those that keep a buyer from what it asks for.
    fn in_the_way(&self, seats: &[Seat], who: usize, action: Action) -> Option<usize> {
        let others = || seats.iter().enumerate().filter(|(other, _)| *other != who);
        if matches!(action, Action::Lock | Action::LockUntilCommit) {
            return others().find(|(_, seat)| seat.has_advisory()).map(|(other, _)| other);
        }
        let hold = self.hold(&seats[who], action);
        let holders = others().filter(|(_, seat)| conflict(seat.row, hold));
        let holder = holders.min_by_key(|(_, seat)| seat.turn);
        let first = holder.or_else(|| {
            // A holder of what it asks for waits for nobody.
            let is_new = self.ways.is_fair && seats[who].row < hold;
            let place = seats[who].asked.map_or(u32::MAX, |asked| asked.place);
            let waiting = |seat: &Seat| {
                let asked = seat.asked.filter(|asked| asked.place < place)?;
                conflict(self.hold(seat, asked.action), hold).then_some(asked.place)
            };
            let waiters = others().filter_map(|(other, seat)| Some((waiting(seat)?, (other, seat))));
            waiters.filter(|_| is_new).min_by_key(|(place, _)| *place).map(|(_, waiter)| waiter)
        });
        let first = first.or_else(|| match action {
            Action::Insert => {
                others().filter(|(_, seat)| seat.gap.is_some()).min_by_key(|(_, seat)| seat.gap)
            }
            Action::Count if hold != Hold::No => others().find(|(_, seat)| seat.inserted > 0),
            _ => None,
        });
        first.map(|(other, _)| other)
    }

    /// Of the buyers that wait for each other in a circle, the one that asked last.
    fn victim(&self, seats: &[Seat], queue: &[usize]) -> Option<usize> {
        let blocker = |who: usize| self.in_the_way(seats, who, seats[who].asked?.action);
        let is_seen = |who: &usize| {
            let advisory = |asked: Asked| matches!(asked.action, Action::Lock | Action::LockUntilCommit);
            self.ways.sees_all_circles || !seats[*who].asked.is_some_and(advisory)
        };
        for start in queue {
            let mut circle = vec![*start];
            let mut at = blocker(*start);
            while let Some(who) = at.filter(|who| !circle.contains(who)) {
                circle.push(who);
                at = blocker(who);
            }
            if at == Some(*start) && circle.iter().all(is_seen) {
                let last = |who: &usize| (seats[*who].doomed, seats[*who].asked.map(|asked| asked.place));
                return circle.into_iter().max_by_key(last);
            }
        }
        None
    }
}

/// Whether a holder keeps out a request of this kind.
fn conflict(held: Hold, wanted: Hold) -> bool {
    match (held, wanted) {
        (Hold::No, _) | (_, Hold::No) | (Hold::Share, Hold::Share) => false,
        (Hold::Share | Hold::Exclusive, Hold::Share | Hold::Exclusive) => true,
    }
}

/// Locks the row until the end of the transaction, if the buyer is in one.
fn lock_row(seats: &mut [Seat], who: usize, hold: Hold) {
    let turn = seats.iter().filter(|seat| seat.row != Hold::No).count() as u32;
    let seat = &mut seats[who];
    if seat.in_transaction {
        if seat.row == Hold::No {
            seat.turn = turn;
        }
        seat.row = seat.row.max(hold);
    }
}

fn aborted(code: StoreCode) -> Reply {
    Reply::Failed(Fault::of_store(FaultKind::Aborted, code))
}

impl Model for RowModel {
    type Seat = Seat;
    const APART: bool = false;

    fn can_ask(&self, seat: &Seat, _: Action) -> bool {
        seat.asked.is_none()
    }

    fn ask(&mut self, seats: &mut [Seat], who: usize, action: Action, answers: &mut Vec<(usize, Reply)>) {
        let reply = match action {
            Action::Begin | Action::BeginImmediate => {
                seats[who].in_transaction = true;
                Some(Reply::Done)
            }
            Action::Commit => Some(self.commit(seats, who)),
            Action::Rollback => {
                seats[who].end();
                Some(Reply::Done)
            }
            Action::Unlock => {
                self.look_around(&mut seats[who], action);
                seats[who].session_lock = false;
                Some(Reply::Done)
            }
            _ => {
                self.look_around(&mut seats[who], action);
                self.attempt(seats, who, action, false)
            }
        };
        match reply {
            Some(reply) => Self::answer(seats, who, reply, answers),
            None => seats[who].asked = Some(Asked { action, place: u32::MAX }),
        }
        self.settle(seats, answers);
    }

    fn waits_for(&self, seats: &[Seat], who: usize, _: Action) -> Option<usize> {
        self.in_the_way(seats, who, seats[who].asked?.action)
    }

    fn has_asked(&self, seat: &Seat) -> bool {
        seat.asked.is_some()
    }

    /// The server ends the session of a killed buyer: it rolls back and releases every lock. It notices the death only
    /// when no request of that session waits.
    fn befall(&mut self, seats: &mut [Seat], who: usize, mishap: Mishap, answers: &mut Vec<(usize, Reply)>) {
        if mishap == Mishap::Kill {
            if seats[who].asked.is_some() {
                seats[who].is_dead = true;
            } else {
                seats[who] = Seat::default();
            }
            self.settle(seats, answers);
        }
    }

    fn look(&self) -> Reply {
        Reply::Stock(if self.by_receipts { self.capacity - self.receipts } else { self.stock })
    }

    fn own_state(&self, seat: &Seat) -> OwnState {
        let row = match seat.row {
            Hold::No => None,
            Hold::Share => Some(Held::SharedRow),
            Hold::Exclusive => Some(Held::Row),
        };
        let snapshot = seat.snapshot.map(
            |Snapshot { stock, receipts, .. }| {
                if self.by_receipts { self.capacity - receipts } else { stock }
            },
        );
        OwnState {
            in_transaction: seat.in_transaction,
            snapshot,
            written: seat.written,
            held: seat.has_advisory().then_some(Held::Lock).into_iter().chain(row).collect(),
        }
    }

    fn doom(&self, seat: &mut Seat, is_doomed: bool) {
        seat.doomed = is_doomed;
    }
}
