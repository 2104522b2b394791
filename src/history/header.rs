//! A history's header: everything in it but the purchases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Befallen, Doubt, Host, Items, Names, Tally, Timing};
use crate::plan::{Exclusion, Plan};
use crate::protocol::file::Lock;
use crate::stock::Stock;

/// A history's header: everything in it but the purchases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Header {
    /// The stock before the first purchase, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Stock>,
    /// The stock after the last purchase, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<Stock>,
    /// The start of the file's text after the sale, if it is no valid ticket any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_torn: Option<String>,
    /// The wall-clock time at the epoch, in nanoseconds since 1970: it puts histories of several machines,
    /// or of several runs, on one clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ns: Option<u64>,
    /// The database, its version, and the settings that matter, if the stock is in a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Why the stock could not be read after the sale, if it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Whether other programs may have sold from the same file: then stock that went down between our
    /// purchases is noted, but our buyers are not blamed for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outsiders: bool,
    /// Whether others may have put tickets on sale during the run, under the lock: then they raised a stock
    /// that rose between two purchases.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restocks: bool,
    /// Whether the lock kept purchases apart: no two of them held it at the same time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
    /// Whether the system releases the lock when its holder dies.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released_on_death: bool,
    /// Whether the buyers came one after the other on purpose, so that nothing should overlap.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_turn: bool,
    /// How many purchases were made but not recorded, because the recorder was full.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unrecorded: Tally,
    /// Whether the run was interrupted before its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// What it did not test, if it is a race of foreign buyers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// How long the run took, if it was a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
    /// The number of the file's last line, if its writer had not finished it.
    #[serde(skip)]
    pub cut_short: Option<u32>,
    /// The files that it was read from, if there are several: their purchases stand one after the other.
    #[serde(skip)]
    pub parts: Vec<Part>,
    /// The names of buyers that have no number.
    #[serde(skip)]
    pub names: Names,
    /// The items on sale, if purchases name them.
    #[serde(skip)]
    pub items: Items,
    /// The names of orders.
    #[serde(skip)]
    pub orders: Names,
    /// Members that are not used, and how often they occurred.
    #[serde(skip)]
    pub ignored: BTreeMap<String, u64>,
    /// Whether its purchases have no common clock, so that only the books can be judged.
    #[serde(skip)]
    pub books_only: bool,
    /// The resolution of its times, in nanoseconds: a time t that was cut to whole milliseconds lies in [t, t + 1 ms].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution_ns: Option<u64>,
    /// How far its clocks may be off, in nanoseconds, in both directions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_error_ns: Option<u64>,
    /// The machines of its purchases, if there are several, in the order of their buyers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    /// The most receipts that one buyer may hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_per_buyer: Option<u64>,
    /// The steps that a replay took, as a schedule that `replay` accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// The mishaps of its buyers, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mishaps: Vec<Befallen>,
    /// The plan that made the history, if ticketsim made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

impl Header {
    /// Whether the store has lost its stock: nothing was there to read, which counts as no ticket.
    #[must_use]
    pub fn forgot(&self) -> bool {
        self.unread.is_some() && self.remaining.is_some()
    }

    /// The header of a history that this plan makes: all that the verdict needs to know of the plan.
    #[must_use]
    pub fn of_plan(plan: Plan) -> Self {
        let (exclusive, in_turn) = match plan.exclusion() {
            Exclusion::Excludes => (true, false),
            Exclusion::InTurn => (plan.file().is_some_and(|file| file.choices.lock != Lock::None), true),
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
            | Exclusion::StaleBroken
            | Exclusion::Leased => (false, false),
        };
        // With several hosts or names of the file, the run is to show whether the lock works across them.
        let exclusive = exclusive && plan.hosts == 0 && plan.file().is_none_or(|file| file.via.is_empty());
        let released_on_death = plan.file().is_some_and(|file| file.choices.lock.has_carrier());
        let restocks = plan.restocks;
        Self { exclusive, in_turn, released_on_death, restocks, plan: Some(plan), ..Self::default() }
    }
}

impl Header {
    /// The same without the names, for the part of one item.
    #[must_use]
    pub fn without_names(&self) -> Self {
        let Self { left_torn, unread, timing, replay, doubts, .. } = self;
        Self {
            wall_ns: self.wall_ns,
            left_torn: left_torn.clone(),
            unread: unread.clone(),
            outsiders: self.outsiders,
            restocks: self.restocks,
            exclusive: self.exclusive,
            in_turn: self.in_turn,
            released_on_death: self.released_on_death,
            unrecorded: self.unrecorded,
            interrupted: self.interrupted,
            timing: *timing,
            doubts: doubts.clone(),
            cut_short: self.cut_short,
            resolution_ns: self.resolution_ns,
            clock_error_ns: self.clock_error_ns,
            hosts: self.hosts.clone(),
            books_only: self.books_only,
            replay: replay.clone(),
            ..Self::default()
        }
    }

    /// The file, if there are several, of the purchase at this place.
    #[must_use]
    pub fn part_of(&self, place: u32) -> Option<usize> {
        let part = self.parts.partition_point(|part| part.until <= place);
        (part < self.parts.len()).then_some(part)
    }

    /// The unfinished last lines, each with the name of its file if there are several.
    #[must_use]
    pub fn cut_lines(&self) -> Vec<(Option<&str>, u32)> {
        if self.parts.is_empty() {
            return self.cut_short.iter().map(|line| (None, *line)).collect();
        }
        self.parts.iter().filter_map(|part| Some((Some(part.name.as_str()), part.cut_short?))).collect()
    }
}

/// One of several files that make up one history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The place after its last purchase.
    pub until: u32,
    /// The number of its last line, if its writer had not finished it.
    pub cut_short: Option<u32>,
}

fn is_zero(tally: &Tally) -> bool {
    *tally == Tally::default()
}
