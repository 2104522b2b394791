//! A model of the ticket file and its lock, without a system below: it can be cloned, compared and hashed, so that an
//! explorer can try every order of steps on it.
//!
//! An action is atomic: nothing comes between its beginning and its end. Emptying and filling are two actions, so
//! others can read the emptied file. Where it matters, the model keeps the file's text as on the disk: if two buyers
//! fill the file one after the other, the second writes over the first text, and the end of a longer first text stays.
//!
//! It has no clock, so nobody gives up waiting, and thinking takes no time. Buyers are killed between two steps, never
//! in the middle of one (a dead holder's lockfile may also be there from the start), and no system call fails. A
//! lockfile with a maximum age may be too old at any check: its holder may have paused for that long. The ticket file
//! is as `--tickets` creates it: other members would only change the length of its text.

use super::ticket;
use crate::fault::{Fault, FaultKind, TornText};
use crate::plan::{Exclusion, Workers};
use crate::protocol::file::{FileChoices, Lock, Others};
use crate::protocol::{Action, Mishap, Reply, StepKind};
use crate::stock::Stock;
use crate::world::{Apart, Held, Model, OwnState};

/// The content of the ticket file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Text {
    /// A whole ticket file with this stock.
    Whole(Stock),
    /// These bytes: none, or the result of fills over each other.
    Bytes(Vec<u8>),
}

impl Text {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Text::Whole(stock) => whole(*stock),
            Text::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// A buyer that has written keeps its lease until it unlocks.
fn outlast(seat: &mut Seat) {
    if seat.lease == Lease::Open && seat.holds.is_some() {
        seat.lease = Lease::Written;
    }
}

/// The text of a ticket file as `--tickets` creates it.
fn whole(stock: Stock) -> Vec<u8> {
    format!("{{\"ticket\": {stock}}}\n").into_bytes()
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Hold {
    /// Exclusively.
    Alone,
    /// Shared with others.
    Shared,
}

/// One buyer's own part of a [`FileModel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    /// Which file it opened to lock it.
    opened: u32,
    /// How it holds that file's lock, if it does.
    holds: Option<Hold>,
    /// Which file it has open for reading. Kept only if closing that file loses the lock.
    reads: u32,
    /// Its kind of lock, if buyers take several kinds.
    kind: Option<Lock>,
    /// Whether it has found the lockfile's holder dead and is about to remove the lockfile.
    found_dead: bool,
    /// The number of its lockfile; 0 if nobody else ever removes lockfiles.
    number: u32,
    /// The state of its lease.
    lease: Lease,
}

/// The state of a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Lease {
    /// It has none, or one that may still expire.
    #[default]
    Open,
    /// Its holder has written: it does not expire before the unlock.
    Written,
    /// It has expired, but its holder does not know.
    Expired,
}

/// The lock and the ticket file that all buyers share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileModel {
    /// Whether the lock keeps these buyers apart if they have opened the same file.
    excludes: bool,
    replaces_its_lock: bool,
    loses_its_lock: bool,
    /// Whether a dead holder's lockfile is removed.
    break_stale: bool,
    lock: Lock,
    others: Others,
    rogues: u32,
    text: Text,
    /// How often the file that carries the lock has been replaced or removed: the number of the present file. A buyer
    /// that opened an earlier file locks that one.
    current: u32,
    /// For each holder: the realm of its kind of lock, the file, and how it holds the lock. Locks of one realm keep
    /// each other out.
    held: Vec<(u8, u32, Hold)>,
    /// Whether the present lockfile is a dead holder's.
    is_stale: bool,
    /// Whether a lockfile's holder counts as dead from some age on.
    ages: bool,
    /// Whether others may remove a lockfile while it is held.
    may_vanish: bool,
    /// How many lockfiles were made, if others may remove them: only the last one can still exist.
    made: u32,
}

impl FileModel {
    /// The file from which `choices` sell this many tickets to buyers of this kind of workers.
    #[must_use]
    pub fn new(choices: &FileChoices, workers: Workers, tickets: Stock) -> Self {
        Self {
            excludes: !matches!(Exclusion::of(choices, workers), Exclusion::SameOwner | Exclusion::Inherited),
            replaces_its_lock: choices.replaces_its_lock(),
            loses_its_lock: choices.loses_its_lock(),
            break_stale: choices.break_stale,
            lock: choices.lock,
            others: choices.others,
            rogues: choices.rogues,
            text: Text::Whole(tickets),
            current: 0,
            held: choices.stale.then_some((choices.lock.realm(), 0, Hold::Alone)).into_iter().collect(),
            is_stale: choices.stale,
            ages: choices.lease_ns.is_some(),
            may_vanish: choices.breaks_stale_unguarded(),
            made: 0,
        }
    }

