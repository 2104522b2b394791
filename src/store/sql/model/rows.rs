//! A server that locks rows, as data: one row with the stock, a table of receipts and one advisory lock.
//!
//! What such servers differ in is in [`Ways`]; what they have in common is here:
//!
//! - A statement is *sent*, and may have to wait. Waiters stand in one queue in the order of asking; whoever lets
//!   go has the first of them try again that can go on, then the next, all within the same step.
//! - A waiter waits for one buyer at a time, the first of those in its way: holders in the order in which they
//!   got the lock, then waiters. Where these edges close a circle the one that asked last is the victim.
//! - A transaction keeps the locks that it took until its end. Outside a transaction a statement is one of its
//!   own, at read committed.
//! - Who is let go and fails, or changes nothing and keeps no lock, lets the next go.
//!
//! All that belongs to one buyer is in its seat, and places in the queue are counted from 0 without gaps: so
//! buyers whose seats are equal are interchangeable.

use super::statement::{changed, finds};
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::protocol::{Action, Reply};
use crate::stock::Stock;
use crate::world::Model;

/// What a transaction's plain reads see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sees {
    /// What was committed before the statement.
    Statement,
    /// What was committed before the snapshot of the transaction.
    Snapshot,
}

/// What keeps two counts of receipts from selling the same ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Receipts {
    /// Nothing.
    Free,
    /// Who inserts fails where another's insert was committed since its snapshot.
    FirstCommitted,
}

/// How a server does what others do otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ways {
    /// What plain reads see.
    pub(super) sees: Sees,
    /// How a locking read or a write fails that meets a row which was changed and committed since the snapshot.
    pub(super) stale: Option<StoreCode>,
    /// What keeps counts apart.
    pub(super) receipts: Receipts,
    /// How a deadlock's victim fails.
    pub(super) deadlock: StoreCode,
    /// How a new stock below 0 fails, where the table forbids it.
    pub(super) check: Option<StoreCode>,
}

/// How a row is locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Hold {
    #[default]
    No,
    Share,
    Exclusive,
}

/// What a transaction saw first.
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
    /// How many that wait asked before.
    place: u32,
}

/// What one buyer has of its own in a [`RowModel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    in_transaction: bool,
    snapshot: Option<Snapshot>,
    /// The stock that it has written and not committed.
    written: Option<Stock>,
    /// Receipts that it has added and not committed.
    inserted: Stock,
    row: Hold,
    /// How many that share the row got it before.
    turn: u32,
    /// Whether it has the advisory lock for its session.
    session_lock: bool,
    /// Whether it has the advisory lock until the end of its transaction.
    transaction_lock: bool,
    asked: Option<Asked>,
}

impl Seat {
    fn has_advisory(&self) -> bool {
        self.session_lock || self.transaction_lock
    }

    /// Ends the transaction: what it had not committed is gone.
    fn end(&mut self) {
        let Self { session_lock, asked, .. } = *self;
        *self = Self { session_lock, asked, ..Self::default() };
    }
}

/// The table, and the rules of its server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowModel {
    ways: Ways,
    /// Whether the stock is the capacity less the receipts.
    by_receipts: bool,
    capacity: Stock,
    /// As committed.
    stock: Stock,
    /// As committed.
    receipts: Stock,
}

impl RowModel {
    pub(super) fn with_ways(ways: Ways, by_receipts: bool, tickets: Stock) -> Self {
        Self { ways, by_receipts, capacity: tickets, stock: tickets, receipts: 0 }
    }

    /// What a plain statement of this buyer sees of the row.
    fn visible(&self, seat: &Seat) -> Stock {
        let committed = match (self.ways.sees, seat.snapshot) {
            (Sees::Snapshot, Some(snapshot)) => snapshot.stock,
            _ => self.stock,
        };
        seat.written.unwrap_or(committed)
    }

