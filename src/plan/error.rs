//! Why a plan can't be run: data, which knows no options.

use super::{MishapError, Plan, Planned};
use crate::protocol::Choices;
use crate::protocol::file::FileChoices;
use crate::stock::Stock;

/// Why a plan can't be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Zero buyers, or too many.
    #[error("{0} buyers: it takes 1 to {most}", most = Plan::MOST_BUYERS)]
    Buyers(u32),
    /// A negative number of tickets.
    #[error("{0} tickets: it takes a whole number from 0")]
    Tickets(Stock),
    /// More buyers are to take no lock than there are.
    #[error("{rogues} of {buyers} buyers are to take no lock: it takes {buyers} at most")]
    Rogues {
        /// How many are to take none.
        rogues: u32,
        /// How many buyers.
        buyers: u32,
    },
    /// Others are to put tickets on sale under the lock, but it keeps nobody apart.
    #[error("others are to put tickets on sale under the lock, and here no lock keeps them out")]
    RestocksWithoutLock,
    /// A helper process is to unlock, but these workers can't have one.
    #[error(
        "helper-unlock needs a helper process that has inherited the lock's file: buyers have to be processes"
    )]
    HelperNeedsProcess,
    /// Not every name of the ticket file would be used.
    #[error("{names} names of the ticket file and {buyers} buyers: a name that no buyer opens tests nothing")]
    IdleNames {
        /// How many names there are.
        names: usize,
        /// How many buyers.
        buyers: u32,
    },
    /// This works only with one name of the file: a lock may not reach from one name to another.
    #[error("{0} goes with one name of the ticket file")]
    OneNameAlone(OneName),
    /// A planned mishap is not possible.
    #[error("mishap '{mishap}': {why}")]
    Mishap {
        /// The mishap.
        mishap: Planned,
        /// Why it is not possible.
        why: MishapError,
    },
    /// No hosts, or too many.
    #[error("{0} hosts: it takes 1 to {most}", most = Plan::MOST_HOSTS)]
    Hosts(u32),
    /// More hosts than buyers.
    #[error("{hosts} hosts and {buyers} buyers: each host takes a share of at least one")]
    IdleHosts {
        /// How many hosts there are.
        hosts: u32,
        /// How many buyers.
        buyers: u32,
    },
    /// This works on one host only.
    #[error("{0} is a matter of one host: on several it would not be what it says")]
    OneHostAlone(OneHost),
    /// Without a number of tickets nobody could tell whether all hosts sell from the same stock.
    #[error("several hosts sell what was put on sale for them, and the plan does not say how much")]
    HostsNeedTickets,
    /// A jitter outside 0 to 1.
    #[error("jitter {0}: it takes a number from 0 to 1")]
    Jitter(f64),
}

impl PlanError {
    /// Rejects more buyers without a lock than there are buyers.
    ///
    /// # Errors
    /// [`PlanError::Rogues`].
    pub fn check_rogues(choices: &Choices, buyers: u32) -> Result<(), Self> {
        match choices {
            Choices::File(FileChoices { rogues, .. }) if *rogues > buyers => {
                Err(Self::Rogues { rogues: *rogues, buyers })
            }
            _ => Ok(()),
        }
    }
}

/// What goes with one name of the ticket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OneName {
    /// An open file that all buyers inherit.
    #[error("an inherited lock")]
    Inherit,
    /// Others who put tickets on sale under the lock.
    #[error("restocking under the lock")]
    Restocks,
}

/// What only one host can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OneHost {
    /// Buyers one after the other.
    #[error("one buyer after the other")]
    Sequential,
    /// Others who put tickets on sale under the lock.
    #[error("restocking under the lock")]
    Restocks,
    /// A mishap of the buyer that first comes to a step.
    #[error("a mishap of the first buyer that comes there")]
    First,
    /// An open file that all buyers inherit.
    #[error("an inherited lock")]
    Inherit,
    /// Buyers that take turns among several kinds of lock.
    #[error("a lock of several kinds")]
    SeveralLocks,
    /// Further names of the ticket file.
    #[error("a ticket file with several names")]
    SeveralNames,
}
