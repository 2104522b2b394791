//! A model of the ticket file and its lock, without a system under them: it can be cloned, compared and hashed,
//! so that an explorer can try every order of steps on it.
//!
//! An action is atomic: nothing comes between its beginning and its end. Emptying and filling are two
//! actions, so others can meet the emptied file. The file's text is kept as it would stand on the disk
//! where that matters: a buyer that fills a file which another has filled meanwhile writes over that text, and
//! what the longer text had beyond its end stays behind.
//!
//! It has no clock, so nobody gives up waiting, and a think takes no time. Nobody is killed in it (but a dead
//! holder's lockfile may be there from the start) and no system call fails. Where a lockfile ages, it may be too old
//! whenever somebody looks: its holder has paused for so long. The ticket file is one as `--tickets` creates it: other members would make no
//! difference but to the length of its text.

use super::ticket;
use crate::fault::{Fault, FaultKind, TornText};
use crate::plan::{Exclusion, Workers};
use crate::protocol::file::{Lock, Others, Sale};
use crate::protocol::{Action, Reply, StepKind};
use crate::stock::Stock;
use crate::world::{Apart, Held, Model, Standing};

/// What stands in the ticket file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Text {
    /// A whole ticket file with this stock.
    Whole(Stock),
    /// These bytes: none, or what fills over each other have left.
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

/// The text of a ticket file as `--tickets` creates it.
fn whole(stock: Stock) -> Vec<u8> {
    format!("{{\"ticket\": {stock}}}\n").into_bytes()
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Hold {
    /// By one alone.
    Alone,
    /// With others that share it.
    Shared,
}

/// What one buyer has of its own in a [`FileModel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    /// Which file it opened to lock it.
    opened: u32,
    /// How it holds that file's lock, if it does.
    holds: Option<Hold>,
    /// Which file it reads through. Kept only where closing that file loses the lock.
    reads: u32,
    /// The kind of lock that it takes, where buyers take several.
    kind: Option<Lock>,
    /// Whether it has found the lockfile's holder to be dead, and has yet to remove it.
    found_dead: bool,
    /// The number of its lease; 0 where leases do not end.
    lease: u32,
}

/// The lock and the ticket file that all buyers share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileModel {
    /// Whether the lock keeps such buyers apart who have opened the same file.
    excludes: bool,
    /// Whether the lock stays when its holder is killed.
    outlives_its_holder: bool,
    replaces_its_lock: bool,
    loses_its_lock: bool,
    /// Whether a dead holder's lockfile is taken over.
    break_stale: bool,
    lock: Lock,
    others: Others,
    rogues: u32,
    text: Text,
    /// How often the file that carries the lock has been replaced or removed: the number of the one that has its
    /// name now. A buyer that opened an earlier one locks that one.
    current: u32,
    /// The files whose lock is held, and how, once for each holder; each with the realm of its kind of lock: those of
    /// one realm keep each other out.
    held: Vec<(u8, u32, Hold)>,
    /// Whether the lockfile that is there is a dead holder's.
    is_stale: bool,
    /// Whether a lockfile has an age at which it is taken over, or its holder is taken for dead.
    ages: bool,
    /// How many leases were granted, where they end: the last one alone is one.
    leases: u32,
}

impl FileModel {
    /// The file from which `sale` sells so many tickets to buyers that are run like this.
    #[must_use]
    pub fn new(sale: &Sale, workers: Workers, tickets: Stock) -> Self {
        Self {
            excludes: !matches!(Exclusion::of(sale, workers), Exclusion::SameOwner | Exclusion::Inherited),
            outlives_its_holder: sale.lock.outlives_its_holder(),
            replaces_its_lock: sale.replaces_its_lock(),
            loses_its_lock: sale.loses_its_lock(),
            break_stale: sale.break_stale,
            lock: sale.lock,
            others: sale.others,
            rogues: sale.rogues,
            text: Text::Whole(tickets),
            current: 0,
            held: sale.stale.then_some((sale.lock.realm(), 0, Hold::Alone)).into_iter().collect(),
            is_stale: sale.stale,
            ages: sale.lease_ns.is_some(),
            leases: 0,
        }
    }

    /// The kind of lock that the buyer in this seat takes.
    fn kind(&self, seat: &Seat) -> Lock {
        seat.kind.unwrap_or(self.lock)
    }

    /// Who has found the lockfile's holder to be dead removes what is there now.
    fn remove_what_was_found(&mut self, seat: &mut Seat) {
        if std::mem::take(&mut seat.found_dead) {
            self.remove_lockfile();
        }
    }

    /// The dead holder's lockfile is removed; or that which has taken its place, by somebody who looked before.
    fn remove_lockfile(&mut self) {
        self.held.retain(|(realm, ..)| *realm != Lock::Lockfile.realm());
        self.is_stale = false;
    }

    /// Whether the lock of this seat ends by itself.
    fn ends(&self, seat: &Seat) -> bool {
        self.ages && self.kind(seat) == Lock::Lease
    }