    fn counted(&self, seat: &Seat) -> Stock {
        let committed = match (self.ways.sees, seat.snapshot) {
            (Sees::Snapshot, Some(snapshot)) => snapshot.receipts,
            _ => self.receipts,
        };
        self.capacity - committed - seat.inserted
    }

    /// Before the first statement of a transaction, whether it will wait or not.
    fn look_around(&self, seat: &mut Seat) {
        if seat.in_transaction && self.ways.sees == Sees::Snapshot && seat.snapshot.is_none() {
            let Self { stock, receipts, .. } = *self;
            seat.snapshot = Some(Snapshot { stock, receipts, stale: false, outrun: false });
        }
    }

    /// Carries a request out; `None` where it has to wait.
    fn attempt(&mut self, seats: &mut [Seat], who: usize, action: Action, waited: bool) -> Option<Reply> {
        let seat = &mut seats[who];
        match action {
            Action::Read => Some(Reply::Stock(self.visible(seat))),
            Action::Count => Some(Reply::Stock(self.counted(seat))),
            Action::Lock | Action::LockUntilCommit => {
                if in_the_way(seats, who, action).is_some() {
                    return None;
                }
                let seat = &mut seats[who];
                match action {
                    Action::Lock => seat.session_lock = true,
                    _ => seat.transaction_lock = seat.in_transaction,
                }
                Some(Reply::Done)
            }
            Action::Insert => Some(self.insert(seats, who)),
            _ => self.attempt_row(seats, who, action, waited),
        }
    }

    /// A locking read, or a write.
    fn attempt_row(&mut self, seats: &mut [Seat], who: usize, action: Action, waited: bool) -> Option<Reply> {
        let seat = &seats[who];
        // WHERE is looked at on what the statement sees, before it locks anything.
        if !waited && !finds(action, self.visible(seat)) {
            return Some(Reply::Missed);
        }
        if let (Some(code), Some(Snapshot { stale: true, .. })) = (self.ways.stale, seat.snapshot) {
            return Some(aborted(code));
        }
        if in_the_way(seats, who, action).is_some() {
            return None;
        }
        let turn = seats.iter().filter(|seat| seat.row != Hold::No).count() as u32;
        let seat = &mut seats[who];
        let newest = seat.written.unwrap_or(self.stock);
        if seat.in_transaction {
            if seat.row == Hold::No {
                seat.turn = turn;
            }
            seat.row = seat.row.max(hold(action));
        }
        // And again on the newest row, after a wait; the lock stays, whatever comes of it.
        if !finds(action, newest) {
            return Some(Reply::Missed);
        }
        let Some((left, reply)) = changed(action, newest) else { return Some(Reply::Stock(newest)) };
        if let Some(code) = self.ways.check.filter(|_| left < 0) {
            return Some(Reply::Failed(Fault::of_store(FaultKind::Constraint, code)));
        }
        if seat.in_transaction {
            seat.written = Some(left);
        } else {
            self.change(seats, who, left);
        }
        Some(reply)
    }

    fn insert(&mut self, seats: &mut [Seat], who: usize) -> Reply {
        if self.is_outrun(&seats[who]) {
            return aborted(self.ways.stale.unwrap_or(self.ways.deadlock));
        }
        if seats[who].in_transaction {
            seats[who].inserted += 1;
        } else {
            self.add(seats, who, 1);
        }
        Reply::Done
    }

    /// Whether another has added a receipt that this buyer's count has not seen, and that matters.
    fn is_outrun(&self, seat: &Seat) -> bool {
        self.ways.receipts == Receipts::FirstCommitted
            && seat.snapshot.is_some_and(|snapshot| snapshot.outrun)
    }

    /// A committed change of the row.
    fn change(&mut self, seats: &mut [Seat], who: usize, stock: Stock) {
        self.stock = stock;
        for (_, seat) in seats.iter_mut().enumerate().filter(|(other, _)| *other != who) {
            if let Some(snapshot) = &mut seat.snapshot {
                snapshot.stale = true;
            }
        }
    }

    /// Committed receipts.
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
            return aborted(self.ways.stale.unwrap_or(self.ways.deadlock));
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

