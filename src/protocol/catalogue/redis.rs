//! The protocols of Redis.

use super::database::alone;
use super::{Case, Choices, Entry, Promise, Recipe, Variant};
use crate::lang::catalogue::redis as said;
use crate::protocol::redis::{DEFAULT_LEASE_NS, Fence, RedisChoices, RedisLock, RedisWrite};
use crate::protocol::sql::Engine;
use crate::protocol::{Allowed, Mishap, Mishaps, Protocol};

/// What a protocol stands for at a Redis server: choices or steps.
#[derive(Debug, PartialEq)]
pub struct RedisRecipe {
    promise: Promise,
    lock: RedisLock,
    lease_ns: u64,
    fence: Fence,
    write: RedisWrite,
    /// Its steps, unless they follow from choices.
    steps: Option<&'static str>,
    /// How many leases expire in one schedule at most.
    expire: Allowed,
}

/// A lease shorter than the usual think time, in nanoseconds, so that it does expire.
const SHORT_LEASE_NS: u64 = 1_000_000;

impl RedisRecipe {
    /// A recipe with this write and no lock; the rest is usual.
    const fn new(write: RedisWrite, promise: Promise) -> Self {
        Self {
            promise,
            lock: RedisLock::None,
            lease_ns: DEFAULT_LEASE_NS,
            fence: Fence::None,
            write,
            steps: None,
            expire: Allowed::Most(0),
        }
    }

    /// A recipe with a lease that expires, and this fence.
    const fn expiring(fence: Fence, promise: Promise) -> Self {
        Self {
            lock: RedisLock::Lease,
            lease_ns: SHORT_LEASE_NS,
            fence,
            expire: Allowed::Most(1),
            ..Self::new(RedisWrite::Set, promise)
        }
    }

    fn choices(&self) -> RedisChoices {
        let Self { lock, lease_ns, fence, write, .. } = *self;
        let choices = RedisChoices { lock, lease_ns, fence, write, steps: None };
        let steps: Option<Protocol> = self.steps.and_then(|steps| steps.parse().ok());
        let choices = steps.map_or_else(|| choices.checked(), |steps| choices.of_steps(steps));
        choices.unwrap_or_else(|error| unreachable!("{self:?}: {error}"))
    }

    pub(super) fn variants(&self) -> Vec<Variant> {
        let choices = Choices::Redis(self.choices());
        let mishaps = Mishaps::none().with(Mishap::Expire, self.expire);
        vec![Variant { name: self.lock.name(), promise: self.promise, choices, mishaps }]
    }
}

const KEEPS: Promise = Promise::Keeps;
const BREAKS: Promise = Promise::Breaks;

/// A case of two buyers and one ticket.
const fn of_two(recipe: RedisRecipe) -> Case {
    Case { recipe: Recipe::Redis(recipe), buyers: 2, tickets: 1 }
}

/// A write without a lock.
const fn plain(write: RedisWrite, promise: Promise) -> Case {
    of_two(RedisRecipe::new(write, promise))
}

/// Steps that sell by a decrement.
const fn decrement(steps: &'static str, promise: Promise) -> Case {
    of_two(RedisRecipe { steps: Some(steps), ..RedisRecipe::new(RedisWrite::Decrement, promise) })
}

/// The entries, in the order in which they are shown.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "get-then-set",
        said: &said::GET_THEN_SET,
        control: "lua-take",
        cases: &[plain(RedisWrite::Set, BREAKS)],
    },
    Entry {
        name: "get-then-decrement",
        said: &said::GET_THEN_DECREMENT,
        control: "decrement-and-give-back",
        cases: &[plain(RedisWrite::Decrement, BREAKS)],
    },
    Entry {
        name: "decrement-then-look",
        said: &said::DECREMENT_THEN_LOOK,
        control: "decrement-and-give-back",
        cases: &[
            decrement("decrement", BREAKS),
            alone("decrement", BREAKS, Engine::Postgres),
            alone("decrement", BREAKS, Engine::Sqlite),
            alone("decrement", BREAKS, Engine::Mysql),
        ],
    },
    Entry {
        name: "decrement-and-give-back",
        said: &said::DECREMENT_AND_GIVE_BACK,
        control: "decrement-then-look",
        cases: &[
            decrement("decrement give-back", KEEPS),
            alone("decrement give-back", KEEPS, Engine::Postgres),
            alone("decrement give-back", KEEPS, Engine::Sqlite),
            alone("decrement give-back", KEEPS, Engine::Mysql),
        ],
    },
    Entry {
        name: "watch-multi-exec",
        said: &said::WATCH_MULTI_EXEC,
        control: "get-then-set",
        cases: &[plain(RedisWrite::Swap, KEEPS)],
    },
    Entry {
        name: "lua-take",
        said: &said::LUA_TAKE,
        control: "get-then-set",
        cases: &[plain(RedisWrite::Take, KEEPS)],
    },
    Entry {
        name: "lease",
        said: &said::LEASE,
        control: "lease-expires",
        cases: &[of_two(RedisRecipe { lock: RedisLock::Lease, ..RedisRecipe::new(RedisWrite::Set, KEEPS) })],
    },
    Entry {
        name: "lease-expires",
        said: &said::LEASE_EXPIRES,
        control: "lease-fenced",
        cases: &[of_two(RedisRecipe::expiring(Fence::None, BREAKS))],
    },
    Entry {
        name: "lease-fenced-write",
        said: &said::LEASE_FENCED_WRITE,
        control: "lease-fenced",
        cases: &[of_two(RedisRecipe::expiring(Fence::Write, BREAKS))],
    },
    Entry {
        name: "lease-fenced",
        said: &said::LEASE_FENCED,
        control: "lease-expires",
        cases: &[of_two(RedisRecipe::expiring(Fence::ReadWrite, KEEPS))],
    },
];
