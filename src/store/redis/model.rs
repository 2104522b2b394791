//! A Redis server as data: the stock's key, the lease's key and the tokens, to count and rehearse every order of steps
//! without a server.
//!
//! - A command or a script is one atomic step: the server carries out one after the other, so nobody waits.
//! - WATCH marks the stock: an EXEC fails if anybody has touched it since (redis.io, "Transactions"), even by
//!   writing the same number.
//! - The lease: `lock` is granted if its key does not exist; otherwise the buyer tries again, which is no step.
//!   `unlock` deletes the key if it holds the buyer's own token.
//! - The lease expires: [`Mishap::Expire`], once for each lease, between its `lock` and its buyer's write, or, if the
//!   buyer is refused, its `unlock`. The buyer does not notice, and its `unlock` deletes nothing, even if another has
//!   the lease by then.
//! - The token of a lease is the number of the grant: 1, 2, … The server remembers the highest one shown with an
//!   accepted step; taking the lock shows none. A step that shows a lower one is rejected, and the purchase fails
//!   there.
//!
//! Left out: time, so a lease may expire at any moment between `lock` and the write, whatever its length; server
//! failures, lagging replicas (a new master may not know a lease), lost persistence, full memory, several servers
//! (Redlock).

use crate::fault::{Fault, FaultKind, StoreCode};
use crate::protocol::redis::{Fence, RedisChoices};
use crate::protocol::{Action, Mishap, Reply, StepKind};
use crate::stock::Stock;
use crate::world::{Held, Model, OwnState};

/// The state of a buyer's lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Lease {
    /// It has no lease.
    #[default]
    No,
    /// It has one, which may still expire.
    Held,
    /// It has one, and has written: the lease does not expire before the unlock.
    Written,
    /// Its lease has expired, but it does not know.
    Expired,
}

/// Whether a buyer watches the stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Watch {
    #[default]
    No,
    Untouched,
    /// It watches, and the stock has been touched since.
    Touched,
}

/// One buyer's own part of a [`RedisModel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    lease: Lease,
    /// The token of its lease; 0 if no step shows one.
    token: u32,
    watch: Watch,
}

impl Seat {
    /// Whether the lease's key holds its token.
    fn holds(&self) -> bool {
        matches!(self.lease, Lease::Held | Lease::Written)
    }
}

/// The keys of a sale.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedisModel {
    choices: RedisChoices,
    stock: Stock,
    /// Whether the lease's key exists.
    is_leased: bool,
    /// How often the lease was granted. Counted only if steps show tokens.
    granted: u32,
    /// The highest token shown with an accepted step.
    shown: u32,
}

impl RedisModel {
    /// The server from which `choices` sell this many tickets.
    #[must_use]
    pub const fn new(choices: &RedisChoices, tickets: Stock) -> Self {
        Self { choices: *choices, stock: tickets, is_leased: false, granted: 0, shown: 0 }
    }

    /// Accepts the token that a step shows, or rejects it.
    fn show(&mut self, seat: &Seat, action: Action) -> Result<(), Reply> {
        if action.kind().is_some_and(|step| self.choices.fences(step)) {
            if seat.token < self.shown {
                return Err(Reply::Failed(Fault::of_store(FaultKind::Fenced, StoreCode::FENCED)));
            }
            self.shown = seat.token;
        }
        Ok(())
    }

    /// Writes the stock, and marks it for all that watch it.
    fn write(&mut self, seats: &mut [Seat], stock: Stock) {
        self.stock = stock;
        for seat in seats.iter_mut().filter(|seat| seat.watch == Watch::Untouched) {
            seat.watch = Watch::Touched;
        }
    }

    fn lock(&mut self, seat: &mut Seat) -> Reply {
        self.is_leased = true;
        seat.lease = Lease::Held;
        if self.choices.fence != Fence::None {
            self.granted += 1;
            seat.token = self.granted;
        }
        Reply::Done
    }

    fn unlock(&mut self, seat: &mut Seat) -> Reply {
        if seat.holds() {
            self.is_leased = false;
        }
        (seat.lease, seat.token) = (Lease::No, 0);
        Reply::Done
    }

    /// The effect of a step on the stock, and its reply.
    fn change(&mut self, seats: &mut [Seat], who: usize, action: Action) -> Reply {
        let before = self.stock;
        let (left, reply) = match action {
            Action::Write(left) => (left, Reply::Sold(left + 1)),
            Action::Decrement => (before - 1, Reply::Sold(before)),
            Action::Take if before <= 0 => return Reply::Missed,
            Action::Take => (before - 1, Reply::Sold(before)),
            Action::GiveBack => (before + 1, Reply::Done),
            // EXEC ends the watch, with or without success.
            Action::Swap(seen) => match std::mem::take(&mut seats[who].watch) {
                Watch::Touched => return Reply::Missed,
                Watch::Untouched | Watch::No => (seen - 1, Reply::Sold(seen)),
            },
            _ => return Reply::Done,
        };
        self.write(seats, left);
        if action.kind().is_some_and(StepKind::sells) && seats[who].lease == Lease::Held {
            seats[who].lease = Lease::Written;
        }
        reply
    }
}

impl Model for RedisModel {
    type Seat = Seat;
    const APART: bool = false;

    fn can_ask(&self, _: &Seat, action: Action) -> bool {
        action != Action::Lock || !self.is_leased
    }

    fn asks(&mut self, seat: &mut Seat, action: Action) {
        // A buyer that has left watches nothing, so that all that have left are equal.
        if action == Action::Leave {
            *seat = Seat::default();
        }
    }

    fn ask(&mut self, seats: &mut [Seat], who: usize, action: Action, answers: &mut Vec<(usize, Reply)>) {
        let reply = match self.show(&seats[who], action) {
            Err(fault) => fault,
            Ok(()) => match action {
                Action::Lock => self.lock(&mut seats[who]),
                Action::Unlock => self.unlock(&mut seats[who]),
                Action::Read => Reply::Stock(self.stock),
                Action::Watch => {
                    seats[who].watch = Watch::Untouched;
                    Reply::Done
                }
                _ => self.change(seats, who, action),
            },
        };
        answers.push((who, reply));
    }

    fn waits_for(&self, seats: &[Seat], who: usize, action: Action) -> Option<usize> {
        (0..seats.len())
            .find(|other| *other != who && seats[*other].holds())
            .filter(|_| action == Action::Lock)
    }

    fn may_befall(&self, seat: &Seat, mishap: Mishap) -> bool {
        match mishap {
            Mishap::Expire => seat.lease == Lease::Held,
            Mishap::Kill => true,
            Mishap::Pause | Mishap::GoOn => false,
        }
    }

    fn befall(&mut self, seats: &mut [Seat], who: usize, mishap: Mishap, _: &mut Vec<(usize, Reply)>) {
        match mishap {
            Mishap::Expire => {
                seats[who].lease = Lease::Expired;
                self.is_leased = false;
            }
            // A dead buyer's lease ends after its time, and others wait for that.
            Mishap::Kill => {
                self.is_leased &= !seats[who].holds();
                seats[who] = Seat::default();
            }
            Mishap::Pause | Mishap::GoOn => {}
        }
    }

    fn own_state(&self, seat: &Seat) -> OwnState {
        let held = if seat.holds() { vec![Held::Lock] } else { Vec::new() };
        OwnState { held, ..OwnState::default() }
    }

    fn look(&self) -> Reply {
        Reply::Stock(self.stock)
    }
}
