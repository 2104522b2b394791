//! What can go wrong inside a purchase, as data: why it failed or was never answered, and what a torn read
//! met. Small and fixed in size, so that a record in shared memory and a buyer's reply can hold it.

use crate::closed_set::closed_set;

closed_set! {
    /// Why a purchase failed, or never answered.
    pub enum FaultKind: "fault" {
        /// The buyer gave up waiting for the lock.
        LockTimeout = "lock_timeout",
        /// The process that holds the lock is dead, and the lock outlived it.
        HolderGone = "holder_gone",
        /// The lock call itself failed.
        Lock = "lock",
        /// The lock could not be let go.
        Unlock = "unlock",
        /// The ticket file held no valid ticket file.
        Torn = "torn",
        /// The ticket file could not be read.
        Read = "read",
        /// The ticket file could not be written.
        Write = "write",
        /// The run was interrupted before the purchase touched the stock.
        Stopped = "stopped",
        /// The buyer was killed in the middle of the purchase.
        Killed = "killed",
    }
}

/// Why a purchase failed, with the system's error number where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// errno(3), 0 where none applies. Of [`FaultKind::HolderGone`], the process id of the dead holder.
    pub errno: i32,
}

impl Fault {
    /// A fault without a system error.
    #[must_use]
    pub const fn plain(kind: FaultKind) -> Self {
        Self { kind, errno: 0 }
    }

    /// A fault with the system's error.
    #[must_use]
    pub fn os(kind: FaultKind, error: &std::io::Error) -> Self {
        Self { kind, errno: error.raw_os_error().unwrap_or(0) }
    }

    /// A lock that its dead holder left behind.
    #[must_use]
    pub const fn holder_gone(pid: u32) -> Self {
        Self { kind: FaultKind::HolderGone, errno: pid as i32 }
    }

    /// The process id of the dead holder of the lock, where that is the fault.
    #[must_use]
    pub fn dead_holder(self) -> Option<u32> {
        if self.kind == FaultKind::HolderGone { u32::try_from(self.errno).ok() } else { None }
    }
}

/// The start of a text that was no ticket file, as a buyer met it. Fixed in size, so that it fits a
/// shared record and a buyer's reply can be copied, compared and hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TornText {
    len: u8,
    head: [u8; TornText::MOST],
}

impl TornText {
    /// How many bytes are kept.
    pub const MOST: usize = 31;

    /// Keeps the first [`TornText::MOST`] bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(Self::MOST)];
        let mut head = [0; Self::MOST];
        head[..kept.len()].copy_from_slice(kept);
        Self { len: kept.len() as u8, head }
    }

    /// The bytes that were kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.head[..usize::from(self.len)]
    }
}
