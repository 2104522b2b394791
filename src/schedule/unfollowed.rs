//! Why a schedule can't be followed: the same on the model and on the real thing.

use super::Step;
use crate::protocol::Mishap;
use crate::store::file::lock::Occupied;
use crate::world::Held;

/// From which step on a schedule can't be followed, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {place}{}: {why}", step.map(|step| format!(" ({step})")).unwrap_or_default())]
pub struct Unfollowed {
    /// Which step, from 1.
    pub place: usize,
    /// The step; `None` if the schedule ends too early.
    pub step: Option<Step>,
    /// Why.
    pub why: Why,
}

impl Unfollowed {
    /// The schedule can't be followed from this step on.
    #[must_use]
    pub fn at(place: usize, step: Step, why: Why) -> Self {
        Self { place, step: Some(step), why }
    }

    /// Whether the schedule only ends too early.
    #[must_use]
    pub fn is_too_short(&self) -> bool {
        matches!(self.why, Why::TooShort(_))
    }

    /// Whether the steps themselves are wrong, no matter who holds the lock.
    #[must_use]
    pub fn is_about_steps(&self) -> bool {
        matches!(
            self.why,
            Why::NoSuchBuyer(_) | Why::OtherStep(_) | Why::Left(_) | Why::NotNow(_) | Why::Paused(_)
        )
    }
}

/// The holder of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Which buyer, from 1.
    pub buyer: u32,
    /// The step that gave it the lock, from 1.
    pub since: usize,
}

/// A request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The request.
    pub request: Step,
    /// The step that sent it, from 1.
    pub place: usize,
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of step {}", self.request, self.place)
    }
}

/// What a request waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which buyer, from 1; `None`: another program.
    pub by: Option<u32>,
    /// What that buyer holds, and since which step.
    pub held: Vec<(Held, usize)>,
    /// Whether it was the request's turn but the store answered another one first: a server does not always keep the
    /// order of requests that wait for one row.
    pub is_overtaken: bool,
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(buyer) = self.by else { return f.write_str("another program keeps it waiting") };
        write!(f, "it waits for buyer {buyer}")?;
        for ((held, since), and) in
            self.held.iter().zip(std::iter::once(", which has held").chain(std::iter::repeat(" and")))
        {
            write!(f, "{and} {} since step {since}", thing(*held))?;
        }
        if self.is_overtaken {
            f.write_str(
                "; it was this request's turn, but where several wait a server may let another go first",
            )?;
        }
        Ok(())
    }
}

/// What is held, in words.
const fn thing(held: Held) -> &'static str {
    match held {
        Held::Lock => "the lock",
        Held::SharedLock => "the lock in share mode",
        Held::Row => "the row",
        Held::SharedRow => "the row in share mode",
        Held::Writing => "the right to write",
        Held::Pending => "the right to commit next",
        Held::Reading => "the right to read",
    }
}

/// Why a step can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// There are fewer buyers.
    #[error("the last buyer is buyer {0}")]
    NoSuchBuyer(u32),
    /// The buyer's next step is this one.
    #[error("buyer {buyer}'s next step is {next}", buyer = .0.buyer, next = .0)]
    OtherStep(Step),
    /// This buyer has no step left.
    #[error("buyer {0} has left")]
    Left(u32),
    /// It would have to wait for the lock, which another buyer holds.
    #[error("it has to wait: buyer {buyer} has held the lock since step {since}", buyer = .0.buyer, since = .0.since)]
    Locked(Holder),
    /// It would have to wait for the lock, which another program holds; the lockfile, if there is one.
    #[error("it has to wait: {}", holds_it(.0.as_ref()))]
    LockedByStranger(Option<Occupied>),
    /// It would have to wait for the lease, which another program has.
    #[error("it has to wait: another program has the lease {0}")]
    LeasedByStranger(String),
    /// Its buyer waits for the answer to a request.
    #[error("buyer {} still waits for the answer to {sent}: {kept}", sent.request.buyer)]
    Waits {
        /// The request.
        sent: Sent,
        /// What it waits for.
        kept: Kept,
    },
    /// This mishap can't befall the buyer now.
    #[error("that can't befall this buyer now: {}", .0.when())]
    NotNow(Mishap),
    /// Its buyer is paused.
    #[error("buyer {0} is paused: it goes on with G{0}")]
    Paused(u32),
    /// Only a process can be killed or paused.
    #[error("a buyer that is killed or paused has to be a process")]
    NotAProcess,
    /// The schedule ends before all buyers have left.
    #[error("the schedule ends here, but buyer {0} has not left")]
    TooShort(u32),
}

fn holds_it(lockfile: Option<&Occupied>) -> String {
    lockfile.map_or_else(|| "another program holds the lock".to_owned(), ToString::to_string)
}
