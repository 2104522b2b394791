//! The promise of a combination of workers, lock and write, or of a named protocol, and how well it keeps that: rules
//! and data. It runs nothing and prints nothing.
//!
//! The promise of a combination follows from which buyers the lock keeps apart ([`Exclusion`], decided only in
//! [`Exclusion::of`]); that of a protocol is in the catalogue. The grade follows from the trials. A grade of safe needs
//! a control that failed: the same workers and the same write without a lock, or the protocol to compare with.

use serde::Serialize;

use crate::closed_set::closed_set;
use crate::plan::{Exclusion, Workers};
use crate::protocol::Choices;
use crate::protocol::catalogue::{self, Case, Entry, Promise, Trial, Variant};
use crate::protocol::file::{FileChoices, Lock, LockOn, Write};

closed_set! {
    /// How a combination did.
    pub enum Grade: "grade" {
        /// No anomaly in any trial, while its control failed.
        Safe = "safe",
        /// At least one trial with an anomaly.
        Unsafe = "unsafe",
        /// Its control did not fail either, or it could not run here: nothing was learnt.
        Inconclusive = "inconclusive",
    }
}

/// One subject of a matrix.
pub trait Graded: Clone + PartialEq {
    /// The grade that is promised.
    fn expected(&self) -> Grade;

    /// Whether it is the control of `other`: the same without protection, which has to fail before `other` can be
    /// graded safe.
    fn is_control_of(&self, other: &Self) -> bool;
}

/// One subject of the matrix of ticket files.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "subjects are few, and a copy costs nothing beside a trial")]
pub enum Subject {
    /// Workers, lock and write.
    Combination(Combination),
    /// A protocol by its name.
    Protocol(Named),
}

impl Subject {
    /// The same without its protection: it has to fail.
    #[must_use]
    pub fn control(self) -> Self {
        match self {
            Subject::Combination(combination) => Subject::Combination(combination.control()),
            Subject::Protocol(named) => Subject::Protocol(named.control().unwrap_or(named)),
        }
    }

    /// The grade that is promised.
    #[must_use]
    pub fn expected(self) -> Grade {
        match self {
            Subject::Combination(combination) => combination.expected(),
            Subject::Protocol(named) => named.expected(),
        }
    }
}

impl Graded for Subject {
    fn expected(&self) -> Grade {
        Subject::expected(*self)
    }

    fn is_control_of(&self, other: &Self) -> bool {
        *self == other.control()
    }
}

/// A protocol of the catalogue on a ticket file, under one of its locks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named {
    /// The protocol.
    pub entry: &'static Entry,
    /// The lock, and the promise.
    pub variant: Variant,
    /// What a purchase does.
    pub choices: FileChoices,
    /// How it is tried.
    pub trial: Trial,
}

impl Named {
    /// Every protocol of ticket files, each with its usual lock; if the lock makes a difference, with all its locks.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let of_case = |entry: &'static Entry| {
            let case = entry.case(None).ok()?;
            let shown = if case.differs_by_lock() { usize::MAX } else { 1 };
            Some(
                case.variants()
                    .into_iter()
                    .take(shown)
                    .filter_map(move |variant| Self::of(entry, case, variant)),
            )
        };
        catalogue::all().filter_map(of_case).flatten().collect()
    }

    fn of(entry: &'static Entry, case: &Case, variant: Variant) -> Option<Self> {
        let Choices::File(choices) = variant.choices else { return None };
        Some(Self { entry, variant, choices, trial: case.trial()? })
    }

    /// The protocol to compare it with, with its usual lock. If the protocol breaks with one lock and keeps with
    /// another, the breaking variant is the control of the keeping one.
    #[must_use]
    pub fn control(self) -> Option<Self> {
        let is_saved = self.variant.promise == Promise::Keeps;
        let own = self.entry.case(None).ok()?;
        if is_saved && own.usual().promise == Promise::Breaks {
            return Self::of(self.entry, own, own.usual());
        }
        let entry = catalogue::entry(self.entry.control).ok()?;
        let case = entry.case(None).ok()?;
        Self::of(entry, case, case.usual())
    }

    /// The grade that is promised.
    #[must_use]
    pub fn expected(self) -> Grade {
        match self.variant.promise {
            // Documented as Linux only.
            _ if self.choices.lock == Lock::Ofd && !cfg!(target_os = "linux") => Grade::Inconclusive,
            Promise::Keeps => Grade::Safe,
            Promise::Breaks => Grade::Unsafe,
        }
    }
}

