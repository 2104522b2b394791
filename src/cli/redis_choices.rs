//! The options that say what one purchase does at a Redis server.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::closed;
use super::duration::nanoseconds;
use crate::protocol::redis::{Fence, RedisChoices, RedisLock, RedisWrite};
use crate::protocol::{Protocol, StepKind};

/// What a Redis server alone has.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "With --store redis")]
pub(super) struct RedisArgs {
    /// What presents the lease's fencing token, so that an older one is refused [default: none]
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
        anyhow::ensure!(choices.lease_ns >= 1_000_000, "--lease: a lease lasts 1ms at least");
        let choices = match steps {
            None => choices.checked()?,
            Some(steps) => {
                anyhow::ensure!(
                    write.is_none(),
                    "--write stands for steps: with --steps, one of them says how the stock is changed"
                );
                let taken = if steps.has(StepKind::Lock) { RedisLock::Lease } else { RedisLock::None };
                anyhow::ensure!(
                    lock.is_none_or(|lock| lock == taken),
                    "{}",
                    if taken == RedisLock::Lease {
                        "--steps: they take the lease; leave --lock out"
                    } else {
                        "--steps: they never take the lease; leave --lock out"
                    }
                );
                choices.of_steps(steps).context("--steps")?
            }
        };
        anyhow::ensure!(
            lease.is_none() || choices.lock == RedisLock::Lease,
            "--lease is how long --lock lease lasts, and no step takes that lock"
        );
        Ok(choices)
    }

    /// What a named protocol says by itself is refused beside it.
    ///
    /// # Errors
    /// When one of them was given.
    pub(super) fn none_beside(&self, protocol: &str) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.fence.is_none(),
            "--protocol: {protocol} says by itself what presents a token; leave --fence out"
        );
        Ok(())
    }

    /// What a Redis server alone has is refused elsewhere.
    ///
    /// # Errors
    /// When one of them was given.
    pub(super) fn none_elsewhere(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.fence.is_none(), "--fence is of Redis: --store redis://HOST");
        Ok(())
    }
}