    /// Lets the lock go, if the seat (still) holds it.
    fn release(&mut self, seat: &mut Seat) {
        if self.ends(seat) && std::mem::take(&mut seat.lease) != self.leases {
            // It is another's by now, and who lets go looks.
            seat.holds = None;
            return;
        }
        if let Some(hold) = seat.holds.take()
            && let held = (self.kind(seat).realm(), seat.opened, hold)
            && let Some(place) = self.held.iter().position(|other| *other == held)
        {
            self.held.remove(place);
        }
    }

    /// Takes the lock of the file that the seat has opened. One that keeps nobody out is not kept account of.
    fn hold(&mut self, seat: &mut Seat, hold: Hold) {
        self.release(seat);
        if self.excludes {
            self.held.push((self.kind(seat).realm(), seat.opened, hold));
        }
        seat.holds = Some(hold);
    }

    /// Who reads a file that is replaced opens the one that has its name now and closes the one before.
    /// A POSIX lock goes with *any* descriptor of its file that the process closes (fcntl_locking(2)).
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
        let sale = Sale { others: self.others, rogues: self.rogues, ..Sale::usual() };
        let kind = Sale { lock: self.lock, ..sale }.of_buyer(who as u32 + 1).lock;
        Seat { kind: Some(kind), ..Seat::default() }
    }

    fn can_ask(&self, seat: &Seat, action: Action) -> bool {
        self.grants(seat, action)
    }

    fn asks(&mut self, seat: &mut Seat, action: Action) {
        // flock(2): to turn a lock into another is to let it go, and to wait for the other.
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

    fn standing(&self, seat: &Seat) -> Standing {
        let held = seat.holds.map(|hold| if hold == Hold::Shared { Held::SharedLock } else { Held::Lock });
        Standing { held: held.into_iter().collect(), ..Standing::default() }
    }

    fn die(&mut self, seats: &mut [Seat], who: usize) {
        self.kill(&mut seats[who]);
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
            // Its holder has paused beyond its lease.
            Action::Lock if self.ends(seat) => true,
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
                if self.ends(seat) {
                    self.remove_lockfile();
                }
                self.hold(seat, Hold::Alone);
                if self.ends(seat) {
                    self.leases += 1;
                    seat.lease = self.leases;
                }
            }
            Action::LockShared => self.hold(seat, Hold::Shared),
            // fcntl_locking(2), as above.
            Action::CloseOther if self.kind(seat) == Lock::Posix && seat.opened == self.current => {
                self.release(seat);
            }
            // It is of the same open file, and that alone counts: but a POSIX lock is each process's own.
            Action::HelperUnlock if self.kind(seat) != Lock::Posix => self.release(seat),
            // A slow holder is taken for a dead one.
            Action::LookStale => {
                let is_old = self.ages && !self.held.is_empty();
                seat.found_dead = self.is_stale || is_old;
            }
            Action::RemoveStale => self.remove_what_was_found(seat),
            // Whoever opens it next makes another.
            Action::Unlink => self.current += 1,
            Action::ReopenCheck if seat.opened != self.current => return Reply::Missed,
            Action::Read => {
                self.reopen(seat);
                return self.look();
            }
            Action::Write(stock) => {
                self.text = Text::Whole(stock);
                self.current += u32::from(self.replaces_its_lock);
            }
            Action::Truncate => self.text = Text::Bytes(Vec::new()),
            Action::Fill(stock) => self.fill(stock),
            Action::Unlock => {
                self.release(seat);
                seat.opened = 0;
            }
            // A ticket file is asked for nothing else.
            _ => {}
        }
        // Which of two holders came first makes no difference to what can happen next.
        self.held.sort_unstable();
        Reply::Done
    }

    fn keeps_out(&self, holder: &Seat, waiter: &Seat) -> bool {
        let same = self.kind(holder).realm() == self.kind(waiter).realm();
        self.excludes && same && holder.holds.is_some() && holder.opened == waiter.opened
    }

    fn holds(&self, seat: &Seat) -> bool {
        seat.holds.is_some()
    }

    fn kill(&mut self, seat: &mut Seat) {
        // sem_overview(7), and O_EXCL's file: nobody lets them go for a dead holder.
        if !self.outlives_its_holder {
            self.release(seat);
        } else if self.lock.is_lockfile() && seat.holds.is_some() {
            self.is_stale = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buyer::{Buyer, Rules};
    use crate::plan::PerBuyer;
    use crate::protocol::file::{LockOn, Write};

    fn sale(lock: Lock, write: Write, lock_on: LockOn) -> Sale {
        Sale { lock_on, ..Sale::new(lock, write) }
    }

    fn model(sale: &Sale, tickets: Stock) -> FileModel {
        FileModel::new(sale, Workers::Process, tickets)
    }

    #[test]
    fn a_lone_buyer_buys_as_in_reality() {
        for write in Write::ALL {
            for lock in [Lock::None, Lock::Flock] {
                let sale = sale(lock, *write, write.default_lock_on());
                let (mut world, mut seat) = (model(&sale, 12), Seat::default());
                let mut buyer =
                    Buyer::new(Rules { protocol: sale.protocol(), per_buyer: PerBuyer::All, retry: false });
                while !buyer.has_left() {
                    buyer.accept(world.perform(&mut seat, buyer.next()));
                }
                assert_eq!((buyer.bought(), world.look()), (12, Reply::Stock(0)), "{sale:?}");
                assert!(world.held.is_empty());
            }
        }
    }

    #[test]
    fn a_held_lock_grants_nobody_else_and_fails_who_asks_nevertheless() {
        let sale = sale(Lock::Flock, Write::Overwrite, LockOn::Ticket);
        let mut world = model(&sale, 1);
        let (mut one, mut other) = (Seat::default(), Seat::default());
        assert_eq!(world.perform(&mut one, Action::Lock), Reply::Done);
        assert!(!world.grants(&other, Action::Lock));
        assert!(matches!(world.perform(&mut other, Action::Lock), Reply::Failed(_)));
        world.perform(&mut one, Action::Unlock);
        assert!(world.grants(&other, Action::Lock));
    }

    /// flock(2): the lock belongs to the open file, and a rename puts another in its place.
    #[test]
    fn a_lock_on_a_replaced_file_keeps_out_those_alone_who_opened_that_one() {
        let sale = sale(Lock::Flock, Write::Rename, LockOn::Ticket);
        let mut world = model(&sale, 3);
        let mut seats = [Seat::default(); 3];
        world.perform(&mut seats[0], Action::Open);
        world.perform(&mut seats[1], Action::Open);
        world.perform(&mut seats[0], Action::Lock);
        world.perform(&mut seats[0], Action::Write(2));
        world.perform(&mut seats[2], Action::Open);
        assert!(!world.grants(&seats[1], Action::Lock), "the old file is locked");
        assert!(world.grants(&seats[2], Action::Lock), "the new one is not");
    }

    /// fcntl_locking(2): closing any descriptor of a file drops the process's POSIX locks on it. The
    /// control is flock, which belongs to the descriptor that it was taken through.
    #[test]
    fn a_posix_lock_is_lost_by_closing_the_file_that_was_read() {
        for (lock, lost) in [(Lock::Posix, true), (Lock::Flock, false)] {
            let mut world = model(&sale(lock, Write::Rename, LockOn::Ticket), 3);
            let (mut one, mut other) = (Seat::default(), Seat::default());
            for action in [Action::Open, Action::Lock, Action::Read] {
                world.perform(&mut one, action);
            }
            world.perform(&mut other, Action::Open);
            assert_eq!(world.grants(&other, Action::Lock), lost, "{lock}");
        }
    }

    /// fcntl_locking(2): the lock belongs to the process. The control is flock, which belongs to the descriptor.
    #[test]
    fn a_posix_lock_does_not_keep_threads_apart() {
        for (lock, workers, granted) in [
            (Lock::Posix, Workers::Thread, true),
            (Lock::Posix, Workers::Process, false),
            (Lock::Flock, Workers::Thread, false),
        ] {
            let sale = sale(lock, Write::Overwrite, LockOn::Ticket);
            let mut world = FileModel::new(&sale, workers, 1);
            let (mut one, other) = (Seat::default(), Seat::default());
            world.perform(&mut one, Action::Lock);
            assert_eq!(world.grants(&other, Action::Lock), granted, "{lock} {workers}");
            assert_eq!(world.keeps_out(&one, &other), !granted);
        }
    }

    #[test]
    fn an_emptied_file_is_torn_until_it_is_filled() {
        let sale = sale(Lock::None, Write::Truncate, LockOn::Ticket);
        let (mut world, mut seat) = (model(&sale, 3), Seat::default());
        world.perform(&mut seat, Action::Truncate);
        assert_eq!(world.look(), Reply::Torn(TornText::new(b"")));
        world.perform(&mut seat, Action::Fill(2));
        assert_eq!(world, model(&sale, 2));
    }

    /// The same fills on a real file leave the same texts.
    #[test]
    fn fills_over_each_other_leave_what_a_real_file_is_left_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let sale = sale(Lock::None, Write::Truncate, LockOn::Ticket);
        for fills in [&[10, 9][..], &[100, 9], &[100, 10, 9], &[9, 100], &[1000, 99, 7]] {
            let path = folder.path().join(format!("{fills:?}.json"));
            ticket::create(&path, 5).expect("created");
            let mut real = ticket::open_to_look(&path).expect("open");
            real.read().expect("read");
            let (mut world, mut seat) = (model(&sale, 5), Seat::default());
            world.perform(&mut seat, Action::Truncate);
            real.truncate().expect("emptied");
            for stock in fills {
                world.perform(&mut seat, Action::Fill(*stock));
                real.fill(*stock).expect("filled");
            }
            assert_eq!(world.text.bytes(), std::fs::read(&path).expect("read"), "{fills:?}");
        }
    }
}