/// Workers, lock and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Combination {
    /// How buyers are run.
    pub workers: Workers,
    /// How they keep each other out.
    pub lock: Lock,
    /// How the new stock reaches the file.
    pub write: Write,
    /// Which file carries the lock.
    pub lock_on: LockOn,
}

impl Combination {
    /// Every combination of these, with the lock in its usual place. If the write replaces the file, also with the lock
    /// on the ticket file: the trap. The control without a lock is always included.
    #[must_use]
    pub fn all(workers: &[Workers], locks: &[Lock], writes: &[Write]) -> Vec<Combination> {
        let mut combinations = Vec::new();
        let in_order = |lock: &&Lock| **lock == Lock::None || locks.contains(lock);
        for &workers in Workers::ALL.iter().filter(|member| workers.contains(member)) {
            for &lock in Lock::ALL.iter().filter(in_order) {
                for &write in Write::ALL.iter().filter(|member| writes.contains(member)) {
                    let lock_on = write.default_lock_on();
                    combinations.push(Combination { workers, lock, write, lock_on });
                    if lock.has_carrier() && lock_on == LockOn::Sidecar {
                        combinations.push(Combination { workers, lock, write, lock_on: LockOn::Ticket });
                    }
                }
            }
        }
        combinations
    }

    /// The same without the lock.
    #[must_use]
    pub const fn control(self) -> Self {
        Self { lock: Lock::None, lock_on: self.write.default_lock_on(), ..self }
    }

    /// What a purchase does, with everything else as usual.
    #[must_use]
    pub const fn choices(self) -> FileChoices {
        let Self { lock, write, lock_on, .. } = self;
        FileChoices { lock_on, ..FileChoices::new(lock, write) }
    }

    /// Whether its lock keeps its workers apart.
    #[must_use]
    pub fn exclusion(self) -> Exclusion {
        Exclusion::of(&self.choices(), self.workers)
    }

    /// The grade that its documentation promises.
    #[must_use]
    pub fn expected(self) -> Grade {
        match self.exclusion() {
            // Documented as Linux only.
            Exclusion::Excludes if self.lock == Lock::Ofd && !cfg!(target_os = "linux") => {
                Grade::Inconclusive
            }
            Exclusion::Excludes => Grade::Safe,
            Exclusion::NoLock
            | Exclusion::RenamedAway
            | Exclusion::SameOwner
            | Exclusion::ClosedAway
            | Exclusion::Unlinked
            | Exclusion::NotCovered
            | Exclusion::Inherited
            | Exclusion::Mixed
            | Exclusion::Rogue
            | Exclusion::HelperUnlocked
            | Exclusion::StaleBroken => Grade::Unsafe,
            // No buyer in a trial is slower than the usual lease.
            Exclusion::Leased => Grade::Safe,
            // Nobody races, with or without a lock, so nothing is learnt.
            Exclusion::InTurn => Grade::Inconclusive,
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// In how many trials something went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// More receipts than tickets.
    pub oversold: u32,
    /// Two receipts from one stock.
    pub lost_updates: u32,
    /// A read that found no valid ticket.
    pub torn_reads: u32,
    /// A buyer that never got the lock.
    pub stuck: u32,
    /// A read did not return the last write: it went wrong although no two held the lock at the same time.
    #[serde(skip_serializing_if = "is_zero")]
    pub stale_reads: u32,
    /// Any anomaly at all.
    pub unsound: u32,
}

/// The trials in which the holder of the lock was killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HolderKilled {
    /// How many such trials there were.
    pub trials: u32,
    /// In how many of them others waited for ever.
    pub stuck: u32,
    /// In how many of them anything went wrong.
    pub unsound: u32,
    /// The longest time until another buyer went on, in nanoseconds; `None` if none ever did.
    pub next_ns: Option<u64>,
}

/// Why nothing was learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Its control did not fail either.
    ControlHeld,
    /// It could not be run or judged, for this reason.
    CouldNotRun(String),
}

