//! The purchases of a Redis server: the choices that make up the usual ones, the steps that each choice stands
//! for, and which orders of steps are possible there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::{ProtocolError, Wrong};
use super::{Guard, Protocol, StepKind, StoreChoices, StoreKind, order};
use crate::closed_set::closed_set;
use crate::shell::shell_quoted;

closed_set! {
    /// How buyers keep each other out.
    pub enum RedisLock: "kind of lock" {
        /// No lock.
        None = "none",
        /// A key that is there while a buyer has it, and no longer than its lease: SET NX PX.
        Lease = "lease",
    }
}

closed_set! {
    /// How the stock is changed.
    pub enum RedisWrite: "kind of write" {
        /// GET, then SET one less than was read.
        Set = "set",
        /// GET, then DECR, whatever was read.
        Decrement = "decrement",
        /// WATCH and GET, then SET one less in MULTI and EXEC if nobody has touched it; else watch again.
        Swap = "swap",
        /// One script: one less if there is one left.
        Take = "take",
    }
}

closed_set! {
    /// What presents the fencing token of the lease, so that an older one is rejected.
    pub enum Fence: "fence" {
        /// Nothing.
        None = "none",
        /// The write alone.
        Write = "write",
        /// The read and the write.
        ReadWrite = "read-write",
    }
}

/// The name of the store in documents.
#[derive(Serialize, Deserialize)]
enum Name {
    #[serde(rename = "redis")]
    Redis,
}

/// The usual lease, in nanoseconds.
pub const DEFAULT_LEASE_NS: u64 = 10_000_000_000;

/// Its name in a sentence.
pub const TITLE: &str = "Redis";

/// What one purchase does at a Redis server: the choices, or steps in any other order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ChoicesText", into = "ChoicesText")]
#[serde(expecting = "an object")]
pub struct RedisChoices {
    /// How buyers keep each other out.
    pub lock: RedisLock,
    /// The longest that a buyer holds the lock, in nanoseconds.
    pub lease_ns: u64,
    /// Which requests present the token of the lease.
    pub fence: Fence,
    /// How the stock is changed.
    pub write: RedisWrite,
    /// The steps, if they are not the usual ones of these choices. [`RedisChoices::protocol`] returns them in
    /// both cases; [`RedisChoices::of_steps`] checks that they are possible.
    pub steps: Option<Protocol>,
}

/// A [`RedisChoices`] as it is written in documents: always with its steps.
#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object")]
struct ChoicesText {
    store: Name,
    lock: RedisLock,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_ns: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fence: Option<Fence>,
    write: RedisWrite,
    #[serde(default)]
    steps: Option<Protocol>,
}

impl TryFrom<ChoicesText> for RedisChoices {
    type Error = ProtocolError;

    fn try_from(text: ChoicesText) -> Result<Self, ProtocolError> {
        let usual = Self::new();
        let choices = Self {
            lock: text.lock,
            lease_ns: text.lease_ns.unwrap_or(usual.lease_ns),
            fence: text.fence.unwrap_or(usual.fence),
            write: text.write,
            steps: None,
        };
        match text.steps {
            Some(steps) => choices.of_steps(steps),
            None => choices.checked(),
        }
    }
}

impl From<RedisChoices> for ChoicesText {
    fn from(choices: RedisChoices) -> Self {
        Self {
            store: Name::Redis,
            lock: choices.lock,
            lease_ns: (choices.lock == RedisLock::Lease).then_some(choices.lease_ns),
            fence: (choices.fence != Fence::None).then_some(choices.fence),
            write: choices.write,
            steps: Some(choices.protocol()),
        }
    }
}

/// The words of its steps.
pub const WORDS: &[StepKind] = &[
    StepKind::Watch,
    StepKind::Read,
    StepKind::Think,
    StepKind::Write,
    StepKind::Decrement,
    StepKind::GiveBack,
    StepKind::Swap,
    StepKind::Take,
    StepKind::Lock,
    StepKind::Unlock,
];

impl Default for RedisChoices {
    fn default() -> Self {
        Self::new()
    }
}

