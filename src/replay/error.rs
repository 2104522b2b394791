//! Why a schedule could not be replayed, as data and in a sentence.

use crate::run::RunError;
use crate::schedule::Unfollowed;
use crate::store::StoreError;

/// Why a schedule could not be replayed. Steps count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The sale could not be run at all.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The schedule can't be followed.
    #[error(transparent)]
    Unfollowed(#[from] Unfollowed),
    /// The store could not be asked who waits there.
    #[error(transparent)]
    Lookout(#[from] StoreError),
    /// A later replay failed, not the first.
    #[error("replay {time}: {source}")]
    Again {
        /// Which, from 2.
        time: u32,
        /// Why.
        source: Box<ReplayError>,
    },
    /// A buyer was killed from outside.
    #[error("buyer {buyer} was killed from outside at step {step}")]
    Died {
        /// Which step it was to take.
        step: usize,
        /// Which buyer.
        buyer: u32,
    },
    /// Interrupted.
    #[error("interrupted before step {step}")]
    Interrupted {
        /// The first step that was not taken.
        step: usize,
    },
    /// A system call of the conductor failed.
    #[error("the conductor failed: {0}")]
    Conductor(#[from] std::io::Error),
}
