//! SQLite, as data: one row with the stock, a table of receipts, and the locks of the whole database file.
//!
//! Rollback journal (sqlite.org/lockingv3.html):
//!
//! - A reader holds SHARED, in a transaction until its end. A writer takes RESERVED, which only one can hold.
//! - COMMIT after a write takes PENDING, which keeps new readers out, and needs all other SHARED locks to be gone. If
//!   it may wait, it waits with PENDING; otherwise it is busy, and the purchase fails.
//!
//! Write-ahead log (sqlite.org/wal.html, sqlite.org/isolation.html):
//!
//! - A transaction's first statement takes its snapshot; readers and writers do not block each other. There is one
//!   writer; a second one is busy. A write on a snapshot that is no longer the newest gets SQLITE_BUSY_SNAPSHOT;
//!   SQLITE_BUSY is checked first. COMMIT never fails.
//!
//! Both (sqlite.org/c3ref/busy_handler.html): a busy database is tried again until the time-out. Not so for a
//! transaction that has read and now wants to write: it would wait for those that wait for it, so it fails at once.
//! BEGIN alone does nothing; BEGIN IMMEDIATE counts as a first write.
//!
//! Left out: time, so with a time-out above 0 a buyer waits without limit, in the order of asking (SQLite polls, so it
//! does not guarantee this order); savepoints, checkpoints, shared cache, several files, a full disk.

use super::statement::{changed, finds};
use crate::fault::{Fault, FaultKind, StoreCode};
use crate::protocol::sql::{Journal, SqlChoices};
use crate::protocol::{Action, Mishap, Reply};
use crate::stock::Stock;
use crate::world::{Held, Model, OwnState};

/// SQLITE_BUSY.
const BUSY: StoreCode = StoreCode(5);
/// SQLITE_BUSY_SNAPSHOT.
const BUSY_SNAPSHOT: StoreCode = StoreCode(517);
/// SQLITE_CONSTRAINT_CHECK.
const CHECK: StoreCode = StoreCode(275);

/// The snapshot of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Snapshot {
    stock: Stock,
    receipts: Stock,
    /// Whether another has committed a change since.
    stale: bool,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    action: Action,
    /// How many other waiters asked before.
    place: u32,
}

/// One buyer's own part of a [`SqliteModel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    in_transaction: bool,
    /// From its first statement in a transaction on: SHARED, and its snapshot in a write-ahead log.
    reads: Option<Snapshot>,
    /// RESERVED, or the write lock of the write-ahead log.
    writes: bool,
    /// PENDING: it waits for readers to be gone.
    pending: bool,
    /// The stock that it has written but not committed.
    written: Option<Stock>,
    /// Receipts that it has added but not committed.
    inserted: Stock,
    asked: Option<Asked>,
}

impl Seat {
    /// Ends the transaction without committing.
    fn end(&mut self) {
        *self = Self { asked: self.asked, ..Self::default() };
    }

    fn has_changed(&self) -> bool {
        self.written.is_some() || self.inserted > 0
    }
}

/// The database and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SqliteModel {
    journal: Journal,
    may_wait: bool,
    constraint: bool,
    /// Whether the stock is the capacity less the receipts.
    by_receipts: bool,
    capacity: Stock,
    /// The committed value.
    stock: Stock,
    /// The committed value.
    receipts: Stock,
}

/// Why a request could not be done.
enum Not {
    /// The database is busy; it may be tried again.
    Now,
    /// It failed for good.
    Ever(Fault),
}

impl SqliteModel {
    /// The database from which `choices` sell this many tickets.
    #[must_use]
    pub fn new(choices: &SqlChoices, tickets: Stock) -> Self {
        Self {
            journal: choices.journal,
            may_wait: choices.busy_timeout_ns > 0,
            constraint: choices.constraint,
            by_receipts: choices.has_receipts(),
            capacity: tickets,
            stock: tickets,
            receipts: 0,
        }
    }

    /// What this buyer's statements see of the row.
    fn visible(&self, seat: &Seat) -> Stock {
        let committed = match (self.journal, seat.reads) {
            (Journal::Wal, Some(snapshot)) => snapshot.stock,
            _ => self.stock,
        };
        seat.written.unwrap_or(committed)
    }

    fn counted(&self, seat: &Seat) -> Stock {
        let committed = match (self.journal, seat.reads) {
            (Journal::Wal, Some(snapshot)) => snapshot.receipts,
            _ => self.receipts,
        };
        self.capacity - committed - seat.inserted
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { stock: self.stock, receipts: self.receipts, stale: false }
    }

