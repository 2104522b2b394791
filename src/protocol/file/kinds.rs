//! The kinds of locks on a ticket file, and the use of several of them in one run.

use crate::closed_set::closed_set;

closed_set! {
    /// How buyers keep each other out.
    pub enum Lock: "kind of lock" {
        /// No lock: every buyer walks straight in.
        None = "none",
        /// flock(2): belongs to the open file description, released by the kernel.
        Flock = "flock",
        /// fcntl(2) F_SETLKW: belongs to the process, so that its threads are not kept apart.
        Posix = "posix",
        /// fcntl(2) F_OFD_SETLKW: belongs to the open file description; Linux only.
        Ofd = "ofd",
        /// FILE.lock, created with O_CREAT|O_EXCL: outlives a holder that is killed.
        Lockfile = "lockfile",
        /// A process-shared POSIX semaphore, as Python's multiprocessing.Lock: outlives its holder, too.
        Semaphore = "semaphore",
        /// FILE.lock.d, made with mkdir(2): outlives its holder, and names nobody.
        Mkdir = "mkdir",
        /// FILE.lock, made with link(2) of a private file, as on old NFS: outlives its holder.
        Link = "link",
        /// FILE.lock with a time to live: a buyer that finds it older than --lease takes it over.
        Lease = "lease",
    }
}

impl Lock {
    /// The kinds that a matrix tries by default.
    pub const USUAL: &[Lock] =
        &[Lock::None, Lock::Flock, Lock::Posix, Lock::Ofd, Lock::Lockfile, Lock::Semaphore];

    /// Whether it sits on a file that exists anyway, the ticket file or the sidecar. A lockfile is itself the
    /// lock, and a semaphore has no file.
    #[must_use]
    pub const fn has_carrier(self) -> bool {
        matches!(self, Lock::Flock | Lock::Posix | Lock::Ofd)
    }

    /// Whether it is a file of its own, `FILE.lock`, that exists while the lock is held.
    #[must_use]
    pub const fn is_lockfile(self) -> bool {
        matches!(self, Lock::Lockfile | Lock::Link | Lock::Lease)
    }

    /// Whether it stays when its holder is killed, because the kernel does not know the holder.
    #[must_use]
    pub const fn outlives_its_holder(self) -> bool {
        matches!(self, Lock::Lockfile | Lock::Link | Lock::Lease | Lock::Mkdir | Lock::Semaphore)
    }

    /// A number for the place where the lock is taken: two kinds with the same number keep each other out. On a local
    /// Linux filesystem flock and fcntl locks ignore each other, and POSIX and OFD locks conflict (fcntl_locking(2)).
    #[must_use]
    pub const fn realm(self) -> u8 {
        match self {
            Lock::None => 0,
            Lock::Flock => 1,
            Lock::Posix | Lock::Ofd => 2,
            Lock::Lockfile | Lock::Link | Lock::Lease => 3,
            Lock::Mkdir => 4,
            Lock::Semaphore => 5,
        }
    }
}

/// More kinds of locks beside the first: buyers use all kinds in rotation. At most [`Others::MOST`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Others([Option<Lock>; Others::MOST]);

impl Others {
    /// The most kinds beside the first.
    pub const MOST: usize = 3;
    /// No other kind.
    pub const NONE: Self = Self([None; Self::MOST]);

    /// One other kind.
    #[must_use]
    pub const fn one(kind: Lock) -> Self {
        Self([Some(kind), None, None])
    }

    /// These kinds; `None` if there are too many.
    #[must_use]
    pub fn of(kinds: &[Lock]) -> Option<Self> {
        let mut others = Self::NONE;
        for (place, kind) in kinds.iter().enumerate() {
            *others.0.get_mut(place)? = Some(*kind);
        }
        Some(others)
    }

    /// The kinds, in their order.
    pub fn kinds(&self) -> impl Iterator<Item = Lock> {
        self.0.iter().copied().flatten()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds().next().is_none()
    }
}

impl serde::Serialize for Others {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.kinds())
    }
}

impl<'de> serde::Deserialize<'de> for Others {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kinds = Vec::<Lock>::deserialize(deserializer)?;
        Self::of(&kinds).ok_or_else(|| serde::de::Error::custom("too many kinds of locks"))
    }
}