impl RedisChoices {
    /// The usual purchase: no lock, read and set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lock: RedisLock::None,
            lease_ns: DEFAULT_LEASE_NS,
            fence: Fence::None,
            write: RedisWrite::Set,
            steps: None,
        }
    }

    /// The same choices, after a check that they fit together.
    ///
    /// # Errors
    /// When they do not.
    pub fn checked(self) -> Result<Self, ProtocolError> {
        if self.fence != Fence::None && self.protocol().has(StepKind::Swap) {
            return Err(ProtocolError::whole(Wrong::FencedSwap));
        }
        check(&self)?;
        Ok(self)
    }

    /// These choices with the given steps, which decide whether there is a lock and how the stock is changed.
    ///
    /// # Errors
    /// When this order of steps is not possible at a Redis server.
    pub fn of_steps(self, steps: Protocol) -> Result<Self, ProtocolError> {
        let lock = if steps.has(StepKind::Lock) { RedisLock::Lease } else { RedisLock::None };
        let write = |kind: &StepKind| match kind {
            StepKind::Decrement => Some(RedisWrite::Decrement),
            StepKind::Swap => Some(RedisWrite::Swap),
            StepKind::Take => Some(RedisWrite::Take),
            _ => None,
        };
        let write = steps.steps().iter().find_map(write).unwrap_or(RedisWrite::Set);
        let usual = Self { lock, write, steps: None, ..self };
        let own = (steps != usual.protocol()).then_some(steps);
        Self { steps: own, ..usual }.checked()
    }

    /// The steps of a purchase.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        if let Some(steps) = self.steps {
            return steps;
        }
        let sell: &[StepKind] = match self.write {
            RedisWrite::Set => &[StepKind::Read, StepKind::Think, StepKind::Write],
            RedisWrite::Decrement => &[StepKind::Read, StepKind::Think, StepKind::Decrement],
            RedisWrite::Swap => &[StepKind::Watch, StepKind::Read, StepKind::Think, StepKind::Swap],
            RedisWrite::Take => &[StepKind::Take],
        };
        let locked = self.lock == RedisLock::Lease;
        let mut steps = Vec::with_capacity(6);
        steps.extend(locked.then_some(StepKind::Lock));
        steps.extend(sell);
        steps.extend(locked.then_some(StepKind::Unlock));
        Protocol::of(&steps)
    }

    /// The command-line options that differ from their defaults.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let usual = Self::new();
        let mut options = Vec::new();
        match self.steps {
            Some(steps) => options.push(format!("--steps {}", shell_quoted(&steps.to_string()))),
            None => {
                options.extend((self.lock != usual.lock).then(|| format!("--lock {}", self.lock)));
                options.extend((self.write != usual.write).then(|| format!("--write {}", self.write)));
            }
        }
        if self.lease_ns != usual.lease_ns {
            let lease = humantime::format_duration(Duration::from_nanos(self.lease_ns));
            options.push(format!("--lease {}", shell_quoted(&lease.to_string())));
        }
        options.extend((self.fence != usual.fence).then(|| format!("--fence {}", self.fence)));
        options
    }

    /// Whether this step presents the token of the lease.
    #[must_use]
    pub const fn fences(&self, step: StepKind) -> bool {
        match self.fence {
            Fence::None => false,
            Fence::Write => step.sells(),
            Fence::ReadWrite => step.sells() || step.reads(),
        }
    }
}

impl StoreChoices for RedisChoices {
    fn protocol(&self) -> Protocol {
        RedisChoices::protocol(self)
    }

    fn leases(&self) -> bool {
        self.lock == RedisLock::Lease
    }

    fn kind(&self) -> Option<StoreKind> {
        Some(StoreKind::Redis)
    }

    fn locks(&self) -> String {
        self.lock.to_string()
    }

    fn guard(&self) -> Guard {
        match self.lock {
            RedisLock::None => Guard::Nothing,
            RedisLock::Lease => Guard::Lease { lease_ns: self.lease_ns, fence: self.fence },
        }
    }

    fn options(&self) -> Vec<String> {
        RedisChoices::options(self)
    }

    fn additions(&self) -> Vec<String> {
        (self.fence != Fence::None).then(|| format!("--fence {}", self.fence)).into_iter().collect()
    }
}

/// Rejects steps that are not possible in this order.
fn check(choices: &RedisChoices) -> Result<(), ProtocolError> {
    let steps = choices.protocol();
    order::check(&steps, (WORDS, Some(StoreKind::Redis)), |kind, later| {
        let before = &steps.steps()[..steps.steps().len() - later.len() - 1];
        let turn = before.iter().rfind(|kind| matches!(kind, StepKind::Lock | StepKind::Unlock));
        match kind {
            kind if choices.fences(kind) && turn != Some(&StepKind::Lock) => Err(Wrong::FencedOutside),
            // Without a watch, EXEC compares nothing.
            StepKind::Swap if !before.contains(&StepKind::Watch) => Err(Wrong::Needs(StepKind::Watch)),
            StepKind::Watch if !later.contains(&StepKind::Swap) => Err(Wrong::NeverFollowed(StepKind::Swap)),
            _ => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests;
