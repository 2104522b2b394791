//! Memory that processes share: an anonymous mapping that fork(2) hands on to every child
//! (mmap(2), `MAP_SHARED | MAP_ANONYMOUS`). What a child has stored stays when it is killed.

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
#[cfg(target_os = "linux")]
use nix::sys::mman::{MmapAdvise, madvise};

/// The smallest page there is; larger ones are multiples of it.
const PAGE: usize = 4096;

/// Types that may live in memory which other processes write at the same time.
///
/// # Safety
/// A value must be valid when all its bytes are zero, must need no drop, and must be made of atomics
/// alone, since other processes store into it without Rust's knowledge.
pub unsafe trait Shareable: Sync {}

// SAFETY: an atomic integer is valid when zero, needs no drop and is an atomic.
unsafe impl Shareable for std::sync::atomic::AtomicU32 {}
// SAFETY: as above.
unsafe impl Shareable for std::sync::atomic::AtomicU64 {}

/// A slice of zeroed `T`s that this process and all its later children share. Pages cost memory only
/// once they are touched.
#[derive(Debug)]
pub struct SharedSlice<T: Shareable> {
    start: NonNull<T>,
    len: usize,
    bytes: NonZeroUsize,
}

// SAFETY: it is a reference to atomics that are Sync, and owns nothing of the thread it was made on.
unsafe impl<T: Shareable> Send for SharedSlice<T> {}
// SAFETY: only `&[T]` is handed out, and T is Sync.
unsafe impl<T: Shareable> Sync for SharedSlice<T> {}

impl<T: Shareable> SharedSlice<T> {
    /// Maps room for `len` values, at least one.
    ///
    /// # Errors
    /// When the system has no room for the mapping.
    pub fn new(len: usize) -> std::io::Result<Self> {
        let too_large = || std::io::Error::from(std::io::ErrorKind::OutOfMemory);
        let bytes = len.max(1).checked_mul(size_of::<T>().max(1)).ok_or_else(too_large)?;
        let bytes = NonZeroUsize::new(bytes).ok_or_else(too_large)?;
        // Mappings start on a page, which is aligned for every T that is smaller than one.
        const { assert!(align_of::<T>() <= PAGE, "a mapping is aligned to a page, no further") };
        // No swap is set aside for pages that may never be touched (Linux only; elsewhere the default).
        #[cfg(target_os = "linux")]
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        #[cfg(not(target_os = "linux"))]
        let flags = MapFlags::MAP_SHARED;
        // SAFETY: a fresh anonymous mapping at an address that the kernel picks replaces nothing.
        let start =
            unsafe { mmap_anonymous(None, bytes, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags)? };
        Ok(Self { start: start.cast(), len, bytes })
    }
}

/// How pages are brought in (madvise(2), since Linux 5.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BringIn {
    /// As if each were written to: what is not in memory yet is zeroed (`MADV_POPULATE_WRITE`).
    Write,
    /// As if each were read: pages that another process brought into memory are mapped here, many in one page fault,
    /// and writable like the mapping (`MADV_POPULATE_READ`).
    Map,
}

impl<T: Shareable> SharedSlice<T> {
    /// Brings the pages of these values into memory in one call, if there are several: cheaper than a page fault for
    /// each. It is only a hint: if it does nothing, no harm is done.
    pub fn bring_in(&self, range: std::ops::Range<usize>, how: BringIn) {
        let values = self.get(range.start.min(self.len)..range.end.min(self.len)).unwrap_or_default();
        #[cfg(target_os = "linux")]
        if size_of_val(values) > PAGE {
            let first = values.as_ptr().addr();
            // Whole pages only; the first one may also hold other values, which does no harm.
            let start = first - first % PAGE;
            let length = first + size_of_val(values) - start;
            if let Some(pages) = NonNull::new(values.as_ptr().wrapping_byte_sub(first - start).cast_mut()) {
                let advice = match how {
                    BringIn::Write => MmapAdvise::MADV_POPULATE_WRITE,
                    BringIn::Map => MmapAdvise::MADV_POPULATE_READ,
                };
                // SAFETY: the pages are part of this mapping, which outlives the call; populating them
                // changes nothing that they hold.
                let _ = unsafe { madvise(pages.cast(), length, advice) };
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (values, how);
    }
}

impl<T: Shareable> Deref for SharedSlice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the mapping holds `len` T's from an aligned start, zeroed at first (which is valid
        // for a Shareable), lives as long as `self`, and is changed through atomics only.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Shareable> Drop for SharedSlice<T> {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `new` made, whole, and no reference outlives `self`.
        // A failure can only mean that it is gone already.
        let _ = unsafe { munmap(self.start.cast(), self.bytes.get()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn it_starts_as_zeros_and_keeps_what_is_stored() {
        let shared = SharedSlice::<AtomicU64>::new(1000).expect("a mapping");
        assert!(shared.iter().all(|word| word.load(Ordering::Relaxed) == 0));
        shared[999].store(7, Ordering::Relaxed);
        assert_eq!(shared[999].load(Ordering::Relaxed), 7);
    }
}
