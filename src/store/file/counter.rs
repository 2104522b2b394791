//! The counter of a ticket file: puts tickets on sale, checks that they can be sold, and says what is left.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::lock::{CommonLock, Locker, carrier, guard_path};
use super::names::{NamesError, are_one_file};
use super::ticket::{self, Cannot, Sighting, TicketFileError};
use crate::fault::TornText;
use crate::paths::{folder, probe_folder};
use crate::plan::FilePlan;
use crate::protocol::file::{Lock, Write};
use crate::stock::Stock;
use crate::store::Left;

/// Why tickets can't be sold from a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The ticket file can't be sold from.
    #[error(transparent)]
    TicketFile(#[from] TicketFileError),
    /// Its names do not lead to the same file.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// The lock does not work on this filesystem.
    #[error("{}: no {lock} here: {source}", path.display())]
    NoLocking {
        /// The file that carries the lock.
        path: PathBuf,
        /// Which lock.
        lock: Lock,
        /// Why.
        source: io::Error,
    },
    /// Another program held the lock all the time.
    #[error(
        "{}: locked by another program whenever it was tried, for {}",
        path.display(),
        humantime::format_duration(Duration::from_millis(waited.as_millis() as u64))
    )]
    Locked {
        /// The file that carries the lock.
        path: PathBuf,
        /// Which lock.
        lock: Lock,
        /// For how long we waited.
        waited: Duration,
    },
    /// Told to stop before the tickets were on sale.
    #[error("interrupted before the sale began")]
    Interrupted,
}

/// How long to wait for a lock folder that exists.
const PATIENCE: Duration = Duration::from_secs(2);

/// Puts the plan's tickets on sale, and checks that they can be sold: the file can be written and its lock taken.
/// Returns the stock.
pub(super) fn put_on_sale(
    plan: &FilePlan,
    tickets: Option<Stock>,
    common: &CommonLock,
    interrupted: &AtomicBool,
) -> Result<Stock, FileError> {
    let path = plan.file.as_path();
    match (ticket::load(path), tickets) {
        (Ok(_) | Err(TicketFileError::Empty { .. }), Some(tickets)) => {
            let locker = probe_lock(plan, common)?;
            set_under_lock(&locker, plan, tickets, interrupted)?;
        }
        (Err(TicketFileError::Missing { .. }), Some(tickets)) => ticket::create(path, tickets)?,
        (Ok(_), None) => {}
        (Err(error), _) => return Err(error.into()),
    }
    are_one_file(plan)?;
    for name in plan.names() {
        let through = FilePlan::new(plan.choices, name);
        probe_lock(&through, common)?;
        probe_write(&through)?;
    }
    Ok(ticket::load(path)?)
}

pub(super) fn no_locking(plan: &FilePlan, source: io::Error) -> FileError {
    let path = carrier(&plan.choices, &plan.file);
    use io::ErrorKind::{
        FileTooLarge, InvalidFilename, InvalidInput, NotFound, PermissionDenied, QuotaExceeded,
        ReadOnlyFilesystem, StorageFull,
    };
    if matches!(
        source.kind(),
        FileTooLarge
            | InvalidFilename
            | NotFound
            | PermissionDenied
            | QuotaExceeded
            | ReadOnlyFilesystem
            | StorageFull
    ) {
        // These errors do not concern locks.
        return TicketFileError::Io { path, cannot: Cannot::OpenToLock, source }.into();
    }
    if source.raw_os_error() == Some(Errno::ELOOP as i32) {
        return a_link(path, source);
    }
    if source.kind() == InvalidInput && source.raw_os_error().is_none() {
        // Something else has the name of our file; its kind is in the error.
        return TicketFileError::Io { path, cannot: Cannot::CarryLock, source }.into();
    }
    FileError::NoLocking { path, lock: plan.choices.lock, source }
}

/// The error for a link that has the name of one of our files.
fn a_link(path: PathBuf, source: io::Error) -> FileError {
    TicketFileError::Io { path, cannot: Cannot::Follow, source }.into()
}