    /// Carries out a request, if possible now.
    fn attempt(&mut self, seats: &mut [Seat], who: usize, action: Action) -> Result<Reply, Not> {
        if seats[who].pending {
            return self.publish(seats, who, action);
        }
        match action {
            Action::Read | Action::Count => {
                self.start_to_read(seats, who)?;
                let seat = &seats[who];
                let stock = if action == Action::Read { self.visible(seat) } else { self.counted(seat) };
                Ok(Reply::Stock(stock))
            }
            Action::BeginImmediate => {
                seats[who].in_transaction = true;
                let begun = self.start_to_write(seats, who);
                seats[who].in_transaction = begun.is_ok();
                begun.map(|()| Reply::Done)
            }
            Action::Commit => self.publish(seats, who, action),
            _ => self.write(seats, who, action),
        }
    }

    fn start_to_read(&mut self, seats: &mut [Seat], who: usize) -> Result<(), Not> {
        if seats[who].reads.is_none() {
            if in_the_way_of_reading(seats, who).is_some() {
                return Err(Not::Now);
            }
            seats[who].reads = seats[who].in_transaction.then(|| self.snapshot());
        }
        Ok(())
    }

    fn start_to_write(&mut self, seats: &mut [Seat], who: usize) -> Result<(), Not> {
        if seats[who].writes {
            return Ok(());
        }
        if in_the_way_of_writing(seats, who).is_some() {
            let has_read = seats[who].reads.is_some();
            return Err(if has_read {
                Not::Ever(Fault::of_store(FaultKind::Aborted, BUSY))
            } else {
                Not::Now
            });
        }
        let is_stale = seats[who].reads.is_some_and(|snapshot| snapshot.stale);
        if self.journal == Journal::Wal && is_stale {
            return Err(Not::Ever(Fault::of_store(FaultKind::Aborted, BUSY_SNAPSHOT)));
        }
        self.start_to_read(seats, who)?;
        seats[who].writes = true;
        Ok(())
    }

    fn write(&mut self, seats: &mut [Seat], who: usize, action: Action) -> Result<Reply, Not> {
        self.start_to_write(seats, who)?;
        let stock = self.visible(&seats[who]);
        let seat = &mut seats[who];
        let reply = if action == Action::Insert {
            seat.inserted += 1;
            Reply::Done
        } else if finds(action, stock) {
            let Some((left, reply)) = changed(action, stock) else { return Ok(Reply::Done) };
            if self.constraint && left < 0 {
                if !seat.in_transaction {
                    seat.end();
                }
                return Err(Not::Ever(Fault::of_store(FaultKind::Constraint, CHECK)));
            }
            seat.written = Some(left);
            reply
        } else {
            Reply::Missed
        };
        if seat.in_transaction { Ok(reply) } else { self.publish(seats, who, action).map(|_| reply) }
    }

    /// Commits a transaction, or a statement outside one.
    fn publish(&mut self, seats: &mut [Seat], who: usize, action: Action) -> Result<Reply, Not> {
        let has_changed = seats[who].has_changed();
        if has_changed && self.journal == Journal::Delete && in_the_way_of_commit(seats, who).is_some() {
            if self.may_wait {
                seats[who].pending = true;
            } else if !seats[who].in_transaction {
                seats[who].end();
            }
            return Err(Not::Now);
        }
        let Seat { written, inserted, .. } = seats[who];
        // A commit that had to wait gives the answer that its statement had before.
        let reply = match (action, written) {
            (Action::Commit | Action::Insert | Action::GiveBack, _) | (_, None) => Reply::Done,
            (_, Some(left)) => Reply::Sold(left + 1),
        };
        self.stock = written.unwrap_or(self.stock);
        self.receipts += inserted;
        for (_, seat) in seats.iter_mut().enumerate().filter(|(other, _)| has_changed && *other != who) {
            if let Some(snapshot) = &mut seat.reads {
                snapshot.stale = true;
            }
        }
        seats[who].end();
        Ok(reply)
    }

    fn answer(seats: &mut [Seat], who: usize, reply: Reply, answers: &mut Vec<(usize, Reply)>) {
        seats[who].asked = None;
        answers.push((who, reply));
    }