/// One combination or protocol, tried and graded.
#[derive(Clone, Debug, PartialEq)]
pub struct Grading<S = Subject> {
    /// Its subject.
    pub subject: S,
    /// How many trials were run.
    pub trials: u32,
    /// What went wrong in them.
    pub counts: Counts,
    /// Receipts per second, from the go to the last purchase's end, over all trials.
    pub sales_per_s: f64,
    /// The wait that 99 in 100 purchases did not exceed, in nanoseconds; `None` without a lock.
    pub wait_p99_ns: Option<u64>,
    /// The time that 99 in 100 purchases with a ticket did not exceed, all their tries together, in nanoseconds.
    pub purchase_p99_ns: Option<u64>,
    /// How many receipts there were, over all trials.
    pub receipts: u64,
    /// How often the purchases behind them were begun.
    pub tries: u64,
    /// How many tries the store aborted, of all purchases.
    pub aborts: u64,
    /// The trials in which its holder was killed, if there were any.
    pub killed: Option<HolderKilled>,
    /// How it did.
    pub grade: Grade,
    /// Why nothing was learnt, if nothing was.
    pub obstacle: Option<Obstacle>,
}

impl<S: Graded> Grading<S> {
    /// How often a purchase was begun for each receipt, and how often one was aborted.
    #[must_use]
    pub fn tries_and_aborts_a_sale(&self) -> Option<(f64, f64)> {
        let share = |count: u64| count as f64 / self.receipts as f64;
        (self.receipts > 0).then(|| (share(self.tries), share(self.aborts)))
    }

    /// Whether it did as its documentation promises.
    #[must_use]
    pub fn as_documented(&self) -> bool {
        self.grade == self.subject.expected()
    }

    /// Whether it did the opposite of what its documentation promises.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        self.grade != Grade::Inconclusive && !self.as_documented()
    }

    /// The share of trials below which failures lie with 95 % confidence when none of the trials failed:
    /// the rule of three (Hanley and Lippman-Hand 1983), 3/N.
    #[must_use]
    pub fn fails_below(&self) -> Option<f64> {
        (self.grade == Grade::Safe).then(|| (3.0 / f64::from(self.trials)).min(1.0))
    }

    /// Whether it is called safe after too few trials for that bound to say much.
    #[must_use]
    pub fn is_hardly_tried(&self) -> bool {
        self.grade == Grade::Safe && self.trials < FEWEST
    }
}

/// With fewer trials without a failure, a tenth of all sales or more may still fail.
pub const FEWEST: u32 = 20;

/// The number of trials without a failure that shows, with 95 % confidence, that failures are rarer than this share:
/// the rule of three.
#[must_use]
pub fn trials_until(share: f64) -> u32 {
    (3.0 / share).ceil() as u32
}