    /// The kind of lock of the buyer in this seat.
    fn kind(&self, seat: &Seat) -> Lock {
        seat.kind.unwrap_or(self.lock)
    }

    /// A buyer that has found the lockfile's holder dead removes the present lockfile.
    fn remove_what_was_found(&mut self, seat: &mut Seat) {
        if std::mem::take(&mut seat.found_dead) {
            self.remove_lockfile();
        }
    }

    /// Removes the dead holder's lockfile, or the one that has taken its place since the check.
    fn remove_lockfile(&mut self) {
        self.held.retain(|(realm, ..)| *realm != Lock::Lockfile.realm());
        self.is_stale = false;
    }

    /// The buyer's lease ends: the next one may take over.
    fn expire(&mut self, seat: &mut Seat) {
        let holds = seat.holds;
        self.release(seat);
        (seat.holds, seat.lease) = (holds, Lease::Expired);
    }

    /// Releases the lock, if the seat still holds it.
    fn release(&mut self, seat: &mut Seat) {
        let (number, lease) = (std::mem::take(&mut seat.number), std::mem::take(&mut seat.lease));
        let is_removed = self.kind(seat) == Lock::Lease && number != 0 && number != self.made;
        if lease == Lease::Expired || is_removed {
            // The lockfile is another's by now, and an unlock checks that.
            seat.holds = None;
            return;
        }
        if let Some(hold) = seat.holds.take()
            && let held = (self.kind(seat).realm(), seat.opened, hold)
            && let Some(place) = self.held.iter().position(|other| *other == held)
        {
            self.held.remove(place);
            self.is_stale &= held.0 != Lock::Lockfile.realm();
        }
    }

    /// The buyer in this seat is killed. A semaphore (sem_overview(7)) and a lockfile stay; a lease expires.
    fn kill(&mut self, seat: &mut Seat) {
        let kind = self.kind(seat);
        if !kind.outlives_its_holder() || kind == Lock::Lease || seat.holds.is_none() {
            self.release(seat);
            *seat = Seat { kind: seat.kind, ..Seat::default() };
            return;
        }
        // The present lockfile may be another's by now.
        self.is_stale |= kind.is_lockfile() && !self.held.is_empty() && seat.number == self.made;
        *seat = Seat { kind: seat.kind, holds: seat.holds, opened: seat.opened, ..Seat::default() };
    }

    /// Takes the lock of the file that the seat has opened. A lock that keeps nobody out is not recorded.
    fn hold(&mut self, seat: &mut Seat, hold: Hold) {
        self.release(seat);
        if self.excludes {
            self.held.push((self.kind(seat).realm(), seat.opened, hold));
        }
        seat.holds = Some(hold);
    }

    /// To read a file that writes replace, a buyer opens the present one and closes the one before. A process that
    /// closes *any* descriptor of a file loses its POSIX lock on it (fcntl_locking(2)).
    fn reopen(&mut self, seat: &mut Seat) {
        if self.loses_its_lock {
            if seat.reads == seat.opened {
                self.release(seat);
            }
            seat.reads = self.current;
        }
    }

    /// One pwrite(2) at the start: it does not shorten the file.
    fn fill(&mut self, stock: Stock) {
        let mut bytes = whole(stock);
        let old = self.text.bytes();
        if old.len() <= bytes.len() {
            self.text = Text::Whole(stock);
        } else {
            bytes.extend_from_slice(&old[bytes.len()..]);
            self.text = Text::Bytes(bytes);
        }
    }
}

impl Model for FileModel {
    type Seat = Seat;
    const APART: bool = true;

    fn seat(&self, who: usize) -> Seat {
        if self.others.is_empty() {
            return Seat::default();
        }
        let choices = FileChoices { others: self.others, rogues: self.rogues, ..FileChoices::usual() };
        let kind = FileChoices { lock: self.lock, ..choices }.of_buyer(who as u32 + 1).lock;
        Seat { kind: Some(kind), ..Seat::default() }
    }

    fn can_ask(&self, seat: &Seat, action: Action) -> bool {
        self.grants(seat, action)
    }

    fn asks(&mut self, seat: &mut Seat, action: Action) {
        // flock(2): a change of the lock releases the old one, then waits for the new one.
        if action == Action::Upgrade && self.kind(seat) == Lock::Flock {
            self.release(seat);
        }
    }

    fn ask(&mut self, seats: &mut [Seat], who: usize, action: Action, answers: &mut Vec<(usize, Reply)>) {
        answers.push((who, self.perform(&mut seats[who], action)));
    }

    fn waits_for(&self, seats: &[Seat], who: usize, action: Action) -> Option<usize> {
        let holds = |other: &usize| *other != who && self.keeps_out(&seats[*other], &seats[who]);
        (0..seats.len()).find(holds).filter(|_| !self.grants(&seats[who], action))
    }

