//! One sale: plan → workers → history → verdict. Prints nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::fault::TornText;
use crate::history::{BuyerCount, Header, History, Recorder, Tally, Timing};
use crate::paths::{folder, probe_folder};
use crate::plan::{Plan, PlanError};
use crate::protocol::file::{Lock, Write};
use crate::stock::Stock;
use crate::store::file::lock::{Locker, Meeting, guard_path};
use crate::store::file::ticket::{self, Sighting, TicketFileError};
use crate::verdict::{Verdict, judge};
use crate::workers::{self, Crew, Watch, WorkersError};

/// Why a sale could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan can't be run.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The ticket file can't be sold from.
    #[error(transparent)]
    TicketFile(#[from] TicketFileError),
    /// The lock does not work where the file lies.
    #[error(
        "{}: no {lock} here: {source}; take another filesystem, or --no-lock to see what that means",
        path.display()
    )]
    NoLocking {
        /// The file that carries the lock.
        path: PathBuf,
        /// Which lock.
        lock: Lock,
        /// Why.
        source: io::Error,
    },
    /// Somebody else held the lock all the time.
    #[error(
        "{}: locked by another program whenever it was tried, for {}; {}",
        path.display(),
        humantime::format_duration(Duration::from_millis(waited.as_millis() as u64)),
        if *lock == Lock::Lockfile { "the file says by which" } else { "see who with lslocks, or fuser" }
    )]
    Locked {
        /// The file that carries the lock.
        path: PathBuf,
        /// Which lock.
        lock: Lock,
        /// For how long we waited.
        waited: Duration,
    },
    /// The buyers could not be run.
    #[error(transparent)]
    Workers(#[from] WorkersError),
    /// There is no room for the recorder.
    #[error("the recorder's shared memory: {0}")]
    Recorder(io::Error),
}

/// A sale that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Sold {
    /// What happened; its header holds the plan.
    pub history: History,
    /// What is said of it.
    pub verdict: Verdict,
    /// Each buyer's counts.
    pub buyers: Vec<BuyerCount>,
}

/// Runs the sale of a plan.
///
/// # Errors
/// When it could not be run; the ticket file is as it was then, but for `--tickets`.
pub fn run(plan: &Plan, watch: &mut Watch<'_>) -> Result<Sold, RunError> {
    plan.check()?;
    workers::check(plan)?;
    let meeting = meet(plan)?;
    let initial = put_on_sale(plan, &meeting, watch.interrupted)?;
    let plan = Plan { tickets: Some(initial), ..plan.clone() };
    (watch.begin)(&plan);
    let recorder = Recorder::for_plan(&plan, initial).map_err(RunError::Recorder)?;
    let crew = workers::run(&plan, &recorder, &meeting, watch)?;
    settle(plan, initial, &recorder, &crew)
}

/// What the buyers of this plan will have in common of their lock.
pub(crate) fn meet(plan: &Plan) -> Result<Meeting, RunError> {
    Meeting::new(&plan.sale).map_err(|source| no_locking(plan, source))
}

/// Draws up what the buyers of a plan have left behind: history, verdict and counts. All of them have
/// gone.
pub(crate) fn settle(plan: Plan, initial: Stock, recorder: &Recorder, crew: &Crew) -> Result<Sold, RunError> {
    let (purchases, unrecorded) = recorder.collect();
    let left = stock_left(&plan.file);
    let last_return_ns = purchases.iter().filter_map(|purchase| purchase.return_ns).max();
    let end_ns =
        if unrecorded == Tally::default() { last_return_ns.unwrap_or(crew.left_ns) } else { crew.left_ns };
    let killed_by =
        |buyer| crew.killed.iter().find(|(killed, _)| *killed == buyer).map(|(_, signal)| *signal);
    let buyers = (1..=plan.buyers)
        .map(|buyer| BuyerCount {
            buyer,
            pid: recorder.pid(buyer),
            tally: recorder.tally_of(buyer),
            killed_by: killed_by(buyer),
        })
        .collect();
    let timing = Timing {
        launch_ns: crew.launch_ns,
        go_ns: crew.go_ns,
        elapsed_ns: end_ns.saturating_sub(crew.go_ns),
    };
    let header = Header {
        initial: Some(initial),
        remaining: left.remaining,
        left_torn: left.torn,
        unread: left.unread,
        outsiders: true,
        wall_ns: Some(recorder.wall_ns()),
        unrecorded,
        interrupted: crew.interrupted,
        timing: Some(timing),
        ..Header::of_plan(plan)
    };
    let history = History { header, purchases };
    let verdict = judge(&history);
    Ok(Sold { history, verdict, buyers })
}