/// The guard of a lockfile does not work.
fn no_guard(plan: &FilePlan, source: io::Error) -> FileError {
    let path = guard_path(&plan.file);
    if source.raw_os_error() == Some(Errno::ELOOP as i32) {
        return a_link(path, source);
    }
    TicketFileError::Io { path, cannot: Cannot::Guard, source }.into()
}

/// Checks whether the lock works here, without waiting for it: it works whether it is taken or free.
fn probe_lock(plan: &FilePlan, common: &CommonLock) -> Result<Locker, FileError> {
    // Opened for writing, as buyers will do it, so that a read-only file is reported now.
    ticket::open_to_look(&plan.file).map_err(|source| TicketFileError::Io {
        path: plan.file.clone(),
        cannot: Cannot::OpenToWrite,
        source,
    })?;
    // Only the first kind of lock; the others are tried separately.
    let locker =
        Locker::open(&plan.choices, &plan.file, common).map_err(|source| no_locking(plan, source))?;
    if locker.try_lock().map_err(|source| no_locking(plan, source))? {
        locker.unlock().map_err(|source| no_locking(plan, source))?;
    }
    Ok(locker)
}

/// Checks that the folder can be written, which a rename needs.
fn probe_write(plan: &FilePlan) -> Result<(), FileError> {
    if plan.choices.write == Write::Rename {
        let folder = folder(&plan.file);
        probe_folder(folder).map_err(|source| TicketFileError::Io {
            path: folder.to_owned(),
            cannot: Cannot::RenameIn,
            source,
        })?;
    }
    Ok(())
}

/// Sets the stock while the launcher holds the lock, so that no purchase is under way. It polls, so that an interrupt
/// gets through.
fn set_under_lock(
    locker: &Locker,
    plan: &FilePlan,
    tickets: Stock,
    interrupted: &AtomicBool,
) -> Result<(), FileError> {
    let began = Instant::now();
    let limit = plan.choices.lock_timeout_ns.map(Duration::from_nanos);
    // A folder does not name its holder: if that was killed, the folder stays for ever.
    let limit = if plan.choices.lock == Lock::Mkdir { limit.or(Some(PATIENCE)) } else { limit };
    let failed = |source| no_locking(plan, source);
    while !locker.try_lock().map_err(failed)? {
        if interrupted.load(Ordering::Relaxed) {
            return Err(FileError::Interrupted);
        }
        // A dead holder's lock keeps everybody out, so no purchase is under way; the buyers will report it.
        let set = || ticket::set(&plan.file, tickets);
        let set = locker.while_left_behind(set).map_err(|source| no_guard(plan, source))?;
        if let Some(set) = set {
            return Ok(set?);
        }
        if limit.is_some_and(|limit| began.elapsed() >= limit) {
            let path = carrier(&plan.choices, &plan.file);
            return Err(FileError::Locked { path, lock: plan.choices.lock, waited: began.elapsed() });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    ticket::set(&plan.file, tickets)?;
    locker.unlock().map_err(failed)
}

/// The stock after the sale. The sale took place even if the file is gone now, so this never fails.
pub fn stock_left(path: &Path) -> Left {
    match sighting(path) {
        Ok(Sighting::Stock(stock)) => Left { remaining: Some(stock), ..Left::default() },
        Ok(Sighting::Torn(text)) => {
            Left { torn: Some(String::from_utf8_lossy(text.bytes()).into_owned()), ..Left::default() }
        }
        Err(error) => Left { unread: Some(error.to_string()), ..Left::default() },
    }
}

fn sighting(path: &Path) -> io::Result<Sighting> {
    let text = ticket::read_start(path, ticket::MOST_BYTES as u64 + 1)?;
    let torn = |_| Sighting::Torn(TornText::new(&text));
    Ok(ticket::parse(&text).map_or_else(torn, |parsed| Sighting::Stock(parsed.stock)))
}