    /// Lets waiters go on until nothing moves any more.
    fn settle(&mut self, seats: &mut [Seat], answers: &mut Vec<(usize, Reply)>) {
        loop {
            let next = queue(seats).into_iter().find_map(|who| {
                let action = seats[who].asked?.action;
                match self.attempt(seats, who, action) {
                    Ok(reply) => Some((who, reply)),
                    Err(Not::Ever(fault)) => Some((who, Reply::Failed(fault))),
                    Err(Not::Now) => None,
                }
            });
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
    }
}

/// The waiting buyers, in the order of asking.
fn queue(seats: &[Seat]) -> Vec<usize> {
    let mut queue: Vec<usize> = (0..seats.len()).filter(|who| seats[*who].asked.is_some()).collect();
    queue.sort_by_key(|who| seats[*who].asked.map(|asked| asked.place));
    queue
}

fn other(seats: &[Seat], who: usize, is: impl Fn(&Seat) -> bool) -> Option<usize> {
    (0..seats.len()).find(|other| *other != who && is(&seats[*other]))
}

fn in_the_way_of_reading(seats: &[Seat], who: usize) -> Option<usize> {
    other(seats, who, |seat| seat.pending)
}

fn in_the_way_of_writing(seats: &[Seat], who: usize) -> Option<usize> {
    other(seats, who, |seat| seat.writes)
}

fn in_the_way_of_commit(seats: &[Seat], who: usize) -> Option<usize> {
    other(seats, who, |seat| seat.reads.is_some())
}

impl Model for SqliteModel {
    type Seat = Seat;
    const APART: bool = false;

    fn can_ask(&self, seat: &Seat, _: Action) -> bool {
        seat.asked.is_none()
    }

    fn ask(&mut self, seats: &mut [Seat], who: usize, action: Action, answers: &mut Vec<(usize, Reply)>) {
        let reply = match action {
            Action::Begin => {
                seats[who].in_transaction = true;
                Ok(Reply::Done)
            }
            Action::Rollback => {
                seats[who].end();
                Ok(Reply::Done)
            }
            _ => self.attempt(seats, who, action),
        };
        match reply {
            Ok(reply) => Self::answer(seats, who, reply, answers),
            Err(Not::Ever(fault)) => Self::answer(seats, who, Reply::Failed(fault), answers),
            Err(Not::Now) if self.may_wait => {
                seats[who].asked = Some(Asked { action, place: u32::MAX });
            }
            Err(Not::Now) => {
                let fault = Fault::of_store(FaultKind::Aborted, BUSY);
                Self::answer(seats, who, Reply::Failed(fault), answers);
            }
        }
        self.settle(seats, answers);
    }

    fn waits_for(&self, seats: &[Seat], who: usize, _: Action) -> Option<usize> {
        match seats[who].asked?.action {
            _ if seats[who].pending => in_the_way_of_commit(seats, who),
            Action::Read | Action::Count => in_the_way_of_reading(seats, who),
            _ => in_the_way_of_writing(seats, who).or_else(|| in_the_way_of_reading(seats, who)),
        }
    }

    fn has_asked(&self, seat: &Seat) -> bool {
        seat.asked.is_some()
    }

    /// The system releases a killed buyer's locks, and what it had not committed was never in the database.
    fn befall(&mut self, seats: &mut [Seat], who: usize, mishap: Mishap, answers: &mut Vec<(usize, Reply)>) {
        if mishap == Mishap::Kill {
            seats[who] = Seat::default();
            self.settle(seats, answers);
        }
    }

    fn look(&self) -> Reply {
        Reply::Stock(if self.by_receipts { self.capacity - self.receipts } else { self.stock })
    }

    fn own_state(&self, seat: &Seat) -> OwnState {
        let snapshot = seat.reads.filter(|_| self.journal == Journal::Wal);
        let snapshot = snapshot.map(
            |Snapshot { stock, receipts, .. }| {
                if self.by_receipts { self.capacity - receipts } else { stock }
            },
        );
        // With a write-ahead log, a reader blocks nobody.
        let reads = seat.reads.is_some() && self.journal == Journal::Delete;
        let held = [(seat.writes, Held::Writing), (seat.pending, Held::Pending), (reads, Held::Reading)];
        OwnState {
            in_transaction: seat.in_transaction,
            snapshot,
            written: seat.written,
            held: held.into_iter().filter(|(is_held, _)| *is_held).map(|(_, held)| held).collect(),
        }
    }
}
