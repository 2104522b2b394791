//! The options that say what one purchase does at a Redis server.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::closed;
use super::duration::nanoseconds;
use super::wrong::ensure;
use crate::lang::errors::together;
use crate::protocol::redis::{Fence, RedisChoices, RedisLock, RedisWrite};
use crate::protocol::{Protocol, StepKind};

/// What a Redis server alone has.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "With --store redis")]
pub(super) struct RedisArgs {
    /// What presents the lease's fencing token, so that an older one is rejected [default: none]
    #[arg(long, value_name = "STEPS", value_parser = closed::<Fence>(Fence::ALL))]
    fence: Option<Fence>,
}

impl RedisArgs {
    /// What one purchase does, with these choices or these steps.
    ///
    /// # Errors
    /// When they do not fit each other.
    pub(super) fn choices(
        &self,
        lock: Option<RedisLock>,
        write: Option<RedisWrite>,
        steps: Option<Protocol>,
        lease: Option<Duration>,
    ) -> anyhow::Result<RedisChoices> {
        let usual = RedisChoices::new();
        let choices = RedisChoices {
            lock: lock.unwrap_or(usual.lock),
            lease_ns: lease.map_or(usual.lease_ns, nanoseconds),
            fence: self.fence.unwrap_or(usual.fence),
            write: write.unwrap_or(usual.write),
            steps: None,
        };
        ensure(choices.lease_ns >= 1_000_000, together::short_lease)?;
        let choices = match steps {
            None => choices.checked()?,
            Some(steps) => {
                ensure(write.is_none(), together::steps_write)?;
                let taken = if steps.has(StepKind::Lock) { RedisLock::Lease } else { RedisLock::None };
                ensure(lock.is_none_or(|lock| lock == taken), |lang| match taken {
                    RedisLock::Lease => together::steps_take_the_lease(lang),
                    RedisLock::None => together::steps_take_no_lease(lang),
                })?;
                choices.of_steps(steps).context("--steps")?
            }
        };
        ensure(lease.is_none() || choices.lock == RedisLock::Lease, together::no_lease)?;
        Ok(choices)
    }

    /// Rejects options that say what a named protocol says by itself.
    ///
    /// # Errors
    /// When one of them was given.
    pub(super) fn none_beside(&self, protocol: &str) -> anyhow::Result<()> {
        ensure(self.fence.is_none(), |lang| together::protocol_fences(lang, protocol))
    }

    /// Rejects options that only a Redis server has.
    ///
    /// # Errors
    /// When one of them was given.
    pub(super) fn none_elsewhere(&self) -> anyhow::Result<()> {
        ensure(self.fence.is_none(), |lang| together::of_redis(lang, "--fence"))
    }
}