    fn look(&self) -> Reply {
        match &self.text {
            Text::Whole(stock) => Reply::Stock(*stock),
            Text::Bytes(bytes) => match ticket::parse(bytes) {
                Ok(parsed) => Reply::Stock(parsed.stock),
                Err(_) => Reply::Torn(TornText::new(bytes)),
            },
        }
    }

    fn own_state(&self, seat: &Seat) -> OwnState {
        let holds = seat.holds.filter(|_| seat.lease != Lease::Expired);
        let held = holds.map(|hold| if hold == Hold::Shared { Held::SharedLock } else { Held::Lock });
        OwnState { held: held.into_iter().collect(), ..OwnState::default() }
    }

    fn may_befall(&self, seat: &Seat, mishap: Mishap) -> bool {
        let is_leased = self.kind(seat) == Lock::Lease && seat.holds.is_some();
        match mishap {
            Mishap::Kill => true,
            Mishap::Expire => is_leased && seat.lease == Lease::Open,
            Mishap::Pause | Mishap::GoOn => false,
        }
    }

    fn befall(&mut self, seats: &mut [Seat], who: usize, mishap: Mishap, _: &mut Vec<(usize, Reply)>) {
        match mishap {
            Mishap::Kill => self.kill(&mut seats[who]),
            Mishap::Expire => self.expire(&mut seats[who]),
            Mishap::Pause | Mishap::GoOn => {}
        }
    }
}

impl Apart for FileModel {
    fn can_wait(&self, action: Action) -> bool {
        self.excludes && action.kind().is_some_and(StepKind::locks)
    }

    fn grants(&self, seat: &Seat, action: Action) -> bool {
        let realm = self.kind(seat).realm();
        let is_its = |held: &&(u8, u32, Hold)| (held.0, held.1) == (realm, seat.opened);
        let mut holds = self.held.iter().filter(is_its).map(|(.., hold)| *hold);
        let own = usize::from(seat.holds.is_some());
        match action {
            _ if !self.can_wait(action) => true,
            Action::LockShared => !holds.any(|hold| hold == Hold::Alone),
            Action::Upgrade => holds.count() <= own,
            Action::Lock if self.is_stale && self.break_stale => true,
            _ => holds.next().is_none(),
        }
    }

    fn perform(&mut self, seat: &mut Seat, action: Action) -> Reply {
        if !self.grants(seat, action) {
            return Reply::Failed(Fault::plain(FaultKind::LockTimeout));
        }
        match action {
            Action::Open => seat.opened = self.current,
            Action::Lock | Action::Upgrade => {
                // Under its guard, as the session does it.
                if self.is_stale && self.break_stale {
                    self.remove_lockfile();
                }
                self.hold(seat, Hold::Alone);
                if self.may_vanish && self.kind(seat).is_lockfile() {
                    self.made += 1;
                    seat.number = self.made;
                }
            }
            Action::LockShared => self.hold(seat, Hold::Shared),
            // fcntl_locking(2), as above.
            Action::CloseOther if self.kind(seat) == Lock::Posix && seat.opened == self.current => {
                self.release(seat);
            }
            // The helper has the same open file, which is what counts, except for a POSIX lock, which belongs to one
            // process.
            Action::HelperUnlock if self.kind(seat) != Lock::Posix => self.release(seat),
            // A slow holder is believed dead.
            Action::LookStale => {
                let is_old = self.ages && !self.held.is_empty();
                seat.found_dead = self.is_stale || is_old;
            }
            Action::RemoveStale => self.remove_what_was_found(seat),
            // The next one that opens it creates a new file.
            Action::Unlink => self.current += 1,
            Action::ReopenCheck if seat.opened != self.current => return Reply::Missed,
            Action::Read => {
                self.reopen(seat);
                return self.look();
            }
            Action::Write(stock) => {
                self.text = Text::Whole(stock);
                self.current += u32::from(self.replaces_its_lock);
                outlast(seat);
            }
            Action::Truncate => self.text = Text::Bytes(Vec::new()),
            Action::Fill(stock) => {
                self.fill(stock);
                outlast(seat);
            }
            Action::Unlock => {
                self.release(seat);
                seat.opened = 0;
            }
            // A ticket file has no other actions.
            _ => {}
        }
        // The order of the holders makes no difference to what can happen next.
        self.held.sort_unstable();
        Reply::Done
    }

    fn keeps_out(&self, holder: &Seat, waiter: &Seat) -> bool {
        let same = self.kind(holder).realm() == self.kind(waiter).realm();
        let holds = holder.holds.is_some() && holder.lease != Lease::Expired;
        self.excludes && same && holds && holder.opened == waiter.opened
    }

    fn holds(&self, seat: &Seat) -> bool {
        seat.holds.is_some()
    }
}

#[cfg(test)]
mod tests;