    /// Answers a request. Who fails lets go of its transaction at once: the server frees locks at the error.
    fn answer(seats: &mut [Seat], who: usize, reply: Reply, answers: &mut Vec<(usize, Reply)>) {
        if matches!(reply, Reply::Failed(_)) {
            seats[who].end();
        }
        seats[who].asked = None;
        answers.push((who, reply));
    }

    /// Lets everybody go who can, and ends what can't: until nothing moves any more.
    fn settle(&mut self, seats: &mut [Seat], answers: &mut Vec<(usize, Reply)>) {
        loop {
            let queue = queue(seats);
            let next = queue.iter().find_map(|who| {
                let action = seats[*who].asked?.action;
                Some((*who, self.attempt(seats, *who, action, true)?))
            });
            let next = next.or_else(|| Some((victim(seats, &queue)?, aborted(self.ways.deadlock))));
            match next {
                Some((who, reply)) => Self::answer(seats, who, reply, answers),
                None => break,
            }
        }
        for (place, who) in queue(seats).into_iter().enumerate() {
            if let Some(asked) = &mut seats[who].asked {
                asked.place = place as u32;
            }
        }
        let mut holders: Vec<usize> = (0..seats.len()).filter(|who| seats[*who].row != Hold::No).collect();
        holders.sort_by_key(|who| seats[*who].turn);
        for (turn, who) in holders.into_iter().enumerate() {
            seats[who].turn = turn as u32;
        }
    }
}

fn aborted(code: StoreCode) -> Reply {
    Reply::Failed(Fault::of_store(FaultKind::Aborted, code))
}

/// How a statement locks the row.
fn hold(action: Action) -> Hold {
    if action == Action::ReadForShare { Hold::Share } else { Hold::Exclusive }
}

/// Those that wait, in the order of asking.
fn queue(seats: &[Seat]) -> Vec<usize> {
    let mut queue: Vec<usize> = (0..seats.len()).filter(|who| seats[*who].asked.is_some()).collect();
    queue.sort_by_key(|who| seats[*who].asked.map(|asked| asked.place));
    queue
}

/// The first of those that keep a buyer from what it asks for.
fn in_the_way(seats: &[Seat], who: usize, action: Action) -> Option<usize> {
    let others = seats.iter().enumerate().filter(|(other, _)| *other != who);
    match action {
        Action::Lock | Action::LockUntilCommit => {
            others.filter(|(_, seat)| seat.has_advisory()).map(|(other, _)| other).next()
        }
        _ => {
            let hold = hold(action);
            let conflicts = |seat: &Seat| match (seat.row, hold) {
                (Hold::No, _) | (Hold::Share, Hold::Share) => false,
                (Hold::Share | Hold::Exclusive, _) => true,
            };
            let holders = others.filter(|(_, seat)| conflicts(seat));
            holders.min_by_key(|(_, seat)| seat.turn).map(|(other, _)| other)
        }
    }
}

/// The buyer that asked last of those that wait for each other in a circle.
fn victim(seats: &[Seat], queue: &[usize]) -> Option<usize> {
    let blocker = |who: usize| in_the_way(seats, who, seats[who].asked?.action);
    for start in queue {
        let mut circle = vec![*start];
        let mut at = blocker(*start);
        while let Some(who) = at.filter(|who| !circle.contains(who)) {
            circle.push(who);
            at = blocker(who);
        }
        if at == Some(*start) {
            return circle.into_iter().max_by_key(|who| seats[*who].asked.map(|asked| asked.place));
        }
    }
    None
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
                self.look_around(&mut seats[who]);
                seats[who].session_lock = false;
                Some(Reply::Done)
            }
            _ => {
                self.look_around(&mut seats[who]);
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
        in_the_way(seats, who, seats[who].asked?.action)
    }

    fn look(&self) -> Reply {
        Reply::Stock(if self.by_receipts { self.capacity - self.receipts } else { self.stock })
    }
}
