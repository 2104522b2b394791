//! The options that say what one purchase does: the choices of a ticket file, or steps in an order of one's
//! own. Every command that sells, counts or replays takes them.

use anyhow::Context as _;
use clap::Args;

use super::closed;
use crate::protocol::Protocol;
use crate::protocol::file::{Lock, LockOn, Sale, Write};

/// What one purchase does.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ChoiceArgs {
    /// Take no lock: short for --lock none
    #[arg(long, conflicts_with = "lock")]
    no_lock: bool,
    /// How buyers keep each other out [default: flock]
    #[arg(long, value_name = "KIND", value_parser = closed::<Lock>(Lock::ALL))]
    lock: Option<Lock>,
    /// How the new stock reaches the file [default: overwrite]
    #[arg(long, value_name = "KIND", value_parser = closed::<Write>(Write::ALL))]
    write: Option<Write>,
    /// Which file carries the lock [default: ticket; sidecar for --write rename]
    #[arg(long, value_name = "PLACE", value_parser = closed::<LockOn>(LockOn::ALL))]
    lock_on: Option<LockOn>,
    /// The steps of a purchase in an order of your own, e.g. \"read lock write unlock\": open, lock, read,
    /// think, write (or truncate and fill), unlock. --lock is the kind that `lock` takes
    #[arg(long, value_name = "STEPS")]
    steps: Option<Protocol>,
}

impl ChoiceArgs {
    /// The sale, in which nobody waits for a lock.
    ///
    /// # Errors
    /// When choices and steps say nothing together.
    pub(super) fn sale(&self) -> anyhow::Result<Sale> {
        let lock = if self.no_lock { Some(Lock::None) } else { self.lock };
        let sale = match self.steps {
            Some(steps) => Sale::of_steps(steps, lock, self.lock_on, self.write).context("--steps")?,
            None => {
                let usual = Sale::new(lock.unwrap_or(Lock::Flock), self.write.unwrap_or(Write::Overwrite));
                // A place says nothing of a lock that sits on no file.
                let lock_on = self.lock_on.filter(|_| usual.lock.has_carrier()).unwrap_or(usual.lock_on);
                Sale { lock_on, ..usual }
            }
        };
        let kind = sale.lock;
        anyhow::ensure!(
            self.lock_on.is_none() || kind.has_carrier() || kind == Lock::None,
            "--lock-on says which file carries the lock: --lock {kind} sits on none"
        );
        Ok(sale)
    }
}