/// Puts the plan's tickets on sale, and makes sure that they can be sold: the file can be written and
/// its lock taken. Returns the stock.
pub(crate) fn put_on_sale(
    plan: &Plan,
    meeting: &Meeting,
    interrupted: &AtomicBool,
) -> Result<Stock, RunError> {
    let path = plan.file.as_path();
    match (ticket::load(path), plan.tickets) {
        (Ok(_) | Err(TicketFileError::Empty { .. }), Some(tickets)) => {
            let locker = probe_lock(plan, meeting)?;
            set_under_lock(&locker, plan, tickets, interrupted)?;
        }
        (Err(TicketFileError::Missing { .. }), Some(tickets)) => ticket::create(path, tickets)?,
        (Ok(_), None) => {}
        (Err(error), _) => return Err(error.into()),
    }
    probe_lock(plan, meeting)?;
    probe_write(plan)?;
    Ok(ticket::load(path)?)
}

fn no_locking(plan: &Plan, source: io::Error) -> RunError {
    let path = crate::store::file::lock::carrier(&plan.sale, &plan.file);
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
        // That says nothing of locks.
        return TicketFileError::Io { path, doing: "can't be opened to lock it", source }.into();
    }
    if source.raw_os_error() == Some(Errno::ELOOP as i32) {
        return a_link(path, source);
    }
    if source.kind() == InvalidInput && source.raw_os_error().is_none() {
        // It lies where a file of ours is to lie, and says itself what it is.
        return TicketFileError::Io { path, doing: "can't carry the lock", source }.into();
    }
    RunError::NoLocking { path, lock: plan.sale.lock, source }
}

/// What somebody has put where a file of ours is to lie.
fn a_link(path: PathBuf, source: io::Error) -> RunError {
    let doing = "is a link, and ticketsim follows none there; remove it (rm)";
    TicketFileError::Io { path, doing, source }.into()
}

/// The guard of a lockfile does not work.
fn no_guard(plan: &Plan, source: io::Error) -> RunError {
    let path = guard_path(&plan.file);
    if source.raw_os_error() == Some(Errno::ELOOP as i32) {
        return a_link(path, source);
    }
    TicketFileError::Io { path, doing: "can't be locked to look at the lockfile", source }.into()
}

/// Finds out whether the lock works here, without waiting for it: that it is taken is as good an
/// answer as that it is free.
fn probe_lock(plan: &Plan, meeting: &Meeting) -> Result<Locker, RunError> {
    // Opened for writing, as the buyers will: a file that is read-only is said to be so.
    ticket::open_to_look(&plan.file).map_err(|source| TicketFileError::Io {
        path: plan.file.clone(),
        doing: "can't be opened for writing",
        source,
    })?;
    let locker = Locker::open(&plan.sale, &plan.file, meeting).map_err(|source| no_locking(plan, source))?;
    if locker.try_lock().map_err(|source| no_locking(plan, source))? {
        locker.unlock().map_err(|source| no_locking(plan, source))?;
    }
    Ok(locker)
}

/// A rename needs a folder that can be written.
fn probe_write(plan: &Plan) -> Result<(), RunError> {
    if plan.sale.write == Write::Rename {
        let folder = folder(&plan.file);
        probe_folder(folder).map_err(|source| TicketFileError::Io {
            path: folder.to_owned(),
            doing: "--write rename needs a folder that can be written",
            source,
        })?;
    }
    Ok(())
}

/// Sets the stock while the launcher itself holds the lock, so that nobody is in the middle of a
/// purchase then. It polls: an interrupt must get through.
fn set_under_lock(
    locker: &Locker,
    plan: &Plan,
    tickets: Stock,
    interrupted: &AtomicBool,
) -> Result<(), RunError> {
    let began = Instant::now();
    let limit = plan.sale.lock_timeout_ns.map(Duration::from_nanos);
    let failed = |source| no_locking(plan, source);
    while !locker.try_lock().map_err(failed)? {
        if interrupted.load(Ordering::Relaxed) {
            return Err(WorkersError::Interrupted.into());
        }
        // Its dead holder keeps everybody out: nobody is in there, and the buyers will say so.
        let set = || ticket::set(&plan.file, tickets);
        let set = locker.while_left_behind(set).map_err(|source| no_guard(plan, source))?;
        if let Some(set) = set {
            return Ok(set?);
        }
        if limit.is_some_and(|limit| began.elapsed() >= limit) {
            let path = crate::store::file::lock::carrier(&plan.sale, &plan.file);
            return Err(RunError::Locked { path, lock: plan.sale.lock, waited: began.elapsed() });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    ticket::set(&plan.file, tickets)?;
    locker.unlock().map_err(failed)
}

/// What the ticket file holds after a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// The stock, where it can be read.
    pub(crate) remaining: Option<Stock>,
    /// The start of what is there instead.
    pub(crate) torn: Option<String>,
    /// Why there is nothing that could be read.
    pub(crate) unread: Option<String>,
}

/// The stock after the sale. Whatever has become of the file, the sale took place: so this never fails.
pub(crate) fn stock_left(path: &Path) -> Left {
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