/// Grades the trials. `control_failed`: whether the control failed.
#[must_use]
pub fn grade(counts: &Counts, could_not: Option<String>, control_failed: bool) -> (Grade, Option<Obstacle>) {
    match could_not {
        // A failure counts, whatever else happened.
        _ if counts.unsound > 0 => (Grade::Unsafe, None),
        Some(reason) => (Grade::Inconclusive, Some(Obstacle::CouldNotRun(reason))),
        None if control_failed => (Grade::Safe, None),
        None => (Grade::Inconclusive, Some(Obstacle::ControlHeld)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combination(workers: Workers, lock: Lock, write: Write) -> Combination {
        Combination { workers, lock, write, lock_on: write.default_lock_on() }
    }

    #[test]
    fn promises_follow_from_who_the_lock_tells_apart() {
        use Grade::{Inconclusive, Safe, Unsafe};
        let expected = |workers, lock| combination(workers, lock, Write::Overwrite).expected();
        assert_eq!(expected(Workers::Process, Lock::Posix), Safe);
        assert_eq!(expected(Workers::Thread, Lock::Posix), Unsafe);
        assert_eq!(expected(Workers::Task, Lock::Posix), Unsafe);
        assert_eq!(expected(Workers::Task, Lock::Flock), Safe);
        assert_eq!(expected(Workers::Sequential, Lock::None), Inconclusive);
        assert!(Workers::ALL[..3].iter().all(|workers| expected(*workers, Lock::None) == Unsafe));
        let trap = |lock| Combination {
            lock_on: LockOn::Ticket,
            ..combination(Workers::Process, lock, Write::Rename)
        };
        assert_eq!(trap(Lock::Flock).expected(), Unsafe);
        // These locks sit on no file that could be renamed away.
        assert_eq!([trap(Lock::Lockfile), trap(Lock::Semaphore)].map(Combination::expected), [Safe; 2]);
    }

    #[test]
    fn every_combination_comes_with_its_control_and_its_trap() {
        let all = Combination::all(Workers::ALL, Lock::USUAL, Write::ALL);
        assert_eq!(all.len(), 4 * (6 * 3 + 3));
        assert!(all.iter().all(|combination| all.contains(&combination.control())));
        let named = Combination::all(&[Workers::Task], &[Lock::Flock], &[Write::Rename]);
        assert_eq!(named.len(), 3);
    }

    #[test]
    fn every_protocol_of_files_comes_with_its_control() {
        let all = Named::all();
        let grading = |name: &str, lock: &str| {
            *all.iter()
                .find(|grading| grading.entry.name == name && grading.variant.name == lock)
                .expect("a subject")
        };
        assert!(all.iter().all(|grading| grading.control().is_some_and(|control| all.contains(&control))));
        assert_eq!(grading("upgrade", "ofd").expected(), Grade::Unsafe);
        assert_eq!(grading("close-drops-posix", "flock").expected(), Grade::Safe);
        assert_eq!(all.iter().filter(|grading| grading.entry.name == "locked").count(), 1);
        // Every safe subject has a control that fails.
        let safe = all.iter().filter(|grading| grading.expected() == Grade::Safe);
        assert!(
            safe.filter_map(|grading| grading.control()).all(|control| control.expected() == Grade::Unsafe)
        );
    }

    #[test]
    fn safety_needs_a_control_that_failed() {
        let sound = Counts::default();
        assert_eq!(grade(&sound, None, true), (Grade::Safe, None));
        assert_eq!(grade(&sound, None, false), (Grade::Inconclusive, Some(Obstacle::ControlHeld)));
        let reason = Some("no locks available".to_owned());
        assert_eq!(grade(&sound, reason.clone(), true).0, Grade::Inconclusive);
        let unsound = Counts { unsound: 1, oversold: 1, ..sound };
        assert_eq!(grade(&unsound, reason, true), (Grade::Unsafe, None));
    }

    #[test]
    fn the_bound_is_three_in_n() {
        let grading = Grading {
            subject: Subject::Combination(combination(Workers::Process, Lock::Flock, Write::Overwrite)),
            trials: 30,
            counts: Counts::default(),
            sales_per_s: 1.0,
            wait_p99_ns: None,
            purchase_p99_ns: None,
            receipts: 4,
            tries: 6,
            aborts: 2,
            killed: None,
            grade: Grade::Safe,
            obstacle: None,
        };
        assert_eq!(grading.fails_below(), Some(0.1));
        assert_eq!([0.05, 0.01, 0.03, 0.15].map(trials_until), [60, 300, 100, 20]);
        assert!([(19, true), (20, false)].iter().all(|(trials, hardly)| {
            Grading { trials: *trials, ..grading.clone() }.is_hardly_tried() == *hardly
        }));
        assert_eq!(grading.tries_and_aborts_a_sale(), Some((1.5, 0.5)));
        assert_eq!(Grading { trials: 2, ..grading.clone() }.fails_below(), Some(1.0));
        assert_eq!(Grading { grade: Grade::Unsafe, ..grading.clone() }.fails_below(), None);
        assert!(Grading { grade: Grade::Unsafe, ..grading.clone() }.contradicts() && !grading.contradicts());
    }
}
